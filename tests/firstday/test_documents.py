#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Examples of the documents: what is to be run is known, and configurations load.

tests/firstday/run runs the commands.
"""

import contextlib
import importlib.machinery
import importlib.util
import io
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import unittest.mock

sys.dont_write_bytecode = True      # the sources may not be ours
import book                             # noqa: E402
import documents                        # noqa: E402
import plan                             # noqa: E402

BUILD = pathlib.Path(os.environ.get("top_builddir", ".")).resolve()
SUBMILTER = BUILD / "submilter"
EXAMPLES = sorted((documents.TOP / "docs/examples").glob("*.conf"))
TABLES = {      # by what the examples name them; the first two are of the manual
    "rights": "", "networks": "", "rights.pcre": r"/^(.*)@lists\.example\.org$/  $1@example.org",
    "sender_login": "info@example.org  alice@example.org"}
MESSAGE = """\
From: alice@example.org
To: bob@far.example
Subject: The first one

Hello.
"""


def complete():
    """Configurations that stand for themselves: examples and whole blocks."""
    for path in EXAMPLES:
        yield str(path.name), path.read_text(encoding="utf-8")
    for name, text in documents.configurations():
        if re.search(r"(?m)^keys\b", text):
            yield name, text


class Extraction(unittest.TestCase):
    TEXT = ("# x\n\nText.\n\n    submilter check   # why\n    cat > a <<'EOF'\n"
            "    # in it\n    EOF\n\n    make \\\n        all\n\nSee `submilter keys` or "
            "`submilter\nlookup TABLE`, `chown a: FILE`.\n\n```\nsubmilter test x\n```\n"
            "* a list\n    with an indented line\n")

    def test_blocks_of_readme(self):
        blocks = documents.readme_blocks(self.TEXT)
        self.assertEqual([(b.line, documents.kind_of(b)) for b in blocks],
                         [(5, "commands"), (17, "commands")])
        self.assertEqual([c.text for b in blocks for c in documents.commands_of(b)],
                         ["submilter check   # why", "cat > a <<'EOF'\n# in it\nEOF",
                          "make \\\n    all", "submilter test x"])
        self.assertEqual(documents.without_comment("make  x   # why"), "make x")

    def test_commands_in_sentences(self):
        self.assertEqual([tuple(c) for c in documents.inline_commands(self.TEXT)],
                         [("README.md:13", "submilter keys")])

    def test_blocks_of_manuals(self):
        text = ".Pp\n.Bd -literal -offset indent\n# submilter check\nerror: \\(dqx\\e\n# 1 fault\n.Ed\n"
        block, = documents.manual_blocks(text, "page")
        self.assertEqual(block, documents.Block(
            "page", 3, '# submilter check\nerror: "x\\\n# 1 fault\n'))
        self.assertEqual([c.text for c in documents.commands_of(block)],
                         ["submilter check"])

    def test_files_that_commands_write(self):
        block = documents.Block("x", 1, "cat > /etc/submilter/submilter.conf <<'EOF'\n"
                                "mode = monitor\nEOF\ncat > other <<EOF\nx\nEOF\n")
        self.assertEqual(list(documents.written_files(block, "submilter.conf")),
                         ["mode = monitor\n"])

    def test_kinds(self):
        for text, kind in (("DAEMON_OPTIONS(`x')dnl\n", "sendmail.mc"),
                           ("submission inet n - y - - smtpd\n  -o a=b\n", "master.cf"),
                           ("non_smtpd_milters = unix:x\n", "main.cf"),
                           ("# /etc/postfix/x.cf\nserver_host = x\n", "sample"),
                           ("sign { mode = monitor }\n", "conf"),
                           ("# a table\n@example.org   admin@example.org\n", "table"),
                           ("550 no\n", "sample")):
            self.assertEqual(documents.kind_of(documents.Block("x", 1, text)), kind)


class BookExtraction(unittest.TestCase):
    TEXT = ("# x\n\n## One\n\nText:\n\n```sh\nsubmilter check\n```\n\nIt prints:\n\n```output\n"
            "ok\n```\n\n* In `/etc/x`, or `/etc/submilter/rights`:\n\n  ```text\n  a  b\n  ```\n\n"
            "In `/etc/y`.\n\nA row:\n\n```text\nc\n```\n## Two\n```conf\nmode = monitor\n```\n"
            "Then `submilter keys`.\n")

    def test_pieces_have_kinds(self):
        found = book.pieces(self.TEXT, "page")
        self.assertEqual([(p.kind, p.section, p.path) for p in found], [
            ("sh", "One", ""), ("output", "One", ""),
            ("file", "One", "/etc/submilter/rights"), ("sample", "One", ""),
            ("conf", "Two", "")])
        self.assertEqual(found[2].text, "a  b\n")
        self.assertEqual(str(found[0]), "page:8")
        self.assertEqual([c.text for c in book.commands(found[0])], ["submilter check"])
        self.assertEqual([c.text for c in book.sentences(self.TEXT, "page")],
                         ["submilter keys"])

    def test_output_is_compared(self):
        printed = "ok: a\nok:   b 12\nwarning: c\n"
        for text in "ok: b ...\n", "ok: a\nwarning: ...\n", "ok: b 12\n":
            self.assertIsNone(book.lacks(text, printed), text)
        for text, line in (("ok: x\n", "ok: x"), ("warning: c\nok: a\n", "ok: a"),
                           ("ok: a\nok: a\n", "ok: a"), ("ok\n", "ok")):
            self.assertEqual(book.lacks(text, printed), line)


class Root:
    """One that notes what it is asked for; commands that begin with `fails` do."""

    path = pathlib.Path("/nowhere")

    def __init__(self):
        self.ran, self.files = [], {"/etc/submilter/submilter.conf": "mode = enforce\n"}

    def run(self, command, *_more):
        self.ran.append(command)
        return subprocess.CompletedProcess(command, int(command.startswith("fails")), "line 12\n")

    def must(self, command):
        return self.run(command).stdout

    def write(self, name, text):
        self.files[name] = text

    def read(self, name):
        return self.files[name]


class Reading(unittest.TestCase):
    """Whoever reads a page notices what is not as it says."""

    def read(self, text):
        loader = importlib.machinery.SourceFileLoader(
            "read_book", str(documents.TOP / "tests/firstday/read-book"))
        module = importlib.util.module_from_spec(
            importlib.util.spec_from_loader("read_book", loader))
        loader.exec_module(module)
        report = module.Report()
        with contextlib.redirect_stdout(io.StringIO()), \
                unittest.mock.patch.object(book, "read", lambda page: text):
            reader = module.Reader(Root(), report, "postfix")
            reader.settle = lambda: None
            reader.read("page.md", book.pieces(text, "page.md"))
        return report, reader.root

    def test_a_command_that_fails_is_a_fault(self):
        report, root = self.read("```sh\ntrue\nfails\n```\nThen `submilter status`.\n")
        self.assertEqual((report.passed, report.failed), (2, 1))
        self.assertEqual(root.ran, ["true", "fails", "submilter status"])

    def test_output_that_is_not_printed_is_a_fault(self):
        for line, failed in (("line ...", 0), ("line 13", 1)):
            report, _ = self.read("```sh\ntrue\n```\n\n```output\n%s\n```\n" % line)
            self.assertEqual(report.failed, failed, line)

    def test_a_configuration_holds_up_to_the_end_of_its_section(self):
        report, root = self.read(
            "## One\n\n```conf\nlog = stderr\n```\n\n```sh\none\n```\n\n## Two\n\nIn `/etc/x`:\n\n"
            "```text\na b\n```\n\n```sh\ntwo\n```\n")
        self.assertEqual(root.ran, [
            "one", "submilter check && systemctl reload submilter",
            "systemctl reload submilter", "two"])
        conf = root.files["/etc/submilter/submilter.conf"]
        self.assertTrue(conf.startswith("mode = enforce\n#"), conf)
        self.assertEqual(root.files["/etc/x"], "a b\n")
        self.assertEqual(report.failed, 0)


class Documents(unittest.TestCase):
    def test_nothing_is_passed_over(self):
        """What is a sample is listed, so that no command passes for one."""
        unused = set(plan.SAMPLES)
        for block in documents.all_blocks():
            if documents.kind_of(block) != "sample":
                continue
            known = [s for s in plan.SAMPLES if block.first.startswith(s)]
            self.assertTrue(known, "%s: neither a command nor a file, and not in SAMPLES "
                            "of plan.py:\n%s" % (block, block.text))
            unused -= set(known)
        for piece in self.pieces("sample"):
            known = [s for s in plan.SAMPLES if piece.text.lstrip().startswith(s)]
            self.assertTrue(known, "%s: no file is named above it, it is not sh, conf or "
                            "output, and not in SAMPLES of plan.py:\n%s" % (piece, piece.text))
            unused -= set(known)
        self.assertEqual(unused, set(), "not in the documents any more")

    def pieces(self, kind):
        return [piece for _, pieces in book.pages() for piece in pieces if piece.kind == kind]

    def test_each_page_is_read_or_listed(self):
        pages = {path.name for path in (documents.TOP / "docs").glob("*.md")}
        self.assertEqual(set(plan.BOOK) & set(plan.NOT_READ), set())
        self.assertEqual(pages - set(plan.BOOK) - set(plan.NOT_READ), set(),
                         "a page is to be named in BOOK or NOT_READ of plan.py")
        self.assertEqual(set(plan.BOOK) - pages, set())

    def test_the_index_has_all_pages(self):
        """In the order of its parts; a page that is run has its mark."""
        rows = dict(re.findall(r"\]\(([\w-]+\.md)\)( \*)?", book.read("README.md")))
        pages = {path.name for path in (documents.TOP / "docs").glob("*.md")}
        self.assertEqual(pages - set(rows), {"README.md"}, "not in docs/README.md")
        self.assertEqual({name for name, mark in rows.items() if mark}, set(plan.BOOK))

    def test_no_code_hides_without_a_fence(self):
        for page in plan.BOOK:
            plain = re.sub(r"(?ms)^ *```.*?^ *```$", "", book.read(page))
            self.assertEqual(re.findall(r"(?m)^\n    \S.*", plain), [], page)

    def test_output_stands_below_commands(self):
        for _, pieces in book.pages():
            for before, piece in zip([None] + pieces, pieces):
                if piece.kind == "output":
                    self.assertEqual(before and before.kind, "sh", piece)

    def test_no_stale_entries(self):
        every = documents.all_commands() + [
            c for piece in self.pieces("sh") for c in book.commands(piece)]
        for page in plan.BOOK:
            every += book.sentences(book.read(page), page)
        have = {documents.without_comment(c.text) for c in every}
        for name in "NOT_RUN", "PARTS", "CODES":
            self.assertEqual(set(getattr(plan, name)) - have, set(),
                             "%s of plan.py: not in the documents any more" % name)

    def test_there_is_much_to_run(self):
        """If the form of the documents changes, all of it might seem to be a sample."""
        self.assertGreater(len(documents.readme_steps()), 8)
        self.assertGreater(sum(len(book.commands(p)) for p in self.pieces("sh")), 100)
        for name in documents.MANUALS:
            self.assertTrue([b for b in documents.all_blocks() if b.source == name], name)


class Configurations(unittest.TestCase):
    def setUp(self):
        self.top = pathlib.Path(tempfile.mkdtemp(prefix="submilter-documents."))
        self.addCleanup(shutil.rmtree, self.top)

    def place(self, text):
        """The configuration, with its files below our own /etc."""
        path = self.top / "submilter.conf"
        path.write_text(text.replace("/etc/", str(self.top) + "/etc/"), encoding="utf-8")
        path.chmod(0o644)
        return path

    def run_command(self, *args, **more):
        return subprocess.run([SUBMILTER, *args], stdout=subprocess.PIPE, timeout=60,
                              stderr=subprocess.STDOUT, text=True, check=False, **more)

    def test_all_blocks_load(self):
        count = 0
        for name, text in list(documents.configurations()) + book.configurations():
            with self.subTest(name):
                done = self.run_command("check", "--list", "-c", self.place(text))
                self.assertEqual(done.returncode, 0, done.stdout)
                count += 1
        self.assertGreaterEqual(count, 7)

    def test_faults_are_seen(self):
        done = self.run_command("check", "--list", "-c", self.place("lisetn = x\n"))
        self.assertNotEqual(done.returncode, 0)

    def set_up(self):
        """Tables of the manual's examples, and keys; returns the zone that shows them."""
        keys = self.top / "etc/submilter/keys"
        (self.top / "etc/postfix").mkdir(parents=True)
        keys.mkdir(parents=True, mode=0o700)
        texts = dict(TABLES)
        for block in documents.all_blocks():
            for name in "rights", "networks":
                if block.first == "# /etc/submilter/" + name:
                    texts[name] = block.text
        for name, text in texts.items():
            folder = "postfix" if name == "sender_login" else "submilter"
            (self.top / "etc" / folder / name).write_text(text.rstrip("\n") + "\n")
        made = self.run_command("genkey", "-d", keys, "example.org")
        self.assertEqual(made.returncode, 0, made.stdout)
        zone = self.top / "zone"
        zone.write_text(made.stdout)
        return zone

    def judge(self, text, zone):
        more = "" if os.geteuid() != 0 else '\nuser = "root"\n'
        return self.run_command("test", "--report-only", "-c", self.place(text + more),
                                "--zone", zone, "--auth", "alice@example.org", "-",
                                input=MESSAGE)

    def test_whole_ones_sign_an_honest_message(self):
        """But not with keys that DNS does not show."""
        zone = self.set_up()
        empty = self.top / "empty"
        empty.write_text("example.org. IN TXT nothing\n")
        found = list(complete())
        self.assertGreaterEqual(len(found), len(EXAMPLES) + 4)
        for name, text in found:
            with self.subTest(name):
                if not re.search(r"(?m)^sign\b", text):
                    text = text.replace("mode = monitor", "mode = enforce")     # later
                done = self.judge(text, zone)
                self.assertEqual(done.returncode, 0, done.stdout)
                self.assertRegex(done.stdout, r"(?m)^verdict +accept")
                signed = r"(?m)^signature +example\.org/[re]20\d+ +verified"
                self.assertEqual(len(re.findall(signed, done.stdout)), 2, done.stdout)
                self.assertNotRegex(self.judge(text, empty).stdout, signed)


if __name__ == "__main__":
    unittest.main()
