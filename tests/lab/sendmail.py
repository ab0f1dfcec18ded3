# SPDX-License-Identifier: BSD-2-Clause
"""A private Sendmail."""

import shutil

from .mta import HOSTNAME, MTA
from .process import run

# Every line of it is for m4, whose quotes are ` and '.
_SENDMAIL_MC = """\
include(`{cf}/m4/cf.m4')dnl
OSTYPE(`linux')dnl
define(`confDOMAIN_NAME', `{hostname}')dnl
dnl Directories below /tmp and files of users that are made here.
define(`confDONT_BLAME_SENDMAIL', `TrustStickyBit,GroupReadableSASLDBFile,GroupReadableKeyFile')dnl
define(`confTRUSTED_USER', `root')dnl
define(`confDEF_USER_ID', `8:8')dnl
define(`QUEUE_DIR', `{top}/queue')dnl
define(`STATUS_FILE', `{top}/statistics')dnl
define(`confPID_FILE', `{top}/sendmail.pid')dnl
define(`ALIAS_FILE', `{top}/aliases')dnl
define(`HELP_FILE', `{top}/helpfile')dnl
define(`confCW_FILE', `{top}/local-host-names')dnl
define(`confCONTROL_SOCKET_NAME', `')dnl
define(`confHOST_STATUS_DIRECTORY', `')dnl
define(`confSERVICE_SWITCH_FILE', `{top}/service.switch')dnl
define(`confTO_IDENT', `0')dnl
define(`confCACERT_PATH', `{top}')dnl
define(`confCACERT', `{top}/ca.pem')dnl
define(`confSERVER_CERT', `{top}/server.pem')dnl
define(`confSERVER_KEY', `{top}/server.key')dnl
define(`confAUTH_MECHANISMS', `PLAIN LOGIN')dnl
TRUST_AUTH_MECH(`PLAIN LOGIN')dnl
dnl No password without TLS.
define(`confAUTH_OPTIONS', `p,y')dnl
define(`confLOG_LEVEL', `14')dnl
define(`confMILTER_LOG_LEVEL', `9')dnl
dnl A test machine may be busy.
define(`confQUEUE_LA', `200')dnl
define(`confREFUSE_LA', `400')dnl
define(`SMTP_MAILER_ARGS', `TCP $h {sink}')dnl
define(`ESMTP_MAILER_ARGS', `TCP $h {sink}')dnl
define(`RELAY_MAILER_ARGS', `TCP $h {sink}')dnl
dnl esmtp is what direct delivery uses too; relay has other limits.
define(`SMART_HOST', `esmtp:[127.0.0.1]')dnl
FEATURE(`no_default_msa')dnl
FEATURE(`accept_unresolvable_domains')dnl
FEATURE(`nocanonify')dnl
dnl A: no AUTH; a: AUTH required; E: no ETRN. L: many clients at once.
DAEMON_OPTIONS(`Name=MTA, Port={plain}, Addr=127.0.0.1, Family=inet, L=512, M=AS')dnl
DAEMON_OPTIONS(`Name=MSA, Port={submission}, Addr=127.0.0.1, Family=inet, L=512, M=Ea')dnl
{milter}
{extra}
MAILER(`smtp')dnl
LOCAL_CONFIG
ESASL_CONF_PATH={top}/sasl
ESASL_PATH={sasl_path}
"""


# Whom sendmail(1) becomes: an account of every Debian that is not root.
_CLIENT = "daemon"
# What sendmail(1) of local programs uses: a client of the MTA, with its own queue.
_SUBMIT_MC = """\
include(`{cf}/m4/cf.m4')dnl
OSTYPE(`linux')dnl
define(`confDOMAIN_NAME', `{hostname}')dnl
define(`confDONT_BLAME_SENDMAIL', `TrustStickyBit')dnl
define(`confRUN_AS_USER', `{user}')dnl
define(`confTRUSTED_USER', `{user}')dnl
define(`MSP_QUEUE_DIR', `{top}/clientqueue')dnl
define(`STATUS_FILE', `{top}/client-statistics')dnl
define(`confPID_FILE', `{top}/client.pid')dnl
define(`HELP_FILE', `{top}/helpfile')dnl
define(`confSERVICE_SWITCH_FILE', `{top}/service.switch')dnl
define(`confTO_IDENT', `0')dnl
define(`confLOG_LEVEL', `14')dnl
define(`confQUEUE_LA', `200')dnl
define(`RELAY_MAILER_ARGS', `TCP $h {port}')dnl
FEATURE(`msp', `[127.0.0.1]')dnl
"""


class Sendmail(MTA):
    """See MTA for all that is not Sendmail's own."""

    def run_sendmail(self, arguments, text, port=None):
        """sendmail(1) as local programs call it, by submit.cf: a client of `port`
        (the plain one). What it prints."""
        command, environment = self.sendmail_command(arguments, port)
        return run(command, input=text, env=environment)

    def sendmail_command(self, arguments, port=None):
        """The command line and environment of the same."""
        queue = self.directory / "clientqueue"
        if not queue.exists():
            queue.mkdir()
            shutil.chown(queue, _CLIENT, _CLIENT)
            queue.chmod(0o770)
        self._make_cf("submit", _SUBMIT_MC.format(
            cf=self._cf(), hostname=HOSTNAME, top=self.directory, user=_CLIENT,
            port=port or self.plain_port))
        return ([self.directory / "sendmail", "-Ac",
                 "-C%s/submit.cf" % self.directory, *arguments], self._environment())

    def run_sendmail_alone(self, arguments, text):
        """sendmail(1) where no submit.cf is used: straight into the MTA's queue."""
        return run([self.directory / "sendmail",
                    "-C%s/sendmail.cf" % self.directory, *arguments],
                   input=text, env=self._environment())

    def client_queue_files(self):
        """As queue_files(), of sendmail(1)."""
        return sorted(f.name for f in (self.directory / "clientqueue").iterdir())

    def queue_files(self):
        """Files of messages in the queue; each message has two."""
        return sorted(f.name for f in (self.directory / "queue").iterdir())

    def _command(self):
        return [self.directory / "sendmail", "-C%s/sendmail.cf" % self.directory,
                "-bD", "-q5s"]

    def _environment(self):
        environment = super()._environment()
        # The first one that has a function has it.
        libraries = [environment.get("LD_PRELOAD", ""), self.directory / "preload.so"]
        return dict(environment, LAB_HOSTNAME=HOSTNAME, LAB_LOG=str(self._log_file),
                    LD_PRELOAD=" ".join(map(str, libraries)).strip())

    def _prepare(self):
        self._build("preload")
        # A copy, without the set-gid bit: with it the loader would ignore
        # LD_PRELOAD and LD_LIBRARY_PATH.
        binary = self.directory / "sendmail"
        shutil.copyfile(self.debs.package("sendmail-bin")
                        / "usr/libexec/sendmail/sendmail", binary)
        binary.chmod(0o755)
        (self.directory / "queue").mkdir(mode=0o700)
        for name in "aliases", "helpfile", "local-host-names", "statistics":
            self._write(name, "")
        # No DNS.
        self._write("service.switch", "hosts files\naliases files\npasswd files\n")
        self._make_sasl("Sendmail", "root")

    def _configure(self):
        self._make_cf("sendmail", _SENDMAIL_MC.format(
            cf=self._cf(), hostname=HOSTNAME, top=self.directory,
            sink=self.sink_port, plain=self.plain_port,
            submission=self.submission_port, milter=self._milter(),
            extra="\n".join(self.extra or []),
            sasl_path=self.debs.sasl_path()))

    def _make_cf(self, name, mc):
        cf = run([self.debs.tool("m4"), "-D_CF_DIR_=%s/" % self._cf(),
                  self._write(name + ".mc", mc)], env=self.debs.environment())
        self._write(name + ".cf", cf.decode())

    def _cf(self):
        return self.debs.package("sendmail-cf") / "usr/share/sendmail/cf"

    def _milter(self):
        if not self.milter:
            return "dnl"
        return ("INPUT_MAIL_FILTER(`lab', `S=%s%s, T=C:%gs;S:%gs;R:%gs;E:%gs')dnl"
                % (self.milter,
                   {"tempfail": ", F=T", "reject": ", F=R",
                    "accept": ""}[self.on_milter_failure],
                   self.timeouts["connect"], self.timeouts["answer"],
                   self.timeouts["answer"], self.timeouts["message"]))
