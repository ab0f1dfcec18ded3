#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Exit codes: each one that the table of submilter(8) has is met here, and no other; and standard
input in the place of files."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import running

SUBMILTER = os.path.abspath(os.path.join(os.environ.get("top_builddir", "."), "submilter"))
TOP = pathlib.Path(os.environ.get("top_srcdir") or
                   pathlib.Path(__file__).resolve().parent.parent.parent).resolve()
# A file that can be opened, and gives EIO: a fault that may pass.
FAILING = "/proc/self/mem"
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


def table():
    """The codes of each command, as the page says them."""
    page = (TOP / "docs/submilter.8").read_text(encoding="utf-8")
    found, command = set(), None
    for name, code in re.findall(r"(?m)^\.It (?:Cm (\S+))? ?Ta (\d+) Ta \S",
                                 page[page.index(".Sh EXIT STATUS"):]):
        command = name or command
        found.add((command, int(code)))
    return found


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


class Codes(Commands):
    def setUp(self):
        super().setUp()
        self.met = set()

    def expect(self, code, command, *args, stdin=""):
        with self.subTest(command, args=args, code=code):
            done = self.run_it(command, *args, stdin=stdin)
            self.assertEqual(done.returncode, code, done)
            # What is no answer is on stderr; whoever fails says why.
            if code in (2, 75) and not done.stdout:
                self.assertNotEqual(done.stderr, "")
            if code == 2:
                self.assertEqual(done.stdout, "")
            self.met.add((command, code))

    def test_each_code_of_the_table(self):
        self.without_a_milter()
        self.of_logs_and_messages()
        self.with_a_milter()
        self.assertEqual(table(), {one for one in self.met if one[1] != 2})
        help_text = self.run_it("--help").stdout
        self.assertEqual({command for command, _ in table()},
                         set(re.findall(r"(?m)^  ([a-z]+)  ", help_text)))
        # And the one that all have in common.
        for command in {command for command, _ in table()}:
            self.expect(2, command, "--no-such-option")
        for command in ("run", "reload", "health", "status", "config", "check"):
            self.expect(2, command, "-c", self.later, "a..b")
        for command, *args in (("genkey",), ("import",), ("test",), ("lookup", "a"), ("replay",), ("explain",),
                               ("keys", "--forget"), ("report", "--top", "x")):
            self.expect(2, command, *args)
        self.with_a_fault_of_the_configuration()

    def with_a_fault_of_the_configuration(self):
        """The same fault has the same code, but for the two that the page names."""
        key, message = self.path("keys"), self.path("message-a")
        absent = self.write("absent", self.user + 'rights { tables = {"texthash:%s"} }\n' % self.none)
        keyless = self.write("keyless", self.user + 'keys = "%s"\n' % self.none)
        of_all = (["config"], ["config", "--diff"], ["reload"], ["health"], ["status"],
                  ["check", "corp.example"], ["genkey", "x.example"], ["keys"],
                  ["keys", "--forget", "x.example"], ["test", *AUTH, message],
                  ["lookup", "--login", "a"], ["lookup", "--login", "a", "b@corp.example"],
                  ["lookup", "texthash:" + self.path("rights"), "a"], ["replay", self.path("log-a")])
        for config in self.broken, self.none, key:
            for command, *args in of_all:
                # Where a milter runs, its file says how it is.
                if command != "status" or not os.path.exists("/run/submilter/status"):
                    self.expect(2, command, "-c", config, *args)
            self.expect(1, "check", "-c", config)
            self.expect(1, "run", "-f", "-c", config)
        for command, *args in of_all[9:12] + of_all[13:]:
            self.expect(2, command, "-c", absent, *args)
        for command, *args in of_all[5:6] + of_all[7:10] + of_all[13:]:
            self.expect(2, command, "-c", keyless, *args)

    def without_a_milter(self):
        keys = self.path("keys")
        os.mkdir(keys, 0o700)
        with_keys = self.write("with-keys", self.user + 'keys = "%s"\n' % keys)
        published = self.write("published", self.user + 'keys = "%s"\nsign { dkim-key = off }\n'
                               'dns { zone = "%s/zone" }\n' % (keys, self.dir))
        self.expect(1, "run", "-f", "-c", self.broken)
        self.expect(75, "run", "-f", "-c", FAILING)
        self.expect(1, "reload", "-c", self.config)
        self.expect(75, "reload", "-c", self.later)
        self.expect(3, "health", "-c", self.config)
        self.expect(75, "health", "-c", self.later)
        self.expect(3, "status", "-c", self.config)
        self.expect(75, "status", "-c", self.later)
        self.expect(0, "config", "-c", self.config)
        self.expect(75, "config", "-c", FAILING)
        self.expect(75, "config", "-c", self.config, "--diff")
        self.expect(1, "check", "-c", self.broken)
        self.expect(75, "check", "-c", FAILING)
        self.expect(0, "check", "-c", self.config, "--list")
        self.expect(0, "import", self.write("opendkim.conf", "Domain corp.example\nSelector s\n"
                                            "KeyFile /nonexistent\n"))
        self.expect(1, "import", "--opendkim", self.none)
        self.expect(75, "import", "--opendkim", FAILING)
        self.expect(0, "genkey", "-d", keys, "corp.example", "--selector", "1")
        self.expect(1, "genkey", "-d", keys, "corp.example", "--selector", "1")
        self.expect(75, "genkey", "-c", FAILING, "corp.example")
        self.expect(75, "keys", "-c", with_keys)
        self.expect(1, "keys", "-c", with_keys, "other.example")
        records = self.run_it("genkey", "-d", self.path("keys2"), "corp.example").stdout
        shutil.rmtree(keys)
        os.rename(self.path("keys2"), keys)
        self.write("zone", "$TTL 60\n$ORIGIN .\n@ IN SOA a. b. 1 1 1 1 1\n" + records)
        self.expect(0, "keys", "-c", published, "--look-up")

    def of_logs_and_messages(self):
        for name, code in ("a", 0), ("c", 1):
            self.expect(code, "test", "-c", self.config, *AUTH, self.path("message-" + name))
        self.expect(75, "test", "-c", self.later, *AUTH, self.path("message-c"))
        rights = "texthash:" + self.path("rights")
        self.expect(0, "lookup", rights, "b@corp.example")
        self.expect(1, "lookup", rights, "c@corp.example")
        self.expect(75, "lookup", "tcp:127.0.0.1:1", "c@corp.example")
        self.expect(2, "lookup", "texthash:" + self.none, "c@corp.example")
        self.expect(2, "lookup", "none:" + self.none, "c@corp.example")
        self.expect(0, "lookup", "-c", self.config, "--login", "a@corp.example", "b@corp.example")
        self.expect(1, "lookup", "-c", self.config, "--login", "a@corp.example", "c@corp.example")
        for name, code in ("a", 0), ("b", 0), ("c", 1):
            self.expect(code, "replay", "-c", self.config, self.path("log-" + name))
        self.expect(75, "replay", "-c", self.later, self.path("log-c"))
        self.expect(0, "report", self.path("log-a"))
        self.expect(1, "report", self.none)
        self.expect(1, "report", stdin="")
        self.expect(0, "explain", "4F2A", self.path("log-a"))
        self.expect(1, "explain", "none", self.path("log-a"))

    def with_a_milter(self):
        process = running.start(self, SUBMILTER, self.config, self.dir / "status",
                                self.dir / "metrics")
        text = pathlib.Path(self.config).read_text(encoding="utf-8")
        self.expect(0, "health", "-c", self.config)
        self.expect(0, "status", "-c", self.config)
        self.expect(0, "reload", "-c", self.config)
        self.write("conf", text + "bogus = 1\n")
        self.expect(1, "reload", "-c", self.config)
        self.write("conf", text + "mode = monitor\n")
        self.expect(1, "status", "-c", self.config)
        self.expect(1, "config", "-c", self.config, "--diff")
        # Reloaded, it asks a table that does not answer.
        self.write("conf", text.replace('"} }', '", "tcp:127.0.0.1:1"} }'))
        self.expect(0, "reload", "-c", self.config)
        end = time.monotonic() + 30
        while self.run_it("health", "-c", self.config).returncode == 0:
            self.assertLess(time.monotonic(), end)
            time.sleep(0.2)
        self.expect(1, "health", "-c", self.config)
        process.send_signal(signal.SIGTERM)
        self.met.add(("run", process.wait(timeout=30)))


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
            self.assertEqual((done.returncode, done.stdout), (2, ""))
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
                     ["check", "-c", "-", "-"], ["check", "--zone", "-", "-"],
                     ["test", "--zone", "-", "-"]):
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
        given = pathlib.Path(zone).read_text(encoding="utf-8")
        for command, *args in (("check", "--no-connect", "--zone", "-", "a.example"),
                               ("test", *AUTH, "--zone", "-", self.path("message-a"))):
            want = self.run_it(command, "-c", self.config, *[
                zone if arg == "-" else arg for arg in args])
            got = self.run_it(command, "-c", self.config, *args, stdin=given)
            self.assertEqual(self.alike(got.stdout), self.alike(want.stdout))
            self.assertEqual((got.stderr, got.returncode), (want.stderr, want.returncode))
        done = self.run_it("keys", "-c", self.config, "-", stdin="")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("usage: ", done.stderr)


if __name__ == "__main__":
    unittest.main()
