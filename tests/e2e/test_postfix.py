#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""submilter on a real Postfix."""

import unittest

import common
import preflight
from common import BODY, COMPLETE, lab


def setUpModule():
    scratch = lab.scratch("submilter-e2e.")
    top = scratch.__enter__()
    unittest.addModuleCleanup(scratch.__exit__, None, None, None)
    common.Base.world = common.World(top)
    common.Base.debs = lab.Debs.shared(top, "postfix", "saslauthd")


class Postfix(common.Tests, unittest.TestCase):
    LINE_LIMIT = 998
    NO_MACROS = {"milter_%s_macros" % stage: "" for stage in (
        "connect", "helo", "mail", "rcpt", "data", "end_of_header", "end_of_data")}
    mta_class = lab.Postfix

    def test_long_names_and_localhost_are_left_alone(self):
        _, mta = self.start()
        name = b'"' + b"word " * 60 + b'end" <alice@corp.example>'
        data = self.deliver(mta, b"From: " + name + b"\r\nCc: a@[127.0.0.1]\r\n"
                            + COMPLETE + BODY)
        self.check_signed(data)
        self.assertEqual(common.fields(data, b"From"), [name])
        self.assertEqual(common.fields(data, b"Cc"), [b"a@[127.0.0.1]"])

    def check_arguments(self, directory):
        return ["--postfix", directory]

    def test_older_protocols(self):
        """It offers less then, and signatures arrive valid all the same."""
        for version in "2", "3", "4":
            with self.subTest(version):
                milter, mta = self.start(extra={"milter_protocol": version})
                before = len(self.sink.messages)
                self.assertTrue(self.submit(mta, (
                    b"From: alice@corp.example\r\nTo:a@far.example\r\n"
                    b"Subject:  x\r\n y\r\nReply-To:\tbob@far.example\r\n"
                    + common.BODY)).accepted)
                data = self.sink.wait_for(before + 1)[before].data
                self.check_signed(data)
                self.assertRegex(data, rb"(?m)^DKIM-Signature: v=1")
                milter.wait_for_log("lacks blanks at the start of a field, .*: "
                                    "it is served without")
                self.assertEqual(self.submit(
                    mta, common.HONEST.replace(b"alice@", b"ceo@")).reply.code,
                    550)


class PostfixPreflight(preflight.Tests, unittest.TestCase):
    mta_class = lab.Postfix


if __name__ == "__main__":
    unittest.main()
