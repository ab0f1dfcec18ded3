# SPDX-License-Identifier: BSD-2-Clause
"""Tables whose files change while the milter runs, without a reload."""

import os
import time
import unittest

import daemon
from support import ALICE, BOB, CEO, OwnDaemonTest, mail, message

CEO_TOO = daemon.RIGHTS + '%s %s\n' % (CEO, ALICE)
# By the manual a changed table counts within three seconds; a busy machine
# gets more.
SOON = 30
LONGER = 5


class LiveTablesTest(OwnDaemonTest):
    TAKEN = r'table texthash:\S*/rights has changed and is taken up'
    REFUSED = r'changed tables are not taken up'

    def replace(self, server, name, text):
        """As careful programs write: a new file in the old one's place."""
        server.write(name + '.new', text)
        os.rename(server.path(name + '.new'), server.path(name))

    def ready(self, text=daemon.WORLD):
        server = self.start('status-file = "@DIR@/status"\n' + text)
        server.expect('ready on')
        self.assert_works(server)
        return server

    def status(self, server):
        with open(server.path('status'), encoding='utf-8') as file:
            return file.read()

    def wait_for_status(self, server, wanted, there=True):
        end = time.monotonic() + SOON
        while (wanted in self.status(server)) != there:
            self.assertLess(time.monotonic(), end, self.status(server))
            time.sleep(0.05)

    def test_the_next_message_of_an_open_session(self):
        for write in (daemon.Daemon.write, lambda *args:
                      self.replace(*args)):
            with self.subTest(write=write):
                server = self.ready()
                session = self.session(server=server)
                forged = mail(message(CEO))
                self.assert_refused(session.submit(forged), '550 5.7.1')
                seen = server.mark()
                write(server, 'rights', CEO_TOO)
                server.expect(self.TAKEN + ': 3 rows', seen, SOON)
                self.assert_signed(forged, session.submit(forged))
                write(server, 'rights', daemon.RIGHTS)
                server.expect(self.TAKEN + ': 2 rows', seen, SOON)
                self.assert_refused(session.submit(forged), '550 5.7.1')
                session.quit()

    def test_a_change_of_the_same_size_at_once(self):
        """Times of files are coarse: what was written just before start."""
        server = self.world()
        server.write('rights', daemon.RIGHTS + 'ceo@corp.example al\n')
        server.start()
        server.expect('ready on')
        server.write('rights', daemon.RIGHTS + 'ceo@corp.example b@\n')
        server.expect(self.TAKEN, 0, SOON)

    def test_a_value_that_cannot_be_read_is_named(self):
        server = self.ready()
        for text in (daemon.RIGHTS + 'x@corp.example %s;until=31.12.2026\n' % ALICE,
                     daemon.RIGHTS + 'x@corp.example %s;forever\n' % ALICE):
            seen = server.mark()
            self.replace(server, 'rights', text)
            server.expect(self.TAKEN, seen, SOON)
            server.expect(r'rights:3: key x@corp.example: ', seen, SOON)
        self.assertEqual(self.submit(mail(message('x@corp.example')),
                                     server=server).verdict, 'tempfail')
        self.assert_works(server)

    def test_a_cut_file_keeps_the_old_rows(self):
        server = self.ready()
        server.write('rights', CEO_TOO + 'no@corp.example x;until=2001-01-01\n')
        server.expect(self.TAKEN, 0, SOON)
        cuts = {'empty': '', 'no end': CEO_TOO[:-3],
                'before its limit': CEO_TOO + 'no@corp.example x',
                'a bad row': CEO_TOO + 'alone\n'}
        for name, text in cuts.items():
            with self.subTest(name):
                seen = server.mark()
                server.write('rights', text)
                server.expect(self.REFUSED + '.*/rights:', seen,
                              SOON)
                self.assert_signed(mail(message(CEO)), self.submit(
                    mail(message(CEO)), server=server))
                self.wait_for_status(server, 'tables-fault ')
        seen = server.mark()
        time.sleep(2.5)
        self.assertNotIn('taken up', server.log(seen), 'it is told once')
        server.write('rights', daemon.RIGHTS)
        server.expect(self.TAKEN, seen, SOON)
        self.assert_works(server)
        self.wait_for_status(server, 'tables-fault ', False)

    def test_a_file_that_is_away_keeps_the_old_rows(self):
        server = self.ready()
        os.rename(server.path('rights'), server.path('away'))
        server.expect(self.REFUSED + '.*No such file', 0, SOON)
        seen = server.mark()
        own = mail(message('sales@corp.example'))
        self.assert_signed(own, self.submit(own, server=server))
        os.rename(server.path('away'), server.path('rights'))
        server.expect('in force as they stand on the disk', seen,
                      SOON)
        self.wait_for_status(server, 'tables-fault ', False)

    def test_a_part_that_is_away_keeps_the_old_rows(self):
        """A part of a table that is made of others; a reload is refused, too."""
        server = self.world('status-file = "@DIR@/status"\n' +
                            daemon.WORLD.replace(
            '"texthash:@DIR@/rights"', '"unionmap:{texthash:@DIR@/rights, '
            'proxy:texthash:@DIR@/part}"', 1))
        server.write('part', '%s %s\n' % (CEO, ALICE))
        server.start()
        server.expect('ready on')
        session = self.session(server=server)
        one = mail(message(CEO))
        self.assert_signed(one, session.submit(one))
        os.rename(server.path('part'), server.path('away'))
        server.expect(self.REFUSED + '.*/part: No such file', 0, SOON)
        server.reload(r'(?i)not reloaded')
        self.assert_signed(one, session.submit(one))
        seen = server.mark()
        os.rename(server.path('away'), server.path('part'))
        server.expect('in force as they stand on the disk', seen, SOON)
        server.reload(r'\breloaded')
        self.assert_signed(one, session.submit(one))
        self.replace(server, 'part', '%s %s\n' % (CEO, BOB))
        server.expect(r'table unionmap:\S+.* has changed and is taken up',
                      seen, SOON)
        self.assert_refused(session.submit(one), '550 5.7.1')
        session.quit()

    def test_all_changed_tables_or_none(self):
        """A row on its way from one table to another is never in neither."""
        server = self.ready()
        server.write('rights.pcre', '/(/ x\n')
        server.write('rights', CEO_TOO)
        server.expect(self.REFUSED + '.*rights.pcre', 0, SOON)
        self.assert_works(server)
        seen = server.mark()
        server.write('rights.pcre', daemon.RIGHTS_PATTERNS)
        server.expect(self.TAKEN, seen, SOON)
        forged = mail(message(CEO))
        self.assert_signed(forged, self.submit(forged, server=server))

    def test_an_edited_configuration_waits_for_a_reload(self):
        server = self.world('include "@DIR@/more.conf"\n' + daemon.WORLD)
        server.write('more.conf', '# nothing yet\n')
        server.start()
        server.configure('include "@DIR@/more.conf"\nmode = monitor\n'
                         + daemon.WORLD)
        server.write('more.conf', 'bogus = 1\n')
        seen = server.mark()
        server.write('rights', CEO_TOO)
        server.expect(self.TAKEN, seen, SOON)
        forged = mail(message(CEO, subject='x'), BOB)
        self.assert_refused(self.submit(forged, server=server), '550 5.7.1')
        self.assertNotIn('bogus', server.log(seen))

    def test_tables_and_keys_change_at_once(self):
        """Neither takes the other back."""
        text = daemon.WORLD.replace('/keys"', '/late"')
        server = self.world(text)
        os.mkdir(server.path('late'), 0o700)
        server.start()
        server.expect('ready on')
        server.write('rights', CEO_TOO)
        for name in ('corp.example', 'team.example'):
            os.rename(server.path('keys', name), server.path('late', name))
        server.expect(self.TAKEN, 0, SOON)
        forged = mail(message(CEO))
        end = time.monotonic() + SOON + LONGER
        while True:
            result = self.submit(forged, server=server)
            if result.verdict == 'pass' and result.edits:
                break
            self.assertLess(time.monotonic(), end, server.log())
            time.sleep(0.2)
        self.assert_signed(forged, result)
        server.write('rights', daemon.RIGHTS)
        seen = server.mark()
        server.expect(self.TAKEN + ': 2 rows', seen, SOON)
        self.assert_works(server)

    def test_a_network_that_is_removed_identifies_nobody(self):
        server = self.world(daemon.WORLD.replace(
            'methods      = {sasl}', 'methods      = {network}\n'
            '\tnetwork = "cidr:@DIR@/networks"'))
        server.write('networks', '192.0.2.7 %s\n' % ALICE)
        server.start()
        server.expect('ready on')
        one = mail(login=None)
        self.assert_signed(one, self.submit(one, server=server))
        self.replace(server, 'networks', '192.0.2.8 %s\n' % ALICE)
        server.expect('table cidr:.*taken up', 0, SOON)
        self.assert_refused(self.submit(one, server=server), '530 5.7.0')

    def test_it_can_be_switched_off(self):
        server = self.ready('tables { watch = no }\n' + daemon.WORLD)
        server.write('rights', CEO_TOO)
        time.sleep(3.5)
        forged = mail(message(CEO))
        self.assert_refused(self.submit(forged, server=server), '550 5.7.1')
        self.assertNotIn('taken up', server.log())
        server.reload(r'\breloaded')
        self.assert_signed(forged, self.submit(forged, server=server))
        # A reload switches it on, too.
        server.configure('tables { watch = yes }\n' + daemon.WORLD)
        server.reload(r'\breloaded')
        seen = server.mark()
        server.write('rights', daemon.RIGHTS)
        server.expect(self.TAKEN + ': 2 rows', seen, SOON)
        self.assert_refused(self.submit(forged, server=server), '550 5.7.1')

    def test_a_table_that_is_always_written_to(self):
        """The others do not wait for it for ever."""
        server = self.ready()
        server.write('rights', CEO_TOO)
        end = time.monotonic() + 20
        number = 0
        while 'taken up' not in server.log():
            self.assertLess(time.monotonic(), end, server.log())
            number += 1
            self.replace(server, 'rights.pcre', daemon.RIGHTS_PATTERNS
                         + '# %d\n' % number)
            time.sleep(0.4)
        server.expect(self.TAKEN, 0, SOON)


if __name__ == '__main__':
    unittest.main()
