#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""submilter check asks each table: whether it can answer, and whether it gives a
stranger the row of somebody else."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unicodedata
import unittest

import schemas

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tables"))

from fakes import Socketmap, Tcp          # noqa: E402

SUBMILTER = os.path.join(os.environ.get("top_builddir", "."), "submilter")
OWNER, LOGIN = b"postmaster@corp.example", b"alice@corp.example"


def plain(key):
    """As collations and directories fold: without accents, and without width."""
    text = unicodedata.normalize("NFKD", key.decode()).lower()
    return "".join(c for c in text if not unicodedata.combining(c)).encode()


class CheckTables(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="submilter-check-tables.")
        self.addCleanup(shutil.rmtree, self.dir)
        os.chmod(self.dir, 0o755)

    def write(self, name, text):
        path = os.path.join(self.dir, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, 0o644)
        return path

    def check(self, *tables, status, option="tables", head=""):
        """What is found of tables: (level, text, fix) where it names the option."""
        path = self.write("conf", """\
listen = "unix:%s/socket"
domain = "corp.example"
sign { dkim-key = off }
%s
rights { %s = {%s} }
""" % (self.dir, head, option, ", ".join('"%s"' % t for t in tables)))
        done = schemas.run(
            [SUBMILTER, "check", "--no-connect", "--json", "-c", path,
             "--postfix", self.dir], stdout=subprocess.PIPE, timeout=120, check=False)
        said = json.loads(done.stdout)
        found = [(f["level"], f["text"], f.get("fix", "")) for f in said["findings"]
                 if f["text"].startswith(("rights.", "identify.", "limits."))
                 and "realm" not in f["text"]]
        wrong = [f for f in found if f[0] == "error"]
        self.assertEqual(bool(wrong), status == 1, (found, done.stdout))
        return found

    def test_a_server_that_answers_is_named_with_its_time(self):
        for kind in Socketmap, Tcp:
            with kind({OWNER: LOGIN}) as server:
                (level, text, _), = self.check(server.name(), status=0)
                self.assertEqual(level, "ok")
                self.assertRegex(text, r"^rights\.tables: %s: (?:inet:)?127\.0\.0\.1:%d answers in "
                                 r"\d+\.\d ms$" % (server.name().replace(".", r"\."),
                                                   server.port))
                self.assertTrue(server.asked[0].startswith(b"nobody.submilter-check@"))

    def test_each_option_is_asked_with_a_key_of_its_kind(self):
        with Socketmap() as server:
            for option, head, key in (
                    ("logins", "", b"nobody.submilter-check@"),
                    ("tables", 'identify { login-map = "%s" }' % server.name(),
                     b"nobody.submilter-check@"),
                    ("tables", 'preflight { egress-table = "%s" }' % server.name(),
                     b"submilter-check.invalid")):
                server.asked.clear()
                table = server.name() if option == "logins" else "inline:{a=b}"
                self.check(table, status=0, option=option, head=head)
                self.assertTrue(server.asked[0].startswith(key), server.asked)

    def test_a_server_that_does_not_answer(self):
        with Socketmap() as server:
            gone = server.name()
        (level, text, fix), = self.check(gone, status=1)
        self.assertEqual(text, "rights.tables: table %s: connect: Connection refused: mail that "
                         "needs it is answered with 451" % gone)
        self.assertEqual(fix, "start the server, or its address in " + gone)
        findings = self.check("inline:{a=b}", status=1, head='limits { table = "%s" }' % gone)
        self.assertIn("limits.table: table %s: connect: Connection refused: mail that "
                      "needs it is answered with 451" % gone, [text for _, text, _ in findings])
        path = "socketmap:unix:%s/none:map" % self.dir
        (_, text, fix), = self.check(path, status=1)
        self.assertIn("No such file or directory", text)
        self.assertEqual(fix, "start the server, or the path in " + path)
        for reply, fault, mend in (
                (b"TEMP Access denied for user", "Access denied", "user and password in "),
                (b"PERM the sky fell", "the sky fell", "the log of the server of ")):
            with Socketmap(reply=lambda _, r=reply: Socketmap.wrap(r)) as server:
                (level, text, fix), = self.check(server.name(), status=1)
                self.assertIn(fault, text)
                self.assertTrue(fix.startswith(mend), fix)

    def test_the_part_that_fails_is_named(self):
        with Socketmap() as good, Socketmap() as bad:
            bad.reply = lambda _: None
            table = "unionmap:{%s, %s}" % (good.name(), bad.name())
            (_, text, fix), = self.check(table, status=1)
            self.assertIn("table %s: the server closed the connection" % bad.name(), text)
            self.assertNotIn("unionmap", text)
            self.assertTrue(fix.startswith("submilter lookup --explain " + bad.name()), fix)

    def test_silence_has_an_end(self):
        """A server that accepts and says nothing; each table waits by itself."""
        with Socketmap(reply=lambda _: b"") as silent, Socketmap() as good:
            found = self.check(silent.name(), good.name(), status=1)
            self.assertIn("no answer within the time", found[0][1])
            self.assertIn("a firewall", found[0][2])
            self.assertEqual(found[1][0], "ok")

    def strange(self, reply, status, files="", option="tables"):
        with Socketmap() as server:
            def answer(key):
                value = reply(key)
                return Socketmap.wrap(b"NOTFOUND " if value is None else b"OK " + value)
            server.reply = answer
            tables = [server.name()]
            if files:
                tables.append("texthash:" + self.write("rights", files))
            return [(text.replace(server.name(), "TABLE"), fix) for level, text, fix
                    in self.check(*tables, status=status, option=option) if level == "error"]

    def test_letters_that_are_taken_for_others(self):
        (text, fix), = self.strange(lambda key: LOGIN if plain(key) == OWNER else None, 1)
        self.assertEqual(text, "rights.tables: table TABLE: a stranger's key "
                         "\\xef\\xbd\\x90ostmaster@corp.example, with a fullwidth letter, gets the "
                         "row of postmaster@corp.example")
        self.assertIn("COLLATE utf8mb4_bin", fix)
        accents = {ord(a): b for a, b in zip("áéíóú", "aeiou")}
        (text, _), = self.strange(
            lambda key: LOGIN if key.decode().translate(accents).encode() == OWNER else None, 1)
        self.assertIn("with an accent, gets the row", text)

    def test_keys_that_are_taken_for_patterns(self):
        for mark in "%", "_", "*":
            (text, fix), = self.strange(
                lambda key, m=mark: LOGIN if key == OWNER or key.startswith(m.encode()) else None,
                1)
            self.assertIn("a stranger's key %sostmaster@corp.example, with %s, gets the row"
                          % (mark, mark), text)
            self.assertIn("compare with =", fix)

    def test_users_of_other_domains(self):
        """As a query with %u alone: alice of any realm has the rights of alice here."""
        for option in "tables", "logins":
            (text, fix), = self.strange(
                lambda key: LOGIN if key.split(b"@")[0] == OWNER.split(b"@")[0] else None, 1,
                option=option)
            self.assertIn("a stranger's key postmaster@submilter-check.invalid, with another "
                          "domain, gets the row of postmaster@corp.example", text)
            self.assertTrue(fix.startswith("domain = your domains"), fix)

    def test_letters_that_cannot_be_answered(self):
        with Socketmap() as server:
            server.reply = lambda key: Socketmap.wrap(
                b"NOTFOUND " if key.isascii() else b"OK \xff")
            (_, warning) = self.check(server.name(), status=0)
            self.assertEqual(warning[0], "warning")
            self.assertIn("rights.tables: keys with other letters than ASCII cannot be answered: "
                          "table " + server.name(), warning[1])

    def test_keys_are_known_from_other_tables_too(self):
        owner = b"carol.d@shop.example"
        (text, _), = self.strange(lambda key: LOGIN if plain(key) == owner else None, 1,
                                  files="# rows\ncarol.d@shop.example bob\n")
        self.assertIn("the row of carol.d@shop.example", text)
        (text, _), = self.strange(
            lambda key: b"a@corp.example" if plain(key) == owner else None, 1, option="logins",
            files="x@corp.example  y@corp.example\n"
            "carol.d@shop.example x@shop.example\n")
        self.assertTrue(text.startswith("rights.logins: "))

    def test_what_cannot_be_known_is_not_said(self):
        # No key is known; a catch-all; an exact table; one that refuses strangers.
        self.assertEqual(self.strange(lambda key: None, 0), [])
        self.assertEqual(self.strange(lambda key: LOGIN, 0), [])
        self.assertEqual(self.strange(lambda key: LOGIN if key.endswith(b"@corp.example")
                                      else None, 0), [])
        self.assertEqual(self.strange({OWNER: LOGIN}.get, 0), [])
        # A row of its own, with a value of its own.
        self.assertEqual(self.strange(
            lambda key: LOGIN if key == OWNER else
            b"x@corp.example" if plain(key) == OWNER else None, 0), [])
        with Socketmap() as server:
            server.reply = lambda key: Socketmap.wrap(
                b"OK " + LOGIN if key == OWNER else
                b"TEMP another key" if plain(key) == OWNER else b"NOTFOUND ")
            (level, _, _), = self.check(server.name(), status=0)
            self.assertEqual(level, "ok")


if __name__ == "__main__":
    unittest.main()
