#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""submilter report: what many lines of the log say together."""

import gzip
import html.parser
import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest

import schemas

SUBMILTER = os.path.abspath(
    os.path.join(os.environ.get("top_builddir", "."), "submilter"))
CHROMIUM = shutil.which("chromium")


def line(qid, login="alice@example.org", more="", time="2026-11-29T08:00:12Z",
         action="accept", signed="example.org/r1", ms="1.3"):
    return ("%s mx1 submilter[812]: qid=%s %svia=sasl client=192.0.2.7 "
            "mail_from=a@example.org rcpts=2 from=a@Example.ORG action=%s%s "
            "signed=%s ms=%s\n" % (time, qid, login and "login=%s " % login,
                                   action, more and " " + more, signed, ms))


REFUSED = ('reason=rights reply="550 5.7.1 You may not send as <b>&x; ask"')
LOG = (line("A1", more="repaired=date,message-id")
       + line("A2", more="would=reject " + REFUSED + " would_repair=date")
       + line("A3", login="bob", action="reject", more=REFUSED, signed="none")
       + line("A4", login="", action="tempfail", signed="none", ms="900.0",
              more='reason=table reply="451 4.3.0 x" detail="ldap:x: refused" '
              "stale=ldap:x;age=3s")
       + line("A5", signed="none", more='unsigned="no key of example.org"')
       + line("B1", time="2026-11-22T08:00:12Z", ms="100.0")
       + line("C1", time="2026-10-22T08:00:12Z")
       + "2026-11-29T08:00:13Z mx1 submilter[812]: reloaded /etc/x\n"
       + "2026-11-29T08:00:13Z mx1 postfix/smtpd[9]: connect from x\n"
       + "nonsense <script>alert(1)</script>\n")
WEEK = ("--period", "week", "--until", "2026-11-30")


class Page(html.parser.HTMLParser):
    """What a page is made of; it must be well-formed."""
    EMPTY = {"meta", "link", "rect", "line"}

    def __init__(self, text):
        super().__init__()
        self.tags, self.open, self.values = [], [], []
        self.feed(text)
        self.close()
        assert not self.open, self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.values += [value for name, value in attrs
                        if name in ("href", "src", "action", "data")]
        assert not any(name.startswith("on") for name, _ in attrs)
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag


class Report(unittest.TestCase):
    def report(self, *args, log=LOG, code=0):
        done = schemas.run([SUBMILTER, "report", *args], input=log,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                           timeout=60, check=False, text=True,
                           env={**os.environ, "TZ": "UTC"})
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def test_all_lines_as_text(self):
        text = self.report()
        for want in (
                "period           2026-10-22 08:00 to 2026-11-29 08:00\n",
                "lines            10: 7 of messages, 1 others of the milter, "
                "1 of other programs\n",
                "not understood   1, which were not counted; the first: "
                "nonsense <script>",
                "messages         7\n", "recipients       14\n",
                "accept           5\n", "reject           1\n",
                "tempfail         1\n", "hold             0\n",
                "only watched     1\n", "signed           4\n",
                "repaired         1\n", "longest 900.0\n",
                "         1  rights reject  (A3)\n",
                "         1  rights reject  (A2)\n",
                "         1  bob rights  (A3)\n",
                "         1  alice@example.org rights  (A2)\n",
                "         1  sasl 192.0.2.7 table  (A4)\n",
                "         1  table ldap:x: refused  (A4)\n",
                "         1  ldap:x  (A4)\n",
                "         7          1  example.org  (C1)\n",
                "         4  example.org/r1  (C1)\n",
                "         1  no key of example.org  (A5)\n",
                "         2          1  date  (A2)\n",
                "         1  reloaded /etc/x\n"):
            self.assertIn(want, text)

    def test_a_period_beside_the_one_before(self):
        text = self.report(*WEEK)
        for want in ("period           2026-11-23 00:00 to 2026-11-30 00:00, "
                     "compared with as long before it\n",
                     "of other times   1\n",
                     "messages         5 (before 1, +400%)\n",
                     "50% 1.3 (before 100.0)"):
            self.assertIn(want, text)
        same = self.report("--since", "2026-11-23 00:00", "--until", "2026-11-30")
        self.assertEqual(text, same)
        # Local time.
        text = self.report("--since", "2026-11-29T08:00:12",
                           "--until", "2026-11-29 08:00:13")
        self.assertIn("messages         5 (before 0)\n", text)
        text = self.report("--since", "2026-11-29T08:00:13",
                           "--until", "2026-11-29 08:00:14", code=1)
        self.assertIn("messages         0 (before 5, -100%)\n", text)

    def test_programs_that_need_repairs(self):
        text = self.report(log=line("A1", more='repaired=date program="Old Mail 1.0"')
                           + line("A2", login="bob", more='would_repair=date program="Old Mail 1.0"')
                           + line("A3", more="repaired=date"))
        self.assertIn("Which programs need repairs\n", text)
        self.assertIn("         2  Old Mail 1.0 date  (A2)\n", text)

    def test_rows_that_gave_a_right_are_whole(self):
        first = "texthash:/x, key info@example.org"
        second = "unionmap:{ texthash:/x, static:b }, key @example.org"
        text = self.report(log=line("A1", more='right="%s,%s"' % (first, second))
                           + line("A2", more='right="%s"' % first))
        self.assertIn("         2  %s  (A2)\n         1  %s  (A1)\n" % (first, second), text)

    def test_json(self):
        found = json.loads(self.report("--json", "--top", "1", *WEEK))
        self.assertEqual(found["read"]["lines"], 10)
        self.assertEqual(found["read"]["not_understood"], 1)
        self.assertEqual(found["period"]["messages"], 5)
        self.assertEqual(found["before"]["ms"]["50"], 100)
        self.assertEqual(found["tables"]["domains"], {
            "names": 1, "names_left_out": 0, "count_may_lack": 0, "rows": [
                {"name": "example.org", "messages": 5, "before": 1,
                 "marked": 1, "qid": "A5"}]})
        self.assertEqual(len(found["tables"]["hit"]["rows"]), 1)
        self.assertEqual(found["tables"]["hit"]["names"], 3)
        self.assertEqual(set(found["tables"]), set(re.findall(
            r'SURVEY_TABLE\(\w+, "(\w+)"', self.tables())))

    @staticmethod
    def tables():
        path = os.path.join(os.environ.get("top_srcdir", "."),
                            "include/logbook/survey_tables.def")
        with open(path, encoding="utf-8") as file:
            return file.read()

    def test_files_of_several_kinds_in_any_order(self):
        with tempfile.TemporaryDirectory(prefix="submilter-report.") as top:
            with gzip.open(top + "/old", "wt") as file:
                file.write(line("X1", time="2026-11-30T00:00:00Z"))
            with open(top + "/json", "w", encoding="utf-8") as file:
                json.dump({"SYSLOG_IDENTIFIER": "submilter",
                           "__REALTIME_TIMESTAMP": "1795939212000000",
                           "MESSAGE": "qid=X2 action=accept ms=1.0"}, file)
            text = self.report(top + "/old", "-", top + "/json", log=LOG)
            self.assertIn("messages         9\n", text)
            self.assertIn("2026-10-22 08:00 to 2026-11-30 00:00", text)
            text = self.report(top + "/json", top + "/none", code=1)
            self.assertIn(top + "/none: No such file or directory\n", text)
            self.assertIn("not read         1 of 2 files\n", text)
            self.assertIn("messages         1\n", text)
            self.assertIn("Is a directory", self.report(top, code=1))

    def test_no_message(self):
        text = self.report(log="Nov 29 08:00:12 mx1 cron[1]: x\n", code=1)
        self.assertIn("0 of messages", text)
        self.assertIn('"messages":0', self.report("--json", log="", code=1))
        Page(self.report("--html", "-", log="", code=1))

    def test_options(self):
        for args, want in (
                (("--period", "year"), "--period takes day, week or month\n"),
                (("--until", "2026-11-30"), "--until goes with --since or --period\n"),
                (("--since", "yesterday"), "--since takes a time"),
                (("--since", "2026-11-30", "--until", "2026-11-29"),
                 "--since is not before --until\n"),
                (("--since", "2026-11-30", "--period", "day"), "give one\n"),
                (("--top", "0"), "--top takes a number from 1 to 1000\n"),
                (("--top", "1001"), "--top takes a number from 1 to 1000\n"),
                (("--json", "--html", "-"), "give one\n")):
            self.assertIn(want, self.report(*args, code=2))
        # An answer that cannot be written is 75, wherever it should go.
        self.assertIn("No space left", self.report("--html", "/dev/full", code=75))
        text = self.report("--html", "/nonexistent/x", code=75)
        self.assertEqual(text, "submilter report: /nonexistent/x: No such file or directory\n")

    def test_the_page_needs_nothing_else(self):
        text = self.report("--html", "-", *WEEK)
        page = Page(text)
        self.assertNotIn("script", page.tags)
        self.assertEqual(page.values, ["data:,"])
        self.assertNotIn("url(", text)
        self.assertNotIn("@import", text)
        self.assertIn("default-src 'none'", text)
        self.assertEqual(page.tags.count("svg"), 2)
        # What clients choose is text there.
        self.assertIn("nonsense &lt;script&gt;alert(1)", text)
        self.assertNotIn("nan", re.sub("nonsense.*", "", text))
        self.assertNotIn("inf", text)

    @unittest.skipUnless(CHROMIUM, "no chromium")
    def test_a_browser_shows_the_page(self):
        with tempfile.TemporaryDirectory(prefix="submilter-report.") as top:
            self.report("--html", top + "/page.html", *WEEK)
            for size in ("390,1500", "1200,1500"):
                done = subprocess.run(
                    [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu",
                     "--enable-logging=stderr", "--user-data-dir=" + top + "/user",
                     "--window-size=" + size, "--screenshot=" + top + "/shot.png",
                     "file://" + top + "/page.html"],
                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120,
                    check=False, text=True, env={**os.environ, "HOME": top})
                self.assertNotIn("CONSOLE", done.stderr)
                self.assertTrue(os.path.exists(top + "/shot.png"), done.stderr)
                os.remove(top + "/shot.png")


if __name__ == "__main__":
    unittest.main()
