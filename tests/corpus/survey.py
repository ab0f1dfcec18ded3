# SPDX-License-Identifier: BSD-2-Clause
"""Messages through submilter and both MTAs, and what has become of each.

The laboratory, the judge of signatures and content, and the readers are those of
tests/survival and tests/readers.
"""

import concurrent.futures
import dataclasses
import pathlib
import re
import shutil
import statistics
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / d) for d in ("survival", "readers", "e2e", ".")]

import compare                                              # noqa: E402
import generate                                             # noqa: E402
import judge                                                # noqa: E402
import judging                                              # noqa: E402
import parsers                                              # noqa: E402
from laboratory import (Site, Submission, common, lab,      # noqa: E402
                        submit_all, wait_for_delivery)
import messages                                             # noqa: E402

HOP = "8bitmime"
SELECTOR = "corpus"     # of the keys of authors' domains
CHUNK = 120             # messages that are on their way at a time
_DOMAIN = re.compile(r"(?=.{1,200}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+"
                     r"[a-z0-9-]{2,63}")


class Item:
    """A message of the corpus as it is submitted; what laboratory.py calls a
    shape."""

    def __init__(self, number, message, as_is):
        self.message = message
        self.name = "m%d" % number
        self.alone = False
        self.raw = messages.as_submitted(message.raw, as_is)
        self.authors = messages.authors(self.raw)
        self.mail_from = messages.mail_from(self.authors, self.raw, as_is)
        self.mail_args = messages.mail_args(self.raw, self.mail_from)

    def addresses(self):
        """Also as MTAs complete a domain without a dot."""
        found = {self.mail_from}.union(*self.authors.values())
        found |= {a + ".corp.example" for a in found
                  if "." not in a.rpartition("@")[2]}
        found |= {a.partition("@")[0] + "@mail.corp.example" for a in found
                  if a.lower().endswith("@localhost")}
        return {a for a in found if re.fullmatch(r"[^\s#!][^\s]*", a)}


@dataclasses.dataclass
class Row:
    """What became of a message with one MTA."""

    name: str
    digest: str
    mta: str
    outcome: str            # accepted, refused, later, mta (it refused itself), lost
    reply: str = ""
    repaired: list = dataclasses.field(default_factory=list)
    unsigned: str = ""      # why, of an accepted one
    broken: str = ""
    content: str = ""
    foreign: list = dataclasses.field(default_factory=list)
    control: str = ""       # of a refused one: what the bare MTA made of it
    ms: float = 0
    checked: dict = dataclasses.field(default_factory=dict, repr=False)
    delivered: bytes = dataclasses.field(default=b"", repr=False)
    item: object = dataclasses.field(default=None, repr=False)


class World(common.World):
    """Keys for each domain that an author has."""

    def __init__(self, top, items):
        super().__init__(top)
        shutil.rmtree(self.keys / "team.example")
        record = self.records["s1._domainkey.corp.example"]
        key = self.keys / "corp.example" / "s1.key"
        domains = {a.rpartition("@")[2].lower() for i in items for a in i.addresses()}
        for domain in sorted(domains - {"corp.example"}):
            if _DOMAIN.fullmatch(domain):
                (self.keys / domain).mkdir(mode=0o700)
                shutil.copy2(key, self.keys / domain / (SELECTOR + ".key"))
                self.records["%s._domainkey.%s" % (SELECTOR, domain)] = record


def rights_of(items):
    """A row for each author: one login may use them all."""
    addresses = {a.lower() for i in items for a in i.addresses()} - {common.ALICE}
    return "".join("%s %s\n" % (a, common.ALICE) for a in sorted(addresses))


class Survey:
    """Sends items through `families` of MTAs: rows() has what became of them."""

    def __init__(self, top, items, options):
        self.top, self.items, self.options = top, items, options
        self.world = World(top, items)
        self.milter = common.Milter(self.world, lab.Postfix,
                                    options.configuration, rights_of(items))
        self.readers, self.faults = parsers.prepare(
            options.readers, str(top), False)
        self.seconds = dict.fromkeys(options.mta, 0.0)
        self.rows = []

    def run(self, progress):
        self.milter.start()
        try:
            # The pool ends first: its processes hold pipes of the MTAs.
            with Site(self.top, self.world, self.families(), []) as site, \
                    concurrent.futures.ProcessPoolExecutor(2) as pool:
                for spy in site.spies.values():
                    spy.target = str(self.milter.path)
                for at in range(0, len(self.items), CHUNK):
                    self._chunk(site, pool, self.items[at:at + CHUNK])
                    progress(min(at + CHUNK, len(self.items)))
            self._from_log()
        finally:
            self.milter.kill()
        self._control(progress)
        self._read(progress)

    def families(self):
        return list(dict.fromkeys(m.partition("-")[0] for m in self.options.mta))

    def _send(self, site, items):
        """Submissions by MTA, delivered or not."""
        site.forget()
        sent = {m: [Submission(i, i.raw, m, HOP, i.mail_from) for i in items]
                for m in self.options.mta}

        def one(mta):
            began = time.monotonic()
            submit_all(site, mta.partition("-")[0], sent[mta])
            wait_for_delivery(site, sent[mta], 60)
            self.seconds[mta] += time.monotonic() - began
        threads = [threading.Thread(target=one, args=(m,)) for m in sent]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        return [s for each in sent.values() for s in each]

    def _chunk(self, site, pool, items):
        submissions = self._send(site, items)
        delivered, bounced = site.delivered(), site.bounced()
        futures = []
        for s in submissions:
            row = Row(s.shape.message.name, s.shape.message.digest, s.mta, "accepted",
                      s.reply, item=s.shape)
            self.rows.append(row)
            if not s.accepted:
                row.outcome = "later" if s.reply[:1] == "4" else "refused"
            elif s.recipient not in delivered:
                row.outcome = "returned" if s.recipient in bounced else "lost"
            else:
                row.delivered = delivered[s.recipient].data
                seen = site.spies[s.mta.partition("-")[0]].seen[s.recipient]
                row.checked = {"seen": seen.received()}
                futures.append((row, pool.submit(judge.judge, judge.Case(
                    s.raw, seen.received(), seen.wanted(), row.delivered,
                    self.world.records))))
        for row, future in futures:
            verdict = future.result()
            row.broken = verdict.broken
            row.unsigned = "" if verdict.signed else "unsigned"
            if verdict.broken and verdict.changes:
                row.broken += " (%s)" % "; ".join(verdict.changes)
            if verdict.content and verdict.content_by != "before":
                row.content = "%s: %s" % (verdict.content_by, verdict.content)

    def _from_log(self):
        """What only the milter knows of a message."""
        known = {}
        for line in self.milter.log().splitlines():
            qid = re.search(r"\bqid=(\S+)", line)
            if qid:
                known[qid.group(1)] = line
        for row in self.rows:
            found = re.search(r"(?:queued as|2\.0\.0) (\w{8,})", row.reply)
            line = known.get(found.group(1), "") if found else ""
            repaired = re.search(r" repaired=(\S+)", line)
            row.repaired = [] if not repaired or repaired.group(1) in ("-", "none") \
                else repaired.group(1).strip('"').split(",")
            ms = re.search(r" ms=([\d.]+)", line)
            row.ms = float(ms.group(1)) if ms else 0
            why = re.search(r' unsigned="?([^"]+)"?', line)
            if row.unsigned and why:
                row.unsigned = why.group(1)

    # Without the milter: what was refused, and what changed.

    def _control(self, progress):
        doubtful = {(r.item.name, r.mta): r for r in self.rows
                    if r.outcome in ("refused", "later") or r.content}
        names = {name for name, _ in doubtful}
        items = [i for i in self.items if i.name in names]
        if not items:
            return
        (self.top / "bare").mkdir(mode=0o755)
        before = dict(self.seconds)
        with Site(self.top / "bare", self.world, self.families(), [], True) as site:
            for at in range(0, len(items), CHUNK):
                for s in self._send(site, items[at:at + CHUNK]):
                    row = doubtful.get((s.shape.name, s.mta))
                    if row:
                        row.control = _without(s, site.delivered().get(s.recipient))
                        if row.control.startswith("refused"):
                            row.outcome = "mta"
                progress(min(at + CHUNK, len(items)), "without the milter")
        self.seconds = before

    # What readers see.

    def _read(self, progress):
        rows = [r for r in self.rows if r.delivered]
        for mta in self.families():
            self._ask_judge(mta, [r for r in rows if r.mta.startswith(mta)])
        path = self.top / "delivered"
        offsets = []
        with open(path, "wb") as file:
            for row in rows:
                offsets.append(file.tell())
                file.write(generate.framed(row.delivered))
        for name, reader in self.readers.items():
            for row, seen in zip(rows, parsers.read_all(reader, str(path), offsets)):
                for field, address in _foreign(row, seen):
                    row.foreign.append("%s sees %s: %s" % (name, field, address))
            progress(len(rows), name)

    def _ask_judge(self, mta, rows):
        """Which authors were checked, by the judge of tests/readers."""
        path = self.top / (mta + ".conf")
        path.write_text(self.milter.config.read_text() + "mta = %s\n" % mta)
        answers = judging.answers([self.options.judge, str(path)], [
            (b"8" if "SMTPUTF8" in r.item.mail_args else b"7") + r.checked["seen"]
            for r in rows])
        for row, answer in zip(rows, answers):
            row.checked = dict(answer.checked) if answer.accepted else None

    def median_ms(self, mta):
        times = [r.ms for r in self.rows if r.mta == mta and r.ms]
        return statistics.median(times) if times else 0


def _foreign(row, seen):
    """The authors that a reader sees and nobody checked: what the judge checked, or
    where it judges otherwise than the daemon did, what was granted."""
    checked = row.checked
    if checked is None:
        checked = {n: {compare.canonical(a) for a in found}
                   for n, found in row.item.authors.items()}
    # To the judge Alice is MAIL FROM; the right to that was checked, too, whatever
    # field submilter or Sendmail (Resent-From) completes with it.
    own = compare.canonical(row.item.mail_from)
    checked = {n: set(checked.get(n, ())) | {own}
               for n in (*messages.AUTHORS, "Author")}
    return compare.judge(seen, checked)[2]


def _without(submission, message):
    """What the bare MTA made of a message."""
    if not submission.accepted:
        return "refused: " + submission.reply
    if message is None:
        return "not delivered"
    if not submission.raw.endswith(_body(message.data)):
        return "changed: body"
    before, after = (_fields(raw) for raw in (submission.raw, message.data))
    gone = before - after
    return "unchanged" if not gone else "changed: " + judge.short(b"; ".join(gone))


def _body(raw):
    return raw if raw.startswith(b"\r\n") else raw.partition(b"\r\n\r\n")[2]


def _fields(raw):
    """The fields that say something, without their blanks: folds do not."""
    return {re.sub(rb"[ \t\r\n]+", b"", field) for name, field in
            judge.fields_of(raw)[0] if name not in (b"return-path", b"bcc")}
