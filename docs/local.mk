# SPDX-License-Identifier: BSD-2-Clause
# submilter.conf.5 and the example file are made from options.def and committed,
# so that a build needs no program of its own, and so are the completions of
# shells, from the help of the commands; "make docs" makes them anew.
dist_man_MANS += docs/submilter.8 docs/submilter.conf.5 docs/submilter-tables.5
dist_doc_DATA += packaging/submilter.conf.example
# The book, which links to its other pages by name.
dist_doc_DATA += docs/README.md docs/architecture.md docs/chaos.md docs/comparison.md docs/corpus.md \
	docs/distributions.md docs/faq.md docs/getting-started.md docs/keys.md \
	docs/limits.md docs/measurements.md docs/migrating.md docs/mta-changes.md docs/operating.md \
	docs/postfix.md docs/preflight.md docs/readers.md docs/recipes.md docs/repair.md \
	docs/rights.md docs/sendmail.md docs/survival.md docs/tables.md \
	docs/troubleshooting.md docs/upstream-libmilter.md docs/load.svg
EXTRA_DIST += docs/submilter.conf.5.in docs/submilter.conf.example.in docs/examples \
	README.md NEWS.md HACKING.md SECURITY.md tests/README.md

docs: milter/conf/docgen$(EXEEXT) submilter$(EXEEXT)
	milter/conf/docgen$(EXEEXT) manual $(srcdir)/docs/submilter.conf.5.in > docs.tmp
	mv docs.tmp $(srcdir)/docs/submilter.conf.5
	milter/conf/docgen$(EXEEXT) manual $(srcdir)/docs/submilter-metrics.5.in > docs.tmp
	mv docs.tmp $(srcdir)/docs/submilter-metrics.5
	milter/conf/docgen$(EXEEXT) example $(srcdir)/docs/submilter.conf.example.in > docs.tmp
	mv docs.tmp $(srcdir)/packaging/submilter.conf.example
	make=$(srcdir)/packaging/completions/generate; to=$(srcdir)/packaging/completions; \
	$$make ./submilter bash > $$to/submilter && $$make ./submilter zsh > $$to/_submilter && \
		$$make ./submilter fish > $$to/submilter.fish
.PHONY: docs

# So is this page, from metrics.def.
dist_man_MANS += docs/submilter-metrics.5
EXTRA_DIST += docs/submilter-metrics.5.in
dist_doc_DATA += packaging/prometheus/submilter.rules.yml packaging/grafana/submilter-dashboard.json

# What the commands print with --json.
schemadir = $(docdir)/schema
dist_schema_DATA = docs/schema/check.json docs/schema/config.json docs/schema/explain.json \
	docs/schema/genkey.json docs/schema/health.json docs/schema/import.json \
	docs/schema/keys.json docs/schema/lookup.json docs/schema/replay.json docs/schema/report.json \
	docs/schema/status.json docs/schema/test.json
