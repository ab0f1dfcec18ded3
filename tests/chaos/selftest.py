# SPDX-License-Identifier: BSD-2-Clause
"""The accounting sees what it is there for; the server lies as it is told."""

import pathlib
import socket
import struct
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "e2e")]

import clients                              # noqa: E402
import names                                # noqa: E402
from account import account                 # noqa: E402
from faults import Faults                   # noqa: E402
from lab.sink import Message                # noqa: E402

SIGNATURE = b"DKIM-Signature: v=1; d=corp.example; s=s1\r\n"


def delivered(number, honest=True, head=SIGNATURE):
    return Message("", [], [], head + clients.text(number, honest, False))


class AccountTest(unittest.TestCase):

    def found(self, word, *messages, honest=True):
        bad = account({7: (honest, word, "")}, {7: False}, messages)
        return sorted(kind for kind, them in bad.items() if them)

    def test_what_may_be(self):
        self.assertEqual(self.found("accepted", delivered(7)), [])
        self.assertEqual(self.found("unknown", delivered(7)), [])
        for word in "unknown", "cut":
            self.assertEqual(self.found(word), [])
        self.assertEqual(self.found("refused", honest=False), [])

    def test_what_may_not(self):
        one, forged = delivered(7), delivered(7, False)
        self.assertEqual(self.found("accepted"), ["lost"])
        self.assertEqual(self.found("accepted", one, one), ["twice"])
        for word in "refused", "cut", "later":
            self.assertIn("twice", self.found(word, one))
        self.assertEqual(self.found("unknown", forged, honest=False), ["forged"])
        self.assertEqual(self.found("refused"), ["refused"])
        self.assertEqual(self.found("later"), ["never taken"])
        self.assertEqual(self.found("accepted", delivered(7, head=b"")),
                         ["unsigned"])
        cut = Message("", [], [], one.data[:-4])
        self.assertEqual(self.found("accepted", cut), ["changed"])
        self.assertEqual(self.found("accepted", one, delivered(8)), ["changed"])


class FaultsTest(unittest.TestCase):

    def test_each_lie_is_a_kind_of_fault(self):
        for lie in names.Liar.LIES:
            self.assertTrue(hasattr(names.Liar, "lie_" + lie), lie)
            self.assertTrue(hasattr(Faults, "fault_dns_" + lie), lie)


class LiarTest(unittest.TestCase):
    """Before a server that says all names are there, and empty."""

    def setUp(self):
        records = {"s1._domainkey.%s.example" % name: "v=DKIM1; p=" + letter * 300
                   for name, letter in (("corp", "A"), ("team", "B"))}
        self.real = Empty()
        self.addCleanup(self.real.close)
        self.liar = names.Liar(self.real.port, records)
        self.addCleanup(self.liar.close)

    def ask(self, seconds=3):
        query = (struct.pack("!HHHHHH", 4711, 0x100, 1, 0, 0, 0)
                 + b"\x0a_domainkey\0" + struct.pack("!HH", 16, 1))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(seconds)
            s.connect(("127.0.0.1", self.liar.port))
            s.send(query)
            try:
                return s.recv(65535)
            except OSError:
                return b""

    def code(self, lie):
        self.liar.lie = lie
        answer = self.ask()
        return answer[:2] == struct.pack("!H", 4711) and answer[3] & 15

    def test_truth_and_lies(self):
        self.assertEqual(self.code(None), 0)
        self.assertEqual(self.code("servfail"), 2)
        self.assertEqual(self.code("no_such_key"), 3)
        self.assertEqual(self.code("late"), 0)
        self.assertIs(self.code("wrong_id"), False)
        self.liar.lie = "silence"
        self.assertEqual(self.ask(0.3), b"")
        self.liar.lie = "truncated"
        self.assertTrue(self.ask()[2] & 2)

    def test_it_stops_and_comes_again(self):
        self.liar.stop()
        self.assertEqual(self.ask(0.3), b"")
        self.liar.resume()
        self.assertEqual(self.code(None), 0)


class Empty(names.Relay):

    def __init__(self):
        super().__init__(0)

    def say_other(self, query, name, kind, question, tcp):
        return names.message(query, question)


if __name__ == "__main__":
    unittest.main()
