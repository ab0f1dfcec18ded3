#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What `submilter check` says of an MTA, beside what that MTA really does.

For each setting that takes mail past the milter, a real Postfix or Sendmail sends
a forged From on unsigned, and `check` calls that an error; with the line that it
proposes the forgery is refused, and `check` has nothing against it.
"""

import json
import os
import re
import subprocess
import time
import unittest

import common
from common import ALICE, BODY, COMPLETE, FRIEND, HONEST, fields, lab
from lab.process import free_port

FORGED = b"From: ceo@corp.example\r\n" + COMPLETE + BODY


def setUpModule():
    scratch = lab.scratch("submilter-check.")
    Base.top = scratch.__enter__()
    unittest.addModuleCleanup(scratch.__exit__, None, None, None)


class Base(common.Base):
    top = None
    config_option = None        # of check, that names the MTA's configuration
    package = None

    @classmethod
    def setUpClass(cls):
        top = cls.top / cls.package
        top.mkdir()
        top.chmod(0o755)
        cls.world = common.World(top)
        cls.debs = lab.Debs.shared(top, cls.package)

    def check(self, milter, mta):
        """The exit code of check, and its findings by level."""
        done = subprocess.run(
            [os.environ["SUBMILTER"], "check", "-c", milter.config, "--json",
             self.config_option, self.config_of(mta)],
            stdout=subprocess.PIPE, timeout=60, check=False)
        return done.returncode, json.loads(done.stdout)["findings"]

    def says(self, findings, level, pattern):
        for finding in findings:
            if finding["level"] == level and re.search(pattern, finding["text"]):
                return finding
        self.fail("%s: %s is not among\n%s" % (level, pattern, "\n".join(
            "%(level)s: %(text)s" % f for f in findings)))

    def forgery_leaves(self, mta):
        data = self.deliver(mta, FORGED)
        self.assertEqual(fields(data, b"DKIM-Signature"), [])
        self.assertEqual(fields(data, b"From"), [b"ceo@corp.example"])

    def forgery_is_refused(self, mta):
        result = self.submit(mta, FORGED)
        self.assertEqual((result.accepted, result.reply.code), (False, 550), result)


class Mended(lab.Postfix):
    """Runs the command that check proposed, before it starts."""

    fix = None

    def _configure(self):
        super()._configure()
        if self.fix is None:
            return
        # Its service is that of an earlier start, on another port.
        command, reload = self.fix.split(" && ")
        command = re.sub(r"-c \S+ -P 127\.0\.0\.1:\d+/", "-c %s -P 127.0.0.1:%d/" % (
            self.directory, self.plain_port if self.fixes_plain else self.submission_port), command)
        assert re.fullmatch(r"postfix -c \S+ reload", reload), reload
        subprocess.run(["sh", "-ec", command], check=True, env=dict(
            self.debs.environment(), PATH="%s/usr/sbin:%s" % (
                self.debs.package("postfix"), os.environ["PATH"])))

    fixes_plain = False


class Postfix(Base, unittest.TestCase):
    mta_class = lab.Postfix
    package = "postfix"
    config_option = "--postfix"

    def config_of(self, mta):
        return mta.directory

    def start_changed(self, milter, main=None, options=None, services="", fix=None):
        # Port 25 of the laboratory is a trusted network, of no concern here.
        options = dict(options or {})
        options["plain"] = ["smtpd_milters="]
        # So is local mail, unless a test says otherwise.
        mta = Mended(self.world.top / ("mta%d" % next(common.number)), self.debs,
                     self.sink.port, milter=milter.socket, users=common.USERS,
                     extra=dict({"non_smtpd_milters": ""}, **(main or {})))
        mta.service_options, mta.more_services, mta.fix = options, services, fix
        self.addCleanup(mta.stop)
        mta.start()
        return mta

    def milter(self, options=""):
        milter = common.Milter(self.world, lab.Postfix, options)
        milter.start()
        self.addCleanup(milter.kill)
        return milter

    def login_lines(self, mta, option):
        """The port is no 587 here, so AUTH makes it one where users submit."""
        return r"^Postfix: service \"127\.0\.0\.1:%d\" .*%s" % (mta.submission_port, option)

    def test_mail_that_passes_the_milter(self):
        milter = self.milter()
        mta = self.start_changed(milter)
        code, findings = self.check(milter, mta)
        self.assertEqual(code, 0, findings)
        self.says(findings, "ok", self.login_lines(mta, "passes mail to the milter"))
        self.forgery_is_refused(mta)
        self.check_signed(self.deliver(mta, HONEST))

    def test_settings_by_which_mail_does_not_pass(self):
        port = free_port()
        back = "127.0.0.1:%d inet n - n - - smtpd\n -o smtpd_milters=\n" % port
        cases = [
            ({"receive_override_options": "no_milters"}, [], "",
             "receive_override_options in main.cf"),
            ({}, ["receive_override_options=no_header_body_checks,no_milters"], "",
             "receive_override_options in master.cf"),
            ({}, ["smtpd_proxy_filter=127.0.0.1:%d" % port], back, "smtpd_proxy_filter"),
            ({"smtpd_milter_maps": "static:DISABLE"}, [], "", "smtpd_milter_maps"),
            ({"smtpd_milter_maps": "cidr:{{127.0.0.0/8 disable}}"}, [], "",
             "smtpd_milter_maps"),
            ({"smtpd_milter_maps": "inline:{127.0.0.1=DISABLE}"}, [], "",
             "smtpd_milter_maps"),
            ({}, ["smtpd_milters="], "", "their mail does not pass"),
        ]
        milter = self.milter()
        for main, options, services, text in cases:
            with self.subTest(text=text, main=main, options=options):
                mta = self.start_changed(milter, main, {"submission": options}, services)
                self.forgery_leaves(mta)
                code, findings = self.check(milter, mta)
                self.assertEqual(code, 1, findings)
                finding = self.says(findings, "error", self.login_lines(mta, text))
                mta.stop()
                mta = self.start_changed(milter, main, {"submission": options}, services,
                                         fix=finding["fix"])
                self.forgery_is_refused(mta)
                code, findings = self.check(milter, mta)
                self.assertEqual(code, 0, findings)
                mta.stop()

    def test_mail_from_other_servers_that_is_refused(self):
        milter = self.milter()
        mta = self.start_changed(milter)
        # The laboratory's plain port stands for port 25, which no test may take.
        mta.service_options = {}
        mta.stop()
        mta.start()
        result = lab.submit(mta.plain_port, HONEST, "x@far.example", [ALICE], starttls=False)
        self.assertEqual((result.accepted, result.reply.code), (False, 530), result)
        code, findings = self.check(milter, mta)
        self.assertEqual(code, 1, findings)
        finding = self.says(findings, "error", '127.0.0.1:%d" .*all of its mail will be '
                            "refused with 530" % mta.plain_port)
        mta.stop()
        mta.fix, mta.fixes_plain = finding["fix"], True
        mta.start()
        result = lab.submit(mta.plain_port, HONEST, "x@far.example", [ALICE], starttls=False)
        self.assertTrue(result.accepted, result)
        self.assertEqual(self.check(milter, mta)[0], 0)

    POP = ('identify { methods = {sasl, pop-before-smtp}; pop-never = {198.51.100.0/24}; '
           'pop-before-smtp = "inline:{ {127.0.0.1 = alice@corp.example;time=%d} }" }\n')

    def test_who_has_fetched_mail_is_let_in_by_a_service_of_its_own(self):
        milter = self.milter(self.POP % time.time())
        mta = self.start_changed(milter)

        def send(port, raw=HONEST):
            return lab.submit(port, raw, ALICE, [FRIEND], starttls=False)
        result = send(mta.submission_port)
        self.assertEqual((result.stage, result.reply.code), ("rcpt", 554), result)
        text = "who has fetched mail .* is refused by Postfix"
        self.says(self.check(milter, mta)[1], "warning", text)
        mta.stop()
        port = free_port()
        service = ("127.0.0.1:%d inet n - n - - smtpd\n"
                   " -o smtpd_relay_restrictions=check_client_access,static:permit,reject\n"
                   % port)
        mta = self.start_changed(milter, services=service)
        before = len(self.sink.messages)
        result = send(port)
        self.assertTrue(result.accepted, result)
        self.check_signed(self.sink.wait_for(before + 1)[before].data)
        # Only what the login may send, and nothing of strangers.
        self.assertEqual(send(port, FORGED).reply.code, 550)
        result = lab.submit(port, HONEST, ALICE, [FRIEND], starttls=False, source="127.0.0.2")
        self.assertEqual(result.reply.code, 530, result)
        code, findings = self.check(milter, mta)
        self.assertEqual(code, 0, findings)
        self.assertNotIn("is refused by Postfix", str(findings))
        mta.stop()
        # Where the milter lets strangers pass, nobody keeps them out.
        milter = self.milter("identify { unidentified = pass }")
        mta = self.start_changed(milter, services=service)
        self.assertTrue(send(port, FORGED).accepted)
        code, findings = self.check(milter, mta)
        self.assertEqual(code, 1, findings)
        self.says(findings, "error", '127.0.0.1:%d" .* is an open relay' % port)

    LOCAL = HONEST.replace(b"\r\n", b"\n")

    def test_mail_of_local_programs(self):
        networks = self.world.top / "networks"
        networks.write_text("127.0.0.1 alice\n")
        milter = self.milter('identify { methods = {sasl, network}; network = "cidr:%s" }\n'
                             % networks)
        ours = {"non_smtpd_milters": milter.socket}
        for main, options, signatures, level, text in (
                (ours, {}, 2, None, "local programs"),
                (ours, {"cleanup": ["receive_override_options=no_milters"]}, 2, None,
                 "local programs"),
                (ours, {"pickup": ["receive_override_options=no_milters"]}, 0, "error",
                 r'service "pickup" \(master.cf:\d+\): mail of local programs does not pass'),
                ({}, {}, 0, "warning", "mail of local programs .* does not pass the milter")):
            with self.subTest(main=main, options=options):
                mta = self.start_changed(milter, main, options)
                before = len(self.sink.messages)
                mta.sendmail(self.LOCAL, ALICE, [FRIEND])
                data = self.sink.wait_for(before + 1)[before].data
                self.assertEqual(len(fields(data, b"DKIM-Signature")), signatures)
                code, findings = self.check(milter, mta)
                self.assertEqual(code, int(level == "error"), findings)
                if level is None:
                    self.assertFalse([f for f in findings if text in f["text"]])
                else:
                    self.says(findings, level, text)
                mta.stop()

    def test_bounces_without_a_login_are_lost(self):
        milter = self.milter("identify { bounces = reject }\n")
        mta = self.start_changed(milter, {
            "non_smtpd_milters": milter.socket, "internal_mail_filter_classes": "bounce",
            "transport_maps": "inline:{{gone@far.example=gone:nobody is there}}"},
            services="gone unix - n n - - pipe user=nobody argv=/bin/false\n")
        result = lab.submit(mta.submission_port, HONEST, ALICE, ["gone@far.example"],
                            login=ALICE, password=common.USERS[ALICE])
        self.assertTrue(result.accepted, result)
        mta.wait_for_log("bounce failed")
        milter.wait_for_log("action=reject")
        self.assertEqual(self.sink.messages, [])
        self.assertNotEqual(mta.queue_files(), [])
        code, findings = self.check(milter, mta)
        self.assertEqual(code, 1, findings)
        self.says(findings, "error", "bounces have no login and will be refused with 530; each "
                  r"is lost, .*\(internal_mail_filter_classes = bounce in main.cf:\d+\)")

    def test_settings_that_look_like_it(self):
        milter = self.milter()
        for main, options in (
                ({}, {"cleanup": ["receive_override_options=no_milters", "smtpd_milters="]}),
                ({"smtpd_milter_maps": "inline:{{127.0.0.1=}}"}, {}),
                ({"smtpd_milter_maps": "inline:{192.0.2.1={%s}}" % milter.socket}, {})):
            with self.subTest(main=main, options=options):
                mta = self.start_changed(milter, main, options)
                self.forgery_is_refused(mta)
                code, findings = self.check(milter, mta)
                self.assertEqual(code, 0, findings)
                mta.stop()

    def signature_breaks(self, mta):
        data = self.deliver(mta, HONEST)
        opinions = lab.verify(data, self.world.records)["dkimpy"]
        self.assertFalse(opinions and all(s.ok for s in opinions), data)

    def test_what_breaks_signatures_behind_the_milter(self):
        port = free_port()
        back = ("127.0.0.1:%d inet n - n - - smtpd\n -o smtpd_milters=\n"
                " -o content_filter=\n" % port)
        remove = "{ %s=regexp:{{/^DKIM-Signature:/ IGNORE}} }"
        rename = "inline:{{alice@corp.example=al@far.example}}"
        local = {"local_header_rewrite_clients": "static:all"}
        cases = [
            ({}, {"cleanup": [remove % "milter_header_checks"]}, "", "milter_header_checks"),
            ({}, {"smtp ": [remove % "smtp_header_checks"]}, "",
             r'service "smtp" \(master.cf:\d+\): smtp_header_checks'),
            ({"smtp_generic_maps": rename}, {}, "", "smtp_generic_maps"),
            # Signed first, changed when it comes back.
            (dict(local, canonical_maps=rename), {"submission": [
                "content_filter=smtp:127.0.0.1:%d" % port,
                "receive_override_options=no_address_mappings"]}, back,
             r"127.0.0.1:%d\" \(master.cf:\d+\): canonical_maps" % port),
        ]
        milter = self.milter()
        for main, options, services, text in cases:
            with self.subTest(text):
                mta = self.start_changed(milter, main, options, services)
                self.signature_breaks(mta)
                _, findings = self.check(milter, mta)
                self.says(findings, "warning", text)
                mta.stop()

    def test_what_a_filter_sees_is_signed(self):
        port = free_port()
        filters = "smtp:127.0.0.1:%d" % port
        back = ("127.0.0.1:%d inet n - n - - smtpd\n -o smtpd_milters=\n"
                " -o content_filter=\n"
                " -o receive_override_options=no_header_body_checks\n" % port)
        milter = self.milter()
        for main, options, text in (
                ({}, ["content_filter=" + filters], "content_filter"),
                ({}, ["{ smtpd_data_restrictions=check_sender_access static:{FILTER %s} }"
                      % filters], "smtpd_data_restrictions"),
                ({"header_checks": "regexp:{{/^Subject:/ FILTER %s}}" % filters}, [],
                 "header_checks")):
            with self.subTest(text):
                mta = self.start_changed(milter, main, {"submission": options}, back)
                self.check_signed(self.deliver(mta, HONEST))
                code, findings = self.check(milter, mta)
                self.assertEqual(code, 0, findings)
                self.says(findings, "warning", text + " in .* hands mail to " + filters)
                mta.stop()


class Sendmail(Base, unittest.TestCase):
    mta_class = lab.Sendmail
    package = "sendmail"
    config_option = "--sendmail"
    MSA = "L=512, M=Ea"

    def config_of(self, mta):
        return mta.directory / "sendmail.cf"

    def start_changed(self, milter, change):
        class Changed(lab.Sendmail):
            def _write(self, name, text, mode=0o644):
                return super()._write(name, change(text) if name == "sendmail.cf" else text,
                                      mode)
        mta = Changed(self.world.top / ("mta%d" % next(common.number)), self.debs,
                      self.sink.port, milter=milter.socket, users=common.USERS)
        self.addCleanup(mta.stop)
        mta.start()
        return mta

    RULES = """
SLocal_check_rcpt
R$*\t\t$: $&{daemon_name}
RMTA\t\t$# OK
"""

    def test_who_has_fetched_mail_is_let_in_by_a_ruleset(self):
        milter = common.Milter(self.world, lab.Sendmail, Postfix.POP.replace(
            "127.0.0.1", "127.0.0.3") % time.time())
        milter.start()
        self.addCleanup(milter.kill)

        def send(mta, source):
            return lab.submit(mta.plain_port, HONEST, ALICE, [FRIEND], starttls=False,
                              source=source)
        text = "who has fetched mail .* is refused by Sendmail itself"
        mta = self.start_changed(milter, lambda cf: cf)
        result = send(mta, "127.0.0.3")
        self.assertEqual((result.stage, result.reply.code), ("rcpt", 550), result)
        self.says(self.check(milter, mta)[1], "warning", text)
        mta.stop()
        mta = self.start_changed(milter, lambda cf: cf + self.RULES)
        before = len(self.sink.messages)
        result = send(mta, "127.0.0.3")
        self.assertTrue(result.accepted, result)
        self.check_signed(self.sink.wait_for(before + 1)[before].data)
        self.assertEqual(send(mta, "127.0.0.4").reply.code, 530)
        code, findings = self.check(milter, mta)
        self.assertEqual(code, 0, findings)
        self.assertNotIn("is refused by Sendmail", str(findings))

    def test_ports_whose_mail_does_not_pass(self):
        milter = common.Milter(self.world, lab.Sendmail)
        milter.start()
        self.addCleanup(milter.kill)
        other = "Xother, S=unix:/nonexistent/socket, F=\n"
        in_use = "O InputMailFilters=lab"
        for what, change in (
                ("none at all", lambda text: text.replace(in_use, "O InputMailFilters=")),
                ("taken back", lambda text: text.replace(
                    in_use, in_use + "\nO InputMailFilters =")),
                ("an empty list", lambda text: text.replace(
                    self.MSA, self.MSA + ", InputFilters=")),
                ("small letters", lambda text: text.replace(
                    self.MSA, self.MSA + ", inputfilters=")),
                ("another filter", lambda text: text.replace(
                    self.MSA, self.MSA + ", I=other") + other)):
            with self.subTest(what):
                mta = self.start_changed(milter, change)
                self.forgery_leaves(mta)
                code, findings = self.check(milter, mta)
                self.assertEqual(code, 1, findings)
                self.says(findings, "error", "daemon MSA .* passes no mail to the milter|"
                          "no mail passes it")
                mta.stop()
        for what, change in (
                ("the lists of the laboratory", lambda text: text),
                ("one port alone", lambda text: text.replace(in_use, "O InputMailFilters=")
                 .replace(self.MSA, self.MSA + ", InputFilters=lab")),
                ("blanks and capitals", lambda text: text.replace(
                    in_use, "O inputmailfilters = LAB"))):
            with self.subTest(what):
                mta = self.start_changed(milter, change)
                self.forgery_is_refused(mta)
                code, findings = self.check(milter, mta)
                self.assertEqual(code, 0, findings)
                mta.stop()


if __name__ == "__main__":
    unittest.main()
