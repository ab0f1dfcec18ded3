# SPDX-License-Identifier: BSD-2-Clause
"""Started as root: what the milter's user can put into its own directories
leads root nowhere. The user is "daemon", which every machine has."""

import os
import pwd
import socket
import stat
import subprocess
import sys
import tempfile
import unittest

import daemon

CONFIG = """
user   = "daemon"
listen = "unix:%s"
domain = "corp.example"
keys   = "%s"
"""

# As soon as there is a socket, a link is in its place.
SWAP = """
import os, sys, time
path, target = sys.argv[1:]
print('ready', flush=True)
while True:
    try:
        os.symlink(target, path + '.link')
    except FileExistsError:
        pass
    while not os.path.lexists(path):
        pass
    try:
        os.rename(path + '.link', path)
        time.sleep(0.001)
        os.unlink(path)
    except FileNotFoundError:
        pass
"""


@unittest.skipUnless(os.geteuid() == 0, 'only root may become another user')
class LesserUserTest(unittest.TestCase):

    def setUp(self):
        self.user = pwd.getpwnam('daemon')
        top = tempfile.TemporaryDirectory(prefix='submilter-')
        self.addCleanup(top.cleanup)
        self.top = top.name
        os.chmod(self.top, 0o755)
        self.run_directory = self.make('run', self.user)
        self.treasure = self.make('treasure')

    def make(self, name, user=None):
        path = os.path.join(self.top, name)
        os.mkdir(path)
        os.chmod(path, 0o755)
        if user is not None:
            os.chown(path, user.pw_uid, user.pw_gid)
        return path

    def as_user(self, *command, **more):
        return subprocess.Popen(command, user=self.user.pw_uid,
                                group=self.user.pw_gid, extra_groups=[], **more)

    def server(self, path, keys=None):
        file = os.path.join(self.top, 'submilter.conf')
        with open(file, 'w', encoding='ascii') as out:
            out.write(CONFIG % (path, keys or '/nonexistent'))
        os.chmod(file, 0o644)
        return [daemon.program(), 'run', '-f', '-c', file]

    def starts_and_fails(self, path):
        """There are no keys: it ends once the socket was open."""
        done = subprocess.run(self.server(path), stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=30, text=True,
                              check=False)
        self.assertNotEqual(done.returncode, 0, done.stdout)
        return done.stdout

    def test_the_socket_belongs_to_the_user(self):
        path = os.path.join(self.run_directory, 's.sock')
        keys = self.make('keys', self.user)
        with subprocess.Popen(self.server(path, keys), stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT) as server:
            while b'ready on' not in (line := server.stdout.readline()):
                self.assertNotEqual(line, b'')
            status = os.lstat(path)
            server.kill()
        self.assertTrue(stat.S_ISSOCK(status.st_mode))
        self.assertEqual((status.st_uid, status.st_gid),
                         (self.user.pw_uid, self.user.pw_gid))
        # The one that was left is replaced.
        self.assertIn('/nonexistent', self.starts_and_fails(path))
        self.assertFalse(os.path.lexists(path))

    def test_a_link_in_the_place_of_the_directory(self):
        stale = os.path.join(self.treasure, 'stale.sock')
        with socket.socket(socket.AF_UNIX) as left:
            left.bind(stale)
        self.as_user('ln', '-s', self.treasure,
                     os.path.join(self.run_directory, 'deep')).wait()
        for name in ('new.sock', 'stale.sock'):
            with self.subTest(name):
                self.assertRegex(self.starts_and_fails(os.path.join(
                    self.run_directory, 'deep', name)),
                    'cannot open|Permission denied')
                self.assertEqual(os.listdir(self.treasure), ['stale.sock'])
                self.assertEqual(os.lstat(stale).st_uid, 0)

    def test_one_who_changes_the_socket_for_a_link(self):
        path = os.path.join(self.run_directory, 's.sock')
        target = os.path.join(self.treasure, 'secret')
        with open(target, 'w', encoding='ascii') as file:
            file.write('of root')
        with self.as_user(sys.executable, '-c', SWAP, path, target,
                          stdout=subprocess.PIPE) as swapper:
            swapper.stdout.readline()
            for _ in range(150):
                self.starts_and_fails(path)
            self.assertIsNone(swapper.poll())
            swapper.kill()
        self.assertEqual(os.lstat(target).st_uid, 0)
        self.assertEqual(os.listdir(self.treasure), ['secret'])


if __name__ == '__main__':
    unittest.main()
