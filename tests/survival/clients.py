# SPDX-License-Identifier: BSD-2-Clause
"""What a mail program does that signs by itself: S/MIME by openssl, PGP by gpg."""

import email
import os
import re
import subprocess
import time


class Clients:
    """Keys of Alice's, in a directory of their own, made when first needed."""

    def __init__(self, directory):
        self._directory = directory
        directory.mkdir(mode=0o700)
        self._made = set()

    def smime(self, part, opaque=False):
        """A part signed: the fields from MIME-Version on, and the body."""
        self._need_smime()
        out = self._run(["openssl", "smime", "-sign", "-signer", "cert.pem", "-inkey",
                         "key.pem", "-md", "sha256"] + (["-nodetach", "-binary"] if opaque
                        else ["-binary"]), part)
        # openssl ends its own lines with LF only and copies ours.
        return re.sub(rb"\r*\n", b"\r\n", out)

    def smime_encrypted(self, part):
        self._need_smime()
        out = self._run(["openssl", "smime", "-encrypt", "-aes256", "cert.pem"], part)
        return re.sub(rb"\r*\n", b"\r\n", out)

    def pgp(self, part):
        """The detached signature of a part, in armour."""
        self._need_pgp()
        out = self._run(["gpg", "--batch", "--armor", "--detach-sign"], part)
        return re.sub(rb"\r*\n", b"\r\n", out)

    def verifies(self, kind, message):
        """Whether the signature that the client made is valid in a message."""
        signed = _signed_part(message)
        if kind == "smime":
            return self._holds(["openssl", "smime", "-verify", "-CAfile", "cert.pem",
                                "-purpose", "any"], _smime_entity(message))
        if signed is None:
            return False
        part, signature = signed
        (self._directory / "sig").write_bytes(signature)
        return self._holds(["gpg", "--batch", "--verify", "sig", "-"], part)

    def close(self):
        """gpg leaves an agent behind, which takes its sockets along when it ends."""
        if "pgp" not in self._made:
            return
        subprocess.run(["gpgconf", "--kill", "all"], env=self._environment())
        until = time.monotonic() + 5
        while any(self._directory.glob("S.*")) and time.monotonic() < until:
            time.sleep(0.02)

    def _need_smime(self):
        if "smime" not in self._made:
            self._run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes",
                       "-keyout", "key.pem", "-out", "cert.pem", "-days", "7",
                       "-subj", "/CN=Alice/emailAddress=alice@corp.example"], b"")
            self._made.add("smime")

    def _need_pgp(self):
        if "pgp" not in self._made:
            self._made.add("pgp")
            self._run(["gpg", "--batch", "--passphrase", "", "--quick-generate-key",
                       "Alice <alice@corp.example>", "default", "sign", "never"], b"")

    def _environment(self):
        return dict(os.environ, GNUPGHOME=str(self._directory), LC_ALL="C")

    def _run(self, command, data):
        done = subprocess.run(command, input=data, cwd=self._directory,
                              env=self._environment(), stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE)
        if done.returncode:
            raise RuntimeError("%s: %s" % (command[0], done.stderr.decode()))
        return done.stdout

    def _holds(self, command, data):
        return subprocess.run(command, input=data, cwd=self._directory,
                              env=self._environment(), stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL).returncode == 0


def _smime_entity(message):
    """The part that openssl looks at: the message, or what lies inside of it."""
    parsed = email.message_from_bytes(message)
    kind = parsed.get_content_type()
    if kind in ("multipart/signed", "application/pkcs7-mime",
                "application/x-pkcs7-mime"):
        return message
    # Inside of another multipart: from the head of that part on.
    at = message.find(b"Content-Type: multipart/signed")
    return message[at:] if at >= 0 else message


def _signed_part(message):
    """The octets of the first part of a multipart/signed, and the second one."""
    for part in email.message_from_bytes(message).walk():
        if part.get_content_type() == "multipart/signed":
            mark = b"\r\n--" + part.get_boundary().encode()
            pieces = message.split(mark)
            if len(pieces) < 3:
                return None
            signature = email.message_from_bytes(pieces[2].partition(b"\r\n")[2])
            return (pieces[1].partition(b"\r\n")[2],
                    signature.get_payload(decode=True) or b"")
    return None
