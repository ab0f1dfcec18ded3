# SPDX-License-Identifier: BSD-2-Clause
"""What tests of one type of table have in common, beyond the contract."""

import unittest

import lab
from backends import NUMBERS, Asker


class TypeCase(unittest.TestCase):
    """`type_name` of the tables, whose server is in `product` of Debs.shared()."""

    type_name = product = None

    @classmethod
    def setUpClass(cls):
        cls.top = cls.enterClassContext(lab.scratch())
        cls.debs = lab.Debs.shared(cls.top, cls.product)

    def table(self, text):
        path = self.top / ("%d.%s" % (next(NUMBERS), self.type_name))
        path.touch(0o600)
        path.write_text(text)
        return "%s:%s" % (self.type_name, path)

    def ask(self, text, key, **how):
        with Asker(self.table(text), **how) as asker:
            asker.send(key)
            return asker.receive()[:2]

    def assert_failed(self, answer, text):
        self.assertEqual(answer[0], "failed")
        self.assertIn(text, answer[1])
