#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What "submilter lookup" answers beside "postmap -q" of Debian's Postfix, for the
same tables and keys. SUBMILTER names the program. To be run as root."""

import base64
import contextlib
import os
import pathlib
import re
import sqlite3
import subprocess
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parent))

import databases                            # noqa: E402
import lab                                  # noqa: E402
import servers                              # noqa: E402
from fakes import Socketmap, Tcp            # noqa: E402

KEYS = [
    "alice@corp.example", "ALICE@Corp.Example", "alice+tag@corp.example",
    "info@corp.example", "@corp.example", "@CORP.example", "alice", "bob",
    "corp.example", "", " ", "  alice", "alice ", "a b@corp.example",
    '"a b"@corp.example', '"a b', "a\\b@corp.example", "a,b@corp.example",
    "a=b@corp.example", "{a}@corp.example", "'; drop table x; --@corp.example",
    "*", "*@corp.example", "(x)@corp.example", "100%@corp.example", "%s", "%u@%d",
    "$1", "#a", ";x", "josé@corp.example", "JOSÉ@corp.example",
    "jose@corp.example", "ünal@bücher.example", "ÜNAL@BÜCHER.example", "ΑΣ@x.example",
    "straße@corp.example", "strasse@corp.example", "\u212aate@corp.example",
    "kate@corp.example", "İ@x.example", "ﬁ@x.example", "fi@x.example",
    "e\u0301@x.example", "é@x.example", "x" * 400, "x@" + "y" * 300, "192.0.2.1", "2001:db8::1",
    "postmaster", "MAILER-DAEMON", "a@b@c", "user@", "@", "a@b.c.d.e",
]
# Full case folding gives Postfix these where simple lower case has another key,
# or none: see "Keys" in submilter-tables(5).
FOLDED_OTHERWISE = {
    "straße@corp.example", "\u212aate@corp.example", "İ@x.example", "ﬁ@x.example",
    "ΑΣ@x.example",
}
ROWS = """\
# a comment
alice@corp.example alice
ALICE+tag@corp.example	alice,  bob
info@corp.example alice,
  bob
    # within

  carol
@corp.example admin;behalf
"a b"@corp.example quoted
josé@corp.example jose
JÜRGEN@corp.example x
ünal@bücher.example uenal
strasse@corp.example somebody
kate@corp.example kate
'; injection
*@corp.example star
100%@corp.example percent
a=b@corp.example equal
bob one two  three
"""
PATTERNS = """\
# a comment
/^alice(\\+.*)?@corp\\.example$/ alice
if /@corp\\.example$/
/^(info|sales)@/ $1-team
!/^[a-z]/ odd
endif
/^postmaster$/i upper
/^(a)(b)?@/ [$1][$2]
/^(.)@b/ ${1}
"""
INDEXES = {"hash": ".db", "btree": ".db", "lmdb": ".lmdb", "cdb": ".cdb"}
NETWORKS = """\
192.0.2.0/25 low
if 192.0.2.0/24
192.0.2.128/25 high
endif
!192.0.0.0/8 elsewhere
2001:db8::/32 six
"""


class BesidePostfix(unittest.TestCase):
    """Holds our answers against those of Debian's Postfix."""

    products = ("postfix-maps",)

    @classmethod
    def setUpClass(cls):
        scratch = lab.scratch()
        cls.top = scratch.__enter__()
        cls.addClassCleanup(scratch.__exit__, None, None, None)
        cls.debs = lab.Debs.shared(cls.top, *cls.products)
        package = cls.debs.package("postfix")
        cls.postmap = package / "usr/sbin/postmap"
        cls.write("main.cf", "".join("%s = %s\n" % pair for pair in (
            ("compatibility_level", "3.6"), ("inet_interfaces", "loopback-only"),
            ("mail_owner", "daemon"), ("setgid_group", "mail"),
            ("smtputf8_enable", "yes"), ("myhostname", "mx.corp.example"),
            ("queue_directory", cls.top), ("data_directory", cls.top),
            ("command_directory", package / "usr/sbin"),
            ("daemon_directory", package / "usr/lib/postfix/sbin"),
            ("shlib_directory", package / "usr/lib/postfix"),
            ("meta_directory", cls.top))))
        plugins = cls.debs.directory.glob("postfix-*/usr/lib/postfix/postfix-*.so")
        cls.write("dynamicmaps.cf", "".join(
            "%s %s dict_%s_open%s\n" % (
                kind, path, kind, " mkmap_%s_open" % kind if kind in INDEXES else "")
            for path in plugins for kind in [path.stem.partition("-")[2]]))

    @classmethod
    def write(cls, name, text):
        """A file of an hour ago: Postfix waits where one was just written."""
        path = pathlib.Path(cls.top, name)
        path.write_text(text)
        past = path.stat().st_mtime - 3600
        os.utime(path, (past, past))
        return path

    @staticmethod
    def run_with(keys, *command, **how):
        """What a program prints of these keys, one line each."""
        lines = b"".join(k if isinstance(k, bytes) else k.encode() for key in keys
                         for k in (key, "\n"))
        return subprocess.run(list(command), input=lines, capture_output=True,
                              timeout=60, **how)

    def answers_of_postfix(self, table, keys):
        # No proxymap daemon runs here.
        done = self.run_with(
            keys, self.postmap, "-c", self.top, "-q", "-",
            table.replace("proxy:", ""), env=self.debs.environment())
        # postmap exits with 1 for an error and for a key that is absent.
        self.assertNotIn(b"fatal:", done.stderr, table)
        self.assertIn(done.returncode, (0, 1), (table, done.stderr))
        return done.stdout

    def our_answers(self, table, keys):
        done = self.run_with(keys, os.environ["SUBMILTER"], "lookup", table, "-")
        self.assertIn(done.returncode, (0, 1), (table, done.stderr))
        return done.stdout

    def compare(self, table, keys=KEYS, but=()):
        keys = [key for key in keys if key not in but]
        ours = self.our_answers(table, keys)
        self.assertEqual(ours, self.answers_of_postfix(table, keys), table)
        self.assertNotEqual(ours, b"", table)
        print("%s: %d passed, 0 failed" % (table[:60], len(keys)))


class Postmap(BesidePostfix):

    def test_texthash(self):
        table = "texthash:%s" % self.write("rows", ROWS)
        self.compare(table, but=FOLDED_OTHERWISE)
        for key in "straße@corp.example", "\u212aate@corp.example":
            self.assertNotEqual(self.answers_of_postfix(table, [key]), b"")
            self.assertEqual(self.our_answers(table, [key]), b"")

    def build(self, kind, name, text):
        """An index that postmap makes; its table."""
        path = self.write(name, text)
        subprocess.run([self.postmap, "-c", self.top, "%s:%s" % (kind, path)],
                       env=self.debs.environment(), check=True, timeout=60,
                       stderr=subprocess.DEVNULL)
        return "%s:%s" % (kind, path)

    def test_indexes(self):
        """As postmap writes them; other programs leave the final NUL out."""
        for kind in INDEXES:
            table = self.build(kind, kind + "-rows", ROWS)
            self.compare(table, but=FOLDED_OTHERWISE)
            # The longest key that LMDB can have, and what no index has.
            keys = ["x" * length for length in (509, 510, 511, 512, 513, 1000)]
            table = self.build(kind, kind + "-long", "".join(
                "%s %d\n" % (key, len(key)) for key in keys
                if kind != "lmdb" or len(key) < 511))
            self.compare(table, keys)

    def test_large_indexes(self):
        """Pages of all kinds: 20,000 rows, some of them long."""
        rows = {"user%d@corp.example" % n: "login%d" % n if n % 1000 else
                "x" * n for n in range(1, 20001)}
        keys = list(rows) + ["user%d@corp.example" % n for n in range(20001, 22000)]
        for kind in INDEXES:
            self.compare(self.build(kind, kind + "-large", "".join(
                "%s %s\n" % row for row in rows.items())), keys)

    def test_an_index_that_is_built_anew(self):
        """It counts at once, whether postmap wrote it in its place or renamed it."""
        for kind in INDEXES:
            table = self.build(kind, kind + "-anew", "a 1\nb 2\n")
            command = ["stdbuf", "-oL", os.environ["SUBMILTER"], "lookup", table, "-"]
            with subprocess.Popen(command, stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, bufsize=0) as running:
                for value in "1", "3", "4", "5":
                    if value != "1":
                        self.build(kind, kind + "-anew", "a %s\n" % value)
                    running.stdin.write(b"a\n")
                    self.assertEqual(running.stdout.readline(),
                                     b"a\t%s\n" % value.encode(), table)
                running.stdin.close()
            print("%s: 4 passed, 0 failed" % table[:60])

    def test_indexes_that_are_none(self):
        """Missing, empty, cut, or something else: an error, as for Postfix."""
        for kind, suffix in INDEXES.items():
            table = self.build(kind, kind + "-whole", "".join(
                "user%d %d\n" % (n, n) for n in range(5000)))
            whole = pathlib.Path(table.partition(":")[2] + suffix).read_bytes()
            for name, octets in (("missing", None), ("empty", b""),
                                 ("text", b"user1 1\n" * 4096),
                                 ("nul", bytes(8192)), ("header", whole[:100]),
                                 ("half", whole[:len(whole) // 2 + 77])):
                path = pathlib.Path(self.top, "%s-%s" % (kind, name))
                if octets is not None:
                    path.with_name(path.name + suffix).write_bytes(octets)
                done = self.run_with(["user1"], os.environ["SUBMILTER"], "lookup",
                                     "%s:%s" % (kind, path), "-")
                self.assertIn((done.returncode, done.stdout), [(2, b""), (75, b"")],
                              (kind, name, done.stderr))
                self.assertIn(str(path).encode() + suffix.encode(), done.stderr)
                self.assertEqual(done.stderr.count(b"\n"), 1, done.stderr)
                print("%s %s: 1 passed, 0 failed" % (kind, name))

    def test_patterns(self):
        for kind in "regexp", "pcre":
            # What a stranger's key may bring into a value is an answer of
            # Postfix, and none of ours; no such key is among these.
            self.compare("%s:%s" % (kind, self.write(kind, PATTERNS)))

    def test_networks(self):
        self.compare("cidr:%s" % self.write("networks", NETWORKS), [
            "192.0.2.1", "192.0.2.200", "192.1.2.3", "198.51.100.1",
            "2001:db8::1", "2001:db9::1"])

    def test_static(self):
        for value in "x", "{a, b}", "{ x }":
            self.compare("static:" + value)

    def test_inline(self):
        for items in ("{alice@corp.example=alice, bob=1}",
                      "{ {alice@corp.example = a, b} bob=x,,JOSÉ@corp.example=j }",
                      "{{@corp.example={x}}, a=b@corp.example=z, bob=}",
                      "{bob=1, BOB=2}"):
            self.compare("inline:" + items, but=FOLDED_OTHERWISE)

    def test_keys_that_are_not_utf8(self):
        """Absent for Postfix; a row that denies might be meant for them."""
        for table in "static:x", "inline:{a=1}":
            for key in b"\xff@corp.example", b"\xc0\xaf", b"\xed\xa0\x80":
                self.assertEqual(self.answers_of_postfix(table, [key]), b"")
                done = self.run_with([key], os.environ["SUBMILTER"], "lookup",
                                     table, "-")
                self.assertEqual((done.returncode, done.stdout), (75, b""))

    def test_servers(self):
        rows = {key.encode(): b"value of %d, b" % number
                for number, key in enumerate(KEYS)
                if key == key.lower() and key}
        # postmap asks a server for the key as it stands, smtpd and we for it in
        # lower case.
        keys = [k for k in KEYS if k and k == k.lower()]
        for kind in Socketmap, Tcp:
            with kind(rows) as server:
                self.compare(server.name(), keys, but=FOLDED_OTHERWISE)
                self.assertEqual(self.our_answers(server.name(), ["BOB"]),
                                 self.our_answers(server.name(), ["bob"])
                                 .replace(b"bob", b"BOB"))

    def test_tables_made_of_others(self):
        rows = "texthash:%s" % self.write("parts", ROWS)
        patterns = "pcre:%s" % self.write("part-patterns", PATTERNS)
        for table in (
                "unionmap:{%s, %s}" % (rows, patterns),
                "unionmap:{%s,inline:{bob=x, alice=y},proxy:static:z}" % rows,
                "unionmap:{inline:{{bob = x y}} static:{a b}}",
                "pipemap:{%s, inline:{alice=1, jose={2}}}" % rows,
                "pipemap:{%s, unionmap:{static:1, inline:{alice=2}}}" % rows,
                "pipemap:{inline:{bob=ALICE}, inline:{alice=x}}"):
            self.compare(table, but=FOLDED_OTHERWISE)


class Databases(BesidePostfix):
    """The same files of parameters for both, with the real servers."""

    products = ("postfix-databases", "postgresql", "mariadb", "slapd", "memcached")
    # What is asked for in a statement of its own, so that it may be an error.
    keys = [k for k in KEYS if k.isascii()] + databases.HOSTILE + databases.MORE_KEYS

    def files(self, kind, connection, joined):
        """Each file of databases.FILES as TYPE:FILE, by its name."""
        for number, (name, text) in enumerate(databases.FILES.items()):
            for column in "twin.target", "realm":
                text = text.replace("{u@%s}" % column, joined % column)
            yield name, "%s:%s" % (kind, self.write(
                "%s-%d.cf" % (kind, number), connection + text))

    def keys_of(self, table):
        """Without those that result_format would make a list of: no answer here."""
        text = pathlib.Path(table.partition(":")[2]).read_text()
        if not re.search(r"(?m)^result_f\w+ *=.*%[SUD1-9]", text):
            return self.keys
        lists = [key for key in self.keys if re.search("[ ,;!]", key)]
        self.assertIn(b"result_format would put ", self.run_with(
            lists, os.environ["SUBMILTER"], "lookup", table, "-").stderr)
        return [key for key in self.keys if key not in lists]

    def compare_all(self, kind, connection, joined, but=()):
        for name, table in self.files(kind, connection, joined):
            with self.subTest(kind + ": " + name):
                self.compare(table, self.keys_of(table), but=but)

    def check_own_rows(self, table, keys):
        """Each key finds the row that is its own."""
        everything = databases.HOSTILE + databases.FOREIGN
        want = "".join("%s\towner%d\n" % (key, everything.index(key))
                       for key in keys)
        self.assertEqual(self.our_answers(table, keys).decode(), want)

    def check_wildcards(self, kind, connection):
        """Postfix lets the sender put wildcards behind LIKE; we do not."""
        table = "%s:%s" % (kind, self.write(kind + "-like.cf", connection + (
            "query = SELECT goto FROM alias WHERE address LIKE '%s'\n")))
        keys = ["%@corp.example", "j_e@corp.example", "_@corp.example", "\\"]
        self.check_own_rows(table, keys)
        postfix = self.answers_of_postfix(table, ["%@corp.example"])
        self.assertIn(b"alice@corp.example", postfix)

    def check_not_asked(self, kind, connection):
        """What Postfix would ask, and a stranger could change."""
        for query in ("SELECT goto FROM alias WHERE enabled=%s",
                      "SELECT 1 FROM alias WHERE '%s'=%u"):
            table = "%s:%s" % (kind, self.write(
                kind + "-open.cf", connection + "query = " + query + "\n"))
            done = self.run_with(["1"], os.environ["SUBMILTER"], "lookup", table, "-")
            self.assertEqual((done.returncode, done.stdout), (2, b""))
            self.assertIn(b"outside of single quotes", done.stderr)

    def fails(self, table, key, text, postfix=True):
        """Neither answers; ours says why."""
        done = self.run_with([key], os.environ["SUBMILTER"], "lookup", table, "-")
        self.assertIn((done.returncode, done.stdout), [(2, b""), (75, b"")], table)
        self.assertIn(text, done.stderr.decode())
        if postfix:
            done = self.run_with([key], self.postmap, "-c", self.top, "-q", "-",
                                 table, env=self.debs.environment())
            self.assertEqual((done.returncode, done.stdout), (1, b""))
            self.assertIn(b"fatal:", done.stderr)

    def test_sqlite(self):
        path = self.top / "rows.sqlite"
        with contextlib.closing(sqlite3.connect(path)) as made:
            made.executescript(databases.statements("\\"))
        connection = "dbpath = %s\n" % path
        # One column only: see "all that there is".
        self.compare_all("sqlite", connection, "'%%u@' || %s")
        table = "sqlite:%s" % self.write("own.cf", connection + (
            "query = SELECT goto FROM alias WHERE address='%s'\n"))
        self.check_own_rows(table, databases.HOSTILE + databases.FOREIGN)
        self.check_wildcards("sqlite", connection)
        self.check_not_asked("sqlite", connection)
        for name, text, why in (
                ("gone", "dbpath = %s/gone\nquery = SELECT '%%s'\n" % self.top,
                 "No such file"),
                ("bad", connection + "query = SELEC '%s'\n", "syntax error"),
                ("write", connection + "query = DELETE FROM alias WHERE "
                 "address = '%s'\n", "is to write"),
                ("two", connection + "query = SELECT '%s'; SELECT 2\n",
                 "several statements")):
            self.fails("sqlite:%s" % self.write(name + ".cf", text), "a", why,
                       postfix=name == "bad")
        self.assertFalse((self.top / "gone").exists())

    def test_pgsql(self):
        with servers.Postgres(self.top / "pg", self.debs) as server:
            server.sql(databases.statements("\\") + """
create function logins(text, text) returns setof text language sql as
 $$ select goto from alias where address = $1 || '@' || $2 $$;
create function login(text) returns text language sql as
 $$ select goto from alias where address = $1 $$;
grant all on all tables in schema public to submilter;
""")
            connection = ("hosts = 127.0.0.1:%d\nuser = %s\npassword = %s\n"
                          "dbname = mail\n" % (server.port, servers.USER,
                                               servers.PASSWORD))
            self.compare_all("pgsql", connection, "concat('%%u', '@', %s)")
            for query in ("query = SELECT * FROM logins('%u', '%d')\n",
                          "select_function = login\n",
                          "query = SELECT enabled, goto FROM alias WHERE "
                          "address = '%s' AND enabled = '1'\n",
                          "query = SELECT alias FROM alias WHERE address='%s'\n"):
                self.compare("pgsql:%s" % self.write("f.cf", connection + query),
                             self.keys)
            own = "query = SELECT goto FROM alias WHERE address='%s'\n"
            table = "pgsql:%s" % self.write("own.cf", connection + own)
            self.check_own_rows(table, databases.HOSTILE + databases.FOREIGN)
            self.check_wildcards("pgsql", connection)
            self.check_not_asked("pgsql", connection)
            self.check_prepared(server, connection)
            uri = "postgresql://%s:%s@127.0.0.1:%d/mail" % (
                servers.USER, servers.PASSWORD.replace(" ", "%20"), server.port)
            self.compare("pgsql:%s" % self.write(
                "uri.cf", "hosts = %s\ndbname = x\n%s" % (uri, own)), self.keys)
            socket = self.top / "pg/.s.PGSQL.5432"
            socket.symlink_to(".s.PGSQL.%d" % server.port)
            self.compare("pgsql:%s" % self.write(
                "unix.cf", connection.replace(
                    "127.0.0.1:%d" % server.port, "unix:%s" % socket.parent) + own),
                self.keys)
            for name, text, why in (
                    ("bad", connection + "query = SELEC '%s'\n", "syntax error"),
                    ("limit", connection + "query = SELECT generate_series(1,3) "
                     "WHERE '%s'<>''\nexpansion_limit = 2\n", "more than 2 values"),
                    ("word", connection.replace("secret", "wrong") + own,
                     "password authentication failed"),
                    ("two", connection + "query = SELECT 1; SELECT '%s'\n",
                     "cannot insert multiple commands")):
                self.fails("pgsql:%s" % self.write(name + ".cf", text),
                           "a", why, postfix=name != "two")

    @contextlib.contextmanager
    def asking(self, table):
        """A function that asks by a connection that stays."""
        with subprocess.Popen(
                ["stdbuf", "-oL", os.environ["SUBMILTER"], "lookup", table, "-"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as running:
            def ask(key):
                running.stdin.write(key + b"\n")
                return running.stdout.readline()
            yield ask
            running.stdin.close()

    def check_prepared(self, server, connection):
        """What is prepared may be gone, or not fit any more."""
        server.sql("""
create function forget(text) returns text language plpgsql as
 $$ begin execute 'deallocate all'; return 'x' || $1; end $$;
create table changing (address text, one text);
insert into changing values ('a', '1');
grant select on changing to submilter;
""")
        with self.asking("pgsql:%s" % self.write("forget.cf", connection + (
                "query = SELECT forget('%s')\n"))) as ask:
            for key in b"a", b"b", b"c":
                self.assertEqual(ask(key), key + b"\tx" + key + b"\n")
        with self.asking("pgsql:%s" % self.write("changing.cf", connection + (
                "query = SELECT * FROM changing WHERE address='%s'\n"))) as ask:
            self.assertEqual(ask(b"a"), b"a\ta,1\n")
            server.sql("alter table changing add two text default '2';")
            self.assertEqual(ask(b"a"), b"a\ta,1,2\n")

    def test_mysql(self):
        with servers.MariaDB(self.top / "maria", self.debs) as server:
            server.sql(databases.statements("\\\\") + """
delimiter //
create procedure logins(in a text character set utf8mb4 collate utf8mb4_bin)
 select goto from alias where address = a//
create procedure nothing(in a text) set @x = 1//
create procedure twice(in a text) begin select 1; select 2; end//
delimiter ;
create database folding character set utf8mb4 collate utf8mb4_general_ci;
create table folding.alias (address varchar(250), goto varchar(250));
insert into folding.alias values ('josé@corp.example', 'jose1'),
 ('Kate@corp.example', 'kate');
grant all on folding.* to submilter@'%';
""")
            connection = ("hosts = inet:127.0.0.1:%d\nuser = %s\npassword = %s\n"
                          "dbname = mail\n" % (server.port, servers.USER,
                                               servers.PASSWORD))
            self.compare_all("mysql", connection, "CONCAT('%%u', '@', %s)")
            for query in ("query = CALL logins('%s')\n",
                          'query = SELECT goto FROM alias WHERE address="%s"\n',
                          "query = CALL nothing('%s')\nrequire_result_set = no\n"
                          "query = SELECT 1 WHERE '%u' = 'alice'\n"):
                self.compare("mysql:%s" % self.write("f.cf", connection + query),
                             self.keys)
            own = "query = SELECT goto FROM alias WHERE address='%s'\n"
            table = "mysql:%s" % self.write("own.cf", connection + own)
            self.check_own_rows(table, databases.HOSTILE + databases.FOREIGN)
            self.check_wildcards("mysql", connection)
            self.check_not_asked("mysql", connection)
            self.compare("mysql:%s" % self.write(
                "unix.cf", connection.replace(
                    "inet:127.0.0.1:%d" % server.port, "unix:%s" % server.socket)
                + own), self.keys)
            for name, text, why in (
                    ("bad", connection + "query = SELEC '%s'\n",
                     "error in your SQL syntax"),
                    ("twice", connection + "query = CALL twice('%s')\n",
                     "several sets of results"),
                    ("nothing", connection + "query = CALL nothing('%s')\n",
                     "no set of results"),
                    ("word", connection.replace("secret", "wrong") + own,
                     "Access denied"),
                    ("two", connection + "query = SELECT 1; SELECT '%s'\n",
                     "error in your SQL syntax")):
                self.fails("mysql:%s" % self.write(name + ".cf", text), "a", why)
            # No backslash is an escape any more.
            server.sql("set global sql_mode = 'NO_BACKSLASH_ESCAPES'")
            self.compare(table, self.keys)
            self.check_own_rows(table, databases.HOSTILE + databases.FOREIGN)
            table = "mysql:%s" % self.write("like.cf", connection + (
                "query = SELECT goto FROM alias WHERE address LIKE '%s'\n"))
            self.fails(table, "j_e@corp.example", "NO_BACKSLASH_ESCAPES",
                       postfix=False)
            self.check_folding(connection.replace("mail", "folding"), own)

    def test_ldap(self):
        people = "".join("""\
dn: uid=h%d,ou=people,%s
objectClass: inetOrgPerson
uid: h%d
cn: x
sn: x
mail:: %s

""" % (number, servers.SUFFIX, number, base64.b64encode(key.encode()).decode())
            for number, key in enumerate(databases.HOSTILE))
        ldif = databases.LDIF.replace("SUFFIX", servers.SUFFIX) + "\n" + people
        with servers.Slapd(self.top / "slapd", self.debs, ldif=ldif) as server:
            login = "bind_dn = %s\nbind_pw = %s\n" % (servers.ADMIN, servers.PASSWORD)
            base = "search_base = %s\nversion = 3\n" % servers.SUFFIX
            host = "server_host = 127.0.0.1\nserver_port = %d\n" % server.port
            for number, (name, text) in enumerate(databases.LDAP_FILES.items()):
                text = text.replace("SUFFIX", servers.SUFFIX)
                with self.subTest("ldap: " + name):
                    table = "ldap:%s" % self.write(
                        "ldap-%d.cf" % number, host + login + base + text)
                    self.compare(table, self.keys_of(table))
            mail = "query_filter = (mail=%s)\nresult_attribute = uid\n"
            for where in server.uri, server.unix_uri, "127.0.0.1:%d" % server.port, \
                    "ldap://127.0.0.1:1 " + server.uri:
                self.compare("ldap:%s" % self.write(
                    "where.cf", "server_host = %s\n" % where + login + base + mail),
                    self.keys)
            table = "ldap:%s" % self.write("own.cf", host + login + base + mail)
            want = "".join("%s\th%d\n" % (key, number)
                           for number, key in enumerate(databases.HOSTILE))
            self.assertEqual(self.our_answers(table, databases.HOSTILE).decode(),
                             want)
            for name, text, why in (
                    ("filter", host + login + base + "query_filter = (mail=%s\n",
                     "filter"),
                    ("word", host + login.replace("secret", "wrong") + base + mail,
                     "nvalid credentials"),
                    ("base", host + login + mail + "version = 3\n"
                     "search_base = dc=nowhere,dc=example\n", "No such object")):
                self.fails("ldap:%s" % self.write(name + ".cf", text), "a", why)
            self.fails("ldap:%s" % self.write(
                "limit.cf", host + login + base + "query_filter = (|(uid=alice)"
                "(cn=%s))\nresult_attribute = mail\nexpansion_limit = 1\n"), "a",
                "expansion_limit")

    def test_memcache(self):
        keys = [k for k in self.keys if k and " " not in k and len(k) < 200]
        with servers.Memcached(self.top / "memcached", self.debs) as server:
            server.set_all([(b"mail:" + key.encode(), b"value of %d, b" % number)
                            for number, key in enumerate(dict.fromkeys(
                                key.lower() for key in keys))])
            connection = "memcache = inet:127.0.0.1:%d\n" % server.port
            backup = "texthash:%s" % self.write("backup", ROWS)
            for text in ("key_format = mail:%s\n", "key_format = mail:%u@%d\n",
                         "key_format = mail:%s\ndomain = corp.example\n"):
                self.compare("memcache:%s" % self.write(
                    "memcache.cf", connection + text), keys)
            # What it finds is written to memcached.
            self.compare("memcache:%s" % self.write(
                "backup.cf", connection + "key_format = none:%s\nbackup = " + backup
                + "\n"), keys)

    def check_folding(self, connection, own):
        """A collation for which é is e: a stranger's row for Postfix."""
        table = "mysql:%s" % self.write("folding.cf", connection + own)
        self.assertEqual(self.our_answers(table, ["kate@corp.example"]),
                         b"kate@corp.example\tkate\n")
        self.assertIn(b"jose1", self.answers_of_postfix(
            table, ["jose@corp.example", "jos\u0117@corp.example"]))
        self.fails(table, "jos\u0117@corp.example", "takes different letters for the "
                   "same", postfix=False)
        table = "mysql:%s" % self.write("echo.cf", connection + (
            "query = SELECT address FROM alias WHERE address='%s'\n"))
        self.assertEqual(self.our_answers(table, ["kate@corp.example"]),
                         b"kate@corp.example\tKate@corp.example\n")
        self.fails(table, "jose@corp.example", "gives the row of", postfix=False)


if __name__ == "__main__":
    unittest.main()
