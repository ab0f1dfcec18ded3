#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Key records as submilter judges them, and as verifiers that are not ours take
them: a message is signed with our key and verified with each record. SIGN_MESSAGE and
JUDGE_RECORD name the tools."""

import base64
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from lab.verify import verify               # noqa: E402

MESSAGE = b"From: a@corp.example\nSubject: x\n\nbody\n"
VERIFIERS = "dkimpy", "Mail::DKIM"

# Selector, record with names of p= values in braces, what we say, and which of the
# verifiers see it the other way: dkimpy does not look at h=, Mail::DKIM takes the
# last of two tags, neither cares where v= stands, and Mail::DKIM cannot read a bare
# RSAPublicKey. (A record that some verifier refuses is of no use.)
RECORDS = [
    ("r1", "v=DKIM1; k=rsa; h=sha256; p={rsa}", "published", ()),
    ("r1", "p={rsa}", "published", ()),
    ("r1", "k=rsa;p={rsa};", "published", ()),
    ("r1", "v = DKIM1 ; k = rsa ; p = {rsa} ", "published", ()),
    ("r1", "v=DKIM1; s=email; t=s; n=hi; x=y; p={rsa}", "published", ()),
    ("r1", "v=DKIM1; s=*; h=sha1:sha256; p={rsa}", "published", ()),
    ("r1", "v=DKIM1; t=y; p={rsa}", "published", ()),
    ("r1", "v=DKIM1; p={rsa_folded}", "published", ()),
    ("r1", "v=DKIM1; p={rsa_bare}", "published", ("Mail::DKIM",)),
    ("e1", "v=DKIM1; k=ed25519; h=sha256; p={ed}", "published", ()),
    ("r1", "v=DKIM1; p=", "revoked", ()),
    ("e1", "v=DKIM1; k=ed25519; p=", "revoked", ()),
    ("r1", "v=DKIM1; p={rsa_other}", "differs", ()),
    ("e1", "v=DKIM1; k=ed25519; p={ed_other}", "differs", ()),
    ("r1", "v=DKIM1; k=ed25519; p={ed}", "unusable", ()),
    ("r1", "v=DKIM2; p={rsa}", "unusable", ()),
    ("r1", "v=DKIM1; h=sha1; p={rsa}", "unusable", ("dkimpy",)),
    ("r1", "v=DKIM1; s=tlsrpt; p={rsa}", "unusable", ()),
    ("r1", "v=DKIM1; k=dsa; p={rsa}", "unusable", ()),
    ("r1", "v=DKIM1; k=rsa", "unusable", ()),
    ("r1", "v=DKIM1; p={rsa}; p={rsa}", "unusable", ("Mail::DKIM",)),
    ("r1", "k=rsa; v=DKIM1; p={rsa}", "unusable", VERIFIERS),
    ("r1", "v=DKIM1;; p={rsa}", "unusable", ("Mail::DKIM",)),
    ("r1", "v=DKIM1; junk; p={rsa}", "unusable", ()),
    ("r1", "v=DKIM1; p={rsa_cut}", "unusable", ()),
    ("r1", "v=DKIM1; p={ed}", "unusable", ()),
    ("r1", "v=spf1 -all", "unusable", ()),
    ("e1", "v=DKIM1; p={ed}", "unusable", ()),
    ("e1", "v=DKIM1; k=ed25519; p={ed_spki}", "unusable", ()),
]


def public(path):
    return subprocess.run(["openssl", "pkey", "-in", path, "-pubout", "-outform", "DER"],
                          check=True, stdout=subprocess.PIPE).stdout


def text(octets):
    return base64.b64encode(octets).decode()


class Records(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        top = tempfile.TemporaryDirectory(prefix="submilter-records.")
        cls.addClassCleanup(top.cleanup)
        cls.keys = pathlib.Path(top.name, "keys")
        folder = cls.keys / "corp.example"
        folder.mkdir(parents=True)
        der = {}
        for selector in "r1", "e1", "r2", "e2":
            options = ["ED25519"] if selector[0] == "e" else \
                ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"]
            path = folder / (selector + ".key") if selector[1] == "1" \
                else pathlib.Path(top.name, selector)
            subprocess.run(["openssl", "genpkey", "-algorithm", *options, "-out", path],
                           check=True, stderr=subprocess.DEVNULL)
            path.chmod(0o600)
            der[selector] = public(path)
        bare = subprocess.run(
            ["openssl", "rsa", "-pubin", "-inform", "DER", "-RSAPublicKey_out",
             "-outform", "DER"], input=der["r1"], check=True, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL).stdout
        rsa = text(der["r1"])
        cls.values = {
            "rsa": rsa, "rsa_folded": rsa[:40] + " \t " + rsa[40:],
            "rsa_bare": text(bare), "rsa_other": text(der["r2"]), "rsa_cut": rsa[:200],
            "ed": text(der["e1"][-32:]), "ed_other": text(der["e2"][-32:]),
            "ed_spki": text(der["e1"]),
        }
        done = subprocess.run(
            [os.environ["SIGN_MESSAGE"], "native", "relaxed/relaxed", cls.keys,
             "corp.example"], input=MESSAGE, check=True, stdout=subprocess.PIPE)
        cls.signed = done.stdout

    def judge(self, selector, records):
        done = subprocess.run(
            [os.environ["JUDGE_RECORD"], self.keys, "corp.example", selector],
            input="".join(r + "\n" for r in records), text=True, check=True,
            stdout=subprocess.PIPE)
        return [line.split("\t")[0] for line in done.stdout.splitlines()]

    def verdicts(self, selector, record):
        """Which verifiers pass our signature; those that do not know it are not there."""
        found = verify(self.signed, {selector + "._domainkey.corp.example": record})
        return {verifier: s.ok for verifier, signatures in found.items()
                for s in signatures if s.s == selector and s.ok is not None}

    def test_our_judgment_is_that_of_verifiers(self):
        compared = 0
        for selector, template, want, otherwise in RECORDS:
            record = template.format(**self.values)
            self.assertEqual(self.judge(selector, [record]), [want], template)
            verdicts = self.verdicts(selector, record)
            self.assertIn("dkimpy", verdicts)
            for verifier, passed in verdicts.items():
                self.assertEqual(passed, (want == "published") != (verifier in otherwise),
                                 "%s: %s" % (verifier, template))
                compared += 1
        print("key records compared with verifiers: %d passed, 0 failed" % compared)


if __name__ == "__main__":
    unittest.main()
