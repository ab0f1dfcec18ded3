# SPDX-License-Identifier: BSD-2-Clause
"""submilter as a process that is ended, limited and lied to about the time."""

import collections
import contextlib
import os
import pathlib
import pwd
import resource
import signal
import subprocess

import common
from lab.process import LabError, run, wait_until

HERE = pathlib.Path(__file__).resolve().parent
DISKS = {"etc": "256k", "spool": "4m", "states": "64k", "log": "64m"}
LIMITS = {"NOFILE": "Max open files", "AS": "Max address space",
          "NPROC": "Max processes"}
# How the process may end for want of something: no memory (abort); no thread,
# no descriptor, so that libmilter gives up.
FOR_WANT = {-signal.SIGABRT, 1, 75}

CONFIG = """\
listen       = "%(socket)s"
socket-group = "%(group)s"
user         = "%(user)s"
hostname     = "mail.corp.example"
domain       = "corp.example"
keys         = "%(keys)s"
spool        = "%(disks)s/spool"
rights { tables = {"texthash:%(rights)s"} }
bounds { body-memory = 16K }
dns { servers = "%(dns)s"; seconds = 5; trust-anchor = "%(anchor)s" }
sign {
	self-verify = published
	unsigned = reject
	dkim-key = require
	key-states = "%(disks)s/states/keys"
	key-interval = 2
}
preflight {
	cache-seconds = 1
	egress = {192.0.2.1}
	spf = reject
	dmarc = reject
}
"""


class Place:
    """Files of one milter, each kind on a small file system of its own."""

    def __init__(self, top, world, group, user):
        self.user = pwd.getpwnam(user)
        self.keys = world.keys
        self.disks = top / "disks"
        self.disks.mkdir()
        self._mounted = []
        self.run = top / "run"
        self.run.mkdir(mode=0o755)
        self.path = self.run / "submilter.sock"
        self.socket = "unix:%s" % self.path
        self.config = self.disks / "etc" / "submilter.conf"
        self.rights = self.disks / "etc" / "rights"
        self.log = self.disks / "log" / "log"
        self.spool = self.disks / "spool"
        self.states = self.disks / "states"
        self.offset = top / "offset"
        self.set_clock(0)
        self._fill = {"socket": self.socket, "group": group, "user": user,
                      "keys": self.keys, "disks": self.disks,
                      "rights": self.rights}

    def prepare(self, dns, anchor):
        for name, size in DISKS.items():
            (self.disks / name).mkdir()
            run(["mount", "-t", "tmpfs", "-o", "mode=755,size=" + size,
                 "submilter-chaos", self.disks / name])
            self._mounted.append(self.disks / name)
        self.rights.write_text(
            "sales@corp.example %s\n@team.example %s\n"
            "ceo@corp.example %s;until=2001-01-01\n"
            % (common.ALICE, common.BOB, common.ALICE))
        self.config.write_text(CONFIG % dict(self._fill, dns=dns,
                                             anchor=anchor))
        for path in (self.run, self.spool, self.states, self.keys,
                     *self.keys.rglob("*")):
            self.give(path)

    def give(self, path):
        os.chown(path, self.user.pw_uid, self.user.pw_gid)

    def set_clock(self, seconds):
        new = self.offset.with_suffix(".new")
        new.write_text("%d\n" % seconds)
        new.rename(self.offset)

    @contextlib.contextmanager
    def full(self, *paths):
        """Their file systems have no octet left."""
        fillers = [path / "filler" for path in paths]
        try:
            for filler in fillers:
                _take_all(filler)
            yield
        finally:
            for filler in fillers:
                filler.unlink(missing_ok=True)

    def clean(self):
        for path in reversed(self._mounted):
            run(["umount", "-l", path])


def _take_all(filler):
    """Once more for what a file that was freed meanwhile leaves."""
    with open(filler, "wb", buffering=0) as file:
        with contextlib.suppress(OSError):
            for size in (65536, 4096, 1):
                with contextlib.suppress(OSError):
                    while file.write(b"\0" * size):
                        pass


class Program:
    """submilter, which ends and begins again at any time."""

    def __init__(self, place, top):
        self.place = place
        library = top / "wall_clock.so"
        run(["cc", "-O", "-shared", "-fPIC", "-o", library,
             HERE.parent / "milter" / "wall_clock.c"])
        self._environment = dict(os.environ, LD_PRELOAD=str(library),
                                 WALL_CLOCK=str(place.offset))
        self.process = None
        self.seen = 0           # octets of the log when it was started
        self.crashes = []
        self.for_want = 0
        self.unlimited = collections.Counter()      # limits without effect

    def start(self, **limits):
        """limits: of resources, for this start alone."""
        def limit():
            for name, value in limits.items():
                resource.setrlimit(getattr(resource, "RLIMIT_" + name),
                                   (value, value))
        self.seen = self.place.log.stat().st_size if self.process else 0
        with open(self.place.log, "ab") as log:
            self.process = subprocess.Popen(
                [os.environ["SUBMILTER"], "run", "-f", "-c",
                 self.place.config], stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, env=self._environment,
                preexec_fn=limit if limits else None)

    def _holds_signals(self):
        blocked = self.statistic("SigBlk", 16)
        return blocked >> signal.SIGUSR1 - 1 & 1 or \
            self.process.poll() is not None

    def send(self, number):
        """Not before its main() can run, which takes time on a busy machine."""
        _wait(self._holds_signals, 30)
        self.process.send_signal(number)

    def settle(self):
        """Until a start has read its files: it serves, or has ended."""
        def said():
            with open(self.place.log, "rb") as log:
                log.seek(self.seen)
                return b" ready on " in log.read() or \
                    self.process.poll() is not None
        _wait(said, 15)

    def ensure(self, kind):
        """As systemd would: an end that nobody asked for is a fault."""
        status = self.process.poll()
        if status is not None:
            self.crashes.append((kind, status))
            self.start()

    def ensure_for_want(self):
        """It may have ended, for it lacked something."""
        if self.process.poll() in FOR_WANT:
            self.for_want += 1
            self.start()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def _limit(self, pid, name, soft):
        """As its user: root has no say over others in every container."""
        user = self.place.user
        subprocess.run(["prlimit", "--pid", str(pid),
                        "--%s=%s:" % (name.lower(), soft)],
                       user=user.pw_uid, group=user.pw_gid, extra_groups=[],
                       stderr=subprocess.DEVNULL, check=False)

    @contextlib.contextmanager
    def limited(self, name, value):
        """The running process is, for a while."""
        pid = self.process.pid
        soft = _soft_limit(pid, name)
        self._limit(pid, name, value)
        if _soft_limit(pid, name) == soft and soft is not None:
            self.unlimited[name] += 1
        try:
            yield
        finally:
            self._limit(pid, name, soft)

    def statistic(self, name, base=10):
        """A number of /proc/PID/status, as that says it; 0: it has ended."""
        with contextlib.suppress(OSError):
            with open("/proc/%d/status" % self.process.pid) as file:
                for line in file:
                    if line.startswith(name + ":"):
                        return int(line.split()[1], base)
        return 0

    def files(self):
        with contextlib.suppress(OSError):
            return len(os.listdir("/proc/%d/fd" % self.process.pid))
        return 0

    def still_reloads(self):
        """Whether no thread of it hangs that should answer a signal."""
        seen = self.place.log.stat().st_size

        def said():
            with open(self.place.log, "rb") as log:
                log.seek(seen)
                text = log.read()
            return b"reloaded" in text or self.process.poll() is not None
        self.send(signal.SIGUSR1)
        return _wait(said, 30)


def _wait(condition, seconds):
    """Whether it came true."""
    with contextlib.suppress(LabError):
        wait_until(condition, seconds, "it")
        return True
    return False


def _soft_limit(pid, name):
    """As /proc says it; None of a process that has ended."""
    with contextlib.suppress(OSError):
        with open("/proc/%d/limits" % pid, encoding="ascii") as file:
            for line in file:
                if line.startswith(LIMITS[name]):
                    return line[len(LIMITS[name]):].split()[0]
    return None
