# SPDX-License-Identifier: BSD-2-Clause
"""What README.md and the manual pages show: their blocks, and the commands in them."""

import dataclasses
import pathlib
import re
import typing

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
README = TOP / "README.md"
MANUALS = ["docs/submilter.8", "docs/submilter.conf.5", "docs/submilter-tables.5"]

# What a line of a command block begins with.
PROGRAMS = {"apt", "apt-get", "autoreconf", "cat", "chmod", "chown", "cp", "dig", "echo",
            "git", "grep", "install", "journalctl", "make", "man", "mkdir", "newaliases",
            "openssl", "postconf", "postfix", "postmap", "printf", "runuser", "sed",
            "sendmail", "sudo", "submilter", "swaks", "systemctl", "systemd-sysusers",
            "systemd-tmpfiles", "tail", "tee", "touch", "usermod"}
OPTIONS = {"bounces", "domain", "extension", "hostname", "include", "keys", "listen", "log",
           "log-level", "mode", "mta", "realms", "socket-group", "socket-mode",
           "status-file", "user"}
SECTIONS = {"accounting", "authors", "bounds", "dns", "identify", "limits", "metrics",
            "names", "preflight", "repair", "rights", "sign", "tables"}


@dataclasses.dataclass(frozen=True)
class Block:
    source: str
    line: int
    text: str

    def __str__(self):
        return "%s:%d" % (self.source, self.line)

    @property
    def first(self):
        """Its first line, by which lists name it."""
        return next(line.strip() for line in self.text.splitlines() if line.strip())


class Command(typing.NamedTuple):
    where: str
    text: str       # what is pasted; lines of a here-document with it


def readme_blocks(text, source="README.md"):
    """Code: fenced, or indented by four blanks behind an empty line."""
    found, rows, start, fence, before = [], [], 0, False, ""
    for number, line in enumerate(text.splitlines() + [""], 1):
        is_fence = line.startswith("```")
        is_code = fence and not is_fence or not fence and line.startswith("    ") and (
            rows or not before.strip())
        if is_code:
            start = start or number
            rows.append(line if fence else line[4:])
        elif rows and not fence and not line.strip() and number <= len(text.splitlines()):
            rows.append("")         # an empty line inside of it, perhaps
        elif rows:
            found.append(Block(source, start, "\n".join(rows).rstrip("\n") + "\n"))
            rows, start = [], 0
        if is_fence:
            fence = not fence
        before = line
    return found


def manual_blocks(text, source):
    """Displays in mdoc: from .Bd -literal to .Ed."""
    found, rows, start = [], None, 0
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith(".Bd -literal"):
            rows, start = [], number + 1
        elif line == ".Ed" and rows is not None:
            found.append(Block(source, start, "\n".join(rows) + "\n"))
            rows = None
        elif rows is not None:
            for code, octet in ("\\(dq", '"'), ("\\(aq", "'"), ("\\&", ""), ("\\-", "-"), \
                    ("\\e", "\\"):
                line = line.replace(code, octet)
            rows.append(line)
    return found


def kind_of(block):
    """commands, session, conf, master.cf, main.cf, sendmail.mc, table or sample."""
    every = [line for line in block.text.splitlines() if line.strip()]
    lines = [line for line in every if not line.lstrip().startswith("#")]
    prompt = re.match(r"[#$] ([\w/.-]+)", every[0])
    first = re.match(r"[\w/.-]*", (lines or [""])[0])[0]
    if prompt and (prompt[1] in PROGRAMS):
        return "session"
    if not lines:
        return "sample"
    if all(re.match(r"\S+\s{2,}!?\S*@\S|\S*@\S+\s{2,}\S", line) for line in lines):
        return "table"
    if any(re.search(r"dnl$", line) for line in lines):
        return "sendmail.mc"
    if re.match(r"\w+ +inet ", lines[0]):
        return "master.cf"
    if first in SECTIONS and re.match(r"\w+ *\{", lines[0]) or first in OPTIONS and \
            re.match(r"[\w-]+ *(=|\")|include \"", lines[0]):
        return "conf"
    # Parameters of a table look like those of main.cf, but name their file.
    if all(re.match(r"[a-z0-9]+(_[a-z0-9]+)+ *=", line) for line in lines):
        return "sample" if re.match(r"# /.*(?<!/main)\.cf$", every[0]) else "main.cf"
    if first in PROGRAMS or (TOP / first).is_file():
        return "commands"
    return "sample"


def split_commands(text):
    """Lines as one pastes them: with what a backslash or a here-document adds."""
    commands, rows, end, indented = [], [], None, False
    for line in text.splitlines():
        if end is not None:
            rows.append(line)
            if (line.lstrip("\t") if indented else line) == end:
                end = None
        elif rows or line.strip() and not line.lstrip().startswith("#"):
            rows.append(line)
            here = re.search(r"<<(-?)\s*(['\"]?)(\w+)\2", line)
            if here:
                indented, end = bool(here[1]), here[3]
        if rows and end is None and not rows[-1].endswith("\\"):
            commands.append("\n".join(rows))
            rows = []
    return commands + (["\n".join(rows)] if rows else [])


def without_comment(command):
    """As lists name it: one blank between words, and no comment behind it."""
    return " ".join(re.sub(r"(^|\s)#\s.*$", "", command.split("\n")[0]).split())


def inline_commands(text, source="README.md"):
    """What stands in a sentence as `submilter check`, with no word in capitals."""
    plain = re.sub(r"(?m)^```.*?^```", lambda m: "\n" * m[0].count("\n"), text,
                   flags=re.S)
    plain = re.sub(r"(?m)^    .*$", "", plain)
    for match in re.finditer(r"`([^`]+)`", plain):
        span = " ".join(match[1].split())
        first = span.split()[0] if span.split() else ""
        if " " not in span or re.search(r"\b[A-Z]{2,}\b|\.\.\.", span):
            continue
        if first in PROGRAMS or "/" in first and (TOP / first).is_file():
            yield Command("%s:%d" % (source, plain.count("\n", 0, match.start()) + 1), span)


def commands_of(block):
    kind = kind_of(block)
    if kind == "commands":
        return [Command(str(block), text) for text in split_commands(block.text)]
    if kind == "session":
        prompts = (re.match(r"[#$] ([\w/.-]+)", line) for line in block.text.splitlines())
        return [Command(str(block), match.string[2:]) for match in prompts
                if match and match[1] in PROGRAMS]
    return []


def written_files(block, name):
    """What here-documents of its commands write into a file of that name."""
    for command in commands_of(block):
        rows = command.text.split("\n")
        if re.search(r"> *\S*/%s\b.*<<" % re.escape(name), rows[0]):
            yield "\n".join(rows[1:-1]) + "\n"


def configurations():
    """Places and texts of all that is shown as submilter.conf."""
    for block in all_blocks():
        if kind_of(block) == "conf":
            yield str(block), block.text
        for text in written_files(block, "submilter.conf"):
            yield str(block), text


def all_blocks():
    found = readme_blocks(README.read_text(encoding="utf-8"))
    for name in MANUALS:
        found += manual_blocks((TOP / name).read_text(encoding="utf-8"), name)
    return found


def readme_steps():
    """Blocks and commands of README.md in the order in which they stand there."""
    text = README.read_text(encoding="utf-8")
    steps = []
    for block in readme_blocks(text):
        commands = commands_of(block)
        steps += commands if commands else [block]
    steps += inline_commands(text)

    def place(step):
        where = step.where if isinstance(step, Command) else str(step)
        return int(where.rpartition(":")[2])
    return sorted(steps, key=place)


def all_commands():
    found = [c for block in all_blocks() for c in commands_of(block)]
    return found + list(inline_commands(README.read_text(encoding="utf-8")))
