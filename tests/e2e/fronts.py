# SPDX-License-Identifier: BSD-2-Clause
"""What stands in front of an MTA in test_proxies.py, set up as docs/recipes.md says."""

import http.server
import itertools
import re
import threading
import urllib.parse

from common import HERE, lab
from lab.process import free_port

_RECIPES = (HERE.parent.parent / "docs/recipes.md").read_text()
_number = itertools.count()


def blocks(heading):
    """The blocks of code below a heading of the recipes."""
    text = re.search(r"^#+ %s\n(.*?)(?=^#|\Z)" % re.escape(heading), _RECIPES,
                     re.M | re.S).group(1)
    return re.findall(r"^```\w+\n(.*?)^```$", text, re.M | re.S)


def recipe(heading, index, changes):
    """One of them, with the paths and ports of the test."""
    text = blocks(heading)[index]
    for old, new in changes.items():
        if old not in text:
            raise AssertionError("%s has no %s:\n%s" % (heading, old, text))
        text = text.replace(old, str(new))
    return text


class Postfix(lab.Postfix):
    """With the services of the recipes; `ports` are theirs, by those that they have there."""

    dovecot_auth = "none"       # the socket of Dovecot's SASL

    def _configure(self):
        self.ports = {name: free_port() for name in (
            "10587", "again", "10588", "no TLS", "Dovecot")}
        proxied = recipe("The service in Postfix", 0, {"=192.0.2.80": "=127.0.0.1"})
        # One that may tell another client after the first one.
        again = proxied.replace("=127.0.0.1", "=127.0.0.7,192.0.2.0/24").replace(
            "10587", "again") + "  -o smtpd_tls_security_level=may\n"
        haproxy = blocks("HAProxy")[1]
        # For nginx, which speaks no TLS to Postfix; and for another kind of SASL.
        plain = haproxy.replace("=encrypt", "=may").replace("10588", "no TLS")
        dovecot = plain.replace("no TLS", "Dovecot").replace(
            "smtpd_upstream_proxy_protocol=haproxy", "smtpd_sasl_type=dovecot\n"
            "  -o smtpd_sasl_path=%s" % self.dovecot_auth)
        self.more_services = "".join(
            "127.0.0.1:%d %s" % (self.ports[name], text[len(name):]
                                 .replace("-       y ", "-       n ")
                                 .replace("unix:submilter/submilter.sock", self.milter))
            for name, text in (("10587", proxied), ("again", again),
                               ("10588", haproxy), ("no TLS", plain),
                               ("Dovecot", dovecot)))
        super()._configure()

    def _ports(self):
        return super()._ports() + list(self.ports.values())


class PasswordServer:
    """What nginx asks by auth_http. It looks at the whole name, as the recipe says."""

    def __init__(self, users, mta_port):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                name, password = (urllib.parse.unquote(self.headers[field]) for field in
                                  ("Auth-User", "Auth-Pass"))
                if self.headers["Auth-Method"] == "none" or users.get(name) == password:
                    self.send_header("Auth-Status", "OK")
                    self.send_header("Auth-Server", "127.0.0.1")
                    self.send_header("Auth-Port", str(mta_port))
                else:
                    self.send_header("Auth-Status", "Invalid login or password")
                self.end_headers()

            def log_message(self, *_):
                pass
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()


def start_nginx(test, mta, port, changes=()):
    """nginx before a port of an MTA, as the recipe has it but for `changes`."""
    server = PasswordServer(test.users, port)
    test.addCleanup(server.stop)
    text = recipe("nginx", 0, {
        "127.0.0.1:9000": "127.0.0.1:%d" % server.port, "587;": "127.0.0.1:@PORT@;",
        "/etc/ssl/mail.example.org.pem": mta.directory / "server.pem",
        "/etc/ssl/private/mail.example.org.key": mta.directory / "server.key",
        **dict(changes)})
    return _start(test, lab.Nginx(_place(test), test.debs, text))


def start_haproxy(test, port, changes=()):
    return _start(test, lab.HAProxy(_place(test), test.debs, recipe("HAProxy", 0, {
        ":587": "127.0.0.1:@PORT@", "192.0.2.25:10588": "127.0.0.1:%d" % port,
        **dict(changes)})))


def start_dovecot(test, more, users=None):
    return _start(test, lab.DovecotServer(
        _place(test), test.debs, users or test.users, more, submission=True))


def relay_settings(port):
    """Dovecot's submission service before a service of Postfix that takes XCLIENT."""
    return recipe("Dovecot's submission service", 0, {
        "192.0.2.25": "127.0.0.1", "10587": port})


def relay_settings_with_login(port):
    """The same, but that Dovecot logs in with an authorization identity."""
    return recipe("Dovecot's submission service", 0, {
        "192.0.2.25": "127.0.0.1", "10587": port, "submission_relay_trusted = yes\n": ""}
        ) + blocks("Dovecot's submission service")[1]


def _place(test):
    return test.world.top / ("front%d" % next(_number))


def _start(test, front):
    test.addCleanup(front.stop)
    front.start()
    return front
