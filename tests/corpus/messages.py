# SPDX-License-Identifier: BSD-2-Clause
"""The messages in a folder, and each as a mail program would submit it.

As a program it tells how many there are in the folders that it is given.
"""

import bz2
import email
import email.utils
import gzip
import hashlib
import lzma
import os
import re
import sys
import zlib

OWN = "alice@corp.example"
# What a message that is sent anew does not have, or has of other programs.
TRACE = (rb"received|x-received|return-path|delivered-to|x-original-to|"
         rb"envelope-to|x-envelope-(?:to|from)|received-spf|"
         rb"authentication-results|arc-[a-z-]+|x-google-dkim-signature|"
         rb"dkim-signature|domainkey-signature|x-mozilla-[a-z0-9-]+")
AUTHORS = ("From", "Sender", "Resent-From", "Resent-Sender")
_OPENERS = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
_KNOWN = re.compile(rb"(?i)(from|to|cc|subject|date|message-id|received|sender|"
                    rb"return-path|delivered-to|mime-version|content-type|reply-to|"
                    rb"x-mailer|user-agent|resent-from):")
_FIELD = re.compile(rb"[!-9;-~]+[ \t]*:")
# A line of an mbox that begins a message.
_FROM_LINE = re.compile(rb"(?m)^From [^\n]*\d\d:\d\d[^\n]*\n(?=[!-9;-~]+:|From )")


class Message:
    """A message of a corpus: its `name` for people, and its octets."""

    def __init__(self, name, raw):
        self.name = name
        self.raw = raw
        self.digest = hashlib.sha256(raw).hexdigest()[:12]


def is_message(data):
    """Whether a file looks like one: a header with two fields that mail has.

    Source code, manuals and the like are not sent by anybody.
    """
    head = re.split(rb"\r?\n\r?\n", data[:20000].lstrip(b"\r\n"), maxsplit=1)[0]
    lines = head.split(b"\n")
    if not _FIELD.match(lines[0]) or b"\0" in head or b"\nFrom " in head:
        return False
    names = {m.group(1).lower() for line in lines for m in [_KNOWN.match(line)] if m}
    good = sum(bool(_FIELD.match(line)) or line[:1] in (b" ", b"\t")
               for line in lines)
    return len(names) >= 2 and good * 10 >= len(lines) * 9 and bool(
        names & {b"from", b"sender", b"to", b"message-id", b"received"})


def split_mbox(data):
    """The messages of an mbox, without the lines between."""
    starts = list(_FROM_LINE.finditer(data))
    ends = [m.start() for m in starts[1:]] + [len(data)]
    for start, end in zip(starts, ends):
        raw = data[start.end():end]
        raw = re.sub(rb"(?m)^>(?=>*From )", b"", raw)
        yield raw[:-1] if raw.endswith(b"\n\n") else raw


def in_file(path, limit):
    """The messages of one file; none if it is something else."""
    opener = _OPENERS.get(os.path.splitext(path)[1], open)
    try:
        with opener(path, "rb") as file:
            data = file.read(limit + 1)
    except (OSError, EOFError, lzma.LZMAError, zlib.error):
        return
    if len(data) > limit or not data:
        return
    if data.startswith(b"From ") and _FROM_LINE.match(data.replace(b"\r\n", b"\n")):
        for number, raw in enumerate(split_mbox(data.replace(b"\r\n", b"\n")), 1):
            if is_message(raw):
                yield Message("%s#%d" % (path, number), raw)
    elif is_message(data):
        yield Message(path, data)


def find(folders, limit=8 << 20):
    """(messages, files skipped, messages that were there twice), in the order of
    their paths."""
    found, skipped, twice, known = [], 0, 0, set()
    for path in sorted(_files(folders)):
        here = list(in_file(path, limit))
        skipped += not here
        for message in here:
            if message.digest in known:
                twice += 1
                continue
            known.add(message.digest)
            found.append(message)
    return found, skipped, twice


def _files(folders):
    for folder in folders:
        if os.path.isfile(folder):
            yield folder
        for directory, names, files in os.walk(folder):
            names[:] = [n for n in names if n != ".git"]
            for name in files:
                path = os.path.join(directory, name)
                if os.path.isfile(path) and not os.path.islink(path):
                    yield path


# As a client sends it.

def fields_and_body(raw):
    """Whole fields, with their line ends, and what follows the first empty line."""
    head, _, body = raw.partition(b"\r\n\r\n")
    if raw.startswith(b"\r\n"):
        head, body = b"", raw[2:]
    return re.findall(rb"[^\r\n].*?\r\n(?![ \t])", head + b"\r\n", re.S), body


def as_submitted(raw, as_is):
    """With the line ends of SMTP; unless as it is, without traces of a way that
    the message had before."""
    raw = re.sub(rb"\r\n|\n|\r", b"\r\n", raw.lstrip(b"\r\n"))
    raw = re.sub(rb"\A>?From [^\r\n]*\r\n", b"", raw)
    # Archives of lists write it so; nobody sent it.
    raw = re.sub(rb"(?m)^(From: [^\s@]+) at ([^\s@]+ \([^\r\n]*\)\r\n)", rb"\1@\2", raw,
                 count=1)
    if not raw.endswith(b"\r\n"):
        raw += b"\r\n"
    if as_is:
        return raw
    fields, body = fields_and_body(raw)
    kept = [f for f in fields
            if not re.match(rb"(?i)(?:" + TRACE + rb")[ \t]*:", f)]
    return b"".join(kept) + b"\r\n" + body


def authors(raw):
    """The addresses of the author fields as a user would read them, by field: one
    without a domain gets that of the service."""
    parsed = email.message_from_bytes(raw)
    found = {}
    for name in AUTHORS:
        for value in (v for n, v in parsed.raw_items() if n.lower() == name.lower()):
            value = value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
            value = re.sub(r"\s+", " ", value)
            pairs = email.utils.getaddresses([value])
            addresses = [a for _, a in pairs if a]
            # Where the library gives up, what stands in < and > is meant.
            if not any("@" in a for a in addresses):
                addresses += re.findall(r"<([^<>\s]+@[^<>\s]+)>", value) or \
                    re.findall(r"[^\s<>()\",;:]+@[^\s<>()\",;:]+", value)
            found.setdefault(name, []).extend(
                a if "@" in a else a + "@corp.example" for a in addresses
                if not re.search(r"[\s\x00-\x1f]", a))
    return found


def mail_from(found, raw, as_is):
    """The address that a client would give: that of who sends."""
    path = re.match(rb"(?is)(?:.*\r\n)?return-path:\s*<([^<>\s]+@[^<>\s]+)>",
                    raw.partition(b"\r\n\r\n")[0]) if as_is else None
    if path:
        return path.group(1).decode("utf-8", "replace")
    for name in ("Resent-Sender", "Resent-From", "Sender", "From"):
        for address in found.get(name, ()):
            if re.fullmatch(r"(?!=\?)[^\s<>()\",;:@\\]+@[^\s<>()\",;:@\\]+", address):
                return address
    return OWN


def mail_args(raw, path):
    """BODY and SMTPUTF8, where there is need of them."""
    if not path.isascii():
        return ("BODY=8BITMIME", "SMTPUTF8")
    return ("BODY=8BITMIME",) if not raw.isascii() else ()


if __name__ == "__main__":
    print(len(find(sys.argv[1:])[0]))
