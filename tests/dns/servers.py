# SPDX-License-Identifier: BSD-2-Clause
"""DNS servers on loopback: a fair or hostile one by the first label that is
asked for, and Knot with a signed zone."""

import base64
import collections
import contextlib
import pathlib
import re
import select
import socket
import struct
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import lab                              # noqa: E402
from lab import process                 # noqa: E402

A, CNAME, SOA, PTR, MX, TXT, DNSKEY = 1, 5, 6, 12, 15, 16, 48
NOERROR, SERVFAIL, NXDOMAIN, REFUSED = 0, 2, 3, 5
TRUNCATED = 0x0200


def wire_name(name):
    return b"".join(bytes([len(label)]) + label.encode()
                    for label in name.split(".") if label) + b"\0"


def read_question(message):
    """Name, type and octets of the question."""
    at, labels = 12, []
    while message[at]:
        labels.append(message[at + 1:at + 1 + message[at]].decode("latin-1"))
        at += 1 + message[at]
    kind = struct.unpack("!H", message[at + 1:at + 3])[0]
    return ".".join(labels), kind, message[12:at + 5]


def record(name, kind, data, ttl=300):
    return (wire_name(name) + struct.pack("!HHIH", kind, 1, ttl, len(data)) + data)


def text(octets):
    """TXT rdata of strings of up to 255 octets."""
    return b"".join(bytes([len(octets[i:i + 255])]) + octets[i:i + 255]
                    for i in range(0, len(octets), 255))


def message(query, question, answers=(), rcode=NOERROR, flags=0):
    number = struct.unpack("!H", query[:2])[0]
    return struct.pack("!HHHHHH", number, 0x8180 | flags | rcode, 1,
                       len(answers), 0, 0) + question + b"".join(answers)


class Server:
    """Answers on one port over UDP and TCP as its methods say_LABEL do."""

    def __init__(self):
        self.asked = collections.Counter()      # by name and type
        self.peer = None                        # who asks, over UDP
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        while True:
            self.udp.bind(("127.0.0.1", 0))
            self.port = self.udp.getsockname()[1]
            try:
                self.tcp.bind(("127.0.0.1", self.port))
                break
            except OSError:
                self.udp.close()
                self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.tcp.listen(64)
        self.address = "127.0.0.1@%d" % self.port
        self._stop, self._wake = socket.socketpair()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self):
        self._wake.close()
        self._thread.join()
        for s in self.udp, self.tcp, self._stop:
            s.close()

    def _serve(self):
        while True:
            ready = select.select([self.udp, self.tcp, self._stop], [], [])[0]
            if self._stop in ready:
                return
            if self.udp in ready:
                query, self.peer = self.udp.recvfrom(65535)
                for answer in self._answers(query, False):
                    self.udp.sendto(answer, self.peer)
            if self.tcp in ready:
                with contextlib.suppress(OSError), self.tcp.accept()[0] as peer:
                    peer.settimeout(2)
                    self._serve_tcp(peer)

    def _serve_tcp(self, peer):
        with peer.makefile("rb") as stream:
            head = stream.read(2)
            query = stream.read(struct.unpack("!H", head)[0]) if head else b""
        for answer in self._answers(query, True) if query else ():
            peer.sendall(struct.pack("!H", len(answer)) + answer)

    def _answers(self, query, tcp):
        name, kind, question = read_question(query)
        self.asked[name.lower(), kind] += 1
        self.asked["tcp" if tcp else "udp"] += 1
        label = re.match("[a-z]*", name.lower()).group()
        say = getattr(self, "say_" + label, self.say_other)
        answers = say(query, name, kind, question, tcp)
        return answers if isinstance(answers, list) else [answers]

    def say_other(self, query, name, kind, question, tcp):
        return message(query, question, rcode=NXDOMAIN)

    def say_ok(self, query, name, kind, question, tcp):
        if kind != TXT:
            return message(query, question)
        return message(query, question, [record(name, TXT, text(b"fine"))])

    def say_brief(self, query, name, kind, question, tcp):
        return message(query, question, [record(name, TXT, text(b"fine"), ttl=1)])

    def say_silent(self, query, name, kind, question, tcp):
        return []

    def say_servfail(self, query, name, kind, question, tcp):
        return message(query, question, rcode=SERVFAIL)

    def say_refused(self, query, name, kind, question, tcp):
        return message(query, question, rcode=REFUSED)

    def say_wrongid(self, query, name, kind, question, tcp):
        forged = message(query, question, [record(name, TXT, text(b"forged"))])
        return [bytes([forged[0] ^ i]) + forged[1:] for i in range(1, 9)]

    def say_wrongquestion(self, query, name, kind, question, tcp):
        other = wire_name("ok.example.com") + question[-4:]
        return message(query, other, [record(name, TXT, text(b"forged"))])

    def say_foreign(self, query, name, kind, question, tcp):
        return message(query, question, [
            record(name, TXT, text(b"fine")),
            record("ok.example.com", TXT, text(b"poison"))])

    def say_garbage(self, query, name, kind, question, tcp):
        whole = message(query, question, [record(name, TXT, text(b"x" * 200))])
        return [query[:2], query[:2] + b"\xff" * 40, whole[:-100],
                whole[:12] + b"\xc0\x0c" + whole[14:]]

    def say_big(self, query, name, kind, question, tcp):
        if not tcp:
            return message(query, question, flags=TRUNCATED)
        return message(query, question, [record(name, TXT, text(b"y" * 40000))])

    def say_notcp(self, query, name, kind, question, tcp):
        return [] if tcp else message(query, question, flags=TRUNCATED)

    def say_loop(self, query, name, kind, question, tcp):
        target = "loop%d.example.com" % (not name.split(".")[0].endswith("1"))
        return message(query, question, [record(name, CNAME, wire_name(target))])

    def say_alias(self, query, name, kind, question, tcp):
        return message(query, question, [
            record(name, CNAME, wire_name("OK.example.com"), ttl=60),
            record("OK.example.com", TXT, text(b"fine"))])

    def say_nowhere(self, query, name, kind, question, tcp):
        return message(query, question,
                       [record(name, CNAME, wire_name("gone.example.com"))])

    def say_private(self, query, name, kind, question, tcp):
        return self.say_ok(query, name, kind, question, tcp)


class Relay(Server):
    """Hands all that no method answers on to a real server, and may change what
    comes back: nothing for names that match `silent`, octets by `forge`."""

    def __init__(self, port):
        self.behind = port
        self.silent = r"\bsilent[0-9]"
        self.forge = (b"", b"")
        super().__init__()

    def questions(self):
        """How many were asked so far."""
        return self.asked["udp"] + self.asked["tcp"]

    def say_other(self, query, name, kind, question, tcp):
        if re.search(self.silent, name):
            return []
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM if tcp
                           else socket.SOCK_DGRAM) as s:
            s.settimeout(5)
            s.connect(("127.0.0.1", self.behind))
            s.sendall((struct.pack("!H", len(query)) if tcp else b"") + query)
            with s.makefile("rb") as stream:
                answer = stream.read(struct.unpack("!H", stream.read(2))[0]) \
                    if tcp else s.recv(65535)
        return answer.replace(*self.forge) if self.forge[0] else answer


class Hosts(Server):
    """Names of addresses and addresses of names: `names` has rdata, a name, or a
    list of them by IPv4 address, `addresses` a list by name, and either SERVFAIL
    for what cannot be known."""

    def __init__(self, names, addresses):
        self.names = names
        self.addresses = addresses
        super().__init__()

    def _answers(self, query, tcp):
        name, kind, question = read_question(query)
        name = name.lower()
        self.asked[name, kind] += 1
        reverse = re.fullmatch(r"(\d+)\.(\d+)\.(\d+)\.(\d+)\.in-addr\.arpa", name)
        found = self.names.get(".".join(reverse.groups()[::-1])) if reverse \
            else self.addresses.get(name)
        if found is None or found == SERVFAIL:
            return [message(query, question, rcode=found or NXDOMAIN)]
        if kind != (PTR if reverse else A):
            return [message(query, question)]
        items = found if isinstance(found, list) else [found]
        return [message(query, question, [
            record(name, kind, item if isinstance(item, bytes) else
                   wire_name(item) if reverse else socket.inet_aton(item), ttl=1)
            for item in items])]


class Knot:
    """Knot with a zone that it signs itself, or not at all."""

    def __init__(self, top, zone_name, zone, signed=True):
        self._signed = signed
        self._zone_name = zone_name
        debs = self._debs = lab.Debs.shared(top, "knot")
        self._config = top / "knot.conf"
        (top / "db").mkdir(parents=True)
        (top / "zone").write_text(zone)
        for _ in range(5):
            self.port = process.free_port()
            (top / "knot.conf").write_text(_KNOT % {
                "top": top, "port": self.port, "zone": zone_name,
                "signing": "on" if signed else "off"})
            self.daemon = lab.Daemon(
                [debs.package("knot") / "usr/sbin/knotd", "-c", top / "knot.conf"],
                debs.environment(), top / "log")
            try:
                process.wait_until(self._answers_or_ended, 20, "answer of Knot")
            except process.LabError:
                self.daemon.stop()
                raise
            if not self.daemon.ended():
                break
        self.address = "127.0.0.1@%d" % self.port

    def _answers_or_ended(self):
        return self.daemon.ended() or (
            self.keys(self._zone_name) if self._signed
            else self._ask(self._zone_name, SOA)[1])

    def _ask(self, name, kind):
        """The query and the answer; that is empty when there is none."""
        query = (struct.pack("!HHHHHH", 1, 0, 1, 0, 0, 0) + wire_name(name)
                 + struct.pack("!HH", kind, 1))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(0.2)
            try:
                s.sendto(query, ("127.0.0.1", self.port))
                return query, s.recv(65535)
            except OSError:
                return query, b""

    def keys(self, zone_name):
        """The rdata of the zone's key signing keys."""
        query, answer = self._ask(zone_name, DNSKEY)
        if not answer:
            return []
        count, at, keys = struct.unpack("!H", answer[6:8])[0], len(query), []
        for _ in range(count):
            # The owner is a pointer.
            kind, _, _, length = struct.unpack("!HHIH", answer[at + 2:at + 12])
            if kind == DNSKEY:
                keys.append(answer[at + 12:at + 12 + length])
            at += 12 + length
        return keys

    def queries(self):
        """How many it was asked so far."""
        said = process.run(
            [self._debs.package("knot") / "usr/sbin/knotc", "-c", self._config,
             "stats", "mod-stats.server-operation"],
            env=self._debs.environment())
        return int(re.search(rb"\[query\] = ([0-9]+)", said)[1])

    def stop(self):
        self.daemon.stop()


def anchor(zone_name, rdata):
    flags, protocol, algorithm = struct.unpack("!HBB", rdata[:4])
    return "%s. IN DNSKEY %d %d %d %s\n" % (
        zone_name, flags, protocol, algorithm,
        base64.b64encode(rdata[4:]).decode())


_KNOT = """\
server:
    rundir: "%(top)s"
    listen: 127.0.0.1@%(port)d
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
log:
  - target: stderr
    any: info
database:
    storage: "%(top)s/db"
policy:
  - id: single
    single-type-signing: on
mod-stats:
  - id: default
template:
  - id: default
    global-module: mod-stats
    storage: "%(top)s"
    file: zone
    zonefile-sync: -1
    zonefile-load: whole
    journal-content: none
    dnssec-signing: %(signing)s
    dnssec-policy: single
zone:
  - domain: %(zone)s
"""
