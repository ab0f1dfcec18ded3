#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The configurations of docs/distributions.md, with files of the shape that each
mail system has, and the real servers behind them. SUBMILTER names the program. To
be run as root."""

import contextlib
import os
import pathlib
import re
import subprocess
import sys
import textwrap
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parent))

import lab                                  # noqa: E402
import servers                              # noqa: E402

GUIDE = HERE.parents[1] / "docs/distributions.md"
LOGIN = "alice@example.org"
# Whose: may alice write as this one?
SENDERS = {LOGIN: True, "info@example.org": True, "bob@example.org": False,
           "boss@example.org": False, "nobody@example.org": False}

# In the words of these tests: mailboxes, aliases, and senders beside them.
SQL = """\
create table mailbox (address varchar(200), domain varchar(200), active integer);
create table alias (address varchar(200), goto varchar(200), domain varchar(200),
 active integer);
create table sender_acl (login varchar(200), send_as varchar(200));
insert into mailbox values ('alice@example.org', 'example.org', 1),
 ('bob@example.org', 'example.org', 1), ('boss@example.org', 'example.org', 1);
insert into alias values ('info@example.org', 'alice@example.org,bob@example.org',
 'example.org', 1), ('nobody@example.org', 'alice@example.org', 'example.org', 0),
 ('alice@example.org', 'alice@example.org', 'example.org', 1);
insert into sender_acl values ('bob@example.org', 'boss@example.org');
"""
# Behind the way to the server. One mailbox; its aliases; all in one.
OWN = "query = SELECT address FROM mailbox WHERE address='%s' AND active = 1\n"
ALIAS = "query = SELECT goto FROM alias WHERE address='%s' AND active = 1\n"
UNION = """\
query = SELECT goto FROM alias
  WHERE address='%s'
    AND active='1'
    AND domain IN (SELECT domain FROM mailbox WHERE domain = '%d')
  UNION
  SELECT login FROM sender_acl
  WHERE send_as = '%s' OR send_as = '@%d' OR send_as = '*'
  UNION
  SELECT address FROM mailbox WHERE address = '%s' AND active = '1'
"""
LDIF = """\
dn: cn=alice,SUFFIX
objectClass: inetOrgPerson
cn: alice
uid: alice
sn: alice
employeeType: active
mail: alice@example.org
mail: info@example.org

dn: cn=bob,SUFFIX
objectClass: inetOrgPerson
cn: bob
uid: bob
sn: bob
employeeType: active
mail: bob@example.org
mail: boss@example.org

"""
LDAP = """\
bind            = yes
version         = 3
search_base     = SUFFIX
scope           = sub
query_filter    = (&(objectClass=inetOrgPerson)(employeeType=active)(mail=%s))
result_attribute= cn
result_format   = %s@example.org
debuglevel      = 0
"""


def examples():
    """Each heading with its configurations."""
    for part in re.split(r"(?m)^## ", GUIDE.read_text())[1:]:
        heading, _, text = part.partition("\n")
        yield heading, [textwrap.dedent(block) for block in re.findall(
            r"(?m)(?:^    .*\n)+", text)]


class Distributions(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        scratch = lab.scratch()
        cls.top = scratch.__enter__()
        cls.addClassCleanup(scratch.__exit__, None, None, None)
        cls.debs = lab.Debs.shared(cls.top, "postfix-maps", "postfix-databases",
                                   "postgresql", "mariadb", "slapd", "redis")
        cls.guide = dict(examples())
        stack = contextlib.ExitStack()
        cls.addClassCleanup(stack.close)
        mariadb = servers.MariaDB(cls.top / "maria", cls.debs)
        postgres = servers.Postgres(cls.top / "pg", cls.debs)
        slapd = servers.Slapd(cls.top / "ldap", cls.debs,
                              ldif=LDIF.replace("SUFFIX", servers.SUFFIX))
        cls.redis = servers.Redis(cls.top / "redis", cls.debs)
        for server in mariadb, postgres, slapd, cls.redis:
            stack.enter_context(server)
        mariadb.sql(SQL)
        postgres.sql(SQL + "grant all on all tables in schema public to %s;\n"
                     % servers.USER)
        login = "user = %s\npassword = %s\ndbname = mail\n" % (
            servers.USER, servers.PASSWORD)
        cls.mysql = login + "hosts = unix:%s\n" % mariadb.socket
        cls.pgsql = login + "hosts = 127.0.0.1:%d\n" % postgres.port
        cls.directory = {
            "server_host": "ldap://127.0.0.1:%d" % slapd.port,
            "search_base": servers.SUFFIX, "bind_dn": servers.ADMIN,
            "bind_pw": servers.PASSWORD, "tls_require_cert": "no"}
        cls.ldap = "server_host = 127.0.0.1:%d\nbind_dn = %s\nbind_pw = %s\n%s" % (
            slapd.port, servers.ADMIN, servers.PASSWORD,
            LDAP.replace("SUFFIX", servers.SUFFIX))

    def setUp(self):
        self.root = self.top / self.id().rpartition(".")[2]

    def write(self, path, text):
        """What stands at this path of the system."""
        file = self.root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(0o600)

    def index(self, path):
        package = self.debs.package("postfix")
        self.write("/main.cf", "".join("%s = %s\n" % pair for pair in (
            ("compatibility_level", "3.6"), ("inet_interfaces", "loopback-only"),
            ("mail_owner", "daemon"), ("setgid_group", "mail"),
            ("myhostname", "mx.example.org"), ("queue_directory", self.root),
            ("data_directory", self.root),
            ("command_directory", package / "usr/sbin"),
            ("daemon_directory", package / "usr/lib/postfix/sbin"),
            ("shlib_directory", package / "usr/lib/postfix"),
            ("meta_directory", package / "etc/postfix"))))
        subprocess.run([package / "usr/sbin/postmap", "-c", self.root,
                        "hash:%s%s" % (self.root, path)], check=True,
                       env=self.debs.environment(), timeout=60)

    def write_from_guide(self, heading, path, **values):
        """A file that the guide shows, with other values of some parameters."""
        text = self.guide[heading][1]
        for name, value in values.items():
            text, count = re.subn(r"(?m)^(%s *= ).*" % name, r"\g<1>" + value, text)
            self.assertEqual(count, 1, name)
        self.write(path, text)

    def judge(self, heading, number=0, senders=None):
        """The configuration as the guide has it, but for where its files are."""
        text = self.guide[heading][number]
        self.assertEqual(text.count("\n"), 3, "three lines")
        text = re.sub(r"(?<=:)(?=/(?:etc|opt)/)", str(self.root), text)
        text = re.sub(r"(?m)^keys .*\n", "", text)     # nothing is signed here
        self.write("/submilter.conf", text.replace("mode = monitor", "mode = enforce"))
        for sender, allowed in (senders or SENDERS).items():
            done = subprocess.run(
                [os.environ["SUBMILTER"], "test", "-c", self.root / "submilter.conf",
                 "--auth", LOGIN, "--mail-from", sender, "-"],
                input="From: %s\nTo: x@far.example\nSubject: x\n\nx\n" % sender,
                text=True, capture_output=True, timeout=60)
            self.assertEqual(done.returncode, 0 if allowed else 1,
                             (heading, sender, done.stdout, done.stderr))

    def test_plain_debian(self):
        self.write("/etc/postfix/sender_login", "info@example.org %s\n"
                   "boss@example.org bob@example.org\n" % LOGIN)
        self.index("/etc/postfix/sender_login")
        self.judge("Plain Debian, login map in a file")

    def test_ispmail(self):
        self.write("/etc/postfix/mysql-email2email.cf", self.mysql + OWN)
        self.write("/etc/postfix/mysql-virtual-alias-maps.cf", self.mysql + ALIAS)
        self.judge("Plain Debian, MariaDB (ISPmail)")

    def test_directory(self):
        heading = "Plain Debian, OpenLDAP or Active Directory"
        self.write_from_guide(heading, "/etc/submilter/addresses.cf", **self.directory)
        self.judge(heading)

    def test_redis(self):
        heading = "Plain Debian, Redis"
        self.redis.ask_all([
            ("ACL", "SETUSER", "submilter", "on", ">secret", "~sender:*", "+smembers"),
            ("SADD", "sender:info@example.org", LOGIN),
            ("SADD", "sender:boss@example.org", "bob@example.org")])
        self.write_from_guide(heading, "/etc/submilter/rights.redis",
                              hosts="127.0.0.1:%d" % self.redis.port)
        self.judge(heading)

    def test_mailcow(self):
        self.write("/opt/postfix/conf/sql/mysql_virtual_sender_acl.cf",
                   "# made at the start of the container\n" + self.mysql + UNION)
        self.judge("mailcow")

    def test_iredmail(self):
        self.write("/etc/postfix/mysql/sender_login_maps.cf", self.mysql + OWN)
        self.judge("iRedMail", 0, {LOGIN: True, "bob@example.org": False})
        self.write("/etc/postfix/ldap/sender_login_maps.cf", self.ldap)
        self.judge("iRedMail", 1)

    def test_docker_mailserver(self):
        self.write("/etc/postfix/virtual", "info@example.org %s\n"
                   "boss@example.org bob@example.org\n" % LOGIN)
        self.write("/etc/aliases", "postmaster root\n")
        self.index("/etc/aliases")
        self.judge("docker-mailserver", 0)
        self.write("/etc/postfix/ldap-senders.cf", self.ldap)
        self.judge("docker-mailserver", 1)

    def test_modoboa(self):
        self.write("/etc/postfix/sql-sender-login-map.cf", self.pgsql + UNION)
        self.judge("Modoboa")

    def test_each_is_tried(self):
        self.assertEqual(set(self.guide), {
            "Plain Debian, login map in a file", "Plain Debian, MariaDB (ISPmail)",
            "Plain Debian, OpenLDAP or Active Directory", "Plain Debian, Redis",
            "mailcow", "iRedMail", "docker-mailserver", "Modoboa"})


if __name__ == "__main__":
    unittest.main()
