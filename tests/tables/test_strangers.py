# SPDX-License-Identifier: BSD-2-Clause
"""Real servers that give a stranger the owner's row: `submilter check` finds them.
SUBMILTER names the program, SUBMILTER_MODULES the directory of the modules. To be
run as root."""

import json
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


class Strangers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.top = cls.enterClassContext(lab.scratch())
        cls.server = cls.enterClassContext(servers.MariaDB(
            cls.top / "mariadb", lab.Debs.shared(cls.top, "mariadb")))
        for name, collation in (("loose", "utf8mb4_general_ci"), ("exact", "utf8mb4_bin")):
            cls.server.sql(
                "CREATE TABLE %s (address varchar(200), logins text) "
                "CHARACTER SET utf8mb4 COLLATE %s;\n"
                "INSERT INTO %s VALUES ('postmaster@corp.example', 'alice');\n"
                % (name, collation, name))

        cls.server.sql(
            "CREATE PROCEDURE find(k varchar(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin) "
            "SELECT logins FROM exact WHERE address LIKE k;\n"
            "GRANT EXECUTE ON mail.* TO %s;\n" % servers.USER)

    def found(self, query):
        path, conf = self.top / "table.cf", self.top / "conf"
        path.touch(0o600)
        path.write_text(
            "hosts = inet:127.0.0.1:%d\nuser = %s\npassword = %s\ndbname = mail\nquery = %s\n"
            % (self.server.port, servers.USER, servers.PASSWORD, query))
        conf.write_text('user = "root"\nlisten = "unix:%s/socket"\ndomain = "corp.example"\n'
                        'sign { dkim-key = off }\nrights { tables = "mysql:%s" }\n'
                        % (self.top, path))
        done = subprocess.run(
            [os.environ["SUBMILTER"], "check", "--no-connect", "--json", "-c", conf,
             "--postfix", self.top], stdout=subprocess.PIPE, timeout=60, check=False)
        found = json.loads(done.stdout)["findings"]
        self.assertTrue([f for f in found if f["text"].startswith("rights.tables: ")], found)
        return [(f["level"], f["text"], f.get("fix", "")) for f in found
                if f["text"].startswith("rights.tables: ") and f["level"] != "ok"]

    def test_a_collation_that_folds_accents(self):
        """The backend refuses such keys, so nobody gets anything; check says why."""
        said = self.found("SELECT logins FROM loose WHERE address = '%s'")
        (level, text, fix), = said
        self.assertEqual(level, "warning", said)
        self.assertIn("column loose.address with utf8mb4_general_ci", text)
        self.assertIn("COLLATE utf8mb4_bin", fix)

    def test_a_key_that_is_a_pattern(self):
        """Hidden in a procedure; where the query shows it, the backend escapes it."""
        (text, fix), = [said[1:] for said in self.found("CALL find('%s')")
                        if said[0] == "error"]
        self.assertIn("%ostmaster@corp.example, with %, gets the row", text)
        self.assertIn("compare with =", fix)
        self.assertEqual(self.found("SELECT logins FROM exact WHERE address LIKE '%s'"), [])

    def test_an_exact_comparison(self):
        self.assertEqual(self.found("SELECT logins FROM exact WHERE address = '%s'"), [])


if __name__ == "__main__":
    unittest.main()
