#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What very many signing domains cost: start, reload and memory with a directory of
keys, beside one domain; how long messages take during a reload; and what a signing
table with many patterns adds to a message. Bounds that are missed end it with
status 1; those that are times hold on a machine that does nothing else. SUBMILTER
names the program.

usage: domains.py [DOMAINS [PATTERNS]]"""

import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS / "milter")]

import daemon                           # noqa: E402
import milter                           # noqa: E402
import mta                              # noqa: E402
from support import message             # noqa: E402

CONF = """\
listen = "unix:@SOCKET@"
hostname = "mail.example"
identify { methods = {sasl} ; realms = any-verified-by-sasl }
sign { dkim-key = off }
preflight { mode = monitor }
"""
ROUNDS, MESSAGES = 5, 500
bad = []


def bound(what, value, limit):
    good = value <= limit
    print("%-58s %9.3f  (at most %g)%s" % (what, value, limit, "" if good else "  TOO HIGH"))
    if not good:
        bad.append(what)


def make_keys(directory, count):
    """Every domain has a file of its own; the key in it is the same."""
    pem = subprocess.run(["openssl", "genpkey", "-algorithm", "ED25519"], check=True,
                         capture_output=True).stdout
    directory.mkdir(mode=0o700)
    for number in range(count):
        folder = directory / ("d%d.example" % number)
        folder.mkdir(mode=0o700)
        handle = os.open(folder / "s1.key", os.O_WRONLY | os.O_CREAT, 0o600)
        os.write(handle, pem)
        os.close(handle)
    return directory


def memory_of(server):
    status = pathlib.Path("/proc/%d/status" % server.process.pid).read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def cpu_of(server):
    """In seconds, of the threads that there are."""
    total = 0
    for task in pathlib.Path("/proc/%d/task" % server.process.pid).iterdir():
        total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def send(session, number):
    author = "u@d%d.example" % number
    session.set_macros(auth_authen=author)
    content = mta.verbatim(message(author))
    begin = time.monotonic()
    result = session.submit(mta.Mail(content, author, ["x@rcpt.example"], login=author))
    assert result.verdict == "pass" and result.edits, result
    return time.monotonic() - begin


def open_session(server):
    agent = mta.Postfix()
    session = milter.Session(server.address, agent)
    session.set_macros(**agent.session_macros(address="192.0.2.7"))
    session.connect()
    session.helo()
    return session


def costs(conf_a, numbers_a, conf_b, numbers_b, files_b=(), files_a=()):
    """CPU of two milters a message, in ms, in turns: the least of some rounds."""
    sides = []
    try:
        for conf, numbers, files in ((conf_a, numbers_a, files_a),
                                     (conf_b, numbers_b, files_b)):
            server = daemon.Daemon(CONF + conf)
            for name, text in files:
                server.write(name, text)
            server.start()
            session = open_session(server)
            for number in numbers:
                send(session, number)
            sides.append((server, session, numbers, []))
        for _ in range(2 * ROUNDS):
            for server, session, numbers, took in sides:
                before = cpu_of(server)
                for i in range(MESSAGES):
                    send(session, numbers[i % len(numbers)])
                took.append((cpu_of(server) - before) * 1000 / MESSAGES)
        return [min(took) for _, _, _, took in sides]
    finally:
        for server, session, _, _ in sides:
            session.close()
            server.stop()
            server.clean()


def measured(conf, numbers, files=()):
    """Start, reload (s), memory (MB), p99 quiet and in reloads."""
    server = daemon.Daemon(CONF + conf)
    for name, text in files:
        server.write(name, text)
    begin = time.monotonic()
    with server:
        server.expect("ready on", timeout=60)
        start = time.monotonic() - begin, cpu_of(server)
        reloads, stop = [], threading.Event()

        def watch(times):
            with open_session(server) as session:
                while not stop.is_set():
                    times.append(send(session, numbers[len(times) % len(numbers)]))

        tails = []
        for reloading in (False, True):
            times = []
            stop.clear()
            thread = threading.Thread(target=watch, args=(times,))
            thread.start()
            for _ in range(ROUNDS):
                begin = time.monotonic()
                if reloading:
                    server.reload("reloaded", timeout=60)
                    reloads.append(time.monotonic() - begin)
                else:
                    time.sleep(1)
            while thread.is_alive() and len(times) < MESSAGES:
                time.sleep(0.05)
            stop.set()
            thread.join()
            tails.append(statistics.quantiles(times, n=100)[98])
        return start, statistics.median(reloads), memory_of(server), tails


def main(domains, patterns):
    top = pathlib.Path(tempfile.mkdtemp(prefix="submilter-bench."))
    try:
        one = make_keys(top / "one", 1)
        many = make_keys(top / "many", domains)
        lone = 'keys = "%s"\n' % one
        all_keys = 'keys = "%s"\n' % many
        numbers = [n * 7919 % domains for n in range(100)]
        start, reload, memory, tails = measured(all_keys, numbers)
        bound("%d domains: start, s" % domains, start[0], 1)
        bound("%d domains: start, s of CPU" % domains, start[1], 1)
        bound("%d domains: reload, s" % domains, reload, 1)
        bound("%d domains: memory, MB" % domains, memory, 100)
        bound("p99 in reloads beside no reload (%.1f ms)" % (tails[0] * 1000),
              tails[1] / tails[0], 2)
        few, all_ = costs(lone, [0], all_keys, numbers)
        bound("a message, CPU beside one domain (%.3f ms)" % few, all_ / few, 1.03)
        table = 'sign { key-table = "file:@DIR@/keys" ; signing-table = "refile:@DIR@/signing" }\n'
        key = ("keys", "k %%:s1:%s/d0.example/s1.key\n" % one)
        rows = "".join("*@d%d.example k\nu%d@* k\n*x%d*@y.example k\n" % (n, n, n)
                       for n in range(1, patterns // 3)) + "*@d0.example k\n"
        short, long = costs(table, [0], table, [0], [key, ("signing", rows)],
                            [key, ("signing", "*@d0.example k\n")])
        bound("%d patterns: CPU of a message beside one (%.3f ms)" % (patterns, short),
              long / short, 1.03)
    finally:
        shutil.rmtree(top)
    print("%s" % ("too high: " + ", ".join(bad) if bad else "all within bounds"))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(*(int(n) for n in (sys.argv[1:] + ["100000", "10000"][len(sys.argv) - 1:]))))
