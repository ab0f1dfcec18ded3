# SPDX-License-Identifier: BSD-2-Clause
"""What holds parts together is missing or odd: empty lines, delimiters, boundaries;
and fields that Sendmail takes out of headers, where they are in those of parts."""

from shapes import BODY, Area, base64_lines, message, mime, multipart, part
from shapes_mime import BINARY, EIGHT, PICTURE, PLAIN, TEXT, TEXT8, UTF8, mixed, rfc822
from shapes_parts import TYPE, attached, raw_part

shape = Area("frames")
DROPPED = (b"Bcc: x@far.example", b"Resent-Bcc: x@far.example",
           b"Return-Path: <x@far.example>", b"Content-Length: 346",
           b"Full-Name: Alice Alice")

# Behind these Sendmail takes the header of a part for that of the message.
_alternative = part(b'multipart/alternative; boundary="in"', None,
                    multipart(TEXT, TEXT, boundary=b"in"))
_message = rfc822(message())

for field in (*DROPPED, b"Resent-From: a@x.example", b"From: bob",
              b"To: a@x.example,b@y.example", b"Disposition-Notification-To: bob",
              b"Received: x", b"Date: now", b"Return-Receipt-To: a@x.example,b"):
    name = field.split(b":")[0].decode().lower()
    odd = raw_part(TYPE, field, b"Content-Description: x")
    shape("behind-%s-nothing" % name, name + " in the header of a part", mixed(TEXT, odd))
    shape("behind-%s-multipart" % name, name + " in a part behind a multipart",
          mixed(_alternative, odd))
    shape("behind-%s-message" % name, name + " in a part behind an attached message",
          mixed(_message, odd))
    shape("behind-%s-attached" % name, name + " in an attached message behind a multipart",
          mixed(_alternative, rfc822(message(field))))
_length = DROPPED[3]
_odd = raw_part(TYPE, _length)
_inner = b'multipart/alternative; boundary="in"'
shape("behind-8bit", "Content-Length in an 8-bit part behind a multipart",
      mixed(_alternative, part(PLAIN, b"8bit", UTF8, _length)), mail_args=EIGHT)
shape("behind-second", "Content-Length in the second part behind a multipart",
      mixed(_alternative, TEXT, _odd))
shape("behind-inner", "Content-Length behind a multipart, in a multipart",
      mixed(part(_inner, None, multipart(TEXT, boundary=b"in"), _length), _odd, part(
          b'multipart/mixed; boundary="o"', None, multipart(_odd, boundary=b"o"), _length)))
shape("behind-attached", "Content-Length behind a multipart of an attached message",
      mixed(rfc822(mixed(_alternative, _odd, boundary=b"u"))))
shape("behind-message-field", "Content-Length in the header of a message/rfc822 part",
      mixed(_alternative, part(b"message/rfc822", None, message(), _length)))
shape("behind-digest", "Content-Length behind a message of a digest",
      mime(b"multipart/digest; boundary=a", None,
           multipart(b"\r\n" + message(), _odd, boundary=b"a")))
shape("behind-signed", "Content-Length behind a signed multipart",
      mixed(part(b"multipart/signed; boundary=s", None, multipart(TEXT, boundary=b"s")),
            _odd))
shape("behind-sealed", "Content-Length in a signed part, behind a multipart",
      mime(b'multipart/signed; protocol="application/pgp-signature"; boundary="s"', None,
           multipart(_alternative, _odd, boundary=b"s")))
shape("behind-base64", "Content-Length in a part in base64", mixed(_alternative, raw_part(
    TYPE, b"Content-Transfer-Encoding: base64", _length, body=base64_lines(BINARY))))
shape("behind-folded", "a folded Content-Length, oddly written",
      mixed(_alternative, raw_part(TYPE, b"content-LENGTH:\r\n 3\r\n 46")))

for name, why, text in (
        ("line", "a line of text", b"Message removed\r\n"),
        ("lines", "lines of text", b"Message removed\r\nby the server\r\n"),
        ("text", "text with an empty line", b"Message removed\r\n\r\nby the server\r\n"),
        ("8bit", "8-bit text", UTF8),
        ("blank", "text that begins with a blank", b" removed\r\nby the server\r\n"),
        ("mbox", "an mbox line and text", b"From a@x Mon Nov 23 2026\r\nremoved\r\n"),
        ("greater", "a line `>From ` above its header",
         b">From a@x Mon Nov 23 10:15:30 2026\r\n" + message()),
        ("greater-middle", "a line `>From ` in its header", message(
            b">From a@x Mon Nov 23 10:15:30 2026", b"X-B: x")),
        ("fields", "fields alone", b"Subject: x\r\nX-B: c\r\n"),
        ("fields-text", "fields, and text behind them", b"Subject: x\r\nremoved here\r\n"),
        ("nothing", "nothing", None)):
    inner = rfc822(text) if text is not None else b"Content-Type: message/rfc822\r\n"
    shape("headless-" + name, "an attached message of " + why, mixed(TEXT, inner, TEXT))
    shape("headless-%s-last" % name, "an attached message of %s, at the end" % why,
          mixed(TEXT, inner))
    shape("headless-%s-beside" % name, "an attached message of %s, beside 8 bits" % why,
          mixed(TEXT8, inner, PICTURE), mail_args=EIGHT)
shape("headless-alone", "a message that is an attached message of text",
      mime(b"message/rfc822", None, b"Message removed\r\nhere\r\n"))
shape("headless-nested", "an attached message of text in another",
      attached(b"MIME-Version: 1.0", b"Content-Type: multipart/mixed; boundary=n",
               body=multipart(rfc822(b"Message removed\r\n"), boundary=b"n")))

for name, why, text in (
        ("empty", "nothing", b""), ("empty-line", "an empty line", b"\r\n"),
        ("text", "text", BODY), ("8bit", "8-bit text", UTF8),
        ("other", "delimiters of another boundary", multipart(TEXT, boundary=b"other")),
        ("dashes", "delimiters alone", b"--x--\r\n"),
        ("no-line-end", "text without a line end", b"text"),
        ("lookalike", "a line like a delimiter", b"--xyz\r\n\r\ntext\r\n")):
    args = {"mail_args": EIGHT} if name == "8bit" else {}
    shape("partless-" + name, "a multipart without parts: " + why,
          mime(b"multipart/mixed; boundary=x", None, text), **args)
    shape("partless-%s-inside" % name, "a multipart without parts in another: " + why,
          mixed(TEXT, part(b"multipart/mixed; boundary=x", None, text), TEXT), **args)
    shape("partless-%s-beside" % name, "a multipart without parts beside 8 bits: " + why,
          mixed(TEXT8, part(b"multipart/mixed; boundary=x", None, text)), mail_args=EIGHT)
    shape("boundless-" + name, "a multipart without boundary: " + why,
          mime(b"multipart/mixed", None, text), **args)
    shape("boundless-%s-inside" % name, "a multipart without boundary in another: " + why,
          mixed(TEXT, part(b"multipart/mixed", None, text), TEXT), **args)
for kind in b"report; report-type=delivery-status", b"form-data", b"related", b"signed":
    shape("boundless-kind-" + kind.split(b";")[0].decode(),
          "a multipart/%s without boundary" % kind.decode(),
          mime(b"multipart/" + kind, None, BODY))
shape("boundless-label", "a multipart without boundary, 8 bits and their label",
      mime(b"multipart/form-data", b"8bit", UTF8), mail_args=EIGHT)
shape("boundless-attached", "a multipart without boundary in an attached message",
      mixed(TEXT, rfc822(mime(b"multipart/mixed", None, BODY))))

for name, why, line in (
        ("name", "a parameter", b'name="x.zip"'),
        ("bare-name", "a parameter without quotes", b"name=x.zip"),
        ("tail", "a parameter and a semicolon", b'name="x.zip";'),
        ("charset", "the charset", b"charset=utf-8")):
    for where in "", "-beside":
        shape("unfolded-%s%s" % (name, where), "a continuation without its blank: " + why,
              mixed(TEXT8 if where else TEXT, raw_part(
                  b"Content-Type: text/plain; x-unix-mode=0600;", line,
                  b"Content-Description: x")), mail_args=EIGHT if where else ())
shape("unfolded-two", "two continuations without their blanks", mixed(TEXT, raw_part(
    b"Content-Type: text/plain;", b"charset=utf-8;", b'name="x"')))
shape("unfolded-alone", "a line like a parameter, below a field that is complete",
      mixed(TEXT, raw_part(TYPE, b'name="x.zip"')))
shape("bodiless-message", "a message/rfc822 part whose header ends at the delimiter",
      mixed(TEXT, b"Content-Type: MESSAGE/rfc822; name=Mailbox\r\n"))
shape("bodiless-multipart", "a multipart whose header ends at the delimiter",
      mixed(TEXT, b"Content-Type: multipart/mixed; boundary=x\r\n"))
_signature = part(b"application/pgp-signature", None, b"x\r\n")
for name, why, signed in (
        ("empty-line", "an empty line behind its parts",
         multipart(TEXT, _signature, boundary=b"s") + b"\r\n"),
        ("padding", "blanks behind a delimiter",
         multipart(TEXT, _signature, boundary=b"s").replace(b"--s\r\n", b"--s \r\n")),
        ("open", "no last delimiter",
         multipart(TEXT, _signature, boundary=b"s")[:-len(b"--s--\r\n")]),
        ("epilogue", "8-bit text behind its parts",
         multipart(TEXT, _signature, boundary=b"s") + UTF8)):
    shape("sealed-odd-" + name, "a signed multipart with " + why, mixed(
        TEXT8, part(b'multipart/signed; protocol="application/pgp-signature"; boundary="s"',
                    None, signed)), mail_args=EIGHT)
