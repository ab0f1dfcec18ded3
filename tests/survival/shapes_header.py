# SPDX-License-Identifier: BSD-2-Clause
"""Header fields other than addresses: length, folds, 8 bits, missing and twice."""

from shapes import BODY, Area, message, words

shape = Area("header")

# Lines of a certain length.

for size in 78, 79, 990, 991, 998, 999, 2000, 2303, 2304, 5000:
    shape("subject-line-%d" % size,
          "a Subject of one line: Sendmail breaks over 990 octets and loses what is "
          "over 2303, Postfix breaks over 998",
          message(b"Subject: " + words(size - 9)), quick=size in (998, 2304))
    shape("x-line-%d" % size, "the same in a field that is rarely signed",
          message(b"X-Long: " + words(size - 8)), quick=size == 2000)
for size in 990, 991, 998, 999, 2000:
    shape("subject-word-%d" % size, "one word without a place to fold at",
          message(b"Subject: " + b"w" * (size - 9)))
    shape("x-word-%d" % size, "the same in an unsigned field",
          message(b"X-Token: " + b"w" * (size - 9)), quick=size == 991)
shape("references-long", "a long thread in one line",
      message(b"References: " + b" ".join(b"<%d.0123456789@corp.example>" % i
                                          for i in range(60))), quick=True)
shape("references-folded", "a long thread, an id a line",
      message(b"References: " + b"\r\n ".join(b"<%d.0123456789@corp.example>" % i
                                              for i in range(60))))
shape("list-unsubscribe-long", "a mass mailer's URL of 1100 octets",
      message(b"List-Unsubscribe: <https://corp.example/u?t=" + b"a" * 1060 + b">",
              b"List-Unsubscribe-Post: List-Unsubscribe=One-Click"))
shape("list-unsubscribe-500", "a mass mailer's URL that fits",
      message(b"List-Unsubscribe: <https://corp.example/u?t=" + b"a" * 500
              + b">, <mailto:leave@corp.example?subject=x>", b"Precedence: bulk"))
shape("keywords-commas", "no blank in 1500 octets, but commas",
      message(b"Keywords: " + b",".join(b"keyword%03d" % i for i in range(140))))
shape("field-61000", "a field that Postfix cuts at 60000 octets",
      message(b"X-Huge: " + b"\r\n ".join([words(70)] * 870)))
shape("header-40000", "over Sendmail's MaxHeadersLength",
      message(*[b"X-Many: " + words(70)] * 520))
shape("header-900-fields", "very many short fields",
      message(*[b"X-N%d: v" % i for i in range(900)]))

# White space for some verifiers, and the end of a line for some programs.

for name, blank in (("vt", b"\x0b"), ("ff", b"\x0c"), ("fs", b"\x1c"), ("gs", b"\x1d"),
                    ("rs", b"\x1e"), ("us", b"\x1f"), ("nel", b"\xc2\x85"),
                    ("nel-octet", b"\x85"), ("ls", b"\xe2\x80\xa8"),
                    ("ps", b"\xe2\x80\xa9")):
    shape("blank-%s-subject" % name, "a blank that not all know, in the text",
          message(b"Subject: one" + blank + b"From: two" + blank + blank + b" three"),
          quick=name in ("vt", "nel"))
    shape("blank-%s-ends" % name, "the same at both ends, and alone in a line",
          message(b"Subject:" + blank + b" one\r\n " + blank + b"\r\n two" + blank),
          quick=name == "ff")
for name, value in (("To", b"Friend\x0c<friend@rcpt.example>"),
                    ("Cc", b"A\x0bB <x@rcpt.example>,\x0cy@rcpt.example"),
                    ("References", b"<1@corp.example>\x0c<2@corp.example>"),
                    ("In-Reply-To", b"\x0b<1@corp.example>"),
                    ("List-Id", b"news\x1d<news.corp.example>"),
                    ("MIME-Version", b"1.0\x0c"),
                    ("Content-Type", b"text/plain;\x0ccharset=us-ascii"),
                    ("Content-Transfer-Encoding", b"7bit\x0b"),
                    ("Content-Disposition", b"inline;\x1e filename=a.txt"),
                    ("Date", b"Mon, 23 Nov 2026\x0c10:15:30 +0100"),
                    ("Message-ID", b"<1@corp.example>\x0b")):
    shape("blank-in-" + name.lower(), "a blank that not all know, in another field",
          message(name.encode() + b": " + value), quick=name == "Content-Type")
shape("signature-unreadable", "a signature that is none: OpenDKIM looks at no other",
      message(b"DKIM-Signature: v=1; nonsense"), quick=True)
shape("mime-fields-absent-8bit", "raw text, and none of the three fields of MIME",
      message(b"Subject: gr\xc3\xbc\xc3\x9fe"), quick=True)

# Folds and blanks.

for name, why, field in (
        ("fold-tab", "folded with a tab", b"Subject: one\r\n\ttwo"),
        ("fold-tabs", "folded with tabs and blanks", b"Subject: one\r\n\t \t two"),
        ("fold-eight", "folded with eight blanks", b"Subject: one\r\n        two"),
        ("fold-every-word", "a fold at every word",
         b"Subject: a\r\n b\r\n c\r\n d\r\n e\r\n f"),
        ("fold-trailing-blank", "blanks before the fold", b"Subject: one  \r\n two"),
        ("fold-first", "nothing on the first line", b"Subject:\r\n one two"),
        ("fold-first-blank", "only a blank on the first line", b"Subject: \r\n one two"),
        ("fold-blank-line", "a continuation of white space only",
         b"Subject: one\r\n \t\r\n two"),
        ("fold-blank-last", "the last continuation is white space only",
         b"Subject: one\r\n  "),
        ("trailing-blanks", "blanks at the end", b"Subject: one two  \t "),
        ("blank-runs", "runs of blanks and tabs", b"Subject: one   two\t\tthree \t four"),
        ("no-blank", "no blank behind the colon", b"Subject:one two"),
        ("two-blanks", "two blanks behind the colon", b"Subject:  one two"),
        ("tab-value", "a tab behind the colon", b"Subject:\tone two"),
        ("colon-space", "a blank before the colon", b"Subject : one two"),
        ("colon-tab", "a tab before the colon", b"Subject\t: one two"),
        ("name-case", "an odd spelling of the name", b"sUbJeCt: one two"),
        ("empty-subject", "an empty value", b"Subject:"),
        ("blank-subject", "a value of blanks", b"Subject:    "),
        ("control-subject", "control characters", b"Subject: one \x01\x1b[31m\x7f two"),
        ("nul-subject", "NUL: Postfix cuts there, Sendmail drops it",
         b"Subject: one\0 two"),
        ("cr-subject", "a bare CR", b"Subject: one\rtwo"),
        ("lf-subject", "a bare LF", b"Subject: one\n two"),
        ("date-folded", "a fold in Date", b"Date: Mon, 23 Nov 2026\r\n 10:15:30 +0100"),
        ("date-comment", "a comment in Date",
         b"Date: Mon, 23 Nov 2026 10:15:30 +0100 (CET)"),
        ("date-blanks", "double blanks in Date", b"Date: Mon,  2 Nov 2026  1:15:30 +0100"),
        ("date-obsolete", "an obsolete zone", b"Date: 23 Nov 26 10:15 GMT"),
        ("date-invalid", "no date at all", b"Date: yesterday"),
        ("message-id-folded", "a long Message-ID on a line of its own",
         b"Message-ID:\r\n <" + b"a" * 80 + b"@corp.example>"),
        ("message-id-bare", "a Message-ID without brackets", b"Message-ID: 1@corp.example"),
        ("message-id-blanks", "blanks around a Message-ID",
         b"Message-ID:   <1@corp.example>  "),
        ("message-id-case", "Sendmail's own spelling differs",
         b"Message-Id: <1@corp.example>")):
    shape(name, why, message(field),
          quick=name in ("fold-blank-line", "blank-runs", "no-blank", "fold-tab",
                         "date-invalid"))

# The end of the header, and what stands before it.

for name, why, raw in (
        ("junk-line", "a line in the header that is none",
         message(b"this is no field", b"X-After: y")),
        ("colon-first", "a field without a name", message(b": value", b"X-After: y")),
        ("name-with-blank", "a blank in a field name", message(b"X Bad: v", b"X-After: y")),
        ("name-8bit", "8 bits in a field name", message(b"X-\xc3\xa4: v", b"X-After: y")),
        ("name-vertical-tab", "a control character in a field name",
         message(b"X-Bad\x0b: v", b"X-After: y")),
        ("leading-continuation", "white space first", message(first=[b" first"])),
        ("mbox-line", "an mbox From line first",
         message(first=[b"From alice@corp.example Mon Nov 23 10:15:30 2026"])),
        ("quoted-mbox-line", "a quoted mbox From line first",
         message(first=[b">From alice@corp.example Mon Nov 23 10:15:30 2026"])),
        ("no-header", "an empty line first", b"\r\n" + BODY),
        ("text-first", "text without any header", BODY),
        ("header-only", "no empty line behind the header", message(body=b"")[:-2])):
    shape(name, why, raw, quick=name in ("junk-line", "mbox-line"))

# 8-bit characters.

utf8 = "Grüße aus Köln".encode()
latin1 = "Grüße aus Köln".encode("latin-1")
for name, why, fields, args in (
        ("subject-utf8", "raw UTF-8", [b"Subject: " + utf8], ()),
        ("subject-utf8-8bitmime", "raw UTF-8 with BODY=8BITMIME",
         [b"Subject: " + utf8], ("BODY=8BITMIME",)),
        ("subject-utf8-long", "1200 octets of raw UTF-8",
         [b"Subject: " + (utf8 + b" ") * 70], ()),
        ("subject-utf8-folded", "raw UTF-8 with odd folds",
         [b"Subject: " + utf8 + b"\r\n\t " + utf8], ()),
        ("subject-latin1", "raw Latin-1", [b"Subject: " + latin1], ()),
        ("subject-encoded", "encoded words",
         [b"Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\n =?utf-8?B?YXVz?= =?us-ascii?q?_K?="],
         ()),
        ("subject-encoded-long", "one encoded word of 1200 octets",
         [b"Subject: =?utf-8?Q?" + b"=C3=BC" * 200 + b"?="], ()),
        ("to-name-utf8", "raw UTF-8 in a name",
         ["To: Jürgen Groß <friend@far.example>".encode()], ()),
        ("to-name-utf8-quoted", "raw UTF-8 in a quoted name",
         ['To: "Groß, Jürgen" <friend@far.example>'.encode()], ()),
        ("to-name-latin1", "raw Latin-1 in a name",
         ["To: Jürgen Groß <friend@far.example>".encode("latin-1")], ()),
        ("from-name-utf8", "raw UTF-8 in the author's name",
         ["From: Älice <alice@corp.example>".encode()], ()),
        ("from-name-latin1", "raw Latin-1 in the author's name",
         ["From: Älice <alice@corp.example>".encode("latin-1")], ()),
        ("to-comment-utf8", "raw UTF-8 in a comment",
         ["To: friend@far.example (Jürgen)".encode()], ()),
        ("x-utf8", "raw UTF-8 in an unsigned field", [b"X-Note: " + utf8], ()),
        ("filename-utf8", "raw UTF-8 in a file name",
         [b"MIME-Version: 1.0", b'Content-Type: text/plain; name="' + utf8 + b'.txt"',
          b'Content-Disposition: attachment; filename="' + utf8 + b'.txt"'], ()),
        ("filename-2231", "RFC 2231 in a file name",
         [b"MIME-Version: 1.0",
          b"Content-Disposition: attachment;\r\n filename*0*=utf-8''gr%C3%BC;\r\n"
          b" filename*1=sse.txt"], ()),
        ("smtputf8-names", "SMTPUTF8, ASCII addresses",
         ["From: Älice <alice@corp.example>".encode(), b"Subject: " + utf8],
         ("BODY=8BITMIME", "SMTPUTF8")),
        ("smtputf8-address", "SMTPUTF8 with an address that needs it",
         ["To: Jürgen <jürgen@far.example>".encode()], ("BODY=8BITMIME", "SMTPUTF8"))):
    shape(name, why, message(*fields), mail_args=args,
          quick=name in ("subject-utf8", "from-name-utf8", "subject-latin1"))

# Missing, removed, more than once.

for name in "Date", "Message-ID", "To", "From", "Subject":
    shape("no-" + name.lower(), "without " + name, message(without=[name]),
          quick=name in ("Date", "Message-ID"))
shape("no-date-no-id", "what scripts send", message(without=["Date", "Message-ID"]),
      quick=True)
shape("only-to", "nothing but To", b"To: friend@far.example\r\n\r\n" + BODY)
for name, why, fields in (
        ("empty-date", "an empty Date", [b"Date:"]),
        ("empty-message-id", "an empty Message-ID", [b"Message-ID: "]),
        ("empty-from", "an empty From", [b"From:"]),
        ("empty-to", "an empty To", [b"To:"]),
        ("empty-cc", "an empty Cc", [b"Cc: "]),
        ("empty-reply-to", "an empty Reply-To", [b"Reply-To:"]),
        ("bcc", "Bcc beside To", [b"Bcc: secret@far.example"]),
        ("bcc-empty", "an empty Bcc beside To", [b"Bcc:"]),
        ("resent-bcc", "Resent-Bcc", [b"Resent-From: alice@corp.example",
                                      b"Resent-Bcc: secret@far.example"]),
        ("return-path", "removed by Sendmail", [b"Return-Path: <alice@corp.example>"]),
        ("content-length", "removed by both", [b"Content-Length: 27"]),
        ("full-name", "taken by Sendmail", [b"Full-Name: Alice"]),
        ("resent", "Resent-From alone: Sendmail adds date and id",
         [b"Resent-From: alice@corp.example", b"Resent-To: friend@far.example"]),
        ("resent-complete", "a complete block of Resent fields",
         [b"Resent-From: alice@corp.example", b"Resent-To: friend@far.example",
          b"Resent-Date: Mon, 23 Nov 2026 11:15:30 +0100",
          b"Resent-Message-ID: <2@corp.example>"]),
        ("received", "came through another server",
         [b"Received: from a.example by b.example; Mon, 23 Nov 2026 10:00:00 +0100"]),
        ("subject-twice", "the same Subject twice",
         [b"Subject: hello", b"Subject: hello"]),
        ("subject-differs", "two Subjects", [b"Subject: hello", b"Subject: other"]),
        ("date-twice", "the same Date twice",
         [b"Date: Mon, 23 Nov 2026 10:15:30 +0100"] * 2),
        ("message-id-twice", "the same Message-ID twice",
         [b"Message-ID: <1@corp.example>"] * 2),
        ("to-twice", "two To fields", [b"To: friend@far.example", b"To: b@far.example"]),
        ("cc-twice", "two Cc fields", [b"Cc: a@far.example", b"Cc: b@far.example"]),
        ("comments-twice", "two Comments fields", [b"Comments: a", b"Comments: b"]),
        ("mime-version-twice", "two MIME-Version fields", [b"MIME-Version: 1.0"] * 2),
        ("content-type-twice", "two different Content-Types",
         [b"MIME-Version: 1.0", b"Content-Type: text/plain",
          b"Content-Type: text/html"]),
        ("encoding-twice", "two different encodings",
         [b"MIME-Version: 1.0", b"Content-Transfer-Encoding: 7bit",
          b"Content-Transfer-Encoding: 8bit"]),
        ("foreign-signature", "somebody else's DKIM-Signature",
         [b"DKIM-Signature: v=1; a=rsa-sha256; d=far.example; s=x; h=from;\r\n"
          b"\tbh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=AAAA"]),
        ("authentication-results", "results of somebody else",
         [b"Authentication-Results: far.example; spf=pass"])):
    shape(name, why, message(*fields), quick=name in ("bcc", "resent", "to-twice"))
shape("bcc-only", "Bcc without To: Sendmail leaves an empty one",
      message(b"Bcc: secret@far.example", without=["To"]))
