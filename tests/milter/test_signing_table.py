# SPDX-License-Identifier: BSD-2-Clause
"""OpenDKIM's tables of keys in a running milter: faults, changes, and DNS."""

import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / 'dns'))

import daemon
import support
from support import mail, message
from test_many_domains import AnyKey

CONF = '''
listen = "unix:@SOCKET@"
hostname = "mail.example"
identify { methods = {sasl} ; realms = any-verified-by-sasl }
sign {
    key-table = "file:@DIR@/key.table"
    signing-table = "%s"
    key-states = "@DIR@/keys.state"
    %s
}
'''


class SigningTable(support.DaemonTest):

    @classmethod
    def setUpClass(cls):
        cls.server = daemon.Daemon('')
        cls.addClassCleanup(cls.server.clean)
        cls.keys = daemon.Keys(cls.server.path('keys'))
        cls.pem = cls.keys.add('a.example', 's1', 'RSA')
        cls.record = cls.keys.records[b's1._domainkey.a.example.']

    def setUp(self):
        self.tables(
            'one a.example:s1:%s\nany %%:any:%s\nbad a.example:s1:/nowhere\n'
            'wrong a.example\ncopy c.example:c1:%s\n' % (3 * (self.pem,)),
            '*@a.example one\nbad@b.example bad\nwrong@b.example wrong\n'
            'none@b.example none\nok@b.example one\n*@d.example any\n*@*.e.example any\n')

    def tearDown(self):
        support.ended_well(self.server)

    def tables(self, keys, signing):
        self.server.write('key.table', keys)
        self.server.write('signing.table', signing)

    def begin(self, more='dkim-key = off', signing='refile:@DIR@/signing.table',
              rest=''):
        self.server.configure(CONF % (signing, more) + rest)
        self.server.start()

    def signers(self, author):
        """d= of each signature; None: later."""
        result = self.submit(mail(message(author), sender=author, login=author))
        if result.verdict == 'tempfail':
            return None
        return [edit[-1].split(b'd=')[1].split(b';')[0].decode()
                for edit in result.edits if b'd=' in edit[-1]]

    def becomes(self, author, want, seconds=8):
        end = time.monotonic() + seconds
        while self.signers(author) != want:
            self.assertLess(time.monotonic(), end, self.server.log()[-2000:])
            time.sleep(0.2)

    def test_a_bad_row_costs_its_authors_alone(self):
        self.begin()
        self.assertEqual(self.signers('x@a.example'), ['a.example'])
        for name, why in (('bad', '/nowhere: No such file'),
                          ('wrong', 'not DOMAIN:SELECTOR:KEY'),
                          ('none', 'there is no such key')):
            seen = self.server.mark()
            self.assertIsNone(self.signers(name + '@b.example'))
            self.server.expect('action=tempfail.*' + why, seen)
        self.assertEqual(self.signers('ok@b.example'), ['a.example'])
        self.assertEqual(self.signers('x@other.example'), [])
        for line in ('key.table:4: "wrong": not DOMAIN', 'signing.table:4: .*no key "none"',
                     'another domain.*signing.table:2'):
            self.server.expect(line)

    def test_a_bad_row_is_unsigned_by_option(self):
        self.begin('dkim-key = off ; broken-keys = unsigned')
        for name in 'bad', 'wrong', 'none':
            self.assertEqual(self.signers(name + '@b.example'), [])

    def test_a_table_that_cannot_answer_is_later_in_any_case(self):
        self.begin('dkim-key = off ; broken-keys = unsigned',
                   signing='socketmap:unix:@DIR@/nobody:x')
        self.assertIsNone(self.signers('x@a.example'))

    def test_a_changed_table_counts_without_a_reload(self):
        self.begin()
        self.assertEqual(self.signers('x@c.example'), [])
        time.sleep(0.1)
        self.tables('one a.example:s1:%s\ncopy c.example:c1:%s\n' % (2 * (self.pem,)),
                    '*@a.example one\n*@c.example copy\n')
        self.becomes('x@c.example', ['c.example'])
        self.assertEqual(self.signers('x@a.example'), ['a.example'])

    def test_dns_is_asked_for_keys_of_domains_that_no_row_names(self):
        zone = AnyKey(self.record)
        self.addCleanup(zone.close)
        self.begin('dkim-key = require', rest='dns { servers = {"%s"} }\n' % zone.address)
        self.becomes('x@a.example', ['a.example'])
        self.assertIsNone(self.signers('x@y.e.example'))
        self.becomes('x@y.e.example', ['y.e.example'])
        self.becomes('x@d.example', ['d.example'])
        # What was seen is known after a restart, before DNS is asked again.
        self.server.stop()
        zone.record = b'v=DKIM1; k=rsa; p='
        self.server.start()
        self.assertEqual(self.signers('x@y.e.example'), ['y.e.example'])

    def test_dns_is_asked_at_once_for_keys_of_a_changed_table(self):
        zone = AnyKey(self.record)
        self.addCleanup(zone.close)
        self.begin('dkim-key = require', rest='dns { servers = {"%s"} }\n' % zone.address)
        self.becomes('x@a.example', ['a.example'])
        time.sleep(0.1)
        self.tables('new n.example:n1:%s\n' % self.pem,
                    '*@n.example new\n*@o.example gone\n')
        self.becomes('x@n.example', ['n.example'])
        self.server.expect('signing.table:2: .*no key "gone"')

    def test_commands_know_the_keys(self):
        self.begin()
        done = subprocess.run([daemon.program(), 'keys', '-c', self.server.file],
                              capture_output=True, text=True, timeout=20)
        names = [line.split()[:2] for line in done.stdout.splitlines()]
        for name in (['a.example', 's1'], ['c.example', 'c1'], ['d.example', 'any']):
            self.assertIn(name, names)
        self.assertIn('/nowhere: No such file', done.stderr)


if __name__ == '__main__':
    import unittest
    unittest.main()
