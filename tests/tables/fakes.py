# SPDX-License-Identifier: BSD-2-Clause
"""Servers of tables, on the loopback, that say what one likes."""

import contextlib
import socket
import threading
import urllib.parse


class Server:
    """Answers each connection in a thread; `rows` has a value for each key.

    `reply`, if given, makes the octets that are sent for a key in the place of what
    `rows` says; None closes the connection. `each` closes it after so many replies.
    """

    def __init__(self, rows=None, reply=None, each=None, port=0):
        self.rows = rows or {}
        self.reply = reply or self.right_reply
        self.each = each
        self.asked = []
        self.listener = socket.create_server(("127.0.0.1", port), backlog=64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)    # ends accept()
        self.listener.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,),
                             daemon=True).start()

    def _serve(self, connection):
        with contextlib.suppress(ConnectionError), connection, \
                connection.makefile("rb") as stream:
            count = 0
            while self.each is None or count < self.each:
                key = self.read_key(stream)
                if key is None:
                    return
                self.asked.append(key)
                reply = self.reply(key)
                if reply is None:
                    return
                try:
                    connection.sendall(reply)
                except OSError:
                    return
                count += 1


class Socketmap(Server):
    def name(self):
        return "socketmap:inet:127.0.0.1:%d:map" % self.port

    @staticmethod
    def read_key(stream):
        digits = b""
        while not digits.endswith(b":"):
            octet = stream.read(1)
            if not octet:
                return None
            digits += octet
        query = stream.read(int(digits[:-1]) + 1)
        name, _, key = query[:-1].partition(b" ")
        return key if name == b"map" else None

    @staticmethod
    def wrap(reply):
        return b"%d:%s," % (len(reply), reply)

    def right_reply(self, key):
        value = self.rows.get(key)
        return self.wrap(b"NOTFOUND " if value is None else b"OK " + value)


class Tcp(Server):
    def name(self):
        return "tcp:127.0.0.1:%d" % self.port

    @staticmethod
    def read_key(stream):
        line = stream.readline()
        if not line.endswith(b"\n"):
            return None
        return urllib.parse.unquote_to_bytes(line[:-1].removeprefix(b"get "))

    @staticmethod
    def wrap(reply):
        return reply + b"\n"

    def right_reply(self, key):
        value = self.rows.get(key)
        return b"500 none\n" if value is None else \
            b"200 " + urllib.parse.quote_from_bytes(value).encode() + b"\n"


class Redis(Server):
    """Says `reply` to each command but PING, a list of words."""

    @staticmethod
    def read_key(stream):
        line = stream.readline()
        if not line.startswith(b"*"):
            return None
        words = []
        for _ in range(int(line[1:])):
            words.append(stream.read(int(stream.readline()[1:]) + 2)[:-2])
        return words

    def __init__(self, reply, **how):
        super().__init__(
            reply=lambda words: b"+PONG\r\n" if words == [b"PING"]
            else reply(words), **how)


class Memcached(Server):
    """Says `reply` to each line; to a value that it is given, too."""

    @staticmethod
    def read_key(stream):
        line = stream.readline()
        if line.startswith(b"set "):
            line += stream.readline()
        return line or None


class Silent(Server):
    """Says `said` to everybody, and nothing more."""

    def __init__(self, said=b""):
        self.said = said
        super().__init__(reply=lambda key: None)

    def _serve(self, connection):
        with connection, contextlib.suppress(OSError):
            connection.sendall(self.said)
            while connection.recv(4096):
                pass
