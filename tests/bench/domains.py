#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What very many signing domains cost: start, reload and memory with a directory of
keys, beside one domain; how long messages take during a reload; what a signing
table with many patterns adds to a message; and how many questions a second DNS gets
when all keys are new to it. Bounds that are missed end it with status 1; those that
are times hold on a machine that does nothing else. SUBMILTER names the program.

usage: domains.py [--memory] [DOMAINS [PATTERNS]]

--memory: only what it takes to know the states of all keys"""

import base64
import collections
import contextlib
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
sys.path[:0] = [str(TESTS / "milter"), str(TESTS / "dns")]

import daemon                           # noqa: E402
import milter                           # noqa: E402
import mta                              # noqa: E402
from support import message             # noqa: E402
from test_many_domains import AnyKey    # noqa: E402

CONF = """\
listen = "unix:@SOCKET@"
hostname = "mail.example"
identify { methods = {sasl} ; realms = any-verified-by-sasl }
sign { dkim-key = off }
preflight { mode = monitor }
"""
ROUNDS, TURNS, MESSAGES, STATE_SECONDS = 5, 31, 500, 600
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


def memory_of(server, what="VmRSS"):
    status = pathlib.Path("/proc/%d/status" % server.process.pid).read_text()
    return int(status.partition(what + ":")[2].split()[0]) / 1024


def forget_peak(server):
    pathlib.Path("/proc/%d/clear_refs" % server.process.pid).write_text("5")


def cpu_of(server):
    """In seconds, of the threads that there are."""
    total = 0
    for task in pathlib.Path("/proc/%d/task" % server.process.pid).iterdir():
        # A thread may have ended meanwhile.
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
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


def costs(*sides):
    """CPU of milters a message, in turns. A side has a configuration, numbers of domains
    that send, and files. Of each: the median in ms, and that beside the first one of
    its turn."""
    running = []
    try:
        for conf, numbers, *files in sides:
            server = daemon.Daemon(CONF + conf)
            for name, text in files:
                server.write(name, text)
            server.start()
            session = open_session(server)
            for number in numbers:
                send(session, number)
            running.append((server, session, numbers, []))
        for _ in range(TURNS):
            for server, session, numbers, took in running:
                before = cpu_of(server)
                for i in range(MESSAGES):
                    send(session, numbers[i % len(numbers)])
                took.append((cpu_of(server) - before) * 1000 / MESSAGES)
        first = running[0][3]
        return [(statistics.median(took),
                 statistics.median(one / other for one, other in zip(took, first)))
                for _, _, _, took in running]
    finally:
        for server, session, _, _ in running:
            session.close()
            server.stop()
            server.clean()


def reload_alone(server):
    """Seconds, and CPU."""
    begin, before = time.monotonic(), cpu_of(server)
    server.reload("reloaded", timeout=60)
    return time.monotonic() - begin, cpu_of(server) - before


def measured(conf, numbers, files=()):
    """Of the start, and of reloads: seconds and CPU; memory and its peak (MB); p99
    without and with reloads, which take turns."""
    server = daemon.Daemon(CONF + conf)
    for name, text in files:
        server.write(name, text)
    begin = time.monotonic()
    with server:
        server.expect("ready on", timeout=60)
        start = time.monotonic() - begin, cpu_of(server)
        reloads = [reload_alone(server) for _ in range(ROUNDS)]
        forget_peak(server)
        stop = threading.Event()

        def watch(times):
            with open_session(server) as session:
                while not stop.is_set():
                    times.append(send(session, numbers[len(times) % len(numbers)]))

        tails = [], []
        for turn in range(2 * ROUNDS):
            times, reloading = [], turn % 2
            stop.clear()
            thread = threading.Thread(target=watch, args=(times,))
            thread.start()
            end = time.monotonic() + 1
            while thread.is_alive() and (
                    time.monotonic() < end or len(times) < MESSAGES):
                if reloading:
                    server.reload("reloaded", timeout=60)
                else:
                    time.sleep(0.05)
            stop.set()
            thread.join()
            tails[reloading].extend(times)
        return (start, [statistics.median(r) for r in zip(*reloads)],
                (memory_of(server), memory_of(server, "VmHWM")),
                [statistics.quantiles(times, n=100)[98] for times in tails])


def memory_in_reloads(server, directory, more=False):
    """In MB: after some reloads, and the most during them. More: each has one domain
    more than the one before."""
    forget_peak(server)
    for number in range(ROUNDS):
        if more:
            shutil.copytree(directory / "d0.example", directory / ("more%d.example" % number))
        reload_alone(server)
    peak = memory_of(server), memory_of(server, "VmHWM")
    for path in directory.glob("more*"):
        shutil.rmtree(path)
    return peak


def watch_states(server, zone):
    """Waits until all keys were looked up and that was written; reloads meanwhile."""
    begin = time.monotonic()
    path = pathlib.Path(server.path("keys.state"))
    while time.monotonic() < begin + STATE_SECONDS and not path.exists():
        time.sleep(10)
        server.reload("reloaded", timeout=60)
    print("%d keys were looked up in %.0f s" % (
        len(zone.asked), time.monotonic() - begin))


def states(directory, domains):
    """Looks all keys up in DNS, with reloads meanwhile: questions, the most of them in a
    second and a tenth; memory and its peak then, in reloads after that, and after a
    start that finds all states in their file."""
    der = subprocess.run(["openssl", "pkey", "-in", str(directory / "d0.example" / "s1.key"),
                          "-pubout", "-outform", "DER"], check=True,
                         capture_output=True).stdout
    zone = AnyKey(b"v=DKIM1; k=ed25519; p=" + base64.b64encode(der[-32:]))
    conf = CONF.replace("dkim-key = off", 'key-states = "@DIR@/keys.state"')
    server = daemon.Daemon('%skeys = "%s"\ndns { servers = {"%s"} }\n' % (
        conf, directory, zone.address))
    memory = []
    try:
        server.start(timeout=60)
        watch_states(server, zone)
        memory.append(("all keys looked up", memory_of(server), memory_of(server, "VmHWM")))
        memory.append(("reloads after that", *memory_in_reloads(server, directory)))
        memory.append(("reloads that each find a new domain",
                       *memory_in_reloads(server, directory, True)))
        server.stop()
        server.start(timeout=60)
        time.sleep(2)
        memory.append(("a start with all states", memory_of(server),
                       memory_of(server, "VmHWM")))
        memory.append(("reloads after that", *memory_in_reloads(server, directory)))
        seconds = collections.Counter()
        for tenth, count in zone.tenths.items():
            seconds[tenth // 10] += count
        return max(seconds.values()), max(zone.tenths.values()), memory
    finally:
        server.stop()
        server.clean()
        zone.close()


def bound_states(directory, domains):
    second, tenth, memory = states(directory, domains)
    bound("states of keys: questions to DNS in a second", second, 1100)
    bound("states of keys: questions to DNS in 0.1 s", tenth, 192)
    for what, now, peak in memory:
        print("%-58s %9.3f" % (what + ", MB", now))
        bound("  and the most that it was, MB", peak, 100)


def times_and_costs(top, many, domains, patterns):
    one = make_keys(top / "one", 1)
    lone = 'keys = "%s"\n' % one
    all_keys = 'keys = "%s"\n' % many
    numbers = [n * 7919 % domains for n in range(100)]
    start, reload, memory, tails = measured(all_keys, numbers)
    bound("%d domains: start, s" % domains, start[0], 1)
    bound("%d domains: start, s of CPU" % domains, start[1], 1)
    bound("%d domains: reload, s" % domains, reload[0], 1)
    bound("%d domains: reload, s of CPU" % domains, reload[1], 1)
    bound("%d domains: memory, MB" % domains, memory[0], 100)
    bound("%d domains: memory in reloads, MB" % domains, memory[1], 100)
    bound("p99 in reloads beside no reload (%.1f ms)" % (tails[0] * 1000),
          tails[1] / tails[0], 2)
    (few, _), (_, hundred), (_, all_) = costs(
        (lone, [0]), ('keys = "%s"\n' % make_keys(top / "hundred", 100), range(100)),
        (all_keys, numbers))
    bound("100 domains: CPU of a message beside one (%.3f ms)" % few, hundred, 1.03)
    bound("%d domains: CPU of a message beside one" % domains, all_, 1.03)
    table = 'sign { key-table = "file:@DIR@/keys" ; signing-table = "refile:@DIR@/signing" }\n'
    key = ("keys", "k %%:s1:%s/d0.example/s1.key\n" % one)
    rows = "".join("*@d%d.example k\nu%d@* k\n*x%d*@y.example k\n" % (n, n, n)
                   for n in range(1, patterns // 3)) + "*@d0.example k\n"
    (short, _), (_, long) = costs(
        (table, [0], key, ("signing", "*@d0.example k\n")),
        (table, [0], key, ("signing", rows)))
    bound("%d patterns: CPU of a message beside one (%.3f ms)" % (patterns, short),
          long, 1.03)


def main(only_memory, domains=100000, patterns=10000):
    top = pathlib.Path(tempfile.mkdtemp(prefix="submilter-bench."))
    try:
        many = make_keys(top / "many", domains)
        if not only_memory:
            times_and_costs(top, many, domains, patterns)
        bound_states(many, domains)
    finally:
        shutil.rmtree(top)
    print("load average %.1f" % os.getloadavg()[0])
    print("%s" % ("too high: " + ", ".join(bad) if bad else "all within bounds"))
    return 1 if bad else 0


if __name__ == "__main__":
    arguments = [argument for argument in sys.argv[1:] if argument != "--memory"]
    sys.exit(main("--memory" in sys.argv, *(int(number) for number in arguments)))
