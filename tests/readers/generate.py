#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Messages with author fields that are valid, obsolete or broken.

The syntax is that of RFC 5322 with section 4, RFC 6854, RFC 6532 and RFC
2047. A value is written from the grammar with an odd choice here and there,
or made by mutation of one that was accepted or that a case has. All of them
mix addresses that the submitter may use with those of victims, so that
whoever reads past the former finds the latter.

usage: generate.py [--count N] [--seed S]: writes records for the judge
"""

import argparse
import base64
import json
import os
import random
import re
import struct
import sys

CASES = os.path.join(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))), 'cases')
AUTHOR_FIELDS = ('From', 'Sender', 'Resent-From', 'Resent-Sender', 'Author')

# Text is octets as latin-1 throughout.


def octets(text):
    return text.encode('utf-8').decode('latin-1')


OWN = ['alice@corp.example'] * 6 + [
    'sales@corp.example', 'alice+x@corp.example', 'ALICE@Corp.EXAMPLE',
    'alice', 'sales', '"alice"@corp.example', '"alice+x"@corp.example',
    'alice+a.b@corp.example', 'alice+=?x?=@corp.example', 'alice@corp',
    "alice+o'neil@corp.example", 'alice+' + 'y' * 70 + '@corp.example',
    octets('alice+\u00e9@corp.example'), 'alice+#{|}~@corp.example',
    'alice+?q?x=40victim.example?=@corp.example']
VICTIM = ['ceo@corp.example', 'x@victim.example', 'ceo@corp.example',
          'x@victim.example', 'ceo', 'alice@victim.example',
          octets('x@v\u00efctim.example'), 'x@xn--vctim-vra.example']
# What stands in displays, comments, quotes and encoded words.
NASTY = VICTIM + [
    '<x@victim.example>', 'ceo@corp.example,', ', x@victim.example',
    'CEO <ceo@corp.example>', '"x" <x@victim.example>,', '>', '<', '"', ',',
    'x@victim.example\0', '\0', '\r\nFrom: x@victim.example\r\n', '\n', ';',
    ':', 'ceo@corp.example;', 'g: x@victim.example;', ')', '(', '\\',
    '" <x@victim.example> "', 'x@victim.example (', ') x@victim.example (',
    '@victim.example:', '[', ']', '@', '%', 'x%victim.example', 'victim!x',
    octets('\u2067example\u200f.\u200fvictim\u200f@\u200fx\u2069'),
    octets('x@victim\u0701example'), octets('x\u200a@victim.example'),
    'x @ victim . example', octets('x@\ufffcvictim.example')]
ATOMS = ['Alice', 'Bob', 'a', 'A.', 'B.C', 'Dr.', 'ceo', 'victim.example',
         "O'Neil", '=', '=?', '?=', '_', '-', '.', '..', '#', '{}', '!',
         'a/b', '~', '$', '&', 'x', 'via', '2nd', 'undisclosed-recipients',
         octets('J\u00f6rg'), octets('\u5c71\u7530'), octets('\u202e'),
         octets('\uff20'), octets('\uff1c'), octets('\u200b'), '\xe9',
         octets('\u05d3\u05e0\u05d4'), octets('\u2067'), octets('\u2069'),
         octets('\u200f'), octets('\u200a'), octets('\ufffc'), octets('\ue000'),
         octets('\u0701'), octets('\u2010'), octets('\u24d0'),
         '\xff\xfe', octets('\u00a0'), octets('\u2028'), octets('\u0085')]
MARKS = list('()<>[]:;@\\,."') * 3 + list(" \t%!=?'&/") + [
    '\r\n ', '\r\n\t', '\r\n  ', '\r\n \r\n ', '\r', '\n', '\n ', '\0', '\x01',
    '\x0b', '\x0c', '\x1b', '\x7f', '\x80', '\xa0', '\xff', '<>', '()', '""',
    '""@', '@@', '::', ',,', '\\"', '\\\\', '\\(', '"(', '("', '=?utf-8?q?',
    '?=', '"."', '" "', '\\\r\n ', '\\ ', '> <', '>,<', '>;<', '(\\)', ':;']
CHARSETS = ['utf-8'] * 4 + [
    'iso-8859-1', 'us-ascii', 'UTF-7', 'iso-2022-jp', 'gb18030', 'utf-16',
    'x-unknown', '', 'shift_jis', 'utf-8*en', 'hz-gb-2312', 'utf-16be',
    'iso-8859-15', 'koi8-r', 'windows-1256', 'iso-8859-8-i']
# In these an octet means what the ones before it make of it: what stands between
# (before, behind) is letters for some programs and syntax for others.
SHIFTED = {
    'iso-2022-kr': ('\x0e', '\x0f'), 'iso-2022-jp': ('\x1b$B', '\x1b(B'),
    'iso-2022-jp-2': ('\x1b$(C', '\x1b(B'), 'hz-gb-2312': ('~{', '~}'),
    'iso-2022-cn': ('\x1b$)A\x0e', '\x0f'), 'utf-7': ('+', '-'),
    'iso-2022-jp-1': ('\x1b$(D', '\x1b(B'), 'hz': ('~{', '~}')}
# A lead octet, or two: what follows belongs to it, or does not.
DOUBLE = {
    'big5': ('\x89', '\x81'), 'big5-hkscs': ('\x89', '\xfe'),
    'gbk': ('\x81', '\xff'), 'gb2312': ('\xa1', '\xfe'),
    'gb18030': ('\x81\x30\x81', '\x81'), 'euc-jp': ('\x8f\xa1', '\x8e'),
    'shift_jis': ('\x83', '\xfd'), 'cp932': ('\x81', '\xa0'),
    'euc-kr': ('\xa1', '\xc9'), 'cp949': ('\x81', '\xff'),
    'euc-tw': ('\x8e\xa2', '\xa1'), 'johab': ('\x84', '\xd9'),
    'ks_c_5601-1987': ('\x81', '\xa1')}
# What stands inside of a field name: an MTA ends it at the first colon.
NAME_COMMENTS = ['(x)', '()', '(a: b)', '(:)', '((a)b)', '(\\))', '(")', '(=?)',
                 '(a:b:c)', '(\\(:)', '(From)', '(a:\r\n b)', '(a', 'b)',
                 '(\xe9)', '(a b)', '"a: b"', '""', '":"']
NAME_MARKS = list('!"#$%&\'*+,-./;<=>?@[\\]^_`{|}~()') + [
    '>>', '::', '\t', '\x0b', '\x7f', '\0', '\xad', '\xa0']
LONG = ['a' * 1000, 'a ' * 500, '(' * 60 + ')' * 60, '(a)' * 200,
        'alice@corp.example, ' * 30, '"' + 'q' * 2000 + '" ', ', ' * 50,
        'a\r\n ' * 200, ' ' * 1000]


class Generator:
    """The same seed, and the same values learnt, give the same messages."""

    def __init__(self, seed):
        self._random = random.Random(seed)
        self._float = self._random.random
        self._pool = []
        self._seen = 0

    # Choices.

    def _one(self, things):
        return things[int(self._float() * len(things))]

    def _often(self, share):
        return self._float() < share

    # The grammar.

    def _fold(self):
        return self._one((' ', ' ', ' ', '\r\n ', '\r\n\t', '\t', '  ',
                          '\r\n   ', ' \r\n '))

    def _blank(self):
        """What may stand between two tokens."""
        luck = self._float()
        if luck < 0.6:
            return ''
        if luck < 0.85:
            return self._fold()
        if luck < 0.97:
            return self._fold() + self._comment() + self._fold()
        return self._comment()

    def _comment(self, depth=0):
        luck = self._float()
        if luck < 0.3:
            text = self._one(ATOMS)
        elif luck < 0.6:
            text = self._one(NASTY)
        elif luck < 0.75 and depth < 3:
            text = self._one(('', 'a ')) + self._comment(depth + 1)
        elif luck < 0.85:
            text = '\\' + self._one('()\\"<>a@,')
        elif luck < 0.95:
            text = self._word()
        else:
            text = ''
        return '(' + text + ')' if self._float() < 0.97 else '(' + text

    def _encoded_word(self):
        text = self._one(NASTY if self._often(0.6) else ATOMS)
        if self._often(0.3):
            text = self._one(ATOMS) + text
        charset = self._one(CHARSETS)
        if self._often(0.15):
            charset = self._one(tuple(SHIFTED))
            begin, end = SHIFTED[charset]
            text = self._one((begin + text + end, begin + text,
                              begin + end + text + begin))
        elif self._often(0.15):
            charset = self._one(tuple(DOUBLE))
            lead = self._one(DOUBLE[charset])
            text = self._one((lead + text, text + lead, re.sub(
                '([@<>,".])', lambda mark: lead + mark.group(), text)))
        data = text.encode('latin-1')
        if charset in ('utf-16', 'utf-16be', 'UTF-7'):
            data = text.encode(charset)
        if self._often(0.5):
            code = ''.join('%c' % c if 48 <= c < 58 or 65 <= c < 91 or
                           97 <= c < 123 else '=%02X' % c for c in data)
            if self._often(0.1):
                code = text
            word = '=?%s?%s?%s?=' % (charset, self._one('qQ'), code)
        else:
            code = base64.b64encode(data).decode()
            word = '=?%s?%s?%s?=' % (charset, self._one('bB'), code)
        if self._often(0.05):
            cut = int(self._float() * len(word))
            word = word[:cut] + self._one(MARKS) + word[cut:]
        return word

    def _quoted(self):
        luck = self._float()
        if luck < 0.3:
            text = self._one(ATOMS)
        elif luck < 0.75:
            text = self._one(NASTY)
        elif luck < 0.85:
            text = '\\' + self._one('"\\<>(),@a \t')
        elif luck < 0.95:
            text = self._encoded_word()
        else:
            text = self._one(ATOMS) + self._fold() + self._one(ATOMS)
        if self._often(0.9):
            text = re.sub(r'(?<!\\)"', r'\\"', text)
            text = text[:-1] if text.endswith('\\') else text
        return '"' + text + '"'

    def _word(self):
        luck = self._float()
        if luck < 0.5:
            return self._one(ATOMS)
        return self._quoted() if luck < 0.75 else self._encoded_word()

    def _phrase(self):
        text = self._word()
        while self._float() < 0.4:
            text += (self._blank() or ' ') + self._word()
        return text

    def _address(self):
        text = self._one(OWN if self._float() < 0.85 else VICTIM)
        luck = self._float()
        if luck < 0.86:
            return text
        local, at, domain = text.partition('@')
        if luck < 0.89:
            parts = re.split(r'([.@])', text)
            return ''.join(part + self._blank() for part in parts)
        return self._one((
            '@victim.example:' + text, '@a,@b:' + text, local + '@[192.0.2.1]',
            '"' + local + '"@' + domain, '"' + local[:2] + '"' + local[2:] +
            at + domain, text + '@victim.example', 'ceo%' + text,
            'victim.example!' + text, local + at + domain + '.',
            local + '.' + at + domain, '.' + text, '""' + at + domain,
            '"ceo@corp.example"@' + domain, '"\\' + local + '"' + at + domain,
            local + ' ' + at + ' ' + domain, local + '(' + at + ')' + at +
            domain, '=?utf-8?q?' + local + '?=' + at + domain, local + at +
            '=?utf-8?q?' + domain + '?=', local + at + '[' + domain + ']',
            octets(text.replace('e', '\u0435')), local + at + octets(
                domain.replace('.', '\u3002')), '', local + at,
            at + domain, local + '\\@x' + at + domain))

    def _mailbox(self):
        luck = self._float()
        if luck < 0.22:
            return self._address() + self._blank()
        if luck < 0.27:
            return self._address() + ' ' + self._comment()
        if luck < 0.90:
            return (self._phrase() + (self._blank() if luck < 0.4 else ' ') +
                    '<' + self._address() + '>')
        if luck < 0.94:
            return '<' + self._address() + '>' + self._blank()
        address = self._address()
        other = self._one(VICTIM)
        return self._one((
            '%s <%s>', '<%s> <%s>', '%s, <%s>', '<%s>%s', '<%s,%s>', '%s %s',
            '<<%s>%s>', '"%s"<%s>', '(%s)<%s>', '<%s> (%s)', '%s;%s',
            '%s:%s;', '"%s" %s', '<%s>, "%s"', '<%s> "%s" <y@victim.example>',
            '%s\0%s', '(<%s>) %s', '<%s(%s)>', 'x: <%s>, %s;', '[%s] <%s>',
            '%s>%.0s', '%s> %s', '%s>, %s', '%s,%s>', '%s>%s')
        ) % ((address, other) if self._often(0.5) else (other, address))

    def _group(self):
        inside = ''.join(self._mailbox() + self._one((',', ', ', ''))
                         for _ in range(int(self._float() * 3)))
        return self._phrase() + self._blank() + ':' + inside + self._one(
            (';', ';', ''))

    def _list(self):
        item = self._group() if self._often(0.03) else self._mailbox()
        text = self._blank() + item
        while self._float() < 0.15:
            text += self._one((',', ', ', ', ', ',\r\n ', ', ', ', ', ',,',
                               ';', ' ', ' , ', ', ,')) + self._mailbox()
        return text + (self._blank() if self._often(0.1) else '')

    def _mutated(self, text):
        for _ in range(1 + int(self._float() * self._float() * 4)):
            at = int(self._float() * (len(text) + 1))
            luck = self._float()
            if luck < 0.45:
                text = text[:at] + self._one(MARKS) + text[at:]
            elif luck < 0.55:
                text = text[:at] + text[at + 1:]
            elif luck < 0.63:
                text = text[:at] + self._one(MARKS) + text[at + 1:]
            elif luck < 0.75:
                text = text[:at] + self._one(NASTY) + text[at:]
            elif luck < 0.85 and self._pool:
                other = self._one(self._pool)
                begin = int(self._float() * len(other))
                text = text[:at] + other[begin:begin + 12] + text[at:]
            elif luck < 0.92:
                end = at + int(self._float() * 12)
                text = text[:end] + text[at:end] + text[end:]
            elif luck < 0.97:
                text = text[:at] + text[at + int(self._float() * 12):]
            elif luck < 0.995:
                text = text[:at] + self._encoded_word() + text[at:]
            else:
                text = text[:at] + self._one(LONG) + text[at:]
        return text

    def _value(self):
        luck = self._float()
        if luck < 0.4 and self._pool:
            return self._mutated(self._one(self._pool))
        text = self._list()
        if luck > 0.9:
            text = self._mutated(text)
        return ' ' + text if self._float() < 0.97 else text

    # The header as a whole.

    def _odd_name(self):
        """A field whose name is another one's, with something in it or about
        it that a program may skip."""
        name = self._one(AUTHOR_FIELDS)
        for _ in range(1 + int(self._float() * 2)):
            at = int(self._float() * (len(name) + 1))
            luck = self._float()
            if luck < 0.6:
                name = name[:at] + self._one(NAME_COMMENTS) + name[at:]
            elif luck < 0.8:
                name = name[:at] + self._one(NAME_MARKS) + name[at:]
            elif luck < 0.9:
                name = name.replace('-', self._one(('_', '.', '', '--')))
            else:
                name = self._one(('"%s"', '<%s>', '[%s]', '=?utf-8?q?%s?=',
                                  '(%s', '%s)', '\\%s')) % name
        return name + self._one((': ', ':', ' : ', ':\r\n ')) + self._one(
            VICTIM)

    def _line_tricks(self, fields):
        victim = self._one(VICTIM)
        own = self._one(OWN)
        name = self._one(AUTHOR_FIELDS)
        at = int(self._float() * (len(fields) + 1))
        fields.insert(at, self._one((
            name + ': ' + own, name + ': ' + victim, name + ' : ' + victim,
            name.lower() + ':' + own, name.upper() + ': ' + own,
            'X-' + name + ': ' + victim, name + '\t: ' + victim,
            ' ' + name + ': ' + victim, '\t' + name + ': ' + victim,
            name + '\0: ' + victim, name + '\r\n : ' + victim,
            name + ' ' + victim, name, ':' + victim, 'From ' + victim,
            '>From: ' + victim, '>From ' + victim, '', ' ', 'x', 'x y: z',
            'X:\r\n \r\n' + name + ': ' + victim,
            'X: a\r' + name + ': ' + victim, 'X: a\n' + name + ': ' + victim,
            'X: \r\n ' + name + ': ' + victim, 'X: a\r\r\n' + name + ': ' +
            victim, 'X: a\n\n' + name + ': ' + victim, 'X: a\0\r\n' + name +
            ': ' + victim, 'X: (\r\n ', 'X: "', 'X: ' + 'x' * 2000,
            'X' * 500 + ': y', name + ':', name + ': ', name + ':\r\n ',
            name + '\xa0: ' + victim, '\xef\xbb\xbf' + name + ': ' + victim,
            '=?utf-8?q?' + name + '?=: ' + victim, name + '(x): ' + victim,
            '"' + name + '": ' + victim, name + ':: ' + victim,
            'X-Y; ' + name + ': ' + victim, 'X:' + own + ':' + victim,
            name[:2] + '-' + name[2:] + ': ' + victim, '-' + name + ': ' +
            victim, name + '_: ' + victim, 'Original-' + name + ': ' + victim,
            'Content-Type: message/rfc822', 'Subject: =?utf-8?q?=0D=0A' +
            name + ':_' + victim + '?=', 'To: (\r\n ' + victim,
            'Reply-To: ' + victim, 'Return-Path: <' + victim + '>',
            'Apparently-From: ' + victim, 'Date: (' + victim,
            'Content-Type: text/plain; charset=utf-7',
            'Content-Type: text/html; charset="\r\n ' + name + ': ' + victim,
            name + ': ' + own + '\r\n' + name + ': ' + victim)))

    def message(self):
        """A record for the judge, and its author values."""
        values = []
        fields = []
        for name, share in (('Sender', 0.06), ('From', 0.98),
                            ('Resent-From', 0.04), ('Resent-Sender', 0.02),
                            ('Author', 0.02)):
            if self._float() < share:
                values.append(self._value())
                fields.append(name + ':' + values[-1])
        fields.insert(int(self._float() * 2), self._one(
            ('To: bob@rcpt.example', 'Subject: x')))
        while self._float() < 0.06:
            self._line_tricks(fields)
        while self._float() < 0.04:
            fields.insert(int(self._float() * (len(fields) + 1)),
                          self._odd_name())
        text = '\r\n'.join(fields) + '\r\n\r\n'
        if self._often(0.05):
            text += 'From: x@victim.example\r\n\r\n'
        return ((b'7' if self._often(0.4) else b'8') + text.encode('latin-1'),
                values)

    def learn(self, values):
        """Accepted values: a sample of them is mutated later."""
        for value in values:
            if len(value) > 400:
                continue
            self._seen += 1
            if len(self._pool) < 5000:
                self._pool.append(value)
            else:
                at = int(self._float() * self._seen)
                if at < 5000:
                    self._pool[at] = value


def case_records():
    """The messages of tests/cases, each with SMTPUTF8 and without."""
    with open(os.path.join(CASES, 'manifest.jsonl'), encoding='utf-8') as file:
        names = [json.loads(line)['file'] for line in file]
    for name in names:
        with open(os.path.join(CASES, name), 'rb') as file:
            raw = file.read()
        values = re.findall(r'(?im)^(?:%s):((?:.*\r\n)(?:[ \t].*\r\n)*)'
                            % '|'.join(AUTHOR_FIELDS),
                            raw.partition(b'\r\n\r\n')[0].decode('latin-1'))
        values = [value.rstrip('\r\n') for value in values]
        yield b'7' + raw, values
        yield b'8' + raw, values


def framed(record):
    return struct.pack('>I', len(record)) + record


def main():
    parser = argparse.ArgumentParser(usage='%(prog)s [--count N] [--seed S]')
    parser.add_argument('--count', type=int, default=1000)
    parser.add_argument('--seed', type=int, default=1)
    options = parser.parse_args()
    generator = Generator(options.seed)
    for _ in range(options.count):
        sys.stdout.buffer.write(framed(generator.message()[0]))


if __name__ == '__main__':
    main()
