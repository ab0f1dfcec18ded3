#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""submilter check, against made-up configurations of Postfix and Sendmail."""

import grp
import json
import os
import pwd
import re
import shlex
import shutil
import socket
import subprocess
import tempfile
import unittest

import schemas

SUBMILTER = os.path.join(os.environ.get("top_builddir", "."), "submilter")
ROOT = os.geteuid() == 0
# Whom the made-up MTA runs as: a user that exists everywhere, or ourselves.
MTA_USER = "daemon" if ROOT else pwd.getpwuid(os.geteuid()).pw_name
MTA_GROUP = grp.getgrgid(pwd.getpwnam(MTA_USER).pw_gid).gr_name

CAN_MOUNT = ROOT and subprocess.run(
    ["unshare", "-m", "--propagation", "private", "mount", "--bind",
     "/etc/passwd", "/etc/passwd"], check=False,
    stderr=subprocess.DEVNULL).returncode == 0

MASTER = """\
# service type private unpriv chroot wakeup maxproc command
smtp       inet  n  -  y  -  -  smtpd
submission inet  n  -  %(chroot)s  -  -  smtpd
  -o syslog_name=postfix/submission
# a comment in between
  -o smtpd_sasl_auth_enable=yes
  %(options)s
cleanup    unix  n  -  y  -  0  cleanup
"""

X_LINE = "Xsubmilter, S=unix:%(socket)s, F=T, T=S:30s;R:1m;E:5m\n"


class Check(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="submilter-check.")
        self.addCleanup(shutil.rmtree, self.dir)
        self.queue = self.path("queue")
        self.socket_dir = self.path("queue/submilter")
        self.socket = self.path("queue/submilter/s.sock")
        os.mkdir(self.queue)
        os.chmod(self.queue, 0o755)
        os.mkdir(self.socket_dir)
        os.chmod(self.socket_dir, 0o2755)
        os.mkdir(self.path("keys"), 0o755)
        self.write("rights", "info@example.org alice@example.org\n")
        self.configure()

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, text, mode=0o644):
        path = self.path(name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, mode)
        return path

    def configure(self, listen=None, more="", group=MTA_GROUP):
        self.write("submilter.conf", """\
listen = "%s"
socket-group = "%s"
rights { tables = "texthash:%s" }
%s
""" % (listen or "unix:" + self.socket, group, self.path("rights"), more))

    def postfix(self, chroot="y", options="", main="",
                milters="unix:submilter/s.sock"):
        os.makedirs(self.path("postfix"), exist_ok=True)
        self.write("postfix/main.cf", """\
compatibility_level = 3.6
queue_directory = %s
mail_owner = %s
%s
""" % (self.queue, MTA_USER, main))
        if milters is not None:
            options = "-o smtpd_milters=%s\n  %s" % (milters, options)
        self.write("postfix/master.cf",
                   MASTER % {"chroot": chroot, "options": options})

    def run_check(self, *args, config="submilter.conf"):
        return schemas.run(
            [SUBMILTER, "check", "--no-connect", "-c", self.path(config), *args],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60,
            check=False, text=True)

    def found(self, *args, status, config="submilter.conf"):
        """The findings, as "level: text" and its fix."""
        done = self.run_check("--json", *args, config=config)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        answer = json.loads(done.stdout)
        levels = [f["level"] for f in answer["findings"]]
        self.assertEqual(answer["errors"], levels.count("error"))
        self.assertEqual(answer["warnings"], levels.count("warning"))
        return [(f["level"] + ": " + f["text"].replace(self.dir, "@"),
                 f.get("fix", "").replace(self.dir, "@"))
                for f in answer["findings"]]

    def found_postfix(self, status):
        return self.found("--postfix", self.path("postfix"), status=status)

    def sasl(self, conf="pwcheck_method: saslauthd\n", start=None, chroot="n",
             main="", more='domain = "a.example"\nidentify { realms = b.example }'):
        """What is found of SMTP AUTH: the level, and the setting it is read from."""
        self.configure(more=more)
        self.postfix(main=main, chroot=chroot)
        if conf is not None:
            os.makedirs(self.path("postfix/sasl"), exist_ok=True)
            self.write("postfix/sasl/smtpd.conf", conf)
        start = self.write("saslauthd", start or "# nothing\n")
        done = self.run_check("--json", "--postfix", self.path("postfix"),
                              "--saslauthd", start)
        found = [f["level"] + ": " + f["text"].split("SMTP AUTH ", 1)[1]
                 for f in json.loads(done.stdout)["findings"] if "SMTP AUTH " in f["text"]]
        self.assertEqual(len(found), 1, done.stdout)
        return found[0].replace(self.dir, "@")

    def has(self, findings, text, fix=None):
        for found, found_fix in findings:
            if text in found:
                if fix is not None:
                    self.assertIn(fix, found_fix)
                return
        self.fail("%r is not among\n%s" % (
            text, "\n".join(found for found, _ in findings)))

    def has_not(self, findings, text):
        for found, _ in findings:
            self.assertNotIn(text, found)

    # --- the configuration and what it names ---

    def test_sound_set_up_has_no_errors(self):
        self.postfix()
        findings = self.found_postfix(0)
        self.has(findings, "ok: @/submilter.conf: no faults")
        self.has(findings, "ok: rights.tables: texthash:@/rights: 1 row")
        self.has(findings, 'ok: Postfix: service "submission" '
                 "(master.cf:3) passes mail to the milter")
        self.has_not(findings, "error")

    def test_every_fault_of_the_configuration_is_shown(self):
        self.write("submilter.conf", "mode = x\nlisetn = y\nsign {\n")
        findings = self.found(status=1)
        self.assertEqual([text for text, _ in findings], [
            'error: @/submilter.conf:1: mode: takes enforce or monitor, not '
            '"x"',
            'error: @/submilter.conf:2: lisetn: unknown option; did you mean '
            '"listen"?',
            'error: @/submilter.conf:3: the block "sign" that begins here is '
            'not closed: } is missing'])

    def test_every_fault_that_a_stage_finds_has_its_line(self):
        self.configure(more='sign { signed-headers = {subject, "a:b"} }\n'
                       'names { protected-names = {"...", "A B"} }\n'
                       'identify { methods = netwrk }\n')
        findings = self.found(status=1)
        for text in (
                '4: sign.signed-headers: "a:b" is not a field name',
                "4: sign.signed-headers: from is missing; ",
                "5: names.protected-names: takes NAME, NAME <ADDRESS> or "
                'DOMAIN, not "..."',
                '6: identify.methods: "netwrk" is not a method; there are '
                'sasl, client-cert, login-field, network, host and pop-before-smtp; did you mean '
                '"network"?',
                "6: identify.methods: the method network needs a table"):
            self.has(findings, "error: @/submilter.conf:" + text)
        self.has_not(findings, '"A B"')

    def test_former_names_of_options_are_warned_of(self):
        self.postfix()
        self.configure(more="\nlimits { mailboxes = 30 }\n")
        with open(self.path("submilter.conf"), encoding="utf-8") as file:
            line = file.read().splitlines().index("limits { mailboxes = 30 }") + 1
        self.has(self.found_postfix(0),
                 "warning: @/submilter.conf:%d: limits.mailboxes is a former "
                 "name: write bounds.mailboxes" % line)

    def test_missing_configuration_is_an_error(self):
        findings = self.found(status=1, config="none.conf")
        self.has(findings, "error: @/none.conf: cannot be opened")

    def test_missing_and_broken_tables_are_errors(self):
        self.postfix()
        self.configure(more="identify { methods = {sasl, network}\n"
                       'network = "cidr:%s" }' % self.path("networks"))
        self.has(self.found_postfix(1), "@/networks")
        self.write("networks", "192.0.2.1/24 webmail@example.org\n")
        self.has(self.found_postfix(1), "@/networks")
        self.write("networks", "192.0.2.0/24 webmail@example.org\n")
        self.has(self.found_postfix(0),
                 "ok: identify.network: cidr:@/networks: 1 row")

    def test_broken_keys_are_errors(self):
        self.postfix()
        os.mkdir(self.path("keys/example.org"), 0o755)
        self.write("keys/example.org/s1.key", "no key\n", 0o600)
        self.configure(more='keys = "%s"' % self.path("keys"))
        self.has(self.found_postfix(1), "keys/example.org/s1.key")

    def test_no_keys_is_a_warning(self):
        self.postfix()
        self.has(self.found_postfix(0), "warning: keys: is not set")
        self.configure(more='keys = "%s"\nsign { key-states = "%s" }' % (
            self.path("keys"), self.path("states")))
        self.has(self.found_postfix(0), "warning: keys: there is no key")

    @unittest.skipUnless(ROOT, "only root can become another user")
    def test_files_are_read_as_the_user_of_the_milter(self):
        self.postfix()
        self.configure(more="user = nobody")
        # The directory is root's alone.
        findings = self.found_postfix(1)
        self.has(findings, "error: a reload would fail as user nobody: "
                 "@/submilter.conf: cannot be opened: Permission denied")
        os.chmod(self.dir, 0o755)
        shutil.chown(self.socket_dir, "nobody")
        self.found_postfix(0)
        os.chmod(self.path("rights"), 0o640)
        findings = self.found_postfix(1)
        self.has(findings, "@/rights")

    def test_unknown_names_are_errors_and_the_rest_is_checked(self):
        self.postfix(milters="unix:elsewhere")
        self.configure(group="no-such-group", more="user = no-such-user")
        findings = self.found_postfix(1)
        self.has(findings, "error: @/submilter.conf:2: socket-group: there is "
                 'no group "no-such-group"')
        self.has(findings, "error: @/submilter.conf:4: user: there is no user "
                 '"no-such-user"')
        # Of what a user may read who does not exist nothing is said.
        self.has_not(findings, "ok: rights.tables")
        self.has(findings, "passes no mail to the milter")

    def test_every_bad_row_of_every_table_is_named(self):
        self.postfix()
        self.write("more", "".join("row%d\n" % n for n in range(1, 31)))
        self.write("networks", "192.0.2.1/24 x\n192.0.2.0/24 x\nnonsense x\n")
        self.write("rights", "a b\nc\na d\n")
        self.write("submilter.conf", """\
listen = "unix:%s"
rights { tables = {"texthash:%s", "texthash:%s"} }
identify { methods = {sasl, network}; network = "cidr:%s" }
""" % (self.socket, self.path("rights"), self.path("more"), self.path("networks")))
        findings = self.found_postfix(1)
        faults = [text for text, _ in findings
                  if text.startswith("error: @/") and "submilter.conf" not in text]
        for line in 1, 3:
            self.has(findings, "error: @/networks:%d: " % line)
        for line in 2, 3:
            self.has(findings, "error: @/rights:%d: " % line)
        for line in range(1, 21):
            self.has(findings, "error: @/more:%d: " % line)
        self.has(findings, "error: @/submilter.conf:2: rights.tables: table texthash:@/more: "
                 "10 more faults")
        self.assertEqual(len(faults), 2 + 2 + 20)

    def test_every_value_that_means_nothing_is_named(self):
        self.postfix()
        self.write("rights", "a@example.org alice\nb@example.org bob;until=31.12.2026\n"
                   "c@example.org carol,dave; behalf\n")
        self.write("patterns", "/^d@/ dave;until=2026-02-30\n/^(e)@/ $1\nif /f/\n/g/ !\nendif\n")
        self.write("networks", "192.0.2.0/24 x, y\n")
        self.write("map", "".join("u%d a b\n" % n for n in range(30)))
        self.write("levels", "example.org spf=maybe\n")
        self.write("egress", "example.org 192.0.2.1/24\n")
        self.write("submilter.conf", """\
listen = "unix:%s"
socket-group = "%s"
rights { tables = {"texthash:@/rights", "regexp:@/patterns", "static:x;until=y"} }
identify { methods = {sasl, network}; network = "cidr:@/networks"; login-map = "texthash:@/map" }
preflight { levels = "texthash:@/levels"; egress-table = "texthash:@/egress" }
""".replace("@", self.dir) % (self.socket, MTA_GROUP))
        faults = [text[7:] for text, _ in self.found_postfix(1) if text.startswith("error: ")]
        later = " (mail that needs this row is answered with 451)"
        day = ": write the last day as until=YYYY-MM-DD, like until=2027-01-31" + later
        login = " is not a login: write LOGIN, !LOGIN, LOGIN;behalf or LOGIN;until=YYYY-MM-DD" + later
        self.assertEqual([fault for fault in faults if "@/map" not in fault], [
            '@/networks:1: key 192.0.2.0/24: "x, y" is not one login' + later,
            "@/rights:2: key b@example.org: bob;until=31.12.2026" + day,
            "@/rights:3: key c@example.org: dave;" + login,
            "@/patterns:1: dave;until=2026-02-30" + day,
            "@/patterns:4: !" + login,
            "@/submilter.conf:3: rights.tables: table static:x;until=y: x;until=y" + day,
            '@/levels:1: key example.org: "spf=maybe": takes CHECK=off, warn, tag or reject' + later,
            '@/egress:1: key example.org: "192.0.2.1/24": the address has bits set behind '
            "its prefix length: write 192.0.2.0/24 or 192.0.2.1" + later])
        self.assertEqual([fault for fault in faults if "@/map" in fault][-2:], [
            '@/map:20: key u19: "a b" is not one login' + later,
            "@/submilter.conf:4: identify.login-map: table texthash:@/map: 10 more values that "
            "cannot be read"])

    def test_rows_of_logins(self):
        self.postfix()
        self.write("addresses",
                   "alice info@example.org, smtp:a@example.org, X500:/o=A B,@team.example;behalf\n"
                   "bob@example.org info@example.org;until=31.12.2026\n"
                   "carol@named.example Carol <carol@named.example>\n"
                   "@example.org ceo@example.org\n"
                   "dave@other.example dave@example.org\n")
        conf = """listen = "unix:%s"
socket-group = "%s"
domain = "example.org"
identify { realms = "named.example" }
rights { logins = {"texthash:@/addresses", "static:!ceo"} }
""".replace("@", self.dir) % (self.socket, MTA_GROUP)
        self.write("submilter.conf", conf)
        found = [text for text, _ in self.found_postfix(1)]
        later = " (mail that needs this row is answered with 451)"
        address = " is not an address: write USER@DOMAIN, @DOMAIN, !USER@DOMAIN, " \
            "USER@DOMAIN;behalf or USER@DOMAIN;until=YYYY-MM-DD" + later
        self.assertEqual([text[7:] for text in found if text.startswith("error: ")], [
            "@/addresses:2: key bob@example.org: info@example.org;until=31.12.2026: write the "
            "last day as until=YYYY-MM-DD, like until=2027-01-31" + later,
            "@/addresses:3: key carol@named.example: Carol" + address,
            "@/submilter.conf:5: rights.logins: table static:!ceo: !ceo" + address])
        self.assertEqual([text for text in found if "@/addresses" in text and "warning" in text], [
            "warning: @/addresses:4: key @example.org is not looked up: a key is one login, not "
            "all of a domain",
            "warning: @/addresses:5: key dave@other.example is of a realm that neither domain nor "
            "identify.realms names: it may be what anybody typed at login"])
        self.assertIn("ok: rights.logins: texthash:@/addresses: 5 rows", found)
        self.write("submilter.conf", conf.replace('"named.example"', "any-verified-by-sasl"))
        self.has_not(self.found_postfix(1), "may be what anybody typed")
        # These logins come from a table or from Postfix, not from whoever types.
        self.write("certificates", "CA|dave dave@other.example\n")
        for more, typed in (("methods = client-cert\ncertificates = texthash:@/certificates", False),
                            ("methods = {sasl, login-field}\nlogin-field = X-L\n"
                             "login-secret = /dev/null", False),
                            ("methods = {sasl, pop-before-smtp}\npop-before-smtp = "
                             "texthash:@/pop", True)):
            with self.subTest(more):
                self.write("pop", "192.0.2.1 dave@other.example;time=1\n")
                self.write("submilter.conf", conf.replace(
                    "identify {", "identify {\n%s\n" % more.replace("@", self.dir)))
                (self.has if typed else self.has_not)(
                    self.found_postfix(1), "may be what anybody typed")

    def test_rows_of_clients_that_are_never_asked_for(self):
        self.postfix()
        self.write("net", "192.0.2.1 a\n192.0.2 a\n2001:db8:0 a\n2001:DB8::1 a\n"
                   "198.51.100.0/24 a\n198.51.100. a\n192.0.2.01 a\n2001:db8:0:0::2 a\n"
                   "::ffff:192.0.2.5 a\n2001:0db8 a\n")
        self.write("pop", "192.0.2.1 a;time=1\n192.0.2 a;time=1\n2001:0db8::1 a;time=1\n")
        self.configure(more="identify {\nmethods = {sasl, network, pop-before-smtp}\n"
                       "network = texthash:%s\npop-before-smtp = texthash:%s\n}\n"
                       % (self.path("net"), self.path("pop")))
        neither = "it is neither an address nor its first octets"
        self.assertEqual(
            [text.split(": ", 1)[1].replace(self.dir, "@") for text, _ in self.found_postfix(0)
             if " is not looked up" in text],
            ["@/%s is not looked up: %s" % row for row in (
                ("net:5: key 198.51.100.0/24",
                 "a table of type cidr takes networks with a length"),
                ("net:6: key 198.51.100.", neither), ("net:7: key 192.0.2.01", neither),
                ("net:8: key 2001:db8:0:0::2", "write 2001:db8::2"),
                ("net:9: key ::ffff:192.0.2.5", "write 192.0.2.5"),
                ("net:10: key 2001:0db8", neither),
                ("pop:2: key 192.0.2", "it is no address"),
                ("pop:3: key 2001:0db8::1", "write 2001:db8::1"))])

    def test_where_mail_leaves_from_is_checked_with_its_line(self):
        self.postfix()
        self.configure(more="preflight {\n\tegress = {192.0.2.1/24,\n\tfoo}\n}\n")
        where = r"error: @/submilter\.conf:\d+: preflight\.egress: "
        faults = [text for text, _ in self.found_postfix(1) if text.startswith("error: ")]
        self.assertEqual(len(faults), 2, faults)
        self.assertRegex(faults[0], where + r'"192\.0\.2\.1/24": the address has bits set')
        self.assertRegex(faults[1], where + r'"foo": not an IP address or network')

    def test_every_table_is_named(self):
        self.postfix()
        self.write("networks", "192.0.2.0/24 web\n198.51.100.0/24 web\n")
        self.write("levels", "alice mismatch=hold\n")
        self.write("checks", "example.org spf=off\n@example.com spf=off\n")
        self.write("egress", "example.org 192.0.2.1\n")
        self.configure(more="""\
identify { methods = {sasl, network}; network = "cidr:@/networks"; login-map = "static:x" }
rights { levels = "texthash:@/levels" }
preflight { levels = "texthash:@/checks"; egress-table = "texthash:@/egress" }
""".replace("@", self.dir))
        self.assertEqual([text for text, _ in self.found_postfix(0) if "texthash" in text
                          or "cidr" in text or "static" in text], [
            "ok: identify.network: cidr:@/networks: 2 rows",
            "ok: identify.login-map: static:x",
            "ok: rights.tables: texthash:@/rights: 1 row",
            "ok: rights.levels: texthash:@/levels: 1 row",
            "ok: preflight.egress-table: texthash:@/egress: 1 row",
            "ok: preflight.levels: texthash:@/checks: 2 rows"])

    def test_keys_that_dns_was_not_asked_for(self):
        self.postfix()
        os.chmod(self.path("keys"), 0o700)
        subprocess.run([SUBMILTER, "genkey", "-d", self.path("keys"), "example.org"],
                       check=True, stdout=subprocess.DEVNULL)
        keys = 'keys = "%s"\nsign { key-states = "%s"; dkim-key = %%s }' % (
            self.path("keys"), self.path("states"))
        self.configure(more=keys % "require")
        findings = self.found_postfix(0)
        self.has(findings, "warning: keys: whether a key of example.org signs is not known",
                 fix="submilter keys --look-up example.org")
        self.has_not(findings, "whether any of 2 keys")
        self.configure(more=keys % "off")
        self.has(self.found_postfix(0), "ok: keys: 2 of 1 domain")

    # --- the socket ---

    def test_missing_directory_is_an_error(self):
        os.rmdir(self.socket_dir)
        self.postfix()
        self.has(self.found_postfix(1),
                 "error: listen: directory @/queue/submilter: No such file",
                 fix="install -d -o ")

    def test_directory_that_everybody_can_write_to(self):
        self.postfix()
        os.chmod(self.socket_dir, 0o777)
        self.has(self.found_postfix(1),
                 "error: listen: everybody can write to @/queue/submilter")
        os.chmod(self.socket_dir, 0o1777)
        self.has(self.found_postfix(0),
                 "warning: listen: everybody can write to")

    def test_other_file_in_the_place_of_the_socket(self):
        self.postfix()
        self.write("queue/submilter/s.sock", "")
        self.has(self.found_postfix(1), "s.sock exists and is not a socket")

    @unittest.skipUnless(ROOT, "our own user may pass our own directories")
    def test_directory_that_the_mta_cannot_pass(self):
        self.postfix()
        os.chmod(self.socket_dir, 0o700)
        self.has(self.found_postfix(1),
                 "error: listen: the MTA's user daemon cannot pass "
                 "@/queue/submilter (mode 0700, root:root)",
                 fix="install -d -o root -g daemon -m 2750 @/queue/submilter")

    @unittest.skipUnless(ROOT, "our own user may use our own socket")
    def test_socket_with_another_group(self):
        self.postfix()
        self.configure(group="mail")
        self.has(self.found_postfix(1),
                 "error: listen: the MTA's user daemon cannot connect: the "
                 "socket will have mode 0660, ", fix='socket-group = "daemon" in @/submilter.conf:2')

    def test_inet_socket_of_all_addresses_is_a_warning(self):
        self.postfix(milters="inet:127.0.0.1:8891")
        self.configure(listen="inet:8891@0.0.0.0", group="")
        self.has(self.found_postfix(0),
                 "warning: listen: other hosts may reach inet:8891@0.0.0.0")
        self.configure(listen="inet:8891@127.0.0.1")
        findings = self.found_postfix(0)
        self.has_not(findings, "other hosts")
        self.has(findings, "warning: socket-group: has no effect")

    def local_users(self, passwd):
        """What check says of an inet socket on a host with those users."""
        self.configure(listen="inet:8891@127.0.0.1", group="")
        self.write("passwd", passwd)
        done = subprocess.run(
            ["unshare", "-m", "--propagation", "private", "sh", "-c",
             'mount --bind "$1" /etc/passwd && shift && exec "$@"', "sh",
             self.path("passwd"), SUBMILTER, "check", "-c",
             self.path("submilter.conf")],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
            text=True)
        return [line for line in done.stdout.split("\n")
                if "every user of this host" in line]

    def test_inet_socket_where_others_live(self):
        """On this machine, whoever lives there."""
        self.configure(listen="inet:8891@127.0.0.1", group="")
        people = [user for user in pwd.getpwall()
                  if 1000 <= user.pw_uid != 65534 and
                  os.path.basename(user.pw_shell) not in ("nologin", "false")]
        said = [line for line in self.run_check().stdout.split("\n")
                if "every user of this host can connect to inet:8891@" in line]
        self.assertEqual(len(said), len(people) > 0)
        self.configure()
        self.assertNotIn("every user", self.run_check().stdout)

    @unittest.skipUnless(CAN_MOUNT, "no mounts here")
    def test_inet_socket_where_others_live_or_not(self):
        system = ("root:x:0:0::/root:/bin/bash\n"
                  "www-data:x:33:33::/var/www:/usr/sbin/nologin\n"
                  "daemon:x:1:1::/:/usr/sbin/nologin\n"
                  "nobody:x:65534:65534::/:/bin/sh\n"
                  "app:x:1001:1001::/srv:/usr/sbin/nologin\n"
                  "app2:x:1002:1002::/srv:/bin/false\n")
        self.assertEqual(self.local_users(system), [])
        one, = self.local_users(system + "eve:x:1000:1000::/home/eve:\n")
        self.assertRegex(one, "^warning: listen: .* live here: eve$")
        four, = self.local_users(system + "".join(
            "u%d:x:%d:1000::/home:/bin/zsh\n" % (n, 2000 + n)
            for n in range(5)))
        self.assertRegex(four, " live here: u0, u1, u2 and 2 more$")

    def test_a_path_is_one_word_of_a_command(self):
        odd = self.path("it's a \"queue\" $(id)")
        os.mkdir(odd)
        os.chmod(odd, 0o755)
        for listen, more, text in (
                ("unix:%s/run/s.sock" % odd, "", "listen: directory "),
                (None, 'spool = "%s/spool"' % odd.replace('"', '\\"'), "spool: "),
                (None, 'keys = "%s"\nsign { key-states = "%s/states/file" }' % (
                    self.path("keys"), odd.replace('"', '\\"')),
                 "sign.key-states: ")):
            with self.subTest(text):
                if listen is not None:
                    listen = listen.replace('"', '\\"')
                self.configure(listen=listen, more=more)
                fix, = [fix for found, fix in self.found(status=1)
                        if found.startswith("error: " + text)]
                words = shlex.split(fix.replace("@", self.dir))
                self.assertEqual(words[:2], ["install", "-d"])
                self.assertEqual(os.path.dirname(words[-1]), odd)
        # A shell that runs it makes that directory.
        subprocess.run(["sh", "-c", fix.replace("@", self.dir)], check=True)
        self.assertEqual(os.listdir(odd), ["states"])

    @unittest.skipUnless(ROOT, "root alone can become another user")
    def test_the_rights_of_a_file_tell_what_to_do(self):
        self.configure(more='user = nobody\nspool = "/tmp"\nkeys = "%s"\n'
                       'sign { dkim-key = off }' % self.path("keys"))
        os.chmod(self.dir, 0o755)
        shutil.chown(self.socket_dir, "nobody")
        shutil.chown(self.path("keys"), "nobody")
        group = grp.getgrgid(pwd.getpwnam("nobody").pw_gid).gr_name
        for mode, fix in (
                (0o640, "chgrp %s @/rights && chmod g+r @/rights" % group),
                (0o646, "chmod o-w @/rights"), (0o644, "")):
            with self.subTest("%o" % mode):
                os.chmod(self.path("rights"), mode)
                found = self.found(status=1 if fix else 0)
                self.assertEqual(
                    [fix for text, fix in found if "conf:3: rights.tables" in text],
                    [fix] if fix else [])
        # A row that is wrong is not a matter of rights.
        self.write("rights", "info@example.org\n")
        self.assertEqual([fix for text, fix in self.found(status=1)
                          if text.startswith("error: @/rights:1: ")], [""])
        self.write("rights", "info@example.org alice@example.org\n")
        os.chmod(self.path("submilter.conf"), 0o664)
        self.has(self.found(status=1), "can be written by its group",
                 fix="chmod go-w @/submilter.conf")

    @unittest.skipUnless(ROOT, "root alone can become another user")
    def test_all_that_another_user_finds_arrives(self):
        os.chmod(self.dir, 0o755)
        shutil.chown(self.socket_dir, "nobody")
        shutil.chown(self.path("keys"), "nobody")
        self.write("networks", "192.0.2.0/24 web\n")
        more = ('spool = "/tmp"\nkeys = "%s"\nsign { dkim-key = off }\n'
                'identify { methods = {sasl, network}; network = "cidr:%s" }\n'
                % (self.path("keys"), self.path("networks")))
        self.configure(more='user = "root"\n' + more)
        shutil.chown(self.path("keys"), "root")
        own = [f for f in self.found(status=0) if "run as root" not in f[0]]
        self.configure(more='user = "nobody"\n' + more)
        shutil.chown(self.path("keys"), "nobody")
        self.assertEqual(self.found(status=0), own)
        self.assertGreater(len([text for text, _ in own if ": cidr:" in text or
                                "rights.tables: " in text or "keys: " in text]), 2)
        # A directory of keys that is not there is not mended by its owner.
        os.rmdir(self.path("keys"))
        self.assertEqual([fix for text, fix in self.found(status=1)
                          if "keys: key @/keys: No such file" in text], [""])

    @unittest.skipUnless(ROOT, "needs root")
    def test_by_a_user_who_is_not_the_milters(self):
        """What only that user may do is no error, and no command gives it to another one."""
        self.configure(more='user = "daemon"\nkeys = "%s"\n' % self.path("keys"))
        os.chmod(self.dir, 0o755)
        shutil.chown(self.path("keys"), "daemon")
        os.chmod(self.path("keys"), 0o700)
        try:
            done = subprocess.run([SUBMILTER, "check", "--no-connect", "-c",
                                   self.path("submilter.conf")], user="nobody", group="nogroup",
                                  extra_groups=[], capture_output=True, timeout=60, check=False,
                                  text=True)
        except PermissionError:
            self.skipTest("nobody cannot run the program where it is")
        self.assertIn("later: ", done.stdout)
        self.assertIn("Permission denied", done.stdout)
        self.assertIn("warning: user: tables, keys and directories were looked at as the user of "
                      "this check, not as daemon\n    do: run this check as root\n", done.stdout)
        self.assertNotRegex(done.stdout, "chown|-o nobody")

    def test_a_table_that_is_down_or_gone(self):
        self.configure(more='user = "root"' if ROOT else "")
        self.write("submilter.conf", open(self.path("submilter.conf"),
                                          encoding="utf-8").read().replace(
            self.path("rights"), "/proc/self/mem"))
        # It can be opened, and read with an I/O error alone.
        self.assertEqual(
            [text for text, _ in self.found(status=75) if "/proc/self/mem" in text],
            ["later: @/submilter.conf:3: rights.tables: table "
             "texthash:/proc/self/mem: Input/output error: mail that needs it is "
             "told to come again until it can be read"])
        self.configure()
        os.unlink(self.path("rights"))
        found = self.found(status=1)
        self.has(found, "error: @/submilter.conf:3: rights.tables: table "
                 "texthash:@/rights: No such file or directory")
        self.assertEqual([fix for text, fix in found if "/rights: No such" in text],
                         [""])

    def test_missing_directory_of_the_socket(self):
        shutil.rmtree(self.socket_dir)
        self.has(self.found(status=1),
                 "error: listen: directory @/queue/submilter: No such file",
                 fix="install -d -o ")

    @unittest.skipUnless(ROOT, "only root may choose any group")
    def test_group_of_the_directory(self):
        self.postfix()
        self.configure(group="")
        os.chown(self.socket_dir, 0, grp.getgrnam(MTA_GROUP).gr_gid)
        os.chmod(self.socket_dir, 0o2750)
        self.has_not(self.found_postfix(0), "cannot connect")
        os.chmod(self.socket_dir, 0o750)
        self.has(self.found_postfix(1), "error: listen: the MTA's user %s "
                 "cannot connect: " % MTA_USER)

    def test_inet_socket_of_another_host_is_an_error(self):
        self.postfix(milters="inet:192.0.2.1:8891")
        self.configure(listen="inet:8891@192.0.2.1", group="")
        self.has(self.found_postfix(1), "error: listen: inet:8891@192.0.2.1: "
                 "Cannot assign requested address: is it an address of this "
                 "host?")

    def test_port_in_use_may_be_the_milter_itself(self):
        with socket.create_server(("127.0.0.1", 0)) as milter:
            port = milter.getsockname()[1]
            self.postfix(milters="inet:127.0.0.1:%d" % port)
            self.configure(listen="inet:%d@127.0.0.1" % port, group="")
            self.found_postfix(0)

    # --- Postfix ---

    def test_chroot_hides_a_socket_elsewhere(self):
        os.mkdir(self.path("run"))
        os.chmod(self.path("run"), 0o755)
        listen = "unix:" + self.path("run/s.sock")
        self.configure(listen=listen)
        self.postfix(milters=listen)
        self.has(self.found_postfix(1), "runs in a chroot, where @/run/s.sock "
                 "would be @/queue@/run/s.sock",
                 fix="smtpd_milters = unix:submilter/submilter.sock")
        if not ROOT:
            self.postfix(chroot="n", milters=listen)
            self.found_postfix(0)
            return
        os.chmod(self.dir, 0o711)
        self.postfix(chroot="n", milters=listen)
        self.has_not(self.found_postfix(0), "chroot")
        # "-" means no chroot since compatibility level 1, and yes before.
        self.postfix(chroot="-", milters=listen)
        self.found_postfix(0)
        self.postfix(chroot="-", milters=listen, main="compatibility_level=0")
        self.found_postfix(1)
        # Outside of a chroot the whole path counts.
        os.chmod(self.dir, 0o700)
        self.postfix(chroot="n", milters=listen)
        self.has(self.found_postfix(1), "cannot pass @ (mode 0700")

    def test_absolute_path_inside_a_chroot(self):
        self.postfix(milters="unix:/submilter/s.sock")
        self.found_postfix(0)
        self.postfix(chroot="n", milters="unix:/submilter/s.sock")
        self.has(self.found_postfix(1), "passes no mail to the milter")

    def test_service_without_the_milter(self):
        self.postfix(milters=None)
        self.has(self.found_postfix(1),
                 'error: Postfix: service "submission" (master.cf:3) passes '
                 'no mail to the milter: smtpd_milters is ""',
                 fix="postconf -c @/postfix -P submission/inet/smtpd_milters=unix:submilter/s.sock "
                 "&& postfix -c @/postfix reload")
        self.postfix(milters="inet:127.0.0.1:8892")
        self.has(self.found_postfix(1), 'is "inet:127.0.0.1:8892"')
        self.configure(listen="inet6:8891@::1", group="")
        self.has(self.found_postfix(1), "passes no mail",
                 fix="/smtpd_milters=inet:[::1]:8891' && ")

    def test_no_submission_service_at_all(self):
        self.postfix()
        self.write("postfix/master.cf", "smtp inet n - y - - smtpd\n")
        self.has(self.found_postfix(1), "error: Postfix: no service in "
                 "@/postfix/master.cf passes mail to the milter")

    def test_forms_of_an_inet_milter(self):
        self.configure(listen="inet:8891@127.0.0.1", group="")
        for spec, status in (
                ("inet:127.0.0.1:8891", 0), ("inet:localhost:8891", 0),
                ("inet:[127.0.0.1]:8891", 0),
                ("inet:127.0.0.2:8891", 1), ("inet:127.0.0.1:889", 1),
                ("inet:127.0.0.1:9999,inet:127.0.0.1:8891", 0),
                ("tcp:127.0.0.1:8891", 1)):
            self.postfix(milters=spec)
            with self.subTest(spec=spec):
                self.found_postfix(status)

    def test_forms_of_sendmail_are_not_for_postfix(self):
        self.configure(listen="inet:8891@127.0.0.1", group="")
        for spec in "inet:8891@127.0.0.1", "inet6:127.0.0.1:8891":
            self.postfix(milters=spec)
            self.has(self.found_postfix(1), 'does not understand '
                     'smtpd_milters "%s"' % spec,
                     fix="/smtpd_milters=inet:127.0.0.1:8891 &&")
        self.postfix(milters="inet:127.0.0.1:8891",
                     main="non_smtpd_milters = inet:8891@127.0.0.1")
        self.has(self.found_postfix(1), "does not understand "
                 "non_smtpd_milters")

    def test_accepting_while_the_milter_is_down(self):
        accept = "because milter_default_action is accept"
        self.postfix(main="milter_default_action = accept")
        self.has(self.found_postfix(1), accept,
                 fix="milter_default_action=tempfail")
        self.postfix(options="-o milter_default_action=accept")
        self.has(self.found_postfix(1), accept)
        self.postfix(main="milter_default_action = accept",
                     options="-o milter_default_action=tempfail")
        self.found_postfix(0)
        # A milter's own action counts more, and braces may hold blanks.
        self.postfix(milters=None, main="milter_default_action = accept",
                     options="-o { smtpd_milters = { unix:submilter/s.sock, "
                     "connect_timeout=2s, default_action=tempfail } }")
        self.found_postfix(0)
        self.postfix(milters=None,
                     options="-o { smtpd_milters = { unix:submilter/s.sock, "
                     "{ default_action = accept } } }")
        self.has(self.found_postfix(1), accept)

    def test_holding_while_the_milter_is_down(self):
        hold = ("hold queue, because milter_default_action is quarantine")
        self.postfix(main="milter_default_action = quarantine")
        findings = self.found_postfix(0)
        self.has(findings, hold, fix="milter_default_action=tempfail")
        self.assertIn("warning", [text for text, _ in findings
                                  if hold in text][0])
        self.postfix(main="milter_default_action = quarantine",
                     options="-o milter_default_action=tempfail")
        self.has_not(self.found_postfix(0), hold)

    def test_rows_of_levels_that_cannot_be_read(self):
        self.postfix()
        self.configure(more='rights { levels = "texthash:%s" }'
                       % self.path("levels"))
        self.write("levels", "alice mismatch=hold\n@school.example names=log\n")
        self.has(self.found_postfix(0),
                 "ok: rights.levels: texthash:@/levels: 2 rows")
        self.write("levels", "alice mismatch=holt\nbob redirect=yes\n"
                   "carol names=log\n")
        findings = self.found_postfix(1)
        for line, key, word in ((1, "alice", "mismatch=holt"),
                                (2, "bob", "redirect=yes")):
            self.has(findings, 'error: @/levels:%d: key %s: "%s" is not '
                     'mismatch=reject, hold' % (line, key, word))
        self.has_not(findings, "carol")

    def test_old_protocols_are_named(self):
        old = "milter_protocol is "
        for main, options, milters, version, fix in (
                ("milter_protocol = 2", "", "unix:submilter/s.sock", 2, "-e milter_protocol=6"),
                ("", "-o milter_protocol=3", "unix:submilter/s.sock", 3,
                 "-P submission/inet/milter_protocol=6"),
                ("milter_protocol = 6", "-o { smtpd_milters = { "
                 "unix:submilter/s.sock, protocol=4 } }", None, 4,
                 "-P submission/inet/smtpd_milters=unix:submilter/s.sock")):
            with self.subTest(version):
                self.postfix(main=main, options=options, milters=milters)
                self.has(self.found_postfix(0), "warning: Postfix: service "
                         '"submission" (master.cf:3): %s%d, ' % (old, version),
                         fix=fix)
        self.postfix(main="milter_protocol = 2")
        self.configure(more="sign { canonicalization = simple/relaxed }")
        self.has(self.found_postfix(1), "error: Postfix: service "
                 '"submission" (master.cf:3): %s2, ' % old)
        self.postfix(main="milter_protocol = 2",
                     options="-o milter_protocol=6")
        self.has_not(self.found_postfix(0), old)

    def test_local_mail_goes_the_same_way(self):
        self.postfix(main="non_smtpd_milters = unix:submilter/s.sock\n"
                     "milter_default_action = accept",
                     options="-o milter_default_action=tempfail")
        self.has(self.found_postfix(1), 'service "cleanup" (master.cf:9): '
                 "while the milter is down mail goes out unchecked")

    def test_main_cf_is_read_as_postfix_reads_it(self):
        self.postfix(milters=None, main="""\
our_dir = submilter
our_name = ${our_none?no}${our_none:s}
our_milter =
# a comment between the lines
    unix:$our_dir/$(our_name).${our_dir?{sock}:{none}}
smtpd_milters = unix:overridden
smtpd_milters = inet:127.0.0.1:1 $our_milter
""")
        # Port 25 has it as well then, where nobody logs in.
        findings = self.found_postfix(1)
        self.has(findings, 'service "submission" (master.cf:3) passes mail')
        self.has(findings, 'error: Postfix: service "smtp" (master.cf:2): '
                 "mail from other servers has no login and will be refused "
                 "with 530 (smtpd_milters in main.cf:10)", fix="-P smtp/inet/smtpd_milters= &&")
        self.configure(more="identify { mode = monitor }")
        self.has_not(self.found_postfix(0), "mail from other servers")

    def test_references_that_multiply_come_to_an_end(self):
        self.postfix(milters="$v0", main="".join(
            "v%d = $v%d$v%d\n" % (n, n + 1, n + 1) for n in range(40)))
        self.has(self.found_postfix(1), "passes no mail")

    def test_login_that_is_not_offered_is_an_error(self):
        self.postfix(options="-o smtpd_sasl_auth_enable=no")
        self.has(self.found_postfix(1), "error: Postfix: service "
                 '"submission" (master.cf:3): nobody can log in there')
        self.postfix(options="-o smtpd_sasl_auth_enable=no "
                     "-o smtpd_authorized_xclient_hosts=192.0.2.1")
        self.has(self.found_postfix(0), "warning: Postfix: service "
                 '"submission" (master.cf:3): nobody can log in there')

    def test_login_beside_the_milter_is_an_error(self):
        self.postfix(main="smtpd_sasl_auth_enable = yes")
        self.has(self.found_postfix(1), 'error: Postfix: service "smtp" '
                 "(master.cf:2) lets users log in, and their mail does not "
                 "pass the milter")

    def test_local_mail_without_a_login_is_a_warning(self):
        self.postfix(main="non_smtpd_milters = unix:submilter/s.sock")
        self.has(self.found_postfix(0), "warning: Postfix: mail of local "
                 "programs has no login and will be refused")
        self.configure(more="identify { unidentified = pass }")
        self.has_not(self.found_postfix(0), "local programs")

    def test_unreadable_postfix_is_an_error(self):
        self.has(self.found_postfix(1),
                 "error: Postfix: @/postfix/main.cf: No such file")
        self.postfix()
        os.unlink(self.path("postfix/master.cf"))
        self.has(self.found_postfix(1),
                 "error: Postfix: @/postfix/master.cf: No such file")

    PASSES = 'ok: Postfix: service "submission" (master.cf:3) passes mail to the milter'

    def test_lists_that_mail_does_not_pass(self):
        """Each of them measured on a real Postfix, see tests/e2e/test_check.py."""
        for main, options, past, fix in (
                ("receive_override_options = no_address_mappings, no_milters", "",
                 "receive_override_options in main.cf:4 has no_milters",
                 "/receive_override_options=no_address_mappings &&"),
                ("", "-o receive_override_options=no_milters",
                 "receive_override_options in master.cf:3 has no_milters",
                 "/receive_override_options= &&"),
                ("off = no_milters\nreceive_override_options = ${off}", "",
                 "in main.cf:5 has no_milters", "/receive_override_options= &&"),
                ("", "-o smtpd_proxy_filter=127.0.0.1:10025", "smtpd_proxy_filter = "
                 "127.0.0.1:10025 in master.cf:3 takes every message past it",
                 "/smtpd_proxy_filter= &&"),
                ("smtpd_milter_maps = static:DISABLE", "",
                 "smtpd_milter_maps in main.cf:4 disables it", "/smtpd_milter_maps= &&")):
            with self.subTest(main + options):
                self.postfix(main=main, options=options)
                findings = self.found_postfix(1)
                self.has(findings, 'error: Postfix: service "submission" (master.cf:3) '
                         "passes no mail to the milter: ")
                self.has(findings, past, fix)
                self.has_not(findings, self.PASSES)
                # The line that is proposed mends it, whatever main.cf says.
                fix = [f for text, f in findings if past in text][0]
                value, = re.findall(r" -P submission/inet/(\S+) ", fix)
                self.postfix(main=main, options=options + " -o " + value)
                self.has(self.found_postfix(0), self.PASSES)
        # Where nobody submits, that is how a filter gives mail back; and cleanup
        # does not look at it.
        self.postfix(main="smtpd_milters = unix:submilter/s.sock")
        with open(self.path("postfix/master.cf"), encoding="utf-8") as file:
            master = file.read().replace("smtpd\nsubm", "smtpd -o "
                                         "receive_override_options=no_milters\nsubm")
        self.write("postfix/master.cf", master + "  -o receive_override_options=no_milters\n")
        findings = self.found_postfix(0)
        self.has(findings, self.PASSES)
        self.has_not(findings, 'service "smtp"')

    def test_clients_for_whom_there_is_no_milter(self):
        self.write("clients", "# hosts\n192.0.2.0/24\n  DISABLE\n")
        ours = "{unix:submilter/s.sock, connect_timeout=9s}"
        for maps, status, text in (
                ("cidr:" + self.path("clients"), 1, "client 192.0.2.0/24 does not pass the "
                 'milter: smtpd_milter_maps = cidr:@/clients in main.cf:4 says "DISABLE" in line 2'),
                ("inline:{192.0.2.1=%s, {192.0.2.2 = unix:x}}" % ours, 1, "client 192.0.2.2 "),
                ("cidr:{{192.0.2.1 disable}}", 1, "client 192.0.2.1 "),
                ("texthash:${config_directory}/../clients", 1, "client 192.0.2.0/24 "),
                ("proxy:mysql:/x", 0, "may take the milter away from some clients, and cannot"),
                ("hash:/nowhere", 0, "cannot be read here"),
                ("inline:{192.0.2.1=%s}" % ours, 0, None),
                ("static:{" + ours + "}", 0, None),
                ("static:unix:x", 1, "passes no mail to the milter")):
            with self.subTest(maps):
                # Postfix takes a static map for all services, port 25, too.
                in_main = not maps.startswith("static:")
                self.postfix(main="smtpd_milter_maps = " + maps if in_main else "",
                             options="" if in_main else "-o {smtpd_milter_maps = %s}" % maps)
                findings = self.found_postfix(status)
                if text is None:
                    self.has(findings, self.PASSES)
                    self.has_not(findings, "milter_maps")
                else:
                    self.has(findings, text)

    def test_milters_behind_ours(self):
        for milters, behind in (("unix:a, unix:submilter/s.sock", False),
                                ("unix:submilter/s.sock, unix:a", True)):
            self.postfix(milters=None, main="smtpd_milters = " + milters,
                         options="-o { smtpd_milters = %s }" % milters)
            self.configure(more="identify { unidentified = pass }")
            found = [text for text, _ in self.found_postfix(0)]
            self.assertEqual(any("the milter unix:a comes after ours" in text
                                 for text in found), behind, found)

    def test_filters_behind_the_milter(self):
        self.write("access", "# a table\nx@example.org\tFILTER scan:[127.0.0.1]:10025\n")
        self.write("checks", "if /^S/\n/^Subject: \\/a b/i  filter scan:x\nendif\n")
        table = "texthash:" + self.path("access")
        for main, options, text in (
                ("", "-o content_filter=scan:dummy", "content_filter in master.cf:3 hands mail "
                 "to scan:dummy (master.cf:10) after it was signed"),
                ("smtpd_data_restrictions = check_sender_access " + table, "",
                 "smtpd_data_restrictions in main.cf:4 hands mail to scan:[127.0.0.1]:10025 "
                 "(master.cf:10) after it was signed, which may change it (FILTER in "
                 "texthash:@/access, line 2)"),
                ("smtpd_restriction_classes = own\nown = permit, check_client_access " + table,
                 "-o smtpd_relay_restrictions=own,reject", "(FILTER in texthash:@/access, line 2)"),
                ("smtpd_client_restrictions = check_ccert_access { inline:{{a = filter scan:x}} "
                 "{ search_order = cert } }, reject", "", "(FILTER in inline:{{a = filter scan:x}})"),
                ("header_checks = pcre:" + self.path("checks"), "",
                 "header_checks in main.cf:4 hands mail to scan:x (master.cf:10)")):
            with self.subTest(main + options):
                self.postfix(main=main + "\ncanonical_maps = hash:/x", options=options)
                with open(self.path("postfix/master.cf"), "a", encoding="utf-8") as file:
                    file.write("scan unix - - n - - smtp\n"
                               "127.0.0.1:10025 inet n - n - - smtpd\n")
                findings = self.found_postfix(0)
                self.has(findings, self.PASSES)
                self.has(findings, text)
                self.has(findings, 'service "127.0.0.1:10025" (master.cf:11): canonical_maps = '
                         "hash:/x", fix="/inet/receive_override_options=no_address_mappings,")
        # Without a filter canonical maps run before the milter.
        self.postfix(main="canonical_maps = hash:/x\nmasquerade_domains = example.org\n"
                     "header_checks = regexp:/nowhere")
        findings = self.found_postfix(0)
        for harmless in "canonical", "masquerade", "header_checks":
            self.has_not(findings, harmless)

    def test_a_next_hop_that_may_be_sendmail(self):
        self.postfix(main="relayhost = [mail.example.net]:587")
        self.has(self.found_postfix(0), "warning: Postfix: relayhost = [mail.example.net]:587 "
                 "in main.cf:4: if that host runs Sendmail", fix="mta = sendmail")
        self.configure(more="mta = sendmail")
        self.has_not(self.found_postfix(0), "relayhost")

    POP = 'identify { methods = {sasl, pop-before-smtp}; pop-before-smtp = "inline:{192.0.2.1=a@example.org;time=1}"; %s }\n'
    HOSTS = 'identify { methods = {sasl, host}; hosts = "inline:{a.example=a}"; %s }\n'

    def test_clients_without_a_login_have_to_be_let_in(self):
        login = "-o smtpd_sasl_auth_enable=yes "
        for options, main, keeps_pop, keeps_hosts in (
                ("", "", "smtpd_relay_restrictions", None),
                ("-o smtpd_relay_restrictions=permit_sasl_authenticated,reject", "",
                 "smtpd_relay_restrictions", "smtpd_relay_restrictions"),
                ("-o smtpd_relay_restrictions=permit_mynetworks,reject", "",
                 "smtpd_relay_restrictions", None),
                ("-o smtpd_relay_restrictions=reject,check_client_access,static:permit", "",
                 "smtpd_relay_restrictions", "smtpd_relay_restrictions"),
                ("-o smtpd_relay_restrictions=check_client_access,static:permit,reject "
                 "-o smtpd_client_restrictions=permit_sasl_authenticated,reject", "",
                 "smtpd_client_restrictions", "smtpd_client_restrictions"),
                ("-o smtpd_relay_restrictions=$mua", "mua = check_client_access inline:{}, reject",
                 None, None)):
            for more, keeps, who in ((self.POP, keeps_pop, "who has fetched mail"),
                                     (self.HOSTS, keeps_hosts, "a host that is known")):
                with self.subTest(options=options, who=who):
                    self.postfix(options=login + options, main=main)
                    self.configure(more=more % "")
                    findings = self.found_postfix(0)
                    if keeps is None:
                        self.has_not(findings, "is refused by Postfix")
                    else:
                        self.has(findings, "warning: Postfix: service")
                        self.has(findings, who)
                        self.has(findings, ": %s has nothing for them" % keeps)
                    self.configure()
                    self.has_not(self.found_postfix(0), "is refused by Postfix")

    def test_only_where_their_method_is_asked_they_have_to_be_let_in(self):
        self.postfix(options="-o smtpd_sasl_auth_enable=yes")
        with open(self.path("postfix/master.cf"), "a", encoding="utf-8") as file:
            file.write("2525 inet n - y - - smtpd\n"
                       " -o smtpd_milters=unix:submilter/s.sock\n"
                       " -o smtpd_relay_restrictions=check_client_access,static:permit,reject\n")
        for bound, is_found in (("", False), ("2525", False), ("587", True)):
            with self.subTest(bound):
                self.configure(more=self.POP % (
                    "methods-at = \"%s=pop-before-smtp\"" % bound if bound else ""))
                (self.has if is_found else self.has_not)(
                    self.found_postfix(0), "who has fetched mail (pop-before-smtp) is refused")

    def test_an_open_relay(self):
        open_to_all = ("-o smtpd_sasl_auth_enable=yes "
                       "-o smtpd_relay_restrictions=check_client_access,static:permit,reject")
        for options, more, is_open in (
                (open_to_all, "", False),
                (open_to_all, "identify { unidentified = pass }", True),
                (open_to_all, "mode = monitor", True),
                (open_to_all, 'identify { unidentified-at = {"587=pass"} }', True),
                (open_to_all, 'identify { unidentified-at = {"25=pass"} }', False),
                ("-o smtpd_sasl_auth_enable=yes", "identify { unidentified = pass }", False)):
            with self.subTest(options=options, more=more):
                self.postfix(options=options)
                self.configure(more=more)
                findings = self.found_postfix(1 if is_open else 0)
                if is_open:
                    self.has(findings, "is an open relay", fix="/smtpd_relay_restrictions="
                             "permit_sasl_authenticated,reject")
                else:
                    self.has_not(findings, "is an open relay")

    def test_names_of_clients_have_to_be_known(self):
        for main, text in (
                ("smtpd_peername_lookup = no", "smtpd_peername_lookup is no (main.cf:4)"),
                ("milter_protocol = 4", "milter_connect_macros lacks {client_name} or"),
                ("milter_protocol = 4\nmilter_connect_macros = j {client_name} {client_resolve}",
                 None), ("", None)):
            with self.subTest(main):
                self.postfix(main=main, options="-o smtpd_sasl_auth_enable=yes")
                self.configure(more=self.HOSTS % "")
                findings = self.found_postfix(0)
                if text is None:
                    self.has_not(findings, "name of a client will prove")
                else:
                    self.has(findings, text)
                self.configure()
                self.has_not(self.found_postfix(0), "name of a client will prove")

    def test_bounces_that_pass_the_milter(self):
        classes = "internal_mail_filter_classes = bounce, notify\n"
        milters = "non_smtpd_milters = unix:submilter/s.sock\nmyorigin = example.org\n"
        self.write("networks", "127.0.0.1 local@example.org\n")
        refused = "error: Postfix: bounces have no login and will be refused with 530"
        network = 'identify { methods = {sasl, network}; network = "cidr:%s" }' % (
            self.path("networks"))
        for more, status, text in (("identify { bounces = reject }", 1, refused), (network.replace("{", "{ bounces = reject; ", 1), 0,
                                    "warning: Postfix: bounces pass the milter as <> from 127.0.0.1"),
                                   ("identify { unidentified = pass\nbounces = reject }", 0,
                                    "warning: Postfix: "
                                    "bounces pass the milter without a login")):
            with self.subTest(more):
                self.configure(more=more)
                self.postfix(main=classes + milters)
                with open(self.path("postfix/master.cf"), "a", encoding="utf-8") as file:
                    file.write("pickup unix n - n 60 1 pickup\nbounce unix - - n - 0 bounce\n")
                findings = self.found_postfix(status)
                self.has(findings, text)
                self.has_not(findings, "does not pass")
                self.postfix(main=milters)
                self.has_not(self.found_postfix(0), "bounces")
        # By default they have a login of their own, for a name that is ours.
        for origin, said, more in (("example.org", False, ""), ("other.example", True, ""),
                                   ("example.org", False, network)):
            self.configure(more='domain = "example.org"\n' + more)
            self.postfix(main=classes + milters.replace("example.org", origin))
            with open(self.path("postfix/master.cf"), "a", encoding="utf-8") as file:
                file.write("pickup unix n - n 60 1 pickup\nbounce unix - - n - 0 bounce\n")
            (self.has if said else self.has_not)(self.found_postfix(0), "warning: Postfix: "
                                                 "bounces pass the milter as <>")
        self.configure(more='domain = "example.org"\nkeys = "%s"\n'
                       "sign { dkim-key = off }" % self.path("keys"))
        self.postfix(main=milters)
        with open(self.path("postfix/master.cf"), "a", encoding="utf-8") as file:
            file.write("bounce unix - - n - 0 bounce\n")
        self.has(self.found_postfix(0), "warning: Postfix: its bounces and notices do not pass "
                 "the milter, and leave unsigned (internal_mail_filter_classes in default)",
                 fix="'internal_mail_filter_classes=bounce, notify'")
        self.configure()
        self.postfix(main=classes)
        findings = self.found_postfix(0)
        self.has_not(findings, "bounces")
        self.has(findings, "warning: Postfix: mail of local programs (sendmail(1), cron) does "
                 "not pass the milter", fix=" -e non_smtpd_milters=unix:submilter/s.sock ")

    def test_pickup_without_milters(self):
        self.postfix(main="non_smtpd_milters = unix:submilter/s.sock")
        with open(self.path("postfix/master.cf"), "a", encoding="utf-8") as file:
            file.write("pickup unix n - n 60 1 pickup -o receive_override_options=no_milters\n")
        self.has(self.found_postfix(1), 'error: Postfix: service "pickup" (master.cf:10): mail '
                 "of local programs does not pass the milter",
                 fix="-P pickup/unix/receive_override_options= ")

    def test_a_command_does_not_depend_on_the_directory(self):
        """postfix(1) with a relative -c does nothing."""
        self.postfix(main="milter_default_action = accept")
        self.configure()
        path = os.path.relpath(self.path("postfix"))
        self.has(self.found("--postfix", path, status=1), "milter_default_action is accept",
                 fix="postconf -c @/postfix -e milter_default_action=tempfail "
                 "&& postfix -c @/postfix reload")

    CERTIFICATES = ("identify { methods = {sasl, client-cert}; certificates = "
                    "\"texthash:%s\" }\n")

    def test_what_certificates_need_of_postfix(self):
        rows = self.write("certificates", "CA|alice alice@example.org\n")
        asks = "-o smtpd_sasl_auth_enable=yes -o smtpd_tls_ask_ccert=yes"
        ca = "smtpd_tls_CAfile = /x\nsmtpd_tls_security_level = may"
        for options, main, text in (
                ("-o smtpd_sasl_auth_enable=yes", ca, "smtpd_tls_ask_ccert is no"),
                (asks, "", "smtpd_tls_CAfile is empty"),
                (asks, "smtpd_tls_CAfile = /x", "TLS is off"),
                (asks, "smtpd_tls_CAfile = /x\nsmtpd_tls_security_level = none",
                 "TLS is off"),
                (asks + " -o smtpd_tls_wrappermode=yes", "smtpd_tls_CAfile = /x", None),
                (asks, ca, "relays nothing for a client that has a certificate"),
                (asks, ca + "\ntls_append_default_CA = yes", "public CAs are trusted"),
                (asks, ca + "\nsmtpd_authorized_xclient_hosts = 192.0.2.1",
                 "has the certificate of the proxy"),
                (asks, ca + "\nmilter_protocol = 4", "milter_mail_macros lacks"),
                (asks, ca + "\nmilter_protocol = 4\n"
                 "milter_mail_macros = i {cert_subject}, {cert_issuer}", None),
                (asks, ca, None)):
            with self.subTest(options=options, main=main):
                self.postfix(main=main, options=options)
                self.configure(more=self.CERTIFICATES % rows)
                findings = self.found_postfix(0)
                if text is None:
                    self.has_not(findings, "certificate will prove")
                else:
                    self.has(findings, text)
                self.configure()
                self.has_not(self.found_postfix(0), "certificate will prove")

    def test_services_where_certificates_count(self):
        """By methods-at, and at any port where users log in, but not behind a proxy."""
        rows = self.write("certificates", "CA|alice alice@example.org\n")
        for name, options, bound, is_found in (
                ("submission", "", "", True),
                ("192.0.2.5:2587", "", "", True),
                ("2587", " -o smtpd_authorized_xclient_hosts=192.0.2.1", "", False),
                ("2587", " -o smtpd_upstream_proxy_protocol=haproxy", "", False),
                ("2587", " -o smtpd_authorized_xclient_hosts=192.0.2.1"
                 " -o smtpd_tls_ask_ccert=yes", "", True),
                ("submission", "", "methods-at = \"465=client-cert\"", False),
                ("submissions", "", "methods-at = \"465=client-cert\"", True),
                ("192.0.2.5:465", "", "methods-at = \"smtps=client-cert\"", True),
                ("submission", " -o milter_macro_daemon_name=CERT",
                 "methods-at = \"CERT=client-cert\"", True)):
            with self.subTest(name=name, options=options, bound=bound):
                self.postfix(options="-o smtpd_sasl_auth_enable=yes" + options)
                path = self.path("postfix/master.cf")
                with open(path, encoding="utf-8") as file:
                    text = file.read()
                self.write("postfix/master.cf", text.replace("submission", name, 1))
                self.configure(more=(self.CERTIFICATES % rows).replace(" }", "; %s }" % bound))
                (self.has if is_found else self.has_not)(
                    self.found_postfix(0), "no certificate will prove a login (client-cert)")

    def test_methods_that_are_bound_to_no_service(self):
        rows = self.write("certificates", "CA|alice alice@example.org\n")
        text = "nobody is asked for client-cert: no service with the milter has a port"
        for bound, options, is_found in (
                ("", "", False), ("587=client-cert", "", False),
                ("466=client-cert", "", True), ("25=client-cert", "", True),
                ("MSA=client-cert", "", True),
                ("MSA=client-cert", " -o milter_macro_daemon_name=MSA", False),
                # The port is the one that the proxy tells.
                ("466=client-cert", " -o smtpd_upstream_proxy_protocol=haproxy", False)):
            with self.subTest(bound=bound, options=options):
                self.postfix(options="-o smtpd_sasl_auth_enable=yes" + options)
                binding = "methods-at = \"%s\"" % bound if bound else ""
                self.configure(more=(self.CERTIFICATES % rows).replace(
                    " }", "; %s }" % binding))
                (self.has if is_found else self.has_not)(self.found_postfix(0), text)

    def test_a_certificate_may_be_let_through_by_postfix(self):
        rows = self.write("certificates", "CA|alice alice@example.org\n")
        for relay, is_found in (
                ("permit_sasl_authenticated, reject", True),
                ("permit_mynetworks permit_sasl_authenticated reject", True),
                ("permit_sasl_authenticated, permit_tls_all_clientcerts, reject", False),
                ("permit_tls_clientcerts\n reject", False),
                ("check_client_access static:OK, reject", False),
                ("mua_class, reject", False)):
            with self.subTest(relay):
                self.postfix(main="smtpd_restriction_classes = mua_class\n"
                             "smtpd_relay_restrictions = " + relay)
                self.configure(more=self.CERTIFICATES % rows)
                (self.has if is_found else self.has_not)(
                    self.found_postfix(0), "relays nothing for a client that has a certificate")

    LOGIN_FIELD = ("identify { methods = {sasl, login-field}; login-field = X-Login; "
                   "login-secret = \"%s\" }\n")
    SECRET = "0123456789abcdef"

    def login_field(self, main, rows=None, mode=0o600, status=0):
        """What is found of the field that a Postfix writes, with rows in its table."""
        secret = self.write("secret", self.SECRET + "\n", 0o600)
        if ROOT:
            try:
                shutil.chown(secret, "submilter")
            except LookupError:
                pass
        self.configure(more=self.LOGIN_FIELD % secret)
        self.write("rows", rows or "/^(.*)$/ PREPEND X-Login: %s $1\n" % self.SECRET, mode)
        self.postfix(main=main.replace("TABLE", self.path("rows")),
                     options="-o smtpd_sasl_auth_enable=yes -o smtpd_tls_ask_ccert=yes")
        findings = self.found_postfix(status)
        for finding in findings:
            self.assertNotIn(self.SECRET, "".join(finding))
        return findings

    def test_postfix_writes_the_field_of_the_login(self):
        data = "smtpd_data_restrictions = check_ccert_access "
        table = data + "regexp:TABLE"
        other = "/^(.*)$/ PREPEND X-Other: %s $1\n" % self.SECRET
        for main, rows, text, status in (
                (table, None, None, 0),
                ("", None, "no table of its restrictions says PREPEND X-Login", 0),
                (table, other, "no table of its restrictions says PREPEND X-Login", 0),
                (table, "/./ prepend x-login: 0123456789abcdeF alice\n",
                 "regexp:@/rows, line 1 has another secret", 1),
                (table, "/./ PREPEND X-Login: alice\n", "has another secret", 1),
                (data + "inline:{{a = PREPEND X-Login: %s b}}" % self.SECRET, None,
                 "can read in @/postfix/main.cf the secret of X-Login", 0),
                (table.replace("data", "end_of_data"), None,
                 "smtpd_end_of_data_restrictions come after the header was written", 1),
                (table.replace("data", "client"), None, None, 0),
                (table.replace("data", "client") + "\nsmtpd_delay_reject = no", None,
                 "come before MAIL, because smtpd_delay_reject is no", 1),
                (table.replace("data", "helo") + "\nsmtpd_delay_reject = no", None,
                 "come before MAIL, because smtpd_delay_reject is no", 1),
                (table.replace("data", "sender") + "\nsmtpd_delay_reject = no", None,
                 None, 0),
                (table.replace(" reg", ",reg"), None, None, 0),
                (table + "\nsmtpd_tls_fingerprint_digest = md5", None,
                 "smtpd_tls_fingerprint_digest is md5", 1),
                (table + "\ncompatibility_level = 2", None,
                 "smtpd_tls_fingerprint_digest is md5", 1),
                (table + "\ncompatibility_level = 3.10", None, None, 0),
                # What another server says is not known here.
                ("smtpd_data_restrictions = check_policy_service unix:p", None, None, 0),
                ("smtpd_data_restrictions = check_ccert_access ldap:/x.cf", None, None, 0)):
            with self.subTest(main=main, rows=rows):
                findings = self.login_field(main, rows, status=status)
                if text is None:
                    for word in "X-Login", "login-field", "digest":
                        self.has_not(findings, word)
                else:
                    self.has(findings, text)

    def test_the_secret_of_the_field_is_for_few(self):
        main = "smtpd_data_restrictions = check_ccert_access regexp:TABLE"
        for mode, is_found in ((0o644, True), (0o640, False), (0o600, False)):
            findings = self.login_field(main, mode=mode)
            if is_found:
                self.has(findings, "every user of this host can read in @/rows the secret",
                         fix="chmod 600")
            else:
                self.has_not(findings, "every user of this host")
        findings = self.login_field(main.replace(" regexp:", ",proxy:regexp:"), mode=0o604)
        self.has(findings, "every user of this host can read in @/rows the secret")
        os.chmod(self.path("secret"), 0o644)
        self.has(self.found_postfix(1), "@/secret: group or others can use it: chmod 600")

    def test_the_field_needs_that_postfix_asks_for_certificates(self):
        self.login_field("smtpd_data_restrictions = check_ccert_access regexp:TABLE")
        self.postfix(main="smtpd_data_restrictions = check_ccert_access regexp:%s"
                     % self.path("rows"), options="-o smtpd_sasl_auth_enable=yes")
        self.has(self.found_postfix(0), "(login-field), because smtpd_tls_ask_ccert is no",
                 fix="smtpd_tls_ask_ccert=yes")

    def test_port_25_may_pass_mail_without_a_login(self):
        refused = "mail from other servers has no login"
        for more, name, refuses in (
                ("", "", True),
                ("identify { unidentified-at = {\"25=pass\"} }", "", False),
                ("identify { unidentified-at = {\"In=pass\"} }", "in", False),
                ("identify { unidentified-at = {\"587=pass\"} }", "", True),
                ("identify { unidentified = pass ; unidentified-at = {\"25=reject\"} }",
                 "", True)):
            with self.subTest(more):
                self.postfix(main="milter_macro_daemon_name = " + name if name else "")
                with open(self.path("postfix/master.cf"), "a", encoding="utf-8") as file:
                    file.write("smtp inet n - n - - smtpd\n  -o smtpd_milters="
                               "unix:%s\n" % self.socket)
                self.configure(more=more)
                findings = self.found_postfix(1 if refuses else 0)
                (self.has if refuses else self.has_not)(findings, refused)

    # --- Sendmail ---

    def test_what_certificates_need_of_sendmail(self):
        rows = self.write("certificates", "CA|alice alice@example.org\n")
        self.configure(more=self.CERTIFICATES % rows)
        general = "O InputMailFilters=submilter\n" + X_LINE
        for more, text in (("O TLSSrvOptions=V\nO CACertFile=/x\n", "V in TLSSrvOptions"),
                           ("", "there is neither CACertFile nor CACertPath"),
                           ("O CACertPath=/x\n", None)):
            with self.subTest(more):
                findings = self.sendmail(more + general, 0)
                if text is None:
                    self.has_not(findings, "certificate will prove")
                else:
                    self.has(findings, text)

    def test_sendmail_writes_no_field_with_a_login(self):
        self.login_field("")
        self.has(self.sendmail("O InputMailFilters=submilter\n" + X_LINE, 0),
                 "login-field, which is for Postfix")

    def sendmail(self, text, status):
        self.write("sendmail.cf", "# made up\nV10/Debian\n" + text % {
            "socket": self.socket})
        return self.found("--sendmail", self.path("sendmail.cf"),
                          status=status)

    def test_a_proxy_has_no_login_of_its_own(self):
        networks = self.write("networks", "192.0.2.80 web@example.org\n"
                              "2001:db8::/64 lab@example.org\n")
        with_network = ("identify { methods = {sasl, network}; network = \"cidr:%s\" }\n"
                        % networks)
        with_pop = ("identify { methods = {sasl, pop-before-smtp}; pop-before-smtp = "
                    "\"texthash:%s\"; pop-never = {127.0.0.0/8, \"::1\", 192.0.2.80} }\n"
                    % self.write("pop", "# nobody yet\n"))
        login, many = "has its login ", "may send as any login"
        pop = "has the login of whoever fetched mail"
        for more, hosts, texts in (
                (with_network, "192.0.2.80", [login + "web@example.org (identify.network)"]),
                (with_network, "192.0.2.81, [2001:db8::8]", [login + "lab@example.org"]),
                (with_network, "192.0.2.81", []), (with_network, "", []),
                (with_network, "proxy.example.org hash:/x !192.0.2.80", []),
                (with_network, "192.0.2.0/24", []), ("", "192.0.2.80", []),
                ("", "192.0.2.0/23", ["every host of 192.0.2.0/23 may send as any login"]),
                ("", "127.0.0.0/8", []), (with_pop, "192.0.2.80 127.0.0.1", []),
                (with_pop, "192.0.2.81", ["the proxy 192.0.2.81"]),
                (with_pop, "192.0.2.80/31", [pop])):
            with self.subTest(more=more, hosts=hosts):
                self.configure(more=more)
                self.postfix(main="smtpd_authorized_xclient_hosts = " + hosts)
                findings = self.found_postfix(0)
                for text in texts:
                    self.has(findings, text)
                for text in login, many, pop:
                    if not any(text in wanted or "proxy 192.0.2.81" in wanted
                               for wanted in texts):
                        self.has_not(findings, text)

    def test_what_changes_mail_after_it_was_signed(self):
        for main, text in (
                ("smtp_generic_maps = hash:/x", "smtp_generic_maps = hash:/x in "
                 "main.cf:4 rewrites addresses in the header after it was signed"),
                ("smtp_header_checks = regexp:/x", "may change the header"),
                ("smtp_body_checks = regexp:/x", "may change the body"),
                ("milter_header_checks = regexp:/x", "or remove the signature"),
                ("content_filter = scan:127.0.0.1:10025", "to scan:127.0.0.1:10025 after it was signed"),
                ("smtp_line_length_limit = 500", "lines over 500 octets")):
            with self.subTest(main):
                self.postfix(main=main)
                self.client_service()
                findings = self.found_postfix(0)
                self.has(findings, text)
                self.has(findings, "main.cf:4" if "limit" not in main else "master.cf:10")
        self.postfix(main="smtp_line_length_limit = 0")
        self.client_service()
        self.has_not(self.found_postfix(0), 'service "smtp"')
        self.configure(more="repair { body = certain }\n")
        self.has(self.found_postfix(0), "8-bit content is converted",
                 fix="repair { body = all }")

    def client_service(self):
        with open(self.path("postfix/master.cf"), "a", encoding="utf-8") as file:
            file.write("smtp unix - - y - - smtp\n")

    def test_sendmail_has_to_let_in_who_has_fetched_mail(self):
        self.configure(more=self.POP % "")
        general = "O InputMailFilters=submilter\nO CACertPath=/x\n" + X_LINE
        rules = "SLocal_check_rcpt\n%sScheck_rcpt\nR$*\t$: $1\nSRelay_ok\nR$*\t$: $1\n"
        for more, is_let_in in ((rules % "", False),
                                ("Kaccess hash /etc/mail/access\n" + rules % "", True),
                                (rules % "R$*\t$# OK\n", True),
                                ((rules % "").replace("SRelay_ok", "SOther"), True)):
            with self.subTest(more):
                findings = self.sendmail(general + more, 0)
                (self.has_not if is_let_in else self.has)(
                    findings, "is refused by Sendmail itself")

    def test_sendmail_changes_mail_after_it_was_signed(self):
        for line, text in (
                ("DMexample.org", "masquerading as example.org"),
                ("Kgenerics hash /etc/mail/genericstable", "genericstable"),
                ("Mesmtp, P=[IPC], F=mDFMuXa, S=x, L=400,\n\tT=DNS, "
                 "A=TCP $h", "mailer esmtp breaks lines over 400 octets")):
            with self.subTest(line):
                self.has(self.sendmail(
                    "O InputMailFilters=submilter\n" + line + "\n" + X_LINE,
                    0), text)
        self.has_not(self.sendmail(
            "O InputMailFilters=submilter\nDM\nKaccess hash /x\n"
            "Mesmtp, P=[IPC], L=990, A=TCP $h\n" + X_LINE, 0),
            "after it was signed")

    def test_sound_sendmail(self):
        findings = self.sendmail(
            "O InputMailFilters=other, submilter\n" + X_LINE, 0)
        self.has(findings, 'ok: Sendmail: filter "submilter" '
                 "(@/sendmail.cf:4) passes mail to the milter")
        self.has_not(findings, "waits")
        # A continuation line, and one port alone.
        self.sendmail("O DaemonPortOptions=Name=MSA, Port=587, M=Ea,\n"
                      "\tInputFilters=submilter\n" + X_LINE, 0)

    def test_each_port_of_sendmail(self):
        msa = "O DaemonPortOptions=Name=MSA, Port=587, M=Ea"
        mta = "O DaemonPortOptions=Name=MTA\n"
        trust = "C{TrustAuthMech}PLAIN LOGIN\n"
        general = "O InputMailFilters=submilter\n"
        past = r"error: Sendmail: daemon MSA (DAEMON_OPTIONS, sendmail.cf:%d) passes no mail"
        for text, status, wanted in (
                (mta + msa + ", InputFilters=Submilter\n", 0, "ok: Sendmail: filter"),
                (mta + trust + msa + ", I=submilter\n", 1, "error: Sendmail: daemon MTA "
                 "(DAEMON_OPTIONS, sendmail.cf:3) lets users log in, and their mail"),
                (mta.strip() + ", M=A\n" + trust + msa + ", I=submilter\n", 0, "ok: Sendmail:"),
                (general + msa + ", InputFilters=\n" + "O DaemonPortOptions=Name=X, Port=588\n", 1, past % 4),
                (general + "O daemonportoptions = i=other, " + msa[20:] + "\n"
                 "O DaemonPortOptions=Name=X, Port=588\n", 1, past % 4),
                (general + mta + msa + "\n", 1, "error: Sendmail: daemon MTA (DAEMON_OPTIONS, "
                 "sendmail.cf:4): mail from other servers has no login and will be refused"),
                (msa + ", InputFilters=submilter;other\n", 0,
                 'warning: Sendmail: daemon MSA (DAEMON_OPTIONS, sendmail.cf:3): the filter '
                 '"other" comes after ours'),
                (msa + ", InputFilters=other;submilter\n", 0, "ok: Sendmail: filter"),
                (mta + msa + "\n", 1, "is defined, but no mail passes it")):
            with self.subTest(text):
                self.has(self.sendmail(text + X_LINE, status), wanted)

    def test_sendmail_passes_mail_while_the_milter_is_down(self):
        findings = self.sendmail(
            "O InputMailFilters=submilter\n"
            "Xsubmilter, S=local:%(socket)s, T=R:60s\n", 1)
        self.has(findings, "because F= has neither T, R nor 4", fix="F=T")

    def test_sendmail_waits_too_short(self):
        for times, text in (("", "waits 10 seconds"),
                            (", T=S:1m;E:5m", "waits 10 seconds"),
                            (", T=C:1m;R:29s", "waits 29 seconds")):
            with self.subTest(times=times):
                self.has(self.sendmail(
                    "O InputMailFilters=submilter\n"
                    "Xsubmilter, S=unix:%(socket)s, F=T" + times + "\n", 0),
                    "warning: Sendmail: filter \"submilter\" "
                    "(@/sendmail.cf:4): Sendmail " + text)

    def test_sendmail_without_our_filter(self):
        self.has(self.sendmail(
            "O InputMailFilters=other\n"
            "Xother, S=inet:8891@127.0.0.1, F=T\n", 1),
            "error: Sendmail: no filter in @/sendmail.cf has the socket",
            fix="MAIL_FILTER(`submilter', `S=unix:@/queue")

    def test_sendmail_filter_that_no_mail_passes(self):
        self.has(self.sendmail("O InputMailFilters=other\n" + X_LINE, 1),
                 "is defined, but no mail passes it")

    def test_sendmail_and_mail_of_local_programs(self):
        """submit.cf says which port sendmail(1) uses."""
        mta = "O DaemonPortOptions=Port=smtp, Name=MTA, Addr=127.0.0.1"
        msa = "O DaemonPortOptions=Port=587, Name=MSA, M=Ea, InputFilters=submilter\n"
        v6 = "O DaemonPortOptions=Name=v6, Family=inet6\n"
        ours = mta + ", InputFilters=submilter\n" + msa + X_LINE
        relay = "Mrelay,\t\tP=[IPC], F=mDFMuXa8k, L=2040,\n\t\tT=DNS/RFC822/SMTP,\n\t\tA=TCP $h"
        here = "D{MTAHost}[127.0.0.1]\n"
        login = "identify { methods = {sasl, network}\nnetwork = \"cidr:%s\" }\n" % \
            self.write("networks", "127.0.0.1 local\n")
        for more, text, submit, wanted in (
                (login, ours, here + relay + " 25\n",
                 "ok: Sendmail: mail of local programs passes the milter at port 25 "
                 "(@/submit.cf:2)"),
                (login, v6 + ours, "D{MTAHost}localhost\n" + relay + "\n",
                 "ok: Sendmail: mail of local programs passes the milter at port smtp"),
                ("", ours, here + relay + " 25\n", "warning: Sendmail: mail of local programs "
                 "has no login and will be refused, because it passes the milter at port 25"),
                ("identify { unidentified-at = {\"MTA=pass\"} }", ours, here + relay + " 25\n",
                 "ok: Sendmail: mail of local programs passes the milter"),
                (login, mta + "\n" + msa + X_LINE, here + relay + " 25\n",
                 "warning: Sendmail: mail of local programs (sendmail(1), cron) does not pass the "
                 "milter at port 25 (@/submit.cf:2), and leaves unchecked and unsigned"),
                (login, ours, here + relay + " submission\n",
                 "warning: Sendmail: mail of local programs will be refused at port submission "
                 "(@/submit.cf:2), because M=a requires a login there"),
                (login, ours, here + "Kauthinfo hash /etc/mail/authinfo\n" + relay + " 587\n",
                 "ok: Sendmail: mail of local programs passes the milter at port 587"),
                (login, ours, here + relay + " 2525\n",
                 "warning: Sendmail: sendmail(1) hands mail of local programs to port 2525 "
                 "(@/submit.cf:2), where no DAEMON_OPTIONS listens"),
                (login, ours, "D{MTAHost}[hub.example.org]\n" + relay + " 25\n",
                 "warning: Sendmail: sendmail(1) hands mail of local programs to "
                 "[hub.example.org] (@/submit.cf)"),
                (login, ours, None, "warning: Sendmail: there is no @/submit.cf: mail of local "
                 "programs (sendmail(1), cron) passes no milter")):
            with self.subTest(wanted):
                self.configure(more=more)
                if submit is None:
                    os.unlink(self.path("submit.cf"))
                else:
                    self.write("submit.cf", submit)
                findings = self.sendmail(text, 0)
                self.has(findings, wanted)
                self.has(findings, "ok: Sendmail: it gives its own bounces and warnings to "
                         "no milter")

    def test_sendmail_refuses_a_directory_of_everybody(self):
        os.chmod(self.socket_dir, 0o1777)
        self.has(self.sendmail("O InputMailFilters=submilter\n" + X_LINE, 1),
                 "error: Sendmail: will not use a socket in "
                 "@/queue/submilter")

    def test_sendmail_over_inet(self):
        self.configure(listen="inet:8891@127.0.0.1", group="")
        self.sendmail("O InputMailFilters=s\n"
                      "Xs, S=inet:8891@localhost, F=R, T=R:2m\n", 0)

    # --- the command ---

    def test_usage(self):
        for args, status in ((["--help"], 0), (["--nonsense"], 2),
                             (["--list", "a.example"], 2), (["--list", "--json"], 2)):
            done = self.run_check(*args)
            self.assertEqual(done.returncode, status)
            self.assertIn("usage: submilter check",
                          done.stdout if status == 0 else done.stderr)

    def test_list_prints_every_option(self):
        done = self.run_check("--list")
        self.assertEqual(done.returncode, 0)
        self.assertIn('listen = "unix:%s"\n' % self.socket, done.stdout)
        self.assertIn("\nsign {\n\tengine = native\n", done.stdout)
        self.write("printed.conf", done.stdout)
        again = self.run_check("--list", config="printed.conf")
        self.assertEqual(again.stdout, done.stdout)

    def test_text_for_people(self):
        self.postfix(milters=None)
        done = self.run_check("--postfix", self.path("postfix"))
        self.assertEqual(done.returncode, 1)
        self.assertIn("/smtpd_milters=unix:submilter/s.sock && ",
                      done.stdout)
        self.assertRegex(done.stdout, r"\n1 error, \d warnings?\n$")

    # Whose realm: what SMTP AUTH does with it.

    def test_what_smtp_auth_does_with_the_realm(self):
        mux = "pwcheck_method: saslauthd\nsaslauthd_path: %s/mux\n" % self.path("sa")
        start = 'MECHANISMS="%s"\nOPTIONS="%s -m ' + self.path("sa") + '"\n'
        filters = self.write("ldap", "ldap_filter: uid=%U\n")
        realms = self.write("ldap-realm", "ldap_filter: (&(uid=%u)(d=%r))\n")
        alone, verified = "error: looks at the user alone: ", "ok: verifies the realm of a login: "
        unknown = "warning: "
        for conf, options, wanted in [
                (mux, start % ("pam", "-c"), alone + "saslauthd -a pam without -r"),
                (mux, start % ("shadow", "-cn 5"), alone + "saslauthd -a shadow without -r"),
                (mux, start % ("pam", "-c -r"), verified + "saslauthd -a pam with -r"),
                (mux, start % ("rimap", "-cr"), verified + "saslauthd -a rimap with -r"),
                (mux, start % ("sasldb", "-c"), verified + "saslauthd -a sasldb without -r"),
                (mux, start % ("kerberos5", "-c"), unknown),
                (mux, start % ("ldap", "-O " + filters), alone + 'saslauthd looks for "uid=%U"'),
                (mux, start % ("ldap", "-r -O " + filters), alone),
                (mux, start % ("ldap", "-O " + realms), verified),
                (mux, start % ("ldap", "-O /nowhere"), unknown),
                (mux, "SOCKETDIR=%s\nMECH=pam\nFLAGS=-r # all\n" % self.path("sa"), verified),
                # Not the one that serves this socket, or one that does not run.
                (mux, 'MECHANISMS=pam\nOPTIONS="-r -m /elsewhere"\n', unknown),
                (mux, "START=no\n" + start % ("pam", "-r"), unknown),
                (mux, "", unknown),
                ("pwcheck_method: auxprop\n", "", verified + "sasldb"),
                ("# pwcheck_method: saslauthd\n", "", verified + "sasldb"),
                ("auxprop_plugin: sql\nsql_select: SELECT p FROM u WHERE n='%u'\n", "",
                 alone + "sql_select in"),
                ("auxprop_plugin: sql\nsql_select: SELECT p FROM u WHERE n='%u@%r'\n", "",
                 verified + "sql_select in"),
                ("auxprop_plugin: ldapdb\n", "", unknown),
                ("pwcheck_method: authdaemond\n", "", unknown),
                ("pwcheck_method:\n", "", unknown),
                # The weaker one of two counts, in any order.
                (mux.replace(": saslauthd", ": auxprop saslauthd"), start % ("pam", ""), alone),
                (mux.replace(": saslauthd", ": saslauthd auxprop"), start % ("pam", ""), alone)]:
            with self.subTest(conf + options):
                found = self.sasl(conf, options)
                self.assertTrue(found.startswith(wanted), found)

    def test_what_an_unverified_realm_means(self):
        conf = "pwcheck_method: saslauthd\nsaslauthd_path: %s/mux\n" % self.path("sa")
        start = 'MECHANISMS=pam\nOPTIONS="-m %s"\n' % self.path("sa")
        for more, wanted in [
                ("domain = a.example", "^ok: looks .* only one counts here$"),
                ("domain = a.example\nidentify { realms = a.example }", "^ok: "),
                ("identify { realms = a.example }", "^ok: looks "),
                ("", "^ok: looks .* none counts here$"),
                ("identify { realms = any-verified-by-sasl }",
                 "^error: looks .* every other alice in any domain$"),
                ("domain = a.example\nidentify { realms = b.example }",
                 "^error: looks .* alice in the realms that are named here$")]:
            with self.subTest(more):
                self.assertRegex(self.sasl(conf, start, more=more), wanted)
        found = self.sasl(None, main="smtpd_sasl_type = dovecot",
                          more="identify { realms = any-verified-by-sasl }")
        self.assertRegex(found, "^ok: verifies .*: it is Dovecot's")
        found = self.sasl(None, main="smtpd_sasl_path = no-such-program")
        self.assertRegex(found, "^warning: .*no no-such-program.conf where")

    def test_saslauthd_of_a_chroot(self):
        inside = os.path.join(self.queue, "var/run/sa")
        self.assertRegex(
            self.sasl("pwcheck_method: saslauthd\nsaslauthd_path: /var/run/sa/mux\n",
                      'MECHANISMS=pam\nOPTIONS="-c -m %s"\n' % inside, chroot="y"), "^error: looks ")

    def test_sendmail_has_a_configuration_of_its_own(self):
        start = self.write("saslauthd", 'MECHANISMS=pam\nOPTIONS="-m %s"\n' % self.path("sa"))
        os.mkdir(self.path("sasl"))
        self.write("sasl/Sendmail.conf", "pwcheck_method: saslauthd\nsaslauthd_path: %s/mux\n"
                   % self.path("sa"))
        self.write("sendmail.cf", "O InputMailFilters=submilter\nESASL_CONF_PATH=%s\n"
                   % self.path("sasl") + X_LINE % {"socket": self.socket})
        for more, status, wanted in [
                ("domain = a.example", 0, "ok: Sendmail: SMTP AUTH looks at the user alone: "
                 "saslauthd -a pam without -r"),
                ("identify { realms = any-verified-by-sasl }", 1, "error: Sendmail: SMTP AUTH")]:
            self.configure(more=more)
            self.has(self.found("--sendmail", self.path("sendmail.cf"), "--saslauthd", start,
                                status=status), wanted)

    def test_a_realm_that_smtp_auth_adds_is_named(self):
        for main, more, wanted in [
                ("smtpd_sasl_local_domain = $myhostname\nmyhostname = mx.a.example",
                 "domain = a.example", True),
                ("smtpd_sasl_local_domain = A.example", "domain = a.example", False),
                ("smtpd_sasl_local_domain = x.example",
                 "identify { realms = any-verified-by-sasl }", False),
                ("smtpd_sasl_local_domain = b.example",
                 "domain = a.example\nidentify { realms = b.example }", False),
                ("smtpd_sasl_local_domain =", "domain = a.example", False)]:
            with self.subTest(main + more):
                self.configure(more=more)
                self.postfix(main=main)
                found = [text for text, _ in self.found_postfix(0)]
                self.assertEqual(wanted, any("a login without a realm gets @mx.a.example" in text
                                             for text in found), found)

    def test_without_any_realm_no_login_owns_an_address(self):
        self.postfix()
        text = "warning: rights.own-address: no login owns an address by itself"
        self.has(self.found_postfix(0), text, 'domain = "example.org"')
        self.write("map", "as1 alice@a.example\n")
        for more in ("domain = a.example", "identify { realms = a.example }",
                     "identify { realms = any-verified-by-sasl }", "rights { own-address = no }",
                     'identify { login-map = "texthash:%s" }' % self.path("map")):
            with self.subTest(more):
                self.configure(more=more)
                self.has_not(self.found_postfix(0), "no login owns")
        self.has(self.found_postfix(0), "ok: identify.login-map: texthash:@/map: 1 row")

    def test_marks_of_an_extension_that_stand_in_names(self):
        self.postfix()
        for extension, marks in ("+", ""), ("", ""), ("+=#", ""), ("+-", "-"), ("._-", "._-"):
            self.configure(more='rights { extension = "%s" }' % extension)
            found = self.found_postfix(0)
            for mark in "-._":
                text = 'warning: rights.extension: "%s" stands in ordinary names' % mark
                (self.has if mark in marks else self.has_not)(found, text)


if __name__ == "__main__":
    unittest.main()
