#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Tables whose server is slow, broken, hostile or away: what cannot be known is
never "no such key". SUBMILTER names the program."""

import os
import pathlib
import subprocess
import sys
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from fakes import Socketmap, Tcp            # noqa: E402

FOUND, UNKNOWN = 0, 75


def lookup(table, *keys):
    done = subprocess.run([os.environ["SUBMILTER"], "lookup", table, "-"],
                          input=b"".join(k + b"\n" for k in keys),
                          capture_output=True, timeout=60)
    return done.returncode, done.stdout, done.stderr.decode()


class Servers(unittest.TestCase):
    def check(self, server, want, text=None):
        with server:
            code, out, err = lookup(server.name(), b"a")
            self.assertEqual(code, want, (server.name(), out, err))
            self.assertEqual(out, b"")
            if want == UNKNOWN:
                self.assertIn("table " + server.name() + ": ", err)
            if text is not None:
                self.assertIn(text, err)

    def test_replies_that_are_none(self):
        for reply in (b"garbage", b"5:OK 1,", b"4;OK 1,", b"04:OK 1.", b"-4:OK 1,",
                      b" 4:OK 1,", b"99999999999999999999:", b"100001:x", b":,",
                      b"4:ok 1,", b"\0\0\0\0", b"6:OK 1\0x,", b"6:OK 1\nx,",
                      b"5:OK \xff\xfe,", b"4:OK"):
            with self.subTest(reply):
                # What comes behind is never read as the rest of it.
                server = Socketmap(reply=lambda _, r=reply: r, each=1)
                self.check(server, UNKNOWN)
        for reply in (b"garbage\n", b"200\n", b"200 %zz\n", b"200 %0\n",
                      b"200 a%00b\n", b"200 a\r\n", b"20 x\n", b"-200 x\n",
                      b"200 " + b"x" * 5000 + b"\n", b"200 %FF\n", b"200 x"):
            with self.subTest(reply):
                self.check(Tcp(reply=lambda _, r=reply: r, each=1), UNKNOWN)

    def test_what_the_server_says_of_itself(self):
        for kind, reply in ((Socketmap, b"TEMP data base is away"),
                            (Socketmap, b"TIMEOUT slow"), (Socketmap, b"PERM no"),
                            (Tcp, b"400 data base is away"), (Tcp, b"999 what")):
            server = kind(reply=lambda _, k=kind, r=reply: k.wrap(r))
            self.check(server, UNKNOWN, "the server says")

    def test_nobody_listens_or_all_hang_up(self):
        for kind in Socketmap, Tcp:
            with kind() as server:
                table = server.name()
            code, _, err = lookup(table, b"a")
            self.assertEqual(code, UNKNOWN)
            self.assertIn("Connection refused", err)
            self.check(kind(reply=lambda _: None), UNKNOWN,
                       "the server closed the connection")
            self.check(kind(each=0), UNKNOWN)

    def test_a_server_that_closes_after_each_reply(self):
        """Each connection is lost while nobody looks: one more is made at once."""
        keys = [b"k%d" % i for i in range(50)]
        for kind in Socketmap, Tcp:
            with kind({k: b"v" + k for k in keys}, each=1) as server:
                code, out, err = lookup(server.name(), *keys)
                self.assertEqual((code, err), (FOUND, ""))
                self.assertEqual(out, b"".join(b"%s\tv%s\n" % (k, k) for k in keys))

    def test_a_server_that_says_nothing(self):
        """Ten seconds, and not one more for what was asked a second time."""
        for kind in Socketmap, Tcp:
            with self.subTest(kind.__name__):
                began = time.monotonic()
                self.check(kind(reply=lambda _: b""), UNKNOWN,
                           "no answer within the time")
                self.assertLess(time.monotonic() - began, 20)

    def test_keys_and_values_of_any_kind(self):
        rows = {b"x" * 1000: b"y" * 3000, "josé@corp.example".encode(): b"j",
                b'"a b"@c.example': "ü, b".encode(), b"100%": b"50%", b"e": b""}
        for kind in Socketmap, Tcp:
            with kind(rows) as server:
                code, out, err = lookup(server.name(), *rows)
                self.assertEqual((code, err), (FOUND, ""))
                self.assertEqual(out, b"".join(
                    b"%s\t%s\n" % pair for pair in rows.items()))
                self.assertEqual(server.asked, list(rows))
                # What is not UTF-8 is asked for nowhere.
                self.assertEqual(lookup(server.name(), b"\xff")[0], UNKNOWN)
                self.assertEqual(len(server.asked), len(rows))

    def test_a_value_of_a_hundred_thousand_octets(self):
        with Socketmap({b"a": b"x" * 99997}) as server:
            self.assertEqual(lookup(server.name(), b"a")[1],
                             b"a\t" + b"x" * 99997 + b"\n")
        with Socketmap({b"a": b"x" * 99998}) as server:
            self.assertEqual(lookup(server.name(), b"a")[0], UNKNOWN)

    def test_names_that_cannot_be_right(self):
        for table in ("socketmap:inet:127.0.0.1:1", "socketmap:127.0.0.1:1:m",
                      "socketmap:unix:m", "socketmap:unix:/" + "x" * 200 + ":m",
                      "tcp:127.0.0.1", "tcp::1", "tcp:127.0.0.1:no-such-port"):
            code, _, err = lookup(table, b"a")
            self.assertEqual(code, 2)
            self.assertIn("table " + table[:100], err)


if __name__ == "__main__":
    unittest.main()
