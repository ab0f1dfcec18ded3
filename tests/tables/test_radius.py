#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Tables of type radius beyond the contract: each kind of reply of a real FreeRADIUS,
secrets that differ, servers that lie, and mail whose rights come from there. To be run
as root, with the environment of test_contract.py."""

import contextlib
import hashlib
import hmac
import os
import pathlib
import socket
import subprocess
import sys
import threading
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "milter")]

import daemon                           # noqa: E402
import lab                              # noqa: E402
import servers                          # noqa: E402
import support                          # noqa: E402
from backends import Asker, documented     # noqa: E402
from lab.process import wait_until      # noqa: E402
from type_case import TypeCase          # noqa: E402

ACCEPT, REJECT, CHALLENGE = 2, 3, 11
FILTER_ID, MESSAGE_AUTHENTICATOR = 11, 80
SECRET = b"word"


def attribute(kind, value):
    return bytes((kind, 2 + len(value))) + value


class Recipe(servers.FreeRadius):
    """A FreeRADIUS as docs/recipes.md sets it up: its rows say nothing of passwords."""

    def __init__(self, top, debs, **how):
        page = (HERE.parent.parent / "docs/recipes.md").read_text()
        blocks = page.split("\n## RADIUS with FreeRADIUS\n")[1].split("```text\n")[1:]
        authorize, reply, self.row = (block.split("```")[0] for block in blocks[:3])
        super().__init__(top, debs, authorize=authorize, post_auth=reply,
                         signs_replies=False, **how)

    def prepare(self):
        (self.top / "dictionary").touch()
        self.users = self.top / "users"
        # The names of rows are digests there; see servers.FreeRadius.
        name, _, attributes = self.row.partition("\n")
        self.users.write_text("%s\n%s" % (
            hashlib.md5(name.encode()).hexdigest(), attributes))


class Liar:
    """A server whose replies are made by reply(request, number of the datagram).

    That gives datagrams; sealed() makes one that proves the secret.
    """

    def __init__(self, reply):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.reply, self.seen = reply, []
        self.thread = threading.Thread(target=self._serve, daemon=True)

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                request, peer = self.socket.recvfrom(5000)
                if not request:
                    return
                self.seen.append(request)
                for datagram in self.reply(request, len(self.seen)):
                    self.socket.sendto(datagram, peer)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
            end.sendto(b"", ("127.0.0.1", self.port))
        self.thread.join()
        self.socket.close()


def sealed(request, attributes, code=ACCEPT, number=None, secret=SECRET,
           signed=True, length=None):
    """A reply; the choices are what may be wrong with it."""
    head = bytes((code, request[1] if number is None else number))
    if signed:
        attributes = attribute(MESSAGE_AUTHENTICATOR, bytes(16)) + attributes
    head += (length or 20 + len(attributes)).to_bytes(2, "big")
    if signed:
        digest = hmac.new(secret, head + request[4:20] + attributes, "md5").digest()
        attributes = attributes[:2] + digest + attributes[18:]
    return head + hashlib.md5(
        head + request[4:20] + attributes + secret).digest() + attributes


def sealed_again(packet, request):
    """The header of a packet that was changed, by somebody who has the secret."""
    return packet[:4] + hashlib.md5(
        packet[:4] + request[4:20] + packet[20:] + SECRET).digest() + packet[20:]


class RadiusCase(TypeCase):
    type_name, product = "radius", "freeradius"


class Real(RadiusCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.certificates = servers.Certificates(cls.top / "tls")
        cls.server = cls.enterClassContext(servers.FreeRadius(
            cls.top / "radius", cls.debs, {
                "alice": ["a@x", "b@x, c@x", "@d.x"], "bob@corp.example": ["a@x"],
                "none": [], "empty": [""], "control": ["a\nb"], "asked": ["a@x"],
                "many": ["v%d" % n for n in range(200)],
                # 15 of them are 3675 octets, and 16 are 3920.
                "long": ["%03d" % n + "x" * 240 for n in range(15)],
                "full": ["%03d" % n + "x" * 240 for n in range(16)],
                "cut": ["%03d" % n + "x" * 240 for n in range(17)],
                "far too long": ["%03d" % n + "x" * 240 for n in range(30)]},
            post_auth=' update reply {\n  Class := 0x636c617373\n'
            '  Cisco-AVPair := "send-as=x"\n }\n',
            authorize=' if (&User-Name == "asked") {\n'
            '  update control {\n   Response-Packet-Type := Access-Challenge\n'
            '  }\n }\n',
            certificates=cls.certificates))

    def asked(self, key, more="", **how):
        return self.ask("hosts = 127.0.0.1:%d\nsecret = %s\n%s" % (
            self.server.port, self.server.secret, more), key, **how)

    def test_the_recipe_of_the_book(self):
        """Whoever is asked for has the addresses of the row, and no password is spared."""
        with Recipe(self.top / "recipe", self.debs) as server:
            settings = "hosts = 127.0.0.1:%d\nsecret = %s\n" % (server.port, server.secret)
            self.assertEqual(self.ask(settings, "alice@example.org"),
                             ("found", "info@example.org,@shop.example"))
            self.assertEqual(self.ask(settings, "nobody@example.org"), ("absent", ""))
            for more in "", "Service-Type = Login-User\n", "User-Password = guess\n":
                with self.assertRaisesRegex(lab.LabError, "Access-Reject"):
                    server.client("auth", server.port, "User-Name = alice@example.org\n"
                                  "Message-Authenticator = 0x00\n" + more)

    def test_replies(self):
        """Several Filter-Id are several values; who is rejected has none."""
        for key, want in (("alice", "a@x,b@x, c@x,@d.x"), ("ALICE", "a@x,b@x, c@x,@d.x"),
                          ("none", None), ("empty", None), ("nobody", None),
                          ("many", ",".join("v%d" % n for n in range(200)))):
            with self.subTest(key=key):
                self.assertEqual(self.asked(key),
                                 ("found", want) if want else ("absent", ""))
        self.assertEqual(self.asked("long")[1].count(",") + 1, 15)
        # FreeRADIUS leaves out what has no room, its signature first.
        for key in "full", "cut", "far too long":
            self.assert_failed(self.asked(key, deadline_ms=1500), "is full")
        self.assert_failed(self.asked("asked"), "Access-Challenge")
        self.assert_failed(self.asked("control"), "control characters")
        self.assert_failed(self.asked("x" * 254), "over 253 octets")

    def test_attributes(self):
        for names, want in (("class", "class"), ("25", "class"), ("26.9.1", "send-as=x"),
                            ("Class, Filter-Id", "a@x,b@x, c@x,@d.x,class"),
                            ("Reply-Message", "welcome"), ("26.9.2", None),
                            ("24", None)):
            with self.subTest(names=names):
                word, text = self.asked("alice", "attributes = %s\n" % names)
                self.assertEqual((word, sorted(text.split(","))),
                                 ("found", sorted(want.split(","))) if want
                                 else ("absent", [""]))

    def test_settings(self):
        self.assertEqual(self.asked("bob", "query = %u@corp.example\n"),
                         ("found", "a@x"))
        self.assert_failed(self.asked("alice", "expansion_limit = 2\n"), "2")
        for more, text in (
                ("attributes = Filter-Ids\n", "Filter-Ids"), ("attributes = 0\n", '"0"'),
                ("attributes = 256\n", "256"), ("attributes = 26.9\n", "26.9"),
                ("attributes = 26.9.1.2\n", "26.9.1.2"), ("attributes = 1.2\n", "1.2"),
                ("attributes = 1 2 3 4 5 6 7 8 9\n", "more than 8"),
                ("query = x\n", "nothing of the key"), ("query = %x\n", "percent sign"),
                ("hosts = unix:/x\n", "file system"), ("hosts = a:b:c\n", "hosts"),
                ("secret =\n", "secret"), ("tls_key_file = /x\n", "tls_cert_file")):
            with self.subTest(more=more):
                self.assert_failed(self.asked("alice", more), text)
        self.assert_failed(self.ask("hosts = 127.0.0.1\n", "a"), "secret is missing")

    def test_wrong_secret(self):
        """The server says nothing then, and another one is asked for its part."""
        wrong = "hosts = 127.0.0.1:%d\nsecret = wrong\n" % self.server.port
        answer = self.ask(wrong, "alice", deadline_ms=700)
        self.assert_failed(answer, "does not know the secret")
        self.assertNotIn("wrong", answer[1].replace(answer[1].split(": ")[0], ""))

    def test_next_host(self):
        """One where nobody is, one that says nothing, and the right one."""
        with Liar(lambda request, number: []) as silent:
            self.assertEqual(self.asked(
                "alice", "hosts = 127.0.0.1:1, 127.0.0.1:%d, 127.0.0.1:%d\n" % (
                    silent.port, self.server.port), deadline_ms=4000),
                ("found", "a@x,b@x, c@x,@d.x"))
            self.assertEqual(len(set(silent.seen)), 1)

    def test_the_manual(self):
        text = documented("/etc/submilter/addresses.radius",
                          hosts="127.0.0.1:%d" % self.server.port,
                          secret=self.server.secret)
        self.assertEqual(self.ask(text, "alice"), ("found", "a@x,b@x, c@x,@d.x"))

    def warnings(self, text):
        conf = self.top / "check.conf"
        conf.write_text('user = "root"\nlisten = "unix:%s/socket"\n'
                        'sign { dkim-key = off }\nrights { logins = "%s" }\n' % (
                            self.top, self.table(text)))
        conf.chmod(0o600)
        return subprocess.run(
            [os.environ["SUBMILTER"], "check", "--no-connect", "-c", conf,
             "--postfix", self.top], capture_output=True, timeout=60).stdout.decode()

    def test_check_warns_of_what_is_in_the_clear(self):
        for text in ("hosts = 127.0.0.1:1, [::1]:1, localhost:1\nsecret = x\n",
                     "hosts = 0.0.0.0:1\ntls = yes\n",
                     "hosts = 0.0.0.0:1\ntls_CAfile = /x\n"):
            self.assertNotIn("CVE-2024-3596", self.warnings(text))
        for host in "0.0.0.0:1", "[::]:1":
            found = self.warnings("hosts = 127.0.0.1:1, %s\nsecret = x\n" % host)
            self.assertEqual(found.count("CVE-2024-3596"), 1, found)
            self.assertIn(host, found)
        for text, warns in (("hosts = 0.0.0.0:1\ntls = yes\ntls_verify_cert = no\n", True),
                            ("hosts = 0.0.0.0:1\ndtls = yes\ntls_verify_cert = no\n", True),
                            ("hosts = 127.0.0.1:1\ntls = yes\ntls_verify_cert = no\n", False),
                            ("hosts = 0.0.0.0:1\ntls = yes\n", False)):
            self.assertEqual("(tls_verify_cert = no)" in self.warnings(text), warns, text)


class Silent(RadiusCase):
    """A server whose replies anybody may have made."""

    def test_replies_without_message_authenticator(self):
        certificates = servers.Certificates(self.top / "tls")
        with servers.FreeRadius(self.top / "old", self.debs, {"alice": ["a@x"]},
                                signs_replies=False, certificates=certificates) as server:
            text = "hosts = 127.0.0.1:%d\nsecret = %s\n" % (server.port, server.secret)
            self.assertIn("Access-Accept", server.client(
                "auth", server.port, "User-Name = alice, Message-Authenticator = 0x00"))
            self.assert_failed(self.ask(text, "alice", deadline_ms=2000),
                               "Message-Authenticator")
            # Nobody gets in between over TLS, unless anybody may be the server.
            text = "hosts = 127.0.0.1:%d\ntls_CAfile = %s\n" % (
                server.tls_port, certificates.ca)
            self.assertEqual(self.ask(text, "alice"), ("found", "a@x"))
            self.assert_failed(self.ask(text + "tls_verify_cert = no\n", "alice"),
                               "Message-Authenticator")


class Liars(RadiusCase):
    def lied(self, reply):
        with Liar(reply) as server:
            return self.ask("hosts = 127.0.0.1:%d\nsecret = word\n" % server.port, "a")

    def test_forged(self):
        """Whatever is not proved counts for nothing, and says what it lacked."""
        value = attribute(FILTER_ID, b"ceo@x")
        with contextlib.ExitStack() as stack:
            askers = []
            for name, reply, text in self.forgeries(value):
                port = stack.enter_context(Liar(reply)).port
                askers.append((name, text, stack.enter_context(Asker(self.table(
                    "hosts = 127.0.0.1:%d\nsecret = word\n" % port),
                    deadline_ms=3000))))
            # All of them wait until the end, so they do so together.
            for _, _, asker in askers:
                asker.send("a")
            for name, text, asker in askers:
                with self.subTest(name=name):
                    self.assert_failed(asker.receive(), text)

    @staticmethod
    def forgeries(value):
        return (
            ("another secret", lambda r, n: [sealed(r, value, secret=b"other")],
             "does not have our secret"),
            ("no signature", lambda r, n: [sealed(r, value, signed=False)],
             "without a Message-Authenticator"),
            ("a changed one", lambda r, n: [sealed_again(
                sealed(r, value)[:-5] + b"vip@x", r)], "not by our secret"),
            ("two", lambda r, n: [sealed_again(sealed(
                r, attribute(MESSAGE_AUTHENTICATOR, bytes(16)) + value), r)],
             "several Message-Authenticators"),
            ("another number", lambda r, n: [sealed(r, value, number=r[1] ^ 1)],
             "another question"),
            ("an old one", lambda r, n: [sealed(r[:4] + bytes(16), value)],
             "does not have our secret"),
            ("short", lambda r, n: [b"\2"], "not whole"),
            ("cut", lambda r, n: [sealed(r, value)[:-1]], "not whole"),
            ("empty attribute", lambda r, n: [sealed(r, b"\x0b\0" + value)],
             "not whole"),
            ("attribute too long", lambda r, n: [sealed(r, b"\x0b\xff" + value)],
             "not whole"),
            ("half an attribute", lambda r, n: [sealed(r, value + b"\x0b")],
             "not whole"),
            ("too much", lambda r, n: [sealed(r, value * 700)], "not whole"),
            ("our own", lambda r, n: [r], "does not have our secret"))

    def test_forged_ones_before_the_true_one(self):
        """They are passed over: whoever throws them in keeps nobody from answering."""
        value = attribute(FILTER_ID, b"a@x")
        self.assertEqual(self.lied(lambda r, n: [
            sealed(r, attribute(FILTER_ID, b"ceo@x"), signed=False), b"", b"\xff" * 4096,
            sealed(r, value, secret=b"guess"), sealed(r, value)]),
            ("found", "a@x"))

    def test_lost_datagrams(self):
        """The same one is sent again."""
        seen = []

        def reply(request, number):
            seen.append(request)
            return [sealed(request, attribute(FILTER_ID, b"a@x"))] if number > 2 else []
        self.assertEqual(self.lied(reply), ("found", "a@x"))
        self.assertEqual((len(seen), len(set(seen))), (3, 1))

    def test_what_is_asked(self):
        """Authorize-Only, by a Message-Authenticator that stands first."""
        with Liar(lambda r, n: [sealed(r, b"", code=REJECT)]) as server:
            self.assertEqual(self.ask("hosts = 127.0.0.1:%d\nsecret = word\n"
                                      "nas_identifier = mx\n" % server.port, "a@x"),
                             ("absent", ""))
        request, = server.seen
        plain = request[:22] + bytes(16) + request[38:]
        self.assertEqual(request[20:22], b"\x50\x12")
        self.assertEqual(request[22:38], hmac.new(SECRET, plain, "md5").digest())
        self.assertEqual(request[38:], attribute(1, b"a@x")
                         + attribute(6, b"\0\0\0\x11") + attribute(32, b"mx"))

    def test_vendors(self):
        """One of RFC 2865 may have several attributes in it."""
        def reply(request, number):
            vendor = b"\0\0\0\x09"
            return [sealed(request, b"".join(attribute(26, value) for value in (
                vendor + attribute(1, b"a@x") + attribute(2, b"ceo@x")
                + attribute(1, b"b@x"),
                b"\0\0\0\x0a" + attribute(1, b"vip@x"),
                # The last one is cut, so this may be of another form altogether.
                vendor + attribute(1, b"z@x") + b"\1\x09@x",
                vendor + attribute(1, b"c@x"))))]
        with Liar(reply) as server:
            self.assertEqual(self.ask("hosts = 127.0.0.1:%d\nsecret = word\n"
                                      "attributes = 26.9.1\n" % server.port, "a"),
                             ("found", "a@x,b@x,c@x"))

    def test_late_replies(self):
        """One to an earlier question is none to the next, though numbers return."""
        late = []

        def reply(request, number):
            name = request[request.index(b"\1", 38) + 2:][:1]
            late.append(sealed(request, attribute(FILTER_ID, name + b"@x")))
            return late[-2:-1] if number % 2 else late[-2:]
        with Liar(reply) as server, Asker(self.table(
                "hosts = 127.0.0.1:%d\nsecret = word\n" % server.port)) as asker:
            for key in "abcab":
                self.assertEqual(asker.ask(key), ("found", key + "@x"))

    def test_odd_codes_and_attributes(self):
        for code in 1, 4, 5, 12, 255:
            self.assert_failed(self.lied(lambda r, n: [sealed(r, b"", code=code)]),
                               "code %d" % code)
        self.assert_failed(self.lied(lambda r, n: [sealed(r, b"", CHALLENGE)]),
                           "Access-Challenge")
        # What is cut behind the signature of FreeRADIUS 3.2.5 and later.
        cut = attribute(FILTER_ID, b"x" * 251 + b"@x") * 15 + attribute(
            FILTER_ID, b"@" + b"x" * 230)
        self.assert_failed(self.lied(lambda r, n: [sealed(r, cut)]), "is full")
        # Vendors' own attributes that are no such thing are passed over.
        for value in (b"", b"\0\0\0\x09", b"\0\0\0\x09\x0b\x09x", b"\0\0\0\x09\x0b\1x"):
            self.assertEqual(self.lied(lambda r, n: [sealed(
                r, attribute(26, value) + attribute(FILTER_ID, b"a@x"))]),
                ("found", "a@x"))


class Mail(support.OwnDaemonTest):
    """Rights of real messages: rights.logins asks FreeRADIUS."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.top = cls.enterClassContext(lab.scratch())
        cls.server = cls.enterClassContext(servers.FreeRadius(
            cls.top / "radius", lab.Debs.shared(cls.top, "freeradius"),
            {"alice@corp.example": ["sales@corp.example", "@team.example"],
             "dave": ["dave@team.example"], "erin@elsewhere.example": ["erin@team.example"],
             "mallory": ["ceo@corp.example"]},
            authorize=' if (&User-Name == "alice@corp.example") {\n  update reply {\n'
            '   Class := "messages=3/1h"\n   Class += "recipients=2/1h,9/1d"\n  }\n }\n'))

    def ready(self, more=""):
        path = self.top / "addresses.radius"
        path.touch(0o600)
        path.write_text("hosts = 127.0.0.1:%d\nsecret = %s\n" % (
            self.server.port, self.server.secret))
        self.milter = self.start(
            "tables { cache = 0; cache-absent = 0; stale = 0 }\n" + more
            + daemon.WORLD.replace("rights {", 'rights {\n\tlogins = "radius:%s"' % path))

    def verdict(self, address, login="alice@corp.example"):
        return self.submit(support.mail(
            support.message(address), sender=address, login=login),
            server=self.milter).verdict

    def test_rights(self):
        self.ready()
        for address in "sales@corp.example", "anybody@team.example":
            self.assertEqual(self.verdict(address), "pass")
        self.assertEqual(self.verdict("ceo@corp.example"), "reject")
        # Access-Reject: no rights.
        self.assertEqual(self.verdict("ceo@corp.example", "carol@corp.example"), "reject")
        self.server.kill()
        self.assertEqual(self.verdict("sales@team.example"), "tempfail")
        self.assertEqual(self.verdict("ceo@corp.example"), "tempfail")
        self.server.start()
        wait_until(lambda: self.verdict("sales@team.example") == "pass",
                   servers.PATIENCE, "answer")

    def test_limits(self):
        """The same server says addresses and limits, in two attributes."""
        path = self.top / "limits.radius"
        path.touch(0o600)
        path.write_text("hosts = 127.0.0.1:%d\nsecret = %s\nattributes = Class\n" % (
            self.server.port, self.server.secret))
        self.ready('limits {\n\tmessages = {1/1h}\n\ttable = "radius:%s"\n}\n' % path)

        def replies(count, sender, login):
            one = support.mail(support.message(sender), sender=sender, login=login)
            results = [self.submit(one, server=self.milter) for _ in range(count)]
            return [result.reply.text[:9] if result.verdict != "pass" else "pass"
                    for result in results]
        self.assertEqual(replies(3, "sales@corp.example", "alice@corp.example"),
                         ["pass", "pass", "450 4.7.1"])
        self.milter.expect(r'may send to at most 2 recipients in 1 hour.*'
                           r'limits\.radius, key alice@corp\.example')
        # No such attribute: the limits of the configuration.
        self.assertEqual(replies(2, "dave@team.example", "dave"), ["pass", "450 4.7.1"])
        # Whose limits cannot be told has to wait.
        path.write_text("hosts = 127.0.0.1:1\nsecret = x\nattributes = Class\n")
        self.milter.reload(r"(?i)\b(reloaded|configuration (is )?loaded)")
        self.assertEqual(replies(1, "erin@team.example", "erin@elsewhere.example"), ["451 4.3.0"])
        self.milter.expect("reason=table .*limits.table: ")

    def test_one_login_under_several_names(self):
        """The server is asked for the login that counts, in its one form."""
        self.ready('identify { login-map = "inline:{ {sales1 = alice@corp.example},'
                   ' {mallory@corp.example = carol@corp.example} }" }\n')
        for login, address, want in (
                # A user name that has no realm is of our domain, in small letters.
                ("alice", "sales@corp.example", "pass"),
                ("ALICE@Corp.Example", "sales@corp.example", "pass"),
                ("sales1", "sales@corp.example", "pass"),
                ("sales1@corp.example", "sales@corp.example", "pass"),
                ("Dave", "dave@team.example", "pass"),
                ("dave@corp.example", "dave@team.example", "pass"),
                # The same user of another realm is somebody else.
                ("alice@elsewhere.example", "sales@corp.example", "reject"),
                ("dave@elsewhere.example", "dave@team.example", "reject"),
                ("sales1@elsewhere.example", "sales@corp.example", "reject"),
                ("erin@elsewhere.example", "erin@team.example", "pass"),
                ("erin", "erin@team.example", "reject"),
                # The name that was typed has no rights once it stands for another.
                ("mallory", "ceo@corp.example", "reject"),
                # What would be two names, or a question of another kind.
                ("alice@corp.example@elsewhere.example", "sales@corp.example", "reject"),
                ("%{User-Name}", "sales@corp.example", "reject")):
            with self.subTest(login=login):
                self.assertEqual(self.verdict(address, login), want)


if __name__ == "__main__":
    unittest.main()
