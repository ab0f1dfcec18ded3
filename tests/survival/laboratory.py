# SPDX-License-Identifier: BSD-2-Clause
"""Both MTAs, both hops, and what goes through them."""

import itertools
import queue
import re
import threading
import time

from signers import common, lab
from spy import Spy

SESSIONS = 4            # at a time
FRIENDS = "far.example"


def domain(mta, hop):
    """Recipients there take that mailer to that hop."""
    return "%s.%s.%s" % (hop, mta.rpartition("-")[2], FRIENDS)


class Site:
    """Both MTAs, both hops, and the milter sockets between.

    Bare MTAs have no milter at all.
    """

    def __init__(self, top, world, families, signers, bare=False):
        self.top, self.world = top, world
        eight = lab.Sink()
        # Sendmail's mailers know one port each: the hops differ in their address.
        seven = lab.Sink(False, False, ("127.0.0.2", eight.port))
        self.sinks = {"8bitmime": eight, "7bit": seven}
        self.debs = lab.Debs.shared(
            top, *families, *[s for s in signers if s == "opendkim"])
        self.mtas, self.spies = {}, {}
        for family in families:
            kind = getattr(lab, family.capitalize())
            if not bare:
                self.spies[family] = Spy(top / (family + ".sock"),
                                         kind.milter_group)
            self.mtas[family] = kind(
                top / family, self.debs, eight.port,
                milter=None if bare else self.spies[family].socket, users=common.USERS, extra=getattr(self, "_" + family)(eight.port))

    def __enter__(self):
        for mta in self.mtas.values():
            mta.start()
        return self

    def __exit__(self, *_exc):
        for part in (*self.mtas.values(), *self.spies.values(), *self.sinks.values()):
            part.stop()

    @staticmethod
    def _postfix(port):
        return {
            "transport_maps": "inline:{ { %s = smtp:[127.0.0.2]:%d } }" % (
                domain("postfix", "7bit"), port),
            "default_destination_concurrency_limit": "20",
            # On a connection that it uses again Postfix does not look whether the
            # next hop has SMTPUTF8.
            "smtp_connection_cache_on_demand": "no",
            "message_size_limit": "30000000",
        }

    @staticmethod
    def _sendmail(_port):
        rules = ["LOCAL_NET_CONFIG"]
        for mailer, (hop, address) in itertools.product(
                ("esmtp", "relay"), (("8bitmime", "127.0.0.1"), ("7bit", "127.0.0.2"))):
            name = domain("sendmail-" + mailer, hop)
            rules.append("R$* < @ %s. > $*\t$#%s $@ [%s] $: $1 < @ %s. > $2" % (
                name, mailer, address, name))
            rules.append("R$* < @ %s > $*\t$#%s $@ [%s] $: $1 < @ %s > $2" % (
                name, mailer, address, name))
        return rules

    def version(self, family):
        """The version of its package."""
        control = self.debs.package({"sendmail": "sendmail-bin"}.get(family, family)) \
            / "DEBIAN/control"
        found = re.search(r"(?m)^Version: *(.*)", control.read_text()) \
            if control.exists() else None
        return found.group(1) if found else "(not run)"

    def delivered(self):
        """Messages by recipient."""
        return {m.recipients[0]: m for s in self.sinks.values() for m in list(s.messages)}

    def bounced(self):
        """Recipients that a bounce was made for."""
        found = set()
        for sink in self.sinks.values():
            for m in list(sink.messages):
                if m.mail_from == "":
                    found |= set(re.findall(r"(?m)^Final-Recipient: *rfc822; *(\S+)",
                                            m.data.decode("latin-1").replace("\r", "")))
        return found

    def forget(self):
        for sink in self.sinks.values():
            sink.messages.clear()
        for spy in self.spies.values():
            spy.seen.clear()


class Submission:
    """One shape on its way to one hop.

    A shape has a name, mail_args, and whether it goes `alone` on its session.
    """

    def __init__(self, shape, raw, mta, hop, mail_from=common.ALICE):
        self.shape, self.raw, self.mta, self.hop = shape, raw, mta, hop
        self.mail_from = mail_from
        self.recipient = "%s@%s" % (shape.name, domain(mta, hop))
        self.accepted = False
        self.reply = ""
        self.refused_by = ""    # "mta" or "milter"
        self.verdict = None     # a judge.Verdict if it was delivered
        self.client_signature = None    # whether the client's own is valid
        self.lost = ""          # why it was not delivered


def submit_all(site, family, submissions):
    """Through a few sessions, each of which goes on while all is well."""
    waiting = queue.SimpleQueue()
    for s in submissions:
        waiting.put(s)
    port = site.mtas[family].submission_port
    failed = []

    def work():
        try:
            session = None
            while True:
                try:
                    submission = waiting.get_nowait()
                except queue.Empty:
                    break
                session = session or _login(port)
                if not _submit(session, submission):
                    session.close()
                    session = None
            if session:
                session.leave()
                session.close()
        except Exception as e:          # goes on in the main thread
            failed.append(e)

    threads = [threading.Thread(target=work) for _ in range(SESSIONS)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    if failed:
        raise failed[0]


def _login(port):
    session = lab.Session(port)
    replies = [session.open(), session.ehlo(), session.starttls(), session.ehlo(),
               session.auth(common.ALICE, common.USERS[common.ALICE])]
    if replies[-1].code != 235:
        raise lab.LabError("no login: %s" % replies)
    return session


def _submit(session, submission):
    """Whether the session can go on."""
    try:
        for step in (lambda: session.mail(submission.mail_from,
                                          *submission.shape.mail_args),
                     lambda: session.rcpt(submission.recipient),
                     lambda: session.data(submission.raw)):
            reply = step()
            submission.reply = "%d %s" % reply
            if reply.code != 250:
                return False
    except ConnectionError as e:
        submission.reply = submission.reply if submission.reply[:1] in "45" \
            else "connection closed"
        return False
    submission.accepted = True
    return not submission.shape.alone


def wait_for_delivery(site, submissions, seconds):
    """Until each accepted message has arrived or was returned."""
    expected = {s.recipient for s in submissions if s.accepted}
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if expected <= set(site.delivered()) or \
                expected <= set(site.delivered()) | site.bounced():
            return
        time.sleep(0.05)
