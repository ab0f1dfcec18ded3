# SPDX-License-Identifier: BSD-2-Clause
"""Zone data as in the test suites of SPF, and the program that checks in it."""

import os
import subprocess

SCOPES = {"v1": 0, "mfrom": 1, "pra": 2}


def program():
    path = os.environ.get("SPF_CASES")
    if not path:
        path = os.path.join(os.environ.get("top_builddir", "."),
                            "tests", "preflight", "spf_cases")
    return os.path.abspath(path)


def _octets(text):
    return text.encode("utf-8") if isinstance(text, str) else text


def _escape(octets, plain):
    return "".join(chr(o) if chr(o) in plain else "\\%03d" % o for o in octets)


HOST = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."


def _name(name):
    return _escape(_octets(name.rstrip(".")), HOST) + "."


def _is_name(name):
    labels = _octets(name.rstrip(".")).split(b".")
    return len(b".".join(labels)) <= 253 and all(0 < len(l) < 64 for l in labels)


def _strings(value):
    """Character-strings of a TXT record, none longer than DNS has them."""
    values = [value] if isinstance(value, (str, bytes)) else list(value)
    pieces = []
    for piece in map(_octets, values):
        pieces += [piece[i:i + 255] for i in range(0, len(piece), 255)] or [b""]
    return " ".join('"%s"' % _escape(p, HOST) for p in pieces or [b""])


def records(entries):
    """(type, value) of a name; "TIMEOUT" stands for what has no record.

    A record of type SPF (99) is a TXT record as well, unless the name says what
    TXT it has: the suites' own rule, so that they serve for both types."""
    own_txt = any(isinstance(e, dict) and "TXT" in e for e in entries)
    for entry in entries:
        if entry == "TIMEOUT":
            yield "TIMEOUT", ""
            continue
        for kind, value in entry.items():
            if kind == "SPF" and not own_txt:
                yield "TXT", value
            if value != "NONE":
                yield kind, value


def zone_lines(zonedata):
    lines = []
    for name, entries in zonedata.items():
        if not _is_name(name):
            continue
        for kind, value in records(entries):
            if kind in ("TXT", "SPF"):
                value = _strings(value)
            elif kind == "MX":
                value = "%d %s" % (value[0], _name(value[1]) if value[1] else ".")
            elif kind in ("PTR", "CNAME"):
                value = _name(value)
            lines.append("%s IN %s %s" % (_name(name), kind, value))
    return lines


class Checker:
    """One process that checks; its answers are dictionaries."""

    def __init__(self):
        self.process = subprocess.Popen([program()], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)

    def _send(self, text):
        self.process.stdin.write(text.encode("ascii") + b"\n")
        self.process.stdin.flush()

    def zone(self, zonedata):
        lines = zone_lines(zonedata)
        self._send("\n".join(["zone %d" % len(lines)] + lines))

    def check(self, client, helo, sender, scope="v1"):
        self._send("check %d %s x%s x%s" % (SCOPES[scope], client,
                                            _octets(helo).hex(), _octets(sender).hex()))
        line = self.process.stdout.readline().decode("utf-8", "replace")
        if not line:
            raise RuntimeError("%s ended" % program())
        words = line.rstrip("\n").split(" ", 4)
        return {"result": words[0], "terms": int(words[1]), "voids": int(words[2]),
                "libspf2": words[3], "fault": words[4]}

    def close(self):
        self.process.stdin.close()
        if self.process.wait() != 0:
            raise RuntimeError("%s failed" % program())
        self.process.stdout.close()
