# SPDX-License-Identifier: BSD-2-Clause
"""The matrix notices what it is there to notice."""

import pathlib
import struct
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import judge                # noqa: E402
import report               # noqa: E402
import shapes               # noqa: E402
import spy                  # noqa: E402

UTF8 = "Grüße\r\n".encode()


def seen(*packets, fields=((b"From", b" a"), (b"To", b" b"), (b"To", b" c"))):
    message = spy.Seen(True)
    message.fields = list(fields)
    message.chunks = [b"one\r\n", b"two\r\n"]
    message.changes = list(packets)
    return message


def change(index, name, value):
    return b"m" + struct.pack("!I", index) + name + b"\0" + value + b"\0"


class SpyTest(unittest.TestCase):
    def test_no_change(self):
        self.assertEqual(seen().wanted(), b"From: a\r\nTo: b\r\nTo: c\r\n\r\none\r\ntwo\r\n")

    def test_headers(self):
        got = seen(change(2, b"to", b" x\n y"), change(1, b"To", b""), b"hX\0 1\0",
                   b"i" + struct.pack("!I", 0) + b"DKIM-Signature\0 s\0").wanted()
        self.assertEqual(got.partition(b"\r\n\r\n")[0],
                         b"DKIM-Signature: s\r\nFrom: a\r\nto: x\r\n y\r\nX: 1")

    def test_body(self):
        self.assertTrue(seen(b"bnew\r\n", b"bbody\r\n").wanted()
                        .endswith(b"\r\n\r\nnew\r\nbody\r\n"))


class JudgeTest(unittest.TestCase):
    def test_differences(self):
        old = b"From: a\r\nTo: b,c\r\nX: 1\r\n\r\nbody\r\n"
        new = b"Received: x\r\nFrom: a\r\nTo: b, c\r\nY: 1\r\n\r\nbodY\r\n"
        self.assertEqual([d.partition(":")[0] for d in judge.differences(old, new)],
                         ["to", "x removed", "y added", "body"])
        self.assertEqual(list(judge.differences(old, old)), [])

    def test_encoding_anew_changes_no_content(self):
        old = shapes.mime(b"text/plain; charset=utf-8", b"8bit", UTF8)
        for encoding, body in ((b"quoted-printable", b"Gr=C3=BC=\r\n=C3=9Fe\r\n"),
                               (b"base64", shapes.base64_lines(UTF8))):
            new = shapes.mime(b"text/plain; charset=utf-8", encoding, body)
            self.assertEqual(judge.content_difference(old, new), "")
            self.assertNotEqual(judge.content_difference(
                old, new.replace(b"Gr", b"Kr").replace(b"R3", b"R2")), "")

    def test_sealed_parts_are_compared_byte_by_byte(self):
        def signed(part):
            return shapes.mime(b"multipart/signed; boundary=x", None, shapes.multipart(
                part, shapes.part(b"application/pgp-signature", None, b"s\r\n"),
                boundary=b"x"))
        text = shapes.part(b"text/plain", b"7bit", b"a\r\n")
        self.assertEqual(judge.content_difference(signed(text), signed(text)), "")
        other = text.replace(b"Content-Type: ", b"Content-Type:  ")
        self.assertIn("as it is", judge.content_difference(signed(text), signed(other)))

    def test_an_attached_message_may_be_decoded(self):
        def attached(inner, encoding=None):
            return shapes.mime(b'multipart/mixed; boundary="=_b1"', None, shapes.multipart(
                shapes.part(b"message/rfc822", encoding, inner)))
        inner = shapes.mime(b"text/plain; charset=utf-8", b"8bit", UTF8)
        for encoding, text in ((b"base64", shapes.base64_lines(inner)),
                               (b"quoted-printable", inner.replace(b"=", b"=3D").replace(
                                   UTF8, b"Gr=C3=BC=C3=9Fe\r\n"))):
            old = attached(text, encoding)
            self.assertEqual(judge.content_difference(old, attached(inner)), "")
            self.assertNotEqual(judge.content_difference(
                old, attached(inner.replace(b"Gr", b"Kr"))), "")
            self.assertNotEqual(judge.content_difference(old, attached(text)), "")

    def test_a_message_that_becomes_a_file_keeps_its_content(self):
        def attached(kind, data):
            return shapes.mime(b'multipart/mixed; boundary="=_b1"', None, shapes.multipart(
                shapes.part(kind, b"base64", shapes.base64_lines(data))))
        file = b'application/octet-stream; name="message.eml"'
        inner = shapes.message(body=b"a\0b\r\n")
        old = attached(b"message/rfc822", inner)
        self.assertEqual(judge.content_difference(old, attached(file, inner)), "")
        for other in inner.replace(b"a", b"c"), inner[:-4], b"":
            self.assertNotEqual(judge.content_difference(old, attached(file, other)), "")

    def test_lost_parts(self):
        parts = [shapes.part(b"text/plain", None, b"%d\r\n" % i) for i in range(2)]
        old, new = (shapes.mime(b'multipart/mixed; boundary="=_b1"', None,
                                shapes.multipart(*p)) for p in (parts, parts[:1]))
        self.assertNotEqual(judge.content_difference(old, new), "")


class ExceptionsTest(unittest.TestCase):
    def read(self, text):
        with tempfile.NamedTemporaryFile("w") as f:
            f.write(text)
            f.flush()
            return report.Exceptions(pathlib.Path(f.name))

    def test_a_reason_is_needed(self):
        with self.assertRaises(ValueError):
            self.read("broken simple * * x\n")

    def test_relaxed_has_none(self):
        with self.assertRaises(ValueError):
            self.read("broken relaxed * * x because\n")

    def test_the_file(self):
        report.Exceptions(HERE / "exceptions")


class ShapesTest(unittest.TestCase):
    def test_lines_are_of_the_length_they_say(self):
        known = shapes.all()
        for name in "line-990", "line-998", "line-10000", "subject-line-990":
            raw = known[name].source
            self.assertIn(int(name.rpartition("-")[2]),
                          [len(line) for line in raw.split(b"\r\n")], name)

    def test_names_fit_into_a_recipient(self):
        for name in shapes.all():
            self.assertRegex(name, r"^[a-z0-9-]{1,64}$")


if __name__ == "__main__":
    unittest.main()
