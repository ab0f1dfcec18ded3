#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Golden cases: what `submilter test` says of a message, word for word.

A case is one file, AREA/NAME.case, of sections that begin with a line `--- NAME`:

    --- conf        the configuration; @DIR@ is the case's own directory, with an
                    empty directory "keys"
    --- file NAME   a further file in that directory
    --- secret NAME the same, which nobody else can read
    --- args        arguments of `submilter test`, a line each; without --mta
                    among them the MTA is unknown, and the output has no line
                    `mta`
    --- message     the message, LF line ends
    --- want        the output; @RANDOM@, @MS@ and @THEN@ stand for what varies

What stands before the first section says what the case shows. With --update the
`want` sections are written anew: read the difference before you commit it.
"""

import os
import pathlib
import pwd
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
NOW = "1795428930"      # Mon, 23 Nov 2026 10:15:30 +0000


def program():
    path = os.environ.get("SUBMILTER")
    if not path:
        path = os.path.join(os.environ.get("top_builddir", "."), "submilter")
    return os.path.abspath(path)


def parse(text):
    parts = re.split(r"^--- (conf|(?:file|secret) \S+|args|message|want)\n", text, flags=re.M)
    return parts[0], list(zip(parts[1::2], parts[2::2]))


def give_away(top):
    """What root makes, `submilter test` reads as the milter's user."""
    if os.geteuid() != 0:
        return
    try:
        user = pwd.getpwnam("submilter")
    except KeyError:
        return
    for path in (top, *pathlib.Path(top).rglob("*")):
        os.chown(path, user.pw_uid, user.pw_gid)


def mask(text, directory):
    text = text.replace(str(directory), "@DIR@")
    text = re.sub(r"\b\d{14}\.[0-9a-z]{16}@", "@RANDOM@@", text)
    text = re.sub(r'"ms":"\d+\.\d"', '"ms":"@MS@"', text)
    # What --explain says of a table.
    text = re.sub(r", changed [-0-9]+ [0-9:]+ UTC$", ", changed @THEN@", text, flags=re.M)
    text = re.sub(r" +\d+\.\d ms\b", " @MS@ ms", text)
    return re.sub(r"\bms=\d+\.\d", "ms=@MS@", text)


def run(sections):
    with tempfile.TemporaryDirectory(prefix="submilter-golden.") as top:
        args = []
        os.mkdir(top + "/keys", 0o700)
        for name, body in sections:
            if name == "conf":
                pathlib.Path(top, "submilter.conf").write_text(
                    body.replace("@DIR@", top))
            elif name.startswith("file "):
                pathlib.Path(top, name[5:]).write_text(body)
            elif name.startswith("secret "):
                pathlib.Path(top, name[7:]).write_text(body)
                os.chmod(pathlib.Path(top, name[7:]), 0o600)
            elif name == "args":
                args = body.replace("@DIR@", top).splitlines()
            elif name == "message":
                pathlib.Path(top, "in.eml").write_text(body)
        stated = "--mta" in args
        if not stated:
            args = ["--mta", "unknown", *args]
        if os.geteuid() == 0:
            give_away(top)
        done = subprocess.run(
            [program(), "test", "-c", top + "/submilter.conf", "--now", NOW,
             *args, top + "/in.eml"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        output = done.stdout.decode("utf-8", "backslashreplace").replace("\r\n", "\n")
        if not stated:
            output = re.sub(r"^mta  .*\n", "", output, count=1, flags=re.M)
            output = re.sub(r'"mta":"[^"]*","mta_by":"[^"]*",', "", output,
                            count=1)
        return mask(output, top) + "exit %d\n" % done.returncode


def main():
    update = "--update" in sys.argv
    paths = sorted(HERE.glob("*/*.case"))
    failed = 0
    for path in paths:
        intro, sections = parse(path.read_text())
        want = dict(sections).get("want", "")
        got = run(sections)
        if update:
            body = [(n, b) for n, b in sections if n != "want"] + [("want", got)]
            path.write_text(intro + "".join("--- %s\n%s" % s for s in body))
        elif got != want:
            failed += 1
            print("FAIL %s\n--- want\n%s--- got\n%s" % (
                path.relative_to(HERE), want, got))
    print("golden: %d passed, %d failed" % (len(paths) - failed, failed))
    return 1 if failed or not paths else 0


if __name__ == "__main__":
    sys.exit(main())
