# SPDX-License-Identifier: BSD-2-Clause
"""A running submilter for tests, in a directory of its own.

The program is named by the environment variable SUBMILTER (absolute path).
"""

import base64
import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time

import milter


def program():
    path = os.environ.get('SUBMILTER', '')
    if not os.path.isabs(path):
        raise RuntimeError('SUBMILTER must name the program, as an absolute '
                           'path')
    return path


def sanitizer_says(log):
    """What a sanitizer had to say, from there to the end of the log."""
    match = re.search(r'(ERROR: \w+Sanitizer|WARNING: ThreadSanitizer'
                      r'|runtime error: )', log)
    return log[match.start():] if match else ''


def sanitizer_options():
    """Environment of the daemon: what the user set, and else our own."""
    here = os.path.dirname(os.path.abspath(__file__))
    options = {
        # Else stacks end in OpenSSL and cannot be told apart.
        'ASAN_OPTIONS': 'fast_unwind_on_malloc=0',
        'LSAN_OPTIONS': 'print_suppressions=0:suppressions=%s/lsan.supp'
                        % here,
        'TSAN_OPTIONS': 'suppressions=%s/tsan.supp' % here,
    }
    return {**options, **{name: value for name, value in os.environ.items()
                          if name.endswith('SAN_OPTIONS')}}


def modules():
    """Where a program that is not installed has its modules of tables."""
    place = os.path.join(os.path.dirname(program()), 'milter/backends')
    return {'SUBMILTER_MODULES': os.environ.get('SUBMILTER_MODULES', place)}


class Keys:
    """DKIM keys made by openssl: DIRECTORY/DOMAIN/SELECTOR.key, and a
    `dnsfunc` for python3-dkim that knows the public ones."""

    def __init__(self, directory):
        self.directory = directory
        self.records = {}
        os.mkdir(directory, 0o700)

    def add(self, domain, selector, algorithm, bits=2048):
        folder = os.path.join(self.directory, domain)
        os.makedirs(folder, 0o700, exist_ok=True)
        path = os.path.join(folder, selector + '.key')
        command = ['openssl', 'genpkey', '-algorithm', algorithm]
        if algorithm == 'RSA':
            command += ['-pkeyopt', 'rsa_keygen_bits:%d' % bits]
        made = subprocess.run(command, check=True, capture_output=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, 'wb') as file:
            file.write(made.stdout)
        public = subprocess.run(
            ['openssl', 'pkey', '-pubout', '-outform', 'DER'],
            input=made.stdout, check=True, capture_output=True).stdout
        kind = b'rsa'
        if algorithm != 'RSA':
            kind = b'ed25519'
            public = public[-32:]
        name = '%s._domainkey.%s.' % (selector, domain)
        self.records[name.encode()] = (b'v=DKIM1; k=' + kind + b'; p='
                                       + base64.b64encode(public))
        return path

    def lookup(self, name, timeout=5):
        del timeout
        if isinstance(name, str):
            name = name.encode()
        return self.records.get(name.lower())


class Daemon:
    """`submilter run -f -c FILE` with a given configuration.

    In the text, @DIR@ stands for the directory and @SOCKET@ for a Unix
    socket in it; a `listen` of its own is fine, too, if `address` says so.
    Use it in a `with` statement, or call start() and stop().
    """

    def __init__(self, text, address=None, directory=None, umask=None,
                 arguments=()):
        self._made = directory is None
        self.directory = directory or tempfile.mkdtemp(prefix='submilter-')
        self.socket = os.path.join(self.directory, 'milter.sock')
        self.address = address or 'unix:' + self.socket
        self.file = os.path.join(self.directory, 'submilter.conf')
        self.umask = -1 if umask is None else umask
        self.arguments = list(arguments)
        self.environment = {}
        self.options = {}       # more for subprocess.Popen: another user
        self.process = None
        self._lines = []
        self._ended = False
        self._news = threading.Condition()
        self._reader = None
        self.configure(text)

    def path(self, *parts):
        return os.path.join(self.directory, *parts)

    def write(self, name, text, mode=0o644):
        path = self.path(name)
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text)
        os.chmod(path, mode)
        return path

    def configure(self, text):
        """Writes the configuration file; reload() or start() uses it."""
        text = text.replace('@DIR@', self.directory)
        self.write('submilter.conf', text.replace('@SOCKET@', self.socket))

    # The process.

    def launch(self):
        """Starts the process without waiting for its socket."""
        self._ended = False
        self.process = subprocess.Popen(
            [program(), 'run', '-f', '-c', self.file, *self.arguments],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, cwd='/', umask=self.umask,
            env={'PATH': '/usr/sbin:/usr/bin:/sbin:/bin', 'LANG': 'C',
                 **sanitizer_options(), **modules(),
                 **self.environment}, **self.options)
        self._reader = threading.Thread(target=self._read_log,
                                        args=(self.process.stdout,))
        self._reader.start()

    def start(self, timeout=20):
        self.launch()
        end = time.monotonic() + timeout
        while True:
            if self.process.poll() is not None:
                self._reader.join()
                raise RuntimeError('submilter ended with %d:\n%s'
                                   % (self.process.returncode, self.log()))
            try:
                milter.Wire(self.address, timeout=5).close()
                return self
            except OSError:
                if time.monotonic() > end:
                    self.stop()
                    raise
                time.sleep(0.02)

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, timeout=20):
        """Waits for the end of the process: its exit status."""
        status = self.process.wait(timeout)
        self._reader.join()
        self.process.stdout.close()
        return status

    def stop(self, timeout=20, hurry=True):
        """SIGTERM, and SIGKILL if that does not help: the exit status.

        libmilter looks every five seconds whether it shall end, and when
        somebody connects. `hurry` connects.
        """
        if self.process is None or self.process.stdout.closed:
            return None
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
        try:
            end = time.monotonic() + timeout
            while (hurry and self.process.poll() is None
                   and time.monotonic() < end):
                with contextlib.suppress(OSError):
                    milter.Wire(self.address, timeout=1).close()
                time.sleep(0.02)
            return self.wait(timeout)
        except subprocess.TimeoutExpired:
            self.signal(signal.SIGKILL)
            self.wait()
            raise

    def alive(self):
        return self.process.poll() is None

    def reload(self, pattern, timeout=30):
        """SIGUSR1, and waits for the log line that says what came of it."""
        seen = self.mark()
        self.signal(signal.SIGUSR1)
        return self.expect(pattern, seen, timeout)

    # The log.

    def _read_log(self, stream):
        for line in stream:
            with self._news:
                self._lines.append(line)
                self._news.notify_all()
        with self._news:
            self._ended = True
            self._news.notify_all()

    def log_bytes(self, since=0):
        with self._news:
            return b''.join(self._lines[since:])

    def log(self, since=0):
        return self.log_bytes(since).decode('utf-8', 'backslashreplace')

    def mark(self):
        """A place in the log, for log() and expect()."""
        with self._news:
            return len(self._lines)

    def expect(self, pattern, since=0, timeout=30):
        """Waits for a line that matches; fails with the log otherwise."""
        pattern = re.compile(pattern)
        end = time.monotonic() + timeout
        with self._news:
            while True:
                for line in self._lines[since:]:
                    text = line.decode('utf-8', 'backslashreplace')
                    if pattern.search(text):
                        return text.rstrip('\n')
                left = end - time.monotonic()
                if left <= 0 or self._ended:
                    break
                self._news.wait(left)
        raise AssertionError('no log line matches %r in:\n%s'
                             % (pattern.pattern, self.log(since)[-3000:]))

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.clean()
            raise

    def __exit__(self, *unused):
        try:
            self.stop()
        finally:
            self.clean()

    def clean(self):
        if self._made:
            shutil.rmtree(self.directory, ignore_errors=True)


# The world of tests/cases/README.md, as a configuration.

RIGHTS = """\
sales@corp.example	alice@corp.example
@team.example		bob@corp.example
"""
# Only what is granted stands here: alice+ANYTHING, but not sales+ANYTHING.
RIGHTS_PATTERNS = r"""/^alice(\+[^@]*)?@corp\.example$/ alice@corp.example
"""
# No DNS knows the keys that tests make.
UNSEEN = 'sign { dkim-key = off }\n'
SERVICE = UNSEEN + """\
listen   = "unix:@SOCKET@"
hostname = "mail.corp.example"
domain   = "corp.example"
keys     = "@DIR@/keys"

identify {
	methods      = {sasl}
	unidentified = reject
}
rights {
	tables      = {"texthash:@DIR@/rights", "pcre:@DIR@/rights.pcre"}
	own-address = no
	extension   = ""
}
"""
# The cases want what is right left as it is, whatever the MTA will do to it.
WORLD = SERVICE + """\
repair { body = certain; address-form = no }
"""


def world(text=WORLD, **more):
    """The daemon of that world, not started, and its keys."""
    daemon = Daemon(text, **more)
    try:
        daemon.write('rights', RIGHTS)
        daemon.write('rights.pcre', RIGHTS_PATTERNS)
        keys = Keys(daemon.path('keys'))
        for domain in ('corp.example', 'team.example'):
            keys.add(domain, 's1', 'RSA')
            keys.add(domain, 'e1', 'ED25519')
    except BaseException:
        daemon.clean()
        raise
    return daemon, keys
