# SPDX-License-Identifier: BSD-2-Clause
"""Milters that sign, set up to do the same: relaxed/relaxed, one key of RSA-2048 for
corp.example, for mail of users who are logged in.

submilter does all it does by default beside that, and logs each message. The others
sign and do nothing else that can be left out, and log nothing.
"""

import base64
import os
import pathlib
import shutil
import socket
import struct
import subprocess
import sys
import textwrap
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import lab                              # noqa: E402
from lab.process import wait_until      # noqa: E402

DOMAIN = "corp.example"
TICK = os.sysconf("SC_CLK_TCK")
CLIENT = "192.0.2.7"


class Keys:
    """A key of each algorithm for DOMAIN, and what DNS would say of them."""

    def __init__(self, top):
        self.top = top
        self.records = {}
        for selector, algorithm in ("r", "RSA"), ("e", "ED25519"):
            self._make(selector, algorithm)
        self.zone = top / "zone"
        self.zone.write_text("".join(
            '%s. IN TXT %s\n' % (name, " ".join(
                '"%s"' % part for part in textwrap.wrap(text, 200)))
            for name, text in self.records.items()))

    def _make(self, selector, algorithm):
        path = self.path(selector)
        command = ["openssl", "genpkey", "-algorithm", algorithm, "-out", path]
        if algorithm == "RSA":
            command += ["-pkeyopt", "rsa_keygen_bits:2048"]
        lab.process.run(command)
        path.chmod(0o600)
        public = lab.process.run(["openssl", "pkey", "-in", path, "-pubout",
                                  "-outform", "DER"])
        kind = "rsa"
        if algorithm != "RSA":
            kind, public = "ed25519", public[-32:]
        self.records["%s._domainkey.%s" % (selector, DOMAIN)] = (
            "v=DKIM1; k=%s; p=%s" % (kind, base64.b64encode(public).decode()))

    def path(self, selector):
        return self.top / (selector + ".pem")

    def directory(self, name, selectors, domains=1):
        """DOMAIN/SELECTOR.key, as submilter reads it: the same keys for each."""
        top = self.top / name
        for number in range(domains):
            domain = top / (DOMAIN if domains == 1 else "d%d.example" % number)
            domain.mkdir(mode=0o700, parents=True)
            for selector in selectors:
                shutil.copy(self.path(selector), domain / (selector + ".key"))
        top.chmod(0o700)
        return top


class Milter:
    """One that runs. `cores` is a list for taskset(1), or None."""

    name = None
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}
    signatures = 1

    def __init__(self, top, keys, name=None, cores=None):
        self.name = name or self.name
        self.top = top
        top.mkdir()
        self.top.chmod(0o755)
        self.keys = keys
        self.cores = cores
        self.socket = top / "socket"
        self.daemon = None

    @property
    def address(self):
        return "unix:%s" % self.socket

    def write(self, name, text):
        path = self.top / name
        path.write_text(textwrap.dedent(text))
        return path

    def command(self):
        raise NotImplementedError

    def start(self):
        pin = ["taskset", "-c", self.cores] if self.cores else []
        self.daemon = lab.Daemon(pin + self.command(), self.environment,
                                 self.top / "output")
        begun = time.monotonic()
        wait_until(self._answers, 60, "answer of " + self.name)
        self.start_seconds = time.monotonic() - begun
        return self

    def _answers(self):
        if self.daemon.ended():
            raise lab.LabError("%s ended:\n%s" % (
                self.name, self.said()))
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(60)
            try:
                client.connect(str(self.socket))
            except OSError:
                return False
            # Some listen before they can answer.
            client.sendall(struct.pack("!IcIII", 13, b"O", 6, 0x1ff, 0x1fffff))
            answered = client.recv(1) != b""
            client.sendall(struct.pack("!Ic", 1, b"Q"))
        return answered

    def said(self):
        """The end of what it printed."""
        return (self.top / "output").read_text(errors="replace")[-2000:]

    def stop(self):
        if self.daemon:
            self.daemon.stop(timeout=1)

    def cpu(self):
        """Seconds of CPU of all its processes, and of their children that ended."""
        total = 0
        for pid in self.daemon.members():
            stat = pathlib.Path("/proc/%d/stat" % pid).read_text()
            total += sum(map(int, stat.rpartition(")")[2].split()[11:15]))
        return total / TICK

    def memory(self):
        """Megabytes of all its processes; what they share counts once."""
        total = 0
        for pid in self.daemon.members():
            for line in open("/proc/%d/smaps_rollup" % pid, encoding="ascii"):
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
        return total / 1000


class Submilter(Milter):
    name = "submilter"

    def __init__(self, top, keys, program, selectors="r", domains=1, **more):
        super().__init__(top, keys, **more)
        self.program = program
        self.signatures = len(selectors)
        self.domains = domains
        self.directory = keys.directory(top.name + ".keys", selectors, domains)

    def command(self):
        # Keys of many domains are not looked for in a zone that has one.
        many = ('identify { realms = {"any-verified-by-sasl"} }\n'
                "sign { dkim-key = off }\n") if self.domains > 1 else ""
        conf = self.write("submilter.conf", """\
            listen = "unix:%s"
            domain = "%s"
            hostname = "mail.%s"
            keys = "%s"
            dns { zone = "%s" }
            """ % (self.socket, DOMAIN, DOMAIN, self.directory, self.keys.zone) + many)
        return [self.program, "run", "-f", "-c", conf]


class Bare(Milter):
    """libmilter alone, with a field that looks like a signature and is none."""

    name = "libmilter alone"

    def __init__(self, top, keys, program, **more):
        super().__init__(top, keys, **more)
        self.program = program

    def command(self):
        return [self.program, self.address]


class OpenDKIM(Milter):
    name = "OpenDKIM"

    def __init__(self, top, keys, debs, **more):
        super().__init__(top, keys, **more)
        self.debs = debs
        self.environment = debs.environment()

    def command(self):
        hosts = self.write("hosts", CLIENT + "\n")
        conf = self.write("opendkim.conf", """\
            Mode                s
            Canonicalization    relaxed/relaxed
            Domain              %s
            Selector            r
            KeyFile             %s
            SignatureAlgorithm  rsa-sha256
            OversignHeaders     From
            InternalHosts       %s
            Socket              local:%s
            RequireSafeKeys     no
            Syslog              no
            """ % (DOMAIN, self.keys.path("r"), hosts, self.socket))
        return [self.debs.package("opendkim") / "usr/sbin/opendkim", "-f", "-x", conf]


class Rspamd(Milter):
    """Its proxy speaks with the MTA and signs itself; of its modules, only the one
    that signs is loaded."""

    name = "rspamd"

    def __init__(self, top, keys, debs, **more):
        super().__init__(top, keys, **more)
        self.root = debs.package("rspamd")
        self.environment = debs.environment()

    def command(self):
        share = self.root / "usr/share/rspamd"
        conf = self.write("rspamd.conf", """\
            options {
                filters = "dkim";
                pidfile = "%(top)s/pid";
                tempdir = "%(top)s";
                url_tld = "%(share)s/effective_tld_names.dat";
                control_socket = "%(top)s/control mode=0600";
                local_addrs = [];
                dns { nameserver = ["127.0.0.1"]; timeout = 1s; }
            }
            logging { type = "file"; filename = "%(top)s/log"; level = "error"; }
            worker "rspamd_proxy" {
                bind_socket = "%(socket)s mode=0666";
                milter = yes;
                timeout = 120s;
                count = %(count)d;
                upstream "local" { default = yes; self_scan = yes; }
            }
            modules { path = "%(share)s/plugins/dkim_signing.lua"; }
            dkim_signing {
                sign_authenticated = true;
                use_domain = "header";
                use_esld = false;
                domain {
                    %(domain)s { path = "%(key)s"; selector = "r"; }
                }
            }
            """ % {"top": self.top, "share": share, "socket": self.socket,
                   "count": os.cpu_count(), "domain": DOMAIN,
                   "key": self.keys.path("r")})
        places = {"CONFDIR": self.root / "etc/rspamd", "SHAREDIR": share,
                  "LOCAL_CONFDIR": self.top, "RULESDIR": share / "rules",
                  "LUALIBDIR": share / "lualib", "PLUGINSDIR": share / "plugins",
                  "DBDIR": self.top, "RUNDIR": self.top, "LOGDIR": self.top}
        return [self.root / "usr/bin/rspamd", "-f", "-i", "-c", conf] + [
            "--var=%s=%s" % item for item in places.items()]


class DkimpyMilter(Milter):
    name = "dkimpy-milter"

    def __init__(self, top, keys, debs, **more):
        super().__init__(top, keys, **more)
        self.debs = debs
        places = debs.directory.glob("*/usr/lib/python3/dist-packages")
        self.environment = {**debs.environment(),
                            "PYTHONPATH": ":".join(map(str, sorted(places)))}

    def command(self):
        conf = self.write("dkimpy-milter.conf", """\
            Mode                s
            Canonicalization    relaxed/relaxed
            Domain              %s
            Selector            r
            KeyFile             %s
            InternalHosts       %s
            Socket              local:%s
            PidFile             %s/pid
            UserID              root
            UMask               007
            Syslog              no
            """ % (DOMAIN, self.keys.path("r"), CLIENT, self.socket, self.top))
        return ["/usr/bin/python3", "-m", "dkimpy_milter", conf]


def build(revision, top):
    """The program of another revision, built in `top` with the usual flags."""
    source, place = top / "source", top / "build"
    root = HERE.parent.parent
    subprocess.run(["git", "-C", root, "worktree", "add", "-q", "--detach", source,
                    revision], check=True)
    try:
        place.mkdir()
        for command, where in (
                (["autoreconf", "-fi"], source),
                ([source / "configure", "-q", "--sysconfdir=/etc"], place),
                (["make", "-s", "-j%d" % os.cpu_count(), "submilter"], place)):
            lab.process.run(command, cwd=where)
    finally:
        subprocess.run(["git", "-C", root, "worktree", "remove", "--force", source],
                       check=True)
    return place / "submilter"
