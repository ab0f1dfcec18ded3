# SPDX-License-Identifier: BSD-2-Clause
"""The milters that the matrix can put behind an MTA."""

import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "e2e")]

import common                           # noqa: E402
import lab                              # noqa: E402
from lab.process import wait_until      # noqa: E402

# What Debian's opendkim.conf has, but for the canonicalization; and it need not
# trust the modes of a temporary directory.
_OPENDKIM_CONF = """\
Syslog no
Background no
AutoRestart no
UserID root
UMask 007
RequireSafeKeys no
Mode s
SubDomains no
OversignHeaders From
Canonicalization %(canon)s/%(canon)s
Domain corp.example
Selector s1
KeyFile %(key)s
Socket local:%(socket)s
PidFile %(directory)s/pid
"""


class Signer:
    """A running milter; `socket` is the path of its socket, or None."""

    def __init__(self, kind, canon, world, debs):
        self.socket = None
        self._stop = lambda: None
        if kind == "submilter":
            self._submilter(canon, world, "repair { sealed-8bit = refuse\n"
                            "attached-messages = refuse }\n")
        elif kind == "pass-unsigned":
            self._submilter(canon, world, 
                            "repair { sealed-parts = pass-unsigned\n"
                            "sealed-8bit = pass-unsigned }\n")
        elif kind == "opendkim":
            self._opendkim(canon, world, debs)

    def stop(self):
        self._stop()

    def _submilter(self, canon, world, more=""):
        milter = common.Milter(world, lab.Postfix, """\
sign { canonicalization = %s/%s }
""" % (canon, canon) + more).start()
        self.socket, self._stop = str(milter.path), milter.kill

    def _opendkim(self, canon, world, debs):
        directory = world.top / ("opendkim-" + canon)
        directory.mkdir(mode=0o755)
        self.socket = str(directory / "socket")
        conf = directory / "opendkim.conf"
        conf.write_text(_OPENDKIM_CONF % {
            "canon": canon, "directory": directory, "socket": self.socket,
            "key": world.keys / "corp.example" / "s1.key"})
        program = debs.package("opendkim") / "usr/sbin/opendkim"
        output = directory / "output"
        daemon = lab.Daemon([program, "-f", "-x", conf], debs.environment(), output)
        self._stop = daemon.stop
        wait_until(lambda: pathlib.Path(self.socket).exists() or daemon.ended(), 20,
                   "socket of opendkim")
        if daemon.ended():
            raise lab.LabError("opendkim: " + output.read_text())
