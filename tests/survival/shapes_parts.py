# SPDX-License-Identifier: BSD-2-Clause
"""Headers of parts and of attached messages: Sendmail reads and writes them anew."""

import binascii

from shapes import BODY, Area, base64_lines, message, mime, multipart, part, words
from shapes_mime import BINARY, EIGHT, HTML8, PICTURE, PLAIN, TEXT, TEXT8, UTF8, mixed, rfc822

shape = Area("parts")


def raw_part(*lines, body=BODY):
    """A part whose header is these lines."""
    return b"".join(line + b"\r\n" for line in lines) + b"\r\n" + body


def attached(*fields, body=BODY, **more):
    return mixed(TEXT8, rfc822(message(*fields, body=body, **more)))


TYPE = b"Content-Type: text/plain; charset=utf-8"

for name, why, odd in (
        ("junk", "a line that is no field",
         raw_part(TYPE, b"this is no field", b"Content-Description: x")),
        ("junk-first", "a first line that is no field", raw_part(b"no field", TYPE)),
        ("continuation-first", "a continuation line on top", raw_part(b" x: y", TYPE)),
        ("no-blank-line", "a header that ends at the delimiter", TYPE + b"\r\n"),
        ("blanks-line", "blanks where the empty line should be",
         TYPE + b"\r\n \t\r\n" + BODY),
        ("name-blank", "a blank before the colon", raw_part(b"Content-Type : text/plain")),
        ("name-odd", "odd characters in a field's name",
         raw_part(TYPE, b"X/odd{name}: v", b"Content-Description: x")),
        ("value-empty", "an empty value", raw_part(TYPE, b"Content-Description:")),
        ("value-blanks", "blanks around a value",
         raw_part(TYPE, b"Content-Description:\t  x  \t")),
        ("folds", "folded fields", raw_part(
            b"Content-Type:\r\n\ttext/plain;\r\n   charset=utf-8",
            b"Content-Disposition: attachment;\r\n\tfilename=\"a b.txt\";\r\n size=1")),
        ("fold-empty", "a fold of blanks only",
         raw_part(b"Content-Type: text/plain;\r\n \r\n charset=utf-8")),
        ("type-twice", "two Content-Type fields",
         raw_part(TYPE, b"Content-Type: text/html")),
        ("encoding-twice", "two Content-Transfer-Encoding fields", raw_part(
            TYPE, b"Content-Transfer-Encoding: 8bit", b"Content-Transfer-Encoding: 7bit",
            body=UTF8)),
        ("encoding-comment", "a comment in the encoding", raw_part(
            TYPE, b"Content-Transfer-Encoding: base64 (of course)",
            b"Content-Description: x", body=base64_lines(BINARY))),
        ("encoding-blanks", "blanks around the encoding", raw_part(
            TYPE, b"Content-Transfer-Encoding :\t base64  ", b"Content-Description: x",
            body=base64_lines(BINARY))),
        ("encoding-folded", "the encoding on a line of its own", raw_part(
            TYPE, b"Content-Transfer-Encoding:\r\n base64", b"Content-Description: x",
            body=base64_lines(BINARY))),
        ("encoding-case", "the encoding in capitals", raw_part(
            b"CONTENT-TRANSFER-ENCODING: BASE64", TYPE, body=base64_lines(BINARY))),
        ("encoding-empty", "an empty encoding", raw_part(
            TYPE, b"Content-Transfer-Encoding:", b"Content-Description: x")),
        ("encoding-unknown", "an unknown encoding", raw_part(
            TYPE, b"Content-Transfer-Encoding: x-uuencode", b"Content-Description: x")),
        ("encoding-own", "8 bits in an encoding of its own", raw_part(
            TYPE, b"Content-Transfer-Encoding: x-own", b"Content-Description: x",
            body=UTF8)),
        ("quote-open", "a quote that is not closed",
         raw_part(b'Content-Type: text/plain; name="abc')),
        ("nothing-between", "no empty line, nothing", b""),
        ("type-rubbish", "a type that is none", raw_part(b"Content-Type: text", body=UTF8)),
        ("type-empty-parameter", "empty parameters",
         raw_part(b"Content-Type: text/plain;; charset=utf-8;", body=UTF8)),
        ("name-3000", "a name of 3000 characters", raw_part(
            b"Content-Type: text/plain;\r\n charset=utf-8;\r\n name=\""
            + b"\r\n ".join([b"n" * 70] * 43) + b"\"")),
        ("name-continuations", "a name of 3000 characters by RFC 2231", raw_part(
            TYPE, b"Content-Disposition: attachment" + b"".join(
                b";\r\n filename*%d=\"%s\"" % (i, b"n" * 60) for i in range(50)))),
        ("disposition-300", "a name of 300 characters", raw_part(
            TYPE, b"Content-Disposition: attachment;\r\n filename=\"" + b"n" * 300 + b"\"")),
        ("address", "an address field in a part",
         raw_part(TYPE, b"From: a@x.example,b@y.example", b"To: bob, pat"))):
    shape("part-" + name, why, mixed(odd, PICTURE), mail_args=EIGHT)
    shape("part-%s-beside" % name, why + ", beside an 8-bit part", mixed(TEXT8, odd, PICTURE),
          mail_args=EIGHT)

for name, why, inner in (
        ("unqualified", "addresses without a domain",
         message(b"To: bob, pat", b"Cc: root")),
        ("commas", "addresses without blanks between them",
         message(b"To: a@x.example,b@y.example", b"Cc: a@x.example ,  b@y.example")),
        ("names", "names that need quotes", message(b"To: J. R. <a@x.example>")),
        ("long-list", "a long list of addresses", message(
            b"To: " + b", ".join(b"user%03d@far.example" % i for i in range(40)))),
        ("bcc", "Bcc and Return-Path", message(
            b"Bcc: x@far.example", b"Return-Path: <x@far.example>", b"Content-Length: 5",
            b"Full-Name: Alice")),
        ("bare", "no Date, no Message-ID", message(without=["Date", "Message-ID"])),
        ("no-from", "no From", message(without=["From"])),
        ("received", "Received fields", message(
            first=[b"Received: from x by y; Mon, 23 Nov 2026 10:15:30 +0100"] * 3)),
        ("resent", "Resent-From alone", message(b"Resent-From: x@far.example")),
        ("header-only", "nothing but a header", message(body=b"")),
        ("empty", "an empty message", b"\r\n"),
        ("no-header", "a message without a header", b"\r\n" + BODY),
        ("junk", "a line that is no field", message(b"no field here", b"X-A: b")),
        ("greater-from", "a line `>From `", b">From x@y.example Mon Nov 23\r\n" + message()),
        ("mime-in-middle", "MIME fields in the middle", mime(
            PLAIN, b"quoted-printable", b"a=20b\r\n", b"X-Behind: x")),
        ("base64-in-middle", "base64 labelled in the middle", message(
            b"MIME-Version: 1.0", b"Content-Type: image/png",
            b"Content-Transfer-Encoding: base64", b"X-Behind: x",
            body=base64_lines(BINARY))),
        ("nested", "a message in a message", mime(
            b"message/rfc822", None, mime(b"message/rfc822", None, message()))),
        ("multi", "a multipart with a picture", mixed(TEXT, PICTURE, boundary=b"inside")),
        ("subject-long", "a subject of 300 octets", message(b"Subject: " + words(300))),
        ("header-folds", "folded fields", message(
            b"Subject: a\r\n\tb\r\n   c", b"References: <1@x.example>\r\n <2@x.example>")),
        ("blank-lines", "a folded line of blanks", message(b"Subject: a\r\n \r\n b")),
        ("duplicate", "two Subject fields", message(b"Subject: a", b"X-A: b", b"Subject: c"))):
    shape("attached-" + name, why + " in an attached message", mixed(TEXT, rfc822(inner)),
          mail_args=EIGHT)
    shape("attached-%s-beside" % name, why + " in an attached message, beside an 8-bit part",
          mixed(TEXT8, rfc822(inner)), mail_args=EIGHT)

for depth in 15, 18, 19, 20, 25:
    nest = TEXT8
    for level in range(depth):
        mark = b"deep%d" % level
        nest = part(b"multipart/mixed; boundary=%s" % mark, None,
                    multipart(nest, boundary=mark))
    shape("nested-%d" % depth, "%d multiparts one in another" % (depth + 1), mixed(nest),
          mail_args=EIGHT)

for name, why, kind, mark in (
        ("slash", "a slash without quotes", b"boundary=a/b", b"a/b"),
        ("question", "a question mark without quotes", b"boundary=a?b", b"a?b"),
        ("colon", "a colon without quotes", b"boundary=a:b", b"a:b"),
        ("equals", "equals signs without quotes", b"boundary=----=_Part_1", b"----=_Part_1"),
        ("dots", "dots without quotes", b"boundary=a.b", b"a.b"),
        ("apostrophe", "apostrophes", b"boundary='ab'", b"'ab'"),
        ("escape", "an escape in quotes", b'boundary="a\\b"', b"ab"),
        ("comment", "a comment behind it", b"boundary=ab (x)", b"ab"),
        ("blank-equals", "blanks around the equals sign", b"boundary = ab", b"ab"),
        ("first-of-two", "two boundaries", b"boundary=ab; boundary=cd", b"ab"),
        ("parameters", "empty parameters", b"; x=; boundary=ab;", b"ab"),
        ("no-semicolon", "no semicolon before it", None, b"ab"),
        ("long", "90 characters", b'boundary="' + b"b" * 90 + b'"', b"b" * 90),
        ("parens", "brackets in quotes", b'boundary="(ab)"', b"(ab)"),
        ("at", "an at sign in quotes", b'boundary="a@b<c>"', b"a@b<c>"),
        ("inner-blank", "a blank in quotes", b'boundary="a b"', b"a b"),
        ("trailing-blank", "a blank at the end, in quotes", b'boundary="ab "', b"ab"),
        ("semicolon", "a semicolon in quotes", b'boundary="a;b"', b"a;b"),
        ("upper", "another case in the delimiters", b"boundary=AB", b"ab")):
    value = b"multipart/mixed; " + kind if kind else b"multipart/mixed boundary=ab"
    shape("boundary-" + name, "a boundary: " + why,
          mime(value, None, multipart(TEXT8, PICTURE, boundary=mark)), mail_args=EIGHT)
    shape("boundary-%s-7bit" % name, "a boundary, 7 bits: " + why,
          mime(value, None, multipart(TEXT, PICTURE, boundary=mark)))
    shape("boundary-%s-inside" % name, "a boundary in a part: " + why,
          mixed(part(value, None, multipart(TEXT8, HTML8, boundary=mark)), boundary=b"outer"),
          mail_args=EIGHT)

for kind in (b"partial; id=\"a\"; number=1; total=2", b"external-body; access-type=x",
             b"delivery-status", b"disposition-notification", b"feedback-report", b"x-own",
             b"global-headers", b"news", b"http", b"sip"):
    name = kind.split(b";")[0].decode()
    body = b"Subject: x\r\nX-Y: z\r\n\r\n"
    shape("message-type-%s-8bit" % name, "message/%s with 8 bits" % name,
          mixed(TEXT8, part(b"message/" + kind, None, body + UTF8)), mail_args=EIGHT)
    shape("message-type-%s-label" % name, "message/%s with 8 bits, labelled" % name,
          mixed(TEXT8, part(b"message/" + kind, b"8bit", body + UTF8)), mail_args=EIGHT)
    shape("message-type-%s-long" % name, "message/%s with a long line" % name,
          mixed(TEXT, part(b"message/" + kind, None, body + words(1500) + b"\r\n")))
shape("multi-8bit-subject", "8 bits in the subject alone, a picture with its encoding first",
      mixed(TEXT, PICTURE, fields=(b"Subject: " + UTF8[:-2],)), mail_args=EIGHT)
shape("rfc822-base64-alone", "a message attached as base64 is all",
      mime(b"message/rfc822", b"base64", base64_lines(message(body=UTF8))))
shape("rfc822-qp", "an attached message as quoted-printable, which is illegal",
      mixed(TEXT, rfc822(message(body=b"a=3Db=20\r\n"), b"quoted-printable")))
def quoted(raw):
    """In quoted-printable, where line ends stand."""
    return binascii.b2a_qp(raw.replace(b"\r\n", b"\n")).replace(b"\n", b"\r\n")


_forwarded = mixed(TEXT8, PICTURE, boundary=b"inside")
for name, why, inner in (
        ("multi", "a multipart with 8 bits and a picture", _forwarded),
        ("lf", "line ends of LF alone", _forwarded.replace(b"\r\n", b"\n")),
        ("long", "a long line", mime(PLAIN, b"8bit", UTF8 + words(1500) + b"\r\n")),
        ("7bit", "nothing to repair", message()),
        ("mbox-line", "an mbox line", b"From x@y.example Mon Nov 23 10:15:30 2026\r\n"
         + message()),
        ("no-end", "no line end at the end", message()[:-2]),
        ("nested", "another encoded message", mixed(TEXT, part(
            b"message/rfc822", b"base64", base64_lines(_forwarded)), boundary=b"nest")),
        ("signed", "a signed part", mixed(
            part(b"multipart/signed; protocol=x; boundary=seal", None, multipart(
                part(PLAIN, b"7bit", BODY), part(b"application/pgp-signature", None, b"s\r\n"),
                boundary=b"seal")), boundary=b"inside"))):
    shape("rfc822-base64-" + name, "an attached message in base64 with " + why,
          mixed(TEXT, rfc822(base64_lines(inner), b"base64"), PICTURE), mail_args=EIGHT)
    shape("rfc822-quoted-" + name, "an attached message in quoted-printable with " + why,
          mixed(TEXT8, rfc822(quoted(inner), b"quoted-printable")), mail_args=EIGHT)
for name, why, inner in (
        ("nul", "a NUL", message(body=b"a\0b\r\n")),
        ("cr", "a CR alone", message(body=b"a\rb\r\n")),
        ("delimiter", "a delimiter of what is around it", message(body=b"--=_b1\r\n\r\nx\r\n")),
        ("no-message", "no message in it", b"just text\r\n")):
    shape("rfc822-base64-" + name, "an attached message in base64 with " + why,
          mixed(TEXT, rfc822(base64_lines(inner), b"base64")))
_nul = base64_lines(message(body=b"a\0b\r\n"))
for name, why, raw in (
        ("name", "a NUL, and a name", mixed(TEXT, part(
            b'message/rfc822;\r\n name="Re: a;b.eml"', b"base64", _nul), PICTURE)),
        ("digest", "a NUL, in a digest, by default", mixed(
            part(None, b"base64", _nul), kind=b"digest")),
        ("nul-alone", "a NUL, and nothing else", mime(b"message/rfc822", b"base64", _nul)),
        ("nul-attached", "a NUL, in a message that is attached", mixed(
            TEXT, rfc822(mixed(TEXT8, rfc822(_nul, b"base64"), boundary=b"inside")))),
        ("nul-one-line", "a NUL, and in one line", mixed(TEXT, rfc822(
            base64_lines(message(body=b"a\0b\r\n" * 300), 100000), b"base64"))),
        ("one-line", "one line", mixed(TEXT, rfc822(
            base64_lines(message(body=BODY * 300), 100000), b"base64")))):
    shape("rfc822-base64-" + name, "an attached message in base64 with " + why, raw,
          mail_args=EIGHT)
shape("rfc822-quoted-nul", "an attached message in quoted-printable with a NUL",
      mixed(TEXT, rfc822(message(body=b"a=00b\r\n"), b"quoted-printable")))
shape("rfc822-uuencode", "an attached message in an encoding of its own",
      mixed(TEXT, rfc822(b"begin 644 a\r\n#86)C\r\n`\r\nend\r\n", b"x-uuencode")))
shape("rfc822-base64-footer", "an attached message in base64 with a footer behind it",
      mixed(TEXT, rfc822(base64_lines(message()) + b"--\r\nfooter!\r\n", b"base64")))
shape("multi-close-inner", "no last delimiter of an inner multipart",
      mixed(part(b"multipart/alternative; boundary=in", None,
                 multipart(TEXT8, HTML8, boundary=b"in")[:-len(b"--in--\r\n")]), PICTURE),
      mail_args=EIGHT)
shape("multi-close-inner-7bit", "no last delimiter of an inner multipart, 7 bits",
      mixed(part(b"multipart/alternative; boundary=in", None,
                 multipart(TEXT, TEXT, boundary=b"in")[:-len(b"--in--\r\n")]), PICTURE))
shape("multi-no-end-7bit", "no last delimiter, 7 bits",
      mixed(TEXT, PICTURE)[:-len(b"--=_b1--\r\n")])
shape("multi-end-no-line-end", "no line end behind the last delimiter",
      mixed(TEXT8, PICTURE)[:-2], mail_args=EIGHT)
shape("multi-after-end", "a delimiter behind the last one",
      mixed(TEXT8, epilogue=b"--=_b1\r\n\r\nx\r\n--=_b1--\r\n"), mail_args=EIGHT)
shape("multi-base64-preamble", "no text but a preamble of blank lines",
      mixed(TEXT8, preamble=b"\r\n\r\n \r\n"), mail_args=EIGHT)
for size in 900, 1000, 1100, 1900, 2100:
    long_name = b'text/plain; charset=utf-8;\r\n name="' + b"\r\n ".join(
        [b"n" * 60] * (size // 60)) + b'"'
    many = b"text/plain; charset=utf-8" + b"".join(
        b";\r\n x%d=%s" % (i, b"n" * 60) for i in range(size // 67))
    shape("part-parameter-%d" % size, "a parameter of %d octets" % size,
          mixed(part(long_name, None, BODY)))
    shape("part-parameters-%d" % size, "parameters of %d octets" % size,
          mixed(part(many, None, BODY)))
    shape("type-parameter-%d" % size, "a parameter of %d octets in the message's type" % size,
          mime(long_name, None, BODY))
    shape("type-parameters-%d" % size, "parameters of %d octets in the message's type" % size,
          mime(many, None, BODY))
    shape("part-description-%d" % size, "a description of %d octets" % size, mixed(
        part(PLAIN, None, BODY, b"Content-Description: " + b"\r\n ".join(
            [b"n" * 60] * (size // 60)))))
    shape("part-x-field-%d" % size, "a field of %d octets in a part" % size, mixed(
        part(PLAIN, None, BODY, b"X-Field: " + b"\r\n ".join([b"n" * 60] * (size // 60)))))
shape("type-quote-open", "a quote in the message's type that is not closed",
      mime(b'text/plain; name="abc', None, BODY))
shape("part-nothing", "delimiters one behind the other",
      mime(b"multipart/mixed; boundary=a", None,
           b"--a\r\n--a\r\n" + TEXT8 + b"\r\n--a--\r\n"), mail_args=EIGHT)
shape("part-header-alone", "a part whose header ends at the delimiter, with an encoding",
      mime(b"multipart/mixed; boundary=a", None, b"--a\r\n" + TYPE
           + b"\r\nContent-Transfer-Encoding: 8bit\r\nContent-Description: x\r\n--a\r\n"
           + TEXT8 + b"\r\n--a--\r\n"), mail_args=EIGHT)
shape("part-header-at-end", "a message that ends in the header of a part",
      mime(b"multipart/mixed; boundary=a", None, b"--a\r\n" + TEXT8 + b"\r\n--a\r\n" + TYPE
           + b"\r\nContent-Transfer-Encoding: 8bit\r\nContent-Description: x\r\n"),
      mail_args=EIGHT)
shape("multi-end-wrong", "a last delimiter that is none",
      mixed(TEXT8, PICTURE)[:-len(b"--\r\n")] + b"\r\n", mail_args=EIGHT)
shape("multi-end-wrong-7bit", "a last delimiter that is none, 7 bits",
      mixed(TEXT, PICTURE)[:-len(b"--\r\n")] + b"\r\n")
shape("multi-close-empty", "no last delimiter of an inner multipart, whose part is empty",
      mime(b"multipart/mixed; boundary=a", None,
           b"--a\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n--a\r\n"
           + TEXT8 + b"\r\n--a--\r\n"), mail_args=EIGHT)
for count in 100, 140, 150, 160:
    many = b"text/plain" + b"".join(b";\r\n p%03d=vvvv" % i for i in range(count))
    shape("type-tokens-%d" % count, "%d short parameters of the message's type" % count,
          mime(many, None, BODY))
    shape("part-tokens-%d" % count, "%d short parameters of a part's type" % count,
          mixed(part(many, None, BODY)))
for size in 1900, 2100:
    shape("mime-version-%d" % size, "a MIME-Version with %d octets of comment" % size,
          mime(b"text/plain", None, BODY, b"MIME-Version: 1.0 (" + b"\r\n ".join(
              [b"n" * 60] * (size // 60)) + b")", version=False))
