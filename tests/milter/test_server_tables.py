# SPDX-License-Identifier: BSD-2-Clause
"""Rights that a server has: asked in the mail path, down, and up again."""

import os
import pathlib
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time

import daemon
from support import ALICE, CEO, OwnDaemonTest, mail, message

HERE = os.path.dirname(os.path.abspath(__file__))
TABLES = os.path.join(HERE, os.pardir, 'tables')
sys.path.insert(0, TABLES)
from fakes import Socketmap, Tcp            # noqa: E402

sys.path.insert(0, os.path.join(HERE, os.pardir, 'dns'))
from servers import Knot, Relay             # noqa: E402

# The longest pause of a server that could not be reached, and some more.
SOON = 30


# Each message asks.
NO_CACHE = 'tables { cache = 0; cache-absent = 0; stale = 0 }\n'
OTHER = 'other@team.example'
SERVED = """
import signal, sys
sys.path.insert(0, sys.argv[1])
from fakes import Socketmap
print(Socketmap({sys.argv[2].encode(): sys.argv[3].encode()}).port, flush=True)
signal.pause()
"""


class ServerTablesTest(OwnDaemonTest):
    def ready(self, *tables, more=''):
        text = more + daemon.WORLD.replace('"texthash:@DIR@/rights"', ', '.join(
            '"%s"' % table for table in ('texthash:@DIR@/rights',) + tables))
        self.assertNotEqual(text, daemon.WORLD)
        return self.start(text)

    def wait_for_pass(self, session, one):
        end = time.monotonic() + SOON
        while session.submit(one).verdict != 'pass':
            self.assertLess(time.monotonic(), end)
            time.sleep(0.1)

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
            server = self.ready(table, more=NO_CACHE)
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
        # However many messages find it out, it is logged once.
        says = 'table %s cannot answer, and mail that needs it gets 451: ' % table
        server.expect(says)
        self.assertEqual(server.log().count(says), 1)
        with Socketmap({CEO.encode(): ALICE.encode()}, port=port):
            self.wait_for_pass(session, granted)
            self.assert_signed(granted, session.submit(granted))
            server.expect('table %s answers again' % table, timeout=60)
        session.quit()

    def test_former_answers_while_the_server_is_down(self):
        rows = {CEO.encode(): ALICE.encode(), b'denied@team.example':
                b'!' + ALICE.encode()}
        with Socketmap(rows) as map:
            # Each message asks, and all answers count for long.
            server = self.ready(map.name(), more='tables { cache = 0; '
                                'cache-absent = 0; stale = 3600 }\n')
            with open(server.file, encoding='utf-8') as file:
                text = file.read()
            session = self.session(server=server)
            granted, other = mail(message(CEO)), mail(message(OTHER))
            denied = mail(message('denied@team.example'))
            self.assert_signed(granted, session.submit(granted))
            line = self.log_line('signed=', server=server)
            self.assert_refused(session.submit(other), '550 5.7.1')
            self.assert_refused(session.submit(denied), '550 5.7.1')
            self.assertNotIn('stale', line)
        map.reply = lambda key: None
        began = server.mark()
        for _ in range(2):
            seen = server.mark()
            self.assert_signed(granted, session.submit(granted))
            # The line of the message before may come late.
            line = self.log_line('signed=(?!none)', seen, server)
            self.assertRegex(line['stale'], '^' + map.name() + ';age=[0-9]+s$')
            # A row may have come since; but a denial stays one.
            self.assert_put_off(session.submit(other))
            self.assert_refused(session.submit(denied), '550 5.7.1')
            # Of this one nothing is known.
            self.assert_put_off(session.submit(mail(message(
                'unheard@team.example'))))
            # A reload keeps what is known.
            server.reload('reload')
        server.expect('table %s cannot answer, and its former answers count for 3600 '
                      'seconds: ' % map.name(), began)
        server.configure(text.replace('stale = 3600', 'stale = 0'))
        server.reload('reload')
        self.assert_put_off(session.submit(granted))
        session.quit()

    def test_what_another_table_settles(self):
        with Socketmap() as map:
            name = map.name()
        server = self.ready(name, more=NO_CACHE)
        session = self.session(server=server)
        granted = mail(message('sales@corp.example'))
        self.assert_signed(granted, session.submit(granted))
        self.assert_put_off(session.submit(mail(message(CEO))))
        session.quit()

    def test_a_server_that_is_stopped(self):
        process = subprocess.Popen(
            [sys.executable, '-c', SERVED, TABLES, CEO, ALICE],
            stdout=subprocess.PIPE, text=True)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.addCleanup(process.stdout.close)
        name = 'socketmap:inet:127.0.0.1:%d:map' % int(process.stdout.readline())
        server = self.start(NO_CACHE + 'rights { seconds = 1 }\n' +
                            daemon.WORLD.replace('"texthash:@DIR@/rights"',
                                                 '"%s"' % name))
        session = self.session(server=server)
        granted = mail(message(CEO))
        self.assert_signed(granted, session.submit(granted))
        process.send_signal(signal.SIGSTOP)
        # Its threads may still answer for a moment.
        os.waitid(os.P_PID, process.pid, os.WSTOPPED)
        for _ in range(3):
            began = time.monotonic()
            self.assert_put_off(session.submit(granted))
            self.assertLess(time.monotonic() - began, 5)
        process.send_signal(signal.SIGCONT)
        self.wait_for_pass(session, granted)
        session.quit()

    def test_garbage_and_an_early_end(self):
        with Socketmap({CEO.encode(): ALICE.encode()}) as map:
            server = self.ready(map.name(), more=NO_CACHE +
                                'rights { seconds = 1 }\n')
            session = self.session(server=server)
            right_reply = map.reply
            for reply in (b'\0\xff' * 50, b'5:OK', None, b'999999999999:',
                          b'3:what,', b'4:OK \xff,', b''):
                map.reply = lambda key, reply=reply: reply
                for _ in range(2):
                    began = time.monotonic()
                    self.assert_put_off(session.submit(mail(message(CEO))))
                    self.assertLess(time.monotonic() - began, 5)
            map.reply = right_reply
            self.wait_for_pass(session, mail(message(CEO)))
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


ZONE = '''\
$ORIGIN example.
$TTL 1
@ SOA ns hostmaster 1 3600 600 86400 1
@ NS ns
ns A 127.0.0.1
_map._tcp SRV 10 0 %d localhost.
_map._tcp SRV 20 0 %d localhost.
'''


class ServedByRecordsTest(OwnDaemonTest):
    """Servers that SRV records of a real name server name."""

    def wait_for(self, session, server, condition):
        end = time.monotonic() + SOON
        while not condition():
            self.assertLess(time.monotonic(), end, server.log())
            session.submit(mail(message(CEO)))
            time.sleep(0.05)

    def test_records_are_obeyed(self):
        top = pathlib.Path(tempfile.mkdtemp(prefix='submilter-srv.'))
        self.addCleanup(shutil.rmtree, top)
        top.chmod(0o755)
        rows = {CEO.encode(): ALICE.encode()}
        # Each look-up takes a new connection.
        first, second = Socketmap(rows, each=1), Socketmap(rows, each=1)
        self.addCleanup(second.close)
        knot = Knot(top / 'knot', 'example', ZONE % (first.port, second.port),
                    signed=False)
        self.addCleanup(knot.stop)
        dns = Relay(knot.port)
        self.addCleanup(dns.close)
        server = self.start(
            NO_CACHE + 'dns { servers = {"%s"} }\n' % dns.address +
            daemon.WORLD.replace('"texthash:@DIR@/rights"',
                                 '"socketmap:srv:_map._tcp.example:map"'))
        session = self.session(server=server)
        granted = mail(message(CEO))
        for _ in range(3):
            self.assert_signed(granted, session.submit(granted))
        self.assertFalse(second.asked)
        # One that is away is passed over at once ...
        port = first.port
        first.close()
        for _ in range(5):
            self.assert_signed(granted, session.submit(granted))
        self.assertTrue(second.asked)
        # ... and tried again later.
        first = Socketmap(rows, each=1, port=port)
        self.addCleanup(first.close)
        self.wait_for(session, server, lambda: first.asked)
        # Records that change count when those of before have ended.
        before = struct.pack('!HHH', 20, 0, second.port)
        dns.forge = before, struct.pack('!HHH', 5, 0, second.port)
        count = len(second.asked)
        self.wait_for(session, server, lambda: len(second.asked) > count)
        self.assert_signed(granted, session.submit(granted))
        session.quit()
