#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Servers that SRV records name, for each type of table that has some: the records
stand in a zone file, the servers are real ones. SUBMILTER names the program,
SUBMILTER_MODULES the directory of the modules. To be run as root."""

import os
import pathlib
import subprocess
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parent))

import backends                     # noqa: E402
import lab                          # noqa: E402
from lab import process             # noqa: E402
from servers import Certificates    # noqa: E402

ROWS = {"team@corp.example": ["alice"], "other@corp.example": ["bob"]}
# What stands in the place of the host, and the name of the records.
KINDS = {
    backends.Redis: ("srv:_redis._tcp.service.example", "_redis._tcp.service.example"),
    backends.Ldap: ("ldap:///dc=service,dc=example", "_ldap._tcp.service.example"),
    backends.Memcache: ("srv:_memcache._tcp.service.example",
                        "_memcache._tcp.service.example"),
    backends.Pgsql: ("srv:_postgresql._tcp.service.example",
                     "_postgresql._tcp.service.example"),
    backends.Mysql: ("srv:_mysql._tcp.service.example", "_mysql._tcp.service.example"),
}


class RecordsTest(unittest.TestCase):
    def ask(self, config, address):
        done = subprocess.run(
            [os.environ["SUBMILTER"], "lookup", "-c", config, "--login", "alice",
             address], capture_output=True, text=True, timeout=120)
        return done.returncode, done.stdout + done.stderr

    def check(self, kind):
        server, name = KINDS[kind]
        top = self.enterContext(lab.scratch())
        backend = backends.backend(kind, top, Certificates(top / "tls"))
        self.addCleanup(backend.stop)
        backend.start(ROWS)
        table = backend.table()
        file = pathlib.Path(table.partition(":")[2])
        text = file.read_text()
        for before in ("ldap://127.0.0.1:%d", "inet:127.0.0.1:%d", "127.0.0.1:%d"):
            text = text.replace(before % backend.server.port, server)
        self.assertIn(server, text)
        file.write_text(text)
        zone, config = top / "zone", top / "submilter.conf"
        config.write_text(
            'domain = "corp.example"\nkeys = ""\nrights { tables = {"%s"} }\n'
            'dns { zone = "%s" }\n' % (table, zone))
        # The first one is not there.
        # MariaDB's library takes localhost for its socket.
        target = "127.0.0.1" if kind is backends.Mysql else "localhost"
        zone.write_text("%s. SRV 1 0 %d %s.\n%s. SRV 2 0 %d %s.\n" % (
            name, process.free_port(), target, name, backend.server.port, target))
        code, said = self.ask(config, "team@corp.example")
        self.assertEqual(code, 0, said)
        # A table that is asked by itself takes the DNS of a configuration, too.
        file.write_text(file.read_text() + "hots = x\n")
        done = subprocess.run(
            [os.environ["SUBMILTER"], "lookup", "-c", config, table,
             "team@corp.example"], capture_output=True, text=True, timeout=120)
        self.assertEqual((done.returncode, done.stdout), (0, "alice\n"), done.stderr)
        self.assertIn('warning: %s:' % file, done.stderr)
        self.assertIn('there is no parameter "hots"', done.stderr)
        code, said = self.ask(config, "other@corp.example")
        self.assertEqual(code, 1, said)
        # Without records, or a host, nobody knows.
        for text in "", "%s. SRV 0 0 0 .\n" % name, "%s. FAIL\n" % name:
            zone.write_text("x. A 192.0.2.1\n" + text)
            code, said = self.ask(config, "team@corp.example")
            self.assertEqual(code, 75, said)
            self.assertIn("SRV of " + name, said)

    def test_redis(self):
        self.check(backends.Redis)

    def test_ldap(self):
        self.check(backends.Ldap)

    def test_memcache(self):
        self.check(backends.Memcache)

    def test_pgsql(self):
        self.check(backends.Pgsql)

    def test_mysql(self):
        self.check(backends.Mysql)


if __name__ == "__main__":
    unittest.main()
