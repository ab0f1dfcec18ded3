# SPDX-License-Identifier: BSD-2-Clause
"""The content test notices what it is there to notice."""

import base64
import importlib.machinery
import importlib.util
import pathlib
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE)]

import compare          # noqa: E402
import generate         # noqa: E402

HEAD = (b'From: Alice <alice@corp.example>\r\nMIME-Version: 1.0\r\n'
        b'Content-Type: multipart/mixed; boundary=b\r\n\r\n')
BEFORE = (HEAD + b'--b\r\nContent-Type: text/plain; charset=utf-8\r\n'
          b'Content-Transfer-Encoding: 8bit\r\n\r\nGr\xc3\xbc\xc3\x9fe\r\n'
          b'\r\n--b\r\nContent-Type: image/png; name="a"\r\n'
          b'Content-Transfer-Encoding: base64\r\n\r\nAAEC\r\n'
          b'\r\n--b\r\nX-Third: y\r\n\r\nthird\r\n--b--\r\n')
AFTER = BEFORE.replace(b': 8bit', b': quoted-printable').replace(
    b'\xc3\xbc\xc3\x9f', b'=C3=BC=C3=9F').replace(
        b'From:', b'DKIM-Signature: v=1\r\nFrom:', 1)
# What stands in AFTER, what stands there instead, and what is said of it.
WRONG = (
    (b'=C3=9F', b'=C3=9E', 'decoded content'),
    (b'AAEC', b'AAED', 'decoded content'),
    (b'AAEC', b'AAE=\r\nC', 'decoded content'),
    (b'third', b'third ', 'decoded content'),
    (b'--b\r\nX-Third: y\r\n\r\nthird\r\n', b'', 'parts became'),
    (b'image/png', b'image/gif', 'was image/png'),
    (b'name="a"', b'name=a', 'fields'),
    (b'charset=utf-8', b'charset=us-ascii', 'fields'),
    (b'X-Third: y\r\n', b'', 'fields'),
    (b'\r\n\r\nAAEC', b'\r\n\r\nAA\r\nEC', 'without need'),
    (b'base64\r\n\r\nAAEC\r\n', b'quoted-printable\r\n\r\n=00=01=02=\r\n',
     'without need'),
    (b'X-Third', b'Content-Transfer-Encoding: 8bit\r\nX-Third', 'labels'),
    (b'boundary=b\r\n\r\n', b'boundary=b\r\n\r\npreamble\r\n',
     'beside its parts'),
    (b'From: Alice', b'From: Malice', 'fields'),
)


def load_run():
    loader = importlib.machinery.SourceFileLoader('run', str(HERE / 'run'))
    module = importlib.util.module_from_spec(
        importlib.util.spec_from_loader('run', loader))
    loader.exec_module(module)
    return module


class CompareTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        directory = tempfile.TemporaryDirectory()
        cls.addClassCleanup(directory.cleanup)
        cls.gmime = compare.Reader('gmime', [load_run().build(directory.name)])
        cls.addClassCleanup(cls.gmime.close)
        cls.perl = compare.Reader('Email::MIME',
                                  ['perl', str(HERE / 'leaves.pl')])
        cls.addClassCleanup(cls.perl.close)

    def test_both_read_it(self):
        readers = [self.gmime, self.perl]
        self.assertEqual(compare.agree(readers, BEFORE), readers)

    def test_only_one_reads_it(self):
        """A part without a header."""
        raw = BEFORE.replace(b'X-Third: y\r\n', b'')
        self.assertEqual(compare.agree([self.gmime, self.perl], raw),
                         [self.gmime])

    def test_what_is_right_is_right(self):
        for reader in (self.gmime, self.perl):
            with self.subTest(reader=reader.name):
                self.assertEqual(compare.faults(reader, BEFORE, BEFORE), [])
                self.assertEqual(compare.faults(reader, BEFORE, AFTER), [])

    def test_what_is_wrong_is_noticed(self):
        for old, new, what in WRONG:
            with self.subTest(new=new):
                self.assertEqual(AFTER.count(old), 1)
                found = compare.faults(self.gmime, BEFORE,
                                       AFTER.replace(old, new))
                self.assertEqual(len(found), 1)
                self.assertIn(what, found[0])

    def test_an_attached_message_may_be_decoded(self):
        inner = b'Subject: x\r\n\r\ntext\r\n'
        start = (b'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; '
                 b'boundary=b\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n')
        coded = (start + b'Content-Transfer-Encoding: base64\r\n\r\n'
                 + base64.encodebytes(inner.replace(b'\r\n', b'\n'))
                 .replace(b'\n', b'\r\n')
                 + b'--b--\r\n')
        plain = start + b'\r\n' + inner + b'\r\n--b--\r\n'
        self.assertEqual(compare.faults(self.gmime, coded, plain), [])
        for old in b'text', b'Subject: x', b'message/rfc822':
            self.assertEqual(len(compare.faults(
                self.gmime, coded, plain.replace(old, b'other'))), 1, old)


class GenerateTest(unittest.TestCase):
    def test_a_seed_is_a_message(self):
        first, again = generate.Generator('1/2'), generate.Generator('1/2')
        self.assertEqual(first.message(), again.message())
        self.assertNotEqual(first.message(),
                            generate.Generator('1/3').message())

    def test_seals_are_in_the_message(self):
        seals = 0
        for number in range(100):
            maker = generate.Generator(number)
            raw = maker.message()
            seals += len(maker.sealed)
            for octets in maker.sealed:
                self.assertIn(octets, raw)
        self.assertGreater(seals, 10)


if __name__ == '__main__':
    unittest.main()
