#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Messages of domains none of which is known, over libunbound to a real
authoritative server on loopback: cold.py BENCH_PREFLIGHT [DOMAINS [THREADS]].

Each domain has SPF with two includes, DMARC, ADSP and MX records. BENCH_PREFLIGHT
is the program of that name, made by `make tests/bench/bench_preflight`.
"""

import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "dns"))
from servers import Knot                # noqa: E402

HEAD = """\
$ORIGIN example.
$TTL 300
@ SOA ns hostmaster 1 3600 600 86400 300
@ NS ns
ns A 127.0.0.1
mx A 192.0.2.1
"""
DOMAIN = """\
d%(n)d TXT "v=spf1 include:_a.d%(n)d.example include:_b.d%(n)d.example -all"
d%(n)d MX 10 mx
_a.d%(n)d TXT "v=spf1 ip4:198.51.100.0/24 -all"
_b.d%(n)d TXT "v=spf1 ip4:192.0.2.0/24 -all"
_dmarc.d%(n)d TXT "v=DMARC1; p=reject"
_adsp._domainkey.d%(n)d TXT "dkim=unknown"
"""


def main(program, domains="10000", threads="20"):
    top = pathlib.Path(tempfile.mkdtemp(prefix="submilter-bench."))
    try:
        top.chmod(0o755)
        knot = Knot(top / "knot", "example", HEAD + "".join(
            DOMAIN % {"n": n} for n in range(int(domains))), signed=False)
        try:
            before = knot.queries()
            done = subprocess.run([program, knot.address, domains, threads])
            print("%-34s %12.2f" % ("queries at the server a domain",
                                    (knot.queries() - before) / int(domains)))
            return done.returncode
        finally:
            knot.stop()
    finally:
        shutil.rmtree(top)


if __name__ == "__main__":
    if not 2 <= len(sys.argv) <= 4:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
