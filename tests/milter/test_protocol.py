#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The daemon as an MTA sees it: negotiation, sessions, messages, and what is
no milter protocol at all.

The environment variable SUBMILTER names the program.
"""

import concurrent.futures
import os
import random
import re
import socket
import struct
import threading
import time
import unittest

import cases
import daemon
import milter
import mta
from milter import cstring
from support import ALICE, BOB, CEO, DaemonTest, mail, message

EVERYTHING = milter.ALL_ACTIONS
# What is asked for by what the configuration decides.
REPLIES = milter.SKIP | milter.NR_MAIL | milter.NR_EOH | milter.NR_BODY
NO_REPLY = {
    'connect': (milter.NOCONNECT, milter.NR_CONN),
    'helo': (milter.NOHELO, milter.NR_HELO),
    'rcpt': (milter.NORCPT, milter.NR_RCPT),
    'data': (milter.NODATA, milter.NR_DATA),
    'unknown': (milter.NOUNKNOWN, milter.NR_UNKN),
    'header': (milter.NOHDRS, milter.NR_HDR),
}


class NegotiationTest(DaemonTest):
    def wants(self, **more):
        with milter.Session(self.server.address, mta.Postfix(),
                            **more) as session:
            session.quit()
        return session.wants

    def test_header_values_with_their_leading_space(self):
        self.assertTrue(self.wants().steps & milter.HDR_LEADSPC)

    def test_no_reply_where_no_decision_is_taken(self):
        steps = self.wants().steps
        for name, (left_out, no_reply) in NO_REPLY.items():
            with self.subTest(step=name):
                self.assertTrue(steps & (left_out | no_reply))

    def test_what_is_judged_is_asked_for(self):
        steps = self.wants().steps
        self.assertFalse(steps & (milter.NOMAIL | milter.NR_MAIL
                                  | milter.NOHDRS | milter.NOBODY))

    def test_no_events_that_nobody_reads(self):
        steps = self.wants().steps
        for left_out in (milter.NOHELO, milter.NODATA, milter.NOUNKNOWN):
            self.assertTrue(steps & left_out)
        self.assertFalse(steps & milter.RCPT_REJ)

    def test_only_the_actions_that_are_used(self):
        actions = self.wants().actions
        needed = (milter.ADDHDRS | milter.CHGHDRS | milter.SETSYMLIST
                  | milter.QUARANTINE | milter.CHGBODY)
        self.assertEqual(actions, needed)

    def test_macros_are_requested(self):
        macros = self.wants().macros
        for stage, names in ((0, {'j'}),
                             (2, {'auth_authen', 'mail_addr'}),
                             (5, {'i'})):
            self.assertLessEqual(names, set(macros.get(stage, ())))
        every = {name for names in macros.values() for name in names}
        self.assertNotIn('auth_author', every)

    def test_newer_mta(self):
        with milter.Wire(self.server.address) as wire:
            wire.send(b'O', struct.pack('!III', 12, 0xffffffff, 0x0fffffff))
            command, data = wire.receive()
            self.assertEqual(command, b'O')
            self.assertLessEqual(struct.unpack_from('!I', data)[0], 6)

    def test_old_mtas_are_served(self):
        """As Postfix offers with milter_protocol = 2, 3 and 4, and each thing
        that changes no verdict, missing by itself."""
        offers = [{'version': 2, 'actions': 0x3f, 'steps': 0x7f},
                  {'version': 3, 'actions': 0x3f, 'steps': 0x17f},
                  {'version': 4, 'actions': 0x3f, 'steps': 0x37f},
                  {'actions': EVERYTHING & ~milter.SETSYMLIST},
                  {'actions': EVERYTHING & ~milter.QUARANTINE},
                  {'steps': 0x7f}, {'steps': 1}]
        offers += [{'steps': milter.ALL_STEPS & ~(1 << bit)}
                   for bit in range(21)]
        for agent in mta.Postfix(), mta.Sendmail():
            for offer in offers:
                with self.subTest(agent=agent.name, **offer):
                    self.serves(agent, offer)

    def serves(self, agent, offer):
        session = self.session(agent, **offer)
        self.assertEqual(session.wants.version, offer.get('version', 6))
        for raw in (message(), message(subject='  two blanks'),
                    message(subject='a fold\r\n\t\tand tabs '),
                    message(extra=b'Reply-To:' + ALICE.encode() + b'\r\n'
                            b'Cc:\tfriend@rcpt.example\r\n'),
                    b'From: ' + ALICE.encode() + b'\r\nBcc: x@rcpt.example'
                    b'\r\n\r\nno date, no id\r\n',
                    message(body=b'x' * 70000)):
            honest = mail(raw)
            result = session.submit(honest)
            result.space = session.wants.steps & milter.HDR_LEADSPC
            self.assert_signed(honest, result)
        self.assert_refused(session.submit(mail(message(CEO))), '550 5.7.1')
        self.assert_refused(session.submit(mail(login=None)), '530 5.7.0')
        session.quit()

    def test_what_an_mta_goes_without_is_logged_once(self):
        server, _ = daemon.world()
        self.addCleanup(server.clean)
        with server:
            for _ in range(3):
                milter.Session(server.address, mta.Postfix(), version=4,
                               actions=0x3f, steps=0x37f).quit()
            milter.Session(server.address, mta.Postfix(),
                           steps=0x7f).quit()
            server.expect("lacks .*DATA")
            ended = server.log()
        lines = [line for line in ended.split('\n') if 'lacks' in line]
        self.assertEqual(len(lines), 2, ended)
        for words in ('lists of macros', '{auth_authen}',
                      'blanks at the start', 'it is served without'):
            self.assertIn(words, lines[0])
        self.assertIn('DATA', lines[1])

    def test_what_is_needed_is_named_and_the_connection_refused(self):
        for bits, words in ((milter.ADDHDRS, 'adding of header fields'),
                            (milter.CHGHDRS, 'changing of header fields'),
                            (milter.CHGBODY, 'replacing of the body')):
            with self.subTest(words):
                seen = self.server.mark()
                with self.assertRaises(milter.Closed):
                    self.session(actions=EVERYTHING & ~bits)
                self.server.expect("^.*the MTA's milter protocol lacks %s: its "
                                   'connection is refused' % words, seen)

    def needs(self, more, offer, words):
        server, _ = daemon.world(daemon.WORLD.replace('rights {',
                                                      'rights {\n' + more)
                                 if not more.startswith('sign')
                                 else daemon.WORLD + more)
        self.addCleanup(server.clean)
        with server:
            if words is None:
                milter.Session(server.address, mta.Postfix(), **offer).quit()
                return
            with self.assertRaises(milter.Closed):
                milter.Session(server.address, mta.Postfix(), **offer)
            server.expect('lacks %s: its connection is refused' % words)

    def test_quarantine_is_needed_to_hold(self):
        self.needs('mismatch = hold;',
                   {'actions': EVERYTHING & ~milter.QUARANTINE}, 'quarantine')

    def test_leading_blanks_are_needed_for_simple(self):
        for canon, words in (('simple/relaxed', 'blanks at the start'),
                             ('relaxed/simple', None)):
            with self.subTest(canon):
                self.needs('sign { canonicalization = %s }\n' % canon,
                           {'steps': milter.ALL_STEPS & ~milter.HDR_LEADSPC},
                           words and words + ' of a field')

    def test_nothing_is_needed_to_watch(self):
        server, _ = daemon.world('mode = monitor\n' + daemon.WORLD)
        self.addCleanup(server.clean)
        with server:
            session = milter.Session(server.address, mta.Postfix(), version=2,
                                     actions=0x02, steps=0x7f)
            self.addCleanup(session.close)
            session.set_macros(**session.mta.session_macros())
            session.connect()
            session.helo()
            result = session.submit(mail(message(CEO)))
            self.assertEqual((result.verdict, result.edits), ('accept', []))
            server.expect('would=reject')

    def test_replies_are_asked_for_where_they_decide(self):
        session = self.session(mta.Sendmail())
        self.assertEqual(session.wants.steps & REPLIES, milter.NR_BODY)
        session.quit()
        watched = (daemon.WORLD.replace('identify {', 'identify {\nmode = monitor'),
                   daemon.WORLD.replace('identify {', 'identify {\nmode = monitor')
                   .replace('rights {', 'rights {\nmode = monitor'))
        for text, steps in (
                ('mode = monitor\n' + daemon.WORLD,
                 milter.SKIP | milter.NR_MAIL),
                (daemon.WORLD + 'sign { mode = monitor }\n', milter.SKIP),
                (watched[0], milter.NR_BODY),
                (watched[1], milter.NR_BODY | milter.NR_MAIL)):
            with self.subTest(text):
                server, _ = daemon.world(text)
                self.addCleanup(server.clean)
                with server:
                    session = milter.Session(server.address, mta.Postfix())
                    self.assertEqual(session.wants.steps & REPLIES, steps)
                    session.quit()

    def test_what_nobody_waits_for_at_mail_is_refused_at_the_header(self):
        """The MTA connected while nothing was refused at MAIL."""
        server, _ = daemon.world('mode = monitor\n' + daemon.WORLD)
        self.addCleanup(server.clean)
        with server:
            session = milter.Session(server.address, mta.Postfix())
            self.addCleanup(session.close)
            session.set_macros(**session.mta.session_macros())
            session.connect()
            self.assertEqual(session.submit(mail(sender=CEO)).verdict,
                             'accept')
            server.configure(daemon.WORLD)
            server.reload('reloaded ')
            for foreign in mail(sender=CEO), mail(login=None):
                result = session.submit(foreign)
                self.assertEqual((result.verdict, result.stage),
                                 ('reject', 'eoh'), result)
            self.assertEqual(session.submit(mail()).verdict, 'pass')
            session.quit()

    def test_another_client_of_an_mta(self):
        """Its terms went with the client before; no reply is in its way."""
        for steps in (milter.ALL_STEPS,
                      milter.ALL_STEPS & ~milter.NR_BODY & ~milter.NR_MAIL):
            session = self.session(mta.Sendmail(), steps=steps)
            for _ in range(2):
                for honest in mail(), mail(message(body=b'x\r\n' * 70000)):
                    self.assertEqual(session.submit(honest).verdict, 'pass')
                self.assertEqual(session.submit(mail(message(CEO))).verdict,
                                 'reject')
                session.quit(new_connection=True)
                session.set_macros(**session.mta.session_macros())
                session.connect()
                session.helo()
            session.quit()

    def test_another_client_of_an_old_mta(self):
        """Its terms went with the client before: refused, never guessed."""
        session = self.session(mta.Sendmail(), steps=0x7f)
        honest = mail()
        self.assertEqual(session.submit(honest).verdict, 'pass')
        session.quit(new_connection=True)
        session.set_macros(**session.mta.session_macros())
        session.connect()
        session.helo()
        self.assertEqual(session.submit(mail()).verdict, 'tempfail')


class SessionTest(DaemonTest):
    def test_postfix_and_sendmail(self):
        for agent in (mta.Postfix(), mta.Sendmail()):
            with self.subTest(agent=agent.name):
                self.assert_works(agent=agent)

    def test_last_piece_of_the_body_with_the_end(self):
        """The protocol allows it; libmilter skips the end-of-message
        callback unless the body callback answers "continue"."""
        for size in (0, 100, 65535, 65536, 200000):
            honest = mail(message(body=b'x' * 76 + b'\r\n' + b'y\r\n' * size))
            with self.subTest(size=size):
                result = self.submit(honest, mta.LastPieceWithEnd(),
                                     timeout=5)
                self.assert_signed(honest, result)

    def test_big_and_empty_bodies(self):
        line = b'0123456789' * 7 + b'\r\n'
        for body in (b'', b'\r\n', b'no line end', line * 910, line * 911,
                     line * 70000):
            honest = mail(message(body=body))
            with self.subTest(size=len(body)):
                self.assert_signed(honest, self.submit(honest))

    def test_several_messages(self):
        for agent in (mta.Postfix(), mta.Sendmail()):
            with self.subTest(agent=agent.name):
                session = self.session(agent)
                for _ in range(2):
                    honest = mail()
                    self.assert_signed(honest, session.submit(honest))
                    self.assert_refused(session.submit(mail(message(CEO))),
                                        '550 5.7.1')
                    self.assert_refused(session.submit(mail(sender=CEO)),
                                        '550 5.7.1', 'mail')
                session.quit()

    def test_nothing_is_left_of_the_message_before(self):
        session = self.session(mta.Sendmail())
        first = mail(message(extra=b'Bcc: x@rcpt.example\r\n',
                             subject='one'))
        self.assert_signed(first, session.submit(first))
        for login in (None, BOB):
            result = session.submit(mail(login=login))
            self.assertEqual(result.verdict, 'reject', login)
        second = mail(message('b@team.example'), 'b@team.example', BOB)
        result = session.submit(second)
        self.assert_signed(second, result)
        self.assertNotIn(b'Bcc', [edit[2] for edit in result.edits
                                  if edit[0] == 'change'])

    def steps_of(self, session, one, count):
        """The first steps of a message, and no more."""
        session.set_macros(**session.mta.mail_macros(one))
        steps = [lambda: session.mail('<%s>' % one.sender),
                 lambda: session.rcpt('<%s>' % one.rcpts[0]),
                 session.data]
        steps += [lambda field=field: session.header(*field)
                  for field in one.content.fields]
        steps += [session.eoh,
                  lambda: session.step('body', one.content.body)]
        for step in steps[:count]:
            self.assertTrue(step().goes_on)
        return len(steps)

    def test_abort_at_each_stage(self):
        session = self.session()
        other = mail(message('alice+other@corp.example', 'aborted'))
        total = self.steps_of(session, other, 99)
        session.abort()
        for count in range(1, total):
            with self.subTest(steps=count):
                self.steps_of(session, other, count)
                session.abort()
                honest = mail()
                self.assert_signed(honest, session.submit(honest))

    def test_abort_of_a_forged_message(self):
        session = self.session()
        self.steps_of(session, mail(message(CEO)), 4)
        session.abort()
        honest = mail()
        self.assert_signed(honest, session.submit(honest))
        self.steps_of(session, mail(), 4)
        session.abort()
        self.assert_refused(session.submit(mail(message(CEO))), '550 5.7.1')

    def test_next_mail_without_abort(self):
        session = self.session()
        self.steps_of(session, mail(message(CEO)), 5)
        honest = mail()
        self.assert_signed(honest, session.submit(honest))

    def test_abort_without_a_message(self):
        session = self.session()
        for _ in range(3):
            session.abort()
        honest = mail()
        self.assert_signed(honest, session.submit(honest))
        session.abort()
        session.abort()
        self.assert_signed(honest, session.submit(honest))

    def test_new_connection_over_the_same_socket(self):
        session = self.session()
        honest = mail()
        self.assert_signed(honest, session.submit(honest))
        session.quit(new_connection=True)
        session.values.clear()
        session.set_macros(**session.mta.session_macros())
        session.connect('other.example', '198.51.100.9')
        session.helo('other.example')
        self.assert_refused(session.submit(mail(login=None)), '530 5.7.0')
        self.assert_signed(honest, session.submit(honest))

    def test_client_addresses(self):
        for address in ('192.0.2.7', '2001:db8::1', '/run/socket', None):
            with self.subTest(address=address):
                session = milter.Session(self.server.address, mta.Postfix())
                self.addCleanup(session.close)
                self.assertTrue(session.connect(address=address).goes_on)
                session.helo()
                honest = mail()
                self.assert_signed(honest, session.submit(honest))

    def test_many_recipients(self):
        honest = mail(rcpts=['r%d@rcpt.example' % number
                             for number in range(1000)])
        result = self.submit(honest)
        self.assert_signed(honest, result)
        self.assertEqual(len(result.rcpts), 1000)

    def test_simultaneous_sessions(self):
        """60 sessions of three messages each, all at once."""
        def one(number):
            session = self.session(
                (mta.Postfix, mta.Sendmail)[number % 2](), timeout=60)
            start.wait(60)
            outcomes = []
            for part in range(3):
                own = mail(message('alice+%d@corp.example' % number,
                                   '%d.%d' % (number, part)))
                outcomes.append((own, session.submit(own)))
            forged = session.submit(mail(message(CEO)))
            session.quit()
            return outcomes, forged
        start = threading.Barrier(60)
        with concurrent.futures.ThreadPoolExecutor(60) as pool:
            for outcomes, forged in pool.map(one, range(60)):
                self.assert_refused(forged, '550 5.7.1')
                for own, result in outcomes:
                    self.assert_signed(own, result)

    def test_interleaved_sessions(self):
        """80 messages, each a step further in turn: nothing may hang on a
        thread from one callback to the next."""
        flows = []
        for number in range(80):
            session = self.session(timeout=60)
            if number % 4 == 3:
                own = mail(message(CEO, 'number %d' % number))
            else:
                own = mail(message('alice+%d@corp.example' % number,
                                   'number %d' % number))
            session.set_macros(**session.mta.mail_macros(own))
            flows.append((number, session, own))
        for _, session, own in flows:
            self.assertTrue(session.mail('<%s>' % own.sender).goes_on)
        for _, session, own in flows:
            self.assertTrue(session.rcpt('<%s>' % own.rcpts[0]).goes_on)
        for index in range(5):
            for _, session, own in flows:
                session.header(*own.content.fields[index])
        alive = []
        for number, session, own in flows:
            reply = session.eoh()
            if reply.goes_on:
                alive.append((number, session, own))
            else:
                self.assertEqual((number % 4, reply.code), (3, 5))
        for _, session, own in alive:
            session.step('body', own.content.body)
        for number, session, own in alive:
            reply = session.eom()
            if number % 4 == 3:
                self.assertEqual(reply.code, 5)
                continue
            self.assertEqual(reply.kind, 'continue')
            result = milter.Result('pass', 'eom', reply, own.rcpts,
                                   reply.edits)
            self.assert_signed(own, result)

    def test_idle_sessions_hold_up_nobody(self):
        for number in range(300):
            wire = milter.Wire(self.server.address)
            self.addCleanup(wire.close)
            if number % 3:
                negotiated(wire)
            if number % 3 == 2:
                for packet in START:
                    wire.send(*packet)
        self.assert_works()

    def test_senders_that_stop_in_mid_packet(self):
        """Each of them holds a thread of libmilter, but not for ever, and
        there are others. (libmilter 8.17 may let a session wait that becomes
        ready in the same moment, so nothing is asked here before they end.)
        """
        for octets in (b'\0\0\0', b'\0\0\0\x0dO\0\0'):
            stalled = []
            for _ in range(60):
                stalled.append(milter.Wire(self.server.address))
                stalled[-1].send_bytes(octets)
            for wire in stalled:
                wire.close()
        self.assert_works()


class IdentityTest(DaemonTest):
    def test_no_login(self):
        for agent in (mta.Postfix(), mta.Sendmail()):
            self.assert_refused(self.submit(mail(login=None), agent),
                                '530 5.7.0', 'mail')

    def test_no_macros_at_all(self):
        session = milter.Session(self.server.address, mta.Sendmail())
        self.addCleanup(session.close)
        session.mta.default_macros = {}
        session.wants.macros = {stage: [] for stage in range(7)}
        session.connect()
        self.assert_refused(session.submit(mail()), '530 5.7.0', 'mail')

    def test_empty_login(self):
        session = self.session()
        session.mta.mail_macros = lambda one: {
            'auth_authen': '', 'auth_type': '', 'mail_addr': one.mail_addr}
        self.assert_refused(session.submit(mail()), '530 5.7.0', 'mail')

    def test_auth_author_is_the_clients_claim(self):
        session = self.session()
        session.set_macros(auth_author=ALICE)
        session.wants.macros[2].append('auth_author')
        self.assert_refused(session.submit(mail(login=None)), '530 5.7.0',
                            'mail')
        session.set_macros(auth_author=CEO)
        self.assert_refused(session.submit(mail(message(CEO))), '550 5.7.1')
        self.assert_refused(
            session.submit(mail(message(CEO), sender=CEO)), '550 5.7.1')

    def test_login_of_one_message_is_not_the_next_ones(self):
        session = self.session(mta.Sendmail())
        honest = mail()
        self.assert_signed(honest, session.submit(honest))
        self.assert_refused(session.submit(mail(login=None)), '530 5.7.0')

    def test_an_address_that_a_proxy_does_not_know(self):
        """As Postfix tells it after XCLIENT ADDR=[UNAVAILABLE]: an address of
        IPv4 that is none, after which libmilter would end the session."""
        session = milter.Session(self.server.address, mta.Postfix())
        self.addCleanup(session.close)
        session.connect(address='unknown', port=0)
        honest = mail()
        self.assert_signed(honest, session.submit(honest))
        self.assert_refused(session.submit(mail(login=None)), '530 5.7.0',
                            'mail')
        self.server.expect('login=%s via=sasl client=unknown ' % ALICE)

    def test_case_of_a_login(self):
        honest = mail(login='Alice@CORP.example')
        self.assert_signed(honest, self.submit(honest))

    def test_login_without_a_domain(self):
        honest = mail(login='alice')
        self.assert_signed(honest, self.submit(honest))


class EnvelopeTest(DaemonTest):
    def test_refused_at_mail_where_mail_decides(self):
        for sender in (CEO, 'root@victim.example', 'sales+eu@corp.example',
                       'alice@sub.corp.example', 'alicex@corp.example'):
            for agent in (mta.Postfix(), mta.Sendmail()):
                with self.subTest(sender=sender, agent=agent.name):
                    result = self.submit(mail(sender=sender), agent)
                    self.assert_refused(result, '550 5.7.1', 'mail')
                    self.assertIn(sender, result.reply.text)

    def test_null_sender_exempts_nothing_else(self):
        for agent in (mta.Postfix(), mta.Sendmail()):
            honest = mail(sender='')
            self.assert_signed(honest, self.submit(honest, agent))
            self.assert_refused(
                self.submit(mail(message(CEO), sender=''), agent),
                '550 5.7.1')

    def test_typed_and_understood_must_both_be_allowed(self):
        for typed, understood in ((ALICE, CEO), ('', CEO), (CEO, ALICE),
                                  (ALICE, 'root@victim.example'),
                                  ('alice+x@corp.example', CEO)):
            with self.subTest(typed=typed, understood=understood):
                result = self.submit(mail(sender=typed,
                                          mail_addr=understood))
                self.assertEqual((result.verdict, result.stage),
                                 ('reject', 'mail'), result)

    def test_one_is_null_the_other_not(self):
        """`<(ceo@corp.example>` is the null sender for Postfix."""
        for typed in ('(ceo@corp.example', '(' + ALICE, ' ', '<>', CEO):
            with self.subTest(typed=typed):
                result = self.submit(mail(sender=typed, mail_addr=''))
                self.assertEqual((result.verdict, result.stage),
                                 ('reject', 'mail'), result)

    def test_same_address_written_differently(self):
        for typed, understood in (('Alice@CORP.Example', ALICE),
                                  ('"alice"@corp.example', ALICE),
                                  (ALICE, '"alice"@corp.example')):
            with self.subTest(typed=typed):
                one = mail(sender=typed, mail_addr=understood)
                self.assert_signed(one, self.submit(one))

    def test_no_address(self):
        for typed in ('alice@', '@corp.example', 'alice@corp@example',
                      'alice corp.example', 'alice@corp.example>x',
                      'alice@corp..example', '"alice@corp.example',
                      'alice@[127.0.0.1', 'a\x01lice@corp.example',
                      '\xe9@corp.example'):
            with self.subTest(typed=typed):
                result = self.submit(mail(sender=typed, mail_addr=ALICE))
                self.assertEqual((result.verdict, result.stage),
                                 ('reject', 'mail'), result)
                self.assertRegex(result.reply.text, '^5(01 5.1.7|50 5.7.1)')

    def test_without_brackets(self):
        """Postfix hands over mail of sendmail(1) so."""
        session = self.session()
        session.set_macros(auth_authen=ALICE, mail_addr=ALICE)
        self.assertTrue(session.mail(ALICE).goes_on)
        session.abort()
        session.set_macros(mail_addr=CEO)
        self.assertEqual(session.mail(CEO).code, 5)

    def test_local_users_have_no_domain_in_sendmail(self):
        """Sendmail names the mailbox alone where it delivers locally."""
        for typed, understood, goes_on in (
                ('<%s>' % ALICE, 'alice', True),
                ('<alice@other.example>', 'alice', False),
                ('<%s>' % ALICE, 'ceo', False),
                ('<>', 'alice', False),
                ('<%s>' % ALICE, '', False)):
            with self.subTest(typed=typed, understood=understood):
                session = self.session()
                session.set_macros(auth_authen=ALICE, mail_addr=understood,
                                   mail_mailer='local')
                self.assertEqual(session.mail(typed).goes_on, goes_on)

    def test_understood_sender_is_missing(self):
        """Without {mail_addr} the address as typed is all there is."""
        session = self.session()
        session.wants.macros[2] = ['i', 'auth_authen']
        self.assert_refused(session.submit(mail(sender=CEO)), '550 5.7.1',
                            'mail')

    def test_refusal_ends_the_message_not_the_session(self):
        session = self.session()
        self.assert_refused(session.submit(mail(sender=CEO)), '550 5.7.1')
        honest = mail()
        self.assert_signed(honest, session.submit(honest))


class HoldTest(DaemonTest):
    TEXT = DaemonTest.TEXT.replace('rights {', 'rights { mismatch = hold;', 1)

    def test_the_mta_keeps_forgeries_back(self):
        for one in (mail(message(CEO)), mail(sender=CEO)):
            result = self.submit(one)
            self.assertEqual(result.verdict, 'pass', result)
            self.assertEqual([edit[0] for edit in result.edits],
                             ['quarantine'])
            self.assertIn(b'ceo@corp.example', result.edits[0][1])

    def test_honest_mail_goes_on(self):
        honest = mail()
        self.assert_signed(honest, self.submit(honest))


class RewrittenPathTest(DaemonTest):
    TEXT = DaemonTest.TEXT.replace('rights {', 'rights { mismatch = '
                                   'rewrite-from; rewrite-mail-from = yes;', 1)
    EDIT = ('from', b'<alice@corp.example>', b'')

    def test_it_is_asked_for(self):
        session = self.session()
        self.assertTrue(session.wants.actions & milter.CHGFROM)
        session.quit()

    def test_mail_from_becomes_the_logins_own(self):
        for agent in mta.Postfix(), mta.Sendmail():
            for raw in message(), message(CEO), b'\r\n':
                one = mail(raw, sender=CEO)
                result = self.submit(one, agent)
                self.assert_signed(one, result)
                self.assertEqual(result.edits[-1], self.EDIT)
                self.assertEqual([edit[0] for edit in result.edits].count(
                    'from'), 1)

    def test_what_needs_no_change_is_left_alone(self):
        for sender in ALICE, '':
            one = mail(sender=sender)
            result = self.submit(one)
            self.assert_signed(one, result)
            self.assertNotIn('from', [edit[0] for edit in result.edits])

    def test_what_cannot_be_made_right_is_refused(self):
        self.assert_refused(self.submit(mail(
            message(extra=b'Sender: ceo@corp.example\r\n'), sender=CEO)),
            '550 5.7.1')
        self.assert_refused(self.submit(mail(sender='a b')), '501 5.1.7')

    def test_an_mta_that_does_not_allow_it(self):
        """It is served, and what it cannot change comes again later."""
        for offer in ({'actions': EVERYTHING & ~milter.CHGFROM},
                      {'version': 4, 'actions': 0x3f, 'steps': 0x37f}):
            session = self.session(**offer)
            honest = mail()
            result = session.submit(honest)
            result.space = session.wants.steps & milter.HDR_LEADSPC
            self.assert_signed(honest, result)
            seen = self.server.mark()
            result = session.submit(mail(sender=CEO))
            self.assertEqual(result.verdict, 'tempfail', result)
            self.assertRegex(result.reply.text, '^451 4.3.0')
            self.server.expect('claimed_mail_from=ceo@corp.example .*reason='
                               'apply .*does not let MAIL FROM be changed',
                               seen)
            session.quit()
        self.assertRegex(self.server.log(), r'lacks changing of MAIL FROM '
                         r'\(what needs it gets 451\): it is served without')


class UnsignedRewrittenPathTest(DaemonTest):
    """Where nothing else is to be done the end of a message is waited for."""
    TEXT = RewrittenPathTest.TEXT + 'sign { mode = monitor }\n'

    def test_the_path_alone(self):
        result = self.submit(mail(sender=CEO))
        self.assertEqual((result.verdict, result.edits),
                         ('pass', [RewrittenPathTest.EDIT]))


class UnsignedTest(DaemonTest):
    TEXT = DaemonTest.TEXT + 'sign { mode = monitor }\n'

    def test_a_body_that_nobody_reads_is_not_sent(self):
        """Date is missing, so the end is waited for; the body is not."""
        raw = message(body=b'0123456789012345678901234567890\r\n' * 20000)
        one = mail(re.sub(rb'Date: [^\r]*\r\n', b'', raw))
        with self.session() as session:
            sent = []
            step = session.step

            def counted(name, *arguments):
                sent.append(name)
                return step(name, *arguments)

            session.step = counted
            result = session.submit(one)
            session.quit()
        result.space = True
        self.assertEqual(result.verdict, 'pass', result)
        self.assertEqual(sent.count('body'), 1)
        for edited in self.changed(one, result):
            self.assertEqual(len(cases.values(edited.fields, 'Date')), 1)


class LimitsTest(DaemonTest):
    TEXT = DaemonTest.TEXT + """
bounds {
	header-bytes  = 20000
	header-fields = 20
	field-bytes   = 2000
	mailboxes     = 3
	name-bytes    = 1500
}
"""

    def extra(self, fields):
        return mail(message(extra=b''.join(
            name + b': ' + value + b'\r\n' for name, value in fields)))

    def test_number_of_fields(self):
        honest = self.extra([(b'X', b'y')] * 15)
        self.assert_signed(honest, self.submit(honest))
        self.assert_refused(self.submit(self.extra([(b'X', b'y')] * 16)),
                            '55[0-9] 5')
        self.assert_refused(self.submit(self.extra([(b'X', b'y')] * 5000)),
                            '55[0-9] 5')

    def test_one_field(self):
        value = b'\r\n '.join([b'x' * 70] * 25)
        honest = self.extra([(b'X', value)])
        self.assert_signed(honest, self.submit(honest))
        self.assert_refused(self.submit(self.extra([(b'X', value * 2)])),
                            '55[0-9] 5')

    def test_whole_header(self):
        value = b'\r\n '.join([b'x' * 70] * 25)
        honest = self.extra([(b'X', value)] * 10)
        self.assert_signed(honest, self.submit(honest))
        self.assert_refused(self.submit(self.extra([(b'X', value)] * 12)),
                            '55[0-9] 5')

    def test_mailboxes(self):
        three = ', '.join('alice+%d@corp.example' % n for n in range(3))
        honest = mail(message(three, extra=b'Sender: %s\r\n'
                              % ALICE.encode()))
        self.assert_signed(honest, self.submit(honest))
        many = ', '.join('alice+%d@corp.example' % n for n in range(4))
        self.assert_refused(
            self.submit(mail(message(many, extra=b'Sender: %s\r\n'
                                     % ALICE.encode()))), '55[0-9] 5')

    def test_names(self):
        honest = mail(message('"%s" <alice@corp.example>' % ('x' * 700)))
        self.assert_signed(honest, self.submit(honest))
        self.assert_refused(
            self.submit(mail(message('\r\n '.join(
                ['=?utf-8?q?' + 'x' * 50 + '?='] * 30) +
                ' <alice@corp.example>'))), '552 5.3.4')

    def test_author_beyond_the_limit(self):
        """What stands behind the last field that is kept is not overlooked."""
        tail = message(CEO)
        raw = b'From: alice@corp.example\r\n' + b'X: y\r\n' * 30 + tail
        self.assert_refused(self.submit(mail(raw)), '55[0-9] 5')

    def test_field_longer_than_a_packet_should_be(self):
        for size in (65000, 65536, 70000, 1 << 20):
            with self.subTest(size=size):
                try:
                    result = self.submit(self.extra([(b'X', b'y' * size)]))
                except milter.Closed:
                    continue
                self.assert_refused(result, '55[0-9] 5')
        self.assert_works()


class SignedFieldsTest(DaemonTest):
    def test_too_many_to_sign_stay_too_many(self):
        """A 451 would be tried again for days."""
        for count, reply in (900, ''), (990, '552 5.3.4'):
            with self.subTest(count=count):
                raw = mail(message(extra=b'Resent-To: b@corp.example\r\n' * count))
                result = self.submit(raw)
                if not reply:
                    self.assert_signed(raw, result)
                    continue
                self.assert_refused(result, reply)
                self.assertIn('more than 1000 header fields', result.reply.text)


class LogTest(DaemonTest):
    TEXT = DaemonTest.TEXT.replace('repair {', 'names { address = log }\n'
                                   'repair {', 1)

    def test_a_line_is_never_cut(self):
        """However much there is to warn of, the line says it was signed."""
        for fields in (2, 95):
            with self.subTest(fields=fields):
                since = self.server.mark()
                names = b''.join(
                    b'Resent-From: "%d%s@far.example" <alice@corp.example>\r\n'
                    % (n, b'x' * 60) for n in range(fields))
                honest = mail(message(extra=names))
                self.assert_signed(honest, self.submit(honest))
                line = self.log_line('signed=', since)
                self.assertEqual(line['action'], 'accept')
                self.assertIn('corp.example/s1', line['signed'])
                self.assertIn('0xxx', line['warning'])
                self.assertIn('ms', line)
                if fields == 2:
                    self.assertNotIn('warning_more', line)
                else:
                    self.assertGreater(int(line['warning_more']), 90)


class GrowthTest(DaemonTest):
    def test_what_grows_in_repair(self):
        """Raw 8-bit octets become encoded words of four times the length."""
        for octets in (5000, 24000):
            text = b'\r\n '.join([b'\xe9' * 70] * (octets // 70))
            with self.subTest(octets=octets):
                raw = mail(message(extra=b'Comments: %s\r\n' % text))
                if octets == 5000:
                    self.assert_signed(raw, self.submit(raw))
                else:
                    self.assert_refused(self.submit(raw), '552 5.3.4')


def negotiated(wire):
    wire.send(b'O', struct.pack('!III', 6, 0x1ff, 0x1fffff))
    return wire.receive()


CONNECT = (b'C', b'host\0' + b'4' + struct.pack('!H', 25) + b'192.0.2.7\0')
HELO = (b'H', b'client\0')
LOGIN = (b'D', b'M' + cstring('{auth_authen}') + cstring(ALICE)
         + cstring('{mail_addr}') + cstring(ALICE))
MAIL = (b'M', cstring('<%s>' % ALICE))
RCPT = (b'R', cstring('<friend@rcpt.example>'))
FROM = (b'L', b'From\0 ' + cstring(ALICE))
FORGED = (b'L', b'From\0 ' + cstring(CEO))
EOH = (b'N', b'')
BODY = (b'B', b'hello\r\n')
EOM = (b'E', b'')
START = [CONNECT, LOGIN, MAIL, RCPT]
WHOLE = [CONNECT, HELO, LOGIN, MAIL, RCPT, (b'T', b''), FROM, EOH, BODY, EOM]

# Each is sent after the negotiation, and EOM behind it; none of them may end
# in an accepted message.
MALFORMED = {
    'end of message first': [EOM],
    'end of message after connect': [CONNECT, EOM],
    'end of message without mail': [CONNECT, HELO, LOGIN, RCPT],
    'end of message after mail': [CONNECT, LOGIN, MAIL],
    'end of message after recipient': START,
    'body after recipient': START + [BODY],
    'end of message after a header': START + [FROM],
    'mail before connect': [LOGIN, MAIL, RCPT, FROM, EOH, BODY],
    'header before mail': [CONNECT, LOGIN, FROM, EOH, BODY],
    'body before mail': [CONNECT, LOGIN, BODY],
    'header after end of header': START + [FROM, EOH, FORGED],
    'header after body': START + [FROM, EOH, BODY, FORGED],
    'body twice around header': START + [FROM, EOH, BODY, FORGED, EOH, BODY],
    'forged in two halves': START + [FROM, EOH, EOH, FORGED, EOH],
    'aborted before the end': START + [FROM, EOH, BODY, (b'A', b'')],
    'quit before the end': START + [FROM, EOH, BODY, (b'Q', b'')],
    'new connection before the end': START + [FROM, EOH, (b'K', b'')],
    'negotiation again': START + [
        FROM, (b'O', struct.pack('!III', 6, 0x1ff, 0x1fffff))],
    'connect again': START + [FROM, EOH, CONNECT],
    'helo in the middle': START + [FROM, HELO],
    'mail without argument': [CONNECT, LOGIN, (b'M', b'')],
    'mail without NUL': [CONNECT, LOGIN, (b'M', b'<a@b>')],
    'mail with only a NUL': [CONNECT, LOGIN, (b'M', b'\0'), RCPT, FROM, EOH],
    'rcpt without argument': [CONNECT, LOGIN, MAIL, (b'R', b''), FROM, EOH],
    'header without value': START + [(b'L', b'From\0')],
    'header without NUL': START + [(b'L', b'From')],
    'header value without NUL': START + [(b'L', b'From\0a')],
    'header of nothing': START + [(b'L', b'')],
    'header without name': START + [(b'L', b'\0 a\0'), FROM, EOH],
    'two values': START + [(b'L', b'From\0 ' + cstring(ALICE)
                            + cstring(CEO)), FORGED, EOH],
    'connect without address': [(b'C', b'host'), LOGIN, MAIL, RCPT, FROM],
    'connect of nothing': [(b'C', b''), LOGIN, MAIL, RCPT, FROM],
    'unknown family': [(b'C', b'host\0Z\0\0x\0'), LOGIN, MAIL, RCPT, FROM],
    'no IPv4 address': [(b'C', b'host\x004\0\x19nonsense\0'), LOGIN, MAIL],
    'no IPv6 address': [(b'C', b'host\x006\0\x19nonsense\0'), LOGIN, MAIL],
    'long socket path': [(b'C', b'host\0L\0\0' + b'x' * 500 + b'\0'), LOGIN],
    'address without NUL': [(b'C', b'host\x004\0\x19192.0.2.7'), LOGIN, MAIL],
    'macros of nothing': [CONNECT, (b'D', b''), MAIL, RCPT, FROM, EOH],
    'macro without NUL': [CONNECT, (b'D', b'M{auth_authen}'), MAIL],
    'macros of no stage': [CONNECT, (b'D', b'z' + LOGIN[1][1:]), MAIL],
    'macros of another stage': [
        CONNECT, (b'D', b'R' + LOGIN[1][1:]), MAIL, RCPT, FROM, EOH],
    'macro without value': [
        CONNECT, (b'D', LOGIN[1] + cstring('i')), MAIL, RCPT, FROM, EOH],
    'macro behind the pairs, without NUL': [
        CONNECT, (b'D', LOGIN[1] + b'i'), MAIL, RCPT, FROM, EOH],
    'unknown command': START + [(b'z', b'')],
    'binary command': START + [(b'\xff', b'x' * 100)],
    'reply as a command': START + [(b'c', b''), (b'a', b'')],
}

# Octets in the place of a packet.
RAW = {
    'length 0': b'\0\0\0\0',
    'length 4 G': b'\xff\xff\xff\xff' + b'M' * 1000,
    'length 2 G': b'\x80\0\0\0' + b'L' * 1000,
    'length 1 G': b'\x40\0\0\0' + b'B' * 1000,
    'length of two packets': b'\0\0\0\x20M<a@b>\0',
    'text': b'EHLO client\r\nMAIL FROM:<a@b>\r\n',
    'TLS': b'\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03' + b'x' * 500,
    'NULs': b'\0' * 4000,
    'half a length': b'\0\0',
    'half a packet': b'\0\0\x10\0L',
}


class MalformedTest(DaemonTest):
    def end(self, wire):
        """What the milter answers to the end of the message, up to a
        pause; answers to what went before are passed over."""
        verdicts = []
        try:
            while not wire.silent(0.5):
                wire.receive()
            wire.send(*EOM)
            while not wire.silent(0.5):
                verdicts.append(wire.receive())
        except (milter.Closed, milter.ProtocolError):
            pass
        return verdicts

    def never_accepted(self, name, packets, before=b'', talk=True):
        with milter.Wire(self.server.address, timeout=5) as wire:
            try:
                if talk:
                    negotiated(wire)
                for packet in packets:
                    wire.send(*packet)
                wire.send_bytes(before)
            except milter.Closed:
                return name, []
            return name, self.end(wire)

    def run_all(self, calls):
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            for name, answers in pool.map(lambda call: self.never_accepted(
                    *call), calls):
                with self.subTest(name):
                    kinds = [command for command, _ in answers]
                    # No consent, and no edit before a refusal.
                    for command in b'cadihm':
                        self.assertNotIn(bytes([command]), kinds, answers)
        self.assert_works()

    def test_out_of_order_and_malformed(self):
        self.run_all([(name, packets)
                      for name, packets in MALFORMED.items()])

    def test_octets_that_are_no_packets(self):
        self.run_all([('%s after %d packets' % (name, count), WHOLE[:count],
                       octets)
                      for name, octets in RAW.items()
                      for count in (0, 1, 4, 8)])

    def test_without_negotiation(self):
        self.run_all([('without', WHOLE, b'', False),
                      ('short', [(b'O', b'\0\0\0\x06\0\0')], b'', False),
                      ('empty', [(b'O', b'')], b'', False),
                      ('version 0', [(b'O', struct.pack(
                          '!III', 0, 0x1ff, 0x1fffff))], b'', False),
                      ('version 1', [(b'O', struct.pack(
                          '!III', 1, 0x1ff, 0x1fffff))], b'', False)])

    def test_undamaged(self):
        """The whole conversation, as it should be, is signed: what these
        tests send differs from it in what they are about only."""
        for idle in (b'', milter.Wire.packet(b'D', b'M') * 20000):
            with milter.Wire(self.server.address) as wire:
                negotiated(wire)
                for packet in WHOLE[:-1]:
                    wire.send(*packet)
                wire.send_bytes(idle)
                wire.send(*EOM)
                kinds = []
                while b'i' not in kinds or kinds[-1] != b'c':
                    kinds.append(wire.receive()[0])
                    self.assertNotIn(kinds[-1], (b'r', b't', b'y'))

    def test_macros_that_are_no_pairs(self):
        """libmilter reads beyond the end of such a list when it looks for any
        macro. That ends the session and no other one, whatever the size of
        the list and the stage; before the mend, each of these ended the
        process at times, and all of them together always."""
        other = self.session()
        for stage in b'CHMRTNE':
            for names in 1, 2, 3, 4, 8, 20, 100:
                odd = b''.join(cstring('x%d' % number)
                               for number in range(2 * names - 1))
                with self.subTest(stage=stage, strings=2 * names - 1):
                    self.ends_the_session(bytes([stage]) + odd)
        honest = mail()
        self.assert_signed(honest, other.submit(honest))
        self.server.expect(r'user %d sent macros that are not pairs of name '
                           r'and value: its session is ended' % os.geteuid())

    def ends_the_session(self, macros):
        with milter.Wire(self.server.address, timeout=10) as wire:
            negotiated(wire)
            # What libmilter would read in the place of the missing value.
            noise = milter.Wire.packet(b'D', b'R' + cstring('\x01' * 40) * 400)
            try:
                wire.send_bytes(noise * 3 + milter.Wire.packet(b'D', macros))
                for packet in WHOLE:
                    wire.send(*packet)
            except milter.Closed:
                pass
            with self.assertRaises(milter.Closed):
                while True:
                    wire.receive()

    def damaged(self, octets, noise):
        octets = bytearray(octets)
        for _ in range(noise.randint(0, 3)):
            position = noise.randrange(len(octets))
            kind = noise.randrange(3)
            if kind == 0:
                octets[position] = noise.randrange(256)
            elif kind == 1:
                del octets[position]
            else:
                octets.insert(position, octets[position])
        return bytes(octets)

    def test_damaged_conversations(self):
        """A thousand with octets changed, lost or doubled."""
        whole = b''.join(milter.Wire.packet(*packet) for packet in WHOLE)

        def one(seed):
            noise = random.Random(seed)
            with milter.Wire(self.server.address, timeout=5) as wire:
                try:
                    negotiated(wire)
                    wire.send_bytes(self.damaged(whole, noise))
                    wire.socket.shutdown(socket.SHUT_WR)
                    while wire.socket.recv(65536):
                        pass
                except (milter.Closed, ConnectionError):
                    pass
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            list(pool.map(one, range(1000)))
        self.assert_works()


class DisconnectTest(DaemonTest):
    def descriptors(self):
        return len(os.listdir('/proc/%d/fd' % self.server.process.pid))

    def test_at_each_stage(self):
        self.assert_works()
        before = self.descriptors()
        for hard in (False, True):
            for count in range(len(WHOLE) + 1):
                with milter.Wire(self.server.address) as wire:
                    negotiated(wire)
                    for packet in WHOLE[:count]:
                        wire.send(*packet)
                    if hard:
                        wire.socket.setsockopt(
                            socket.SOL_SOCKET, socket.SO_LINGER,
                            struct.pack('ii', 1, 0))
        self.assert_works()
        end = time.monotonic() + 10
        while self.descriptors() > before and time.monotonic() < end:
            time.sleep(0.05)
        self.assertLessEqual(self.descriptors(), before)

    def test_before_negotiation(self):
        for _ in range(200):
            milter.Wire(self.server.address).close()
        self.assert_works()


if __name__ == '__main__':
    unittest.main()
