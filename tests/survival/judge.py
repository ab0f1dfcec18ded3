# SPDX-License-Identifier: BSD-2-Clause
"""What has become of one message: are its signatures valid, is its content whole,
and who changed what. All of it by foreign parsers and verifiers."""

import base64
import binascii
import dataclasses
import email
import quopri
import re

from lab.verify import MailDKIM, verify

# The MTA's own, or removed on the way by both.
_TRACE = {b"received", b"return-path", b"x-mime-autoconverted"}


@dataclasses.dataclass
class Case:
    """What a Verdict is made of."""

    submitted: bytes
    received: bytes     # as the milter saw it
    wanted: bytes       # as the milter wants it sent
    delivered: bytes
    records: dict


@dataclasses.dataclass
class Verdict:
    signed: bool = False
    broken: str = ""            # a verifier's reason
    changes: tuple = ()         # what the MTA did after the milter
    content: str = ""           # what content changed, and by whom
    content_by: str = ""        # "before", "milter" or "after"
    delivered: bytes = b""


_verifiers = {}


def judge(case):
    """Runs in a process of a pool; keeps its Mail::DKIM."""
    verdict = Verdict(delivered=case.delivered)
    key = repr(sorted(case.records.items()))
    if key not in _verifiers:
        _verifiers[key] = MailDKIM(case.records)
    opinions = {"Mail::DKIM": _verifiers[key].verify(case.delivered)}
    opinions.update(verify(case.delivered, case.records,
                           ["dkimpy", "any blank"]))
    ours = [(v, s) for v, found in opinions.items() for s in found
            if "%s._domainkey.%s" % (s.s, s.d) in case.records]
    verdict.signed = bool(ours)
    bad = ["%s %s: %s" % (v, s.a, s.why) for v, s in ours if s.ok is False]
    good = {v for v, s in ours if s.ok}
    if verdict.signed and not bad and len(good) < len(opinions):
        bad = ["only %s verified it" % ", ".join(good)]
    verdict.broken = "; ".join(bad)
    verdict.changes = tuple(differences(case.wanted, case.delivered))
    stages = [("before", case.submitted, case.received),
              ("milter", case.received, case.wanted),
              ("after", case.wanted, case.delivered)]
    if content_difference(case.submitted, case.delivered):
        for who, old, new in stages:
            what = content_difference(old, new)
            if what:
                verdict.content, verdict.content_by = what, who
                if who != "before":
                    break
        else:
            if not verdict.content:
                verdict.content = content_difference(case.submitted, case.delivered)
                verdict.content_by = "before"
    return verdict


# Bytes.

def fields_of(raw):
    """Pairs of name and whole field; what stands behind the first empty line."""
    head, _, body = raw.partition(b"\r\n\r\n")
    if raw.startswith(b"\r\n"):
        head, body = b"", raw[2:]
    fields = re.findall(rb"[^\r\n].*?(?:\r\n(?![ \t])|\Z)", head + b"\r\n", re.S)
    return [(f.partition(b":")[0].strip().lower(), f) for f in fields], body


def short(data, size=60):
    text = data.decode("ascii", "backslashreplace")
    text = "".join(c if c.isprintable() else "\\x%02x" % ord(c)
                   if c not in "\r\n\t" else {"\r": "\\r", "\n": "\\n", "\t": "\\t"}[c]
                   for c in text)
    return text if len(text) <= size else text[:size // 2] + "..." + text[-size // 2:]


def differences(wanted, delivered):
    """What the MTA made of what the milter wanted, in words."""
    old, old_body = fields_of(wanted)
    new, new_body = fields_of(delivered)
    for name in dict.fromkeys(n for n, _ in old + new):
        if name in _TRACE:
            continue
        before = [f for n, f in old if n == name]
        after = [f for n, f in new if n == name]
        label = name.decode("ascii", "backslashreplace")
        if not after:
            yield "%s removed" % label
        elif not before:
            yield "%s added" % label
        elif before != after:
            a, b = next(((x, y) for x, y in zip(before, after) if x != y),
                        (before[-1], after[-1]))
            yield "%s: %s" % (label, _change(a, b))
    if old_body != new_body:
        yield "body: %s" % _change(old_body, new_body)


def _change(a, b):
    """Where two texts begin to differ."""
    a, b = a.split(b"\r\n"), b.split(b"\r\n")
    for number, (x, y) in enumerate(zip(a, b), 1):
        if x != y:
            at = next((i for i, (p, q) in enumerate(zip(x, y)) if p != q),
                      min(len(x), len(y)))
            start = max(0, at - 12)
            place = "line %d, " % number if len(a) > 2 else ""
            return "%soctet %d: `%s` became `%s`" % (
                place, at + 1, short(x[start:start + 48]), short(y[start:start + 48]))
    return "%d lines became %d" % (len(a), len(b))


# Content.

def parts(message, raw, as_files=False):
    """As walk(), but into attached messages that are encoded, too, unless they count
    as files; each with the octets of the message that it is in."""
    yield message, raw
    if as_files and _as_file(message):
        return
    if message.get_content_type() == "message/rfc822" and message.is_multipart():
        decode = {"base64": base64.b64decode, "quoted-printable": quopri.decodestring}.get(
            message.get("Content-Transfer-Encoding", "").strip().lower())
        if decode:
            inner = decode(message.get_payload(0).as_bytes()).replace(b"\r\n", b"\n")
            inner = inner.replace(b"\n", b"\r\n")
            yield from parts(email.message_from_bytes(inner), inner, as_files)
            return
    if message.is_multipart():
        for part in message.get_payload():
            yield from parts(part, raw, as_files)


def _as_file(part):
    """An attached message in an encoding, or the file that it becomes if that
    cannot be decoded: what it is and what is in it. None: it is neither."""
    kind, encoding = part.get_content_type(), part.get("Content-Transfer-Encoding", "")
    encoding = encoding.strip().lower()
    if encoding in ("", "7bit", "8bit", "binary"):
        return None
    if kind == "message/rfc822" and part.is_multipart():
        data = part.get_payload(0).as_bytes()
    elif kind == "application/octet-stream" and part.get_filename("").endswith(".eml"):
        data = part.get_payload().encode("utf-8", "surrogateescape")
    else:
        return None
    if encoding == "base64":
        data = binascii.a2b_base64(data)
    return "a message as a file", data.replace(b"\r\n", b"\n").strip()


def content(raw, as_files=False):
    """The parts of a message, decoded: pairs of what it is and what is in it."""
    found = []
    for part, octets in parts(email.message_from_bytes(raw), raw, as_files):
        if as_files and _as_file(part):
            found.append(_as_file(part))
            continue
        kind = part.get_content_type()
        name = part.get_filename("")
        if part.is_multipart():
            found.append((kind, b""))
            if kind == "multipart/signed":
                found.append((kind + " as it is", _between(octets, part.get_boundary())))
            continue
        data = part.get_payload(decode=True) or b""
        if part.get_content_maintype() in ("text", "message"):
            data = data.replace(b"\r\n", b"\n").rstrip(b"\n")
            try:
                data = data.decode(part.get_content_charset("x")).encode()
            except (LookupError, UnicodeError, ValueError):
                pass
        found.append(("%s %s" % (kind, name if name.isascii() else ""), data))
    return found


def _between(raw, boundary):
    """All of a multipart from its first delimiter to its last."""
    if not boundary:
        return b""
    mark = b"--" + boundary.encode("ascii", "surrogateescape")
    first, last = raw.find(b"\r\n" + mark + b"\r\n"), raw.rfind(b"\r\n" + mark + b"--")
    return raw[first:last]


def content_difference(old, new):
    a, b = content(old), content(new)
    if any(kind.startswith("application/octet-stream ") and kind.endswith(".eml")
           for kind, _ in b):
        a, b = content(old, as_files=True), content(new, as_files=True)
    for (kind, x), (other, y) in zip(a, b):
        if kind != other:
            return "a part %s became %s" % (kind, other)
        if x != y:
            return "%s: %s" % (kind.strip(), _change(x.replace(b"\n", b"\r\n"),
                                                     y.replace(b"\n", b"\r\n")))
    return "" if len(a) == len(b) else "%d parts became %d" % (len(a), len(b))
