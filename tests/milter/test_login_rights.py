# SPDX-License-Identifier: BSD-2-Clause
"""Rights by login (rights.logins), by a directory that is asked in the mail path."""

import os
import sys
import unittest

import daemon
from support import ALICE, CEO, OwnDaemonTest, mail, message

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                os.pardir, 'tables'))
from fakes import Socketmap            # noqa: E402

SOON = 30
NO_CACHE = 'tables { cache = 0; cache-absent = 0; stale = 0 }\n'
MANY = 10000


class LoginRightsTest(OwnDaemonTest):
    def ready(self, table, more=''):
        return self.start('rights { logins = "%s" }\n%s' % (table, more) + daemon.WORLD)

    def test_a_message_costs_one_question(self):
        """However many addresses it has, and whatever becomes of it."""
        with Socketmap({ALICE.encode(): b'SMTP:%s,sip:x@team.example,smtp:press@corp.example'
                        % CEO.encode()}) as directory:
            server = self.ready(directory.name())
            session = self.session(server=server)
            granted = mail(message(
                'press@corp.example, ' + CEO, extra=b'Sender: %s\r\n' % ALICE.encode()))
            self.assertEqual(session.submit(granted).verdict, 'pass')
            self.assertEqual(directory.asked, [ALICE.encode()])
            refused = mail(message('other@team.example'))
            result = session.submit(refused)
            self.assert_refused(result, '550 5.7.1')
            self.assertIn(CEO, result.reply.text)
            # By the answer that was kept.
            self.assertEqual(directory.asked, [ALICE.encode()])
            session.quit()
            server = self.ready(directory.name(), NO_CACHE)
            session = self.session(server=server)
            self.assertEqual(session.submit(granted).verdict, 'pass')
            self.assertEqual(directory.asked, [ALICE.encode()] * 2)
            session.quit()

    def test_a_denial_that_cannot_be_asked_for(self):
        with Socketmap({ALICE.encode(): b'!' + CEO.encode()}) as directory:
            server = self.ready(directory.name(), NO_CACHE +
                                'rights { all-tables = yes }\n')
            server.write('rights', daemon.RIGHTS + '%s %s\n' % (CEO, ALICE))
            server.expect('has changed and is taken up', 0, SOON)
            session = self.session(server=server)
            one = mail(message(CEO))
            self.assert_refused(session.submit(one), '550 5.7.1')
            server.expect(r'detail="denied by socketmap:\S+, key %s: %s"' % (ALICE, CEO))
            for reply in (lambda key: None, lambda key: directory.wrap(b'TEMP away'),
                          lambda key: directory.wrap(b'OK ceo')):
                directory.reply = reply
                result = session.submit(one)
                self.assertEqual((result.verdict, result.reply.text[:4]), ('tempfail', '451 '))
            server.expect(r'table socketmap:\S+: the server says TEMP away')
            server.expect(r'socketmap:\S+, key %s: ceo is not an address' % ALICE)
            session.quit()

    def test_a_login_with_very_many_addresses(self):
        server = self.world('rights { logins = "texthash:@DIR@/addresses" }\n' + daemon.WORLD)
        server.write('addresses', '%s %s !user7@team.example\n' % (
            ALICE, ','.join('user%d@team.example' % n for n in range(MANY))))
        server.start()
        session = self.session(server=server)
        for number, verdict in ((0, 'pass'), (MANY - 1, 'pass'), (7, 'reject'),
                                (MANY, 'reject')):
            one = mail(message('user%d@team.example' % number))
            self.assertEqual(session.submit(one).verdict, verdict, number)
        session.quit()

    def test_a_row_that_is_taken_away(self):
        server = self.world('rights { logins = "texthash:@DIR@/addresses" }\n' + daemon.WORLD)
        server.write('addresses', '%s %s\n' % (ALICE, CEO))
        server.start()
        session = self.session(server=server)
        one = mail(message(CEO))
        self.assert_signed(one, session.submit(one))
        server.write('addresses', '# nothing\n')
        server.expect('addresses has changed and is taken up', 0, SOON)
        self.assert_refused(session.submit(one), '550 5.7.1')
        session.quit()


if __name__ == '__main__':
    unittest.main()
