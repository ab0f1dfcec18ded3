#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""submilter config: options, where they come from, and what the running milter has."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import running
import schemas

SUBMILTER = os.path.abspath(os.path.join(os.environ.get("top_builddir", "."), "submilter"))


def run(*args):
    done = schemas.run([SUBMILTER, "config", *args], stdin=subprocess.DEVNULL,
                       capture_output=True, timeout=60, check=False, text=True)
    return done.returncode, done.stdout, done.stderr


class Config(unittest.TestCase):
    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="submilter-config."))
        self.addCleanup(shutil.rmtree, self.dir)
        self.file = str(self.dir / "submilter.conf")

    def write(self, text, name="submilter.conf"):
        (self.dir / name).write_text(text, encoding="utf-8")
        (self.dir / name).chmod(0o644)

    def ask(self, *args):
        return run("-c", self.file, *args)

    def options(self, *args, file=None):
        code, out, err = run("-c", file or self.file, "--json", *args)
        self.assertEqual((code, err), (0, ""))
        return {option["name"]: option for option in json.loads(out)["options"]}


class Shown(Config):
    def test_each_option_says_where_it_comes_from(self):
        self.write('domain = "example.org"\ninclude more.conf\n')
        self.write("\nsign { dkim-key = warn\n  mode = inherit }\n", "more.conf")
        code, out, err = self.ask()
        self.assertEqual((code, err), (0, ""))
        self.assertRegex(out, r'(?m)^domain = "example.org" +# %s:1$' % self.file)
        self.assertRegex(out, r'(?m)^mode = enforce +# default$')
        # Set to what is the default all the same; and in a block.
        self.assertRegex(out, r'(?m)^sign \{\n(?:    .*\n)*    mode = inherit +# %s/more.conf:3$'
                         % self.dir)
        self.assertEqual(self.options()["sign.dkim-key"], {
            "name": "sign.dkim-key", "value": "warn", "default": "require", "from": "file",
            "file": str(self.dir / "more.conf"), "line": 2, "takes": "reload"})
        self.assertEqual(self.options()["listen"]["takes"], "restart")
        self.assertEqual(self.options()["bounds.body-memory"]["from"], "default")

    def test_values_have_types(self):
        self.write('limits { messages = {60/10m} }\nrights { tables = {"static:a\\"b"} }\n')
        options = self.options()
        self.assertEqual(options["limits.messages"]["value"], ["60/10m"])
        self.assertEqual(options["rights.tables"]["value"], ['static:a"b'])
        self.assertEqual(options["rights.tables"]["default"], [])
        self.assertIs(options["rights.all-tables"]["value"], False)
        self.assertEqual(options["dns.seconds"]["value"], 5)

    def test_what_it_prints_is_the_same_configuration(self):
        self.write('domain = "example.org"\nmode = monitor\n'
                   'rights { tables = {"static:a, \\"b\\\\", "inline:{x=y}"} }\n'
                   'limits { messages = {60/10m, 1000/1d} }\nsign { dkim-key = off }\n')
        for args in (), ("-n",):
            with self.subTest(args):
                out = self.ask(*args)[1]
                self.write(out, "again.conf")
                again = self.options(file=str(self.dir / "again.conf"))
                self.assertEqual({name: option["value"] for name, option in again.items()},
                                 {name: option["value"] for name, option in self.options().items()})
        # -n has what is set, and nothing else.
        self.assertEqual(list(self.options("-n")), ["domain", "mode", "rights.tables",
                                                    "sign.dkim-key", "limits.messages"])

    def test_a_file_name_does_not_end_its_comment(self):
        path = self.dir / "a\nmode = monitor #\x1b[2J"
        path.write_text('domain = "example.org"\n', encoding="utf-8")
        path.chmod(0o644)
        out = run("-c", str(path), "-n")[1]
        self.assertEqual(len(out.splitlines()), 1)
        self.assertNotIn("\x1b", out)
        self.assertEqual(json.loads(run("-c", str(path), "--json")[1])["config"], str(path))

    def test_options_and_blocks_by_name(self):
        self.write("mode = monitor\n")
        self.assertEqual(list(self.options("mode", "sign.dkim-key")), ["mode", "sign.dkim-key"])
        self.assertEqual({name.split(".")[0] for name in self.options("dns")}, {"dns"})
        self.assertIn("dns.seconds", self.options("dns"))
        for name, near in (("sign.mod", "sign.mode"), ("singn", "sign"), ("xyzzy", None)):
            self.assertEqual(self.ask(name), (
                2, "", 'submilter config: there is no option or block "%s"%s\n'
                % (name, ': did you mean "%s"?' % near if near else "")))

    def test_files_with_secrets_are_named_and_not_read(self):
        self.write("hush-hush-hush-hush\n", "secret")
        self.write('identify { methods = {login-field}; login-field = x-login\n'
                   'login-secret = "%s/secret" }\n' % self.dir)
        for args in (), ("-n",), ("--json",):
            out = self.ask(*args)[1]
            self.assertIn("%s/secret" % self.dir, out)
            self.assertNotIn("hush", out)

    def test_tables_of_opendkim_are_no_options_of_ours(self):
        self.write("KeyTable file:/k\nSigningTable refile:/s\n", "opendkim.conf")
        self.write('sign { opendkim-conf = "%s/opendkim.conf" }\n' % self.dir)
        self.assertEqual(self.options("sign.key-table")["sign.key-table"], {
            "name": "sign.key-table", "value": "file:/k", "default": "",
            "from": "sign.opendkim-conf", "takes": "reload"})
        out = self.ask("-n")[1]
        self.assertRegex(out, r'(?m)^    # key-table = "file:/k" +# by sign.opendkim-conf$')
        self.write(out, "again.conf")
        self.assertEqual(run("-c", str(self.dir / "again.conf"))[0], 0)

    def test_faults(self):
        self.write("mode = off\nbogus = 1\n")
        code, out, err = self.ask()
        self.assertEqual((code, out), (2, ""))
        self.assertEqual([line.split(": ")[0] for line in err.splitlines()],
                         [self.file + ":1", self.file + ":2"])
        self.assertEqual(run("-c", "/no/such/file")[0], 2)
        for args in ("--diff", "-n"), ("--diff", "mode"):
            self.assertEqual(self.ask(*args)[0], 2)
        self.assertNotEqual(subprocess.run(
            [SUBMILTER, "config", "-c", os.devnull], stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, timeout=60, check=False).returncode, 0)


class Diff(Config):
    TEXT = 'listen = "unix:%s/socket"\nstatus-file = "%s/status"\nsign { dkim-key = off }\n'

    def start(self, more=""):
        self.text = self.TEXT % (self.dir, self.dir)
        if os.geteuid() == 0:
            self.text += 'user = "root"\n'
        self.write(self.text + more)
        return running.start(self, SUBMILTER, self.file, self.dir / "status")

    def test_what_differs_and_what_that_takes(self):
        process = self.start()
        self.assertEqual(self.ask("--diff"), (0, "", ""))
        same = json.loads(self.ask("--diff", "--json")[1])
        self.assertEqual(same, {"config": self.file, "pid": process.pid, "same": True,
                                "differences": []})
        self.write("# Only a comment is new.\n" + self.text)
        self.assertEqual(self.ask("--diff"), (0, "", ""))
        self.write(self.text + "mode = monitor\nlog-level = debug\n")
        line = len(self.text.splitlines())
        code, out, err = self.ask("--diff")
        self.assertEqual((code, err), (1, ""))
        self.assertEqual(out.splitlines(), [
            "--- the running milter, process %d" % process.pid, "+++ " + self.file,
            "-mode = enforce", "+mode = monitor  # %s:%d, takes a reload" % (self.file, line + 1),
            "-log-level = info",
            "+log-level = debug  # %s:%d, takes a restart" % (self.file, line + 2),
            "# 2 options differ, of which 1 takes a restart"])
        code, out, _ = self.ask("--diff", "--json")
        self.assertEqual(code, 1)
        self.assertEqual(json.loads(out)["differences"][0], {
            "name": "mode", "running": "enforce", "disk": "monitor", "file": self.file,
            "line": line + 1, "takes": "reload"})
        # The reload takes up one of them; what waits for a restart still differs.
        self.assertEqual(subprocess.run([SUBMILTER, "reload", "-c", self.file], timeout=60,
                                        stdout=subprocess.DEVNULL, check=False).returncode, 0)
        code, out, _ = self.ask("--diff", "--json")
        self.assertEqual((code, [d["name"] for d in json.loads(out)["differences"]]),
                         (1, ["log-level"]))

    def test_a_default_that_came_back_has_no_line(self):
        self.start("mode = monitor\n")
        self.write(self.text)
        self.assertIn("-mode = monitor\n+mode = enforce  # takes a reload\n", self.ask("--diff")[1])

    def test_both_sides_are_in_the_form_of_a_file(self):
        value = '{"inline:{{h\u00fcgel@example.org = a\\"b}}"}'
        self.start('domain = "example.org"\nrights { tables = %s }\n' % value)
        self.write(self.text + 'domain = "example.com"\n')
        out = self.ask("--diff")[1]
        self.assertIn('-domain = "example.org"\n+domain = "example.com"  # ', out)
        self.assertIn("-rights.tables = %s\n+rights.tables = {}  # takes a reload\n" % value, out)
        # The file is of the milter's user: it sends nothing to the terminal.
        status = self.dir / "status"
        status.write_bytes(status.read_bytes().replace(b'"example.org"', b'"\x1b[2J\xff"'))
        self.assertIn("-domain = \\x22\\x1b[2J\\xff\\x22\n", self.ask("--diff")[1])

    def test_where_nothing_can_be_said(self):
        self.write(self.TEXT % (self.dir, self.dir))
        code, out, err = self.ask("--diff")
        self.assertEqual((code, out), (75, ""))
        self.assertIn("no milter runs", err)
        self.write('status-file = ""\n')
        self.assertEqual(self.ask("--diff")[:2], (75, ""))

    def test_a_milter_of_another_version(self):
        process = self.start()
        status = (self.dir / "status").read_text(encoding="utf-8")
        none = "".join(line for line in status.splitlines(True)
                       if not line.startswith("option "))
        (self.dir / "status").write_text(none, encoding="utf-8")
        code, out, err = self.ask("--diff")
        self.assertEqual((code, out), (75, ""))
        self.assertIn("restart it", err)
        # An option that only one of them knows; its name is shown without controls.
        (self.dir / "status").write_text(status.replace(
            "option mode enforce\n", "option m\x1bx 1\n"), encoding="utf-8")
        code, out, err = self.ask("--diff")
        self.assertEqual(code, 1)
        self.assertNotIn("\x1b", out)
        self.assertEqual(out.splitlines()[2:], [
            "+mode = enforce  # takes a restart", "-m\\x1bx = 1",
            "# 2 options differ, of which 2 take a restart"])
        found = json.loads(self.ask("--diff", "--json")[1])["differences"]
        self.assertEqual([(d["running"], d["disk"]) for d in found],
                         [(None, "enforce"), ("1", None)])
        self.assertIsNone(process.poll())


if __name__ == "__main__":
    unittest.main()
