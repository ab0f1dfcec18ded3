# SPDX-License-Identifier: BSD-2-Clause
"""sign.dkim-key: which keys sign while what DNS shows of them changes."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / 'dns'))

import daemon
import servers
import support
from support import mail

HERE = pathlib.Path(__file__).resolve().parent
ALICE = support.ALICE


class Zone(servers.Server):
    """Key records that change while it runs; or it says nothing at all."""

    def __init__(self):
        self.records = {}       # by name, without a dot at its end: octets
        self.silent = False
        self.failing = False
        super().__init__()

    def _answers(self, query, tcp):
        name, kind, question = servers.read_question(query)
        name = name.lower()
        self.asked[name, kind] += 1
        if self.silent:
            return []
        if self.failing:
            return [servers.message(query, question, rcode=servers.SERVFAIL)]
        record = self.records.get(name)
        if record is None:
            return [servers.message(query, question, rcode=servers.NXDOMAIN)]
        answers = [] if kind != servers.TXT else [
            servers.record(name, servers.TXT, servers.text(record))]
        return [servers.message(query, question, answers)]


class DkimKeyTest(support.OwnDaemonTest):
    """One signing domain with an RSA and an Ed25519 key each in two ages."""

    def setUp(self):
        self.zone = Zone()
        self.addCleanup(self.zone.close)

    def text(self, level='require', zones=(), more=''):
        addresses = ', '.join('"%s"' % zone.address
                              for zone in zones or (self.zone,))
        return daemon.WORLD.replace(daemon.UNSEEN, '') + '''
dns { servers = {%s}
seconds = 1 }
sign { dkim-key = %s
key-states = "@DIR@/keys.state"
key-interval = 1
%s }
''' % (addresses, level, more)

    def start_with(self, *domains, level='require', zones=(), more=''):
        """A daemon, with the records of these domains published."""
        for domain in domains:
            self.publish(domain)
        return self.start(self.text(level, zones, more))

    def publish(self, domain, selectors=('s1', 'e1'), keys=None, zone=None):
        for selector in selectors:
            name = '%s._domainkey.%s' % (selector, domain)
            (zone or self.zone).records[name] = (
                (keys or self.keys).records[(name + '.').encode()])

    def signers(self, server, sender=ALICE):
        """The selectors that sign a message now; None: it is told 451."""
        seen = server.mark()
        result = self.submit(mail(support.message(sender), sender, sender),
                             server=server)
        self.last = self.log_line('', seen, server)
        if result.verdict == 'tempfail':
            self.assertEqual(self.last['reason'], 'dkim-key')
            return None
        # Where nothing is signed the rest of the message is not asked for.
        self.assertIn(result.verdict, ('pass', 'accept'), result)
        found = self.last['signed']
        return sorted(key.split('/')[1] for key in found.split(',')
                      ) if found != 'none' else []

    def wait_for(self, server, wanted, seconds=15):
        end = time.monotonic() + seconds
        while True:
            found = self.signers(server)
            if found == wanted or time.monotonic() > end:
                self.assertEqual(found, wanted, server.log()[-3000:])
                return
            time.sleep(0.1)

    def command(self, server, *arguments):
        done = subprocess.run(
            [daemon.program(), *arguments, '-c', server.file],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            check=False,
            env={**os.environ, **daemon.sanitizer_options()})
        return done

    def states(self, server, *arguments):
        done = self.command(server, 'keys', '--json', *arguments)
        self.assertNotEqual(done.stdout, '', done.stderr)
        return done.returncode, {key['selector']: key['state'] for key in
                                 json.loads(done.stdout)['keys']
                                 if key['domain'] == 'corp.example'}

    def add_keys(self, server, name):
        """Two more keys of corp.example: what knows their records."""
        keys = daemon.Keys(server.path('more-' + name))
        keys.directory = server.path('keys')
        keys.add('corp.example', 's' + name, 'RSA')
        keys.add('corp.example', 'e' + name, 'ED25519')
        return keys

    # Taking over.

    def test_a_new_key_signs_once_it_is_published_and_the_old_one_no_more(self):
        server = self.start_with('corp.example', 'team.example')
        self.assertEqual(self.signers(server), ['e1', 's1'])
        keys = self.add_keys(server, '2')
        # Nobody reloads: the milter finds them.
        server.expect('key corp.example/s2: pending: .*publish there one TXT')
        self.assertEqual(self.signers(server), ['e1', 's1'])
        self.assertEqual(self.states(server), (0, {
            'e1': 'signing', 's1': 'signing', 'e2': 'pending',
            's2': 'pending'}))
        self.publish('corp.example', ['s2'], keys)
        self.wait_for(server, ['e1', 's2'])
        self.publish('corp.example', ['e2'], keys)
        self.wait_for(server, ['e2', 's2'])
        server.expect(r'key corp.example/s1: overlap \(was signing\): ')
        self.assertEqual(self.states(server, 'corp.example'), (0, {
            'e1': 'overlap', 's1': 'overlap', 'e2': 'signing',
            's2': 'signing'}))
        server.configure(self.text(more='key-overlap = 0'))
        server.reload('reloaded')
        server.expect('key corp.example/s1: retire .*/s1.key can be moved')
        self.assertEqual(self.signers(server), ['e2', 's2'])
        os.unlink(server.path('keys', 'corp.example', 's1.key'))
        os.unlink(server.path('keys', 'corp.example', 'e1.key'))
        server.expect('the directory of keys has changed')
        self.wait_for(server, ['e2', 's2'])

    def test_a_new_key_is_published_when_each_server_shows_it(self):
        other = Zone()
        self.addCleanup(other.close)
        self.publish('corp.example')
        self.publish('corp.example', zone=other)
        server = self.start_with(zones=(self.zone, other))
        self.assertEqual(self.signers(server), ['e1', 's1'])
        keys = self.add_keys(server, '2')
        self.publish('corp.example', ['s2'], keys)
        server.expect('key corp.example/e2: pending')
        time.sleep(4)
        self.assertEqual(self.signers(server), ['e1', 's1'])
        self.publish('corp.example', ['s2'], keys, zone=other)
        self.wait_for(server, ['e1', 's2'])
        # One that says nothing does not matter to what is known already.
        other.silent = True
        time.sleep(4)
        self.assertEqual(self.signers(server), ['e1', 's2'])

    # Never unpublished.

    def test_without_a_published_key_nothing_is_signed(self):
        server = self.start_with('team.example')
        self.assertEqual(self.signers(server), [])
        self.assertIn('s1._domainkey.corp.example: not published in DNS yet',
                      self.last['warning'])
        server.configure(self.text() + 'sign { unsigned = reject }\n')
        server.reload('reloaded')
        self.assert_refused(self.submit(mail(), server=server), '550 5.7.1')
        self.publish('corp.example')
        self.wait_for_works(server)

    def wait_for_works(self, server):
        end = time.monotonic() + 15
        while self.submit(mail(), server=server).verdict != 'pass':
            self.assertLess(time.monotonic(), end)
            time.sleep(0.1)

    def test_a_key_that_dns_takes_back_stops_signing(self):
        name = 's1._domainkey.corp.example'
        server = self.start_with('corp.example', 'team.example')
        good = self.zone.records[name]
        self.assertEqual(self.signers(server), ['e1', 's1'])
        for record, state in ((b'v=DKIM1; p=', 'revoked'),
                              (self.zone.records['s1._domainkey.team.example'],
                               'differs'),
                              (b'v=spf1 -all', 'unusable'),
                              (None, 'unpublished')):
            with self.subTest(state):
                seen = server.mark()
                self.zone.records[name] = record
                self.wait_for(server, ['e1'])
                server.expect(r'key corp.example/s1: %s \(was signing\): %s'
                              % (state, name), seen)
                code, states = self.states(server)
                self.assertEqual((code, states['s1']), (1, state))
                self.zone.records[name] = good
                self.wait_for(server, ['e1', 's1'])

    # DNS is down.

    def age(self, server, hours):
        """All that the stopped daemon knows is that much older."""
        lines = pathlib.Path(server.path('keys.state')).read_text()
        lines = re.sub(r' (\d{10})(?= )',
                       lambda match: ' %d' % (int(match[1]) - hours * 3600),
                       lines)
        pathlib.Path(server.path('keys.state')).write_text(lines)

    def test_while_dns_is_silent_the_last_known_state_counts(self):
        server = self.start_with('corp.example', 'team.example')
        self.assertEqual(self.signers(server), ['e1', 's1'])
        self.zone.records['s1._domainkey.corp.example'] = b'v=DKIM1; p='
        self.wait_for(server, ['e1'])
        self.zone.silent = True
        server.expect('DNS does not answer for [1-4] keys?, .*timed out')
        self.assertEqual(self.signers(server), ['e1'])
        server.stop()
        server.start()
        self.assertEqual(self.signers(server), ['e1'])
        server.stop()
        self.age(server, 71)
        server.start()
        self.assertEqual(self.signers(server), ['e1'])
        server.stop()
        self.age(server, 2)
        server.start()
        self.assertIsNone(self.signers(server))
        self.assertIn('not known whether it is published',
                      self.last['detail'])
        self.assertEqual(self.states(server)[0], 75)
        self.zone.silent = False
        self.wait_for(server, ['e1'])

    def test_a_first_start_without_dns_waits_a_little_and_then_says_451(self):
        self.zone.failing = True
        server = self.start_with('corp.example', 'team.example')
        self.assertIsNone(self.signers(server))
        self.assertEqual(self.states(server)[0], 75)
        self.zone.failing = False
        self.wait_for(server, ['e1', 's1'])
        server.expect('DNS answers for all keys again')

    # Its file.

    def test_a_garbled_file_is_not_used(self):
        server = self.start_with('corp.example', 'team.example')
        server.stop()
        path = server.path('keys.state')
        text = pathlib.Path(path).read_text()
        self.assertEqual(os.stat(path).st_mode & 0o133, 0)
        self.zone.silent = True
        for garbled, says in ((text[:-20], 'line'), ('', 'line 1'),
                              (text.replace('published', 'x', 1), 'line')):
            pathlib.Path(path).write_text(garbled)
            seen = server.mark()
            server.start()
            server.expect('keys.state is not used: ' + says, seen)
            self.assertIsNone(self.signers(server))
            server.stop()
        pathlib.Path(path).write_text(text)
        os.chmod(path, 0o666)
        server.start()
        self.assertIsNone(self.signers(server))

    def test_a_file_that_cannot_be_written_is_named_and_mail_goes_on(self):
        self.publish('corp.example')
        server = self.start(self.text().replace('@DIR@/keys.state',
                                                '@DIR@/none/keys.state'))
        server.expect('key-states: .*/none: No such file')
        self.assertEqual(self.signers(server), ['e1', 's1'])
        os.mkdir(server.path('none'))
        self.zone.records['s1._domainkey.corp.example'] = b'v=DKIM1; p='
        server.expect('key-states: written again')
        self.assertTrue(os.path.exists(server.path('none', 'keys.state')))

    # Domains whose keys are gone after a restart.

    BOB = 'bob@team.example', 'bob@team.example', 'bob@corp.example'

    def lose_keys(self, level='require', more=''):
        """A daemon that signed for two domains, started without one's keys."""
        server = self.start_with('corp.example', 'team.example', level=level)
        self.wait_for(server, ['e1', 's1'])
        server.stop()
        self.assertIn('\ncorp.example s1 ',
                      pathlib.Path(server.path('keys.state')).read_text())
        os.rename(server.path('keys', 'corp.example'), server.path('away'))
        server.configure(self.text(level) + more)
        server.start()
        server.expect('key .*/keys/corp.example: it is gone, and keys in it signed '
                      'before: put it back, or run "submilter keys --forget '
                      'corp.example"')
        return server

    def check_other_domain(self, server):
        raw, sender, login = self.BOB
        seen = server.mark()
        self.submit(mail(support.message(raw), sender, login), server=server)
        line = self.log_line('', seen, server)
        self.assertIn('team.example/s1', line['signed'], line)

    def test_a_domain_whose_keys_are_gone_is_told_to_come_again(self):
        for level in 'require', 'warn':
            with self.subTest(level):
                server = self.lose_keys(level)
                self.assertIsNone(self.signers(server))
                self.assertIn('it is gone', self.last['detail'])
                self.check_other_domain(server)
                done = self.command(server, 'keys')
                self.assertEqual(done.returncode, 1)
                self.assertIn('keys/corp.example: it is gone', done.stderr)
                done = self.command(server, 'check')
                self.assertEqual(done.returncode, 1)
                self.assertIn('keys/corp.example: it is gone',
                              done.stdout + done.stderr)
                # Nothing that the daemon writes meanwhile forgets it.
                server.stop()
                server.start()
                self.assertIsNone(self.signers(server))
                server.reload('reloaded')
                self.assertIsNone(self.signers(server))
                os.rename(server.path('away'),
                          server.path('keys', 'corp.example'))
                self.wait_for(server, ['e1', 's1'])

    def test_or_goes_on_unsigned_where_broken_keys_says_so(self):
        server = self.lose_keys(more='sign { broken-keys = unsigned }\n')
        self.assertEqual(self.signers(server), [])
        self.assertIn('it is gone', self.last['warning'])

    def test_a_domain_that_never_signed_is_not_missed(self):
        server = self.start_with('team.example')
        server.expect('key corp.example/s1: pending')
        server.stop()
        os.rename(server.path('keys', 'corp.example'), server.path('away'))
        server.start()
        self.assertEqual(self.signers(server), [])
        self.assertNotIn('it is gone', server.log())

    def test_a_domain_that_was_dropped_is_forgotten(self):
        server = self.lose_keys()
        for arguments, code, says in (
                ((), 2, 'usage'), (('team.example',), 1, 'move it away first'),
                (('else.example',), 1, 'has no key of the domain')):
            done = self.command(server, 'keys', '--forget', *arguments)
            self.assertEqual((done.returncode, says in done.stderr), (code, True),
                             done.stderr)
        self.assertIsNone(self.signers(server))
        done = self.command(server, 'keys', '--forget', 'CORP.example')
        self.assertEqual(done.returncode, 0, done.stderr)
        self.wait_for(server, [])
        self.check_other_domain(server)
        server.stop()
        server.start()
        self.assertEqual(self.signers(server), [])
        self.check_other_domain(server)

    # Other levels.

    def test_warn_signs_with_all_keys_and_says_what_dns_shows(self):
        self.publish('corp.example', ['s1'])
        self.zone.records['e1._domainkey.corp.example'] = (
            b'v=DKIM1; k=ed25519; p=')
        server = self.start_with(level='warn')
        self.assertEqual(self.signers(server), ['e1', 's1'])
        self.assertEqual(self.last['warning'],
                         'key e1._domainkey.corp.example: revoked in DNS')
        # The option is one of sign, and follows the mode of that block.
        server.configure(self.text(more='}\npreflight { mode = monitor'))
        server.reload('reloaded')
        self.assertEqual(self.signers(server), ['s1'])
        server.configure(self.text(more='mode = monitor'))
        server.reload('reloaded')
        self.assertEqual(self.signers(server), [])
        server.configure(self.text())
        server.reload('reloaded')
        self.assertEqual(self.signers(server), ['s1'])
        server.configure(self.text('off'))
        server.reload('reloaded')
        self.assertEqual(self.signers(server), ['e1', 's1'])
        self.assertNotIn('warning', self.last)

    # Keys that come and go, and clocks that are set.

    def test_new_keys_do_not_bring_an_edited_configuration_into_force(self):
        server = self.start_with('corp.example')
        self.assertEqual(self.signers(server), ['e1', 's1'])
        server.configure(self.text(more='}\npreflight { mode = monitor'))
        added = daemon.Keys(server.path('added'))
        added.directory = server.path('keys')
        added.add('corp.example', 's2', 'RSA')
        self.publish('corp.example', ('s2',), added)
        server.expect('its keys are taken up')
        self.wait_for(server, ['e1', 's2'])
        forged = mail(support.message(support.CEO))
        self.assert_refused(self.submit(forged, server=server), '550 5.7.1')
        self.assertNotIn('reloaded', server.log())

    def test_a_directory_with_a_date_to_come_is_read_twice_and_no_more(self):
        server = self.world(self.text())
        self.publish('corp.example')
        ahead = time.time() + 86400
        os.utime(server.path('keys/corp.example'), (ahead, ahead))
        server.start()
        server.expect('its keys are taken up')
        seen = server.mark()
        time.sleep(4)
        self.assertNotIn('taken up', server.log(seen))
        self.assertEqual(self.signers(server), ['e1', 's1'])

    def test_a_clock_that_is_set_changes_no_age_and_has_dns_asked_again(self):
        server = self.world(self.text())
        self.publish('corp.example')
        library = server.path('wall_clock.so')
        subprocess.run(['cc', '-O', '-shared', '-fPIC', '-o', library,
                        str(HERE / 'wall_clock.c')], check=True)
        server.environment.update(
            LD_PRELOAD=library,
            WALL_CLOCK=server.path('offset'), ASAN_OPTIONS=(
                daemon.sanitizer_options()['ASAN_OPTIONS']
                + ':verify_asan_link_order=0'))
        server.start()
        self.assertEqual(self.signers(server), ['e1', 's1'])
        for seconds in ('400000', '-400000'):
            with self.subTest(seconds):
                seen = server.mark()
                server.write('offset', seconds)
                self.assertEqual(self.signers(server), ['e1', 's1'])
                server.expect('the clock was set by', seen)
                asked = self.zone.asked['s1._domainkey.corp.example',
                                        servers.TXT]
                end = time.monotonic() + 15
                while (self.zone.asked['s1._domainkey.corp.example',
                                       servers.TXT] == asked
                       and time.monotonic() < end):
                    self.assertEqual(self.signers(server), ['e1', 's1'])
                self.assertGreater(self.zone.asked[
                    's1._domainkey.corp.example', servers.TXT], asked)
        self.assertEqual(server.stop(), 0)
        # The file has times of the wall clock.
        for line in pathlib.Path(server.path('keys.state')).read_text(
                'ascii').splitlines()[1:-1]:
            answered = int(line.split()[7])
            self.assertLess(abs(answered - (time.time() - 400000)), 60)

    # Many at once.

    def test_eight_sessions_while_keys_come_and_go_and_configurations(self):
        server = self.start_with('corp.example', 'team.example')
        name = 's1._domainkey.corp.example'
        good = self.zone.records[name]
        wrong, end = [], time.monotonic() + 6

        def run():
            while time.monotonic() < end:
                result = self.submit(mail(), server=server)
                if result.verdict != 'pass':
                    wrong.append(result)

        threads = [threading.Thread(target=run) for _ in range(8)]
        for thread in threads:
            thread.start()
        while time.monotonic() < end:
            self.zone.records[name] = (b'v=DKIM1; p=' if
                                       self.zone.records[name] is good
                                       else good)
            server.reload('reloaded')
            time.sleep(0.3)
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])
        started = time.monotonic()
        self.zone.silent = True
        time.sleep(1.5)
        self.assertEqual(server.stop(), 0)
        self.assertLess(time.monotonic() - started, 10)

    # Commands.

    def test_genkey_and_keys(self):
        # While it starts: not even then is a key missed.
        server = self.start_with('corp.example')
        done = self.command(server, 'genkey', 'new.example')
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn('; The keys are pending.', done.stdout)
        server.expect('key new.example/r[0-9]+: pending')
        server.expect('key new.example/e[0-9]+: pending')
        done = self.command(server, 'keys', 'new.example')
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stdout, r'^new.example e\d+ ed25519-256 pending '
                         r'published=- last=- asked=20\S+Z e\d+\._domain')
        self.assertEqual(self.command(server, 'keys', 'NEW.example').stdout,
                         done.stdout)
        self.assertIn('xn--', self.command(server, 'keys', 'm\u00fc.example').stderr)
        self.assertEqual(self.command(server, 'keys', 'x.example').returncode,
                         1)
        self.zone.records['s1._domainkey.corp.example'] = b'v=DKIM1; p='
        code, states = self.states(server, '--look-up', 'corp.example')
        self.assertEqual((code, states), (1, {'e1': 'signing',
                                              's1': 'revoked'}))

    def check_lines(self, server):
        """What check says of keys, and that an error gives 1."""
        done = self.command(server, 'check', '--postfix', '/nonexistent')
        lines = [line for line in done.stdout.splitlines() if ': keys: ' in line]
        self.assertEqual(done.returncode, 1)    # no Postfix there
        return lines

    def test_check_repeats_what_dns_showed(self):
        server = self.start_with()
        server.expect('key corp.example/s1: pending')
        server.expect('key team.example/e1: pending')
        end = time.monotonic() + 10
        while not os.path.exists(server.path('keys.state')) and time.monotonic() < end:
            time.sleep(0.1)
        lines = self.check_lines(server)
        for domain in ('corp.example', 'team.example'):
            self.assertTrue(any(re.match(f'warning: keys: none of 2 of {domain} signs: .*'
                                         f'_domainkey.{domain}', line) for line in lines), lines)
        self.publish('corp.example')
        self.wait_for(server, ['e1', 's1'])
        while self.states(server)[1] != {'e1': 'signing', 's1': 'signing'}:
            self.assertLess(time.monotonic(), end + 20)
            time.sleep(0.1)
        lines = self.check_lines(server)
        self.assertRegex(lines[-1], r'^ok: keys: \d+ of \d+ domains, 2 sign$')
        self.assertFalse(any('corp.example' in line for line in lines), lines)
        self.assertTrue(any('none of 2 of team.example signs' in line
                            for line in lines), lines)


if __name__ == '__main__':
    shutil.which('openssl') or sys.exit('openssl is missing')
    unittest.main()
