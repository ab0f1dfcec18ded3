# SPDX-License-Identifier: BSD-2-Clause
"""What the tests of the running daemon share: messages, keys, a test case."""

import os
import re
import shutil
import tempfile
import unittest

import cases
import daemon
import milter
import mta

ALICE = 'alice@corp.example'
BOB = 'bob@corp.example'
CEO = 'ceo@corp.example'
RCPT = ['friend@rcpt.example']


def message(sender=ALICE, subject='hello', body=b'Hello,\r\n\r\nbye.\r\n',
            extra=b''):
    """An ordinary message; `extra` is put on top of its header."""
    return extra + (
        'From: %s\r\nTo: friend@rcpt.example\r\nSubject: %s\r\n'
        'Date: Mon, 23 Nov 2026 10:15:30 +0100\r\n'
        'Message-ID: <1@corp.example>\r\n\r\n'
        % (sender, subject)).encode() + body


def mail(raw=None, sender=ALICE, login=ALICE, rcpts=RCPT, **more):
    content = mta.verbatim(message() if raw is None else raw)
    return mta.Mail(content, sender, rcpts, login=login, **more)


def tokens(line):
    """A log line as a list of (key, value), values without their quotes.

    Strict: what is no key=value, or a key that comes twice, is an error.
    """
    found = []
    rest = line
    while rest:
        match = re.match(r'([a-z_]+)=(?:"((?:[^"\\]|\\.)*)"'
                         r'|([^\s"=\\]*))(?: |$)', rest)
        if not match:
            raise AssertionError('not key=value: %r in %r' % (rest, line))
        found.append((match[1], match[2] if match[2] is not None
                      else match[3]))
        rest = rest[match.end():]
    keys = [key for key, _ in found]
    if len(set(keys)) != len(keys):
        raise AssertionError('a key comes twice in %r' % line)
    return found


def ended_well(server):
    """Stops a daemon, if that was not done yet; no sanitizer may complain."""
    status = server.stop()
    if status not in (None, 0) or daemon.sanitizer_says(server.log()):
        raise AssertionError('submilter ended with %s: ...%s'
                             % (status, server.log()[-5000:]))


class DaemonTest(unittest.TestCase):
    """One daemon for all tests of a class, with the world's configuration
    unless TEXT says otherwise."""
    TEXT = daemon.WORLD
    server = None
    keys = None

    @classmethod
    def setUpClass(cls):
        cls.server, cls.keys = daemon.world(cls.TEXT)
        cls.prepare()
        cls.addClassCleanup(cls.server.clean)
        cls.server.start()
        cls.addClassCleanup(ended_well, cls.server)

    @classmethod
    def prepare(cls):
        """For files that a class needs before its daemon starts."""

    def tearDown(self):
        if not self.server.alive():
            status = self.server.wait()
            log = self.server.log()[-3000:]
            self.server.start()
            self.fail('submilter ended with %d: ...%s' % (status, log))
        self.assertEqual(daemon.sanitizer_says(self.server.log()), '')

    # Sessions.

    def session(self, agent=None, server=None, client='192.0.2.7', **more):
        """A session up to and with HELO."""
        agent = agent or mta.Postfix()
        session = milter.Session((server or self.server).address, agent,
                                 **more)
        self.addCleanup(session.close)
        session.set_macros(**agent.session_macros(address=client))
        self.assertTrue(session.connect(address=client).goes_on)
        self.assertTrue(session.helo().goes_on)
        return session

    def submit(self, one, agent=None, server=None, **more):
        """One message in a session of its own: the result, with `space` of
        the session for changed()."""
        session = self.session(agent, server, **more)
        result = session.submit(one)
        result.space = session.wants.steps & milter.HDR_LEADSPC
        result.agent = session.mta
        session.quit()
        return result

    # Outcomes.

    def assert_refused(self, result, reply, stage=None):
        self.assertEqual(result.verdict, 'reject', result)
        self.assertRegex(result.reply.text, '^' + reply)
        self.assertEqual(result.edits, [])
        if stage:
            self.assertEqual(result.stage, stage, result)

    def changed(self, one, result):
        """The message as it leaves Postfix and Sendmail."""
        space = getattr(result, 'space', True)
        return [agent.changed(one, result, space)
                for agent in (mta.Postfix(), mta.Sendmail())]

    def assert_signed(self, one, result, keys=None):
        """Goes on, and every signature that is expected verifies."""
        self.assertEqual(result.verdict, 'pass', result)
        for edited in self.changed(one, result):
            self.assertEqual(cases.signature_faults(edited,
                                                    keys or self.keys), [])

    def assert_works(self, server=None, keys=None, agent=None):
        """An honest message is signed and a forged one is refused."""
        honest = mail()
        self.assert_signed(honest, self.submit(honest, agent, server), keys)
        forged = mail(message(CEO))
        self.assert_refused(self.submit(forged, agent, server), '550 5.7.1')

    # The log.

    def log_line(self, pattern, since=0, server=None):
        """The one log line of a message, as a dictionary."""
        server = server or self.server
        line = server.expect(r'^submilter: .*\baction=.*' + pattern, since)
        return dict(tokens(line.removeprefix('submilter: ')))


class OwnDaemonTest(DaemonTest):
    """Tests that start daemons of their own: the keys are made once."""

    @classmethod
    def setUpClass(cls):
        cls.store = tempfile.mkdtemp(prefix='submilter-')
        cls.addClassCleanup(shutil.rmtree, cls.store, ignore_errors=True)
        cls.keys = daemon.Keys(os.path.join(cls.store, 'keys'))
        for domain in ('corp.example', 'team.example'):
            cls.keys.add(domain, 's1', 'RSA')
            cls.keys.add(domain, 'e1', 'ED25519')

    def tearDown(self):
        pass

    def world(self, text=daemon.WORLD, **more):
        """A daemon with the world's files, not started."""
        server = daemon.Daemon(text, **more)
        self.addCleanup(server.clean)
        self.addCleanup(ended_well, server)
        server.write('rights', daemon.RIGHTS)
        server.write('rights.pcre', daemon.RIGHTS_PATTERNS)
        if not os.path.exists(server.path('keys')):
            shutil.copytree(self.keys.directory, server.path('keys'))
        return server

    def start(self, text=daemon.WORLD, **more):
        return self.world(text, **more).start()
