# SPDX-License-Identifier: BSD-2-Clause
"""Clients that Postfix knows by the fingerprint of a certificate: it writes their login
into the header, beside a secret (identify.login-field)."""

import os
import pwd
import secrets
import ssl
import subprocess

import certificates
import common
from common import ALICE, BOB, BODY, COMPLETE, FRIEND, HONEST, USERS, lab

FIELD = "X-Submilter-Login"
# The client's own: with an odd name, folded, in another case, twice.
FORGED = ("%(f)s: %(s)s bob\r\nx-submilter-LOGIN : %(s)s bob\r\n%(f)s:\r\n %(s)s\r\n bob\r\n"
          "X-Submilter-Log(c)in: %(s)s bob\r\nX_Submilter_Login: %(s)s bob\r\n")


def key_fingerprint(path):
    der = subprocess.run(
        "openssl x509 -in '%s' -noout -pubkey | openssl pkey -pubin -outform DER" % path,
        shell=True, check=True, stdout=subprocess.PIPE).stdout
    return certificates.hashlib.sha256(der).digest().hex(":").upper()


class Asking(lab.Postfix):
    """Its submission service relays for those that log in and for listed certificates."""

    relay = "permit_sasl_authenticated, permit_tls_clientcerts, reject"

    @property
    def service_options(self):
        return {"submission": ["{ smtpd_relay_restrictions = %s }" % self.relay,
                               "smtpd_tls_auth_only=no"]}


class Open(Asking):
    """It relays for everybody, so that the milter alone decides."""

    relay = "check_client_access static:OK, reject"


class Tests(common.Base):
    mta_class = Asking

    @classmethod
    def setUpClass(cls):
        top = cls.world.top / ("fingerprints%d" % next(common.number))
        top.mkdir(mode=0o755)
        ours = certificates.Authority(top / "ours", "/O=Corp Lab/CN=Corp CA")
        cls.alice, cls.renewed, cls.stranger = (
            ours.alone(name, "/CN=alice") for name in ("alice", "renewed", "stranger"))
        # By fingerprint, the dates in it do not count.
        cls.old = ours.sign("old", "/CN=old", end="20200201000000Z")
        cls.secret = secrets.token_hex(32)
        cls.secret_file = top / "secret"
        cls.secret_file.write_text(cls.secret + "\n")
        cls.secret_file.chmod(0o600)
        try:
            os.chown(cls.secret_file, pwd.getpwnam("submilter").pw_uid, -1)
        except KeyError:
            pass                    # there is none: the milter runs as root
        listed = "".join("%s alice\n" % text for text in (
            certificates.fingerprint(cls.alice), key_fingerprint(cls.renewed),
            certificates.fingerprint(cls.old)))
        cls.certificates, cls.relay = top / "certificates", top / "relay"
        for path in cls.certificates, cls.relay:
            path.write_text(listed)
        cls.logins, cls.pattern = top / "logins", top / "pattern"
        cls.logins.write_text("%s PREPEND %s: %s Alice\n" % (
            certificates.fingerprint(cls.alice), FIELD, cls.secret))
        cls.pattern.write_text("/^([0-9A-F:]+)$/ PREPEND %s: %s $1\n" % (FIELD, cls.secret))
        for path in cls.logins, cls.pattern:
            path.chmod(0o600)       # Postfix opens them as root

    def options(self, methods="sasl, login-field", more=""):
        return ('identify { methods = {%s}; login-field = "%s"; login-secret = "%s"\n%s }\n'
                % (methods, FIELD, self.secret_file, more))

    def start_asking(self, options, table, **extra):
        milter, mta = self.start(options, extra={
            "smtpd_tls_ask_ccert": "yes", "smtpd_tls_fingerprint_digest": "sha256",
            "relay_clientcerts": "texthash:%s" % self.relay,
            "smtpd_data_restrictions": "check_ccert_access " + table, **extra})
        return milter, mta

    def send(self, session, raw=HONEST, mail_from=ALICE, rcpts=(FRIEND,)):
        """The reply that decides."""
        for reply in (session.mail(mail_from), *(session.rcpt(r) for r in rcpts)):
            if reply.code != 250:
                return reply
        return session.data(raw)

    def check_clean(self, data):
        """Nothing of the field, nor of the secret, not even by its name in h=."""
        for text in self.secret, "submilter-log", "submilter_log":
            self.assertNotIn(text.encode(), data.lower())

    session = staticmethod(certificates.Tests.session)

    def test_a_listed_certificate_is_a_login(self):
        milter, mta = self.start_asking(self.options(), "texthash:%s" % self.logins)
        forged = (FORGED % {"f": FIELD, "s": self.secret}).encode()
        with self.session(mta.submission_port, self.alice) as s:
            self.assertEqual(self.send(s, forged + HONEST).code, 250)
            data = self.sink.wait_for(1)[0].data
            self.check_signed(data)
            self.check_clean(data)
            self.assertTrue(data.endswith(BODY))
            # MAIL FROM and From are judged by the rights of that login.
            reply = self.send(s, HONEST, BOB)
            self.assertEqual(reply.code, 550, reply)
            self.assertIn("may not send as bob@corp.example (MAIL FROM)", reply.text)
            self.assertEqual(self.send(s, HONEST.replace(b"alice@", b"ceo@")).code, 550)
            self.assertEqual(self.send(s, b"From: sales@corp.example\r\n" + COMPLETE + BODY,
                                       "").code, 250)
        milter.wait_for_log("login=alice@corp.example via=login-field .*action=accept "
                            ".*signed=corp.example", 2)
        # A password names its login; the field goes all the same.
        with self.session(mta.submission_port, self.alice) as s:
            self.assertEqual(s.auth(BOB, USERS[BOB]).code, 235)
            self.assertEqual(self.send(s).code, 550)
            self.assertEqual(self.send(s, HONEST.replace(b"alice@", b"bob@"), BOB).code, 250)
        milter.wait_for_log("login=bob@corp.example via=sasl .*action=accept")
        for message in self.sink.wait_for(3):
            self.check_clean(message.data)
        self.assertNotIn(self.secret, milter.log() + mta.log())
        self.assertNotIn("login-field", self.check(milter, mta))
        # One that others can read is not taken over, and the one in force stays.
        self.secret_file.chmod(0o644)
        self.addCleanup(self.secret_file.chmod, 0o600)
        milter.process.signal(common.signal.SIGUSR1)
        milter.wait_for_log("not reloaded")
        self.assertRegex(milter.log(), "login-secret: .*group or others can use it")
        with self.session(mta.submission_port, self.alice) as s:
            self.assertEqual(self.send(s).code, 250)

    def check(self, milter, mta):
        """What submilter says of this Postfix."""
        return subprocess.run(
            [os.environ["SUBMILTER"], "check", "-c", milter.config, "--postfix",
             mta.directory], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True).stdout

    def test_a_proxy_names_the_login(self):
        milter, mta = self.start_asking(
            self.options("login-field, sasl"), "texthash:%s" % self.logins,
            smtpd_authorized_xclient_hosts="127.0.0.0/8")
        with self.session(mta.submission_port, self.alice) as s:
            self.assertEqual(s.command("XCLIENT ADDR=192.0.2.9 LOGIN=" + BOB).code, 220)
            s.ehlo()
            self.assertEqual(self.send(s).code, 550)
            self.assertEqual(self.send(s, HONEST.replace(b"alice@", b"bob@"), BOB).code, 250)
        milter.wait_for_log("login=bob@corp.example via=xclient client=192.0.2.9 .*action=accept")
        self.check_clean(self.sink.wait_for(1)[0].data)

    def test_by_the_fingerprint_of_the_certificate_or_of_its_key(self):
        milter, mta = self.start_asking(
            self.options(more='certificates = "texthash:%s"' % self.certificates),
            "regexp:%s" % self.pattern)
        for count, certificate in enumerate((self.alice, self.renewed, self.old), 1):
            with self.session(mta.submission_port, certificate) as s:
                self.assertEqual(self.send(s, rcpts=(FRIEND, ALICE)).code, 250)
            milter.wait_for_log("login=alice@corp.example via=login-field .*rcpts=2", count)
        for message in self.sink.wait_for(3):
            self.check_clean(message.data)

    def test_nobody_else_is_a_login(self):
        """Without a certificate, without TLS, with one that nobody listed."""
        self.mta_class = Open
        for table in "texthash:%s" % self.logins, "regexp:%s" % self.pattern:
            milter, mta = self.start_asking(
                self.options(more='certificates = "texthash:%s"' % self.certificates), table)
            guess = ("%s: %s alice\r\n" % (FIELD, self.secret[:-1] + "x")).encode()
            for certificate in None, self.stranger:
                for raw in HONEST, guess + HONEST, b"%s: alice\r\n" % FIELD.encode() + HONEST:
                    with self.session(mta.submission_port, certificate) as s:
                        reply = self.send(s, raw)
                        self.assertEqual(reply.code, 530, reply)
            with lab.Session(mta.submission_port) as s:
                s.open(), s.ehlo()
                self.assertEqual(self.send(s, guess + HONEST).code, 530)
            milter.wait_for_log("warning=.%s without a secret" % FIELD)
            self.secret_file.write_text("another" + self.secret)
            self.assertRegex(self.check(milter, mta), "has another secret than")
            self.secret_file.write_text(self.secret)
            self.assertNotIn("via=login-field", milter.log())
            self.assertNotIn(self.secret, milter.log() + mta.log())
            mta.stop()
            milter.kill()
        self.assertEqual(self.sink.messages, [])

    def test_the_secret_never_leaves(self):
        """Unsigned, in monitor mode, without a login, held, and from each list."""
        each = {"smtpd_%s_restrictions" % name: "check_ccert_access texthash:%s" % self.logins
                for name in ("client", "helo", "sender", "recipient")}
        for head, methods, more, raw in (
                ("", "sasl, login-field", "", HONEST),
                ("sign { unsigned = accept }\n", "sasl, login-field", "",
                 HONEST.replace(b"alice@corp.example", b"alice@keyless.example")),
                ("mode = monitor\n", "sasl, login-field", "", HONEST),
                ("", "sasl", "unidentified = pass", HONEST)):
            milter, mta = self.start_asking(
                self.options(methods, more) + (head if head.startswith("sign") else ""),
                "texthash:%s" % self.logins, **each)
            with self.subTest(head + more), self.session(mta.submission_port,
                                                         self.alice) as s:
                before = len(self.sink.messages)
                if "keyless" in raw.decode():
                    milter.rights.write_text("@keyless.example alice@corp.example\n")
                    milter.process.signal(common.signal.SIGUSR1)
                    milter.wait_for_log("submilter: reloaded")
                self.assertEqual(self.send(s, raw, rcpts=(FRIEND, ALICE, BOB)).code, 250)
                data = self.sink.wait_for(before + 1)[before].data
                self.check_clean(data)
                self.assertIn(b"Subject: hello", data)
            mta.stop()
            milter.kill()

    def test_a_message_that_is_held(self):
        milter, mta = self.start_asking(
            self.options() + "rights { mismatch = hold }\n", "texthash:%s" % self.logins)
        with self.session(mta.submission_port, self.alice) as s:
            self.assertEqual(self.send(s, HONEST.replace(b"alice@", b"ceo@"), BOB).code, 250)
        milter.wait_for_log("login=alice@corp.example via=login-field .*action=hold")
        path, = mta.queue_files()
        self.assertRegex(path, "^hold/")
        mta.stop()
        postcat = subprocess.run(
            [mta.debs.package("postfix") / "usr/sbin/postcat", "-c", mta.directory, "-h",
             mta.directory / "spool" / path], check=True, stdout=subprocess.PIPE,
            env=mta._environment()).stdout
        self.assertIn(b"Subject: hello", postcat)
        self.check_clean(postcat)
