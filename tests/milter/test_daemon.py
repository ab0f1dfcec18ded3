#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The daemon as an operator sees it: sockets, signals, reload, log, modes.

The environment variable SUBMILTER names the program.
"""

import contextlib
import functools
import grp
import os
import pwd
import re
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import threading
import time
import unittest

import daemon
import milter
import mta
from support import (ALICE, BOB, CEO, DaemonTest, OwnDaemonTest, mail,
                     message, tokens)

CEO_TOO = daemon.RIGHTS + '%s %s\n' % (CEO, ALICE)
IS_ROOT = os.geteuid() == 0


def free_port(family=socket.AF_INET, host='127.0.0.1'):
    with socket.socket(family) as probe:
        probe.bind((host, 0))
        return probe.getsockname()[1]


def without_listen(text=daemon.WORLD):
    return ''.join(line for line in text.splitlines(True)
                   if not line.startswith('listen'))


def open_text(path):
    with open(path, encoding='utf-8') as file:
        return file.read()


class ReloadTest(OwnDaemonTest):
    DONE = r'(?i)reload'

    def reload(self, server):
        return server.reload(r'(?i)\b(reloaded|configuration (is )?loaded)')

    def failed_reload(self, server):
        return server.reload(r'(?i)(not reloaded|reload failed|stays|'
                             r'remains|keeping|kept)')

    def begin(self, session, one):
        """A message up to its recipients."""
        session.set_macros(**session.mta.mail_macros(one))
        self.assertTrue(session.mail('<%s>' % one.sender).goes_on)
        self.assertTrue(session.rcpt('<%s>' % one.rcpts[0]).goes_on)

    def finish(self, session, one):
        for field in one.content.fields:
            session.header(*field)
        reply = session.eoh()
        if reply.goes_on:
            session.step('body', one.content.body)
            reply = session.eom()
        return milter.Result(
            {'continue': 'pass', 'replycode': 'reject'}[reply.kind], 'eom',
            reply, one.rcpts, reply.edits)

    def test_in_mid_session_counts_for_the_next_message(self):
        server = self.start()
        session = self.session(server=server)
        forged = mail(message(CEO))
        self.begin(session, forged)
        server.write('rights', CEO_TOO)
        self.reload(server)
        self.assert_refused(self.finish(session, forged), '550 5.7.1')
        self.assert_signed(forged, session.submit(forged))
        self.begin(session, forged)
        server.write('rights', daemon.RIGHTS)
        self.reload(server)
        self.assert_signed(forged, self.finish(session, forged))
        self.assert_refused(session.submit(forged), '550 5.7.1')
        session.quit()

    def test_what_takes_another_agreement_comes_again_later(self):
        """MAIL FROM is changed only in connections that began with it."""
        server = self.start()
        session = self.session(server=server)
        foreign = mail(sender=CEO)
        self.assert_refused(session.submit(foreign), '550 5.7.1')
        server.configure(daemon.WORLD.replace(
            'rights {', 'rights { mismatch = rewrite-from; '
            'rewrite-mail-from = yes;', 1))
        self.reload(server)
        result = session.submit(foreign)
        self.assertEqual(result.verdict, 'tempfail', result)
        self.assertNotIn('from', [edit[0] for edit in result.edits])
        self.assert_signed(mail(), session.submit(mail()))
        session.quit()
        result = self.submit(foreign, server=server)
        self.assert_signed(foreign, result)
        self.assertEqual(result.edits[-1],
                         ('from', b'<alice@corp.example>', b''))

    def test_levels_of_a_login_count_for_the_next_message(self):
        server = self.start()
        session = self.session(server=server)
        forged = mail(message(CEO))
        server.write('levels', 'alice@corp.example mismatch=hold\n')
        server.configure(daemon.WORLD.replace(
            'rights {', 'rights { levels = "texthash:@DIR@/levels";', 1))
        self.begin(session, forged)
        self.reload(server)
        self.assert_refused(self.finish(session, forged), '550 5.7.1')
        self.assertEqual([edit[0] for edit in session.submit(forged).edits],
                         ['quarantine'])
        server.write('levels', 'alice@corp.example hold\n')
        seen = server.mark()
        self.reload(server)
        server.expect('levels:1: key alice@corp.example: "hold"',
                      seen)
        result = session.submit(mail())
        self.assertEqual(result.verdict, 'tempfail', result)
        team = 'x@team.example'
        bob = mail(message(team), team, login=BOB)
        self.assert_signed(bob, session.submit(bob))
        session.quit()

    def test_everything_changes_at_once(self):
        server = self.start()
        self.assert_works(server)
        server.configure(daemon.WORLD.replace('@DIR@/keys', '@DIR@/new')
                         .replace('= reject', '= pass'))
        shutil.copytree(self.keys.directory, server.path('new'))
        keys = daemon.Keys(server.path('newer'))
        for name in ('corp.example', 'team.example'):
            shutil.rmtree(server.path('new', name))
        keys.directory = server.path('new')
        keys.add('corp.example', 'other', 'RSA')
        keys.add('corp.example', 'second', 'ED25519')
        self.reload(server)
        self.assert_works(server, keys)
        free = self.submit(mail(message(CEO), CEO, login=None), server=server)
        self.assertIn(free.verdict, ('pass', 'accept'))
        self.assertEqual(free.edits, [])

    BROKEN = {
        'no brace': (daemon.WORLD.rstrip().rstrip('}'), ()),
        'unknown option': (daemon.WORLD + 'frobnicate = yes\n',
                           ('frobnicate', 'submilter.conf:')),
        'option twice': (daemon.WORLD + 'domain = "x.example"\n',
                         ('domain', 'submilter.conf:')),
        'no such table file': (daemon.WORLD.replace('/rights"', '/nothing"'),
                               ('nothing',)),
        'no such kind of table': (daemon.WORLD.replace('pcre:', 'oracle:'),
                                  ('oracle',)),
        'no key directory': (daemon.WORLD.replace('/keys"', '/nokeys"'),
                             ('nokeys',)),
    }

    def test_broken_configuration_keeps_the_old_one(self):
        server = self.start()
        for name, (text, words) in self.BROKEN.items():
            with self.subTest(name):
                # Would be seen if a part of it came into force.
                server.configure(text.replace('= reject', '= pass'))
                seen = server.mark()
                self.failed_reload(server)
                for word in words:
                    self.assertIn(word, server.log(seen))
                self.assert_works(server)
                result = self.submit(mail(login=None), server=server)
                self.assert_refused(result, '530 5.7.0')
        server.configure(daemon.WORLD)
        self.reload(server)
        self.assert_works(server)

    def test_broken_files_keep_the_old_ones(self):
        server = self.start()

        def broken_pattern():
            server.write('rights.pcre', '/(unbalanced/ alice@corp.example\n')

        def no_file():
            os.unlink(server.path('rights'))

        def no_keys():
            shutil.rmtree(server.path('keys'))

        for damage, word in ((broken_pattern, 'rights.pcre'),
                             (no_file, 'rights'), (no_keys, '/keys: No such')):
            with self.subTest(damage.__name__):
                seen = server.mark()
                damage()
                self.failed_reload(server)
                self.assertIn(word, server.log(seen))
                self.assert_works(server)
                server.write('rights', daemon.RIGHTS)
                server.write('rights.pcre', daemon.RIGHTS_PATTERNS)
                shutil.rmtree(server.path('keys'), ignore_errors=True)
                shutil.copytree(self.keys.directory, server.path('keys'))
                self.reload(server)

    def test_cut_files_keep_the_old_ones(self):
        """As a full disk leaves them, or a writer that has not ended."""
        server = self.start()
        text = open_text(server.file)
        rights = daemon.RIGHTS + 'ceo@corp.example alice@corp.example' \
            ';until=2001-01-01\n'
        top = text.index('identify {')
        cases = [('submilter.conf', text[:at], 'submilter.conf')
                 for at in (0, top, top - 1, len(text) - 1,
                            text.index('keys '), text.index('domain'))]
        cases += [('rights', rights[:at], 'rights')
                  for at in (0, rights.index(';until'), len(rights) - 1)]
        cases += [('rights.pcre', '', 'rights.pcre')]
        for name, cut, word in cases:
            with self.subTest(name, text=cut[-40:]):
                seen = server.mark()
                server.write(name, cut)
                self.failed_reload(server)
                self.assertIn(word, server.log(seen))
                self.assertRegex(server.log(seen), r'cut|not closed')
                self.assert_works(server)
                self.assert_refused(self.submit(mail(message(CEO)),
                                                server=server), '550 5.7.1')
                server.write('submilter.conf', text)
                server.write('rights', daemon.RIGHTS)
                server.write('rights.pcre', daemon.RIGHTS_PATTERNS)
                self.reload(server)

    def test_lines_that_were_removed_on_purpose(self):
        server = self.start()
        server.write('rights', CEO_TOO)
        self.reload(server)
        seen = server.mark()
        server.write('rights', daemon.RIGHTS)
        self.reload(server)
        self.assertIn('ends where 1 line more stood before', server.log(seen))
        self.assert_refused(self.submit(mail(message(CEO)), server=server),
                            '550 5.7.1')
        server.configure(daemon.WORLD + '# the rest went\n')
        self.reload(server)

    def test_keys_that_become_unusable_go_on(self):
        """Both keys still sign, and the log names the file."""
        server = self.start()
        # The socket is there before the keys are read.
        self.assert_works(server)
        folder = server.path('keys', 'corp.example')

        def open_key():
            os.chmod(os.path.join(folder, 's1.key'), 0o644)

        def no_key():
            server.write('keys/corp.example/s1.key', 'nonsense\n', 0o600)

        def all_gone():
            for name in os.listdir(folder):
                os.unlink(os.path.join(folder, name))

        def no_directory():
            shutil.rmtree(folder)

        for damage in (open_key, no_key, all_gone, no_directory):
            with self.subTest(damage.__name__):
                seen = server.mark()
                damage()
                self.reload(server)
                self.assertRegex(server.log(seen), r'key \S+/corp\.example')
                self.assertIn('s1.key: the key that was read before goes on',
                              server.log(seen))
                self.assert_works(server)
                shutil.rmtree(server.path('keys'))
                shutil.copytree(self.keys.directory, server.path('keys'))
                self.reload(server)

    def test_options_that_take_a_restart_are_named_each_time(self):
        server = self.start()
        server.configure('socket-mode = "0600"\nlog-level = debug\n'
                         + daemon.WORLD)
        for _ in range(2):
            seen = server.mark()
            self.reload(server)
            for option in ('socket-mode', 'log-level'):
                self.assertEqual(server.log(seen).count(
                    'a new value of "%s" is used after a restart only'
                    % option), 1)
            self.assertEqual(server.log(seen).count('restart'), 2)
        server.configure(daemon.WORLD)
        seen = server.mark()
        self.reload(server)
        self.assertNotIn('restart', server.log(seen))

    def test_before_anybody_connects(self):
        """Nothing orders such a reload after the start but our own lock."""
        server = self.world()
        server.launch()
        server.expect(' ready on ')
        self.reload(server)
        self.assertEqual(daemon.sanitizer_says(server.log()), '')
        self.assert_works(server)

    def test_under_load(self):
        """Messages never see half of a configuration."""
        server = self.start()
        stop = threading.Event()
        outcomes = []

        def load():
            with milter.Session(server.address, mta.Postfix()) as session:
                session.set_macros(**session.mta.session_macros())
                session.connect()
                while not stop.is_set():
                    for one in (mail(), mail(message(CEO)),
                                mail(message('b@team.example'),
                                     'b@team.example', BOB)):
                        outcomes.append((one, session.submit(one)))
                session.quit()
        threads = [threading.Thread(target=load) for _ in range(4)]
        for thread in threads:
            thread.start()
        try:
            for number in range(20):
                server.write('rights', (CEO_TOO, daemon.RIGHTS)[number % 2])
                self.reload(server)
        finally:
            stop.set()
            for thread in threads:
                thread.join(30)
        self.assertGreater(len(outcomes), 20)
        for one, result in outcomes:
            self.assertIn(result.verdict, ('pass', 'reject'), result)
            if result.verdict == 'pass':
                self.assert_signed(one, result)
            else:
                self.assertIn(CEO.encode(), one.content.fields[0][1])


class ReloadCommandTest(OwnDaemonTest):
    """submilter reload: waits for what becomes of it, and says so."""
    STATUS = 'status-file = "@DIR@/status"\n' + daemon.WORLD

    def start(self, text=daemon.WORLD, **more):
        server = super().start(text, **more)
        server.expect(' ready on ')     # the file is there before
        return server

    def command(self, server, code, *words):
        done = subprocess.run(
            [daemon.program(), 'reload', '-c', server.file], timeout=60, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.assertEqual(done.returncode, code, done.stdout)
        for word in words:
            self.assertIn(word, done.stdout)

    def test_done(self):
        server = self.start(self.STATUS)
        server.configure(self.STATUS.replace('= reject', '= pass') +
                         'socket-mode = 0600\n')
        self.command(server, 0, 'reloaded ' + server.file,
                     'after a restart only: socket-mode')
        result = self.submit(mail(login=None), server=server)
        self.assertIn(result.verdict, ('pass', 'accept'))

    def test_refused(self):
        server = self.start(self.STATUS)
        server.configure(self.STATUS + 'lisetn = x\n')
        self.command(server, 1, 'lisetn: unknown option',
                     'refused, going on as before: %s:' % server.file)
        server.expect('not reloaded')
        server.configure(self.STATUS.replace('texthash:', 'texthash:/nowhere'))
        self.command(server, 1, 'refused, going on as before: table texthash:/nowhere')
        self.assert_works(server)
        server.configure(self.STATUS)
        self.command(server, 0)

    def test_no_milter(self):
        server = self.start(self.STATUS)
        server.process.kill()
        server.wait()
        self.command(server, 1, 'no milter runs that writes')
        self.assertTrue(os.path.exists(server.path('status')))
        server.configure(self.STATUS + 'lisetn = x\n')
        self.command(server, 2, 'lisetn: unknown option', 'no milter was asked')

    def test_status_file_that_cannot_be_read_any_more(self):
        """Its own line is the broken one: the default counts, and that is said."""
        server = self.start(self.STATUS)
        server.configure(self.STATUS.replace('/status"', '/status'))
        self.command(server, 2, 'no milter was asked: mend the faults above first')
        self.assert_works(server)

    def test_another_milter(self):
        server = self.start(self.STATUS)
        other = self.world(self.STATUS.replace('@DIR@', server.directory))
        self.command(other, 1, 'has another configuration: -c ' + server.file)
        other.configure(self.STATUS.replace('"@DIR@/status"', '""'))
        self.command(other, 75, 'send it SIGUSR1')


class StartTest(OwnDaemonTest):
    def test_files_that_are_written_at_this_moment(self):
        """The beginning would do as a whole configuration; so would the
        table, without the row that denies."""
        server = self.world()
        text = open_text(server.file)
        denial = '%s !%s\n' % (ALICE, ALICE)
        table = server.path('rights')

        def write(path, parts):
            with open(path, 'w', encoding='utf-8') as file:
                for part in parts:
                    file.write(part)
                    file.flush()
                    time.sleep(0.06)

        for path, parts in (
                (server.file, text.splitlines(True)[:40]
                 + ['own-domain-is-none = yes\n']),
                (table, [daemon.RIGHTS] + ['# %d\n' % number
                                           for number in range(20)]
                 + [denial])):
            with self.subTest(path):
                writer = threading.Thread(target=write, args=(path, parts))
                writer.start()
                time.sleep(0.03)
                try:
                    server.start()
                except RuntimeError as fault:
                    self.assertEqual(path, server.file)
                    self.assertIn('own-domain-is-none', str(fault))
                else:
                    self.assertEqual(path, table)
                    self.assert_refused(self.submit(mail(), server=server),
                                        '550 5.7.1')
                finally:
                    writer.join()
                    server.stop()
                server.write('submilter.conf', text)

    def test_a_reload_before_it_is_ready(self):
        """It waits while the start does, and ends nothing."""
        server = self.world()
        server.write('submilter.conf', open_text(server.file))
        server.launch()
        time.sleep(0.15)
        server.signal(signal.SIGUSR1)
        server.expect('ready on', timeout=20)
        server.expect('reloaded', timeout=20)
        self.assert_works(server)

    def test_threads_leave_a_core_to_one_that_signs(self):
        """If nobody chose another policy for them."""
        for chosen, policy in ((None, os.SCHED_BATCH),
                               (os.SCHED_IDLE, os.SCHED_IDLE)):
            server = self.world()
            if chosen is not None:
                server.options['preexec_fn'] = functools.partial(
                    os.sched_setscheduler, 0, chosen, os.sched_param(0))
            server.start(timeout=120)
            server.expect('ready on', timeout=120)
            threads = os.listdir('/proc/%d/task' % server.process.pid)
            found = set()
            for thread in threads:
                with contextlib.suppress(ProcessLookupError):
                    found.add(os.sched_getscheduler(int(thread)))
            self.assertGreater(len(threads), 1)
            self.assertEqual(found, {policy})
            server.stop(timeout=120)


class StopTest(OwnDaemonTest):
    def test_stop(self):
        for kind, number in (('unix', signal.SIGTERM), ('inet', signal.SIGTERM),
                             ('unix', signal.SIGUSR2), ('inet', signal.SIGUSR2)):
            with self.subTest(kind):
                text, address = daemon.WORLD, None
                if kind == 'inet':
                    address = 'inet:%d@127.0.0.1' % free_port()
                    text = 'listen = "%s"\n' % address + without_listen()
                server = self.start(text, address=address)
                self.assert_works(server)
                began = time.monotonic()
                server.signal(number)
                self.assertEqual(server.wait(), 0)
                # libmilter looks for itself every five seconds.
                self.assertLess(time.monotonic() - began,
                                4.5 if number == signal.SIGUSR2 else 10)
                with self.assertRaises(OSError):
                    milter.Wire(server.address).close()
                self.assertFalse(os.path.exists(server.socket))

    def test_sigterm_with_sessions(self):
        """Sessions in progress are cut: the MTA keeps such a message."""
        server = self.start()
        waiting = self.session(server=server)
        session = self.session(server=server)
        one = mail()
        session.set_macros(**session.mta.mail_macros(one))
        session.mail('<%s>' % ALICE)
        session.rcpt('<friend@rcpt.example>')
        for field in one.content.fields:
            session.header(*field)
        server.signal(signal.SIGTERM)
        self.assertEqual(server.wait(), 0)
        for each in (session, waiting):
            with self.assertRaises((milter.Closed, milter.ProtocolError)):
                each.send(b'N')
                each.send(b'E')
                while True:
                    self.assertNotIn(each.receive()[0], (b'a',))

    def test_sigterm_under_load(self):
        """Messages are signed until the process is gone, and it ends well."""
        def load():
            with contextlib.suppress(OSError, milter.Closed,
                                     milter.ProtocolError):
                with milter.Session(server.address, mta.Postfix()) as session:
                    session.set_macros(**session.mta.session_macros())
                    session.connect()
                    while True:
                        session.submit(mail())
        for _ in range(8):
            server = self.start()
            threads = [threading.Thread(target=load) for _ in range(8)]
            for thread in threads:
                thread.start()
            server.expect('action=accept')
            self.assertEqual(server.stop(), 0)
            for thread in threads:
                thread.join(30)

    def test_a_reload_that_is_asked_for_too_early(self):
        """It comes once the daemon serves, and ends nothing."""
        for _ in range(5):
            server = self.world()
            server.launch()
            status = '/proc/%d/status' % server.process.pid
            usr1 = 1 << signal.SIGUSR1 - 1
            while True:
                with open(status, encoding='ascii') as file:
                    blocked = re.search('SigBlk:\\s*(\\w+)', file.read())
                if blocked and int(blocked[1], 16) & usr1:
                    break
            server.signal(signal.SIGUSR1)
            server.expect('reloaded')
            self.assert_works(server)
            self.assertEqual(server.stop(), 0)

    def test_start_again_at_once(self):
        for kind in ('unix', 'inet'):
            with self.subTest(kind):
                text, address = daemon.WORLD, None
                if kind == 'inet':
                    address = 'inet:%d@127.0.0.1' % free_port()
                    text = 'listen = "%s"\n' % address + without_listen()
                server = self.start(text, address=address)
                self.assert_works(server)
                server.stop()
                server.start()
                self.assert_works(server)
                server.stop()

    def test_readiness(self):
        """systemd is told once the socket answers, and about a reload."""
        server = self.world()
        self.assert_systemd_is_told(server, server.path('notify'))

    def test_readiness_without_a_file(self):
        """The socket of systemd may be an abstract one."""
        self.assert_systemd_is_told(self.world(),
                                    '@submilter-test-%d' % os.getpid())

    def assert_systemd_is_told(self, server, address):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.bind(address.replace('@', '\0'))
            notify.settimeout(20)
            server.environment['NOTIFY_SOCKET'] = address
            server.launch()
            text = b''
            while b'READY=1' not in text:
                text = notify.recv(4096)
            milter.Wire(server.address).close()
            self.assert_works(server)
            self.assertRegex(text.decode(), r'\nSTATUS=\d+ domains?, \d+ of \d+ '
                             r'keys? sign; configuration of 20[-0-9: ]+$')
            server.configure('nonsense = 1\n')
            server.signal(signal.SIGUSR1)
            self.assertIn(b'RELOADING=1\nMONOTONIC_USEC=', notify.recv(4096))
            self.assertRegex(notify.recv(4096).decode(), r'^READY=1\nSTATUS=.*; '
                             r'reload refused 20[-0-9: ]+: .*submilter.conf')
            server.signal(signal.SIGTERM)
            while b'STOPPING=1' not in text:
                text = notify.recv(4096)
            self.assertEqual(server.wait(), 0)


class SocketTest(OwnDaemonTest):
    def refuses_to_start(self, server):
        server.launch()
        status = server.wait()
        self.assertNotEqual(status, 0)
        self.assertGreater(status, 0, 'killed by a signal')
        return server.log()

    def test_inet6(self):
        try:
            port = free_port(socket.AF_INET6, '::1')
        except OSError:
            self.skipTest('no IPv6 on the loopback interface')
        address = 'inet6:%d@::1' % port
        server = self.start('listen = "%s"\n' % address + without_listen(),
                            address=address)
        self.assert_works(server)

    def test_second_instance_does_not_steal_the_socket(self):
        first = self.start()
        second = self.world()
        second.configure(daemon.WORLD.replace('@SOCKET@', first.socket))
        self.assertIn(first.socket, self.refuses_to_start(second))
        self.assert_works(first)
        self.assertTrue(stat.S_ISSOCK(os.stat(first.socket).st_mode))

    def test_second_instance_does_not_steal_the_port(self):
        address = 'inet:%d@127.0.0.1' % free_port()
        text = 'listen = "%s"\n' % address + without_listen()
        first = self.start(text, address=address)
        self.assertIn(address.split('@')[0].split(':')[1],
                      self.refuses_to_start(self.world(text)))
        self.assert_works(first)

    def test_an_address_that_cannot_be_listened_on(self):
        """Exit code 1 for what stays so, 75 for what may pass."""
        port = free_port()
        with socket.create_server(('127.0.0.1', 0)) as other:
            taken = other.getsockname()[1]
            for listen, status, why in (
                    ('inet:%d@192.0.2.1' % port, 1,
                     'Cannot assign requested address: is it an address of '
                     'this host?'),
                    ('inet:%d@127.0.0.1' % taken, 75,
                     'Address already in use'),
                    ('inet:%d@no-such-host.invalid' % port, (1, 75), '')):
                with self.subTest(listen):
                    server = self.world('listen = "%s"\n' % listen
                                        + without_listen(), address=listen)
                    server.launch()
                    self.assertIn(server.wait(), status if why == '' else
                                  (status,))
                    self.assertIn('listen: %s: %s' % (listen, why),
                                  server.log())

    def test_first_instance_stays_when_it_is_busy(self):
        first = self.start()
        waiting = [self.session(server=first) for _ in range(50)]
        second = self.world()
        second.configure(daemon.WORLD.replace('@SOCKET@', first.socket))
        self.refuses_to_start(second)
        honest = mail()
        for session in waiting:
            self.assert_signed(honest, session.submit(honest))

    def test_stale_socket_is_replaced(self):
        server = self.start()
        server.signal(signal.SIGKILL)
        server.wait()
        self.assertTrue(os.path.exists(server.socket))
        server.start()
        self.assert_works(server)

    def test_successor_keeps_its_socket(self):
        """An instance that is ending does not remove the next one's."""
        first = self.start()
        waiting = self.session(server=first)
        second = self.world()
        second.configure(daemon.WORLD.replace('@SOCKET@', first.socket))
        second.address = first.address
        first.signal(signal.SIGTERM)
        end = time.monotonic() + 20
        while True:
            # It may not begin before the first one has closed its socket.
            seen = second.mark()
            second.launch()
            try:
                second.expect(' ready on ', seen)
                break
            except AssertionError:
                self.assertLess(time.monotonic(), end)
                second.wait()
        self.assertEqual(first.wait(), 0)
        waiting.close()
        self.assert_works(second)

    def test_other_files_are_not_removed(self):
        for make in (lambda path: open(path, 'wb').close(), os.mkdir,
                     lambda path: os.symlink('/dev/null', path)):
            server = self.world()
            make(server.socket)
            before = os.lstat(server.socket)
            self.assertIn(server.socket, self.refuses_to_start(server))
            self.assertEqual(os.lstat(server.socket).st_ino, before.st_ino)

    def test_socket_in_a_missing_directory(self):
        server = self.world(daemon.WORLD.replace('@SOCKET@',
                                                  '@DIR@/no/such/socket'))
        log = self.refuses_to_start(server)
        self.assertIn('there is no directory %s; as root: install -d -o '
                      % server.path('no/such'), log)
        self.assertIn(' -m 2750 %s\n' % server.path('no/such'), log)

    def mode_of(self, server):
        return oct(stat.S_IMODE(os.stat(server.socket).st_mode))

    def test_mode_is_what_is_configured(self):
        for umask in (0, 0o022, 0o077):
            for option, mode in (('', '0o660'),
                                 ('socket-mode = "0600"\n', '0o600'),
                                 ('socket-mode = "0640"\n', '0o640')):
                with self.subTest(umask=oct(umask), option=option):
                    server = self.start(option + daemon.WORLD, umask=umask)
                    self.assertEqual(self.mode_of(server), mode)
                    server.stop()

    def test_socket_for_everybody_is_refused(self):
        for mode in ('0666', '0777', '0662'):
            server = self.world('socket-mode = "%s"\n' % mode
                                + daemon.WORLD)
            self.assertIn('socket-mode', self.refuses_to_start(server))

    @unittest.skipUnless(IS_ROOT, 'only root may choose any group')
    def test_group(self):
        group = grp.getgrnam('mail')
        server = self.start('socket-group = "mail"\n' + daemon.WORLD)
        self.assertEqual(os.stat(server.socket).st_gid, group.gr_gid)
        self.assertEqual(self.mode_of(server), '0o660')
        self.assert_works(server)

    @unittest.skipUnless(IS_ROOT, 'only root may choose any group')
    def test_group_of_the_directory(self):
        """One with the set-group-ID bit gives it, without an option, also to
        a milter that may not give it itself; another directory does not."""
        group, user = grp.getgrnam('mail'), pwd.getpwnam('daemon')
        for mode, gid, options in (
                (0o2750, group.gr_gid, {}),
                (0o750, user.pw_gid, {}),
                (0o2750, group.gr_gid, {'user': user.pw_uid,
                                        'group': user.pw_gid,
                                        'extra_groups': []})):
            with self.subTest(mode=oct(mode), options=options):
                server = self.world(('' if options else 'user = "daemon"\n')
                                    + daemon.WORLD.replace(
                                        '@SOCKET@', '@DIR@/run/socket'))
                server.socket = server.path('run/socket')
                server.address = 'unix:' + server.socket
                server.options.update(options)
                os.mkdir(server.path('run'))
                for folder, _, files in os.walk(server.directory):
                    for path in [folder] + [os.path.join(folder, file)
                                            for file in files]:
                        os.chown(path, user.pw_uid, user.pw_gid)
                os.chown(server.path('run'), user.pw_uid, group.gr_gid)
                os.chmod(server.path('run'), mode)
                server.start()
                status = os.stat(server.socket)
                self.assertEqual((status.st_uid, status.st_gid),
                                 (user.pw_uid, gid))
                self.assertEqual(self.mode_of(server), '0o660')
                server.stop()

    @unittest.skipUnless(IS_ROOT, 'only root may become another user')
    def test_a_socket_that_is_removed_is_made_again(self):
        user = pwd.getpwnam('daemon')
        server = self.world('user = "daemon"\n' + daemon.WORLD)
        for folder, _, files in os.walk(server.directory):
            for name in [folder] + [os.path.join(folder, file)
                                    for file in files]:
                os.chown(name, user.pw_uid, user.pw_gid)
        server.start()
        old = self.session(server=server)
        for _ in range(2):
            seen = server.mark()
            os.unlink(server.socket)
            server.expect('was removed: it is there again', seen)
            self.assertEqual(self.mode_of(server), '0o660')
            self.assertEqual(os.stat(server.socket).st_gid, user.pw_gid)
            self.assert_works(server)
        # Sessions of before go on.
        one = mail()
        self.assertEqual(old.submit(one).verdict, 'pass')
        # A file that somebody else has put there is left alone.
        seen = server.mark()
        os.unlink(server.socket)
        server.write('milter.sock', 'mine')
        server.expect('no MTA reaches this process', seen)
        os.unlink(server.socket)
        server.expect('was removed: it is there again', seen)
        self.assert_works(server)

    def test_unknown_group(self):
        server = self.world('socket-group = "no-such-group"\n'
                             + daemon.WORLD)
        self.assertIn('no-such-group', self.refuses_to_start(server))

    @unittest.skipUnless(IS_ROOT, 'only root may become another user')
    def test_privileges_are_dropped(self):
        user = pwd.getpwnam('daemon')
        server = self.world('user = "daemon"\n' + daemon.WORLD)
        for folder, _, files in os.walk(server.directory):
            for name in [folder] + [os.path.join(folder, file)
                                    for file in files]:
                os.chown(name, user.pw_uid, user.pw_gid)
        server.start()
        self.assert_works(server)
        tasks = '/proc/%d/task' % server.process.pid
        for task in os.listdir(tasks):
            with contextlib.suppress(FileNotFoundError), \
                    open(os.path.join(tasks, task, 'status'),
                         encoding='ascii') as file:
                facts = dict(line.rstrip('\n').split(':\t', 1)
                             for line in file if ':\t' in line)
                self.assertEqual(set(facts['Uid'].split()),
                                 {str(user.pw_uid)})
                self.assertEqual(set(facts['Gid'].split()),
                                 {str(user.pw_gid)})
                self.assertNotIn('0', facts['Groups'].split())
                self.assertEqual(int(facts['CapEff'], 16), 0)
        self.assertEqual(os.stat(server.socket).st_gid, user.pw_gid)
        server.write('rights', CEO_TOO)
        server.reload(r'(?i)\breloaded')
        forged = mail(message(CEO))
        self.assert_signed(forged, self.submit(forged, server=server))

    @unittest.skipUnless(IS_ROOT, 'only root can stay root')
    def test_staying_root_is_logged(self):
        try:
            pwd.getpwnam('submilter')
            self.skipTest('there is a user submilter')
        except KeyError:
            pass
        warning = 'runs as root: there is no user "submilter"'
        for text, warned in ((daemon.WORLD, True),
                             ('user = "root"\n' + daemon.WORLD, False)):
            server = self.start(text)
            # libmilter ends with a failure when it is told to just after the
            # start.
            self.assert_works(server)
            self.assertEqual(warning in server.log(), warned)

    def test_a_former_name_of_an_option_is_logged(self):
        warning = 'limits.mailboxes is a former name: write bounds.mailboxes'
        server = self.start(daemon.WORLD + 'limits { mailboxes = 30 }\n')
        self.assert_works(server)
        self.assertEqual(server.log().count(warning), 1)
        server.reload(r'(?i)\breloaded')
        self.assertEqual(server.log().count(warning), 2)

    def test_unknown_user(self):
        server = self.world('user = "no-such-user"\n' + daemon.WORLD)
        log = self.refuses_to_start(server)
        if IS_ROOT:
            self.assertIn('no-such-user', log)

    def test_all_faults_of_a_configuration_at_once(self):
        server = self.world(daemon.WORLD.replace('texthash:', 'oracle:')
                             + 'frobnicate = yes\nnonsense = 5\n')
        log = self.refuses_to_start(server)
        for word in ('frobnicate', 'nonsense'):
            self.assertRegex(log, r'submilter\.conf:\d+.*' + word)

    def test_keys_that_are_never_used(self):
        def readable(server):
            os.chmod(server.path('keys/corp.example/s1.key'), 0o660)
            os.chmod(server.path('keys/team.example/e1.key'), 0o604)

        def nonsense(server):
            for key in ('corp.example/s1.key', 'team.example/e1.key'):
                server.write('keys/' + key, 'nonsense', 0o600)

        def weak(server):
            for key in ('corp.example/s1.key', 'team.example/e1.key'):
                subprocess.run(['openssl', 'genrsa', '-out',
                                server.path('keys', key), '512'],
                               check=True, capture_output=True)
                os.chmod(server.path('keys', key), 0o600)

        def encrypted(server):
            for key in ('corp.example/s1.key', 'team.example/e1.key'):
                subprocess.run(
                    ['openssl', 'genpkey', '-algorithm', 'ED25519', '-aes256',
                     '-pass', 'pass:x', '-out', server.path('keys', key)],
                    check=True, capture_output=True)
                os.chmod(server.path('keys', key), 0o600)

        for damage in (readable, nonsense, weak, encrypted):
            with self.subTest(damage.__name__):
                server = self.world()
                damage(server)
                server.start()
                # The socket is there before the keys are read.
                server.expect(r'corp\.example/s1\.key')
                server.expect(r'team\.example/e1\.key')
                seen = server.mark()
                result = self.submit(mail(), server=server)
                self.assertEqual(result.verdict, 'pass', result)
                self.assertEqual(self.log_line('', seen, server)['signed'],
                                 'corp.example/e1')

    def test_a_domain_without_a_usable_key_is_later_or_unsigned(self):
        """And the domain beside it signs."""
        for text, verdict in ((daemon.WORLD, 'tempfail'),
                              (daemon.WORLD + 'sign { broken-keys = unsigned }\n',
                               'accept')):
            server = self.world(text)
            for name in ('s1.key', 'e1.key'):
                server.write('keys/team.example/' + name, 'nonsense', 0o600)
            server.start()
            self.assert_works(server)
            seen = server.mark()
            raw = message('bob@team.example')
            result = self.submit(mail(raw, 'bob@team.example', BOB),
                                 server=server)
            self.assertEqual(result.verdict, verdict, result)
            line = self.log_line('(reason=dkim-key|warning=)', seen, server)
            if verdict == 'accept':
                self.assertEqual(line['signed'], 'none')
                self.assertIn('team.example/e1.key: not a private key',
                              line['warning'])
            else:
                self.assertEqual(line['reason'], 'dkim-key')
                self.assertIn('team.example/e1.key: not a private key',
                              line['detail'])

    def test_keys_of_very_many_domains_are_read_when_they_are_needed(self):
        """A bad one is told in the line of the mail that needs it; it costs
        its domain alone, and only until it is mended."""
        server = self.world()
        for i in range(4100):
            os.mkdir(server.path('keys', 'd%d.example' % i), 0o700)
            os.link(server.path('keys/corp.example/e1.key'),
                    server.path('keys', 'd%d.example' % i, 'e1.key'))
        good = open_text(server.path('keys/team.example/e1.key'))
        for name in ('e1.key', 's1.key'):
            server.write('keys/team.example/' + name, 'nonsense', 0o600)
        server.start()
        self.assertNotIn('team.example', server.log())
        self.assert_works(server)
        bob = mail(message('bob@team.example'), 'bob@team.example', BOB)
        seen = server.mark()
        self.assertEqual(self.submit(bob, server=server).verdict, 'tempfail')
        line = self.log_line('reason=dkim-key', seen, server)
        self.assertIn('team.example/e1.key: not a private key', line['detail'])
        self.assert_works(server)
        server.write('keys/team.example/e1.key', good, 0o600)
        seen = server.mark()
        self.assertEqual(self.submit(bob, server=server).verdict, 'pass')
        line = self.log_line('signed=team', seen, server)
        self.assertEqual(line['signed'], 'team.example/e1')
        self.assertIn('team.example/s1.key: not a private key',
                      line['warning'])

    def test_keys_that_come_later_are_taken_up(self):
        """An empty directory tells mail to come again, and names itself;
        keys that come half-written in between are waited for."""
        server = self.world()
        keys = server.path('keys')
        shutil.rmtree(keys)
        os.mkdir(keys, 0o700)
        server.start()
        server.expect('there is no key in ' + re.escape(keys))
        self.assert_tempfail_for_keys(server, 'there is no key in')
        os.mkdir(server.path('keys', 'corp.example'), 0o700)
        for name in ('e1.key', 's1.key'):
            server.write('keys/corp.example/' + name, '-----BEGIN', 0o600)
        server.expect('not a private key', timeout=20)
        self.assert_tempfail_for_keys(server, 'not a private key')
        seen = server.mark()
        for name in ('e1.key', 's1.key'):
            with open(os.path.join(self.keys.directory, 'corp.example', name),
                      encoding='ascii') as file:
                server.write('keys/corp.example/' + name, file.read(), 0o600)
        server.expect('its keys are taken up', seen, timeout=20)
        end = time.monotonic() + 10
        while (self.submit(mail(), server=server).verdict == 'tempfail'
               and time.monotonic() < end):
            time.sleep(0.2)
        self.assert_works(server)

    def assert_tempfail_for_keys(self, server, why):
        """A fault is logged while keys are read, and counts once they are."""
        end = time.monotonic() + 10
        while True:
            seen = server.mark()
            result = self.submit(mail(), server=server)
            self.assertEqual(result.verdict, 'tempfail', result)
            line = self.log_line('', seen, server)
            self.assertEqual(line['reason'], 'dkim-key')
            if why in line['detail'] or time.monotonic() > end:
                break
            time.sleep(0.1)
        self.assertIn(why, line['detail'])


class BackgroundTest(OwnDaemonTest):
    def run_in_background(self, text, **outputs):
        """`submilter run` without -f, with its open files; it must return."""
        server = self.world(text)
        self.addCleanup(self.end, server)
        done = subprocess.run(
            [daemon.program(), 'run', '-c', server.file],
            stdin=subprocess.DEVNULL, timeout=30, check=False,
            env={**os.environ, **daemon.sanitizer_options()}, **outputs)
        self.assertEqual(done.returncode, 0, done)
        pid, = self.find(server)
        return server, done, '/proc/%d/fd/' % pid

    @staticmethod
    def find(server):
        """The processes that run with the file of that server."""
        for pid in filter(str.isdigit, os.listdir('/proc')):
            with contextlib.suppress(OSError), \
                    open('/proc/%s/cmdline' % pid, 'rb') as file:
                words = file.read().split(b'\0')
                if words[1:4] == [b'run', b'-c', os.fsencode(server.file)]:
                    yield int(pid)

    def end(self, server):
        for pid in self.find(server):
            os.kill(pid, signal.SIGTERM)
        end = time.monotonic() + 20
        while list(self.find(server)):
            self.assertLess(time.monotonic(), end)
            with contextlib.suppress(OSError):
                milter.Wire(server.address, timeout=1).close()
            time.sleep(0.02)

    def test_the_caller_gets_its_terminal_back(self):
        server, done, files = self.run_in_background(
            daemon.WORLD, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertEqual((done.stdout, done.stderr), (b'', b''))
        for number in range(3):
            self.assertEqual(os.readlink(files + str(number)), '/dev/null')
        self.assert_works(server)

    def test_a_log_on_stderr_stays_there(self):
        with tempfile.TemporaryFile() as log:
            server, done, files = self.run_in_background(
                'log = stderr\n' + daemon.WORLD, stdout=subprocess.PIPE,
                stderr=log)
            self.assertEqual(done.stdout, b'')
            self.assertEqual(os.readlink(files + '1'), '/dev/null')
            self.assert_works(server)
            log.seek(0)
            self.assertIn(b' ready on ', log.read())


class LogTest(DaemonTest):
    def line_of(self, one, **more):
        seen = self.server.mark()
        result = self.submit(one, **more)
        return result, self.log_line('', seen)

    def test_accepted(self):
        one = mail()
        result, line = self.line_of(one)
        self.assert_signed(one, result)
        expected = {'login': ALICE, 'via': 'sasl', 'client': '192.0.2.7',
                    'from': ALICE, 'action': 'accept', 'qid': one.queue_id}
        self.assertLessEqual(expected.items(), line.items())
        self.assertIn(ALICE, line['mail_from'])
        self.assertEqual(set(line['signed'].split(',')),
                         {'corp.example/s1', 'corp.example/e1'})
        self.assertRegex(line['ms'], r'^\d+(\.\d+)?$')
        self.assertNotIn('repaired', line)

    def test_recipients_and_message_id(self):
        session = self.session()
        for count in 1, 3:
            seen = self.server.mark()
            result = session.submit(mail(rcpts=[
                'r%d@rcpt.example' % i for i in range(count)]))
            self.assertEqual(result.verdict, 'pass')
            line = self.log_line('', seen)
            self.assertEqual((line['rcpts'], line['message_id']),
                             (str(count), '<1@corp.example>'))
        session.quit()

    def test_a_message_id_that_is_made_here(self):
        seen = self.server.mark()
        one = mail(message().replace(b'Message-ID', b'X-Was-ID'))
        result = self.submit(one)
        line = self.log_line(r'repaired=\S*message-id', seen)
        self.assertRegex(line['message_id'], r'^<\S+@mail\.corp\.example>$')
        for edited in self.changed(one, result):
            self.assertIn(line['message_id'].encode(), mta.wire_form(edited))

    def test_a_message_id_that_looks_like_the_line(self):
        seen = self.server.mark()
        odd = b'<x action=accept " ' + b'y' * 3000 + b'@corp.example>'
        self.submit(mail(message(CEO).replace(b'<1@corp.example>', odd)))
        line = self.log_line('action=reject', seen)
        self.assertEqual(line['action'], 'reject')
        self.assertTrue(line['message_id'].startswith('<x action=accept'),
                        line)
        self.assertIn('message_id_more', line)

    def test_queue_id_of_sendmail(self):
        one = mail()
        _, line = self.line_of(one, agent=mta.Sendmail())
        self.assertEqual(line['qid'], one.queue_id)

    def test_repaired(self):
        raw = message().replace(b'Date:', b'X-Was-Date:').replace(
            b'Message-ID:', b'X-Was-ID:')
        _, line = self.line_of(mail(b'Bcc: x@rcpt.example\r\n' + raw))
        self.assertLessEqual({'date', 'message-id', 'bcc'},
                             set(line['repaired'].split(',')))

    def test_refused(self):
        for one in (mail(message(CEO)), mail(sender=CEO)):
            result, line = self.line_of(one)
            self.assertEqual(line['action'], 'reject')
            self.assertEqual(line.get('signed', 'none'), 'none')
            self.assertEqual(line['login'], ALICE)
            self.assertIn(result.reply.text[:40], line['reply'])

    def test_no_login(self):
        _, line = self.line_of(mail(login=None))
        self.assertEqual(line['action'], 'reject')
        self.assertNotIn('via', line)

    def test_one_line_a_message(self):
        seen = self.server.mark()
        session = self.session()
        for number in range(3):
            session.submit(mail(message(subject=str(number))))
        session.quit()
        last = mail(message(CEO))
        self.submit(last)
        self.server.expect('qid=%s .*action=reject' % last.queue_id, seen)
        self.assertEqual(self.server.log(seen).count('action='), 4)
        self.assertEqual(self.server.log(seen).count('\n'), 4)

    HOSTILE = ('x\nsubmilter: qid=1 action=accept', 'x\r\ny', 'x\x1b[31mred',
               'x" action="accept', 'x action=accept', "x\\", 'x\\" a=b',
               'x\x7f\x08\x0b\x0c', 'x\xe9\u202e\u2028', '%s%n%x%99999d',
               'x=y', '"' * 300, 'A' * 5000, '\u0085\u009b')

    def test_hostile_values(self):
        for value in self.HOSTILE:
            encoded = value.encode('utf-8')
            for where in ('login', 'typed', 'understood', 'from', 'sender'):
                with self.subTest(value=value[:40], where=where):
                    self.hostile(value, encoded, where)

    def hostile(self, value, encoded, where):
        local = b'"' + encoded.replace(b'\\', b'\\\\').replace(
            b'"', b'\\"').replace(b'\r\n', b'').replace(
                b'\n', b'') + b'"@victim.example'
        raw = message()
        one = mail()
        if where == 'login':
            one = mail(login=value)
        elif where == 'typed':
            one = mail(sender=value, mail_addr=ALICE)
        elif where == 'understood':
            one = mail(mail_addr=value)
        elif where == 'from':
            one = mail(raw.replace(ALICE.encode(), local, 1))
        else:
            one = mail(b'Sender: ' + local + b'\r\n' + raw)
        seen = self.server.mark()
        result = self.submit(one)
        self.assertEqual(result.verdict, 'reject', result)
        self.log_line('', seen)
        octets = self.server.log_bytes(seen)
        self.assertNotRegex(octets, rb'[\x00-\x09\x0b-\x1f\x7f]')
        octets.decode('utf-8')
        self.assertNotRegex(octets.decode('utf-8'),
                            '[\x80-\x9f\u2028\u2029\u202a-\u202e]')
        lines = octets.splitlines()
        self.assertEqual(len(lines), 1, lines)
        self.assertLess(len(lines[0]), 4000)
        facts = dict(tokens(lines[0].decode().removeprefix('submilter: ')))
        self.assertEqual(facts['action'], 'reject')

    def test_reply_is_escaped(self):
        for value in (b'"%s%n"@victim.example', b'"\x1b[31m"@victim.example',
                      '"\xe9\u202e"@victim.example'.encode(),
                      b'"' + b'x' * 900 + b'"@victim.example'):
            raw = message().replace(ALICE.encode(), value, 1)
            result = self.submit(mail(raw))
            # milter.py checks the form of a reply; these are its letters.
            self.assert_refused(result, '5')
            self.assertRegex(result.reply.text, r'^[ -~]*$')
            self.assertLess(len(result.reply.text), 512)


class ModeTest(OwnDaemonTest):
    def test_monitor_changes_and_refuses_nothing(self):
        server = self.start('mode = monitor\n' + daemon.WORLD)
        raw = message().replace(b'Date:', b'X-Date:')
        for one, would in ((mail(), None), (mail(raw), None),
                           (mail(message(CEO)), 'reject'),
                           (mail(sender=CEO), 'reject'),
                           (mail(login=None), 'reject'),
                           (mail(b'From: x\r\nFrom: y\r\n\r\n'), 'reject')):
            seen = server.mark()
            result = self.submit(one, server=server)
            self.assertIn(result.verdict, ('pass', 'accept'), result)
            self.assertEqual(result.edits, [])
            line = self.log_line('', seen, server)
            self.assertEqual(line['action'], 'accept')
            self.assertEqual(line.get('would'), would)

    def test_unidentified_pass(self):
        server = self.start(daemon.WORLD.replace('= reject', '= pass'))
        result = self.submit(mail(message(CEO), CEO, login=None),
                             server=server)
        self.assertIn(result.verdict, ('pass', 'accept'))
        self.assertEqual(result.edits, [])
        self.assert_works(server)

    def test_network(self):
        text = daemon.WORLD.replace(
            'methods      = {sasl}',
            'methods = {sasl, network}\n\tnetwork = "cidr:@DIR@/networks"')
        server = self.world(text)
        server.write('networks', '192.0.2.0/28 %s\n2001:db8::/64 %s\n'
                     % (ALICE, BOB))
        server.start()
        honest = mail(login=None)
        self.assert_signed(honest, self.submit(honest, server=server,
                                               client='192.0.2.15'))
        other = mail(message('b@team.example'), 'b@team.example', None)
        self.assert_signed(other, self.submit(other, server=server,
                                              client='2001:db8::7'))
        self.assert_refused(self.submit(mail(message(CEO), login=None),
                                        server=server, client='192.0.2.1'),
                            '550 5.7.1')
        self.assert_refused(self.submit(honest, server=server,
                                        client='192.0.2.16'), '530 5.7.0')
        # Its line may come after the reply.
        self.log_line('reply="530', server=server)
        # The first method that proves a login wins.
        seen = server.mark()
        self.assert_signed(honest, self.submit(
            mail(), server=server, client='2001:db8::7'))
        self.assertEqual(self.log_line('', seen, server)['via'], 'sasl')

    def test_unsigned_domains(self):
        for policy, verdict in (('accept', 'pass'), ('reject', 'reject')):
            server = self.world(daemon.WORLD + 'sign {\n\tunsigned = %s\n}\n'
                                 % policy)
            server.write('rights', daemon.RIGHTS
                         + 'a@other.example %s\n' % ALICE)
            server.start()
            result = self.submit(mail(message('a@other.example')),
                                 server=server)
            self.assertEqual(result.verdict.replace('accept', 'pass'),
                             verdict)
            self.assertEqual(result.edits, [])


if __name__ == '__main__':
    unittest.main()
