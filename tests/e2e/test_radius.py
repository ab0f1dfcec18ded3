#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""RADIUS behind real MTAs: FreeRADIUS says whose addresses a login has, and is told of
each message that was accepted, both over DTLS to radsecproxy."""

import re
import sys
import unittest

import common
from common import ALICE, BOB, HERE, HONEST, lab, number

sys.path.insert(0, str(HERE.parent / "tables"))

import servers                              # noqa: E402

SUPPORT = "support@corp.example"
FROM_SUPPORT = HONEST.replace(b"alice@", b"support@")


def setUpModule():
    scratch = lab.scratch("submilter-radius.")
    top = scratch.__enter__()
    unittest.addModuleCleanup(scratch.__exit__, None, None, None)
    common.Base.world = common.World(top)
    common.Base.debs = lab.Debs.shared(top, "postfix", "sendmail", "freeradius",
                                       "radsecproxy")


class Tests(common.Base):
    def start_radius(self):
        place = self.world.top / ("radius%d" % next(number))
        place.mkdir(mode=0o755)
        certificates = servers.Certificates(place / "tls", self.debs)
        radius = servers.FreeRadius(place / "home", self.debs, {ALICE: [SUPPORT]})
        proxy = servers.RadsecProxy(place / "proxy", self.debs, radius, certificates)
        for server in radius, proxy:
            self.addCleanup(server.stop)
            server.start()
        table = place / "dtls.radius"
        table.touch(0o600)
        table.write_text(
            "hosts = 127.0.0.1:%d\naccounting_hosts = 127.0.0.1:%d\ndtls = yes\n"
            "tls_CAfile = %s\ntls_cert_file = %s\ntls_key_file = %s\n" % (
                proxy.port, proxy.port, certificates.ca, certificates.certificate,
                certificates.key))
        return radius, proxy, table

    def test_rights_and_accounting(self):
        radius, proxy, table = self.start_radius()
        milter, mta = self.start(
            'rights { logins = "radius:%s" }\naccounting { radius = "%s" }\n'
            'tables { cache = 0; cache-absent = 0; stale = 0 }' % (table, table))
        self.check_signed(self.deliver(mta, FROM_SUPPORT, SUPPORT))
        self.assertEqual(self.submit(mta, FROM_SUPPORT, SUPPORT, BOB).reply.code, 550)
        self.check_record(radius, milter)
        # The MTA's client is asked to come again, and no record is lost.
        proxy.kill()
        self.assertEqual(self.submit(mta, FROM_SUPPORT, SUPPORT).reply.code, 451)
        proxy.start()
        common.wait_until(lambda: self.submit(mta, FROM_SUPPORT, SUPPORT).accepted,
                          servers.PATIENCE, "answer")
        common.wait_until(lambda: len(self.records(radius)) == 2, servers.PATIENCE,
                          "record")

    @staticmethod
    def records(radius):
        text = radius.detail.read_text() if radius.detail.exists() else ""
        return [dict(re.findall(r'^\t(\S+) = "?(.*?)"?$', part, re.M))
                for part in text.split("\n\n") if "Acct-Session-Id" in part]

    def check_record(self, radius, milter):
        """Of the one message that was accepted."""
        common.wait_until(lambda: self.records(radius), servers.PATIENCE, "record")
        record, = self.records(radius)
        self.assertEqual((record["User-Name"], record["Calling-Station-Id"],
                          record["Acct-Output-Packets"]), (ALICE, "127.0.0.1", "1"))
        # The ID that the MTA's own log has.
        self.assertRegex(milter.log(), "qid=%s login=%s .*action=accept" % (
            record["Acct-Session-Id"], re.escape(ALICE)))


class Postfix(Tests, unittest.TestCase):
    mta_class = lab.Postfix


class Sendmail(Tests, unittest.TestCase):
    mta_class = lab.Sendmail


if __name__ == "__main__":
    unittest.main()
