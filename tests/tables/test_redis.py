#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Tables of type redis beyond the contract: commands, settings, a cluster of three
masters of which one dies, and servers that lie. To be run as root, with the
environment of test_contract.py."""

import pathlib
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parent))

import fakes                            # noqa: E402
import lab                              # noqa: E402
import servers                          # noqa: E402
from backends import Asker, documented     # noqa: E402
from lab.process import wait_until      # noqa: E402
from type_case import TypeCase          # noqa: E402


class RedisCase(TypeCase):
    type_name, product = "redis", "redis"


class Commands(RedisCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.certificates = servers.Certificates(cls.top / "tls")
        cls.server = cls.enterClassContext(servers.Redis(
            cls.top / "redis", cls.debs, certificates=cls.certificates,
            options=["--tls-auth-clients", "yes"]))
        cls.server.ask_all([
            ("SET", "one:a@x", "alice"), ("SET", "one:empty@x", ""),
            ("HSET", "all", "a@x", "alice, bob", "a b@x", "blank"),
            ("SADD", "set:a@x", "alice"), ("RPUSH", "list:a@x", "c", "b", "", "c"),
            ("SET", "a:x:one", "parts"), ("SET", "100%", "percent"),
            ("SET", "bad:control@x", "a\nb"), ("SET", "bad:nul@x", "a\0b"),
            ("SET", "bad:octets@x", b"\xff\xfe"), ("SET", "bad:deny@x", "no\0"),
            ("RPUSH", "many@x") + ("v",) * 1000, ("SELECT", "3"),
            ("SET", "one:a@x", "third"),
            ("ACL", "SETUSER", "reader", "on", ">pass word", "~one:*", "+get"),
        ])

    def asked(self, query, key, more=""):
        return self.ask("hosts = unix:%s\nquery = %s\n%s" % (
            self.server.socket, query, more), key)

    def test_commands(self):
        for query, key, want in (
                ("GET one:%s", "a@x", "alice"), ("get one:%s", "none@x", None),
                ("GET one:%s", "empty@x", None), ("HGET all %s", "a@x", "alice, bob"),
                ("HGET all %s", "b@x", None), ("HGET none %s", "a@x", None),
                ("HGET all %s", "a b@x", "blank"), ("HGET %s a", "a b", None),
                ('HGet "all" "%u@%d"', "a@x", "alice, bob"),
                ("SMEMBERS set:%s", "a@x", "alice"), ("SMEMBERS %s", "set:b@x", None),
                ("LRANGE list:%s 0 -1", "a@x", "c,b,c"),
                ("LRANGE  list:%s\t-1 1000", "a@x", "c"),
                ("LRANGE list:%s 7 9", "a@x", None), ("GET %u:%1:one", "a@x", "parts"),
                ("GET %u:%d:one", "a", None), ("GET 100%%%s", "@", None)):
            with self.subTest(query=query, key=key):
                self.assertEqual(self.asked(query, key),
                                 ("found", want) if want else ("absent", ""))
        self.assertEqual(self.asked("LRANGE %s 0 -1", "many@x"),
                         ("found", ",".join(["v"] * 1000)))
        self.assertEqual(self.asked("LRANGE %s 0 -1", "list:a@x",
                                    "result_format = %s@%D\n"), ("found", "c@x,b@x,c@x"))

    def test_what_is_no_answer(self):
        self.assert_failed(self.asked("GET set:%s", "a@x"), "WRONGTYPE")
        self.assert_failed(self.asked("LRANGE one:%s 0 -1", "a@x"), "WRONGTYPE")
        for key in "control@x", "nul@x", "octets@x", "deny@x":
            self.assert_failed(self.asked("GET bad:%s", key), "not UTF-8")
        self.assert_failed(self.asked("LRANGE %s 0 -1", "many@x",
                                      "expansion_limit = 999\n"), "999")

    def test_queries_that_cannot_be(self):
        for query, text in (
                ("SET %s x", "GET, HGET, SMEMBERS or LRANGE"), ("EVAL %s 0", "EVAL"),
                ("%s a", "the command is"), ("GET", "GET takes 1 word"),
                ("GET %s b", "GET takes 1 word"), ("HGET %s", "HGET takes 2 words"),
                ("GET a", "nothing of the key"), ("GET %%s", "nothing of the key"),
                ("LRANGE %s 0", "LRANGE takes 3 words"),
                ("LRANGE %s a b", "two numbers"), ("LRANGE %s 0 %s", "two numbers"),
                ('GET "%s', "second quote"), ('GET "a"%s', "blank is missing"),
                ("GET %x", "percent sign"), ("", "query takes a text")):
            with self.subTest(query=query):
                self.assert_failed(self.asked(query, "a@x"), text)
        for more, text in (("database = x\n", "database"), ("tls = maybe\n", "tls"),
                           ("user = reader\n", "user needs the parameter password"),
                           ("tls_key_file = /x\n", "needs tls_cert_file"),
                           ("hosts = \n", "hosts"), ("hosts = a:b:c\n", "hosts")):
            self.assert_failed(self.asked("GET %s", "a@x", more), text)

    def test_settings(self):
        self.assertEqual(self.asked("GET one:%s", "a@x", "database = 3\n"),
                         ("found", "third"))
        self.assert_failed(self.asked("GET one:%s", "a@x", "database = 99\n"), "SELECT")
        login = "user = reader\npassword = pass word\n"
        self.assertEqual(self.asked("GET one:%s", "a@x", login), ("found", "alice"))
        self.assert_failed(self.asked("GET a:x:%s", "one", login), "NOPERM")
        # The first host is not there, and the second one is.
        self.assertEqual(self.ask(
            "hosts = 127.0.0.1:1, /none unix:%s\nquery = GET one:%%s\n"
            % self.server.socket, "a@x"), ("found", "alice"))

    def test_the_manual(self):
        self.server.ask_all([
            ("ACL", "SETUSER", "submilter", "on", ">secret", "~sender:*", "+smembers"),
            ("SADD", "sender:a@x", "alice")])
        text = documented("/etc/submilter/rights.redis",
                          hosts="unix:%s" % self.server.socket)
        self.assertEqual(self.ask(text, "a@x"), ("found", "alice"))
        self.assertEqual(self.ask(text, "b@x"), ("absent", ""))

    def test_password_without_user(self):
        with servers.Redis(self.top / "secret", self.debs,
                           ["--requirepass", "word"]) as server:
            text = "hosts = 127.0.0.1:%d\nquery = GET %%s\n" % server.port
            self.assertEqual(self.ask(text + "password = word\n", "a"), ("absent", ""))
            self.assert_failed(self.ask(text, "a"), "NOAUTH")
            self.assert_failed(self.ask(text + "password = no\n", "a"), "WRONGPASS")

    def test_client_certificates(self):
        text = ("hosts = 127.0.0.1:%d\nquery = GET one:%%s\ntls_CAfile = %s\n" % (
            self.server.tls_port, self.certificates.ca))
        ours = "tls_cert_file = %s\ntls_key_file = %s\n" % (
            self.certificates.certificate, self.certificates.key)
        self.assertEqual(self.ask(text + ours, "a@x"), ("found", "alice"))
        self.assertEqual(self.ask(text, "a@x")[0], "failed")
        self.assert_failed(self.ask(text + ours.replace(".key", ".pem"), "a@x"), "TLS")

    def test_certificates_that_nobody_checks(self):
        text = ("hosts = localhost:%d\nquery = GET one:%%s\ntls = yes\n"
                "tls_cert_file = %s\ntls_key_file = %s\n" % (
                    self.server.tls_port, self.certificates.certificate,
                    self.certificates.key))
        self.assertEqual(self.ask(text + "tls_verify_cert = no\n", "a@x"),
                         ("found", "alice"))
        self.assert_failed(self.ask(text, "a@x"), "certificate")
        self.assertEqual(self.ask(text + "tls_CAfile = %s\n" % self.certificates.ca,
                                  "a@x"), ("found", "alice"))


class Cluster(RedisCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cluster = cls.enterClassContext(
            servers.RedisCluster(cls.top / "cluster", cls.debs))
        cls.keys = ["user%d@corp.example" % n for n in range(60)]
        cls.fill()

    @classmethod
    def fill(cls):
        cls.cluster.fill([("SADD", "rights:" + key, "login of " + key)
                          for key in cls.keys])

    @classmethod
    def node_of(cls, key):
        return cls.cluster.node_of("rights:" + key)

    def cluster_table(self):
        return self.table("hosts = %s\nquery = SMEMBERS rights:%%s\n" % " ".join(
            "127.0.0.1:%d" % node.port for node in self.cluster.nodes))

    def check_all(self, asker, dead=None):
        for key in self.keys:
            want = ("found", "login of " + key)
            answer = asker.ask(key)
            if self.homes[key] is dead:
                self.assertEqual(answer[0], "failed")
                self.assertIn(str(dead.port), answer[1])
            else:
                self.assertEqual(answer, want)

    def test_one_master_dies(self):
        """Whichever it is: keys of the others are answered, and its own are not."""
        self.homes = {key: self.node_of(key) for key in self.keys}
        self.assertEqual(len(set(self.homes.values())), 3)
        for dead in self.cluster.nodes[0], self.cluster.nodes[2]:
            with Asker(self.cluster_table(), threads=4) as asker:
                self.check_all(asker)
                dead.kill()
                try:
                    self.check_all(asker, dead)
                    # Also for somebody who asks it the first time.
                    with Asker(self.cluster_table()) as other:
                        self.check_all(other, dead)
                finally:
                    dead.start()
                self.cluster.wait()
                self.fill()
                lost = next(k for k in self.keys if self.homes[k] is dead)
                wait_until(lambda: asker.ask(lost)[0] == "found", servers.PATIENCE,
                           "answer")
                self.check_all(asker)

    def test_one_master_hangs(self):
        self.homes = {key: self.node_of(key) for key in self.keys}
        hung = self.cluster.nodes[1]
        lost = next(k for k in self.keys if self.homes[k] is hung)
        with Asker(self.cluster_table(), deadline_ms=600) as asker:
            hung.pause()
            try:
                asker.send(lost)
                word, _, ms = asker.receive()
                self.assertEqual(word, "failed")
                self.assertLess(ms, 20000)
            finally:
                hung.resume()
            wait_until(lambda: asker.ask(lost)[0] == "found", servers.PATIENCE,
                       "answer")

    def test_a_key_that_moves(self):
        """ASK: it is at the next master already, which does not own it yet."""
        key = self.keys[0]
        name = "rights:" + key
        here = self.node_of(key)
        there = next(n for n in self.cluster.nodes if n is not here)
        slot = here.ask("CLUSTER", "KEYSLOT", name)
        ids = {node: node.ask("CLUSTER", "MYID") for node in (here, there)}
        there.ask("CLUSTER", "SETSLOT", slot, "IMPORTING", ids[here])
        here.ask("CLUSTER", "SETSLOT", slot, "MIGRATING", ids[there])
        try:
            with Asker(self.cluster_table(), threads=4) as asker:
                want = ("found", "login of " + key)
                self.assertEqual(asker.ask(key), want)
                here.ask("MIGRATE", "127.0.0.1", there.port, name, 0, 5000)
                with self.assertRaisesRegex(servers.RedisError, "ASK"):
                    here.ask("SMEMBERS", name)
                for _ in range(3):
                    self.assertEqual(asker.ask(key), want)
        finally:
            there.ask_all([("ASKING",), ("DEL", name)])
            for node in here, there:
                node.ask("CLUSTER", "SETSLOT", slot, "STABLE")
            self.fill()


class Liars(RedisCase):
    """What a server says that is hostile, or broken."""

    def lied(self, reply, query="SMEMBERS %s"):
        with fakes.Redis(lambda words: reply) as server:
            return self.ask("hosts = 127.0.0.1:%d\nquery = %s\n" % (
                server.port, query), "a", deadline_ms=500)

    def test_replies_that_are_none(self):
        for reply in (b"*100001\r\n", b"*2147483647\r\n", b"*-2\r\n", b"$-2\r\n",
                      b"$99999999999999999999\r\n", b"*2\r\n$1\r\na\r\n:5\r\n",
                      b"*1\r\n*1\r\n$1\r\na\r\n", b"*1\r\n$-1\r\n", b"*1\r\n+a\r\n",
                      b"$1\r\na\r\n", b"+OK\r\n", b":1\r\n", b"$-1\r\n", b"a\r\n",
                      b"*1\r\n-ERR\r\n", b"-ERR no\r\n", b"-\r\n", b"*1\r\n$1\r\nab\r\n",
                      b"*1\r\n" * 50, b"*9\r\n*99999\r\n" + b"*99999\r\n" * 8,
                      b"*1\r\n$3000000\r\n" + b"x" * 3000002, b"%1\r\n+a\r\n+b\r\n"):
            with self.subTest(reply=reply[:30]):
                self.assertEqual(self.lied(reply)[0], "failed")

    def test_more_than_was_asked_for(self):
        """It would be the answer to the next key."""
        reply = b"*1\r\n$1\r\na\r\n"
        self.assertEqual(self.lied(reply), ("found", "a"))
        self.assert_failed(self.lied(reply + b"*1\r\n$1\r\nb\r\n"), "more than")
        self.assertEqual(self.lied(b"*0\r\n"), ("absent", ""))

    def test_redirections(self):
        for text in (b"MOVED", b"MOVED 1", b"MOVED 1 2 3", b"MOVED 16384 127.0.0.1:1",
                     b"MOVED x 127.0.0.1:1", b"ASK 1 127.0.0.1", b"ASK 1 unix:/x",
                     b"MOVED 1 srv:_redis._tcp.example.org", b"MOVED 1 \xff:1",
                     b"MOVED 1 127.0.0.1:99999", b"MOVED 1 127.0.0.1:1"):
            with self.subTest(text=text):
                self.assertEqual(self.lied(b"-" + text + b"\r\n", "GET %s")[0], "failed")

    def test_redirections_without_end(self):
        """To one's own port, by its number alone."""
        with fakes.Redis(lambda words: b"-MOVED 5 :%d\r\n" % server.port) as server:
            text = "hosts = localhost:%d\nquery = GET %%s\n" % server.port
            self.assert_failed(self.ask(text, "a"), "more than 5 times")

    def test_servers_without_end(self):
        """Each of them names another one."""
        with fakes.Redis(lambda words: b"$1\r\nv\r\n") as last:
            ports = [last.port]
            with fakes.Redis(lambda words: b"-MOVED 1 127.0.0.%d:%d\r\n" % (
                    len(first.asked) % 200 + 2, ports[0])) as first:
                text = "hosts = 127.0.0.1:%d\nquery = GET %%s\n" % first.port
                with Asker(self.table(text)) as asker:
                    # Nobody listens at these addresses; none of them is kept
                    # for long.
                    for _ in range(150):
                        self.assertEqual(asker.ask("a")[0], "failed")
                    self.assertLess(asker.descriptors(), 20)


if __name__ == "__main__":
    unittest.main()
