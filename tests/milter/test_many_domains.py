# SPDX-License-Identifier: BSD-2-Clause
"""More domains than are read at the start: keys are read when they are needed."""

import collections
import os
import pathlib
import shutil
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / 'dns'))

import daemon
import servers
import support
from support import mail, message

COUNT = 1200
BAD = 'd7.example', 'd1199.example'


class AnyKey(servers.Server):
    """Each domain publishes the same key; it counts what it is asked for."""

    def __init__(self, record):
        self.record = record
        self.tenths = collections.Counter()
        super().__init__()

    def _answers(self, query, tcp):
        name, kind, question = servers.read_question(query)
        self.asked[name.lower(), kind] += 1
        self.tenths[int(10 * time.monotonic())] += 1
        answers = [servers.record(name, servers.TXT, servers.text(self.record))]
        return [servers.message(query, question, answers)]


class ManyDomains(support.DaemonTest):

    @classmethod
    def setUpClass(cls):
        cls.server = daemon.Daemon('')
        cls.addClassCleanup(cls.server.clean)
        cls.keys = daemon.Keys(cls.server.path('keys'))
        one = pathlib.Path(cls.keys.add('d0.example', 's1', 'RSA'))
        cls.record = cls.keys.records[b's1._domainkey.d0.example.']
        for number in range(1, COUNT):
            folder = one.parent.parent / ('d%d.example' % number)
            folder.mkdir(mode=0o700)
            shutil.copy(one, folder)
            cls.keys.records[b's1._domainkey.d%d.example.' % number] = cls.record
        for domain in BAD:
            (one.parent.parent / domain / 's1.key').write_text('not a key\n')

    def setUp(self):
        self.zone = AnyKey(self.record)
        self.addCleanup(self.zone.close)

    def tearDown(self):
        support.ended_well(self.server)

    def begin(self, more):
        self.server.configure('''
listen = "unix:@SOCKET@"
hostname = "mail.example"
keys = "@DIR@/keys"
identify { methods = {sasl} ; realms = any-verified-by-sasl }
dns { servers = {"%s"} }
%s
''' % (self.zone.address, more))
        self.server.start()

    def send(self, number):
        address = 'u@d%d.example' % number
        return self.submit(mail(message(address), sender=address, login=address))

    def signed(self, number):
        result = self.send(number)
        return result.verdict == 'pass' and any(
            b'd=d%d.example;' % number in edit[-1] for edit in result.edits)

    def test_a_bad_key_costs_its_domain_alone(self):
        self.begin('sign { dkim-key = off }')
        for number in (0, 6, 1198):
            self.assertTrue(self.signed(number), number)
        for domain in BAD:
            result = self.send(int(domain[1:].partition('.')[0]))
            self.assertEqual(result.verdict, 'tempfail', domain)
            self.server.expect('%s/s1.key: not a private key' % domain)
        self.server.reload('reloaded')
        self.assertTrue(self.signed(5))
        self.assertEqual(self.send(7).verdict, 'tempfail')

    def test_a_bad_key_is_unsigned_by_option(self):
        self.begin('sign { dkim-key = off ; broken-keys = unsigned }')
        self.assertIn(self.send(7).verdict, ('accept', 'pass'))
        self.assertFalse(self.signed(7))
        self.assertTrue(self.signed(8))

    def test_mail_does_not_wait_for_all_domains_to_be_looked_up(self):
        begin = time.monotonic()
        self.begin('sign { key-states = "@DIR@/keys.state" }')
        self.assertLess(time.monotonic() - begin, 8)
        # The last in their order, a minute before its turn would come.
        self.send(1198)
        end = time.monotonic() + 8
        while not self.signed(1198):
            self.assertLess(time.monotonic(), end, self.server.log()[-2000:])
            time.sleep(0.2)

    def test_keys_are_asked_for_without_a_burst(self):
        self.begin('sign { key-states = "@DIR@/keys.state" }')
        end = time.monotonic() + 20
        while not self.zone.asked:
            self.assertLess(time.monotonic(), end, 'no question')
            time.sleep(0.01)
        before = time.monotonic(), sum(self.zone.asked.copy().values())
        time.sleep(1)
        after = time.monotonic(), sum(self.zone.asked.copy().values())
        self.assertLess((after[1] - before[1]) / (after[0] - before[0]), 1100)
        # 64 at once, and the next ones 65 ms later: no more than three such
        # windows have to do with a tenth of a second, however busy this machine is.
        self.assertLessEqual(max(self.zone.tenths.copy().values()), 3 * 64)

    def test_a_reload_takes_up_another_key_of_a_domain_that_signs(self):
        self.begin('sign { dkim-key = off }')
        self.assertTrue(self.signed(3))
        path = self.server.path('keys', 'd3.example')
        os.rename(path + '/s1.key', path + '/s2.key')
        self.addCleanup(os.rename, path + '/s2.key', path + '/s1.key')
        self.server.reload('reloaded')
        result = self.send(3)
        self.assertIn(b's=s2', b''.join(edit[-1] for edit in result.edits))


if __name__ == '__main__':
    import unittest
    unittest.main()
