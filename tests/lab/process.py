# SPDX-License-Identifier: BSD-2-Clause
"""Starting servers so that none of their processes outlives the test."""

import atexit
import contextlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time


class LabError(Exception):
    """The laboratory itself failed; says nothing about what is tested."""


@contextlib.contextmanager
def scratch(prefix="submilter-lab."):
    """A temporary directory that daemons with a user of their own can enter.

    The mode of mkdtemp, 0700, would keep Postfix's processes out.
    """
    top = pathlib.Path(tempfile.mkdtemp(prefix=prefix))
    try:
        top.chmod(0o755)
        yield top
    finally:
        shutil.rmtree(top)


def run(argv, **kwargs):
    """Run a command to its end; its output goes into the error if it fails."""
    done = subprocess.run([str(a) for a in argv], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, **kwargs)
    if done.returncode != 0:
        raise LabError("%s: exit code %d\n%s" % (
            " ".join(str(a) for a in argv), done.returncode,
            done.stdout.decode(errors="replace")))
    return done.stdout


def wait_until(condition, timeout, what):
    """Call `condition` until its value is true, and return that value."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise LabError("no %s within %g s" % (what, timeout))
        time.sleep(0.01)


def free_port():
    """A loopback port that was free a moment ago.

    Someone else may take it before the server binds it, so that users of this have
    to check with Daemon.listens() and try again with another one.
    """
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def _members(session):
    """Ids of all living processes of a session."""
    pids = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open("/proc/%s/stat" % entry) as f:
                fields = f.read().rpartition(")")[2].split()
        except OSError:
            continue
        state, _ppid, _pgrp, sid = fields[:4]
        if int(sid) == session and state not in "ZX":
            pids.append(int(entry))
    return pids


def _end_session(session, timeout=5):
    """Ask all processes of a session to end, then make them."""
    for number in signal.SIGTERM, signal.SIGKILL:
        for pid in _members(session):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        end = time.monotonic() + timeout
        while _members(session) and time.monotonic() < end:
            time.sleep(0.005)


class Daemon:
    """A server with all its children: one session in the kernel's sense.

    Children of an MTA change user and name but stay in the session of the process
    that was started here; so nothing that somebody else started is ever hit.
    """

    _running = set()

    def __init__(self, argv, env, output):
        """Start `argv`; what it prints is appended to the file `output`."""
        _die_in_order()
        with open(output, "ab") as out:
            self._popen = subprocess.Popen(
                [str(a) for a in argv], env=env, stdin=subprocess.DEVNULL,
                stdout=out, stderr=out, start_new_session=True)
        self.pid = self._popen.pid
        Daemon._running.add(self)
        # Reads from us until we stop it, or are gone, be it by SIGKILL. (The
        # kernel's PR_SET_PDEATHSIG is lost when Postfix changes user.)
        self._watcher = subprocess.Popen(
            [sys.executable, __file__, str(self.pid)], stdin=subprocess.PIPE,
            start_new_session=True)

    def ended(self):
        """Whether the first process, the server proper, is gone."""
        return self._popen.poll() is not None

    def members(self):
        """Ids of all its living processes."""
        return _members(self.pid)

    def listens(self, port):
        """Whether this daemon, and nobody else, owns that loopback port."""
        local = "0100007F:%04X" % port
        inodes = set()
        with open("/proc/net/tcp") as f:
            for row in list(f)[1:]:
                field = row.split()
                if field[1] == local and field[3] == "0A":
                    inodes.add("socket:[%s]" % field[9])
        for pid in self.members() if inodes else ():
            with contextlib.suppress(OSError):
                for fd in os.listdir("/proc/%d/fd" % pid):
                    with contextlib.suppress(OSError):
                        if os.readlink("/proc/%d/fd/%s" % (pid, fd)) in inodes:
                            return True
        return False

    def signal(self, number):
        """Send a signal to the first process, if it still lives."""
        if not self.ended():
            self._popen.send_signal(number)

    def stop(self, timeout=5):
        """End every process of the session, with force if it has to be."""
        self.signal(signal.SIGTERM)
        end = time.monotonic() + timeout
        while not self.ended() and time.monotonic() < end:
            time.sleep(0.005)
        _end_session(self.pid, timeout)
        self._popen.wait(timeout)
        self._watcher.kill()
        self._watcher.communicate()
        if self.members():
            raise LabError("processes %s do not end" % self.members())
        Daemon._running.discard(self)


@atexit.register
def _stop_all():
    for daemon in list(Daemon._running):
        daemon.stop()


def _die_in_order():
    """Let SIGTERM and SIGHUP end this program through its `finally` blocks."""
    if threading.current_thread() is not threading.main_thread():
        return      # Python handles signals there and nowhere else

    def leave(number, _frame):
        raise SystemExit(128 + number)
    for number in signal.SIGTERM, signal.SIGHUP:
        if signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, leave)


if __name__ == "__main__":      # the watcher of a Daemon
    sys.stdin.read()
    _end_session(int(sys.argv[1]))
