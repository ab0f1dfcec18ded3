# SPDX-License-Identifier: BSD-2-Clause
"""What Postfix and Sendmail have in common in the laboratory."""

import os
import pathlib
import shutil

from .process import Daemon, LabError, free_port, run, wait_until

HOSTNAME = "mail.corp.example"
REALM = "corp.example"


class MTA:
    """A mail server of our own on two random loopback ports.

    submission_port   STARTTLS is offered, AUTH (PLAIN, LOGIN) after it, and
                      without AUTH nothing is accepted
    plain_port        no AUTH needed and none offered: a trusted network
    directory         all its files
    ca_file           the certificate that verifies its own, for HOSTNAME

    A subclass has _configure(), which writes all configuration; _command(), the
    server's command line; and queue_files().
    """

    # Who connects to the milter's socket: it must be open for this group.
    milter_group = "root"

    def __init__(self, directory, debs, sink_port, milter=None, users=None,
                 realm=REALM, on_milter_failure="tempfail", timeouts=None,
                 extra=None, saslauthd=None, dns_port=None):
        """Nothing is written or started before start().

        directory   where to live; is made, and has to be new. The way to it
                    has to be open for all users, as scratch() makes it
        debs        a Debs with this MTA
        sink_port   all accepted mail is sent there, nothing is local
        milter      "unix:/path", "inet:port@host" or None
        users       passwords by login. One without a domain (`alice`) logs in
                    with the realm: as `alice@corp.example`, and so the milter
                    sees it.
        realm       None lets the bare login in as well, and the milter sees that.
                    (Otherwise Postfix adds the realm and Sendmail, which
                    cannot, refuses.)
        on_milter_failure   "tempfail", "reject" or "accept"
        timeouts    seconds, of the milter: "connect", "answer" (each command)
                    and "message" (the end of it)
        extra       more configuration, the MTA's own way: a dict for main.cf,
                    a list of lines for sendmail.mc; it wins over the lab's own
        saslauthd   a Saslauthd that passwords are asked of instead of `users`
        dns_port    of a name server on loopback, which names of clients are asked
                    of; without it they have none
        """
        self.directory = pathlib.Path(directory).absolute()
        self.debs = debs
        self.sink_port = sink_port
        self.milter = milter
        self.users = dict(users or {})
        self.realm = realm
        self.on_milter_failure = on_milter_failure
        self.timeouts = {"connect": 10, "answer": 30, "message": 120}
        self.timeouts.update(timeouts or {})
        self.extra = extra
        self.saslauthd = saslauthd
        self.dns_port = dns_port
        self.submission_port = None
        self.plain_port = None
        self.ca_file = self.directory / "ca.pem"
        self._log_file = self.directory / "mail.log"
        self._daemon = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_exc):
        self.stop()

    def start(self):
        """Start, and return when both ports answer.

        After stop() it may be started again, with its queue but on other ports.
        """
        if os.geteuid() != 0:
            raise LabError("the laboratory's MTAs have to be started as root")
        if len(str(self.directory)) > 80:
            raise LabError("%s: too long for the paths of the sockets in it"
                           % self.directory)
        if not self.directory.exists():
            self.directory.mkdir(parents=True)
            self.directory.chmod(0o755)     # whatever the umask
            self._make_certificates()
            if self.dns_port:
                self._build("dns_preload")
            self._prepare()
        for _attempt in range(5):
            self.submission_port = free_port()
            self.plain_port = free_port()
            self._configure()
            self._daemon = Daemon(self._command(), self._environment(),
                                  self.directory / "output")
            try:
                wait_until(self._settled, 20, "answer of " + self._name())
                taken = [p for p in self._ports() if self._daemon.misses(p)]
                if not taken and not self._daemon.ended():
                    return
            except BaseException:
                self.stop()
                raise
            self.stop()
            if not taken:
                break
        raise LabError("%s does not start:\n%s" % (self._name(), self.log()))

    def stop(self):
        """End all its processes. Its files stay, the queue included."""
        if self._daemon:
            self._daemon.stop()
            self._daemon = None

    def log(self):
        """All it has logged or printed so far.

        The log comes after the deed: see wait_for_log().
        """
        files = [self.directory / "output", self._log_file]
        return "".join(f.read_text(errors="backslashreplace")
                       for f in files if f.exists())

    def wait_for_log(self, text, count=1, timeout=10):
        """The log, as soon as it has that text, `count` times."""
        wait_until(lambda: self.log().count(text) >= count, timeout,
                   "%r in the log of %s" % (text, self._name()))
        return self.log()

    def _name(self):
        return type(self).__name__

    def _ports(self):
        return [self.submission_port, self.plain_port]

    def _settled(self):
        return (self._daemon.ended()
                or any(self._daemon.misses(p) for p in self._ports())
                or all(self._daemon.listens(p) for p in self._ports()))

    def _prepare(self):
        """Make the files that do not depend on the ports."""

    def _environment(self):
        environment = self.debs.environment()
        if self.dns_port:
            environment.update(LAB_DNS_PORT=str(self.dns_port),
                               LD_PRELOAD=str(self.directory / "dns_preload.so"))
        return environment

    def _build(self, library):
        """A library for LD_PRELOAD, as the directory's LIBRARY.so."""
        run(["cc", "-O", "-shared", "-fPIC", "-o", self.directory / (library + ".so"),
             pathlib.Path(__file__).with_name(library + ".c"), "-ldl"])

    def _write(self, name, text, mode=0o644):
        """Make or replace a file of the directory."""
        path = self.directory / name
        if not path.parent.exists():
            path.parent.mkdir()
            path.parent.chmod(0o755)
        path.write_text(text)
        path.chmod(mode)
        return path

    def _make_sasl(self, application, owner):
        """SASL's configuration and passwords, and who may read them."""
        passwords = self.directory / "sasldb2"
        method = ["pwcheck_method: auxprop", "auxprop_plugin: sasldb",
                  "sasldb_path: %s" % passwords]
        if self.saslauthd:
            method = ["pwcheck_method: saslauthd",
                      "saslauthd_path: %s" % self.saslauthd.socket]
        self._write("sasl/%s.conf" % application,
                    "\n".join([*method, "mech_list: PLAIN LOGIN", ""]))
        for login, password in self.users.items():
            user, _, domain = login.partition("@")
            realms = [domain or self.realm or REALM]
            if not domain and not self.realm:
                realms.append(HOSTNAME)     # where SASL looks for a bare login
            for realm in realms:
                run([self.debs.package("sasl2-bin") / "usr/sbin/saslpasswd2",
                     "-p", "-c", "-f", passwords, "-u", realm, user],
                    input=password.encode(), env=self.debs.environment())
        if passwords.exists():
            shutil.chown(passwords, owner)
            passwords.chmod(0o600)

    def _make_certificates(self):
        """ca.pem, and server.pem with server.key, good for a week."""
        config = self._write("openssl.cnf", "\n".join([
            "[req]", "distinguished_name = name", "prompt = no",
            "[name]", "CN = %s" % HOSTNAME,
            "[ca]", "basicConstraints = critical, CA:TRUE",
            "keyUsage = critical, keyCertSign",
            "subjectKeyIdentifier = hash",
            "[server]", "basicConstraints = critical, CA:FALSE",
            "subjectAltName = DNS:%s" % HOSTNAME,
            "subjectKeyIdentifier = hash",
            "authorityKeyIdentifier = keyid", ""]))
        for name, issuer in ("ca", []), ("server", ["-CA", self.ca_file, "-CAkey",
                                                   self.directory / "ca.key"]):
            run([self.debs.tool("openssl"), "req", "-x509", "-new", "-batch",
                 "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                 "-nodes", "-days", "7", "-config", config,
                 "-extensions", name, "-subj",
                 "/CN=" + (HOSTNAME if name == "server" else "Laboratory CA"),
                 "-keyout", self.directory / (name + ".key"),
                 "-out", self.directory / (name + ".pem")] + issuer,
                env=self.debs.environment())
            (self.directory / (name + ".key")).chmod(0o600)
