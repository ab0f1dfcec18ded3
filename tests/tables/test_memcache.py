#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Tables of type memcache beyond the contract: the table behind, limits, and servers
that lie. To be run as root, with the environment of test_contract.py."""

import pathlib
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parent))

import fakes                            # noqa: E402
import lab                              # noqa: E402
import servers                          # noqa: E402
from backends import NUMBERS, Asker, documented     # noqa: E402


class Memcache(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.top = cls.enterClassContext(lab.scratch())
        cls.debs = lab.Debs.shared(cls.top, "memcached")
        cls.server = cls.enterClassContext(
            servers.Memcached(cls.top / "memcached", cls.debs))

    def table(self, text, port=None):
        path = self.top / ("%d.cf" % next(NUMBERS))
        path.write_text("memcache = %s\n%s" % (self.place(port), text))
        return "memcache:%s" % path

    def place(self, port=None):
        return "inet:127.0.0.1:%d" % (port or self.server.port)

    def test_the_manual(self):
        self.server.set(b"rights:a@x", b"alice")
        path = self.top / "manual.cf"
        path.write_text(documented("/etc/postfix/rights-memcache.cf",
                                   memcache=self.place(), backup="inline:{b@x=bob}"))
        with Asker("memcache:%s" % path) as asker:
            self.assertEqual(asker.ask("a@x"), ("found", "alice"))
            self.assertEqual(asker.ask("b@x"), ("found", "bob"))
        self.assertEqual(self.server.get(b"rights:b@x"), b"bob")

    def ask(self, text, key, port=None, **how):
        with Asker(self.table(text, port), **how) as asker:
            asker.send(key)
            return asker.receive()[:2]

    def test_backup(self):
        """What only the backup has is given to memcached, which is asked first."""
        self.server.set(b"first@x", b"memcached")
        text = ("backup = inline:{first@x=backup, {second@x = b, c}, a+b@x=d, x@y=e}\n"
                "ttl = 600\nflags = 7\ndata_size_limit = 5\n")
        with Asker(self.table(text.replace("= 5", "= 50"))) as asker:
            self.assertEqual(asker.ask("first@x"), ("found", "memcached"))
            self.assertEqual(asker.ask("second@x"), ("found", "b, c"))
            self.assertEqual(self.server.get(b"second@x"), b"b, c")
            self.assertIn(b"VALUE second@x 7 4", self.server.say(b"get second@x\r\n", 3))
            self.server.set(b"second@x", b"changed")
            self.assertEqual(asker.ask("second@x"), ("found", "changed"))
            self.assertEqual(asker.ask("third@x"), ("absent", ""))
            self.assertIsNone(self.server.get(b"third@x"))
        # Nine octets from memcached are more than five: the backup is asked.
        self.assertEqual(self.ask(text, "first@x"), ("found", "backup"))
        self.assertEqual(self.server.get(b"first@x"), b"memcached")
        # What memcached cannot have as a key, the backup may have.
        key = "l" * 300
        self.assertEqual(self.ask("backup = inline:{%s=f}\n" % key, key), ("found", "f"))

    def test_backup_while_memcached_is_away(self):
        with fakes.Memcached(reply=lambda line: b"") as silent, \
                fakes.Memcached(reply=lambda line: b"SERVER_ERROR no\r\n") as broken, \
                fakes.Memcached(reply=lambda line: None) as gone:
            for port in silent.port, broken.port, gone.port, 1:
                how = {"port": port, "deadline_ms": 1000}
                text = "backup = inline:{a@x=b}\n"
                self.assertEqual(self.ask(text, "a@x", **how), ("found", "b"))
                self.assertEqual(self.ask(text, "c@x", **how), ("absent", ""))
                self.assertEqual(self.ask("", "a@x", **how)[0], "failed")

    def test_backup_that_fails(self):
        text = "backup = tcp:127.0.0.1:1\n"
        self.server.set(b"kept@x", b"v")
        self.assertEqual(self.ask(text, "kept@x"), ("found", "v"))
        self.assertEqual(self.ask(text, "none@x")[0], "failed")
        for backup in "none:x", "texthash:/none", "x":
            word, said = self.ask("backup = %s\n" % backup, "a")
            self.assertEqual(word, "failed")
            self.assertIn("backup", said)

    def test_key_format(self):
        self.server.set_all([(b"p:a@x", b"whole"), (b"u:a", b"user"), (b"a@x", b"no")])
        self.assertEqual(self.ask("key_format = p:%s\n", "a@x"), ("found", "whole"))
        self.assertEqual(self.ask("key_format = u:%u\n", "a@y"), ("found", "user"))
        self.assertEqual(self.ask("key_format = u:%u%d\n", "a"), ("absent", ""))
        self.assertEqual(self.ask("key_format = %x\n", "a")[0], "failed")

    def test_keys_that_would_be_commands(self):
        """Nothing of a key is one: a blank or a line end is never sent."""
        with fakes.Memcached(reply=lambda line: b"END\r\n") as server:
            with Asker(self.table("", server.port)) as asker:
                for key in ("a b", "a 0 0 1", " a", "a "):
                    self.assertEqual(asker.ask(key), ("absent", ""))
                self.assertEqual(server.asked, [])
                self.assertEqual(asker.ask("a\r")[0], "failed")
                self.assertEqual(asker.ask("get"), ("absent", ""))
                self.assertEqual(server.asked, [b"get get\r\n"])

    def test_servers_that_lie(self):
        for reply in (b"VALUE b 0 1\r\nx\r\nEND\r\n", b"VALUE a 0 2\r\nx\r\nEND\r\n",
                      b"VALUE a 0 1\r\nxy\r\nEND\r\n", b"VALUE a 0 1\nx\nEND\n",
                      b"VALUE a 0 1\r\nx\r\nVALUE a 0 1\r\nx\r\nEND\r\n",
                      b"VALUE a 0 10241\r\n", b"VALUE a 0 -1\r\n\r\nEND\r\n",
                      b"VALUE a 0 99999999999999999999\r\n", b"VALUE a 0\r\n",
                      b"VALUE a x 1\r\nx\r\nEND\r\n", b"VALUE a 0 1 2 3\r\nx\r\nEND\r\n",
                      b"ERROR\r\n", b"CLIENT_ERROR bad\r\n", b"end\r\n", b"END\n", b"\r\n",
                      b"VALUE a 0 1\r\n\xff\r\nEND\r\n", b"VALUE a 0 1\r\n\0\r\nEND\r\n",
                      b"x" * 2000, b"VALUE a 0 1\r\nx\r\n"):
            with self.subTest(reply=reply[:40]), \
                    fakes.Memcached(reply=lambda _, r=reply: r, each=1) as server:
                self.assertEqual(self.ask("", "a", server.port, deadline_ms=500)[0],
                                 "failed")

    def test_limits(self):
        reply = b"VALUE a 0 10240\r\n" + b"v" * 10240 + b"\r\nEND\r\n"
        with fakes.Memcached(reply=lambda _: reply) as server:
            self.assertEqual(self.ask("", "a", server.port), ("found", "v" * 10240))
            self.assertEqual(self.ask("line_size_limit = 10\n", "a", server.port)[0],
                             "failed")
            self.assertEqual(self.ask("data_size_limit = 10239\n", "a",
                                      server.port)[0], "failed")
        for text in ("timeout = 0\n", "ttl = x\n", "data_size_limit = 0\n"):
            self.assertEqual(self.ask(text, "a")[0], "failed")


if __name__ == "__main__":
    unittest.main()
