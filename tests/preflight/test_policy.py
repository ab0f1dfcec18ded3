#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""DMARC as RFC 7489 had it, by submilter and by Mail::DMARC, over many zones. Where
the two differ this file says so, and who is right. JUDGE_POLICY names the judge."""

import itertools
import json
import os
import pathlib
import random
import subprocess
import unittest

HERE = pathlib.Path(__file__).resolve().parent
PSL = "/usr/share/publicsuffix/public_suffix_list.dat"

# Author, its organization by the list.
AUTHORS = {
    "corp.com": "corp.com", "mail.corp.com": "corp.com", "a.mail.corp.com": "corp.com",
    "x.co.uk": "x.co.uk", "a.x.co.uk": "x.co.uk", "co.uk": "co.uk",
    "x.github.io": "x.github.io", "a.x.github.io": "x.github.io",
    "c.kobe.jp": "c.kobe.jp", "b.c.kobe.jp": "b.c.kobe.jp",
    "a.b.c.kobe.jp": "b.c.kobe.jp", "y.x.xn--55qx5d.cn": "x.xn--55qx5d.cn",
}
SUFFIXES = "co.uk", "c.kobe.jp"
RECORDS = [
    "v=DMARC1; p=none", "v=DMARC1; p=reject", "v=DMARC1;p=quarantine;",
    "v=DMARC1; p=reject; sp=none", "v=DMARC1; p=none; sp=quarantine",
    "v=DMARC1; p=reject; adkim=s", "v=DMARC1; p=reject; aspf=s; adkim=r",
    "v=DMARC1; p=reject; pct=0", "v=DMARC1; p=quarantine; pct=0",
    "v=DMARC1; p=Reject; rua=mailto:r@%s; foo=bar", "v=DMARC1; rua=mailto:r@%s",
    "v=DMARC1", "v=DMARC1; sp=reject", "v=spf1 -all", "v=DMARC2; p=reject",
]
# Records that Mail::DMARC reads in its own way, and what each of us makes of
# them when nothing is aligned: (record, submilter, Mail::DMARC, why).
DIFFERENT = [
    ("v=DMARC1; p=reject; p=none", "reject", "none",
     "RFC 6376 3.2 forbids it; the first counts here, the last there"),
    ("v=dmarc1; p=reject", "-", "reject", "RFC 7489 6.3: DMARC1 exactly"),
    ("v=DMARC1x; p=reject", "-", "-", "and it refuses the version later"),
    ("v=DMARC1; P=reject", "-", "reject", "tag names have a letter case (RFC 6376 3.2)"),
    ("v=DMARC1; p=rej ect", "-", "reject", "it takes out all white space"),
    ("v=DMARC1; p:reject", "-", "reject", "it takes \":\" for \"=\""),
    (" v=DMARC1; p=reject", "-", "-", "neither: the grammar begins with v"),
    ("v=DMARC1 ; p=reject", "reject", "reject", "a blank before the semicolon"),
    ("v = DMARC1; p=reject", "reject", "-", "blanks around \"=\" are allowed"),
    ("v=DMARC1; p=reject;; sp=none", "reject", "reject", "an empty tag is ignored"),
    ("p=reject; v=DMARC1", "-", "-", "v= comes first"),
    ("v=DMARC1; p=bad; rua=mailto:r@corp.com", "none", "-",
     "RFC 7489 6.6.3: taken for p=none; it gives up before that"),
]


def zone_text(records):
    return "|".join('%s. IN TXT "%s"' % (name, text)
                    for name, texts in records.items() for text in texts)


def ask_submilter(cases, method="list"):
    text = "".join("\t".join((method, c["author"], c["spf"], c["signer"],
                              zone_text(c["records"]))) + "\n" for c in cases)
    done = subprocess.run([os.environ["JUDGE_POLICY"]], input=text, text=True, check=True,
                          stdout=subprocess.PIPE)
    answers = []
    for line in done.stdout.splitlines():
        verdict, policy, record, organization, dkim, spf = line.split("\t")
        answers.append({"verdict": verdict, "policy": policy if verdict == "fail" else "-",
                        "dkim": int(dkim), "spf": int(spf),
                        "record": record, "organization": organization})
    return answers


def ask_mail_dmarc(cases):
    text = "".join(json.dumps(c) + "\n" for c in cases)
    done = subprocess.run(["perl", HERE / "mail_dmarc.pl"], input=text, text=True,
                          check=True, stdout=subprocess.PIPE, env={**os.environ, "PSL": PSL})
    return [json.loads(line) for line in done.stdout.splitlines()]


def case(author, records, signer="esp.net", spf="esp.net"):
    return {"author": author, "records": records, "signer": signer, "spf": spf}


def walk(domain, zone):
    """RFC 9989 section 4.10 to the letter: the records from the longest name on."""
    labels = domain.split(".")
    names = [labels] + ([labels[-n:] for n in range(7, 0, -1)] if len(labels) >= 8 else
                        [labels[n:] for n in range(1, len(labels))])
    assert len(names) <= 8
    found = []
    for name in map(".".join, names):
        records = zone.get("_dmarc." + name, [])
        if len(records) == 1:
            found.append((name, records[0]))
            if "psd=n" in records[0] or "psd=y" in records[0]:
                break
    return found


def organization(domain, zone):
    """Section 4.10.2, its three rules in their order."""
    found = walk(domain, zone)
    for name, record in found:
        if "psd=n" in record:
            return name
        if "psd=y" in record and name != domain:
            return domain.split(".")[-name.count(".") - 2] + "." + name
    return min((name for name, _ in found), key=lambda n: n.count("."), default=domain)


def policy_record(domain, zone):
    """Section 4.10.1: author domain, organizational domain, public suffix domain."""
    own = zone.get("_dmarc." + domain, [])
    if len(own) == 1:
        return domain, own[0]
    found = dict(walk(domain, zone))
    name = organization(domain, zone)
    if name in found:
        return name, found[name]
    return next(((n, r) for n, r in found.items() if "psd=y" in r), (None, None))


class Policies(unittest.TestCase):

    def compare(self, cases):
        ours, theirs = ask_submilter(cases), ask_mail_dmarc(cases)
        self.assertEqual(len(ours), len(cases))
        self.assertEqual(len(theirs), len(cases))
        for c, a, b in zip(cases, ours, theirs):
            self.assertEqual({k: a[k] for k in b}, b, c)
        return ours

    def test_organizations_are_those_of_the_list(self):
        cases = [case(a, {}) for a in AUTHORS]
        self.assertEqual([a["organization"] for a in ask_submilter(cases)],
                         list(AUTHORS.values()))

    def test_policy_and_alignment_are_those_of_mail_dmarc(self):
        cases = []
        for (author, organization), record in itertools.product(AUTHORS.items(), RECORDS):
            record = record.replace("%s", organization)
            places = [{"_dmarc." + author: [record]}]
            if author != organization:
                places += [{"_dmarc." + organization: [record]},
                           {"_dmarc." + organization: ["v=DMARC1; p=reject; sp=none"],
                            "_dmarc." + author: [record]}]
            domains = author, organization, "s." + organization, "esp.net"
            cases += [case(author, place, signer, spf) for place in places
                      for signer in domains for spf in domains]
        answers = self.compare(cases)
        print("policies compared with Mail::DMARC: %d passed, 0 failed" % len(answers))
        for verdict in "pass", "fail", "none":
            self.assertGreater(sum(a["verdict"] == verdict for a in answers), 100)
        for policy in "none", "quarantine", "reject":
            self.assertGreater(sum(a["policy"] == policy for a in answers), 20)

    def test_several_records_at_one_name_are_none(self):
        two = ["v=DMARC1; p=reject", "v=DMARC1; p=none"]
        answers = self.compare([
            case("corp.com", {"_dmarc.corp.com": two}),
            case("a.corp.com", {"_dmarc.corp.com": two}),
            case("a.corp.com", {"_dmarc.a.corp.com": two,
                                "_dmarc.corp.com": ["v=DMARC1; p=reject"]}),
            case("corp.com", {"_dmarc.corp.com": ["v=spf1 -all", two[0]]})])
        self.assertEqual([a["verdict"] for a in answers], ["none", "none", "none", "fail"])

    def test_where_the_two_differ(self):
        cases = [case("corp.com", {"_dmarc.corp.com": [r]}) for r, _, _, _ in DIFFERENT]
        ours, theirs = ask_submilter(cases), ask_mail_dmarc(cases)
        for (record, want, their, why), a, b in zip(DIFFERENT, ours, theirs):
            self.assertEqual((a["policy"], b["policy"]), (want, their), record + ": " + why)

    def test_exceptions_of_the_list_are_unknown_to_mail_dmarc(self):
        # "!city.kobe.jp": a name below a wildcard that is no suffix.
        cases = [case("a.city.kobe.jp", {"_dmarc.city.kobe.jp": ["v=DMARC1; p=reject"]},
                      signer="city.kobe.jp")]
        self.assertEqual(ask_submilter(cases)[0]["verdict"], "pass")
        self.assertEqual(ask_mail_dmarc(cases)[0]["verdict"], "none")

    def test_the_tree_walk_agrees_where_one_organization_publishes(self):
        # With a record at the organization, and nothing above it, both methods
        # have to find the same. (A suffix that sends mail itself is the
        # organization of all below it to the walk, and of itself alone to the list.)
        cases = [case(a, {"_dmarc." + o: ["v=DMARC1; p=reject; sp=quarantine"]}, s, "esp.net")
                 for a, o in AUTHORS.items() if a not in SUFFIXES for s in (a, o, "s." + o, "esp.net")]
        self.assertEqual(ask_submilter(cases, "walk"), ask_submilter(cases, "list"))

    def test_random_trees_are_walked_as_the_text_of_the_rfc_says(self):
        # No packaged verifier knows RFC 9989; this is a second reading of its text.
        dice = random.Random(9989)
        cases = []
        for _ in range(4000):
            labels = [dice.choice("abc") for _ in range(dice.choice((1, 2, 3, 4, 7, 8, 9, 12)))]
            author = ".".join(labels + ["example"])
            near = ".".join([dice.choice("abc")] * dice.randint(0, 3)
                            + labels[dice.randint(0, len(labels)):] + ["example"])
            zone = {}
            for domain in author, near:
                parts = domain.split(".")
                for i in range(len(parts)):
                    if dice.random() < 0.4:
                        zone["_dmarc." + ".".join(parts[i:])] = [
                            "v=DMARC1; p=%s; psd=%s; x=%d" % (dice.choice(("none", "reject")),
                                                             dice.choice("uuuuyn"), n)
                            for n in range(1 + (dice.random() < 0.1))]
            cases.append(case(author, zone, near, author))
        met = {"pass": 0, "fail": 0, "none": 0}
        for c, answer in zip(cases, ask_submilter(cases, "walk")):
            author, zone = c["author"], c["records"]
            name, record = policy_record(author, zone)
            self.assertEqual(answer["record"], name or "", c)
            self.assertEqual(answer["organization"], organization(author, zone), c)
            aligned = record is not None and (c["signer"] == author or organization(
                author, zone) == organization(c["signer"], zone))
            self.assertEqual(answer["dkim"], aligned, c)
            self.assertEqual(answer["spf"], record is not None, c)
            met["pass" if aligned else "none" if record is None else "fail"] += 1
        print("trees walked: %d passed, 0 failed" % len(cases))
        self.assertGreater(min(met.values()), 200)


if __name__ == "__main__":
    unittest.main()
