# SPDX-License-Identifier: BSD-2-Clause
"""A copy of this machine in an overlay, in which an MTA and submilter are installed and
systemd runs: what commands of the documents need. It costs no copy and no debootstrap.

Whoever makes one is in a mount namespace of its own (enter_namespace): when it ends, so
do the mounts. The machine itself is not changed.
"""

import os
import pathlib
import shutil
import subprocess
import sys

from root import HOST, Failed, Root

HERE = pathlib.Path(__file__).resolve().parent
COMMON = "nsd sasl2-bin libsasl2-modules libsasl2-modules-db ssl-cert"
PACKAGES = {"postfix": "postfix", "sendmail": "make m4 sendmail-bin"}


def enter_namespace():
    """This program again, as process 1 of a namespace: its mounts are seen by nobody
    else, and all that it starts ends with it."""
    if os.getpid() != 1:
        os.execvp("unshare", ["unshare", "--mount", "--pid", "--mount-proc", "--propagation",
                              "private", "--fork", "--kill-child", sys.executable, *sys.argv])


def mount_memory(top):
    """For stages: a layer may not lie in a directory of another one."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755,size=1G", "tmpfs", top], check=True)


def unmount(path):
    """At once for us, and when nobody uses it any more."""
    subprocess.run(["umount", "-l", str(path)], stderr=subprocess.DEVNULL, check=False)


class Stage(Root):
    """Changes go to `top`; what is below comes from `lower` and from this machine."""

    def __init__(self, top, lower=None):
        self.top = pathlib.Path(top)
        self.layers = ([str(self.top / "upper")] + (lower.layers if lower else []))
        self.path = self.top / "root"
        self.init = self.pid = None
        for name in "upper", "work", "root":
            (self.top / name).mkdir(parents=True)
        self.top.chmod(0o755)
        (self.top / "upper").chmod(0o755)
        subprocess.run(["mount", "-t", "overlay", "overlay", "-o", "lowerdir=%s,upperdir=%s,"
                        "workdir=%s" % (":".join(self.layers[1:] + ["/"]), self.layers[0],
                                        self.top / "work"), self.path], check=True)
        # A link would lead to a file of the machine.
        (self.path / "etc/resolv.conf").unlink(missing_ok=True)

    def boot(self, log, timeout=60, unit="basic.target"):
        super().boot(log, timeout, unit)

    def install(self, mta, installed):
        """The MTA's packages, and submilter as `make install` has put it."""
        self.write("/etc/hostname", HOST + "\n")
        self.write("/etc/hosts", "127.0.0.1 localhost\n127.0.1.1 %s mail\n" % HOST)
        self.write("/etc/mailname", "example.org\n")
        project = self.path / "root/project"
        for name in "tests/firstday", "tests/lab":
            shutil.copytree(HERE.parent.parent / name, project / name, dirs_exist_ok=True)
        subprocess.run(["cp", "-a", "%s/." % installed, str(self.path)], check=True)
        # An image of Debian may lack the certificate that its package has made.
        fetch = ("apt-get install -y -qq --no-install-recommends %s && make-ssl-cert "
                 "generate-default-snakeoil && apt-get install -y -qq "
                 "--no-install-recommends %s" % (COMMON, PACKAGES[mta]))
        self.change("dpkg --configure -a; %s || { apt-get update -qq && %s; }" % (fetch, fetch))
        self.change("systemd-sysusers && systemd-tmpfiles --create submilter.conf; ldconfig")

    def change(self, command):
        done = self.online(command)
        if done.returncode != 0:
            raise Failed("%s: %s" % (command, done.stdout))

    def seal(self):
        """It stays as it is, for others that lie on it."""
        self.stop()
        subprocess.run(["umount", str(self.path)], check=True)

    def remove(self):
        self.stop()
        unmount(self.path)
