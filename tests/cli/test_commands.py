#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The command line itself, and submilter lookup."""

import json
import os
import shutil
import subprocess
import tempfile
import unittest

SUBMILTER = os.path.join(os.environ.get("top_builddir", "."), "submilter")


def run(*args):
    done = subprocess.run([SUBMILTER, *args], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=60, check=False, text=True)
    return done.returncode, done.stdout, done.stderr


class CommandLine(unittest.TestCase):
    def test_a_misspelt_command(self):
        for typed, meant in (("chek", "check"), ("rnu", "run"), ("TEST", "test"),
                             ("lokup", "lookup"), ("gen-key", "genkey")):
            self.assertEqual(run(typed), (
                2, "", 'submilter: there is no command "%s": did you mean "%s"?\n'
                % (typed, meant)))
        code, out, err = run("frobnicate")
        self.assertEqual((code, out), (2, ""))
        self.assertTrue(err.startswith(
            'submilter: there is no command "frobnicate"\n\nusage: submilter '))

    def test_a_misspelt_option_of_each_command(self):
        for command, typed, meant in (
                ("run", "--forground", "foreground"), ("run", "--confg=x", "config"),
                ("check", "--posfix=x", "postfix"), ("test", "--mail-form", "mail-from"),
                ("test", "--jsno", "json"), ("lookup", "--adress", "address"),
                ("genkey", "--selektor=1", "selector")):
            with self.subTest(typed):
                code, out, err = run(command, typed)
                self.assertEqual((code, out), (2, ""))
                self.assertEqual(err.splitlines()[0],
                                 "submilter %s: there is no option %s: did you mean --%s?"
                                 % (command, typed, meant))
                self.assertIn("usage: submilter " + command, err)

    def test_other_faults_of_options(self):
        for args, want in (
                (("test", "--frobnicate"), "there is no option --frobnicate"),
                (("test", "-x"), "there is no option -x"),
                (("test", "--auth"), "--auth wants a value"),
                (("check", "-c"), "-c wants a value"),
                (("check", "--json=yes"), "--json=yes: this option has no value")):
            code, out, err = run(*args)
            self.assertEqual((code, out), (2, ""))
            self.assertEqual(err.splitlines()[0], "submilter %s: %s" % (args[0], want))

    def test_help_and_version(self):
        self.assertEqual(run("--help")[0], 0)
        self.assertEqual(run()[0], 2)
        self.assertRegex(run("--version")[1], r"^submilter [0-9.]+\n")
        for command in "run", "check", "test", "lookup", "genkey":
            code, out, err = run(command, "--help")
            self.assertEqual((code, err), (0, ""))
            self.assertTrue(out.startswith("usage: submilter " + command))
        # The login may be left out: then nobody has logged in.
        self.assertIn("[--auth LOGIN]", run("test", "--help")[1])


class Lookup(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="submilter-lookup.")
        self.addCleanup(shutil.rmtree, self.dir)
        path = os.path.join(self.dir, "table")
        with open(path, "w", encoding="utf-8") as file:
            file.write("alice@corp.example  a1, a2\n"
                       "bob+tag@corp.example  b1\n"
                       "carol  c1\n"
                       "@team.example  t1\n"
                       'odd"key"  "q"\n')
        self.table = "texthash:" + path

    def test_a_key_as_it_stands(self):
        self.assertEqual(run("lookup", self.table, "alice@corp.example"),
                         (0, "a1, a2\n", ""))
        self.assertEqual(run("lookup", self.table, "ALICE@corp.example")[0], 0)
        # No other keys are tried.
        for key in "alice+x@corp.example", "x@team.example", "":
            self.assertEqual(run("lookup", self.table, key), (1, "", ""))

    def test_an_address(self):
        for key, args, want in (
                ("alice@corp.example", (), "alice@corp.example: a1, a2\n"),
                ("<Alice@CORP.example>", (), "alice@corp.example: a1, a2\n"),
                ("alice+x@corp.example", (), "alice@corp.example: a1, a2\n"),
                ("bob+tag@corp.example", (), "bob+tag@corp.example: b1\n"),
                ("x@team.example", (), "@team.example: t1\n"),
                ("alice-x@corp.example", ("--extension", "-"),
                 "alice@corp.example: a1, a2\n"),
                ("carol@corp.example", ("--domain", "corp.example"), "carol: c1\n"),
                ("alice", ("--domain", "corp.example"), "alice@corp.example: a1, a2\n")):
            with self.subTest(key):
                self.assertEqual(run("lookup", "--address", *args, self.table, key),
                                 (0, want, ""))
        for key, args in (("bob@corp.example", ()),
                          ("alice-x@corp.example", ()),
                          ("alice+x@corp.example", ("--extension", "")),
                          ("carol@corp.example", ()),
                          ("carol@other.example", ("--domain", "corp.example"))):
            with self.subTest(key):
                self.assertEqual(run("lookup", "--address", *args, self.table, key),
                                 (1, "", ""))

    def test_what_is_no_address(self):
        for key in "no address", "<>", "a@b@c", "carol":
            code, out, err = run("lookup", "--address", self.table, key)
            self.assertEqual((code, out), (2, ""), key)
            self.assertTrue(err.startswith("KEY: "), err)

    def test_json(self):
        code, out, err = run("lookup", "--json", "--address", self.table,
                             "x@team.example")
        self.assertEqual((code, err), (0, ""))
        self.assertEqual(json.loads(out), {"found": True, "key": "@team.example",
                                           "value": "t1"})
        code, out, err = run("lookup", "--json", self.table, 'odd"key"')
        self.assertEqual(json.loads(out)["value"], '"q"')
        code, out, err = run("lookup", "--json", self.table, "nobody")
        self.assertEqual((code, err, json.loads(out)), (1, "", {"found": False}))

    def test_a_table_that_cannot_answer(self):
        for table, key, why in (
                ("texthash:%s/none" % self.dir, "x", "No such file"),
                ("texhash:/x", "x", 'did you mean "texthash"'),
                ("nonsense", "x", "TYPE:NAME"),
                ("texthash:" + self.dir, "x", "not a regular file"),
                (self.table, "a\tb", "control character"),
                (self.table, "x" * 2000, "over 1024")):
            code, out, err = run("lookup", table, key)
            self.assertEqual((code, out), (75, ""), table)
            self.assertIn(why, err)

    def test_usage(self):
        for args in ((), (self.table,), (self.table, "a", "b"), ("--extension",)):
            code, out, err = run("lookup", *args)
            self.assertEqual((code, out), (2, ""), args)
            self.assertIn("usage: submilter lookup", err)


if __name__ == "__main__":
    unittest.main()
