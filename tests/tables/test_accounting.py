#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Records of accepted messages, told to a real FreeRADIUS: which ones, and what
becomes of them while it is away, and at the end. To be run as root, with the
environment of test_contract.py."""

import json
import os
import pathlib
import re
import subprocess
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "milter")]

import daemon                           # noqa: E402
import lab                              # noqa: E402
import servers                          # noqa: E402
import support                          # noqa: E402
from lab.process import wait_until      # noqa: E402
from test_radius import Liar, sealed    # noqa: E402

ANSWER = 5      # Accounting-Response
OPTIONS = 'accounting { radius = "@DIR@/accounting.radius"; queue = %d }\n' \
    'status-file = "@DIR@/status"\n'


class Accounting(support.OwnDaemonTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.top = cls.enterClassContext(lab.scratch())
        cls.debs = lab.Debs.shared(cls.top, "freeradius")
        cls.certificates = servers.Certificates(cls.top / "tls")
        cls.radius = cls.enterClassContext(servers.FreeRadius(
            cls.top / "radius", cls.debs, certificates=cls.certificates))

    def setUp(self):
        self.radius.detail.unlink(missing_ok=True)
        if self.radius.daemon.ended():
            self.radius.start()

    def ready(self, queue=100, hosts=None, more=""):
        path = self.top / "accounting.radius"
        path.touch(0o600)
        path.write_text(hosts or "accounting_hosts = 127.0.0.1:%d\nsecret = %s\n" % (
            self.radius.acct_port, self.radius.secret))
        server = self.start((OPTIONS % queue).replace(
            "@DIR@/accounting.radius", str(path)) + more + daemon.WORLD)
        server.expect("ready on")
        return server

    def records(self, count):
        """So many records, once they are there."""
        def read():
            text = self.radius.detail.read_text() if self.radius.detail.exists() else ""
            found = [dict(re.findall(r'^\t(\S+) = "?(.*?)"?$', part, re.M))
                     for part in re.split(r"\n\n+", text) if "Timestamp" in part]
            return len(found) >= count and found
        wait_until(read, servers.PATIENCE, "record")
        self.assertEqual(len(read()), count)
        return read()

    def status(self, server):
        done = subprocess.run(
            [os.environ["SUBMILTER"], "status", "--json", "-c", server.file],
            stdout=subprocess.PIPE, timeout=60)
        return json.loads(done.stdout)["accounting"]

    def wait_for(self, server, **counts):
        wait_until(lambda: self.status(server) == counts, servers.PATIENCE,
                   "status of " + str(counts))

    def test_one_record_for_each_accepted_message(self):
        server = self.ready()
        raw = support.message(body=b"line\r\n" * 30000)
        session = self.session(server=server, client="192.0.2.9")
        for rcpts in ["a@x.example", "b@x.example"], ["c@x.example"]:
            self.assertEqual(session.submit(support.mail(raw, rcpts=rcpts)).verdict,
                             "pass")
        session.quit()
        # Refused, and given up: no record.
        self.assertEqual(self.submit(support.mail(support.message(support.CEO)),
                                     server=server).verdict, "reject")
        first, second = self.records(2)
        for record, rcpts in (first, "2"), (second, "1"):
            self.assertEqual(record["User-Name"], support.ALICE)
            self.assertEqual(record["Calling-Station-Id"], "192.0.2.9")
            self.assertEqual(record["Acct-Status-Type"], "Stop")
            self.assertEqual(record["Acct-Output-Packets"], rcpts)
            self.assertEqual(record["NAS-Identifier"], "submilter")
            self.assertEqual(record["Acct-Delay-Time"], "0")
            self.assertAlmostEqual(int(record["Acct-Input-Octets"]), len(raw), delta=20)
            self.assertIn("qid=%s " % record["Acct-Session-Id"], server.log())
        self.assertEqual(first["Acct-Multi-Session-Id"], second["Acct-Multi-Session-Id"])
        self.wait_for(server, sent=2, waiting=0, lost=0)

    def test_a_message_that_is_not_signed(self):
        """The MTA hands over all of its body nevertheless."""
        server = self.ready(more="mode = monitor\n")
        raw = support.message(support.CEO, body=b"line\r\n" * 30000)
        self.assertEqual(self.submit(support.mail(raw), server=server).verdict, "pass")
        record, = self.records(1)
        self.assertAlmostEqual(int(record["Acct-Input-Octets"]), len(raw), delta=20)

    def test_over_tls(self):
        server = self.ready(hosts="accounting_hosts = 127.0.0.1:%d\ntls_CAfile = %s\n" % (
            self.radius.tls_port, self.certificates.ca))
        self.assert_works(server)
        self.records(1)

    def test_server_down(self):
        """Mail goes on, and records wait; as many as the queue takes arrive later."""
        server = self.ready(queue=2)
        self.radius.kill()
        for _ in range(2):
            self.assert_works(server)
        server.expect("accounting: .*records wait until that is over")
        self.wait_for(server, sent=0, waiting=2, lost=0)
        self.assert_works(server)
        self.assertRegex(server.log(), r"accounting: the record of qid=\S+ login=%s is "
                         "lost: as many as accounting.queue" % support.ALICE)
        self.wait_for(server, sent=0, waiting=2, lost=1)
        self.radius.start()
        self.records(2)
        server.expect("accounting: records are sent again")
        self.wait_for(server, sent=2, waiting=0, lost=1)

    def test_server_hangs(self):
        """Mail does not wait for it; neither does the end."""
        server = self.ready()
        self.radius.pause()
        try:
            for _ in range(3):
                self.assert_works(server)
            self.assertEqual(server.stop(timeout=60, hurry=False), 0)
        finally:
            self.radius.resume()
        self.assertEqual(server.log().count("is lost: the milter ends"), 3)

    def test_wrong_secret(self):
        server = self.ready(hosts="accounting_hosts = 127.0.0.1:%d\nsecret = wrong\n"
                            % self.radius.acct_port)
        self.assert_works(server)
        server.expect("accounting: .*does not know the secret", timeout=60)
        self.wait_for(server, sent=0, waiting=1, lost=0)

    def test_forged_answers(self):
        """Who does not have the secret cannot say that a record has arrived."""
        def reply(request, number):
            return [sealed(request, b"", code=ANSWER, signed=False,
                           secret=b"guess" if number < 3 else b"word"),
                    sealed(request, b"", code=ANSWER, signed=False, number=request[1] ^ 1)]
        with Liar(reply) as liar:
            server = self.ready(hosts="accounting_hosts = 127.0.0.1:%d\nsecret = word\n"
                                % liar.port)
            self.assert_works(server)
            self.wait_for(server, sent=1, waiting=0, lost=0)
            self.assertGreater(len(liar.seen), 2)
            self.assertEqual(len(set(liar.seen)), 1)

    def test_what_can_never_be_sent(self):
        login = "x" * 254 + "@corp.example"
        server = self.ready(more="mode = monitor\n")
        self.assertEqual(self.submit(support.mail(login=login), server=server).verdict,
                         "pass")
        server.expect("is lost: .*over 253 octets")
        self.assert_works_in_monitor(server)
        self.records(1)
        self.wait_for(server, sent=1, waiting=0, lost=1)

    def assert_works_in_monitor(self, server):
        self.assertEqual(self.submit(support.mail(), server=server).verdict, "pass")

    def test_end(self):
        """What waits is sent then, if the server is there."""
        server = self.ready()
        self.radius.kill()
        for _ in range(5):
            self.assert_works(server)
        server.expect("accounting: .*records wait")
        self.radius.start()
        self.assertEqual(server.stop(timeout=60, hurry=False), 0)
        self.records(5)
        self.assertNotIn("is lost", server.log())

    def test_check(self):
        server = self.ready()
        for text, want in (("secret = x\naccounting_hosts = 0.0.0.0\n", "CVE-2024-3596"),
                           ("secret = x\naccounting_hosts = /x\n", "accounting_hosts"),
                           ("hosts = 127.0.0.1\n", "secret is missing"),
                           ("secret = x\n", "accounting.radius: the file can be read")):
            (self.top / "accounting.radius").write_text(text)
            done = subprocess.run(
                [os.environ["SUBMILTER"], "check", "--no-connect", "-c", server.file,
                 "--postfix", self.top], capture_output=True, timeout=60)
            self.assertIn(want, done.stdout.decode())


if __name__ == "__main__":
    unittest.main()
