# SPDX-License-Identifier: BSD-2-Clause
"""What Postfix and Sendmail do around a milter.

A message on its way through an MTA: content (how it is handed over), macros,
and what the MTA makes of the milter's edits. Each function does what was
measured of Postfix 3.7 and Sendmail 8.17; comments name behaviour that a
reader would not expect.
"""

import re

# Postfix cuts the first line of a field at this size, name and colon
# included, and drops a later line that would pass it, with all that follow.
POSTFIX_FIELD = 60000
POSTFIX_REMOVES = (b'bcc', b'resent-bcc', b'return-path', b'content-length')


class Content:
    """A message as a filter sees it.

    fields  list of (name, value); a value is all that follows the colon,
            its folds are LF and blank
    body    with CRLF
    notes   what the MTA changed, in words
    """

    def __init__(self, fields, body, notes=()):
        self.fields = fields
        self.body = body
        self.notes = list(notes)


def verbatim(raw):
    """As little changed as the protocol can express.

    Fields end at real CRLFs that no blank follows. The header ends at an
    empty line, and at a line that the protocol has no form for: without a
    colon, with nothing before the colon (libmilter closes the connection on
    an empty name), or a continuation of nothing. NULs cut a name or a value.
    """
    notes = []
    fields = []
    rest = raw
    while rest:
        end = re.search(rb'\r\n(?![ \t])', rest)
        text = rest[:end.start()] if end else rest
        after = rest[end.end():] if end else b''
        if not text:
            rest = after
            break
        name, colon, value = text.partition(b':')
        if not colon or not name or name[:1] in b' \t':
            notes.append('header ends at %r' % text[:40])
            break
        value = value.replace(b'\r\n', b'\n')
        for part in (name, value):
            if b'\0' in part:
                notes.append('cut at NUL: %r' % part[:40])
        name = name.split(b'\0', 1)[0]
        value = value.split(b'\0', 1)[0]
        if not name:
            notes.append('field without a name left out')
        else:
            fields.append((name, value))
        rest = after
    return Content(fields, rest, notes)


def _postfix_field_end(line):
    """The length of the name where the line begins a field, else 0."""
    match = re.match(rb'([!-9;-~]+)[ \t]*:', line)
    return len(match.group(1)) if match else 0


def postfix(raw):
    """As Postfix 3.7 hands it over: see cases/README.md."""
    notes = []
    lines = []
    pieces = raw.split(b'\n')
    if pieces[-1] == b'':
        pieces.pop()
    for line in pieces:
        stripped = line.rstrip(b'\r')
        changed = stripped.replace(b'\r', b' ')
        if changed != stripped:
            notes.append('bare CR to space: %r' % stripped[:40])
        lines.append(changed)
    first = 0
    while first < len(lines) and re.match(rb'>*From ', lines[first]):
        lines[first] = b'X-Mailbox-Line: ' + lines[first]
        notes.append('renamed: %r' % lines[first][:40])
        first += 1
    if first < len(lines) and lines[first][:1] in (b' ', b'\t'):
        lines.insert(first, b'')
    fields = []
    current = None
    position = 0
    for position, line in enumerate(lines):
        if line[:1] in (b' ', b'\t') and current is not None:
            full = (current[2] or len(current[0]) + 1 + len(current[1]) + 1
                    + len(line) > POSTFIX_FIELD)
            if full:
                current[2] = True
                notes.append('dropped: %r' % line[:40])
            else:
                current[1] += b'\n' + line
            continue
        length = _postfix_field_end(line)
        if not length:
            break
        value = line[line.index(b':') + 1:]
        if line[length:length + 1] != b':':
            notes.append('white space before colon: %r' % line[:40])
        full = length + 1 + len(value) > POSTFIX_FIELD
        if full:
            value = value[:POSTFIX_FIELD - length - 1]
            notes.append('cut at %d octets' % POSTFIX_FIELD)
        current = [line[:length], value, full]
        fields.append(current)
    else:
        position = len(lines)
    body = lines[position:]
    if body and body[0] == b'':
        body = body[1:]
    elif body:
        notes.append('blank line put before %r' % body[0][:40])
    kept = []
    for name, value, _ in fields:
        if name.lower() in POSTFIX_REMOVES:
            notes.append('removed: %s' % name.decode())
            continue
        if b'\0' in value:
            notes.append('cut at NUL: %s' % name.decode())
            value = value.split(b'\0', 1)[0]
        kept.append((name, value))
    return Content(kept, b''.join(line + b'\r\n' for line in body), notes)


def understood(typed):
    """{mail_addr}: what an MTA reads in the address of MAIL FROM.

    Comments and a source route go; what is left of `(ceo@corp.example` is
    the null sender.
    """
    out = ''
    depth = 0
    quoted = False
    position = 0
    while position < len(typed):
        char = typed[position]
        if char == '\\' and position + 1 < len(typed):
            if not depth:
                out += typed[position:position + 2]
            position += 2
            continue
        if char == '"' and not depth:
            quoted = not quoted
        if char == '(' and not quoted:
            depth += 1
        elif char == ')' and depth and not quoted:
            depth -= 1
        elif not depth:
            out += char
        position += 1
    out = out.strip()
    return re.sub(r'^@[^:]*:', '', out)


class Mail:
    """One transaction.

    sender      envelope sender without brackets, as the client typed it
    parameters  ESMTP parameters of MAIL
    mail_addr   how the MTA understands the sender; None: see understood()
    login       SMTP AUTH login, or None
    """

    def __init__(self, content, sender, rcpts, login=None, parameters=(),
                 mail_addr=None):
        self.content = content
        self.sender = sender
        self.rcpts = list(rcpts)
        self.login = login
        self.parameters = list(parameters)
        self.mail_addr = understood(sender) if mail_addr is None else mail_addr


class Postfix:
    """Postfix 3.7.11.

    It sends a macro packet with each command, even an empty one, and with
    each header and body piece the macros of end of header and end of message.
    """
    name = 'postfix'
    last_piece_with_eom = False
    macros_of_skipped_steps = True
    macros_with_everything = True
    aborts_before_quit = 2
    version = 'Postfix 3.7.11'
    default_macros = {
        'connect': ['j', 'daemon_name', 'daemon_addr', 'v', '_'],
        'helo': ['tls_version', 'cipher', 'cipher_bits', 'cert_subject',
                 'cert_issuer'],
        'mail': ['i', 'auth_type', 'auth_authen', 'auth_author', 'mail_addr',
                 'mail_host', 'mail_mailer'],
        'rcpt': ['i', 'rcpt_addr', 'rcpt_host', 'rcpt_mailer'],
        'data': ['i'], 'eoh': ['i'], 'eom': ['i'],
    }
    queue_ids = 0

    def __init__(self, hostname='mail.corp.example'):
        self.hostname = hostname

    @classmethod
    def queue_id(cls):
        cls.queue_ids += 1
        return '4F%06X' % cls.queue_ids

    def session_macros(self, client='client.rcpt.example',
                       address='192.0.2.7'):
        return {
            'j': self.hostname, 'daemon_name': self.hostname,
            'daemon_addr': '127.0.0.1', 'v': self.version,
            '_': '%s [%s]' % (client, address), 'client_addr': address,
            'client_name': client, 'client_ptr': client,
            'client_port': '40000', 'client_connections': '0',
            'client_resolve': 'OK', 'daemon_port': '587',
        }

    def mail_macros(self, mail):
        return {
            'auth_type': 'PLAIN' if mail.login else None,
            'auth_authen': mail.login,
            'mail_addr': mail.mail_addr,
            'mail_host': 'rcpt.example', 'mail_mailer': 'smtp',
        }

    def rcpt_macros(self, mail, rcpt, later):
        # Postfix opens the queue file at the first good recipient.
        values = {'rcpt_addr': rcpt, 'rcpt_host': 'rcpt.example',
                  'rcpt_mailer': 'smtp'}
        if later:
            self.data_macros(mail)
            values['i'] = mail.queue_id
        return values

    def data_macros(self, mail):
        if not hasattr(mail, 'queue_id'):
            mail.queue_id = self.queue_id()
        return {'i': mail.queue_id}

    def changed(self, mail, result, lead_space, received=b' from client'):
        return Postfix.Edited(mail, result, lead_space, received)

    class Edited:
        """The message after the edits: `fields` (without Postfix's own
        Received), `body`, `sender`, `rcpts`, `added` (fields that an edit
        wrote)."""

        def __init__(self, mail, result, lead_space, received):
            own = [b'Received', received]
            # Postfix counts its own Received for insert, and for change it
            # passes over whatever stands first.
            self._list = [own] + [[name, value]
                                  for name, value in mail.content.fields]
            self._space = b'' if lead_space else b' '
            self.added = []
            self.sender = mail.mail_addr
            self.rcpts = list(result.rcpts)
            body = []
            for kind, *data in result.edits:
                if kind == 'body':
                    body.append(data[0])
                else:
                    getattr(self, '_' + kind)(*data)
            self.body = (_replaced_body(body) if body else mail.content.body)
            self.fields = [tuple(field) for field in self._list
                           if field is not own]

        def _new(self, name, value):
            field = [name, self._space + _only_folds(value, b'\t')]
            self.added.append(tuple(field))
            return field

        def _add(self, name, value):
            self._list.append(self._new(name, value))

        def _insert(self, index, name, value):
            self._list.insert(index, self._new(name, value))

        def _change(self, index, name, value):
            index = max(index, 1)
            for position in range(1, len(self._list)):
                if self._list[position][0].lower() == name.lower():
                    index -= 1
                    if not index:
                        if value:
                            self._list[position] = self._new(name, value)
                        else:
                            del self._list[position]
                        return
            if value:
                self._add(name, value)

        def _from(self, address, _arguments):
            self.sender = _bare(address)

        def _addrcpt(self, address, _arguments):
            self.rcpts.append(_bare(address))

        def _delrcpt(self, address):
            self.rcpts = [rcpt for rcpt in self.rcpts
                          if rcpt != _bare(address)]

        def _quarantine(self, _reason):
            self.quarantined = True


class LastPieceWithEnd(Postfix):
    """As Postfix, but the last piece of the body comes with the end of the
    message, as the protocol allows: libmilter then calls the body callback,
    and end of message only if that one answered "continue"."""
    last_piece_with_eom = True


class Sendmail:
    """Sendmail 8.17.1.9."""
    name = 'sendmail'
    last_piece_with_eom = False
    macros_of_skipped_steps = False
    macros_with_everything = False
    aborts_before_quit = 0
    version = '8.17.1.9'
    default_macros = {
        'connect': ['j', '_', 'daemon_name', 'if_name', 'if_addr'],
        'helo': ['tls_version', 'cipher', 'cipher_bits', 'cert_subject',
                 'cert_issuer'],
        'mail': ['i', 'auth_type', 'auth_authen', 'auth_ssf', 'auth_author',
                 'mail_mailer', 'mail_host', 'mail_addr'],
        'rcpt': ['rcpt_mailer', 'rcpt_host', 'rcpt_addr'],
        'eom': ['msg_id'],
    }
    queue_ids = 0

    def __init__(self, hostname='mail.corp.example'):
        self.hostname = hostname

    def session_macros(self, client='client.rcpt.example',
                       address='192.0.2.7'):
        return {
            'j': self.hostname, 'daemon_name': 'MSA', 'v': self.version,
            '_': '%s [%s]' % (client, address), 'client_addr': address,
            'client_name': client, 'client_ptr': client,
            'client_port': '40000', 'daemon_addr': '127.0.0.1',
            'daemon_port': '587', 'if_name': 'localhost',
            'client_resolve': 'OK', 'client_connections': '1',
            # Without a client certificate this is what Sendmail says.
            'cert_subject': '', 'cert_issuer': '', 'verify': 'NO',
        }

    def mail_macros(self, mail):
        Sendmail.queue_ids += 1
        mail.queue_id = '3ANsm%09d' % Sendmail.queue_ids
        return {
            'i': mail.queue_id,
            'auth_type': 'PLAIN' if mail.login else None,
            'auth_authen': mail.login,
            'auth_ssf': '0' if mail.login else None,
            'mail_addr': mail.mail_addr,
            'mail_host': 'rcpt.example.' if mail.mail_addr else '',
            'mail_mailer': 'esmtp' if mail.mail_addr else 'local',
        }

    def rcpt_macros(self, _mail, rcpt, _later):
        return {'rcpt_addr': rcpt, 'rcpt_host': 'rcpt.example.',
                'rcpt_mailer': 'esmtp'}

    def data_macros(self, mail):
        # Also given where Sendmail only is about to add one.
        ids = [value.decode('utf-8', 'surrogateescape').strip()
               for name, value in mail.content.fields
               if name.lower() == b'message-id']
        return {'msg_id': (ids or ['<default@mail.corp.example>'])[0]}

    def changed(self, mail, result, lead_space, received=b' from client'):
        return Sendmail.Edited(mail, result, lead_space, received)

    class Node:
        """A header in Sendmail's list: one of the message (`user`) or one
        that its configuration provides."""

        def __init__(self, name, value, user):
            self.name = name
            self.value = value
            self.user = user

    class Edited:
        """The message after the edits, as Postfix.Edited.

        The list begins with the fields that sendmail.cf provides. They stand
        there, and are counted for insert, whether or not they are sent in
        the end: Date, From and Message-Id are where the message has none.
        """
        PROVIDED = (b'Return-Path', b'Received', b'Resent-Date', b'Date',
                    b'Resent-From', b'From', b'Full-Name',
                    b'Resent-Message-Id', b'Message-Id')
        # Sent by a mailer of the net if the message brings none.
        DEFAULTS = {b'date': b' Mon, 23 Nov 2026 10:15:31 +0100',
                    b'from': b' default@mail.corp.example',
                    b'message-id': b' <default@mail.corp.example>'}

        def __init__(self, mail, result, lead_space, received):
            del received
            self._space = b'' if lead_space else b' '
            self.added = []
            seen = {name.lower() for name, _ in mail.content.fields}
            self._list = [
                Sendmail.Node(name, None if name.lower() in seen
                              else self.DEFAULTS.get(name.lower()), False)
                for name in self.PROVIDED]
            self._list += [Sendmail.Node(name, value, True)
                           for name, value in mail.content.fields]
            self.sender = mail.mail_addr
            self.rcpts = list(result.rcpts)
            body = []
            for kind, *data in result.edits:
                if kind == 'body':
                    body.append(data[0])
                else:
                    getattr(self, '_' + kind)(*data)
            self.body = (_replaced_body(body) if body else mail.content.body)
            self.fields = [(node.name, node.value) for node in self._list
                           if node.value is not None]

        def _text(self, name, value):
            value = self._space + _only_folds(value, b' ')
            self.added.append((name, value))
            return value

        def _provided(self, name):
            """The node of that name that is not of the message; a trace
            field is never taken for one."""
            if name.lower() == b'received':
                return None
            for node in self._list:
                if not node.user and node.name.lower() == name.lower():
                    return node
            return None

        def _before_first(self, name, value):
            node = Sendmail.Node(name, self._text(name, value), True)
            for position, other in enumerate(self._list):
                if other.name.lower() == name.lower():
                    self._list.insert(position, node)
                    return
            self._list.append(node)

        def _add(self, name, value):
            provided = self._provided(name)
            if provided:
                provided.value = self._text(provided.name, value)
                provided.user = True
            else:
                self._before_first(name, value)

        def _insert(self, index, name, value):
            # Behind the node with that number; Return-Path is number 0.
            self._list.insert(index + 1, Sendmail.Node(
                name, self._text(name, value), True))

        def _change(self, index, name, value):
            index = max(index, 1)
            found = self._provided(name)
            for node in self._list:
                if node.user and node.name.lower() == name.lower():
                    # Deleted ones are still there and still counted.
                    index -= 1
                    if not index:
                        found = node
                        break
            if found is None:
                if value:
                    self._before_first(name, value)
            elif value:
                found.value = self._text(found.name, value)
                found.user = True
            else:
                found.value = None

        _from = None
        _quarantine = None

        def _addrcpt(self, address, _arguments):
            if _bare(address) not in self.rcpts:
                self.rcpts.append(_bare(address))

        def _delrcpt(self, address):
            self.rcpts = [rcpt for rcpt in self.rcpts
                          if rcpt != _bare(address)]

    # These two are the same on both.
    Edited._from = Postfix.Edited._from
    Edited._quarantine = Postfix.Edited._quarantine


def _bare(address):
    text = address.decode('utf-8', 'surrogateescape')
    if text.startswith('<') and text.endswith('>'):
        text = text[1:-1]
    return text


def _only_folds(value, blank):
    """A line break without a blank behind it is given one by the MTA."""
    return re.sub(rb'\n(?![ \t])', b'\n' + blank, value)


def _replaced_body(pieces):
    body = b''.join(pieces)
    body = re.sub(rb'\r?\n', b'\r\n', body)
    if body and not body.endswith(b'\r\n'):
        body += b'\r\n'
    return body


def wire_form(edited):
    """The message as it leaves: octets."""
    out = b''
    for name, value in edited.fields:
        out += name + b':' + re.sub(rb'\n', b'\r\n', value) + b'\r\n'
    return out + b'\r\n' + edited.body
