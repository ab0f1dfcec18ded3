#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The methods host and network on real MTAs, which ask a name server of the test
for the names of their clients, as the milter does."""

import sys
import unittest

import common
from common import ALICE, BOB, FRIEND, HERE, HONEST, lab, number

sys.path.insert(0, str(HERE.parent / "dns"))

import servers as dns                       # noqa: E402

LONG = ".".join(["a" * 63] * 3 + ["b" * 50])
NAMES = {
    "127.0.0.2": "mail.host.example",
    "127.0.0.3": "Hall.Printers.HOST.example",
    # Of somebody else, who names ours.
    "127.0.0.4": "mail.host.example",
    "127.0.0.5": "slow.host.example",
    "127.0.0.6": dns.SERVFAIL,
    "127.0.0.7": "localhost",
    "127.0.0.8": "127.0.0",
    "127.0.0.9": b"\x09mail\0host\x04host\x07example\0",
    "127.0.0.10": b"\x09mail.host\x07example\0",
    "127.0.0.11": b"\x05m\xc3\xa4il\x04host\x07example\0",
    "127.0.0.12": LONG,
    "127.0.0.13": "printers.host.example",
    "127.0.0.14": "stranger.example",
    "127.0.0.15": ["two.host.example", "zwei.host.example"],
    "127.0.0.16": "evilprinters.host.example",
    "127.0.0.17": "127.0.0.2",
    "127.0.0.18": "mail.host.example.evil.example",
}
ADDRESSES = {
    "mail.host.example": ["192.0.2.9", "127.0.0.2"],
    "hall.printers.host.example": ["127.0.0.3"],
    "slow.host.example": dns.SERVFAIL,
    "localhost": ["127.0.0.1", "127.0.0.7"],
    "127.0.0": ["127.0.0.8"],
    LONG: ["127.0.0.12"],
    "printers.host.example": ["127.0.0.13"],
    "stranger.example": ["127.0.0.14"],
    "two.host.example": ["127.0.0.15"],
    "zwei.host.example": ["127.0.0.15"],
    "evilprinters.host.example": ["127.0.0.16"],
    "127.0.0.2": ["127.0.0.17"],
    "mail.host.example.evil.example": ["127.0.0.18"],
}
ROWS = """\
mail.host.example %s
.printers.host.example %s
slow.host.example %s
localhost %s
127.0.0 %s
two.host.example %s
zwei.host.example %s
""" % (ALICE, ALICE, BOB, BOB, BOB, ALICE, ALICE)
# What becomes of MAIL FROM:<alice@corp.example> from each of them.
REPLIES = dict({"127.0.0.%d" % i: 530 for i in range(1, 19)}, **{
    "127.0.0.2": 250, "127.0.0.3": 250, "127.0.0.5": 451, "127.0.0.15": 250})


def setUpModule():
    scratch = lab.scratch("submilter-hosts.")
    top = scratch.__enter__()
    unittest.addModuleCleanup(scratch.__exit__, None, None, None)
    common.Base.world = common.World(top)
    common.Base.debs = lab.Debs.shared(top, "postfix", "sendmail")


class Tests(common.Base):
    """Mixed into unittest.TestCase."""

    relay = None

    def setUp(self):
        super().setUp()
        self.dns = dns.Hosts(dict(NAMES), dict(ADDRESSES))
        self.addCleanup(self.dns.close)

    def start_hosts(self, more="", methods="sasl, host", **settings):
        rows = self.world.top / ("hosts%d" % next(number))
        rows.write_text(ROWS)
        return self.start(
            'dns { servers = {"%s"}; seconds = 1 }\n'
            'identify { methods = {%s}; hosts = "texthash:%s"; %s }\n'
            % (self.dns.address, methods, rows, more), dns_port=self.dns.port, **settings)

    def from_address(self, mta, source, before=None, port=None):
        """The reply to MAIL of a client with that address."""
        with lab.Session(port or mta.plain_port, timeout=30, source=source) as s:
            s.open()
            s.ehlo()
            if before:
                self.assertEqual(s.command(before).code, 220)
                s.ehlo()
            reply = s.mail(ALICE)
            s.leave()
        return reply.code

    def test_names_that_dns_gives_both_ways(self):
        milter, mta = self.start_hosts(extra=self.relay)
        found = {source: self.from_address(mta, source) for source in REPLIES}
        self.assertEqual(found, REPLIES, milter.log())
        milter.wait_for_log("reason=identify .*identify by host: A of slow.host.example")
        # What one of them sends is signed.
        result = lab.submit(mta.plain_port, HONEST, ALICE, [FRIEND], starttls=False,
                            source="127.0.0.3")
        self.assertTrue(result.accepted, "%s\n%s" % (result, milter.log()))
        self.check_signed(self.sink.wait_for(1)[0].data)
        milter.wait_for_log("login=%s via=host client=127.0.0.3" % ALICE)
        # Nobody was asked for names without a row.
        self.assertEqual(self.dns.asked["stranger.example", 28], 0)
        # Whoever has a login needs no name.
        result = lab.submit(mta.submission_port, HONEST, ALICE, [FRIEND], login=ALICE,
                            password=common.USERS[ALICE], source="127.0.0.5")
        self.assertTrue(result.accepted, result)
        milter.wait_for_log("login=%s via=sasl client=127.0.0.5" % ALICE)

    def test_networks_by_octets_in_a_table_without_patterns(self):
        rows = self.world.top / ("networks%d" % next(number))
        rows.write_text("127.0.0.2 %s\n127.0.0 %s\n" % (BOB, ALICE))
        _, mta = self.start('identify { methods = network; network = "texthash:%s" }\n'
                            % rows)
        self.assertEqual(self.from_address(mta, "127.0.0.9"), 250)
        self.assertEqual(self.from_address(mta, "127.0.0.2"), 550)
        self.assertEqual(self.from_address(mta, "127.0.1.9"), 530)


class Postfix(Tests, unittest.TestCase):
    mta_class = lab.Postfix

    ALL = {"smtpd_authorized_xclient_hosts": "127.0.0.2",
           "smtpd_relay_restrictions": "check_client_access static:permit, reject"}

    def test_behind_xclient_the_name_of_the_proxy_is_nobodys(self):
        milter, mta = self.start_hosts(extra=self.ALL)
        # That the proxy itself has a name is not the matter.
        self.assertEqual(self.from_address(mta, "127.0.0.2"), 250)
        for attributes, code in (
                ("ADDR=192.0.2.1", 530),
                ("ADDR=192.0.2.1 NAME=[UNAVAILABLE]", 530),
                ("ADDR=192.0.2.1 NAME=mail.host.example", 530),
                ("ADDR=192.0.2.9 NAME=mail.host.example", 250),
                ("ADDR=192.0.2.1 NAME=[UNAVAILABLE] REVERSE_NAME=[UNAVAILABLE]", 530),
                ("ADDR=192.0.2.1 NAME=[TEMPUNAVAIL] REVERSE_NAME=[TEMPUNAVAIL]", 451)):
            with self.subTest(attributes):
                self.assertEqual(self.from_address(mta, "127.0.0.2", "XCLIENT " + attributes),
                                 code, milter.log())

    def test_strangers_without_a_name_may_pass_where_all_may(self):
        _, mta = self.start_hosts("unidentified = pass", extra=self.ALL)
        self.assertEqual(self.from_address(
            mta, "127.0.0.2", "XCLIENT ADDR=192.0.2.1 NAME=[TEMPUNAVAIL] "
            "REVERSE_NAME=[TEMPUNAVAIL]"), 250)
        # But not whoever may be one of ours.
        self.assertEqual(self.from_address(mta, "127.0.0.5"), 451)

    def test_dns_that_goes_down_is_later(self):
        milter, mta = self.start_hosts()
        self.assertEqual(self.from_address(mta, "127.0.0.2"), 250)
        self.dns.addresses["mail.host.example"] = dns.SERVFAIL
        # The milter knows the former answer for a second.
        common.wait_until(lambda: self.from_address(mta, "127.0.0.2") == 451, 10,
                          "451 in " + milter.log())

    def test_local_programs_are_no_host(self):
        milter, mta = self.start_hosts()
        mta.sendmail(HONEST.replace(b"\r\n", b"\n"), ALICE, [FRIEND])
        milter.wait_for_log("client=127.0.0.1 .*reason=unidentified")


class Sendmail(Tests, unittest.TestCase):
    mta_class = lab.Sendmail
    # It relays for names that it found to be true.
    relay = ["RELAY_DOMAIN(`host.example')dnl"]


if __name__ == "__main__":
    unittest.main()
