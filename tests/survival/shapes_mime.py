# SPDX-License-Identifier: BSD-2-Clause
"""Multiparts, attachments and messages within messages."""

import random

from shapes import BODY, Area, base64_lines, message, mime, multipart, part, words

shape = Area("mime")
EIGHT = ("BODY=8BITMIME",)

UTF8 = "Grüße aus Köln.\r\n".encode()
LATIN1 = "Grüße aus Köln.\r\n".encode("latin-1")
PLAIN = b"text/plain; charset=utf-8"
HTML = b"text/html; charset=utf-8"
TEXT = part(PLAIN, None, BODY)
TEXT8 = part(PLAIN, b"8bit", UTF8)
HTML8 = part(HTML, b"8bit", b"<p>" + UTF8 + b"</p>\r\n")
LONG = part(PLAIN, b"7bit", words(1500) + b"\r\nend\r\n")
HTML_LONG = part(HTML, b"7bit", b"<p>" + b"<b>x</b>" * 400 + b"</p>\r\n")
_random = random.Random(1)
BINARY = bytes(_random.randrange(256) for _ in range(3000))
PICTURE = part(b'image/png; name="a.png"', b"base64", base64_lines(BINARY),
               b'Content-Disposition: attachment; filename="a.png"',
               b"Content-ID: <a@corp.example>")


def mixed(*parts, kind=b"mixed", encoding=None, boundary=b"=_b1", more=b"", fields=(),
          version=True, **how):
    return mime(b'multipart/%s; boundary="%s"%s' % (kind, boundary, more), encoding,
                multipart(*parts, boundary=boundary, **how), *fields, version=version)


def rfc822(inner, encoding=None):
    return part(b"message/rfc822", encoding, inner)


for kind in b"mixed", b"alternative", b"related", b"digest", b"parallel", b"x-own":
    inner = ([rfc822(message(body=BODY)), rfc822(message(body=words(1200) + b"\r\n"))]
             if kind == b"digest" else [TEXT, HTML_LONG])
    shape("multi-%s-long" % kind.decode(), "a long line in multipart/" + kind.decode(),
          mixed(*inner, kind=kind), quick=kind == b"mixed")
    inner = ([rfc822(mime(PLAIN, b"8bit", UTF8))] if kind == b"digest"
             else [TEXT, HTML8])
    shape("multi-%s-8bit" % kind.decode(), "8 bits in multipart/" + kind.decode(),
          mixed(*inner, kind=kind), mail_args=EIGHT, quick=kind == b"alternative")
_alternative = part(b"multipart/alternative; boundary=in", None,
                    multipart(TEXT8, HTML8, boundary=b"in"))
_related = part(b'multipart/related; boundary="rel"; type="text/html"', None,
                multipart(HTML_LONG, PICTURE, boundary=b"rel"))
for name, why, raw in (
        ("multi-7bit", "nothing to repair", mixed(TEXT, PICTURE)),
        ("multi-7bit-declared", "nothing to repair, the parts' encodings last",
         mixed(part(PLAIN, b"7bit", BODY), part(
             None, None, base64_lines(BINARY), b"Content-Type: image/png",
             b"Content-Disposition: attachment", b"Content-Transfer-Encoding: base64"))),
        ("multi-8bit-encoding-last", "8 bits, every part's encoding last: so Sendmail "
         "leaves them", mixed(TEXT8, part(
             None, None, base64_lines(BINARY), b"Content-Type: image/png",
             b"Content-Disposition: attachment", b"Content-Transfer-Encoding: base64"))),
        ("multi-7bit-label", "nothing to repair, and the multipart is labelled 7bit",
         mixed(part(PLAIN, b"7bit", BODY), encoding=b"7bit")),
        ("rfc822-7bit-label", "a 7-bit message attached, labelled 7bit",
         mixed(TEXT, rfc822(message(), b"7bit"))),
        ("multi-nested", "a multipart within another",
         mixed(_alternative, PICTURE)),
        ("multi-nested-related", "three levels",
         mixed(part(b"multipart/alternative; boundary=al", None,
                    multipart(TEXT8, _related, boundary=b"al")), PICTURE)),
        ("multi-label-8bit", "the label stands on the multipart, too",
         mixed(TEXT8, PICTURE, encoding=b"8bit")),
        ("multi-label-8bit-ascii", "a label of 8bit, and nothing of the kind",
         mixed(TEXT, PICTURE, encoding=b"8bit")),
        ("multi-label-binary", "a multipart labelled binary",
         mixed(TEXT8, PICTURE, encoding=b"binary")),
        ("multi-label-7bit", "a multipart labelled 7bit with 8-bit parts",
         mixed(TEXT8, PICTURE, encoding=b"7bit")),
        ("multi-label-base64", "a multipart labelled base64, which is illegal",
         mixed(TEXT, PICTURE, encoding=b"base64")),
        ("multi-label-qp", "a multipart labelled quoted-printable, which is illegal",
         mixed(TEXT8, encoding=b"quoted-printable")),
        ("multi-part-no-label", "8 bits in a part without an encoding",
         mixed(part(PLAIN, None, UTF8), PICTURE)),
        ("multi-part-no-fields", "8 bits in a part without fields",
         mixed(part(None, None, UTF8), PICTURE)),
        ("multi-part-lie-7bit", "8 bits in a part labelled 7bit",
         mixed(part(PLAIN, b"7bit", UTF8), PICTURE)),
        ("multi-part-lie-base64", "8 bits in a part labelled base64",
         mixed(part(PLAIN, b"base64", UTF8), PICTURE)),
        ("multi-part-upper", "an oddly written encoding",
         mixed(part(PLAIN, b"  8BIT ", UTF8), PICTURE)),
        ("multi-part-latin1", "two charsets",
         mixed(TEXT8, part(b"text/plain; charset=iso-8859-1", b"8bit", LATIN1))),
        ("multi-no-version", "no MIME-Version", mixed(TEXT8, version=False)),
        ("multi-one-long-one-8bit", "a long part, an 8-bit one, one that is neither",
         mixed(LONG, TEXT8, PICTURE)),
        ("multi-preamble-8bit", "8 bits before the first delimiter",
         mixed(TEXT, preamble=UTF8)),
        ("multi-epilogue-8bit", "8 bits behind the last delimiter",
         mixed(TEXT, epilogue=UTF8)),
        ("multi-preamble-8bit-label", "the same in a multipart labelled 8bit",
         mixed(TEXT8, encoding=b"8bit", preamble=UTF8, epilogue=UTF8)),
        ("multi-preamble-long", "a long line before the first delimiter",
         mixed(TEXT, preamble=words(1200) + b"\r\n")),
        ("multi-epilogue-long", "a long line behind the last delimiter",
         mixed(TEXT, epilogue=words(1200) + b"\r\n")),
        ("multi-preamble", "the usual preamble and an epilogue",
         mixed(TEXT, LONG, preamble=b"This is a MIME message.\r\n", epilogue=b"\r\nend\r\n")),
        ("multi-part-header-8bit", "8 bits in a part's header",
         mixed(part(PLAIN, b"7bit", BODY, b"Content-Description: " + UTF8[:-2]))),
        ("multi-part-name-8bit", "8 bits in a file name",
         mixed(TEXT, part("text/csv; name=Köln.csv".encode(), b"8bit", UTF8))),
        ("multi-part-header-long", "a long line in a part's header",
         mixed(part(PLAIN, b"7bit", BODY, b"Content-Description: " + words(1200)))),
        ("multi-no-end", "no last delimiter",
         mixed(TEXT, LONG)[:-len(b"--=_b1--\r\n")]),
        ("multi-no-delimiter", "a multipart without any delimiter",
         mime(b"multipart/mixed; boundary=none", None, UTF8 + words(1200) + b"\r\n")),
        ("multi-no-boundary", "a multipart without a boundary",
         mime(b"multipart/mixed", None, multipart(TEXT8))),
        ("multi-empty", "a multipart without parts",
         mime(b"multipart/mixed; boundary=x", None, b"--x--\r\n")),
        ("multi-empty-part", "an empty part",
         mixed(b"\r\n", part(PLAIN, None, b""), TEXT8)),
        ("multi-boundary-blanks", "blanks behind a delimiter",
         mixed(TEXT8, LONG).replace(b"--=_b1\r\n", b"--=_b1  \t\r\n")),
        ("multi-boundary-70", "a boundary of 70 characters",
         mixed(TEXT8, LONG, boundary=b"b" * 70)),
        ("multi-boundary-specials", "a boundary of odd characters",
         mixed(TEXT8, LONG, boundary=b"'()+_,-./:=? x")),
        ("multi-boundary-unquoted", "an unquoted boundary that needs quotes",
         mime(b"multipart/mixed; boundary==_b1", None, multipart(TEXT8, LONG))),
        ("multi-boundary-prefix", "an inner boundary that begins like the outer one",
         mixed(part(b"multipart/alternative; boundary=\"=_b1x\"", None,
                    multipart(TEXT8, HTML8, boundary=b"=_b1x")), PICTURE)),
        ("multi-boundary-same", "the same boundary inside",
         mixed(part(b"multipart/alternative; boundary=\"=_b1\"", None,
                    multipart(TEXT8, HTML8)), PICTURE)),
        ("multi-boundary-folded", "a boundary on a line of its own",
         mime(b"multipart/mixed;\r\n\tcharset=\"utf-8\";\r\n\tboundary=\"=_b1\"", None,
              multipart(TEXT8, LONG))),
        ("multi-boundary-2231", "a boundary in pieces (RFC 2231)",
         mime(b"multipart/mixed; boundary*0=\"=_\"; boundary*1=b1", None,
              multipart(TEXT8, LONG))),
        ("multi-boundary-comment", "a comment in Content-Type",
         mime(b"multipart/mixed (parts); boundary=\"=_b1\" (x)", None,
              multipart(TEXT8, LONG))),
        ("multi-type-case", "capitals in the type",
         mime(b"MultiPart/Mixed; BOUNDARY=\"=_b1\"", None, multipart(TEXT8, LONG))),
        ("multi-200-parts", "two hundred parts", mixed(*[TEXT8] * 200)),
        ("multi-deep", "thirty levels", None),
        ("rfc822-8bit", "8 bits in an attached message",
         mixed(TEXT, rfc822(mime(PLAIN, b"8bit", UTF8)))),
        ("rfc822-label-8bit", "the same, labelled",
         mixed(TEXT, rfc822(mime(PLAIN, b"8bit", UTF8), b"8bit"))),
        ("rfc822-long", "a long line in an attached message",
         mixed(TEXT, rfc822(message(body=words(1200) + b"\r\n")))),
        ("rfc822-multi", "a multipart in an attached message",
         mixed(TEXT, rfc822(mixed(TEXT8, LONG, boundary=b"inner")))),
        ("rfc822-header-long", "a long header line in an attached message",
         mixed(TEXT, rfc822(message(b"X-Long: " + words(1200))))),
        ("rfc822-header-8bit", "raw UTF-8 in the header of an attached message",
         mixed(TEXT, rfc822(message(b"Subject: " + UTF8[:-2])))),
        ("rfc822-from-colon", "`From :` in an attached message, which both MTAs change",
         mixed(TEXT, rfc822(message(body=b"x\r\n").replace(b"From:", b"From :", 1)))),
        ("rfc822-subject-colon", "`Subject :` in an attached message",
         mixed(TEXT, rfc822(message(body=b"x\r\n").replace(b"Subject:", b"Subject :", 1)))),
        ("rfc822-signed", "an attached message with a DKIM-Signature and 8 bits",
         mixed(TEXT, rfc822(b"DKIM-Signature: v=1; a=rsa-sha256; d=far.example; s=x;"
                            b" h=from; bh=AAAA; b=AAAA\r\n"
                            + mime(PLAIN, b"8bit", UTF8)))),
        ("rfc822-alone", "an attached message is all",
         mime(b"message/rfc822", None, mime(PLAIN, b"8bit", UTF8))),
        ("rfc822-base64", "an attached message labelled base64, which is illegal",
         mixed(TEXT, rfc822(base64_lines(message(body=UTF8)), b"base64"))),
        ("rfc822-mbox-line", "an mbox line in an attached message",
         mixed(TEXT, rfc822(b"From x@y.example Mon Nov 23 10:15:30 2026\r\n"
                            + message(body=UTF8)))),
        ("message-partial", "a fragment with 8 bits",
         mime(b'message/partial; id="a"; number=1; total=2', None, UTF8)),
        ("message-global", "message/global",
         mixed(TEXT, part(b"message/global", b"8bit",
                          message(b"Subject: " + UTF8[:-2], body=UTF8)))),
        ("delivery-status", "a delivery report",
         mixed(TEXT, part(b"message/delivery-status", None,
                          b"Reporting-MTA: dns; corp.example\r\n\r\n"
                          b"Final-Recipient: rfc822; a@far.example\r\nAction: failed\r\n"
                          b"Status: 5.1.1\r\nDiagnostic-Code: smtp; 550 " + words(1200)
                          + b"\r\n"), part(b"text/rfc822-headers", b"8bit",
                                           b"Subject: " + UTF8),
               kind=b"report", more=b'; report-type=delivery-status')),
        ("disposition-notification", "a read receipt",
         mixed(TEXT8, part(b"message/disposition-notification", b"7bit",
                           b"Final-Recipient: rfc822; alice@corp.example\r\n"
                           b"Disposition: manual-action/MDN-sent-manually; displayed\r\n"),
               kind=b"report", more=b'; report-type=disposition-notification')),
        ("base64-lines-1200", "base64 in lines of 1200",
         mixed(TEXT, part(b"application/pdf", b"base64", base64_lines(BINARY, 1200)))),
        ("base64-one-line", "base64 in one line",
         mixed(TEXT, part(b"application/pdf", b"base64", base64_lines(BINARY, 100000)))),
        ("base64-alone", "base64 in one line is all",
         mime(b"application/pdf", b"base64", base64_lines(BINARY, 100000))),
        ("base64-faults", "base64 with blanks and faults",
         mixed(part(PLAIN, b"base64", b"SGVs bG8=\r\n\r\n!!!\r\n" + b"SGVs" * 300 + b"\r\n"))),
        ("binary-attachment", "raw octets, labelled binary",
         mixed(TEXT, part(b"application/octet-stream", b"binary", b"\x89PNG\x80\xff" * 20
                          + b"\r\n"))),
        ("binary-attachment-8bit", "raw octets, labelled 8bit, long lines",
         mixed(TEXT, part(b"application/octet-stream", b"8bit", b"\xfe\xff\x80" * 500))),
        ("text-attachment-long", "CSV with long lines",
         mixed(TEXT, part(b"text/csv; name=x.csv", b"7bit",
                          (b",".join(b"%d" % i for i in range(500)) + b"\r\n") * 20))),
        ("xml-long", "XML in one line, an application",
         mixed(TEXT, part(b"application/xml", b"7bit",
                          b"<x>" + b"<y>1</y>" * 800 + b"</x>\r\n"))),
        ("json-8bit", "JSON with 8 bits",
         mixed(TEXT, part(b"application/json", b"8bit", b'{"x": "' + UTF8[:-2] + b'"}\r\n'))),
        ("calendar", "an invitation with 8 bits",
         mixed(TEXT8, part(b"text/calendar; method=REQUEST; charset=UTF-8", b"8bit",
                           b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:REQUEST\r\n"
                           b"BEGIN:VEVENT\r\nSUMMARY:" + UTF8 + b"DESCRIPTION:"
                           + words(1200) + b"\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"),
               kind=b"alternative")),
        ("vcard", "a card with 8 bits",
         mixed(TEXT, part(b"text/vcard; charset=utf-8", b"8bit",
                          b"BEGIN:VCARD\r\nFN:" + UTF8 + b"END:VCARD\r\n"))),
        ("external-body", "message/external-body",
         mixed(part(b'message/external-body; access-type=URL; URL="http://x.example/"',
                    None, b"Content-Type: text/plain\r\n\r\n" + UTF8))),
        ("part-encoding-more", "`8bit;`, of which some programs read the first word",
         mixed(part(PLAIN, b"8bit;", UTF8), TEXT)),
        ("part-encoding-more-ascii", "the same without 8 bits",
         mixed(part(PLAIN, b"8bit; x", BODY), TEXT)),
        ("encoding-more", "the same of the message", mime(PLAIN, b"8bit foo", UTF8)),
        ("report-label-8bit", "a list labelled 8bit whose 8 bits no part admits",
         mixed(TEXT, part(b"message/delivery-status", None, b"Reporting-MTA: dns; x\r\n"
                          b"\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; " + UTF8),
               kind=b"report", encoding=b"8bit")),
        ("own-encoding-8bit", "8 bits in an encoding that nobody knows, labelled above",
         mixed(TEXT, part(PLAIN, b"x-own", UTF8), encoding=b"8bit")),
        ("rfc822-quoted", "an attached message in quoted-printable",
         mixed(TEXT, rfc822(b"Subject: x\r\nContent-Type: text/plain\r\n"
                            b"Content-Transfer-Encoding: 8bit\r\n\r\n"
                            b"=C3=BC\r\n", b"quoted-printable"))),
        ("lookalike", "a line that begins like a delimiter, and a label behind it",
         mixed(part(PLAIN, None, b"text\r\n--=_b1x\r\nContent-Transfer-Encoding: 8bit\r\n"
                    b"\r\nend\r\n"), TEXT)),
        ("boundary-padding", "a delimiter with 300 blanks",
         mixed(TEXT, TEXT8).replace(b"--=_b1\r\n", b"--=_b1" + b" " * 300 + b"\r\n")),
        ("boundary-padding-long", "a delimiter with 1200 blanks",
         mixed(TEXT, TEXT8).replace(b"--=_b1\r\n", b"--=_b1" + b" " * 1200 + b"\r\n")),
        ("beside-question", "text beside the parts that could become a delimiter",
         mixed(TEXT, boundary=b"b?", preamble=b"--b\xfc\r\n\r\nx\r\n")),
        ("type-twice", "two types", mixed(part(PLAIN, None, UTF8, b"Content-Type: "
                                               b"multipart/mixed; boundary=x"))),
        ("part-junk-8bit", "a line that is no field, and 8 bits",
         mixed(part(PLAIN, None, UTF8, b"no field here", b"X-A: b"))),
        ("base64-footer", "base64 with a footer of 8 bits",
         mixed(TEXT, part(b"application/pdf", b"base64", base64_lines(BINARY[:-1]) + UTF8))),
        ("base64-dashes", "base64 in one line with what could become a delimiter",
         mixed(TEXT, part(b"application/pdf", b"base64", b"QUJD" * 19 + b"--=_b1"
                          + b" " * 70 + b"QUJD" * 300 + b"\r\n"))),
        ("quoted-ends", "a soft break at the end, blanks at line ends, a long line",
         mixed(part(PLAIN, b"quoted-printable", words(1200) + b"\r\nx  \r\ny=\r\n"), TEXT)),
        ("from-behind-break", "`From ` where a soft break comes",
         mime(PLAIN, b"8bit", b"\xc3\xbc" + b"y" * 69 + b"From here\r\n")),
        ("form-data", "multipart/form-data",
         mixed(part(None, None, UTF8, b'Content-Disposition: form-data; name="x"'),
               kind=b"form-data")),
        ("attachment-2mb", "an attachment of 2 MB",
         mixed(TEXT8, part(b"application/zip", b"base64", base64_lines(BINARY * 500)))),
        ("text-2mb-8bit", "8-bit text of 2 MB", mime(PLAIN, b"8bit", UTF8 * 110000)),
        ("html-2mb-long", "HTML of 2 MB in one line",
         mime(HTML, b"7bit", b"<p>text</p>" * 190000 + b"\r\n"))):
    if name == "multi-deep":
        raw = TEXT8
        for level in range(30):
            mark = b"deep%d" % level
            raw = part(b"multipart/mixed; boundary=%s" % mark, None,
                       multipart(raw, boundary=mark))
        raw = mixed(raw)
    shape(name, why, raw, mail_args=EIGHT,
          quick=name in ("multi-nested", "rfc822-from-colon", "rfc822-8bit",
                         "base64-one-line"))
