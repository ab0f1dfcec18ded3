# SPDX-License-Identifier: BSD-2-Clause
"""Address fields: what Sendmail rewrites at delivery, and what it leaves alone."""

import base64

from shapes import Area, message

shape = Area("address")

_many = [b"Person Number %d <person%d@far.example>" % (i, i) for i in range(60)]
_LISTS = (
    ("comma-tight", "no blank behind the comma", b"a@far.example,b@far.example"),
    ("comma-loose", "blanks around the comma", b"a@far.example ,  b@far.example"),
    ("comma-trailing", "a comma at the end", b"a@far.example,"),
    ("comma-double", "nothing between two commas", b"a@far.example,, b@far.example"),
    ("comma-leading", "a comma first", b", a@far.example"),
    ("semicolon", "a semicolon, as Outlook shows it", b"a@far.example; b@far.example"),
    ("name-dots", "dots in a name without quotes", b"J. R. Friend <a@far.example>"),
    ("name-apostrophe", "an apostrophe", b"Pat O'Neil <a@far.example>"),
    ("name-brackets", "brackets in a name without quotes", b"Pat [IT] <a@far.example>"),
    ("name-semicolon", "a semicolon in a name", b"Pat; IT <a@far.example>"),
    ("name-colon", "a colon in a name", b"IT: Pat <a@far.example>"),
    ("name-comma", "a comma in a name without quotes", b"Friend, Pat <a@far.example>"),
    ("name-at", "an address as a name without quotes", b"a@far.example <a@far.example>"),
    ("name-at-quoted", "an address as a quoted name",
     b'"a@far.example" <a@far.example>'),
    ("name-quoted-comma", "a quoted name", b'"Friend, Pat" <a@far.example>'),
    ("name-quoted-escapes", "escaped quotes in a name",
     b'"Pat \\"P\\" Friend" <a@far.example>'),
    ("name-single-quotes", "as Outlook writes it", b"'Pat' <a@far.example>"),
    ("name-backslash", "a backslash without quotes", b"Pat\\Friend <a@far.example>"),
    ("name-half-quoted", "quotes around one word", b'Pat "P" Friend <a@far.example>'),
    ("name-empty", "an empty quoted name", b'"" <a@far.example>'),
    ("name-tight", "no blank before the angle bracket", b"Pat<a@far.example>"),
    ("name-blanks", "runs of blanks in a name", b"Pat   F.\t Friend <a@far.example>"),
    ("name-ampersand", "characters that are left alone",
     b"A & B / C = D <a@far.example>"),
    ("name-encoded", "encoded words", b"=?utf-8?Q?J=C3=BCrgen_Gro=C3=9F?= <a@far.example>"),
    ("name-encoded-dots", "encoded words beside dots",
     b"Dr. =?utf-8?Q?J=C3=BCrgen?= <a@far.example>"),
    ("angle-blanks", "blanks inside angle brackets", b"Pat < a@far.example >"),
    ("angle-only", "an address in brackets alone", b"<a@far.example>"),
    ("angle-twice", "two angle addresses", b"Pat <a@far.example> <b@far.example>"),
    ("angle-open", "an angle bracket that stays open", b"Pat <a@far.example"),
    ("quote-open", "a quote that stays open", b'"Pat <a@far.example>'),
    ("comment-open", "a comment that stays open", b"a@far.example (Pat"),
    ("comment-behind", "an old-style name", b"a@far.example (Pat Friend)"),
    ("comment-inside", "a comment inside an address", b"a(x)@far.example"),
    ("comment-in-angle", "a comment inside angle brackets",
     b"Pat <a@far.example (work)>"),
    ("comment-name", "a comment in a name", b"Pat (work) Friend <a@far.example>"),
    ("route", "a route", b"<@b.example,@c.example:a@far.example>"),
    ("dot-trailing", "a dot behind the domain", b"a@far.example."),
    ("unqualified", "no domain", b"bob"),
    ("unqualified-name", "a name and no domain", b"Bob <bob>"),
    ("dotless", "a host name without a domain", b"bob@mailhost"),
    ("literal", "a domain literal", b"a@[192.0.2.1]"),
    ("upper-domain", "capitals in a domain", b"a@FAR.Example"),
    ("local-quoted", "a quoted local part", b'"a b"@far.example'),
    ("local-quoted-needless", "needless quotes", b'"a"@far.example'),
    ("local-dots", "dots where none may stand", b"a..b.@far.example"),
    ("local-specials", "allowed specials", b"a+b!#$%&'*/=?^_`{|}~@far.example"),
    ("spaced", "blanks inside an address", b"a @ far.example"),
    ("idn", "a domain in A-labels", b"a@xn--kln-sna.example"),
    ("group", "a group", b"Team: a@far.example, b@far.example;"),
    ("group-empty", "an empty group", b"undisclosed-recipients:;"),
    ("group-tight", "a group without blanks", b"Team:a@far.example,b@far.example;"),
    ("long-line", "sixty mailboxes in one line", b", ".join(_many)),
    ("long-tight", "sixty mailboxes, no blanks", b",".join(_many)),
    ("long-folded", "one mailbox a line", b",\r\n ".join(_many)),
    ("long-tabs", "one mailbox a line, with tabs", b",\r\n\t".join(_many)),
    ("long-indented", "Sendmail's own form", b",\r\n        ".join(_many)),
    ("fold-in-name", "a fold inside a name", b"Pat\r\n Friend <a@far.example>"),
    ("fold-in-quotes", "a fold inside a quoted name", b'"Pat\r\n Friend" <a@far.example>'),
    ("fold-before-angle", "a fold before the address", b"Pat Friend\r\n\t<a@far.example>"),
    ("fold-before-comma", "a fold before the comma",
     b"a@far.example\r\n , b@far.example"),
    ("fold-last-blank", "a folded end of blanks", b"a@far.example,\r\n  "),
    ("address-1000", "one address of 1000 octets",
     b"a@" + b"x." * 490 + b"far.example"),
    ("mixed", "what an old address book writes",
     b"J. R. <a@far.example>,b@far.example (Bob) ,\"C, D\"<c@far.example>;"),
)
_QUICK = ("comma-tight", "comma-trailing", "semicolon", "name-dots", "angle-blanks",
          "comment-inside", "route", "unqualified", "long-tight")
for name, why, value in _LISTS:
    shape("to-" + name, why, message(b"To: " + value), quick=name in _QUICK)

# The same where they matter in other fields.

_OTHERS = dict((name, value) for name, _, value in _LISTS)
for field, names in (
        ("Cc", ("comma-tight", "comma-trailing", "name-dots", "unqualified", "group",
                "long-tight", "comment-behind")),
        ("Reply-To", ("comma-tight", "name-dots", "unqualified", "angle-blanks",
                      "group-empty", "dotless")),
        ("Resent-To", ("comma-tight", "name-dots", "unqualified")),
        ("Resent-Cc", ("comma-tight", "name-apostrophe")),
        ("Disposition-Notification-To", ("unqualified", "name-dots", "angle-blanks")),
        ("Return-Receipt-To", ("unqualified", "name-dots")),
        ("Errors-To", ("unqualified", "angle-blanks"))):
    for name in names:
        more = ([b"Resent-From: alice@corp.example"] if field.startswith("Resent")
                else [])
        shape("%s-%s" % (field.lower(), name), "in %s: %s" % (field, _OTHERS[name]
              .split(b"\r\n")[0][:40].decode()),
              message(*more, field.encode() + b": " + _OTHERS[name]),
              quick=(field, name) == ("Reply-To", "unqualified"))
_OWN = (
    ("dots", "dots in a name without quotes", b"A. B. Smith <alice@corp.example>"),
    ("apostrophe", "an apostrophe in a name", b"Alice O'Neil <alice@corp.example>"),
    ("bare", "an address alone", b"alice@corp.example"),
    ("comment", "an old-style name", b"alice@corp.example (Alice)"),
    ("tight", "no blank before the angle bracket", b"Alice<alice@corp.example>"),
    ("angle-blanks", "blanks inside angle brackets", b"Alice < alice@corp.example >"),
    ("brackets", "brackets in a name", b"Alice [IT] <alice@corp.example>"),
    ("comma-name", "a comma in a name without quotes",
     b"Smith, Alice <alice@corp.example>"),
    ("unqualified", "no domain", b"Alice <alice>"),
    ("upper", "capitals in a domain", b"alice@CORP.Example"),
    ("dot-trailing", "a dot behind the domain", b"alice@corp.example."),
    ("route", "a route", b"<@b.example:alice@corp.example>"),
    ("folded", "a fold", b"Alice\r\n\t<alice@corp.example>"),
    ("encoded", "encoded words", b"=?utf-8?Q?=C3=84lice?= <alice@corp.example>"),
    ("two", "two authors", b"alice@corp.example, sales@corp.example"),
    ("two-tight", "two authors without a blank", b"alice@corp.example,sales@corp.example"),
)
for name, why, value in _OWN:
    shape("from-" + name, why, message(b"From: " + value),
          quick=name in ("dots", "two-tight"))
for name in "dots", "unqualified", "angle-blanks":
    value = dict((n, v) for n, _, v in _OWN)[name]
    for field in b"Sender", b"Resent-From":
        shape("%s-%s" % (field.decode().lower(), name),
              "in %s: %s" % (field.decode(), value.decode()),
              message(field + b": " + value))

# Sendmail cuts a mailbox at 256 octets, those from 0x80 to 0x9f counted twice.

_RESENT = [b"Resent-From: alice@corp.example"]
_CYRILLIC = ("\u0424\u0435\u0434\u0435\u0440\u0430\u043b\u044c\u043d\u043e\u0435 "
             "\u0443\u0447\u0440\u0435\u0436\u0434\u0435\u043d\u0438\u0435 ") * 8
_CJK = "\u4e2d\u592e\u7814\u7a76\u9662\u5716\u66f8\u9928" * 8


def _words(text):
    return b"\r\n ".join(b"=?utf-8?B?" + base64.b64encode(text[i:i + 14].encode())
                         + b"?=" for i in range(0, len(text), 14))


def _filled(value, octets, fill=b"x"):
    """The value with so many octets; % stands for what fills it."""
    rest = octets - len(value) + 1
    return value.replace(b"%", (fill * rest)[:rest])


_LONG = (
    ("quoted", "a quoted name", b'"%" <ADDRESS>', b"x"),
    ("words", "a name of words", b'% <ADDRESS>', b"word "),
    ("comment", "a comment after the address", b"ADDRESS (%)", b"word "),
    ("8bit", "a name of 8-bit letters that count twice", b'"%" <ADDRESS>',
     "\u0410".encode()),
    ("folded", "a folded name", b"Pat\r\n % <ADDRESS>", b"word "),
)
for name, why, value, fill in _LONG:
    for field, address, more in (
            (b"From", b"alice@corp.example", []), (b"Sender", b"alice@corp.example", []),
            (b"To", b"a@far.example", []), (b"Cc", b"a@far.example", []),
            (b"Reply-To", b"a@far.example", []), (b"Resent-To", b"a@far.example", _RESENT)):
        for octets in (256, 257, 300) if field in (b"From", b"To") else (300,):
            shape("%s-long-%s-%d" % (field.decode().lower(), name, octets),
                  "%s, %d octets" % (why, octets), message(
                      *more, field + b": " + _filled(
                          value.replace(b"ADDRESS", address), octets, fill)),
                  quick=octets == 257 and name in ("quoted", "8bit"))
for field, address, more in ((b"From", b"alice@corp.example", []),
                             (b"To", b"a@far.example", []),
                             (b"Cc", b"a@far.example", []),
                             (b"Reply-To", b"a@far.example", []),
                             (b"Resent-Cc", b"a@far.example", _RESENT)):
    for name, text in (("cyrillic", _CYRILLIC), ("cjk", _CJK)):
        shape("%s-long-%s" % (field.decode().lower(), name),
              "a long name in encoded words", message(
                  *more, field + b": " + _words(text) + b" <" + address + b">"),
              quick=field == b"From")
_LONG_LISTS = (
    ("second", "the second of a list",
     b'a@far.example, "%s" <b@far.example>, c@far.example' % (b"x" * 300)),
    ("group-name", "the name of a group", b"x" * 260 + b": a@far.example;"),
    ("group-member", "a member of a group",
     b"Team: a@far.example, %s<b@far.example>;" % (b"word " * 60)),
    ("group-empty", "a group without members", b"x" * 254 + b":;"),
    ("unread", "a name beside nothing", b'"%s" <>' % (b"x" * 260)),
    ("address", "an address alone", b"x" * 60 + b"@" + b"x." * 95 + b"example"),
    ("address-named", "a long address and a short name",
     b"Pat <" + b"x" * 60 + b"@" + b"x." * 91 + b"example>"),
)
for name, why, value in _LONG_LISTS:
    shape("to-long-" + name, why, message(b"To: " + value))

# Sendmail's own name, and what it leaves alone though no grammar has it.

for name, why, value in (
        ("localhost", "localhost", b"root@localhost"),
        ("localhost-upper", "in capitals", b"Root <root@LOCALHOST>"),
        ("localhost-domain", "with a domain", b"root@localhost.corp.example"),
        ("localhost-dot", "with a dot behind it", b"root@localhost."),
        ("localhost-list", "in a list", b"a@far.example,\r\n root@localhost"),
        ("localhost-group", "in a group", b"Team: root@localhost, a@far.example;"),
        ("literal-loopback", "its own address", b"root@[127.0.0.1]"),
        ("literal-loopback-2", "not its own address", b"root@[127.0.0.2]"),
        ("bang", "a path and no domain", b"news!alice"),
        ("uucp", "a host of UUCP", b"alice@news.uucp"),
        ("undisclosed-open", "a group without end", b"undisclosed-recipients: "),
        ("undisclosed-angle", "a name beside nothing", b'"Undisclosed Recipients" <>'),
        ("undisclosed-comment", "a comment alone", b"(undisclosed recipients)"),
        ("group-open", "members of a group without end", b"Team: a@far.example"),
        ("group-dots", "a group with dots in its name", b"J. R.: a@far.example;"),
        ("group-dots-empty", "the same without members", b"J. R.:;"),
        ("group-angle-blanks", "odd brackets in a group", b"Team: Pat < a@far.example >;"),
        ("two-dots", "two dots in a local part", b"a..b@far.example, c@far.example"),
        ("comma-only", "a comma", b",")):
    for field in (b"To", b"Reply-To"):
        shape("%s-%s" % (field.decode().lower(), name), why,
              message(field + b": " + value),
              quick=field == b"To" and name in ("localhost", "undisclosed-open"))

# Blanks that simple canonicalization sees.

for name, why, value in (
        ("blank-end", "a blank at the end", b" a@far.example "),
        ("tab-end", "a tab at the end", b" Pat <a@far.example>\t"),
        ("tab-first", "a tab behind the colon", b"\ta@far.example"),
        ("blanks-first", "two blanks behind the colon", b"  a@far.example"),
        ("nothing-first", "nothing behind the colon", b"a@far.example"),
        ("fold-first", "a fold behind the colon", b"\r\n Pat <a@far.example>"),
        ("fold-last", "a fold at the end", b" a@far.example\r\n "),
        ("group-fold-first", "a group behind a fold", b"\r\n\tTeam: a@far.example;"),
        ("group-long", "a group that is folded anew",
         b" Team: " + b", ".join(_many) + b";"),
        ("comment-tab", "a tab before a comment", b" a@far.example\t(Pat)"),
        ("comment-fold", "a fold before a comment", b" a@far.example\r\n (Pat)"),
        ("tab-alone", "a tab and nothing else", b"\t"),
        ("8bit-list", "8-bit names in a list that is folded anew", b" " + b", ".join(
            b"\xd0\x90\xd0\x90\xd0\x90\xd0\x90\xd0\x90\xd0\x90 <p%d@far.example>"
            % i for i in range(9)))):
    for field, more in ((b"To", []), (b"Reply-To", []), (b"Resent-To", _RESENT)):
        shape("%s-%s" % (field.decode().lower(), name), why,
              message(*more, field + b":" + value))
