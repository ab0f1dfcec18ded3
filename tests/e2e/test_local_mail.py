#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Mail that the MTA or programs of its host make: bounces, notices, Sieve."""

import base64
import binascii
import unittest

import common
import receipts
from common import ALICE, BOB, CEO, COMPLETE, FRIEND, lab

HEAD = b"From: Alice <alice@corp.example>\r\n" + COMPLETE
MIME = HEAD + b"MIME-Version: 1.0\r\nContent-Type: "
MIXED = b"multipart/mixed; boundary=b"
SEALED = (b"multipart/signed; boundary=s; micalg=x; "
          b"protocol=\"application/pgp-signature\"\r\n\r\n--s\r\n\r\n%s\r\n"
          b"--s\r\nContent-Type: application/pgp-signature\r\n\r\nx\r\n--s--\r\n")
LONG = b"word " * 400
# A message, as 40 KB of text that only its length makes odd.
INNER = HEAD + b"\r\nHello.\r\n"
UTF8 = b"Gr\xc3\xbc\xc3\x9fe\r\n"
UTF8_HEAD = HEAD.replace(b"Alice <", b"\xc3\x84lice <").replace(
    b"Subject: ", b"Subject: \xc3\xbc")


def mixed(*parts):
    return (MIME + MIXED + b"\r\n\r\n" + b"".join(
        b"--b\r\n" + part + b"\r\n" for part in parts) + b"--b--\r\n")


def part(kind, encoding, text):
    return b"Content-Type: %s\r\nContent-Transfer-Encoding: %s\r\n\r\n%s" % (
        kind, encoding, text)


# What is returned, and whether it is certain to arrive as it was.
RETURNED = {
    "plain": (HEAD + b"\r\nHello.\r\n", True),
    "8-bit": (HEAD + b"\r\nGr\xc3\xbc\xc3\x9fe\r\n", True),
    "NUL": (HEAD + b"\r\na\0b\r\n", True),
    "no header": (b"\r\nHello.\r\n", True),
    "two From": (b"From: x@far.example\r\n" + HEAD + b"\r\nHello.\r\n", True),
    "long line": (HEAD + b"\r\n" + LONG + b"\r\n", True),
    "long field": (HEAD + b"X: " + b"y" * 2000 + b"\r\n\r\nHello.\r\n", False),
    "deep": (MIME + b"".join(b"multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n"
                             b"Content-Type: " % (i, i) for i in range(40))
             + b"text/plain\r\n\r\nx\r\n", False),
    "many parts": (MIME + MIXED + b"\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 1100
                   + b"--b--\r\n", False),
    "two types": (MIME + b"text/plain\r\nContent-Type: text/html\r\n\r\n" + LONG
                  + b"\r\n", False),
    "no boundary": (MIME + b"multipart/mixed; boundary=\"b\r\n\r\n--b\r\n\r\n"
                    + LONG + b"\r\n--b--\r\n", False),
    "sealed": (MIME + SEALED % b"Hello.", True),
    "sealed, long line": (MIME + SEALED % LONG, False),
    "UTF-8 in the header": (UTF8_HEAD + b"\r\n" + UTF8, True),
    "latin1 in the header": (HEAD + b"X: gr\xfc\xdfe\r\n\r\ngr\xfc\xdfe\r\n", True),
    "many fields": (HEAD + b"".join(b"X-%d: %s\r\n" % (i, b"y" * 70)
                                    for i in range(400)) + b"\r\nHello.\r\n", True),
    "no end of the header": (HEAD[:-2], True),
    "every encoding": (mixed(
        part(b"text/plain; charset=utf-8", b"8bit", UTF8),
        part(b"text/plain; charset=utf-8", b"quoted-printable", b"Gr=C3=BC=\r\n\r\n"),
        part(b"application/pdf", b"base64", base64.encodebytes(
            bytes(range(256))).replace(b"\n", b"\r\n")),
        part(b"application/pdf", b"base64", base64.b64encode(bytes(3000)) + b"\r\n"),
        part(b"application/x", b"x-uuencode", b"begin 644 a\r\n#86)C\r\n`\r\nend\r\n"),
        part(b"application/x", b"binary", UTF8),
        part(b"text/plain", b"7bit", UTF8)), True),
    "a message in base64": (mixed(part(b"message/rfc822", b"base64", base64.encodebytes(
        INNER).replace(b"\n", b"\r\n"))), True),
    "a message in one line of base64": (mixed(part(
        b"message/rfc822", b"base64", base64.b64encode(INNER * 20) + b"\r\n")), True),
    "a message as quoted-printable": (mixed(part(
        b"message/rfc822", b"quoted-printable", INNER.replace(b"=", b"=3D"))), True),
    "no last delimiter": (mixed(part(b"text/plain", b"8bit", UTF8))[:-7], True),
    "a field cut by the part's end": (mixed(b"Content-Type: text/plain"), True),
    "a signature of somebody": (b"DKIM-Signature: v=1; a=rsa-sha256; d=far.example; s=x;"
                                b" h=from; bh=AAAA; b=AAAA\r\n" + HEAD + b"\r\n" + LONG
                                + b"\r\n", True),
    "a report with a long line": (MIME + b"multipart/report; report-type=delivery-status; "
                                  b"boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b\r\nContent-Type: "
                                  b"message/delivery-status\r\n\r\nX: " + LONG
                                  + b"\r\n\r\n--b--\r\n", False),
}


def forwarded(encoding=None):
    """Each of these as an attachment, which some programs encode, though they may
    not. Those with too many parts are left out: that is a bound, which says so."""
    found = {}
    for name, (raw, _) in RETURNED.items():
        raw = raw.replace(b"boundary=b", b"boundary=inner").replace(b"--b", b"--inner")
        if encoding == b"base64":
            raw = base64.encodebytes(raw).replace(b"\n", b"\r\n")
        elif encoding == b"quoted-printable":
            raw = binascii.b2a_qp(raw.replace(b"\r\n", b"\n")).replace(b"\n", b"\r\n")
        label = b"Content-Transfer-Encoding: %s\r\n" % encoding if encoding else b""
        if name not in ("deep", "many parts"):
            found[name] = (
                MIME + MIXED + b"\r\n\r\n--b\r\n\r\nSee below.\r\n--b\r\n" + label
                + b"Content-Type: message/rfc822\r\n\r\n" + raw + b"\r\n--b--\r\n")
    return found


def setUpModule():
    scratch = lab.scratch("submilter-e2e.")
    top = scratch.__enter__()
    unittest.addModuleCleanup(scratch.__exit__, None, None, None)
    common.Base.world = common.World(top)
    common.Base.debs = lab.Debs.shared(top, "postfix", "dovecot-lda", "dovecot-sieve-server")


class Tests(common.Base):
    class mta_class(lab.Postfix):
        # The plain port is where mail from elsewhere arrives.
        service_options = {"plain": ["smtpd_milters="]}

    def login_of_the_host(self, more=""):
        """Options that give local programs a login."""
        networks = self.world.top / "networks"
        networks.write_text("127.0.0.1 local@corp.example\n")
        return ("identify { methods = {sasl, network}\nnetwork = \"cidr:%s\" }\n"
                % networks) + more

    def check_sealed(self, data, is_signed):
        if is_signed:
            self.check_signed(data)
        else:
            self.assertEqual(common.fields(data, b"DKIM-Signature"), [])


class Bounces(Tests, unittest.TestCase):
    def start_returning(self, options="", rights="", **settings):
        return self.start(options, rights, extra=dict({
            "internal_mail_filter_classes": "bounce, notify",
            "myorigin": "corp.example",
            "smtpd_reject_unlisted_recipient": "no",
            "default_transport": "error:5.1.1 nobody there",
            "transport_maps": "inline:{corp.example=smtp:[127.0.0.1]:%d, "
                              "{slow.example=error:4.4.1 not now}}"
                              % self.sink.port}, **settings))

    def arrive(self, mta, raw, recipient=FRIEND, mail_args=(), count=1, sender=ALICE):
        before = len(self.sink.messages)
        result = lab.submit(mta.plain_port, raw, sender, [recipient],
                            starttls=False, mail_args=["BODY=8BITMIME", *mail_args])
        self.assertTrue(result.accepted, result)
        return self.sink.wait_for(before + count)[before:]

    def check_returned(self, milter, mta):
        for name, (raw, is_signed) in RETURNED.items():
            with self.subTest(name):
                bounce, = self.arrive(mta, raw)
                self.assertEqual(bounce.mail_from, "")
                self.assertEqual(common.fields(bounce.data, b"From"), [
                    b"Mail Delivery System <MAILER-DAEMON@corp.example>"])
                self.check_sealed(bounce.data, is_signed)
        common.wait_until(lambda: not mta.queue_files(), 20, "an empty queue")
        self.assertNotIn("action=reject", milter.log())
        milter.wait_for_log('unsigned="', sum(
            not is_signed for _, is_signed in RETURNED.values()))
        milter.wait_for_log("goes on as it came: more than 1000 parts")

    def test_nothing_that_is_returned_is_refused_for_its_form(self):
        self.check_returned(*self.start_returning(
            "sign { unsigned = reject }\npreflight { unsubscribe = reject }"))

    def test_nor_where_local_programs_have_a_login(self):
        milter, mta = self.start_returning(self.login_of_the_host())
        self.check_returned(milter, mta)
        self.assertNotIn("via=bounce", milter.log())

    def test_notices_of_delay_and_success_and_to_the_postmaster(self):
        # A notice comes from Postfix's host name, which needs no key of its own.
        milter, mta = self.start_returning(
            "sign { parent-domain = yes }",
            delay_warning_time="1s", error_notice_recipient="postmaster@corp.example",
            notify_classes="bounce, protocol, delay")
        plain = RETURNED["plain"][0]
        # To the sender, and a copy to the postmaster.
        for recipient in FRIEND, "a@slow.example":
            for message in self.arrive(mta, plain, recipient, count=2):
                self.check_signed(message.data)
                self.assertEqual(
                    (message.mail_from, message.recipients),
                    ("", [ALICE]) if message.recipients == [ALICE] else
                    ("double-bounce@mail.corp.example", ["postmaster@corp.example"]))
        with lab.Session(mta.plain_port) as session:
            session.open()
            session.ehlo()
            session.command("MAIL FROM:<a b c>")
            session.leave()
        notice = self.sink.wait_for(5)[4]
        self.assertIn(b"Transcript of session follows", notice.data)
        self.check_signed(notice.data)
        self.assertNotIn("action=reject", milter.log())


    def test_notices_of_every_class_and_what_sendmail_reports(self):
        """What goes wrong in a session, and what the postmaster is told of it."""
        milter, mta = self.start_returning(
            self.login_of_the_host("sign { parent-domain = yes }"),
            "alice@corp.example local@corp.example\n",
            error_notice_recipient="postmaster@corp.example",
            **{"2bounce_notice_recipient": "postmaster@corp.example",
               "hopcount_limit": "5",
               "notify_classes": "bounce, 2bounce, data, delay, policy, protocol, "
                                 "resource, software",
               "smtpd_recipient_restrictions": "check_recipient_access "
               "inline:{policy@far.example=reject, software@far.example=no_such_word}"})
        for recipient, raw, reply in (
                ("policy@far.example", b"", "5.7.1"), ("software@far.example", b"", "4.3.5"),
                (FRIEND, b"Received: x\r\n" * 9 + RETURNED["plain"][0], "too many hops")):
            with self.subTest(reply):
                before = len(self.sink.messages)
                result = lab.submit(mta.plain_port, raw, ALICE, [recipient], starttls=False)
                self.assertIn(reply, result.reply.text)
                notice = self.sink.wait_for(before + 1)[before]
                self.assertEqual(notice.recipients, ["postmaster@corp.example"])
                self.assertIn(b"Transcript of session follows", notice.data)
                self.check_signed(notice.data)
        # To nobody from nobody: the bounce bounces.
        doubled, notice = self.arrive(mta, RETURNED["8-bit"][0], sender="x@far.example", count=2)
        for message in doubled, notice:
            self.assertEqual(message.mail_from, "double-bounce@mail.corp.example")
            self.check_signed(message.data)
        # What sendmail(1) reports: a probe, and a delivery.
        before = len(self.sink.messages)
        mta.run_sendmail(["-bv", "-f", ALICE, FRIEND], b"")
        mta.run_sendmail(["-v", "-f", ALICE, "bob@corp.example"], RETURNED["plain"][0])
        found = self.sink.wait_for(before + 3)[before:]
        reports = [m for m in found if m.mail_from == ""]
        self.assertEqual([m.recipients for m in reports], [[ALICE]] * 2)
        for message in reports:
            self.check_signed(message.data)
        self.assertNotIn("action=reject", milter.log())

    def test_what_has_smtputf8(self):
        milter, mta = self.start_returning()
        message, = self.arrive(mta, RETURNED["UTF-8 in the header"][0],
                               mail_args=["SMTPUTF8"])
        self.assertIn(b"message/global", message.data)
        self.check_signed(message.data)
        self.assertNotIn("action=reject", milter.log())


class Forwards(Tests, receipts.Receipts, unittest.TestCase):
    def test_what_somebody_else_made_need_not_be_encoded_by_who_forwards_it(self):
        milter, mta = self.start()
        for name, raw in forwarded().items():
            with self.subTest(name):
                data = self.deliver(mta, raw, mail_args=["BODY=8BITMIME"])
                self.check_sealed(data, RETURNED[name][1])
        milter.wait_for_log("signed=none .*repair.attached-messages")


STRANGER = "carol@away.example"
ARRIVED = (b"From: Carol <carol@away.example>\nTo: bob@corp.example\nSubject: hello\n"
           b"Date: Mon, 23 Nov 2026 10:15:30 +0100\nMessage-ID: <1@away.example>\n"
           b"\nHello Bob.\n")
REDIRECT = "redirect \"%s\";" % FRIEND
VACATION = "require \"vacation\"; vacation \"I am away.\";"
REJECT = "require \"reject\"; reject \"I do not want that.\";"


class Sieve(Tests):
    """What a user's script makes, as docs/recipes.md has it set up."""

    def start_delivering(self, options=""):
        strangers = self.world.top / "strangers"
        strangers.write_text("!/@corp\\.example$/ local@corp.example\n")
        milter = common.Milter(
            self.world, self.mta_class, self.login_of_the_host(
                "names { exempt = {local@corp.example} }\n" + options),
            rights="@corp.example local@corp.example\n")
        text = milter.config.read_text()
        milter.config.write_text(text.replace(
            "{\"texthash:", "{\"pcre:%s\", \"texthash:" % strangers))
        milter.start()
        self.addCleanup(milter.kill)
        mta = self.start_mta(milter.socket, extra={"myorigin": "corp.example"})
        dovecot = lab.Dovecot(self.world.top / ("dovecot%d" % next(common.number)),
                              self.debs, mta, BOB, self.way_out(mta))
        self.addCleanup(dovecot.stop)
        return milter, mta, dovecot

    def sent(self, dovecot, raw, script, sender=STRANGER):
        # Nothing is redirected or answered twice.
        raw = raw.replace(b"<1@away", b"<%d@away" % next(common.number))
        before = len(self.sink.messages)
        status, log = dovecot.deliver(raw, sender, script)
        self.assertEqual(status, 0, log)
        return self.sink.wait_for(before + 1)[before]

    def check_kept(self, dovecot):
        self.assertEqual(len(dovecot.delivered()), 1)      # what was answered

    def test_redirected_mail_of_strangers_passes_unsigned(self):
        milter, _, dovecot = self.start_delivering("sign { unsigned = reject }")
        for name, raw in {
                "plain": ARRIVED,
                "sealed": ARRIVED.replace(
                    b"\n\nHello Bob.\n", b"\nMIME-Version: 1.0\nContent-Type: "
                    + (SEALED % LONG).replace(b"\r\n", b"\n")),
                "two Subjects": b"Subject: other\n" + ARRIVED,
                "long field": b"X: " + b"y" * 2000 + b"\n" + ARRIVED,
                "forged": ARRIVED.replace(b"Carol <carol@away.example>", CEO.encode()),
                }.items():
            with self.subTest(name):
                message = self.sent(dovecot, raw, REDIRECT)
                self.assertEqual((message.mail_from, message.recipients),
                                 (STRANGER, [FRIEND]))
                self.assertEqual(common.fields(message.data, b"DKIM-Signature"), [])
        milter.wait_for_log('unsigned="(redirected by Sieve|goes on as it came)', 5)
        self.assertNotIn("action=reject", milter.log())

    def test_redirected_mail_of_our_users_keeps_its_signature(self):
        _, mta, dovecot = self.start_delivering()
        data = self.deliver(mta, common.HONEST)
        self.check_signed(data)
        self.check_signed(self.sent(
            dovecot, data.replace(b"\r\n", b"\n"), REDIRECT, ALICE).data)

    def test_answers_are_signed(self):
        milter, _, dovecot = self.start_delivering()
        for script, author in (VACATION, BOB), (REJECT, "postmaster@corp.example"):
            with self.subTest(script):
                message = self.sent(dovecot, ARRIVED, script)
                self.assertEqual((message.mail_from, message.recipients),
                                 ("", [STRANGER]))
                self.assertIn(author.encode(), common.fields(message.data, b"From")[0])
                self.check_signed(message.data)
        self.assertIn(b"disposition-notification", message.data)
        self.check_kept(dovecot)
        milter.wait_for_log("via=(network|sasl) .*signed=corp.example", 2)


class BySendmail(Sieve, unittest.TestCase):
    def way_out(self, _mta):
        return ""


class BySubmission(Sieve, unittest.TestCase):
    # Here a client of this host is one of its programs.
    class mta_class(lab.Postfix):
        pass

    def way_out(self, mta):
        return "submission_host = 127.0.0.1:%d" % mta.plain_port


# A sendmail(1) that logs in, as msmtp does: ARGUMENTS are -i -f SENDER -- RECIPIENT.
LOGS_IN = """#!/usr/bin/python3
import smtplib, ssl, sys
sender, recipients = sys.argv[1:].index("-f"), sys.argv[1:].index("--")
with smtplib.SMTP("127.0.0.1", %d, "localhost") as client:
    client.starttls(context=ssl._create_unverified_context())
    client.login("local@corp.example", "secret")
    client.sendmail(sys.argv[sender + 2].strip("<>"), sys.argv[recipients + 2:],
                    sys.stdin.buffer.read().replace(b"\\r\\n", b"\\n").replace(
                        b"\\n", b"\\r\\n"), ["BODY=8BITMIME"])
"""


class ByLogin(Sieve, unittest.TestCase):
    def login_of_the_host(self, more=""):
        return "identify { sieve-logins = {local@corp.example} }\n" + more

    def start_mta(self, socket, **settings):
        mta = self.mta_class(
            self.world.top / ("mta%d" % next(common.number)), self.debs, self.sink.port,
            milter=socket, users=dict(common.USERS, **{"local@corp.example": "secret"}),
            **settings)
        self.addCleanup(mta.stop)
        mta.start()
        return mta

    def way_out(self, mta):
        program = mta.directory / "logs-in"
        program.write_text(LOGS_IN % mta.submission_port)
        program.chmod(0o755)
        return "sendmail_path = %s" % program


class ByLmtp(Sieve):
    """The same with Dovecot's LMTP server, and scripts that the user has uploaded."""

    def start_delivering(self, options=""):
        milter, mta, agent = super().start_delivering(options)
        server = lab.DovecotServer(
            self.world.top / ("dovecot%d" % next(common.number)), self.debs, common.USERS,
            (self.way_out(mta) or "sendmail_path = %s/sendmail" % agent.directory) + "\n",
            sieve=True)
        self.addCleanup(server.stop)
        server.start()
        return milter, mta, server

    def sent(self, dovecot, raw, script, sender=STRANGER):
        raw = raw.replace(b"<1@away", b"<%d@away" % next(common.number))
        before = len(self.sink.messages)
        dovecot.upload(BOB, common.USERS[BOB], script)
        dovecot.deliver(raw, sender, BOB)
        return self.sink.wait_for(before + 1)[before]

    def check_kept(self, dovecot):
        new = dovecot.directory / "mail" / BOB / "new"
        self.assertEqual(len(list(new.iterdir())), 1)


class ByLmtpAndSendmail(ByLmtp, BySendmail):
    pass


class ByLmtpAndSubmission(ByLmtp, BySubmission):
    pass


if __name__ == "__main__":
    unittest.main()
