#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Python's email package: python_email.py default|compat32|decoded

default   message and addresses by the policy of that name
compat32  the older API: getaddresses() of the raw fields
decoded   what many programs do: decode the field, then take it apart
"""
import email
import email.policy
import json
import struct
import sys
from email.header import decode_header, make_header
from email.utils import getaddresses, parseaddr

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


def compat32(raw):
    message = email.message_from_bytes(raw)
    return {name: getaddresses(map(str, message.get_all(name)))
            for name in NAMES if name in message}


def decoded(raw):
    message = email.message_from_bytes(raw)
    return {name: [parseaddr(str(make_header(decode_header(value))))
                   for value in message.get_all(name)]
            for name in NAMES if name in message}


def main():
    read = globals()[sys.argv[1]]
    while prefix := sys.stdin.buffer.read(4):
        raw = sys.stdin.buffer.read(struct.unpack('>I', prefix)[0])
        try:
            seen = read(raw)
        except Exception as error:
            seen = {'error': '%s: %s' % (type(error).__name__, error)}
        print(json.dumps(seen), flush=True)


main()
