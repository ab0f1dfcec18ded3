# SPDX-License-Identifier: BSD-2-Clause
"""DKIM verification by two verifiers that are not ours: python3-dkim, Mail::DKIM."""

import json
import logging
import re
import subprocess
import tempfile
import typing

from .process import LabError


class Signature(typing.NamedTuple):
    """One verifier's opinion of one DKIM-Signature field."""

    d: str
    s: str
    a: str
    ok: typing.Optional[bool]   # None: this verifier does not know the algorithm
    why: str


def verify(message, records, verifiers=("dkimpy", "Mail::DKIM")):
    """What each verifier says of each signature, from the top of the header.

    `message` has lines that end in CR LF; `records` gives the TXT record by name,
    as in {"s1._domainkey.corp.example": "v=DKIM1; p=..."}, and there are no others.
    Returns {"dkimpy": [Signature, ...], "Mail::DKIM": [...]}. A field that is no
    tag list at all is a failure to the first and not there to the second.
    "any blank" is dkimpy as if all that isspace() of C, and in the header that of
    Python, knows were white space of relaxed canonicalization: rspamd and others
    take some of it for that, each in another place.
    """
    known = {"dkimpy": _dkimpy, "Mail::DKIM": _mail_dkim, "any blank": _any_blank}
    return {name: known[name](message, records) for name in verifiers}


def _dkimpy(message, records):
    # Only here: what does not verify does not need these packages.
    import dkim

    def txt(name, timeout=5):
        record = records.get(name.decode().rstrip("."))
        return record.encode() if record is not None else None

    class Reasons(logging.Handler):
        def emit(self, record):
            why.append(record.getMessage())

    logger = logging.Logger("dkimpy", logging.ERROR)
    logger.addHandler(Reasons())
    found = []
    fields = dkim.rfc822_parse(message)[0]
    for index in range(sum(n.lower() == b"dkim-signature" for n, _ in fields)):
        why = []
        verifier = dkim.DKIM(message, logger=logger)
        try:
            ok = verifier.verify(index, dnsfunc=txt)
        except (dkim.DKIMException, dkim.DnsTimeoutError, ValueError) as e:
            ok = False
            why.append(str(e))
        tags = getattr(verifier, "signature_fields", None) or {}
        found.append(Signature(*(tags.get(t, b"").decode(errors="replace")
                                 for t in (b"d", b"s", b"a")),
                               ok, "; ".join(why) or ("pass" if ok else "fail")))
    return found


_BLANKS = re.compile(rb"[\x0b\x0c\x1c-\x1f]|\xc2\x85|\xe2\x80[\xa8\xa9]")
_BODY_BLANKS = re.compile(rb"[\x0b\x0c]")


def _any_blank(message, records):
    import dkim

    head, _, body = message.partition(b"\r\n\r\n")
    heads = {b"simple": head, b"relaxed": _BLANKS.sub(b" ", head)}
    bodies = {b"simple": body, b"relaxed": _BODY_BLANKS.sub(b" ", body)}
    if heads[b"relaxed"] == head and bodies[b"relaxed"] == body:
        return _dkimpy(message, records)
    found = []
    signatures = [v for n, v in dkim.rfc822_parse(message)[0]
                  if n.lower() == b"dkim-signature"]
    for index, value in enumerate(signatures):
        canon = re.search(rb"\bc=\s*(\w+)/(\w+)", value)
        header, text = canon.groups() if canon else (b"simple", b"simple")
        found.append(_dkimpy(heads[header] + b"\r\n\r\n" + bodies[text],
                             records)[index])
    return found


# Reads {records} and a newline; then, for each message, its length, a newline and
# the message, and prints a JSON list in one line. The method that it overrides is
# the one through which Mail::DKIM asks for everything.
_PERL = r"""
use strict;
use warnings;
use JSON::PP;
use Mail::DKIM::Verifier;
use Net::DNS::RR;

$| = 1;
binmode STDIN;
my $records = decode_json(scalar <STDIN>);
{
    no warnings 'redefine';
    *Mail::DKIM::DNS::query = sub {
        my ($name, $type) = @_;
        my $text = $type eq 'TXT' ? $records->{$name} : undef;
        $@ = 'NXDOMAIN';
        return unless defined $text;
        return Net::DNS::RR->new(owner => $name, type => 'TXT',
            txtdata => [unpack('(a255)*', $text)]);
    };
}
while (defined(my $length = <STDIN>)) {
    my $message = '';
    read(STDIN, $message, $length);
    my $verifier = Mail::DKIM::Verifier->new;
    $verifier->PRINT($message);
    $verifier->CLOSE;
    print encode_json([map { {
        d => $_->domain, s => $_->selector, a => $_->algorithm,
        result => $_->result, why => $_->result_detail,
    } } $verifier->signatures]), "\n";
}
"""


class MailDKIM:
    """A process in which Mail::DKIM verifies one message after the other."""

    def __init__(self, records):
        self._errors = tempfile.TemporaryFile()
        self._perl = subprocess.Popen(["perl", "-e", _PERL], stderr=self._errors,
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._perl.stdin.write(json.dumps(records).encode() + b"\n")

    def __enter__(self):
        return self

    def __exit__(self, *_exc):
        self._perl.communicate()
        self._errors.close()

    def verify(self, message):
        """What it says of each signature, from the top of the header."""
        try:
            self._perl.stdin.write(b"%d\n" % len(message) + message)
            self._perl.stdin.flush()
            answer = self._perl.stdout.readline()
        except BrokenPipeError:
            answer = b""
        if not answer:
            self._errors.seek(0)
            raise LabError("Mail::DKIM: "
                           + self._errors.read().decode(errors="replace"))
        found = []
        for row in json.loads(answer):
            unknown = (row["a"] == "ed25519-sha256"
                       and "unsupported algorithm" in row["why"])
            found.append(Signature(
                row["d"] or "", row["s"] or "", row["a"] or "",
                None if unknown else row["result"] == "pass", row["why"]))
        return found


def _mail_dkim(message, records):
    with MailDKIM(records) as verifier:
        return verifier.verify(message)
