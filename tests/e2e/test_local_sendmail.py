#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Mail that Sendmail or programs of its host make: sendmail(1), bounces, warnings."""

import os
import subprocess
import unittest

import common
import receipts
from common import ALICE, CEO, COMPLETE, FRIEND, lab
from test_local_mail import RETURNED, forwarded

HOST = "mail.corp.example"
ROOT, DAEMON = "root@" + HOST, "MAILER-DAEMON@" + HOST
NOBODY, BUSY = "nobody@far.example", "busy@far.example"
TEXT = b"Subject: x\n\nHello.\n"


def setUpModule():
    scratch = lab.scratch("submilter-e2e.")
    top = scratch.__enter__()
    unittest.addModuleCleanup(scratch.__exit__, None, None, None)
    common.Base.world = common.World(top)
    common.Base.debs = lab.Debs.shared(top, "sendmail")


class Sendmail(common.Base, receipts.Receipts, unittest.TestCase):
    mta_class = lab.Sendmail
    # The host has no key; its domain has.
    KEYS = "sign { parent-domain = yes }\n"

    def setUp(self):
        self.sink = lab.Sink(refused=[NOBODY], later=[BUSY])
        self.addCleanup(self.sink.stop)

    def start_with_login(self, **settings):
        networks = self.world.top / "networks"
        networks.write_text("127.0.0.1 local@corp.example\n")
        return self.start(
            self.KEYS + "identify { methods = {sasl, network}\n"
            "network = \"cidr:%s\" }\n" % networks,
            rights="%s local@corp.example\n" % ROOT, **settings)

    def next_one(self, before):
        return self.sink.wait_for(before + 1)[before]

    def test_who_forwards_need_not_encode_what_somebody_else_made(self):
        """What Sendmail writes anew in any case goes on unsigned, unless it came encoded:
        then it is decoded, or becomes a file."""
        milter, mta = self.start()
        for encoding, every in (None, 1), (b"base64", 1), (b"quoted-printable", 4):
            for name, raw in list(forwarded(encoding).items())[::every]:
                with self.subTest(name, encoding=encoding):
                    data = self.deliver(mta, raw, mail_args=["BODY=8BITMIME"])
                    if encoding is None and not RETURNED[name][1]:
                        self.assertEqual(common.fields(data, b"DKIM-Signature"), [])
                    else:
                        self.check_signed(data)
        milter.wait_for_log("signed=none .*repair.attached-messages", 5)

    def says(self, milter, mta, text):
        done = subprocess.run(
            [os.environ["SUBMILTER"], "check", "-c", milter.config, "--sendmail",
             mta.directory / "sendmail.cf"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        self.assertRegex(done.stdout, text)

    def test_mail_of_local_programs_is_signed(self):
        milter, mta = self.start_with_login()
        cron = b"From: root (Cron Daemon)\nTo: friend@far.example\n" + TEXT
        for arguments, text, sender, recipients in (
                (["-bm", FRIEND], TEXT, ROOT, [FRIEND]),
                (["-i", "-FCronDaemon", "-B8BITMIME", "-oem", FRIEND],
                 cron + b"Gr\xc3\xbc\xc3\x9fe\n.\n", ROOT, [FRIEND]),
                (["-t"], b"To: friend@far.example\nBcc: b@far.example\n" + TEXT, ROOT,
                 [FRIEND, "b@far.example"]),
                (["-f", "local@corp.example", FRIEND], TEXT, "local@corp.example", [FRIEND]),
                (["-f", "<>", FRIEND], b"From: " + ROOT.encode() + b"\n" + TEXT, "",
                 [FRIEND])):
            with self.subTest(arguments):
                before = len(self.sink.messages)
                mta.run_sendmail(arguments, text)
                message = self.next_one(before)
                self.assertEqual((message.mail_from, message.recipients),
                                 (sender, recipients))
                self.assertNotIn(b"bcc", common.header_of(message.data).lower())
                self.check_signed(message.data)
        milter.wait_for_log("login=local@corp.example via=network .*signed=corp.example", 5)
        self.assertEqual(mta.client_queue_files(), [])
        self.says(milter, mta, r"ok: Sendmail: mail of local programs passes the milter "
                  r"at port %d" % mta.plain_port)

    def test_a_program_that_speaks_smtp_to_it(self):
        _, mta = self.start_with_login()
        command, environment = mta.sendmail_command(["-bs"])
        with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE) as program:
            self.assertEqual(program.stdout.readline()[:4], b"220 ")
            for line, code in ((b"HELO localhost", b"250"),
                               (b"MAIL FROM:<%s>" % ROOT.encode(), b"250"),
                               (b"RCPT TO:<friend@far.example>", b"250"), (b"DATA", b"354"),
                               (TEXT.replace(b"\n", b"\r\n") + b".", b"250"),
                               (b"QUIT", b"221")):
                program.stdin.write(line + b"\r\n")
                program.stdin.flush()
                self.assertEqual(program.stdout.readline()[:3], code, line)
        self.check_signed(self.next_one(0).data)

    def test_what_is_refused_comes_back_signed(self):
        milter, mta = self.start_with_login()
        with self.assertRaisesRegex(lab.LabError, "exit code 69"):
            mta.run_sendmail(["-f", CEO, FRIEND], TEXT)
        message = self.next_one(0)
        self.assertEqual((message.mail_from, message.recipients), ("", [CEO]))
        self.assertIn(b"local@corp.example may not send as ceo@corp.example", message.data)
        self.assertIn(DAEMON.encode(), common.fields(message.data, b"From")[0])
        self.check_signed(message.data)
        milter.wait_for_log("via=network .*mail_from=<> .*signed=corp.example")

    def test_without_a_login_it_comes_back(self):
        """That return is the MTA's own mail, which needs no login."""
        milter, mta = self.start(self.KEYS)
        with self.assertRaisesRegex(lab.LabError, "exit code 69"):
            mta.run_sendmail(["-f", ALICE, FRIEND], TEXT)
        message = self.next_one(0)
        self.assertEqual((message.mail_from, message.recipients), ("", [ALICE]))
        self.assertIn(b"530 5.7.0 Authentication required", message.data)
        self.check_signed(message.data)
        milter.wait_for_log("via=bounce .*signed=corp.example")
        self.says(milter, mta, "warning: Sendmail: mail of local programs has no login and "
                  "will be refused")

    def test_what_sendmail_itself_makes_passes_no_milter(self):
        """Bounces, warnings and double bounces leave unsigned, whatever is set."""
        milter, mta = self.start_with_login(extra=[
            "define(`confTO_QUEUEWARN', `1s')dnl", "define(`confMIN_QUEUE_AGE', `0')dnl",
            "define(`confDOUBLE_BOUNCE_ADDRESS', `postmaster@corp.example')dnl"])
        raw = b"From: alice@corp.example\r\n" + COMPLETE + common.BODY

        def returned(sender, recipient):
            before = len(self.sink.messages)
            self.assertTrue(lab.submit(
                mta.submission_port, raw, sender, [recipient], login=ALICE,
                password="secret").accepted)
            return self.next_one(before)
        for sender, recipient, to, subject in (
                (ALICE, NOBODY, ALICE, b"Returned mail"),
                (ALICE, BUSY, ALICE, b"Warning: could not send"),
                ("", NOBODY, "postmaster@corp.example", b"Postmaster notify")):
            with self.subTest(subject):
                message = returned(sender, recipient)
                self.assertEqual((message.mail_from, message.recipients), ("", [to]))
                self.assertIn(subject, common.fields(message.data, b"Subject")[0])
                # That of what is returned is its own.
                self.assertEqual(common.fields(message.data, b"DKIM-Signature"), [])
        self.assertNotIn("from=mailer-daemon", milter.log())
        self.says(milter, mta, "ok: Sendmail: it gives its own bounces .* to no milter")

    def test_without_submit_cf_it_passes_no_milter(self):
        milter, mta = self.start_with_login()
        mta.run_sendmail_alone(["-bm", FRIEND], TEXT)
        self.assertEqual(common.fields(self.next_one(0).data, b"DKIM-Signature"), [])
        self.assertNotIn("qid=", milter.log())
        self.says(milter, mta, "warning: Sendmail: there is no .*/submit.cf")

    def test_a_port_that_wants_a_login_takes_no_local_mail(self):
        milter, mta = self.start_with_login()
        with self.assertRaisesRegex(lab.LabError, "exit code"):
            mta.run_sendmail(["-f", ALICE, FRIEND], TEXT, mta.submission_port)
        self.says(milter, mta, "warning: Sendmail: mail of local programs will be refused at "
                  "port %d " % mta.submission_port)


if __name__ == "__main__":
    unittest.main()
