#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What tables that are files cost: start and memory, which have bounds that end it
with status 1, and look-ups a second beside postmap(1) of Debian's Postfix, on the
same tables in the same run. The daemon starts, and reloads, with a large text table.
SUBMILTER names the program. To be run as root.

usage: files.py [ROWS of an index]"""

import os
import pathlib
import subprocess
import sys
import time

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS / "tables"), str(TESTS / "milter")]

import daemon                                   # noqa: E402
from test_postmap import INDEXES, Postmap      # noqa: E402

SUBMILTER = os.environ["SUBMILTER"]
TEXT_ROWS, ASKED, RUNS = 100000, 100000, 3
bad = []


def measure(command, keys, environment=None):
    """The shortest time of a few runs, in seconds, and the most memory, in MB."""
    best, memory = None, 0
    for _ in range(RUNS):
        begin = time.monotonic()
        with subprocess.Popen(command, stdin=subprocess.PIPE, env=environment,
                              stdout=subprocess.DEVNULL) as running:
            running.stdin.write(keys)
            running.stdin.close()
            _, _, usage = os.wait4(running.pid, 0)
            running.returncode = 0
        took = time.monotonic() - begin
        best = took if best is None else min(best, took)
        memory = max(memory, usage.ru_maxrss / 1024)
    return best, memory


def ours(table, keys):
    return measure([SUBMILTER, "lookup", table, "-"], keys)


def bound(what, value, limit):
    good = value <= limit
    print("%-64s %8.3f  (at most %g)%s" % (what, value, limit, "" if good else "  TOO HIGH"))
    if not good:
        bad.append(what)


def rows(count):
    return "".join("user%d@corp.example login%d\n" % (n, n) for n in range(count))


def of_daemon(count):
    """Its start, a reload in which each row is new, and its memory before and then."""
    server, _ = daemon.world('status-file = "@DIR@/status"\n' + daemon.WORLD)
    server.write("rights", rows(count))
    begin = time.monotonic()
    with server:
        server.expect("ready on")
        took = [time.monotonic() - begin]
        memory = [memory_of(server.process.pid)]
        server.write("rights", rows(count).replace(" login", " other"))
        begin = time.monotonic()
        server.reload("reloaded")
        took.append(time.monotonic() - begin)
        time.sleep(3)       # the watch over files lets the old one go
        memory.append(memory_of(server.process.pid))
    return took + memory


def memory_of(pid):
    """In MB, what it has now."""
    status = pathlib.Path("/proc/%d/status" % pid).read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def best_of_daemon(count):
    return [min(figures) for figures in zip(*(of_daemon(count) for _ in range(RUNS)))]


def main(index_rows):
    Postmap.setUpClass()
    try:
        bench = Postmap()
        one = b"user7@corp.example\n"
        idle, base = ours("inline:{a=b}", one)
        text = bench.write("text", rows(TEXT_ROWS))
        took, memory = ours("texthash:%s" % text, one)
        bound("texthash, %d rows: start, s" % TEXT_ROWS, took - idle, 0.5)
        bound("texthash, %d rows: memory, MB" % TEXT_ROWS, memory - base, 20)
        few, much = best_of_daemon(10), best_of_daemon(TEXT_ROWS)
        for what, base, value, limit in zip(
                ("start, s", "reload, s", "memory after the start, MB",
                 "memory after the reload, MB"), few, much, (0.5, 0.5, 20, 20)):
            bound("daemon, %d rows beside 10: %s" % (TEXT_ROWS, what), value - base, limit)
        many = "".join("user%d@corp.example\n" % (n * 7919 % (2 * index_rows))
                       for n in range(ASKED)).encode()
        for kind in INDEXES:
            small = bench.build(kind, kind + "-one", rows(10))
            large = bench.build(kind, kind + "-all", rows(index_rows))
            first, base = ours(small, one)
            took, memory = ours(large, one)
            bound("%s, %d rows beside 10: start, s" % (kind, index_rows), took - first, 0.02)
            bound("%s, %d rows beside 10: memory, MB" % (kind, index_rows), memory - base, 2)
            mine, _ = ours(large, many)
            theirs, _ = measure([bench.postmap, "-c", bench.top, "-q", "-", large], many,
                                bench.debs.environment())
            print("%-64s %8.0f  (postmap -q -: %.0f; %.2f of it)" % (
                kind + ": look-ups a second", ASKED / mine, ASKED / theirs, theirs / mine))
    finally:
        Postmap.doClassCleanups()
    print("%s" % ("too high: " + ", ".join(bad) if bad else "all within bounds"))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000000))
