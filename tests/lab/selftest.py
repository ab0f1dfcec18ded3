#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The laboratory tests itself. To be run as root, as it stands or by unittest."""

import base64
import itertools
import os
import pathlib
import re
import signal
import socket
import ssl
import subprocess
import sys
import unittest
from unittest import mock

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import lab                                  # noqa: E402
from lab.process import free_port, run, wait_until    # noqa: E402

HONEST = (b"From: Alice <alice@corp.example>\r\nTo: bob@far.example\r\n"
          b"Date: Mon, 5 Jan 2026 10:00:00 +0000\r\n"
          b"Message-ID: <1@corp.example>\r\nSubject: hello\r\n\r\n"
          b".one dot\r\n..two\r\n.\r\nb\xe4r\r\nnul \0 tab \t end \r\n\r\n\r\n")
USERS = {"alice": "secret", "bob@other.example": "geheim"}


number = itertools.count()


def setUpModule():
    global top, debs
    scratch = lab.scratch()
    top = scratch.__enter__()
    unittest.addModuleCleanup(scratch.__exit__, None, None, None)
    debs = lab.Debs.shared(top)


def users_of(path):
    """Processes other than this one that have to do with a directory."""
    path, found = os.fsencode(path), []
    for proc in pathlib.Path("/proc").glob("[0-9]*"):
        if int(proc.name) == os.getpid():
            continue
        seen = []
        for name in "cmdline", "environ":
            try:
                seen.append((proc / name).read_bytes())
            except OSError:
                pass
        try:
            descriptors = list((proc / "fd").iterdir())
        except OSError:  # the process has ended since
            descriptors = []
        for link in [proc / "cwd", proc / "exe", *descriptors]:
            try:
                seen.append(os.fsencode(os.readlink(link)))
            except OSError:
                pass
        if any(path in s for s in seen):
            found.append((int(proc.name), seen[0]))
    return found


class Common:
    """What every MTA of the laboratory has to do.

    `kind` is its class, `logged_login` what stands before a login in its log.
    """

    def setUp(self):
        self.sink = lab.Sink()
        self.addCleanup(self.sink.stop)

    def start(self, **settings):
        settings.setdefault("users", USERS)
        settings.setdefault("sink_port", self.sink.port)
        mta = self.kind(top / str(next(number)), debs, **settings)
        self.addCleanup(self.stop_completely, mta)
        mta.start()
        return mta

    def stop_completely(self, mta):
        ports = mta.submission_port, mta.plain_port
        mta.stop()
        self.assertEqual(users_of(mta.directory), [])
        for port in ports:
            with self.assertRaises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", port)).close()

    def logins(self, log):
        """Logins in a log, as the milter is told of them."""
        return re.findall(self.logged_login + r"([^,\s]*)", log)

    def submit(self, mta, login="alice@corp.example", password="secret", raw=HONEST):
        return lab.submit(mta.submission_port, raw, "alice@corp.example",
                          ["bob@far.example"], login=login, password=password,
                          mail_args=["BODY=8BITMIME"])

    def test_submission_arrives_byte_for_byte(self):
        mta = self.start()
        result = self.submit(mta)
        self.assertTrue(result.accepted, result)
        message, = self.sink.wait_for(1)
        self.assertEqual(message.mail_from, "alice@corp.example")
        self.assertEqual(message.recipients, ["bob@far.example"])
        self.assertIn("BODY=8BITMIME", message.mail_args)
        self.assertTrue(message.data.startswith(b"Received: "), message)
        self.assertTrue(message.data.endswith(b"\r\n" + HONEST), message)
        wait_until(lambda: not mta.queue_files(), 5, "empty queue")

    def test_submission_port_insists_on_tls_and_auth(self):
        mta = self.start()
        with lab.Session(mta.submission_port) as s:
            s.open()
            self.assertNotIn("AUTH", s.ehlo().text)
            trust = ssl.create_default_context(cafile=mta.ca_file)
            self.assertEqual(s.starttls(trust).code, 220)
            self.assertIn("AUTH", s.ehlo().text)
        for login, password in (None, None), ("alice@corp.example", "wrong"):
            result = self.submit(mta, login, password)
            self.assertFalse(result.accepted, result)
            self.assertEqual(result.reply.code // 100, 5, result)
        self.assertEqual(mta.queue_files(), [])

    def test_plain_port_needs_no_login(self):
        mta = self.start()
        result = lab.submit(mta.plain_port, HONEST, "", ["bob@far.example"],
                            starttls=False, mail_args=["BODY=8BITMIME"])
        self.assertTrue(result.accepted, result)
        self.assertEqual(self.sink.wait_for(1)[0].mail_from, "")

    def test_logins_are_bare_only_without_a_realm(self):
        full = [("bob@other.example", "geheim"), ("alice@corp.example", "secret")]
        bare = [("alice", "secret")]
        for realm, typed in ("corp.example", full), (None, full + bare):
            with self.subTest(realm=realm):
                mta = self.start(realm=realm)
                for login, password in typed:
                    result = self.submit(mta, login, password)
                    self.assertTrue(result.accepted, result)
                log = mta.wait_for_log(self.logged_login, len(typed))
                self.assertEqual(self.logins(log), [t[0] for t in typed])

    def test_without_its_milter_nothing_is_accepted(self):
        missing = top / "no" / "milter.sock"
        for answer, digit in ("tempfail", 4), ("reject", 5):
            with self.subTest(answer=answer):
                mta = self.start(milter="unix:%s" % missing,
                                 on_milter_failure=answer)
                result = self.submit(mta)
                self.assertFalse(result.accepted, result)
                self.assertEqual(result.reply.code // 100, digit, result)
                self.assertEqual(mta.queue_files(), [])
        with socket.create_server(("127.0.0.1", 0)) as s:
            port = s.getsockname()[1]
        mta = self.start(milter="inet:%d@127.0.0.1" % port,
                         on_milter_failure="accept")
        self.assertTrue(self.submit(mta).accepted)
        mta.wait_for_log("milter")
        self.assertEqual(len(self.sink.wait_for(1)), 1)

    def test_undeliverable_mail_stays_in_the_queue(self):
        self.sink.stop()
        mta = self.start()
        self.assertTrue(self.submit(mta).accepted)
        self.assertTrue(mta.queue_files())
        mta.stop()
        self.assertTrue(mta.queue_files())

    def test_can_be_started_again(self):
        mta = self.start()
        mta.stop()
        mta.start()
        self.assertTrue(self.submit(mta).accepted)
        self.sink.wait_for(1)

    def test_a_killed_test_leaves_no_process(self):
        for kill in signal.SIGTERM, signal.SIGKILL:
            with self.subTest(signal=kill):
                directory = top / str(next(number))
                program = ("import sys, time, lab\n"
                           "m = lab.%s(%r, lab.Debs(%r), 1)\n"
                           "m.start(); print('up', flush=True); time.sleep(60)"
                           % (self.kind.__name__, str(directory),
                              str(debs.directory)))
                child = subprocess.Popen(
                    [sys.executable, "-c", program], stdout=subprocess.PIPE,
                    env=dict(os.environ, PYTHONPATH=str(
                        HERE.parent)))
                with child:
                    self.assertEqual(child.stdout.readline(), b"up\n")
                    self.assertTrue(users_of(directory))
                    child.send_signal(kill)
                wait_until(lambda: not users_of(directory), 5,
                           "end of all processes")


class PostfixTest(Common, unittest.TestCase):
    kind = lab.Postfix

    logged_login = "sasl_username="

    def test_taken_port_is_replaced(self):
        with socket.create_server(("127.0.0.1", 0)) as s:
            taken = s.getsockname()[1]
            ports = [taken] + [free_port() for _ in range(9)]
            with mock.patch("lab.mta.free_port", side_effect=ports):
                mta = self.start()
        self.assertNotIn(taken, [mta.submission_port, mta.plain_port])
        self.assertTrue(self.submit(mta).accepted)

    def test_bad_setting_is_reported(self):
        with self.assertRaisesRegex(lab.LabError, "inet_protocols"):
            self.start(extra={"inet_protocols": "bogus"})

    def test_realm_is_added(self):
        mta = self.start()
        self.assertTrue(self.submit(mta, login="alice").accepted)
        log = mta.wait_for_log(self.logged_login)
        self.assertEqual(self.logins(log), ["alice@corp.example"])

    def test_extra_settings_and_reload(self):
        mta = self.start(extra={"smtpd_banner": "$myhostname one"})
        with lab.Session(mta.plain_port) as s:
            self.assertTrue(s.open().text.endswith(" one"))
            mta.extra["smtpd_banner"] = "$myhostname two"
            mta.reload()
            self.assertEqual(s.ehlo().code, 250)
        with lab.Session(mta.plain_port) as s:
            self.assertTrue(s.open().text.endswith(" two"))

    def test_sendmail_command(self):
        mta = self.start()
        mta.sendmail(b"From: alice@corp.example\n\nhello\n",
                     "alice@corp.example", ["bob@far.example"])
        self.assertIn(b"\r\n\r\nhello\r\n", self.sink.wait_for(1)[0].data)


class SendmailTest(Common, unittest.TestCase):
    kind = lab.Sendmail

    logged_login = " authid="

    def test_extra_lines(self):
        mta = self.start(extra=["define(`confSMTP_LOGIN_MSG', `$j one')dnl"])
        with lab.Session(mta.plain_port) as s:
            self.assertTrue(s.open().text.endswith(" one"))


class SinkTest(unittest.TestCase):
    def test_extensions_can_be_withheld(self):
        for eightbit in True, False:
            for utf8 in True, False:
                with lab.Sink(eightbit, utf8) as sink:
                    with lab.Session(sink.port) as s:
                        s.open()
                        offer = s.ehlo().text.split("\n")
                self.assertEqual("8BITMIME" in offer, eightbit)
                self.assertEqual("SMTPUTF8" in offer, utf8)

    def test_odd_bytes_pass_client_and_sink(self):
        for raw in (b"", b".", b".\r\n", b"\r\n.\r\n..\r\n.x\r\n", b"a\rb\nc\0\r\n",
                    b"\n.\n", b"\r\r\n", b"a\n.\r\nb\r\n", b"\r\n\r\n", b"\xff\r"):
            with self.subTest(raw=raw), lab.Sink() as sink:
                result = lab.submit(sink.port, raw, "", ["x"], starttls=False)
                self.assertTrue(result.accepted, result)
                ended = raw if raw.endswith(b"\r\n") or not raw else raw + b"\r\n"
                self.assertEqual(sink.wait_for(1)[0].data, ended)

    def test_waiting_for_too_many_messages_fails(self):
        with lab.Sink() as sink, self.assertRaises(lab.LabError):
            sink.wait_for(1, timeout=0.1)

    def test_aborted_message_is_not_stored(self):
        with lab.Sink() as sink:
            with lab.Session(sink.port) as s:
                s.open()
                s.mail("")
                s.rcpt("x")
                s.command("DATA")
                s.send(b"From: x\r\n\r\n")
            sink.stop()
            self.assertEqual(sink.messages, [])


class VerifyTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        import dkim
        import nacl.signing
        openssl = debs.tool("openssl")
        rsa = run([openssl, "genrsa", "2048"])
        rsa = rsa[rsa.index(b"-----BEGIN"):]
        rsa_public = run([openssl, "pkey", "-pubout", "-outform", "DER"], input=rsa)
        seed = nacl.signing.SigningKey.generate()
        cls.records = {
            "r._domainkey.corp.example":
                "v=DKIM1; k=rsa; p=" + base64.b64encode(rsa_public).decode(),
            "e._domainkey.corp.example":
                "v=DKIM1; k=ed25519; p="
                + base64.b64encode(bytes(seed.verify_key)).decode()}
        signed = dkim.sign(HONEST, b"r", b"corp.example", rsa) + HONEST
        cls.signed = dkim.sign(
            signed, b"e", b"corp.example", base64.b64encode(bytes(seed)),
            signature_algorithm=b"ed25519-sha256") + signed

    def opinions(self, message, records):
        """By verifier: selector, algorithm and verdict of each signature."""
        return {v: [(s.d, s.s, s.a, s.ok) for s in signatures]
                for v, signatures in lab.verify(message, records).items()}

    def expect(self, message, ok, records=None):
        records = self.records if records is None else records
        both = [("corp.example", "e", "ed25519-sha256", ok),
                ("corp.example", "r", "rsa-sha256", ok)]
        seen = self.opinions(message, records)
        self.assertEqual(seen["dkimpy"], both)
        # Mail::DKIM learnt Ed25519 in 2024.
        if seen["Mail::DKIM"][0][3] is None:
            both[0] = both[0][:3] + (None,)
        self.assertEqual(seen["Mail::DKIM"], both)

    def test_good_signatures(self):
        self.expect(self.signed, True)

    def test_changed_body(self):
        self.expect(self.signed + b"more\r\n", False)

    def test_changed_header(self):
        self.expect(self.signed.replace(b"Subject: h", b"Subject: H"), False)

    def test_unknown_key(self):
        self.expect(self.signed, False, records={})

    def test_no_signature(self):
        self.assertEqual(self.opinions(HONEST, self.records),
                         {"dkimpy": [], "Mail::DKIM": []})

    def test_one_bad_signature_of_three(self):
        bad = (b"DKIM-Signature: v=1; a=rsa-sha256; d=corp.example; s=r; h=from;"
               b" bh=aaaa; b=bbbb\r\n")
        for verdicts in self.opinions(bad + self.signed, self.records).values():
            self.assertEqual([v[3] is not False for v in verdicts],
                             [False, True, True])


class DaemonTest(unittest.TestCase):
    ENV = {"PATH": "/usr/bin:/bin"}

    def daemon(self, script):
        self.output = top / ("%d.output" % next(number))
        daemon = lab.Daemon(["sh", "-c", script], self.ENV, self.output)
        self.addCleanup(daemon.stop)
        return daemon

    def test_exit_code_and_output(self):
        daemon = self.daemon("echo hello; exit 3")
        self.assertEqual(daemon.wait(5), 3)
        self.assertEqual(self.output.read_text(), "hello\n")

    def test_orphans_in_other_sessions_are_found(self):
        daemon = self.daemon("setsid sleep 60 & exit 0")
        self.assertEqual(daemon.wait(5), 0)
        orphan, = daemon.members()
        daemon.stop()
        self.assertFalse(pathlib.Path("/proc/%d" % orphan).exists())

    def test_stubborn_server_is_killed(self):
        daemon = self.daemon("trap '' TERM; echo; while :; do sleep 60; done")
        wait_until(lambda: self.output.read_text(), 5, "output")
        self.assertEqual(len(daemon.members()), 2)
        daemon.stop(timeout=0.1)
        self.assertEqual(daemon.wait(0), -signal.SIGKILL)

    def test_missing_program(self):
        with self.assertRaises(lab.LabError):
            lab.Daemon(["/nonexistent"], self.ENV, top / "missing")


if __name__ == "__main__":
    unittest.main()
