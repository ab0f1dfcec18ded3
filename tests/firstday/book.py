# SPDX-License-Identifier: BSD-2-Clause
"""The pages of the book in docs, and what their fences say that their blocks are.

    sh       commands, which are run as they stand
    conf     a piece of submilter.conf, or, if it has `keys`, the whole file
    output   what the command above prints: these lines, in this order; "..." stands
             for any text, and blanks count as one
    text     the file that the sentence above names as the last one, as `/path`; and, if
             it names none, or for any other word: a sample, to be in plan.SAMPLES
"""

import dataclasses
import re

import documents
import plan

FIRST = "getting-started.md"
FENCE = re.compile(r"( *)```(\w*)$")


@dataclasses.dataclass(frozen=True)
class Piece:
    source: str
    line: int
    kind: str
    text: str
    section: str
    top: int         # the line of its heading
    path: str = ""

    def __str__(self):
        return "%s:%d" % (self.source, self.line)


def pieces(text, source):
    """Fenced blocks, in their order."""
    found, rows, fence, before, start = [], [], None, "", 0
    section = ("", 0)
    for number, line in enumerate(text.splitlines(), 1):
        mark = FENCE.match(line)
        if fence and line.strip() == "```":
            found.append(_piece(source, start, fence[2], rows, section, before))
            rows, fence, before = [], None, ""
        elif fence:
            rows.append(line[len(fence[1]):])
        elif mark:
            fence, start = mark, number + 1
        elif line.startswith("#"):
            section, before = (line.lstrip("# "), number), ""
        elif line.strip():
            before = before + " " + line.strip()
        elif before and not before.endswith(":"):
            before = ""         # what introduces a block stands right above it
    return found


def _piece(source, line, word, rows, section, before):
    path = re.findall(r"`(/[^`\s]+)`", before.strip()) if before.endswith(":") else []
    kind = word if word in ("sh", "conf", "output") else "sample"
    if word == "text" and path:
        kind = "file"
    return Piece(source, line, kind, "\n".join(rows) + "\n", *section,
                 path[-1] if kind == "file" else "")


def commands(piece):
    return [documents.Command(str(piece), text)
            for text in documents.split_commands(piece.text)]


def sentences(text, source):
    """Commands that stand in a sentence."""
    return list(documents.inline_commands(re.sub(
        r"(?ms)^ *```.*?^ *```$", lambda m: "\n" * m[0].count("\n"), text), source))


def read(page):
    return (documents.TOP / "docs" / page).read_text(encoding="utf-8")


def pages():
    """Names of the pages, each with its pieces."""
    for page in plan.BOOK:
        yield page, pieces(read(page), page)


def beside(mta):
    """The first page, with the way to attach the milter to this MTA."""
    first = pieces(read(FIRST), FIRST)
    (page, section), (_, place) = plan.ATTACH[mta], plan.ATTACH["postfix"]
    if page == FIRST:
        return first
    start = [piece.section for piece in first].index(place)
    other = [piece for piece in pieces(read(page), page) if piece.section == section]
    return first[:start] + other + [p for p in first[start:] if p.section != place]


def configurations():
    """Places and texts of what is shown as submilter.conf."""
    return [(str(piece), piece.text) for _, found in pages() for piece in found
            if piece.kind == "conf"]


def lacks(output, printed):
    """The first line of a block of output that was not printed, or None."""
    rest = [" ".join(line.split()) for line in printed.splitlines()]
    for line in output.splitlines():
        wanted = re.escape(" ".join(line.split())).replace(r"\.\.\.", ".*")
        while rest and not re.fullmatch(wanted, rest[0]):
            rest.pop(0)
        if not rest:
            return line
        rest.pop(0)
    return None
