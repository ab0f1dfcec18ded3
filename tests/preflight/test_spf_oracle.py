#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""SPF of generated records, compared with pyspf (Debian's python3-spf).

Worlds of a few domains that include and redirect to each other are made from a
fixed seed (SPF_SEED) and checked for several clients by both. They may differ
only for the reasons that are listed in REASONS: each is where pyspf leaves RFC
7208, and is recognised by the records that were read, not by the result.
"""

import os
import random
import re
import socket
import sys

from spf_world import Checker, records

WORLDS = int(os.environ.get("SPF_WORLDS", "400"))
CLIENTS = ("192.0.2.1", "192.0.2.130", "198.51.100.7", "2001:db8::1", "2001:db8:0:1::9")
SLOW_PTR = CLIENTS[2]
HOSTS = ("h1.example.org", "h2.example.org", "six.example.org", "both.example.org",
         "no.example.org", "gone.example.net", "slow.example.org", "h_x.example.org",
         "192.0.2.1.l.example.org", "user.l.example.org", "e.d.example.org")
DOMAINS = tuple("d%d.example.com" % i for i in range(5))
SPECS = HOSTS + ("%{i}.l.example.org", "%{l}.l.example.org", "%{ir}.%{v}.arpa",
                 "%{d}", "%{o}", "%{h}", "h1.%{d2}", "%{p}", "%{l1r-}.l.example.org",
                 "%{d1r}.example.org", "h1.example.org.", "%{L}.l.example.org",
                 "a%%b.example.org", "%{s}.example.org", "x%_y.example.org")
BAD_TERMS = ("a:", "a:h1", "mx:1.2.3.4", "ip4:192.0.2", "ip4:192.0.2.1/33", "ip4:192.0.2.1/08",
             "ip6:2001:db8::/129", "ip6:192.0.2.1", "include", "include:", "exists", "all:x",
             "foo", "redirect:d0.example.com", "ptr/24", "a:%{x}.example.org", "a:%(d)",
             "exp=", "redirect=", "a//129", "a/24/64", "include:d0.example.com/24",
             "a:h1.example.org/", "-", "a:%{d0}.example.org", "ip4:", "1a=b", "v=spf1",
             "mx:example.-org", "x=%{z}", "a:h1.example.123")


def term(rng, later):
    """One term; most of the domains that it names are later ones."""
    domains = later if later and rng.random() < 0.9 else DOMAINS
    roll = rng.random()
    qualifier = rng.choice(("", "", "", "+", "-", "~", "?"))
    if roll < 0.02:
        return rng.choice(BAD_TERMS)
    if roll < 0.30:
        return qualifier + rng.choice((
            "ip4:192.0.2.1", "ip4:192.0.2.0/25", "ip4:0.0.0.0/0", "ip4:198.51.100.0/24",
            "ip6:2001:db8::/64", "ip6:2001:db8::1", "ip6:::/0", "IP4:192.0.2.129/25"))
    if roll < 0.50:
        return qualifier + "include:" + rng.choice(domains)
    if roll < 0.55:
        return "redirect=" + rng.choice(domains + ("none.example.com",))
    if roll < 0.60:
        return rng.choice(("exp=explain.example.com", "op=auth", "moo.x-y_z=%{d}/x", "foo="))
    if roll < 0.65:
        return qualifier + rng.choice(("ptr", "ptr:example.org", "ptr:%{d2}", "PTR:h1.example.org"))
    if roll < 0.72:
        return qualifier + "exists:" + rng.choice(SPECS)
    if roll < 0.80:
        return qualifier + "all"
    kind = rng.choice(("a", "mx", "A"))
    domain = rng.choice(("", ":" + rng.choice(SPECS + domains)))
    return qualifier + kind + domain + rng.choice(("", "", "/24", "//64", "/0", "//0", "/25//48"))


def record(rng, later):
    terms = [term(rng, later) for _ in range(rng.choice((1, 2, 3, 4, 6, 12)))]
    if rng.random() < 0.5:
        terms.append(rng.choice(("-all", "~all", "?all")))
    return rng.choice((" ", " ", "  ")).join(["v=spf1"] + terms)


def world(rng):
    zone = {
        "h1.example.org": [{"A": "192.0.2.1"}],
        "h2.example.org": [{"A": "198.51.100.7"}, {"A": "192.0.2.200"}],
        "six.example.org": [{"AAAA": "2001:db8::1"}],
        "both.example.org": [{"A": "192.0.2.99"}, {"AAAA": "2001:db8:0:1::1"},
                             {"MX": [10, "h1.example.org"]}, {"MX": [20, "six.example.org"]}],
        "no.example.org": [{"TXT": "nothing here"}],
        "slow.example.org": ["TIMEOUT"],
        "h_x.example.org": [{"CNAME": "h2.example.org"}],
        "192.0.2.1.l.example.org": [{"A": "127.0.0.2"}],
        "user.l.example.org": [{"A": "127.0.0.2"}, {"MX": [0, "h2.example.org"]}],
        "a%b.example.org": [{"A": "192.0.2.1"}],
        "1.2.0.192.in-addr.arpa": [{"PTR": "h1.example.org"}, {"PTR": "no.example.org"}],
        "7.100.51.198.in-addr.arpa": [{"PTR": "H2.example.org"}, {"PTR": "slow.example.org"}],
        "explain.example.com": [{"TXT": "no"}],
    }
    for number, domain in enumerate(DOMAINS):
        zone[domain] = [{"TXT": record(rng, DOMAINS[number + 1:])}]
        if rng.random() < 0.02:
            zone[domain].append({"TXT": record(rng, DOMAINS)})
        if rng.random() < 0.03:
            zone[domain] = ["TIMEOUT"]
        elif rng.random() < 0.4:
            zone[domain].append({"A": rng.choice(("192.0.2.1", "203.0.113.1"))})
            zone[domain] += [{"MX": [i, "h%d.example.org" % (i % 2 + 1)]}
                             for i in range(rng.choice((0, 1, 2, 10, 11)))]
    return zone


def oracle(spf, zone, client, helo, sender):
    """What pyspf says, why, and the (domain, text) of the records that it read."""
    read = []

    def lookup(name, kind, strict=True, timeout=None, level=0):
        entries = list(records(zone.get(name.lower().rstrip("."), [])))
        found = [(k, v) for k, v in entries if k in (kind, "CNAME")]
        if not found and ("TIMEOUT", "") in entries:
            raise spf.TempError("DNS timeout")
        for key, value in found:
            if key == "TXT":
                read.append((name.lower(), value))
                value = (value.encode(),)
            elif key == "MX":
                value = tuple(value)
            elif key == "AAAA":
                value = socket.inet_pton(socket.AF_INET6, value)
            yield (name, key), value
            if key == "CNAME" and level < 8:
                yield from lookup(value, kind, strict, timeout, level + 1)

    spf.DNSLookup = lookup
    query = spf.query(i=client, s=sender, h=helo, strict=True)
    result, _, why = query.check()
    return result, why, [r for r in read if r[1].lower().startswith("v=spf1")]


def used(pattern, texts):
    return any(re.search(pattern, text, re.I) for _, text in texts)


# (what pyspf does, whether that is what happened)
REASONS = (
    ("a DNS failure for a PTR name is a temperror (5.5: the name is skipped)",
     lambda client, theirs, why, texts: theirs == "temperror" and client == SLOW_PTR
     and used(r"\bptr\b|%\{p", texts)),
    ("a macro that keeps 0 parts is no error (7.3: it must not be 0)",
     lambda client, theirs, why, texts: used(r"%\{d0\}", texts)),
    ("a record that includes itself is an error before it gets there",
     lambda client, theirs, why, texts: "trivial recursion" in why),
    ("an unknown modifier that stands twice is an error (6: only redirect and exp are)",
     lambda client, theirs, why, texts: re.search(
         r"(foo|moo.x-y_z|op)= MUST appear at most once", why)),
    ("a redirect counts when it is read (4.6.4: when it is evaluated)",
     lambda client, theirs, why, texts: "Too many DNS lookups" in why
     and used(r"redirect=", texts)),
    ("a void lookup behind a CNAME counts twice",
     lambda client, theirs, why, texts: "Void lookup limit" in why and used(r"h_x", texts)),
    ("%{p} is looked up when it is read",
     lambda client, theirs, why, texts: "Void lookup limit" in why and used(r"%\{p", texts)),
)


def reason_for(client, theirs, why, texts):
    for name, applies in REASONS:
        if applies(client, theirs, why, texts):
            return name
    return None


def main():
    try:
        import spf
    except ImportError as error:
        print("skipped: python3-spf is needed (%s)" % error)
        return 77
    rng = random.Random(int(os.environ.get("SPF_SEED", "7208")))
    checker = Checker()
    good = bad = 0
    results, reasons = {}, {}
    for _ in range(WORLDS):
        zone = world(rng)
        checker.zone(zone)
        for client in CLIENTS:
            sender = rng.choice(("user@", "us-er@")) + rng.choice(DOMAINS + ("none.example.com",))
            ours = checker.check(client, "h1.example.org", sender)
            theirs, why, texts = oracle(spf, zone, client, "h1.example.org", sender)
            results[ours["result"]] = results.get(ours["result"], 0) + 1
            reason = None
            if ours["result"] != theirs:
                reason = reason_for(client, theirs, why, texts)
                reasons[reason] = reasons.get(reason, 0) + 1
            if ours["result"] == theirs or reason is not None:
                good += 1
                continue
            bad += 1
            print("%s from %s: %s (%s), pyspf %s (%s)\n\t%s" % (
                sender, client, ours["result"], ours["fault"], theirs, why,
                "\n\t".join(" ".join(text) for text in texts)))
    checker.close()
    print("results: %s" % ", ".join("%s %d" % item for item in sorted(results.items())))
    for reason, count in reasons.items():
        print("pyspf differs in %d: %s" % (count, reason))
    print("pyspf: %d passed, %d failed" % (good, bad))
    return 0 if bad == 0 and len(results) == 7 else 1


if __name__ == "__main__":
    sys.exit(main())
