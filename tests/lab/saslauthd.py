# SPDX-License-Identifier: BSD-2-Clause
"""A private saslauthd, with users that only it sees."""

import pathlib

from .process import Daemon, LabError, run, wait_until


class Saslauthd:
    """saslauthd -a getpwent, which looks at the user alone.

    Its passwd file is private: libnss_wrapper puts it before the machine's own. Users
    have no domain. `options` are further ones, such as "-r", with which it looks for a
    user that is called like the whole login.
    """

    def __init__(self, directory, debs, users, options=()):
        self.directory = pathlib.Path(directory).absolute()
        self.debs = debs
        self.users = users
        self.options = list(options)
        self.socket = self.directory / "mux"
        self._daemon = None

    def start(self):
        self.directory.mkdir()
        self.directory.chmod(0o755)
        (self.directory / "group").write_text("")
        (self.directory / "passwd").write_text("".join(
            "%s:%s:%d:%d::/nonexistent:/bin/false\n" % (user, self._hash(password),
                                                        20001 + i, 20001 + i)
            for i, (user, password) in enumerate(self.users.items())))
        wrapper, = self.debs.package("libnss-wrapper").glob(
            "usr/lib/*/libnss_wrapper.so")
        self._daemon = Daemon(
            [self.debs.package("sasl2-bin") / "usr/sbin/saslauthd", "-a", "getpwent",
             "-m", self.directory, "-n", "1", "-d", *self.options],
            dict(self.debs.environment(), LD_PRELOAD=str(wrapper),
                 NSS_WRAPPER_PASSWD=str(self.directory / "passwd"),
                 NSS_WRAPPER_GROUP=str(self.directory / "group")),
            self.directory / "output")
        wait_until(lambda: self.socket.exists() or self._daemon.ended(), 10,
                   "socket of saslauthd")
        if self._daemon.ended():
            raise LabError("saslauthd does not start:\n" + self.log())
        return self

    def stop(self):
        if self._daemon:
            self._daemon.stop()
            self._daemon = None

    def log(self):
        output = self.directory / "output"
        return output.read_text(errors="backslashreplace") if output.exists() else ""

    def _hash(self, password):
        return run([self.debs.tool("openssl"), "passwd", "-6", "-stdin"],
                   input=password.encode(), env=self.debs.environment()).decode().strip()
