# SPDX-License-Identifier: BSD-2-Clause
"""Private proxies in front of an MTA: nginx's mail proxy, and HAProxy."""

import pathlib

from .process import Daemon, LabError, free_port, wait_until

_NGINX = """
load_module {modules}/ngx_mail_module.so;
daemon off;
user nobody nogroup;
worker_processes 1;
pid {directory}/pid;
error_log {directory}/log info;
events {{ }}
"""
_HAPROXY = """
defaults
    mode tcp
    timeout connect 10s
    timeout client 60s
    timeout server 60s
"""


class Proxy:
    """A proxy that listens on a random loopback port.

    directory   where to live; is made
    debs        a Debs with "proxies"
    config      its configuration, with @PORT@ for the port where it listens
    """

    def __init__(self, directory, debs, config):
        self.directory = pathlib.Path(directory).absolute()
        self.debs, self.config = debs, config
        self.port = self._daemon = None

    def start(self):
        self.directory.mkdir()
        self.directory.chmod(0o755)
        for _ in range(5):
            self.port = free_port()
            (self.directory / "conf").write_text(self._settings() + self.config.replace(
                "@PORT@", str(self.port)))
            self._daemon = Daemon(self._command(), self.debs.environment(),
                                  self.directory / "output")
            wait_until(lambda: self._daemon.ended() or self._daemon.listens(self.port),
                       20, "port of the proxy")
            if not self._daemon.ended():
                return self
            self.stop()
        raise LabError("the proxy does not start:\n" + self.log())

    def stop(self):
        if self._daemon:
            self._daemon.stop()
            self._daemon = None

    def log(self):
        return "".join(
            path.read_text(errors="backslashreplace")
            for path in (self.directory / "output", self.directory / "log") if path.exists())

    def _settings(self):
        raise NotImplementedError

    def _command(self):
        raise NotImplementedError


class Nginx(Proxy):
    """`config` has the block "mail" and what stands beside it."""

    def _settings(self):
        return _NGINX.format(
            directory=self.directory,
            modules=self.debs.package("libnginx-mod-mail") / "usr/lib/nginx/modules")

    def _command(self):
        return [self.debs.package("nginx") / "usr/sbin/nginx", "-p", self.directory,
                "-e", self.directory / "log", "-c", self.directory / "conf"]


class HAProxy(Proxy):
    """`config` has the frontends and backends."""

    def _settings(self):
        return _HAPROXY

    def _command(self):
        return [self.debs.package("haproxy") / "usr/sbin/haproxy", "-db", "-f",
                self.directory / "conf"]
