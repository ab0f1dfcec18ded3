# SPDX-License-Identifier: BSD-2-Clause
"""Clients that submit numbered messages, and leave in every state."""

import itertools
import random
import re
import threading
import time

import common
from lab.client import Reply, Session, stuffed

PATIENCE_SECONDS = 240      # of a client that is told to come again
# In which state a connection is cut; "end": before the reply to all is read.
STATES = ("connect", "ehlo", "starttls", "auth", "mail", "rcpt", "data", "text",
          "end")


def body(number, large):
    lines = number % 60 if not large else 4000 + number % 1000
    return b"Hello %d,\r\n%s" % (number, b"line \r\n.dot\r\n" * lines)


def text(number, honest, large):
    author = common.ALICE if honest else common.CEO
    return ("From: <%s>\r\nTo: <friend@far.example>\r\nX-Number: %d\r\n"
            "Subject: message %d\r\nDate: Mon, 23 Nov 2026 10:15:30 +0100\r\n"
            "Message-ID: <%d.chaos@corp.example>\r\n\r\n"
            % (author, number, number, number)).encode() + body(number, large)


def number_of(message):
    found = re.search(rb"(?m)^X-Number: (\d+)\r$", message.data)
    return int(found.group(1)) if found else -1


class Kind:
    """What the message of a number is like."""

    def __init__(self, seed, number):
        self.random = random.Random(seed * 1000003 + number)
        self.honest = self.random.random() < 0.75
        self.large = self.random.random() < 0.1
        self.chunks = self.random.random() < 0.4
        self.cut = (self.random.choice(STATES)
                    if self.random.random() < 0.08 else None)
        self.text = text(number, self.honest, self.large)


class Cut(Exception):
    """The connection was cut as it was meant to be."""


class Submission:
    """One connection with one message."""

    def __init__(self, session, kind):
        self.session = session
        self.kind = kind
        self.chunking = False
        self.complete = False   # all of it was sent; only the reply is missing

    def _in(self, state):
        if self.kind.cut == state:
            raise Cut

    def _ehlo(self):
        reply = self.session.ehlo()
        self.chunking = "CHUNKING" in reply.text.split()
        return reply

    def play(self):
        """The reply that decided."""
        session = self.session
        for state, step, code in (
                ("connect", session.open, 220), ("ehlo", self._ehlo, 250),
                ("starttls", session.starttls, 220), ("", self._ehlo, 250),
                ("auth", lambda: session.auth(common.ALICE, "secret"), 235),
                ("mail", lambda: session.mail(common.ALICE), 250),
                ("rcpt", lambda: session.rcpt(common.FRIEND), 250)):
            self._in(state)
            reply = step()
            if reply.code != code:
                return reply
        if self.chunking and self.kind.chunks:
            return self._send_chunks()
        return self._send_data()

    def _send_data(self):
        session, raw = self.session, stuffed(self.kind.text)
        reply = session.command("DATA")
        if reply.code != 354:
            return reply
        self._in("data")
        if self.kind.cut == "text":
            session.send(raw[:self.kind.random.randrange(len(raw))])
            raise Cut
        self.complete = True
        session.send(raw + b".\r\n")
        self._in("end")
        return session.read_reply()

    def _send_chunks(self):
        """RFC 3030: octets are counted, and no dot is doubled."""
        session, rest = self.session, self.kind.text
        self._in("data")
        while True:
            size = min(len(rest), self.kind.random.randint(1, 40000))
            last = size == len(rest)
            chunk, rest = rest[:size], rest[size:]
            session.send(b"BDAT %d%s\r\n" % (size, b" LAST" if last else b""))
            if self.kind.cut == "text":
                session.send(chunk[:size // 2])
                raise Cut
            self.complete = last
            session.send(chunk)
            if last:
                self._in("end")
            reply = session.read_reply()
            if last or reply.code != 250:
                return reply


class Clients:
    """Threads that submit numbers until there is an end of them."""

    def __init__(self, mta, arguments, wants_more):
        self.mta = mta
        self.numbers = itertools.count()
        self.count = arguments.messages
        self.end = time.monotonic() + 60 * arguments.minutes
        self.wants_more = wants_more
        self.seed = arguments.seed
        self.lock = threading.Lock()
        self.outcome = {}       # honest, word and reply by number
        self.sent = {}          # bodies that may arrive, by number
        self.delays = 0
        self.chunked = 0
        self.threads = [threading.Thread(target=self._work, daemon=True)
                        for _ in range(arguments.clients)]

    def run(self):
        for thread in self.threads:
            thread.start()
        for thread in self.threads:
            thread.join()

    def _work(self):
        while True:
            with self.lock:
                number = next(self.numbers)
            if time.monotonic() > self.end or (
                    number >= self.count and not self.wants_more()):
                return
            kind = Kind(self.seed, number)
            outcome = self._persist(kind)
            with self.lock:
                self.outcome[number] = (kind.honest, *outcome)
                self.sent[number] = kind.large

    def _persist(self, kind):
        end = time.monotonic() + PATIENCE_SECONDS
        while True:
            outcome = self._submit(kind)
            if outcome[0] != "later" or time.monotonic() > end:
                return outcome
            with self.lock:
                self.delays += 1
            time.sleep(kind.random.uniform(0.1, 0.8))

    def _submit(self, kind):
        submission = None
        try:
            with Session(self.mta.submission_port, timeout=90) as session:
                submission = Submission(session, kind)
                reply = submission.play()
                session.leave()
        except Cut:
            return "unknown" if kind.cut == "end" else "cut", kind.cut
        except OSError as fault:
            # A connection that was lost before is one to come again with.
            lost = submission is not None and submission.complete
            return "unknown" if lost else "later", repr(fault)
        outcome = _said(reply)
        if outcome[0] == "accepted" and submission.chunking and kind.chunks:
            with self.lock:
                self.chunked += 1
        return outcome


def _said(reply: Reply):
    word = {2: "accepted", 4: "later", 5: "refused"}.get(reply.code // 100,
                                                         "unknown")
    return word, str(reply)
