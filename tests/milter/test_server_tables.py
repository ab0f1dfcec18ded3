# SPDX-License-Identifier: BSD-2-Clause
"""Rights that a server has: asked in the mail path, down, and up again."""

import os
import sys
import time

import daemon
from support import ALICE, CEO, OwnDaemonTest, mail, message

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                os.pardir, 'tables'))
from fakes import Socketmap, Tcp            # noqa: E402

# The longest pause of a server that could not be reached, and some more.
SOON = 8


class ServerTablesTest(OwnDaemonTest):
    def ready(self, *tables):
        text = daemon.WORLD.replace('"texthash:@DIR@/rights"', ', '.join(
            '"%s"' % table for table in ('texthash:@DIR@/rights',) + tables))
        self.assertNotEqual(text, daemon.WORLD)
        return self.start(text)

    def assert_put_off(self, result):
        self.assertEqual(result.verdict, 'tempfail', result)
        self.assertRegex(result.reply.text, '^451 ')

    def test_a_right_of_a_server(self):
        for kind in Socketmap, Tcp:
            with kind({CEO.encode(): ALICE.encode()}) as map:
                server = self.ready(map.name())
                session = self.session(server=server)
                granted = mail(message(CEO))
                self.assert_signed(granted, session.submit(granted))
                # The whole address, in lower case, and no part of it.
                self.assertIn(CEO.encode(), map.asked)
                self.assertFalse([k for k in map.asked if k.startswith(b'@')])
                refused = mail(message('other@team.example'))
                self.assert_refused(session.submit(refused), '550 5.7.1')
                session.quit()

    def test_down_and_up_again(self):
        with Socketmap({CEO.encode(): ALICE.encode()}) as map:
            port, table = map.port, map.name()
            server = self.ready(table)
            session = self.session(server=server)
            granted = mail(message(CEO))
            self.assert_signed(granted, session.submit(granted))
        # Connections end with their next question: nothing listens then.
        map.reply = lambda key: None
        self.assert_put_off(session.submit(granted))
        server.expect('table ' + table + ': ')
        began = time.monotonic()
        for _ in range(20):
            self.assert_put_off(session.submit(granted))
        self.assertLess(time.monotonic() - began, 5)
        with Socketmap({CEO.encode(): ALICE.encode()}, port=port):
            end = time.monotonic() + SOON
            while session.submit(granted).verdict != 'pass':
                self.assertLess(time.monotonic(), end)
                time.sleep(0.1)
            self.assert_signed(granted, session.submit(granted))
        session.quit()

    def test_silence_ends_with_the_time_of_the_message(self):
        with Socketmap(reply=lambda key: b'') as map:
            server = self.start('rights { seconds = 1 }\n' + daemon.WORLD.replace(
                '"texthash:@DIR@/rights"', '"%s"' % map.name()))
            session = self.session(server=server)
            began = time.monotonic()
            self.assert_put_off(session.submit(mail(message(CEO))))
            self.assertLess(time.monotonic() - began, 5)
            session.quit()
