# SPDX-License-Identifier: BSD-2-Clause
"""What submilter finds out of DNS before a message leaves, on a real MTA beside a
real authoritative server."""

import sys

import common
from common import ALICE, BODY, COMPLETE, HERE, HONEST, fields

sys.path.insert(0, str(HERE.parent / "dns"))

from servers import Knot                    # noqa: E402

ZONE = """\
$ORIGIN example.
$TTL 300
@ SOA ns hostmaster 1 3600 600 86400 300
@ NS ns
ns A 127.0.0.1
corp TXT "v=spf1 ip4:192.0.2.1 -all"
_dmarc.corp TXT "v=DMARC1; p=reject; adkim=s; aspf=s"
parked TXT "v=spf1 -all"
"""
PARKED = "alice@parked.example"
TAG = b"X-Submilter-Preflight"


class Tests(common.Base):
    """Mixed into unittest.TestCase."""

    @classmethod
    def setUpClass(cls):
        cls.knot = cls.start_knot()
        cls.addClassCleanup(lambda: cls.knot.stop())

    @classmethod
    def start_knot(cls):
        return Knot(cls.world.top / ("knot%d" % next(common.number)), "example", ZONE,
                    signed=False)

    def preflight(self, options, knot=None):
        return self.start(
            'dns { servers = {"%s"}; seconds = 1 }\n'
            'preflight { egress = {192.0.2.1}; %s }\n'
            % ((knot or self.knot).address, options), "%s %s\n" % (PARKED, ALICE))

    def test_tag_arrives_and_the_message_verifies(self):
        _, mta = self.preflight("spf = tag; dmarc = tag; adsp = reject")
        data = self.deliver(mta, HONEST)
        self.assertEqual(fields(data, TAG), [b"spf=pass; dmarc=pass"])
        self.check_signed(data)
        parked = b"From: alice@parked.example\r\n" + COMPLETE + BODY
        data = self.deliver(mta, parked, PARKED)
        self.assertRegex(fields(data, TAG)[0], rb'^spf=fail reason="SPF of '
                         rb'parked\.example says fail [^"]*"; dmarc=none$')

    def test_a_forged_tag_never_arrives(self):
        forged = b"X-Submilter-Preflight: spf=pass forged\r\n"
        for options, want in (("spf = tag", [b"spf=pass"]), ("spf = warn", [])):
            with self.subTest(options):
                milter, mta = self.preflight(options)
                data = self.deliver(mta, forged + b"x-submilter-preflight: forged\r\n"
                                    + HONEST)
                self.assertEqual(fields(data, TAG), want)
                self.assertNotIn(b"forged", data)
                self.check_signed(data)
                mta.stop()
                milter.kill()

    def test_spf_that_fails_is_refused_with_what_helps(self):
        milter, mta = self.preflight("spf = reject")
        result = self.submit(mta, HONEST, PARKED)
        self.check_refused(mta, result, 550, "5.7.1",
                           "SPF of parked.example says fail for our address 192.0.2.1: "
                           "ask its owner to add ip4:192.0.2.1")
        self.assertRegex(milter.log(), "action=reject reason=spf .* spf=fail")

    def test_dns_that_is_down_is_later_and_with_warn_no_hindrance(self):
        knot = self.start_knot()
        self.addCleanup(lambda: knot.stop())
        milter, mta = self.preflight("spf = reject; dmarc = reject", knot)
        knot.stop()
        result = self.submit(mta, HONEST)
        self.check_refused(mta, result, 451, "4.3.0", "try again later")
        self.assertRegex(milter.log(), "action=tempfail reason=spf .* spf=temperror")
        # A warning stops nothing.
        milter, mta = self.preflight("spf = warn; dmarc = warn", knot)
        data = self.deliver(mta, HONEST)
        self.check_signed(data)
        self.assertRegex(milter.log(), "action=accept .* spf=temperror .*warning=")
