# SPDX-License-Identifier: BSD-2-Clause
"""Message shapes: what submitted mail looks like, and what an MTA may do to it.

Each is bytes with CR LF and a reason why it is here. Files shapes_*.py define
them by area; all() has them in order. A shape is honest: alice@corp.example wrote
it, so that nothing but its form can be a reason to refuse it.
"""

import base64
import dataclasses
import importlib
import typing

AREAS = ("header", "address", "body", "mime", "parts", "frames", "sealed", "programs")

BODY = b"Hello,\r\n\r\nthis is text.\r\n"
_BASE = (
    (b"From", b" Alice <alice@corp.example>"),
    (b"To", b" friend@far.example"),
    (b"Subject", b" hello"),
    (b"Date", b" Mon, 23 Nov 2026 10:15:30 +0100"),
    (b"Message-ID", b" <1@corp.example>"),
)


@dataclasses.dataclass(frozen=True)
class Shape:
    name: str
    area: str
    why: str
    # The message, or what makes it of a clients.Clients, which has the keys.
    source: typing.Union[bytes, typing.Callable]
    mail_args: tuple = ()
    quick: bool = False             # in the short form
    signed_by: typing.Optional[str] = None     # "smime" or "pgp": by the client
    alone: bool = False             # may leave the session out of step


_shapes = {}


def all():
    """Every shape, by name."""
    for area in AREAS:
        importlib.import_module("shapes_" + area)
    return {s.name: s for area in AREAS for s in _shapes.values() if s.area == area}


class Area:
    """Defines the shapes of one file."""

    def __init__(self, name):
        self.name = name

    def __call__(self, name, why, source, **more):
        if name in _shapes:
            raise ValueError("two shapes are called " + name)
        _shapes[name] = Shape(name, self.name, why, source, **more)


def text(value):
    """Text of these files as the bytes of a message: lines end in CR LF."""
    if isinstance(value, str):
        value = value.encode()
    return value.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def message(*fields, body=BODY, without=(), first=()):
    """A complete message with more or other fields.

    `fields` are lines such as b"To: x@y.example"; the first one of a name takes
    the place of the usual one. `without` names usual ones that are left out,
    `first` has lines that stand on top.
    """
    lines = [f for f in fields]
    out = list(first)
    for name, value in _BASE:
        other = [f for f in lines if f.split(b":")[0].strip().lower() == name.lower()]
        if name.decode() in without:
            continue
        if other:
            out.append(other[0])
            lines.remove(other[0])
        else:
            out.append(name + b":" + value)
    return b"".join(f + b"\r\n" for f in out + lines) + b"\r\n" + body


def mime(content_type, encoding, body, *fields, version=True, **more):
    """A message with a body of that type; encoding may be None."""
    head = [b"MIME-Version: 1.0"] if version else []
    if content_type is not None:
        head.append(b"Content-Type: " + content_type)
    if encoding is not None:
        head.append(b"Content-Transfer-Encoding: " + encoding)
    return message(*fields, *head, body=body, **more)


def part(content_type, encoding, body, *fields):
    """A part of a multipart, without its delimiter."""
    head = [b"Content-Type: " + content_type] if content_type is not None else []
    if encoding is not None:
        head.append(b"Content-Transfer-Encoding: " + encoding)
    return b"".join(f + b"\r\n" for f in (*head, *fields)) + b"\r\n" + body


def multipart(*parts, boundary=b"=_b1", preamble=b"", epilogue=b""):
    """The body of a multipart."""
    return (preamble + b"".join(b"--" + boundary + b"\r\n" + p + b"\r\n" for p in parts)
            + b"--" + boundary + b"--\r\n" + epilogue)


def words(length, word=b"word"):
    """A line of words of exactly that length."""
    line = (word + b" ") * (length // (len(word) + 1) + 1)
    return line[:length - 1].rstrip(b" ").ljust(length - 1, b"x") + b"."


def base64_lines(data, width=76):
    coded = base64.b64encode(data)
    return b"".join(coded[i:i + width] + b"\r\n" for i in range(0, len(coded), width))
