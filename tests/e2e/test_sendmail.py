#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""submilter on a real Sendmail."""

import base64
import email.header
import re
import socket
import unittest

import certificates
import common
import preflight
from common import ALICE, BOB, BODY, COMPLETE, lab
from lab.process import free_port


def setUpModule():
    scratch = lab.scratch("submilter-e2e.")
    top = scratch.__enter__()
    unittest.addModuleCleanup(scratch.__exit__, None, None, None)
    common.Base.world = common.World(top)
    common.Base.debs = lab.Debs.shared(top, "sendmail", "saslauthd")


class Sendmail(common.Tests, unittest.TestCase):
    LINE_LIMIT = 990
    NO_MACROS = ["define(`confMILTER_MACROS_%s', `_')dnl" % stage for stage in (
        "CONNECT", "HELO", "ENVFROM", "ENVRCPT", "DATA", "EOH", "EOM")]
    mta_class = lab.Sendmail

    # What Sendmail cuts, or writes anew, behind the milter.

    HIDDEN = b"ceo@corp.example.team.example"

    def test_no_name_is_long_enough_to_cut_an_address(self):
        _, mta = self.start(rights="@corp.example.team.example bob@corp.example\n")
        names = [b'"%s"', b"%s", b'"CEO %s"', b"CEO %s", b"(%s)"]
        for name in names:
            for length in 215, 221, 222, 223, 224, 225, 236, 300, 900:
                for address in self.HIDDEN, b"ceo@team.example":
                    with self.subTest(name=name, length=length, address=address):
                        value = name % (b"a" * length) + b" <" + address + b">"
                        raw = b"From: " + value + b"\r\n" + COMPLETE + BODY
                        result = self.submit(mta, raw, "bob@team.example",
                                             "bob@corp.example")
                        if not result.accepted:     # comments are an author's form
                            self.assertIn(b"(", value)
                            continue
                        data = self.sink.wait_for(1)[0].data
                        self.sink.messages.clear()
                        found = common.fields(data, b"From")[0]
                        self.assertTrue(found.endswith(b"<" + address + b">"), found)
                        self.assertLessEqual(len(found), 256)
                        if address != self.HIDDEN:
                            self.check_signed(data)

    LONG = (
        ("\u0424\u0435\u0434\u0435\u0440\u0430\u043b\u044c\u043d\u043e\u0435 "
         "\u0431\u044e\u0434\u0436\u0435\u0442\u043d\u043e\u0435 "
         "\u0443\u0447\u0440\u0435\u0436\u0434\u0435\u043d\u0438\u0435 ") * 3,
        "\u4e2d\u592e\u7814\u7a76\u9662" * 12,
    )

    @staticmethod
    def encoded(text):
        return b"\r\n ".join(b"=?utf-8?B?" + base64.b64encode(
            text[i:i + 14].encode()) + b"?=" for i in range(0, len(text), 14))

    def test_long_names_arrive_shortened_and_signed(self):
        for options in "", "sign { canonicalization = simple/simple }":
            _, mta = self.start(options)
            for field, address in ((b"From", b"alice@corp.example"),
                                   (b"Sender", b"alice@corp.example"),
                                   (b"Reply-To", b"pat@far.example"),
                                   (b"To", b"pat@far.example"),
                                   (b"Cc", b"pat@far.example")):
                for text in self.LONG:
                    with self.subTest(field=field, text=text, options=options):
                        value = b" %s <%s>" % (self.encoded(text), address)
                        lines = [b"From: Alice <alice@corp.example>\r\n"] + [
                            line + b"\r\n" for line in COMPLETE.split(b"\r\n")
                            if line and not line.startswith(field + b":")]
                        raw = b"".join(lines[field == b"From":]) \
                            + field + b":" + value + b"\r\n" + BODY
                        data = self.deliver(mta, raw)
                        self.check_signed(data)
                        found = common.fields(data, field)[0]
                        name, _, rest = found.rpartition(b" <")
                        self.assertEqual(rest, address + b">")
                        shown = str(email.header.make_header(
                            email.header.decode_header(name.decode())))
                        self.assertTrue(text.startswith(shown), shown)
                        self.assertGreaterEqual(len(shown), 40)
                        if " " in text:
                            self.assertIn(text[len(shown)], " ")
            mta.stop()

    def test_its_own_name_stands_where_it_would_write_it(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            # No packet is sent: that only asks which address would be used.
            try:
                s.connect(("198.51.100.1", 9))
                own = s.getsockname()[0]
            except OSError:
                own = "127.0.0.1"
        own = b"[%s]" % own.encode()
        for options in "", "sign { canonicalization = simple/simple }":
            _, mta = self.start(options)
            for value in (b"root@localhost", b"Root <root@LOCALHOST>",
                          b"a@localhost.corp.example, b@far.example",
                          b"Hosts: a@localhost, b@far.example;",
                          b"a@[127.0.0.1]", b"A <a@%s>" % own, b"news!alice"):
                with self.subTest(value=value, options=options):
                    data = self.deliver(mta, b"From: Alice <alice@corp.example>\r\n"
                                        b"Cc: " + value + b"\r\n" + COMPLETE + BODY)
                    self.check_signed(data)
                    found = common.fields(data, b"Cc")[0]
                    self.assertIsNone(re.search(rb"(?i)localhost|\[", found), found)
            for value in (b"a@[198.51.100.1]", b"a@[127.0.0.2]", b"a@[IPv6:::1]"):
                with self.subTest(value=value, options=options):
                    data = self.deliver(mta, b"From: Alice <alice@corp.example>\r\n"
                                        b"Cc: " + value + b"\r\n" + COMPLETE + BODY)
                    self.check_signed(data)
                    self.assertEqual(common.fields(data, b"Cc"), [value])
            mta.stop()

    def test_who_writes_from_localhost_is_judged_by_what_goes_out(self):
        _, mta = self.start("authors { domain-literal = accept }",
                            rights="@mail.corp.example bob@corp.example\n"
                            "@localhost.corp.example alice@corp.example\n")
        own = "root@mail.corp.example"
        for address in "root@localhost", "root@LOCALHOST.corp.example", "root@[127.0.0.1]":
            with self.subTest(address=address):
                raw = b"From: Root <%s>\r\n" % address.encode() + COMPLETE + BODY
                self.deliver(mta, raw, address, "bob@corp.example")
                message = self.sink.messages[-1]
                self.assertEqual(message.mail_from, own)
                self.assertEqual(common.fields(message.data, b"From"),
                                 [b"Root <%s>" % own.encode()])
                for path, where in (address, "MAIL FROM"), ("alice@corp.example", "From"):
                    result = self.submit(mta, raw, path, "alice@corp.example")
                    self.assertIn("may not send as %s (%s; you typed %s)" % (
                        own, where, address), result.reply.text, result)

    def check_arguments(self, directory):
        return ["--sendmail", directory / "sendmail.cf"]


class SendmailPreflight(preflight.Tests, unittest.TestCase):
    mta_class = lab.Sendmail


class SendmailCertificates(certificates.Tests, unittest.TestCase):
    mta_class = lab.Sendmail

    def start_asking(self, options):
        port = free_port()
        milter, _ = self.start(options, extra=[
            "define(`confCACERT', `%s')dnl" % self.clients_ca,
            "define(`confCERT_FINGERPRINT_ALGORITHM', `sha256')dnl",
            "DAEMON_OPTIONS(`Name=Asking, Port=%d, Addr=127.0.0.1, "
            "Family=inet, M=E')dnl" % port])
        return milter, port

    def test_a_fingerprint_proves_a_login(self):
        milter, port = self.start_asking(self.options())
        with self.session(port, self.printer) as s:
            self.assertEqual(s.mail(BOB).code, 250)
            s.command("RSET")
            self.assertEqual(s.mail(ALICE).code, 550)
        milter.wait_for_log("login=bob@corp.example via=client-cert")

    def test_a_certificate_that_signs_itself_is_verified_where_it_is_listed(self):
        """As docs/recipes.md does: it stands in the file of confCACERT, too."""
        stranger = self.authority.alone("stranger", "/CN=machine")
        machine = certificates.Authority(self.authority.top / "machine", "/CN=machine")
        forged = machine.sign("forged", "/CN=machine")
        self.table.write_text(self.table.read_text() + "%s %s\n" % (
            certificates.fingerprint(machine.certificate), BOB))
        self.clients_ca.write_text(self.clients_ca.read_text()
                                   + machine.certificate.read_text())
        milter, port = self.start_asking(self.options())
        for certificate, code in (machine.certificate, 250), (stranger, 530), (forged, 530):
            with self.session(port, certificate) as s:
                self.assertEqual(s.mail(BOB).code, code, certificate)


if __name__ == "__main__":
    unittest.main()
