#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The pages in Markdown say what is so, as far as a program can tell.

Links lead to files and headings that exist; options, commands and steps that
are named exist; configurations load; and what stands in two places is the same.
"""
import os
import re
import subprocess
import sys
import tempfile

TOP = os.environ.get("top_srcdir", ".")
BUILD = os.path.abspath(os.environ.get("top_builddir", "."))
PAGES = ["README.md", "HACKING.md", "NEWS.md", "SECURITY.md", "tests/README.md",
         "packaging/README.md"]
PAGES += sorted("docs/" + name for name in os.listdir(os.path.join(TOP, "docs"))
                if name.endswith(".md"))
problems = []


def read(path):
    with open(os.path.join(TOP, path), encoding="utf-8") as file:
        return file.read()


def run(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, text=True,
                          stderr=subprocess.STDOUT, check=False)


def without_blocks(text):
    return re.sub(r"^ *```.*?^ *```$|^    .*?$", "", text, flags=re.S | re.M)


def anchors(path):
    """The names that GitHub gives to headings."""
    found = set()
    for title in re.findall(r"^#+ (.*)$", without_blocks(read(path)), re.M):
        title = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", title).lower()
        found.add(re.sub(r"[^\w\- ]", "", title).strip().replace(" ", "-"))
    return found


def check_links(path, text):
    for target in re.findall(r"\]\(([^)\s]+)\)", without_blocks(text)):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = os.path.normpath(os.path.join(os.path.dirname(path), name)) \
            if name else path
        if not os.path.exists(os.path.join(TOP, file)):
            problems.append("%s: the link %s leads nowhere" % (path, target))
        elif anchor and anchor not in anchors(file):
            problems.append("%s: %s has no heading #%s" % (path, file, anchor))


def check_options(path, text, options):
    blocks = {name.partition(".")[0] for name in options if "." in name}
    for name in re.findall(r"`([a-z]+\.[a-z0-9-]+)\b[^`(/]*`", text):
        if name.partition(".")[0] in blocks and name not in options and \
                not re.search(r"\.(c|h|py|md|conf|eml)$", name):
            problems.append("%s: there is no option %s" % (path, name))


def check_configurations(path, text, directory):
    """Fenced blocks of the kind conf, and braces with a block's name in marks."""
    pieces = re.findall(r"^ *```conf\n(.*?)^ *```$", text, re.S | re.M)
    pieces += re.findall(r"`([a-z]+ \{ [^`]*=[^`]* \})`", text)
    for number, piece in enumerate(pieces):
        if "..." in piece or re.search(r"\b[A-Z]{4,}\b", piece):
            continue
        name = os.path.join(directory, "%d.conf" % number)
        with open(name, "w", encoding="utf-8") as file:
            file.write(piece.rstrip("\n") + "\n")
        os.chmod(name, 0o644)
        done = run(os.path.join(BUILD, "submilter"), "check", "--list", "-c",
                   name)
        # A build may lack the library of a table.
        if done.returncode != 0 and "it is not installed" not in done.stdout:
            problems.append("%s: %s%s" % (path, piece, done.stdout))


def check_commands(path, text):
    known = run(os.path.join(BUILD, "submilter"), "--help").stdout
    known = re.findall(r"^  ([a-z]+) ", known, re.M)
    for command, rest in re.findall(r"(?:`|^ {4}|&& )submilter ([a-z]+)([^`\n]*)", text,
                                    re.M):
        if command not in known:
            problems.append("%s: there is no command submilter %s" % (
                path, command))
            continue
        usage = run(os.path.join(BUILD, "submilter"), command, "--help").stdout
        for option in re.findall(r" (--[a-z-]+)", rest.partition("&&")[0]):
            if not re.search(r"%s\b" % option, usage):
                problems.append("%s: submilter %s has no option %s" % (
                    path, command, option))


def check_steps():
    steps = run(os.path.join(TOP, "tests/run"), "--list").stdout
    text = read("tests/README.md")
    for step in steps.split():
        if not re.search(r"^\| `tests/run %s`|^\|.*, `%s`" % (step, step), text,
                         re.M):
            problems.append("tests/README.md: no word of the step " + step)
    for step in re.findall(r"`tests/run ([a-z ]+)`", " ".join(map(read, PAGES))):
        for name in step.split():
            if name not in steps.split():
                problems.append("tests/run has no step %s" % name)


def check_layers():
    layers = re.search(r"^layers='([^']*)'", read("tests/check-layers.sh"),
                       re.M).group(1).split()
    text = read("HACKING.md")
    if " < ".join(layers) not in text:
        problems.append("HACKING.md: the layers are not those of "
                        "tests/check-layers.sh")
    for layer in layers:
        if "| `%s` |" % layer not in text:
            problems.append("HACKING.md: no word of the layer " + layer)


def check_survival():
    """The number of shapes that are refused, in README.md as measured."""
    table = read("docs/survival.md")
    shapes = re.search(r"What becomes of (\d+) message shapes", table).group(1)
    row = r"^\| submilter \| relaxed \| %s \| 8bitmime \| \d+ \| (\d+)"
    by = [re.search(row % mta, table, re.M).group(1)
          for mta in ("Postfix", "Sendmail, esmtp")]
    text = re.sub(r"\s+", " ", read("README.md"))
    if "of %s odd message shapes it refuses %s with Postfix and %s with " \
            "Sendmail" % (shapes, *by) not in text:
        problems.append("README.md: of %s shapes %s and %s are refused, says "
                        "docs/survival.md" % (shapes, *by))


def main():
    options = run(os.path.join(BUILD, "milter/conf/docgen"), "names").stdout
    options = set(options.split())
    with tempfile.TemporaryDirectory() as directory:
        for path in PAGES:
            text = read(path)
            check_links(path, text)
            check_options(path, text, options)
            check_configurations(path, text, directory)
            check_commands(path, text)
    check_steps()
    check_layers()
    check_survival()
    for problem in problems:
        print(problem)
    if len(options) < 50:
        problems.append("docgen names no options")
    print("check-markdown: %d pages, %d problems" % (len(PAGES), len(problems)))
    return 1 if problems else 0


sys.exit(main())
