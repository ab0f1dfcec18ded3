# SPDX-License-Identifier: BSD-2-Clause
"""Bodies that are one piece of text: length, dots, line ends, control characters,
8 bits and what they are labelled."""

from shapes import BODY, Area, message, mime, words

shape = Area("body")
EIGHT = ("BODY=8BITMIME",)
SEVEN = ("BODY=7BIT",)

for size in 78, 989, 990, 991, 992, 997, 998, 999, 1000, 2039, 2040, 2041, 10000:
    shape("line-%d" % size,
          "a body line at a limit: 990 and 2040 octets in Sendmail, 998 in Postfix",
          message(body=words(size) + b"\r\nend\r\n"), quick=size in (991, 999))
for size in 989, 990, 997, 998, 2040:
    shape("line-dot-%d" % size, "a line at a limit with a dot in front",
          message(body=b"." + words(size - 1) + b"\r\nend\r\n"))
shape("line-word-1200", "a word of 1200 octets", message(body=b"w" * 1200 + b"\r\n"))
shape("line-long-blanks", "a line of 1200 blanks", message(body=b" " * 1200 + b"\r\nx\r\n"))
shape("line-long-trailing", "a long line with blanks at its end",
      message(body=words(1100) + b"  \t\r\n"))
shape("line-long-last", "a long line without a CR LF behind it",
      message(body=b"first\r\n" + words(1200)))
shape("line-long-first", "a first line that is long", message(body=words(1500) + b"\r\n"),
      quick=True)
shape("lines-long-many", "two hundred long lines",
      message(body=(words(1500) + b"\r\n") * 200))
shape("line-100000", "one line of 100 KB", message(body=b"w" * 100000 + b"\r\n"))

for name, why, body in (
        ("empty", "no body", b""),
        ("one-empty-line", "one empty line", b"\r\n"),
        ("empty-lines", "empty lines alone", b"\r\n\r\n\r\n"),
        ("blank-line-body", "a line of white space alone", b"  \t\r\n"),
        ("trailing-empty-lines", "empty lines at the end", b"text\r\n\r\n\r\n\r\n"),
        ("trailing-blank-lines", "lines of white space at the end",
         b"text\r\n  \r\n\t\r\n"),
        ("trailing-blanks-body", "blanks at line ends", b"one  \r\ntwo\t\r\nthree \t \r\n"),
        ("blank-runs-body", "runs of blanks", b"one   two\t\tthree\r\n"),
        ("signature-mark", "a signature mark with its blank", b"text\r\n-- \r\nAlice\r\n"),
        ("no-final-crlf", "no CR LF at the end", b"text"),
        ("dots", "dots at the start of lines", b".\r\n..\r\n.text\r\n...\r\n"),
        ("dot-alone", "a dot is all", b".\r\n"),
        ("dot-last", "ends with a dot", b"text\r\n."),
        ("from-lines", "lines that begin with From",
         b"From here on\r\nFrom alice@corp.example Mon Nov 23 10:15:30 2026\r\n"),
        ("from-lines-quoted", "quoted ones", b">From here on\r\n>>From there\r\n"),
        ("looks-like-header", "fields in the body", b"Subject: x\r\nFrom : y\r\n\r\ntext\r\n"),
        ("bare-cr", "a bare CR", b"one\rtwo\r\n"),
        ("bare-lf", "a bare LF", b"one\ntwo\r\n"),
        ("crcrlf", "CR CR LF", b"one\r\r\ntwo\r\n"),
        ("lfcr", "LF CR", b"one\n\rtwo\r\n"),
        ("bare-lf-all", "no CR anywhere", b"one\ntwo\nthree\n"),
        ("smuggling", "a bare LF around a dot", b"one\n.\nMAIL FROM:<x@y.example>\r\n"),
        ("nul", "NUL", b"one\0two\r\n"),
        ("controls", "control characters", b"\x01\x02\x07\x08\x0b\x0c\x0e\x1b[0m\x7f\r\n"),
        ("form-feed", "a form feed", b"one\r\n\x0c\r\ntwo\r\n"),
        ("form-feed-ends", "form feeds at line ends, and the last line is one",
         b"one\x0c\r\n \x0c two \x0c\r\n\x0c\r\n"),
        ("form-feed-no-crlf", "a form feed without a CR LF behind it", b"one\r\n\x0c"),
        ("vertical-tab", "vertical tabs", b"one\x0b\x0btwo \x0b\r\n\x0b\r\nthree\r\n"),
        ("ctrl-z", "ends with Control-Z", b"text\r\n\x1a\r\n"),
        ("uuencode", "uuencoded", b"begin 644 x\r\n#86)C\r\n`\r\nend\r\n"),
        ("patch", "a patch", b"--- a/x\r\n+++ b/x\r\n@@ -1 +1 @@\r\n-old \r\n+new\t\r\n")):
    shape(name, why, message(body=body), alone=name == "smuggling",
          quick=name in ("dots", "bare-lf", "bare-cr", "nul", "empty", "no-final-crlf",
                        "form-feed"))

# 8-bit text.

UTF8 = "Grüße aus Köln,\r\nschöne Straßen — überall.\r\n".encode()
LATIN1 = "Grüße aus Köln,\r\nschöne Straßen.\r\n".encode("latin-1")
PLAIN = b"text/plain; charset=utf-8"
for args, suffix in ((), ""), (EIGHT, "-8bitmime"), (SEVEN, "-7bit"):
    shape("utf8-8bit" + suffix, "UTF-8, labelled 8bit", mime(PLAIN, b"8bit", UTF8),
          mail_args=args, quick=suffix == "-8bitmime")
    shape("utf8-unlabelled" + suffix, "UTF-8 without any MIME field",
          message(body=UTF8), mail_args=args, quick=suffix == "-8bitmime")
    shape("utf8-no-encoding" + suffix, "UTF-8 with a type, no encoding",
          mime(PLAIN, None, UTF8), mail_args=args)
    shape("utf8-no-version" + suffix, "UTF-8, 8bit, but no MIME-Version",
          mime(PLAIN, b"8bit", UTF8, version=False), mail_args=args)
    shape("utf8-binary" + suffix, "UTF-8, labelled binary",
          mime(PLAIN, b"binary", UTF8), mail_args=args)
    shape("utf8-lie-7bit" + suffix, "UTF-8, labelled 7bit",
          mime(PLAIN, b"7bit", UTF8), mail_args=args, quick=suffix == "-8bitmime")
    shape("utf8-lie-qp" + suffix, "UTF-8, labelled quoted-printable",
          mime(PLAIN, b"quoted-printable", UTF8), mail_args=args)
    shape("utf8-lie-base64" + suffix, "UTF-8, labelled base64",
          mime(PLAIN, b"base64", UTF8), mail_args=args)
    shape("latin1-8bit" + suffix, "Latin-1, labelled 8bit",
          mime(b"text/plain; charset=iso-8859-1", b"8bit", LATIN1), mail_args=args)
    shape("latin1-unlabelled" + suffix, "Latin-1 without any MIME field",
          message(body=LATIN1), mail_args=args)
for name, why, raw in (
        ("ascii-8bit", "ASCII, labelled 8bit", mime(PLAIN, b"8bit", BODY)),
        ("ascii-binary", "ASCII, labelled binary", mime(PLAIN, b"binary", BODY)),
        ("utf8-no-charset", "8 bits and a text type without a charset",
         mime(b"text/plain", b"8bit", UTF8)),
        ("utf8-charset-ascii", "8 bits said to be US-ASCII",
         mime(b"text/plain; charset=us-ascii", b"8bit", UTF8)),
        ("utf8-charset-unknown", "an unknown charset",
         mime(b"text/plain; charset=x-none", b"8bit", UTF8)),
        ("utf8-upper-encoding", "8BIT in capitals", mime(PLAIN, b"8BIT", UTF8)),
        ("utf8-encoding-comment", "a comment behind the encoding",
         mime(PLAIN, b"8bit (as it is)", UTF8)),
        ("utf8-encoding-quoted", "quotes around the encoding",
         mime(PLAIN, b'"8bit"', UTF8)),
        ("utf8-encoding-folded", "a fold before the encoding",
         mime(PLAIN, b"\r\n 8bit", UTF8)),
        ("utf8-encoding-unknown", "an encoding of its own", mime(PLAIN, b"x-own", UTF8)),
        ("utf8-encoding-empty", "an empty encoding", mime(PLAIN, b"", UTF8)),
        ("utf8-encoding-utf8", "utf-8 as an encoding", mime(PLAIN, b"utf-8", UTF8)),
        ("utf8-long-line", "8 bits in a line of 3000 octets",
         mime(PLAIN, b"8bit", "schön ".encode() * 430 + b"\r\n")),
        ("utf8-no-final-crlf", "8 bits without a CR LF at the end",
         mime(PLAIN, b"8bit", "schön".encode())),
        ("utf8-trailing-blanks", "8 bits, dots, From and blanks at line ends",
         mime(PLAIN, b"8bit", "schön  \r\n.\r\nFrom x\t\r\n=3D=\r\n\r\n\r\n".encode())),
        ("utf16", "UTF-16, which has NUL in it",
         mime(b"text/plain; charset=utf-16le", b"binary",
              "Grüße".encode("utf-16le") + b"\r\n")),
        ("gb18030", "Chinese", mime(b"text/plain; charset=gb18030", b"8bit",
                                    "你好，世界\r\n".encode("gb18030"))),
        ("shift-jis", "Japanese with backslash octets",
         mime(b"text/plain; charset=shift_jis", b"8bit", "ソース表\r\n".encode("shift_jis"))),
        ("iso-2022-jp", "7-bit Japanese",
         mime(b"text/plain; charset=iso-2022-jp", b"7bit",
              "日本語のメール\r\n".encode("iso-2022-jp"))),
        ("utf8-broken", "octets that are no UTF-8", mime(PLAIN, b"8bit", b"\xc3\x28\xff\r\n")),
        ("utf8-bom", "a byte order mark", mime(PLAIN, b"8bit", b"\xef\xbb\xbf" + UTF8)),
        ("c1-controls", "8-bit control characters", mime(PLAIN, b"8bit", b"a\x80\x9bz\r\n")),
        ("qp", "quoted-printable", mime(PLAIN, b"quoted-printable",
                                       b"Gr=C3=BC=C3=9Fe =\r\naus K=C3=B6ln=20\r\n")),
        ("qp-lower", "quoted-printable in small letters",
         mime(PLAIN, b"quoted-printable", b"gr=c3=bc=c3=9fe\r\n")),
        ("qp-long", "quoted-printable with lines of 1200",
         mime(PLAIN, b"quoted-printable", b"=C3=BC" * 200 + b"\r\n")),
        ("qp-broken", "quoted-printable with faults",
         mime(PLAIN, b"quoted-printable", b"100% = x =ZZ =\r\n=A\r\n")),
        ("flowed", "format=flowed", mime(b"text/plain; charset=us-ascii; format=flowed",
                                         b"7bit", b"one \r\ntwo\r\n-- \r\nA \r\n")),
        ("flowed-utf8-delsp", "format=flowed with 8 bits",
         mime(b"text/plain; charset=utf-8; format=flowed; delsp=yes", b"8bit",
              "schöne \r\nStraßen\r\n-- \r\nA\r\n".encode())),
        ("html-20k", "HTML in one line of 20 KB",
         mime(b"text/html; charset=utf-8", b"7bit",
              b"<html><body>" + b"<p class='x'>text</p>" * 950 + b"</body></html>\r\n")),
        ("html-20k-utf8", "the same with 8 bits",
         mime(b"text/html; charset=utf-8", b"8bit",
              b"<html><body>" + "<p>schön</p>".encode() * 1500 + b"</body></html>\r\n"))):
    shape(name, why, raw, mail_args=EIGHT if name.startswith("utf8") else (),
          quick=name in ("html-20k", "flowed-utf8-delsp", "ascii-8bit"))
