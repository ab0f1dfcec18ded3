# SPDX-License-Identifier: BSD-2-Clause
"""A private Postfix."""

import contextlib
import os
import re
import shutil
import signal
import socket
import time

from .mta import HOSTNAME, MTA
from .process import run, wait_until

# Accounts that every Debian has, so that none has to be made.
OWNER, SETGID_GROUP = "daemon", "mail"

# What Postfix's programs let through to each other.
_ENVIRONMENT = ("MAIL_CONFIG POSTLOG_SERVICE POSTLOG_HOSTNAME LD_LIBRARY_PATH "
                "SASL_PATH TZ LD_PRELOAD LAB_DNS_PORT")

# The queue's directories, by owner, group and mode.
_QUEUE = [
    (OWNER, "root", 0o700, ["active", "bounce", "corrupt", "defer", "deferred",
                            "flush", "hold", "incoming", "private", "saved",
                            "trace"]),
    (OWNER, SETGID_GROUP, 0o730, ["maildrop"]),
    (OWNER, SETGID_GROUP, 0o710, ["public"]),
    ("root", "root", 0o755, ["pid"]),
]
# Those of them that hold messages.
_MESSAGES = ["active", "corrupt", "deferred", "hold", "incoming", "maildrop"]

_MASTER_CF = """
127.0.0.1:{plain} inet n - n - 300 smtpd
127.0.0.1:{submission} inet n - n - 300 smtpd
    -o mynetworks= -o smtpd_sasl_auth_enable=yes
    -o {{ smtpd_relay_restrictions=permit_sasl_authenticated, reject }}
    -o smtpd_tls_security_level=may -o smtpd_tls_auth_only=yes
pickup    unix  n - n 60    1   pickup
cleanup   unix  n - n -     0   cleanup
qmgr      unix  n - n 300   1   qmgr
tlsmgr    unix  - - n 1000? 1   tlsmgr
rewrite   unix  - - n -     -   trivial-rewrite
bounce    unix  - - n -     0   bounce
defer     unix  - - n -     0   bounce
trace     unix  - - n -     0   bounce
verify    unix  - - n -     1   verify
flush     unix  n - n 1000? 0   flush
proxymap  unix  - - n -     -   proxymap
proxywrite unix - - n -     1   proxymap
smtp      unix  - - n -     -   smtp
relay     unix  - - n -     -   smtp
showq     unix  n - n -     -   showq
error     unix  - - n -     -   error
retry     unix  - - n -     -   error
discard   unix  - - n -     -   discard
anvil     unix  - - n -     1   anvil
scache    unix  - - n -     1   scache
postlog   unix-dgram n - n - 1  postlogd
"""


class Postfix(MTA):
    """See MTA for all that is not Postfix's own."""

    milter_group = OWNER
    # Changes of master.cf: "-o" options by service ("submission", "plain", or
    # the name of the line), and whole lines.
    service_options = {}
    more_services = ""
    _early_log = None

    def reload(self):
        """Apply changes of `extra` and the like; open sessions go on."""
        self._write_settings()
        before = self.log().count(": reload ")
        self._daemon.signal(signal.SIGHUP)
        wait_until(lambda: self.log().count(": reload ") > before, 10, "reload")
        # What is left takes milliseconds, but no log line marks its end: old
        # idle processes find out that they are not wanted any more.
        time.sleep(0.3)

    def queue_files(self):
        """Messages in the queue, by directory and name."""
        spool = self.directory / "spool"
        return sorted(
            os.path.relpath(os.path.join(top, name), spool)
            for directory in _MESSAGES
            for top, _, names in os.walk(spool / directory) for name in names)

    def sendmail(self, raw, mail_from, recipients):
        """Submit with sendmail(1), past SMTP: lines end in LF here."""
        self.run_sendmail(["-i", "-f", mail_from, "--", *recipients], raw)

    def run_sendmail(self, arguments, raw):
        """The same with the arguments as a program gives them."""
        run([self.debs.package("postfix") / "usr/sbin/sendmail",
             "-C", self.directory, *arguments],
            input=raw, env=self._environment())

    def _command(self):
        return [self.debs.package("postfix") / "usr/lib/postfix/sbin/master",
                "-c", self.directory]

    def _environment(self):
        # The last two are what postfix(1) would set.
        return dict(super()._environment(), MAIL_CONFIG=str(self.directory),
                    POSTLOG_SERVICE=str(self._postlog()),
                    POSTLOG_HOSTNAME=HOSTNAME)

    def _prepare(self):
        spool = self.directory / "spool"
        spool.mkdir()
        spool.chmod(0o755)
        for user, group, mode, names in _QUEUE:
            for name in names:
                path = spool / name
                path.mkdir()
                shutil.chown(path, user, group)
                path.chmod(mode)
        data = self.directory / "data"
        data.mkdir(mode=0o700)
        shutil.chown(data, OWNER)
        self._make_sasl("smtpd", OWNER)

    def log(self):
        if self._early_log:
            with contextlib.suppress(BlockingIOError), \
                    open(self.directory / "output", "ab") as output:
                while True:
                    output.write(self._early_log.recv(65536) + b"\n")
        return super().log()

    def stop(self):
        super().stop()
        self.log()
        if self._early_log:
            self._early_log.close()
            self._early_log = None

    def _configure(self):
        self._write_settings()
        # Until postlogd runs and replaces this socket, what goes wrong is said
        # here; without it, to the machine's syslog.
        self._early_log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._early_log.setblocking(False)
        self._postlog().unlink(missing_ok=True)
        self._early_log.bind(str(self._postlog()))

    def _postlog(self):
        return self.directory / "spool/public/postlog"

    def _write_settings(self):
        settings = dict(self._places(), **self._policy(), **self._milters())
        settings.update(self.extra or {})
        main_cf = self._write("main.cf", "".join(
            "%s = %s\n" % pair for pair in settings.items()))
        # A file that was changed within the last seconds makes each Postfix
        # program wait: it might be changing still.
        os.utime(main_cf, (0, time.time() - 60))
        self._write("master.cf", self._master_cf())

    def _master_cf(self):
        """Later options of a service win over earlier ones."""
        text = _MASTER_CF.format(plain=self.plain_port,
                                 submission=self.submission_port)
        ports = {"submission": self.submission_port, "plain": self.plain_port}
        for name, options in self.service_options.items():
            line = ("127.0.0.1:%d inet " % ports[name] if name in ports
                    else name + " ")
            start = text.index("\n" + line) + 1
            end = re.search(r"\n(?=\S)", text[start:]).start() + start
            text = text[:end] + "".join("\n    -o " + option for option in
                                        options) + text[end:]
        return text + self.more_services

    def _places(self):
        package = self.debs.package("postfix")
        return {
            "compatibility_level": "3.6",
            "config_directory": self.directory,
            "queue_directory": self.directory / "spool",
            "data_directory": self.directory / "data",
            "command_directory": package / "usr/sbin",
            "daemon_directory": package / "usr/lib/postfix/sbin",
            "shlib_directory": package / "usr/lib/postfix",
            "meta_directory": package / "etc/postfix",
            "sendmail_path": package / "usr/sbin/sendmail",
            "export_environment": _ENVIRONMENT,
            "import_environment": _ENVIRONMENT,
            "mail_owner": OWNER,
            "setgid_group": SETGID_GROUP,
            "default_privs": "nobody",
            "maillog_file": self._log_file,
            "maillog_file_prefixes": self.directory,
        }

    def _policy(self):
        return {
            "myhostname": HOSTNAME,
            "mydomain": HOSTNAME.partition(".")[2],
            "myorigin": "$mydomain",
            "mydestination": "",
            "mynetworks": "127.0.0.0/8",
            "inet_interfaces": "loopback-only",
            "inet_protocols": "ipv4",
            "smtp_dns_support_level": "disabled",
            "smtp_host_lookup": "native",
            "smtpd_peername_lookup": "yes" if self.dns_port else "no",
            "default_transport": "smtp:[127.0.0.1]:%d" % self.sink_port,
            "relay_transport": "$default_transport",
            "local_transport": "error:nothing is local here",
            "alias_maps": "",
            "alias_database": "",
            # Postfix itself adds no Date, Message-ID, From or domain.
            "local_header_rewrite_clients": "",
            "smtpd_tls_cert_file": self.directory / "server.pem",
            "smtpd_tls_key_file": self.directory / "server.key",
            "smtpd_tls_CAfile": self.ca_file,
            "smtpd_sasl_type": "cyrus",
            "smtpd_sasl_path": "smtpd",
            # Debian 12 looks in sasl/ below config_directory whatever this says.
            "cyrus_sasl_config_path": self.directory / "sasl",
            "smtpd_sasl_local_domain": self.realm or "",
            "smtpd_relay_restrictions": "permit_mynetworks, reject",
            "smtpd_recipient_restrictions": "",
            "smtpd_client_connection_count_limit": "0",
            "smtpd_client_connection_rate_limit": "0",
            "default_destination_concurrency_limit": "50",
            "queue_run_delay": "5s",
            "minimal_backoff_time": "5s",
            "maximal_backoff_time": "10s",
        }

    def _milters(self):
        if not self.milter:
            return {}
        kind, _, place = self.milter.partition(":")
        if kind == "inet":      # here the host stands first
            port, _, host = place.partition("@")
            place = "%s:%s" % (host, port)
        return {
            "smtpd_milters": "%s:%s" % (kind, place),
            "non_smtpd_milters": "$smtpd_milters",
            "milter_default_action": self.on_milter_failure,
            "milter_connect_timeout": "%gs" % self.timeouts["connect"],
            "milter_command_timeout": "%gs" % self.timeouts["answer"],
            "milter_content_timeout": "%gs" % self.timeouts["message"],
        }
