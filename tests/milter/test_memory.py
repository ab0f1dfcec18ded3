# SPDX-License-Identifier: BSD-2-Clause
"""What a milter keeps resident while there is no mail.

/proc tells it, in kB. With a sanitizer, which keeps what is freed and maps
terabytes, mail has to go on, and no more is asked for.
"""

import re
import time
import unittest

from support import ALICE, OwnDaemonTest, mail, message
from test_dkim_key import Zone

# All else is by default, and preflight is on.
TEXT = """\
listen = "unix:@SOCKET@"
domain = "corp.example"
keys   = "@DIR@/keys"
sign   { key-states = "@DIR@/keys.state" }
dns    { servers = {"%s"} }
"""
# Where it is, ready for mail: what is documented, and what is its own in that.
RESIDENT, ANONYMOUS = 12 * 1024, 6 * 1024
# It gives memory back after half a minute without mail.
SECONDS = 60


def status(server, key):
    with open('/proc/%d/status' % server.process.pid, encoding='ascii') as lines:
        return int(re.search(r'^%s:\s*(\d+)' % key, lines.read(), re.M)[1])


def code_of(server, library):
    """What is resident of the code of a library."""
    wanted, found = False, 0
    with open('/proc/%d/smaps' % server.process.pid, encoding='utf-8') as lines:
        for line in lines:
            if re.match('[0-9a-f]+-[0-9a-f]+ ', line):
                wanted = ' r-xp ' in line and '/%s.so' % library in line
            elif wanted and line.startswith('Rss:'):
                found += int(line.split()[1])
    return found


class IdleTest(OwnDaemonTest):

    def serve(self):
        zone = Zone()
        self.addCleanup(zone.close)
        for name, record in self.keys.records.items():
            zone.records[name.rstrip(b'.').decode()] = record
        return self.start(TEXT % zone.address)

    def settled(self, server):
        """Whether it comes to what is documented; no ICU without such names."""
        end = time.monotonic() + SECONDS
        while (status(server, 'VmRSS') >= RESIDENT or
               status(server, 'RssAnon') >= ANONYMOUS or
               code_of(server, 'libicui18n') > 0):
            if time.monotonic() > end:
                return False
            time.sleep(0.2)
        return True

    def assert_signs(self, server, one=None):
        one = one or mail(login=ALICE)
        self.assert_signed(one, self.submit(one, server=server))

    def assert_idle(self, server):
        if status(server, 'VmSize') > 1 << 30:
            return
        self.assertTrue(self.settled(server), [
            status(server, key) for key in ('VmRSS', 'RssAnon')] +
            [code_of(server, 'libicui18n')])

    def test_idle(self):
        server = self.serve()
        self.assert_idle(server)
        self.assert_signs(server)

    def test_after_mail(self):
        server = self.serve()
        self.assert_signs(server, mail(message(
            '=?utf-8?q?Ren=C3=A9?= <%s>' % ALICE), login=ALICE))
        self.assertGreater(code_of(server, 'libicui18n'), 0)
        self.assert_idle(server)
        self.assert_signs(server)

    def test_after_a_reload(self):
        server = self.serve()
        self.assert_idle(server)
        server.reload('reloaded')
        self.assert_idle(server)
        self.assert_signs(server)


if __name__ == '__main__':
    unittest.main()
