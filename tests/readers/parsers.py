# SPDX-License-Identifier: BSD-2-Clause
"""The foreign parsers: what each needs, how it is built, how it is called.

A reader takes messages from stdin, each with its length before it as four
octets, and writes for each a line of JSON with what it sees: {"From":
[[display, address], ...], "Sender": ...}, or {"error": "..."}. One that
crashes or hangs does so with a message of its own, see read_all().
"""

import json
import os
import shutil
import subprocess

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'readers')
JARS = ':'.join('/usr/share/java/%s.jar' % name for name in (
    'javax.mail', 'apache-mime4j-core', 'apache-mime4j-dom'))
NPM = 'nodemailer mailparser postal-mime address-rfc2822 email-addresses'
HANG = 120


class Reader:
    """command and build are command lines: {dir} is the directory for what is
    built, {here} that of the sources."""

    def __init__(self, name, packages, command, build='', quick=False):
        self.name = name
        self.packages = packages.split()
        self.command = command
        self.build = build
        self.quick = quick      # packages that are small
        # More than the packages has to be fetched.
        self.fetched = 'npm install' in build or 'download' in build

    def missing(self):
        return [package for package in self.packages
                if not _installed(package)]


def _installed(package):
    """As a package of that name, or as the program from elsewhere."""
    program = {'nodejs': 'node', 'npm': 'npm', 'pkg-config': 'pkg-config',
               'default-jdk-headless': 'javac', 'golang-go': 'go',
               'ruby': 'ruby'}.get(package)
    return (program is not None and shutil.which(program) is not None
            or subprocess.run(
                ('dpkg-query', '-W', '-f', '${Status}', package),
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False
            ).stdout == b'install ok installed')


def _in_c(name, package, library, source=None, compiler='gcc -O1',
          more=''):
    return dict(packages='gcc pkg-config ' + package,
                build='{0} {{here}}/{1} '
                '-o {{dir}}/{2} -fPIC $(pkg-config --cflags --libs {3}){4}'.format(
                    compiler, source or name + '.c', name, library, more),
                command='{dir}/' + name)


def _readers():
    for mode in ('default', 'compat32', 'compat32-lenient', 'decoded',
                 'decoded-lenient'):
        yield Reader('python-' + mode, 'python3',
                     '/usr/bin/python3 {here}/python_email.py ' + mode,
                     quick=True)
    for mode, packages in (('xs', 'libemail-address-xs-perl '
                            'libemail-simple-perl'),
                           ('mailtools', 'libmailtools-perl'),
                           ('address', 'libemail-address-perl '
                            'libemail-mime-perl'),
                           ('mime', 'libemail-mime-perl')):
        yield Reader('perl-' + mode, 'perl libjson-xs-perl ' + packages,
                     'perl {here}/perl_address.pl ' + mode, quick=True)
    gmime = _in_c('gmime', 'libgmime-3.0-dev', 'gmime-3.0')
    for mode in ('loose', 'strict'):
        yield Reader('gmime-' + mode, **{**gmime, 'command':
                                         '{dir}/gmime ' + mode})
    yield Reader('camel', **_in_c('camel', 'libcamel1.2-dev '
                            'evolution-data-server-common', 'camel-1.2'))
    yield Reader('etpan', **_in_c('etpan', 'libetpan-dev', 'libetpan'))
    yield Reader('mailutils', 'gcc libmailutils-dev', '{dir}/mailutils',
                 'gcc -O1 {here}/mailutils.c -o {dir}/mailutils -lmailutils')
    yield Reader('vmime', **_in_c('vmime', 'g++ libvmime-dev', 'vmime',
                                  'vmime.cpp', 'g++ -O1'))
    yield Reader('kmime', **_in_c(
        'kmime', 'g++ libkf5mime-dev', 'Qt5Core', 'kmime.cpp',
        'g++ -O1 -I/usr/include/KF5/KMime', ' -lKF5Mime'))
    for mode in ('javamail', 'parseheader', 'mime4j'):
        yield Reader('java-' + mode, 'default-jdk-headless libmail-java '
                     'libapache-mime4j-java',
                     'java -XX:+UseSerialGC -Xmx256m -cp {dir}:%s JavaReader %s'
                     % (JARS, mode),
                     'javac -d {dir} -cp %s {here}/JavaReader.java' % JARS)
    yield Reader('go', 'golang-go', '{dir}/go',
                 'GOCACHE={dir}/go-cache go build -o {dir}/go {here}/go.go')
    for mode in ('addressparser', 'mailparser', 'postal', 'rfc2822',
                 'emailaddresses'):
        yield Reader('node-' + mode, 'nodejs npm',
                     'node {here}/node.js %s {dir}' % mode,
                     'cd {dir} && { [ -d node_modules ] || npm install '
                     '--no-audit --no-fund --ignore-scripts %s; }' % NPM)
    for mode, package in (('mailparse', 'php-mailparse'), ('imap', 'php-imap')):
        yield Reader('php-' + mode, 'php-cli ' + package,
                     'php {here}/php.php ' + mode)
    # Programs that are too large to install: their package is unpacked.
    unpack = 'cd {dir} && apt-get download %s && dpkg -x %s_*.deb .'
    yield Reader('thunderbird', 'nodejs', 'node {here}/thunderbird.mjs {dir}',
                 unpack % (('thunderbird',) * 2) + ''' && python3 -c '
from zipfile import ZipFile
ZipFile("usr/share/thunderbird/omni.ja").extract("modules/jsmime/jsmime.mjs")
' && mv modules/jsmime/jsmime.mjs .''')
    yield Reader('roundcube', 'php-cli', 'php {here}/roundcube.php {dir}',
                 unpack % (('roundcube-core',) * 2))
    yield Reader('ruby', 'ruby ruby-mail', 'ruby -W0 {here}/ruby_mail.rb')


READERS = {reader.name: reader for reader in _readers()}


def prepare(names, directory, install):
    """Installs and builds; the readers that can be used, and why others
    cannot."""
    ready = {}
    faults = {}
    built = set()
    if install:
        subprocess.run(('apt-get', 'update', '-qq'), check=False,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for name in names:
        reader = READERS[name]
        missing = reader.missing()
        if missing and install:
            subprocess.run(
                ['apt-get', 'install', '-y', '-qq', '--no-remove',
                 '--no-install-recommends', *missing], check=False,
                env={**os.environ, 'DEBIAN_FRONTEND': 'noninteractive'},
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL)
            missing = reader.missing()
        if missing:
            faults[name] = 'not installed: ' + ' '.join(missing)
            continue
        build = _filled(reader.build, directory)
        if build and build not in built:
            done = subprocess.run(build, shell=True, check=False,
                                  stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT)
            if done.returncode:
                faults[name] = 'not built: ' + done.stdout.decode(
                    'utf-8', 'replace')[-300:].strip()
                continue
            built.add(build)
        ready[name] = _filled(reader.command, directory).split()
    return ready, faults


def _filled(text, directory):
    return text.replace('{dir}', directory).replace('{here}', HERE)


def read_all(command, path, offsets):
    """What a reader sees in each record of a file. After a crash it goes on
    behind the record that it crashed on."""
    seen = []
    with open(path, 'rb', buffering=0) as file:
        while len(seen) < len(offsets):
            file.seek(offsets[len(seen)])
            try:
                done = subprocess.run(
                    command, stdin=file, stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL, timeout=HANG, check=False)
                output = done.stdout
            except subprocess.TimeoutExpired as expired:
                output = expired.output or b''
            lines = output.split(b'\n')[:-1]
            for line in lines[:len(offsets) - len(seen)]:
                seen.append(_line(line))
            if len(seen) < len(offsets):
                seen.append({'error': 'crash'})
    return seen


def _line(line):
    try:
        return json.loads(line.decode('utf-8', 'surrogateescape'))
    except ValueError as error:
        return {'error': 'no JSON: %s' % error}
