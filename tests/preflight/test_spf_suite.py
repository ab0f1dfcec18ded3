#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The published test suites of SPF, from Debian's python3-spf.

Every case of the suite for RFC 7208 must give a result that it allows, and so
must every one for RFC 4408, which it obsoletes. Explanations are not looked at:
submilter never fetches one.
"""

import gzip
import os
import sys

from spf_world import Checker

SUITES = "/usr/share/doc/python3-spf/"
CASES = {"rfc7208-tests.yml": 203, "rfc4408-tests.yml": 191}


def load(name):
    import yaml
    path = os.path.join(os.environ.get("SPF_SUITES", SUITES), name)
    opened = gzip.open if os.path.exists(path + ".gz") else open
    with opened(path + ".gz" if opened is gzip.open else path, "rb") as file:
        return list(yaml.safe_load_all(file))


def run(scenarios, checker):
    """(name, case, answer) of every case."""
    for scenario in scenarios:
        checker.zone(scenario["zonedata"])
        for name, case in scenario["tests"].items():
            yield name, case, checker.check(case["host"], case["helo"], case["mailfrom"])


def allowed(case):
    result = case["result"]
    return [result] if isinstance(result, str) else result


def judge(title, answers):
    """Whether all cases are there and right."""
    good = bad = asked = agreed = 0
    for name, case, answer in answers:
        if answer["result"] in allowed(case):
            good += 1
        else:
            bad += 1
            print("%s: %s: %s %s; allowed: %s" % (
                title, name, answer["result"], answer["fault"], " ".join(allowed(case))))
        asked += answer["libspf2"] != "-"
        agreed += answer["libspf2"] in allowed(case)
    if good + bad != CASES[title]:
        print("%s: not %d cases: another release?" % (title, CASES[title]))
    print("%s: libspf2 was asked in %d cases and is right in %d" % (title, asked, agreed))
    print("%s: %d passed, %d failed" % (title, good, bad))
    return bad == 0 and good == CASES[title]


def main():
    try:
        suites = [(title, load(title)) for title in CASES]
    except (ImportError, OSError) as error:
        print("skipped: python3-yaml and python3-spf are needed (%s)" % error)
        return 77
    checker = Checker()
    right = [judge(title, run(scenarios, checker)) for title, scenarios in suites]
    checker.close()
    return 0 if all(right) else 1


if __name__ == "__main__":
    sys.exit(main())
