#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""submilter replay: the log, judged by another configuration."""

import json
import os
import subprocess
import tempfile
import unittest

import schemas

SUBMILTER = os.path.abspath(
    os.path.join(os.environ.get("top_builddir", "."), "submilter"))
ALICE = "login=alice@example.org via=sasl client=192.0.2.7 "
RIGHTS = 'reason=rights reply="550 5.7.1 alice@example.org may not send as %s (%s)"'


def line(qid, who=ALICE, path="alice@example.org", author="alice@example.org",
         result="action=accept", end=" signed=none ms=1.0"):
    return ("2026-11-29T08:00:12Z mx1 submilter[812]: qid=%s %smail_from=%s %s%s%s\n"
            % (qid, who, path, author and "from=%s " % author, result, end))


def refused(address, field="From"):
    return "action=reject " + RIGHTS % (address, field)


class Replay(unittest.TestCase):
    def setUp(self):
        self.top = tempfile.mkdtemp(prefix="submilter-replay.")
        self.addCleanup(subprocess.run, ["rm", "-r", self.top], check=True)
        # Root's command becomes the milter's user.
        os.chmod(self.top, 0o755)
        self.write("net", "192.0.2.99/32 printer@example.org\n")
        self.write("rights", "sales@example.org alice@example.org\n"
                             "team@example.org alice@example.org;behalf\n"
                             "no@example.org !alice@example.org\n")

    def write(self, name, text, mode=0o644):
        with open(self.top + "/" + name, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(self.top + "/" + name, mode)

    def replay(self, log, *args, conf="", code=0):
        self.write("conf", 'domain = "example.org"\n'
                   'rights { tables = {"texthash:%s/rights"} }\n'
                   "identify {\n methods = {sasl, network}\n"
                   ' network = "cidr:%s/net"\n}\n%s'
                   % (self.top, self.top, conf))
        done = schemas.run(
            [SUBMILTER, "replay", "--config", self.top + "/conf", *args],
            input=log, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            timeout=60, check=False, text=True)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def groups(self, log, conf="", code=0):
        """By group: what, how often, and the qid of one."""
        found = json.loads(self.replay(log, "--json", conf=conf, code=code))
        return {name: [(row["what"], row["messages"], row["qid"])
                       for row in found[name]["rows"]]
                for name in ("hit", "freed", "still", "later", "untold")
                } | {"fine": found["fine"]["messages"]}

    def test_who_would_be_hit_and_who_no_longer(self):
        log = (line("F1") + line("F2", author="sales@example.org")
               + line("H1", author="boss@example.org")
               + line("H2", author="boss@example.org")
               + line("H3", author="no@example.org")
               + line("H4", path="boss@example.org")
               + line("R1", author="sales@example.org",
                      result=refused("sales@example.org"))
               + line("S1", author="ceo@example.org", result="action=accept would="
                      "reject " + RIGHTS % ("ceo@example.org", "From")))
        self.assertEqual(self.groups(log, code=1), {
            "hit": [("alice@example.org may not send as boss@example.org (From)",
                     2, "H2"),
                    ("alice@example.org may not send as boss@example.org "
                     "(MAIL FROM)", 1, "H4"),
                    ("alice@example.org may not send as no@example.org (From)",
                     1, "H3")],
            "freed": [("alice@example.org: MAIL FROM alice@example.org, "
                       "From sales@example.org", 1, "R1")],
            "still": [("alice@example.org may not send as ceo@example.org (From)",
                       1, "S1")],
            "later": [], "untold": [], "fine": 2})
        text = self.replay(log, code=1)
        self.assertIn("Would be refused, and was not: 4\n"
                      "         2  alice@example.org may not send as boss@", text)
        text = self.replay(log, "--top", "1", code=1)
        self.assertIn("       ...  and 2 more\n", text)
        # Nobody more is hit.
        self.assertIn("Would be refused, and was not: 0\n",
                      self.replay(line("F1")))

    def test_who_sends(self):
        printer = "printer@example.org"
        gone = 'action=reject reason=unidentified reply="530 5.7.0 x"'
        log = (line("N1", who="client=192.0.2.99 ", path=printer, author=printer,
                    result=gone)
               + line("N2", who="client=192.0.2.98 ", path=printer, author=printer,
                      result=gone)
               + line("N3", who="login=%s via=network client=192.0.2.98 " % printer,
                      path=printer, author=printer)
               # What a certificate proved is taken from the line.
               + line("N4", who="login=%s via=client-cert client=192.0.2.98 "
                      % printer, path=printer, author=printer))
        self.assertEqual(self.groups(log, code=1), {
            "hit": [("192.0.2.98: nobody proves who sends", 1, "N3")],
            "freed": [("192.0.2.99: MAIL FROM printer@example.org, "
                       "From printer@example.org", 1, "N1")],
            "still": [("192.0.2.98: nobody proves who sends", 1, "N2")],
            "later": [], "untold": [], "fine": 1})

    def test_what_the_line_does_not_hold_is_said(self):
        log = (line("U1", author="a@example.org from_more=9")
               + line("U2", result="action=reject reason=name reply=\"550 x\"")
               + line("U3", author="", result=refused("b@example.org", "MAIL FROM"))
               + line("U4", result=refused("b@example.org", "Sender"))
               + line("U5", who="via=bounce client=127.0.0.1 ", path="<>")
               + line("U6", end=" sig"))
        found = self.groups(log)
        self.assertEqual({qid: what for what, _, qid in found["untold"]}, {
            "U6": "the line was cut",
            "U2": 'it was refused for "name", which a line cannot show again',
            "U3": "it was refused before From was read",
            "U4": "Sender or a Resent field decided, which is not in the line",
            "U5": "the MTA made it"})
        self.assertEqual(found["freed"], [])
        self.assertEqual(found["hit"], [])

    def test_redirected_mail_is_not_counted_as_hit(self):
        log = line("M1", author="friend@example.net")
        accepts = "rights { redirect = accept }\n"
        self.assertEqual(self.groups(log, conf=accepts)["untold"], [
            ("it may be redirected (Resent-From), which is not in the line", 1,
             "M1")])
        self.assertEqual(len(self.groups(
            log, conf="rights { redirect = refuse }\n", code=1)["hit"]), 1)
        # MAIL FROM is never that of others.
        self.assertEqual(len(self.groups(
            line("M2", path="friend@example.net"), conf=accepts, code=1)["hit"]), 1)

    def test_a_row_that_cannot_be_read_is_not_an_answer(self):
        self.write("rights", "sales@example.org alice@example.org;until=never\n")
        log = line("L1", author="sales@example.org")
        done = subprocess.run(
            [SUBMILTER, "replay", "-c", self.top + "/none"], input=log, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, check=False)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        text = self.replay(log, code=75)
        self.assertIn("A table could not answer: 1\n", text)
        self.assertIn("Would be refused, and was not: 0\n", text)

    @unittest.skipUnless(os.getuid() == 0, "only root becomes another user")
    def test_root_reads_the_log_and_the_milters_user_the_tables(self):
        self.write("log", line("F1"), mode=0o600)
        self.write("rights", "sales@example.org alice@example.org\n", mode=0o600)
        user = 'user = "nobody"\n'
        text = self.replay("", self.top + "/log", conf=user, code=2)
        self.assertIn("rights", text)
        self.write("rights", "sales@example.org alice@example.org\n")
        text = self.replay("", self.top + "/log", conf=user)
        self.assertIn("1 messages were judged", text)
        self.assertIn("would not be: 1", text)

    def test_options(self):
        done = subprocess.run([SUBMILTER, "replay", "x"], text=True, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=60)
        self.assertEqual(done.returncode, 2)
        self.assertIn("usage: submilter replay", done.stderr)
        self.assertIn("--top takes", self.replay("", "--top", "0", code=2))
        text = self.replay("", self.top + "/nolog", code=1)
        self.assertIn("/nolog: No such file or directory\n", text)


if __name__ == "__main__":
    unittest.main()
