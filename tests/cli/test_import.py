#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""submilter import: what others are configured by becomes a configuration that the
program reads, and that signs with the same keys."""

import os
import re
import shutil
import subprocess
import tempfile
import unittest

import schemas

SUBMILTER = os.path.abspath(
    os.path.join(os.environ.get("top_builddir", "."), "submilter"))
SECRET = "hunter2correcthorse"
ZONE = ". 60 IN SOA a. b. 1 1 1 1 1\n"
MESSAGE = ("From: %s\nTo: bob@far.example\nSubject: hello\nMessage-ID: <1@example.org>\n"
           "Date: Mon, 23 Nov 2026 10:15:30 +0100\n\nHello\n")


class Base(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.keys = tempfile.mkdtemp(prefix="submilter-import-keys.")
        cls.addClassCleanup(shutil.rmtree, cls.keys)
        os.chmod(cls.keys, 0o755)
        for name, kind in (("rsa", ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"]),
                           ("ed", ["ED25519"])):
            path = "%s/%s.pem" % (cls.keys, name)
            subprocess.run(["openssl", "genpkey", "-algorithm", *kind, "-out", path],
                           check=True, stderr=subprocess.DEVNULL)
            os.chmod(path, 0o600)

    def setUp(self):
        self.top = tempfile.mkdtemp(prefix="submilter-import.")
        self.addCleanup(shutil.rmtree, self.top)
        os.chmod(self.top, 0o755)

    def write(self, name, text):
        path = self.top + "/" + name
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            text = text.encode() if isinstance(text, str) else text
            file.write(text.replace(b"@TOP@", self.top.encode()).replace(
                b"@KEYS@", self.keys.encode()))
        os.chmod(path, 0o644)
        return path

    def run_program(self, *arguments, code=0):
        done = subprocess.run([SUBMILTER, *arguments], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=60, check=False)
        out = done.stdout.decode("utf-8") + done.stderr.decode("utf-8", "replace")
        self.assertEqual(done.returncode, code, out)
        self.assertNotIn(SECRET, out)
        return out

    def imported(self, *arguments):
        """The configuration as text, and its options as the program reads them."""
        text = self.run_program("import", *arguments)
        # Words of a comment, whatever line they stand in.
        self.flat = re.sub(r"\n\t*#  *", " ", text)
        self.conf = self.write("made.conf", text)
        listed = self.run_program("check", "-c", self.conf, "--list")
        options, section = {}, ""
        for line in listed.splitlines():
            line = line.strip()
            opened = re.fullmatch(r"([\w-]+) \{", line)
            if opened:
                section = opened[1] + "."
            elif line == "}":
                section = ""
            else:
                name, _, value = line.partition(" = ")
                options[section + name] = value
        return options

    def install_keys(self):
        """Runs the commands that the result names, for a directory of the test."""
        with open(self.conf, encoding="utf-8") as file:
            text = file.read()
        keys = self.top + "/keys"
        for command in re.findall(r"(?m)^#     (install .*)", text):
            command = command.replace("-o submilter -g submilter ", "")
            subprocess.run(command.replace("/etc/submilter/keys", keys).split(),
                           check=True)
        os.chmod(keys, 0o700)
        self.write("made.conf", text.replace("/etc/submilter/keys", keys))

    def signatures(self, author, *arguments):
        """d= and s= of what the program signs with, and its verdict."""
        message = self.write("message.eml", MESSAGE % author)
        zone = self.write("zone", ZONE)
        out = self.run_program("test", "-c", self.conf, "--zone", zone, "--report-only",
                               *(arguments or ("--auth", author)), message)
        self.assertNotIn("DOES NOT VERIFY", out)
        return re.findall(r"(?m)^signature +(\S+)  verified", out)


class OpenDKIM(Base):
    def test_one_key(self):
        self.write("opendkim.conf", "Domain example.org\nSelector mail # of 2026\n"
                   "KeyFile @KEYS@/rsa.pem\nSubDomains yes\nMode s\n")
        options = self.imported(self.top + "/opendkim.conf")
        self.assertEqual(options["sign.canonicalization"], "simple/simple")
        self.assertEqual(options["domain"], '"example.org"')
        self.assertEqual(options["mode"], "monitor")
        self.assertEqual(options["sign.mode"], "enforce")
        self.assertEqual(self.signatures("alice@example.org"), ["example.org/mail"])
        # This host was signed for without a login.
        self.assertEqual(self.signatures("root@example.org", "--client", "127.0.0.1",
                                         "--mail-from", "root@example.org"),
                         ["example.org/mail"])
        self.assertEqual(self.signatures("root@example.org", "--client", "127.0.0.2",
                                         "--mail-from", "root@example.org"), [])

    def test_tables(self):
        self.write("key.table", "one example.org:s1:@KEYS@/rsa.pem\n"
                                "two example.com:s2:@KEYS@/ed.pem\n")
        self.write("signing.table", "*@example.org one\n*@example.com two\n")
        self.write("hosts", "127.0.0.1\n::1\n192.0.2.0/28 # the office\n"
                            "!192.0.2.9\nmail.example.org\n")
        path = self.write("opendkim.conf", """\
# comment
KeyTable            @TOP@/key.table
SigningTable        refile:@TOP@/signing.table
MultipleSignatures  yes
InternalHosts       refile:@TOP@/hosts
Canonicalization    relaxed/simple
Nameservers         192.0.2.53,2001:db8::53
Mode                sv
LDAPBindPassword    %s
On-BadSignature     reject
FrobnicateTwice     %s
%s
Socket              inet:8891@localhost
UMask               002
""" % (SECRET, SECRET, SECRET + "!"))
        options = self.imported(path)
        self.assertEqual(options["sign.key-table"], '"file:%s/key.table"' % self.top)
        self.assertEqual(options["sign.signing-table"],
                         '"refile:%s/signing.table"' % self.top)
        self.assertEqual(options["sign.multiple-signatures"], "yes")
        self.assertEqual(options["dns.servers"], '{"192.0.2.53", "2001:db8::53"}')
        self.assertEqual(options["identify.realms"], '{"example.com"}')
        self.assertEqual(options["sign.canonicalization"], "relaxed/simple")
        self.assertEqual(self.signatures("alice@example.org"), ["example.org/s1"])
        self.assertEqual(self.signatures("alice@example.com"), ["example.com/s2"])
        self.assertEqual(
            self.signatures("x@example.com", "--client", "192.0.2.15", "--mail-from",
                            "x@example.com"), ["example.com/s2"])
        self.assertEqual(
            self.signatures("x@example.com", "--client", "192.0.2.16", "--mail-from",
                            "x@example.com"), [])
        # The one that is excepted gets nothing.
        self.assertEqual(
            self.signatures("x@example.com", "--client", "192.0.2.9", "--mail-from",
                            "x@example.com"), [])
        for said in ("opendkim.conf:8: Mode: sv, and submilter signs only.",
                     "opendkim.conf:9: LDAPBindPassword: ",
                     "opendkim.conf:10: On-BadSignature: it is about verifying",
                     "opendkim.conf:11: FrobnicateTwice",
                     "opendkim.conf:12: a line that does not begin with the name",
                     "opendkim.conf:13: Socket: ", "opendkim.conf:14: UMask: ",
                     "!192.0.2.9 is an exception: ",
                     "No user may have this login",
                     "mail.example.org is not taken over"):
            self.assertIn(said, self.flat)

    def test_hosts_that_are_excepted_get_no_row(self):
        for hosts, rows in (
                ("10.0.0.0/8,!10.1.2.3,192.0.2.1", "192.0.2.1"),
                ("!10.0.0.0/8,10.1.2.3,192.0.2.1", "192.0.2.1"),
                ("2001:db8::/32,![2001:db8::1]/128,192.0.2.1", "192.0.2.1"),
                ("10.0.0.0/8,!host.example.org,192.0.2.1", None)):
            options = self.imported(self.write(
                "opendkim.conf", "Domain example.org\nSelector s\nKeyFile @KEYS@/rsa.pem\n"
                "InternalHosts %s\n" % hosts))
            self.assertEqual(options["identify.network"], '""' if rows is None else
                             '"inline:{%s=internal-hosts@example.org}"' % rows, hosts)

    def test_hosts_as_they_are_in_the_wild(self):
        self.write("hosts", "127.0.0.1\r\nlocalhost\r\n::ffff:192.0.2.1 [::ffff:10.0.0.0]/104\r\n")
        options = self.imported(self.write(
            "opendkim.conf", "Domain example.org\nSelector s\nKeyFile @KEYS@/rsa.pem\n"
            "InternalHosts refile:@TOP@/hosts\n"))
        self.assertEqual(options["identify.network"], '"inline:{%s}"' % ", ".join(
            host + "=internal-hosts@example.org" for host in (
                "127.0.0.1", "::1", "192.0.2.1", "10")))
        self.assertNotIn("not taken over", self.flat)

    def test_a_key_that_is_not_there(self):
        self.imported("--dkimpy", self.write(
            "dkim.conf", "Domain example.org\nSelector s\nKeyFile @TOP@/none\n"))
        self.assertIn("the key %s/none is not there: what it should sign " % self.top, self.flat)
        # Tables that it does not have are not to be taken out.
        self.assertIn('set "Mode v" there once submilter signs.', self.flat)

    def test_fields_that_are_signed(self):
        head = "Domain example.org\nSelector s\nKeyFile @KEYS@/rsa.pem\n"
        path = self.write("opendkim.conf", head + "OversignHeaders From,Subject\n")
        usual = self.imported(path)
        self.assertIn("has all of them by default", self.flat)
        path = self.write("opendkim.conf", head + "OversignHeaders From, X-Our-Field\n")
        options = self.imported(path)
        self.assertEqual(options["sign.signed-headers"],
                         usual["sign.signed-headers"].replace("}", ', "x-our-field"}'))
        self.assertEqual(options["sign.oversigned-headers"],
                         usual["sign.oversigned-headers"].replace(
                             "}", ', "x-our-field"}'))
        path = self.write("opendkim.conf", head + "SignHeaders To,Subject,Reply-To\n")
        options = self.imported(path)
        self.assertEqual(options["sign.signed-headers"],
                         '{"to", "subject", "reply-to", "from"}')
        self.assertEqual(options["sign.oversigned-headers"],
                         '{"from", "to", "subject"}')
        self.assertEqual(options["sign.oversigned-if-present"], '{"reply-to"}')
        path = self.write("opendkim.conf", head + "OmitHeaders Sender\n"
                          "SignHeaders +X-Our,-cc,*,bad%name\n")
        options = self.imported(path)
        signed = options["sign.signed-headers"]
        self.assertIn('"x-our"', signed)
        self.assertNotIn('"cc"', signed)
        self.assertNotIn('"sender"', signed)
        self.assertIn('SignHeaders: "*" is not taken over', self.flat)
        self.assertEqual(self.signatures("alice@example.org"), ["example.org/s"])

    def test_who_only_verifies_has_nothing_to_move(self):
        path = self.write("opendkim.conf", "Mode v\nDomain example.org\n"
                          "Selector s\nKeyFile @KEYS@/rsa.pem\n")
        options = self.imported(path)
        self.assertEqual(options["sign.key-table"], '""')
        self.assertEqual(options["sign.mode"], "inherit")
        self.assertIn("Mode: OpenDKIM signs nothing", self.flat)

    def test_a_key_in_the_file_itself_is_not_shown(self):
        path = self.write("opendkim.conf", "KeyTable csl:a=example.org:s:%s\n"
                          "SigningTable csl:example.org=a\n" % SECRET)
        self.assertEqual(self.imported(path)["sign.key-table"], '""')
        self.assertIn("a key stands in the file itself", self.flat)
        path = self.write("opendkim.conf", "Domain example.org\nSelector s\n"
                          "KeyFile %s\n" % SECRET)
        self.assertEqual(self.imported(path)["sign.key-table"], '""')
        self.assertIn("KeyFile: not the absolute path of a key", self.flat)

    def test_a_type_of_table_that_is_not_read_as_it_is(self):
        path = self.write("opendkim.conf", "SigningTable dsn:mysql://u:%s@h/db\n"
                          "KeyTable ldap://h/%s\n" % (SECRET, SECRET))
        self.assertEqual(self.imported(path)["sign.key-table"], '""')
        self.assertIn("KeyTable is of type ldap: which is not read as it is",
                      self.flat)

    def test_included_files(self):
        self.write("keys.conf", "Domain example.org\nSelector s\n"
                   "KeyFile @KEYS@/rsa.pem\n")
        path = self.write("opendkim.conf", "Include @TOP@/keys.conf\nMode s\n")
        self.imported(path)
        self.assertEqual(self.signatures("a@example.org"), ["example.org/s"])
        self.assertIn("%s/keys.conf:1: " % self.top, self.flat)
        self.write("keys.conf", "Include @TOP@/keys.conf\n")
        self.assertIn("nested too deep", self.run_program("import", path, code=1))

    def test_dkimpy_milter_with_two_kinds_of_keys(self):
        path = self.write("dkimpy-milter.conf", """\
Domain example.org
Selector r1
SelectorEd25519 e1
KeyFile @KEYS@/rsa.pem
KeyFileEd25519 @KEYS@/ed.pem
SubDomains yes
MacroList daemon_name|ORIGINATING
Mode sv
""")
        options = self.imported(path)
        self.assertEqual(options["keys"], '"/etc/submilter/keys"')
        self.assertEqual(options["sign.parent-domain"], "yes")
        self.assertEqual(options["sign.canonicalization"], "relaxed/simple")
        self.assertIn("MacroList: mail is signed for a login", self.flat)
        self.assertIn("stays with dkimpy-milter", self.flat)
        self.install_keys()
        self.assertEqual(sorted(self.signatures("a@example.org")),
                         ["example.org/e1", "example.org/r1"])

    def test_dkimpy_milter_with_one(self):
        path = self.write("dkimpy-milter.conf", "Domain example.org\nSelector x\n"
                          "KeyFile @KEYS@/rsa.pem\nInternalHosts 198.51.100.7\n")
        self.imported(path)
        self.assertEqual(self.signatures("a@example.org"), ["example.org/x"])
        self.assertEqual(self.signatures("a@example.org", "--client", "198.51.100.7",
                                         "--mail-from", "a@example.org"),
                         ["example.org/x"])


class Postfix(Base):
    MASTER = """\
smtp       inet  n - y - - smtpd
submission inet  n - y - - smtpd
  -o syslog_name=postfix/submission
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_client_restrictions=permit_sasl_authenticated,reject
pickup     unix  n - y 60 1 pickup
"""

    def directory(self, main, master=MASTER):
        self.write("postfix/main.cf", "compatibility_level = 3.6\n" + main)
        self.write("postfix/master.cf", master)
        return self.top + "/postfix"

    def test_with_opendkim(self):
        self.write("logins", "sales@example.org alice@example.org\n")
        signer = self.write("opendkim.conf", "Domain example.org\nSelector s\n"
                            "KeyFile @KEYS@/rsa.pem\nSocket inet:8891@localhost\n")
        path = self.directory("""\
myorigin = $mydomain
mydomain = example.org
recipient_delimiter = +
smtpd_sender_login_maps = texthash:$config_directory/../logins,
    inline:{info@example.org=alice@example.org}
smtpd_milters = inet:localhost:11332, inet:localhost:8891
non_smtpd_milters = inet:localhost:8891
smtpd_sender_restrictions = reject_sender_login_mismatch
mynetworks = 127.0.0.0/8 [::1]/128
relay_password = %s
biff = no
""" % SECRET)
        options = self.imported(path, signer)
        self.assertEqual(options["domain"], '"example.org"')
        self.assertEqual(options["rights.extension"], '"+"')
        self.assertEqual(options["rights.tables"], '{"texthash:%s/../logins", '
                         '"inline:{info@example.org=alice@example.org}"}' % path)
        for author in "alice@example.org", "sales@example.org", "info@example.org":
            self.assertEqual(self.signatures(author, "--auth", "alice@example.org"),
                             ["example.org/s"], author)
        self.assertEqual(self.signatures("boss@example.org", "--auth",
                                         "alice@example.org"), [])
        with open(self.conf, encoding="utf-8") as file:
            text = file.read()
        # The filter stays, the signer goes, and submilter comes last.
        self.assertIn("#     postconf -P submission/inet/smtpd_milters="
                      "inet:localhost:11332,unix:submilter/submilter.sock "
                      "submission/inet/milter_default_action=tempfail\n", text)
        self.assertIn("#     postconf -PX submission/inet/smtpd_milters\n", text)
        for said in ("reject_sender_login_mismatch: it compares MAIL FROM",
                     "non_smtpd_milters: mail of sendmail(1)",
                     "main.cf:10: mynetworks: the hosts of the signer count",
                     "main.cf, line 1 compatibility_level, 11 relay_password, 12 biff",
                     "master.cf, line 1 smtp, 2 syslog_name, 6 pickup"):
            self.assertIn(said, self.flat)

    def test_alone(self):
        path = self.directory(
            "myorigin = @TOP@/mailname\nmynetworks = 192.0.2.0/24\n"
            "smtpd_sender_login_maps = nosuch:x\n",
            self.MASTER.replace("permit_sasl", "permit_mynetworks,permit_sasl")
            + "465 inet n - y - - smtpd\n  -o smtpd_milters=inet:127.0.0.1:1\n")
        self.write("mailname", "Example.ORG\n")
        options = self.imported("--postfix", path)
        self.assertEqual(options["domain"], '"example.org"')
        self.assertEqual(options["rights.extension"], '""')
        self.assertEqual(options["rights.tables"], "{}")
        self.assertEqual(options["sign.mode"], "inherit")
        self.assertEqual(options["identify.network"],
                         '"inline:{192.0.2=internal-hosts@example.org}"')
        self.assertIn('there is no table type "nosuch"', self.flat)
        self.assertIn("#     postconf -P 465/inet/smtpd_milters=inet:127.0.0.1:1\n",
                      self.run_program("import", path))

    def test_what_is_relative_to_the_directory(self):
        path = self.directory("smtpd_sender_login_maps = texthash:${config_directory}/senders\n"
                              "mynetworks = [::ffff:127.0.0.0]/104 [::1]/128\n", self.MASTER.replace(
                                  "permit_sasl", "permit_mynetworks,permit_sasl"))
        self.write(os.path.basename(path) + "/senders", "a@example.org a\n")
        options = self.imported("--postfix", os.path.relpath(path))
        self.assertEqual(options["rights.tables"],
                         '{"texthash:%s/senders"}' % os.path.realpath(path))
        self.assertNotIn("is no network", self.flat)

    def test_parameters_of_a_table_are_not_shown(self):
        for spec in ("mysql:{{password=%s}}", "proxy:pgsql:{ {user=x}, {password = %s} }",
                     "pipemap:{inline:{a=b},ldap:{bind_pw=%s}}", "nosuch:{%s}"):
            options = self.imported(self.directory(
                "smtpd_sender_login_maps = inline:{x@example.org=y} %s\n" % (spec % SECRET)))
            self.assertEqual(options["rights.tables"], '{"inline:{x@example.org=y}"}')
            self.assertIn("are not shown here", self.flat)

    def test_only_the_signer_goes(self):
        """A filter stays whose socket ends like the one of the signer."""
        for socket, stays, goes in (
                ("inet:8891", "inet:localhost:18891", "inet:localhost:8891"),
                ("local:dkim.sock", "unix:opendkim.sock", "unix:dkim/dkim.sock"),
                ("local:/var/spool/postfix/d/s", "unix:old/d/s", "unix:d/s")):
            signer = self.write("opendkim.conf", "Mode s\nSocket %s\n" % socket)
            path = self.directory("smtpd_milters = %s %s\n" % (stays, goes))
            self.assertIn("/inet/smtpd_milters=%s,unix:submilter/submilter.sock " % stays,
                          self.run_program("import", path, signer))

    def test_tables_of_one_service_count_for_all(self):
        more = "465 inet n - y - - smtpd\n  -o smtpd_sender_login_maps=inline:{%s=x}\n"
        main = "smtpd_sender_login_maps = inline:{a@example.org=x}\n"
        for address, differs in ("a@example.org", False), ("b@example.org", True):
            self.imported(self.directory(main, self.MASTER + more % address))
            self.assertEqual("is not the same for all services" in self.flat, differs)

    def test_names_are_words_of_a_command_or_in_none(self):
        path = self.directory("smtpd_milters = inet:h:1;rm$(id)\n")
        out = " ".join(self.run_program("import", path).replace("#", "").split())
        self.assertIn("its milters are not written as a command", out)
        self.assertNotIn("rm$(id)", out)

    def test_without_submission(self):
        self.imported(self.directory("myhostname = mail.example.org\n",
                                     "smtp inet n - y - - smtpd\n"))
        self.assertIn("master.cf has no service submission", self.flat)


class Rspamd(Base):
    def test_domains_maps_and_files(self):
        for name in "files.example.sel.key", "blocked.example.other.key":
            shutil.copy(self.keys + "/rsa.pem", self.top + "/" + name)
        self.write("paths", "mapped.example @KEYS@/$selector.pem # comment\n\nnonsense\n")
        self.write("selectors", "mapped.example rsa\nonly.example rsa\n")
        path = self.write("dkim_signing.conf", """\
/* of our own
   /* nested */ */
selector = "sel";
path = "@TOP@/$domain.$selector.key";
path_map = "@TOP@/paths"; selector_map = "@TOP@/selectors";
use_esld = false
sign_networks = [ "192.0.2.0/24", 2001:db8::/32 ];
use_domain = "envelope";
allow_username_mismatch = true;
password = "%s"
sign_condition = <<EOD
return function(task) return "%s" end
EOD
domain {
  one.example { path = "@KEYS@/rsa.pem"; selector = "one"; }
  "two.example" { selectors [ { path: "@KEYS@/rsa.pem", selector: "r" },
                              { path: "@KEYS@/ed.pem", selector: "e" } ] }
  bad.example { path = "/k/`id`.pem"; }
}
.include(try=true) "/etc/other.conf"
""" % (SECRET, SECRET))
        options = self.imported(path)
        self.assertEqual(options["keys"], '"/etc/submilter/keys"')
        self.assertEqual(options["sign.canonicalization"], "relaxed/relaxed")
        rows = dict(row.split("=") for row in
                    options["sign.key-table"].strip('"')[4:].split(","))
        self.assertEqual(rows, {
            "one.example": "one.example:one:%s/rsa.pem" % self.keys,
            "mapped.example": "mapped.example:rsa:%s/rsa.pem" % self.keys,
            "only.example": "only.example:rsa:%s/only.example.rsa.key" % self.top,
            "files.example": "files.example:sel:%s/files.example.sel.key" % self.top})
        self.install_keys()
        self.assertEqual(self.signatures("a@one.example"), ["one.example/one"])
        self.assertEqual(self.signatures("a@files.example"), ["files.example/sel"])
        self.assertEqual(self.signatures("a@mapped.example"), ["mapped.example/rsa"])
        self.assertEqual(sorted(self.signatures("a@two.example")),
                         ["two.example/e", "two.example/r"])
        for said in ("dkim_signing.conf:8: use_domain: the domain of From signs",
                     "dkim_signing.conf:9: allow_username_mismatch: rights",
                     "dkim_signing.conf:10: password",
                     "dkim_signing.conf:11: sign_condition: there are no scripts",
                     "dkim_signing.conf:20: an included file is read only if",
                     "paths:3: not a domain and a value",
                     "a key of bad.example is not taken over"):
            self.assertIn(said, self.flat)

    def test_a_directory_and_subdomains(self):
        self.write("rspamd/modules.d/dkim_signing.conf",
                   'dkim_signing { selector = "dkim"; sign_local = true;\n'
                   ' .include "x"\n}\n')
        self.write("rspamd/local.d/dkim_signing.conf",
                   'domain { example.org { path = "@KEYS@/rsa.pem"; selector = a } }\n')
        self.write("rspamd/override.d/dkim_signing.conf",
                   'domain { example.org { selector = b } }\nsign_local = no;')
        self.imported(self.top + "/rspamd")
        # The later file counts.
        self.assertEqual(self.signatures("a@example.org"), ["example.org/b"])
        self.assertIn("hosts without a login are not signed for", self.flat)
        with open(self.conf, encoding="utf-8") as file:
            self.assertIn(".example.org=example.org", file.read())

    def test_switched_off(self):
        path = self.write("dkim_signing.conf", 'enabled = false;\ndomain { a.example '
                          '{ path = "@KEYS@/rsa.pem"; selector = s } }\n')
        self.assertEqual(self.imported(path)["sign.key-table"], '""')
        self.assertIn("the module signs nothing", self.flat)

    def test_where_keys_are_by_default(self):
        domain = "domain { a.example { selector = s } }\n"
        for path in "", 'path = "${DBDIR}/dkim/$domain.$selector.key";\n':
            options = self.imported(self.write("dkim_signing.conf", path + domain))
            self.assertIn("a.example=a.example:s:/var/lib/rspamd/dkim/a.example.s.key",
                          options["sign.key-table"])

    def test_hosts_of_a_module_that_is_switched_off_get_nothing(self):
        signer = self.write("opendkim.conf", "Domain example.org\nSelector s\n"
                            "KeyFile @KEYS@/rsa.pem\nInternalHosts 192.0.2.1\n")
        module = 'enabled = %s;\nsign_local = no; sign_networks = [ "10.0.0.0/8" ];\n'
        for word, rows in ("true", "192.0.2.1=%s, 10=%s"), ("false", "192.0.2.1=%s"):
            options = self.imported(signer, self.write("dkim_signing.conf", module % word))
            self.assertEqual(options["identify.network"], '"inline:{%s}"'
                             % rows.replace("%s", "internal-hosts@example.org"))


class Sendmail(Base):
    def test_mc(self):
        path = self.write("sendmail.mc", """\
divert(-1)dnl
DAEMON_OPTIONS(`Name=dead, Port=587')
divert(0)dnl
VERSIONID(`$Id$')
define(`confDOMAIN_NAME', `mail.example.org')dnl
define(`confAUTH_OPTIONS', `%s')dnl
dnl DAEMON_OPTIONS(`Name=gone, Port=465')
DAEMON_OPTIONS(`Family=inet,  Name=MTA-v4, Port=smtp, Addr=127.0.0.1')dnl
DAEMON_OPTIONS(`Name=MSP-v4, Port=submission, M=Ea,
  InputFilters=spam')dnl
INPUT_MAIL_FILTER(`opendkim', `S=inet:8891@localhost, F=T')dnl
 	MASQUERADE_AS(`example.org')
MAILER(smtp)dnl
""" % SECRET)
        options = self.imported(path)
        self.assertEqual(options["mta"], "sendmail")
        self.assertEqual(options["domain"], '"mail.example.org"')
        for said in ("port submission (MSP-v4) is attached by "
                     "InputFilters=spam;submilter", "port smtp (MTA-v4) is no port",
                     "the filter opendkim at inet:8891@localhost stays on other ports.",
                     "as InputFilters=opendkim;submilter",
                     "sendmail.mc:12: masquerading", "6 confAUTH_OPTIONS", "13 MAILER"):
            self.assertIn(said, self.flat)
        self.assertNotIn("dead", self.flat)
        self.assertNotIn("gone", self.flat)

    def test_cf(self):
        path = self.write("sendmail.cf", """\
# comment
V10/Berkeley
Djmail.example.org
DMexample.org
O DaemonPortOptions=Name=MSA, Port=587, M=Ea
O AuthMechanisms=%s
Xopendkim, S=local:/run/opendkim/opendkim.sock, F=T
SLocal_check_mail
R$*\t\t$@ $1
""" % SECRET)
        options = self.imported(path)
        self.assertEqual(options["domain"], '"mail.example.org"')
        for said in ("sendmail.cf:4: masquerading", "port 587 (MSA) is attached",
                     "opendkim at local:/run/opendkim/opendkim.sock",
                     "line 2, 6 AuthMechanisms, 8-9"):
            self.assertIn(said, self.flat)


class Sample(Base):
    """What would change, for mail of before."""

    LOG = "".join(
        "Nov 30 10:15:3%d mx1 postfix/%s: %s: %s\n" % (i, program, qid, text)
        for i, (program, qid, text) in enumerate([
            ("submission/smtpd[7]", "A1", "client=pc[192.0.2.7], sasl_method=PLAIN, "
             "sasl_username=alice@example.org"),
            ("qmgr[9]", "A1", "from=<boss@example.org>, size=9, nrcpt=1"),
            ("submission/smtpd[7]", "A2", "client=pc[192.0.2.7], "
             "sasl_username=alice@example.org"),
            ("qmgr[9]", "A2", "from=<alice@example.org>, size=9, nrcpt=1"),
            ("smtpd[7]", "A3", "client=mx[192.0.2.8]"),
            ("qmgr[9]", "A3", "from=<a@far.example>, size=9, nrcpt=1")]))

    def setUp(self):
        super().setUp()
        # Its owner can read it now; the user of submilter cannot, perhaps.
        key = self.write("key.pem", "not a key that can be read\n")
        self.source = self.write("opendkim.conf", "Domain example.org\nSelector s\n"
                                 "KeyFile %s\n" % key)

    def test_a_log_of_postfix(self):
        log = self.write("mail.log", self.LOG)
        out = self.run_program("import", self.source, "--sample", log, code=1)
        self.assertIn("2 messages of the sample", out)
        self.assertIn("Would be refused, and was not: 1\n"
                      "         1  alice@example.org may not send as boss@example.org "
                      "(MAIL FROM)  (A1)\n", out)
        self.assertIn("would not be: 1\n", out)
        # The configuration goes to its file alone.
        self.assertNotIn("mode = monitor", out)
        made = self.top + "/made.conf"
        self.run_program("import", self.source, "-o", made, "--sample", log, code=1)
        with open(made, encoding="utf-8") as file:
            self.assertEqual(file.read(), self.run_program("import", self.source))

    def test_a_log_of_submilter(self):
        log = self.write("own.log", "submilter[7]: qid=B1 login=alice@example.org via=sasl "
                         "client=192.0.2.7 mail_from=alice@example.org "
                         "from=boss@example.org action=accept signed=none ms=1.0\n")
        out = self.run_program("import", self.source, "--sample", log, code=1)
        self.assertIn("may not send as boss@example.org (From)  (B1)", out)
        # As it writes to standard error, which looks like the field of a message.
        with open(log, encoding="utf-8") as file:
            log = self.write("error.log", file.read().replace("[7]", ""))
        self.assertEqual(self.run_program("import", self.source, "--sample", log, code=1), out)

    def test_messages(self):
        own = self.write("own.eml", "Received: from pc (pc [192.0.2.7])\n"
                         "\t(Authenticated sender: alice@example.org)\n"
                         "DKIM-Signature: v=1; a=rsa-sha256; d=example.org; s=old; h=from;\n"
                         "\tbh=x; b=y\n" + MESSAGE % "alice@example.org")
        plain = self.write("plain.eml", MESSAGE % "bob@example.org")
        out = self.run_program("import", self.source, "--sample", own, "--sample", plain)
        self.assertIn("would not be: 2", out)
        self.assertIn("  example.org/old before, example.org/s then  (%s)" % own, out)
        self.assertIn("  no signature before, example.org/s then  (%s)" % plain, out)
        # Another login may not use this address, and gets no signature.
        out = self.run_program("import", self.source, "--auth", "eve@example.org",
                               "--sample", own, code=1)
        self.assertIn("eve@example.org may not send as alice@example.org (From)", out)
        self.assertIn("example.org/old before, no signature then", out)

    def test_what_cannot_be_read(self):
        out = self.run_program("import", self.source, "--sample", "/none", code=1)
        self.assertIn("/none: No such file or directory", out)
        self.assertIn("0 messages of the sample", out)
        self.run_program("import", self.source, "--sample", self.top, code=1)
        odd = self.write("odd.log", bytes(range(256)) * 1000)
        self.run_program("import", self.source, "--sample", odd)
        self.run_program("import", self.source, *["--sample=/none"] * 101, code=2)


class Json(Base):
    """The same for programs."""

    def ask(self, *arguments, code=0):
        out = self.run_program("import", "--json", *arguments, code=code)
        return schemas.load(schemas.check("import", out)[0])

    def test_each_line_has_its_place(self):
        path = self.write("opendkim.conf", "Domain example.org\nSelector s\n"
                          "KeyFile @KEYS@/rsa.pem\nMode sv\nSyslog yes\nFrobnicate %s\n"
                          "%s\nCanonicalization relaxed/simple\nOn-BadSignature reject\n"
                          "Nameservers 192.0.2.53\n" % (SECRET, SECRET + "!"))
        answer = self.ask(path)
        self.assertEqual(answer["sources"], [{"kind": "opendkim", "path": path}])
        # An unknown line is its name; one that has none is nothing but its place.
        self.assertEqual(answer["not_understood"], [
            {"name": "Frobnicate", "text": "Frobnicate", "file": path, "line": 6},
            {"text": "a line that does not begin with the name of an option", "file": path,
             "line": 7}])
        places = {(one.get("name"), one["line"]) for one in answer["needless"]}
        self.assertEqual(places, {("Syslog", 5), ("On-BadSignature", 9)})
        self.assertEqual({one["file"] for one in answer["needless"]}, {path})
        [mode] = [one for one in answer["differences"] if one.get("line") == 4]
        self.assertEqual((mode["file"], mode["name"]), (path, "Mode"))
        options = {one["name"]: one for one in answer["options"]}
        self.assertEqual(options["sign.canonicalization"]["value"], "relaxed/simple")
        self.assertEqual(options["sign.canonicalization"]["line"], 8)
        self.assertEqual(options["dns.servers"]["value"], ["192.0.2.53"])
        self.assertEqual((options["dns.servers"]["file"], options["dns.servers"]["line"]),
                         (path, 10))
        # Nothing there says so.
        self.assertNotIn("file", options["mode"])

    def test_the_options_are_those_of_the_configuration(self):
        path = self.write("opendkim.conf", "Domain example.org,example.com\nSelector s\n"
                          "KeyFile @KEYS@/rsa.pem\nInternalHosts 192.0.2.0/24\n")
        made = self.top + "/made.conf"
        answer = self.ask(path, "-o", made)
        self.assertEqual(answer["output"], made)
        with open(made, encoding="utf-8") as file:
            self.assertEqual(answer["text"], file.read())
        set_there = schemas.load(self.run_program("config", "-n", "--json", "-c", made))
        self.assertEqual([(one["name"], one["value"]) for one in answer["options"]],
                         [(one["name"], one["value"]) for one in set_there["options"]])
        [hosts] = [one for one in answer["options"] if one["name"] == "identify.network"]
        self.assertEqual((hosts["file"], hosts["line"]), (path, 4))
        # Nothing is replaced, and the answer says why there is none.
        done = subprocess.run([SUBMILTER, "import", "--json", path, "-o", made],
                              capture_output=True, timeout=60, check=False)
        self.assertEqual((done.returncode, schemas.load(done.stdout)),
                         (1, {"error": made + ": File exists", "exit": 1}))

    def test_commands_of_postfix(self):
        self.write("postfix/main.cf", "myorigin = example.org\nbiff = no\n")
        self.write("postfix/master.cf", "submission inet n - y - - smtpd\n")
        answer = self.ask(self.top + "/postfix")
        for member in "commands", "way_back":
            self.assertTrue(answer[member])
            for command in answer[member]:
                self.assertIn("\n#     %s\n" % command, answer["text"])
        self.assertIn({"name": "biff", "file": self.top + "/postfix/main.cf", "line": 2},
                      answer["others"])

    def test_a_sample(self):
        source = self.write("opendkim.conf", "Domain example.org\nSelector s\n"
                            "KeyFile @KEYS@/rsa.pem\n")
        log = self.write("mail.log", Sample.LOG)
        message = self.write("own.eml", MESSAGE % "bob@example.org")
        answer = self.ask(source, "--sample", log, "--sample", message, code=1)
        sample = answer["sample"]
        self.assertEqual((sample["messages"], sample["all_read"]), (3, True))
        self.assertEqual((sample["hit"]["messages"], sample["fine"]["messages"]), (1, 2))
        self.assertEqual(sample["hit"]["rows"], [
            {"what": "alice@example.org may not send as boss@example.org (MAIL FROM)",
             "messages": 1, "qid": "A1"}])
        self.assertEqual(sample["signatures"]["messages"], 1)
        self.assertEqual(sample["signatures"]["rows"], [
            {"what": "no signature before, example.org/s then", "messages": 1, "qid": message}])
        done = subprocess.run([SUBMILTER, "import", "--json", source, "--sample", "/none"],
                              capture_output=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIs(schemas.load(done.stdout)["sample"]["all_read"], False)


class Hostile(Base):
    """Whatever a source holds, the result is a configuration, or there is none."""

    NAMES = {"--opendkim": "x/f", "--dkimpy": "x/f", "--sendmail": "x/f.mc",
             "--rspamd": "x/f", "--postfix": "x"}

    def each(self, content):
        for option, name in self.NAMES.items():
            with self.subTest(option):
                self.write("x/main.cf", content)
                self.write("x/master.cf", content)
                self.write("x/f", content)
                self.write("x/f.mc", content)
                done = subprocess.run(
                    [SUBMILTER, "import", option, self.top + "/" + name],
                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60,
                    check=False)
                self.assertIn(done.returncode, (0, 1), done.stderr)
                self.assertNotIn(b"the result", done.stderr)
                if len(content) < 100000:
                    self.same_in_json([option, self.top + "/" + name], done)
                if done.returncode == 0:
                    self.assertTrue(done.stdout.isascii())
                    made = self.write("made.conf", done.stdout)
                    self.run_program("check", "-c", made, "--list")
                else:
                    self.assertEqual(done.stdout, b"")

    def same_in_json(self, arguments, plain):
        done = subprocess.run([SUBMILTER, "import", "--json", *arguments],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60,
                              check=False)
        self.assertEqual((done.returncode, done.stderr), (plain.returncode, plain.stderr))
        answer = schemas.load(schemas.check("import", done.stdout)[0])
        self.assertEqual(answer.get("text", ""), plain.stdout.decode())

    def test_binary(self):
        self.each(bytes(range(256)) * 40)
        self.each(b"\x7fELF\0\0Domain \xff\xfe\n")

    def test_lines_that_try_to_leave_a_comment_or_a_string(self):
        self.each(b'Domain a.example"; mode = enforce #\nSelector "}\n'
                  b'KeyFile /x"\\\nmyorigin = x"y.example\nrecipient_delimiter = "\\\n'
                  b'smtpd_sender_login_maps = static:"\\\n'
                  b"DAEMON_OPTIONS(`Name=\r}, Port=587')\n"
                  b'selector = "\\"}";\npath = "/x\\n";\n')

    def test_continued_without_an_end(self):
        self.each("a = b\n" + " c\n" * 100000)
        self.each("define(`x', `" + "(`" * 100000)
        self.each("[" * 100000)
        self.each("{ a " * 100000)
        self.each("/*" * 100000)
        self.each("a b\n" * 60000)

    def test_huge(self):
        self.each(b"Domain x\n" * 400000)
        self.each(b"x" * 3000000)

    def test_references_that_multiply(self):
        self.each("myorigin = $a1\n" + "".join(
            "a%d = $a%d$a%d\n" % (i, i + 1, i + 1) for i in range(1, 60)))

    def test_no_file(self):
        for name in "/none", self.top, "/dev/null", "/dev/zero":
            out = self.run_program("import", "--opendkim", name, code=1)
            self.assertIn(name, out)
        for name in "/none", self.top, SUBMILTER:
            self.run_program("import", name, code=1)


class Command(Base):
    def test_nothing_is_replaced(self):
        path = self.write("opendkim.conf", "Mode v\n")
        out = self.top + "/out.conf"
        self.run_program("import", path, "-o", out)
        with open(out, encoding="utf-8") as file:
            text = file.read()
        self.assertEqual(text, self.run_program("import", path))
        self.assertIn("File exists", self.run_program("import", path, "-o", out, code=1))
        os.symlink(self.top + "/away", self.top + "/link")
        self.run_program("import", path, "-o", self.top + "/link", code=1)
        self.assertFalse(os.path.exists(self.top + "/away"))
        # Sources are as they were.
        with open(path, encoding="utf-8") as file:
            self.assertEqual(file.read(), "Mode v\n")

    def test_what_it_is_shows(self):
        for name, text in (("a.conf", "# x\nKeyTable file:/x\n"),
                           ("b.conf", "KeyFileEd25519 /x\n"),
                           ("c.conf", "dkim_signing {\n}\n")):
            self.run_program("import", self.write(name, text))
        path = self.write("e.conf", "nothing known\n")
        self.assertIn("it is not known whose", self.run_program("import", path, code=1))
        self.assertIn("name the directory", self.run_program(
            "import", self.write("main.cf", "a = b\n"), code=1))

    def test_usage(self):
        self.assertIn("usage: submilter import", self.run_program("import", code=2))
        self.run_program("import", *["--opendkim=/x"] * 17, code=2)


if __name__ == "__main__":
    unittest.main()
