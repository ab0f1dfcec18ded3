#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The command line itself, and submilter lookup."""

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import unittest

import schemas

SUBMILTER = os.path.join(os.environ.get("top_builddir", "."), "submilter")


def run(*args, stdin=""):
    done = schemas.run([SUBMILTER, *args], input=stdin,
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
                (("test", "--auth"), "--auth takes a value"),
                (("check", "-c"), "-c takes a value"),
                (("check", "--json=yes"), "--json=yes: this option has no value")):
            code, out, err = run(*args)
            self.assertEqual((code, out), (2, ""))
            self.assertEqual(err.splitlines()[0], "submilter %s: %s" % (args[0], want))

    def test_names_of_files_send_nothing_to_the_terminal(self):
        name = "/nowhere/\x1b[2J"
        for args in (["report"], ["explain", "Q1"], ["replay", "-c"],
                     ["check", "-c"], ["config", "-c"], ["import", "--opendkim"], ["test", "-c", name]):
            done = subprocess.run([SUBMILTER, *args, name], stdin=subprocess.DEVNULL,
                                  capture_output=True, timeout=60, check=False)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(b"/nowhere/\\x1b[2J", done.stderr + done.stdout, args)
            self.assertNotIn(b"\x1b", done.stderr + done.stdout)

    def test_an_option_that_may_be_repeated_has_a_bound(self):
        many = [word for i in range(101) for word in ("--rcpt", "a%d@x.example" % i)]
        self.assertEqual(run("test", *many, "-"), (2, "", "submilter test: --rcpt: more than 100\n"))
        # The values of options are looked at before anything is read.
        for option, value, want in (
                ("--now", "0", "submilter test: --now takes seconds since 1970"),
                ("--client", "host", "submilter test: --client: not an IP address"),
                ("--mta", "exim", "submilter test: --mta takes postfix, sendmail or unknown")):
            self.assertEqual(run("test", option, value, "/no/such/file"),
                             (2, "", want + "\n"))

    def test_a_pipe_that_is_closed_early_ends_it_in_silence(self):
        with tempfile.NamedTemporaryFile("w", delete=False) as zone:
            zone.write("$TTL 60\n$ORIGIN .\n@ IN SOA a. b. 1 1 1 1 1\n")
        self.addCleanup(os.unlink, zone.name)
        # The last one does not take the signal, because servers may go away, too.
        for args in (["--help"], ["check", "-c", os.devnull], [
                "check", "--no-connect", "--zone", zone.name, "-c", "-", "a.example"]):
            ours, theirs = os.pipe()
            os.close(ours)
            done = subprocess.run([SUBMILTER, *args], input=b"#\n", stdout=theirs,
                                  stderr=subprocess.PIPE, timeout=60, check=False)
            os.close(theirs)
            self.assertEqual((done.returncode, done.stderr), (-signal.SIGPIPE, b""), args)

    def test_help_and_version(self):
        self.assertEqual(run("--help")[0], 0)
        self.assertEqual(run()[0], 2)
        groups = re.findall(r"(?m)^(\S.*):\n((?:  [a-z]+  +\S.*\n)+)", run("--help")[1])
        self.assertEqual([name for name, _ in groups], [
            "Serve", "Set up", "Keys", "Try out", "Look into the log"])
        self.assertTrue(all(len(line) < 80 for line in run("--help")[1].splitlines()))
        # Each command that help names is there, and has help.
        for command in re.findall(r"(?m)^  ([a-z]+) ", "".join(rows for _, rows in groups)):
            code, out, err = run(command, "--help")
            self.assertEqual((code, err), (0, ""))
            self.assertTrue(out.startswith("usage: submilter " + command))
        self.assertRegex(run("--version")[1], r"^submilter [0-9.]+\n")
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

    def test_keys_of_standard_input(self):
        def lookup(keys, *args):
            done = subprocess.run([SUBMILTER, "lookup", *args, self.table, "-"],
                                  input=keys, capture_output=True)
            return done.returncode, done.stdout, done.stderr

        self.assertEqual(lookup(b"carol\nnobody\n\nALICE@corp.example"),
                         (0, b"carol\tc1\nALICE@corp.example\ta1, a2\n", b""))
        self.assertEqual(lookup(b"nobody\n"), (1, b"", b""))
        self.assertEqual(lookup(b""), (1, b"", b""))
        self.assertEqual(
            lookup(b"x@team.example\n", "--address", "--json"),
            (0, b'{"found":true,"asked":"x@team.example","key":"@team.example",'
                b'"value":"t1"}\n', b""))
        # What cannot be answered is told, and keeps no other key from its answer.
        self.assertEqual(lookup(b"\xff\n")[:2], (75, b""))
        code, out, err = lookup(b"a\x01b\ncarol\n")
        self.assertEqual((code, out), (75, b"carol\tc1\n"))
        self.assertIn(b"control character in the key", err)
        self.assertEqual(lookup(b"a b@\ncarol\n", "--address")[0], 2)

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
            self.assertTrue(err.startswith("submilter lookup: KEY: "), err)

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
            # 2: there is no table that could be asked.
            self.assertEqual((code, out), (75 if table == self.table else 2, ""), table)
            self.assertIn(why, err)

    def test_usage(self):
        for args in ((), (self.table,), (self.table, "a", "b"), ("--extension",)):
            code, out, err = run("lookup", *args)
            self.assertEqual((code, out), (2, ""), args)
            self.assertIn("usage: submilter lookup", err)


class LookupLogin(unittest.TestCase):
    """All addresses of a login, by the tables of a configuration."""

    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="submilter-lookup.")
        self.addCleanup(shutil.rmtree, self.dir)
        os.chmod(self.dir, 0o755)
        self.conf = os.path.join(self.dir, "conf")
        self.write("one", "sales@corp.example alice, bob\n"
                   "ceo@corp.example carol, ALICE@corp.example;behalf\n"
                   "# nothing\n"
                   "@team.example alice;until=2999-12-31\n"
                   "old@corp.example alice;until=2001-01-31\n"
                   "shared@corp.example alice\n")
        self.write("two", "shared@corp.example !alice\n")
        self.write("conf", 'domain = "corp.example"\n'
                   'sign { dkim-key = off }\n'
                   'rights { tables = {"texthash:%(d)s/one", "texthash:%(d)s/two", '
                   '"pcre:%(d)s/three"} }\n' % {"d": self.dir})
        self.write("three", "/^x@/ alice\n")

    def write(self, name, text):
        path = os.path.join(self.dir, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, 0o644)

    def ask(self, login, *more):
        return run("lookup", "-c", self.conf, "--login", login, *more)

    def test_rows_with_their_lines_and_limits(self):
        code, out, err = self.ask("alice", "--json")
        self.assertEqual((code, err), (0, ""))
        said = json.loads(out)
        self.assertEqual(said["login"], "alice@corp.example")
        self.assertEqual((said["own"]["address"], said["own"]["right"]),
                         ("alice@corp.example", "granted"))
        self.assertEqual(
            [(r["key"], r["right"], r["until"], r["expired"], r["counts"], r["line"])
             for r in said["rows"]],
            [("sales@corp.example", "granted", "", False, True, 1),
             ("ceo@corp.example", "behalf", "", False, True, 2),
             ("@team.example", "granted", "2999-12-31", False, True, 4),
             ("old@corp.example", "granted", "2001-01-31", True, False, 5),
             ("shared@corp.example", "granted", "", False, False, 6),
             ("shared@corp.example", "denied", "", False, False, 1)])
        self.assertIn("denied by texthash:", said["rows"][4]["but"])
        self.assertEqual(said["not_listed"], ["pcre:%s/three" % self.dir])

    def test_text(self):
        code, out, _ = self.ask("alice@corp.example")
        self.assertEqual(code, 0)
        self.assertRegex(out, r"\nold@corp\.example +granted \(expired\) until 2001-01-31  "
                         r"texthash:\S+/one:5")
        self.assertRegex(out, r"not listed: pcre:\S+/three, which can only be asked for an "
                         "address: submilter lookup --login '?alice@corp.example'? ADDRESS\n")

    def test_addresses_that_the_login_names(self):
        with open(self.conf, encoding="utf-8") as file:
            conf = file.read()
        self.write("conf", conf.replace(
            "rights { ", 'rights { logins = "texthash:%s/logins"; ' % self.dir))
        self.write("logins", "alice  shared@corp.example, @team.example;behalf, x@y.example\n"
                   "bob z@corp.example, Bob\n")
        code, out, _ = self.ask("alice", "--json")
        self.assertEqual(code, 0)
        self.assertEqual(
            [(r["key"], r["right"], r["counts"], r["table"], r["login"])
             for r in json.loads(out)["rows"] if "login" in r],
            [(address, right, counts, "texthash:%s/logins" % self.dir, "alice")
             for address, right, counts in (("shared@corp.example", "granted", False),
                                            ("@team.example", "behalf", True),
                                            ("x@y.example", "granted", True))])
        code, out, _ = self.ask("alice")
        self.assertEqual(code, 0)
        self.assertRegex(out, r"\nx@y\.example +granted  texthash:\S+/logins, key alice\n")
        self.assertRegex(out, r"\nshared@corp\.example +granted  texthash:\S+/logins, "
                         r"key alice  but: denied by texthash:")
        code, out, _ = self.ask("alice", "--explain")
        self.assertEqual(code, 0)
        self.assertRegex(out, r"^texthash:\S+/logins\n(.*\n)*  found +alice (.*\n)*login alice@")
        tried = json.loads(self.ask("alice", "--explain", "--json")[1])["tried"]
        self.assertEqual([one["answer"] for one in tried[:2]], ["absent", "found"])
        # What other tables say is printed all the same.
        code, out, err = self.ask("bob")
        self.assertEqual(code, 75)
        self.assertRegex(out, "^login bob@corp.example\nbob@corp.example +unknown  texthash:")
        self.assertIn("submilter lookup: texthash:%s/logins, key bob: Bob is not an "
                      "address" % self.dir, err)

    def test_one_right_and_what_is_asked_for_it(self):
        one, table = self.dir + "/one", "texthash:%s/one" % self.dir
        self.assertEqual(self.ask("alice", "sales@corp.example"), (
            0, "alice@corp.example may use sales@corp.example: %s, key sales@corp.example\n"
            % table, ""))
        self.assertRegex(self.ask("alice", "CEO")[1], "^alice@corp.example may send on behalf "
                         "of ceo@corp.example: texthash:")
        self.assertEqual(self.ask("alice", "other@corp.example"), (
            1, "alice@corp.example may not use other@corp.example: no table and no rule "
            "grants it\n", ""))
        self.assertEqual(self.ask("alice", "a b")[0], 2)
        code, out, err = self.ask("alice", "--explain", "x+y@team.example")
        self.assertEqual((code, err), (0, ""))
        self.assertEqual(re.sub(r"\d+\.\d ms|\d{4}-\S+ \S+ UTC| +", lambda m: m[0].strip() and "T"
                                or " ", out.replace(one, "ONE").replace(self.dir, "DIR")), """\
texthash:ONE
 file ONE, changed T
 absent x+y@team.example T
 absent x@team.example T
 found @team.example T line 4
 = alice;until=2999-12-31
texthash:DIR/two
 file DIR/two, changed T
 absent x+y@team.example T
 absent x@team.example T
 absent @team.example T
pcre:DIR/three
 file DIR/three, changed T
 absent x+y@team.example T
alice@corp.example may use x+y@team.example: texthash:ONE, key @team.example
""")
        code, out, _ = self.ask("alice", "--explain", "--json", "x+y@team.example")
        said = json.loads(out)
        self.assertEqual((code, said["right"], said["address"]),
                         (0, "granted", "x+y@team.example"))
        self.assertEqual([(t["table"], t["key"], t["answer"], t.get("line"), t["hosts"])
                          for t in said["tried"]][2],
                         (table, "@team.example", "found", 4, ""))

    def test_a_server_that_is_asked_and_does_not_answer(self):
        table = "unionmap:{inline:{a=b}, tcp:127.0.0.1:1}"
        code, out, err = run("lookup", "--explain", table, "a")
        self.assertEqual(code, 75)
        self.assertIn("connect: Connection refused", err)
        self.assertRegex(out, r"\n  inline:\{a=b\}\n +found   a +\d+\.\d ms\n +"
                         r"= b\n  tcp:127\.0\.0\.1:1\n +FAILED  a +\d+\.\d ms  asked now: "
                         r"127\.0\.0\.1:1\n +! table tcp:127\.0\.0\.1:1: connect: Connection")
        code, out, _ = run("lookup", "--explain", "--json", table, "a")
        said = json.loads(out)
        self.assertEqual((code, said["found"]), (75, None))
        self.assertEqual([(t["depth"], t["answer"], t["hosts"]) for t in said["tried"]],
                         [(0, "failed", ""), (1, "found", ""), (1, "failed", "127.0.0.1:1")])
        # Of many keys, each is explained, and absent ones, too.
        code, out, _ = run("lookup", "--explain", "inline:{a=b}", "-", stdin="a\nc\n")
        self.assertEqual(code, 0)
        self.assertEqual(re.sub(r"\d+\.\d ms", "T", out), """\
inline:{a=b}
  found   a                                     T
          = b
a\tb
inline:{a=b}
  absent  c                                     T
""")

    def test_a_login_without_any_address(self):
        self.write("conf", 'rights { tables = {"texthash:%s/one"} }\n'
                   'sign { dkim-key = off }\n' % self.dir)
        code, out, _ = self.ask("nobody")
        self.assertEqual((code, out), (1, "login nobody\n"))

    def test_a_row_with_a_fault_is_named(self):
        self.write("two", "bad@corp.example alice;until=tomorrow, alice\n")
        code, out, _ = self.ask("alice")
        self.assertEqual(code, 0)
        self.assertRegex(out, r"FAULT: texthash:\S+/two:1 ")

    def test_a_table_that_is_down_for_the_moment(self):
        # A file that can be opened, and read with an I/O error alone.
        with open(self.conf, encoding="utf-8") as file:
            conf = file.read()
        if os.geteuid() == 0:
            conf = 'user = "root"\n' + conf
        self.write("conf", conf.replace("texthash:%s/two" % self.dir,
                                        "texthash:/proc/self/mem"))
        code, out, err = self.ask("alice")
        self.assertEqual((code, out), (75, ""))
        self.assertTrue(err.endswith(
            "\nsubmilter lookup: table texthash:/proc/self/mem: "
            "Input/output error\n"), err)

    @unittest.skipUnless(os.geteuid() == 0, "root alone is another user then")
    def test_a_table_and_a_user_that_the_milter_lacks(self):
        with open(self.conf, encoding="utf-8") as file:
            conf = file.read()
        self.write("conf", 'user = "daemon"\n' + conf)
        os.chmod(os.path.join(self.dir, "two"), 0o600)
        code, out, err = self.ask("alice")
        self.assertEqual((code, out), (2, ""))
        self.assertIn("/two: Permission denied\n", err)
        self.write("conf", 'user = "no-such-user"\n' + conf)
        self.assertEqual(self.ask("alice"), (
            2, "",
            'submilter lookup: user: there is no user "no-such-user"\n'))

    def test_tables_and_configurations_that_cannot_be_read(self):
        os.unlink(os.path.join(self.dir, "two"))
        code, out, err = self.ask("alice")
        self.assertEqual((code, out), (2, ""))
        self.assertIn("/two", err)
        self.write("conf", "bogus = yes\n")
        self.assertEqual(self.ask("alice")[0], 2)
        self.write("conf", "identify { methods = network }\n")
        code, out, err = self.ask("alice")
        self.assertEqual((code, out), (2, ""))
        self.assertIn("/conf:1: identify.methods: the method network needs "
                      "a table: set identify.network\n", err)
        self.assertEqual(run("lookup", "--login", "alice", "TABLE", "KEY")[0], 2)


class Genkey(unittest.TestCase):
    """What keys are like is tested in tests/sign/test_keys.py."""

    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="submilter-genkey.")
        self.addCleanup(shutil.rmtree, self.dir)

    def ask(self, *args, **more):
        return run("genkey", "-d", self.dir, "--selector", "1", *args, **more)

    def test_several_domains(self):
        code, out, err = self.ask("a.example", "-", "d.example",
                                  stdin="  b.example\tC.example\r\n\n")
        self.assertEqual((code, err), (0, ""))
        names = ["a.example", "b.example", "c.example", "d.example"]
        self.assertEqual(sorted(os.listdir(self.dir)), names)
        self.assertEqual(re.findall(r"(?m)^; .*/(\S+)/(\S+).key$", out),
                         [(name, kind + "1") for name in names for kind in "re"])

    def test_one_of_several_fails(self):
        self.assertEqual(self.ask("b.example")[0], 0)
        code, out, err = self.ask("a.example", "b.example", "x", "c.example", "--json")
        self.assertEqual(code, 1)
        said = json.loads(out)
        self.assertEqual([key["name"] for key in said["keys"]], [
            "%s1._domainkey.%s.example" % (kind, name) for name in "ac" for kind in "re"])
        self.assertEqual([one["domain"] for one in said["failed"]], ["b.example", "x"])
        self.assertEqual(["submilter genkey: " + one["error"] for one in said["failed"]],
                         err.splitlines())
        self.assertRegex(err, r"^\S+ \S+ \S+/b.example/r1.key: File exists: for .*\(--selector\)\nsubmilter genkey: \"x\" is not a domain")

    def test_no_domain_at_all(self):
        self.assertEqual(self.ask("-", stdin=" \n")[:2], (2, ""))
        self.assertEqual(self.ask()[:2], (2, ""))
        self.assertEqual(self.ask("-", stdin="a.exa\0mple"),
                         (2, "", "submilter genkey: standard input: it is no text\n"))
        # A configuration that is broken is told once.
        with open(self.dir + "/conf", "w", encoding="utf-8") as file:
            file.write("mode = off\n")
        code, out, err = run("genkey", "-c", self.dir + "/conf", "a.example", "b.example")
        self.assertEqual((code, out, err.count("takes enforce")), (2, "", 1))


if __name__ == "__main__":
    unittest.main()
