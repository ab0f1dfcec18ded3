# SPDX-License-Identifier: BSD-2-Clause
"""What became of each message, and what must not have."""

import collections

import common
import lab
from clients import body, number_of

VERIFIED = 40           # of the delivered messages, by verifiers not ours


def account(outcome, large, messages):
    """The numbers of what must not be, each kind with what shows it.

    outcome: honest, word and reply by number; large: whether its body is."""
    bad = collections.defaultdict(list)
    delivered = collections.Counter(number_of(one) for one in messages)
    for number, (honest, word, why) in outcome.items():
        if word == "accepted" and not delivered[number]:
            bad["lost"].append((number, why))
        if delivered[number] > 1 or (delivered[number] and
                                     word in ("later", "refused", "cut")):
            bad["twice"].append((number, word, why))
        if delivered[number] and not honest:
            bad["forged"].append((number, why))
        if honest and word == "refused":
            bad["refused"].append((number, why))
        if word == "later":
            bad["never taken"].append((number, why))
    for one in messages:
        number = number_of(one)
        if b"d=corp.example" not in common.header_of(one.data):
            bad["unsigned"].append((number, one.data[:300]))
        if number not in outcome or \
                one.data.partition(b"\r\n\r\n")[2] != body(number, large[number]):
            bad["changed"].append((number, one.data[-200:]))
    return bad


def verify(messages, records, bad):
    """A part of them; all would take longer than the rest."""
    step = max(1, len(messages) // VERIFIED)
    for one in messages[::step]:
        found = lab.verify(one.data, records)
        # One of the two knows no Ed25519, and a broken key leaves the other.
        if not any(s.ok for opinions in found.values() for s in opinions):
            bad["unsigned"].append((number_of(one), found))
