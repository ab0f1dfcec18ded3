# SPDX-License-Identifier: BSD-2-Clause
"""The status file: what a running milter says of itself."""

import hashlib
import json
import os
import signal
import subprocess
import time
import unittest

import daemon
from support import OwnDaemonTest

STATUS = 'status-file = "@DIR@/status"\n'


def parse(path):
    """The lines of a status file by name, each a list of values."""
    with open(path, encoding='utf-8') as file:
        lines = file.read().splitlines()
    assert lines[0] == 'submilter-status 1', lines
    assert lines[-1] == 'end', lines
    found = {}
    for line in lines[1:-1]:
        name, _, value = line.partition(' ')
        found.setdefault(name, []).append(value)
    return found


class StatusFileTest(OwnDaemonTest):

    def ready(self, text=''):
        """A daemon that has written its file; its socket is there before."""
        server = self.start(STATUS + daemon.WORLD + text)
        server.expect('ready on')
        return server

    def wait_for(self, server, condition, timeout=8):
        end = time.monotonic() + timeout
        while True:
            found = parse(server.path('status'))
            if condition(found):
                return found
            self.assertLess(time.monotonic(), end, found)
            time.sleep(0.05)

    def test_says_how_it_runs_and_goes_with_the_process(self):
        server = self.ready()
        found = parse(server.path('status'))
        self.assertEqual(found['pid'], [str(server.process.pid)])
        self.assertEqual(found['config'], [server.file])
        self.assertEqual(found['domains'], ['2'])
        self.assertEqual(found['keys'], ['4'])
        self.assertEqual(found['reload-result'], ['none'])
        self.assertIn('2 texthash:' + server.path('rights'), found['table'])
        self.assertEqual(os.stat(server.path('status')).st_mode & 0o777,
                         0o640)
        server.stop()
        self.assertFalse(os.path.exists(server.path('status')))

    def test_rows_that_are_elsewhere_are_not_counted(self):
        server = self.start(STATUS + daemon.WORLD.replace(
            '"texthash:@DIR@/rights"',
            '"texthash:@DIR@/rights", "tcp:127.0.0.1:1"'))
        server.expect('ready on')
        self.assertIn('- tcp:127.0.0.1:1', parse(server.path('status'))['table'])
        for how, says in (((), r'\n +tcp:127\.0\.0\.1:1\n'),
                          (('--json',), '"rows":null,"table":"tcp:127.0.0.1:1"')):
            done = subprocess.run(
                [daemon.program(), 'status', '-c', server.file, *how],
                capture_output=True, text=True, timeout=30)
            self.assertRegex(done.stdout, says)

    def test_counts_messages_without_a_word_of_who_sent_them(self):
        server = self.ready()
        self.assert_works(server)
        found = self.wait_for(
            server, lambda f: 'reject 1' in f['messages'])
        self.assertIn('accept 1', found['messages'])
        self.assertRegex(found['last'][0], r'^\d+ reject rights ')
        self.assertRegex(found['last'][1], r'^\d+ accept - ')
        with open(server.path('status'), encoding='utf-8') as file:
            self.assertNotIn('@corp.example', file.read())

    def test_tells_what_came_of_a_reload_and_why(self):
        server = self.ready()
        server.configure(STATUS + daemon.WORLD + 'bogus = yes\nworse = no\n')
        server.reload('not reloaded')
        found = self.wait_for(server, lambda f: f['reloads-done'] == ['1'])
        self.assertEqual(found['reload-result'], ['refused'])
        self.assertRegex(found['reload-reason'][0],
                         r'submilter\.conf:\d+: .*bogus.*and 1 more fault')
        server.configure(STATUS + daemon.WORLD)
        server.reload(': reloaded')
        found = self.wait_for(server, lambda f: f['reloads-done'] == ['2'])
        self.assertEqual(found['reloads-begun'], ['2'])
        self.assertEqual(found['reload-result'], ['ok'])
        self.assertNotIn('reload-reason', found)

    def test_names_options_that_wait_for_a_restart(self):
        server = self.ready()
        server.configure(STATUS + daemon.WORLD + 'log-level = debug\n')
        server.reload(': reloaded')
        found = self.wait_for(server, lambda f: f['reloads-done'] == ['1'])
        self.assertEqual(found['after-restart'], ['log-level'])

    def test_has_the_options_in_force(self):
        long = '{%s}' % ', '.join('"x-%030d"' % i for i in range(1000))
        server = self.ready('repair { remove = %s }\nlog-level = info\n' % long)
        options = dict(o.split(' ', 1) for o in parse(server.path('status'))['option'])
        self.assertEqual(options['log-level'], 'info')
        self.assertEqual(options['status-file'], '"%s"' % server.path('status'))
        self.assertEqual(options['repair.remove'], 'sha256:' + hashlib.sha256(
            long.encode()).hexdigest())
        # After a reload what can be changed by it is new, and the rest is as before.
        server.configure(STATUS + daemon.WORLD + 'log-level = debug\nmode = monitor\n')
        server.reload(': reloaded')
        found = self.wait_for(server, lambda f: 'mode monitor' in f['option'])
        self.assertIn('log-level info', found['option'])
        self.assertIn('repair.remove {}', found['option'])

    def test_leaves_the_file_of_another_process_alone(self):
        first = self.ready()
        text = STATUS.replace('@DIR@', first.directory) + daemon.WORLD
        second = self.start(text)
        second.expect(r'status-file: .* is in use by process %d'
                      % first.process.pid)
        second.stop()
        self.assertEqual(parse(first.path('status'))['pid'],
                         [str(first.process.pid)])

    def test_takes_the_file_of_a_process_that_was_killed(self):
        server = self.ready()
        server.signal(signal.SIGKILL)
        server.wait()
        self.assertTrue(os.path.exists(server.path('status')))
        seen = server.mark()
        server.start()
        server.expect('ready on', seen)
        self.assertEqual(parse(server.path('status'))['pid'],
                         [str(server.process.pid)])
        self.assert_works(server)

    def test_serves_where_the_file_cannot_be_written(self):
        server = self.start('status-file = "@DIR@/none/status"\n'
                            + daemon.WORLD)
        server.expect(r'status-file: .*none')
        self.assert_works(server)

    # The command.

    def ask(self, server, *more):
        done = subprocess.run(
            [daemon.program(), 'status', '-c', server.file, *more],
            stdin=subprocess.DEVNULL, capture_output=True, timeout=20,
            encoding='utf-8', check=False,
            env={**os.environ, **daemon.sanitizer_options()})
        return done.returncode, done.stdout + done.stderr

    def test_command_with_what_is_on_the_disk(self):
        server = self.ready()
        self.assert_works(server)
        self.wait_for(server, lambda f: 'reject 1' in f['messages'])
        code, said = self.ask(server)
        self.assertEqual(code, 0, said)
        self.assertIn('process %d' % server.process.pid, said)
        self.assertIn('as it stands on the disk', said)
        self.assertIn('1 accept, 1 reject', said)
        self.assertIn('4 of 2 domains', said)
        code, said = self.ask(server, '--json')
        said = json.loads(said)
        self.assertEqual((code, said['running'], said['current']),
                         (0, True, True))
        self.assertEqual(said['last'][0]['reason'], 'rights')

    def test_command_with_an_edited_configuration(self):
        server = self.world(STATUS + 'include "@DIR@/more.conf"\n'
                            + daemon.WORLD)
        server.write('more.conf', '#\n')
        server.start()
        server.expect('ready on')
        self.assertEqual(self.ask(server)[0], 0)
        server.write('more.conf', '# another\n')
        code, said = self.ask(server)
        self.assertEqual(code, 1, said)
        self.assertRegex(said, r'NOT in force: \S*/more\.conf: changed since then')
        self.assertRegex(said, r'to use it: submilter check -c (\S+) && submilter reload -c \1\n')
        self.assertNotIn('submilter.conf: changed', said)
        server.write('more.conf', 'bogus = yes\n')
        code, said = self.ask(server)
        self.assertEqual(code, 2, said)
        self.assertRegex(said, r'more\.conf:1: .*bogus.*--status-file')
        code, said = self.ask(server, '--status-file', server.path('status'))
        self.assertEqual(code, 1, said)
        self.assertRegex(said, r'on the disk: \S*more\.conf:1: .*bogus')
        server.configure(STATUS + daemon.WORLD)
        code, said = self.ask(server)
        self.assertEqual(code, 1, said)
        self.assertRegex(said, r'more\.conf: gone since then')
        server.reload(': reloaded')
        self.wait_for(server, lambda f: f['reloads-done'] == ['1'])
        code, said = self.ask(server)
        self.assertEqual(code, 0, said)
        self.assertRegex(said, r'last reload .* done')

    def test_command_after_a_reload_that_was_refused(self):
        server = self.ready()
        server.configure(STATUS + daemon.WORLD + 'bogus = yes\n')
        server.reload('not reloaded')
        self.wait_for(server, lambda f: f['reloads-done'] == ['1'])
        code, said = self.ask(server, '--status-file', server.path('status'))
        self.assertEqual(code, 1, said)
        self.assertRegex(said, r'last reload .* REFUSED: .*bogus')

    def test_command_without_a_milter(self):
        server = self.ready()
        self.assert_works(server)
        server.signal(signal.SIGKILL)
        server.wait()
        code, said = self.ask(server)
        self.assertEqual(code, 3, said)
        self.assertIn('without an orderly end', said)
        os.unlink(server.path('status'))
        code, said = self.ask(server, '--json')
        self.assertEqual(code, 3, said)
        self.assertFalse(json.loads(said)['running'])

    def test_reload_shows_what_the_file_says_without_its_controls(self):
        server = self.world(STATUS + daemon.WORLD)
        server.write('status', 'submilter-status 1\npid %d\nconfig '
                     '/etc/\x1b[2Jx\nend\n' % os.getpid())
        done = subprocess.run([daemon.program(), 'reload', '-c', server.file],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 1)
        self.assertIn('has another configuration', done.stderr)
        self.assertNotIn('\x1b', done.stderr)
        self.assertIn('[2Jx', done.stderr)

    def test_command_with_a_file_that_is_cut(self):
        server = self.ready()
        with open(server.path('status'), encoding='utf-8') as file:
            text = file.read()
        for bad in ('', text[:-4], text.replace('pid', 'dip'),
                    text.replace('status 1', 'status 2'), 'x' * 100):
            server.write('other', bad)
            code, said = self.ask(server, '--status-file',
                                  server.path('other'))
            self.assertEqual(code, 75, said)
            self.assertIn('/other: ', said)


if __name__ == '__main__':
    unittest.main()
