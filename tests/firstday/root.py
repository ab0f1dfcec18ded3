# SPDX-License-Identifier: BSD-2-Clause
"""A bare Debian in a directory: commands run in it with the network of this machine,
or under a systemd of its own that has loopback alone.

Needs root, debootstrap and unshare(1). Nothing of this machine is changed: mounts are
in namespaces that end with the processes in them.
"""

import contextlib
import os
import pathlib
import shlex
import shutil
import signal
import subprocess
import time

INCLUDE = "ca-certificates,dbus,git,iproute2,systemd,systemd-sysv"
HOST = "mail.example.org"
ENVIRONMENT = {
    "HOME": "/root", "TERM": "dumb", "LANG": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive",
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
# "nocheck" builds the package without its tests.
if "DEB_BUILD_OPTIONS" in os.environ:
    ENVIRONMENT["DEB_BUILD_OPTIONS"] = os.environ["DEB_BUILD_OPTIONS"]

# $1 is the root. Only what is below it is seen, and changed, from inside.
CHROOT = """
set -e
mount --rbind /proc "$1/proc"; mount --rbind /dev "$1/dev"; mount -t tmpfs tmpfs "$1/run"
exec chroot "$1" bash -c "cd /root/project; $2"
"""
BOOT = """
set -e
mount --bind "$1" "$1"; cd "$1"
mount -t proc proc proc; mount -t sysfs -o ro sysfs sys; mount -t cgroup2 none sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs dev
for d in null zero full random urandom tty; do touch dev/$d; mount --bind /dev/$d dev/$d; done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts dev/pts
ln -s pts/ptmx dev/ptmx
mount -t tmpfs -o mode=1777 tmpfs dev/shm; mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
ln -s /proc/self/fd dev/fd; ln -s fd/0 dev/stdin; ln -s fd/1 dev/stdout; ln -s fd/2 dev/stderr
mount -o bind,ro proc/sys proc/sys
hostname %s; ip link set lo up
mkdir -p .old; pivot_root . .old
exec env -i container=lxc sh -c "umount -l /.old; exec /lib/systemd/systemd --unit=$2"
""" % HOST


class Failed(Exception):
    pass


def make_base(suite, directory):
    """A debootstrap of suite, once; copies of it are what is written to."""
    directory = pathlib.Path(directory)
    if directory.is_dir():
        return directory
    making = directory.with_name(directory.name + ".new")
    shutil.rmtree(making, ignore_errors=True)
    log = directory.with_name(directory.name + ".log")
    with open(log, "wb") as output:
        made = subprocess.run(["debootstrap", "--variant=minbase", "--include=" + INCLUDE,
                               suite, making], stdout=output, stderr=output, check=False)
    if made.returncode != 0:
        raise Failed("debootstrap: see %s" % log)
    making.rename(directory)
    return directory


class Root:
    def __init__(self, base, path, project):
        self.path = pathlib.Path(path)
        self.init = self.pid = None
        subprocess.run(["cp", "-a", str(base), str(path)], check=True)
        (self.path / "etc/hostname").write_text(HOST + "\n")
        (self.path / "etc/hosts").write_text(
            "127.0.0.1 localhost\n127.0.1.1 %s mail\n" % HOST)
        # As root of this root, who has the files of nobody else.
        subprocess.run(["git", "-c", "safe.directory=*", "clone", "-q", str(project),
                        str(self.path / "root/project")], check=True)

    def remove(self):
        self.stop()
        subprocess.run(["rm", "-rf", "--one-file-system", str(self.path)], check=False)

    def online(self, command, timeout=1800):
        """Runs a command without systemd; services are not started."""
        shutil.copy("/etc/resolv.conf", self.path / "etc/resolv.conf")
        policy = self.path / "usr/sbin/policy-rc.d"
        policy.write_text("#!/bin/sh\nexit 101\n")
        policy.chmod(0o755)
        try:
            return subprocess.run(
                ["unshare", "--mount", "--propagation", "private", "bash", "-c", CHROOT,
                 "bash", str(self.path), command], env=ENVIRONMENT, timeout=timeout,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, text=True, errors="replace", check=False)
        finally:
            policy.unlink()

    def boot(self, log, timeout=60, unit="multi-user.target"):
        """systemd as process 1 of namespaces of its own, as far as that unit."""
        with open(log, "wb") as output:
            self.init = subprocess.Popen(
                ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--uts", "--ipc",
                 "--net", "--cgroup", "--propagation", "private", "bash", "-c", BOOT,
                 "bash", str(self.path), unit], stdin=subprocess.DEVNULL, stdout=output,
                stderr=output)
        children = "/proc/%d/task/%d/children" % (self.init.pid, self.init.pid)
        end = time.monotonic() + timeout
        while time.monotonic() < end and self.init.poll() is None:
            time.sleep(0.2)
            with contextlib.suppress(OSError, IndexError):
                child = pathlib.Path(children).read_text().split()[0]
                if pathlib.Path("/proc/%s/comm" % child).read_text() == "systemd\n":
                    self.pid = child
                    state = self.run("systemctl is-system-running").stdout.strip()
                    if state in ("running", "degraded"):
                        return
        raise Failed("systemd did not start: see %s" % log)

    def run(self, command, timeout=900, directory="/root/project"):
        """A command as root under systemd, as a shell of its own runs it."""
        return subprocess.run(
            ["nsenter", "-t", self.pid, "-m", "-p", "-n", "-u", "-i", "-C", "bash", "-c",
             "cd %s\n%s\n" % (shlex.quote(directory), command)], env=ENVIRONMENT,
            timeout=timeout, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, errors="replace", check=False)

    def must(self, command, **more):
        done = self.run(command, **more)
        if done.returncode != 0:
            raise Failed("%s: exit code %d\n%s" % (command, done.returncode, done.stdout))
        return done.stdout

    def spawn(self, command):
        """One that goes on beside; its output is a pipe."""
        return subprocess.Popen(
            ["nsenter", "-t", self.pid, "-m", "-p", "-n", "-u", "-i", "-C", "bash", "-c",
             "cd /root/project\nexec " + command], env=ENVIRONMENT,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def write(self, name, text, mode=0o644):
        path = self.path / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)

    def read(self, name):
        return (self.path / name.lstrip("/")).read_text(errors="replace")

    def stop(self):
        if self.init is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.init.pid, signal.SIGKILL)
            self.init.wait()
            self.init = self.pid = None
