# SPDX-License-Identifier: BSD-2-Clause
"""Random MIME messages: honest in who wrote them, odd in all else."""

import base64
import binascii
import random
import re

HEAD = (b'From: Alice <alice@corp.example>', b'To: friend@rcpt.example',
        b'Subject: hello', b'Date: Mon, 23 Nov 2026 10:15:30 +0100',
        b'Message-ID: <1@corp.example>')
# What charsets do to octets: none, any 8-bit, shifts, pairs, NULs.
CHARSETS = ('us-ascii', 'utf-8', 'iso-8859-1', 'windows-1252', 'koi8-r',
            'iso-2022-jp', 'shift_jis', 'gb18030', 'utf-7', 'utf-16le', 'x-own')
ALPHABETS = {
    'us-ascii': 'abcdefghij klmnop', 'utf-7': 'abc dé', 'x-own': 'abc ',
    'koi8-r': 'абвгд еж', 'iso-2022-jp': 'こんにちは abc',
    'shift_jis': 'ソ表テスト abc', 'gb18030': '你好世界 abc',
    'utf-8': 'äöüß€😀 abc', 'utf-16le': 'aäßо😀 b', }
TEXTS = (b'text/plain', b'text/plain', b'text/html', b'text/calendar',
         b'TEXT/Plain', b'text/x-own')
BINARIES = (b'application/pdf', b'image/png', b'application/octet-stream',
            b'APPLICATION/vnd.x-y+zip', b'audio/ogg', b'font/woff',
            b'application/pkcs7-signature', b'application/pgp-keys')
MULTIPARTS = (b'mixed', b'mixed', b'alternative', b'related', b'parallel',
              b'report', b'form-data', b'x-own', b'digest', b'Mixed')
# Lines that something on the way may take for something else.
TEMPTING = (b'From here on', b'.', b'..', b'-- ', b'--', b'>From', b'=41=42',
            b'=', b'==', b'ends in =', b'blanks at the end  ', b'tab\t', b'\t',
            b' ', b'begin 644 x', b'--b', b'--b--', b'-', b'~~~', b'%s%n',
            b'{x}', b'Content-Type: text/plain', b'\x0c', b'\x1b[1m', b'\x7f')


class Generator:
    """Messages of a seed. `sealed` has the octets of the parts of the last
    message that nobody may touch. With `doubtful` there are contents that are
    not what their label says, which programs read differently."""

    def __init__(self, seed, doubtful=False):
        self.random = random.Random(seed)
        self.doubtful = doubtful
        self.sealed = []
        self._boundaries = 0
        self._inner = []

    def chance(self, probability):
        return self.random.random() < probability

    def pick(self, values):
        return self.random.choice(values)

    # Content.

    def length(self):
        """Of a line: ordinary, or about the limits, or far beyond."""
        if self.chance(0.9):
            return self.random.randrange(80)
        return self.pick((75, 76, 77, 78, 988, 989, 990, 991, 997, 998, 999,
                          1000, 1001, 2040, 2048,
                          self.random.randrange(1000, 9000)))

    def words(self, charset, length):
        alphabet = ALPHABETS.get(charset, 'äöü abc')
        text = ''.join(self.random.choices(alphabet, k=length))
        codec = 'utf-8' if charset == 'x-own' else charset
        octets = text.encode(codec, 'ignore')
        if charset == 'utf-16le':
            return octets
        return octets.replace(b'\n', b' ').replace(b'\r', b' ')

    def text(self, charset, plain=False):
        """CR LF text; `plain` without what is not 7bit or 8bit."""
        lines = []
        for _ in range(self.random.randrange(12)):
            if self.doubtful and self._inner and self.chance(0.01):
                lines.append(b'--' + self.pick(self._inner)
                             + self.pick((b'', b'--', b' ', b'x')))
            elif self.chance(0.2):
                lines.append(self.pick(TEMPTING))
            elif plain:
                lines.append(self.words(charset, self.random.randrange(70)))
            else:
                lines.append(self.words(charset, self.length()))
        text = b'\r\n'.join(lines)
        if not plain and self.chance(0.04):
            at = self.random.randrange(len(text) + 1)
            # Not what would end a line for one program only.
            text = (text[:at] + self.pick((b'\0', b'\r', b' \n', b'\0\0'))
                    + b'x' + text[at:])
        return text + (b'\r\n' if self.chance(0.8) else b'')

    def octets(self):
        return self.random.randbytes(self.pick((0, 1, 2, 3, 56, 57, 58, 300,
                                                self.random.randrange(3000))))

    def as_base64(self, data):
        if self.chance(0.1):
            width = self.pick((4, 60, 61, 64, 72, 988, 996, 1000, 1001,
                               4000))
        else:
            width = 76
        coded = base64.b64encode(data)
        lines = [coded[at:at + width] for at in range(0, len(coded), width)]
        ends = (b'\r\n',) * 60 + (b' \r\n', b'\r\n\r\n')
        text = b''.join(line + self.pick(ends) for line in lines)
        if self.doubtful and self.chance(0.1):
            at = self.random.randrange(len(text) + 1)
            text = text[:at] + self.pick((b'*', b'-', b'!', b' ', b'\r\n=\r\n',
                                          b'\xe4', b'YQ==')) + text[at:]
        return text if self.chance(0.8) else text.rstrip()

    def as_quoted(self, data):
        """By Python; now and then with what others write."""
        coded = binascii.b2a_qp(data.replace(b'\r\n', b'\n'), istext=True)
        coded = re.sub(rb'\r?\n', b'\r\n', coded)
        if self.chance(0.2):
            coded = coded.replace(b'=\r\n', b'')
        elif self.chance(0.1):
            # All but a few soft breaks: what is left is encoded anew.
            coded = re.sub(rb'=\r\n', lambda m: m[0] if self.chance(0.1)
                           else b'', coded)
        if self.chance(0.1):
            coded = re.sub(rb'=[0-9A-F]{2}', lambda m: m[0].lower(), coded)
        # Not every reader drops blanks behind a soft break (RFC 2045, 6.7).
        if self.doubtful and self.chance(0.1):
            coded = re.sub(rb'=\r\n', self.pick((b'= \r\n', b'=\t \r\n')),
                           coded)
        if self.doubtful and self.chance(0.1):
            coded = re.sub(rb'=3D', b'=', coded)
        if self.chance(0.1):
            coded = re.sub(rb'=20\r\n', b' \r\n', coded)
        return coded

    # Header fields of an entity.

    def type_field(self, kind, *parameters):
        text = b'Content-Type:' + self.pick((b' ', b' ', b' ', b'', b'\t',
                                             b'\r\n ', b' (so) ')) + kind
        for parameter in parameters:
            text += self.pick((b'; ', b'; ', b';', b';\r\n\t', b' ; ',
                               b'; (also) ')) + parameter
        if self.chance(0.05):
            text += b';'
        return self.cased(text, b'Content-Type')

    def cased(self, text, name):
        change = self.pick((bytes, bytes, bytes, bytes, bytes.lower,
                            bytes.upper))
        return change(name) + text[len(name):]

    def encoding_field(self, encoding):
        value = encoding.upper() if self.chance(0.1) else encoding
        # Legal with all, but GMime reads no encoding behind which one stands.
        comments = (b'', b'', b' (so)', b'(so)') if self.doubtful or (
            encoding in (b'7bit', b'8bit', b'binary')) else (b'',)
        text = (b'Content-Transfer-Encoding:'
                + self.pick((b' ',) * 8 + (b'', b'\t', b'\r\n ')) + value
                + self.pick((b'',) * 20 + (b' ', b'\t')) + self.pick(comments))
        if self.doubtful and self.chance(0.1):
            text = text.replace(b':', b': (so)', 1)
        return self.cased(text, b'Content-Transfer-Encoding')

    def more_fields(self):
        choice = (b'Content-Disposition: attachment; filename="a b.txt"',
                  b'Content-Disposition: inline;\r\n\tfilename*=utf-8\'\'%C3%A4',
                  b'Content-ID: <a@corp.example>', b'Content-Language: de',
                  b'Content-Description: something\r\n  folded  ',
                  b'X-Empty:', b'X-Blanks:   ', b'x-trailing: a  ',
                  'X-Eight: Käse'.encode(), 'X-Latin: Käse'.encode('latin-1'),
                  b'Content-MD5: Q2hlY2sgSW50ZWdyaXR5IQ==',
                  b'Content-Transfer-Encoding-X: base64',
                  b'Content-Duration: 3', b'X-No-Blank:x')
        count = self.pick((0, 0, 1, 1, 2, 4))
        return self.random.sample(choice, count)

    def entity(self, type_field, encoding, content, bare=False):
        """Fields in any order, an empty line, content."""
        fields = [] if bare else self.more_fields()
        fields += [type_field] if type_field else []
        if encoding is not None:
            fields.append(self.encoding_field(encoding))
        self.random.shuffle(fields)
        return fields, content

    def joined(self, entity):
        fields, content = entity
        if self.doubtful and self.chance(0.05):
            fields = self.broken(fields)
        return b''.join(field + b'\r\n' for field in fields) + b'\r\n' + content

    def broken(self, fields):
        """A header that is none, or says two things."""
        fields = list(fields)
        at = self.random.randrange(len(fields) + 1)
        fields.insert(at, self.pick((
            b'From alice Mon Nov 23 10:15:30 2026', b'no field at all',
            b' begins with a blank', b'Content-Transfer-Encoding: base64',
            b'Content-Transfer-Encoding: 7bit', b'Content-Type: text/plain',
            b'Content-Type: multipart/mixed; boundary=zzz', b'Content-Type',
            b'Content-Type: text', b': no name', b'Content-Type : text/html',
            b'Content-Transfer-Encoding : base64',
            b'Content-Transfer-Encoding: quoted', b'\xe4: x')))
        return fields

    # Entities.

    def text_part(self):
        charset = self.pick(CHARSETS)
        parameters = []
        if self.chance(0.9):
            name = charset.encode()
            parameters.append(b'charset=' + self.pick((
                name, b'"' + name + b'"', name.upper())))
        if self.chance(0.2):
            parameters.append(self.pick((
                b'format=flowed', b'name="x;y"', b'delsp=yes',
                b'x="(no comment)"', b'name="a\\"b"')))
        kind = self.type_field(self.pick(TEXTS), *parameters)
        if self.chance(0.08):
            kind, charset = None, self.pick(('us-ascii', 'utf-8'))
        encoding = self.pick((None, b'7bit', b'8bit', b'8bit', b'binary',
                              b'quoted-printable', b'quoted-printable',
                              b'base64', b'x-uuencode'))
        if encoding == b'quoted-printable':
            content = self.as_quoted(self.text(charset))
        elif encoding == b'base64':
            content = self.as_base64(self.text(charset))
        elif charset == 'utf-16le':
            content = self.text('us-ascii')
        else:
            content = self.text(charset, plain=encoding == b'x-uuencode')
        return self.entity(kind, encoding, content)

    def binary_part(self):
        encoding = self.pick((b'base64',) * 6 + (b'binary', b'8bit', None,
                                                 b'quoted-printable'))
        data = self.octets()
        if encoding == b'base64':
            data = self.as_base64(data)
        elif encoding == b'quoted-printable':
            data = binascii.b2a_qp(data, istext=False).replace(b'\n', b'\r\n')
        else:
            # No line end for one program only.
            data = data.replace(b'\n', b'\r\n')
        return self.entity(self.type_field(
            self.pick(BINARIES), b'name="a.bin"'), encoding, data)

    def message_part(self, depth):
        inner = self.joined(self.top(depth + 1))
        kind = self.type_field(self.pick((
            b'message/rfc822', b'message/rfc822', b'Message/RFC822',
            b'message/global')))
        if self.doubtful and self.chance(0.2):
            return self.entity(kind, b'base64', self.pick((
                self.as_base64, bytes))(inner))
        return self.entity(kind, self.pick((None, None, b'7bit', b'8bit',
                                            b'binary')), inner)

    def status_part(self):
        return self.entity(
            self.type_field(b'message/delivery-status'), self.pick((
                None, b'7bit')),
            b'Reporting-MTA: dns; mail.corp.example\r\n\r\n'
            b'Final-Recipient: rfc822; x@rcpt.example\r\nAction: failed\r\n')

    def boundary(self):
        """A new one; some begin like another one that is open."""
        self._boundaries += 1
        number = b'%d' % self._boundaries
        if self._inner and self.chance(0.2):
            # Over 70 octets are illegal.
            if self.doubtful or len(self._inner[-1] + number) < 70:
                return self._inner[-1] + b'-' + number
        return self.pick((b'b' + number, b'----=_Part_%s.1' % number,
                          b"'()+_,-./:=?" + number, b'=_' + b'x' * 50 + number,
                          b'a b' + number, b'y' * (70 - len(number)) + number,
                          b'Apple-Mail=_' + number,
                          b'--' + number))

    def boundary_parameter(self, boundary):
        if self.doubtful and self.chance(0.1):
            return self.pick((
                b'boundary=' + boundary, b'boundary*=us-ascii\'\'' + boundary,
                b'boundary*0="%s"; boundary*1="%s"' % (boundary[:2],
                                                      boundary[2:]),
                b'boundary="%s"; boundary="x"' % boundary, b'boundary=""',
                b'boundary="%s ' % boundary, b'x=y'))
        if re.fullmatch(rb"[A-Za-z0-9'+_.-]+", boundary) and self.chance(0.5):
            return b'boundary=' + boundary
        return self.pick((b'boundary', b'boundary', b'BOUNDARY')) + \
            b'="' + boundary + b'"'

    def delimited(self, boundary, parts):
        """The content of a multipart."""
        mark = b'--' + boundary
        blank = self.pick((b'',) * 12 + (b' ', b'\t', b'  '))
        out = self.pick((b'',) * 6 + (
            b'This is a message in MIME format.\r\n', b'\r\n',
            b'--b0\r\nnot a part\r\n', 'Äh\r\n'.encode()))
        for part in parts:
            out += mark + blank + b'\r\n' + part + b'\r\n'
        if self.chance(0.97):
            out += mark + b'--' + blank + b'\r\n'
            out += self.pick((b'',) * 8 + (b'\r\n', b'epilogue\r\n',
                                          b'\r\n--b0--\r\n'))
        return out

    def multipart(self, depth):
        kind = self.pick(MULTIPARTS)
        boundary = self.boundary()
        self._inner.append(boundary)
        count = self.pick((1, 1, 2, 2, 3, 5))
        parts = []
        for _ in range(count):
            if kind == b'digest' and self.chance(0.8):
                parts.append(b'\r\n' + self.joined(self.top(depth + 1)))
            else:
                parts.append(self.joined(self.any(depth + 1)))
        self._inner.pop()
        parameters = [self.boundary_parameter(boundary)]
        if kind == b'related':
            parameters.append(b'type="text/html"')
        self.random.shuffle(parameters)
        encodings = (None,) * 6 + (b'7bit', b'8bit', b'binary')
        if self.doubtful:
            encodings += (b'base64', b'quoted-printable', b'x-own')
        return self.entity(
            self.type_field(b'multipart/' + kind, *parameters),
            self.pick(encodings), self.delimited(boundary, parts))

    def sealed_part(self, depth):
        """Signed or encrypted: what is between the delimiters must stay."""
        which = self.pick(('signed', 'signed', 'encrypted', 'opaque'))
        if which == 'opaque':
            content = self.as_base64(self.octets())
            # The MTA ends the last line.
            content = content.rstrip() + b'\r\n'
            self.sealed.append(content.rstrip())
            return self.entity(self.type_field(self.pick((
                b'application/pkcs7-mime', b'application/x-pkcs7-mime')),
                b'smime-type=enveloped-data'), b'base64', content)
        boundary = self.boundary()
        mark = b'--' + boundary
        seals = len(self.sealed)
        self._inner.append(boundary)
        if which == 'signed':
            first = self.joined(self.any(depth + 1))
            second = (b'Content-Type: application/pgp-signature\r\n\r\n'
                      b'-----BEGIN PGP SIGNATURE-----\r\n')
        else:
            first = (b'Content-Type: application/pgp-encrypted\r\n\r\n'
                     b'Version: 1\r\n')
            second = (b'Content-Type: application/octet-stream\r\n\r\n'
                      + self.text('utf-8'))
        self._inner.pop()
        del self.sealed[seals:]
        kept = (mark + b'\r\n' + first + b'\r\n' + mark + b'\r\n' + second
                + b'\r\n' + mark + b'--')
        self.sealed.append(kept)
        return self.entity(
            self.type_field(b'multipart/' + which.encode(),
                            self.boundary_parameter(boundary),
                            b'protocol="application/pgp-x"'),
            self.pick((None, None, b'7bit', b'8bit')), kept + b'\r\n')

    def any(self, depth):
        if depth > 5:
            return self.text_part()
        what = self.random.random()
        if what < 0.45:
            return self.text_part()
        if what < 0.62:
            return self.binary_part()
        if what < 0.82:
            return self.multipart(depth)
        if what < 0.90:
            return self.message_part(depth)
        if what < 0.98:
            return self.sealed_part(depth)
        return self.status_part()

    def top(self, depth):
        """A message: its fields and its body."""
        fields, content = (self.multipart(depth) if depth < 2
                           and self.chance(0.7) else self.any(depth))
        head = list(HEAD)
        if self.chance(0.95):
            head.append(b'MIME-Version: 1.0')
        if depth:
            head += self.random.sample(
                (b'Received: from a by b; Mon, 23 Nov 2026 10:15:30 +0100',
                 b'DKIM-Signature: v=1; a=rsa-sha256', b'X-Mailer: x  y',
                 'Subject: Käse'.encode(), b'Bcc: x@rcpt.example'), 2)
        for field in fields:
            # In the header of the message itself 8-bit text is repaired.
            if depth or max(field) < 0x80 and not field.startswith(b'X-'):
                head.insert(self.random.randrange(len(head) + 1), field)
        return head, content

    def message(self):
        self.sealed = []
        self._inner = []
        return self.joined(self.top(0))
