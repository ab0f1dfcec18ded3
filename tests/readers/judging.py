# SPDX-License-Identifier: BSD-2-Clause
"""What submilter makes of messages: the program judge.c and its answers."""

import collections
import os
import struct
import subprocess
import sys

import compare
import generate

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))


def build_judge(directory):
    source = os.path.join(directory, 'source')
    os.mkdir(source)
    for command in ([os.path.join(TOP, 'packaging/copy-tree'), source],
                    ['autoreconf', '-fi'], ['./configure', '--sysconfdir=/etc'],
                    ['make', '-s', 'tests/readers/judge']):
        done = subprocess.run(command, cwd=source, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode:
            sys.exit('%s: %s' % (command[0], done.stdout.decode()[-2000:]))
    return os.path.join(source, 'tests/readers/judge')


class Answer:
    """accepted: message and checked ({field: addresses}); else the reply."""

    def __init__(self, octets):
        head, _, rest = octets.partition(b'\n')
        self.accepted = head == b'accept'
        if not self.accepted:
            self.reason = head.split(b' ')[1].decode()
            self.reply = rest.decode()
            return
        lines, _, self.message = rest.partition(b'\n\n')
        self.checked = collections.defaultdict(set)
        for line in lines.decode().split('\n'):
            field, _, address = line.partition(': ')
            self.checked[field].add(compare.canonical(address))
        # The Sender that submilter adds beside several authors.
        if 'Sender' not in self.checked:
            self.checked['Sender'] = self.checked['MAIL FROM']


def answers(command, records):
    done = subprocess.run(
        command, input=b''.join(map(generate.framed, records)),
        stdout=subprocess.PIPE, check=True, cwd=HERE)
    at = 0
    while at < len(done.stdout):
        length, = struct.unpack_from('>I', done.stdout, at)
        yield Answer(done.stdout[at + 4:at + 4 + length])
        at += 4 + length
