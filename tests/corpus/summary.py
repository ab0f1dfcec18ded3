# SPDX-License-Identifier: BSD-2-Clause
"""What is said of a survey."""

import collections
import fnmatch
import pathlib
import re

NAMES = {"postfix": "Postfix", "sendmail-esmtp": "Sendmail",
         "sendmail-relay": "Sendmail, relay"}
COLUMNS = ("messages", "unchanged", "repaired", "refused", "false refusal", "later",
           "refused by the MTA", "not delivered", "unsigned", "broken", "content",
           "foreign author")
SHOWN = 12              # messages that are named with each fault


class Agreed:
    """Refusals that are right, and changes made on purpose: lines of a message's
    digest (or *), a tab, a pattern of the reply or of the change, a tab, and the
    reason."""

    def __init__(self, path):
        self._rows = []
        for line in pathlib.Path(path).read_text(encoding="utf-8").splitlines():
            if line.strip() and not line.startswith("#"):
                row = line.split("\t")
                if len(row) != 3 or not all(row):
                    raise ValueError("%s: not three columns: %s" % (path, line))
                self._rows.append(row)

    def reason(self, row):
        """Why it is right to refuse or change it so, or None."""
        text = row.reply if row.outcome == "refused" else row.content
        for digest, pattern, reason in self._rows:
            if digest in ("*", row.digest) and fnmatch.fnmatchcase(text, pattern):
                return reason
        return None


def faults(row, agreed):
    """The columns in which a row is bad."""
    found = []
    if row.outcome == "refused" and row.control == "unchanged" \
            and not agreed.reason(row):
        found.append("false refusal")
    if row.outcome == "later":
        found.append("later")
    if row.outcome == "lost":
        found.append("not delivered")
    return found + [column for column, value in (
        ("broken", row.broken),
        ("content", row.content and not agreed.reason(row)),
        ("foreign author", row.foreign)) if value]


def columns(row, agreed):
    """All columns that count a row."""
    found = ["messages"] + faults(row, agreed)
    if row.outcome == "refused":
        found.append("refused")
    elif row.outcome == "mta":
        found.append("refused by the MTA")
    elif row.outcome == "returned":
        found.append("not delivered")
    elif row.outcome == "accepted":
        found.append("repaired" if row.repaired else "unchanged")
        if row.unsigned:
            found.append("unsigned")
    return found


def kind_of(reply):
    """A reply without what differs from message to message."""
    text = re.sub(r"; you typed.*", "", reply.replace("\n", " "), flags=re.S)
    text = re.sub(r"[^\s<>()]+@[^\s<>(),;:]+", "ADDRESS", text)
    return re.sub(r"\b\d{4,}\b", "N", text)


def text(survey, agreed):
    """The report."""
    out = []
    counts = collections.defaultdict(collections.Counter)
    for row in survey.rows:
        counts[row.mta].update(columns(row, agreed))
    mtas = list(counts)
    out.append("\n%-22s" % "" + "".join("%16s" % NAMES[m] for m in mtas))
    for column in COLUMNS:
        out.append("%-22s" % column + "".join(
            "%16d" % counts[m][column] for m in mtas))
    out.append("%-22s" % "seconds" + "".join(
        "%16.0f" % survey.seconds[m] for m in mtas))
    out.append("%-22s" % "median ms in milter" + "".join(
        "%16.1f" % survey.median_ms(m) for m in mtas))
    out.append("readers: %s" % (" ".join(survey.readers) or "none"))
    out += ["%s: %s" % fault for fault in survey.faults.items()]
    for title, rows, why in _lists(survey, agreed):
        if rows:
            out.append("\n%s:" % title)
            out += _grouped(rows, why)
    return "\n".join(out)


def _lists(survey, agreed):
    rows = survey.rows
    bad = {id(r): faults(r, agreed) for r in rows}

    def having(column):
        return [r for r in rows if column in bad[id(r)]]
    repairs = collections.Counter(x for r in rows for x in r.repaired)
    yield ("repairs", [(None, "%5d %s" % (n, name))
                       for name, n in repairs.most_common()], None)
    yield ("false refusals", having("false refusal"), lambda r: kind_of(r.reply))
    yield ("refused, and agreed", [
        r for r in rows if r.outcome == "refused" and agreed.reason(r)
        and r.control == "unchanged"],
        lambda r: "%s\n        (%s)" % (kind_of(r.reply), agreed.reason(r)))
    yield ("refused, and the bare MTA would not deliver them unchanged", [
        r for r in rows if r.outcome == "refused" and r.control != "unchanged"],
        lambda r: kind_of(r.reply))
    yield "later", having("later"), lambda r: kind_of(r.reply)
    yield ("refused by the MTA", [r for r in rows if r.outcome == "mta"],
           lambda r: kind_of(r.reply))
    yield ("not delivered", [r for r in rows if r.outcome in ("lost", "returned")],
           lambda r: r.outcome)
    yield ("unsigned", [r for r in rows if r.outcome == "accepted" and r.unsigned],
           lambda r: r.unsigned)
    yield "broken signatures", having("broken"), lambda r: r.broken
    yield "changed content", having("content"), lambda r: r.content
    yield ("changed, and agreed", [r for r in rows if r.content and agreed.reason(r)],
           lambda r: "%s\n        (%s)" % (r.content, agreed.reason(r)))
    yield ("foreign authors", having("foreign author"),
           lambda r: "; ".join(r.foreign))


def _grouped(rows, why):
    """Lines: what happened, how often, and some of the messages."""
    if why is None:
        return [line for _, line in rows]
    groups = collections.defaultdict(list)
    for row in rows:
        groups[why(row)].append(row)
    out = []
    for words, some in sorted(groups.items(), key=lambda g: -len(g[1])):
        out.append("%5d %s" % (len(some), words))
        names = list(dict.fromkeys("%s %s" % (r.digest, r.name) for r in some))
        out += ["          " + n for n in names[:SHOWN]]
        if len(names) > SHOWN:
            out.append("          and %d more" % (len(names) - SHOWN))
    return out
