#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Python's email package: python_email.py MODE

default   message and addresses by the policy of that name
compat32  the older API: getaddresses() of the raw fields
decoded   what many programs do: decode the field, then take it apart

The latter two have a form with -lenient: as before strict parsing came in
2024 (CVE-2023-27043).
"""
import email
import email.policy
import json
import struct
import sys
from email.header import decode_header, make_header
from email.utils import getaddresses, parseaddr
from functools import partial
from inspect import signature

NAMES = ('From', 'Sender', 'Resent-From', 'Resent-Sender', 'Author')


def default(raw):
    message = email.message_from_bytes(raw, policy=email.policy.default)
    seen = {}
    for name in NAMES:
        for field in message.get_all(name, ()):
            if not hasattr(field, 'addresses'):
                # Author is no address field for this policy.
                seen.setdefault(name, []).extend(getaddresses([str(field)]))
                continue
            seen.setdefault(name, []).extend(
                (box.display_name, '%s@%s' % (box.username, box.domain)
                 if box.domain else box.username) for box in field.addresses)
    return seen


def compat32(raw, getaddresses=getaddresses):
    message = email.message_from_bytes(raw)
    return {name: getaddresses(map(str, message.get_all(name)))
            for name in NAMES if name in message}


def decoded(raw, parseaddr=parseaddr):
    message = email.message_from_bytes(raw)
    return {name: [parseaddr(str(make_header(decode_header(value))))
                   for value in message.get_all(name)]
            for name in NAMES if name in message}


LENIENT = ({'strict': False} if 'strict' in signature(parseaddr).parameters
           else {})
READERS = {
    'default': default,
    'compat32': compat32,
    'compat32-lenient': partial(compat32, getaddresses=partial(
        getaddresses, **LENIENT)),
    'decoded': decoded,
    'decoded-lenient': partial(decoded, parseaddr=partial(
        parseaddr, **LENIENT)),
}


def main():
    read = READERS[sys.argv[1]]
    while prefix := sys.stdin.buffer.read(4):
        raw = sys.stdin.buffer.read(struct.unpack('>I', prefix)[0])
        try:
            seen = read(raw)
        except Exception as error:
            seen = {'error': '%s: %s' % (type(error).__name__, error)}
        print(json.dumps(seen), flush=True)


main()
