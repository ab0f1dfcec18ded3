#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Colours, on a real terminal: which words have them, and who never sees them."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import terminal

SUBMILTER = os.path.abspath(os.path.join(os.environ.get("top_builddir", "."), "submilter"))
RED, YELLOW, GREEN, END = "\x1b[31m", "\x1b[33m", "\x1b[32m", "\x1b[0m"
ZONE = """\
$TTL 60
$ORIGIN corp.example.
@ IN SOA ns.example. root.example. 1 1 1 1 1
@ IN TXT "v=spf1 +all +all ~"
"""


class Terminal(unittest.TestCase):
    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="submilter-terminal."))
        self.addCleanup(shutil.rmtree, self.dir)
        self.dir.chmod(0o755)
        self.config = self.write("conf", 'listen = "unix:%s/socket"\nstatus-file = "%s/status"\n'
                                 'keys = "%s/keys"\nsign { dkim-key = off }\n' % ((self.dir,) * 3)
                                 + ('user = "root"\n' if os.geteuid() == 0 else ""))
        self.broken = self.write("broken", "mode = off\n")
        self.zone = self.write("zone", ZONE)

    def write(self, name, text):
        path = self.dir / name
        path.write_text(text, encoding="utf-8")
        path.chmod(0o644)
        return str(path)

    def commands(self):
        """Commands with the words in colour that they show."""
        subprocess.run([SUBMILTER, "genkey", "-d", str(self.dir / "keys"), "corp.example"],
                       stdout=subprocess.DEVNULL, timeout=60, check=True)
        status = self.write("dead", "submilter-status 1\npid 2147483647\nend\n")
        return (
            (["check", "--no-connect", "-c", self.broken], [RED + "error" + END]),
            (["check", "--no-connect", "-c", self.config, "--postfix", "/nonexistent"],
             [GREEN + "ok" + END, RED + "error" + END]),
            (["check", "--no-connect", "-c", self.config, "--zone", self.zone, "corp.example"],
             [RED + "error  " + END + "  spf"]),
            (["keys", "-c", self.config], [YELLOW + "unknown" + END]),
            (["status", "-c", self.config], ["submilter " + RED + "does not run" + END]),
            (["status", "--status-file", status], ["submilter " + RED + "does not run" + END]),
        )

    def test_words_have_colours_and_nothing_else(self):
        for command, wanted in self.commands():
            with self.subTest(command):
                shown, elsewhere, code = terminal.run([SUBMILTER, *command])
                for text in wanted:
                    self.assertIn(text, shown)
                # Colours begin and end around one word or two, and there are no other controls.
                self.assertNotIn("\x1b", re.sub(
                    r"\x1b\[3[123]m[A-Za-z][A-Za-z :]*\x1b\[0m", "", shown))
                # Without them the text is that of a file.
                plain = subprocess.run([SUBMILTER, *command], stdin=subprocess.DEVNULL,
                                       capture_output=True, timeout=60, check=False, text=True)
                self.assertEqual(re.sub(r"\x1b\[\d+m", "", shown), plain.stdout)
                self.assertEqual((elsewhere, code), (plain.stderr, plain.returncode))

    def test_who_never_sees_them(self):
        for command, _ in self.commands():
            for args, on, environment in (
                    ([], ["stdout"], {"NO_COLOR": "1"}), ([], ["stdout"], {"TERM": "dumb"}),
                    ([], ["stdout"], {"TERM": ""}), ([], ["stdout"], {"TERM": None}),
                    (["--json"], ["stdout", "stderr"], {}), ([], ["stderr"], {})):
                with self.subTest(command, args=args, on=on, environment=environment):
                    shown, elsewhere, _ = terminal.run([SUBMILTER, *command, *args], on=on,
                                                       **environment)
                    self.assertNotEqual(shown + elsewhere, "")
                    self.assertNotIn("\x1b", shown + elsewhere)

    def test_no_color_that_is_empty_says_nothing(self):
        shown, _, _ = terminal.run([SUBMILTER, "check", "-c", self.broken], NO_COLOR="")
        self.assertIn(RED + "error" + END, shown)


if __name__ == "__main__":
    unittest.main()
