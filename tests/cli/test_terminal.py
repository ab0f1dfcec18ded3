#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Colours, on a real terminal: which words have them, and who never sees them."""

import contextlib
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time
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


class Files(unittest.TestCase):
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


class Colours(Files):
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


LINE = ("2026-11-29T08:00:00+00:00 mail submilter[7]: qid=4F2A login=a@corp.example via=sasl "
        "client=192.0.2.7 mail_from=a@corp.example rcpts=2 from=a@corp.example action=accept "
        "ms=1.3\n").encode()
COUNT = 40
CLEARED = "\r\x1b[K"


class SlowNames:
    """A DNS server that knows no name, and takes its time to say so."""

    def __init__(self, seconds):
        self.seconds = seconds
        # So many domains were asked for at once.
        self.most = 0
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(0.2)
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.serve)

    def __enter__(self):
        self.thread.start()
        self.port = self.socket.getsockname()[1]
        return self

    def __exit__(self, *unused):
        self.ended.set()
        self.thread.join()
        self.socket.close()

    def serve(self):
        waiting = []
        while not self.ended.is_set():
            self.socket.settimeout(0.02)
            with contextlib.suppress(socket.timeout):
                data, client = self.socket.recvfrom(4096)
                end = data.index(b"\0", 12) + 5
                waiting.append((time.monotonic() + self.seconds, data[:2] + bytes.fromhex(
                    "8183 0001 0000 0000 0000") + data[12:end], client))
                self.most = max(self.most, len({
                    name for _, answer, _ in waiting
                    for name in re.findall(rb"\x03(d\d\d)\x07example", answer)}))
            while waiting and waiting[0][0] <= time.monotonic():
                _, answer, client = waiting.pop(0)
                self.socket.sendto(answer, client)


class Progress(Files):
    def lines_of(self, shown):
        """Each state of the line, in its order; it is gone in the end."""
        found = re.findall(r"\r([^\r\n\x1b]+)\x1b\[K", shown)
        self.assertEqual(re.sub(r"\r[^\r\n\x1b]+\x1b\[K(?=\r)", "", shown).count("\x1b"),
                         shown.count(CLEARED))
        self.assertEqual(bool(found), CLEARED in shown)
        return found

    def test_of_domains(self):
        with SlowNames(0.2) as names_server:
            config = self.write("slow", 'dns { servers = "127.0.0.1@%d" }\nkeys = "%s/keys"\n' % (
                names_server.port, self.dir) + ('user = "root"\n' if os.geteuid() == 0 else ""))
            names = ["d%02d.example" % i for i in range(COUNT)]
            for name in names:
                (self.dir / "keys" / name).mkdir(mode=0o700, parents=True)
            command = [SUBMILTER, "check", "-c", config, "--no-connect"]
            shown, report, code = terminal.run([*command, "--all-domains"], on=["stderr"])
            found = self.lines_of(shown)
            self.assertTrue(found)
            self.assertTrue(set(found) <= {"%d of %d: %s" % (i + 1, COUNT, name)
                                           for i, name in enumerate(names)}, found)
            self.assertTrue(shown.endswith(CLEARED))
            self.assertEqual([name for name in names if "\n%s\n" % name in report], names)
            self.assertRegex(report, r"\n%d domains: %d with errors, 0 not known now, 0 with "
                             % (COUNT, COUNT))
            self.assertEqual(code, 1)
            self.assertGreater(names_server.most, 1)
            # Both on one terminal: the line is gone before a report.
            shown, _, _ = terminal.run([*command, *names], on=["stdout", "stderr"])
            self.assertRegex(shown, r" of %d: (\S+)\x1b\[K\r\x1b\[K\n\1\n" % COUNT)
            # No other place is shown any.
            for on, environment in (([], {}), (["stdout"], {}), (["stderr"], {"TERM": "dumb"})):
                shown, elsewhere, _ = terminal.run([*command, *names], on=on, **environment)
                self.assertNotIn(" of %d: " % COUNT, shown + elsewhere)

    def test_of_a_log(self):
        config = self.write("plain", 'user = "root"\n' if os.geteuid() == 0 else "#\n")
        for command in ["report"], ["explain", "4F2A"], ["replay", "-c", config]:
            with self.subTest(command):
                shown, out, _ = terminal.run([SUBMILTER, *command], on=["stderr"], stdin=[
                    LINE * 5000, 0.7, LINE * 10000])
                self.assertRegex(self.lines_of(shown)[0], "^[0-9]+ MB: -$")
                self.assertNotEqual(out, "")
        # Of a file it is known how much it is. What is quick shows nothing.
        path = self.write("log", LINE.decode())
        self.assertEqual(terminal.run([SUBMILTER, "report", path], on=["stderr"])[0], "")

    def test_a_name_sends_nothing_to_the_terminal(self):
        path = self.dir / "a\x1b[31m\u009b\u00e9\nb"
        os.mkfifo(path)

        def write():
            with open(path, "wb") as file:
                file.write(LINE * 5000)
                file.flush()
                time.sleep(0.7)
                file.write(LINE * 10000)

        thread = threading.Thread(target=write, daemon=True)
        thread.start()
        shown, _, _ = terminal.run([SUBMILTER, "report", str(path)], on=["stderr"])
        thread.join(10)
        # It ends where the next line would begin.
        self.assertRegex(self.lines_of(shown)[0], r"^\d+ MB: \S+/a\\x1b\[31m\\xc2\\x9b\u00e9$")

    def test_of_keys_that_are_looked_up(self):
        made = self.dir / "made"
        subprocess.run([SUBMILTER, "genkey", "-d", made, "d.example"], check=True,
                       stdout=subprocess.DEVNULL)
        for i in range(80):
            shutil.copytree(made / "d.example", self.dir / "keys" / ("d%02d.example" % i))
        with SlowNames(0.4) as names_server:
            config = self.write("slow", 'dns { servers = "127.0.0.1@%d" }\nkeys = "%s/keys"\n' % (
                names_server.port, self.dir) + 'sign { key-states = "%s/states" }\n' % self.dir
                                + ('user = "root"\n' if os.geteuid() == 0 else ""))
            shown, _, code = terminal.run([SUBMILTER, "keys", "--look-up", "-c", config],
                                          on=["stderr"])
        self.assertEqual(code, 1)
        found = [int(re.fullmatch(r"keys looked up: (\d+)", line)[1])
                 for line in self.lines_of(shown)]
        self.assertTrue(found)
        self.assertEqual(found, sorted(set(found)))
        self.assertLess(found[-1], 160)

    def test_of_keys(self):
        names = ["d%02d.example" % i for i in range(12)]
        shown, out, code = terminal.run(
            [SUBMILTER, "genkey", "-d", str(self.dir / "keys"), "--bits", "3072", "--json", "-"],
            on=["stderr"], stdin=[" ".join(names).encode()])
        self.assertEqual(code, 0)
        self.assertEqual(len(json.loads(out)["keys"]), 24)
        self.assertRegex(self.lines_of(shown)[-1], r"^\d+ of 12: d\d\d.example$")


if __name__ == "__main__":
    unittest.main()
