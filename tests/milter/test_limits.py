# SPDX-License-Identifier: BSD-2-Clause
"""How much a login may send (block limits), by the protocol."""

import time
import unittest

import daemon
from support import ALICE, BOB, CEO, OwnDaemonTest, mail, message

SOON = 30
TEAM = 'info@team.example'
TWO = 'limits { messages = {2/1h} }\n'
MANY = ['r%d@rcpt.example' % n for n in range(3)]


class LimitsTest(OwnDaemonTest):
    def ready(self, more):
        server = self.start(more + daemon.WORLD)
        return server, self.session(server=server)

    def assert_limited(self, result, stage='mail', reply='450 4.7.1 '):
        self.assertEqual((result.verdict, result.stage), ('tempfail', stage), result)
        self.assertTrue(result.reply.text.startswith(reply), result.reply.text)

    def assert_passes_soon(self, session):
        """The milter answers nothing to an abort, nor to the end of a connection."""
        until = time.monotonic() + SOON
        while (verdict := session.submit(mail()).verdict) != 'pass':
            self.assertEqual(verdict, 'tempfail')
            self.assertLess(time.monotonic(), until)
            time.sleep(0.05)

    def test_a_login_at_its_limit_is_told_when_there_is_room(self):
        server, session = self.ready(TWO)
        for _ in range(2):
            self.assertEqual(session.submit(mail()).verdict, 'pass')
        result = session.submit(mail())
        self.assert_limited(result)
        self.assertRegex(result.reply.text, r'^450 4\.7\.1 alice@corp\.example may send at '
                         r'most 2 messages in 1 hour; please try again in \d+ minutes$')
        line = self.log_line('reason=limits', server=server)
        self.assertEqual((line['action'], line['detail']), ('tempfail', '2 sent'))
        # Nobody else's.
        self.assertEqual(session.submit(mail(message(TEAM), TEAM, BOB)).verdict, 'pass')
        session.quit()

    def test_what_is_refused_or_given_up_does_not_count(self):
        server, session = self.ready(TWO)
        for _ in range(3):
            self.assert_refused(session.submit(mail(message(CEO))), '550 5.7.1')
        for _ in range(3):
            session.set_macros(**session.mta.mail_macros(mail()))
            self.assertTrue(session.mail('<%s>' % ALICE).goes_on)
            session.abort()
        for _ in range(3):
            other = self.session(server=server)
            other.set_macros(**other.mta.mail_macros(mail()))
            self.assertTrue(other.mail('<%s>' % ALICE).goes_on)
            other.quit()
        for _ in range(2):
            self.assert_passes_soon(session)
        self.assert_limited(session.submit(mail()))
        session.quit()

    def test_connections_side_by_side_share_the_limit(self):
        server, session = self.ready(TWO)
        begun = [self.session(server=server) for _ in range(2)]
        for one in begun:
            one.set_macros(**one.mta.mail_macros(mail()))
            self.assertTrue(one.mail('<%s>' % ALICE).goes_on)
        self.assert_limited(session.submit(mail()))
        begun[0].abort()
        self.assert_passes_soon(session)
        self.assert_limited(session.submit(mail()))
        for one in begun + [session]:
            one.quit()

    def test_recipients_are_counted_at_the_end_of_the_header(self):
        server, session = self.ready('limits { recipients = {4/1h} }\n')
        self.assertEqual(session.submit(mail(rcpts=MANY)).verdict, 'pass')
        self.assert_limited(session.submit(mail(rcpts=MANY)), 'eoh')
        self.assertEqual(session.submit(mail()).verdict, 'pass')
        self.assert_refused(session.submit(mail(rcpts=MANY * 2)), '550 5.5.3', 'eoh')
        session.quit()

    def test_a_reload_keeps_the_counts(self):
        server, session = self.ready(TWO)
        self.assertEqual(session.submit(mail()).verdict, 'pass')
        for rate, verdict in (('2/1h', 'pass'), ('2/1h', 'tempfail'), ('3/1h', 'pass'),
                              ('1/1h, 9/1d', 'tempfail')):
            server.configure('limits { messages = {%s} }\n' % rate + daemon.WORLD)
            server.reload(r'(?i)\b(reloaded|configuration (is )?loaded)')
            self.assertEqual(session.submit(mail()).verdict, verdict, rate)
        session.quit()

    def test_monitor_mode_counts_and_signs(self):
        server, session = self.ready('limits { messages = {1/1h}; mode = monitor }\n')
        one = mail()
        for _ in range(3):
            self.assert_signed(one, session.submit(one))
        line = self.log_line('would=', server=server)
        self.assertEqual((line['action'], line['would'], line['reason']),
                         ('accept', 'tempfail', 'limits'))
        server.expect('detail="2 sent"')
        session.quit()


if __name__ == '__main__':
    unittest.main()
