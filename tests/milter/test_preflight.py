#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What receivers will conclude: the daemon beside a real authoritative server,
and beside one that is silent or lies."""

import concurrent.futures
import os
import pathlib
import shutil
import sys
import tempfile
import time
import unittest

import daemon
import mta
from support import ALICE, CEO, OwnDaemonTest, mail, message, tokens

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                '..', 'dns'))
from servers import (A, MX, TXT, Knot, Relay, anchor, message as dns_message,
                     record, wire_name)           # noqa: E402

FIELD = b'X-Submilter-Preflight'
GOES_ON = 'pass', 'accept'      # accept: nothing of it is changed
LATE = 0.9                      # on a busy machine; a deadline waited for is 2
MANY = 200
ZONE = '''\
$ORIGIN example.
$TTL 300
@ SOA ns hostmaster 1 3600 600 86400 300
@ NS ns
ns A 127.0.0.1
corp TXT "v=spf1 ip4:192.0.2.1 -all"
_dmarc.corp TXT "v=DMARC1; p=reject; adkim=s"
mail.corp TXT "v=spf1 ip4:192.0.2.9 -all"
team TXT "v=spf1 -all"
_dmarc.team TXT "v=DMARC1; p=reject"
parked TXT "v=spf1 -all"
_dmarc.parked TXT "v=DMARC1; p=quarantine"
soft TXT "v=spf1 ip4:192.0.2.1 ~all"
broken TXT "v=spf1 include:nobody.example -all"
plain A 192.0.2.7
fleeting 1 TXT "v=spf1 ip4:192.0.2.1 -all"
greedy TXT ( "v=spf1 mx:%{l}.0.endless.example mx:%{i}.1.endless.example"
    " mx:%{i}.2.endless.example mx:%{i}.3.endless.example"
    " mx:%{i}.4.endless.example mx:%{i}.5.endless.example +all" )
''' + ''.join('d%d TXT "v=spf1 ip4:192.0.2.1 -all"\n' % i for i in range(MANY))
# What receivers make of mail of each domain.
RESULTS = {'corp.example': 'pass', 'parked.example': 'fail',
           'soft.example': 'pass', 'broken.example': 'permerror',
           'plain.example': 'none'}
RIGHTS = daemon.RIGHTS + ''.join('@%s.example %s\n' % (name, ALICE) for name in (
    'parked', 'soft', 'broken', 'plain', 'fleeting', 'greedy', 'silent1', 'silent2',
    'servfail', *('d%d' % i for i in range(MANY))))


def at(domain):
    sender = 'alice@' + domain
    return mail(message(sender), sender)


class PreflightTest(OwnDaemonTest):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        top = pathlib.Path(tempfile.mkdtemp(prefix='submilter-preflight.'))
        cls.addClassCleanup(shutil.rmtree, top)
        top.chmod(0o755)
        cls.knot = Knot(top / 'knot', 'example', ZONE)
        cls.addClassCleanup(cls.knot.stop)
        cls.anchor = top / 'anchor'
        cls.anchor.write_text(anchor('example', cls.knot.keys('example')[0]))

    def setUp(self):
        self.dns = Relay(self.knot.port)
        self.addCleanup(self.dns.close)

    def text(self, preflight, seconds=2, dns='', server=None):
        return daemon.WORLD + (
            'dns { servers = {"%s"}; seconds = %d; %s }\n'
            'preflight { egress = {192.0.2.1}; %s }\n'
            % ((server or self.dns).address, seconds, dns, preflight))

    def serve(self, preflight, files=(), **more):
        self.server = self.world(self.text(preflight, **more))
        self.server.write('rights', RIGHTS)
        for name, text in files:
            self.server.write(name, text)
        return self.server.start()

    def reconfigure(self, *args, **more):
        self.server.configure(self.text(*args, **more))
        self.server.reload('reloaded')

    def send(self, one):
        """What became of a message, and its log line."""
        seen = self.server.mark()
        result = self.submit(one, server=self.server)
        return result, self.log_line('', seen, self.server)

    def tags(self, result):
        return [e[-1] for e in result.edits if e[0] == 'add' and e[1] == FIELD]

    def assert_passes(self, one, **log):
        result, line = self.send(one)
        self.assertIn(result.verdict, GOES_ON, (result, line))
        for key, value in log.items():
            self.assertEqual(line.get(key), value, line)
        return result, line

    def assert_later(self, one, reason):
        result, line = self.send(one)
        self.assertEqual(result.verdict, 'tempfail', (result, line))
        self.assertEqual(result.reply.text[:9], '451 4.3.0')
        self.assertEqual(line['reason'], reason)
        return line


class LevelsTest(PreflightTest):

    def test_off_asks_nothing(self):
        self.serve('levels = "texthash:@DIR@/levels"',
                   [('levels', 'else.example spf=warn\n')])
        for domain in RESULTS:
            self.assert_passes(at(domain), spf=None)
        self.assertEqual(self.dns.questions(), 0)

    def test_warn(self):
        self.serve('spf = warn')
        for domain, word in RESULTS.items():
            result, line = self.assert_passes(at(domain), spf=word)
            self.assertEqual('warning' in line, word != 'pass', line)
            self.assertEqual(self.tags(result), [])
        self.assertRegex(self.send(at('plain.example'))[1]['warning'],
                         r"has no SPF record: .*'v=spf1 ip4:192\.0\.2\.1 -all'")

    def test_tag(self):
        self.serve('spf = tag')
        for domain, word in RESULTS.items():
            result, _ = self.assert_passes(at(domain), spf=word)
            self.assertEqual(len(self.tags(result)), 1, result.edits)
            self.assertRegex(self.tags(result)[0], rb'^ ?spf=%s%s$' % (
                word.encode(), b'' if word == 'pass'
                else rb'\r?\n reason="[^"\r\n]+"'))

    def test_a_tag_of_the_client_never_goes_on(self):
        self.serve('spf = warn')
        one = mail(message(extra=b'X-Submilter-Preflight: spf=pass\r\n'
                           b'x-submilter-preflight: dmarc=pass\r\n'))
        result, _ = self.send(one)
        for edited in self.changed(one, result):
            self.assertNotIn(FIELD.lower(), mta.wire_form(edited).lower())

    def test_nor_with_what_is_held(self):
        self.server = self.world(self.text('spf = warn').replace(
            'rights {', 'rights { mismatch = hold;', 1))
        self.server.start()
        one = mail(message(CEO, extra=FIELD + b': spf=pass\r\n'))
        result, _ = self.send(one)
        self.assertEqual(sorted(edit[0] for edit in result.edits),
                         ['change', 'quarantine'])
        for edited in self.changed(one, result):
            self.assertNotIn(FIELD.lower(), mta.wire_form(edited).lower())

    def test_reject(self):
        self.serve('spf = reject')
        for domain, word in RESULTS.items():
            if word == 'pass':
                self.assert_passes(at(domain), spf='pass')
                continue
            result, line = self.send(at(domain))
            self.assert_refused(result, r'550 5\.7\.1 .*' + domain)
            self.assertEqual((line['reason'], line['spf']), ('spf', word))

    def test_the_null_sender_goes_by_helo(self):
        self.serve('spf = reject')
        result, line = self.send(mail(message(), ''))
        self.assert_refused(result, r'550 5\.7\.1 SPF of mail\.corp\.example')
        self.assertEqual(line['spf'], 'fail')

    def test_dmarc_with_our_signature(self):
        self.serve('dmarc = reject')
        one = mail()
        result, line = self.send(one)
        self.assert_signed(one, result)
        self.assertEqual(line['dmarc'], 'pass')
        # An aligned signature is enough: SPF is off, and not asked for.
        self.assertEqual(self.dns.asked['corp.example', TXT], 0)

    def test_dmarc_without_a_signature_and_with_an_spf_that_fails(self):
        self.serve('dmarc = reject')
        result, line = self.send(at('parked.example'))
        self.assert_refused(result, r'550 5\.7\.1 parked\.example publishes '
                            r'p=quarantine')
        self.assertEqual((line['dmarc'], line.get('spf')), ('fail', None))

    def test_dmarc_tells_what_to_publish(self):
        self.serve('dmarc = reject')
        self.assert_refused(
            self.send(at('parked.example'))[0], r'550 5\.7\.1 .*; its owner '
            r'may publish parked\.example TXT "v=spf1 ip4:192\.0\.2\.1 -all"')
        one = mail(message('alice@parked.example'), ALICE)
        self.assert_refused(
            self.send(one)[0], r'550 5\.7\.1 .*; its owner may publish the '
            r'key that "submilter genkey parked\.example" makes here')
        self.reconfigure('dmarc = reject; spf = reject')
        self.server.configure(
            self.text('dmarc = reject }\nsign { dkim-key = require')
            .replace(daemon.UNSEEN, ''))
        self.server.reload('reloaded')
        self.server.expect(r'key corp\.example/e1: pending')
        result, _ = self.send(mail(sender='alice@soft.example', raw=message()))
        self.assert_refused(
            result, r'550 5\.7\.1 corp\.example publishes .*; its owner may '
            r'publish e1\._domainkey\.corp\.example TXT "v=DKIM1; k=ed25519; '
            r'h=sha256; p=[A-Za-z0-9+/=]{44}"')

    def test_levels_by_login_and_by_domain(self):
        by_domain = 'parked.example spf=reject\n'
        self.serve('spf = warn; levels = "texthash:@DIR@/levels"',
                   [('levels', by_domain + ALICE + ' spf=off\n')])
        self.assert_passes(at('parked.example'), spf=None)
        self.server.write('levels', by_domain)
        self.server.reload('reloaded')
        self.assert_refused(self.send(at('parked.example'))[0], '550 5.7.1')
        self.assert_passes(at('plain.example'), spf='none')

    def test_egress_by_domain(self):
        self.serve('spf = reject; egress-table = "texthash:@DIR@/egress"',
                   [('egress', 'soft.example 192.0.2.1, 192.0.2.2\n')])
        self.assert_passes(at('corp.example'), spf='pass')
        result, line = self.send(at('soft.example'))
        self.assert_refused(result, r'550 5\.7\.1 SPF of soft\.example says '
                            r'softfail for our address 192\.0\.2\.2')
        self.assertEqual(line['spf'], 'softfail')

    def test_monitor_changes_nothing(self):
        self.serve('mode = monitor; spf = reject; dmarc = tag')
        # SPF of team.example fails, and it has keys.
        one = mail(message('bob@team.example'), 'bob@team.example',
                   login='bob@corp.example')
        result, line = self.send(one)
        self.assert_signed(one, result)
        self.assertEqual(self.tags(result), [])
        self.assertEqual((line['would'], line['reason'], line['spf']),
                         ('reject', 'spf', 'fail'))
        self.assertIn('team.example', line['signed'])


class CacheTest(PreflightTest):

    def test_a_known_domain_asks_dns_nothing(self):
        self.serve('spf = warn; dmarc = warn; adsp = warn')
        self.assert_passes(mail(), spf='pass')
        before = self.dns.questions()
        self.assertGreater(before, 3)
        for _ in range(5):
            self.assert_passes(mail(), spf='pass', dmarc='pass')
        self.assertEqual(self.dns.questions(), before)

    def test_it_is_asked_again_after_cache_seconds(self):
        self.serve('spf = warn; cache-seconds = 2')
        self.assert_passes(at('fleeting.example'), spf='pass')
        # The record itself may be kept for a second.
        time.sleep(1.2)
        self.assert_passes(at('fleeting.example'), spf='pass')
        self.assertEqual(self.dns.asked['fleeting.example', TXT], 1)
        time.sleep(1)
        self.dns.forge = (b'192.0.2.1', b'192.0.2.8')
        self.assert_passes(at('fleeting.example'), spf='fail')
        self.assertEqual(self.dns.asked['fleeting.example', TXT], 2)

    def test_a_reload_keeps_the_resolver_and_what_it_knows(self):
        self.serve('spf = warn')
        self.assert_passes(at('parked.example'), spf='fail')
        before = self.dns.questions()
        self.reconfigure('spf = reject')
        self.assert_refused(self.send(at('parked.example'))[0], '550 5.7.1')
        self.assertEqual(self.dns.questions(), before)
        # Other servers are other DNS.
        other = Relay(self.knot.port)
        self.addCleanup(other.close)
        self.reconfigure('spf = reject', server=other)
        self.assert_refused(self.send(at('parked.example'))[0], '550 5.7.1')
        self.assertGreater(other.questions(), 0)
        self.assertEqual(self.dns.questions(), before)

    def questions_at_rest(self):
        """How many were asked, once none is on its way: the resolver repeats a
        question when a busy machine answers it late."""
        before = -1
        while before != self.dns.questions():
            before = self.dns.questions()
            time.sleep(0.5)
        return before

    def test_many_sessions_over_many_domains(self):
        self.serve('spf = reject; dmarc = reject', seconds=20)
        domains = ['d%d.example' % i for i in range(MANY)]

        def one(domain):
            return self.submit(at(domain), server=self.server)
        with concurrent.futures.ThreadPoolExecutor(20) as pool:
            # Two at once, and then all that are known.
            results = list(pool.map(one, [d for d in domains for _ in range(2)]))
            before = self.questions_at_rest()
            results += pool.map(one, domains)
        self.assertEqual([r for r in results if r.verdict not in GOES_ON], [])
        lines = [dict(tokens(line.removeprefix('submilter: ')))
                 for line in self.server.log().splitlines()
                 if ' action=' in line]
        self.assertEqual([line.get('spf') for line in lines],
                         ['pass'] * 3 * MANY)
        for domain in domains:
            self.assertGreater(self.dns.asked[domain, TXT], 0, domain)
        self.assertEqual(self.dns.questions(), before)


class TroubleTest(PreflightTest):

    def timed(self, one):
        start = time.monotonic()
        result, line = self.send(one)
        self.assertIn(result.verdict, GOES_ON, line)
        return time.monotonic() - start, result, line

    def test_silence_delays_one_message_and_is_then_remembered(self):
        self.serve('spf = warn; dmarc = warn; adsp = tag', seconds=2)
        self.assert_passes(mail(), spf='pass')
        self.dns.silent = ''
        took, result, line = self.timed(at('silent1.example'))
        self.assertEqual((line['spf'], line['dmarc'], line['adsp']),
                         ('temperror',) * 3)
        self.assertRegex(self.tags(result)[0], rb'adsp=temperror')
        self.assertGreaterEqual(took, 1.9)
        self.assertLess(took, 2 + LATE)
        took, result, line = self.timed(at('silent1.example'))
        self.assertEqual((line['spf'], line['dmarc'], line['adsp']),
                         ('temperror',) * 3)
        self.assertLess(took, LATE)
        # Another domain is not known to be silent.
        self.assertGreater(self.timed(at('silent2.example'))[0], 1.9)

    def test_silence_is_not_remembered_for_long(self):
        self.serve('spf = reject', seconds=1)
        self.dns.silent = ''
        self.assert_later(mail(), 'spf')
        self.dns.silent = '^$'
        self.assert_later(mail(), 'spf')
        end = time.monotonic() + 20
        time.sleep(9)
        while self.send(mail())[0].verdict not in GOES_ON:
            self.assertLess(time.monotonic(), end)
            time.sleep(0.5)

    def test_reject_is_later_and_never_yes(self):
        for level in 'spf = reject', 'dmarc = reject', 'adsp = reject':
            with self.subTest(level):
                self.serve(level, seconds=1)
                self.assert_later(at('silent1.example'), level.split()[0])
        self.serve('spf = reject; dmarc = reject; adsp = reject')
        self.assertIn('SERVFAIL', self.assert_later(at('servfail.example'),
                                                    'spf')['detail'])

    def test_no_server_at_all(self):
        gone = Relay(self.knot.port)
        gone.close()
        self.serve('spf = reject', seconds=1, server=gone)
        self.assertIn('corp.example', self.assert_later(mail(), 'spf')['detail'])

    def test_silence_of_one_domain_stops_no_mail_of_another(self):
        self.serve('spf = reject; dmarc = reject; adsp = reject')
        # Its SPF takes all the time there is.
        self.assert_later(mail(message(), 'alice@silent1.example'), 'spf')
        for _ in range(2):
            self.assert_passes(mail(), spf='pass', dmarc='pass', adsp='none')


class Endless(Relay):
    """With a zone that has ten hosts of its own for each name in it."""

    def say_other(self, query, name, kind, question, tcp):
        if not name.lower().endswith('.endless.example'):
            return super().say_other(query, name, kind, question, tcp)
        records = []
        if kind == MX:
            records = [record(name, MX, b'\0\1' + wire_name('%d.%s' % (i, name)))
                       for i in range(10)]
        elif kind == A:
            records = [record(name, A, b'\xc0\0\2\x63')]
        return dns_message(query, question, records)


class GreedyTest(PreflightTest):
    """Over 900 questions for one message with 16 addresses."""

    EGRESS = 'egress = {198.51.100.0/28}'

    def setUp(self):
        super().setUp()
        self.endless = Endless(self.knot.port)
        self.addCleanup(self.endless.close)

    def serve_greedy(self, level, dns=''):
        self.server = self.world(self.text(
            level, 30, dns, self.endless).replace('egress = {192.0.2.1}',
                                                  self.EGRESS))
        self.server.write('rights', RIGHTS)
        self.server.start()

    def test_one_message_asks_so_much_and_no_more(self):
        self.serve_greedy('spf = reject; dmarc = reject')
        line = self.assert_later(at('greedy.example'), 'spf')
        self.assertIn('more than 500 questions for one message '
                      '(dns.questions)', line['detail'])
        asked = self.endless.questions()
        self.assertLess(asked, 510)
        # Nor does another sender of the domain ask it all again.
        other = mail(message('bob@greedy.example'), 'bob@greedy.example')
        self.assert_later(other, 'spf')
        self.assertEqual(self.endless.questions(), asked)

    def test_a_domain_is_asked_for_so_much_in_a_minute(self):
        self.serve_greedy('spf = tag; dmarc = warn', 'domain-questions = 200')
        _, line = self.assert_passes(at('greedy.example'), spf='temperror')
        self.assertIn('more than 200 questions in a minute', line['warning'])
        self.assertLess(self.endless.questions(), 210)
        # Other domains are asked for as before.
        self.assert_passes(mail(), spf='fail', dmarc='pass')

    def test_what_is_honest_fits(self):
        self.serve_greedy('spf = reject', 'questions = 2000')
        self.assert_passes(at('greedy.example'), spf='pass')
        # The names of %{l} and their hosts are the same for all addresses.
        self.assertLess(self.endless.questions(), 1 + 11 + 16 * 55 + 10)
        before = self.endless.questions()
        self.assert_passes(at('greedy.example'), spf='pass')
        self.assertEqual(self.endless.questions(), before)


class DnssecTest(PreflightTest):

    FORGED = b'v=spf1 -all', b'v=spf1 +all'

    def serve_anchored(self, preflight):
        return self.serve(preflight, seconds=5,
                          dns='trust-anchor = "%s"' % self.anchor)

    def test_a_forged_answer_is_no_pass(self):
        self.dns.forge = self.FORGED
        # It is forged well enough for a resolver that believes anything.
        self.serve('spf = warn')
        self.assert_passes(at('parked.example'), spf='pass')
        self.serve_anchored('spf = warn')
        _, line = self.assert_passes(at('parked.example'), spf='temperror')
        self.assertIn('bogus', line['warning'])
        self.serve_anchored('spf = tag')
        result, _ = self.assert_passes(at('parked.example'), spf='temperror')
        self.assertRegex(self.tags(result)[0], rb'^ ?spf=temperror\r?\n')
        self.serve_anchored('spf = reject; dmarc = reject')
        line = self.assert_later(at('parked.example'), 'spf')
        self.assertIn('bogus', line['detail'])

    def test_a_true_answer_is_believed(self):
        self.serve_anchored('spf = reject; dmarc = reject')
        self.assert_passes(mail(), spf='pass', dmarc='pass')
        self.assert_refused(self.send(at('parked.example'))[0], '550 5.7.1')


# The bases have no tests of their own.
del OwnDaemonTest, PreflightTest

if __name__ == '__main__':
    unittest.main()
