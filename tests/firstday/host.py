# SPDX-License-Identifier: BSD-2-Clause
"""A root with what its operator has before the documents are read: an MTA with logins,
DNS, a next hop; and how a step of README.md is done there."""

import re
import shlex
import time

import book
import documents
import plan
from root import Failed

HELPERS = ("nsd python3 python3-dkim python3-nacl python3-dnspython openssl gcc libc6-dev "
           "man-db sasl2-bin libsasl2-modules libsasl2-modules-db ssl-cert procps")
INSIDE = "/usr/bin/python3 tests/firstday/inside.py "
ZONE = """\
. 60 IN SOA ns.example.org. root.example.org. %d 60 60 60 60
. 60 IN NS ns.example.org.
$TTL 60
ns.example.org. IN A 127.0.0.1
mail.example.org. IN A 127.0.0.1
mail.example.org. IN TXT "v=spf1 a -all"
example.org. IN MX 10 mail.example.org.
example.org. IN TXT "v=spf1 mx -all"
_dmarc.example.org. IN TXT "v=DMARC1; p=none"
1.0.0.127.in-addr.arpa. IN PTR mail.example.org.
far.example. IN MX 10 mx.far.example.
mx.far.example. IN A 127.0.0.1
"""
# What an operator has for logins and a smart host.
MC = ["define(`confQUEUE_LA', `900')dnl", "define(`confREFUSE_LA', `900')dnl",
      "define(`confAUTH_MECHANISMS', `PLAIN LOGIN')dnl",
      "TRUST_AUTH_MECH(`PLAIN LOGIN')dnl",
      "define(`confSERVER_CERT', `/etc/mail/server.pem')dnl",
      "define(`confSERVER_KEY', `/etc/mail/server.key')dnl",
      "define(`confCACERT', `/etc/mail/server.pem')dnl",
      "define(`confCACERT_PATH', `/etc/ssl/certs')dnl",
      "define(`RELAY_MAILER_ARGS', `TCP $h 2525')dnl",
      "define(`SMART_HOST', `relay:[127.0.0.1]')dnl",
      "FEATURE(`accept_unresolvable_domains')dnl"]
# Where Sendmail's socket may be, by the documents.
OTHER_SOCKET = 'listen = "unix:/run/submilter/submilter.sock"'
HONEST = "From: alice@example.org\nTo: bob@far.example\nSubject: %s\n\nHello.\n"
FORGED = "From: ceo@example.org\nTo: bob@far.example\nSubject: forged\n\nPay.\n"


class Report:
    def __init__(self):
        self.passed = self.failed = 0
        self.started = time.monotonic()

    def check(self, name, good, text=""):
        if good:
            self.passed += 1
        else:
            self.failed += 1
        print("%6.0f %s %s" % (time.monotonic() - self.started,
                               "ok  " if good else "FAIL", name), flush=True)
        if not good and text:
            print("       | " + "\n       | ".join(text.rstrip().splitlines()[-40:]),
                  flush=True)
        return good


class Host:
    """A root with what its operator has before README.md is read."""

    def __init__(self, root, report, part):
        self.root, self.report, self.part = root, report, part
        self.records = self.more = self.mc = ""
        self.sink = None
        self.sent = 0

    def fetch(self, packages, commands=()):
        """Packages, so that apt-get finds them without the network."""
        conf = "/etc/apt/apt.conf.d/99download"
        self.root.write(conf, 'APT::Get::Download-Only "true";\n')
        lines = ["apt-get update -qq", "apt-get install -y --no-install-recommends "
                 + packages]
        for command in commands:
            lines += [c.strip() for c in command.text.split("&&")
                      if re.match(r"\s*(apt-get|packaging/install-dep)", c) and "/tmp" not in c]
        for line in lines:
            done = self.root.online(line)
            if done.returncode != 0:
                raise Failed("%s\n%s" % (line, done.stdout))
        (self.root.path / conf.lstrip("/")).unlink()

    def boot(self, log):
        self.root.write("/etc/resolv.conf", "nameserver 127.0.0.1\n")
        self.root.boot(log)
        self.root.must("apt-get install -y --no-install-recommends " + HELPERS)
        self.listen()

    def listen(self):
        """DNS answers, and the next hop takes mail."""
        self.root.write("/etc/resolv.conf", "nameserver 127.0.0.1\n")
        self.root.write("/etc/nsd/nsd.conf", "server:\n  ip-address: 127.0.0.1\n"
                        'zone:\n  name: "."\n  zonefile: "/etc/nsd/zone"\n')
        self.publish("")
        self.sink = self.root.spawn(INSIDE + "sink /root/sink")
        self.sink.stdout.readline()

    def publish(self, records):
        """Into the zone file, as they were printed."""
        self.records += records
        self.root.write("/etc/nsd/zone", ZONE % time.time() + self.records)
        self.root.must("systemctl restart nsd")

    def give_login(self, database, group):
        self.root.must("echo secret | saslpasswd2 -p -c -u example.org -f %s alice && "
                       "chgrp %s %s && chmod 640 %s" % (database, group, database, database))

    def set_up_postfix(self):
        self.root.write("/etc/mailname", "example.org\n")
        self.root.must("apt-get install -y --no-install-recommends postfix")
        self.root.write("/etc/postfix/sasl/smtpd.conf", "pwcheck_method: auxprop\n"
                        "auxprop_plugin: sasldb\nmech_list: PLAIN LOGIN\n")
        self.root.must("mkdir -p /var/spool/postfix/etc")
        self.give_login("/var/spool/postfix/etc/sasldb2", "postfix")
        self.root.must("postconf -e relayhost=[127.0.0.1]:2525 inet_interfaces=loopback-only "
                       "smtpd_sasl_local_domain=example.org && "
                       "postconf -M submission/inet='submission inet n - y - - smtpd' && "
                       "postconf -P submission/inet/smtpd_tls_security_level=encrypt "
                       "submission/inet/smtpd_sasl_auth_enable=yes && "
                       "systemctl restart postfix")

    def set_up_sendmail(self):
        self.root.must("apt-get install -y --no-install-recommends make m4 sendmail-bin")
        for name in "/usr/lib/sasl2/Sendmail.conf", "/etc/sasl2/Sendmail.conf":
            self.root.must("rm -f " + name)     # a link of Debian's that leads nowhere
            self.root.write(name, "pwcheck_method: auxprop\nauxprop_plugin: sasldb\n"
                            "mech_list: PLAIN LOGIN\n")
        self.give_login("/etc/sasldb2", "root")
        self.root.must("chmod 600 /etc/sasldb2 && cd /etc/mail && "
                       "install -m 644 /etc/ssl/certs/ssl-cert-snakeoil.pem server.pem && "
                       "install -m 600 /etc/ssl/private/ssl-cert-snakeoil.key server.key")
        self.mc = self.root.read("/etc/mail/sendmail.mc")
        for line in MC:
            self.mc = re.sub(r"(?m)^(?=MAILER)", lambda _, row=line: row + "\n", self.mc,
                             count=1)
        self.root.write("/etc/mail/sendmail.mc", self.mc)
        self.root.must("make -C /etc/mail && systemctl restart sendmail")
        if OTHER_SOCKET in documents.README.read_text(encoding="utf-8"):
            self.more = OTHER_SOCKET + "\n"

    def port_25(self):
        """Mail from other servers comes in, without a login."""
        done = self.root.run(INSIDE + "incoming")
        self.report.check("mail from other servers is accepted on port 25",
                          done.returncode == 0, done.stdout)

    def step(self, command):
        name = documents.without_comment(command.text)
        if name in plan.NOT_RUN or self.part not in plan.PARTS.get(name, plan.USUAL):
            return
        if "message.eml" in name and not (self.root.path / "root/project/message.eml").exists():
            self.root.write("/root/project/message.eml", HONEST % "as a file")
        done = self.root.run(command.text, timeout=7200)
        self.report.check("%s: %s" % (command.where, name),
                          done.returncode in plan.CODES.get(name, (0,)),
                          "exit code %d\n%s" % (done.returncode, done.stdout))
        if re.search(r"submilter genkey", name):
            self.publish(done.stdout)

    def block(self, block):
        kind = documents.kind_of(block)
        if kind == "conf" and re.search(r"(?m)^keys\b", block.text):
            self.root.write("/etc/submilter/submilter.conf", block.text + self.more)
            self.load(block, "/etc/submilter/submilter.conf")
        elif kind == "conf":
            self.root.write("/root/part.conf", block.text)
            self.load(block, "/root/part.conf")
        elif kind == "master.cf" and self.part == "postfix":
            # In place of the line for that service which is there.
            self.root.must("postconf -MX submission/inet")
            path = self.root.path / "etc/postfix/master.cf"
            path.write_text(path.read_text() + block.text)
            done = self.root.run("postfix check && systemctl reload postfix")
            self.report.check("%s: master.cf" % block, done.returncode == 0, done.stdout)
        elif kind == "main.cf" and self.part == "postfix":
            rows = " ".join(shlex.quote(row) for row in block.text.splitlines() if row)
            done = self.root.run("postconf -e %s && postfix check && systemctl reload "
                                 "postfix" % rows)
            self.report.check("%s: main.cf" % block, done.returncode == 0, done.stdout)
        elif kind == "sendmail.mc" and self.part == "sendmail":
            self.use_mc(block)

    def use_mc(self, block):
        """In place of the lines for ports that Debian's file has."""
        ours = re.compile(r"(?m)^(DAEMON_OPTIONS|FEATURE\(`no_default_msa').*\n")
        self.root.write("/etc/mail/sendmail.mc", re.sub(
            r"(?m)^(?=MAILER)", lambda _: block.text, ours.sub("", self.mc), count=1))
        done = self.root.run("cd /etc/mail && m4 -D_CF_DIR_=/usr/share/sendmail/cf/ "
                             "sendmail.mc > sendmail.cf && systemctl restart sendmail && "
                             "systemctl is-active sendmail")
        self.report.check("%s: sendmail.mc" % block, done.returncode == 0, done.stdout)

    def load(self, block, path):
        done = self.root.run("submilter check --list -c " + path)
        self.report.check("%s: configuration" % block, done.returncode == 0, done.stdout)

    def walk(self):
        """README.md and the first page of the book in their order; returns commands in
        sentences, but for those of services."""
        page = book.read(book.FIRST)
        late = list(documents.inline_commands(documents.README.read_text(encoding="utf-8")))
        for step in documents.readme_steps():
            if not isinstance(step, documents.Command):
                self.block(step)
            elif step not in late:
                self.step(step)
        for piece in book.beside(self.part):
            for command in book.commands(piece) if piece.kind == "sh" else ():
                self.step(command)
        return [command for command in late + book.sentences(page, book.FIRST)
                if not command.text.startswith("systemctl")]

    def wait(self, name, command, seconds):
        end = time.monotonic() + seconds
        while True:
            done = self.root.run(command)
            if done.returncode == 0 or time.monotonic() > end:
                return self.report.check(name, done.returncode == 0, done.stdout)
            time.sleep(1)

    def send(self, text, login="alice@example.org"):
        self.root.write("/root/mail.eml", text)
        return self.root.run(INSIDE + "send /root/mail.eml " + login)

    def first_mail(self):
        """It arrives signed; a forged one does not arrive."""
        self.wait("DNS is seen to show both keys", "submilter keys example.org", 180)
        done = self.send(HONEST % "first")
        self.report.check("the first mail is accepted", done.returncode == 0, done.stdout)
        self.sent += 1
        done = self.send(FORGED)
        self.report.check("a forged one is refused", "550 5.7.1 alice@example.org may not "
                          "send as ceo@example.org" in done.stdout, done.stdout)
        self.wait("it arrives with two signatures that verify", INSIDE
                  + "verify /root/sink/%d.eml" % self.sent, 20)
        self.report.check("nothing else arrives", not (
            self.root.path / ("root/sink/%d.eml" % (self.sent + 1))).exists())

    def leave_sink(self):
        if self.sink is not None:
            self.sink.kill()
            self.sink.wait()
            self.sink = None

    def close(self):
        self.leave_sink()
        self.root.remove()
