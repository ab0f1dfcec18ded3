#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Moving in, and back, by the commands of docs/migrating.md, with a real Postfix and a
real OpenDKIM that sign; and what import makes of the files that Debian ships."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
import unittest

import common
from common import ALICE, BODY, CEO, COMPLETE, HERE, HONEST, fields, header_of, lab
from lab.process import wait_until

sys.path.insert(0, str(HERE.parent / "firstday"))

import documents                            # noqa: E402

PAGE = (HERE.parent.parent / "docs/migrating.md").read_text(encoding="utf-8")
# Users that every Debian has, in the place of those of the packages.
OPENDKIM, SUBMILTER = "games", "daemon"


def section(title):
    return re.search(r"(?ms)^## %s\n(.*?)(?=^## |\Z)" % re.escape(title), PAGE)[1]


def commands_of(title):
    return [line for block in documents.readme_blocks(section(title))
            for line in documents.split_commands(block.text)]


WAY = commands_of("From OpenDKIM with Postfix, in ten commands")


def setUpModule():
    scratch = lab.scratch("submilter-import.")
    top = scratch.__enter__()
    unittest.addModuleCleanup(scratch.__exit__, None, None, None)
    common.Base.world = common.World(top)
    common.Base.debs = lab.Debs.shared(top, "postfix", "opendkim", "rspamd",
                                       "dkimpy-milter", "sendmail")


class Postfix(lab.Postfix):
    def take_up(self):
        """A reload that leaves the configuration as it is."""
        before = self.log().count(": reload ")
        self._daemon.signal(signal.SIGHUP)
        wait_until(lambda: self.log().count(": reload ") > before, 10, "reload")
        time.sleep(0.3)

    def environment(self):
        return self._environment()


class Host:
    """What stands on one host: /etc of OpenDKIM, Postfix and submilter, and the
    programs behind systemctl."""

    def __init__(self, test, tables):
        self.test, self.debs = test, test.debs
        self.top = test.world.top / ("host%d" % next(common.number))
        self.top.mkdir(mode=0o755)
        self.keys = self.top / "dkimkeys"
        shutil.copytree(test.world.keys / "corp.example", self.keys)
        for path in (self.keys, *self.keys.iterdir()):
            shutil.chown(path, OPENDKIM, OPENDKIM)
        self.conf = self.top / "opendkim.conf"
        self.run = self.top / "run"
        self.run.mkdir(mode=0o777)
        self.run.chmod(0o777)
        self.conf.write_text("""\
# As a host in service has it.
Syslog              no
SyslogSuccess       yes
Background          no
Mode                sv
Canonicalization    relaxed/simple
OversignHeaders     From
UserID              %s
UMask               000
RequireSafeKeys     no
Socket              local:%s
PidFile             %s
InternalHosts       127.0.0.1
%s""" % (OPENDKIM, self.run / "opendkim.sock", self.run / "pid", tables.format(
            top=self.top, keys=self.keys)))
        (self.top / "key.table").write_text(
            "main corp.example:s1:%s/s1.key\n" % self.keys)
        (self.top / "signing.table").write_text("*@corp.example main\n")
        (self.top / "logins").write_text("%s %s\nsales@corp.example %s\n" % (
            ALICE, ALICE, ALICE))
        self.submilter_conf = self.top / "submilter.conf"
        self.running = {}

    def start_postfix(self):
        self.mta = Postfix(self.top / "postfix", self.debs, self.test.sink.port,
                           milter="unix:%s" % (self.run / "opendkim.sock"),
                           users=common.USERS, extra={
                               "smtpd_sender_login_maps":
                                   "texthash:%s/logins" % self.top,
                               "smtpd_sender_restrictions":
                                   "reject_authenticated_sender_login_mismatch"})
        self.mta.start()
        self.test.addCleanup(self.mta.stop)

    def restart(self, name):
        self.stop(name)
        output = self.top / (name + ".output")
        if name == "opendkim":
            path = self.run / "opendkim.sock"
            path.unlink(missing_ok=True)
            command = [self.debs.package("opendkim") / "usr/sbin/opendkim", "-f", "-x",
                       self.conf]
            ready, environment = path.exists, self.debs.environment()
        else:
            command = [os.environ["SUBMILTER"], "run", "-f", "-c", self.submilter_conf]
            output.unlink(missing_ok=True)

            def ready():
                return output.exists() and "ready on" in output.read_text()
            environment = dict(os.environ)
        daemon = self.running[name] = lab.Daemon(command, environment, output)
        self.test.addCleanup(daemon.stop)
        wait_until(lambda: ready() or daemon.ended(), 20, name)
        self.test.assertFalse(daemon.ended(), output.exists() and output.read_text())

    def stop(self, name):
        if name in self.running:
            self.running.pop(name).stop(timeout=15)

    def systemctl(self, verb, names):
        for name in names:
            if name == "postfix":
                self.mta.take_up()
            elif verb == "stop":
                self.stop(name)
            else:
                self.restart(name)

    def shell(self, command):
        """One command of the page, for this host."""
        port = "127.0.0.1:%d" % self.mta.submission_port
        for text, ours in (("/etc/opendkim.conf", str(self.conf)),
                           ("/etc/dkimkeys", str(self.keys)),
                           ("/etc/postfix", str(self.mta.directory)),
                           ("/root/submilter.conf", "%s/made.conf" % self.top),
                           ("/etc/submilter/submilter.conf", str(self.submilter_conf)),
                           ("chown -R submilter:", "chown -R %s:" % SUBMILTER),
                           ("chown -R opendkim:", "chown -R %s:" % OPENDKIM),
                           ("submission/inet", port + "/inet")):
            command = command.replace(text, ours)
        postconf = "MAIL_CONFIG=%s %s/usr/sbin/postconf" % (
            self.mta.directory, self.debs.package("postfix"))
        command = re.sub(r"^postconf", postconf, command)
        command = re.sub(r"^submilter check", "submilter check -c %s --postfix %s" % (
            self.submilter_conf, self.mta.directory), command)
        command = re.sub(r"^submilter", os.environ["SUBMILTER"], command)
        done = subprocess.run(["bash", "-c", command], env=self.mta.environment(),
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=60, check=False, text=True)
        return done.returncode, done.stdout

    def services(self):
        """What master.cf says of each service."""
        code, out = self.shell("postconf -P")
        self.test.assertEqual(code, 0, out)
        return self.shell("postconf -M")[1] + out

    def follow(self, commands):
        for command in commands:
            for part in command.split(" && "):
                if part.startswith("systemctl "):
                    words = part.split()
                    self.systemctl(words[1], words[2:])
                    continue
                code, out = self.shell(part)
                if "import" in part:
                    self.settle()
                if not part.startswith("submilter check"):
                    self.test.assertEqual(code, 0, part + "\n" + out)
                self.said = out

    def settle(self):
        """What has to be other on this host than on one of its own."""
        queue = self.mta.directory / "spool/submilter"
        queue.mkdir(exist_ok=True)
        shutil.chown(queue, SUBMILTER, lab.Postfix.milter_group)
        made = self.top / "made.conf"
        self.made = made.read_text()
        made.write_text("""\
listen = "unix:%s/submilter.sock"
socket-group = "%s"
user = "%s"
status-file = "%s/status"
dns { zone = "%s" }
""" % (queue, lab.Postfix.milter_group, SUBMILTER, self.run, self.zone())
                        + 'sign { key-states = "%s/states" }\n' % self.run + self.made)

    def zone(self):
        path = self.top / "zone"
        path.write_text("corp.example. 60 IN SOA a. b. 1 1 1 1 1\n" + "".join(
            "%s. 60 IN TXT (%s)\n" % (name, " ".join(
                '"%s"' % text[i:i + 200] for i in range(0, len(text), 200)))
            for name, text in self.test.world.records.items()))
        return path


class Move(common.Base, unittest.TestCase):
    mta_class = Postfix

    def test_the_page_has_ten_commands(self):
        self.assertEqual(len(WAY), 10, WAY)

    def signed(self, host, raw=HONEST, signer=None, **more):
        """d=, s= and which program made it: they fold in different ways."""
        data = self.deliver(host.mta, raw, **more)
        opinion = lab.verify(data, self.world.records)["dkimpy"]
        for one in opinion:
            self.assertTrue(one.ok, "%s\n%s" % (one, header_of(data).decode()))
        # Only submilter protects Author, of which no message here has one.
        tags = b" ".join(fields(data, b"DKIM-Signature")).lower()
        if opinion:
            self.assertEqual(b"author" in re.sub(rb"\s", b"", tags),
                             signer == "submilter", tags)
        return [(one.d, one.s) for one in opinion]

    def over_and_back(self, tables):
        host = Host(self, tables)
        host.restart("opendkim")
        host.start_postfix()
        want = [("corp.example", "s1")]
        self.assertEqual(self.signed(host, signer="opendkim"), want)
        before = host.services()
        keys_before = {p: p.stat().st_uid for p in host.keys.iterdir()}
        back = next(i for i, c in enumerate(WAY) if c.startswith("postconf -PX"))
        # Over.
        host.follow(WAY[:back])
        self.assertIn("passes mail to the milter", host.said)
        self.assertNotIn("\nerror", host.said)
        self.assertEqual(self.signed(host, signer="submilter"), want)
        # The login map counts, and a forged From is told of, and is not signed.
        sales = HONEST.replace(b"alice@", b"sales@")
        self.assertEqual(self.signed(host, sales, "submilter"), want)
        forged = b"From: %s\r\n" % CEO.encode() + COMPLETE + BODY
        self.assertEqual(self.signed(host, forged), [])
        log = (host.top / "submilter.output").read_text()
        self.assertRegex(log, "from=%s .*would=reject" % CEO)
        # The commands of the comment are those of the page, for this host.
        port = "127.0.0.1:%d" % host.mta.submission_port
        self.assertIn("#     " + next(c for c in WAY if c.startswith("postconf -P "))
                      .replace("submission/inet", port + "/inet"), host.made)
        # Mail from outside still passes OpenDKIM, which verifies it.
        plain = lab.submit(host.mta.plain_port, HONEST, ALICE, [common.FRIEND],
                           starttls=False)
        self.assertTrue(plain.accepted, plain)
        # And back.
        host.follow(WAY[back:])
        self.assertEqual(host.services(), before)
        self.assertEqual({p: p.stat().st_uid for p in host.keys.iterdir()},
                         keys_before)
        self.assertNotIn("submilter", host.running)
        self.assertEqual(self.signed(host, signer="opendkim"), want)

    def test_tables(self):
        self.over_and_back("KeyTable {top}/key.table\n"
                           "SigningTable refile:{top}/signing.table\n")

    def test_one_key(self):
        self.over_and_back("Domain corp.example\nSelector s1\nKeyFile {keys}/s1.key\n")


class Shipped(common.Base, unittest.TestCase):
    """The files of Debian's packages, as they are."""

    def setUp(self):
        pass

    def test_each_is_read_and_becomes_a_configuration(self):
        top = self.world.top / "shipped"
        top.mkdir()
        package = self.debs.package
        for name, path in (
                ("opendkim", package("opendkim") / "etc/opendkim.conf"),
                ("dkimpy", package("dkimpy-milter")
                 / "etc/dkimpy-milter/dkimpy-milter.conf"),
                ("rspamd", package("rspamd") / "etc/rspamd"),
                ("mc", package("sendmail-cf")
                 / "usr/share/sendmail/cf/debian/sendmail.mc"),
                ("submit", package("sendmail-cf")
                 / "usr/share/sendmail/cf/debian/submit.mc")):
            with self.subTest(name):
                made = top / (name + ".conf")
                subprocess.run([os.environ["SUBMILTER"], "import", "-o", made, path],
                               check=True, timeout=60)
                subprocess.run([os.environ["SUBMILTER"], "check", "-c", made, "--list"],
                               check=True, timeout=60, stdout=subprocess.DEVNULL)
                # Debian's files hold nothing that is not known.
                text = re.sub(r"\n# +", " ", made.read_text())
                lost = re.search(r"What was not understood.*", text)
                lost = re.findall(r"\* (.*?)(?= \* |$)", lost[0]) if lost else []
                self.assertEqual([line for line in lost if not re.search(
                    "no key is named|no domain with a key|TrustAnchorFile", line)], [])


if __name__ == "__main__":
    unittest.main()
