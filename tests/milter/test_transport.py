# SPDX-License-Identifier: BSD-2-Clause
"""How the octets of packets arrive changes nothing in what becomes of a message.

The daemon reads ahead (milter/glue/packet_ahead.c). So a conversation comes here
in pieces of every kind, in one piece, beside others that stop, and over
descriptors of sessions that ended with packets left over.
"""

import concurrent.futures
import re
import time
import unittest

import milter
import mta
from milter import cstring
from support import ALICE, CEO, DaemonTest, mail, message
from test_protocol import (BODY, CONNECT, EOH, EOM, FORGED, FROM, LOGIN, MAIL,
                           RCPT, WHOLE, negotiated)

MESSAGE = [LOGIN, MAIL, RCPT, FROM, EOH, BODY, EOM]
FORGERY = [LOGIN, MAIL, RCPT, FORGED, EOH]
QUIT = (b'Q', b'')
# What libmilter waits before a session leaves its thread, several times.
PAUSE = 0.004


def octets_of(packets):
    return b''.join(milter.Wire.packet(*packet) for packet in packets)


def replies(wire, count):
    """The verdicts on so many messages that are signed or refused."""
    found = []
    signed = False
    while len(found) < count:
        command, _ = wire.receive()
        signed = signed or command == b'i'
        if command in b'ryt':
            found.append('refused')
        elif command == b'c' and signed:
            found.append('signed')
            signed = False
    return found


class TransportTest(DaemonTest):
    def wire(self, timeout=20):
        wire = milter.Wire(self.server.address, timeout=timeout)
        self.addCleanup(wire.close)
        return wire

    def talk(self, pieces, count=1):
        """A conversation, negotiation included, in these pieces."""
        with milter.Wire(self.server.address) as wire:
            for number, piece in enumerate(pieces):
                if number > 0:
                    time.sleep(PAUSE)
                wire.send_bytes(piece)
            self.assertEqual(wire.receive()[0], b'O')
            return replies(wire, count)

    @property
    def whole(self):
        return octets_of([(b'O', b'\0\0\0\6\0\0\1\xff\0\x1f\xff\xff')] + WHOLE)

    def status(self, key):
        with open('/proc/%d/status' % self.server.process.pid,
                  encoding='ascii') as lines:
            return int(re.search(r'^%s:\s*(\d+)' % key, lines.read(), re.M)[1])


class PiecesTest(TransportTest):
    def test_packets_are_read_ahead(self):
        """Where they are not, everything here holds, but tests nothing."""
        self.assert_works()
        self.assertNotIn('one by one', self.server.log())

    def test_all_at_once(self):
        self.assertEqual(self.talk([self.whole]), ['signed'])

    def test_one_octet_at_a_time(self):
        octets = self.whole
        self.assertEqual(
            self.talk([octets[i:i + 1] for i in range(len(octets))]),
            ['signed'])

    def test_cut_anywhere(self):
        octets = self.whole
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            found = pool.map(lambda i: self.talk([octets[:i], octets[i:]]),
                             range(1, len(octets)))
            self.assertEqual([i for i, one in enumerate(found, 1)
                              if one != ['signed']], [])

    def test_messages_in_one_piece(self):
        """Each is judged by its own author, however many come together."""
        turns = [MESSAGE, FORGERY, MESSAGE, MESSAGE, FORGERY, FORGERY, MESSAGE]
        octets = self.whole + b''.join(octets_of(one) for one in turns * 20)
        wanted = ['signed'] + ['signed' if one is MESSAGE else 'refused'
                               for one in turns * 20]
        self.assertEqual(self.talk([octets], len(wanted)), wanted)

    def test_large_bodies_behind_small_packets(self):
        """Pieces of a body that are larger than what is read ahead, with
        the next packets right behind them."""
        line = b'0123456789' * 7 + b'\r\n'
        large = (line * 911)[:65535]
        for size in 1, 8187, 8192, 8193, 65535:
            bodies = [(b'B', large[:size])] * 3
            packets = WHOLE[:-2] + bodies + [EOM] + MESSAGE
            with self.subTest(size=size):
                self.assertEqual(
                    self.talk([octets_of([(b'O', b'\0\0\0\6\0\0\1\xff'
                                           b'\0\x1f\xff\xff')] + packets)],
                              2), ['signed', 'signed'])


class WaitingTest(TransportTest):
    def test_half_a_packet_and_silence(self):
        """It keeps nobody else waiting, and is the session's own later on."""
        octets = octets_of(MESSAGE)
        waiting = []
        for cut in range(1, len(octets), 7):
            wire = self.wire()
            negotiated(wire)
            wire.send(*CONNECT)
            wire.send_bytes(octets[:cut])
            waiting.append((wire, octets[cut:]))
        for _ in range(5):
            self.assert_works()
        for wire, rest in waiting:
            wire.send_bytes(rest)
        for wire, _ in waiting:
            self.assertEqual(replies(wire, 1), ['signed'])

    def test_idle_connections_take_no_threads_and_little_memory(self):
        """Each has had a message, so each would have kept what it read."""
        count = 400
        self.assert_works()
        before = self.status('RssAnon')
        wires = [self.wire(60) for _ in range(count)]
        for wire in wires:
            wire.send_bytes(self.whole)
            self.assertEqual(wire.receive()[0], b'O')
            self.assertEqual(replies(wire, 1), ['signed'])
        end = time.monotonic() + 20
        while self.status('Threads') > 30 and time.monotonic() < end:
            time.sleep(0.1)
        self.assertLessEqual(self.status('Threads'), 30)
        # A sanitizer maps terabytes, and keeps what was freed.
        if self.status('VmSize') < 1 << 30:
            self.assertLess(self.status('RssAnon') - before, count * 24)
        for wire in wires:
            wire.send_bytes(octets_of(MESSAGE))
        for wire in wires:
            self.assertEqual(replies(wire, 1), ['signed'])


class LeftOverTest(TransportTest):
    def test_nothing_comes_after_quit(self):
        for _ in range(20):
            with milter.Wire(self.server.address) as wire:
                negotiated(wire)
                wire.send_bytes(octets_of(WHOLE + [QUIT] + MESSAGE + MESSAGE))
                self.assertEqual(replies(wire, 1), ['signed'])
                with self.assertRaises(milter.Closed):
                    while True:
                        wire.receive()

    def test_descriptors_that_are_used_again(self):
        """Sessions end with packets left over while others begin: nobody
        gets what another one's MTA has sent."""
        left_over = [octets_of(WHOLE[:6] + [QUIT] + FORGERY * 3),
                     octets_of(WHOLE + [(b'z', b'')] + FORGERY * 3),
                     octets_of(WHOLE[:8]) + b'\xff' * 2000,
                     octets_of(WHOLE[:8]) + octets_of(FORGERY)[:-3]]

        def spoil(number):
            for turn in range(25):
                with milter.Wire(self.server.address) as wire:
                    try:
                        negotiated(wire)
                        wire.send_bytes(left_over[(number + turn) % 4])
                        if turn % 2:
                            wire.receive()
                    except milter.Closed:
                        pass

        def use(number):
            for turn in range(25):
                with milter.Wire(self.server.address) as wire:
                    negotiated(wire)
                    wire.send(*CONNECT)
                    if not wire.silent(PAUSE):
                        return 'an answer to nobody: %r' % (wire.receive(),)
                    sender = 'alice+%d.%d@corp.example' % (number, turn)
                    wire.send_bytes(octets_of(
                        MESSAGE[:3] + [(b'L', b'From\0 ' + cstring(sender))]
                        + MESSAGE[4:]))
                    if replies(wire, 1) != ['signed']:
                        return 'refused'
            return 'good'

        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            spoilt = [pool.submit(spoil, number) for number in range(8)]
            used = [pool.submit(use, number) for number in range(8)]
            self.assertEqual([one.result() for one in used], ['good'] * 8)
            for one in spoilt:
                one.result()
        self.assert_works()


if __name__ == '__main__':
    unittest.main()
