# SPDX-License-Identifier: BSD-2-Clause
"""Signatures are verified with the key that DNS shows: sign.self-verify."""

import unittest

import daemon
from support import OwnDaemonTest, mail

TEXT = daemon.WORLD + """\
dns { zone = "@DIR@/zone" }
sign { self-verify = published }
"""


class PublishedTest(OwnDaemonTest):

    def serve(self, records):
        server = self.world(TEXT)
        server.write('zone', '$TTL 60\n' + ''.join(
            '%s IN %s\n' % (name, record) for name, record in records))
        return server.start()

    def published(self, without=()):
        """Records of the keys, in strings of at most 200 octets."""
        found = []
        for name, record in self.keys.records.items():
            text = record.decode()
            if name.decode() not in without:
                found.append((name.decode(), 'TXT ' + ' '.join(
                    '"%s"' % text[i:i + 200] for i in range(0, len(text), 200))))
        return found

    def assert_later(self, server, detail):
        result = self.submit(mail(), server=server)
        self.assertEqual(result.verdict, 'tempfail', result)
        self.assertEqual(result.reply.text[:9], '451 4.3.0')
        line = self.log_line('reason=self-verify', server=server)
        self.assertRegex(line['detail'], detail)

    def test_signed_where_dns_shows_the_keys(self):
        self.assert_works(self.serve(self.published()))

    def test_a_key_that_is_not_there(self):
        self.assert_later(
            self.serve(self.published(['e1._domainkey.corp.example.'])),
            r'^ALARM: .*e1\._domainkey\.corp\.example')

    def test_another_key(self):
        name = 's1._domainkey.corp.example.'
        other = dict(self.published())['s1._domainkey.team.example.']
        self.assert_later(self.serve(self.published([name]) + [(name, other)]),
                          r'^ALARM: .*s1\._domainkey\.corp\.example')

    def test_dns_that_does_not_answer_is_no_alarm(self):
        name = 's1._domainkey.corp.example.'
        self.assert_later(self.serve(self.published([name]) + [(name, 'TIMEOUT')]),
                          r'^(?!ALARM).*timed out')


if __name__ == '__main__':
    unittest.main()
