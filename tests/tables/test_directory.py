#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Rights by login, as a directory has them: entries of OpenLDAP with several mail
addresses, names for other services, and denials in an attribute of their own.
SUBMILTER names the program, SUBMILTER_MODULES the directory of the modules. To be
run as root."""

import os
import pathlib
import subprocess
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parent))

import lab              # noqa: E402
import servers          # noqa: E402

PEOPLE = """\
dn: uid=alice,dc=corp,dc=example
objectClass: inetOrgPerson
cn: Alice
sn: Smith
uid: alice
mail: alice@corp.example
mail: sales@corp.example
description: SMTP:alice@corp.example
description: smtp:a.smith@team.example
description: X500:/o=Corp/ou=First Group/cn=ceo@corp.example
description: sip:ceo@corp.example
employeeType: old@corp.example

dn: uid=bob,dc=corp,dc=example
objectClass: inetOrgPerson
cn: Bob
sn: Bob
uid: bob
mail: bob@corp.example
description: Bob Smith
"""


class Directory(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.top = cls.enterClassContext(lab.scratch())
        debs = lab.Debs.shared(cls.top, "slapd")
        cls.server = cls.enterClassContext(
            servers.Slapd(cls.top / "slapd", debs, ldif=PEOPLE))
        common = ("server_host = %s\nversion = 3\nsearch_base = %s\nbind = yes\n"
                  "bind_dn = %s\nbind_pw = %s\nquery_filter = (uid=%%u)\ndomain = corp.example\n"
                  % (cls.server.uri, servers.SUFFIX, servers.ADMIN, servers.PASSWORD))
        cls.write("addresses.cf", common + "result_attribute = mail, description\n")
        cls.write("denied.cf", common + "result_attribute = employeeType\n"
                  "result_format = !%s\n")
        cls.write("rights", "old@corp.example alice\n")
        cls.conf = cls.write("conf", """\
user = "root"
domain = "corp.example"
sign { dkim-key = off }
rights {
	tables = "texthash:%(top)s/rights"
	logins = {"ldap:%(top)s/addresses.cf", "ldap:%(top)s/denied.cf"}
}
""" % {"top": cls.top})

    @classmethod
    def write(cls, name, text):
        path = cls.top / name
        path.touch(0o600)
        path.write_text(text)
        return path

    def ask(self, login, address, *more):
        done = subprocess.run(
            [os.environ["SUBMILTER"], "lookup", "-c", self.conf, "--login", login, *more,
             address], capture_output=True, timeout=60, text=True, check=False)
        return done.returncode, done.stdout, done.stderr

    def test_addresses_of_an_entry(self):
        for address in "sales@corp.example", "A.Smith@team.example", "sales+x@corp.example":
            self.assertEqual(self.ask("alice", address)[0], 0, address)
        for address in "ceo@corp.example", "bob@corp.example", "x@team.example":
            self.assertEqual(self.ask("alice", address)[0], 1, address)
        # Nobody there has an entry, and logins of other realms are not asked for.
        self.assertEqual(self.ask("dora", "sales@corp.example")[0], 1)
        self.assertEqual(self.ask("alice@other.example", "sales@corp.example")[0], 1)

    def test_a_denial_in_an_attribute_of_its_own(self):
        code, out, _ = self.ask("alice", "old@corp.example")
        self.assertEqual(code, 1)
        self.assertIn("denied by ldap:%s/denied.cf, key alice@corp.example: old@corp.example"
                      % self.top, out)

    def test_what_is_asked_is_shown(self):
        code, out, _ = self.ask("alice", "sales@corp.example", "--explain")
        self.assertEqual(code, 0)
        self.assertRegex(out, r"\nldap:\S+/addresses\.cf\n  file \S+/addresses\.cf, changed .*\n"
                         r"  found   alice@corp\.example +\d+\.\d ms  asked now: %s\n"
                         r" +=.* \S*sales@corp\.example" % self.server.uri.replace(".", r"\."))

    def test_a_value_that_is_no_address(self):
        code, out, _ = self.ask("bob", "bob@corp.example")
        self.assertEqual(code, 75)
        self.assertIn("ldap:%s/addresses.cf, key bob@corp.example: " % self.top, out)
        self.assertIn(" is not an address: write USER@DOMAIN", out)


if __name__ == "__main__":
    unittest.main()
