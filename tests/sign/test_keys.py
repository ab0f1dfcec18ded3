#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Keys: what genkey makes, and what is refused by name. SUBMILTER names the
program, SIGN_MESSAGE the signing tool, which loads keys as the daemon does."""

import base64
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

NOBODY = 65534
MESSAGE = b"From: a@corp.example\n\nx\n"
# How messages of the command begin.
SAYS = "submilter genkey: "


def openssl(*args, **more):
    return subprocess.run(["openssl", *map(str, args)], check=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          **more).stdout


class Keys(unittest.TestCase):

    def setUp(self):
        top = tempfile.TemporaryDirectory(prefix="submilter-keys.")
        self.addCleanup(top.cleanup)
        self.keys = pathlib.Path(top.name, "keys")
        self.folder = self.keys / "corp.example"
        self.folder.mkdir(parents=True)

    def genkey(self, *args, code=0):
        done = subprocess.run([os.environ["SUBMILTER"], "genkey", "-d", self.keys, *args],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, code, done)
        return done.stdout, done.stderr

    def load(self, *prefix):
        """Exit code and error text of a tool that signs with the keys there."""
        done = subprocess.run(
            [*prefix, os.environ["SIGN_MESSAGE"], "native", "relaxed/relaxed", self.keys,
             "corp.example"], input=MESSAGE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, timeout=20)
        return done.returncode, done.stderr.decode()

    def refused(self, name, why):
        code, text = self.load()
        self.assertEqual(code, 3, text)
        self.assertRegex(text, re.escape(str(self.keys / name)) + ".*" + why)

    def put(self, name, data, mode=0o600):
        path = self.folder / name
        path.write_bytes(data)
        path.chmod(mode)
        return path

    def rsa(self, bits=2048):
        return openssl("genpkey", "-algorithm", "RSA", "-pkeyopt",
                       "rsa_keygen_bits:%d" % bits)

    def test_genkey_makes_keys_that_load_and_records_that_match(self):
        out, _ = self.genkey("--selector", "1", "corp.example")
        for selector in "r1", "e1":
            path = self.folder / (selector + ".key")
            self.assertEqual(path.stat().st_mode & 0o777, 0o600)
            found = re.search(r"(?s)%s\._domainkey\.corp\.example\. IN TXT \((.*?) \)\n"
                              % selector, out)
            strings = re.findall(r'"([^"]*)"', found[1])
            self.assertLessEqual(max(map(len, strings)), 255)
            tags = dict(t.strip().split("=", 1) for t in "".join(strings).split(";"))
            public = openssl("pkey", "-in", path, "-pubout", "-outform", "DER")
            if selector == "e1":
                public = public[-32:]
            self.assertEqual(base64.b64decode(tags["p"]), public)
            self.assertEqual(tags["k"], "rsa" if selector == "r1" else "ed25519")
            self.assertEqual(tags["v"], "DKIM1")
        self.assertEqual(self.load(), (0, ""))
        self.assertEqual(sorted(p.name for p in self.folder.iterdir()),
                         ["e1.key", "r1.key"])

    def test_genkey_overwrites_nothing(self):
        self.genkey("--selector", "1", "corp.example")
        before = {p: p.read_bytes() for p in self.folder.iterdir()}
        _, text = self.genkey("--selector", "1", "corp.example", code=1)
        self.assertIn("r1.key: File exists", text)
        self.assertEqual({p: p.read_bytes() for p in self.folder.iterdir()}, before)

    def test_genkey_makes_both_keys_or_none(self):
        self.genkey("--selector", "1", "corp.example")
        for kept in "e1.key", "r1.key":
            path = self.folder / kept
            before = path.read_bytes()
            for other in self.folder.iterdir():
                if other != path:
                    other.unlink()
            with self.subTest(kept):
                # The name is taken in any case of its letters.
                out, text = self.genkey("--selector", "1", "CORP.example", code=1)
                exists = "%s: File exists: for a second key of the domain name " \
                    "another selector (--selector)" % path
                self.assertEqual((out, text), ("", SAYS + exists + "\n"))
                out, text = self.genkey("--json", "--selector", "1", "corp.example",
                                        code=1)
                self.assertEqual(json.loads(out), {"error": exists, "exit": 1})
                self.assertEqual(text, SAYS + exists + "\n")
                self.assertEqual([p.name for p in self.folder.iterdir()], [kept])
                self.assertEqual(path.read_bytes(), before)
            self.genkey("--selector", "1", "corp.example", code=1)
            path.unlink()
            self.genkey("--selector", "1", "corp.example")

    def test_genkey_says_what_is_no_domain_and_what_no_selector(self):
        for name, want in (
                ("example", '"example" is not a domain: two labels or more of letters, '
                 "digits and hyphens\n"),
                ("x.example;", '"x.example;" is not a domain: two labels or more of letters, '
                 "digits and hyphens\n"),
                ("b\u00fccher.example", '"b\\xc3\\xbccher.example": names with other than '
                 "ASCII letters are written in their A-label form: "
                 "xn--bcher-kva.example\n")):
            with self.subTest(name):
                self.assertEqual(self.genkey(name, code=1), ("", SAYS + want))
        self.assertEqual(self.genkey("--selector", "a;b", "corp.example", code=1)[1],
                         SAYS + '"a;b" is not a selector: letters, digits and hyphens, in labels '
                         "with dots between them\n")
        self.assertEqual(list(self.folder.iterdir()), [])
        self.genkey("--selector", "UPPER", "corp.example")
        self.assertEqual(self.load(), (0, ""))
        self.assertEqual(sorted(p.name for p in self.folder.iterdir()),
                         ["eupper.key", "rupper.key"])

    def test_genkey_for_programs_and_for_nonsense(self):
        out, _ = self.genkey("--json", "--bits", "3072", "new.example")
        keys = json.loads(out)["keys"]
        self.assertEqual(len(keys), 2)
        for key in keys:
            self.assertTrue(pathlib.Path(key["file"]).exists())
            self.assertTrue(key["txt"].startswith("v=DKIM1; k="))
        for domain in "example", "../../etc", "a b.example", "-x.example", "x.example;":
            self.genkey("--", domain, code=1)
        self.genkey("--bits", "1024", "corp.example", code=2)
        self.genkey(code=2)

    def test_genkey_gives_keys_to_the_owner_of_the_directory(self):
        if os.geteuid() != 0:
            self.skipTest("only root can give files away")
        os.chown(self.keys, 65534, 65534)
        self.genkey("new.example")
        for path in (self.keys / "new.example", *(self.keys / "new.example").iterdir()):
            self.assertEqual(path.stat().st_uid, 65534)

    def other_user(self):
        """The owner of self.keys from here on, whom root meets there."""
        if os.geteuid() != 0:
            self.skipTest("only root can act as another user")
        os.chmod(self.keys.parent, 0o755)
        os.chown(self.keys, NOBODY, NOBODY)

    def as_other(self, *command):
        subprocess.run(list(map(str, command)), check=True, user=NOBODY, group=NOBODY,
                       extra_groups=[])

    def treasure(self):
        """A directory that only root can write to."""
        path = self.keys.parent / "treasure"
        path.mkdir(mode=0o755)
        return path

    def test_genkey_as_root_goes_no_way_that_the_owner_of_the_keys_cannot_go(self):
        self.other_user()
        treasure = self.treasure()
        for name, target, why in (
                ("to.example", treasure, "r1.key.*: Permission denied"),
                ("up.example", "../treasure", "r1.key.*: Permission denied"),
                ("none.example", treasure / "new", "No such file")):
            with self.subTest(name):
                self.as_other("ln", "-s", target, self.keys / name)
                self.assertRegex(self.genkey("--selector", "1", name, code=1)[1], why)
                self.assertEqual(list(treasure.iterdir()), [])

    def test_genkey_as_root_by_a_link_in_the_place_of_the_keys(self):
        self.other_user()
        treasure = self.treasure()
        self.as_other("ln", "-s", treasure, self.keys / "deep")
        self.keys /= "deep"
        self.genkey("new.example", code=1)
        self.assertEqual(list(treasure.iterdir()), [])
        # Where everybody may put names, a link of root's own is followed only.
        common = treasure.parent / "common"
        common.mkdir()
        common.chmod(0o1777)
        self.as_other("ln", "-s", treasure, common / "theirs")
        os.symlink(treasure, common / "ours")
        self.keys = common / "theirs"
        self.assertIn("is a link that others than root can have put there",
                      self.genkey("new.example", code=1)[1])
        self.assertEqual(list(treasure.iterdir()), [])
        self.keys = common / "ours"
        self.genkey("new.example")
        self.assertEqual([p.name for p in treasure.iterdir()], ["new.example"])

    def test_genkey_as_root_against_one_who_changes_directories_for_links(self):
        self.other_user()
        treasure = self.treasure()
        swap = ("import os, sys\n"
                "name, target = sys.argv[1:]\n"
                "count = 0\n"
                "while True:\n"
                "    try:\n"
                "        os.symlink(target, name)\n"
                "        os.unlink(name)\n"
                "        os.mkdir(name)\n"
                "    except FileExistsError:     # genkey was there first\n"
                "        pass\n"
                "    count += 1\n"
                "    os.rename(name, '%s.%d' % (name, count))\n")
        with subprocess.Popen([sys.executable, "-c", swap, self.keys / "race.example",
                               treasure], user=NOBODY, group=NOBODY, extra_groups=[],
                              stderr=subprocess.DEVNULL) as swapper:
            for i in range(6):
                subprocess.run([os.environ["SUBMILTER"], "genkey", "-d", self.keys,
                                "--selector", "s%d" % i, "race.example"],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            self.assertIsNone(swapper.poll())
            swapper.kill()
        self.assertEqual(list(treasure.iterdir()), [])
        for folder, _, files in os.walk(self.keys):
            for name in files:
                self.assertEqual(os.lstat(os.path.join(folder, name)).st_uid, NOBODY)

    def test_faulty_keys_are_refused_by_name(self):
        good = self.rsa()
        ec = openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
        encrypted = openssl("pkey", "-aes128", "-passout", "pass:x", input=good)
        for name, data, mode, why in (
                ("others.key", good, 0o604, "group or others can use it"),
                ("weak.key", self.rsa(768), 0o600, "RSA key of 768 bits"),
                ("curve.key", ec, 0o600, "neither an RSA nor an Ed25519 key"),
                ("secret.key", encrypted, 0o600, "encrypted"),
                ("public.key", openssl("pkey", "-pubout", input=good), 0o600,
                 "not a private key"),
                ("empty.key", b"", 0o600, "not a private key"),
                ("noise.key", bytes(range(256)), 0o600, "not a key in PEM form"),
                ("a;b.key", good, 0o600, "the name of the file is not a selector"),
                ("cut.key", good[:300], 0o600, "not a private key")):
            with self.subTest(name):
                path = self.put(name, data, mode)
                self.refused("corp.example/" + name, why)
                path.unlink()

    @unittest.skipUnless(os.geteuid() == 0, "only root can give files away")
    def test_the_group_of_the_user_alone_may_read_a_key_of_root(self):
        """As containers mount secrets: root's, mode 0440, a group without a name."""
        user, group = 65534, 64998
        os.chmod(self.keys.parent, 0o755)
        os.chmod(self.folder, 0o755)
        path = self.put("s1.key", self.rsa())
        as_user = ("setpriv", "--reuid=%d" % user, "--regid=%d" % user)
        ours = (*as_user, "--groups=%d" % group)
        for owner, key_group, mode, prefix, code in (
                (0, group, 0o440, ours, 0),
                (0, group, 0o640, ours, 0),
                (0, group, 0o660, ours, 3),
                (0, group, 0o644, ours, 3),
                (user, group, 0o640, ours, 3),
                (0, group, 0o440, (*as_user, "--clear-groups"), 3),
                # Debian has users whose group is "mail".
                (0, 8, 0o440, (*as_user, "--groups=8"), 3)):
            with self.subTest(owner=owner, group=key_group, mode=oct(mode)):
                os.chown(path, owner, key_group)
                path.chmod(mode)
                self.assertEqual(self.load(*prefix)[0], code)

    def test_a_key_whose_halves_do_not_match(self):
        one, two = (openssl("rsa", "-outform", "DER", "-traditional", input=self.rsa())
                    for _ in range(2))
        for what, mixed in (
                ("modulus of another key", one[:20] + two[20:260] + one[260:]),
                ("public exponent", one.replace(b"\2\3\1\0\1", b"\2\3\1\0\3", 1))):
            pem = (b"-----BEGIN RSA PRIVATE KEY-----\n" + base64.encodebytes(mixed)
                   + b"-----END RSA PRIVATE KEY-----\n")
            with self.subTest(what):
                self.put("mixed.key", pem)
                code, text = self.load()
                self.assertEqual(code, 3)
                self.assertEqual(text.splitlines()[0], "key %s: the private and public "
                                 "halves do not match" % (self.folder / "mixed.key"))

    def test_an_ed25519_key_with_the_public_half_of_another(self):
        # RFC 5958 section 2, version 2: the public key stands behind the private
        # one. An OpenSSL that does not know that form refuses the file.
        one, two = (openssl("genpkey", "-algorithm", "ED25519", "-outform", "DER")
                    for _ in range(2))
        public = openssl("pkey", "-inform", "DER", "-pubout", "-outform", "DER",
                         input=two)[-32:]
        both = one[2:4] + b"\x01" + one[5:] + b"\x81\x21\x00" + public
        pem = (b"-----BEGIN PRIVATE KEY-----\n" + base64.encodebytes(
            b"\x30" + bytes([len(both)]) + both) + b"-----END PRIVATE KEY-----\n")
        self.put("mixed.key", pem)
        code, text = self.load()
        if code == 0:
            # One that does reads the private half alone, and uses its own public one.
            self.skipTest("this OpenSSL ignores the public key of the file")
        self.assertRegex(text, "mixed.key: (the private and public halves do not "
                         "match|not a private key in PEM form)\n")

    def test_directories_are_checked(self):
        self.put("s1.key", self.rsa())
        self.folder.chmod(0o777)
        self.refused("corp.example", "group or others can write to the directory")
        self.folder.chmod(0o700)
        (self.folder / "s1.key").unlink()
        self.refused("corp.example", "there is no key in the directory")
        (self.keys / "Corp.Example").mkdir()
        self.refused("corp.example", "there twice")

    def test_selectors_are_the_same_in_any_case(self):
        for name in "S1.key", "s1.key":
            self.put(name, self.rsa())
        self.refused("corp.example/s1.key", "the selector is there twice")

    def test_keys_that_come_too_late_are_freed(self):
        """LeakSanitizer turns a key that is not into another exit code."""
        key = openssl("genpkey", "-algorithm", "ED25519")
        for number in range(9):
            self.put("s%d.key" % number, key)
        self.refused("corp.example/s8.key", "more keys than one message can")
        (self.folder / "s8.key").unlink()
        self.assertEqual(self.load(), (0, ""))
        # The directory in upper case is read first.
        (self.keys / "CORP.example").mkdir()
        self.put("../CORP.example/s1.key", key)
        self.refused("corp.example", "the domain is there twice")

    def test_all_faults_are_named_at_once(self):
        for name in "a.key", "b.key", "c.key":
            self.put(name, b"x")
        code, text = self.load()
        self.assertEqual(code, 3)
        for name in "a.key", "b.key", "c.key":
            self.assertIn(name, text)
        self.assertIn("3 faults", text)

    def test_what_is_no_key_does_not_disturb(self):
        self.put("s1.key", self.rsa())
        self.put("notes.txt", b"hello")
        self.put(".hidden", b"hello")
        (self.keys / "README").write_text("hello")
        (self.keys / "lost+found").mkdir(mode=0o700)
        self.assertEqual(self.load(), (0, ""))


if __name__ == "__main__":
    unittest.main()
