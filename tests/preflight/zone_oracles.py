# SPDX-License-Identifier: BSD-2-Clause
"""What pyspf, dkimpy and Mail::DMARC make of a domain in a zone file."""

import base64
import json
import os
import pathlib
import re
import subprocess

import dkim
import dns.rdatatype
import dns.zone
import spf

HERE = pathlib.Path(__file__).resolve().parent
PSL = "/usr/share/publicsuffix/public_suffix_list.dat"
MESSAGE = b"From: <a@%s>\r\nSubject: x\r\n\r\nHello.\r\n"


class Zone:
    """A zone file, with the wildcards of RFC 4592."""

    def __init__(self, text):
        self.failing = set()
        self.records = {}
        kept = []
        for line in text.splitlines():
            match = re.match(r"(\S+)\. IN (FAIL|TIMEOUT)\b", line)
            if match:
                self.failing.add(match.group(1).lower())
            else:
                kept.append(line)
        zone = dns.zone.from_text("$TTL 60\n" + "\n".join(kept) + "\n", origin=".",
                                  relativize=False, check_origin=False)
        for owner, _, record in zone.iterate_rdatas():
            name = owner.to_text(omit_final_dot=True).lower()
            kind = dns.rdatatype.to_text(record.rdtype)
            self.records.setdefault(name, {}).setdefault(kind, []).append(record)
        self.names = set()
        for name in self.records:
            labels = name.split(".")
            self.names.update(".".join(labels[i:]) for i in range(len(labels)))

    def at(self, name):
        if name in self.names:
            return self.records.get(name, {})
        labels = name.split(".")
        for i in range(1, len(labels)):
            parent = ".".join(labels[i:])
            if parent in self.names:
                return self.records.get("*." + parent, {})
        return {}

    def lookup(self, name, kind, level=0):
        """Records with the name that they stand at, CNAMEs before them."""
        name = name.rstrip(".").lower()
        if name in self.failing:
            raise spf.TempError("DNS failure")
        found = self.at(name)
        if kind in found:
            return [(name, kind, r) for r in found[kind]]
        if "CNAME" in found and level < 8:
            target = found["CNAME"][0].target.to_text(omit_final_dot=True)
            return [(name, "CNAME", found["CNAME"][0])] + self.lookup(target, kind, level + 1)
        return []

    def texts(self, name):
        return [b"".join(r.strings) for _, kind, r in self.lookup(name, "TXT") if kind == "TXT"]


def pyspf(zone, domain, client, helo):
    """The result for postmaster of a domain."""
    def lookup(name, kind, strict=True, timeout=None, level=0):
        for owner, found, record in zone.lookup(name, kind):
            if found == "TXT":
                value = record.strings
            elif found == "MX":
                value = record.preference, record.exchange.to_text(omit_final_dot=True)
            elif found in ("A", "AAAA"):
                value = record.address if found == "A" else spf.ipaddress.ip_address(
                    record.address).packed
            else:
                value = record.target.to_text(omit_final_dot=True)
            yield (owner, found), value

    spf.DNSLookup = lookup
    return spf.query(i=client, s="postmaster@" + domain, h=helo, strict=True).check()[0]


def dkimpy(zone, domain, selector, pem):
    """Whether a signature that is made with a key verifies by what is published."""
    def text(name, timeout=5):
        found = zone.texts(name.decode())
        return found[0] if found else None

    message = MESSAGE % domain.encode()
    algorithm = b"rsa-sha256"
    if len(pem) < 300:
        algorithm = b"ed25519-sha256"
        der = base64.b64decode(b"".join(pem.splitlines()[1:-1]))
        pem = base64.b64encode(der[-32:])
    signature = dkim.sign(message, selector.encode(), domain.encode(), pem,
                          signature_algorithm=algorithm)
    try:
        return dkim.verify(signature + message, dnsfunc=text)
    except dkim.DKIMException:
        return False


def mail_dmarc(zone, domain, signed, spf_passes):
    """Policy and verdict by RFC 7489. It takes only top labels that the public suffix
    list has, so that of the names becomes another one."""
    def known(name):
        return re.sub(r"\.example$", ".com", name)

    names = [n for n in zone.names | {"_dmarc." + domain} if n.startswith("_dmarc.")]
    case = {"author": known(domain), "signer": known(domain) if signed else "other.net",
            "spf": known(domain) if spf_passes else "other.net",
            "records": {known(n): [t.decode("latin-1") for t in zone.texts(n)]
                        for n in names}}
    done = subprocess.run(["perl", HERE / "mail_dmarc.pl"], input=json.dumps(case) + "\n",
                          text=True, check=True, stdout=subprocess.PIPE,
                          env={**os.environ, "PSL": PSL})
    answer = json.loads(done.stdout)
    if answer["verdict"] == "fail":
        return "fail " + answer["policy"]
    return answer["verdict"]
