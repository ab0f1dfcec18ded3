#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What a signature leaves open, and what it does not: what a mailing list or a
redirecting user may add to a signed message, what nobody may, and octets that
verifiers take in different ways. By both engines, and by verifiers that are not
ours. SUBMILTER names the program."""

import base64
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from lab.verify import MailDKIM, verify     # noqa: E402

SUBMILTER = os.path.abspath(os.environ.get("SUBMILTER") or os.path.join(
    os.environ.get("top_builddir", "."), "submilter"))
VERIFIERS = "dkimpy", "any blank"
ENGINES = "native", "libopendkim"
CANONS = "relaxed/relaxed", "relaxed/simple", "simple/relaxed", "simple/simple"
PLAIN = ("From: alice@corp.example", "To: friend@rcpt.example", "Subject: hello",
         "Date: Mon, 23 Nov 2026 10:15:30 +0100", "Message-ID: <1@corp.example>")
MIME = ("MIME-Version: 1.0", "Content-Type: text/plain; charset=us-ascii",
        "Content-Transfer-Encoding: 7bit")
THREAD = ("Sender: alice@corp.example", "Reply-To: alice@corp.example",
          "Cc: other@rcpt.example", "In-Reply-To: <0@rcpt.example>",
          "References: <0@rcpt.example>", "List-Id: <news.corp.example>",
          "List-Unsubscribe: <mailto:leave@corp.example>",
          "Content-Disposition: inline")
RESENT = ("Resent-From: alice@corp.example", "Resent-To: x@rcpt.example",
          "Resent-Date: Mon, 23 Nov 2026 10:15:30 +0100",
          "Resent-Message-ID: <2@corp.example>")

# What is put on top, whether the signature of a message survives that which has
# none of these fields, and likewise of one that has them all.
ADDED = (
    ("Received: from x by y; Mon, 23 Nov 2026 10:16:00 +0100", True, True),
    ("X-Anything: x", True, True),
    ("Authentication-Results: list.example; none", True, True),
    ("Precedence: list", True, True),
    ("Errors-To: bounces@list.example", True, True),
    ("Sender: bounces@list.example", True, False),
    ("Reply-To: list@list.example", True, False),
    ("Cc: list@list.example", True, False),
    ("In-Reply-To: <9@rcpt.example>", True, False),
    ("References: <9@rcpt.example>", True, False),
    ("List-Id: <list.example>", True, False),
    ("List-Unsubscribe: <mailto:leave@list.example>", True, False),
    ("List-Post: <mailto:list@list.example>", True, True),
    ("List-Archive: <https://list.example/>", True, True),
    ("Resent-From: x@rcpt.example", True, False),
    ("Resent-To: y@rcpt.example", True, False),
    ("Resent-Sender: x@rcpt.example", True, True),
    ("Content-Disposition: attachment", True, False),
    ("From: ceo@corp.example", False, False),
    ("Author: ceo@corp.example", False, False),
    ("To: ceo@corp.example", False, False),
    ("Subject: other", False, False),
    ("Date: Mon, 23 Nov 2026 10:15:30 +0200", False, False),
    ("Message-ID: <9@corp.example>", False, False),
    ("MIME-Version: 1.0", False, False),
    ("Content-Type: text/html", False, False),
    ("Content-Transfer-Encoding: base64", False, False),
)


class Lists(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        top = tempfile.TemporaryDirectory(prefix="submilter-lists.")
        cls.addClassCleanup(top.cleanup)
        cls.top = pathlib.Path(top.name)
        subprocess.run([SUBMILTER, "genkey", "-d", cls.top / "keys", "--selector",
                        "1", "corp.example"], check=True, stdout=subprocess.DEVNULL)
        cls.records = {}
        for path in (cls.top / "keys/corp.example").glob("*.key"):
            der = subprocess.run(["openssl", "pkey", "-in", path, "-pubout", "-outform",
                                  "DER"], check=True, stdout=subprocess.PIPE).stdout
            kind = "ed25519" if path.stem.startswith("e") else "rsa"
            cls.records[path.stem + "._domainkey.corp.example"] = "v=DKIM1; k=%s; p=%s" % (
                kind, base64.b64encode(
                    der[-32:] if kind == "ed25519" else der).decode())

        cls.perl = cls.enterClassContext(MailDKIM(cls.records))

    def sign(self, *fields, body=b"hello\n", engine="native", conf="", canon=CANONS[0]):
        """The message as it goes on."""
        head = b"".join((f if isinstance(f, bytes) else f.encode()) + b"\n"
                        for f in fields)
        path = self.top / "conf"
        path.write_text('keys = "%s"\ndomain = corp.example\nuser = root\n'
                        "sign { dkim-key = off }\n"
                        "rights { redirect = accept }\n"
                        "sign { engine = %s; canonicalization = %s }\n%s"
                        % (self.top / "keys", engine, canon, conf))
        done = subprocess.run([SUBMILTER, "test", "-c", path, "--json", "--auth",
                               "alice@corp.example", "-"], input=head + b"\n" + body,
                              stdout=subprocess.PIPE, check=False, timeout=60)
        answer = json.loads(done.stdout)
        self.assertEqual(answer["verdict"], "accept", answer)
        self.assertEqual([s["verified"] for s in answer["signatures"]], [True, True],
                         answer)
        message = answer["message"].encode()
        # As every MTA ends it.
        return message if message.endswith(b"\r\n") else message + b"\r\n"

    def opinions(self, message):
        """Whether all signatures of ours are valid, or none is."""
        opinions = verify(message, self.records, VERIFIERS)
        opinions["Mail::DKIM"] = self.perl.verify(message)
        found = {(v, s.ok) for v, all_ in opinions.items()
                 for s in all_ if s.d == "corp.example" and s.ok is not None}
        self.assertEqual({v for v, _ in found}, set(opinions), message)
        self.assertEqual(len({ok for _, ok in found}), 1, (found, message))
        return found.pop()[1]

    def signed_names(self, message):
        value = re.search(rb"\bh=([^;]*);", message).group(1)
        return re.sub(rb"\s", b"", value).decode().split(":")

    def test_what_a_list_may_add(self):
        for engine in ENGINES:
            for mta in "postfix", "sendmail":
                conf = "mta = %s\n" % mta
                bare = self.sign(*PLAIN, engine=engine, conf=conf)
                full = self.sign(*RESENT, *PLAIN, *THREAD, *MIME, engine=engine,
                                 conf=conf)
                for message in bare, full:
                    self.assertTrue(self.opinions(message))
                for field, to_bare, to_full in ADDED:
                    with self.subTest(field, engine=engine, mta=mta):
                        line = field.encode() + b"\r\n"
                        self.assertEqual(self.opinions(line + bare), to_bare)
                        self.assertEqual(self.opinions(line + full), to_full)

    def test_what_a_list_adds_together(self):
        top = "".join(f + "\r\n" for f, to_bare, _ in ADDED if to_bare).encode()
        for canon in CANONS:
            for engine in ENGINES:
                with self.subTest(canon, engine=engine):
                    signed = self.sign(*PLAIN, engine=engine, canon=canon)
                    self.assertTrue(self.opinions(top + signed))

    def test_what_sendmail_adds_is_left_open(self):
        eight = b"gr\xc3\xbc\xc3\x9fe\n"
        off = "repair { date = no; message-id = no; body = %s; header-8bit = no }\n"
        stamps, mime = {"date", "message-id"}, {f.split(":")[0].lower() for f in MIME}
        for mta, body, octets, fields, left_open in (
                ("postfix", "no", b"x\n", PLAIN[:3], set()),
                ("postfix", "certain", eight, PLAIN[:3], set()),
                ("sendmail", "certain", b"x\n", PLAIN[:3], stamps),
                ("sendmail", "certain", b"x\n", PLAIN, set()),
                ("sendmail", "certain", eight, PLAIN, mime),
                ("auto", "certain", eight, PLAIN, mime),
                ("sendmail", "certain", eight, PLAIN + MIME[:2],
                 {"content-transfer-encoding"}),
                ("sendmail", "no", b"x\n", PLAIN, mime),
                ("sendmail", "no", eight, PLAIN + MIME, set()),
                # The part is encoded, and has all three then.
                ("sendmail", "all", eight, PLAIN, set()),
                ("sendmail", "certain", b"x\n",
                 PLAIN[:2] + ("Subject: gr\u00fc\u00dfe",) + PLAIN[3:], mime)):
            for engine in ENGINES:
                with self.subTest(mta, body=body, octets=octets, fields=fields,
                                  engine=engine):
                    signed = self.sign(*fields, body=octets, engine=engine,
                                       conf="mta = %s\n" % mta + off % body)
                    names = self.signed_names(signed)
                    for name in stamps | mime | {"from", "to", "subject", "author"}:
                        has = any(f.lower().startswith(name.encode() + b":")
                                  for f in signed.split(b"\r\n"))
                        want = 0 if name in left_open else 2 if has else 1
                        self.assertEqual(names.count(name), want, (name, names))
                    self.assertTrue(self.opinions(signed))

    def test_one_spelling_for_each_name(self):
        for canon in CANONS:
            signed = self.sign("FROM: alice@corp.example", "tO: x@y.example",
                               *PLAIN[2:], *THREAD, canon=canon, engine="libopendkim")
            names = self.signed_names(signed)
            with self.subTest(canon):
                self.assertEqual(len(set(names)), len({n.lower() for n in names}), names)
                if canon.startswith("relaxed"):
                    self.assertEqual(names, [n.lower() for n in names])
                self.assertTrue(self.opinions(signed))

    def test_controls_in_signed_fields_are_blanks(self):
        for engine in ENGINES:
            for canon in CANONS[::3]:
                for blank in (b"\x01", b"\x0b", b"\x0c", b"\x1b", b"\x1c", b"\x1d",
                              b"\x1e", b"\x1f", b"\x7f", b"\xc2\x85", b"\xc2\x9f",
                              b"\xe2\x80\xa8", b"\xe2\x80\xa9"):
                    with self.subTest(blank, engine=engine, canon=canon):
                        signed = self.sign(
                            PLAIN[0], b"To: Friend" + blank + b"<friend@rcpt.example>",
                            b"Subject: x" + blank + b"From: ceo" + blank,
                            b"Date: Mon,\x0c23 Nov 2026 10:15:30 +0100", PLAIN[4],
                            b"References: <1@x>\n " + blank + b"\n <2@x>",
                            MIME[0], b"Content-Type: text/plain;" + blank
                            + b"charset=us-ascii", b"List-Id:" + blank + b"\n <x.y>",
                            engine=engine, canon=canon)
                        self.assertNotIn(blank, signed)
                        self.assertIn(b"Subject: x From: ceo", signed)
                        self.assertIn(b"Date: Mon, 23 Nov 2026 10:15:30 +0100", signed)
                        self.assertIn(b"<1@x>\r\n <2@x>\r\n", signed)
                        self.assertTrue(self.opinions(signed))

    def test_a_form_feed_is_read_in_one_way(self):
        for body in (b"one\n\x0c\ntwo\n", b"\x0c\n", b"\x0b", b"one \x0c two\x0b \n",
                     b"one\n" * 5000 + b"\x0c\n", b"\xc3\xbc\x0c\n", b"\x0c\n" * 3):
            for engine in ENGINES:
                for conf in "", "repair { body = no }\n", "repair { mode = monitor }\n":
                    for canon in CANONS if not conf else CANONS[:1]:
                        if b"\xc3" in body and conf:
                            continue    # would not be JSON's to print
                        with self.subTest(body[:20], engine=engine, conf=conf,
                                          canon=canon):
                            signed = self.sign(*PLAIN, body=body, engine=engine,
                                               conf=conf, canon=canon)
                            head = canon.partition("/")[0].encode()
                            self.assertIn(b"c=" + head + b"/simple;", signed)
                            self.assertTrue(self.opinions(signed))
        # Without, it is as configured.
        self.assertIn(b"c=relaxed/relaxed;", self.sign(*PLAIN))

    def test_signatures_that_nobody_can_read_go(self):
        good = "v=1; a=rsa-sha256; d=x.example; s=a; h=from:subject; bh=AA==; b=AA=="
        for value, stays in (
                (good, True), (good + ";", True), (good + "; x-y=1; t=1; x=2", True),
                (good.replace("; ", ";\n\t"), True), (good.replace("bh=AA==; ", ""), True),
                (good.replace("=", " = ", 3), True),
                ("", False), ("nonsense", False), ("v=1; nonsense", False),
                (good + "; x", False), (good + ";;", False), (good + "; =x", False),
                (good + "; a b=x", False), (good + "; z=\x01", False),
                (good + "; z=\u00e4", False), (good + "; t=-1", False),
                (good + "; x=never", False), (good + "; t=" + "9" * 30, False),
                *((re.sub(r"(^|; )%s=[^;]*" % tag, "", good), False)
                  for tag in "vadshb"), (good.upper(), False)):
            field = "DKIM-Signature: " + value
            for fields in PLAIN, (*RESENT, "From: bob@x.example", *PLAIN[1:]):
                with self.subTest(value, redirected=len(fields) > 5):
                    signed = self.sign(field, *fields)
                    # One of ours for each key.
                    self.assertEqual(signed.count(b"DKIM-Signature:"), 2 + stays)

    def test_what_others_have_signed_stays_in_redirected_mail(self):
        signature = ("DKIM-Signature: v=1; a=rsa-sha256; d=x.example; s=a;\n"
                     "\th=From : SUBJECT:to; bh=AA==; b=AA==")
        fields = (*RESENT, signature, "From: bob@x.example", PLAIN[1],
                  "Subject: x\x0cy", *PLAIN[3:], "References: <1@x>\x0c<2@x>")
        signed = self.sign(*fields)
        self.assertIn(b"Subject: x\x0cy\r\n", signed)
        self.assertIn(b"References: <1@x> <2@x>\r\n", signed)
        self.assertIn(b"c=simple/relaxed;", signed)
        self.assertTrue(self.opinions(signed))
        # Whoever writes as himself, writes such a field himself.
        signed = self.sign(signature, *PLAIN[:2], "Subject: x\x0cy", *PLAIN[3:])
        self.assertIn(b"Subject: x y\r\n", signed)
        # What cannot be read covers nothing.
        signed = self.sign(*(f.replace(" s=a;", "") for f in fields))
        self.assertIn(b"Subject: x y\r\n", signed)


if __name__ == "__main__":
    unittest.main()
