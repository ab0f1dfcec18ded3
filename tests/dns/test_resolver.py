#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The resolver over libunbound against real servers: fair, hostile and silent.
DNS_LOOKUP names the program that asks (tests/dns/lookup.c)."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time
import unittest

from servers import PTR, TXT, Knot, Server, anchor, text

# A deadline is kept within this, also with sanitizers on a busy machine.
LATE_MS = 150

ZONE = """\
$ORIGIN example.com.
$TTL 300
@ SOA ns hostmaster 1 3600 600 86400 300
@ NS ns
ns A 192.0.2.53
txt TXT "signed"
alias CNAME txt
empty.deep TXT "x"
"""


def fine(record=b"fine"):
    return [text(record).hex()]


class Lookup:
    """The program that asks, with a resolver of its own."""

    def __init__(self, *args):
        self.process = subprocess.Popen(
            [os.environ["DNS_LOOKUP"], *map(str, args)], text=True, bufsize=1,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def say(self, line):
        self.process.stdin.write(line + "\n")
        answer = self.process.stdout.readline()
        if not answer:
            raise AssertionError(self.process.communicate()[1])
        return json.loads(answer)

    def ask(self, name, kind="TXT", ms=3000):
        return self.say("ask %s %s %d" % (name, kind, ms))

    def many(self, threads, count, name, kind="TXT", ms=3000):
        return self.say("many %d %d %s %s %d" % (threads, count, name, kind, ms))

    def end(self):
        """Exit code and errors; a sanitizer speaks here."""
        errors = self.process.communicate(timeout=30)[1]
        return self.process.returncode, errors


class LookupTest(unittest.TestCase):

    def lookup(self, *args):
        lookup = Lookup(*args)
        # Clean-ups run in reverse: it ends well, or else with force.
        self.addCleanup(lambda: lookup.process.poll() is None and lookup.process.kill())
        self.addCleanup(lambda: self.assertEqual(lookup.end(), (0, "")))
        return lookup

    def server(self):
        server = Server()
        self.addCleanup(server.close)
        return server

    def check(self, answer, outcome, **more):
        self.assertEqual(answer["outcome"], outcome, answer)
        for key, value in more.items():
            self.assertEqual(answer[key], value, answer)

    def check_failed(self, answer, pattern):
        self.check(answer, "failed", records=[], secure=False)
        self.assertRegex(answer["error"], pattern)


class FairServer(LookupTest):

    def setUp(self):
        self.dns = self.server()
        self.ub = self.lookup(self.dns.address)

    def test_outcomes(self):
        self.check(self.ub.ask("ok.example.com"), "found", records=fine(),
                   owner="", secure=False)
        self.check(self.ub.ask("ok.example.com.", "A"), "no data", records=[])
        self.check(self.ub.ask("else.example.com"), "no name", records=[])

    def test_a_chain_ends_at_its_owner_with_the_lowest_ttl(self):
        answer = self.ub.ask("alias.example.com")
        self.check(answer, "found", records=fine(), owner="ok.example.com")
        self.assertLessEqual(answer["ttl"], 60)
        self.assertGreater(answer["ttl"], 50)
        self.check(self.ub.ask("nowhere.example.com"), "no name",
                   owner="gone.example.com")

    def test_what_cannot_be_a_name_is_asked_of_nobody(self):
        for name in "a..b", "..", "x" * 64 + ".com", "a\\256.com":
            self.check(self.ub.ask(name), "no name")
        self.assertEqual(self.dns.asked["udp"], 0)

    def test_odd_octets_arrive_as_they_are(self):
        self.ub.ask("a\\046b\\032c\\255.example.com")
        self.assertEqual(self.dns.asked["a.b c\xff.example.com", TXT], 1)

    def test_repeats_come_from_the_cache_until_their_ttl_ends(self):
        for _ in range(5):
            self.check(self.ub.ask("Brief.example.com"), "found")
            self.ub.ask("else.example.com")
        self.assertLessEqual(self.dns.asked["brief.example.com", TXT], 2)
        before = self.dns.asked["brief.example.com", TXT]
        time.sleep(2.1)
        self.check(self.ub.ask("brief.example.com"), "found")
        self.assertEqual(self.dns.asked["brief.example.com", TXT], before + 1)

    def test_a_prefetch_fills_the_cache(self):
        self.ub.say("prefetch ok.example.com TXT")
        self.ub.ask("ok.example.com")
        self.assertEqual(self.dns.asked["ok.example.com", TXT], 1)
        self.check(self.ub.ask("ok.example.com", ms=200), "found")

    def test_private_names_are_asked_of_the_server(self):
        for name in ("private.test", "private.invalid", "private.home.arpa",
                     "private.example", "private.local"):
            with self.subTest(name):
                self.check(self.ub.ask(name), "found", records=fine())
        for name in ("1.0.0.10.in-addr.arpa", "1.1.168.192.in-addr.arpa",
                     "1.0.16.172.in-addr.arpa", "7.2.0.192.in-addr.arpa",
                     "1.0.254.169.in-addr.arpa", "0.d.f.ip6.arpa"):
            with self.subTest(name):
                self.check(self.ub.ask(name, "PTR"), "no name")
                self.assertEqual(self.dns.asked[name, PTR], 1)

    def test_a_long_record_comes_by_tcp(self):
        answer = self.ub.ask("big.example.com")
        self.check(answer, "found", records=fine(b"y" * 40000))
        self.assertEqual(self.dns.asked["tcp"], 1)

    def test_other_names_in_an_answer_are_not_believed(self):
        self.check(self.ub.ask("foreign.example.com"), "found", records=fine())
        self.check(self.ub.ask("ok.example.com"), "found", records=fine())

    def test_threads_share_one_query(self):
        got = self.ub.many(16, 50, "ok.example.com")
        self.assertEqual(got["found"], 800, got)
        self.assertEqual(self.dns.asked["ok.example.com", TXT], 1)

    def test_threads_with_names_of_their_own(self):
        got = self.ub.many(8, 100, "ok%.example.com", ms=20000)
        self.assertEqual(got["found"], 800, got)


class HostileServer(LookupTest):

    def setUp(self):
        self.dns = self.server()
        self.ub = self.lookup(self.dns.address)

    def check_late(self, name, ms):
        answer = self.ub.ask(name, ms=ms)
        self.check_failed(answer, "^TXT of %s: (timed out: no answer yet|no server "
                          "gave a usable answer)" % re.escape(name))
        self.assertLess(answer["ms"], ms + LATE_MS)
        return answer

    def test_silence_ends_at_the_deadline(self):
        for ms in 0, 200, 700:
            answer = self.check_late("silent%d.example.com" % ms, ms)
            self.assertGreaterEqual(answer["ms"], ms)
            self.assertIn("timed out", answer["error"])

    def test_silence_for_some_names_stops_no_others(self):
        for count in 40, 400:
            for number in range(count):
                self.ub.say("prefetch silent%d-%d.example.com TXT" % (count, number))
            time.sleep(1)
            got = self.ub.many(4, 25, "ok%d-%%.example.com" % count, ms=2000)
            self.assertEqual(got["found"], 100, got)

    def test_faults_of_the_server(self):
        for name in "servfail", "refused":
            answer = self.ub.ask(name + ".example.com", ms=5000)
            self.check_failed(answer, "TXT of %s.example.com: no server gave a "
                              "usable answer .SERVFAIL" % name)

    def test_faults_are_not_kept_for_long(self):
        self.check_failed(self.ub.ask("servfail.example.com"), "SERVFAIL")
        self.dns.say_servfail = self.dns.say_ok
        end = time.monotonic() + 12
        while self.ub.ask("servfail.example.com")["outcome"] == "failed":
            self.assertLess(time.monotonic(), end)
            time.sleep(0.5)

    def test_lies(self):
        for name in "wrongid", "wrongquestion", "garbage", "notcp":
            with self.subTest(name):
                self.check_late(name + ".example.com", 600)

    def test_a_loop_of_cnames(self):
        self.check_failed(self.ub.ask("loop0.example.com", ms=5000),
                          "TXT of loop0.example.com: no server gave a usable answer")

    def test_late_callers_are_let_go_while_the_query_goes_on(self):
        got = self.ub.many(32, 20, "silent%.example.com", ms=20)
        self.assertEqual(got["failed"], 640, got)
        self.assertLess(got["ms"], 20 + 2 * LATE_MS)
        self.assertIn("timed out", got["error"])

    def test_what_is_under_way_is_bounded(self):
        got = self.ub.many(8, 600, "silent%.example.com", ms=1)
        self.assertEqual(got["failed"], 4800, got)
        self.check_failed(self.ub.ask("ok.example.com"),
                          "TXT of ok.example.com: too many lookups under way")

    def test_a_server_that_comes_back_is_used_again(self):
        # So long that libunbound counts it as down.
        start, number = time.monotonic(), 0
        while time.monotonic() < start + 20:
            number += 1
            self.check_failed(self.ub.ask("silent%d.example.com" % number, ms=1000), ".")
        start = time.monotonic()
        while self.ub.ask("ok%d.example.com" % number, ms=1000)["outcome"] == "failed":
            self.assertLess(time.monotonic() - start, 6)
            number += 1
            time.sleep(0.5)


class TwoServers(LookupTest):

    def test_the_other_one_answers_where_one_is_silent(self):
        mute, dns = self.server(), self.server()
        mute.say_other = mute.say_ok = mute.say_silent
        ub = self.lookup(mute.address, dns.address)
        for number in range(8):
            self.check(ub.ask("ok%d.example.com" % number, ms=5000), "found")


class SystemServers(LookupTest):
    """Lines of resolv.conf that are odd, as network managers leave them."""

    def ask_with(self, text):
        with tempfile.NamedTemporaryFile("w") as file:
            file.write(text)
            file.flush()
            return self.lookup("--resolv-conf", file.name).ask("ok.example.com")

    def test_odd_lines_are_passed_over(self):
        dns = self.server()
        self.check(self.ask_with(
            "# made by hand\nnameserver\nnameserver 192.0.2.256\noptions edns0 trust-ad\n"
            "nameservers 192.0.2.1\nsearch a.example b.example\n; x\nfoo bar\n\tnameserver\t%s\r\n"
            "nameserver fe80::1%%none0\n" % dns.address), "found")


class Recursion(LookupTest):

    def test_private_names_are_answered_without_a_server(self):
        ub = self.lookup("--recursive", "--resolv-conf", "/nonexistent")
        self.check(ub.ask("private.test"), "no name")


class Settings(unittest.TestCase):

    def check_refused(self, args, pattern):
        done = subprocess.run([os.environ["DNS_LOOKUP"], *map(str, args)],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=60)
        self.assertEqual(done.returncode, 1, done)
        # 2 is ERR_CONFIG.
        self.assertRegex(done.stderr, "^2 DNS: .*" + pattern)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)

    def test_servers(self):
        for server in ("dns.example", "127.0.0.1@", "127.0.0.1@0", "127.0.0.1@65536",
                       "127.0.0.1:53", "@53", "192.0.2.256"):
            with self.subTest(server):
                self.check_refused([server], re.escape(server))

    def test_files(self):
        self.check_refused(["--resolv-conf", "/nonexistent"],
                           "/nonexistent: No such file")
        with tempfile.NamedTemporaryFile("w") as file:
            file.write("search example.com\nnameserver 192.0.2.256\n")
            file.flush()
            self.check_refused(["--resolv-conf", file.name],
                               file.name + ": no nameserver in it can be used")
        self.check_refused(["--anchor", "/nonexistent", "127.0.0.1"],
                           "\"/nonexistent\": No such file")
        with tempfile.NamedTemporaryFile("w") as file:
            file.write("this is no record\n")
            file.flush()
            self.check_refused(["--anchor", file.name, "127.0.0.1"], "trust anchor")


class Dnssec(LookupTest):

    @classmethod
    def setUpClass(cls):
        cls.top = pathlib.Path(tempfile.mkdtemp(prefix="submilter-dns."))
        cls.addClassCleanup(shutil.rmtree, cls.top)
        cls.top.chmod(0o755)
        cls.knot = Knot(cls.top / "knot", "example.com", ZONE)
        cls.addClassCleanup(cls.knot.stop)
        cls.key = cls.knot.keys("example.com")[0]

    def anchored(self, rdata, server=None):
        file = pathlib.Path(self.top, self.id() + ".key")
        file.write_text(anchor("example.com", rdata))
        return self.lookup("--anchor", file, server or self.knot.address)

    def test_right_anchor(self):
        ub = self.anchored(self.key)
        for _ in range(2):
            self.check(ub.ask("txt.example.com"), "found", secure=True,
                       records=fine(b"signed"))
            self.check(ub.ask("alias.example.com"), "found", secure=True,
                       owner="txt.example.com")
            self.check(ub.ask("txt.example.com", "A"), "no data", secure=True)
            self.check(ub.ask("deep.example.com"), "no data", secure=True)
            self.check(ub.ask("none.example.com"), "no name", secure=True)

    def test_wrong_anchor(self):
        ub = self.anchored(self.key[:-1] + bytes([self.key[-1] ^ 1]))
        for name in "txt", "none", "txt":
            answer = ub.ask(name + ".example.com", ms=10000)
            self.check_failed(answer, "TXT of %s.example.com: bogus: ." % name)

    def test_stripped_signatures(self):
        ub = self.anchored(self.key, self.server().address)
        answer = ub.ask("ok.example.com", ms=10000)
        self.check_failed(answer, "TXT of ok.example.com: bogus: .")

    def test_no_anchor(self):
        ub = self.lookup(self.knot.address)
        self.check(ub.ask("txt.example.com"), "found", secure=False,
                   records=fine(b"signed"))

    def test_private_names_are_not_validated(self):
        # The root's key is not the server's, so all else would be bogus.
        server = self.server()
        file = pathlib.Path(self.top, "root.key")
        file.write_text(anchor("", self.key))
        ub = self.lookup("--anchor", file, server.address)
        self.check_failed(ub.ask("ok.example.org", ms=10000), "bogus")
        self.check(ub.ask("private.test"), "found", secure=False, records=fine())


if __name__ == "__main__":
    unittest.main()
