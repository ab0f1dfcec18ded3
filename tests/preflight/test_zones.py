#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""submilter check DOMAIN on the zones in zones/, against the table of verdicts there,
and against pyspf, dkimpy and Mail::DMARC. SUBMILTER names the program."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

try:
    import yaml
    import zone_oracles
except ImportError as error:
    print("skipped: python3-spf, python3-dkim, python3-yaml are needed (%s)" % error)
    sys.exit(77)

HERE = pathlib.Path(__file__).resolve().parent
ZONES = HERE / "zones"
SUBMILTER = os.path.abspath(os.environ.get("SUBMILTER") or os.path.join(
    os.environ.get("top_builddir", "."), "submilter"))
HELO = "mail.sender.example"


def genkey(directory, domain):
    done = subprocess.run([SUBMILTER, "genkey", "-d", directory, "--selector", "x", domain],
                          check=True, stdout=subprocess.PIPE, text=True)
    return ["".join(part.split('"')[1::2]).split("p=")[1]
            for part in done.stdout.split(" IN TXT (")[1:]]


class World:
    """One RSA and one Ed25519 key stand for the keys of every domain."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="submilter-zones.")
        rsa, ed25519 = genkey(self.path("made"), "made.example")
        other, _ = genkey(self.path("made"), "other.example")
        half = len(rsa) // 2
        self.values = {"@RSA1@": rsa[:half], "@RSA2@": rsa[half:], "@ED@": ed25519,
                       "@OTHER@": other[:200] + '" "' + other[200:]}
        self.pems = {s: pathlib.Path(self.path("made/made.example/%s.key" % s)).read_bytes()
                     for s in ("rx", "ex")}

    def path(self, name):
        return os.path.join(self.dir, name)

    def zone_text(self, case):
        text = (ZONES / (case["zone"] + ".zone")).read_text(encoding="ascii")
        if not case.get("own service"):
            text = (ZONES / "service.zone").read_text(encoding="ascii") + text
        for mark, value in self.values.items():
            text = text.replace(mark, value)
        return text

    def set_up(self, case):
        shutil.rmtree(self.path("keys"), ignore_errors=True)
        os.makedirs(self.path("keys"), mode=0o755)
        for selector in case["keys"]:
            os.makedirs(self.path("keys/" + case["domain"]), mode=0o755, exist_ok=True)
            shutil.copy(self.path("made/made.example/%s.key" % selector),
                        self.path("keys/" + case["domain"]))
        with open(self.path("zone"), "w", encoding="ascii") as file:
            file.write(self.zone_text(case))
        with open(self.path("conf"), "w", encoding="ascii") as file:
            file.write('listen = "inet:8891@127.0.0.1"\nkeys = "%s"\nhostname = %s\n'
                       'user = root\npreflight { egress = { %s } }\n' % (
                           self.path("keys"), HELO,
                           ", ".join('"%s"' % a for a in case["egress"])))

    def check(self, case, *args):
        self.set_up(case)
        return subprocess.run([SUBMILTER, "check", "-c", self.path("conf"), "--zone",
                               self.path("zone"), "--no-connect", *args,
                               case["domain"]], timeout=60,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)

    def close(self):
        shutil.rmtree(self.dir)


def say(findings, about, item):
    return next((f["says"] for f in findings if f["about"] == about
                 and f.get("item") == item), "-")


def named(findings, level):
    return [" ".join(filter(None, (f["about"], f.get("item"), f["says"])))
            for f in findings if f["level"] == level]


def verdict(case, done):
    """What our report says, in the form of the table."""
    answer = json.loads(done.stdout)
    findings = answer["domains"][0]["findings"]
    both = answer["service"]["findings"] + findings
    return {
        "exit": done.returncode,
        "spf": " ".join(say(findings, "spf", a) for a in case["egress"]),
        "dkim": " ".join(say(findings, "dkim", s) for s in case["keys"]),
        "walk": say(findings, "dmarc", "walk"),
        "list": say(findings, "dmarc", "list"),
        "errors": named(both, "error"),
        "warnings": named(both, "warning"),
    }


def foreign(case, world):
    """What the others say."""
    zone = zone_oracles.Zone(world.zone_text(case))
    results = [zone_oracles.pyspf(zone, case["domain"], a, HELO) for a in case["egress"]]
    verified = [zone_oracles.dkimpy(zone, case["domain"], s, world.pems[s])
                for s in case["keys"]]
    return {"pyspf": " ".join(results),
            "dkimpy": " ".join("pass" if v else "fail" for v in verified),
            "Mail::DMARC": zone_oracles.mail_dmarc(zone, case["domain"], any(verified),
                                                   set(results) == {"pass"})}


def in_their_words(ours):
    """Our verdict as the others would put it."""
    policy, _, result = ours["list"].partition(" ")
    dmarc = {"pass": "pass", "fail": "fail " + policy}.get(result, "none")
    return {"pyspf": ours["spf"], "Mail::DMARC": dmarc,
            "dkimpy": " ".join("pass" if k == "published" else "fail"
                               for k in ours["dkim"].split())}


class Zones(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = World()
        cls.cases = yaml.safe_load((ZONES / "verdicts.yml").read_text(encoding="ascii"))

    @classmethod
    def tearDownClass(cls):
        cls.world.close()

    def test_every_zone_stands_in_the_table(self):
        self.assertEqual({z.stem for z in ZONES.glob("*.zone")} - {"service"},
                         {c["zone"] for c in self.cases})

    def test_reports_are_those_of_the_table(self):
        for case in self.cases:
            with self.subTest(zone=case["zone"]):
                done = self.world.check(case, "--json")
                self.assertEqual(done.stderr, b"")
                ours = verdict(case, done)
                for key, value in ours.items():
                    self.assertEqual(value, case.get(key, [] if key in (
                        "errors", "warnings") else "-"), key)
        print("zones: %d passed, 0 failed" % len(self.cases))

    def test_others_agree_or_the_table_says_why_not(self):
        agreed = 0
        for case in self.cases:
            with self.subTest(zone=case["zone"]):
                words = in_their_words(verdict(case, self.world.check(case, "--json")))
                for tool, theirs in foreign(case, self.world).items():
                    differs = case.get("differs", {}).get(tool)
                    if differs is None:
                        self.assertEqual(theirs, words[tool], tool)
                        agreed += 1
                        continue
                    says, why = differs
                    self.assertEqual(theirs, says, tool)
                    self.assertNotEqual(theirs, words[tool], tool)
                    self.assertGreater(len(why), 10)
        print("verdicts of other tools that are ours: %d passed, 0 failed" % agreed)

    def test_what_to_publish_is_a_zone_file_line(self):
        for case in self.cases:
            answer = json.loads(self.world.check(case, "--json").stdout)
            for finding in answer["domains"][0]["findings"] + answer["service"]["findings"]:
                if "publish" in finding:
                    zone_oracles.Zone(finding["publish"])

    def test_text_holds_nothing_that_DNS_could_play_tricks_with(self):
        for case in self.cases:
            done = self.world.check(case)
            self.assertEqual([o for o in done.stdout
                              if not 32 <= o < 127 and o not in b"\n"], [], case["zone"])

    def test_what_is_suggested_for_spf_passes(self):
        case = next(c for c in self.cases if c["zone"] == "unset")
        answer = json.loads(self.world.check(case, "--json").stdout)
        lines = [f["publish"] for f in answer["domains"][0]["findings"]
                 if f["about"] == "spf" and "publish" in f]
        with open(self.world.path("zone"), "a", encoding="ascii") as file:
            file.write("\n" + lines[0] + "\n")
        done = subprocess.run([SUBMILTER, "check", "-c", self.world.path("conf"), "--zone",
                               self.world.path("zone"), "--no-connect", "--json",
                               case["domain"]], stdout=subprocess.PIPE, check=False)
        self.assertEqual(verdict(case, done)["spf"], "pass pass")


if __name__ == "__main__":
    unittest.main()
