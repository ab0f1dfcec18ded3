# SPDX-License-Identifier: BSD-2-Clause
"""What an operator sees of the service under systemd: priorities in the log, reloads
that say why they were refused, restarts that nobody notices."""

import json
import re
import time

CONF = "/etc/submilter/submilter.conf"
INSIDE = "/usr/bin/python3 tests/firstday/inside.py "
MAIL = 2        # the facility, as syslog(3) numbers it
ERROR, WARNING, INFO = 3, 4, 6


def journal(host, pattern):
    """The last line of the unit that matches, as a dictionary; {} if there is none."""
    host.root.run("journalctl --sync")
    found = {}
    for line in host.root.must("journalctl -u submilter -o json").splitlines():
        entry = json.loads(line)
        if re.search(pattern, str(entry.get("MESSAGE"))):
            found = entry
    return found


def has(host, name, pattern, priority):
    entry = journal(host, pattern)
    host.report.check(name, (entry.get("PRIORITY"), entry.get("SYSLOG_FACILITY")) == (
        str(priority), str(MAIL)), json.dumps(entry, indent=1))


def configure(host, text):
    """It counts as settled after a moment."""
    host.root.write(CONF, text)
    time.sleep(0.5)


def logs(host):
    text = host.root.read(CONF)
    has(host, "a message has priority info", r"qid=.* action=accept", INFO)
    host.report.check("log = syslog takes effect", journal(
        host, r"qid=.* action=accept").get("_TRANSPORT") == "syslog")
    configure(host, text + "log = stderr\n")
    host.root.must("systemctl restart submilter")
    host.send("From: alice@example.org\nTo: bob@far.example\n\nx\n")
    host.sent += 1
    entry = journal(host, r"^qid=.* action=accept")
    host.report.check("log = stderr takes effect", entry.get("_TRANSPORT") == "stdout",
                      json.dumps(entry))
    has(host, "with the same priority and facility", r"^qid=.* action=accept", INFO)
    configure(host, text)
    host.root.must("systemctl restart submilter")


def reloads(host):
    text = host.root.read(CONF)
    configure(host, text + "# one more line\n")
    done = host.root.run("systemctl reload submilter")
    host.report.check("a reload is done", done.returncode == 0, done.stdout)
    configure(host, text + "lisetn = x\n")
    done = host.root.run("systemctl reload submilter")
    host.report.check("one that is refused fails", done.returncode != 0, done.stdout)
    has(host, "and has priority error", "not reloaded", ERROR)
    status = host.root.run("systemctl status submilter").stdout
    host.report.check("systemctl status says why", re.search(
        r"Status: .*1 domain, 2 of 2 keys sign.*reload refused", status), status)
    done = host.send("From: alice@example.org\nTo: bob@far.example\n\nx\n")
    host.sent += 1
    host.report.check("and it serves as before", done.returncode == 0, done.stdout)
    configure(host, text)
    done = host.root.run("systemctl reload submilter")
    host.report.check("the next one is done", done.returncode == 0, done.stdout)


def outage(host, name, command, limit):
    """The best of five: the machine may have much else to do."""
    times = []
    for _ in range(5):
        text = host.root.must(INSIDE + "outage '%s'" % command, timeout=120)
        seen = json.loads(text.splitlines()[-1])
        print("       | %s: %s" % (name, seen), flush=True)
        # 454 is Postfix's answer to AUTH while the milter is away.
        if not host.report.check("%s puts mail off, and does not refuse or lose it" % name,
                                 seen["code"] == 0 and seen["accepted"] > 0 and
                                 set(seen["codes"]) <= {451, 454}, text):
            return
        times.append(seen["seconds"])
        if seen["seconds"] < limit:
            break
    host.sent = len(list((host.root.path / "root/sink").glob("*.eml")))
    host.report.check("%s puts mail off for less than %.1f s" % (name, limit),
                      min(times) < limit, str(times))


def restarts(host):
    outage(host, "a restart", "systemctl restart submilter", 0.5)
    outage(host, "a process that was killed",
           "systemctl kill --kill-whom=main -s KILL submilter", 2.0)


def nights(host):
    """A fault that hinders the start is not the end: mended, it is up again."""
    text = host.root.read(CONF)
    configure(host, "lisetn = x\n")
    host.root.run("systemctl restart submilter")
    time.sleep(15)      # more starts than the five that systemd allows by default
    state = host.root.run("systemctl is-failed submilter").stdout.strip()
    host.report.check("with a broken configuration it is tried on", state == "activating",
                      state)
    configure(host, text)
    host.wait("and is up when that is mended", "systemctl is-active submilter", 10)
    host.root.must("for f in /etc/submilter/keys/example.org/r*.key; do cp -p $f /root/; "
                   "echo broken > $f; done && systemctl restart submilter")
    done = host.root.run("systemctl is-active submilter")
    host.report.check("a broken key does not hinder the start", done.returncode == 0,
                      done.stdout)
    host.root.must("cp -p /root/r*.key /etc/submilter/keys/example.org/ && "
                   "systemctl restart submilter")


def prove(host):
    logs(host)
    reloads(host)
    restarts(host)
    nights(host)
