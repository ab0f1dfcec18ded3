#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Large bodies: what they cost in memory, where they are kept, and what comes
of it when they cannot be kept.

The environment variable SUBMILTER names the program. SUBMILTER_BODY_MB is the
size of the large messages, if that shall not be 100.
"""

import base64
import binascii
import concurrent.futures
import contextlib
import hashlib
import itertools
import os
import pwd
import re
import resource
import shutil
import subprocess
import tempfile
import time
import unittest

import cases
import daemon
import milter
import mta
from support import ALICE, OwnDaemonTest, mail, message, ended_well

MB = 1 << 20
SIZE = int(os.environ.get('SUBMILTER_BODY_MB', '100')) * MB
# What a large message may need beyond a small one: 0.3 to 0.7 MB are measured,
# with AddressSanitizer up to 4.4 MB, for it keeps what was freed.
GROWTH = 8 * MB
SMALL = 10000

ALL = daemon.SERVICE + 'repair { address-form = no }\n'
KEPT = 256 << 10        # bounds.body-memory by default

HEADER = (b'From: alice@corp.example\r\nTo: friend@rcpt.example\r\n'
          b'Subject: large\r\nDate: Mon, 23 Nov 2026 10:15:30 +0100\r\n'
          b'Message-ID: <1@corp.example>\r\nMIME-Version: 1.0\r\n')
# An MTA that waits for a reply to each piece: what it was told is done then.
ANSWERED = milter.ALL_STEPS & ~milter.NR_BODY
ASCII_LINE = b'0123456789-ten-octets-and-a-number-more_of-them.and-so-on...\r\n'
UTF8_LINE = 'Straße-nach-Köln-über-Düsseldorf,_und-zurueck_«heute»;\r\n'.encode()
BASE64_LINE = binascii.b2a_base64(bytes(range(57)))[:-1] + b'\r\n'


class Stream:
    """A body that nobody holds: blocks of lines, numbered so that none can
    take another's place. Bodies are compared by their SHA-256."""

    def __init__(self, line, size, start=b'', end=b''):
        self._block = line * (min(size, MB) // len(line))
        self._count = max(1, size // MB)
        self._start = start
        self._end = end

    def blocks(self):
        """Whole lines each."""
        yield self._start
        for number in range(self._count):
            # Four digits of a number are base64, too.
            yield b'%08d\r\n' % number
            yield self._block
        yield self._end

    def pieces(self):
        """As an MTA cuts them."""
        rest = b''
        for block in self.blocks():
            rest += block
            at = 0
            while len(rest) - at >= milter.CHUNK:
                yield rest[at:at + milter.CHUNK]
                at += milter.CHUNK
            rest = rest[at:]
        if rest:
            yield rest

    @property
    def size(self):
        return (len(self._start) + len(self._end)
                + self._count * (len(self._block) + 10))


class Whole:
    """The SHA-256 of octets as they are."""

    def __init__(self):
        self._hash = hashlib.sha256()
        self.size = 0

    def add(self, data):
        self._hash.update(data)
        self.size += len(data)

    def result(self):
        return base64.b64encode(self._hash.digest()).decode()


class ByLines(Whole):
    """The same of what `change` makes of whole lines."""

    def __init__(self):
        super().__init__()
        self._rest = b''

    @staticmethod
    def change(lines):
        return lines

    def add(self, data):
        data = self._rest + data
        end = data.rfind(b'\n') + 1
        self._rest = data[end:]
        super().add(self.change(data[:end]))


class Relaxed(ByLines):
    """bh= of RFC 6376 section 3.4.4, for bodies without blank lines at the
    end."""

    @staticmethod
    def change(lines):
        return re.sub(rb'[ \t]+(?=\r\n)|[ \t]{2,}|\t',
                      lambda m: b'' if lines[m.end():m.end() + 2] == b'\r\n'
                      else b' ', lines)

    def result(self):
        assert not self._rest, 'a last line without its end'
        return super().result()


class Unquoted(ByLines):
    """What quoted-printable text says; its length, and the longest line of it."""

    def __init__(self):
        super().__init__()
        self.longest = 0
        self.encoded = 0

    def change(self, lines):
        self.encoded += len(lines)
        self.longest = max(self.longest, max(map(len, lines.split(b'\r\n')),
                                             default=0))
        if re.search(rb'[^\r\n -~]', lines):
            raise AssertionError('octets that are not quoted-printable')
        return binascii.a2b_qp(lines)


class StreamSession(milter.Session):
    """Bodies that are a Stream go out and come back piece by piece."""
    sinks = ()

    def body(self, data):
        if not isinstance(data, Stream):
            return super().body(data)
        for piece in data.pieces():
            reply = self.step('body', piece)
            if not reply.goes_on:
                return reply, b''
            if reply.kind == 'skip':
                break
        return milter.Reply('continue'), b''

    def _edit(self, command, data):
        edit = super()._edit(command, data)
        if edit[0] != 'body' or not self.sinks:
            return edit
        for sink in self.sinks:
            sink.add(data)
        return ('body', b'')


def streamed(header, body):
    """A message whose body is a Stream."""
    one = mail(HEADER + header + b'\r\n')
    one.content.body = body
    return one


def hash_of(body, what=Whole):
    total = what()
    for block in body.blocks():
        total.add(block)
    return total.result()


class Process:
    """What the kernel says of the daemon."""

    def __init__(self, server):
        self.pid = server.process.pid

    def _file(self, name):
        with open('/proc/%d/%s' % (self.pid, name), encoding='ascii') as file:
            return dict(line.rstrip().split(':', 1) for line in file)

    def memory(self, what='VmHWM'):
        return int(self._file('status')[what].split()[0]) << 10

    def forget_peak(self):
        with open('/proc/%d/clear_refs' % self.pid, 'w',
                  encoding='ascii') as file:
            file.write('5')

    def reads(self):
        """Octets by read() and its like: from files, for packets are received."""
        return int(self._file('io')['rchar'])

    def cpu(self):
        with open('/proc/%d/stat' % self.pid, encoding='ascii') as file:
            fields = file.read().rpartition(')')[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')

    def descriptors(self):
        """What each descriptor stands for."""
        found = {}
        for name in os.listdir('/proc/%d/fd' % self.pid):
            with contextlib.suppress(FileNotFoundError):
                found[name] = os.readlink('/proc/%d/fd/%s' % (self.pid, name))
        return found

    def spooled(self, directory):
        return [path for path in self.descriptors().values()
                if path.startswith(directory + '/')]


def wait_for(what, seconds=10):
    """Whether that comes true in time."""
    end = time.monotonic() + seconds
    while not what():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


class BodyTest(OwnDaemonTest):
    """A daemon with a spool of its own."""

    def begin(self, text=ALL, limits='', **more):
        server = self.world('spool = "@DIR@/spool"\n' + text + limits, **more)
        # Else freed memory is kept for a while, to find uses of it.
        server.environment['ASAN_OPTIONS'] = ':'.join((
            daemon.sanitizer_options()['ASAN_OPTIONS'], 'quarantine_size_mb=1'))
        self.spool = server.path('spool')
        os.mkdir(self.spool, 0o700)
        return server

    def run_server(self, *arguments, **more):
        server = self.begin(*arguments, **more).start()
        self.process = Process(server)
        return server

    def stream_session(self, server, timeout=60, steps=milter.ALL_STEPS):
        agent = mta.Postfix()
        session = StreamSession(server.address, agent, steps=steps,
                                timeout=timeout)
        self.addCleanup(session.close)
        session.set_macros(**agent.session_macros())
        session.connect()
        return session

    def assert_settled(self, before):
        """No descriptor more than before, and nothing in the spool."""
        self.assertTrue(
            wait_for(lambda: len(self.process.descriptors()) <= len(before)),
            '%r instead of %r' % (self.process.descriptors(), before))
        self.assertEqual(os.listdir(self.spool), [])

    def begun(self, session, one):
        """A message up to its body."""
        session.set_macros(**session.mta.mail_macros(one))
        session.mail('<%s>' % one.sender)
        session.rcpt('<%s>' % one.rcpts[0])
        for field in one.content.fields:
            session.header(*field)
        self.assertTrue(session.eoh().goes_on)


class MemoryTest(BodyTest):
    """What one message costs does not depend on its size."""

    def cost(self, header, make, replaced):
        """A small message, then a large one: the large body, what came back
        of it, and the result. Peak memory is compared on the way."""
        peaks = []
        # The first one fills what is filled once.
        for size in (SMALL, SMALL, SIZE):
            body = make(size)
            session = self.stream_session(self.server_)
            session.sinks = [Relaxed(), replaced()] if replaced else []
            self.process.forget_peak()
            self.reads = -self.process.reads()
            result = session.submit(streamed(header, body))
            self.reads += self.process.reads()
            peaks.append(self.process.memory())
            sinks = session.sinks
            session.quit()
            self.assertEqual(result.verdict, 'pass', result)
            self.assertEqual(os.listdir(self.spool), [])
        self.assertLess(peaks[2] - peaks[1], GROWTH, peaks)
        return body, sinks, result

    def hashes(self, result):
        """bh= of every signature."""
        fields = [edit[3] for edit in result.edits if edit[0] == 'insert'
                  and edit[2] == b'DKIM-Signature']
        self.assertEqual(len(fields), 2)
        return {cases.tags(value)['bh'] for value in fields}

    def setUp(self):
        self.server_ = self.run_server()

    def test_signed_as_it_is(self):
        body, _, result = self.cost(b'', lambda size: Stream(ASCII_LINE, size),
                                    None)
        self.assertEqual(self.hashes(result), {hash_of(body, Relaxed)})
        self.assertNotIn('body', [edit[0] for edit in result.edits])
        # It is received, and never read from the file.
        self.assertLess(self.reads, body.size * 0.05)

    def test_text_encoded_anew(self):
        header = (b'Content-Type: text/plain; charset=utf-8\r\n'
                  b'Content-Transfer-Encoding: 8bit\r\n')
        body, (relaxed, text), result = self.cost(
            header, lambda size: Stream(UTF8_LINE, size), Unquoted)
        self.assertEqual(self.hashes(result), {relaxed.result()})
        self.assertEqual(text.result(), hash_of(body))
        self.assertEqual(text.size, body.size)
        self.assertLessEqual(text.longest, 76)
        # The old file, to be signed as it is written anew, and the new one.
        both = body.size + text.encoded
        self.assertGreater(self.reads, both * 0.95)
        self.assertLess(self.reads, both * 1.05)

    def test_attachment_of_base64(self):
        start = (b'--b\r\nContent-Type: text/plain; charset=utf-8\r\n'
                 b'Content-Transfer-Encoding: 8bit\r\n\r\n' + UTF8_LINE
                 + b'--b\r\nContent-Type: application/octet-stream\r\n'
                 b'Content-Transfer-Encoding: base64\r\n\r\n')

        def make(size):
            return Stream(BASE64_LINE, size, start, b'--b--\r\n')

        body, (relaxed, whole), result = self.cost(
            b'Content-Type: multipart/mixed; boundary=b\r\n', make, Whole)
        self.assertEqual(self.hashes(result), {relaxed.result()})
        expected = hashlib.sha256(
            start.replace(b': 8bit', b': quoted-printable').replace(
                UTF8_LINE, binascii.b2a_qp(UTF8_LINE, istext=True)))
        for block in itertools.islice(body.blocks(), 1, None):
            expected.update(block)
        self.assertEqual(whole.result(),
                         base64.b64encode(expected.digest()).decode())


class NothingTest(BodyTest):
    def test_body_that_stands_for_nothing(self):
        """No base64 at all: encoded anew it is empty, and the MTA would keep
        the old one if it got none."""
        for canonicalization in ('relaxed/relaxed', 'simple/simple'):
            with self.subTest(canonicalization=canonicalization):
                server = self.run_server(
                    limits='sign { canonicalization = %s }\n'
                    % canonicalization)
                one = mail(HEADER + b'Content-Type: text/plain\r\n'
                           b'Content-Transfer-Encoding: base64\r\n\r\n'
                           b'\xe4\r\n')
                self.assert_signed(one, self.submit(one, server=server))
                shutil.rmtree(self.spool)


class UnsignedTest(BodyTest):
    def test_what_is_not_signed_goes_on_as_it_came(self):
        """An attachment that Sendmail changes: the text before it would be
        encoded anew if it were signed, and its label be taken off."""
        server = self.run_server()
        one = mail(HEADER + b'Content-Transfer-Encoding: 8bit\r\n'
                   b'Content-Type: multipart/mixed; boundary=b\r\n\r\n'
                   b'--b\r\nContent-Type: text/plain; charset=utf-8\r\n'
                   b'Content-Transfer-Encoding: 8bit\r\n\r\n\xc3\xa4\r\n'
                   b'--b\r\nContent-Type: message/rfc822\r\n\r\nX: y\r\n'
                   b'no field\r\n\r\nx\r\n--b--\r\n')
        result = self.submit(one, mta.Sendmail(), server)
        self.assertEqual((result.verdict, result.edits), ('pass', []), result)
        server.expect('action=accept signed=none unsigned=.*'
                      r'\(repair.attached-messages\)')
        shutil.rmtree(self.spool)


class LimitTest(BodyTest):
    """bounds.body-memory decides where a body is kept."""

    def kept(self, limit, size):
        """Whether a body of that size is in a file before its end comes."""
        server = self.run_server(limits='bounds { body-memory = %s }\n'
                                 % limit if limit else '')
        session = self.stream_session(server, steps=ANSWERED)
        body = (ASCII_LINE * (size // len(ASCII_LINE) + 1))[:size - 2] + b'\r\n'
        one = mail(message(body=body))
        self.begun(session, one)
        for at in range(0, size, milter.CHUNK):
            session.step('body', body[at:at + milter.CHUNK])
        files = self.process.spooled(self.spool)
        self.assertEqual(os.listdir(self.spool), [])
        reply = session.eom()
        self.assertEqual(reply.kind, 'continue')
        result = milter.Result('pass', 'eom', reply, one.rcpts, reply.edits)
        self.assert_signed(one, result)
        session.quit()
        shutil.rmtree(self.spool)
        return len(files)

    def test_default(self):
        self.assertEqual(self.kept(None, KEPT), 0)
        self.assertEqual(self.kept(None, KEPT + 1), 1)

    def test_smallest(self):
        self.assertEqual(self.kept('4096', 4096), 0)
        self.assertEqual(self.kept('4096', 4097), 1)

    def test_largest(self):
        self.assertEqual(self.kept('1G', 20 * MB), 0)


class SpoolTest(BodyTest):
    """A spool that takes nothing: 451, and nothing is left of it."""
    LARGE = 3 * MB

    def large(self):
        return streamed(b'', Stream(ASCII_LINE, self.LARGE))

    def assert_451(self, server, directory, why):
        """One large message gets 451, the small ones about it pass."""
        with self.stream_session(server) as session:
            small = mail()
            self.assert_signed(small, session.submit(small))
            before = self.process.descriptors()
            for _ in range(3):
                seen = server.mark()
                result = session.submit(self.large())
                self.assertEqual(result.verdict, 'tempfail', result)
                self.assertRegex(result.reply.text, '^451 4[.]3[.]0 ')
                self.assertNotIn(directory, result.reply.text)
                line = self.log_line('tempfail', seen, server)
                self.assertIn(directory, line['detail'])
                self.assertRegex(line['detail'], why)
                self.assert_signed(small, session.submit(small))
                self.assertEqual(self.process.descriptors(), before)
            self.assertTrue(server.alive())

    def assert_recovers(self, server):
        with self.stream_session(server) as session:
            self.assertEqual(session.submit(self.large()).verdict, 'pass')

    def test_missing(self):
        server = self.run_server()
        os.rmdir(self.spool)
        self.assert_451(server, self.spool, 'No such file or directory')
        os.mkdir(self.spool)
        self.assert_recovers(server)

    def test_no_directory(self):
        server = self.run_server()
        os.rmdir(self.spool)
        server.write('spool', 'x')
        self.assert_451(server, self.spool, 'Not a directory')

    def test_not_writable_for_the_user(self):
        """As nobody, since permissions do not bind root."""
        server = self.begin()
        os.chmod(self.spool, 0o555)
        if os.geteuid() == 0:
            nobody = pwd.getpwnam('nobody')
            for directory, _, files in os.walk(server.directory):
                for name in ('.', *files):
                    os.chown(os.path.join(directory, name), nobody.pw_uid,
                             nobody.pw_gid)
            os.chown(self.spool, 0, 0)
            server.options = {'user': nobody.pw_uid, 'group': nobody.pw_gid,
                              'extra_groups': []}
        server.start()
        self.process = Process(server)
        self.assert_451(server, self.spool, 'Permission denied')
        os.chmod(self.spool, 0o777)
        self.assert_recovers(server)

    def test_file_size_limit(self):
        """LimitFSIZE= of a service; SIGXFSZ would end the process."""
        server = self.run_server()
        pid = server.process.pid
        resource.prlimit(pid, resource.RLIMIT_FSIZE,
                         (MB, resource.RLIM_INFINITY))
        self.assert_451(server, self.spool, 'File too large')
        self.assertEqual(os.listdir(self.spool), [])
        resource.prlimit(pid, resource.RLIMIT_FSIZE,
                         (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        self.assert_recovers(server)

    def mounted(self, options):
        """A tmpfs that nobody else sees and that goes with this test: its
        path, and a descriptor of it."""
        place = tempfile.mkdtemp(prefix='submilter-')
        self.addCleanup(os.rmdir, place)
        done = subprocess.run(['mount', '-t', 'tmpfs', '-o', options, 'tmpfs',
                               place], stderr=subprocess.PIPE, check=False)
        if done.returncode:
            self.skipTest('mount: %s' % done.stderr.decode().strip())
        try:
            handle = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
            self.addCleanup(os.close, handle)
        finally:
            subprocess.run(['umount', '-l', place], check=True)
        return '/proc/%d/fd/%d' % (os.getpid(), handle), handle

    def on_mount(self, options):
        path, handle = self.mounted(options)
        server = self.world('spool = "%s"\n' % path + ALL).start()
        self.process = Process(server)
        return server, path, handle

    def test_full_disk(self):
        server, path, handle = self.on_mount('size=1m')
        self.assert_451(server, path, 'No space left on device')
        self.assertEqual(os.listdir(handle), [])
        # What was refused takes no room any more.
        room = os.fstatvfs(handle)
        self.assertEqual(room.f_bfree, room.f_blocks)

    def test_full_disk_is_freed_before_the_end_of_the_message(self):
        """A client that is slow to go on does not keep the disk full."""
        server, _, handle = self.on_mount('size=1m')
        session = self.stream_session(server, steps=ANSWERED)
        one = self.large()
        self.begun(session, one)
        for piece in one.content.body.pieces():
            self.assertEqual(session.step('body', piece).kind, 'continue')
        room = os.fstatvfs(handle)
        self.assertEqual(room.f_bfree, room.f_blocks)
        self.assertRegex(session.eom().text, '^451 4[.]3[.]0 ')
        session.quit()

    def test_read_only_file_system(self):
        server, path, _ = self.on_mount('ro')
        self.assert_451(server, path, 'Read-only file system')


    def test_file_that_cannot_be_read_back(self):
        """While the MTA takes the new body, which then must not go on."""
        server = self.run_server()
        session = self.stream_session(server)
        one = streamed(b'', Stream(UTF8_LINE, self.LARGE))
        self.begun(session, one)
        for piece in one.content.body.pieces():
            session.step('body', piece)
        seen = server.mark()
        # The daemon cannot go on before this side reads.
        session.send(b'E')
        self.assertEqual(session.receive()[0], b'b')
        for name, path in self.process.descriptors().items():
            if path.startswith(self.spool + '/'):
                with open('/proc/%d/fd/%s' % (server.process.pid, name),
                          'r+b') as file:
                    file.truncate(MB)
        self.assertRegex(session._final('eom').text, '^451 4[.]3[.]0 ')
        line = self.log_line('tempfail', seen, server)
        self.assertIn(self.spool, line['detail'])
        session.quit()
        self.assertTrue(wait_for(
            lambda: not self.process.spooled(self.spool)))


class LeftoverTest(BodyTest):
    """What becomes of the file when the message does not come to its end."""

    def open_file(self, session):
        self.begun(session, mail())
        for _ in range(8):
            session.step('body', ASCII_LINE * (milter.CHUNK // len(ASCII_LINE)))
        self.assertTrue(self.process.spooled(self.spool))

    def ended(self, end):
        server = self.run_server()
        # Threads and what they hold come with the first session.
        self.assert_works(server)
        before = self.process.descriptors()
        session = self.stream_session(server)
        self.open_file(session)
        end(session)
        self.assertTrue(wait_for(
            lambda: not self.process.spooled(self.spool)))
        return server, session, before

    def test_abort(self):
        server, session, before = self.ended(lambda session: session.abort())
        small = mail()
        self.assert_signed(small, session.submit(small))
        session.quit()
        self.assert_settled(before)
        self.assert_works(server)

    def test_next_mail_without_abort(self):
        server, session, before = self.ended(lambda session: session.mail(
            '<%s>' % ALICE))
        session.abort()
        session.quit()
        self.assert_settled(before)
        self.assert_works(server)

    def test_quit(self):
        server, _, before = self.ended(lambda session: session.send(b'Q'))
        self.assert_settled(before)
        self.assert_works(server)

    def test_disconnect(self):
        server, _, before = self.ended(lambda session: session.close())
        self.assert_settled(before)
        self.assert_works(server)

    def test_disconnect_within_a_piece(self):
        def end(session):
            session.send_bytes(session.packet(b'B', b'x' * 60000)[:30000])
            session.close()

        server, _, before = self.ended(end)
        self.assert_settled(before)
        self.assert_works(server)

    def test_stop_with_a_file_open(self):
        server = self.run_server()
        session = self.stream_session(server)
        self.open_file(session)
        session.close()
        ended_well(server)
        self.assertEqual(os.listdir(self.spool), [])

    def test_many_sessions_give_memory_back(self):
        """20 at a time, some in memory and some in files, some encoded anew."""
        server = self.run_server()
        bodies = [Stream(line, size) for line in (ASCII_LINE, UTF8_LINE)
                  for size in (300000, 200000)]

        def client(number):
            with self.stream_session(server) as session:
                for each in range(10):
                    body = bodies[(number + each) % len(bodies)]
                    result = session.submit(streamed(
                        b'Content-Type: text/plain; charset=utf-8\r\n', body))
                    if result.verdict != 'pass':
                        return repr(result)
                    session.values.pop('i', None)
                session.quit()
            return ''

        def round_of_messages():
            with concurrent.futures.ThreadPoolExecutor(20) as pool:
                self.assertEqual(set(pool.map(client, range(20))), {''})
            return self.process.memory('VmRSS')

        # What the first rounds leave is what threads and allocators keep; it
        # takes some to settle. A leak, of 50 MB of bodies a round, never does.
        sizes = [round_of_messages()]
        while len(sizes) < 3 or sizes[-1] - sizes[-2] >= GROWTH:
            before = self.process.descriptors()
            sizes.append(round_of_messages())
            self.assert_settled(before)
            self.assertLess(len(sizes), 10, sizes)


if __name__ == '__main__':
    unittest.main()
