# SPDX-License-Identifier: BSD-2-Clause
"""Receipts that mail programs of users send (RFC 8098): <> in MAIL FROM, and a login."""

import email

import common
from common import ALICE, BOB, CEO, COMPLETE

# Of the mail that was read, as its author's program wrote it.
RAW = b"Subject: Gr\xc3\xbc\xc3\x9fe " + b"\xe4\xb8\xad" * 60 + b"\r\nX: " + b"word " * 300 + b"."
REPORT = (b"Reporting-UA: corp.example; Thunderbird\r\nFinal-Recipient: rfc822;%s\r\n"
          b"Original-Message-ID: <1@far.example>\r\n"
          b"Disposition: manual-action/MDN-sent-manually; displayed\r\n" % ALICE.encode())


def receipt(author, more=b"", headers=b"Subject: hello", report=REPORT):
    """As Thunderbird writes it, with other fields of the mail that was read."""
    return (b"From: Alice <%s>\r\n" % author.encode() + more + COMPLETE
            + b"References: <1@far.example>\r\nMIME-Version: 1.0\r\n"
            b"Content-Type: multipart/report; report-type=disposition-notification;\r\n"
            b" boundary=\"----mdn\"\r\n\r\n------mdn\r\n"
            b"Content-Type: text/plain; charset=UTF-8\r\nContent-Transfer-Encoding: 8bit\r\n"
            b"\r\nIhre Nachricht wurde ge\xc3\xb6ffnet.\r\n\r\n------mdn\r\n"
            b"Content-Type: message/disposition-notification; name=\"MDNPart2.txt\"\r\n"
            b"Content-Disposition: inline\r\nContent-Transfer-Encoding: 7bit\r\n\r\n"
            + report + b"\r\n------mdn\r\n"
            b"Content-Type: text/rfc822-headers; name=\"MDNPart3.txt\"\r\n"
            b"Content-Disposition: inline\r\n\r\n" + headers
            + b"\r\n\r\n------mdn--\r\n")


class Receipts:
    """Mixed into tests of either MTA."""

    def receive(self, mta, raw):
        data = self.deliver(mta, raw, "", mail_args=["BODY=8BITMIME"])
        self.assertEqual(self.sink.messages[-1].mail_from, "")
        parts = email.message_from_bytes(data).get_payload()
        self.assertEqual([p.get_content_type() for p in parts], [
            "text/plain", "message/disposition-notification", "text/rfc822-headers"])
        # Its parts are not encoded as they may not be.
        self.assertIn(parts[1]["Content-Transfer-Encoding"], (None, "7bit"))
        self.assertIn(parts[2]["Content-Transfer-Encoding"],
                      (None, "7bit", "8bit", "quoted-printable"))
        return data, parts

    def test_receipts_of_users_are_signed(self):
        milter, mta = self.start()
        for headers in b"Subject: hello\r\nTo: alice@corp.example", RAW:
            with self.subTest(headers):
                data, parts = self.receive(mta, receipt(ALICE, headers=headers))
                self.check_signed(data)
                self.assertIn(REPORT.strip(), data)
                self.assertEqual(parts[2].get_payload(decode=True).strip(), headers)
        self.assertNotIn("action=reject", milter.log())
        milter.wait_for_log("login=alice@corp.example via=sasl .*mail_from=<> "
                            ".*action=accept .*signed=corp.example", 2)

    def test_a_report_that_the_mta_breaks_goes_on_unsigned(self):
        _, mta = self.start()
        data, _ = self.receive(mta, receipt(
            ALICE, report=REPORT + b"Error: " + b"word " * 300 + b"\r\n"))
        self.assertEqual(common.fields(data, b"DKIM-Signature"), [])

    def test_a_receipt_is_no_way_to_pose_as_another(self):
        _, mta = self.start()
        for raw in (receipt(CEO), receipt(BOB), receipt("mailer-daemon@corp.example"),
                    receipt(ALICE, b"Sender: ceo@corp.example\r\n"),
                    receipt(ALICE, b"From: ceo@corp.example\r\n")):
            result = self.submit(mta, raw, "")
            self.assertFalse(result.accepted, result)
            self.assertEqual(result.reply.code // 10, 55, result)
        self.assertEqual(self.sink.messages, [])
