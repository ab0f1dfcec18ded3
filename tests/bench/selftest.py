# SPDX-License-Identifier: BSD-2-Clause
"""The load generator sees what a milter does wrong, and the report counts right.

SUBMILTER and BENCH_PROGRAMS as for tests/bench/run.
"""

import json
import os
import pathlib
import socket
import struct
import subprocess
import threading
import unittest
import xml.dom.minidom

import figures
import milters
from milters import lab

LOAD = os.path.join(os.environ["BENCH_PROGRAMS"], "load")


def load(address, *words):
    return subprocess.run([LOAD, *words, address], capture_output=True, text=True,
                          timeout=60, check=False)


class LoadOfSubmilter(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        top = cls.enterClassContext(lab.scratch())
        cls.milter = milters.Submilter(top / "milter", milters.Keys(top),
                                       os.environ["SUBMILTER"])
        cls.addClassCleanup(cls.milter.stop)
        cls.milter.start()

    def counted(self, *words):
        done = load(self.milter.address, *words, "-n", "40", "-c", "8")
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def test_each_message_is_signed_once_with_both_mtas(self):
        for mta in "postfix", "sendmail":
            for shape in "2k", "100k":
                with self.subTest(mta=mta, shape=shape):
                    got = self.counted("-m", mta, "-s", shape)
                    self.assertEqual((got["accepted"], got["refused"]), (40, 0))
                    self.assertEqual(got["signatures"], 40)
                    self.assertEqual(got["inserted"] + got["added"], 40)
                    self.assertEqual(got["body_pieces"], 0)

    def test_repairs_are_counted(self):
        got = self.counted("-s", "repaired")
        self.assertEqual(got["signatures"], 40)
        self.assertGreaterEqual(got["added"], 80)       # Date and Message-ID
        self.assertGreaterEqual(got["changed"], 40)     # Bcc and Subject
        self.assertGreaterEqual(got["body_pieces"], 40)

    def test_refusals_are_counted_where_they_come(self):
        for shape in "refused-mail", "refused-header":
            got = self.counted("-s", shape)
            self.assertEqual((got["accepted"], got["refused"]), (0, 40))
            self.assertIsNone(got["end"])
            self.assertGreater(got["whole"]["p50"], 0)

    def test_pieces_of_a_body_of_10_mb_are_not_waited_for(self):
        got = self.counted("-s", "10m")
        self.assertEqual(got["signatures"], 40)
        self.assertLess(got["replies"], 40 * 10)        # of over 150 pieces

    def test_a_connection_for_each_message(self):
        self.assertEqual(self.counted("-r", "1")["signatures"], 40)

    def test_fewer_signatures_than_expected_are_a_failure(self):
        done = load(self.milter.address, "-n", "1", "-e", "2")
        self.assertEqual(done.returncode, 1)
        self.assertIn("a message with 1 signatures", done.stderr)

    def test_a_refusal_that_is_not_expected_is_a_failure(self):
        done = load(self.milter.address, "-n", "1", "-d", "2")  # not alice's domains
        self.assertEqual(done.returncode, 1)
        self.assertIn("is refused: 550 5.7.1", done.stderr)


class FakeMilter(threading.Thread):
    """Negotiates without replies, and then sends what it is told to."""

    def __init__(self, path, says):
        super().__init__(daemon=True)
        self.server = socket.socket(socket.AF_UNIX)
        self.server.bind(str(path))
        self.server.listen()
        self.says = says
        self.start()

    def run(self):
        client = self.server.accept()[0]
        with client:
            client.recv(4096)
            # In one piece: what came later could be the answer to a message.
            client.sendall(struct.pack("!IcIII", 13, b"O", 6, 0x1, 0xff280) +
                           b"".join(struct.pack("!I", len(packet)) + packet
                                    for packet in self.says))
            while client.recv(1 << 16):
                pass


class LateFake(FakeMilter):
    """Answers the end of the message."""

    def __init__(self, path, reply):
        self.reply = reply
        super().__init__(path, ())

    def run(self):
        client = self.server.accept()[0]
        with client:
            client.recv(4096)
            client.sendall(struct.pack("!IcIII", 13, b"O", 6, 0x1, 0xff280))
            seen = b""
            while b"\0\0\0\x01E" not in seen:
                seen += client.recv(1 << 16)
            client.sendall(struct.pack("!I", 1) + self.reply)
            client.recv(1)


class LoadOfOthers(unittest.TestCase):
    def fault_of(self, *says):
        with lab.scratch() as top:
            milter = FakeMilter(top / "socket", says)
            done = load("unix:%s" % (top / "socket"), "-n", "1", "-c", "1", "-e", "0")
            milter.server.close()
        self.assertEqual(done.returncode, 1, done.stdout)
        return done.stderr

    def test_a_reply_for_which_nobody_asked(self):
        self.assertIn("the reply c, for which nobody asked", self.fault_of(b"c"))

    def test_a_packet_that_is_too_large(self):
        self.assertIn("a packet of 140000 octets", self.fault_of(b"c" * 140000))

    def test_an_unknown_reply(self):
        with lab.scratch() as top:
            milter = LateFake(top / "socket", b"Z")
            done = load("unix:%s" % (top / "socket"), "-n", "1", "-c", "1", "-e", "0")
            milter.server.close()
        self.assertEqual(done.returncode, 1)
        self.assertIn("the reply Z at step", done.stderr)


class Report(unittest.TestCase):
    def setUp(self):
        rounds = {}
        for program, rates in (("submilter", (100, 300, 200)), ("OpenDKIM", (50, 75, 100))):
            it = rounds["2 KB", program] = figures.Rounds()
            for rate in rates:
                it.add({"rate": rate, "cpu": 1000 / rate, "memory": 9})
        raw = figures.Rounds()
        raw.add({"rsa": 1.0, "ed25519": 0.1, "sha256": 1000})
        self.report = figures.Report(rounds, raw, 3)

    def test_medians_and_spread(self):
        row = next(self.report.rows())
        self.assertEqual(row[:5], ["2 KB", "submilter", "200 ±50%", "1.00", "5.00 ±67%"])

    def test_ratios_are_those_of_the_same_round(self):
        # 100/50, 300/75, 200/100
        self.assertIn("| 2 KB: messages/s, to OpenDKIM | 2.00 | ≥ 2.7 |",
                      self.report.claims())

    def test_goals_are_for_a_machine_with_a_slow_key_operation(self):
        # 4 ms beside a key operation of 1 ms, and the same beside one of 1.145 ms.
        self.assertIn("| the same where RSA-2048 takes 1.145 ms (calculated) | 4.49 | ≤ 1.12 |",
                      self.report.claims())

    def test_the_plot_is_xml_and_has_all_bars(self):
        svg = xml.dom.minidom.parseString(self.report.svg())
        self.assertEqual(len(svg.getElementsByTagName("rect")), 5)
        self.assertIn("OpenDKIM", self.report.plot())

    def test_documents_get_the_figures_between_their_marks(self):
        with lab.scratch() as top:
            page = pathlib.Path(top / "page.md")
            page.write_text("a\n<!-- load: begin -->\nold\n<!-- load: end -->\nb\n")
            figures.put(page, "new")
            self.assertEqual(page.read_text(), "a\n<!-- load: begin -->\n\nnew\n\n"
                             "<!-- load: end -->\nb\n")
            page.write_text("nothing")
            with self.assertRaises(SystemExit):
                figures.put(page, "new")


if __name__ == "__main__":
    unittest.main()
