#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Completions are those of the commands as they are, and the shells complete by them.
A shell that is not installed is left out, and its tests with it."""

import os
import pathlib
import pty
import re
import select
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

TOP = pathlib.Path(os.environ.get("top_srcdir") or
                   pathlib.Path(__file__).resolve().parent.parent.parent).resolve()
SUBMILTER = pathlib.Path(os.environ.get("SUBMILTER") or
                         pathlib.Path(os.environ.get("top_builddir", ".")) / "submilter")
FILES = TOP / "packaging/completions"
NAMES = {"bash": "submilter", "zsh": "_submilter", "fish": "submilter.fish"}


def output(*command, **more):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, check=True, timeout=60, **more).stdout


class Current(unittest.TestCase):
    def test_made_from_the_commands_as_they_are(self):
        for shell, name in NAMES.items():
            with self.subTest(shell):
                made = output(str(FILES / "generate"), str(SUBMILTER.resolve()), shell)
                stored = (FILES / name).read_text(encoding="utf-8")
                self.assertEqual(made, stored, "run make docs")

    def test_every_option_of_the_commands_is_there(self):
        text = (FILES / NAMES["bash"]).read_text(encoding="utf-8")
        known = {command: set(re.findall(r"--[a-z-]+", options)) for command, options in
                 re.findall(r"(?m)^\t([a-z]+)\) options='(.*)'", text)}
        for path in (TOP / "milter/cli").glob("*.c"):
            # "config" is in config_show.c, "check" in check.c.
            command = path.stem.split("_")[0].replace("main", "run")
            for name in re.findall(r'\{ "([a-z-]+)",(?: \'\w\',)? \.(?:text|flag|list) =',
                                   path.read_text(encoding="utf-8")):
                with self.subTest(file=path.name, option=name):
                    self.assertIn("--" + name, known[command])


class Shells(unittest.TestCase):
    def setUp(self):
        self.top = pathlib.Path(tempfile.mkdtemp(prefix="submilter-completions."))
        self.addCleanup(shutil.rmtree, self.top)
        for name in "message.eml", "second.eml":
            (self.top / name).touch()
        (self.top / "folder").mkdir()

    def check(self, complete):
        """Each line, what it is completed to, and what is not offered."""
        for line, wanted, unwanted in (
                ("submilter ch", {"check"}, {"run", "test"}),
                ("submilter test --cert-", {"--cert-subject", "--cert-issuer", "--cert-fp"},
                 {"--postfix", "--auth"}),
                ("submilter check --post", {"--postfix"}, {"--json"}),
                ("submilter test me", {"message.eml"}, {"second.eml"}),
                ("submilter test --mta s", {"sendmail"}, {"postfix"}),
                ("submilter explain --j", {"--json"}, {"--top"}),
                ("submilter explain 4F2A me", {"message.eml"}, {"second.eml"}),
                ("submilter replay me", {"message.eml"}, {"second.eml"}),
                ("submilter config sign.dk", {"sign.dkim-key"}, {"sign.mode", "message.eml"}),
                ("submilter genkey --bits ", {"2048", "3072", "4096"}, {"message.eml"}),
                ("submilter run --config=sec", {"second.eml"}, {"message.eml"}),
                ("submilter run -c sec", {"second.eml"}, {"message.eml"}),
                ("submilter check --postfix fo", {"folder"}, {"message.eml"})):
            with self.subTest(line):
                seen = complete(line)
                for word in wanted:
                    self.assertRegex(seen, r"(?<![\w-])%s(?![\w-])" % re.escape(word))
                for word in unwanted:
                    self.assertNotRegex(seen, r"(?<![\w-])%s(?![\w-])" % re.escape(word))

    def test_bash(self):
        script = ('source "$1"; read -ra COMP_WORDS <<< "${2//=/ = }"; '
                  '[[ $2 != *" " ]] || COMP_WORDS+=(""); '
                  'COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _submilter; '
                  'printf "%s\\n" "${COMPREPLY[@]}"')
        self.check(lambda line: output("bash", "-c", script, "bash",
                                       str(FILES / NAMES["bash"]), line, cwd=self.top))

    @unittest.skipUnless(shutil.which("fish"), "there is no fish here")
    def test_fish(self):
        # Each word is followed by what it means.
        self.check(lambda line: re.sub(r"\t.*", "", output(
            "fish", "-c", "source $argv[1]; complete -C $argv[2]",
            str(FILES / "submilter.fish"), line, cwd=self.top,
            env=dict(os.environ, HOME=str(self.top), XDG_CONFIG_HOME=str(self.top)))))

    @unittest.skipUnless(shutil.which("zsh"), "there is no zsh here")
    def test_zsh(self):
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(self.top)
            os.execvpe("zsh", ["zsh", "-f", "-i"], {
                "PATH": os.environ["PATH"], "TERM": "dumb", "HOME": str(self.top),
                "COLUMNS": "200", "LINES": "100"})
        try:
            os.write(terminal, b"PS1=; fpath=('%s' $fpath); autoload -Uz compinit; "
                     b"compinit -u -D; LISTMAX=1000; setopt no_beep no_list_ambiguous; "
                     b"echo re''ady\n" % str(FILES).encode())
            self.read(terminal, "\nready")
            self.check(lambda line: self.type(terminal, line))
        finally:
            os.close(terminal)
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)

    def type(self, terminal, line):
        """What comes behind the line at a tab. Then the line is erased."""
        os.write(terminal, line.encode() + b"\t")
        seen = self.read(terminal, None)
        os.write(terminal, b"\x15")
        self.read(terminal, None)
        return seen[len(line) - len(line.split(" ")[-1]):]

    def read(self, terminal, mark):
        """Up to the mark, or, without one, until nothing more has come for a while."""
        text, end = "", time.monotonic() + 30
        while time.monotonic() < end and (mark is None or mark not in text):
            if select.select([terminal], [], [], 0.7 if mark is None else 10)[0]:
                text += os.read(terminal, 65536).decode(errors="replace")
            elif text or mark is not None:
                break
        return text


if __name__ == "__main__":
    unittest.main()
