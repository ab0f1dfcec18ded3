# SPDX-License-Identifier: BSD-2-Clause
"""The tables."""

import collections
import dataclasses
import fnmatch
import typing

NAMES = {"postfix": "Postfix", "sendmail-esmtp": "Sendmail, esmtp",
         "sendmail-relay": "Sendmail, relay"}
OURS = ("submilter", "pass-unsigned")
COLUMNS = ("accepted", "refused", "broken", "unsigned", "content", "not delivered")


@dataclasses.dataclass
class Result:
    signer: str
    canon: str
    submissions: typing.Optional[list]      # None: there was no time for it


class Exceptions:
    """What may fail: the rows of a file, which says itself what they mean."""

    def __init__(self, path):
        self._rows = []
        for line in path.read_text().splitlines():
            if line.strip() and not line.startswith("#"):
                row = line.split(None, 5)
                if len(row) < 6:
                    raise ValueError("%s: no reason: %s" % (path, line))
                if row[0] == "broken":
                    raise ValueError("%s: nothing excuses that: %s" % (path, line))
                self._rows.append(row)

    def reason(self, what, canon, s):
        for row in self._rows:
            if all(fnmatch.fnmatch(v, p) for v, p in zip(
                    (what, canon, s.mta, s.hop, s.shape.name), row)):
                return row[5]
        return None


def faults(s, signer):
    """What is wrong with an accepted message, as pairs of column and words."""
    if not s.accepted:
        return
    if s.lost:
        yield "not delivered", s.lost
        return
    v = s.verdict
    if signer != "none":
        if not v.signed:
            yield "unsigned", "no signature"
        elif v.broken:
            yield "broken", "; ".join(v.changes) or v.broken
    elif v.changes:
        yield "changed", "; ".join(v.changes)
    # Then the MTA may change what the signature does not cover.
    milter_only = signer == "pass-unsigned"
    if v.content and v.content_by != "before" and not (
            milter_only and v.content_by == "after"):
        yield "content", "changed %s: %s" % (
            "by the milter" if v.content_by == "milter" else "by the MTA after it",
            v.content)
    if s.client_signature is False and not milter_only:
        yield "content", "the client's own signature is not valid any more"


def totals(results, exceptions):
    """How many messages are as they should be, and how many are not.

    Only submilter is judged; a message that the MTA returns has not arrived broken.
    """
    good = bad = 0
    for r in results:
        if r.submissions is None:
            bad += 1
        elif r.signer in OURS:
            for s in r.submissions:
                wrong = [what for what, words in faults(s, r.signer)
                         if words != "returned"
                         and not exceptions.reason(what, r.canon, s)]
                bad += bool(wrong)
                good += not wrong
    return good, bad


def _cells(result):
    """Counts by MTA, hop and column."""
    table = collections.OrderedDict()
    for s in result.submissions:
        row = table.setdefault((s.mta, s.hop), collections.Counter())
        row["shapes"] += 1
        row["accepted" if s.accepted else "refused"] += 1
        if s.refused_by == "mta":
            row["refused by the MTA"] += 1
        for column in {c for c, _ in faults(s, result.signer)}:
            row[column] += 1
    return table


def _grouped(pairs):
    """Rows that say the same in the same words become one."""
    groups = collections.OrderedDict()
    for place, name, words in pairs:
        groups.setdefault((name, words), []).append(place)
    for (name, words), places in groups.items():
        yield name, places, words


def _place(s):
    return "%s/%s" % (s.mta, s.hop)


def plain(results, exceptions):
    out = []
    for r in results:
        if r.submissions is None:
            continue
        out.append("\n%s, %s\n" % (r.signer, r.canon))
        columns = ("shapes",) + COLUMNS + (("changed",) if r.signer == "none" else ())
        out.append("%-26s" % "" + "".join("%9s" % c[:8] for c in columns))
        for (mta, hop), row in _cells(r).items():
            out.append("%-26s" % ("%s %s" % (mta, hop))
                       + "".join("%9d" % row[c] for c in columns))
        for title, rows in _lists(r, exceptions):
            out.append("\n  %s:" % title)
            for name, places, words in rows:
                out.append("  %s [%s]\n      %s" % (name, " ".join(places), words))
    return "\n".join(out)


def _lists(r, exceptions):
    broken, excused = [], []
    for s in r.submissions:
        for what, words in faults(s, r.signer):
            why = exceptions.reason(what, r.canon, s) if r.signer in OURS else ""
            (excused if why else broken).append(
                (_place(s), "%s (%s)" % (s.shape.name, what),
                 "%s. %s" % (words, why) if why else words))
    refused = [(_place(s), s.shape.name, "%s: %s" % (s.refused_by, reply(s)))
               for s in r.submissions if not s.accepted]
    before = [(_place(s), s.shape.name, s.verdict.content) for s in r.submissions
              if s.verdict and s.verdict.content_by == "before"]
    for title, rows in (("broken, unsigned, changed or not delivered", broken),
                        ("exceptions", excused),
                        ("refused", refused),
                        ("content changed by the MTA before the milter", before)):
        if rows:
            yield title, list(_grouped(rows))


_HEAD = """\
# The survival matrix

What becomes of %(shapes)d message shapes between the milter and the next hop. Each is
submitted to a private Postfix %(postfix)s and a private Sendmail %(sendmail)s (Debian's packages, stock
behaviour), by Sendmail's mailers esmtp and relay, and delivered to next hops with and
without 8BITMIME that store bytes. Signatures are verified as delivered by dkimpy and
Mail::DKIM; content is compared part by part, decoded, with Python's email; what openssl
and gpg signed in the client is verified after delivery, too. This page is written by

    tests/survival/matrix %(arguments)s

which runs in %(minutes)s. `tests/survival/matrix --list` says why each shape is there.

*submilter* runs with `repair.attached-messages = refuse` (by default attachments that cannot
be repaired pass, and the message goes unsigned if the MTA changes them) and
`repair.sealed-8bit = refuse`: by default 8-bit content that the client signed passes signed,
and both signatures break if a next hop has no 8BITMIME.
*pass-unsigned* is submilter with `repair.sealed-parts` and `repair.sealed-8bit` of that value,
so that the MTA may change what the client signed, outside of our signature.

* *refused*: with a reply that names the reason; in parentheses, how many of them the MTA
  itself refused, with any milter
* *broken*: accepted, and a signature does not verify as delivered
* *unsigned*: accepted and delivered without a signature
* *content*: accepted, and the decoded content of a part is not what was submitted,
  because of the milter or of what the MTA did after it
* *returned*: accepted and returned to the sender by the MTA (SMTPUTF8 to a next hop
  without it)
"""


def document(results, exceptions, shapes, arguments, versions, seconds):
    out = [_HEAD % dict(versions, shapes=shapes, arguments=arguments,
                        minutes="%.0f minutes" % (seconds / 60) if seconds > 90
                        else "%.0f seconds" % seconds)]
    done = [r for r in results if r.submissions is not None and r.signer != "none"]
    out.append("## Result\n")
    out.append("| signer | canonicalization | MTA | next hop | accepted | refused | "
               "**broken** | unsigned | content | returned |")
    out.append("|---|---|---|---|---:|---:|---:|---:|---:|---:|")
    for r in done:
        for (mta, hop), row in _cells(r).items():
            out.append("| %s | %s | %s | %s | %d | %d (%d) | **%d** | %d | %d | %d |" % (
                r.signer, r.canon, NAMES[mta], hop, row["accepted"], row["refused"],
                row["refused by the MTA"], row["broken"], row["unsigned"],
                row["content"], row["not delivered"]))
    for r in done:
        if r.signer == "submilter":
            _detail(out, r, exceptions)
        elif r.signer not in OURS:
            _names(out, r)
    return "\n".join(out) + "\n"


def _detail(out, r, exceptions):
    """Every fault and every refusal with its words."""
    for title, rows in _lists(r, exceptions):
        if title.startswith("content changed by the MTA before"):
            continue    # the same for every signer, and nobody's fault here
        if title == "refused":
            rows = [(n, p, w.partition(": ")[2]) for n, p, w in rows
                    if w.startswith("milter: ")]
        out.append("\n## %s, %s: %s\n" % (r.signer, r.canon, title))
        out.append("| shape | where | %s |\n|---|---|---|" % (
            "reply" if title == "refused" else "what was changed"))
        for name, places, words in rows:
            out.append("| %s | %s | %s |" % (name, _places(places),
                                             words.replace("|", "\\|")))


def _names(out, r):
    """The shapes that went wrong, place by place."""
    out.append("\n## %s, %s: broken and unsigned\n" % (r.signer, r.canon))
    groups = collections.OrderedDict()
    for s in r.submissions:
        if any(what in ("broken", "unsigned") for what, _ in faults(s, r.signer)):
            groups.setdefault(s.shape.name, []).append(_place(s))
    places = collections.OrderedDict()
    for name, where in groups.items():
        places.setdefault(_places(where), []).append(name)
    out.append("| where | shapes |\n|---|---|")
    for where, names in places.items():
        out.append("| %s | %s |" % (where, ", ".join(names)))


def _places(places):
    """Places in few words."""
    by_mta = collections.OrderedDict()
    for place in places:
        mta, hop = place.split("/")
        by_mta.setdefault(mta, []).append(hop)
    if len(places) == 6:
        return "everywhere"
    return "; ".join(mta + ("" if len(hops) == 2 else " to " + hops[0])
                     for mta, hops in by_mta.items())


def reply(s):
    return " ".join(s.reply.split()).replace(s.recipient, "...")


def data(results):
    """For --json."""
    out = []
    for r in results:
        for s in r.submissions or ():
            v = s.verdict
            out.append({
                "signer": r.signer, "canon": r.canon, "mta": s.mta, "hop": s.hop,
                "shape": s.shape.name, "accepted": s.accepted, "reply": reply(s),
                "refused by": s.refused_by, "lost": s.lost,
                "faults": list(faults(s, r.signer)),
                "content before": v.content if v and v.content_by == "before" else "",
                "verifiers": v.broken if v else "",
                "changes": list(v.changes) if v else []})
    return out
