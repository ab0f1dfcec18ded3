# SPDX-License-Identifier: BSD-2-Clause
"""What submilter has to do on a real MTA, whichever it is.

The program is named by SUBMILTER (absolute path). Every test runs with SASL AUTH
over STARTTLS unless it says otherwise; what is delivered is what the sink got.
"""

import base64
import concurrent.futures
import email.utils
import itertools
import os
import pathlib
import quopri
import pwd
import re
import shutil
import signal
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import lab                                  # noqa: E402
from lab.process import wait_until          # noqa: E402

ALICE, BOB, CEO = "alice@corp.example", "bob@corp.example", "ceo@corp.example"
FRIEND = "friend@far.example"
USERS = {ALICE: "secret", BOB: "geheim"}
DATE = b"Date: Mon, 23 Nov 2026 10:15:30 +0100\r\n"
COMPLETE = (b"To: friend@far.example\r\nSubject: hello\r\n" + DATE
            + b"Message-ID: <1@corp.example>\r\n")
BODY = b"\r\nHello,\r\n.dot\r\n..two\r\nlast line \r\n"
HONEST = b"From: Alice <alice@corp.example>\r\n" + COMPLETE + BODY
REWRITE_PATH = "rights { mismatch = rewrite-from ; rewrite-mail-from = yes }"

number = itertools.count()


class World:
    """Keys, tables and directories that one MTA's tests share."""

    def __init__(self, top):
        self.top = top
        self.keys = top / "keys"
        self.keys.mkdir(mode=0o700)
        self.records = {}
        for domain in "corp.example", "team.example":
            self._keys_for(domain)

    def _keys_for(self, domain):
        folder = self.keys / domain
        folder.mkdir(mode=0o700)
        for selector, options in (("s1", ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"]),
                                  ("e1", ["ED25519"])):
            path = folder / (selector + ".key")
            subprocess.run(["openssl", "genpkey", "-algorithm", *options,
                            "-out", path], check=True, stderr=subprocess.DEVNULL)
            path.chmod(0o600)
            public = subprocess.run(
                ["openssl", "pkey", "-in", path, "-pubout", "-outform", "DER"],
                check=True, stdout=subprocess.PIPE).stdout
            kind = "ed25519" if selector == "e1" else "rsa"
            if kind == "ed25519":
                public = public[-32:]
            self.records["%s._domainkey.%s" % (selector, domain)] = \
                "v=DKIM1; k=%s; p=%s" % (kind, base64.b64encode(public).decode())


class Milter:
    """A submilter process with a directory and a configuration of its own."""

    def __init__(self, world, mta_class, options="", rights="", head=""):
        self.directory = world.top / ("milter%d" % next(number))
        self.directory.mkdir(mode=0o755)
        self.run = self.directory / "run"
        self.run.mkdir(mode=0o755)
        self.path = self.run / "submilter.sock"
        self.socket = "unix:%s" % self.path
        self.log_file = self.directory / "log"
        self.rights = self.directory / "rights"
        self.config = self.directory / "submilter.conf"
        self.rights.write_text("sales@corp.example %s\n@team.example %s\n%s" % (
            ALICE, BOB, rights))
        self.fill = {"socket": self.socket, "group": mta_class.milter_group,
                     "keys": world.keys, "rights": self.rights}
        self.write(options, head)
        self.process = None

    def write(self, options="", head=""):
        self.config.write_text("""\
listen       = "%(socket)s"
socket-group = "%(group)s"
hostname     = "mail.corp.example"
domain       = "corp.example"
keys         = "%(keys)s"
sign { dkim-key = off }
rights { tables = {"texthash:%(rights)s"} }
""" % self.fill + head + options + "\n")
        self.config.chmod(0o644)

    def start(self):
        self.process = lab.Daemon(
            [os.environ["SUBMILTER"], "run", "-f", "-c", self.config],
            dict(os.environ), self.log_file)
        wait_until(lambda: "ready on" in self.log() or self.process.ended(), 20,
                   "readiness of submilter")
        if self.process.ended():
            raise AssertionError(self.log())
        return self

    def stop(self):
        """Ends it in order, which takes libmilter up to five seconds."""
        if self.process is not None:
            self.process.stop(timeout=15)

    def kill(self):
        if self.process is not None:
            self.process.signal(signal.SIGKILL)
            self.process.stop()

    def log(self):
        return self.log_file.read_text() if self.log_file.exists() else ""

    def wait_for_log(self, pattern, count=1):
        wait_until(lambda: len(re.findall(pattern, self.log())) >= count, 10,
                   "%s in the log:\n%s" % (pattern, self.log()))

    def restart(self):
        self.log_file.unlink()
        return self.start()


def header_of(data):
    return data.split(b"\r\n\r\n", 1)[0] + b"\r\n"


def fields(data, name):
    """Values of a field, unfolded."""
    found = re.findall(rb"(?im)^%s[ \t]*:((?:.*\r\n)(?:[ \t].*\r\n)*)"
                       % re.escape(name), header_of(data))
    return [re.sub(rb"\r\n", b"", f).strip() for f in found]


class Base:
    """A sink, and milters and MTAs in front of it."""

    mta_class = None
    world = None
    debs = None

    def setUp(self):
        self.sink = lab.Sink()
        self.addCleanup(self.sink.stop)

    def start(self, options="", rights="", head="", **settings):
        milter = Milter(self.world, self.mta_class, options, rights, head)
        milter.start()
        self.addCleanup(milter.kill)
        return milter, self.start_mta(milter.socket, **settings)

    def start_mta(self, socket, **settings):
        mta = self.mta_class(self.world.top / ("mta%d" % next(number)), self.debs,
                             self.sink.port, milter=socket, users=USERS, **settings)
        self.addCleanup(mta.stop)
        mta.start()
        return mta

    def submit(self, mta, raw, mail_from=ALICE, login=ALICE, **more):
        return lab.submit(mta.submission_port, raw, mail_from, [FRIEND], login=login,
                          password=USERS.get(login), **more)

    def deliver(self, mta, raw, mail_from=ALICE, login=ALICE, **more):
        """Submit what must be accepted; what the sink got of it."""
        before = len(self.sink.messages)
        result = self.submit(mta, raw, mail_from, login, **more)
        self.assertTrue(result.accepted, result)
        return self.sink.wait_for(before + 1)[before].data

    def check_signed(self, data, signatures=2):
        """Both signatures verify as delivered, with both verifiers."""
        opinions = lab.verify(data, self.world.records)
        self.assertEqual(len(opinions["dkimpy"]), signatures, header_of(data))
        for verifier, found in opinions.items():
            for s in found:
                if s.ok is None:        # Mail::DKIM of Debian 12 knows no Ed25519
                    self.assertEqual((verifier, s.a), ("Mail::DKIM", "ed25519-sha256"))
                else:
                    self.assertTrue(s.ok, "%s: %s\n%s" % (
                        verifier, s, header_of(data).decode("latin-1")))
        self.assertEqual({s.a for s in opinions["dkimpy"]},
                         {"rsa-sha256", "ed25519-sha256"})

    def check_refused(self, mta, result, code, enhanced, text):
        self.assertFalse(result.accepted, result)
        self.assertEqual(result.reply.code, code, result)
        self.assertIn(enhanced, result.reply.text)
        self.assertIn(text, result.reply.text)
        self.assertEqual(mta.queue_files(), [])
        self.assertEqual(self.sink.messages, [])


class Tests(Base):
    """Mixed into unittest.TestCase; `mta_class` says which MTA, `world` the rest."""

    # Accepted mail.

    def test_accepted_mail_arrives_repaired_and_verifies(self):
        _, mta = self.start()
        alice = b"From: Alice <alice@corp.example>\r\n"
        to = b"To: friend@far.example\r\nSubject: x\r\n"
        cases = {
            "honest": HONEST,
            "nothing but To": to + BODY,
            "no header": BODY,
            "empty Date": alice + to + b"Date:\r\nMessage-ID: <a@b.example>\r\n" + BODY,
            "empty Message-ID": alice + to + DATE + b"Message-ID: \r\n" + BODY,
            "empty From": b"From: \r\n" + COMPLETE + BODY,
            "invalid Date": alice + to + b"Date: yesterday\r\n" + BODY,
            "invalid Message-ID": alice + to + DATE + b"Message-ID: a b c\r\n" + BODY,
            "Bcc": alice + b"Bcc: secret@far.example\r\n" + COMPLETE + BODY,
            "Return-Path": b"Return-Path: <x@y.example>\r\n" + alice + COMPLETE + BODY,
            "two mailboxes": b"From: alice@corp.example, sales@corp.example\r\n"
                             + COMPLETE + BODY,
            "unqualified": b"From: Alice <alice>\r\nReply-To: alice, bob\r\n"
                           b"Cc: carol\r\n" + COMPLETE + BODY,
            "long line": alice + b"X-Long: " + b"word " * 400 + b"end\r\n"
                         + COMPLETE + BODY,
            "same Subject twice": alice + b"Subject: hello\r\n" + COMPLETE + BODY,
            "two To": alice + b"To: other@far.example\r\n" + COMPLETE + BODY,
            "long first word": alice + b"X-Long: " + b"y" * 985 + b" z\r\n"
                               + COMPLETE + BODY,
            "no blank, tabs, folds": b"From:alice@corp.example\r\nSubject:\ta\r\n\t b\r\n"
                                     b"To: friend@far.example\r\n" + DATE + BODY,
            "empty body": alice + COMPLETE + b"\r\n",
            "blank lines": alice + COMPLETE + b"\r\nx \t \r\n\r\n\r\n\r\n",
            "long body line": alice + COMPLETE + b"\r\n" + b"word " * 400
                              + b"end\r\nlast\r\n",
            "8-bit body": alice + COMPLETE + b"MIME-Version: 1.0\r\nContent-Type: "
                          b"text/plain; charset=utf-8\r\nContent-Transfer-Encoding: "
                          b"8bit\r\n\r\nGr\xc3\xbc\xc3\x9fe\r\n",
        }
        for name, raw in cases.items():
            with self.subTest(name):
                data = self.deliver(mta, raw, mail_args=["BODY=8BITMIME"])
                self.check_signed(data)
                for field in b"From", b"Date", b"Message-ID":
                    self.assertEqual(len(fields(data, field)), 1,
                                     (field, header_of(data)))
                self.assertIn(b"alice@corp.example", fields(data, b"From")[0])
                self.assertRegex(fields(data, b"Message-ID")[0], rb"^<[^<>@ ]+@[^<>@ ]+>$")
                self.assertIsNotNone(email.utils.parsedate_to_datetime(
                    fields(data, b"Date")[0].decode()))
                for field in b"Bcc", b"Return-Path":
                    self.assertEqual(fields(data, field), [])
                self.assertLessEqual(max(map(len, header_of(data).split(b"\r\n"))),
                                     self.LINE_LIMIT)
                body = raw.split(b"\r\n\r\n", 1)[1] if raw[:2] != b"\r\n" else raw[2:]
                arrived = data.split(b"\r\n\r\n", 1)[1]
                if name in ("8-bit body", "long body line"):
                    self.assertEqual(fields(data, b"Content-Transfer-Encoding"),
                                     [b"quoted-printable"])
                    arrived = quopri.decodestring(arrived)
                    body = body.replace(b"\r\n", b"\n")
                    arrived = arrived.replace(b"\r\n", b"\n")
                self.assertEqual(arrived, body)
                if name == "two mailboxes":
                    self.assertEqual(fields(data, b"Sender"), [ALICE.encode()])
                if name == "unqualified":
                    self.assertEqual(fields(data, b"Reply-To"),
                                     [b"alice@corp.example, bob@corp.example"])
                if name in ("same Subject twice", "two To"):
                    self.assertEqual(len(fields(data, b"Subject")), 1)
                    self.assertEqual(len(fields(data, b"To")), 1)

    def test_broken_attachments_arrive_signed_as_far_as_they_can_be(self):
        milter, mta = self.start()
        head = (b"From: Alice <alice@corp.example>\r\n" + COMPLETE
                + b"MIME-Version: 1.0\r\n")
        multi = (b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nsee\r\n"
                 b"--b\r\nContent-Type: ")
        message = b"message/rfc822\r\n\r\n"
        for name, rest in {
                "no message": multi + message + b"just text\r\nin lines\r\n--b--\r\n",
                "header only": multi + message + b"Subject: x\r\nTo: y@z.example\r\n--b--\r\n",
                "two types": multi + message + b"Content-Type: text/plain\r\n"
                             b"Content-Type: text/html\r\n\r\nx\r\n--b--\r\n",
                "same boundary": multi + message + b"Content-Type: multipart/mixed; "
                                 b"boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n--b--\r\n",
                "odd boundary": multi + message + b"Content-Type: multipart/mixed; "
                                b"boundary=\r\n\r\n--\r\n\r\nx\r\n--b--\r\n",
                "no end": multi + message + b"Content-Type: multipart/mixed; boundary=c\r\n"
                          b"\r\n--c\r\n\r\nx\r\n--b--\r\n",
                "open quote": multi + message + b"Content-Type: text/plain; name=\"x\r\n"
                              b"\r\nx\r\n--b--\r\n",
                "8-bit header": multi + message + b"Subject: Gr\xc3\xbc\xc3\x9fe\r\n\r\nx\r\n"
                                b"--b--\r\n",
                "report": multi + b"message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n"
                          b"\r\nDiagnostic-Code: smtp; " + b"word " * 400 + b"\r\n--b--\r\n",
                "8-bit report": multi + b"message/delivery-status\r\n"
                                b"Content-Transfer-Encoding: 8bit\r\n\r\n"
                                b"Reporting-MTA: dns; Gr\xc3\xbc\xc3\x9fe\r\n--b--\r\n",
                "nothing else": b"Content-Type: message/rfc822\r\n\r\njust text\r\n",
                }.items():
            with self.subTest(name):
                data = self.deliver(mta, head + rest, mail_args=["BODY=8BITMIME"])
                if not fields(data, b"DKIM-Signature"):
                    milter.wait_for_log("signed=none .*repair.attached-messages")
                    continue
                self.check_signed(data)

    def test_encoded_attached_messages_arrive_whole(self):
        """As Odoo and GLPI send them; to a next hop of 7 bits, too."""
        self.sink = lab.Sink(False, False)
        self.addCleanup(self.sink.stop)
        _, mta = self.start()
        inner = (b"From: a@far.example\r\nTo: b@far.example\r\nSubject: inside\r\n"
                 + DATE + b"Message-ID: <2@far.example>\r\nMIME-Version: 1.0\r\n"
                 b"Content-Type: text/plain; charset=utf-8\r\n"
                 b"Content-Transfer-Encoding: 8bit\r\n\r\n")
        plain = (inner.replace(b"8bit", b"quoted-printable")
                 + b"\r\nGr=C3=BC=C3=9Fe\r\n.dot\r\n\r\nend\r\n")
        eight = inner + b"Gr\xc3\xbc\xc3\x9fe\r\n"
        for name, original, encoding, text in (
                ("base64", plain, b"base64", base64.encodebytes(plain)),
                ("8 bits", eight, b"base64", base64.encodebytes(eight)),
                ("LF", plain, b"base64",
                 base64.encodebytes(plain.replace(b"\r\n", b"\n"))),
                ("quoted-printable", eight, b"quoted-printable",
                 quopri.encodestring(eight.replace(b"\r\n", b"\n")))):
            with self.subTest(name):
                data = self.deliver(mta, (
                    b"From: Alice <alice@corp.example>\r\n" + COMPLETE
                    + b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b"
                    b"\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n"
                    b"Content-Transfer-Encoding: " + encoding + b"\r\n\r\n"
                    + re.sub(b"\r?\n", b"\r\n", text) + b"\r\n--b--\r\n"))
                self.check_signed(data)
                part = email.message_from_bytes(data).get_payload(0)
                message = part.get_payload(0)
                if part["Content-Transfer-Encoding"]:       # Postfix lets it pass
                    self.assertEqual(part["Content-Transfer-Encoding"].encode(), encoding)
                    decoded = {b"base64": base64.b64decode, b"quoted-printable":
                               quopri.decodestring}[encoding](message.as_bytes())
                    self.assertEqual(re.sub(b"\r?\n", b"\r\n", decoded), original)
                    continue
                if original is plain:
                    self.assertIn(b"\r\n\r\n" + plain + b"\r\n--b--", data)
                self.assertEqual(message.get_payload(decode=True).replace(b"\r\n", b"\n"),
                                 email.message_from_bytes(original).get_payload(
                                     decode=True).replace(b"\r\n", b"\n"))
                self.assertEqual(message["Subject"], "inside")
    def test_a_foreign_mail_from_becomes_the_logins_own(self):
        """The parameters of MAIL stay, and bounces reach who has sent it."""
        self.sink.stop()
        self.sink = lab.Sink(refused=("nobody@far.example",))
        self.addCleanup(self.sink.stop)
        milter, mta = self.start(REWRITE_PATH)
        for raw in HONEST, HONEST.replace(b"alice@", b"root@host."):
            before = len(self.sink.messages)
            result = lab.submit(
                mta.submission_port, raw, "root@host.example",
                [FRIEND, "nobody@far.example"], login=ALICE,
                password=USERS[ALICE], mail_args=[
                    "RET=HDRS", "ENVID=QQ314", "BODY=8BITMIME", "SIZE=900"])
            self.assertTrue(result.accepted, result)
            arrived = {m.recipients[0]: m
                       for m in self.sink.wait_for(before + 2)[before:]}
            message, bounce = arrived[FRIEND], arrived[ALICE]
            self.assertEqual(message.mail_from, ALICE)
            self.assertIn(b"<alice@corp.example>", fields(message.data, b"From")[0])
            self.check_signed(message.data)
            self.assertEqual(bounce.mail_from, "")
            self.assertIn(b"Original-Envelope-Id: QQ314\r\n", bounce.data)
            self.assertIn(b"Subject: hello\r\n", bounce.data)
            self.assertNotIn(b"last line", bounce.data)
        milter.wait_for_log("mail_from=alice@corp.example "
                            "claimed_mail_from=root@host.example .*"
                            "action=accept", 2)

    def test_a_reload_that_lets_mail_from_be_changed(self):
        """A session that began before has not agreed to it: never the foreign one."""
        milter, mta = self.start()
        with lab.Session(mta.submission_port) as s:
            s.open(), s.ehlo(), s.starttls(), s.ehlo()
            self.assertEqual(s.auth(ALICE, USERS[ALICE]).code, 235)
            self.assertEqual(self.send(s, "root@host.example").code, 550)
            milter.write(REWRITE_PATH)
            milter.process.signal(signal.SIGUSR1)
            milter.wait_for_log("reloaded")
            self.assertEqual(self.send(s, "root@host.example").code, 451)
            self.assertEqual(self.send(s, ALICE).code, 250)
        self.assertEqual(self.sink.wait_for(1)[0].mail_from, ALICE)
        self.assertTrue(self.submit(mta, HONEST, "root@host.example").accepted)
        self.assertEqual([m.mail_from for m in self.sink.wait_for(2)], [ALICE] * 2)

    @staticmethod
    def send(session, mail_from):
        """The reply to a message, or to MAIL where that is refused."""
        session.command("RSET")
        for reply in session.mail(mail_from), session.rcpt(FRIEND):
            if reply.code != 250:
                return reply
        session.command("DATA")
        session.send(HONEST.replace(b"\r\n.", b"\r\n..") + b".\r\n")
        return session.read_reply()

    def test_forged_results_go_and_others_stay(self):
        _, mta = self.start()
        data = self.deliver(mta, (
            b"Authentication-Results: one.example; none\r\n"
            b"authentication-results: (x) MAIL.corp.example 1; spf=pass\r\n"
            b"Authentication-Results: two.example; none\r\n"
            b"Authentication-Results: mail.corp.example; dkim=pass\r\n"
            b"Authentication-Results: three.example; none\r\n") + HONEST)
        self.assertEqual(fields(data, b"Authentication-Results"), [
            b"one.example; none", b"two.example; none", b"three.example; none"])
        self.check_signed(data)

    def test_fields_with_names_that_others_misread_are_removed(self):
        _, mta = self.start("authors { odd-field-name = repair }")
        for name in (b"Fr(x)om:", b"(a: b)From:", b"F()rom:", b">From:",
                     b"Resent_From:", b"(a:\r\n b)Sender:", b'"a: b"Author:',
                     b"Content-(x)Type:", b"Content_Type:", b"(:)", b"():",
                     b"=?utf-8?q?From?=:", b"From(:"):
            # Twice: Sendmail counts deleted fields, Postfix does not.
            odd = (name + b" ceo@corp.example\r\n") * 2
            with self.subTest(name=name):
                data = self.deliver(mta, odd + HONEST)
                self.check_signed(data)
                self.assertNotIn(b"ceo@corp.example", data)

    def test_redirected_mail_keeps_its_author_signature(self):
        """Signed elsewhere, redirected here, and by a host that may send as anyone."""
        import dkim
        top = self.world.top / ("away%d" % next(number))
        top.mkdir()
        world = World(top)
        key = (world.keys / "corp.example" / "s1.key").read_bytes()
        records = {"s1._domainkey.away.example":
                   world.records["s1._domainkey.corp.example"]}
        start = (b"From: Eve <eve@away.example>\r\nTo: friend@far.example\r\n"
                 b"Date: Tue, 23 Nov 2026 10:15:30 +0100\r\n"
                 b"Message-ID: none\r\nMIME-Version: 1.0\r\n"
                 b"Content-Type: text/plain; charset=utf-8\r\n")
        forms = {
            "odd stamps": b"Subject: x\r\n\r\nHello.\r\n",
            "8-bit Subject": b"Subject: Gr\xc3\xbc\xc3\x9fe\r\n\r\nHello.\r\n",
            "8-bit body": b"Subject: x\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
                          b"Gr\xc3\xbc\xc3\x9fe\r\n",
            "form feed": b"Subject: x\r\n\r\na\x0cb\r\n",
            "two Subjects": b"Subject: x\r\nSubject: y\r\n\r\nHello.\r\n",
        }
        resent = b"Resent-From: alice@corp.example\r\nResent-To: bob@corp.example\r\n"
        milter, mta = self.start(head="rights { redirect = accept }\n",
                                 rights="eve@away.example %s\n" % BOB)
        for name, form in forms.items():
            raw = start + form
            raw = dkim.sign(raw, b"s1", b"away.example", key, include_headers=[
                b"from", b"to", b"subject", b"subject", b"date", b"message-id",
                b"content-type", b"content-transfer-encoding"]) + raw
            for login, above in (ALICE, resent), (ALICE, resent * 2), (BOB, b""):
                with self.subTest(name, login=login, above=above):
                    data = self.deliver(mta, above + raw, login, login,
                                        mail_args=["BODY=8BITMIME"])
                    found = [s.ok for s in lab.verify(data, records)["dkimpy"]
                             if s.d == "away.example"]
                    self.assertEqual(found, [True], header_of(data))
        self.assertNotIn("breaks", milter.log())

    def test_large_body(self):
        _, mta = self.start()
        line = b"0123456789" * 7 + b"\r\n"
        raw = HONEST + line * 30000
        data = self.deliver(mta, raw)
        self.check_signed(data)
        self.assertTrue(data.endswith(line * 30000))

    def test_other_engine_and_canonicalizations(self):
        for options in ("sign { engine = libopendkim }",
                        "sign { canonicalization = relaxed/simple }",
                        "sign { engine = libopendkim; canonicalization = simple/simple }",
                        "sign { canonicalization = simple/simple }"):
            with self.subTest(options):
                milter, mta = self.start(options)
                for raw in HONEST, b"To: friend@far.example\r\n" + BODY:
                    self.check_signed(self.deliver(mta, raw))
                mta.stop()
                milter.kill()

    def test_rights_of_others(self):
        _, mta = self.start()
        data = self.deliver(mta, b"From: Sales <sales@corp.example>\r\n" + COMPLETE + BODY)
        self.check_signed(data)
        data = self.deliver(mta, b"From: x@team.example\r\n" + COMPLETE + BODY,
                            "y@team.example", BOB)
        self.check_signed(data)
        self.assertIn(b"d=team.example", fields(data, b"DKIM-Signature")[0])

    # Refused mail.

    def test_forged_mail_is_refused_with_a_reason(self):
        milter, mta = self.start()
        alice = b"From: alice@corp.example\r\n"
        may_not = "alice@corp.example may not send as %s (%s)"
        cases = [
            (b"From: ceo@corp.example\r\n" + COMPLETE, ALICE, 550, "5.7.1",
             may_not % (CEO, "From")),
            (b"From: x@team.example\r\n" + COMPLETE, ALICE, 550, "5.7.1",
             may_not % ("x@team.example", "From")),
            (b"From: alice@corp.example, ceo@corp.example\r\n" + COMPLETE, ALICE, 550,
             "5.7.1", may_not % (CEO, "From")),
            (alice + b"From: ceo@corp.example\r\n" + COMPLETE, ALICE, 554, "5.6.0",
             "two From fields"),
            (b"From: ceo@corp.example\r\n" + COMPLETE, "", 550, "5.7.1",
             may_not % (CEO, "From")),
            (alice + b"Sender: ceo@corp.example\r\n" + COMPLETE, ALICE, 550, "5.7.1",
             may_not % (CEO, "Sender")),
            (alice + b"Resent-From: ceo@corp.example\r\n" + COMPLETE, ALICE, 550,
             "5.7.1", may_not % (CEO, "Resent-From")),
            (alice + b"Author: ceo@corp.example\r\n" + COMPLETE, ALICE, 550, "5.7.1",
             may_not % (CEO, "Author")),
            (alice + b"X: " + b"y" * 1200 + b"\r\n" + COMPLETE, ALICE, 554, "5.6.0",
             f"a line of over {self.LINE_LIMIT} octets in X"),
        ]
        for head, mail_from, code, enhanced, text in cases:
            with self.subTest(text):
                result = self.submit(mta, head + BODY, mail_from)
                self.assertEqual(result.stage, "message", result)
                self.check_refused(mta, result, code, enhanced, text)
        self.assertEqual(milter.log().count("action=reject"), len(cases))
        self.assertRegex(milter.log(), r"qid=\w+ login=alice@corp.example .*action=reject")

    def test_foreign_mail_from_is_refused_at_mail(self):
        _, mta = self.start()
        result = self.submit(mta, HONEST, CEO)
        self.assertEqual(result.stage, "mail", result)
        self.check_refused(mta, result, 550, "5.7.1",
                           "alice@corp.example may not send as ceo@corp.example (MAIL FROM)")

    def test_a_hundred_percent_of_a_reply_arrives(self):
        _, mta = self.start()
        result = self.submit(mta, b"From: a%b%%c@corp.example\r\n" + COMPLETE + BODY)
        self.check_refused(mta, result, 554, "5.6.0", "'%' or '!' in a local part")

    # Who is sending.

    def test_without_a_login_nothing_passes(self):
        _, mta = self.start()
        result = lab.submit(mta.plain_port, HONEST, ALICE, [FRIEND], starttls=False)
        self.assertEqual(result.stage, "mail", result)
        self.check_refused(mta, result, 530, "5.7.0", "Authentication required")

    def test_a_trusted_host_has_rights_of_its_own(self):
        networks = self.world.top / "networks"
        networks.write_text("127.0.0.0/8  alice\n")
        milter, mta = self.start(
            'identify { methods = {sasl, network}; network = "cidr:%s" }\n' % networks)
        before = len(self.sink.messages)
        result = lab.submit(mta.plain_port, HONEST, ALICE, [FRIEND], starttls=False)
        self.assertTrue(result.accepted, result)
        self.check_signed(self.sink.wait_for(before + 1)[before].data)
        self.assertIn("via=network", milter.log())
        result = lab.submit(mta.plain_port, HONEST, CEO, [FRIEND], starttls=False)
        self.assertEqual(result.reply.code, 550)

    def test_unidentified_pass_changes_and_signs_nothing(self):
        _, mta = self.start("identify { unidentified = pass }\n")
        result = lab.submit(mta.plain_port, HONEST, CEO, [FRIEND], starttls=False)
        self.assertTrue(result.accepted, result)
        data = self.sink.wait_for(1)[0].data
        self.assertTrue(data.endswith(HONEST), data)
        self.assertEqual(fields(data, b"DKIM-Signature"), [])

    def test_a_bare_login_gets_the_realm(self):
        milter = Milter(self.world, self.mta_class).start()
        self.addCleanup(milter.kill)
        mta = self.mta_class(self.world.top / ("mta%d" % next(number)), self.debs,
                             self.sink.port, milter=milter.socket,
                             users={"alice": "secret"}, realm=None)
        self.addCleanup(mta.stop)
        mta.start()
        result = lab.submit(mta.submission_port, HONEST, ALICE, [FRIEND],
                            login="alice", password="secret")
        self.assertTrue(result.accepted, result)
        self.assertIn("login=alice@corp.example", milter.log())

    def start_with_saslauthd(self, *arguments, options=()):
        """A milter behind an MTA whose saslauthd knows alice and no realm."""
        saslauthd = lab.Saslauthd(self.world.top / ("sa%d" % next(number)), self.debs,
                                  {"alice": "secret"}, options)
        self.addCleanup(saslauthd.stop)
        saslauthd.start()
        milter = Milter(self.world, self.mta_class, *arguments).start()
        self.addCleanup(milter.kill)
        mta = self.mta_class(self.world.top / ("mta%d" % next(number)), self.debs,
                             self.sink.port, milter=milter.socket, realm=None,
                             saslauthd=saslauthd)
        self.addCleanup(mta.stop)
        mta.start()
        return milter, mta

    def check_says(self, milter, mta, text):
        done = subprocess.run(
            [os.environ["SUBMILTER"], "check", "-c", milter.config,
             *self.check_arguments(mta.directory)],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        self.assertRegex(done.stdout, text)

    def test_a_realm_that_was_typed_gives_no_right(self):
        """saslauthd looks at the user alone: alice logs in with any realm."""
        milter, mta = self.start_with_saslauthd()
        typed = "alice@team.example"
        raw = b"From: alice@team.example\r\n" + COMPLETE + BODY

        def submit(login, mail_from, raw):
            result = lab.submit(mta.submission_port, raw, mail_from, [FRIEND],
                                login=login, password="secret")
            self.assertEqual(result["auth"][0].code, 235, result)
            return result
        for mail_from in typed, "alice+x@team.example", "", CEO:
            self.check_refused(mta, submit(typed, mail_from, raw), 550, "5.7.1",
                               typed + " may not send as ")
        milter.wait_for_log(r'login=alice@team\.example .*action=reject .*detail="[^"]*neither '
                            r'domain nor identify\.realms names the realm team\.example', 3)
        self.check_says(milter, mta, r"ok: .*SMTP AUTH looks at the user alone: saslauthd -a "
                        r"getpwent without -r \(process \d+\)")
        # Her own realm is named, and a login without any gets it.
        for login in ALICE, "alice":
            before = len(self.sink.messages)
            self.assertTrue(submit(login, ALICE, HONEST).accepted)
            self.check_signed(self.sink.wait_for(before + 1)[before].data)

    def test_a_realm_that_was_typed_counts_where_it_is_named(self):
        """What the test above guards against does happen, and check tells of it."""
        milter, mta = self.start_with_saslauthd('identify { realms = {"team.example"} }\n')
        result = lab.submit(mta.submission_port,
                            b"From: alice@team.example\r\n" + COMPLETE + BODY,
                            "alice@team.example", [FRIEND], login="alice@team.example",
                            password="secret")
        self.assertTrue(result.accepted, result)
        self.check_says(milter, mta, r"error: .*SMTP AUTH looks at the user alone: .*alice in "
                        r"the realms that are named here")

    def test_saslauthd_that_takes_whole_logins(self):
        milter, mta = self.start_with_saslauthd('identify { realms = {"team.example"} }\n',
                                                options=["-r"])
        result = lab.submit(mta.submission_port, HONEST, "alice@team.example", [FRIEND],
                            login="alice@team.example", password="secret")
        self.assertEqual((result.stage, result.reply.code), ("auth", 535), result)
        self.check_says(milter, mta, r"ok: .*SMTP AUTH verifies the realm of a login: saslauthd "
                        r"-a getpwent with -r \(process \d+\)")

    def test_an_unqualified_mail_from_is_one_address(self):
        milter, mta = self.start()
        result = self.submit(mta, HONEST, "alice")
        self.assertEqual(result.accepted, result.reply.code == 250, result)
        self.assertNotIn("action=accept from=ceo", milter.log())
        result = self.submit(mta, HONEST, "ceo")
        self.assertFalse(result.accepted, result)

    def test_monitor_watches_and_does_nothing(self):
        milter, mta = self.start(head="mode = monitor\n")
        forged = b"From: ceo@corp.example\r\n" + COMPLETE + BODY
        data = self.deliver(mta, forged)
        self.assertTrue(data.endswith(forged), data)
        self.assertEqual(fields(data, b"DKIM-Signature"), [])
        self.assertRegex(milter.log(), "action=accept would=reject reason=rights")

    # Failures: nothing leaves unchecked or unsigned.

    def check_later(self, mta, result):
        self.assertFalse(result.accepted, result)
        self.assertEqual(result.reply.code // 100, 4, result)
        self.assertEqual(mta.queue_files(), [])

    def test_milter_that_is_not_there(self):
        milter = Milter(self.world, self.mta_class)
        mta = self.start_mta(milter.socket)
        self.check_later(mta, self.submit(mta, HONEST))
        milter.start()
        self.addCleanup(milter.kill)
        self.check_signed(self.deliver(mta, HONEST))
        milter.stop()
        self.assertFalse(milter.path.exists())
        self.check_later(mta, self.submit(mta, HONEST))
        milter.restart()
        self.check_signed(self.deliver(mta, HONEST))
        milter.path.unlink()
        self.check_later(mta, self.submit(mta, HONEST))
        self.assertEqual(len(self.sink.messages), 2)

    def session(self, mta):
        s = lab.Session(mta.submission_port)
        self.addCleanup(s.close)
        s.open()
        s.ehlo()
        s.starttls()
        s.ehlo()
        self.assertEqual(s.auth(ALICE, "secret").code, 235)
        return s

    def test_stop_between_messages(self):
        milter, mta = self.start()
        s = self.session(mta)
        self.assertEqual(s.mail(ALICE).code, 250)
        self.assertEqual(s.rcpt(FRIEND).code, 250)
        self.assertEqual(s.data(HONEST).code, 250)
        milter.stop()
        replies = [s.mail(ALICE)]
        if replies[-1].code == 250:
            replies += [s.rcpt(FRIEND)]
            if replies[-1].code == 250:
                replies += [s.data(HONEST)]
        self.assertEqual(replies[-1].code // 100, 4, replies)
        self.check_signed(self.sink.wait_for(1)[0].data)
        self.assertEqual(len(self.sink.messages), 1)

    def test_killed_in_mid_message(self):
        for stage in "mail", "header", "body":
            with self.subTest(stage):
                milter, mta = self.start()
                s = self.session(mta)
                self.assertEqual(s.mail(ALICE).code, 250)
                self.assertEqual(s.rcpt(FRIEND).code, 250)
                if stage == "mail":
                    milter.process.signal(signal.SIGKILL)
                    milter.process.wait(5)
                    reply = s.command("DATA")
                    if reply.code == 354:
                        s.send(HONEST + b".\r\n")
                        reply = s.read_reply()
                else:
                    self.assertEqual(s.command("DATA").code, 354)
                    head, body = HONEST.split(b"\r\n\r\n", 1)
                    s.send(head + b"\r\n")
                    if stage == "body":
                        s.send(b"\r\n" + b"x" * 70 + b"\r\n")
                        s.send(b"yyyyyyyy\r\n" * 20000)
                    milter.process.signal(signal.SIGKILL)
                    milter.process.wait(5)
                    s.send((b"\r\n" if stage == "header" else b"") + b"z\r\n.\r\n")
                    reply = s.read_reply()
                self.assertEqual(reply.code // 100, 4, reply)
                self.assertEqual(mta.queue_files(), [])
                self.assertEqual(self.sink.messages, [])
                mta.stop()
                milter.kill()

    def test_reload_in_mid_session(self):
        milter, mta = self.start()
        s = self.session(mta)
        shared = b"From: info@corp.example\r\n" + COMPLETE + BODY

        def send():
            self.assertEqual(s.mail(ALICE).code, 250)
            self.assertEqual(s.rcpt(FRIEND).code, 250)
            return s.data(shared)
        self.assertEqual(send().code, 550)
        milter.rights.write_text("info@corp.example alice@corp.example\n")
        milter.process.signal(signal.SIGUSR1)
        milter.wait_for_log("submilter: reloaded")
        self.assertEqual(send().code, 250)
        self.check_signed(self.sink.wait_for(1)[0].data)
        milter.rights.write_text("info@corp.example\n")
        milter.process.signal(signal.SIGUSR1)
        milter.wait_for_log("not reloaded")
        self.assertRegex(milter.log(), "rights.*1: .*a key without a value")
        self.assertEqual(send().code, 250)
        milter.write("no-such-option = 1\n")
        milter.process.signal(signal.SIGUSR1)
        milter.wait_for_log("not reloaded", 2)
        self.assertEqual(send().code, 250)

    def test_macro_lists_of_the_mta_do_not_matter(self):
        """What submilter needs it asks for itself, so no setting can hide it."""
        milter, mta = self.start(extra=self.NO_MACROS)
        self.check_signed(self.deliver(mta, (
            b"From: alice@corp.example\r\nTo: a@far.example,b@far.example\r\n"
            b"Subject: x\r\n" + DATE + b"Message-ID: <1@corp.example>\r\n" + BODY)))
        milter.wait_for_log(r"qid=[0-9A-Za-z]{5,} login=alice@corp\.example via=sasl "
                            r".*action=accept .*signed=corp")

    def test_two_hundred_at_once(self):
        milter, mta = self.start()

        def one(i):
            return self.submit(mta, HONEST.replace(b"<1@", b"<%d@" % i))
        with concurrent.futures.ThreadPoolExecutor(200) as pool:
            results = list(pool.map(one, range(200)))
        self.assertEqual([r for r in results if not r.accepted], [])
        messages = self.sink.wait_for(200, timeout=60)
        for message in messages:
            self.assertEqual(len(fields(message.data, b"DKIM-Signature")), 2)
        for message in messages[::20]:
            self.check_signed(message.data)
        self.assertEqual(len({fields(m.data, b"Message-ID")[0] for m in messages}), 200)
        self.assertEqual(milter.log().count("action=accept"), 200)
        self.assertEqual(len(set(re.findall(r"qid=(\w+)", milter.log()))), 200)

    # The process.

    def test_it_does_not_stay_root(self):
        nobody = pwd.getpwnam("nobody")
        keys = self.world.top / ("keys%d" % next(number))
        shutil.copytree(self.world.keys, keys)
        for path in [keys, *keys.rglob("*")]:
            os.chown(path, nobody.pw_uid, nobody.pw_gid)
        milter = Milter(self.world, self.mta_class)
        milter.fill["keys"] = keys
        milter.write('user = "nobody"\nsocket-mode = "0660"\n')
        milter.start()
        self.addCleanup(milter.kill)
        status = pathlib.Path("/proc/%d/status" % milter.process.pid).read_text()
        self.assertRegex(status, r"Uid:(\t%d){4}\n" % nobody.pw_uid)
        self.assertRegex(status, r"Gid:(\t%d){4}\n" % nobody.pw_gid)
        self.assertEqual(milter.path.stat().st_mode & 0o777, 0o660)
        self.assertEqual(milter.path.group(), self.mta_class.milter_group)
        mta = self.start_mta(milter.socket)
        self.check_signed(self.deliver(mta, HONEST))
        # The reload works without root, too.
        milter.process.signal(signal.SIGUSR1)
        milter.wait_for_log("submilter: reloaded")
        self.check_signed(self.deliver(mta, HONEST))
