#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""submilter explain: one line of the log in sentences."""

import json
import os
import re
import subprocess
import unittest

import schemas

TOP = os.environ.get("top_srcdir", ".")
SUBMILTER = os.path.abspath(
    os.path.join(os.environ.get("top_builddir", "."), "submilter"))
HEAD = "2026-11-29T08:00:12Z mx1 submilter[812]: "
SENDER = ("login=alice@example.org via=sasl client=192.0.2.7 "
          "mail_from=alice@example.org rcpts=2 ")
LOG = (
    HEAD + "qid=AC " + SENDER + "from=alice@example.org message_id=<1@x> "
    "action=accept repaired=date old_date=yesterday "
    "signed=example.org/r1,example.org/e1 spf=pass ms=1.3\n"
    + HEAD + "qid=RJ " + SENDER + r'from="\x22a b\x22@example.net" from_more=3 '
    'action=reject reason=rights reply="550 5.7.1 alice may not send as '
    r'\x22a b\x22@example.net (From)" detail="no row" signed=none ms=0.2' "\n"
    + HEAD + "qid=TF " + SENDER + "from=alice@example.org action=tempfail "
    'reason=spf reply="451 4.3.0 later" signed=none ms=9.0\n'
    + HEAD + "qid=HO " + SENDER + "from=alice@example.org action=hold "
    'reason=rights detail="x" signed=none ms=9.0\n'
    + HEAD + "qid=MO " + SENDER + "from=alice@example.org action=accept "
    'would=reject reason=name reply="550 5.7.1 name" would_repair=names '
    'signed=none unsigned="the block sign is in monitor mode" ms=0.2\n'
    + HEAD + "qid=NW action=melt reason=heat ms=0.2\n"
    + HEAD + "qid=CU login=bob action=reject reason=rights repl\n")


def reasons():
    with open(TOP + "/include/policy/reasons.def", encoding="utf-8") as file:
        return [word for word in re.findall(r'REASON\(\w+, "([\w-]+)"\)', file.read())
                if word != "ok"]


class Explain(unittest.TestCase):
    def explain(self, *args, log=LOG, code=0):
        done = schemas.run([SUBMILTER, "explain", *args], input=log,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                           timeout=60, check=False, text=True,
                           env={**os.environ, "TZ": "UTC"})
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def test_a_message_that_went_on(self):
        self.assertEqual(
            self.explain("AC"),
            "On 2026-11-29 08:00 alice@example.org (known by sasl) sent a message "
            "from 192.0.2.7, with the envelope sender alice@example.org, with From "
            "alice@example.org, to recipients: 2.\n"
            "Its Message-ID is <1@x>.\n"
            "It went on.\n"
            "It was repaired: date.\n"
            "Its Date was yesterday.\n"
            "It was signed with these keys: example.org/r1,example.org/e1.\n"
            "SPF will say: pass.\n"
            "The milter worked on it for 1.3 milliseconds.\n")

    def test_a_message_that_was_refused(self):
        text = self.explain("RJ")
        for want in (r"with From \x22a b\x22@example.net (3 more were left out), ",
                     "\nIt was refused.\nThe client was told: 550 5.7.1 alice may ",
                     '\nThe reason is "rights": The login has no right ',
                     "\nIn detail: no row\n",
                     '\nSee "By reply: login and rights" in docs/troubleshooting.md.\n',
                     "\n\nFor the user:\n\nYour message was not sent. ",
                     " Choose one of your own addresses ",
                     r"The server said: 550 5.7.1 alice may not send as \x22a b\x22@"):
            self.assertIn(want, text)

    def test_put_off_held_or_only_watched(self):
        text = self.explain("TF")
        self.assertIn("It was put off: ", text)
        self.assertIn('See "By reply: 451"', text)
        self.assertIn("Your message could not be sent yet. The fault is ours", text)
        text = self.explain("HO")
        self.assertIn("the MTA holds it", text)
        self.assertIn("You need not send it again.", text)
        text = self.explain("MO")
        self.assertIn("enforce mode would have refused it", text)
        self.assertIn("The reply would have been: 550 5.7.1 name\n", text)
        self.assertIn("were left out by monitor mode: names.", text)
        self.assertIn("It was not signed: the block sign is in monitor mode.", text)
        self.assertNotIn("For the user", text)

    def test_what_the_line_does_not_say_is_not_guessed(self):
        text = self.explain("NW")
        self.assertIn("one that this version does not know: "
                      "melt", text)
        self.assertIn('"heat": a word that this version does not know.', text)
        self.assertNotIn("troubleshooting", text)
        text = self.explain("CU")
        self.assertIn("A logger cut this line", text)
        self.assertNotIn("The client was told", text)
        self.assertNotIn("The server said", text)

    def test_each_reason_has_words_and_a_section(self):
        with open(TOP + "/docs/troubleshooting.md", encoding="utf-8") as file:
            sections = re.findall(r"^#+ (.*)$", file.read(), re.M)
        self.assertGreater(len(reasons()), 15)
        for reason in reasons():
            found = json.loads(self.explain("--json", "Q", log=(
                "qid=Q action=reject reason=%s ms=1.0\n" % reason)))
            message = found["messages"][0]
            self.assertIn(message["section"], sections)
            self.assertTrue(message["user"].startswith("Your message was not sent. "))
            self.assertGreater(len(message["user"]), 60, reason)

    def test_json(self):
        found = json.loads(self.explain("--json", "RJ"))
        message, = found["messages"]
        self.assertEqual(message["fields"]["from"], '"a b"@example.net')
        self.assertEqual(message["fields"]["from_more"], "3")
        # In a text of ours the octets stand as the client read them.
        self.assertIn(r"\x22a b\x22", message["fields"]["reply"])
        self.assertEqual(message["time"], 1795939212)
        self.assertEqual(found["left_out"], 0)
        self.assertTrue(json.loads(self.explain("--json", "CU"))["messages"][0]["cut"])

    def test_an_identifier_that_occurs_often_or_never(self):
        line = HEAD + "qid=X action=accept ms=1.0\n"
        text = self.explain("X", log=25 * line)
        self.assertEqual(text.count("It went on."), 20)
        self.assertIn("\n5 more lines have this identifier.\n", text)
        self.assertIn("no line has qid=none; 7 lines of messages were read\n",
                      self.explain("none", code=1))
        self.assertEqual(json.loads(self.explain("--json", "X", log=line))
                         ["left_out"], 0)
        self.assertIn("usage: submilter explain", self.explain(code=2))
        self.assertIn("usage: submilter explain", self.explain("", code=2))

    def test_controls_do_not_reach_the_terminal(self):
        text = self.explain("Q", log="qid=Q login=\x1b[31m\x07 action=accept ms=1.0\n")
        self.assertIn("?[31m?", text)
        self.assertNotIn("\x1b", text)


if __name__ == "__main__":
    unittest.main()
