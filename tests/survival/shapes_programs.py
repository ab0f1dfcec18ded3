# SPDX-License-Identifier: BSD-2-Clause
"""Mail as programs write it: their fields, folds and habits, with invented words."""

from shapes import Area, base64_lines, message, mime, multipart, part, text
from shapes_mime import BINARY, UTF8, mixed

shape = Area("programs")
EIGHT = ("BODY=8BITMIME",)


def plain(head, body):
    return text(head.strip("\n")) + b"\r\n\r\n" + text(body)


shape("thunderbird", "Thunderbird: flowed, 8bit", plain("""
Message-ID: <0d3f4c62-8b3c-4c7a-9d3c-6d6f8a2b1c11@corp.example>
Date: Mon, 23 Nov 2026 10:15:30 +0100
MIME-Version: 1.0
User-Agent: Mozilla Thunderbird
Content-Language: de-DE
To: =?UTF-8?Q?J=C3=BCrgen_Gro=C3=9F?= <friend@far.example>,
 "Friend, Pat" <pat@far.example>
From: =?UTF-8?Q?Alice_M=C3=BCller?= <alice@corp.example>
Subject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe?=
Organization: Corp
Content-Type: text/plain; charset=UTF-8; format=flowed
Content-Transfer-Encoding: 8bit
""", "Hallo Jürgen,\n\nschöne Grüße \naus Köln\n\n-- \nAlice\n"), mail_args=EIGHT,
      quick=True)
shape("outlook", "Outlook: folds with tabs, quoted-printable, Latin-1", plain("""
From: "Alice" <alice@corp.example>
To: "'Friend, Pat'" <pat@far.example>,
\t"'Jurgen'" <friend@far.example>
Subject: RE: Angebot
Date: Mon, 23 Nov 2026 10:15:30 +0100
Message-ID: <000001dc5c6e$8a3c0f30$9eb42d90$@corp.example>
MIME-Version: 1.0
Content-Type: multipart/alternative;
\tboundary="----=_NextPart_000_0001_01DC5C76.EC01D1A0"
X-Mailer: Microsoft Outlook 16.0
Thread-Index: AdxcbmbL3x0o7w==
Content-Language: de
""", """\
This is a multipart message in MIME format.

------=_NextPart_000_0001_01DC5C76.EC01D1A0
Content-Type: text/plain;
\tcharset="iso-8859-1"
Content-Transfer-Encoding: quoted-printable

Sch=F6ne Gr=FC=DFe=20

------=_NextPart_000_0001_01DC5C76.EC01D1A0
Content-Type: text/html;
\tcharset="iso-8859-1"
Content-Transfer-Encoding: quoted-printable

<html xmlns:o=3D"urn:schemas-microsoft-com:office:office"><body>=
Sch=F6n</body></html>
------=_NextPart_000_0001_01DC5C76.EC01D1A0--

"""))
shape("outlook-tnef", "winmail.dat and names with dots", mixed(
    part(b"text/plain;\r\n\tcharset=\"us-ascii\"", b"7bit", b"see attachment\r\n"),
    part(b"application/ms-tnef;\r\n\tname=\"winmail.dat\"", b"base64",
         base64_lines(BINARY)), fields=(b"To: Friend, P. <pat@far.example>",)))
shape("apple-mail", "Apple Mail: related inside alternative, name without quotes",
      mixed(part(b"text/plain;\r\n\tcharset=utf-8", b"quoted-printable", b"Gr=C3=BC=C3=9Fe\r\n"),
            part(b"multipart/related;\r\n\ttype=\"text/html\";\r\n\tboundary=\"Apple-Mail=_B\"",
                 None, multipart(
                     part(b"text/html;\r\n\tcharset=utf-8", b"8bit",
                          b"<html><head></head><body style=\"x\">" + UTF8 * 60
                          + b"</body></html>"),
                     part(b"image/jpeg;\r\n\tname=photo.jpg", b"base64", base64_lines(BINARY),
                          b"Content-Disposition: inline;\r\n\tfilename=photo.jpg",
                          b"Content-Id: <3@corp.example>"),
                     boundary=b"Apple-Mail=_B")),
            kind=b"alternative", boundary=b"Apple-Mail=_A",
            fields=(b"X-Mailer: Apple Mail (2.3826.200.121)",
                    b"X-Universally-Unique-Identifier: A-B")), mail_args=EIGHT)
shape("iphone", "iOS: HTML in long lines", mime(
    b"text/html;\r\n\tcharset=utf-8", b"quoted-printable",
    b"<html><head></head><body dir=3D\"auto\">Hi<br><br>Sent from my phone</body></html>=\r\n",
    b"X-Mailer: iPhone Mail (22A3354)"))
shape("mutt", "mutt: In-Reply-To, Mail-Followup-To, 8bit", mime(
    b"text/plain; charset=utf-8", b"8bit", UTF8, b"In-Reply-To: <2@far.example>",
    b"Mail-Followup-To: Alice <alice@corp.example>, friend@far.example",
    b"References: <1@far.example>\r\n <2@far.example>", b"User-Agent: Mutt/2.2.13"),
    mail_args=EIGHT)
shape("gmail", "Gmail on the web", mixed(
    part(b'text/plain; charset="UTF-8"', None, b"hello\r\n"),
    part(b'text/html; charset="UTF-8"', None, b'<div dir="ltr">hello</div>\r\n'),
    kind=b"alternative", boundary=b"000000000000a1b2c3d4",
    fields=(b"X-Gm-Message-State: " + b"AOJu0Yx" * 40,)))
shape("roundcube", "Roundcube: bare To, 8bit, flowed", mime(
    b"text/plain; charset=UTF-8;\r\n format=flowed", b"8bit", UTF8,
    b"To: friend@far.example", b"User-Agent: Roundcube Webmail",
    b"X-Sender: alice@corp.example"), mail_args=EIGHT)
shape("k9", "a phone: no name, autocrypt in long folds", mime(
    b"text/plain;\r\n charset=utf-8", b"quoted-printable", b"hello\r\n",
    b"Autocrypt: addr=alice@corp.example; prefer-encrypt=mutual; keydata=\r\n "
    + b"\r\n ".join([b"mQENBF" * 12] * 30)))
shape("exchange", "Exchange: X- fields, HTML of one line", mime(
    b'text/html; charset="utf-8"', b"8bit", b"<html><body>" + b"<o:p>&nbsp;</o:p>" * 600
    + UTF8[:-2] + b"</body></html>\r\n", b"Thread-Topic: Angebot",
    b"X-MS-Has-Attach:", b"X-MS-Exchange-Organization-SCL: -1",
    b"x-ms-exchange-messagesentrepresentingtype: 1", b"Accept-Language: de-DE, en-US"),
    mail_args=EIGHT)
shape("notes", "Notes: no blank behind commas, Latin-1", mime(
    b'text/plain; charset="ISO-8859-1"', b"8bit", "schöne Grüße\r\n".encode("latin-1"),
    b"To: \"Friend Pat\" <pat@far.example>,friend@far.example,IT@far.example",
    b"X-MIMETrack: Serialize by Router on MAIL/CORP(Release 9.0.1|February  10, 2019) at\r\n"
    b" 23.11.2026 10:15:30"), mail_args=EIGHT)
shape("php-mail", "PHP's mail(): raw everything", message(
    "Subject: Bestätigung Ihrer Bestellung".encode(), b"X-PHP-Originating-Script: 33:a.php",
    b"Content-type: text/html; charset=UTF-8",
    body="<p>Vielen Dank für Ihre Bestellung.</p>".encode() * 40 + b"\r\n",
    without=["Message-ID", "Date"]), quick=True)
shape("cron", "cron", plain("""
From: alice@corp.example (Cron Daemon)
To: alice
Subject: Cron <alice@host> /usr/local/bin/backup
MIME-Version: 1.0
Content-Type: text/plain; charset=UTF-8
Content-Transfer-Encoding: 8bit
X-Cron-Env: <SHELL=/bin/sh>
X-Cron-Env: <HOME=/home/alice>
""", "rsync: can’t open\n" + "x" * 1100 + "\n"))
shape("logwatch", "a report with very long lines and control characters", message(
    body=b"log: " + b"field=value " * 300 + b"\x1b[31mred\x1b[0m\r\n",
    without=["Date", "Message-ID"]))
shape("erp", "an ERP system: Latin-1 unlabelled, names with commas", message(
    "From: Müller Alice <alice@corp.example>".encode("latin-1"),
    "Subject: Lieferschein für Auftrag 4711".encode("latin-1"),
    body="Sehr geehrte Damen und Herren,\r\nanbei die Übersicht.\r\n".encode("latin-1")
    + b"Pos;Artikel;Menge;" * 100 + b"\r\n", without=["Message-ID"]))
shape("scanner", "a copier", mixed(
    part(b"text/plain", b"7bit", b"scan\r\n"),
    part(b'application/pdf; name="scan.pdf"', b"base64", base64_lines(BINARY, 72)),
    fields=(b"From: scanner<alice@corp.example>", b"To: <friend@far.example>,",
            b"X-Mailer: MFP"), more=b"; charset=us-ascii"))
shape("git-send-email", "a patch with 8 bits and tabs", mime(
    b"text/plain; charset=UTF-8", b"8bit",
    text("Signed-off-by: Älice <alice@corp.example>\n---\n a.c | 2 +-\n"
         "diff --git a/a.c b/a.c\n-\told \n+\tnew\n-- \n2.47.0\n\n"),
    b"Cc: \xc3\x84lice <alice@corp.example>,\r\n\tlist@far.example",
    b"X-Mailer: git-send-email 2.47.0"), mail_args=EIGHT)
shape("newsletter", "a newsletter: long URL, HTML in one line", mixed(
    part(b"text/plain; charset=utf-8", b"quoted-printable", b"read it online\r\n"),
    part(b"text/html; charset=utf-8", b"8bit",
         b'<a href="https://corp.example/' + b"x" * 900 + b'">' + UTF8[:-2] + b"</a>" * 50
         + b"\r\n"), kind=b"alternative",
    fields=(b"List-Id: News <news.corp.example>", b"Precedence: bulk",
            b"List-Unsubscribe: <https://corp.example/u?" + b"a" * 700 + b">",
            b"Feedback-ID: 1:2:3:corp")), mail_args=EIGHT)
shape("mailing-list", "through a list manager: Sender, Errors-To, many fields", message(
    b"Reply-To: list@far.example", b"Sender: \"List\" <alice@corp.example>",
    b"Errors-To: alice@corp.example", b"X-BeenThere: list@far.example",
    b"List-Id: <list.far.example>", b"Precedence: list"))
shape("vacation", "an automatic answer", message(
    b"Auto-Submitted: auto-replied", b"X-Auto-Response-Suppress: All",
    b"In-Reply-To: <2@far.example>", b"Precedence: junk"))
shape("ticket", "a ticket system: X- fields, quoted name with brackets", message(
    b'To: "[#4711] Pat O\'Neil (IT)" <pat@far.example>', b"X-OTRS-Loop: yes",
    b"Subject: [Ticket#4711]   Re:  problem"))
shape("java-mail", "JavaMail: folds at 76, Latin-1 declared as Cp1252", mime(
    b"text/plain; charset=Cp1252", b"8bit", "für €5\r\n".encode("cp1252"),
    b"Message-ID: <123.1.1700000000000.JavaMail.alice@host>"), mail_args=EIGHT)
shape("python-smtplib", "a script: no fields but two", message(
    body=b"disk full\r\n", without=["Date", "Message-ID", "To"]))
