#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Who sends, when nginx, Dovecot's submission service, HAProxy or a webmail program
stands in front of a real MTA: what arrives, and that nobody gets another one's login.

The address of the proxies, 127.0.0.1, has a login of its own in identify.network."""

import contextlib
import ssl
import sys
import time
import unittest

import common
import fronts
from certificates import Authority
from common import ALICE, BOB, CEO, FRIEND, HERE, HONEST, USERS, lab

sys.path.insert(0, str(HERE.parent / "survival"))

import spy                                  # noqa: E402

HOST = "host@corp.example"                  # the login of 127.0.0.1
BROWSER = "192.0.2.77"
METHODS = """identify {
    methods = {sasl, client-cert, network, pop-before-smtp}
    network = "inline:{127.0.0.1=%s, 192.0.2.50=printer@corp.example}"
    certificates = "inline:{Corp+20CA|alice=%s}"
    pop-before-smtp = "texthash:%s"; pop-never = {127.0.0.0/8}
}
"""


def setUpModule():
    scratch = lab.scratch("submilter-proxies.")
    top = scratch.__enter__()
    unittest.addModuleCleanup(scratch.__exit__, None, None, None)
    common.Base.world = common.World(top)
    common.Base.debs = lab.Debs.shared(top, "postfix", "sendmail", "dovecot-submission",
                                       "proxies", "roundcube")


class Base(common.Base):
    """One MTA for all tests of a class, and a spy between it and the milter."""

    users = USERS
    users_of_mta = {**USERS, "webmail@corp.example": "SECRET"}

    @classmethod
    def setUpClass(cls):
        cls.sink = lab.Sink()
        cls.addClassCleanup(cls.sink.stop)
        pop = cls.world.top / ("pop-" + cls.__name__)
        pop.write_text("192.0.2.60 %s;time=%d\n" % (BOB, time.time()))
        cls.milter = common.Milter(cls.world, cls.mta_class, METHODS % (
            HOST, ALICE, pop))
        cls.milter.start()
        cls.addClassCleanup(cls.milter.kill)
        cls.spy = spy.Spy(cls.milter.run / "spy.sock", cls.mta_class.milter_group)
        cls.addClassCleanup(cls.spy.stop)
        cls.spy.target = str(cls.milter.path)
        cls.prepare()
        cls.mta = cls.mta_class(
            cls.world.top / ("mta-" + cls.__name__), cls.debs, cls.sink.port,
            milter=cls.spy.socket, users=cls.users_of_mta, extra=cls.extra)
        cls.addClassCleanup(cls.mta.stop)
        cls.mta.start()

    extra = None

    @classmethod
    def prepare(cls):
        """What has to be there before the MTA."""

    def setUp(self):
        self.told = len(self.spy.told)
        self.lines = len(self.milter.log())

    def session(self, port, starttls=False):
        session = lab.Session(port, source="127.0.0.7", timeout=30)
        self.addCleanup(session.close)
        self.assertEqual(session.open().code, 220)
        session.ehlo()
        if starttls:
            self.assertEqual(session.starttls().code, 220)
            session.ehlo()
        return session

    def deliver_in(self, session, *mail_args):
        """A message of Alice in a session, signed as it arrives."""
        before = len(self.sink.messages)
        for reply in (session.mail(ALICE, *mail_args), session.rcpt(FRIEND),
                      session.data(HONEST)):
            self.assertIn(reply.code, (250, 354), "%s\n%s" % (reply, self.milter.log()))
        self.check_signed(self.sink.wait_for(before + 1)[before].data)

    def check_refused_in(self, session, mail_from, code, *mail_args):
        reply = session.mail(mail_from, *mail_args)
        self.assertEqual(reply.code, code, "%s\n%s" % (reply, self.milter.log()))

    def check_told(self, client, login, kind):
        """What the MTA said at the first MAIL of this test, and the log at the end of it."""
        told = self.spy.told[self.told]
        self.assertEqual(told["client"], client, told)
        self.assertEqual(told.get("{auth_authen}"), login, told)
        self.assertEqual(told.get("{auth_type}"), kind, told)
        self.assertNotIn("{auth_author}", told)
        self.assertEqual(told.get("{cert_subject}", ""), "", told)
        return told

    def check_log(self, login, via, client):
        want = "login=%s via=%s client=%s " % (login, via, client)
        common.wait_until(lambda: want in self.milter.log()[self.lines:], 10,
                          "%s in\n%s" % (want, self.milter.log()[self.lines:]))
        self.assertNotIn("login=" + HOST, self.milter.log()[self.lines:])

    def check_user(self, port, client, via, kind, starttls=False, authorize_as=""):
        """Alice logs in there, is Alice, and nobody else, whatever she says."""
        session = self.session(port, starttls)
        reply = session.auth(ALICE, USERS[ALICE], authorize_as)
        self.assertEqual(reply.code, 235, reply)
        self.deliver_in(session, "AUTH=" + CEO)
        self.check_refused_in(session, CEO, 550, "AUTH=" + CEO)
        session.leave()
        self.check_log(ALICE, via, client)
        return self.check_told(client, ALICE, kind)

    def check_nobody(self, port, starttls=False):
        """Who does not log in there sends nothing, and is not the proxy either."""
        session = self.session(port, starttls)
        # nginx begins to ask at RCPT.
        replies = [session.mail(ALICE, "AUTH=" + ALICE)]
        if replies[0].code == 250:
            replies.append(session.rcpt(FRIEND))
        self.assertEqual(replies[-1].code, 530, replies)
        self.assertNotIn("login=", self.milter.log()[self.lines:])

    @staticmethod
    def after_reset(session):
        session.command("RSET")
        return session

    def test_a_host_with_a_login_is_nobody_else(self):
        """Whatever it says in MAIL of the user for whom it sends."""
        with lab.Session(self.mta.plain_port, timeout=30) as session:
            session.open()
            session.ehlo()
            self.check_refused_in(session, ALICE, 550, "AUTH=" + ALICE)
            self.check_refused_in(self.after_reset(session), HOST, 250, "AUTH=" + ALICE)
        self.check_told("127.0.0.1", None, None)
        self.assertIn("login=%s via=network client=127.0.0.1 mail_from=%s action=reject" % (
            HOST, ALICE), self.milter.log()[self.lines:])

    def check_wrong(self, port, login, password, authorize_as="", starttls=False,
                    code=535):
        session = self.session(port, starttls)
        reply = session.auth(login, password, authorize_as)
        self.assertEqual(reply.code, code, reply)


class Postfix(Base, unittest.TestCase):
    mta_class = fronts.Postfix

    @classmethod
    def prepare(cls):
        place = cls.world.top / "dovecot-sasl"
        cls.mta_class.dovecot_auth = place / "auth"
        masters = cls.world.top / "relay-users"
        masters.write_text("webmail:{PLAIN}SECRET\n")
        text = fronts.recipe("The webmail program has no password of its users", 2, {
            "/etc/dovecot/relay-users": masters})
        cls.dovecot = lab.DovecotServer(place, cls.debs, USERS, text + (
            "service auth {\n  unix_listener %s {\n    mode = 0666\n  }\n}\n"
            % cls.mta_class.dovecot_auth))
        cls.addClassCleanup(cls.dovecot.stop)
        cls.dovecot.start()
        cls.authority = Authority(cls.world.top / "clients", "/CN=Corp CA")
        cls.certificate = cls.authority.sign("alice", "/CN=alice")
        # Nobody waits because of replies that tests ask for.
        cls.extra = {"smtpd_soft_error_limit": "100", "smtpd_hard_error_limit": "200",
                     "smtpd_tls_ask_ccert": "yes",
                     "smtpd_tls_CAfile": cls.authority.certificate}

    # nginx.

    def test_nginx_hands_over_login_and_address(self):
        nginx = fronts.start_nginx(self, self.mta, self.mta.ports["10587"])
        self.check_user(nginx.port, "127.0.0.7", "xclient", "XCLIENT", starttls=True)
        with self.session(nginx.port, starttls=True) as session:
            self.assertEqual(session.command("XCLIENT LOGIN=" + CEO).code, 500)
            self.assertEqual(session.mail(ALICE).code, 530)
        self.check_wrong(nginx.port, ALICE, "wrong", starttls=True)
        for name in (ALICE + " ADDR=192.0.2.50", ALICE + " LOGIN=" + CEO, " " + ALICE,
                     ALICE + "\r\nXCLIENT LOGIN=" + CEO, ALICE + "\n", CEO):
            self.check_wrong(nginx.port, name, USERS[ALICE], starttls=True)

    def test_nginx_leaves_out_what_the_client_wants_to_be(self):
        nginx = fronts.start_nginx(self, self.mta, self.mta.ports["10587"])
        self.check_user(nginx.port, "127.0.0.7", "xclient", "XCLIENT", starttls=True,
                        authorize_as=BOB)

    def test_nginx_without_a_login_is_nobody(self):
        nginx = fronts.start_nginx(self, self.mta, self.mta.ports["10587"], {
            "plain login;": "plain login none;"})
        self.check_nobody(nginx.port, starttls=True)
        self.check_told("127.0.0.7", None, None)

    def test_nginx_logs_in_and_tells_the_address_by_the_proxy_protocol(self):
        nginx = fronts.start_nginx(self, self.mta, self.mta.ports["no TLS"], {
            "xclient      on;": "xclient off; proxy_smtp_auth on; proxy_protocol on;"})
        told = self.check_user(nginx.port, "127.0.0.7", "sasl", "PLAIN", starttls=True)
        self.assertEqual(told["{daemon_port}"], str(nginx.port))

    # Dovecot.

    def test_dovecot_hands_over_login_and_address(self):
        dovecot = fronts.start_dovecot(self, fronts.relay_settings(self.mta.ports["10587"]))
        self.check_user(dovecot.submission_port, "127.0.0.7", "xclient", "XCLIENT")
        self.check_nobody_at_dovecot(dovecot)
        self.check_wrong(dovecot.submission_port, ALICE, USERS[ALICE], BOB)

    def check_nobody_at_dovecot(self, dovecot):
        before = len(self.spy.told)
        with self.session(dovecot.submission_port) as session:
            session.command("XCLIENT LOGIN=" + CEO)
            session.ehlo()
            self.assertEqual(session.mail(ALICE).code, 530)
        self.assertEqual(len(self.spy.told), before)

    def test_dovecot_logs_in_for_its_user(self):
        dovecot = fronts.start_dovecot(
            self, fronts.relay_settings_with_login(self.mta.ports["Dovecot"]))
        self.check_user(dovecot.submission_port, "127.0.0.1", "sasl", "PLAIN")
        self.check_nobody_at_dovecot(dovecot)

    def test_dovecot_hands_the_connection_on(self):
        dovecot = self.start_login_proxy(self.mta.ports["10587"])
        self.check_user(dovecot.submission_port, "127.0.0.7", "sasl", "PLAIN")

    def start_login_proxy(self, port):
        return fronts.start_dovecot(self, "", {
            ALICE: "{PLAIN}%s::::::proxy=y host=127.0.0.1 port=%d" % (USERS[ALICE], port)})

    def test_an_authorization_identity_is_for_master_users(self):
        port = self.mta.ports["Dovecot"]
        for login, password, other in (
                (BOB, USERS[BOB], ALICE), ("webmail", "wrong", ALICE),
                ("webmail", "SECRET", "nobody@corp.example"), ("webmail", "SECRET", "")):
            with self.subTest(login, other=other):
                self.check_wrong(port, login, password, other)
        session = self.session(port)
        self.assertEqual(session.auth("webmail", "SECRET", ALICE).code, 235)
        self.deliver_in(session)
        self.check_refused_in(session, BOB, 550)
        # Cyrus SASL knows none.
        self.check_wrong(self.mta.submission_port, BOB, USERS[BOB], ALICE, starttls=True)
        self.check_wrong(self.mta.submission_port, "webmail@corp.example", "SECRET", ALICE,
                         starttls=True)

    # HAProxy.

    def test_haproxy_tells_the_address(self):
        haproxy = fronts.start_haproxy(self, self.mta.ports["10588"])
        told = self.check_user(haproxy.port, "127.0.0.7", "sasl", "PLAIN", starttls=True)
        self.assertEqual(told["{daemon_port}"], str(haproxy.port))
        self.check_wrong(haproxy.port, ALICE, "wrong", starttls=True)

    def test_haproxy_tells_no_address_that_the_client_wants(self):
        haproxy = fronts.start_haproxy(self, self.mta.ports["10588"])
        with lab.Session(haproxy.port, source="127.0.0.7") as session:
            session.send(b"PROXY TCP4 192.0.2.50 127.0.0.1 1000 587\r\n")
            self.assertEqual(session.open().code, 220)
            self.assertEqual(session.read_reply().code // 100, 5)
            session.ehlo()
            self.assertEqual(session.command("XCLIENT LOGIN=" + CEO).code // 100, 5)
            self.assertEqual(session.starttls().code, 220)
            session.ehlo()
            self.check_refused_in(session, ALICE, 530)
        self.check_told("127.0.0.7", None, None)

    def test_haproxy_leaves_the_certificate_to_the_client(self):
        haproxy = fronts.start_haproxy(self, self.mta.ports["10588"])
        for certificate, code in (self.certificate, 250), (None, 530):
            with self.session(haproxy.port) as session:
                session.starttls(self.tls(certificate))
                session.ehlo()
                self.assertEqual(session.mail(ALICE).code, code)
        self.assertEqual(self.spy.told[self.told]["{cert_subject}"], "alice")

    # Webmail.

    def roundcube(self, config, login=ALICE, password=None, mail_from=ALICE):
        place = self.world.top / ("roundcube%d" % next(common.number))
        program = lab.Roundcube(place, self.debs, self.mta, config)
        return program.send(HONEST, login, password or USERS[ALICE], BROWSER, mail_from,
                            FRIEND)

    def check_roundcube(self, config, via, client, kind):
        before = len(self.sink.messages)
        sent, said = self.roundcube(config)
        self.assertTrue(sent, said)
        self.check_signed(self.sink.wait_for(before + 1)[before].data)
        self.check_log(ALICE, via, client)
        self.check_told(client, ALICE, kind)
        sent, said = self.roundcube(config, mail_from=CEO)
        self.assertFalse(sent)
        self.assertIn("may not send as " + CEO, said)

    def test_roundcube_logs_in_as_its_user(self):
        own = fronts.recipe("Each user logs in", 0, {
            "mail.example.org:587": "127.0.0.1:%d" % self.mta.submission_port})
        self.check_roundcube(own, "sasl", "127.0.0.1", "LOGIN")
        sent, _ = self.roundcube(own, password="wrong")
        self.assertFalse(sent)

    def test_roundcube_tells_the_address_of_the_browser(self):
        # The service of XCLIENT, because the laboratory's other one takes none.
        own = fronts.recipe("Each user logs in", 0, {
            "mail.example.org:587": "127.0.0.1:%d" % self.mta.ports["10587"]})
        own = own.replace("tls://", "")
        self.check_roundcube(own + fronts.blocks("Each user logs in")[1], "sasl", BROWSER,
                             "LOGIN")

    def test_roundcube_tells_the_login(self):
        heading = "The webmail program has no password of its users"
        config = fronts.recipe(heading, 0, {
            "192.0.2.25:10587": "127.0.0.1:%d" % self.mta.ports["10587"]})
        self.check_roundcube(config, "xclient", BROWSER, "XCLIENT")

    def test_roundcube_logs_in_for_its_user(self):
        config = "$config['smtp_host'] = '127.0.0.1:%d';\n" + fronts.blocks(
            "The webmail program has no password of its users")[1]
        self.check_roundcube(config % self.mta.ports["Dovecot"], "sasl", "127.0.0.1",
                             "PLAIN")
        # Cyrus SASL lets nobody speak for another one.
        sent, _ = self.roundcube(config % self.mta.submission_port)
        self.assertFalse(sent)

    # XCLIENT itself.

    def tls(self, certificate=None):
        context = ssl.create_default_context(cafile=self.mta.ca_file)
        if certificate:
            context.load_cert_chain(certificate, certificate.with_suffix(".key"))
        return context

    def xclient(self, session, what, code=220):
        reply = session.command("XCLIENT " + what)
        self.assertEqual(reply.code, code, reply)
        session.ehlo()

    def test_who_is_not_named_may_not_say_who_sends(self):
        with self.session(self.mta.ports["10587"]) as session:
            self.xclient(session, "LOGIN=%s ADDR=192.0.2.50" % ALICE, 550)
            self.check_refused_in(session, ALICE, 530)
        self.check_told("127.0.0.7", None, None)

    def trusted(self):
        session = lab.Session(self.mta.ports["10587"], timeout=30)
        self.addCleanup(session.close)
        session.open()
        session.ehlo()
        return session

    def test_hostile_logins_of_a_proxy(self):
        for text, reply, told in (
                ("alice+20bob@corp.example", 550, "alice bob@corp.example"),
                ("alice+2C" + BOB, 550, "alice,bob@corp.example"),
                (ALICE + "+0A", 550, ALICE + "?"),
                (ALICE + "+0D+0ALOGIN=" + BOB, 550, ALICE + "??LOGIN=" + BOB),
                ("alic+E9@corp.example", 550, "alic?@corp.example"),
                ("alic+C3+A9@corp.example", 550, "alic\u00e9@corp.example"),
                ("al+D1+96ce@corp.example", 550, "al\u0456ce@corp.example"),
                ("alice@other.example", 550, "alice@other.example"),
                ("alice@corp.example@corp.example", 550, "alice@corp.example@corp.example"),
                ("+00" + ALICE, 530, ""), ("[TEMPUNAVAIL]", 550, "[TEMPUNAVAIL]"),
                ("@corp.example", 550, "@corp.example"),
                # Blanks around it, the case, and a missing realm are nobody else's.
                ("+20" + ALICE + "+20", 250, " " + ALICE + " "), ("ALICE", 250, "ALICE"),
                # Postfix ends it there; the proxy must not hand over such a name.
                ("alice+00" + BOB, 250, "alice")):
            with self.subTest(text):
                session = self.trusted()
                self.xclient(session, "LOGIN=%s ADDR=192.0.2.9" % text)
                self.check_refused_in(session, ALICE, reply)
                self.assertEqual(self.spy.told[-1].get("{auth_authen}"), told)
                if told:
                    self.assertEqual(self.spy.told[-1]["{auth_type}"], "XCLIENT")
        for text in "LOGIN=", "LOGIN", "LOGIN=" + ALICE + " X=1":
            session = self.trusted()
            self.xclient(session, text, 501)

    def test_an_address_that_nobody_knows_is_nobody(self):
        session = self.trusted()
        self.xclient(session, "ADDR=[UNAVAILABLE] LOGIN=[UNAVAILABLE]")
        self.check_refused_in(session, ALICE, 530)
        session = self.trusted()
        self.xclient(session, "ADDR=[UNAVAILABLE] LOGIN=" + ALICE)
        self.check_refused_in(session, ALICE, 250)
        self.check_refused_in(self.after_reset(session), BOB, 550)
        self.check_log(ALICE, "xclient", "unknown")

    def test_a_session_forgets_who_was_there_before(self):
        """Whichever method knew the client before: the next one of the same connection
        is somebody else."""
        printer, rows = "printer@corp.example", []
        session = self.session(self.mta.ports["again"])
        for what, who, others in (
                ("AUTH", ALICE, [BOB, printer]), ("ADDR=192.0.2.50", printer, [ALICE, BOB]),
                ("ADDR=192.0.2.60", BOB, [ALICE, printer]),
                ("LOGIN=" + ALICE, ALICE, [BOB, printer]),
                ("LOGIN=[UNAVAILABLE]", BOB, [ALICE, printer]),
                ("ADDR=192.0.2.9", None, [ALICE, BOB, printer]),
                ("ADDR=192.0.2.50", printer, [ALICE, BOB])):
            if what == "AUTH":
                self.assertEqual(session.auth(ALICE, USERS[ALICE]).code, 235)
            else:
                self.xclient(session, what)
            rows += [(what, address, session.mail(address, "AUTH=" + address).code)
                     for address in others]
            if who:
                rows.append((what, who, session.mail(who).code))
            self.after_reset(session)
            want = [550 if who else 530] * len(others) + [250] * bool(who)
            self.assertEqual([row[2] for row in rows], want, rows)
            rows.clear()
        told = [(row["client"], row.get("{auth_type}")) for row in self.spy.told[self.told:]]
        self.assertEqual(told, [("127.0.0.7", "PLAIN")] * 3 + [("192.0.2.50", None)] * 3
                         + [("192.0.2.60", None)] * 3 + [("192.0.2.60", "XCLIENT")] * 3
                         + [("192.0.2.60", None)] * 3 + [("192.0.2.9", None)] * 3
                         + [("192.0.2.50", None)] * 3)

    def test_the_certificate_of_a_proxy_is_nobody_with_a_login(self):
        session = self.session(self.mta.ports["again"])
        self.assertEqual(session.starttls(self.tls(self.certificate)).code, 220)
        session.ehlo()
        self.xclient(session, "LOGIN=%s ADDR=192.0.2.9" % BOB)
        self.check_refused_in(session, ALICE, 550)
        self.assertEqual(self.spy.told[self.told]["{cert_subject}"], "alice")
        self.check_log(BOB, "xclient", "192.0.2.9")


class Sendmail(Base, unittest.TestCase):
    """It has neither XCLIENT nor the PROXY protocol."""

    mta_class = lab.Sendmail
    # nginx and Dovecot speak no TLS to it.
    extra = ["define(`confAUTH_OPTIONS', `y')dnl"]

    def test_nginx_logs_in_for_its_user(self):
        nginx = fronts.start_nginx(self, self.mta, self.mta.submission_port, {
            "xclient      on;": "xclient off; proxy_smtp_auth on;"})
        self.check_user(nginx.port, "127.0.0.1", "sasl", "PLAIN", starttls=True,
                        authorize_as=BOB)
        self.check_wrong(nginx.port, ALICE, "wrong", starttls=True)

    def test_nginx_with_xclient_lets_nobody_in(self):
        nginx = fronts.start_nginx(self, self.mta, self.mta.plain_port)
        session = self.session(nginx.port, starttls=True)
        reply = session.auth(ALICE, USERS[ALICE])
        self.assertGreaterEqual(reply.code, 400, reply)
        self.assertEqual(self.spy.told[self.told:], [])

    def test_dovecot_hands_the_connection_on(self):
        dovecot = fronts.start_dovecot(self, "", {
            ALICE: "{PLAIN}%s::::::proxy=y host=127.0.0.1 port=%d" % (
                USERS[ALICE], self.mta.submission_port)})
        self.check_user(dovecot.submission_port, "127.0.0.1", "sasl", "PLAIN")

    def test_dovecot_that_logs_in_for_its_user_is_itself(self):
        """Sendmail takes an authorization identity, and tells who has logged in."""
        settings = fronts.relay_settings_with_login(self.mta.submission_port)
        dovecot = fronts.start_dovecot(self, settings.replace(
            "master_user = webmail", "master_user = webmail@corp.example"))
        session = self.session(dovecot.submission_port)
        self.assertEqual(session.auth(ALICE, USERS[ALICE]).code, 235)
        self.check_refused_in(session, ALICE, 550)
        told = self.spy.told[self.told]
        self.assertEqual(told["{auth_authen}"], "webmail@corp.example", told)
        common.wait_until(lambda: "login=webmail@corp.example via=sasl " in
                          self.milter.log()[self.lines:], 10, "login")
        self.assertNotIn("action=accept", self.milter.log()[self.lines:])

    def test_an_authorization_identity_gives_no_login(self):
        self.check_user(self.mta.submission_port, "127.0.0.7", "sasl", "PLAIN",
                        authorize_as=CEO)
        # Nor does it by the way of a program that has no login.
        with self.session(self.mta.plain_port) as session:
            for address in ALICE, CEO:
                self.check_refused_in(self.after_reset(session), address, 530,
                                      "AUTH=" + ALICE)

    def test_haproxy_has_to_keep_its_protocol_to_itself(self):
        haproxy = fronts.start_haproxy(self, self.mta.submission_port)
        session = self.session(haproxy.port)
        with contextlib.suppress(ConnectionError):
            for reply in session.auth(ALICE, USERS[ALICE]), session.mail(ALICE):
                self.assertGreaterEqual(reply.code, 500)
        self.assertEqual(self.spy.told[self.told:], [])
        haproxy = fronts.start_haproxy(self, self.mta.submission_port, {
            " send-proxy-v2": ""})
        self.check_user(haproxy.port, "127.0.0.1", "sasl", "PLAIN")


if __name__ == "__main__":
    unittest.main()
