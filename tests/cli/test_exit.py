#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Standard input in the place of files."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

SUBMILTER = os.path.abspath(os.path.join(os.environ.get("top_builddir", "."), "submilter"))
LOG = ("2026-11-29T08:00:00+00:00 mail submilter[7]: qid=4F2A login=a@corp.example via=sasl "
       "client=192.0.2.7 mail_from=a@corp.example rcpts=2 from=%s action=accept ms=1.3\n")
MESSAGE = ("From: %s\r\nSubject: x\r\nDate: Sun, 29 Nov 2026 08:00:00 +0000\r\n"
           "Message-ID: <1@corp.example>\r\n\r\nbody\r\n")
CONFIG = """\
domain = "corp.example"
listen = "unix:%(dir)s/socket"
status-file = "%(dir)s/status"
rights { tables = {"texthash:%(dir)s/rights"} }
metrics { listen = "unix:%(dir)s/metrics" }
"""
AUTH = "--auth", "a@corp.example"


class Commands(unittest.TestCase):
    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="submilter-exit."))
        self.addCleanup(shutil.rmtree, self.dir)
        self.dir.chmod(0o755)
        self.user = 'user = "root"\n' if os.geteuid() == 0 else ""
        self.write("rights", "b@corp.example a@corp.example\n")
        self.config = self.write("conf", CONFIG % {"dir": self.dir} + self.user)
        # This table cannot answer.
        self.later = self.write("later", self.user + 'domain = "corp.example"\n'
                                'status-file = ""\nrights { tables = {"tcp:127.0.0.1:1"} }\n')
        self.broken = self.write("broken", "mode = off\n")
        self.none = str(self.dir / "none")
        for name in "a@corp.example", "b@corp.example", "c@corp.example":
            self.write("log-" + name[0], LOG % name)
            self.write("message-" + name[0], MESSAGE % name)

    def write(self, name, text):
        path = self.dir / name
        path.write_text(text, encoding="utf-8")
        path.chmod(0o644)
        return str(path)

    def path(self, name):
        return str(self.dir / name)

    def run_it(self, *args, stdin=""):
        return subprocess.run([SUBMILTER, *args], input=stdin, capture_output=True,
                              timeout=90, check=False, text=True)


class Input(Commands):
    def test_the_configuration(self):
        for text in self.config, self.broken:
            given = pathlib.Path(text).read_text(encoding="utf-8")
            for command, *args in (
                    ("config",), ("config", "-n"), ("check", "--list"), ("check", "--no-connect"),
                    ("keys",), ("health",), ("status",), ("genkey", "x.example"),
                    ("test", *AUTH, "--report-only", self.path("message-a")),
                    ("lookup", "--login", "a@corp.example"), ("replay", self.path("log-a"))):
                with self.subTest(command, args=args):
                    want = self.run_it(command, "-c", text, *args)
                    got = self.run_it(command, "-c", "-", *args, stdin=given)
                    for one in "stdout", "stderr":
                        self.assertEqual(self.alike(getattr(got, one)),
                                         self.alike(getattr(want, one).replace(
                                             text, "standard input")))
                    self.assertEqual(got.returncode, want.returncode)

    def alike(self, text):
        """Without what differs from run to run: times, and where comments begin."""
        return re.sub(r"ms=[\d.]+", "", re.sub(r"  +# ", "  # ", text))

    def test_a_configuration_that_is_cut(self):
        for given, why in (("", "empty"), ("mode = monitor", "last line")):
            done = self.run_it("config", "-c", "-", stdin=given)
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            self.assertRegex(done.stderr, "^standard input: .*" + why)

    def test_includes_are_relative_to_the_working_directory(self):
        self.write("more", "mode = monitor\n")
        done = subprocess.run([SUBMILTER, "config", "-n", "-c", "-"], input="include more\n",
                              capture_output=True, timeout=60, check=False, text=True, cwd=self.dir)
        self.assertRegex(done.stdout, r"^mode = monitor +# more:1\n$")

    def test_it_is_one_thing_only(self):
        given = "x.example\n"
        for args in (["test", "-c", "-", "-"], ["replay", "-c", "-"], ["replay", "-c", "-", "-"],
                     ["genkey", "-c", "-", "-"], ["keys", "-c", "-", "-"],
                     ["check", "-c", "-", "-"]):
            done = self.run_it(*args, stdin=given)
            self.assertEqual((done.returncode, done.stdout), (2, ""), args)
            self.assertRegex(done.stderr, "standard input is .* already, and cannot be ")

    def test_the_rest(self):
        self.assertEqual(self.run_it("test", "-c", self.config, *AUTH, "-",
                                     stdin=MESSAGE % "a@corp.example").returncode, 0)
        for args in ["report"], ["report", "-"], ["explain", "4F2A"], ["explain", "4F2A", "-"], [
                "replay", "-c", self.config, "-"]:
            self.assertEqual(self.run_it(*args, stdin=LOG % "a@corp.example").returncode, 0, args)
        zone = self.write("zone", "$TTL 60\n$ORIGIN .\n@ IN SOA a. b. 1 1 1 1 1\n")
        done = self.run_it("check", "-c", self.config, "--no-connect", "--zone", zone, "-",
                           stdin="b.example\na.example\n")
        self.assertRegex(done.stdout, r"(?s)\nb.example\n.*\na.example\n.*\n2 domains: ")
        done = self.run_it("keys", "-c", self.config, "-", stdin="")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("usage: ", done.stderr)


if __name__ == "__main__":
    unittest.main()
