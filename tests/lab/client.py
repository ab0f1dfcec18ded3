# SPDX-License-Identifier: BSD-2-Clause
"""An SMTP client that sends the bytes it is given, however odd they are."""

import base64
import contextlib
import socket
import ssl
import typing


class Reply(typing.NamedTuple):
    """A server's reply; the lines of `text` are joined with newlines."""

    code: int
    text: str


class Result:
    """How a submission went: the reply of each stage, in order."""

    def __init__(self):
        self.replies = []       # pairs of stage and Reply
        self.accepted = False

    @property
    def stage(self):
        """The stage that decided: "message" if all was sent."""
        return self.replies[-1][0]

    @property
    def reply(self):
        """The reply that decided."""
        return self.replies[-1][1]

    def __getitem__(self, stage):
        """All replies of one stage; "rcpt" has one for each recipient."""
        return [reply for name, reply in self.replies if name == stage]

    def __repr__(self):
        return "\n".join(["accepted" if self.accepted else "not accepted"] + [
            "  %s: %d %s" % (s, r.code, r.text) for s, r in self.replies])


class Session:
    """One SMTP connection, driven step by step. Each step returns a Reply.

    A connection that the server closes raises ConnectionError. On unknown territory
    (after a kill, say) `code` is what to look at: no step insists on success, but
    starttls() only begins the handshake after 220.
    """

    def __init__(self, port, timeout=60, source=""):
        """`source` is the client's own address; any of 127.0.0.0/8 will do."""
        self._socket = socket.create_connection(("127.0.0.1", port), timeout,
                                                (source, 0))
        self._file = self._socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_exc):
        self.close()

    def close(self):
        """Drop the connection, in whatever state it is."""
        self._file.close()
        self._socket.close()

    def read_reply(self):
        """Wait for a reply; open() is this for the greeting."""
        texts = []
        while True:
            line = self._file.readline()
            if not line.endswith(b"\n"):
                raise ConnectionError("closed by the server after %r" % texts)
            row = line.decode(errors="backslashreplace").rstrip("\r\n")
            texts.append(row[4:])
            if row[3:4] != "-":
                return Reply(int(row[:3]), "\n".join(texts))

    open = read_reply

    def send(self, data):
        """Send bytes as they are."""
        self._socket.sendall(data)

    def command(self, line):
        """Send one line of text and wait for its reply."""
        self.send(line.encode(errors="surrogateescape") + b"\r\n")
        return self.read_reply()

    def ehlo(self, name="client.example"):
        return self.command("EHLO " + name)

    def starttls(self, context=None):
        """Without a context of the caller's any certificate will do."""
        reply = self.command("STARTTLS")
        if reply.code == 220:
            if context is None:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
                context.check_hostname = False
                context.verify_mode = ssl.CERT_NONE
            self._file.close()
            self._socket = context.wrap_socket(
                self._socket, server_hostname="mail.corp.example")
            self._file = self._socket.makefile("rb")
        return reply

    def auth(self, login, password, authorize_as=""):
        """AUTH PLAIN with an initial response."""
        plain = "\0".join([authorize_as, login, password]).encode()
        return self.command("AUTH PLAIN " + base64.b64encode(plain).decode())

    def mail(self, address, *args):
        """`address` goes between angle brackets; "" is the null one."""
        return self.command(" ".join(["MAIL FROM:<%s>" % address, *args]))

    def rcpt(self, address, *args):
        return self.command(" ".join(["RCPT TO:<%s>" % address, *args]))

    def data(self, raw):
        """DATA, and after 354 the message: the last of both replies."""
        reply = self.command("DATA")
        if reply.code == 354:
            self.send(stuffed(raw) + b".\r\n")
            reply = self.read_reply()
        return reply

    def quit(self):
        return self.command("QUIT")

    def leave(self):
        """QUIT, if the server is still there to hear it."""
        with contextlib.suppress(OSError):
            self.quit()


def stuffed(raw):
    """`raw` as DATA wants it: dots doubled, and a CR LF at its end.

    A line is what CR LF ends, as RFC 5321 has it; what stands between, bare CR, bare
    LF or NUL, is not looked at.
    """
    text = raw.replace(b"\r\n.", b"\r\n..")
    if text.startswith(b"."):
        text = b"." + text
    return text if text.endswith(b"\r\n") or not text else text + b"\r\n"


def submit(port, raw, mail_from, recipients, login=None, password=None,
           starttls=True, mail_args=(), source=""):
    """Submit one message and tell how it went; see Result.

    Ends at the first refusal; of several recipients one has to be accepted.
    """
    result = Result()

    def good(stage, reply, *codes):
        result.replies.append((stage, reply))
        return reply.code in codes

    with Session(port, source=source) as s, contextlib.ExitStack() as at_end:
        at_end.callback(s.leave)
        if not good("connect", s.open(), 220):
            return result
        if not good("ehlo", s.ehlo(), 250):
            return result
        if starttls and not (good("starttls", s.starttls(), 220)
                             and good("ehlo", s.ehlo(), 250)):
            return result
        if login is not None and not good(
                "auth", s.auth(login, password), 235):
            return result
        if not good("mail", s.mail(mail_from, *mail_args), 250):
            return result
        if not any([good("rcpt", s.rcpt(r), 250) for r in recipients]):
            return result
        if good("data", s.command("DATA"), 354):
            s.send(stuffed(raw) + b".\r\n")
            result.accepted = good("message", s.read_reply(), 250)
    return result
