#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""One contract for every type of table, each with its real server: what is there is
found, what is not is absent, and what cannot be known is a failure, within the time
that was given. SUBMILTER names the program, ASK tests/tables/ask, SUBMILTER_MODULES
the directory of the modules. To be run as root."""

import contextlib
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import threading
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parent))

import backends                     # noqa: E402
import lab                          # noqa: E402
from backends import Asker          # noqa: E402
from lab.process import wait_until  # noqa: E402
from servers import Certificates    # noqa: E402

# Keys that mean something to somebody on the way; each has its own value.
HOSTILE = [
    "'", "''", "a'b@x.example", '"a b"@x.example', '"', "a\\b@x.example",
    "a\\'b@x.example", "\\", "*", "*@x.example", "(a)@x.example", "a)(b@x.example",
    "%", "%s", "%u@%d", "100%@x.example", "_", "a_b@x.example", "$1", "${a}@x.example",
    "a;b@x.example", "a b@x.example", "a,b@x.example", "a=b@x.example", "--", "#",
    "josé@x.example", "ünal@bücher.example", "€@x.example", "\U0001f600@x.example",
    "a@b@x.example", "@x.example", "@", "a@", "\u00a0@x.example", "get a", "0", "null",
]
# Nobody's keys: each is an attempt to reach somebody's row.
INJECTIONS = [
    "' or '1'='1", "' or 1=1 -- ", "\\' or 1=1 -- ", "alice@corp.example' -- ",
    "' union select 'alice", "'; drop table rights; --", "alice@corp.example'/*",
    "\u02bc or 1=1 -- ", "\xbf' or 1=1 -- ", "*)(serialnumber=*", "alice*", "al%",
    "alice@corp.example)(cn=*", "*)(|(objectclass=*", "\\2a", "alic_@corp.example",
    "%@corp.example", "%%", "%s@corp.example", "alice@corp.example 0 -1",
    "alice@corp.example rights:bob", "alice@corp.example*", "$(id)", "`id`",
    "alice@corp.example\u2028", "alice@corp.example%00", "alice@corp.example\\0",
    "alice\u0307@corp.example", "\uff41lice@corp.example", "alice@corp.example.",
    "rights:alice@corp.example", "{alice@corp.example}", "alice@corp.example}",
]
ROWS = {
    "alice@corp.example": ["alice"],
    "team@corp.example": ["alice", "bob", "alice"],
    "nobody@corp.example": [""],
    "@corp.example": ["admin"],
    "odd@corp.example": ["a b, c", "ünal", "100%s \\ ' \" {x}"],
}
ROWS.update((key, ["value of %d" % number]) for number, key in enumerate(HOSTILE))
# A machine may be ten times slower than this one.
SHORT_MS, PATIENCE = 500, 60


class Contract:
    """What holds for each kind; a mix-in for unittest.TestCase."""

    @classmethod
    def setUpClass(cls):
        cls.top = cls.enterClassContext(lab.scratch())
        cls.certificates = Certificates(cls.top / "tls")
        cls.backend = backends.backend(cls.kind, cls.top, cls.certificates)
        cls.addClassCleanup(cls.backend.stop)
        rows = dict(ROWS)
        rows["x" * (cls.kind.longest_key - 10)] = ["long key"]
        rows["large@corp.example"] = ["v" * cls.kind.longest_value]
        cls.backend.start(rows)
        cls.rows = {key: values for key, values in rows.items()
                    if key not in cls.backend.keys_it_lacks}

    def wanted(self, values):
        """What a key is that has such values."""
        if values == [""]:
            return self.backend.empty
        if self.backend.has_many:
            return "found", ",".join(values)
        return "found", backends.one_value(values)

    def check(self, got, want):
        """Values come in the order in which they were stored, or in any."""
        if self.kind is backends.RedisCluster:
            got = got[0], sorted(got[1].split(","))
            want = want[0], sorted(set(want[1].split(",")))
        self.assertEqual(got, want)

    def test_what_is_there_and_what_is_not(self):
        with Asker(self.backend.table()) as asker:
            for key, values in self.rows.items():
                if values != [""] or self.backend.empty[0] != "failed":
                    with self.subTest(key=key[:60]):
                        self.check(asker.ask(key), self.wanted(values))
            for key in INJECTIONS + self.backend_lacks():
                with self.subTest(key=key):
                    word, text = asker.ask(key)
                    if not self.backend.refuses_likeness or word != "failed":
                        self.assertEqual((word, text), ("absent", ""))
            # Nothing was changed by any of them, and case does not count.
            for key in "alice@corp.example", "ALICE@Corp.EXAMPLE":
                self.assertEqual(asker.ask(key), ("found", "alice"))
            self.assertEqual(asker.ask("JOSÉ@x.example"), asker.ask("josé@x.example"))

    def backend_lacks(self):
        return [key for key in self.backend.keys_it_lacks
                if self.kind is not backends.Texthash]

    def test_keys_that_are_none(self):
        """Too long, not UTF-8, with a control character: nobody is asked."""
        with Asker(self.backend.table()) as asker:
            word, text = asker.ask("y" * 10000)
            self.assertEqual(word, "failed")
            self.assertIn("over 1024 octets", text)
            for length in range(self.backend.longest_key, 1025, 87):
                key = "y" * length
                if length == self.backend.longest_key:
                    self.assertEqual(asker.ask(key), ("absent", ""))
                elif length > self.backend.longest_key:
                    self.assertIn(asker.ask(key)[0],
                                  ("absent", self.backend.over_longest))
            for key in "a\tb", "a\rb", "a\0b", "\x7f":
                self.assertEqual(asker.ask(key)[0], "failed")
            asker.process.stdin.write(b"\xff@corp.example\n")
            self.assertEqual(asker.ask("\u0085")[0], "failed")

    def test_the_command(self):
        """submilter lookup TABLE -"""
        keys = ["alice@corp.example", "none@corp.example", "team@corp.example"]
        done = subprocess.run(
            [os.environ["SUBMILTER"], "lookup", self.backend.table(), "-"],
            input="".join(k + "\n" for k in keys).encode(), capture_output=True,
            timeout=PATIENCE)
        # A memcached without a backup is worth a warning.
        said = [line for line in done.stderr.splitlines()
                if not line.startswith(b"submilter lookup: warning: ")]
        self.assertEqual((done.returncode, said), (0, []))
        lines = done.stdout.decode().splitlines()
        self.assertEqual(lines[0], "alice@corp.example\talice")
        key, value = lines[1].split("\t")
        self.assertEqual((len(lines), key), (2, "team@corp.example"))
        self.check(("found", value), self.wanted(self.rows[key]))

    def test_sixteen_threads(self):
        """All of them at once, many times, with a cache and without."""
        keys = list(self.rows)[:12]
        for kept in False, True:
            with Asker(self.backend.table(), threads=16, rounds=8,
                       kept=kept) as asker:
                for key in keys:
                    if self.rows[key] != [""] or self.backend.empty[0] != "failed":
                        self.check(asker.ask(key), self.wanted(self.rows[key]))
                    self.assertEqual(asker.ask("no" + key), ("absent", ""))

    def test_a_table_that_cannot_be(self):
        """A file that is missing, or says what means nothing."""
        if not self.backend.is_file:
            self.skipTest("has no file of parameters")
        kind, _, path = self.backend.table().partition(":")
        for table in (kind + ":" + path + "-none", kind + ":" + str(self.top),
                      self.backend.table(more="no sense\n"),
                      self.backend.table(more="expansion_limit = 5x\n")
                      if self.kind is not backends.Memcache
                      else self.backend.table(more="ttl = 5x\n"),
                      self.backend.table(more="domain = none:x\n")):
            with Asker(table) as asker:
                word, text, _ = asker.receive()
                self.assertEqual(word, "failed")
                self.assertIn("table " + kind, text)

    def test_parameters_in_common(self):
        if not self.backend.is_file:
            self.skipTest("has no file of parameters")
        with Asker(self.backend.table(more="domain = corp.example\n")) as asker:
            self.assertEqual(asker.ask("alice@corp.example"), ("found", "alice"))
            for key in "a'b@x.example", "'", "alice@a.corp.example":
                self.assertEqual(asker.ask(key), ("absent", ""))
        if self.kind is backends.Memcache:
            return
        with Asker(self.backend.table(more="result_format = %s@%D\n")) as asker:
            self.assertEqual(asker.ask("alice@corp.example"),
                             ("found", "alice@corp.example"))
        with Asker(self.backend.table(more="expansion_limit = 1\n")) as asker:
            self.assertEqual(asker.ask("alice@corp.example"), ("found", "alice"))
            self.assertEqual(asker.ask("team@corp.example")[0], "failed")


class ServerContract(Contract):
    """What holds where a real server is asked: it may be slow, gone, or not it."""

    def table(self, **changes):
        return self.backend.table(**changes)

    def assert_failed(self, answer, table, longest_ms=None):
        word, text, ms = answer
        self.assertEqual(word, "failed", text)
        self.assertIn("table " + table, text)
        if longest_ms is not None:
            self.assertLess(ms, longest_ms)

    def wait_for(self, asker, key, want):
        """Until it answers; until then it fails, and says nothing wrong."""
        def is_back():
            got = asker.ask(key)
            self.assertIn(got[0], ("failed", "some", want[0]))
            return got == want
        wait_until(is_back, PATIENCE, "answer")

    @contextlib.contextmanager
    def killed(self):
        self.backend.server.kill()
        try:
            yield
        finally:
            self.restart()

    def restart(self):
        self.backend.server.start()
        self.backend.refill()

    def test_slow(self):
        """It hangs for a while, and answers then."""
        with Asker(self.table(), threads=4) as asker:
            self.assertEqual(asker.ask("alice@corp.example"), ("found", "alice"))
            for key, want in (("@corp.example", ("found", "admin")),
                              ("none@corp.example", ("absent", ""))):
                self.backend.server.pause()
                try:
                    asker.send(key)
                    time.sleep(0.2)
                finally:
                    self.backend.server.resume()
                word, text, ms = asker.receive()
                self.assertEqual((word, text), want)
                self.assertGreaterEqual(ms, 100)

    def test_hanging(self):
        """Each look-up waits until its deadline, on a connection new or old."""
        for is_old in True, False:
            with Asker(self.table(), deadline_ms=SHORT_MS) as asker:
                if is_old:
                    self.wait_for(asker, "alice@corp.example", ("found", "alice"))
                self.backend.server.pause()
                try:
                    for _ in range(2):
                        asker.send("alice@corp.example")
                        self.assert_failed(asker.receive(), asker.table,
                                           20 * SHORT_MS)
                finally:
                    self.backend.server.resume()
                self.wait_for(asker, "alice@corp.example", ("found", "alice"))
                self.assertEqual(asker.ask("none@corp.example"), ("absent", ""))

    def test_gone_and_back(self):
        with Asker(self.table(), threads=4) as asker:
            self.assertEqual(asker.ask("alice@corp.example"), ("found", "alice"))
            for _ in range(2):
                before = asker.descriptors()
                with self.killed():
                    for key in "alice@corp.example", "none@corp.example":
                        asker.send(key)
                        self.assert_failed(asker.receive(), asker.table)
                self.wait_for(asker, "alice@corp.example", ("found", "alice"))
                self.assertEqual(asker.ask("none@corp.example"), ("absent", ""))
                self.assertLessEqual(asker.descriptors(), before + 4)

    def test_restarted(self):
        """The connections are lost while nobody looks: the next answer is right."""
        with Asker(self.table(), threads=4) as asker:
            self.assertEqual(asker.ask("alice@corp.example"), ("found", "alice"))
            self.backend.server.kill()
            self.restart()
            self.assertEqual(asker.ask("alice@corp.example"), ("found", "alice"))
            self.assertEqual(asker.ask("none@corp.example"), ("absent", ""))

    def test_somebody_else_is_there(self):
        """Says nothing, or nonsense, or hangs up."""
        with contextlib.ExitStack() as stack:
            askers = []
            for reply in (None, b"", b"HTTP/1.1 400 Bad Request\r\n\r\n",
                          b"\0" * 100, b"\xff" * 5000, b"-\r\n",
                          b"0\x84\x7f\xff\xff\xff", b"N",
                          b"\x7f\xff\xff\0" + b"x" * 100000):
                other = stack.enter_context(Stranger(reply))
                askers.append(stack.enter_context(Asker(
                    self.table(port=other.port), deadline_ms=SHORT_MS)))
            for asker in askers:
                asker.send("alice@corp.example")
            for asker in askers:
                self.assert_failed(asker.receive(), asker.table, 20 * SHORT_MS)

    def test_an_answer_without_an_end(self):
        """Its rest is not read; a value of half a million is fine."""
        if self.kind is not backends.Pgsql:
            self.skipTest("has no function that makes one")
        query = ("query = SELECT repeat('x', 500000) FROM generate_series(1, %d) "
                 "WHERE '%%s' <> ''\n")
        with Asker(self.table(more=query % 1)) as asker:
            self.assertEqual(asker.ask("alice@corp.example"), ("found", "x" * 500000))
        with Asker(self.table(more=query % 1000)) as asker:
            word, text = asker.ask("alice@corp.example")
            self.assertEqual(word, "failed")
            self.assertIn("over 16777216 octets", text)

    def test_wrong_password(self):
        if not self.backend.has_passwords:
            self.skipTest("knows no passwords")
        for password in "wrong", "' or 1=1", "%s", "":
            table = self.table(password=password)
            with Asker(table) as asker:
                asker.send("alice@corp.example")
                answer = asker.receive()
                self.assert_failed(answer, table.replace("\\", ""))
                if password:
                    self.assertNotIn(password, answer[1])

    def found_by_check(self, table):
        """What `submilter check` finds of the table: level, text and fix of each."""
        conf = self.top / "check.conf"
        conf.write_text(
            'user = "root"\nlisten = "unix:%s/socket"\ndomain = "corp.example"\n'
            'sign { dkim-key = off }\nrights { %s = {"%s", '
            '"inline:{alice@corp.example=alice}"} }\n' % (
                self.top, self.backend.option, str(table).replace("\\", "\\\\")))
        conf.chmod(0o600)
        done = subprocess.run(
            [os.environ["SUBMILTER"], "check", "--no-connect", "--json", "-c", conf,
             "--postfix", self.top], stdout=subprocess.PIPE, timeout=PATIENCE)
        return [(f["level"], f["text"], f.get("fix", ""))
                for f in json.loads(done.stdout)["findings"]
                if f["text"].startswith("rights.%s: " % self.backend.option)
                and "inline:" not in f["text"]]

    def test_check_names_table_server_and_remedy(self):
        """And a stranger has no row of alice, whose key it has from another table."""
        if not self.backend.has_server:
            self.skipTest("has no server")
        table = str(self.table())
        (level, text, _), = self.found_by_check(table)
        self.assertEqual(level, "ok", text)
        self.assertRegex(text, r"^rights\.\w+: .* answers in \d+\.\d ms$")
        if self.backend.has_passwords:
            table = str(self.table(password="wrong"))
            (level, text, fix), = self.found_by_check(table)
            self.assertEqual((level, fix), (
                "error", "user and password in " + table.split(":", 1)[1]), text)
            self.assertRegex(text, r"^rights\.\w+: table %s: .*(127\.0\.0\.1|localhost|/)"
                             % re.escape(table))
        if self.backend.has_tls:
            table = str(self.table(tls=self.certificates.other_ca))
            (level, text, fix), = self.found_by_check(table)
            self.assertEqual((level, fix), (
                "error", "the CA and the names of the server in " + table.split(":", 1)[1]), text)

    def test_certificates(self):
        """Of the right CA; of another one; of none that is there."""
        if not self.backend.has_tls:
            self.skipTest("does not speak TLS")
        with Asker(self.table(tls=self.certificates.ca), threads=16) as asker:
            for key in "alice@corp.example", "@corp.example":
                self.assertEqual(asker.ask(key), self.wanted(self.rows[key]))
            self.assertEqual(asker.ask("none@corp.example"), ("absent", ""))
            self.assertEqual(asker.ask("large@corp.example"),
                             ("found", "v" * self.backend.longest_value))
        for ca in self.certificates.other_ca, self.top / "none.pem":
            table = self.table(tls=ca)
            with Asker(table) as asker:
                for _ in range(2):
                    asker.send("alice@corp.example")
                    answer = asker.receive()
                    self.assert_failed(answer, table)

    def test_hanging_in_tls(self):
        if not self.backend.has_tls:
            self.skipTest("does not speak TLS")
        with Asker(self.table(tls=self.certificates.ca),
                   deadline_ms=SHORT_MS) as asker:
            self.backend.server.pause()
            try:
                asker.send("alice@corp.example")
                self.assert_failed(asker.receive(), asker.table, 20 * SHORT_MS)
            finally:
                self.backend.server.resume()
            self.wait_for(asker, "alice@corp.example", ("found", "alice"))

    def test_certificate_of_another_host(self):
        if not self.backend.has_tls:
            self.skipTest("does not speak TLS")
        other = backends.backend(self.kind, self.top, self.certificates)
        try:
            other.start({"alice@corp.example": ["alice"]}, wrong_certificate=True)
            with Asker(other.table()) as asker:
                self.assertEqual(asker.ask("alice@corp.example"), ("found", "alice"))
            table = other.table(tls=self.certificates.ca)
            with Asker(table) as asker:
                asker.send("alice@corp.example")
                self.assert_failed(asker.receive(), table)
        finally:
            other.stop()


class Stranger:
    """Somebody at a port who says `reply` to whatever comes; None hangs up."""

    def __init__(self, reply):
        self.reply = reply
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.open = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                if self.reply is None:
                    connection.close()
                    continue
                self.open.append(connection)
                with contextlib.suppress(OSError):
                    connection.sendall(self.reply)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for connection in self.open:
            connection.close()


def make(kind, contract=None):
    contract = contract or (ServerContract if kind.has_server else Contract)
    name = kind.__name__ + "Test"
    globals()[name] = type(name, (contract, unittest.TestCase), {
        "kind": kind, "__module__": __name__})


for KIND in (backends.Btree, backends.Cdb, backends.Hash, backends.Inline,
             backends.Ldap, backends.Lmdb, backends.Memcache, backends.Mysql,
             backends.Pgsql, backends.Radius, backends.Redis,
             backends.RedisCluster, backends.Socketmap, backends.Sqlite, backends.Tcp,
             backends.Texthash):
    make(KIND)


if __name__ == "__main__":
    unittest.main()
