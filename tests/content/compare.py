# SPDX-License-Identifier: BSD-2-Clause
"""What two versions of a message have in common, as a foreign parser sees
them."""

import re
import subprocess

# Nothing that passes as it is has a longer line, whatever the MTA.
LINE_LIMIT = 990
ENCODED = (b'base64', b'quoted-printable')
FILE = 'application/octet-stream'


class Part:
    """depth and type; fields as they stand; raw and decoded octets (of a
    multipart: what stands around its parts)."""

    def __init__(self, depth, kind):
        self.depth = depth
        self.kind = kind
        self.fields = []
        self.raw = []
        self.decoded = []

    def encodings(self):
        return [field for field in self.fields
                if name_of(field) == b'content-transfer-encoding']

    def others(self):
        return [field for field in self.fields
                if name_of(field) != b'content-transfer-encoding']

    def label(self):
        found = self.encodings()
        value = found[0].partition(b':')[2] if found else b''
        value = re.sub(rb'\([^()]*\)', b'', value).strip().lower()
        return re.split(rb'[; ]', value)[0]


def name_of(field):
    return field.partition(b':')[0].strip().lower()


class Reader:
    """A program that lists the parts of messages (see leaves.c)."""

    def __init__(self, name, command):
        self.name = name
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE)

    def parts(self, raw):
        self._process.stdin.write(b'%d\n' % len(raw) + raw)
        self._process.stdin.flush()
        found = []
        out = self._process.stdout
        while True:
            line = out.readline()
            if line == b'.\n':
                return found
            if not line:
                raise RuntimeError('%s ended' % self.name)
            what, _, rest = line.rstrip(b'\n').partition(b' ')
            if what == b'P':
                depth, _, kind = rest.partition(b' ')
                found.append(Part(int(depth), kind.decode()))
                continue
            data = out.read(int(rest))
            out.read(1)
            if what == b'F':
                found[-1].fields.append(data.rstrip(b'\r\n'))
            else:
                (found[-1].raw if what == b'R' else found[-1].decoded).append(
                    data)

    def close(self):
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()


def shown(octets):
    return repr(octets if len(octets) <= 100
                else octets[:50] + b' ... ' + octets[-50:])


def first_difference(old, new):
    at = next((i for i, (a, b) in enumerate(zip(old, new)) if a != b),
              min(len(old), len(new)))
    start = max(0, at - 20)
    return 'octet %d of %d/%d: %r became %r' % (
        at, len(old), len(new), old[start:at + 20], new[start:at + 20])


def needs_encoding(old):
    """Whether a part has anything that some MTA would change."""
    raw = b''.join(old.raw)
    return (not raw.isascii() or b'\0' in raw
            or b'\r' in raw.replace(b'\r\n', b'')
            or b'\n' in raw.replace(b'\r\n', b'')
            or max(map(len, raw.split(b'\r\n'))) > LINE_LIMIT)


def decoded(reader, part):
    """Email::MIME makes CR LF of each LF that quoted-printable stands for."""
    content = b''.join(part.decoded)
    if reader.name == 'Email::MIME':
        content = content.replace(b'\r\n', b'\n')
    return content


def plain(field):
    """A field without its folds, a blank before its colon, and the quotes of
    a boundary: what may be written otherwise in the header of a part."""
    name, _, value = field.partition(b':')
    value = re.sub(rb'\r?\n(?=[ \t])', b'', value)
    if name.strip().lower() == b'content-type' and b'boundary' in value.lower():
        value = value.replace(b'"', b'')
    return name.rstrip() + b':' + value


def same_fields(old, new):
    """An attached message may get the version that it lacks."""
    before = [plain(f) for f in old.others()]
    after = [plain(f) for f in new.others()]
    if b'mime-version' not in map(name_of, before):
        after = [f for f in after if f != b'MIME-Version: 1.0']
    return before == after


def same_beside(old, new):
    """What stands around the parts of a multipart: no reader shows it, so that
    8 bits, NUL and blanks may go, and lines be broken behind such an octet."""
    new = re.sub(rb'[?*!#~]\r?\n ', b'', b''.join(new.raw))
    old, new = (re.sub(rb'[ \t\r\n]', b'', raw) for raw in (b''.join(old.raw), new))
    return len(old) == len(new) and all(
        a == b or (not 0 < a < 128 and b in b'?*!#~') for a, b in zip(old, new))


def part_fault(reader, old, new):
    if (old.depth, old.kind) != (new.depth, new.kind):
        return 'was %s in depth %d, is %s in depth %d' % (
            old.kind, old.depth, new.kind, new.depth)
    if not same_fields(old, new):
        return 'fields: %r became %r' % (
            [f for f in old.others() if f not in new.others()],
            [f for f in new.others() if f not in old.others()])
    if decoded(reader, old) != decoded(reader, new):
        return 'decoded content: ' + first_difference(
            decoded(reader, old), decoded(reader, new))
    same = old.raw == new.raw
    if same and old.encodings() == new.encodings():
        return None
    if not old.decoded and not same and not same_beside(old, new):
        return 'beside its parts: ' + first_difference(
            b''.join(old.raw), b''.join(new.raw))
    # Without that field it is 7bit: multiparts and messages lose it.
    if not new.encodings() and old.label() in (b'7bit', b'8bit', b'binary') \
            and (not new.decoded or b''.join(new.raw).isascii()):
        return None
    if old.encodings() and old.label() == new.label() and same:
        return None
    if not old.decoded and old.label() == new.label():
        return None
    if len(new.encodings()) != 1:
        return 'encodings: %r became %r' % (old.encodings(), new.encodings())
    if same and (old.label(), new.label()) not in (
            (b'8bit', b'7bit'), (b'binary', b'7bit')):
        return 'labels: %r became %r' % (old.encodings(), new.encodings())
    # The last part of a multipart that is closed now.
    if b''.join(old.raw).rstrip(b'\r\n') == b''.join(new.raw).rstrip(b'\r\n'):
        return None
    if not same and not needs_encoding(old):
        return 'was encoded anew without need: ' + shown(b''.join(old.raw))
    if not same and new.label() not in ENCODED:
        return 'was changed, and is labelled %r' % new.label()
    return None


def of_the_message(reader, parts):
    """The parts that show the header of the message itself. GMime lists its
    Content-* fields with the part inside."""
    return parts[:2 if reader.name == 'gmime' else 1]


def known_names(parts):
    return {name_of(field) for part in parts for field in part.fields}


def leave_out(parts, names):
    """What submilter adds to the message itself, or keeps one of."""
    for part in parts:
        seen = set()
        kept = []
        for field in part.fields:
            name = name_of(field)
            if name not in names and (name != b'mime-version'
                                      or name not in seen):
                kept.append(field)
            seen.add(name)
        part.fields = kept


def leaves(reader, parts):
    return [(part.kind, decoded(reader, part).replace(b'\r\n', b'\n'))
            for part in parts if part.decoded]


def agree(readers, raw):
    """Those that see in a message what the first one sees. Email::MIME knows
    no comments in fields, no digests, and no part without a header."""
    seen = [leaves(reader, reader.parts(raw)) for reader in readers]
    return [reader for reader, each in zip(readers, seen) if each == seen[0]]


def opened(reader, parts):
    """Attached messages in base64 or quoted-printable may become what they are
    when decoded, with CR LF for line ends: each with its parts, as a reader
    sees these that takes such an attachment for a file."""
    found = []
    for part in parts:
        found.append(part)
        if part.kind != 'message/rfc822' or part.label() not in ENCODED \
                or not part.decoded:
            continue
        text = b''.join(part.decoded).replace(b'\r\n', b'\n')
        for inner in opened(reader, reader.parts(text.replace(b'\n', b'\r\n'))):
            inner.depth += part.depth + 1
            found.append(inner)
        part.fields = part.others()
        part.raw, part.decoded = [], []
    return found


def as_files(old, new):
    """Attached messages in such an encoding that cannot be decoded become files,
    with the same content: in old they are files then, too."""
    found = []
    for part in old:
        if found and part.depth > found[-1].depth and found[-1].kind == FILE:
            continue        # a reader has opened it
        found.append(part)
        number = len(found) - 1
        after = new[number] if number < len(new) else part
        if part.kind == 'message/rfc822' and after.kind == FILE \
                and part.label() not in (b'', b'7bit', b'8bit', b'binary'):
            part.kind = FILE
            part.fields = part.encodings() + after.others()
            part.decoded = part.decoded or after.decoded
    return found


def faults(reader, before, after):
    """What is not as it was."""
    new = reader.parts(after)
    old = as_files(reader.parts(before), new)
    if len(old) != len(new):
        old, new = opened(reader, old), opened(reader, new)
    own = of_the_message(reader, old), of_the_message(reader, new)
    added = {b'dkim-signature'} | ({b'mime-version', b'content-type'}
                                   - known_names(own[0]))
    for parts in own:
        leave_out(parts, added)
    if len(old) != len(new):
        return ['%d parts became %d' % (len(old), len(new))]
    for number, (a, b) in enumerate(zip(old, new)):
        fault = part_fault(reader, a, b)
        if fault:
            return ['part %d %s: %s' % (number, a.kind, fault)]
    return []
