# SPDX-License-Identifier: BSD-2-Clause
"""Dovecot's delivery agent with Pigeonhole, for one mailbox."""

import contextlib
import json
import pwd
import shutil
import socket
import subprocess
import threading

from .process import LabError

# Who owns the mailbox: root may not.
_OWNER = "nobody"

# What stands for sendmail(1). A Postfix of the laboratory takes mail of sendmail(1)
# from root alone, so the orders go to the test, which is root.
_SENDMAIL = """#!/usr/bin/python3
import json, socket, sys
with socket.socket(socket.AF_UNIX) as s:
    s.connect(%r)
    s.sendall(json.dumps([sys.argv[1:], sys.stdin.buffer.read().decode("latin-1")]).encode())
    s.shutdown(socket.SHUT_WR)
    sys.exit(int(s.recv(10)))
"""

_CONFIG = """
base_dir = {directory}/run
state_dir = {directory}/run
log_path = /dev/stderr
ssl = no
first_valid_uid = 1
first_valid_gid = 1
mail_location = maildir:~/mail
mail_plugin_dir = {modules}
hostname = mail.corp.example
postmaster_address = postmaster@corp.example
sendmail_path = {directory}/sendmail
protocol lda {{
  mail_plugins = sieve
}}
plugin {{
  sieve = ~/script.sieve
  sieve_global_dir = {directory}
}}
{more}
"""


class Dovecot:
    """Delivers to the mailbox of `user`, by the user's Sieve script.

    directory   where to live; is made. The way to it is open for all users
    debs        a Debs with "dovecot-lda"
    mta         the MTA whose sendmail(1) takes what the script sends
    user        whose mailbox; an address
    more        more configuration, such as submission_host
    """

    def __init__(self, directory, debs, mta, user, more=""):
        self.directory = directory
        self.user = user
        self._tree = debs
        self._mta = mta
        self._home = directory / "home"
        self._config = directory / "dovecot.conf"
        directory.mkdir()
        self._home.mkdir()
        shutil.chown(self._home, _OWNER)
        self._config.write_text(_CONFIG.format(
            directory=directory, more=more,
            modules=debs.package("dovecot-sieve") / "usr/lib/dovecot/modules"))
        program = directory / "sendmail"
        program.write_text(_SENDMAIL % str(directory / "socket"))
        program.chmod(0o755)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(directory / "socket"))
        (directory / "socket").chmod(0o666)
        self._listener.listen(8)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def stop(self):
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(10)
        self._listener.close()

    def deliver(self, raw, sender, script):
        """What the delivery agent makes of a message; its exit code and log."""
        path = self._home / "script.sieve"
        path.write_text(script)
        shutil.chown(path, _OWNER)
        libexec = self._tree.package("dovecot-core") / "usr/lib/dovecot"
        owner = pwd.getpwnam(_OWNER)
        # doveconf reads the configuration and becomes the agent, as it does where
        # Dovecot is installed.
        done = subprocess.run(
            [self._tree.package("dovecot-core") / "usr/bin/doveconf", "-c",
             self._config, "-f", "service=lda", "-m", "lda", "-e",
             libexec / "dovecot-lda", "-f", sender, "-a", self.user],
            input=raw, cwd="/", user=owner.pw_uid, group=owner.pw_gid,
            extra_groups=[], timeout=60, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, env=dict(
                self._tree.environment(), HOME=str(self._home), USER=self.user))
        return done.returncode, done.stdout.decode(errors="replace")

    def delivered(self):
        """The messages in the mailbox."""
        return [path.read_bytes()
                for path in sorted(self._home.glob("mail/new/*"))]

    def _serve(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection, connection.makefile("rb") as orders:
                arguments, text = json.loads(orders.read())
                try:
                    self._mta.run_sendmail(arguments, text.encode("latin-1"))
                    connection.sendall(b"0")
                except LabError:
                    connection.sendall(b"75")
