#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Mistakes of operators, each with the words that submilter has for it.

    run.py [--update] [--times] [NAME ...]

The mistakes are data, in mistakes.txt beside this program, which says how each is
made and what is said. They are made in a set-up without faults: a configuration
with keys, tables and a zone, Debian's master.cf with a submission service, and a
sendmail.cf made by m4 from a sendmail.mc. Then what is proposed against them is
done, and "submilter check" has nothing to say any more. SUBMILTER names the
program (absolute path); root only. --update writes the words of now to the data.
"""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import lab                                  # noqa: E402
from lab.process import wait_until          # noqa: E402

DATA = HERE / "mistakes.txt"
ZONE = "corp.example. 60 IN SOA ns.corp.example. x.corp.example. 1 60 60 60 60\n"
CONFIG = """\
listen = "unix:@/queue/submilter/s.sock"
user = "nobody"
domain = "corp.example"
keys = "@/keys"
spool = "@/spool"
sign { key-states = "@/state/keys.state" }
dns { zone = "@/zone" }
identify { methods = {sasl, network}; network = "cidr:@/networks" }
rights { tables = "texthash:@/rights" }
"""
MAIN = """\
compatibility_level = 3.6
queue_directory = @/queue
mail_owner = daemon
myhostname = mail.corp.example
smtpd_sasl_type = dovecot
smtpd_sasl_path = private/auth
milter_default_action = tempfail
non_smtpd_milters = unix:submilter/s.sock
"""
SUBMISSION = """\
submission inet n - y - - smtpd
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_milters=unix:submilter/s.sock
"""
SENDMAIL = """\
divert(-1)
include(`{cf}/m4/cf.m4')dnl
VERSIONID(`mistakes')dnl
OSTYPE(`linux')dnl
undefine(`confHOST_STATUS_DIRECTORY')dnl
define(`confEIGHT_BIT_HANDLING', `pass8')dnl
TRUST_AUTH_MECH(`PLAIN')dnl
FEATURE(`no_default_msa')dnl
DAEMON_OPTIONS(`Name=MTA, Port=smtp, M=A')dnl
DAEMON_OPTIONS(`Name=MSA, Port=submission, M=Ea, InputFilters=submilter')dnl
DAEMON_OPTIONS(`Name=Local, Port=2587, Addr=127.0.0.1, InputFilters=submilter')dnl
MAIL_FILTER(`submilter', `S=unix:@/queue/submilter/s.sock, F=T, T=S:30s;R:60s;E:5m')dnl
MAILER(`local')dnl
MAILER(`smtp')dnl
"""
SUBMIT = """\
divert(-1)
include(`{cf}/m4/cf.m4')dnl
OSTYPE(`linux')dnl
define(`RELAY_MAILER_ARGS', `TCP $h 2587')dnl
FEATURE(`msp', `[127.0.0.1]')dnl
"""
MESSAGE = """\
From: Alice <alice@corp.example>
To: friend@far.example
Subject: hello
Date: Mon, 23 Nov 2026 10:15:30 +0100
Message-ID: <1@corp.example>

Hello
"""
# What a row of the data may call beside the commands of a system.
SHELL = """\
cd "$TOP"
edit() { sed -i "$2" "$1"; }
serve() { # CONFIGURATION SOCKET: a milter that runs until the end of the case
	submilter run -f -c "$1" >>log 2>&1 & echo $! >>pids
	for i in $(seq 200); do [ -S "$2" ] && return; sleep 0.05; done
	cat log >&2; return 1
}
sendmail_cf() { m4 -D_CF_DIR_="$CF/" sendmail.mc >sendmail.cf; }
submit_cf() { m4 -D_CF_DIR_="$CF/" submit.mc >submit.cf; }
"""


class Case:
    """One mistake: its name and its parts, by their first words."""

    PARTS = ("make", "run", "exit", "say", "mend")

    def __init__(self, name):
        self.name = name
        self.parts = {}

    def text(self, part):
        return "\n".join(self.parts.get(part, []))

    def write(self):
        lines = ["== " + self.name]
        for part in self.PARTS:
            lines += ["%s: %s" % (part, line) if line else part + ":"
                      for line in self.parts.get(part, [])]
        return "\n".join(lines) + "\n"


def read_cases():
    """What stands before the first case, and the cases."""
    head, cases = [], []
    for line in DATA.read_text(encoding="utf-8").splitlines():
        if line.startswith("== "):
            cases.append(Case(line[3:]))
        elif not cases:
            head.append(line)
        elif line:
            part, _, value = line.partition(":")
            assert part in Case.PARTS, line
            cases[-1].parts.setdefault(part, []).append(value[1:])
    return "\n".join(head).rstrip() + "\n", cases


def has_ended(pid):
    """Whether a process is gone, or waits to be looked after by another."""
    try:
        stat = pathlib.Path("/proc/%s/stat" % pid).read_text()
    except FileNotFoundError:
        return True
    return stat.rpartition(")")[2].split()[0] == "Z"


class Place:
    """The set-up without faults, and copies of it in the same place."""

    def __init__(self, top, debs):
        self.top = top
        self.debs = debs
        self.path = top / "x"
        self.template = top / "template"
        self.cf = debs.package("sendmail-cf") / "usr/share/sendmail/cf"
        self.programs = top / "bin"
        self.programs.mkdir()
        (self.programs / "submilter").symlink_to(os.environ["SUBMILTER"])
        self.environment = dict(
            os.environ, PATH="%s:%s/usr/sbin:%s" % (
                self.programs, debs.package("postfix"), os.environ["PATH"]),
            TOP=str(self.path), CF=str(self.cf), LC_ALL="C.UTF-8",
            LD_LIBRARY_PATH=debs.library_path())
        self._build()

    def fill(self, text):
        return re.sub(r"@(?=[/ ]|$)", str(self.path), text)

    def _write(self, name, text, mode=0o644):
        path = self.path / name
        path.write_text(self.fill(text))
        path.chmod(mode)

    def _build(self):
        os.umask(0o022)
        for name in ("", "queue", "spool", "state", "postfix", "queue/submilter"):
            (self.path / name).mkdir()
        for name in "spool", "state":
            shutil.chown(self.path / name, "nobody", "nogroup")
        shutil.chown(self.path / "queue/submilter", "nobody", "daemon")
        (self.path / "queue/submilter").chmod(0o2750)
        (self.path / "keys").mkdir(mode=0o700)
        shutil.chown(self.path / "keys", "nobody", "nogroup")
        self._write("submilter.conf", CONFIG)
        self._write("rights", "info@corp.example alice@corp.example\n")
        self._write("networks", "127.0.0.1 postmaster@corp.example\n")
        self._write("message.eml", MESSAGE)
        self._write("postfix/main.cf", MAIN)
        dist = self.debs.package("postfix") / "usr/share/postfix/master.cf.dist"
        self._write("postfix/master.cf", dist.read_text() + SUBMISSION)
        self._write("sendmail.mc", SENDMAIL.replace("{cf}", str(self.cf)))
        self._write("submit.mc", SUBMIT.replace("{cf}", str(self.cf)))
        printed = self.shell("submilter genkey -d keys --selector 1 corp.example\n"
                             "sendmail_cf\nsubmit_cf")
        self._write("zone", ZONE + printed)
        # What DNS shows is noted.
        self.shell("serve submilter.conf queue/submilter/s.sock")
        wait_until((self.path / "state/keys.state").exists, 20, "states of keys")
        self.end_processes()
        self.path.rename(self.template)

    def fresh(self):
        """The set-up as it was, with the times of its files."""
        shutil.rmtree(self.path, ignore_errors=True)
        subprocess.run(["cp", "-a", self.template, self.path], check=True)

    def shell(self, text, timeout=60):
        """What the commands print; they must succeed."""
        done = self.run(text, timeout)
        if done.returncode != 0:
            raise AssertionError("%s\n%s" % (text, done.stderr))
        return done.stdout

    def run(self, text, timeout=60):
        return subprocess.run(["bash", "-ec", SHELL + self.fill(text)], env=self.environment,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              stdin=subprocess.DEVNULL, timeout=timeout, check=False)

    def end_processes(self):
        pids = self.path / "pids"
        for pid in pids.read_text().split() if pids.exists() else []:
            try:
                os.kill(int(pid), signal.SIGUSR2)
            except ProcessLookupError:
                continue
            wait_until(lambda pid=pid: has_ended(pid), 10, "end of " + pid)
        pids.unlink(missing_ok=True)

    # --- what is said, and done about it ---

    def said(self, done):
        """The exit code and the lines that say what is wrong."""
        text = (done.stdout + done.stderr).replace(str(self.path), "@")
        lines = []
        for line in text.splitlines():
            line = re.sub(r"\b\d{4}-\d\d-\d\d(T\d\d:\d\dZ)?", "DATE", line)
            line = re.sub(r"\bp=[A-Za-z0-9+/=]+", "p=KEY", line)
            line = re.sub(r"\bms=\d+\.\d", "ms=N", line)
            if not line.startswith("ok: ") and not re.match(r"\d+ errors?, \d+ warn", line):
                lines.append(line)
        # Who lives on this host is its own affair.
        people = [i for i, line in enumerate(lines) if "every user of this host" in line]
        for i in people:
            del lines[i:i + 2]
        return done.returncode, lines

    def follow(self, lines):
        """Does what stands behind "do:"."""
        for line in lines:
            if line.startswith("    do: "):
                self._do(line[len("    do: "):])

    def _do(self, fix):
        option = re.match(r'(\S+ = .*) in (@/[^:\s]+)(?::(\d+))?$', fix)
        if option:
            path = pathlib.Path(self.fill(option[2]))
            text = path.read_text().splitlines()
            if option[3]:
                text[int(option[3]) - 1] = self.fill(option[1])
            else:
                text.append(self.fill(option[1]))
            path.write_text("\n".join(text) + "\n")
            return
        # No Postfix runs here that could be told; what comes behind is another way.
        fix = re.sub(r" && postfix -c \S+ reload.*", "", fix)
        # This one shall end with the case.
        if fix.startswith("submilter run "):
            fix = fix.replace("submilter run -c", "serve") + " queue/submilter/s.sock"
        self.shell(fix)


CHECK = "submilter check --no-connect -c @/submilter.conf"


def found_by(case):
    return case.text("run") or CHECK + " --postfix @/postfix"


def checked_by(case):
    run = found_by(case)
    return run if run.startswith("submilter check -") and "|" not in run else \
        CHECK + " --postfix @/postfix"


def play(place, case, update):
    """None, or what is wrong."""
    place.fresh()
    try:
        place.shell(case.text("make"))
        code, lines = place.said(place.run(found_by(case)))
        if update:
            case.parts["exit"], case.parts["say"] = [str(code)], lines
        if [str(code)] != case.parts.get("exit") or lines != case.parts.get("say", []):
            return "says (exit code %d)\n%s" % (code, "\n".join(lines))
        if case.text("mend"):
            place.shell(case.text("mend"))
        else:
            place.follow(lines)
        code, lines = place.said(place.run(checked_by(case)))
        if code != 0 or lines:
            return "after that check says\n" + "\n".join(lines)
    except (AssertionError, subprocess.TimeoutExpired) as fault:
        return str(fault)
    finally:
        place.end_processes()
    return None


def main(arguments):
    update = "--update" in arguments
    names = [a for a in arguments if not a.startswith("--")]
    head, cases = read_cases()
    failed = 0
    with lab.scratch("submilter-mistakes.") as top:
        place = Place(top, lab.Debs.shared(top, "postfix", "sendmail"))
        for case in cases:
            if names and case.name not in names:
                continue
            began = time.monotonic()
            fault = play(place, case, update)
            if "--times" in arguments:
                print("%5.1f %s" % (time.monotonic() - began, case.name))
            failed += fault is not None
            if fault is not None:
                print("FAIL: %s: %s\n" % (case.name, fault))
    if update:
        DATA.write_text(head + "\n" + "\n".join(c.write() for c in cases), encoding="utf-8")
    count = len(names) or len(cases)
    print("mistakes: %d passed, %d failed" % (count - failed, failed))
    return failed > 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
