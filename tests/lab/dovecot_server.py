# SPDX-License-Identifier: BSD-2-Clause
"""A private Dovecot to log in to, by IMAP and POP3, and by SMTP."""

import base64
import pathlib
import re
import shutil
import smtplib
import socket

from .process import Daemon, LabError, free_port, run, wait_until

# Who owns the mailboxes, and who are Dovecot's own users: accounts of every Debian.
OWNER = "daemon"

_CONF = """
base_dir = {top}/base
state_dir = {top}/state
log_path = {top}/log
libexec_dir = {lib}
mail_plugin_dir = {lib}/modules
import_environment = TZ PATH LD_LIBRARY_PATH LD_PRELOAD LAB_DOVECOT
default_login_user = nobody
default_internal_user = {owner}
default_internal_group = {owner}
first_valid_uid = 1
protocols = imap pop3
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
auth_failure_delay = 0
# What a client says of its address is believed: see login().
login_trusted_networks = 127.0.0.0/8
mail_location = maildir:{top}/mail/%u
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {top}/users
}}
service config {{
  executable = config -c {top}/dovecot.conf
}}
service anvil {{
  chroot =
  # Nobody waits because others had a wrong password.
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service pop3-login {{
  chroot =
  inet_listener pop3 {{
    port = {pop3}
  }}
  inet_listener pop3s {{
    port = 0
  }}
}}
"""

# Behind others that may be in `more`.
_USERDB = """
userdb {{
  driver = static
  args = uid={owner} gid={owner} home={top}/mail/%u
}}
"""

_SUBMISSION = """
protocols = imap pop3 submission
service submission-login {{
  chroot =
  inet_listener submission {{
    port = {submission}
  }}
  inet_listener submissions {{
    port = 0
  }}
}}
"""

# Delivery by LMTP, and scripts that users upload.
_SIEVE_CONF = """
protocols = imap pop3 lmtp sieve
hostname = mail.corp.example
postmaster_address = postmaster@corp.example
protocol lmtp {{
  mail_plugins = sieve
}}
plugin {{
  sieve = file:~/sieve;active=~/active.sieve
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {lmtp}
  }}
}}
service managesieve-login {{
  chroot =
  inet_listener sieve {{
    port = {sieve}
  }}
}}
"""


class DovecotServer:
    """Dovecot with IMAP and POP3 on random loopback ports.

    directory   where to live; is made. The way to it is open for all users
    debs        a Debs with "dovecot-server"
    users       passwords by login
    more        more configuration
    submission  its submission service listens, too; needs "dovecot-submission"
    sieve       with LMTP and ManageSieve; debs has "dovecot-sieve-server" then

    A post-login script of it is named by script(), because Dovecot empties the
    environment that it needs here.
    """

    def __init__(self, directory, debs, users, more="", submission=False, sieve=False):
        self.directory = pathlib.Path(directory).absolute()
        self.debs, self.users, self.more = debs, users, more
        self.submission, self.sieve = submission, sieve
        self.imap_port = self.pop3_port = self.submission_port = self._daemon = None
        self.lmtp_port = self.sieve_port = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        self.directory.mkdir()
        self.directory.chmod(0o755)
        mail = self.directory / "mail"
        mail.mkdir()
        shutil.chown(mail, OWNER)
        (self.directory / "users").write_text("".join(
            "%s:%s\n" % user for user in self.users.items()))
        run(["cc", "-O", "-shared", "-fPIC", "-o", self.directory / "preload.so",
             pathlib.Path(__file__).with_name("dovecot_preload.c")])
        self._link_packages()
        for _ in range(5):
            self.imap_port, self.pop3_port = free_port(), free_port()
            if self.submission:
                self.submission_port = free_port()
            if self.sieve:
                self.lmtp_port, self.sieve_port = free_port(), free_port()
            self._configure()
            self._daemon = Daemon(self._command(), self._environment(),
                                  self.directory / "output")
            wait_until(self._is_settled, 60, "start of Dovecot")
            if not self._daemon.ended():
                return
            self.stop()
        raise LabError("Dovecot does not start:\n" + self.log())

    def stop(self):
        if self._daemon:
            self._daemon.stop()
            self._daemon = None

    def script(self, path, program, programs):
        """Make `path` run `program`, which finds others in the directory `programs`."""
        environment = self._environment()
        environment["PATH"] = "%s:%s" % (programs, environment["PATH"])
        path.write_text("#!/bin/sh\nexport %s\nexec %s \"$@\"\n" % (
            " ".join("%s='%s'" % pair for pair in environment.items()), program))
        path.chmod(0o755)

    def log(self):
        return "".join(
            path.read_text(errors="backslashreplace")
            for path in (self.directory / "output", self.directory / "log")
            if path.exists())

    def login(self, protocol, user, password, address=None):
        """Log in and out by "imap" or "pop3", and say whether that went well.

        `address` is where the client comes from, as a trusted proxy tells it.
        """
        port = self.imap_port if protocol == "imap" else self.pop3_port
        with socket.create_connection(("127.0.0.1", port), 60) as s, \
                s.makefile("rb") as lines:
            if protocol == "imap":
                steps = ['a ID ("x-originating-ip" "%s")' % address] if address else []
                steps += ['b LOGIN "%s" "%s"' % (user, password)]
            else:
                steps = ["XCLIENT ADDR=%s" % address] if address else []
                steps += ["USER " + user, "PASS " + password]
            answer = lines.readline()
            for step in steps:
                s.sendall(step.encode() + b"\r\n")
                answer = lines.readline()
                while answer.startswith(b"* ID"):
                    answer = lines.readline()
            s.sendall(b"z LOGOUT\r\n" if protocol == "imap" else b"QUIT\r\n")
            lines.read()
        return re.match(rb"(b OK|\+OK)", answer) is not None

    def upload(self, user, password, script):
        """Make a script the active one of `user`, by ManageSieve."""
        secret = base64.b64encode(("\0%s\0%s" % (user, password)).encode()).decode()
        with socket.create_connection(("127.0.0.1", self.sieve_port), 60) as s, \
                s.makefile("rb") as lines:
            for step in (b"", b'AUTHENTICATE "PLAIN" "%s"' % secret.encode(),
                         b'PUTSCRIPT "mine" {%d+}\r\n%s' % (len(script), script.encode()),
                         b'SETACTIVE "mine"'):
                if step:
                    s.sendall(step + b"\r\n")
                answer = lines.readline()
                while answer and not answer.startswith((b"OK", b"NO", b"BYE")):
                    answer = lines.readline()
                if not answer.startswith(b"OK"):
                    raise LabError("%r: %r" % (step, answer))

    def deliver(self, raw, sender, recipient):
        """By LMTP."""
        with smtplib.LMTP("127.0.0.1", self.lmtp_port) as client:
            client.sendmail(sender, [recipient], raw)

    def _link_packages(self):
        """Programs and modules of all packages in one tree, as Dovecot expects them."""
        packages = ["core", "imapd", "pop3d", "sqlite"]
        packages += ["submissiond"] * self.submission
        for package in packages + ["lmtpd", "sieve", "managesieved"] * self.sieve:
            source = self.debs.package("dovecot-" + package) / "usr/lib/dovecot"
            for path in filter(pathlib.Path.is_file, source.rglob("*")):
                place = self.directory / "lib" / path.relative_to(source)
                place.parent.mkdir(parents=True, exist_ok=True)
                if not place.is_symlink():
                    place.symlink_to(path)

    def _configure(self):
        path = self.directory / "dovecot.conf"
        submission = _SUBMISSION.format(submission=self.submission_port)
        sieve = _SIEVE_CONF.format(lmtp=self.lmtp_port, sieve=self.sieve_port)
        path.write_text(_CONF.format(
            top=self.directory, owner=OWNER, imap=self.imap_port,
            pop3=self.pop3_port, lib=self.directory / "lib")
            + submission * self.submission + sieve * self.sieve + self.more
            + _USERDB.format(top=self.directory, owner=OWNER))

    def _command(self):
        core = self.debs.package("dovecot-core") / "usr"
        # dovecot(8) itself would run doveconf where it is compiled to be.
        return [core / "bin/doveconf", "-f", "service=master", "-c",
                self.directory / "dovecot.conf", "-m", "master", "-p", "-e",
                core / "sbin/dovecot", "-F"]

    def _environment(self):
        return dict(self.debs.environment(),
                    LD_PRELOAD=str(self.directory / "preload.so"),
                    LAB_DOVECOT=str(self.directory / "lib"))

    def _is_settled(self):
        ports = (self.imap_port, self.pop3_port, self.submission_port, self.lmtp_port,
                 self.sieve_port)
        return self._daemon.ended() or all(
            self._daemon.listens(port) for port in ports if port)
