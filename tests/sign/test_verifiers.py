#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Both engines against each other and against verifiers that are not ours. The
messages made by hand are signed in every canonicalization, the cases in one of
them in turn. SIGN_MESSAGE names the signing tool."""

import base64
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from lab.verify import verify               # noqa: E402

ENGINES = "native", "libopendkim"
CANONS = "relaxed/relaxed", "relaxed/simple", "simple/relaxed", "simple/simple"
BY_HAND = {
    "empty-body": b"From: a@corp.example\n\n",
    "blank-body": b"From: a@corp.example\n\n\n\n\n",
    "spaces-only": b"From: a@corp.example\n\n \t \n",
    "leading-blanks": b"From: a@corp.example\n\n  two  blanks\t\ttabs \n\n\n",
    "no-last-line-end": b"From: a@corp.example\n\nx",
    "long-lines": b"From: a@corp.example\nSubject: " + b"w " * 300 + b"\n\n"
                  + b"z" * 5000 + b"\n",
    "folds": b"From: a@corp.example\nSubject: a\n\tb\n   c \nTo:x@y.example\n\nz\n",
    "repeated": b"From: a@corp.example\nTo: b@x\nSubject: 1\nTo: c@x\nTo: d@x\n\nz\n",
    "empty-fields": b"From: a@corp.example\nSubject:\nTo: \nCc:\t\n\nz\n",
    "8-bit": b"From: \xc3\x9c <a@corp.example>\nSubject: \xfc\n\n\xfc \xff\n",
    "old-signature": b"DKIM-Signature: v=1; nonsense\nFrom: a@corp.example\n\nz\n",
}


def messages():
    for path in sorted((HERE.parent / "cases").glob("*.eml")):
        yield path.stem, path.read_bytes()
    yield from BY_HAND.items()


class Verifiers(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.top = tempfile.TemporaryDirectory(prefix="submilter-sign.")
        cls.addClassCleanup(cls.top.cleanup)
        cls.keys = pathlib.Path(cls.top.name, "keys")
        folder = cls.keys / "corp.example"
        folder.mkdir(parents=True)
        cls.records = {}
        for selector, options in (
                ("r1", ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"]),
                ("e1", ["ED25519"])):
            path = folder / (selector + ".key")
            subprocess.run(["openssl", "genpkey", "-algorithm", *options, "-out", path],
                           check=True, stderr=subprocess.DEVNULL)
            path.chmod(0o600)
            public = subprocess.run(["openssl", "pkey", "-in", path, "-pubout",
                                     "-outform", "DER"], check=True,
                                    stdout=subprocess.PIPE).stdout
            kind = "rsa" if selector == "r1" else "ed25519"
            if kind == "ed25519":
                public = public[-32:]
            cls.records[selector + "._domainkey.corp.example"] = \
                "v=DKIM1; k=%s; p=%s" % (kind, base64.b64encode(public).decode())

    def sign(self, engine, canon, raw):
        done = subprocess.run(
            [os.environ["SIGN_MESSAGE"], engine, canon, self.keys, "corp.example"],
            input=raw, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        return done.returncode, done.stdout

    def body_hashes(self, signed):
        return re.findall(rb"\bbh=\s*([A-Za-z0-9+/=\s]+);", signed.split(b"\r\n\r\n")[0])

    def test_every_case_verifies_with_every_verifier(self):
        work = [(name, raw, canon) for number, (name, raw) in enumerate(messages())
                for canon in (CANONS if name in BY_HAND else [CANONS[number % 4]])]
        with concurrent.futures.ThreadPoolExecutor(2 * os.cpu_count()) as pool:
            signed = sum(pool.map(lambda w: self.sign_and_verify(*w), work))
        self.assertGreater(signed, 300)
        print("signed and verified: %d passed, 0 failed" % signed)

    def sign_and_verify(self, name, raw, canon):
        """The number of engines that signed, which is all of them or none."""
        results = {e: self.sign(e, canon, raw) for e in ENGINES}
        codes = {r[0] for r in results.values()}
        # 3: the header is not one that can be signed.
        self.assertIn(codes, ({0}, {3}), name)
        if codes == {3}:
            return 0
        hashes = set()
        for engine, (_, signed) in results.items():
            self.check("%s %s %s" % (name, canon, engine), signed)
            hashes.update(re.sub(rb"\s", b"", h)
                          for h in self.body_hashes(signed)[:2])
        self.assertEqual(len(hashes), 1, (name, hashes))
        return len(results)

    def check(self, engine, signed):
        opinions = verify(signed, self.records)
        ours = [s for s in opinions["dkimpy"] if s.d == "corp.example"
                and s.s in ("r1", "e1")]
        self.assertEqual(sorted(s.a for s in ours), ["ed25519-sha256", "rsa-sha256"])
        for verifier, found in opinions.items():
            for s in found:
                if s.d == "corp.example" and s.s in ("r1", "e1") and s.ok is not None:
                    self.assertTrue(s.ok, "%s by %s: %s\n%s" % (
                        engine, verifier, s, signed[:3000].decode("latin-1")))

    def test_a_changed_message_does_not_verify(self):
        for engine in ENGINES:
            code, signed = self.sign(engine, "relaxed/relaxed", BY_HAND["folds"])
            self.assertEqual(code, 0)
            for old, new in (b"\r\nz\r\n", b"\r\ny\r\n"), (b"From: a@", b"From: b@"):
                changed = signed.replace(old, new)
                self.assertNotEqual(changed, signed)
                self.assertEqual([s.ok for s in verify(
                    changed, self.records)["dkimpy"]], [False, False])
            # Oversigned: nobody adds a second one.
            added = signed.replace(b"From: a@", b"From: x@y.example\r\nFrom: a@")
            self.assertEqual([s.ok for s in verify(added, self.records)["dkimpy"]],
                             [False, False])


if __name__ == "__main__":
    unittest.main()
