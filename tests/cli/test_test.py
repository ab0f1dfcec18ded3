#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""submilter test: what tests/golden does not show."""

import json
import os
import pwd
import shutil
import subprocess
import tempfile
import unittest

import schemas

SUBMILTER = os.path.abspath(
    os.path.join(os.environ.get("top_builddir", "."), "submilter"))

# libopendkim ends at a signature that it cannot read: no d=, no list of tags.
UNREADABLE = (b"DKIM-Signature: v=1; a=none; b=x\n",
              b"DKIM-Signature: nonsense\n",
              b"DKIM-Signature:\n")
BROKEN = (*UNREADABLE,
          b"DKIM-Signature: v=1; a=none; d=x.example; s=x; h=from; b=x\n",
          b"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;\n"
          b" d=other.example; s=r1; h=from:to; bh=AAAA; b=AAAA\n")
HONEST = (b"From: alice@corp.example\nTo: friend@rcpt.example\nSubject: x\n"
          b"Date: Mon, 23 Nov 2026 10:15:30 +0100\n"
          b"Message-ID: <1@corp.example>\n\nHello.\n")


class Test(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.keys = tempfile.mkdtemp(prefix="submilter-test.")
        cls.addClassCleanup(shutil.rmtree, cls.keys)
        subprocess.run([SUBMILTER, "genkey", "-d", cls.keys, "--selector", "1",
                        "corp.example"], check=True, stdout=subprocess.DEVNULL)

    def run_test(self, message, *args, conf="", code=0, keys=True, warns=False):
        """The output of the command."""
        with tempfile.TemporaryDirectory(prefix="submilter-test.") as top:
            with open(top + "/conf", "w", encoding="utf-8") as file:
                file.write('domain = "corp.example"\n')
                if os.geteuid() == 0 and "user = " not in conf:
                    file.write('user = "root"\n')
                if keys:
                    file.write('keys = "%s"\nsign { dkim-key = off }\n' % self.keys)
                file.write(conf)
            done = schemas.run(
                [SUBMILTER, "test", "-c", top + "/conf", *args, "-"],
                input=message, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                timeout=60, check=False)
        self.assertEqual(done.returncode, code, done)
        self.assertEqual(done.stderr != b"", warns, done.stderr)
        return done.stdout.decode()

    def test_how_login_and_rights_came_about(self):
        conf = ("identify { methods = {network, client-cert, sasl}\n"
                "methods-at = {\"25=network\"}\nnetwork = \"static:bob\"\n"
                "certificates = \"static:carol\" }\n"
                "rights { tables = {\"inline:{alice@corp.example=carol@corp.example}\"} }\n")
        args = ("--auth", "dora", "--mta", "postfix", "--explain")
        text = self.run_test(HONEST, *args, conf=conf, code=1)
        self.assertTrue(text.startswith(
            "identify     network: not asked on this service\n"
            "identify     client-cert: proves nothing\n"
            "identify     sasl: proves dora@corp.example\n"), text)
        self.assertRegex(text, r"(?m)^inline:.*\n +found +alice@corp.example .*\n"
                         r" += carol@corp.example$")
        certificate = ("--cert-subject", "Carol", "--cert-issuer", "Corp CA")
        text = self.run_test(HONEST, *args, *certificate, conf=conf)
        self.assertIn("client-cert: proves carol@corp.example\n", text)
        self.assertRegex(text, r"(?m)^static:carol\n +found +Corp\+20CA\|Carol ")
        self.assertNotIn("sasl:", text)
        answer = json.loads(self.run_test(HONEST, *args, *certificate, "--json", conf=conf))
        self.assertEqual([(t["key"], t["answer"]) for t in answer["tried"]][:2], [
            ("Corp+20CA|Carol", "found"), ("alice@corp.example", "found")])
        text = self.run_test(HONEST, *args, "--daemon-port", "25", code=75, warns=True,
                             conf=conf.replace("static:bob", "static:a, b"))
        self.assertIn("identify     a method cannot answer: identify by network: static:a, b, "
                      "key 192.0.2.1: \"a, b\" is not one login\n", text)

    def test_signatures_of_the_client_change_nothing(self):
        auth = ("--auth", "alice@corp.example")
        for field in BROKEN:
            with self.subTest(field):
                answer = json.loads(self.run_test(field + HONEST, "--json",
                                                  *auth))
                self.assertEqual(answer["signatures"], [
                    {"d": "corp.example", "s": "r1", "verified": True},
                    {"d": "corp.example", "s": "e1", "verified": True}])
                self.assertEqual(
                    field.decode().replace("\n", "\r\n") in answer["message"],
                    field not in UNREADABLE)
                for conf, keys, args in (
                        ("", False, auth),
                        ("mode = monitor\n", True, auth),
                        ("identify { unidentified = pass }\n", True, ())):
                    text = self.run_test(field + HONEST, *args, conf=conf,
                                         keys=keys)
                    self.assertIn("verdict      accept\n", text)
                    self.assertNotIn("\nsignature ", text)

    def test_the_mta_that_it_judges_for(self):
        auth = ("--auth", "alice@corp.example", "--json")
        files = {"postfix": "/etc/postfix/main.cf",
                 "sendmail": "/etc/mail/sendmail.cf"}
        there = [name for name, path in files.items() if os.path.exists(path)]
        answer = json.loads(self.run_test(HONEST, *auth))
        self.assertEqual(answer["mta"],
                         there[0] if len(there) == 1 else "unknown")
        for name in "postfix", "sendmail", "unknown":
            answer = json.loads(self.run_test(HONEST, "--mta", name, *auth))
            self.assertEqual((answer["mta"], answer["mta_by"]), (name, "--mta"))
        answer = json.loads(self.run_test(HONEST, "--mta", "postfix", *auth,
                                          conf="mta = sendmail\n"))
        self.assertEqual((answer["mta"], answer["mta_by"]),
                         ("sendmail", "the configuration says so"))
        text = self.run_test(HONEST, "--mta", "postfix", *auth[:2])
        self.assertIn("\nmta          postfix (--mta)\n", text)

    def test_the_mta_decides_as_it_does_live(self):
        # Sendmail cuts such an address; Postfix leaves it alone.
        message = HONEST.replace(b"friend@", b"f" * 300 + b"@")
        auth = ("--auth", "alice@corp.example")
        self.assertIn("verdict      accept\n",
                      self.run_test(message, "--mta", "postfix", *auth))
        for name in "sendmail", "unknown":
            self.assertIn("verdict      reject\n", self.run_test(
                message, "--mta", name, *auth, code=1))

    def test_a_parent_domain_signs_by_option(self):
        conf = ('identify { realms = {any-verified-by-sasl} }\n'
                'sign { parent-domain = %s }\n')
        for domain, option, signs in (("www.corp.example", "no", False),
                                      ("www.corp.example", "yes", True),
                                      ("a.b.corp.example", "yes", True),
                                      ("xcorp.example", "yes", False),
                                      ("other.example", "yes", False),
                                      ("corp.example", "yes", True)):
            with self.subTest(domain=domain, option=option):
                answer = json.loads(self.run_test(
                    HONEST.replace(b"alice@corp.example",
                                   b"alice@" + domain.encode()),
                    "--auth", "alice@" + domain, "--json", "--mta", "postfix",
                    conf=conf % option))
                self.assertEqual([(s["d"], s["verified"])
                                  for s in answer["signatures"]],
                                 [("corp.example", True)] * (2 if signs else 0))
                self.assertEqual(answer["log"].get("unsigned"),
                                 None if signs else "no key of " + domain)

    def test_no_parent_above_the_organization_signs(self):
        with tempfile.TemporaryDirectory(prefix="submilter-test.") as top:
            for name in "co.uk", "shop.co.uk":
                shutil.copytree(self.keys + "/corp.example", top + "/" + name)
            for domain, signer in (("www.shop.co.uk", "shop.co.uk"),
                                   ("other.co.uk", None), ("a.other.co.uk", None)):
                answer = json.loads(self.run_test(
                    HONEST.replace(b"corp.example", domain.encode()),
                    "--auth", "alice@" + domain, "--json", "--mta", "postfix",
                    keys=False, conf='keys = "%s"\n' % top +
                    "identify { realms = {any-verified-by-sasl} }\n"
                    "sign { dkim-key = off ; parent-domain = yes }\n"))
                self.assertEqual({s["d"] for s in answer["signatures"]},
                                 {signer} - {None}, domain)

    def test_a_parent_never_signs_for_foreign_authors(self):
        message = (b"Resent-From: alice@www.corp.example\n"
                   b"Resent-Date: Mon, 23 Nov 2026 10:15:30 +0100\n" +
                   HONEST.replace(b"alice@corp", b"boss@a.corp"))
        answer = json.loads(self.run_test(
            message, "--auth", "alice@www.corp.example", "--json",
            conf="identify { realms = {www.corp.example} }\n"
            "rights { redirect = accept }\nsign { parent-domain = yes }\n"))
        self.assertEqual(answer["signatures"], [])
        self.assertEqual(answer["log"]["unsigned"],
                         "a foreign author shares the domain of corp.example")

    def test_why_nothing_signed(self):
        answer = json.loads(self.run_test(
            HONEST, "--auth", "alice@corp.example", "--json",
            conf="sign { mode = monitor }\n"))
        self.assertEqual((answer["log"]["signed"], answer["log"]["unsigned"]),
                         ("none", "the block sign is in monitor mode"))

    @unittest.skipUnless(os.geteuid() == 0, "only root can become another user")
    def test_root_becomes_the_user_of_the_milter(self):
        user = pwd.getpwnam("daemon")
        with tempfile.TemporaryDirectory(prefix="submilter-test.") as top:
            os.chmod(top, 0o755)
            keys = shutil.copytree(self.keys, top + "/keys")
            for path, names, files in os.walk(keys):
                for name in (".", *names, *files):
                    os.chown(os.path.join(path, name), user.pw_uid, user.pw_gid)
            conf = 'user = "daemon"\nkeys = "%s"\n' % keys
            text = self.run_test(HONEST, "--auth", "alice@corp.example",
                                 conf=conf + "sign { dkim-key = off }\n",
                                 keys=False)
        self.assertIn("\nsignature    corp.example/r1  verified", text)

    def test_the_step_that_decided(self):
        auth = ("--auth", "alice@corp.example")
        foreign = HONEST.replace(b"alice@", b"boss@")
        for message, args, conf, code, step in (
                (HONEST, auth, "", 0, ""),
                (HONEST, (), "", 1, "identify"),
                (HONEST, (*auth, "--mail-from", "boss@corp.example"), "", 1, "path"),
                (foreign, auth, "", 1, "authors"),
                (foreign, auth, "mode = monitor\n", 0, "authors"),
                (HONEST, auth, "bounds { field-bytes = 1024 }\n", 0, ""),
                (b"X: %s\n" % (b"x" * 1100) + HONEST, auth,
                 "bounds { field-bytes = 1024 }\n", 1, "bounds")):
            with self.subTest(args=args, conf=conf, step=step):
                answer = json.loads(self.run_test(message, "--json", *args,
                                                  conf=conf, code=code))
                self.assertEqual(answer["step"], step)
                text = self.run_test(message, "--report-only", *args, conf=conf,
                                     code=code)
                self.assertEqual([line.split()[1] for line in text.splitlines()
                                  if line.startswith("step ")],
                                 [step] if step else [])

    def test_messages_that_nobody_signs(self):
        for message in b"Subject: x\n\nno author\n", b"\n", HONEST:
            self.run_test(message, conf="identify { unidentified = pass }\n")
            self.run_test(message, "--auth", "alice@corp.example",
                          conf="mode = monitor\n")

    def test_a_header_that_cannot_be_parsed(self):
        for octet, why in ((b"\0", "NUL in the header"),
                           (b"a\rb", "bare CR in the header")):
            message = b"Subject: " + octet + b"\n" + HONEST
            auth = ("--auth", "alice@corp.example")
            with self.subTest(why):
                answer = json.loads(self.run_test(message, "--json", *auth,
                                                  code=1))
                self.assertEqual(answer["verdict"], "reject")
                self.assertEqual(answer["smtp"], "554 5.6.0 " + why)
                self.assertEqual(answer["log"]["login"], auth[1])
                self.assertEqual(answer["log"]["reason"], "header-syntax")
                text = self.run_test(message, *auth, code=1)
                self.assertIn("reply        554 5.6.0 %s\n" % why, text)
                self.assertRegex(text, r'\nlog          login=alice@corp.example '
                                 r'.*action=reject reason=header-syntax '
                                 r'reply="554 5.6.0 %s"' % why)
                # Who is not logged in is told so first, as by the milter.
                self.assertIn("530 5.7.0", self.run_test(message, code=1))


if __name__ == "__main__":
    unittest.main()
