#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Tests of the test tools: the milter client and what mta.py knows of MTAs.

They need no submilter: a scripted milter answers.
"""

import base64
import os
import socket
import struct
import tempfile
import threading
import unittest

import dkim

import cases
import daemon
import milter
import mta


class Scripted:
    """A milter that answers each command from a table and notes them.

    `replies` maps a command letter to the packets that answer it; the list
    for a command is used up one item a time, the last one stays.
    """

    def __init__(self, negotiation, replies):
        self.directory = tempfile.TemporaryDirectory(prefix='submilter-')
        path = os.path.join(self.directory.name, 's')
        self.address = 'unix:' + path
        self.negotiation = negotiation
        self.replies = {key: list(value) for key, value in replies.items()}
        self.seen = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(path)
        self._listener.listen(1)
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self):
        connection, _ = self._listener.accept()
        with connection, connection.makefile('rwb') as stream:
            while True:
                try:
                    head = stream.read(4)
                except ConnectionResetError:
                    return
                if len(head) < 4:
                    return
                packet = stream.read(struct.unpack('!I', head)[0])
                command, data = packet[:1], packet[1:]
                self.seen.append((command, data))
                if command == b'Q':
                    return
                if command == b'O':
                    answers = [(b'O', self.negotiation)]
                else:
                    script = self.replies.get(command, [()])
                    answers = script.pop(0) if len(script) > 1 else script[0]
                for kind, content in answers:
                    stream.write(milter.Wire.packet(kind, content))
                stream.flush()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self._thread.join(10)
        self._listener.close()
        self.directory.cleanup()

    def commands(self):
        return b''.join(command for command, _ in self.seen)


CONTINUE = [[(b'c', b'')]]
EVERY_REPLY = {command: CONTINUE for command in
               (b'C', b'H', b'M', b'R', b'T', b'L', b'N', b'B', b'E', b'U')}
RAW = b'From: a@x\r\nSubject: s\r\n\r\n' + b'y' * 70000 + b'\r\n'


def negotiation(actions=0, steps=0, macros=b''):
    return struct.pack('!III', 6, actions, steps) + macros


def a_mail(raw=RAW, form=mta.verbatim, rcpts=('b@y',)):
    return mta.Mail(form(raw), 'a@x', rcpts, login='alice')


def conversation(agent, offer, replies=None, mail=None):
    """Submits one message to a scripted milter: result and what it saw."""
    with Scripted(offer, {**EVERY_REPLY, **(replies or {})}) as peer:
        with milter.Session(peer.address, agent, timeout=5) as session:
            session.set_macros(**agent.session_macros())
            session.connect()
            session.helo()
            result = session.submit(mail or a_mail())
            session.quit()
        return result, peer


class SessionTest(unittest.TestCase):
    def test_every_step_in_order(self):
        result, peer = conversation(mta.Sendmail(), negotiation())
        self.assertEqual(result.verdict, 'pass')
        self.assertEqual(peer.commands(), b'ODCDHDMDRTLLNBBDEQ')

    def test_postfix_sends_macros_with_everything(self):
        _, peer = conversation(mta.Postfix(), negotiation())
        self.assertEqual(peer.commands(),
                         b'ODCDHDMDRDTDLDLDNDBDBDEAAQ')

    def test_last_piece_with_the_end(self):
        _, peer = conversation(mta.LastPieceWithEnd(), negotiation())
        self.assertEqual(peer.commands().replace(b'D', b''),
                         b'OCHMRTLLNBEAAQ')
        sizes = [len(data) for command, data in peer.seen
                 if command in (b'B', b'E')]
        self.assertEqual(sizes, [65535, 70002 - 65535])

    def test_left_out_steps_and_replies(self):
        steps = (milter.NOHELO | milter.NODATA | milter.NR_HDR
                 | milter.NR_RCPT | milter.NR_CONN)
        silent = {b'C': [()], b'L': [()], b'R': [()]}
        result, peer = conversation(mta.Sendmail(), negotiation(0, steps),
                                    silent)
        self.assertEqual(result.verdict, 'pass')
        self.assertEqual(peer.commands().replace(b'D', b''), b'OCMRLLNBBEQ')

    def test_reply_that_nobody_asked_for(self):
        # The stray reply is taken for the next one, and one is left over.
        with self.assertRaises(milter.ProtocolError):
            conversation(mta.Sendmail(), negotiation(0, milter.NR_HDR))

    def test_requested_macros_only(self):
        wanted = (struct.pack('!I', 0) + b'j v\0'
                  + struct.pack('!I', 2) + b'{auth_authen},{mail_addr}\0')
        _, peer = conversation(mta.Postfix(),
                               negotiation(milter.SETSYMLIST, 0, wanted))
        macros = [data for command, data in peer.seen if command == b'D']
        self.assertIn(b'Cj\0mail.corp.example\0v\0Postfix 3.7.11\0', macros)
        self.assertIn(b'M{auth_authen}\0alice\0{mail_addr}\0a@x\0', macros)
        # Stages that were not asked about get the MTA's own list.
        self.assertTrue(any(data.startswith(b'R{rcpt_addr}')
                            for data in macros))

    def test_leading_space(self):
        for steps, expected in ((0, b'Subject\0s\0'),
                                (milter.HDR_LEADSPC, b'Subject\0 s\0')):
            _, peer = conversation(mta.Sendmail(), negotiation(0, steps))
            self.assertIn((b'L', expected), peer.seen)

    def test_skip_ends_the_body(self):
        raw = b'A: b\r\n\r\n' + b'y' * 200000
        result, peer = conversation(
            mta.Sendmail(), negotiation(0, milter.SKIP),
            {b'B': [[(b's', b'')]]}, a_mail(raw))
        self.assertEqual(result.verdict, 'pass')
        self.assertEqual(peer.commands().count(b'B'), 1)

    def test_skip_at_the_end_is_no_verdict(self):
        # Postfix would let such a message go on unchecked.
        with self.assertRaises(milter.ProtocolError):
            conversation(mta.LastPieceWithEnd(),
                         negotiation(0, milter.SKIP),
                         {b'E': [[(b's', b'')]]})

    def test_refusals(self):
        refuse = [[(b'y', b'550 5.7.1 100%% no\0')]]
        for command, stage in ((b'M', 'mail'), (b'R', 'rcpt'), (b'T', 'data'),
                               (b'L', 'header'), (b'N', 'eoh'), (b'B', 'body'),
                               (b'E', 'eom')):
            result, peer = conversation(mta.Sendmail(), negotiation(),
                                        {command: refuse})
            self.assertEqual((result.verdict, result.stage),
                             ('reject', stage))
            self.assertEqual(result.reply.text, '550 5.7.1 100% no')
            self.assertEqual(b'A' in peer.commands(), stage != 'eom')

    def test_one_recipient_refused(self):
        result, _ = conversation(
            mta.Sendmail(), negotiation(),
            {b'R': [[(b'r', b'')], [(b'c', b'')]]},
            a_mail(rcpts=('b@y', 'c@y')))
        self.assertEqual((result.verdict, result.rcpts), ('pass', ['c@y']))

    def test_bad_replies(self):
        for reply in (b'550 4.7.1 class\0', b'550 5.7.1 50% off\0',
                      b'250 2.0.0 ok\0', b'550 5.7.1 open', b'550 no\0',
                      b'550 5.7.1 a\nb\0', b'550 5.7.1 \0'):
            with self.subTest(reply=reply), \
                    self.assertRaises(milter.ProtocolError):
                conversation(mta.Sendmail(), negotiation(),
                             {b'E': [[(b'y', reply)]]})

    def test_several_lines(self):
        result, _ = conversation(
            mta.Sendmail(), negotiation(),
            {b'E': [[(b'y', b'450-4.7.1 one\r\n450 4.7.1 two\0')]]})
        self.assertEqual(result.verdict, 'tempfail')

    def test_edits(self):
        index = struct.pack('!I', 2)
        packets = [(b'p', b''), (b'h', b'A\0 1\0'), (b'i', index + b'B\0 2\0'),
                   (b'm', index + b'C\0\0'), (b'b', b'xyz'), (b'e', b'<f>\0'),
                   (b'+', b'<g>\0'), (b'2', b'<h>\0NOTIFY=NEVER\0'),
                   (b'-', b'<i>\0'), (b'q', b'why\0'), (b'c', b'')]
        result, _ = conversation(mta.Sendmail(), negotiation(0xff),
                                 {b'E': [packets]})
        self.assertEqual(result.edits, [
            ('add', b'A', b' 1'), ('insert', 2, b'B', b' 2'),
            ('change', 2, b'C', b''), ('body', b'xyz'), ('from', b'<f>', b''),
            ('addrcpt', b'<g>', b''), ('addrcpt', b'<h>', b'NOTIFY=NEVER'),
            ('delrcpt', b'<i>'), ('quarantine', b'why')])

    def test_edits_that_are_not_allowed(self):
        add = [[(b'h', b'A\0 1\0'), (b'c', b'')]]
        for actions, command in ((milter.CHGHDRS, b'E'),
                                 (milter.ADDHDRS, b'N')):
            with self.assertRaises(milter.ProtocolError):
                conversation(mta.Sendmail(), negotiation(actions),
                             {command: add})

    def test_close(self):
        with Scripted(negotiation(), {}) as peer:
            with milter.Session(peer.address, mta.Postfix()) as session:
                session.send(b'Q')
                with self.assertRaises(milter.Closed):
                    session.receive()


class HandOverTest(unittest.TestCase):
    CASES = (
        # raw, verbatim fields and body, Postfix fields and body
        ('plain', b'A: 1\r\nB:2\r\n\r\nbody\r\n',
         [(b'A', b' 1'), (b'B', b'2')], b'body\r\n',
         [(b'A', b' 1'), (b'B', b'2')], b'body\r\n'),
        ('folded', b'A: 1\r\n\t2\r\n \r\nB:\r\n\r\n',
         [(b'A', b' 1\n\t2\n '), (b'B', b'')], b'',
         [(b'A', b' 1\n\t2\n '), (b'B', b'')], b''),
        ('space before colon', b'A: 1\r\nFrom : a\r\nB\t: b\r\n\r\n',
         [(b'A', b' 1'), (b'From ', b' a'), (b'B\t', b' b')], b'',
         [(b'A', b' 1'), (b'From', b' a'), (b'B', b' b')], b''),
        ('the same in the first line', b'From : a\r\n\r\n',
         [(b'From ', b' a')], b'', [(b'X-Mailbox-Line', b' From : a')], b''),
        ('junk ends the header', b'A: 1\r\njunk\r\nB: 2\r\n\r\nx\r\n',
         [(b'A', b' 1')], b'junk\r\nB: 2\r\n\r\nx\r\n',
         [(b'A', b' 1')], b'junk\r\nB: 2\r\n\r\nx\r\n'),
        ('nameless field', b': c\r\nA: 1\r\n\r\n',
         [], b': c\r\nA: 1\r\n\r\n', [], b': c\r\nA: 1\r\n\r\n'),
        ('bare LF', b'A: 1\nB: 2\r\n\r\nx\ny\r\n',
         [(b'A', b' 1\nB: 2')], b'x\ny\r\n',
         [(b'A', b' 1'), (b'B', b' 2')], b'x\r\ny\r\n'),
        ('bare CR', b'A: 1\r2\r\r\nB: 3\r\n\r\n',
         [(b'A', b' 1\r2\r'), (b'B', b' 3')], b'',
         [(b'A', b' 1 2'), (b'B', b' 3')], b''),
        ('NUL', b'A: 1\0002\r\nB\0C: 3\r\n\r\n',
         [(b'A', b' 1'), (b'B', b' 3')], b'',
         [(b'A', b' 1')], b'B\0C: 3\r\n\r\n'),
        ('mailbox line', b'From a b\r\nA: 1\r\n\r\n',
         [], b'From a b\r\nA: 1\r\n\r\n',
         [(b'X-Mailbox-Line', b' From a b'), (b'A', b' 1')], b''),
        ('leading blank', b' A: 1\r\n\r\nx\r\n',
         [], b' A: 1\r\n\r\nx\r\n', [], b' A: 1\r\n\r\nx\r\n'),
        ('removed', b'Bcc: a\r\nA: 1\r\nreturn-PATH: x\r\n\r\n',
         [(b'Bcc', b' a'), (b'A', b' 1'), (b'return-PATH', b' x')], b'',
         [(b'A', b' 1')], b''),
        ('no header', b'\r\nx\r\n', [], b'x\r\n', [], b'x\r\n'),
        ('no last line end', b'A: 1\r\n\r\nx',
         [(b'A', b' 1')], b'x', [(b'A', b' 1')], b'x\r\n'),
    )

    def test_forms(self):
        for name, raw, fields, body, pf_fields, pf_body in self.CASES:
            with self.subTest(name=name):
                content = mta.verbatim(raw)
                self.assertEqual((content.fields, content.body),
                                 (fields, body))
                content = mta.postfix(raw)
                self.assertEqual((content.fields, content.body),
                                 (pf_fields, pf_body))

    def test_postfix_cuts_long_fields(self):
        content = mta.postfix(b'From: ' + b'x' * 70000
                              + b'\r\n y\r\nB: 1\r\n\r\n')
        self.assertEqual(content.fields, [(b'From', b' ' + b'x' * 59994),
                                          (b'B', b' 1')])
        content = mta.postfix(b'Subject: ' + b'\r\n '.join([b'w' * 900] * 80)
                              + b'\r\n\r\n')
        self.assertEqual(len(content.fields[0][1]), 59539 - 8)

    def test_understood(self):
        for typed, addr in (('a@x', 'a@x'), ('', ''), ('(ceo@x', ''),
                            ('@v,@w:a@x', 'a@x'), ('a(c)@x', 'a@x'),
                            ('"a(b"@x', '"a(b"@x')):
            self.assertEqual(mta.understood(typed), addr)


class EditsTest(unittest.TestCase):
    """What the MTAs were measured to do with each call."""
    RAW = b'X: 1\r\nSubject: s\r\nX: 2\r\nX: 3\r\n\r\nbody\r\n'

    def fields(self, agent, *edits, raw=RAW):
        mail = a_mail(raw)
        result = milter.Result('pass', 'eom', None, mail.rcpts, edits)
        edited = agent.changed(mail, result, True)
        return [(name.decode(), value.decode().strip())
                for name, value in edited.fields
                if value not in mta.Sendmail.Edited.DEFAULTS.values()]

    def names(self, agent, *edits):
        return ' '.join('%s=%s' % field
                        for field in self.fields(agent, *edits))

    def both(self, expected, *edits):
        for agent in (mta.Postfix(), mta.Sendmail()):
            with self.subTest(agent=agent.name):
                self.assertEqual(self.names(agent, *edits), expected)

    def test_nothing(self):
        self.both('X=1 Subject=s X=2 X=3')

    def test_change(self):
        # The name is the milter's on Postfix and the original on Sendmail.
        self.assertEqual(self.names(mta.Postfix(),
                                    ('change', 2, b'x', b' n')),
                         'X=1 Subject=s x=n X=3')
        self.assertEqual(self.names(mta.Sendmail(),
                                    ('change', 2, b'x', b' n')),
                         'X=1 Subject=s X=n X=3')

    def test_change_zero_is_one(self):
        self.both('X=n Subject=s X=2 X=3', ('change', 0, b'X', b' n'))

    def test_deletes_downwards_agree(self):
        self.both('Subject=s', ('change', 3, b'X', b''),
                  ('change', 2, b'X', b''), ('change', 1, b'X', b''))

    def test_deletes_upwards_do_not(self):
        edits = (('change', 1, b'X', b''), ('change', 2, b'X', b''))
        self.assertEqual(self.names(mta.Postfix(), *edits), 'Subject=s X=2')
        self.assertEqual(self.names(mta.Sendmail(), *edits), 'Subject=s X=3')

    def test_change_of_a_deleted_one(self):
        edits = (('change', 1, b'X', b''), ('change', 1, b'X', b' n'))
        self.assertEqual(self.names(mta.Postfix(), *edits),
                         'Subject=s X=n X=3')
        self.assertEqual(self.names(mta.Sendmail(), *edits),
                         'X=n Subject=s X=2 X=3')

    def test_change_beyond_the_last(self):
        edit = ('change', 9, b'X', b' n')
        self.assertEqual(self.names(mta.Postfix(), edit),
                         'X=1 Subject=s X=2 X=3 X=n')
        self.assertEqual(self.names(mta.Sendmail(), edit),
                         'X=n X=1 Subject=s X=2 X=3')
        self.both('X=1 Subject=s X=2 X=3', ('change', 9, b'X', b''))

    def test_add(self):
        self.both('X=1 Subject=s X=2 X=3 New=n', ('add', b'New', b' n'))
        edit = ('add', b'X', b' n')
        self.assertEqual(self.names(mta.Postfix(), edit),
                         'X=1 Subject=s X=2 X=3 X=n')
        self.assertEqual(self.names(mta.Sendmail(), edit),
                         'X=n X=1 Subject=s X=2 X=3')

    def test_insert_counts_what_sendmail_provides(self):
        # Seen on the wire of a Sendmail 8.17.1.9.
        edits = [('insert', index, b'I%d' % index, b' %d' % index)
                 for index in (0, 1, 2, 5, 20)]
        mail = a_mail(b'Subject: s\r\nFrom: a@x\r\nX: y\r\n\r\n')
        result = milter.Result('pass', 'eom', None, mail.rcpts, [
            *edits, ('add', b'Date', b' d'),
            ('change', 1, b'Message-ID', b' <m>'), ('add', b'X', b' added')])
        edited = mta.Sendmail().changed(mail, result, True)
        self.assertEqual(b' '.join(name for name, _ in edited.fields),
                         b'I0 I1 I2 I5 Date Message-Id Subject From X X I20')

    def test_insert(self):
        self.both('New=n X=1 Subject=s X=2 X=3', ('insert', 0, b'New', b' n'))
        self.both('New=n X=1 Subject=s X=2 X=3', ('insert', 1, b'New', b' n'))
        self.both('X=1 Subject=s X=2 X=3 New=n',
                  ('insert', 900, b'New', b' n'))

    def dates(self, agent, *edits):
        mail = a_mail(self.RAW)
        result = milter.Result('pass', 'eom', None, mail.rcpts, edits)
        return [name for name, _ in agent.changed(mail, result, True).fields
                ].count(b'Date')

    def test_missing_date(self):
        self.assertEqual(self.dates(mta.Postfix()), 0)
        self.assertEqual(self.dates(mta.Sendmail()), 1)
        for edit, on_sendmail in ((('insert', 0, b'Date', b' d'), 2),
                                  (('add', b'Date', b' d'), 1),
                                  (('change', 1, b'Date', b' d'), 1)):
            self.assertEqual(self.dates(mta.Postfix(), edit), 1)
            self.assertEqual(self.dates(mta.Sendmail(), edit), on_sendmail)

    def test_own_received_is_not_counted_for_change(self):
        raw = b'Received: theirs\r\nX: 1\r\n\r\n'
        for agent in (mta.Postfix(), mta.Sendmail()):
            self.assertEqual(
                self.fields(agent, ('change', 1, b'Received', b''), raw=raw),
                [('X', '1')])

    def test_no_header_injection(self):
        for agent, blank in ((mta.Postfix(), '\t'), (mta.Sendmail(), ' ')):
            self.assertEqual(
                self.fields(agent, ('add', b'A', b' 1\nFrom: x'))[-1],
                ('A', '1\n%sFrom: x' % blank))

    def test_body_and_envelope(self):
        for agent in (mta.Postfix(), mta.Sendmail()):
            mail = a_mail(self.RAW, rcpts=('b@y', 'c@y'))
            result = milter.Result('pass', 'eom', None, mail.rcpts, [
                ('body', b'a\r'), ('body', b'\nb\nc'), ('from', b'<f@x>', b''),
                ('delrcpt', b'<b@y>'), ('addrcpt', b'<d@y>', b'')])
            edited = agent.changed(mail, result, True)
            self.assertEqual(edited.body, b'a\r\nb\r\nc\r\n')
            self.assertEqual(edited.sender, 'f@x')
            self.assertEqual(edited.rcpts, ['c@y', 'd@y'])

    def test_wire_form(self):
        mail = a_mail(b'A: 1\r\n\t2\r\n\r\nx\r\n')
        result = milter.Result('pass', 'eom', None, mail.rcpts, [])
        edited = mta.Postfix().changed(mail, result, True)
        self.assertEqual(mta.wire_form(edited), b'A: 1\r\n\t2\r\n\r\nx\r\n')


class JudgementTest(unittest.TestCase):
    """cases.py sees what is wrong, and only that."""
    RAW = (b'From: Alice <alice@corp.example>\r\nSubject: s\r\n'
           b'Date: Mon, 23 Nov 2026 10:15:30 +0100\r\n\r\nbody\r\n')

    @classmethod
    def setUpClass(cls):
        directory = tempfile.TemporaryDirectory(prefix='submilter-')
        cls.addClassCleanup(directory.cleanup)
        cls.keys = daemon.Keys(os.path.join(directory.name, 'keys'))
        cls.paths = {
            (domain, name): cls.keys.add(domain, name, algorithm)
            for domain in ('corp.example', 'team.example')
            for name, algorithm in (('s1', 'RSA'), ('e1', 'ED25519'))}

    def signature(self, domain, selector):
        with open(self.paths[domain, selector], 'rb') as file:
            key = file.read()
        algorithm = b'rsa-sha256'
        if selector == 'e1':
            # python3-dkim wants the bare key: the last 32 octets.
            algorithm = b'ed25519-sha256'
            key = key.splitlines()[1]
            key = base64.b64encode(base64.b64decode(key)[-32:])
        signed = dkim.sign(self.RAW, selector.encode(), domain.encode(), key,
                           canonicalize=(b'relaxed', b'relaxed'),
                           signature_algorithm=algorithm,
                           include_headers=[b'From', b'Subject', b'Date'])
        return signed.partition(b':')[2].rstrip().replace(b'\r\n', b'\n')

    def faults(self, *signatures, more=()):
        mail = mta.Mail(mta.verbatim(self.RAW), 'alice@corp.example', ['b@y'])
        edits = [('insert', 0, b'DKIM-Signature', value)
                 for value in signatures]
        result = milter.Result('pass', 'eom', None, ['b@y'],
                               [*more, *edits])
        found = []
        for agent in (mta.Postfix(), mta.Sendmail()):
            found.append(cases.signature_faults(
                agent.changed(mail, result, True), self.keys))
        return found

    def test_good_signatures(self):
        good = [self.signature('corp.example', name) for name in ('s1', 'e1')]
        for order in (good, good[::-1]):
            self.assertEqual(self.faults(*order)[0], [])
        # Sendmail adds a Message-Id; here nothing oversigns it.
        self.assertEqual(self.faults(*good)[1], [])

    def test_bad_signatures(self):
        rsa = self.signature('corp.example', 's1')
        edwards = self.signature('corp.example', 'e1')
        foreign = self.signature('team.example', 's1')
        changed = rsa.replace(b'bh=', b'bh=A')
        for signatures, more, pattern in (
                ((), (), 'without a signature'),
                ((rsa,), (), "signed with .'rsa-sha256'"),
                ((foreign, edwards), (), 'd=team.example'),
                ((changed, edwards), (), 'signature'),
                ((rsa, edwards), [('change', 1, b'Subject', b' t')],
                 'does not verify'),
                ((rsa, edwards), [('body', b'other')], 'signature'),
                ((rsa, edwards), [('add', b'X', b' y')], None)):
            for faults in self.faults(*signatures, more=more):
                if pattern:
                    self.assertRegex(' '.join(faults), pattern)
                else:
                    self.assertEqual(faults, [])

    def check(self, spec, *edits, raw=RAW):
        handed = mta.verbatim(raw)
        mail = mta.Mail(handed, 'alice@corp.example', ['b@y'])
        result = milter.Result('pass', 'eom', None, ['b@y'], edits)
        return cases.check(spec, handed, mail, mta.Postfix().changed(
            mail, result, True))

    def test_checks(self):
        delete = ('change', 1, b'Subject', b'')
        change = ('change', 1, b'Subject', b' t')
        for spec, edit in (
                ('count:Subject=1', delete), ('same:Subject', change),
                ('re:Subject:^ ?s$', change), ('nre:Subject:t', change),
                ('hdrs-same', change), ('hdrs-same', delete),
                ('body-same', ('body', b'b')),
                ('env:alice@corp.example', ('from', b'<c@y>', b'')),
                ('rcpts:same', ('delrcpt', b'<b@y>')),
                ('rcpts:same', ('addrcpt', b'<c@y>', b'')),
                ('body-has:body', ('body', b'b')),
                ('date-ok:Date', ('change', 1, b'Date', b' soon')),
                ('date-ok:Date', ('add', b'Date', b' Mon, 23 Nov 2026 '
                                  b'10:15:30 +0100')),
                ('hdr-line-max:80', ('add', b'X', b' ' + b'x' * 80)),
                ('junk-not-in-header:junk', ('add', b'junk', b' x')),
                ('no-bare-cr', ('add', b'X', b' x\ry')),
                ('nobytes:7a7a@header', ('add', b'X', b' zz')),
                ('no-nul@header', ('add', b'X', b' \0'))):
            with self.subTest(spec=spec):
                self.assertIsNone(self.check(spec))
                self.assertIsNotNone(self.check(spec, edit))
        with self.assertRaises(ValueError):
            self.check('no-such-check')

    def test_dates(self):
        for text, valid in ((' Mon, 23 Nov 2026 10:15:30 +0100', True),
                            (' 3 Nov 2026 10:15 -0000 (UTC)', True),
                            (' Tue, 23 Nov 2026 10:15:30 +0100', False),
                            (' Mon, 31 Nov 2026 10:15:30 +0100', False),
                            (' Mon, 23 Nov 26 10:15:30 +0100', False),
                            (' Mon, 23 Nov 2026 10:15:30 CET', False),
                            ('', False)):
            self.assertEqual(cases.date_is_valid(text), valid, text)

    def test_the_manifest(self):
        names = [case['name'] for case in cases.load()]
        self.assertEqual(len(set(names)), 155)


if __name__ == '__main__':
    unittest.main()
