# SPDX-License-Identifier: BSD-2-Clause
"""Starting servers so that none of their processes outlives the test."""

import atexit
import contextlib
import ctypes
import json
import os
import pathlib
import select
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
                          stderr=subprocess.STDOUT, umask=0o022, **kwargs)
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
    to check with Daemon.misses() and try again with another one.
    """
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def _sockets_at(port):
    """State and inode of the sockets that are bound to a loopback port."""
    with open("/proc/net/tcp") as f:
        rows = [line.split() for line in f][1:]
    return [(row[3], row[9]) for row in rows
            if row[1] in ("0100007F:%04X" % port, "00000000:%04X" % port)]


def _descendants(ancestor):
    """Ids of all living children of a process, and theirs, and so on."""
    children = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open("/proc/%s/stat" % entry) as f:
                state, parent = f.read().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if state not in "ZX":
            children.setdefault(int(parent), []).append(int(entry))
    found, new = [], [ancestor]
    while new:
        new = [c for pid in new for c in children.get(pid, ())]
        found += new
    return found


class Daemon:
    """A server with everything that it forks.

    Between it and the test stands a supervisor, which all orphans below it become
    children of, whatever user, name or session they take; so they are all found,
    and nothing that somebody else started is ever hit. It ends them when it is
    told to or when the test is gone, even by SIGKILL.
    """

    _running = set()

    def __init__(self, argv, env, output):
        """Start `argv`; what it prints is appended to the file `output`."""
        _die_in_order()
        orders = json.dumps([[str(a) for a in argv], env])
        with open(output, "ab") as out:
            self._supervisor = subprocess.Popen(
                [sys.executable, "-I", __file__, orders], stderr=out,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0,
                start_new_session=True, umask=0o022)
        Daemon._running.add(self)
        self.pid = None
        self._status = None
        try:
            self.pid = self._number()
        except BaseException:
            Daemon._running.discard(self)
            self._supervisor.communicate()
            raise

    def wait(self, timeout):
        """The exit code of the server proper, or None if it still runs then.

        Minus the signal's number if a signal ended it.
        """
        if self._status is None:
            pipe = self._supervisor.stdout
            if select.select([pipe], [], [], timeout)[0]:
                self._status = os.waitstatus_to_exitcode(self._number())
        return self._status

    def ended(self):
        """Whether the server proper is gone."""
        return self.wait(0) is not None

    def members(self):
        """Ids of all its living processes."""
        return _descendants(self._supervisor.pid)

    def listens(self, port):
        """Whether this daemon, and nobody else, listens at that loopback port."""
        sockets = {"socket:[%s]" % inode for state, inode in _sockets_at(port)
                   if state == "0A"}
        for pid in self.members() if sockets else ():
            with contextlib.suppress(OSError):
                for fd in os.listdir("/proc/%d/fd" % pid):
                    with contextlib.suppress(OSError):
                        if os.readlink("/proc/%d/fd/%s" % (pid, fd)) in sockets:
                            return True
        return False

    def misses(self, port):
        """Whether somebody else has taken that loopback port."""
        return bool(_sockets_at(port)) and not self.listens(port)

    def signal(self, number):
        """Send a signal to the server proper, if it still lives."""
        if not self.ended():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def stop(self, timeout=5):
        """End all its processes, after `timeout` with force."""
        if self not in Daemon._running:
            return
        Daemon._running.discard(self)
        if self.pid and not self.ended():
            self.signal(signal.SIGTERM)
            self.wait(timeout)
        # The end of its input is the supervisor's order to end the others.
        rest = self._supervisor.communicate()[0]
        if self._status is None and rest:
            self._status = os.waitstatus_to_exitcode(int(rest))
        if self._supervisor.returncode != 0:
            raise LabError("the supervisor of process %s ended with code %d" % (
                self.pid, self._supervisor.returncode))

    def _number(self):
        """What the supervisor says next."""
        line = self._supervisor.stdout.readline()
        if not line:
            raise LabError("a supervisor failed: see the daemon's output")
        return int(line)


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


def _supervise(argv, env):
    """The supervisor of a Daemon: what happens between start and stop.

    Prints the server's process id, and its wait status when it ends.
    """
    pr_set_child_subreaper = 36
    if ctypes.CDLL(None).prctl(pr_set_child_subreaper, 1, 0, 0, 0) != 0:
        sys.exit("prctl: no")
    # Kept, because the end of a Popen object waits for the process as well.
    server = subprocess.Popen(argv, env=env, stdin=subprocess.DEVNULL,
                              stdout=sys.stderr, start_new_session=True)
    print(server.pid, flush=True)

    def obey():
        sys.stdin.read()
        for number in signal.SIGTERM, signal.SIGKILL, signal.SIGKILL:
            for pid in _descendants(os.getpid()):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)
            end = time.monotonic() + 3
            while time.monotonic() < end:
                if not _descendants(os.getpid()):
                    return
                time.sleep(0.005)
        os._exit(1)

    thread = threading.Thread(target=obey)
    thread.start()
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, status = os.wait()
            if pid == server.pid:
                with contextlib.suppress(BrokenPipeError):
                    print(status, flush=True)
    thread.join()


if __name__ == "__main__":
    _supervise(*json.loads(sys.argv[1]))
