#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Tables of LDAP at a real slapd: beside postmap, and where the two shall differ.
SUBMILTER names the program. To be run as root."""

import os
import pathlib
import subprocess
import sys
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parent))

import lab                                          # noqa: E402
import servers                                      # noqa: E402
from fakes import Silent                            # noqa: E402
from test_postmap import KEYS, BesidePostfix        # noqa: E402

SETTINGS = """\
attributetype ( 1.3.6.1.4.1.32473.1.1 NAME 'maildrop'
  EQUALITY caseIgnoreIA5Match SYNTAX 1.3.6.1.4.1.1466.115.121.1.26 )
attributetype ( 1.3.6.1.4.1.32473.1.2 NAME 'shadowAddress'
  EQUALITY caseIgnoreIA5Match SYNTAX 1.3.6.1.4.1.1466.115.121.1.26 )
attributetype ( 1.3.6.1.4.1.32473.1.3 NAME 'proxyAddresses'
  EQUALITY caseIgnoreMatch SUBSTR caseIgnoreSubstringsMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.15{1024} )
attributetype ( 1.3.6.1.4.1.32473.1.4 NAME 'memberAny'
  EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
attributetype ( 1.3.6.1.4.1.32473.1.5 NAME 'sAMAccountName'
  EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
attributetype ( 1.3.6.1.4.1.32473.1.6 NAME 'hiddenAddress'
  EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
objectclass ( 1.3.6.1.4.1.32473.2.1 NAME 'mailUser' SUP top AUXILIARY
  MAY ( mail $ maildrop $ shadowAddress $ proxyAddresses $ memberAny $
  sAMAccountName $ hiddenAddress $ uid ) )
TLSVerifyClient allow
authz-regexp "cn=client" "cn=reader,%s"
access to attrs=hiddenAddress by * search
access to attrs=userPassword by * auth
access to * by * read
""" % servers.SUFFIX

LOGINS = "ou=people," + servers.SUFFIX


def entry(dn, classes, **values):
    lines = ["dn: " + dn] + ["objectClass: " + name for name in classes.split()]
    for name, value in values.items():
        lines += ["%s: %s" % (name, one) for one in
                  ([value] if isinstance(value, str) else value)]
    return "\n".join(lines) + "\n\n"


def person(uid, **values):
    return entry("uid=%s,%s" % (uid, LOGINS), "inetOrgPerson mailUser",
                 cn=uid, sn=uid, uid=uid, **values)


def group(name, **values):
    return entry("cn=%s,%s" % (name, servers.SUFFIX), "organizationalRole mailUser",
                 cn=name, **values)


def dn_of(uid):
    return "uid=%s,%s" % (uid, LOGINS)


LDIF = "".join([
    entry(LOGINS, "organizationalUnit", ou="people"),
    entry("cn=reader," + servers.SUFFIX, "person", cn="reader", sn="reader",
          userPassword=servers.PASSWORD),
    person("alice", mail=["alice@corp.example", "Info@corp.example"],
           sAMAccountName="CORPalice", maildrop=["alice", "alice@mx.example"],
           proxyAddresses=["SMTP:Alice@corp.example", "smtp:al@corp.example",
                           "X400:c=x"],
           shadowAddress="shadow@corp.example"),
    person("bob", mail=["bob@corp.example", "info@corp.example"],
           proxyAddresses="smtp:bob@corp.example", hiddenAddress="h@corp.example"),
    # What a directory compares otherwise than we do.
    person("wide", proxyAddresses=["josé@corp.example", "two  blanks@corp.example"],
           hiddenAddress="josé@corp.example", sAMAccountName=" padded@corp.example "),
    person("star", sAMAccountName=["*@corp.example", "a(b)@corp.example",
                                   "a\\b@corp.example"]),
    person("kate", sAMAccountName=["kate@corp.example", "strasse@corp.example"]),
    entry("uid=carol,ou=people," + servers.SUFFIX, "alias extensibleObject",
          uid="carol", aliasedObjectName=dn_of("alice")),
    entry("ou=corp.example,%s" % servers.SUFFIX, "organizationalUnit",
          ou="corp.example"),
    entry("uid=dave,ou=corp.example,%s" % servers.SUFFIX, "account mailUser",
          uid="dave", maildrop="dave"),
    # Groups: by DN, by URL, in one another, with what leads nowhere.
    group("team", mail="team@corp.example", maildrop="teambox",
          memberAny=[dn_of("alice"), dn_of("nobody"), dn_of("bob")]),
    group("nested", mail="nested@corp.example",
          memberAny=["cn=team," + servers.SUFFIX, dn_of("bob")]),
    group("loop", mail="loop@corp.example", memberAny="cn=loop," + servers.SUFFIX),
    group("url", mail="url@corp.example",
          memberAny="ldap:///%s?uid?sub?(uid=b*)" % LOGINS),
    group("wider", mail="wider@corp.example",
          memberAny="ldap:///%s??one?(sn=alice)" % LOGINS),
    group("other", mail="other@corp.example",
          memberAny="ldap:///%s?telephoneNumber?sub?(uid=b*)" % LOGINS),
    group("bad-url", mail="bad-url@corp.example", memberAny="ldap://[x?"),
    group("bad-dn", mail="bad-dn@corp.example", memberAny="no dn"),
    # Two entries of one address, of which the first hides things.
    group("first", mail="both@corp.example", maildrop="terminal", uid="one"),
    group("second", mail="both@corp.example", uid="two"),
    group("leads", mail="lead@corp.example", uid="three", memberAny=dn_of("bob")),
    group("follows", mail="lead@corp.example", uid="four"),
    entry("ou=away," + servers.SUFFIX, "referral extensibleObject", ou="away",
          ref="ldap://127.0.0.1:1/dc=away"),
])
HOSTILE = KEYS + [
    "a(b)@corp.example", "*)(uid=*@corp.example", "\\2a@corp.example",
    "a\\b@corp.example", ")(|(uid=*", "alice@corp.example)(uid=*", "al*@corp.example",
    "x" * 1000, "a,b@c+d", "#x@corp.example", "dave@corp.example,ou=x",
    "dave@corp.example", "DAVE@corp.example", "dave@corp.example ",
]
# postmap folds these fully: see submilter-tables(5).
FOLDED_OTHERWISE = {"straße@corp.example", "\u212aate@corp.example", "ﬁ@x.example",
                    "İ@x.example", "ΑΣ@x.example"}
# Blanks at the ends, and in a row, mean nothing to a directory.
STRANGERS = {" ", "  alice", "alice ", "dave@corp.example "}


class Ldap(BesidePostfix):
    products = ("postfix-databases",)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        debs = lab.Debs.shared(cls.top, "slapd")
        cls.certificates = servers.Certificates(cls.top / "tls", debs)
        cls.certificates.client, cls.certificates.client_key = (
            cls.certificates._new("client", "ca", "subjectAltName=DNS:client"))
        cls.server = cls.enterClassContext(servers.Slapd(
            cls.top / "slapd", debs, ldif=LDIF, settings=SETTINGS,
            certificates=cls.certificates))

    def tearDown(self):
        self.server.resume()

    def table(self, **parameters):
        """A table with these parameters beside those of most cases."""
        values = {"server_host": self.server.uri, "search_base": servers.SUFFIX,
                  "query_filter": "(mail=%s)", "result_attribute": "uid",
                  **parameters}
        name = self.id().rsplit(".", 1)[1] + str(hash(str(values)))
        return "ldap:%s" % self.write(name, "".join(
            "%s = %s\n" % item for item in values.items() if item[1] is not None))

    def ours(self, table, *keys):
        """Exit code, output, and the reason of a failure, without warnings."""
        done = self.run_with(keys, os.environ["SUBMILTER"], "lookup", table,
                             *(keys if len(keys) == 1 else "-"))
        said = "".join(line for line in done.stderr.decode().splitlines(True)
                       if not line.startswith("submilter lookup: warning: "))
        return done.returncode, done.stdout.decode().strip(), said

    def fails(self, table, reason, key="alice@corp.example"):
        code, output, said = self.ours(table, key)
        # 2: its file has a fault.
        self.assertIn((code, output), [(2, ""), (75, "")], table)
        self.assertIn(reason, said)
        self.assertEqual(said.count("\n"), 1, said)

    def found(self, table, value, key="alice@corp.example"):
        self.assertEqual(self.ours(table, key), (0, value, ""))

    def both_fail(self, reason, key, **parameters):
        table = self.table(**parameters)
        self.fails(table, reason, key)
        done = self.run_with([key], self.postmap, "-c", self.top, "-q", "-", table,
                             env=self.debs.environment())
        self.assertIn(b"fatal:", done.stderr)


class Files(Ldap):
    """Beside postmap: files as panels and guides have them."""

    def same(self, keys=HOSTILE, but=(), **parameters):
        but = FOLDED_OTHERWISE | STRANGERS | set(but)
        self.compare(self.table(**parameters), [k for k in keys if k], but)

    def test_one_attribute(self):
        self.same(query_filter="(mail=%s)")
        self.same(query_filter="mail=%s", result_attribute="uid, mail")
        self.same(query_filter="(|(mail=%s)(maildrop=%u))")

    def test_an_active_directory_as_mailcow_has_it(self):
        self.same(query_filter="(&(|(mail=%s)(proxyAddresses=smtp:%s))"
                  "(objectClass=inetOrgPerson))", result_attribute="sAMAccountName",
                  result_format="%s@corp.example", version="3", debuglevel="0",
                  bind="yes", bind_dn="cn=reader," + servers.SUFFIX,
                  bind_pw=servers.PASSWORD, start_tls="no", timeout="5")

    def test_users_of_iredmail(self):
        host, port = self.server.uri[7:].split(":")
        self.same(server_host=host, server_port=port, bind="yes",
                  bind_dn="cn=reader," + servers.SUFFIX, bind_pw=servers.PASSWORD,
                  search_base=LOGINS, scope="one",
                  query_filter="(&(objectClass=mailUser)(|(mail=%s)"
                  "(&(uid=*)(shadowAddress=%s))))", result_attribute="mail",
                  debuglevel="0", version="3")
        self.same(search_base="ou=%d," + servers.SUFFIX, scope="sub",
                  query_filter="(&(objectClass=mailUser)(uid=%u))",
                  result_attribute="maildrop", result_format="%s@%D")

    def test_groups_of_univention(self):
        self.same(query_filter="(&(objectClass=organizationalRole)(mail=%s))",
                  result_attribute=None, special_result_attribute="memberAny",
                  leaf_result_attribute="uid",
                  but={"loop@corp.example", "bad-url@corp.example"},
                  keys=HOSTILE + ["team@corp.example", "nested@corp.example"])

    def test_templates(self):
        for result in "%s", "%u", "%d", "%U", "%S=%s", "%1.%2/%u", "fixed", "%%%s":
            self.same(result_format=result, result_attribute="maildrop")
        for query in ("(mail=%u@%d)", "(mail=%U@%D)", "(uid=%u)",
                      "(&(mail=%s)(mail=*%2.%1))", "(mail=%u@%2.%1)",
                      "(mail=%s%3)", "(cn=%%)"):
            table = self.table(query_filter=query, result_filter="<%s>")
            keys = [k for k in HOSTILE if k and
                    k not in FOLDED_OTHERWISE | STRANGERS]
            self.assertEqual(self.our_answers(table, keys),
                             self.answers_of_postfix(table, keys), query)

    def test_domains(self):
        self.same(domain="corp.example, other.example")
        self.same(domain="!x.example, inline:{corp.example=1}")

    def test_bases_and_scopes(self):
        self.same(search_base=LOGINS, scope="one")
        self.same(search_base=dn_of("%u"), scope="base", query_filter="objectClass=*")
        self.same(search_base="uid=%u,ou=%d," + servers.SUFFIX, scope="base",
                  query_filter="(objectClass=*)")
        self.same(search_base=LOGINS, scope="nonsense")
        for dereference in "0", "1", "2", "3", "7":
            table = self.table(query_filter="(|(uid=carol)(&(uid=%u)(mail=*)))",
                               dereference=dereference, search_base=LOGINS)
            keys = "carol@x", "alice@x"
            self.assertEqual(self.our_answers(table, keys),
                             self.answers_of_postfix(table, keys), dereference)

    def test_special_leaf_and_terminal_attributes(self):
        names = ("team", "nested", "url", "wider", "other", "both", "lead", "alice")
        keys = [name + "@corp.example" for name in names]
        for parameters in (
                {"special_result_attribute": "memberAny"},
                {"special_result_attribute": "MEMBERANY", "result_attribute": "",
                 "leaf_result_attribute": "uid,mail"},
                {"special_result_attribute": "memberAny", "result_attribute": "mail",
                 "leaf_result_attribute": "uid"},
                {"special_result_attribute": "memberAny",
                 "terminal_result_attribute": "maildrop"},
                {"terminal_result_attribute": "maildrop, mail",
                 "leaf_result_attribute": "uid"},
                {"special_result_attribute": "memberAny", "recursion_limit": "3"},
                {"result_attribute": "uid, uid, mail;lang-de noSuchAttribute"}):
            self.compare(self.table(**parameters), keys)

    def test_what_fails_in_both(self):
        special = {"special_result_attribute": "memberAny"}
        self.both_fail("recursion_limit is 1000", "loop@corp.example", **special)
        self.both_fail("recursion_limit is 2", "nested@corp.example",
                       recursion_limit="2", **special)
        self.both_fail("malformed URL: ldap://[x?", "bad-url@corp.example", **special)
        self.both_fail("Invalid DN syntax", "bad-dn@corp.example", **special)
        self.both_fail("Size limit", "info@corp.example", size_limit="1")
        self.both_fail("Size limit", "info@corp.example", expansion_limit="1")
        self.both_fail("expansion_limit", "info@corp.example", expansion_limit="1",
                       size_limit="0")
        self.both_fail("No such object", "alice@corp.example",
                       search_base="dc=elsewhere")
        self.both_fail("Bad search filter", "alice@corp.example",
                       query_filter="(mail=%s")
        self.both_fail("Referral", "alice@corp.example",
                       search_base="ou=away," + servers.SUFFIX)
        self.both_fail("Protocol error", "alice@corp.example", version="2")
        self.both_fail("bind is yes, no", "alice@corp.example", bind="maybe")
        self.both_fail("Invalid credentials", "alice@corp.example",
                       bind_dn="cn=reader," + servers.SUFFIX, bind_pw="wrong")


class Strangers(Ldap):
    """A directory finds more for a key than the key's own row."""

    def test_other_spellings_of_an_address_are_refused(self):
        table = self.table(query_filter="(|(sAMAccountName=%s)(proxyAddresses=smtp:%s)"
                           "(proxyAddresses=%s))")
        for key, uid in (("ａlice@corp.example", "alice"),
                         ("jose\u0301@corp.example", "wide"),
                         ("two blanks@corp.example", "wide"),
                         ("\u00a0kate@corp.example", "kate"),
                         (" kate@corp.example", "kate"), ("kate@corp.example ", "kate"),
                         ("ｋate@corp.example", "kate")):
            self.assertEqual(self.answers_of_postfix(table, [key]).decode(),
                             "%s\t%s\n" % (key, uid), "Postfix finds it")
            self.fails(table, 'the server finds the entry "uid=%s,' % uid, key)
        for key, uid in (("josé@corp.example", "wide"), ("JOSÉ@corp.example", "wide"),
                         ("al@corp.example", "alice"), ("kate@corp.example", "kate"),
                         # Blanks in the directory are its own affair.
                         ("padded@corp.example", "wide")):
            self.found(table, uid, key)

    def test_an_entry_of_the_key_counts_beside_a_stranger_s(self):
        self.server.add(person("mallory", sAMAccountName="ａlice2@corp.example")
                        + person("alice2", sAMAccountName="alice2@corp.example"))
        table = self.table(query_filter="(sAMAccountName=%s)")
        self.assertEqual(
            self.answers_of_postfix(table, ["alice2@corp.example"]),
            b"alice2@corp.example\tmallory,alice2\n")
        self.found(table, "alice2", "alice2@corp.example")
        self.found(table, "mallory", "ａlice2@corp.example")

    def test_what_is_not_shown_is_taken_as_postfix_does(self):
        table = self.table(query_filter="(|(proxyAddresses=%s)(hiddenAddress=%s))")
        # One is hidden and there; the other is shown, and another address.
        self.found(table, "wide", "josé@corp.example")
        self.found(table, "wide", "jose\u0301@corp.example")
        # Nothing is hidden.
        self.found(table, "bob", "smtp:bob@corp.example")
        self.fails(table, "the entry \"uid=alice,", "smtp:ａl@corp.example")
        # Patterns, negations and DNs are not judged.
        for query in ("(proxyAddresses=smtp:%s*)", "(!(!(proxyAddresses=smtp:%s)))",
                      "(proxyAddresses:=smtp:%s)"):
            self.found(self.table(query_filter=query), "bob", "ｂob@corp.example")


class Servers(Ldap):
    """Ways to a server, and what becomes of a look-up when there is none."""

    def tls(self, **parameters):
        return self.table(**{"server_host": self.server.tls_uri,
                             "tls_require_cert": "yes",
                             "tls_ca_cert_file": self.certificates.ca, **parameters})

    def test_certificates_are_checked_as_the_file_says(self):
        wrong = self.certificates.other_ca
        self.found(self.tls(), "alice")
        self.found(self.tls(server_host=self.server.uri, start_tls="yes"), "alice")
        self.found(self.tls(tls_require_cert="no", tls_ca_cert_file=wrong), "alice")
        for how in ({}, {"server_host": self.server.uri, "start_tls": "yes"}):
            self.fails(self.tls(tls_ca_cert_file=wrong, **how), "not of a CA")
            self.fails(self.tls(tls_ca_cert_file=None, **how), "not of a CA")
            self.fails(self.tls(tls_ca_cert_file="/nowhere", **how),
                       "TLS: tls_ca_cert_file /nowhere: No such file or directory")
            self.fails(self.tls(tls_cipher_suite="no:such", **how),
                       "tls_cipher_suite")
        directory = self.top / "cas"
        directory.mkdir()
        (directory / "ca.pem").write_bytes(self.certificates.ca.read_bytes())
        subprocess.run([self.debs.tool("openssl"), "rehash", directory], check=True)
        self.found(self.tls(tls_ca_cert_file=None, tls_ca_cert_dir=directory), "alice")

    def test_a_certificate_of_another_host_is_refused(self):
        with servers.Slapd(self.top / "wrong", lab.Debs.shared(self.top, "slapd"),
                           ldif=LDIF, settings=SETTINGS, wrong_certificate=True,
                           certificates=self.certificates) as server:
            self.fails(self.tls(server_host=server.tls_uri), "not for this name")
            self.found(self.tls(server_host=server.tls_uri, tls_require_cert="no"),
                       "alice")

    def test_the_machine_s_ldap_conf_takes_no_part(self):
        conf = self.write("ldap.conf", "TLS_REQCERT demand\nSIZELIMIT 1\n"
                          "TLS_CACERT %s\nDEREF always\n" % self.certificates.other_ca)
        table = self.table(server_host=self.server.tls_uri)
        with_conf = {**os.environ, "LDAPCONF": str(conf)}
        for key in "alice@corp.example", "info@corp.example":
            done = subprocess.run([os.environ["SUBMILTER"], "lookup", table, key],
                                  env=with_conf, capture_output=True)
            self.assertEqual((done.returncode, done.stderr), (0, b""))
        # What libldap makes of that file by itself.
        done = subprocess.run(
            [self.debs.package("ldap-utils") / "usr/bin/ldapsearch", "-x", "-H",
             self.server.tls_uri, "-b", servers.SUFFIX], capture_output=True,
            env={**self.debs.environment(), "LDAPCONF": str(conf)})
        self.assertIn(b"Can't contact LDAP server", done.stderr)

    def test_binds(self):
        by_name = {"bind_dn": "cn=reader," + servers.SUFFIX,
                   "bind_pw": servers.PASSWORD}
        self.found(self.table(bind="simple", **by_name), "alice")
        for bind in "no", "none", "NO":
            self.found(self.table(bind=bind), "alice")
        self.fails(self.table(**{**by_name, "bind_pw": "wrong"}),
                   'bind as "cn=reader,%s": Invalid credentials' % servers.SUFFIX)
        unix = {"server_host": self.server.unix_uri, "bind": "sasl"}
        self.found(self.table(sasl_mechs="EXTERNAL", **unix), "alice")
        self.found(self.tls(bind="sasl", sasl_mechs="EXTERNAL",
                            tls_cert=self.certificates.client,
                            tls_key=self.certificates.client_key), "alice")
        self.fails(self.table(sasl_mechs="NO-SUCH", **unix), "bind by SASL")

    def test_hosts_are_tried_in_their_order(self):
        host = self.server.uri[7:]
        closed = "127.0.0.1:%d" % servers.quiet_port()
        for hosts in ("%s %s", "ldap://%s,ldap://%s", "%s,  ldap://%s",
                      "ldap://[broken, ldap://%s %s", "inet:%s %s"):
            self.found(self.table(server_host=hosts % (closed, host)), "alice")
        self.found(self.table(server_host="%s %s" % (
            host, "ldapi://%2Fnowhere")), "alice")
        self.found(self.table(server_host="/nowhere " + host), "alice")
        self.fails(self.table(server_host=closed), "refused")
        self.fails(self.table(server_host=" , "), "server_host")

    def test_servers_that_srv_records_name(self):
        """By a domain, which may be that of search_base; ldaps has its own."""
        zone = self.write("zone", "$ORIGIN %s.\n" % "corp.example" + "".join(
            "_%s._tcp 60 SRV %d 0 %d localhost.\n" % record for record in (
                ("ldap", 10, servers.quiet_port()), ("ldap", 20, self.server.port),
                ("ldaps", 10, self.server.tls_port))))
        conf = self.write("srv.conf", "")
        for host in ("ldap:///", "ldaps:///", "ldap:///dc%3Dcorp%2Cdc%3Dexample",
                     "srv:_ldap._tcp.corp.example", "ldap:///dc=corp,dc=example", "ldap:///dc=none ldaps:///"):
            conf.write_text(
                'user = "root"\nlisten = "unix:%s/socket"\ndomain = "corp.example"\n'
                'sign { dkim-key = off }\ndns { zone = "%s" }\n'
                'rights { tables = {"%s"} }\n' % (
                    self.top, zone, self.table(server_host=host)))
            done = subprocess.run(
                [os.environ["SUBMILTER"], "lookup", "-c", conf, "--login", "bob",
                 "info@corp.example"], capture_output=True)
            self.assertEqual(done.returncode, 0, (host, done))
            self.assertIn(b"may use info@corp.example", done.stdout)

    def test_a_host_that_hangs_costs_the_time_that_it_was_given(self):
        with Silent() as silent:
            place = "127.0.0.1:%d" % silent.port
            for how in ({"server_host": place},
                        {"server_host": "ldaps://" + place},
                        {"server_host": place, "start_tls": "yes"},
                        {"server_host": place, "bind": "no"},
                        {"server_host": place, "bind": "sasl"}):
                began = time.monotonic()
                self.fails(self.table(timeout="1", **how), "no answer within the time")
                self.assertGreater(time.monotonic() - began, 0.9)
            for scheme in "ldap://", "ldaps://":
                self.found(self.table(timeout="1", server_host="%s%s %s" % (
                    scheme, place, self.server.uri)), "alice")

    def test_a_referral_is_followed_if_the_file_says_so(self):
        with Silent() as silent:
            self.server.add("".join(
                entry("ou=%s,%s" % (name, servers.SUFFIX), "referral extensibleObject",
                      ou=name, ref="ldap://127.0.0.1:%d/%s" % (port, LOGINS))
                for name, port in (("there", self.server.port),
                                   ("silent", silent.port))))
            there = {"search_base": "ou=there," + servers.SUFFIX}
            self.found(self.table(chase_referrals="yes", **there), "alice")
            self.fails(self.table(chase_referrals="no", **there), "Referral")
            self.fails(self.table(chase_referrals="yes", timeout="1",
                                  search_base="ou=silent," + servers.SUFFIX),
                       "no answer within the time")

    def test_a_server_that_hangs_or_was_restarted(self):
        """One process, which keeps its connections."""
        tables = [self.table(timeout="1"), self.tls(timeout="1"),
                  self.table(timeout="1", server_host=self.server.unix_uri,
                             bind="sasl", sasl_mechs="EXTERNAL")]
        for table in tables:
            with subprocess.Popen(
                    ["stdbuf", "-oL", os.environ["SUBMILTER"], "lookup", table, "-"],
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT, bufsize=0) as running:
                def ask(uid):
                    running.stdin.write(b"%s@corp.example\n" % uid)
                    self.assertEqual(running.stdout.readline(),
                                     b"%s@corp.example\t%s\n" % (uid, uid))
                ask(b"alice")
                self.server.stop()
                self.server.start()
                ask(b"bob")
                self.server.kill()
                self.server.start()
                ask(b"alice")
                self.server.pause()
                running.stdin.write(b"shadow@corp.example\n")
                self.assertIn(b"no answer within the time",
                              running.stdout.readline())
                self.server.resume()
                running.stdin.close()

    def test_hostile_servers(self):
        """Garbage, and an answer without an end, are errors."""
        table = "server_host = 127.0.0.1:%d\nsearch_base = dc=x\ntimeout = 2\n"
        for said in (b"garbage\r\n" * 100, b"\x30\x84\xff\xff\xff\xff", b"\x30\x80",
                     b"\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\x00\x04\x00\x04\x00"
                     + b"\x30\x84\x7f\xff\xff\xff" + bytes(100000), b""):
            with Silent(said) as silent:
                path = self.write("hostile", table % silent.port)
                self.fails("ldap:%s" % path, "ldap:")


class Faults(Ldap):
    """What is wrong with a file is said when it is read."""

    def test_faults_and_warnings(self):
        for parameters, reason in (
                ({"timeout": "soon"}, "timeout"), ({"timeout": "0"}, "timeout"),
                ({"query_filter": "(mail=%x)"}, "query_filter"),
                ({"search_base": "%q"}, "search_base"),
                ({"bind": "perhaps"}, "bind is yes, no"),
                ({"start_tls": "perhaps"}, "start_tls"),
                ({"server_port": "99999"}, "server_port"),
                ({"recursion_limit": "0"}, "recursion_limit"),
                ({"result_attribute": " ".join("a%d" % n for n in range(70))},
                 "more than 64 attributes")):
            self.fails(self.table(**parameters), reason)


if __name__ == "__main__":
    unittest.main()
