# SPDX-License-Identifier: BSD-2-Clause
"""What of the documents cannot be run as it stands, by name, and why. A name that
documents no longer have is a fault (test_documents.py)."""

# Commands that nothing here runs.
NOT_RUN = {
    "packaging/quickstart": "a part of its own: tests/firstday/run SUITE quickstart",
    "make bench-load": "measures for minutes; tests/run verifiers tries its programs",
    # Names of commands; these with their arguments are run.
    "submilter test": "has no message", "submilter lookup": "has no key",
    "submilter explain": "has no identifier", "submilter replay": "has no configuration",
    "postmap -q -": "has no table", "postmap -s": "has no table",
    "submilter report": "has no log", "submilter genkey": "has no domain",
    "sendmail -bv": "a kind of report",
    "openssl pkcs12 -export -in alice.pem -inkey alice.key -name alice -out alice.p12":
        "asks for a password",
    "submilter run -f -c /etc/submilter/submilter.conf": "runs until somebody ends it",
    "curl --ssl-reqd --cert alice.pem --key alice.key --url smtp://mail.example.org:587 \\":
        "takes a certificate of the server; tests/e2e/certificates.py sends so",
}

# Pages of the book in docs, by the MTA beside which they are read. All but the first one
# begin where that ends.
BOOK = {
    "getting-started.md": "postfix",
    "postfix.md": "postfix",
    "architecture.md": "postfix",
    "faq.md": "postfix",
    "keys.md": "postfix",
    "limits.md": "postfix",
    "operating.md": "postfix",
    "preflight.md": "postfix",
    "recipes.md": "postfix",
    "repair.md": "postfix",
    "rights.md": "postfix",
    "sendmail.md": "sendmail",
    "tables.md": "postfix",
    "troubleshooting.md": "postfix",
}
# Other pages, and what holds them to the truth.
NOT_READ = {
    "chaos.md": "measured by tests/chaos",
    "comparison.md": "measured by tests/cases, by hand",
    "corpus.md": "measured by tests/corpus",
    "distributions.md": "tests/tables/test_distributions.py",
    "measurements.md": "measured by tests/bench",
    "migrating.md": "tests/e2e/test_import.py",
    "readers.md": "measured by tests/readers",
    "README.md": "the index, which has no commands",
    "mta-changes.md": "measured by tests/survival",
    "survival.md": "measured by tests/survival",
    "upstream-libmilter.md": "a report, with its program",
}
# Where the MTA is attached; the rest of the first page is the same beside both.
ATTACH = {"postfix": ("getting-started.md", "4. Attach it to Postfix"),
          "sendmail": ("sendmail.md", "Attach it to the submission port")}

# The parts of tests/firstday/run that run a command; of others, these two do.
USUAL = ("postfix", "sendmail")
PARTS = {
    # Once: the part sendmail takes the package that was built.
    "apt-get update && apt-get install -y dpkg-dev && apt-get build-dep -y ./packaging":
        ("postfix",),
    "packaging/build-deb /tmp/out && apt-get install -y /tmp/out/submilter_*.deb":
        ("postfix",),
    "packaging/install-dependencies build": ("source",),
    "autoreconf -fi && ./configure --sysconfdir=/etc && make && make install": ("source",),
    "systemd-sysusers && systemd-tmpfiles --create": ("source",),
    "install -d -o submilter -g postfix -m 2750 /var/spool/postfix/submilter": ("postfix",),
    "systemctl enable --now submilter": ("source",),
}

# What DNS has besides the records of keys.
RECORDS = "hall.printers.example.org. IN A 192.0.2.31\n"

# Exit codes other than 0 that are right there: the message is refused, for example.
CODES = {
    "submilter test --auth alice@example.org --report-only forged.eml": (0, 1),
    "submilter test --auth alice@example.org --report-only board.eml": (1,),
    "submilter check --no-connect --zone /tmp/strict.zone example.org": (1,),
    # The message is not the machine's.
    "submilter test --login-field AA:BB:CC:... --mail-from printer@example.org --report-only "
    "message.eml": (1,),
    "submilter health": (0, 75),        # before it has a socket
    "submilter keys": (0, 75),
    "submilter keys --look-up": (0, 75),
    "submilter keys --look-up example.org": (0, 75),
    "submilter keys example.org": (0, 75),      # DNS was not asked yet for new ones
}

# Blocks that are neither a command nor a file: their first lines begin like this.
SAMPLES = {
    "$config[": "settings of Roundcube, as in tests/e2e/test_proxies.py",
    "submission_relay_trusted = no": "settings of Dovecot, as in tests/e2e/fronts.py",
    "define(`conf": "settings of Sendmail, tried in tests/e2e/certificates.py",
    "CertIssuer:": "the same",
    "identify {\n    methods         = {sasl, pop": "as in tests/e2e/test_pop.py",
    "mail program ──": "a picture",
    "550 5.7.1 alice@corp.example may not": "a reply",
    "qid=": "a line of the log",
    "# a comment": "the syntax, with no option in it",
    "# /etc/postfix/ldap-senders.cf": "parameters, tried in tests/tables/test_ldap.py",
    "# /etc/submilter/rights.redis": "parameters, tried in tests/tables/test_redis.py",
    "smtpd_tls_ask_ccert = yes": "settings, tried in tests/e2e/certificates.py",
    "# /etc/submilter/limits": "a table, tried in tests/milter/test_limits.py",
    "umask 077": "the commands of tests/e2e/fingerprints.py",
    "LOCAL_RULESETS": "a ruleset, tried in tests/e2e/test_check.py",
    "# /etc/postfix/submilter_certs": "a table of Postfix, tried there",
    "AA:BB:CC:...   PREPEND": "the same",
    "if (&Service-Type ==": "settings of FreeRADIUS, tried in tests/tables/test_radius.py",
    "update reply {": "the same",
    "alice@example.org\n        Filter-Id": "the same",
    "rights     { logins = {\"radius:": "as in tests/tables/test_radius.py and its neighbours",
    "post-auth {": "settings of FreeRADIUS, as in tests/tables/servers.py",
    "# /etc/submilter/addresses.radius": "the same in test_radius.py",
    "# /etc/submilter/dtls.radius": "the same in test_radius_dtls.py",
    "# /etc/postfix/rights-memcache.cf": "the same in test_memcache.py",
    "# /etc/submilter/addresses.cf": "the same in test_directory.py",
}
