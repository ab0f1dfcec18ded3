#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Runs the message cases of tests/cases through a running submilter.

Each case is handed over in two forms: `verbatim`, by a Sendmail-like MTA that
changes as little as the protocol can express, and `postfix`, as Postfix does
(mta.py). What the milter then asks to change is applied as Postfix does it
and as Sendmail does it, and must be right both times.

usage: cases.py [-v] [NAME ...]      with names: only those, with details
The environment variable SUBMILTER names the program.
"""

import email.utils
import json
import os
import re
import sys

import dkim

import daemon
import milter
import mta

CASES = os.path.join(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))), 'cases')
FORMS = ('verbatim', 'postfix')
OURS = ('corp.example', 'team.example')
ALGORITHMS = {'rsa-sha256', 'ed25519-sha256'}


def load():
    with open(os.path.join(CASES, 'manifest.jsonl'), encoding='utf-8') as file:
        cases = [json.loads(line) for line in file]
    for case in cases:
        with open(os.path.join(CASES, case['file']), 'rb') as file:
            case['raw'] = file.read()
    return cases


# What goes on, compared with what was handed over.

def base_name(name):
    """Field name for counting: white space before the colon ignored, any
    case."""
    return name.strip(b' \t\n').lower()


def values(fields, name):
    wanted = name.encode().lower()
    return [value for field, value in fields if base_name(field) == wanted]


def unfolded(value):
    return re.sub(rb'\r?\n(?=[ \t])', b'', value).decode('utf-8',
                                                         'surrogateescape')


def date_is_valid(value):
    """RFC 5322 section 3.3, the current syntax, and a real day."""
    text = re.sub(r'\([^()]*\)', ' ', value).strip()
    match = re.fullmatch(
        r'(?:(Mon|Tue|Wed|Thu|Fri|Sat|Sun),\s+)?(\d{1,2})\s+'
        r'(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\s+(\d{4,})\s+'
        r'(\d\d):(\d\d)(?::(\d\d))?\s+([+-])(\d\d)(\d\d)', text)
    if not match:
        return False
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return False
    return match[1] is None or moment.strftime('%a') == match[1]


def check(spec, handed, mail, edited):
    """None, or why the check does not hold."""
    kind, _, rest = spec.partition(':')
    name, _, pattern = rest.partition(':')
    out = mta.wire_form(edited)
    header, _, _ = out.partition(b'\r\n\r\n')
    lines = header.split(b'\r\n')
    if kind == 'count':
        name, _, number = rest.partition('=')
        found = len(values(edited.fields, name))
        if found != int(number):
            return '%d fields %s instead of %s' % (found, name, number)
    elif kind == 'same':
        if values(edited.fields, rest) != values(handed.fields, rest):
            return '%s was %r, is %r' % (rest, values(handed.fields, rest),
                                         values(edited.fields, rest))
    elif kind in ('re', 'nre'):
        found = [unfolded(value) for value in values(edited.fields, name)
                 if re.search(pattern, unfolded(value), re.I)]
        if bool(found) != (kind == 're'):
            return '%s: %r' % (name, [unfolded(value) for value
                                      in values(edited.fields, name)])
    elif kind == 'hdrs-same':
        left = iter(edited.fields)
        for field in handed.fields:
            if field not in left:
                return 'changed or out of order: %r' % (field,)
    elif kind == 'body-same':
        if edited.body != handed.body:
            return 'the body changed'
    elif kind == 'env':
        if edited.sender != rest:
            return 'the sender is %s' % edited.sender
    elif spec == 'rcpts:same':
        if edited.rcpts != mail.rcpts:
            return 'the recipients are %r' % edited.rcpts
    elif kind == 'no-nul@header':
        if b'\0' in header:
            return 'NUL in the header'
    elif kind in ('nobytes', 'nobytes@header'):
        value = rest.removesuffix('@header')
        where = header if '@header' in spec else out
        if bytes.fromhex(value) in where:
            return 'these bytes are there'
    elif kind == 'no-bare-lf':
        if re.search(rb'(?<!\r)\n', out):
            return 'bare LF'
    elif kind == 'no-bare-cr':
        if re.search(rb'\r(?!\n)', out):
            return 'bare CR'
    elif kind in ('junk-not-in-header', 'first-line-not'):
        if any(line.startswith(rest.encode()) for line in lines):
            return 'a header line begins so'
    elif kind == 'body-has':
        if rest.encode() not in edited.body:
            return 'not in the body'
    elif kind == 'date-ok':
        found = values(edited.fields, rest)
        if len(found) != 1 or not date_is_valid(unfolded(found[0])):
            return '%s: %r' % (rest, found)
    elif kind == 'hdr-line-max':
        longest = max(map(len, lines))
        if longest > int(rest):
            return 'a header line of %d octets' % longest
    else:
        raise ValueError('unknown check: ' + spec)
    return None


def signatures(edited):
    """The DKIM-Signature fields that the milter added."""
    return [value for name, value in edited.added
            if base_name(name) == b'dkim-signature']


def tags(value):
    pairs = (part.partition('=') for part in unfolded(value).split(';')
             if part.strip())
    return {name.strip(): re.sub(r'\s', '', text) for name, _, text in pairs}


def signature_faults(edited, keys):
    """What is wrong with the signatures of a message that goes on."""
    faults = []
    ours = signatures(edited)
    if not ours:
        return ['accepted without a signature']
    authors = values(edited.fields, 'From')
    domains = [domain.lower() for value in authors for domain
               in re.findall(r'@([A-Za-z0-9.-]+)>?\s*(?:,|$|\()',
                             unfolded(value))]
    found = set()
    message = mta.wire_form(edited)
    index = -1
    for name, value in edited.fields:
        if base_name(name) != b'dkim-signature':
            continue
        index += 1
        if value not in ours:
            continue
        tag = tags(value)
        found.add(tag.get('a'))
        if tag.get('d') not in OURS or tag.get('d') not in domains:
            faults.append('signed as d=%s for From %r'
                          % (tag.get('d'), authors))
        if 'from' not in tag.get('h', '').lower().split(':'):
            faults.append('From is not signed')
        try:
            if not dkim.DKIM(message).verify(idx=index, dnsfunc=keys.lookup):
                faults.append('%s signature does not verify' % tag.get('a'))
        except (dkim.DKIMException, ValueError) as error:
            faults.append('%s signature: %s' % (tag.get('a'), error))
    if found != ALGORITHMS:
        faults.append('signed with %s' % sorted(map(str, found)))
    return faults


# One case.

class Run:
    """One case in one form: what happened, and what is wrong with it."""

    def __init__(self, case, form, address, keys):
        self.case = case
        self.form = form
        self.faults = []
        self.edited = []
        self.result = None
        self.handed = getattr(mta, form)(case['raw'])
        agent = mta.Sendmail() if form == 'verbatim' else mta.Postfix()
        self.mail = mta.Mail(self.handed, case['mail_from'], case['rcpt'],
                             case['auth'], case.get('mail_args', ()))
        try:
            self.submit(agent, address, keys)
        except (milter.ProtocolError, milter.Closed, OSError) as error:
            self.faults.append('%s: %s' % (type(error).__name__, error))

    def submit(self, agent, address, keys):
        client = self.case.get('client', {})
        ip = client.get('ip', '192.0.2.7')
        helo = client.get('helo', 'client.rcpt.example')
        with milter.Session(address, agent) as session:
            session.set_macros(**agent.session_macros(address=ip))
            session.set_macros(**{name: client[name] for name in client
                                  if name not in ('ip', 'helo')})
            for reply in (session.connect(address=ip), session.helo(helo)):
                if not reply.goes_on:
                    self.faults.append('%r at connect or helo' % reply)
                    return
            self.result = session.submit(self.mail)
            session.quit()
            space = session.wants.steps & milter.HDR_LEADSPC
        # Both MTAs must make the same of the edits, whichever has sent it.
        for each in (mta.Postfix(), mta.Sendmail()):
            self.edited.append((each.name, each.changed(
                self.mail, self.result, space)))
        self.judge(keys)

    def judge(self, keys):
        expected = [self.case['expected'], *self.case.get('also_ok', ())]
        verdict = self.result.verdict
        if verdict == 'reject':
            if 'reject' not in expected:
                self.faults.append('refused')
            if any(signatures(edited) for _, edited in self.edited):
                self.faults.append('refused, but signed')
            return
        if verdict != 'pass':
            self.faults.append('%s at %s is never right'
                               % (verdict, self.result.stage))
            return
        if not set(expected) & {'accept', 'repair'}:
            self.faults.append('goes on')
        for name, edited in self.edited:
            if getattr(edited, 'quarantined', False):
                self.faults.append('quarantined')
            for spec in self.case['checks']:
                fault = check(spec, self.handed, self.mail, edited)
                if fault:
                    self.faults.append('%s (applied by %s): %s'
                                       % (spec, name, fault))
            for fault in signature_faults(edited, keys):
                self.faults.append('%s (applied by %s)' % (fault, name))

    def details(self):
        lines = ['  %s, %s' % (self.case['class'], self.case['why']),
                 '  expected: %s' % ' or '.join(
                     [self.case['expected'], *self.case.get('also_ok', ())]),
                 '  happened: %r' % (self.result,)]
        lines += ['  on the way: ' + note for note in self.handed.notes]
        if self.result:
            lines += ['  edit: %s' % ' '.join(
                repr(part)[:300] for part in edit)
                for edit in self.result.edits]
        lines += ['  WRONG: ' + fault for fault in self.faults]
        return '\n'.join(lines)


def main(arguments):
    verbose = '-v' in arguments
    names = [argument for argument in arguments if argument != '-v']
    cases = load()
    known = {case['name'] for case in cases}
    wrong = [name for name in names if name not in known]
    if wrong:
        print('no such case: ' + ', '.join(wrong))
        return 2
    runs = failures = 0
    server, keys = daemon.world()
    with server:
        for case in cases:
            if names and case['name'] not in names:
                continue
            for form in FORMS:
                if not server.alive():
                    print('submilter is gone:\n' + server.log())
                    return 1
                run = Run(case, form, server.address, keys)
                runs += 1
                label = '%s %s' % (case['name'], form)
                if run.faults:
                    failures += 1
                    print('FAIL ' + label)
                elif verbose:
                    print('ok   ' + label)
                if run.faults or names:
                    print(run.details())
        status = server.stop()
        log = server.log()
    if status != 0 or daemon.sanitizer_says(log):
        failures += 1
        print('FAIL: submilter ended with %s:\n%s' % (status, log[-5000:]))
    print('%d cases in %d forms: %d right, %d failures'
          % (runs // len(FORMS), len(FORMS), runs - failures, failures))
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
