#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""A third of the message cases, end to end through real MTAs.

Each message is submitted as it stands in tests/cases, from an address that the MTA
does not take for its own, and judged by what the sink got. That is compared with
the message of the case: what an MTA itself changes on the way counts as well.
"""

import pathlib
import re
import sys
import typing
import unittest

import common
from common import lab
from lab.process import wait_until

sys.path.insert(0, str(common.HERE.parent / "milter"))

import cases                                # noqa: E402
import daemon                               # noqa: E402
import mta as forms                         # noqa: E402

# The client's address; the MTAs have 127.0.0.1.
CLIENT = "127.0.0.9"

# At least one of each kind, and what an MTA reads or writes in its own way.
CHOSEN = {
    # attack: identity
    "from-other-user": "",
    "envelope-foreign": "refused at MAIL",
    "null-sender-mailer-daemon": "null sender with a forged From",
    "resent-foreign-author": "an MTA takes Resent-From for the author",
    "unauthenticated-local-from": "no AUTH: the port of a trusted network",
    # attack: multi-from-field, multi-mailbox
    "two-from-own-last": "",
    "list-obs-empty-elements": "Sendmail writes such lists anew",
    # attack: address-syntax
    "unqualified-other": "the MTA would complete it behind the filter",
    "comment-nested": "",
    "env-source-route": "the MTA itself removes the route",
    # attack: display-name, encoding
    "display-other-name-addr": "",
    "ew-display-nul": "",
    "raw-8bit-domain": "8-bit header without SMTPUTF8",
    # attack: structure
    "space-before-colon": "the MTA closes the gap",
    "fold-before-colon-resent": "the first line is no field for an MTA",
    "mbox-from-line": "renamed by Postfix, dropped by Sendmail",
    "name-with-nul": "the header ends there for Postfix, Sendmail drops the NUL",
    "value-nul-first": "empty for Postfix, Sendmail drops the NUL",
    "value-bare-lf": "ends a line for Postfix; see SENDMAIL",
    "early-end-junk-line": "the MTA ends the header there",
    "blank-folded-line-then-from": "a line of white space goes through as a fold",
    "name-empty": "the MTA ends the header there",
    # attack: trace-forgery, duplicate-singleton, resource
    "forged-ar-own-id-case": "",
    "forged-arc-set": "",
    "dup-subject": "",
    "from-64k-name": "over MaxHeadersLength of Sendmail; Postfix cuts at 60,000",
    # attack: readers
    "reader-comment-before-angle": "",
    "reader-quoted-fold": "a fold inside of quotes",
    "reader-field-name-greater": "a name that only looks like mbox quoting",
    "reader-field-name-comment-colon": "the MTA ends the name inside of the comment",
    "reader-field-name-comment-fold": "the same, and a fold",
    "field-name-comment-type": "removed by a name with parentheses",
    "field-name-encoded-word": "",
    "identity-original-from": "",
    "forged-received-spf": "",
    # legit: mua
    "gmail-send-as-received": "a Received that is not the MTA's",
    "body-starts-with-from-space": "",
    # legit: from-grammar, rfc-example
    "from-dots-in-name": "Sendmail puts quotes around the name",
    "from-quoted-escaped-quotes": "Sendmail leaves them",
    "odd-field-names": "names that the MTA may know or not",
    "rfc5322-a13": "Sendmail writes groups anew",
    "rfc5322-a61-obsolete": "Sendmail writes To anew",
    "rfc6532-utf8-name": "SMTPUTF8; see SENDMAIL",
    # legit: body-integrity
    "smime-signed": "8BITMIME, trailing blanks",
    "body-trailing-blank-lines": "",
    # repair
    "missing-date-and-id": "Sendmail adds them, too",
    "missing-from-null-envelope": "Sendmail adds a From, too",
    "no-header-at-all": "",
    "from-unqualified-own": "",
    "from-name-raw-latin1": "",
    "bcc-one": "Postfix removes it before the filter, Sendmail behind it",
    "resent-bcc": "",
    "dup-mime-version": "",
    "subject-over-998": "else the MTA breaks the line behind the filter",
}


class Refused(typing.NamedTuple):
    """The MTA refuses by itself, whatever the case expects; nothing arrives."""

    stage: str
    code: int
    text: str


class Rewritten(typing.NamedTuple):
    """Fields arrive with exactly these values; all else holds."""

    fields: dict


# What becomes of a case because of Sendmail. Postfix needs nothing of the kind.
SENDMAIL = {
    "value-bare-lf": Refused("message", 421, "4.5.0 Bare linefeed (LF) not allowed"),
    "rfc6532-utf8-name": Refused("mail", 555, "5.5.4 SMTPUTF8 parameter unrecognized"),
    # Sendmail would write these anew at delivery, behind every filter. So submilter
    # does it before it signs (repair.address-form).
    "from-dots-in-name": Rewritten(
        {b"From": b' "Alice B. Smith Jr." <alice@corp.example>'}),
    "rfc5322-a61-obsolete": Rewritten(
        {b"From": b' "Joe Q. Public" <alice@corp.example>',
         b"To": b" Mary Smith <mary@example.net>, <jdoe@test.example>"}),
    "rfc5322-a13": Rewritten(
        {b"To": b" A Group:Ed Jones <c@a.test>, joe@where.test,"
                b" John <jdoe@one.test>;"}),
}

# What follows `MAIL FROM:` when alice is logged in. All are refused, by submilter or
# by the MTA: `<(ceo@corp.example>` is the null sender for Postfix, for one.
MAIL_FROM = [
    "<(ceo@corp.example>", "<(alice@corp.example>", "<ceo@corp.example(>",
    "<(ceo@corp.example)alice@corp.example>", "<alice@corp.example(ceo@corp.example)>",
    "<al(x)ice@corp.example>", "<alice+(ceo@corp.example>",
    '<"ceo"@corp.example>', '<"ceo@corp.example">', '<"ceo@corp.example"@corp.example>',
    "<ceo\\@corp.example@corp.example>", "<ceo@corp.example\\>",
    "<@victim.example:ceo@corp.example>", "<ceo>", "<ceo@>", "<ceo@corp.example.>",
    "<alice@corp.example,ceo@corp.example>", "<alice@corp.example ceo@corp.example>",
    "<alice@corp.example>ceo@corp.example", "<alice@corp.example> <ceo@corp.example>",
    "ceo@corp.example", "ceo@corp.example <alice@corp.example>", " <ceo@corp.example>",
    "<<ceo@corp.example>>", "<<ceo@corp.example>", "<x:ceo@corp.example;>", "<;>",
    "<()>", "< >", '<"">', "<ceo%corp.example@corp.example>", "<corp.example!ceo>",
    "<ceo@corp.example\0>", "<alice@corp.example\0ceo>", "<alice@[127.0.0.1]>",
]
# Her own, and nobody's.
MAIL_FROM_OWN = [
    "<>", '<"alice"@corp.example>', "<ALICE@Corp.Example>", "<alice+x@corp.example>",
    "<alice@corp.example> AUTH=ceo@corp.example", "<alice>",
]


class Delivered:
    """What arrived, in the shape that cases.check() knows."""

    def __init__(self, message):
        self.data = message.data
        self.sender = message.mail_from
        self.rcpts = sorted(message.recipients)
        head, _, self.body = message.data.partition(b"\r\n\r\n")
        self.fields = []
        self.no_fields = []
        self.received = None
        for text in re.split(rb"\r\n(?![ \t])", head):
            name, colon, value = text.partition(b":")
            field = name, value.replace(b"\r\n", b"\n")
            if not colon:
                self.no_fields.append(text)
            elif name == b"Received" and self.received is None:
                self.received = field
            else:
                self.fields.append(field)
        self.added = [(name, value) for name, value in self.fields
                      if name.lower() == b"dkim-signature" and ours(
                          cases.tags(value).get("d"), cases.tags(value).get("s"))]


def ours(domain, selector):
    return domain in cases.OURS and selector in ("s1", "e1")


class Tests:
    """Mixed into unittest.TestCase; one MTA and one submilter for all of them."""

    mta_class = None
    settings = None     # more configuration of the MTA
    outcomes = {}       # what the MTA itself makes of a case
    completes = True    # whether it gives `MAIL FROM:<alice>` a domain

    @classmethod
    def setUpClass(cls):
        scratch = lab.scratch("submilter-e2e.")
        top = scratch.__enter__()
        cls.addClassCleanup(scratch.__exit__, None, None, None)
        name = cls.mta_class.__name__
        cls.sink = lab.Sink()
        cls.addClassCleanup(cls.sink.stop)
        home = top / "submilter"
        home.mkdir()
        home.chmod(0o755)
        cls.milter, cls.keys = daemon.world(
            'socket-group = "%s"\n' % cls.mta_class.milter_group + daemon.SERVICE,
            directory=str(home))
        cls.milter.start()
        cls.addClassCleanup(cls.stop_milter)
        cls.mta = cls.mta_class(
            top / "mta", lab.Debs.shared(top, name.lower()), cls.sink.port,
            milter=cls.milter.address, users=common.USERS, extra=cls.settings)
        cls.addClassCleanup(cls.mta.stop)
        cls.mta.start()
        cls.records = {n.decode().rstrip("."): r.decode()
                       for n, r in cls.keys.records.items()}
        cls.cases = {case["name"]: case for case in cases.load()}

    @classmethod
    def stop_milter(cls):
        """It has to be there still, and to end in order."""
        alive, status = cls.milter.alive(), cls.milter.stop()
        if not alive or status != 0:
            raise AssertionError("ended with %s:\n%s" % (status, cls.milter.log()))

    def submit(self, raw, mail_from, rcpts, login, mail_args=()):
        port = self.mta.submission_port if login else self.mta.plain_port
        return lab.submit(port, raw, mail_from, rcpts, login=login,
                          password=common.USERS.get(login),
                          starttls=login is not None, mail_args=mail_args,
                          source=CLIENT)

    def settled(self, before):
        """What has arrived since, once the queue is empty."""
        wait_until(lambda: not self.mta.queue_files(), 20, "empty queue")
        return self.sink.messages[before:]

    def run_case(self, name):
        case = self.cases[name]
        own = self.outcomes.get(name)
        args = list(case.get("mail_args") or ())
        if re.search(rb"[\x80-\xff]", case["raw"].partition(b"\r\n\r\n")[2]):
            args.append("BODY=8BITMIME")    # as an honest client says
        before = len(self.sink.messages)
        result = self.submit(case["raw"], case["mail_from"], case["rcpt"],
                             case["auth"], args)
        arrived = self.settled(before)
        right = {case["expected"], *(case.get("also_ok") or ())}
        if isinstance(own, Refused):
            self.assertEqual((result.stage, *result.reply), own, result)
            self.assertEqual(arrived, [])
        elif not result.accepted:
            self.assertEqual(result.reply.code // 100, 5, result)
            self.assertEqual(arrived, [])
            self.assertIn("reject", right, result)
        else:
            self.assertTrue(right & {"accept", "repair"}, "goes on")
            self.assertEqual(len(arrived), 1)
            self.judge(case, Delivered(arrived[0]), own)

    def judge(self, case, delivered, own):
        rewritten = own.fields if own else {}
        handed = forms.verbatim(case["raw"])
        handed.fields = [(n, rewritten.get(n, v)) for n, v in handed.fields]
        mail = forms.Mail(handed, case["mail_from"], sorted(case["rcpt"]))
        faults = ["no field: %r" % text for text in delivered.no_fields]
        if ("[%s]" % CLIENT).encode() not in delivered.received[1]:
            faults.append("not our client: %r" % delivered.received[1])
        if re.search(rb"(?<!\r)\n|\r(?!\n)|\0", common.header_of(delivered.data)):
            faults.append("bare CR, bare LF or NUL in the header")
        for spec in case["checks"]:
            fault = cases.check(spec, handed, mail, delivered)
            if fault:
                faults.append("%s: %s" % (spec, fault))
        text = delivered.data.decode("latin-1")
        self.assertEqual(faults, [], text)
        faults = self.signature_faults(delivered)
        self.assertEqual(faults, [], text)

    def signature_faults(self, delivered):
        """As delivered, to two verifiers. (Mail::DKIM may not know Ed25519.)"""
        faults = cases.signature_faults(delivered, self.keys)
        for verifier, opinions in lab.verify(delivered.data, self.records).items():
            found = [o for o in opinions if ours(o.d, o.s)]
            if len(found) != len(delivered.added):
                faults.append("%s sees %r" % (verifier, found))
            faults += ["%s: %s" % (verifier, o) for o in found if not o.ok
                       and not (o.ok is None and o.a == "ed25519-sha256")]
        return faults

    def mail_from(self, argument):
        """The last reply to an honest message with that MAIL FROM; what arrived."""
        before = len(self.sink.messages)
        with lab.Session(self.mta.submission_port, source=CLIENT) as s:
            for step in s.open, s.ehlo, s.starttls, s.ehlo:
                step()
            self.assertEqual(s.auth(common.ALICE, common.USERS[common.ALICE]).code, 235)
            reply = s.command("MAIL FROM:" + argument)
            if reply.code == 250:
                reply = s.rcpt("friend@rcpt.example")
            if reply.code == 250:
                reply = s.data(common.HONEST)
            s.leave()
        return reply, self.settled(before)

    def test_forged_mail_from_in_every_writing(self):
        for argument in MAIL_FROM:
            with self.subTest(argument):
                reply, arrived = self.mail_from(argument)
                self.assertEqual(reply.code // 100, 5, reply)
                self.assertEqual(arrived, [])

    def test_own_mail_from_in_every_writing(self):
        for argument in MAIL_FROM_OWN:
            with self.subTest(argument):
                reply, arrived = self.mail_from(argument)
                if argument == "<alice>" and not self.completes:
                    self.assertEqual(reply.code, 553, reply)
                    self.assertEqual(arrived, [])
                    continue
                self.assertEqual(reply.code, 250, reply)
                message, = arrived
                self.assertRegex(message.mail_from.replace('"', ""),
                                 r"(?i)^(alice(\+x)?@corp\.example)?$")
                self.assertEqual(self.signature_faults(Delivered(message)), [])

    def test_to_the_mta_the_client_is_a_stranger(self):
        """Nothing was added or completed before submilter saw the message."""
        seen = self.milter.mark()
        self.run_case("missing-date-and-id")
        self.milter.expect(r"client=127\.0\.0\.9 .* repaired=date,message-id ", seen)
        seen = self.milter.mark()
        self.run_case("from-unqualified-own")
        self.milter.expect(r"client=127\.0\.0\.9 .* repaired=addresses ", seen)


def with_cases(names):
    """Gives a class a test of each case."""
    def fill(cls):
        for name in names:
            def test(self, name=name):
                self.run_case(name)
            setattr(cls, "test_" + name.replace("-", "_"), test)
        return cls
    return fill


@with_cases(CHOSEN)
class Postfix(Tests, unittest.TestCase):
    mta_class = lab.Postfix
    settings = {
        "inet_interfaces": "127.0.0.1",
        "mynetworks": "127.0.0.1/32",
        # To mail of its own host it would add Date, Message-ID and domains.
        "local_header_rewrite_clients": "permit_inet_interfaces, permit_mynetworks",
    }


@with_cases(CHOSEN)
class Sendmail(Tests, unittest.TestCase):
    mta_class = lab.Sendmail
    outcomes = SENDMAIL
    completes = False


if __name__ == "__main__":
    unittest.main()
