#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""submilter on a real Sendmail."""

import unittest

import common
import preflight
from common import lab


def setUpModule():
    scratch = lab.scratch("submilter-e2e.")
    top = scratch.__enter__()
    unittest.addModuleCleanup(scratch.__exit__, None, None, None)
    common.Base.world = common.World(top)
    common.Base.debs = lab.Debs.shared(top, "sendmail")


class Sendmail(common.Tests, unittest.TestCase):
    LINE_LIMIT = 990
    NO_MACROS = ["define(`confMILTER_MACROS_%s', `_')dnl" % stage for stage in (
        "CONNECT", "HELO", "ENVFROM", "ENVRCPT", "DATA", "EOH", "EOM")]
    mta_class = lab.Sendmail


class SendmailPreflight(preflight.Tests, unittest.TestCase):
    mta_class = lab.Sendmail


if __name__ == "__main__":
    unittest.main()
