# SPDX-License-Identifier: BSD-2-Clause
"""The corpus command finds messages, and notices what it is there to notice.

SUBMILTER names the program, READERS_JUDGE tests/readers/judge.
"""

import gzip
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE)]

import messages             # noqa: E402
import summary              # noqa: E402
import survey               # noqa: E402
from survey import generate     # noqa: E402

PLAIN = (b"From: Alice <alice@corp.example>\nTo: friend@far.example\n"
         b"Subject: hello\n%s\ntext\n")
COMPLETE = PLAIN % (b"Date: Mon, 23 Nov 2026 10:15:30 +0100\n"
                    b"Message-ID: <1@corp.example>\n")


class FindTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.top = pathlib.Path(temporary.name)

    def put(self, name, data):
        path = self.top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def find(self):
        return messages.find([str(self.top)])

    def test_all_kinds_of_folders(self):
        self.put("a/one.eml", COMPLETE)
        self.put("maildir/cur/1:2,S", PLAIN % b"X: 2\n")
        self.put("a/b/zipped.gz", gzip.compress(PLAIN % b"X: 3\n"))
        self.put("box", b"".join(
            b"From x Mon Nov 23 10:15:30 2026\n" + PLAIN % (b"X: %d\n" % n)
            + b">From here\n\n" for n in (4, 5)))
        found, skipped, twice = self.find()
        self.assertEqual((len(found), skipped, twice), (5, 0, 0))
        self.assertEqual(sum(b"\nFrom here\n" in m.raw for m in found), 2)

    def test_what_is_no_message_is_counted(self):
        self.put("code.py", b"import: x\ndef f():\n\n    return 1\n")
        self.put("control", b"Source: x\nMaintainer: a@b.example\n\n")
        self.put("empty", b"")
        self.put("binary", bytes(range(256)))
        self.put("broken.gz", b"\x1f\x8b\x08\0nothing")
        self.assertEqual(self.find(), ([], 5, 0))

    def test_a_message_counts_once(self):
        self.put("a", COMPLETE)
        self.put("b", COMPLETE)
        found, skipped, twice = self.find()
        self.assertEqual((len(found), skipped, twice), (1, 0, 1))


class SubmittedTest(unittest.TestCase):
    def test_traces_go_unless_it_is_sent_as_it_is(self):
        raw = b"Received: by x\n\tand y\nDKIM-Signature: v=1\n" + COMPLETE
        self.assertEqual(messages.as_submitted(raw, False),
                         COMPLETE.replace(b"\n", b"\r\n"))
        self.assertEqual(messages.as_submitted(raw, True),
                         raw.replace(b"\n", b"\r\n"))

    def test_lines_end_as_in_smtp(self):
        self.assertEqual(messages.as_submitted(b"A: b\r\nC: d\r\n\ne\rf", False),
                         b"A: b\r\nC: d\r\n\r\ne\r\nf\r\n")

    def test_authors(self):
        found = messages.authors(
            b'From: "Roe, Alice" <a@one.example>, b@one.example\r\n'
            b"Sender: root\r\nResent-From: c@one.example\r\n"
            b"Reply-To: d@one.example\r\n\r\n")
        self.assertEqual(found, {
            "From": ["a@one.example", "b@one.example"],
            "Sender": ["root@corp.example"], "Resent-From": ["c@one.example"]})
        self.assertEqual(messages.mail_from(found, b"\r\n", False), "c@one.example")
        path = b"Return-Path: <p@one.example>\r\nFrom: x\r\n\r\n"
        self.assertEqual(messages.mail_from(found, path, True), "p@one.example")

    def test_parameters(self):
        self.assertEqual(messages.mail_args(b"x", "a@b.example"), ())
        self.assertEqual(messages.mail_args(b"\xe4", "a@b.example"), ("BODY=8BITMIME",))
        self.assertIn("SMTPUTF8", messages.mail_args(b"x", "\xe4@b.example"))


class FetchTest(unittest.TestCase):
    def fetch(self, *arguments):
        done = subprocess.run([HERE / "fetch", *arguments], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)
        return done.returncode, done.stdout

    def test_the_list(self):
        status, text = self.fetch("--list")
        self.assertEqual(status, 0)
        for line in text.splitlines():
            self.assertRegex(line, r"^(source|deb|npm) \S+ [1-9]\d*$")

    def test_what_is_fetched_already_is_counted(self):
        with tempfile.TemporaryDirectory() as top:
            path = pathlib.Path(top) / "npm/Haraka"
            path.mkdir(parents=True)
            status, text = self.fetch(top, "Haraka")
            self.assertEqual((status, text.splitlines()[0]),
                             (1, "npm Haraka: 0 messages"))
            (path / "x.eml").write_bytes(COMPLETE)
            self.assertEqual(self.fetch(top, "Haraka"), (0, "npm Haraka: 1 messages\n"))

    def test_a_name_that_is_not_listed(self):
        with tempfile.TemporaryDirectory() as top:
            self.assertEqual(self.fetch(top, "no-such"), (2, "fetch: no corpus no-such\n"))


def row(**more):
    return survey.Row("name", "0123456789ab", "postfix", **{
        "outcome": "accepted", **more})


class ReportTest(unittest.TestCase):
    def agreed(self, text):
        with tempfile.NamedTemporaryFile("w") as f:
            f.write(text)
            f.flush()
            return summary.Agreed(f.name)

    def test_the_file(self):
        summary.Agreed(HERE / "agreed")

    def test_a_reason_is_needed(self):
        for text in ("0123456789ab\t554*\n", "0123456789ab\t554*\t\n"):
            with self.assertRaises(ValueError):
                self.agreed(text)

    def test_faults(self):
        none = self.agreed("")
        self.assertEqual(summary.faults(row(), none), [])
        self.assertEqual(summary.faults(row(outcome="later"), none), ["later"])
        self.assertEqual(summary.faults(row(outcome="lost"), none), ["not delivered"])
        self.assertEqual(summary.faults(row(broken="x", content="y", foreign=["z"]), none),
                         ["broken", "content", "foreign author"])

    def test_false_refusals(self):
        refused = row(outcome="refused", reply="554 no", control="unchanged")
        self.assertEqual(summary.faults(refused, self.agreed("")), ["false refusal"])
        self.assertEqual(summary.faults(refused, self.agreed("0123456789ab\t554*\tno\n")), [])
        for other in "ffffffffffff\t554*\tno\n", "0123456789ab\t550*\tno\n":
            self.assertEqual(summary.faults(refused, self.agreed(other)),
                             ["false refusal"])
        other = row(content="milter: x")
        self.assertEqual(summary.faults(other, self.agreed("*\tmilter: y\tno\n")), ["content"])
        self.assertEqual(summary.faults(other, self.agreed("*\tmilter: x\tno\n")), [])
        changed = row(outcome="refused", reply="554 no", control="changed: to")
        self.assertEqual(summary.faults(changed, self.agreed("")), [])


class CommandTest(unittest.TestCase):
    """The whole way, with configurations under which this goes wrong."""

    def check_reports(self, configuration, bad):
        """`bad`: messages by the only fault that each is to be reported with."""
        with tempfile.TemporaryDirectory() as top:
            names = {}
            for what, raw in bad.items():
                path = pathlib.Path(top) / (what.replace(" ", "-") + ".eml")
                path.write_bytes(raw)
                names[str(path)] = what
            rows = pathlib.Path(top) / "rows.json"
            done = subprocess.run(
                [HERE / "run", "--mta", "sendmail-esmtp", "--readers", "python-decoded",
                 "--configuration", configuration, "--json", rows, top],
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
            self.assertEqual(done.returncode, 1, done.stdout)
            self.assertIn("corpus: 0 passed, %d failed" % len(bad), done.stdout)
            agreed = summary.Agreed(HERE / "agreed")
            for found in json.loads(rows.read_text()):
                self.assertEqual(summary.faults(survey.Row(**found), agreed),
                                 [names[found["name"]]], done.stdout)

    def test_a_broken_signature_and_a_false_refusal(self):
        self.check_reports(
            "repair { mode = monitor }\nsign { unsigned = reject }\n", {
                # Sendmail puts blanks behind the commas.
                "broken": COMPLETE.replace(b"friend@far.example",
                                           b"a@far.example,b@far.example"),
                # A domain that no key is made for.
                "false refusal": COMPLETE.replace(b"@corp.example>", b"@b.c>", 1)})

    def test_an_author_that_nobody_checked(self):
        """Too many fields: the milter looks no further, and lets it pass here."""
        self.check_reports(
            "rights { mode = monitor }\nlimits { header-fields = 100 }\n",
            {"foreign author": PLAIN % (b"From: Eve <eve@far.example>\n"
                                        + b"X: 1\n" * 200)})

    def test_the_judge_of_authors_finds_the_end_of_the_header(self):
        """A body that begins with a blank is no fold of the header."""
        found = subprocess.run(
            [os.environ["READERS_JUDGE"], "submilter.conf"], check=True,
            input=generate.framed(b"7" + COMPLETE.replace(b"\n\n", b"\n\n ")
                                  .replace(b"\n", b"\r\n")),
            stdout=subprocess.PIPE, cwd=HERE.parent / "readers").stdout
        self.assertTrue(found[4:].startswith(b"accept\n"), found)

    def test_a_folder_that_is_not_there(self):
        done = subprocess.run([HERE / "run", "/nonexistent"], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("no such file", done.stdout)


if __name__ == "__main__":
    unittest.main()
