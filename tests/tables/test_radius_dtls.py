#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Tables of type radius over DTLS: a real radsecproxy in front of a real FreeRADIUS,
a path that loses, repeats and forges datagrams, and servers with the wrong
certificate, or none. To be run as root, with the environment of test_contract.py."""

import contextlib
import os
import pathlib
import selectors
import socket
import subprocess
import sys
import threading
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "milter")]

import daemon                           # noqa: E402
import lab                              # noqa: E402
import servers                          # noqa: E402
import support                          # noqa: E402
from backends import NUMBERS, Asker, documented     # noqa: E402
from lab.process import wait_until      # noqa: E402

# The first octet of a record says what is in it.
ALERT, HANDSHAKE, DATA = 21, 22, 23
LONG = ["%03d" % n + "x" * 240 for n in range(15)]
ROWS = {"alice": ["a@x", "b@x"], "bob": ["bob@x"], "none": [], "long": LONG,
        "carol@corp.example": ["sales@corp.example"]}


class Path:
    """The way between clients and a server.

    Each datagram is what way(to_server, number, datagram) says: a list of datagrams
    that arrive instead, each as it is or after seconds, (seconds, datagram).
    """

    def __init__(self, port, way):
        self.server, self.way = ("127.0.0.1", port), way
        self.seen = {True: [], False: []}
        self.front = self._socket()
        self.front.bind(("127.0.0.1", 0))
        self.port = self.front.getsockname()[1]
        self.clients, self.late, self.over = {}, [], False
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.front, selectors.EVENT_READ)
        self.thread = threading.Thread(target=self._run, daemon=True)

    @staticmethod
    def _socket():
        end = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        end.setblocking(False)
        return end

    def _take(self, end):
        """A datagram, and where it goes."""
        datagram, peer = end.recvfrom(70000)
        if end is not self.front:
            return datagram, False, self.front, self.clients[end]
        back = next((b for b, p in self.clients.items() if p == peer), None)
        if back is None:
            back = self._socket()
            self.clients[back] = peer
            self.selector.register(back, selectors.EVENT_READ)
        return datagram, True, back, self.server

    def _run(self):
        while not self.over:
            for key, _ in self.selector.select(0.02):
                with contextlib.suppress(OSError):
                    self._pass(*self._take(key.fileobj))
            now = time.monotonic()
            for item in [i for i in self.late if i[0] <= now]:
                self.late.remove(item)
                self._send(*item[1:])

    def _pass(self, datagram, to_server, end, peer):
        seen = self.seen[to_server]
        seen.append(datagram)
        for item in self.way(to_server, len(seen), datagram):
            seconds, what = item if isinstance(item, tuple) else (0, item)
            if seconds:
                self.late.append((time.monotonic() + seconds, end, what, peer))
            else:
                self._send(end, what, peer)

    @staticmethod
    def _send(end, datagram, peer):
        with contextlib.suppress(OSError):
            end.sendto(datagram, peer)

    def kinds(self, to_server):
        return [datagram[0] for datagram in self.seen[to_server]]

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over = True
        self.thread.join()
        for end in [self.front, *self.clients]:
            end.close()


class DtlsCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.top = cls.enterClassContext(lab.scratch())
        cls.debs = lab.Debs.shared(cls.top, "freeradius", "radsecproxy")
        cls.certificates = servers.Certificates(cls.top / "tls")
        cls.radius = cls.enterClassContext(servers.FreeRadius(
            cls.top / "radius", cls.debs, ROWS))
        cls.proxy = cls.enterClassContext(servers.RadsecProxy(
            cls.top / "proxy", cls.debs, cls.radius, cls.certificates))

    @classmethod
    def parameters(cls, port=None, ca=None, certificate=True, more=""):
        port = port or cls.proxy.port
        return ("hosts = 127.0.0.1:%d\naccounting_hosts = 127.0.0.1:%d\ndtls = yes\n"
                "tls_CAfile = %s\n" % (port, port, ca or cls.certificates.ca)
                + ("tls_cert_file = %s\ntls_key_file = %s\n" % (
                    cls.certificates.certificate, cls.certificates.key)
                   if certificate else "") + more)

    def table(self, *args, **how):
        path = self.top / ("%d.radius" % next(NUMBERS))
        path.touch(0o600)
        path.write_text(self.parameters(*args, **how))
        return "radius:%s" % path

    def asker(self, *args, deadline_ms=20000, threads=1, **how):
        return self.enterContext(Asker(
            self.table(*args, **how), threads, deadline_ms))

    def assert_failed(self, answer, text):
        self.assertEqual(answer[0], "failed")
        self.assertIn(text, answer[1])


class Real(DtlsCase):
    def setUp(self):
        if self.proxy.daemon.ended():
            self.proxy.start()

    def test_replies(self):
        asker = self.asker()
        for key, want in (("alice", "a@x,b@x"), ("none", None), ("nobody", None),
                          ("long", ",".join(LONG)), ("bob", "bob@x")):
            self.assertEqual(asker.ask(key),
                             ("found", want) if want else ("absent", ""))

    def test_a_name_with_several_addresses(self):
        """The certificate is for the name, whichever of them answers."""
        path = self.top / "localhost.radius"
        path.touch(0o600)
        path.write_text(self.parameters().replace("hosts = 127.0.0.1", "hosts = localhost"))
        with Asker("radius:%s" % path) as asker:
            self.assertEqual(asker.ask("alice"), ("found", "a@x,b@x"))

    def test_many_at_once(self):
        with Path(self.proxy.port, lambda up, number, datagram: [datagram]) as path:
            asker = self.asker(path.port, threads=8)
            for key in "alice", "bob", "alice":
                self.assertEqual(asker.ask(key)[0], "found")
            asker.__exit__(None)
            self.assertIn(len(path.clients), range(1, 9))
            # Each association says that it ends.
            wait_until(lambda: path.kinds(True).count(ALERT) == len(path.clients),
                       servers.PATIENCE, "close_notify")

    def test_wrong_certificates(self):
        """Nothing is asked then."""
        for files, ca, text in (
                ((self.certificates.wrong_certificate, self.certificates.wrong_key), None,
                 "IP address mismatch"),
                (self.certificates.expired(), None, "certificate has expired"),
                (None, self.certificates.other_ca, "self-signed certificate")):
            with self.subTest(text=text), servers.RadsecProxy(
                    self.top / ("bad%d" % next(NUMBERS)), self.debs, self.radius,
                    self.certificates, files) as proxy, Path(
                    proxy.port, lambda up, number, datagram: [datagram]) as path:
                self.assert_failed(self.asker(path.port, ca=ca).ask("alice"), text)
                self.assertNotIn(DATA, path.kinds(True))
                self.assertEqual(self.asker(
                    path.port, ca=ca, more="tls_verify_cert = no\n").ask("alice"),
                    ("found", "a@x,b@x"))

    def test_a_client_without_certificate(self):
        self.assert_failed(self.asker(certificate=False).ask("alice"), "TLS: ")

    def test_the_secret(self):
        """Another one than that of RFC 7360."""
        self.assert_failed(self.asker(
            more="secret = other\n", deadline_ms=1500).ask("alice"),
            "does not know the secret")

    def test_restarts(self):
        """A server that has forgotten us is found out, within one look-up."""
        asker = self.asker(deadline_ms=6000)
        self.assertEqual(asker.ask("alice")[0], "found")
        for end in self.proxy.kill, self.proxy.stop:
            end()
            self.proxy.start()
            self.assertEqual(asker.ask("bob"), ("found", "bob@x"))

    def test_away(self):
        asker = self.asker()
        self.assertEqual(asker.ask("alice")[0], "found")
        self.proxy.kill()
        asker.send("bob")
        word, text, ms = asker.receive()
        self.assert_failed((word, text), "refused")
        self.assertLess(ms, 5000)
        self.proxy.start()
        wait_until(lambda: asker.ask("bob") == ("found", "bob@x"), servers.PATIENCE,
                   "answer")

    def test_hanging(self):
        """The time is kept, before the handshake and behind it."""
        old = self.asker(deadline_ms=1500)
        self.assertEqual(old.ask("alice")[0], "found")
        self.proxy.pause()
        try:
            new = self.asker(deadline_ms=1500)
            for asker in old, new:
                asker.send("bob")
            for asker in old, new:
                word, text, ms = asker.receive()
                self.assert_failed((word, text), "within the time")
                self.assertGreater(ms, 1400)
                self.assertLess(ms, 6000)
        finally:
            self.proxy.resume()
        wait_until(lambda: old.ask("bob") == ("found", "bob@x"), servers.PATIENCE,
                   "answer")

    def test_the_manual(self):
        text = documented("/etc/submilter/dtls.radius",
                          hosts="127.0.0.1:%d" % self.proxy.port,
                          tls_CAfile=self.certificates.ca,
                          tls_cert_file=self.certificates.certificate,
                          tls_key_file=self.certificates.key)
        path = self.top / "manual.radius"
        path.touch(0o600)
        path.write_text(text)
        with Asker("radius:%s" % path) as asker:
            self.assertEqual(asker.ask("alice"), ("found", "a@x,b@x"))

    def test_settings(self):
        self.assert_failed(self.asker(more="tls = yes\n").ask("a"), "tls and dtls")
        self.assert_failed(self.asker(
            certificate=False, more="tls_key_file = /x\n").ask("a"), "tls_cert_file")


class Paths(DtlsCase):
    """What may become of datagrams on the way."""

    def on(self, way, deadline_ms=20000, **how):
        path = self.enterContext(Path(self.proxy.port, way))
        return path, self.asker(path.port, deadline_ms=deadline_ms, **how)

    def test_lost_datagrams(self):
        """In the handshake and behind it: each is sent again."""
        askers = [self.on(lambda up, number, datagram, lost=lost: [] if (
            up, number) in lost else [datagram])[1] for lost in [
                [(up, number)] for up in (True, False) for number in range(1, 6)]
            + [[(True, 3), (False, 4)], [(True, 1), (False, 1), (True, 3)]]]
        for asker in askers:
            asker.send("alice")
        for asker in askers:
            self.assertEqual(asker.receive()[:2], ("found", "a@x,b@x"))

    def test_repeated_and_late_ones(self):
        """What was said before is said again, all of it, and counts for nothing."""
        said = []

        def way(to_server, number, datagram):
            # radsecproxy itself would wait for more after one that is repeated.
            if not to_server:
                said.append(datagram)
            return [datagram] if to_server or datagram[0] != DATA else \
                said + [(0.05, datagram)]
        asker = self.on(way)[1]
        for key, want in (("alice", "a@x,b@x"), ("bob", "bob@x"), ("alice", "a@x,b@x")):
            self.assertEqual(asker.ask(key), ("found", want))

    def test_garbage(self):
        """Of strangers who know our port: nothing of it is believed."""
        forged = [b"", b"\0", os.urandom(1400), bytes((2, 0, 0, 20)) + bytes(16),
                  # Alerts and data that nobody has sealed.
                  b"\x15\xfe\xfd" + bytes(8) + b"\0\x02\x02\x28",
                  b"\x15\xfe\xfd\0\1" + bytes(6) + b"\0\x02\x01\0",
                  b"\x17\xfe\xfd\0\1" + bytes(5) + b"\x09\0\x14" + bytes(20),
                  b"\x16\xfe\xfd\0\1" + bytes(5) + b"\x08\0\x0c" + bytes(12)]

        def way(to_server, number, datagram):
            # Alerts in the clear do end a handshake.
            more = forged if datagram[0] == DATA else forged[:4]
            return [datagram] if to_server else more + [datagram] + more
        path, asker = self.on(way)
        for key, want in (("alice", "a@x,b@x"), ("bob", "bob@x"), ("alice", "a@x,b@x")):
            self.assertEqual(asker.ask(key), ("found", want))
        self.assertEqual(len(path.clients), 1)

    def test_changed_datagrams(self):
        """One that was changed is one that is lost."""
        changed = []

        def way(to_server, number, datagram):
            if datagram[0] == DATA and not to_server and not changed:
                changed.append(datagram)
                return [datagram[:-1] + bytes((datagram[-1] ^ 1,))]
            return [datagram]
        self.assertEqual(self.on(way)[1].ask("alice"), ("found", "a@x,b@x"))
        self.assertEqual(len(changed), 1)

    def test_slow_server(self):
        """Slower than an association is believed in: the old one still counts."""
        path, asker = self.on(lambda up, number, datagram: [
            (2.5 * (len(path.clients) == 1 and slow), datagram)], deadline_ms=8000)
        slow = False
        self.assertEqual(asker.ask("alice"), ("found", "a@x,b@x"))
        self.assertEqual(asker.ask("bob"), ("found", "bob@x"))
        self.assertEqual(len(path.clients), 1)
        # Now the first association is slow, and then a new one is found.
        slow = True
        self.assertEqual(asker.ask("alice"), ("found", "a@x,b@x"))
        self.assertEqual(len(path.clients), 2)

    def test_the_old_association_answers_first(self):
        def way(to_server, number, datagram):
            # Who comes later has no handshake; the first one is slow.
            if len(path.clients) > 1 and datagram[0] == HANDSHAKE:
                return []
            return [(1.5 * (not to_server and slow), datagram)]
        slow = False
        path, asker = self.on(way, deadline_ms=4000)
        self.assertEqual(asker.ask("alice"), ("found", "a@x,b@x"))
        slow = True
        for key, want in (("bob", "bob@x"), ("alice", "a@x,b@x")):
            self.assertEqual(asker.ask(key), ("found", want))
            slow = False
        self.assertEqual(len(path.clients), 2)

    def test_the_handshake_fits_narrow_paths(self):
        """A certificate with a long chain is cut; so is what the server says."""
        chain = self.top / "chain.pem"
        chain.write_text(self.certificates.certificate.read_text()
                         + self.certificates.ca.read_text() * 8)
        path, asker = self.on(
            lambda up, number, datagram: [datagram], certificate=False,
            more="tls_cert_file = %s\ntls_key_file = %s\n" % (
                chain, self.certificates.key))
        self.assertEqual(asker.ask("alice"), ("found", "a@x,b@x"))
        sent = [len(d) for d in path.seen[True]]
        self.assertLessEqual(max(sent), 1280 - 28)
        self.assertGreater(sum(sent), 3000)


class Strangers(DtlsCase):
    """Servers that do not speak it."""

    def test_who_answers_anything(self):
        """Garbage and plain RADIUS, as often as it likes: the time is kept."""
        for answer in (b"\x02\0\0\x14" + bytes(16), os.urandom(900),
                       b"\x17\xfe\xfd" + bytes(2000)):
            end = self.enterContext(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            end.bind(("127.0.0.1", 0))

            def serve(end=end, answer=answer):
                while True:
                    datagram, peer = end.recvfrom(5000)
                    if not datagram:
                        return
                    for _ in range(200):
                        end.sendto(answer, peer)
            thread = threading.Thread(target=serve, daemon=True)
            thread.start()
            asker = self.asker(end.getsockname()[1], deadline_ms=1200)
            asker.send("alice")
            word, text, ms = asker.receive()
            self.assert_failed((word, text), "")
            self.assertLess(ms, 5000)
            self.enterContext(socket.socket(
                socket.AF_INET, socket.SOCK_DGRAM)).sendto(b"", end.getsockname())
            thread.join()

    def test_who_speaks_dtls_and_no_radius(self):
        port = servers.quiet_port()
        with subprocess.Popen(
                ["openssl", "s_server", "-dtls", "-accept", "127.0.0.1:%d" % port,
                 "-cert", self.certificates.certificate, "-key", self.certificates.key,
                 "-quiet"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT) as server:
            try:
                wait_until(lambda: servers.has_datagrams(port), servers.PATIENCE,
                           "socket")
                asker = self.asker(port, deadline_ms=9000)
                asker.send("alice")
                # The question has arrived.
                self.assertIn(b"alice", server.stdout.read1())
                server.stdin.write(b"garbage\n" * 100)
                server.stdin.close()        # and close_notify behind it
                self.assert_failed(asker.receive(), "closed the association")
            finally:
                server.kill()

class Mail(support.OwnDaemonTest):
    """Rights and accounting of real messages."""

    def test_rights_and_accounting(self):
        DtlsCase.setUpClass()
        self.addCleanup(DtlsCase.doClassCleanups)
        path = DtlsCase.top / "mail.radius"
        path.touch(0o600)
        path.write_text(DtlsCase.parameters())
        milter = self.start(
            'accounting { radius = "%s" }\n' % path
            + "tables { cache = 0; cache-absent = 0; stale = 0 }\n"
            + daemon.WORLD.replace("rights {", 'rights {\n\tlogins = "radius:%s"' % path))

        def verdict(address):
            return self.submit(support.mail(
                support.message(address), sender=address, login="carol@corp.example"),
                server=milter).verdict
        self.assertEqual(verdict("sales@corp.example"), "pass")
        self.assertEqual(verdict("ceo@corp.example"), "reject")
        wait_until(lambda: DtlsCase.radius.detail.exists(), servers.PATIENCE, "record")
        self.assertIn('User-Name = "carol@corp.example"',
                      DtlsCase.radius.detail.read_text())
        DtlsCase.proxy.kill()
        self.assertEqual(verdict("sales@corp.example"), "tempfail")
        DtlsCase.proxy.start()
        wait_until(lambda: verdict("sales@corp.example") == "pass", servers.PATIENCE,
                   "answer")


if __name__ == "__main__":
    unittest.main()
