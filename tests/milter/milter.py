# SPDX-License-Identifier: BSD-2-Clause
"""The MTA's side of the milter protocol, version 6.

`Wire` sends and receives packets and obeys nothing: for malformed and
out-of-order input. `Session` is a well-behaved MTA on top of it: it
negotiates, sends the macros that the milter asked for, leaves out the steps
and the replies that the milter does not want, and collects verdict and edits.
A milter that breaks the protocol raises ProtocolError.

What a message looks like when an MTA hands it over, and what it makes of the
edits, is in mta.py.
"""

import re
import select
import socket
import struct

VERSION = 6
ALL_ACTIONS = 0x1ff
ALL_STEPS = 0x1fffff
CHUNK = 65535

# SMFIF_*: what the filter may do to a message.
ADDHDRS, CHGBODY, ADDRCPT, DELRCPT = 0x01, 0x02, 0x04, 0x08
CHGHDRS, QUARANTINE, CHGFROM, ADDRCPT_PAR = 0x10, 0x20, 0x40, 0x80
SETSYMLIST = 0x100

# SMFIP_*: steps that are left out, replies that are left out, extras.
NOCONNECT, NOHELO, NOMAIL, NORCPT = 0x01, 0x02, 0x04, 0x08
NOBODY, NOHDRS, NOEOH, NR_HDR = 0x10, 0x20, 0x40, 0x80
NOUNKNOWN, NODATA, SKIP, RCPT_REJ = 0x100, 0x200, 0x400, 0x800
NR_CONN, NR_HELO, NR_MAIL, NR_RCPT = 0x1000, 0x2000, 0x4000, 0x8000
NR_DATA, NR_UNKN, NR_EOH, NR_BODY = 0x10000, 0x20000, 0x40000, 0x80000
HDR_LEADSPC = 0x100000

# What a filter must have negotiated to send each edit.
EDITS = {
    b'h': ADDHDRS, b'i': ADDHDRS, b'm': CHGHDRS, b'b': CHGBODY, b'e': CHGFROM,
    b'+': ADDRCPT, b'2': ADDRCPT_PAR, b'-': DELRCPT, b'q': QUARANTINE,
}

# step: command, bit that leaves it out, bit that leaves its reply out, and
# the number of its macro list.
STEPS = {
    'connect': (b'C', NOCONNECT, NR_CONN, 0),
    'helo': (b'H', NOHELO, NR_HELO, 1),
    'mail': (b'M', NOMAIL, NR_MAIL, 2),
    'rcpt': (b'R', NORCPT, NR_RCPT, 3),
    'data': (b'T', NODATA, NR_DATA, 4),
    'eom': (b'E', 0, 0, 5),
    'eoh': (b'N', NOEOH, NR_EOH, 6),
    'header': (b'L', NOHDRS, NR_HDR, None),
    'body': (b'B', NOBODY, NR_BODY, None),
    'unknown': (b'U', NOUNKNOWN, NR_UNKN, None),
}

BARE_VERDICTS = {
    b'c': 'continue', b'a': 'accept', b'r': 'reject', b't': 'tempfail',
    b'd': 'discard', b's': 'skip',
}


class ProtocolError(Exception):
    """The milter did what the protocol does not allow."""


class Closed(Exception):
    """The milter closed the connection."""


def parse_address(spec):
    """unix:PATH, inet:PORT@HOST or inet6:PORT@HOST: family and address."""
    kind, _, rest = spec.partition(':')
    if kind in ('unix', 'local'):
        return socket.AF_UNIX, rest
    port, _, host = rest.partition('@')
    if kind == 'inet6':
        return socket.AF_INET6, (host.strip('[]') or '::1', int(port))
    if kind == 'inet':
        return socket.AF_INET, (host or '127.0.0.1', int(port))
    raise ValueError('not a milter socket: ' + spec)


def cstring(value):
    """A C string: what follows a NUL cannot be expressed."""
    if isinstance(value, str):
        value = value.encode('utf-8', 'surrogateescape')
    return value.split(b'\0', 1)[0] + b'\0'


def strings(data, count=None):
    """The NUL-terminated strings of a packet."""
    if not data.endswith(b'\0'):
        raise ProtocolError('a string without its NUL: %r' % data[-40:])
    parts = data[:-1].split(b'\0')
    if count is not None and len(parts) != count:
        raise ProtocolError('%d strings instead of %d: %r'
                            % (len(parts), count, data[:80]))
    return parts


class Wire:
    """Packets over a socket."""

    def __init__(self, address, timeout=20):
        family, target = parse_address(address)
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.settimeout(timeout)
        try:
            self.socket.connect(target)
        except OSError:
            self.socket.close()
            raise
        if family != socket.AF_UNIX:
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send_bytes(self, data):
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError) as error:
            raise Closed(str(error)) from error

    @staticmethod
    def packet(command, data=b''):
        return struct.pack('!I', len(data) + 1) + command + data

    def send(self, command, data=b''):
        self.send_bytes(self.packet(command, data))

    def _read(self, count, what):
        data = b''
        while len(data) < count:
            try:
                piece = self.socket.recv(count - len(data))
            except ConnectionResetError as error:
                raise Closed('reset while waiting for ' + what) from error
            if not piece:
                if data:
                    raise ProtocolError('closed in the middle of ' + what)
                raise Closed('closed while waiting for ' + what)
            data += piece
        return data

    def receive(self):
        """The next packet: command and data."""
        length = struct.unpack('!I', self._read(4, 'a length'))[0]
        if not 1 <= length <= 64 << 20:
            raise ProtocolError('packet of %d octets' % length)
        packet = self._read(length, 'a packet')
        return packet[:1], packet[1:]

    def silent(self, seconds=0.0):
        """Whether nothing arrives within that time; a close counts as
        something."""
        return not select.select([self.socket], [], [], seconds)[0]

    def at_end(self):
        """Reads to the end of the stream; what still arrives is an error."""
        try:
            data = self.socket.recv(4096)
        except ConnectionResetError:
            return
        if data:
            raise ProtocolError('unexpected octets: %r' % data[:80])

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()


class Reply:
    """One answer of the milter.

    kind    continue, accept, reject, tempfail, discard, skip, replycode, or
            `none` where the step or its reply is left out
    text    the SMTP reply of a replycode, as the MTA sends it
    edits   at end of message: the edits, in order
    """

    def __init__(self, kind, text='', edits=()):
        self.kind = kind
        self.text = text
        self.edits = list(edits)

    @property
    def goes_on(self):
        return self.kind in ('continue', 'none', 'skip')

    @property
    def code(self):
        """The first digit of the SMTP reply: 2, 4 or 5."""
        if self.kind == 'replycode':
            return int(self.text[0])
        return {'reject': 5, 'tempfail': 4}.get(self.kind, 2)

    def __repr__(self):
        return 'Reply(%s%s%s)' % (
            self.kind, ' %r' % self.text if self.text else '',
            ' %d edits' % len(self.edits) if self.edits else '')


def parse_replycode(data):
    """The SMTP reply that an MTA makes of SMFIR_REPLYCODE."""
    text = strings(data, 1)[0].decode('utf-8', 'surrogateescape')
    lines = text.split('\r\n')
    for number, line in enumerate(lines):
        last = number == len(lines) - 1
        if not re.match(r'[45][0-9][0-9]%s' % (' ' if last else '-'), line):
            raise ProtocolError('not a reply: %r' % text)
        if '\n' in line or '\r' in line or len(line) > 1000:
            raise ProtocolError('an SMTP reply cannot hold %r' % line[:200])
        if '%' in line.replace('%%', ''):
            # Postfix drops a single per cent sign, Sendmail the whole reply.
            raise ProtocolError('a single %% in %r' % line)
    if not re.match(r'([45])[0-9][0-9] \1\.[0-9]{1,3}\.[0-9]{1,3} .',
                    lines[-1]):
        raise ProtocolError('no enhanced status code of the same class, or '
                            'no text: %r' % text)
    return text.replace('%%', '%')


class Negotiated:
    """What the milter asked for."""

    def __init__(self, data, actions, steps):
        if len(data) < 12:
            raise ProtocolError('negotiation of %d octets' % len(data))
        self.version, self.actions, self.steps = struct.unpack_from('!III',
                                                                   data)
        self.macros = {}
        rest = data[12:]
        while rest:
            if len(rest) < 5 or b'\0' not in rest[4:]:
                raise ProtocolError('macro list: %r' % rest[:40])
            stage = struct.unpack_from('!I', rest)[0]
            names, _, rest = rest[4:].partition(b'\0')
            if stage > 6 or stage in self.macros:
                raise ProtocolError('macro list for stage %d' % stage)
            self.macros[stage] = [
                name.strip('{}')
                for name in re.split('[ ,]+', names.decode('ascii')) if name]
        if self.version > VERSION:
            raise ProtocolError('version %d' % self.version)
        if self.actions & ~actions:
            raise ProtocolError('actions %#x not offered'
                                % (self.actions & ~actions))
        if self.steps & ~steps:
            raise ProtocolError('steps %#x not offered'
                                % (self.steps & ~steps))
        if self.macros and not self.actions & SETSYMLIST:
            raise ProtocolError('macro lists without SMFIF_SETSYMLIST')


class Result:
    """What became of one message.

    verdict  pass (to be queued), accept (as pass, but the rest was not
             shown), reject, tempfail, discard, none (no recipient is left)
    stage    where the verdict came
    reply    the reply that made it
    rcpts    the recipients that are left
    edits    what the milter asked to change
    """

    def __init__(self, verdict, stage, reply, rcpts, edits=()):
        self.verdict = verdict
        self.stage = stage
        self.reply = reply
        self.rcpts = rcpts
        self.edits = list(edits)

    def __repr__(self):
        return 'Result(%s at %s, %r)' % (self.verdict, self.stage, self.reply)


class Session(Wire):
    """One SMTP session of an MTA.

    `mta` (see mta.py) says which macros it sends and when, and whether the
    last piece of the body travels with the end of message.
    """

    def __init__(self, address, mta, actions=ALL_ACTIONS, steps=ALL_STEPS,
                 version=VERSION, timeout=20):
        super().__init__(address, timeout)
        self.mta = mta
        self.version = version
        self.values = {}
        self.sent = []
        try:
            self.send(b'O', struct.pack('!III', version, actions, steps))
            command, data = self.receive()
            if command != b'O':
                raise ProtocolError('negotiation answered by %r' % command)
            self.wants = Negotiated(data, actions, steps)
        except BaseException:
            self.close()
            raise

    # Macros.

    def set_macros(self, **values):
        """Values for the macros of all later steps; None removes one."""
        for name, value in values.items():
            if value is None:
                self.values.pop(name, None)
            else:
                self.values[name] = value

    def _send_macros(self, step):
        command, _, _, number = STEPS[step]
        if self.mta.macros_with_everything:
            list_of = {'header': 'eoh', 'body': 'eom'}.get(step, step)
            number = STEPS[list_of][3]
        else:
            list_of = step
        if number is None:
            return
        names = self.wants.macros.get(number)
        if names is None:
            names = self.mta.default_macros.get(list_of, ())
        data = b''
        for name in names:
            if name in self.values:
                wire = name if len(name) == 1 else '{%s}' % name
                data += cstring(wire) + cstring(self.values[name])
        if names or self.mta.macros_with_everything:
            self.send(b'D', command + data)

    # Steps.

    def _final(self, step):
        """Reads replies until one that ends the step."""
        edits = []
        while True:
            command, data = self.receive()
            if command == b'p':
                if data:
                    raise ProtocolError('progress with data')
                continue
            if command in EDITS:
                if step != 'eom':
                    raise ProtocolError('edit %r at %s' % (command, step))
                if not self.wants.actions & EDITS[command]:
                    raise ProtocolError('edit %r was not negotiated'
                                        % command)
                edits.append(self._edit(command, data))
                continue
            if command == b'y':
                return Reply('replycode', parse_replycode(data), edits)
            if command not in BARE_VERDICTS:
                raise ProtocolError('reply %r at %s' % (command, step))
            if data:
                raise ProtocolError('reply %r with data' % command)
            kind = BARE_VERDICTS[command]
            if kind == 'skip' and (step != 'body'
                                   or not self.wants.steps & SKIP):
                raise ProtocolError('skip at %s' % step)
            return Reply(kind, edits=edits)

    def _edit(self, command, data):
        if command == b'h':
            return ('add', *strings(data, 2))
        if command in (b'i', b'm'):
            if len(data) < 6:
                raise ProtocolError('edit %r: %r' % (command, data))
            index = struct.unpack_from('!I', data)[0]
            kind = 'insert' if command == b'i' else 'change'
            return (kind, index, *strings(data[4:], 2))
        if command == b'b':
            if not 0 < len(data) <= CHUNK:
                raise ProtocolError('body piece of %d octets' % len(data))
            return ('body', data)
        if command in (b'e', b'2'):
            parts = strings(data)
            if len(parts) not in (1, 2):
                raise ProtocolError('edit %r: %r' % (command, data))
            kind = 'from' if command == b'e' else 'addrcpt'
            return (kind, parts[0], parts[1] if len(parts) == 2 else b'')
        if command == b'+':
            return ('addrcpt', strings(data, 1)[0], b'')
        if command == b'-':
            return ('delrcpt', strings(data, 1)[0])
        return ('quarantine', strings(data, 1)[0])

    def step(self, step, data=b''):
        """Macros, command and reply of one step, as far as wanted."""
        command, leave_out, no_reply, _ = STEPS[step]
        skipped = leave_out & self.wants.steps
        if step == 'data' and self.version < 4:
            return Reply('none')
        if not skipped or self.mta.macros_of_skipped_steps:
            self._send_macros(step)
        if skipped:
            return Reply('none')
        self.sent.append(step)
        self.send(command, data)
        if no_reply & self.wants.steps:
            return Reply('none')
        return self._final(step)

    def connect(self, host='client.rcpt.example', address='192.0.2.7',
                port=40000):
        if address is None:
            data = cstring(host) + b'U'
        else:
            family = b'6' if ':' in address else b'4'
            if address.startswith('/'):
                family, port = b'L', 0
            data = (cstring(host) + family + struct.pack('!H', port)
                    + cstring(address))
        return self.step('connect', data)

    def helo(self, name='client.rcpt.example'):
        return self.step('helo', cstring(name))

    def mail(self, argument, *parameters):
        return self.step('mail', b''.join(map(cstring,
                                              (argument, *parameters))))

    def rcpt(self, argument, *parameters):
        return self.step('rcpt', b''.join(map(cstring,
                                              (argument, *parameters))))

    def data(self):
        return self.step('data')

    def header(self, name, value):
        """One field; `value` is all that follows the colon."""
        if not self.wants.steps & HDR_LEADSPC and value[:1] == b' ':
            value = value[1:]
        return self.step('header', cstring(name) + cstring(value))

    def eoh(self):
        return self.step('eoh')

    def unknown(self, line):
        return self.step('unknown', cstring(line))

    def body(self, data):
        """All of the body but what goes with the end of message: its reply
        and that rest."""
        if self.wants.steps & NOBODY:
            return Reply('none'), b''
        while data:
            if len(data) < CHUNK and self.mta.last_piece_with_eom:
                return Reply('continue'), data
            reply = self.step('body', data[:CHUNK])
            if reply.kind == 'skip':
                return Reply('continue'), b''
            if not reply.goes_on:
                return reply, b''
            data = data[CHUNK:]
        return Reply('continue'), b''

    def eom(self, rest=b''):
        return self.step('eom', rest)

    def abort(self):
        self.send(b'A')

    def quit(self, new_connection=False):
        """Ends the session; a reply that is still under way is an error."""
        if not self.silent():
            raise ProtocolError('a reply that nobody asked for: %r'
                                % (self.receive(),))
        for _ in range(self.mta.aborts_before_quit):
            self.abort()
        self.send(b'K' if new_connection else b'Q')
        if not new_connection:
            self.at_end()
            self.close()

    # A whole message.

    def submit(self, mail):
        """Hands over one message (mta.Mail): a Result.

        Like an MTA it aborts what the milter refused, so that the next
        message can follow.
        """
        self.set_macros(i=None)
        self.set_macros(**self.mta.mail_macros(mail))
        reply = self.mail('<%s>' % mail.sender, *mail.parameters)
        if not reply.goes_on:
            return self._ended('mail', reply, [])
        left = []
        for rcpt in mail.rcpts:
            self.set_macros(**self.mta.rcpt_macros(mail, rcpt, bool(left)))
            reply = self.rcpt('<%s>' % rcpt)
            if reply.kind in ('accept', 'discard'):
                return self._ended('rcpt', reply, mail.rcpts)
            if reply.goes_on:
                left.append(rcpt)
        if not left:
            self.abort()
            return Result('reject' if reply.code == 5 else 'tempfail',
                          'rcpt', reply, [])
        self.set_macros(**self.mta.data_macros(mail))
        reply = self.data()
        if not reply.goes_on:
            return self._ended('data', reply, left)
        for name, value in mail.content.fields:
            reply = self.header(name, value)
            if not reply.goes_on:
                return self._ended('header', reply, left)
        reply = self.eoh()
        if not reply.goes_on:
            return self._ended('eoh', reply, left)
        reply, rest = self.body(mail.content.body)
        if not reply.goes_on:
            return self._ended('body', reply, left)
        reply = self.eom(rest)
        return self._ended('eom', reply, left)

    def _ended(self, stage, reply, rcpts):
        verdict = {'continue': 'pass', 'none': 'pass'}.get(reply.kind,
                                                          reply.kind)
        if reply.kind == 'replycode':
            verdict = 'reject' if reply.code == 5 else 'tempfail'
        if stage != 'eom' and verdict != 'pass':
            self.abort()
        return Result(verdict, stage, reply, rcpts, reply.edits)
