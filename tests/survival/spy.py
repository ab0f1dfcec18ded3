# SPDX-License-Identifier: BSD-2-Clause
"""Stands between an MTA and a milter, and keeps what each told the other.

What the signer saw and what it wanted to be sent is the only ground on which to
say who changed a message: the MTA before it, the milter, or the MTA after it.
"""

import contextlib
import os
import shutil
import socket
import struct
import threading

LEADSPC = 0x100000      # SMFIP_HDR_LEADSPC: values keep their first blank
NORCPT = 0x8            # SMFIP_NORCPT: the milter wants no recipients
NR_RCPT = 0x8000        # SMFIP_NR_RCPT: or none with an answer
_ANSWERS = b"cadrtyxfs"  # what ends a milter's turn
_MUTE = b"DAQK"         # commands that get no answer


class Seen:
    """One message as the milter got it, and what became of it there."""

    def __init__(self, leading_space):
        self.fields = []        # pairs of name and value
        self.chunks = []
        self.changes = []       # the milter's packets, at the end of the message
        self.answer = b""       # its last packet: "c", "r", "y550 5.7.1 ..."
        self._leading_space = leading_space

    def received(self):
        """What the milter was shown, as one message."""
        return _message(self.fields, b"".join(self.chunks), self._leading_space)

    def wanted(self):
        """What the milter wants to be sent."""
        fields, body = list(self.fields), b"".join(self.chunks)
        new_body = []
        for packet in self.changes:
            kind, rest = packet[:1], packet[1:]
            if kind == b"b":
                new_body.append(rest)
            elif kind == b"h":
                fields.append(tuple(rest.split(b"\0")[:2]))
            elif kind == b"i":
                index = struct.unpack("!I", rest[:4])[0]
                fields.insert(index, tuple(rest[4:].split(b"\0")[:2]))
            elif kind == b"m":
                index = struct.unpack("!I", rest[:4])[0]
                name, value = rest[4:].split(b"\0")[:2]
                _change(fields, index, name, value)
        fields = [f for f in fields if f]
        body = b"".join(new_body) if new_body else body
        return _message(fields, body, self._leading_space)


def _change(fields, index, name, value):
    same = [i for i, f in enumerate(fields) if f and f[0].lower() == name.lower()]
    if index <= len(same):
        # A field that is deleted leaves a gap: that is how Sendmail counts, and
        # whoever works from the highest index down cannot tell.
        fields[same[max(index, 1) - 1]] = (name, value) if value else None
    elif value:
        fields.append((name, value))


def _message(fields, body, leading_space):
    blank = b"" if leading_space else b" "
    return b"".join(name + b":" + blank + value.replace(b"\n", b"\r\n") + b"\r\n"
                    for name, value in fields) + b"\r\n" + body


class Spy:
    """A milter socket at `path` for one MTA; `target` is the real milter's.

    Without a target it is itself a milter, one that changes nothing.
    """

    def __init__(self, path, group):
        self.socket = "unix:%s" % path
        self.target = None
        self.seen = {}          # by recipient
        self.told = []          # at each MAIL: macros by name, and "client"
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        shutil.chown(path, group=group)
        os.chmod(path, 0o660)
        self._listener.listen(512)
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self):
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,),
                             daemon=True).start()

    def _serve(self, mta):
        session = _Session(self.seen, self.told)
        with mta, contextlib.suppress(OSError):
            if self.target is None:
                while True:
                    packet = _read(mta)
                    session.from_mta(packet)
                    answer = _continue(packet)
                    if answer:
                        _write(mta, session.from_milter(answer))
            with socket.socket(socket.AF_UNIX) as milter:
                milter.connect(self.target)
                back = threading.Thread(target=_pass, daemon=True, args=(
                    milter, mta, session.from_milter))
                back.start()
                _pass(mta, milter, session.from_mta)
                back.join(10)


def _continue(packet):
    if packet[:1] == b"O":
        return b"O" + struct.pack("!III", 6, 0, LEADSPC)
    return b"" if packet[:1] in _MUTE or not packet else b"c"


def _pass(source, target, look):
    """Hands each packet on as `look` returns it; None: it is answered here."""
    try:
        while True:
            packet = look(_read(source))
            if packet is None:
                _write(source, b"c")
            elif packet:
                _write(target, packet)
    except OSError:
        pass
    finally:
        for s in source, target:
            with contextlib.suppress(OSError):
                s.shutdown(socket.SHUT_RDWR)


def _read(connection):
    size = struct.unpack("!I", _exactly(connection, 4))[0]
    return _exactly(connection, size)


def _exactly(connection, size):
    parts = []
    while size:
        part = connection.recv(min(size, 1 << 20))
        if not part:
            raise ConnectionError("end of connection")
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _write(connection, packet):
    connection.sendall(struct.pack("!I", len(packet)) + packet)


class _Session:
    """What is said on one connection."""

    def __init__(self, seen, told):
        self._seen = seen
        self._told = told
        self._macros = {}       # by the command that they came before
        self._client = ""
        self._leading_space = False
        self._no_recipients = False
        self._current = Seen(False)
        self._at_end = False

    def from_mta(self, packet):
        kind, rest = packet[:1], packet[1:]
        if kind == b"D":
            parts = rest[1:].decode(errors="surrogateescape").split("\0")
            self._macros[rest[:1]] = dict(zip(parts[::2], parts[1::2]))
        elif kind == b"C":
            # Host name, family, port, address.
            self._client = rest.partition(b"\0")[2][3:].rstrip(b"\0").decode()
        if kind == b"M":
            self._told.append({"client": self._client, **self._macros.get(b"C", {}),
                               **self._macros.get(b"M", {})})
            self._current = Seen(self._leading_space)
            self._at_end = False
        elif kind == b"R":
            recipient = rest.split(b"\0")[0].strip(b"<>").decode(errors="replace")
            self._seen[recipient] = self._current
            if self._no_recipients:
                return None
        elif kind == b"D" and rest[:1] == b"R" and self._no_recipients:
            return b""
        elif kind == b"L":
            self._current.fields.append(tuple(rest.split(b"\0")[:2]))
        elif kind in (b"B", b"E"):
            self._current.chunks.append(rest)
            self._at_end = self._at_end or kind == b"E"
        return packet

    def from_milter(self, packet):
        kind = packet[:1]
        if kind == b"O":
            # By its recipient we know a message again, so the MTA has to tell them.
            version, actions, steps = struct.unpack("!III", packet[1:13])
            self._leading_space = bool(steps & LEADSPC)
            self._no_recipients = bool(steps & NORCPT)
            if self._no_recipients:
                steps &= ~(NORCPT | NR_RCPT)
            return b"O" + struct.pack("!III", version, actions, steps) + packet[13:]
        if kind and kind in _ANSWERS:
            if kind not in b"cs" or self._at_end:
                self._current.answer = packet
        elif self._at_end and kind in (b"h", b"m", b"i", b"b"):
            self._current.changes.append(packet)
        return packet
