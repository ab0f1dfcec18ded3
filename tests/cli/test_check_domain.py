#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""submilter check DOMAIN: the command, and the servers that SRV records name."""

import datetime
import json
import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import unittest

import schemas

SUBMILTER = os.path.abspath(os.path.join(os.environ.get("top_builddir", "."), "submilter"))
ZONE = """\
$ORIGIN example.org.
@ IN MX 10 mail
@ IN TXT "v=spf1 a:mail.example.org -all"
_dmarc IN TXT "v=DMARC1; p=none"
mail IN A 127.0.0.1
mail IN TXT "v=spf1 a -all"
other IN A 127.0.0.1
1.0.0.127.in-addr.arpa. IN PTR mail.example.org.
"""
CA = """[ca]
default_ca = any
[any]
dir = %(dir)s
database = $dir/index
new_certs_dir = $dir
rand_serial = yes
default_md = sha256
policy = subject
[subject]
commonName = supplied
"""
SMTP = {"greeting": b"220-mail.example.org\r\n220 ready\r\n",
        b"EHLO": b"250-mail.example.org\r\n250-STARTTLS\r\n250 HELP\r\n",
        b"STARTTLS": b"220 go on\r\n"}
IMAP = {"greeting": b"* OK ready\r\n",
        b"a CAPABILITY": b"* CAPABILITY IMAP4rev1 STARTTLS\r\na OK done\r\n",
        b"b STARTTLS": b"b OK go on\r\n"}
POP3 = {"greeting": b"+OK ready\r\n", b"CAPA": b"+OK\r\nSTLS\r\n.\r\n",
        b"STLS": b"+OK go on\r\n"}


class Server:
    """One connection of a service, on a port of its own."""

    def __init__(self, script, certificate=None, implicit=False):
        self.script, self.certificate, self.implicit = script, certificate, implicit
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def encrypt(self, connection):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate)
        return context.wrap_socket(connection, server_side=True)

    def serve(self):
        try:
            connection, _ = self.listener.accept()
            connection.settimeout(20)
            if self.implicit:
                connection = self.encrypt(connection)
            connection.sendall(self.script["greeting"])
            while True:
                line = connection.recv(512)
                answer = next((a for c, a in self.script.items()
                               if c != "greeting" and line.startswith(c)), None)
                if not line or answer is None:
                    break
                connection.sendall(answer)
                if line.startswith((b"STARTTLS", b"b STARTTLS", b"STLS")):
                    connection = self.encrypt(connection)
            self.stopped.wait(0.1)
            connection.close()
        except OSError:
            pass

    def stop(self):
        self.stopped.set()
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.thread.join()
        self.listener.close()


class CheckDomain(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dir = tempfile.mkdtemp(prefix="submilter-domain.")
        cls.good = cls.certificate("good", "mail.example.org", 90)
        cls.soon = cls.certificate("soon", "mail.example.org", 5)
        cls.old = cls.certificate("old", "mail.example.org", -1)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.dir)

    @classmethod
    def path(cls, name):
        return os.path.join(cls.dir, name)

    @classmethod
    def certificate(cls, file, name, days, issuer=None):
        """A certificate of a server, or without a name one that issues others."""
        key, request, made = (cls.path(file + e) for e in (".key", ".csr", ".crt"))
        extensions = cls.write(file + ".ext", "subjectAltName=DNS:" + name if name
                               else "basicConstraints=CA:TRUE")
        signer = ["-selfsign", "-keyfile", key] if issuer is None else \
            ["-cert", cls.path(issuer + ".crt"), "-keyfile", cls.path(issuer + ".key")]
        now = datetime.datetime.now(datetime.timezone.utc)
        dates = [(now + datetime.timedelta(days)).strftime("%Y%m%d%H%M%SZ")
                 for days in (min(days, 0) - 1, days)]
        cls.write("index", "")
        config = cls.write("ca.conf", CA % {"dir": cls.dir})
        for command in (
                ["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                 "-subj", "/CN=" + file, "-keyout", key, "-out", request],
                # Not x509, whose -days takes no date that is over (OpenSSL 3.5).
                ["ca", "-batch", "-notext", "-config", config, *signer, "-in", request,
                 "-startdate", dates[0], "-enddate", dates[1],
                 "-extfile", extensions, "-out", made]):
            subprocess.run(["openssl"] + command, check=True, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)
        with open(key, encoding="ascii") as one, open(made, encoding="ascii") as two:
            return cls.write(file + ".pem", one.read() + two.read())

    @classmethod
    def write(cls, name, text):
        with open(cls.path(name), "w", encoding="ascii") as file:
            file.write(text)
        return cls.path(name)

    def run_check(self, *args, more="", conf='hostname = mail.example.org',
                  egress="127.0.0.1", env=None):
        self.write("zone", ZONE + more)
        self.write("conf", 'listen = "inet:8891@127.0.0.1"\n%s\n'
                   'dns { seconds = 2 }\npreflight { egress = { %s } }\n' % (conf, egress))
        return schemas.run(
            [SUBMILTER, "check", "-c", self.path("conf"), "--zone", self.path("zone"), *args],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, check=False,
            text=True, env={**os.environ, **(env or {})})

    def services(self, script, kind, certificate=None, implicit=False, target="mail",
                 trusted=None):
        """The level and result of what is found of one service."""
        server = Server(script, certificate, implicit)
        self.addCleanup(server.stop)
        done = self.run_check(
            "--json", "example.org", more="_%s._tcp IN SRV 0 1 %d %s\n" % (
                kind, server.port, target), env={"SSL_CERT_FILE": trusted or "/dev/null"})
        server.stop()
        return [(f["level"], f["says"]) for f in json.loads(done.stdout)["domains"][0]["findings"]
                if f["about"] == "service" and str(server.port) in f["item"]
                and f["says"] != "port"]

    # --- servers ---

    def test_each_protocol_reaches_its_certificate(self):
        for script, kind, implicit in (
                (SMTP, "submission", False), (SMTP, "submissions", True),
                (IMAP, "imap", False), (IMAP, "imaps", True),
                (POP3, "pop3", False), (POP3, "pop3s", True)):
            with self.subTest(kind):
                self.assertEqual(self.services(script, kind, self.good, implicit,
                                               trusted=self.path("good.crt")), [("ok", "tls")])

    def test_faults_of_certificates(self):
        for certificate, target, trusted, wanted in (
                ("good", "mail", False, [("warning", "untrusted")]),
                ("good", "other", True, [("error", "name")]),
                ("soon", "mail", True, [("ok", "tls"), ("warning", "expires")]),
                ("old", "mail", True, [("error", "expired")])):
            with self.subTest(certificate=certificate, target=target):
                self.assertEqual(self.services(
                    SMTP, "submissions", self.path(certificate + ".pem"), True, target,
                    self.path(certificate + ".crt") if trusted else None), wanted)

    def test_one_that_issued_it_must_be_good_as_well(self):
        self.certificate("root", None, 90)
        for name, days, wanted in (("alive", 90, ("ok", "tls")),
                                   ("ended", -1, ("warning", "untrusted"))):
            with self.subTest(name):
                self.certificate(name, None, days, "root")
                chain = self.certificate("below-" + name, "mail.example.org", 90, name)
                with open(self.path(name + ".crt"), encoding="ascii") as above, \
                        open(chain, "a", encoding="ascii") as file:
                    file.write(above.read())
                self.assertEqual(self.services(
                    SMTP, "submissions", chain, True, trusted=self.path("root.crt")),
                    [wanted])

    def test_a_silent_address_leaves_time_for_the_next(self):
        server = Server(SMTP, self.good, True)
        self.addCleanup(server.stop)
        with socket.socket() as full, socket.socket() as one, socket.socket() as two:
            full.bind(("127.0.0.2", server.port))
            full.listen(0)
            for waiting in one, two:        # the next SYN gets no answer
                waiting.setblocking(False)
                waiting.connect_ex(("127.0.0.2", server.port))
            done = self.run_check("--json", "example.org", more=(
                "two IN A 127.0.0.2\ntwo IN A 127.0.0.1\n"
                "_submissions._tcp IN SRV 0 1 %d two\n" % server.port))
        self.assertIn(("error", "name"), [
            (f["level"], f["says"]) for f in json.loads(done.stdout)["domains"][0]["findings"]
            if f["about"] == "service"])

    def test_faults_before_tls(self):
        plain = {**SMTP, b"EHLO": b"250 mail.example.org\r\n"}
        eager = {**SMTP, b"STARTTLS": b"220 go on\r\n250 injected\r\n"}
        for script, wanted in (
                (plain, "plain"), ({"greeting": b"554 no\x1b[31m\r\n"}, "silent"),
                ({"greeting": b"220 " + b"x" * 20000}, "silent"),
                ({"greeting": b""}, "silent"),
                ({"greeting": b"220-more\r\n" * 500}, "silent"),
                ({**SMTP, b"EHLO": b"502 unknown\r\n"}, "plain"),
                ({**SMTP, b"STARTTLS": b"454 not now\r\n"}, "no-tls"),
                (eager, "no-tls")):
            with self.subTest(script):
                self.assertEqual(self.services(script, "submission", self.good),
                                 [("error", wanted)])

    def test_no_tls_behind_a_port_for_it(self):
        self.assertEqual(self.services(SMTP, "submissions"), [("error", "no-tls")])

    def test_nobody_there(self):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        done = self.run_check("example.org", more="_imaps._tcp IN SRV 0 1 %d mail\n" % port)
        self.assertEqual(done.returncode, 1)
        self.assertIn("_imaps._tcp: mail.example.org:%d cannot be connected to: "
                      "Connection refused" % port, done.stdout)

    def test_nothing_is_connected_to_when_that_is_off(self):
        done = self.run_check("--no-connect", "example.org",
                              more="_imaps._tcp IN SRV 0 1 1 mail\n")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("it was not connected to", done.stdout)

    # --- the command ---

    def test_exit_codes(self):
        self.assertEqual(self.run_check("example.org").returncode, 0)
        self.assertEqual(self.run_check("example.org", egress="192.0.2.9").returncode, 1)
        done = self.run_check("slow.example", more="slow.example. IN TIMEOUT\n"
                              "_dmarc.slow.example. IN TXT \"v=DMARC1; p=none\"\n")
        self.assertEqual(done.returncode, 75, done.stdout)
        self.assertIn("mx          MX of slow.example: timed out\n", done.stdout)
        self.assertRegex(done.stdout, r"\n0 errors, \d+ warnings?, \d+ not known now\n$")

    def test_usage(self):
        for args in (["--all-domains", "example.org"], ["--list", "example.org"],
                     ["--postfix", "/x", "example.org"], ["a..b"], ["exa mple.org"]):
            with self.subTest(args):
                self.assertEqual(self.run_check(*args).returncode, 2)
        done = subprocess.run([SUBMILTER, "check", "-c", self.path("conf"), "--zone", "/x"],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        self.assertEqual(done.returncode, 2)

    def test_a_zone_file_with_a_fault_is_named(self):
        done = self.run_check("example.org", more="@ IN MX ten mail\n")
        self.assertEqual(done.returncode, 2)
        self.assertIn("zone:9: ", done.stderr)

    def test_names_of_any_form_are_one_domain(self):
        done = self.run_check("--json", "Example.ORG", "example.org", "b\u00fccher.example")
        self.assertEqual([d["domain"] for d in json.loads(done.stdout)["domains"]],
                         ["example.org", "xn--bcher-kva.example"])

    def test_all_domains_are_those_with_keys_and_the_default_one(self):
        for name in "b.example", "a.example":
            subprocess.run([SUBMILTER, "genkey", "-d", self.path("keys"), name], check=True,
                           stdout=subprocess.DEVNULL)
        done = self.run_check("--all-domains", "--json", conf=(
            'domain = example.org\nkeys = "%s"' % self.path("keys")))
        self.assertEqual([d["domain"] for d in json.loads(done.stdout)["domains"]],
                         ["example.org", "a.example", "b.example"], done.stderr)
        self.assertEqual(done.stderr, "")
        answer = json.loads(done.stdout)
        worst = [min(("error", "later", "warning", "ok").index(
            "ok" if f["level"] == "note" else f["level"]) for f in d["findings"])
            for d in answer["domains"]]
        self.assertEqual(answer["summary"], {
            "domains": 3, "with_errors": worst.count(0), "not_known": worst.count(1),
            "with_warnings": worst.count(2), "fine": worst.count(3)})
        self.assertGreater(worst.count(0), 0)

    def test_all_domains_of_a_service_without_any(self):
        done = self.run_check("--all-domains")
        self.assertEqual(done.returncode, 1)
        self.assertIn("no domain has a key", done.stderr)

    def test_keys_that_cannot_be_read_are_no_absent_keys(self):
        os.makedirs(self.path("bad/example.org"), exist_ok=True)
        self.write("bad/example.org/s.key", "no key")
        done = self.run_check("example.org", conf='keys = "%s"' % self.path("bad"))
        self.assertEqual(done.returncode, 1)
        self.assertIn("s.key: group or others can use it", done.stderr)
        self.assertIn("s.key: group or others can use it", done.stdout)

    def test_text_has_domains_as_headings_and_records_below_findings(self):
        done = self.run_check("example.org", "bare.example", egress="127.0.0.1, 192.0.2.9")
        lines = done.stdout.splitlines()
        self.assertEqual([l for l in lines if l and l[0] not in " 0123456789"],
                         ["this service", "example.org", "bare.example"])
        self.assertIn('           publish: example.org. IN TXT "v=spf1 ip4:192.0.2.9 '
                      'a:mail.example.org -all"', lines)
        self.assertIn("           publish: 9.2.0.192.in-addr.arpa. IN PTR mail.example.org.",
                      lines)

    def test_a_domain_with_addresses_of_its_own(self):
        self.write("egress", "example.org 127.0.0.1, 127.0.0.2\nbad.example nonsense\n")
        done = self.run_check("--json", "example.org", "bad.example", conf=(
            'preflight { egress-table = "texthash:%s" }' % self.path("egress")),
            egress="192.0.2.9")
        one, two = json.loads(done.stdout)["domains"]
        self.assertEqual([(f["item"], f["says"]) for f in one["findings"]
                          if f["about"] == "spf" and f["item"][0] in "1"],
                         [("127.0.0.1", "pass"), ("127.0.0.2", "fail")])
        self.assertIn(("error", "unknown"), [(f["level"], f["says"]) for f in
                      two["findings"] if f["about"] == "egress"])

    def test_addresses_with_the_same_result_share_a_line(self):
        done = self.run_check("example.org", egress='"192.0.2.0/28"')
        self.assertIn("192.0.2.0 and 15 more: fail", done.stdout)

    def findings(self, done, about, service=False):
        answer = json.loads(done.stdout)
        report = answer["service"] if service else answer["domains"][0]
        return [f for f in report["findings"] if f["about"] == about]

    def test_a_network_is_published_as_one(self):
        for network in ("192.0.2.0/28", "192.0.2.0/24", "2001:db8::/64"):
            with self.subTest(network):
                done = self.run_check("--json", "example.org", egress='"%s"' % network)
                kind = "ip6" if ":" in network else "ip4"
                self.assertEqual(
                    [f["publish"] for f in self.findings(done, "spf") if "publish" in f],
                    ['example.org. IN TXT "v=spf1 %s:%s a:mail.example.org -all"'
                     % (kind, network)])

    def test_ptr_of_a_network(self):
        done = self.run_check("--json", "example.org", egress='"192.0.2.0/24"')
        self.assertEqual([(f["level"], f["item"], f["says"])
                          for f in self.findings(done, "ptr", True)],
                         [("note", "192.0.2.0/24", "unchecked")])
        done = self.run_check("--json", "example.org", egress='"127.0.0.0/30"')
        self.assertEqual([(f["level"], f["item"], f["says"])
                          for f in self.findings(done, "ptr", True)],
                         [("ok", "127.0.0.1", "confirmed"),
                          ("warning", "127.0.0.0/30", "none")])
        self.assertEqual([f["says"] for f in self.findings(done, "helo", True)], ["egress"])

    def test_records_of_keys_stand_there_without_odd_characters(self):
        subprocess.run([SUBMILTER, "genkey", "-d", self.path("made"), "example.org"],
                       check=True, stdout=subprocess.DEVNULL)
        for more in (), ("--json",):
            done = self.run_check(*more, "example.org", conf='keys = "%s"' % self.path("made"))
            self.assertIn("_domainkey.example.org. IN TXT", done.stdout)
            self.assertNotIn("?", done.stdout)

    def test_a_parent_that_does_not_answer_is_no_disagreement(self):
        zone = ZONE.replace('_dmarc IN TXT "v=DMARC1; p=none"', "_dmarc IN FAIL")
        self.write("zone2", zone + '_dmarc.sub IN TXT "v=DMARC1; p=reject"\n'
                   'sub IN TXT "v=spf1 ip4:127.0.0.1 -all"\n')
        done = self.run_check("--json", "--zone", self.path("zone2"), "sub.example.org",
                              egress="127.0.0.1")
        self.assertNotIn("disagree", done.stdout)
        self.assertIn(("later", "unknown"), [(f["level"], f["says"])
                      for f in self.findings(done, "dmarc")
                      if f.get("item") == "organization"])


if __name__ == "__main__":
    unittest.main()
