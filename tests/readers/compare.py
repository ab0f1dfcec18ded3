# SPDX-License-Identifier: BSD-2-Clause
"""Whether a reader sees an author that was not checked."""

import functools
import re
import unicodedata


@functools.lru_cache(maxsize=100000)
def canonical(address):
    """The form in which addresses are compared, or None for what has no '@'.

    Without letter case, without the quotes of a local part, with U-labels.
    Octets that a reader took for latin-1 are read as the UTF-8 that they are.
    """
    text = address.strip(' \t\r\n')
    try:
        text = text.encode('utf-8', 'surrogateescape').decode('utf-8',
                                                              'replace')
        text = text.encode('latin-1').decode('utf-8')
    except UnicodeError:
        pass
    local, at, domain = text.rpartition('@')
    if not at:
        return None
    if len(local) > 1 and local[0] == local[-1] == '"':
        local = re.sub(r'\\(.)', r'\1', local[1:-1])
    labels = [_unicode_label(label) for label in domain.split('.')]
    text = unicodedata.normalize('NFC', local + '@' + '.'.join(labels))
    return text.lower()


def _unicode_label(label):
    if label[:4].lower() == 'xn--':
        try:
            return label[4:].encode('ascii').decode('punycode')
        except UnicodeError:
            pass
    return label


def _blurred(form):
    """For a reader that shows U+FFFD where it cannot read 8-bit text."""
    return re.sub('[^\0-\x7f]+', '\ufffd', form)


def addresses(pairs):
    """Those of one field that a reader saw, empty ones left out."""
    return [str(pair[1]) for pair in pairs or () if pair[1]]


def judge(seen, checked):
    """blind, fragments, unchecked: whether the reader saw no author in From;
    what it saw that is no address; the (field, address) that nobody checked.
    """
    fragments = []
    unchecked = []
    from_seen = False
    for field, pairs in seen.items():
        if field == 'error':
            continue
        allowed = checked.get(field, ())
        for address in addresses(pairs):
            form = canonical(address)
            if form is None:
                fragments.append((field, address))
                continue
            from_seen = from_seen or field == 'From'
            if form not in allowed and not (
                    '\ufffd' in form and
                    _blurred(form) in map(_blurred, allowed)):
                unchecked.append((field, address))
    return not from_seen, fragments, unchecked
