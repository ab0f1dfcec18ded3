#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""submilter on a real Postfix."""

import unittest

import certificates
import common
import fingerprints
import preflight
from common import ALICE, BOB, BODY, COMPLETE, lab


def setUpModule():
    scratch = lab.scratch("submilter-e2e.")
    top = scratch.__enter__()
    unittest.addModuleCleanup(scratch.__exit__, None, None, None)
    common.Base.world = common.World(top)
    common.Base.debs = lab.Debs.shared(top, "postfix", "saslauthd")


class Postfix(common.Tests, unittest.TestCase):
    LINE_LIMIT = 998
    NO_MACROS = {"milter_%s_macros" % stage: "" for stage in (
        "connect", "helo", "mail", "rcpt", "data", "end_of_header", "end_of_data")}
    mta_class = lab.Postfix

    def test_long_names_and_localhost_are_left_alone(self):
        _, mta = self.start()
        name = b'"' + b"word " * 60 + b'end" <alice@corp.example>'
        data = self.deliver(mta, b"From: " + name + b"\r\nCc: a@[127.0.0.1]\r\n"
                            + COMPLETE + BODY)
        self.check_signed(data)
        self.assertEqual(common.fields(data, b"From"), [name])
        self.assertEqual(common.fields(data, b"Cc"), [b"a@[127.0.0.1]"])

    def start_returning(self, origin):
        """One that returns what is not for corp.example, as the manual says."""
        return self.start(extra={
            "internal_mail_filter_classes": "bounce", "myorigin": origin,
            "myhostname": "mail.corp.example",
            "smtpd_reject_unlisted_recipient": "no",
            "default_transport": "error:5.1.1 nobody there",
            "transport_maps": "inline:{corp.example=smtp:[127.0.0.1]:%d}"
                              % self.sink.port})

    def returned(self, milter, mta, raw):
        before = len(self.sink.messages)
        self.assertTrue(self.submit(mta, raw).accepted)
        data = self.sink.wait_for(before + 1)[before].data
        self.assertIn(b"report-type=delivery-status", data)
        milter.wait_for_log("via=bounce")
        common.wait_until(lambda: not mta.queue_files(), 20, "an empty queue")
        return data

    def test_bounces_are_signed(self):
        milter, mta = self.start_returning("corp.example")
        for raw in common.HONEST, common.HONEST.replace(b"Alice", b"Gr\xc3\xbcn"):
            data = self.returned(milter, mta, raw)
            self.assertEqual(common.fields(data, b"From"), [
                b"Mail Delivery System <MAILER-DAEMON@corp.example>"])
            self.check_signed(data)

    def test_bounces_of_a_host_without_a_key_arrive(self):
        milter, mta = self.start_returning("$myhostname")
        data = self.returned(milter, mta, common.HONEST)
        self.assertIn(b"MAILER-DAEMON@mail.corp.example", data)
        self.assertNotIn(b"DKIM-Signature", common.header_of(data))

    def test_the_form_of_what_is_returned_is_no_reason(self):
        milter, mta = self.start_returning("corp.example")
        report = (b"From: MAILER-DAEMON\nTo: bob@corp.example\nSubject: x\n"
                  b"MIME-Version: 1.0\nContent-Type: multipart/report; "
                  b"report-type=delivery-status; boundary=b\n"
                  b"Content-Transfer-Encoding: 8bit\n\n--b\n"
                  b"Content-Type: message/delivery-status\n"
                  b"Content-Transfer-Encoding: 8bit\n\n"
                  b"Reporting-MTA: dns; Gr\xc3\xbc\xc3\x9fe\n--b--\n")
        mta.sendmail(report, "<>", ["bob@corp.example"])
        self.check_signed(self.sink.wait_for(1)[0].data)
        # Nor of what a user sends.
        self.assertTrue(self.submit(mta, report.replace(b"\n", b"\r\n").replace(
            b"MAILER-DAEMON", common.ALICE.encode()), "").accepted)

    def test_a_local_user_is_no_mail_server(self):
        milter, mta = self.start_returning("corp.example")
        mta.sendmail(b"From: ceo@corp.example\nTo: bob@corp.example\n\nHello.\n",
                     "<>", ["bob@corp.example"])
        milter.wait_for_log("via=bounce .*action=reject reason=rights")
        self.assertEqual(self.sink.messages, [])

    def check_arguments(self, directory):
        return ["--postfix", directory]

    def test_older_protocols(self):
        """It offers less then, and signatures arrive valid all the same."""
        for version in "2", "3", "4":
            with self.subTest(version):
                milter, mta = self.start(common.REWRITE_PATH,
                                         extra={"milter_protocol": version})
                before = len(self.sink.messages)
                self.assertTrue(self.submit(mta, (
                    b"From: alice@corp.example\r\nTo:a@far.example\r\n"
                    b"Subject:  x\r\n y\r\nReply-To:\tbob@far.example\r\n"
                    + common.BODY)).accepted)
                data = self.sink.wait_for(before + 1)[before].data
                self.check_signed(data)
                self.assertRegex(data, rb"(?m)^DKIM-Signature: v=1")
                milter.wait_for_log("lacks .*blanks at the start of a field.*: "
                                    "it is served without")
                self.assertEqual(self.submit(mta, common.HONEST.replace(
                    b"From", b"Sender: ceo@corp.example\r\nFrom")).reply.code,
                    550)
                self.check_signed(self.deliver(mta, common.HONEST,
                                               "root@host.example"))
                self.assertEqual(self.sink.messages[-1].mail_from, common.ALICE)


class PostfixPreflight(preflight.Tests, unittest.TestCase):
    mta_class = lab.Postfix


class Asking(lab.Postfix):
    """Its submission service asks for certificates."""

    service_options = {"submission": [
        "{ smtpd_relay_restrictions = permit_sasl_authenticated, "
        "permit_tls_all_clientcerts, reject }",
        "milter_macro_daemon_name=ASKING"]}


class PostfixCertificates(certificates.Tests, unittest.TestCase):
    mta_class = Asking

    def start_asking(self, options, **extra):
        milter, mta = self.start(options, extra={
            "smtpd_tls_ask_ccert": "yes", "smtpd_tls_CAfile": self.clients_ca,
            **extra})
        return milter, mta.submission_port

    def test_behind_a_proxy_it_is_the_certificate_of_the_proxy(self):
        milter, port = self.start_asking(
            self.options(), smtpd_authorized_xclient_hosts="127.0.0.0/8")
        with self.session(port, self.good) as s:
            self.assertEqual(s.command("XCLIENT ADDR=192.0.2.9 LOGIN=" + BOB).code, 220)
            s.ehlo()
            self.assertEqual(s.mail(ALICE).code, 550)
            self.assertEqual(s.mail(BOB).code, 250)
        milter.wait_for_log("login=bob@corp.example via=xclient client=192.0.2.9")


class PostfixFingerprints(fingerprints.Tests, unittest.TestCase):
    pass


if __name__ == "__main__":
    unittest.main()
