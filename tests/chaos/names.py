# SPDX-License-Identifier: BSD-2-Clause
"""DNS that is signed, and a server before it that dies and lies."""

import contextlib
import pathlib
import random
import socket
import struct
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "dns"))
from servers import (NXDOMAIN, REFUSED, SERVFAIL, TRUNCATED, Knot, Relay,
                     anchor, message, read_question)     # noqa: E402
from lab.process import wait_until                       # noqa: E402

LATE_SECONDS = 1.2
ZONE = """\
$ORIGIN example.
$TTL 1
@ SOA ns hostmaster 1 3600 600 86400 1
@ NS ns
ns A 127.0.0.1
corp TXT "v=spf1 ip4:192.0.2.1 -all"
_dmarc.corp TXT "v=DMARC1; p=reject; adkim=s; aspf=s"
team TXT "v=spf1 ip4:192.0.2.1 -all"
"""


def zone(records):
    """With the records of keys, in strings of at most 200 octets."""
    return ZONE + "".join("%s. TXT %s\n" % (name, " ".join(
        '"%s"' % text[i:i + 200] for i in range(0, len(text), 200)))
        for name, text in records.items())


def _bound(kind, port):
    """Somebody may have been given the port for a moment."""
    s = socket.socket(socket.AF_INET, kind)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)

    def binds():
        with contextlib.suppress(OSError):
            s.bind(("127.0.0.1", port))
            return True
        return False
    wait_until(binds, 60, "port of the DNS server")
    return s


class Liar(Relay):
    """Says what `lie` names; None: the truth."""

    LIES = ("servfail", "refused", "silence", "wrong_id", "wrong_question",
            "truncated", "cut_short", "garbage", "no_such_name", "no_such_key",
            "no_such_data", "late", "forged_key", "forged_policy", "unsigned")

    def __init__(self, port, records):
        self.lie = None
        self._random = random.Random(port)
        keys = [records["s1._domainkey.%s.example" % name].partition("p=")[2]
                for name in ("corp", "team")]
        # Of the first string, which the letters before it are in, too.
        self._keys = [key[20:150].encode() for key in keys]
        super().__init__(port)

    def stop(self):
        """No port is open: whoever asks hears of it at once."""
        self.close()

    def resume(self):
        self.udp = _bound(socket.SOCK_DGRAM, self.port)
        self.tcp = _bound(socket.SOCK_STREAM, self.port)
        self.tcp.listen(64)
        self._stop, self._wake = socket.socketpair()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _answers(self, query, tcp):
        try:
            answers = self._say(query, tcp)
        except (OSError, struct.error, IndexError):
            return []
        return answers if isinstance(answers, list) else [answers]

    def _say(self, query, tcp):
        name, kind, question = read_question(query)
        self.asked["tcp" if tcp else "udp"] += 1
        lie = getattr(self, "lie_%s" % self.lie, None)
        if lie is not None:
            return lie(query, name, kind, question, tcp)
        return self.say_other(query, name, kind, question, tcp)

    def _true(self, query, name, kind, question, tcp):
        return self.say_other(query, name, kind, question, tcp)

    def lie_servfail(self, query, _name, _kind, question, _tcp):
        return message(query, question, rcode=SERVFAIL)

    def lie_refused(self, query, _name, _kind, question, _tcp):
        return message(query, question, rcode=REFUSED)

    def lie_silence(self, *_asked):
        return []

    def lie_wrong_id(self, *asked):
        answer = self._true(*asked)
        return [bytes([answer[0] ^ i]) + answer[1:] for i in range(1, 9)]

    def lie_wrong_question(self, query, name, kind, question, tcp):
        other = b"\1x" + question
        return message(query, other, rcode=NXDOMAIN)

    def lie_truncated(self, query, _name, _kind, question, tcp):
        """And nothing over TCP, where it should be."""
        return [] if tcp else message(query, question, flags=TRUNCATED)

    def lie_cut_short(self, *asked):
        answer = self._true(*asked)
        return answer[:self._random.randrange(len(answer))]

    def lie_garbage(self, query, *_asked):
        return query[:2] + self._random.randbytes(self._random.randrange(300))

    def lie_no_such_name(self, query, _name, _kind, question, _tcp):
        return message(query, question, rcode=NXDOMAIN)

    def lie_no_such_key(self, query, name, kind, question, tcp):
        if "_domainkey" in name.lower():
            return message(query, question, rcode=NXDOMAIN)
        return self._true(query, name, kind, question, tcp)

    def lie_no_such_data(self, query, _name, _kind, question, _tcp):
        return message(query, question)

    def lie_late(self, query, name, kind, question, tcp):
        if tcp:
            return self._true(query, name, kind, question, tcp)
        threading.Timer(LATE_SECONDS, self._send_late, [
            self._true(query, name, kind, question, tcp), self.peer]).start()
        return []

    def _send_late(self, answer, peer):
        with contextlib.suppress(OSError):
            self.udp.sendto(answer, peer)

    def lie_forged_key(self, *asked):
        """The key of another domain, in answers that are signed for the first."""
        return self._true(*asked).replace(*self._keys)

    def lie_forged_policy(self, *asked):
        return self._true(*asked).replace(b"ip4:192.0.2.1", b"ip4:192.0.2.9")

    def lie_unsigned(self, query, name, kind, question, tcp):
        """As of a zone that has no signatures, nor says so."""
        answer = self._true(query, name, kind, question, tcp)
        return message(query, question, rcode=answer[3] & 15)


def start(top, records):
    """Knot, the liar before it, and the file of the trust anchor."""
    knot = Knot(top / "knot", "example", zone(records))
    try:
        path = top / "anchor"
        path.write_text(anchor("example", knot.keys("example")[0]))
        return knot, Liar(knot.port, records), path
    except BaseException:
        knot.stop()
        raise
