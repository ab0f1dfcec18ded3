# SPDX-License-Identifier: BSD-2-Clause
"""Certificates of TLS clients on a real MTA: made by openssl, and which prove a login."""

import hashlib
import signal
import ssl
import subprocess

import common
from common import ALICE, BOB, BODY, COMPLETE, FRIEND, HONEST, USERS, lab

LATE = "20990101000000Z"
CONFIG = """\
[ca]
default_ca = here
[here]
database = %(top)s/index
serial = %(top)s/serial
new_certs_dir = %(top)s
default_md = sha256
policy = any
unique_subject = no
[any]
organizationName = optional
commonName = optional
emailAddress = optional
"""


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


class Authority:
    """A CA, and the certificates that it signs."""

    def __init__(self, top, subject):
        self.top = top
        top.mkdir(mode=0o755)
        (top / "index").write_text("")
        (top / "serial").write_text("1000\n")
        (top / "config").write_text(CONFIG % {"top": top})
        self.certificate = self.alone("ca", subject)

    def alone(self, name, subject):
        """A certificate that signs itself."""
        path = self.top / (name + ".pem")
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt",
                "ec_paramgen_curve:P-256", "-nodes", "-days", "3650",
                "-subj", subject, "-keyout", self.top / (name + ".key"), "-out", path)
        return path

    def sign(self, name, subject, begin="20200101000000Z", end=LATE):
        request, path = self.top / "request", self.top / (name + ".pem")
        openssl("req", "-new", "-newkey", "ec", "-pkeyopt",
                "ec_paramgen_curve:P-256", "-nodes", "-utf8", "-subj", subject,
                "-keyout", self.top / (name + ".key"), "-out", request)
        openssl("ca", "-batch", "-notext", "-utf8", "-preserveDN", "-config",
                self.top / "config", "-cert", self.top / "ca.pem", "-keyfile",
                self.top / "ca.key", "-startdate", begin, "-enddate", end, "-in",
                request, "-out", path)
        return path


def fingerprint(path):
    with open(path, encoding="ascii") as file:
        der = ssl.PEM_cert_to_DER_cert(file.read())
    return hashlib.sha256(der).digest().hex(":").upper()


class Tests(common.Base):
    """Mixed into unittest.TestCase, with start_asking()."""

    @classmethod
    def setUpClass(cls):
        top = cls.world.top / ("certificates%d" % next(common.number))
        top.mkdir(mode=0o755)
        ours = Authority(top / "ours", "/O=Corp Lab/CN=Corp CA")
        cls.authority = ours
        other = Authority(top / "other", "/O=Corp Lab/CN=Other CA")
        stranger = Authority(top / "stranger", "/O=Corp Lab/CN=Corp CA")
        cls.good = ours.sign("alice", "/O=Corp Lab/CN=alice")
        cls.printer = ours.sign("printer", "/O=Corp Lab/CN=printer")
        cls.bad = {
            "none": None,
            "self-signed": ours.alone("self", "/O=Corp Lab/CN=alice"),
            "self-signed as by the CA": ours.alone("as", "/O=Corp Lab/CN=Corp CA"),
            "a CA of the same name": stranger.sign("x", "/O=Corp Lab/CN=alice"),
            "another trusted CA": other.sign("x", "/O=Corp Lab/CN=alice"),
            "expired": ours.sign("old", "/O=Corp Lab/CN=alice",
                                 end="20200201000000Z"),
            "not yet valid": ours.sign("new", "/O=Corp Lab/CN=alice",
                                       begin="20980101000000Z"),
            "no CN": ours.sign("nocn", "/O=Corp Lab/emailAddress=" + ALICE),
            "not ASCII": ours.sign("cyrillic", "/O=Corp Lab/CN=\u0430lice"),
            "a name inside": ours.sign("inside", "/O=Corp Lab/CN=x\\/CN=alice"),
            "more behind": ours.sign("behind", "/O=Corp Lab/CN=alice.x"),
            "two names": ours.sign("two", "/O=Corp Lab/CN=x/CN=alice"),
            "the CA's bar": ours.sign("bar", "/O=Corp Lab/CN=|alice"),
        }
        cls.clients_ca = top / "clients.pem"
        cls.clients_ca.write_text(ours.certificate.read_text()
                                  + other.certificate.read_text())
        cls.table = top / "table"
        cls.table.write_text(
            "Corp+20CA|alice %(alice)s\nCorp+20CA| %(alice)s\n"
            "/O=Corp+20Lab/CN=Corp+20CA|/O=Corp+20Lab/CN=alice %(alice)s\n"
            "%(print)s %(bob)s\n" % {"alice": ALICE, "bob": BOB,
                                     "print": fingerprint(cls.printer)})

    def options(self, methods="client-cert, sasl", more=""):
        return ("identify { methods = {%s}; certificates = \"texthash:%s\"\n%s }"
                % (methods, self.table, more))

    @staticmethod
    def session(port, certificate):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        if certificate is not None:
            context.load_cert_chain(certificate, certificate.with_suffix(".key"))
        session = lab.Session(port)
        session.open(), session.ehlo(), session.starttls(context), session.ehlo()
        return session

    def test_only_verified_certificates_prove_a_login(self):
        milter, port = self.start_asking(self.options())
        with self.session(port, self.good) as s:
            self.assertEqual(s.mail(ALICE).code, 250)
            self.assertEqual(s.rcpt(FRIEND).code, 250)
            self.assertEqual(s.data(HONEST).code, 250)
            # A right of its own, like any other login.
            self.assertEqual(s.mail(BOB).code, 550)
        milter.wait_for_log("login=alice@corp.example via=client-cert .*action=accept")
        self.check_signed(self.sink.wait_for(1)[0].data)
        for name, certificate in self.bad.items():
            with self.subTest(name), self.session(port, certificate) as s:
                reply = s.mail(ALICE)
                self.assertEqual(reply.code, 530, reply)
        self.assertEqual(milter.log().count("via=client-cert"), 2)

    def test_a_password_or_a_certificate(self):
        """The first method in the list that proves a login."""
        for methods, via in (("sasl, client-cert", "sasl"),
                             ("client-cert, sasl", "client-cert")):
            milter, port = self.start_asking(self.options(methods))
            with self.session(port, self.good) as s:
                self.assertEqual(s.auth(BOB, USERS[BOB]).code, 235)
                owner = BOB if via == "sasl" else ALICE
                self.assertEqual(s.mail(owner).code, 250)
                self.assertEqual(s.rcpt(FRIEND).code, 250)
                self.assertEqual(s.data(b"From: %s\r\n" % owner.encode() + COMPLETE
                                        + BODY).code, 250)
            milter.wait_for_log("login=%s via=%s " % (owner, via))

    def test_a_method_for_one_service(self):
        """By the name of the service, and by its port."""
        milter, port = self.start_asking(self.options())
        for count, (service, code) in enumerate((
                ("asking", 250), ("other", 530), (port, 250)), 1):
            milter.write(self.options(more='methods-at = {"%s=client-cert"}' % service))
            milter.process.signal(signal.SIGUSR1)
            milter.wait_for_log("reloaded", count)
            with self.session(port, self.good) as s:
                self.assertEqual(s.mail(ALICE).code, code, service)
