# SPDX-License-Identifier: BSD-2-Clause
"""Numbers and health by HTTP, and clients of that who mean no good."""

import json
import os
import re
import socket
import stat
import subprocess
import sys
import threading
import time
import unittest

import daemon
from support import BOB, CEO, OwnDaemonTest, mail, message

UNIX = 'metrics { listen = "unix:@DIR@/metrics" }\n'
OPEN = ('Accept', 'application/openmetrics-text;version=1.0.0')


class MetricsTest(OwnDaemonTest):

    def serve(self, text=UNIX, world=daemon.WORLD):
        server = self.start(world + text)
        server.expect('ready on')
        return server

    def connect(self, server, timeout=20):
        client = socket.socket(socket.AF_UNIX)
        self.addCleanup(client.close)
        client.settimeout(timeout)
        client.connect(server.path('metrics'))
        return client

    def exchange(self, server, request):
        """The whole answer to some octets."""
        client = self.connect(server)
        client.sendall(request)
        found = b''
        while True:
            try:
                part = client.recv(65536)
            except ConnectionResetError:
                part = b''
            if not part:
                return found.decode()
            found += part

    def get(self, server, path='/metrics', *fields, method='GET'):
        """Code, header and body."""
        lines = ['%s %s HTTP/1.1' % (method, path), 'Host: localhost']
        lines += ['%s: %s' % field for field in fields]
        answer = self.exchange(server, '\r\n'.join(lines + ['', '']).encode())
        head, _, body = answer.partition('\r\n\r\n')
        return int(head.split()[1]), head, body

    def numbers(self, server):
        """Series with their numbers; what is made once a second, made anew."""
        time.sleep(1.05)
        _, _, body = self.get(server)
        return {name: float(number) for name, number in (
            line.rsplit(' ', 1) for line in body.splitlines()
            if not line.startswith('#'))}

    def wait_ready(self, server, code):
        end = time.monotonic() + 15
        while True:
            answer = self.get(server, '/ready')
            if answer[0] == code and answer[2] != 'starting\n':
                return answer[2]
            self.assertLess(time.monotonic(), end, answer)
            time.sleep(0.1)

    def test_messages_are_counted_by_what_became_of_them(self):
        server = self.serve()
        self.assertEqual(self.numbers(server)['submilter_connections'], 0)
        self.assert_works(server)
        self.submit(mail(message(CEO)), server=server)
        self.submit(mail(message(extra=b'Bcc: x@rcpt.example\r\n')), server=server)
        now = self.numbers(server)
        for series, number in (
                ('messages_total{action="accept"}', 2),
                ('messages_total{action="reject"}', 2),
                ('messages_total{action="tempfail"}', 0),
                ('refusals_total{action="reject",reason="rights",section="rights"}', 2),
                ('repairs_total{repair="bcc"}', 1),
                ('signatures_total{algorithm="rsa-sha256"}', 2),
                ('signatures_total{algorithm="ed25519-sha256"}', 2),
                ('unsigned_total', 0),
                ('message_seconds_count', 4),
                ('sign_seconds_count', 2),
                ('connected_total', 4),
                ('body_octets{place="memory"}', 0),
                ('keys{state="unwatched"}', 4)):
            self.assertEqual(now['submilter_' + series], number, series)
        table = 'texthash:' + server.path('rights')
        self.assertGreater(now['submilter_table_seconds_count{table="%s"}' % table], 0)
        self.assertEqual(now['submilter_table_rows{table="%s"}' % table], 2)

    def test_nobody_is_named(self):
        server = self.serve(UNIX, daemon.WORLD.replace(
            '"texthash:@DIR@/rights"',
            '"texthash:@DIR@/rights", "inline:{x@corp.example=bob@corp.example}"'))
        self.assert_works(server)
        self.submit(mail(login='mallory "x" \\', sender='m"@x.example'),
                    server=server)
        self.submit(mail(login=BOB), server=server)
        _, _, body = self.get(server)
        self.assertIn('table="inline:..."', body)
        for word in ('@corp', '@team', '@x', '@rcpt', 'alice', 'mallory',
                     '192.0.2.7', 'corp.example'):
            self.assertNotIn(word, body)

    def test_monitor_mode_counts_what_would_have_become(self):
        server = self.serve('mode = monitor\n' + UNIX)
        self.submit(mail(message(CEO)), server=server)
        now = self.numbers(server)
        self.assertEqual(now['submilter_messages_total{action="accept"}'], 1)
        self.assertEqual(now['submilter_watched_total{action="reject",'
                             'reason="rights",section="rights"}'], 1)
        self.assertEqual(now['submilter_unsigned_total'], 1)

    def test_a_body_in_a_file_is_seen_while_it_is_there(self):
        server = self.serve('bounds { body-memory = 4096 }\nspool = "@DIR@"\n' + UNIX)
        self.submit(mail(message(body=b'x' * 70 + b'\r\n' +
                                 b'hello, world\r\n' * 1000)), server=server)
        now = self.numbers(server)
        self.assertEqual(now['submilter_body_files_total'], 1)
        self.assertEqual(now['submilter_body_octets{place="file"}'], 0)
        self.assertEqual(now['submilter_body_octets{place="memory"}'], 0)

    def test_both_formats_have_the_same_numbers(self):
        server = self.serve()
        self.wait_ready(server, 200)
        time.sleep(1.05)                # what was made before is not given again
        code, head, plain = self.get(server)
        self.assertEqual(code, 200)
        self.assertIn('Content-Type: text/plain; version=0.0.4', head)
        code, head, body = self.get(server, '/metrics', OPEN)
        self.assertIn('Content-Type: application/openmetrics-text; version=1.0.0', head)
        self.assertTrue(body.endswith('# EOF\n'), body[-100:])

        def series(text):
            return {re.sub(' .*', '', line) for line in text.splitlines()
                    if not line.startswith('#')}
        self.assertEqual(series(plain), series(body))
        self.assertIn('# TYPE submilter_messages counter', body)
        self.assertIn('# TYPE submilter_messages_total counter', plain)

    def test_reloads_are_counted(self):
        server = self.serve()
        server.reload('reloaded')
        now = self.numbers(server)
        self.assertEqual(now['submilter_reloads_total{result="done"}'], 1)
        self.assertEqual(now['submilter_reload_refused'], 0)
        with open(server.file, 'a', encoding='utf-8') as file:
            file.write('nonsense = 1\n')
        server.reload('not reloaded')
        now = self.numbers(server)
        self.assertEqual(now['submilter_reloads_total{result="refused"}'], 1)
        self.assertEqual(now['submilter_reload_refused'], 1)

    def test_ready_says_which_table_does_not_answer_and_that_it_does_again(self):
        world = daemon.WORLD.replace('"texthash:@DIR@/rights"',
                                     '"texthash:@DIR@/rights", "socketmap:unix:@DIR@/map:x"')
        server = self.serve(UNIX, world)
        body = self.wait_ready(server, 503)
        self.assertIn('tables failed socketmap:unix:' + server.path('map') + ':x', body)
        self.assertIn('keys ok', body)
        self.assertEqual(self.get(server, '/live')[0], 200)
        time.sleep(1.05)
        self.assertIn('submilter_ready{check="tables"} 0', self.get(server)[2])
        with socketmap(server.path('map')):
            self.assertIn('tables ok', self.wait_ready(server, 200))

    def test_ready_says_when_no_mta_can_connect(self):
        server = self.serve()
        self.wait_ready(server, 200)
        os.rename(server.path('milter.sock'), server.path('elsewhere'))
        os.mkdir(server.path('milter.sock'))
        self.assertIn('socket failed', self.wait_ready(server, 503))

    # The command.

    def health(self, server, *options):
        done = subprocess.run([daemon.program(), 'health', '-c', server.file, *options],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              encoding='utf-8', timeout=20, check=False)
        return done.returncode, done.stdout, done.stderr

    def test_health_is_a_command(self):
        server = self.serve()
        self.wait_ready(server, 200)
        self.assertEqual(self.health(server),
                         (0, 'ready\nsocket ok\nkeys ok\ntables ok\n', ''))
        code, out, _ = self.health(server, '--json')
        self.assertEqual((code, json.loads(out)), (0, {
            'running': True, 'ready': True, 'checks': [
                {'check': name, 'good': True, 'detail': ''}
                for name in ('socket', 'keys', 'tables')]}))
        server.stop()
        code, out, said = self.health(server, '--json')
        self.assertEqual((code, json.loads(out)),
                         (3, {'running': False, 'ready': False, 'checks': []}))
        self.assertIn('No such file', said)

    def test_health_names_a_table_that_does_not_answer(self):
        server = self.serve(UNIX, daemon.WORLD.replace(
            '"texthash:@DIR@/rights"',
            '"texthash:@DIR@/rights", "socketmap:unix:@DIR@/map:x"'))
        self.wait_ready(server, 503)
        code, out, _ = self.health(server, '--json')
        self.assertEqual(code, 1)
        self.assertEqual(json.loads(out)['checks'][2], {
            'check': 'tables', 'good': False,
            'detail': 'socketmap:unix:' + server.path('map') + ':x'})

    def test_health_cannot_be_said(self):
        server = self.world(daemon.WORLD)
        code, _, said = self.health(server)
        self.assertEqual(code, 75)
        self.assertIn('metrics.listen is not set', said)
        server = self.world(daemon.WORLD + UNIX)
        for answer in (b'HTTP/1.1 200 OK\r\n\r\nhello\n', b'HTTP/1.1 503 no\r\n\r\nready\n',
                       b'', b'\0' * 100000, b'220 mail ESMTP\r\n', None):
            self.assertEqual(self.health_of(server, answer), 75, answer)

    def health_of(self, server, answer):
        """The exit code if something else answers, or accepts and says nothing."""
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(server.path('metrics'))
        listener.listen()

        def serve():
            client = listener.accept()[0]
            try:
                client.recv(1000)
                if answer is None:
                    client.recv(1000)       # until the command has gone
                else:
                    client.sendall(answer)
            except OSError:
                pass
            client.close()
        thread = threading.Thread(target=serve)
        thread.start()
        begin = time.monotonic()
        code = self.health(server)[0]
        self.assertLess(time.monotonic() - begin, 8)
        thread.join()
        listener.close()
        os.unlink(server.path('metrics'))
        return code

    # HTTP.

    def test_only_get_and_head_of_three_paths(self):
        server = self.serve()
        self.assertEqual(self.get(server, '/')[0], 404)
        self.assertEqual(self.get(server, '/metrics/../metrics')[0], 404)
        code, head, body = self.get(server, method='HEAD')
        self.assertEqual((code, body), (200, ''))
        self.assertRegex(head, r'Content-Length: \d{4,}')
        for method in ('POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT', 'get'):
            self.assertEqual(self.get(server, method=method)[0], 405, method)
        answer = self.exchange(server, b'POST /metrics HTTP/1.1\r\nHost: x\r\n'
                               b'Content-Length: 1000000000\r\n\r\n')
        self.assertIn(' 405 ', answer)

    def test_a_request_that_is_too_long_or_nonsense_ends(self):
        server = self.serve()
        for request in (b'GET /' + b'x' * 100000 + b' HTTP/1.1\r\n\r\n',
                        b'GET /metrics HTTP/1.1\r\n' + b'A: b\r\n' * 20000 + b'\r\n',
                        b'\0\xff' * 500 + b'\r\n\r\n', b'\r\n' * 1000, b'GET\r\n\r\n'):
            client = self.connect(server)
            try:
                client.sendall(request)
                while client.recv(65536):
                    pass
            except OSError as error:
                self.assertNotIsInstance(error, TimeoutError)
        self.assertEqual(self.get(server)[0], 200)

    def test_slow_clients_are_put_out_and_mail_does_not_notice(self):
        server = self.serve()
        clients = [self.connect(server) for _ in range(40)]
        begin = time.monotonic()
        self.assert_works(server)
        self.assertLess(time.monotonic() - begin, 4)
        gone = set()
        while len(gone) < 30:
            self.assertLess(time.monotonic() - begin, 18, len(gone))
            for client in clients:
                try:
                    # Never idle for long enough, and never done.
                    client.send(b'G', socket.MSG_NOSIGNAL)
                except OSError:
                    gone.add(client)
            time.sleep(0.5)
        for client in clients:
            client.close()
        self.assertEqual(self.get(server)[0], 200)

    # The socket.

    def test_the_socket_is_for_the_group_and_goes_with_the_process(self):
        server = self.serve()
        path = server.path('metrics')
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o660)
        server.stop()
        self.assertFalse(os.path.exists(path))

    def test_a_socket_that_a_dead_process_left_is_replaced(self):
        server = self.world(daemon.WORLD + UNIX)
        left = socket.socket(socket.AF_UNIX)
        left.bind(server.path('metrics'))
        left.close()
        server.start()
        server.expect('ready on')
        self.assertEqual(self.get(server, '/live')[0], 200)

    def test_mail_goes_on_without_metrics_if_their_socket_is_taken(self):
        server = self.world(daemon.WORLD + UNIX)
        taken = socket.socket(socket.AF_UNIX)
        self.addCleanup(taken.close)
        taken.bind(server.path('metrics'))
        taken.listen()
        server.start()
        server.expect('metrics.listen: .*mail goes on without')
        self.assert_works(server)
        server.stop()
        self.assertTrue(os.path.exists(server.path('metrics')))

    def test_off_by_default(self):
        server = self.serve('')
        self.assert_works(server)
        self.assertFalse(os.path.exists(server.path('metrics')))


class socketmap:
    """A server that knows no key."""

    def __init__(self, path):
        self.path = path

    def __enter__(self):
        self.process = subprocess.Popen([sys.executable, '-c', '''
import socketserver, sys
class Map(socketserver.StreamRequestHandler):
    def handle(self):
        while True:
            size = b""
            while not size.endswith(b":"):
                octet = self.rfile.read(1)
                if not octet:
                    return
                size += octet
            self.rfile.read(int(size[:-1]) + 1)
            self.wfile.write(b"9:NOTFOUND ,")
socketserver.ThreadingUnixStreamServer.daemon_threads = True
socketserver.ThreadingUnixStreamServer(sys.argv[1], Map).serve_forever()
''', self.path])
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


if __name__ == '__main__':
    unittest.main()
