# SPDX-License-Identifier: BSD-2-Clause
"""An SMTP server that keeps every message exactly as it came over the wire."""

import dataclasses
import socket
import threading
import time

from .process import LabError


@dataclasses.dataclass
class Message:
    """One delivered message with its envelope."""

    mail_from: str
    mail_args: list     # of MAIL FROM, such as BODY=8BITMIME
    recipients: list
    data: bytes         # as received, only dot-stuffing undone


class Sink:
    """Accepts all mail on a loopback port until stop(); see `messages`.

    `address` gives another loopback address, or a certain port. A recipient in
    `refused` gets 550, one in `later` 450.
    """

    def __init__(self, eightbitmime=True, smtputf8=True, address=("127.0.0.1", 0),
                 refused=(), later=()):
        self.messages = []
        self._refused, self._later = refused, later
        self._extensions = ["sink", "SIZE 0"]
        self._extensions += ["8BITMIME"] if eightbitmime else []
        self._extensions += ["SMTPUTF8"] if smtputf8 else []
        self._changed = threading.Condition()
        self._connections = set()
        self._threads = []
        self._listener = socket.create_server(address, backlog=512)
        self.port = self._listener.getsockname()[1]
        self._start(self._accept)

    def __enter__(self):
        return self

    def __exit__(self, *_exc):
        self.stop()

    def wait_for(self, count, timeout=20):
        """All messages so far, as soon as there are `count` of them."""
        with self._changed:
            if not self._changed.wait_for(
                    lambda: len(self.messages) >= count, timeout):
                raise LabError("%d messages instead of %d after %g s" % (
                    len(self.messages), count, timeout))
            return list(self.messages)

    def stop(self):
        """Close the port and all connections."""
        # Only shutdown() wakes a thread that waits in accept() or recv().
        for s in [self._listener] + list(self._connections):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        end = time.monotonic() + 10
        for thread in self._threads:
            thread.join(max(0, end - time.monotonic()))
        self._listener.close()

    def _start(self, target, *args):
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._connections.add(connection)
            self._start(self._serve, connection)

    def _serve(self, connection):
        try:
            with connection, connection.makefile("rb") as lines:
                self._converse(connection, lines)
        except OSError:
            pass    # the client went away in the middle, or stop() was called
        finally:
            self._connections.discard(connection)

    def _converse(self, connection, lines):
        def reply(*texts, code=250):
            rows = ["%d%s%s\r\n" % (code, " " if i == len(texts) else "-", t)
                    for i, t in enumerate(texts, 1)]
            connection.sendall("".join(rows).encode())

        message = None
        reply("sink ESMTP", code=220)
        for line in lines:
            verb, _, rest = line.rstrip(b"\r\n").decode(
                errors="surrogateescape").partition(" ")
            verb = verb.upper()
            if verb in ("EHLO", "LHLO"):
                reply(*self._extensions)
            elif verb == "MAIL":
                address, args = _path(rest)
                message = Message(address, args, [], b"")
                reply("2.1.0 ok")
            elif verb == "RCPT" and message and _path(rest)[0] in self._refused:
                reply("5.1.1 nobody here", code=550)
            elif verb == "RCPT" and message and _path(rest)[0] in self._later:
                reply("4.2.0 not now", code=450)
            elif verb == "RCPT" and message:
                message.recipients.append(_path(rest)[0])
                reply("2.1.5 ok")
            elif verb == "DATA" and message and message.recipients:
                reply("go on", code=354)
                message.data = _text(lines)
                with self._changed:
                    self.messages.append(message)
                    self._changed.notify_all()
                message = None
                reply("2.0.0 stored")
            elif verb in ("HELO", "RSET", "NOOP"):
                message = None if verb != "NOOP" else message
                reply("2.0.0 ok")
            elif verb == "QUIT":
                reply("2.0.0 bye", code=221)
                return
            else:
                reply("5.5.1 not here", code=503)


def _path(argument):
    """The address and the ESMTP parameters of `FROM:<a> X=y` or `TO:<a>`."""
    path, _, args = argument.partition(":")[2].strip().partition(">")
    return path.lstrip("<"), args.split()


def _text(lines):
    """The text up to the final dot. Only CR LF ends a line here."""
    parts = []
    starts = True
    for line in lines:
        if starts and line == b".\r\n":
            return b"".join(parts)
        parts.append(line[1:] if starts and line.startswith(b".") else line)
        starts = line.endswith(b"\r\n")
    raise ConnectionError("the client left in the middle of a message")
