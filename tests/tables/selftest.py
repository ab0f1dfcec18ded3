#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The servers of tables start, hang, end and come back. To be run as root."""

import pathlib
import re
import subprocess
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parent))

import lab                                          # noqa: E402
import servers                                      # noqa: E402


class Starters(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.top = cls.enterClassContext(lab.scratch())
        cls.debs = lab.Debs.shared(cls.top, "slapd", "postgresql", "mariadb",
                                   "redis", "memcached", "freeradius")
        cls.certificates = servers.Certificates(cls.top / "tls", cls.debs)

    def check(self, server, ask):
        """`ask` answers the same before and after a crash, and not while it hangs."""
        with server:
            members = server.daemon.members()
            before = ask()
            server.pause()
            server.resume()
            port = server.port
            server.kill()
            server.start()
            self.assertEqual(server.port, port)
            self.assertEqual(ask(), before)
            members += server.daemon.members()
        for pid in members:
            self.assertFalse(pathlib.Path("/proc/%d" % pid).exists())

    def test_slapd(self):
        server = servers.Slapd(self.top / "slapd", self.debs,
                               certificates=self.certificates)
        tool = self.debs.package("ldap-utils") / "usr/bin/ldapwhoami"

        def ask():
            return [subprocess.run(
                [tool, "-H", uri] + how, check=True, capture_output=True, env={
                    **self.debs.environment(),
                    "LDAPTLS_CACERT": self.certificates.ca}).stdout
                    for uri, how in (
                        (server.tls_uri, ["-x", "-D", servers.ADMIN, "-w",
                                          servers.PASSWORD]),
                        (server.unix_uri, ["-Y", "EXTERNAL"]))]
        self.check(server, ask)

    def test_postgres(self):
        server = servers.Postgres(self.top / "pg", self.debs,
                                  certificates=self.certificates)
        self.check(server, lambda: self.assertEqual(
            server.sql("SHOW ssl; SELECT rolname FROM pg_roles WHERE rolname = '%s'"
                       % servers.USER), "on\n%s\n" % servers.USER))

    def test_mariadb(self):
        server = servers.MariaDB(self.top / "mariadb", self.debs,
                                 certificates=self.certificates)
        self.check(server, lambda: self.assertEqual(
            server.sql("SELECT user, @@have_ssl FROM mysql.user WHERE user = '%s'"
                       % servers.USER).split(), [servers.USER, "YES"]))

    def test_redis(self):
        server = servers.Redis(self.top / "redis", self.debs,
                               certificates=self.certificates)

        def ask():
            server.ask("SADD", "set", "a")
            with self.assertRaises(servers.RedisError):
                server.ask("GET", "set")
            return server.ask_all([("SET", "a b", "c\r\nd"), ("GET", "a b"),
                                   ("GET", "none"), ("SMEMBERS", "set")])
        self.check(server, ask)

    def test_memcached(self):
        server = servers.Memcached(self.top / "memcached", self.debs)

        def ask():
            self.assertIsNone(server.get(b"a"))
            server.set(b"a", b"b\r\nc")
            self.assertEqual(server.get(b"a"), b"b\r\nc")
        self.check(server, ask)

    def test_freeradius(self):
        server = servers.FreeRadius(self.top / "radius", self.debs,
                                    {"alice": ["a@x", "b@x"]},
                                    certificates=self.certificates)
        user = "User-Name = %s, Message-Authenticator = 0x00"

        def ask():
            with self.assertRaisesRegex(lab.LabError, "Access-Reject"):
                server.client("auth", server.port, user % "bob")
            server.client("acct", server.acct_port, "User-Name = alice")
            self.assertIn('User-Name = "alice"', server.detail.read_text())
            return re.findall("Filter-Id = .*", server.client(
                "auth", server.port, user % "alice"))
        self.check(server, ask)

    def test_a_server_that_cannot_start(self):
        server = servers.Redis(self.top / "bad", self.debs, ["--no-such-thing", "1"])
        with self.assertRaisesRegex(lab.LabError, "no-such-thing"):
            server.start()


if __name__ == "__main__":
    unittest.main()
