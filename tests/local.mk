# SPDX-License-Identifier: BSD-2-Clause
# Unit tests: one program a module. Add it to unit_tests and give it its source.
unit_tests =

include tests/unit/base.mk
include tests/unit/message.mk
include tests/unit/dns.mk
include tests/unit/table.mk
include tests/unit/conf.mk
include tests/unit/identity.mk
include tests/unit/policy.mk
include tests/unit/repair.mk
include tests/unit/keys.mk
include tests/unit/sign.mk
include tests/unit/preflight.mk
include tests/unit/report.mk
include tests/unit/pipeline.mk
include tests/unit/logbook.mk
include tests/unit/glue.mk
include tests/unit/daemon.mk
include tests/fuzz/local.mk
include tests/tables/local.mk
include tests/preflight/local.mk
include tests/readers/local.mk
include tests/packaging/local.mk
include tests/firstday/local.mk

if HAVE_CMOCKA
check_PROGRAMS += $(unit_tests)
TESTS += $(unit_tests)
endif

dist_check_SCRIPTS += tests/check-layers.sh tests/check-layers-test.sh tests/check-docs.sh tests/check-exports.sh \
	tests/check-replies.py tests/check-markdown.py
EXTRA_DIST += tests/without-user tests/cli/running.py tests/cli/schemas.py tests/cli/terminal.py tests/unit/unit.h tests/generate_key.h tests/lint tests/lint-words

# Commands, run as a user would run them.
dist_check_SCRIPTS += tests/cli/test_check.py tests/cli/test_check_tables.py \
	tests/cli/test_check_domain.py tests/cli/test_test.py \
	tests/cli/test_commands.py tests/cli/test_config.py tests/cli/test_configure.py tests/cli/test_exit.py tests/cli/test_schemas.py tests/cli/test_terminal.py tests/cli/test_report.py tests/cli/test_explain.py tests/cli/test_replay.py \
	tests/cli/test_import.py

# Golden cases, run by "submilter test".
# (Their files go into a release by its MANIFEST: a directory in EXTRA_DIST would
# bring the logs of a build along.)
dist_check_SCRIPTS += tests/golden/run.py

# Signs a message file with either engine, for tests/sign/test_verifiers.py.
check_PROGRAMS += tests/sign/sign_message
tests_sign_sign_message_SOURCES = tests/sign/sign_message.c
tests_sign_sign_message_LDADD = $(SUBMILTER_LDADD)
EXTRA_DIST += tests/sign/test_keys.py tests/sign/test_verifiers.py \
	tests/sign/test_lists.py tests/sign/test_key_tables.py
# Judges key records, for tests/sign/test_records.py.
check_PROGRAMS += tests/sign/judge_record
tests_sign_judge_record_SOURCES = tests/sign/judge_record.c
tests_sign_judge_record_LDADD = $(SUBMILTER_LDADD)
EXTRA_DIST += tests/sign/test_records.py

# Looks up names for tests/dns/test_resolver.py.
check_PROGRAMS += tests/dns/lookup
tests_dns_lookup_SOURCES = tests/dns/lookup.c
tests_dns_lookup_LDADD = $(SUBMILTER_LDADD)
EXTRA_DIST += tests/dns/servers.py tests/dns/test_resolver.py

# Benchmarks: not part of any test.
EXTRA_PROGRAMS += tests/bench/bench_sign
tests_bench_bench_sign_SOURCES = tests/bench/bench_sign.c
tests_bench_bench_sign_LDADD = $(SUBMILTER_LDADD)
EXTRA_PROGRAMS += tests/bench/bench_dns
tests_bench_bench_dns_SOURCES = tests/bench/bench_dns.c
tests_bench_bench_dns_LDADD = $(SUBMILTER_LDADD)
EXTRA_PROGRAMS += tests/bench/bench_cache
tests_bench_bench_cache_SOURCES = tests/bench/bench_cache.c
tests_bench_bench_cache_LDADD = $(SUBMILTER_LDADD)
EXTRA_PROGRAMS += tests/bench/bench_preflight
tests_bench_bench_preflight_SOURCES = tests/bench/bench_preflight.c
tests_bench_bench_preflight_LDADD = $(SUBMILTER_LDADD)
EXTRA_PROGRAMS += tests/bench/message_path
tests_bench_message_path_SOURCES = tests/bench/message_path.c
tests_bench_message_path_LDADD = $(SUBMILTER_LDADD)
# Plays the MTA; it knows no milter in particular. And what OpenSSL and libmilter
# alone take.
EXTRA_PROGRAMS += tests/bench/bare tests/bench/load tests/bench/raw
tests_bench_bare_SOURCES = tests/bench/bare.c
tests_bench_bare_LDADD = $(MILTER_LIBS)
tests_bench_load_SOURCES = tests/bench/load.c tests/bench/load.h tests/bench/load_link.c \
	tests/bench/load_macros.c tests/bench/load_message.c tests/bench/load_priv.h \
	tests/bench/load_run.c
tests_bench_raw_SOURCES = tests/bench/raw.c
tests_bench_raw_LDADD = $(OPENSSL_LIBS)
bench_tables = tests/bench/bench_tables tests/bench/socketmap_server tests/bench/far
EXTRA_PROGRAMS += $(bench_tables)
tests_bench_bench_tables_SOURCES = tests/bench/bench_tables.c
tests_bench_bench_tables_LDADD = $(SUBMILTER_LDADD)
tests_bench_bench_tables_LDFLAGS = $(LINK_LOADER)
tests_bench_socketmap_server_SOURCES = tests/bench/socketmap_server.c
tests_bench_socketmap_server_LDADD = $(SUBMILTER_LDADD)
tests_bench_far_SOURCES = tests/bench/far.c
tests_bench_far_LDADD = $(SUBMILTER_LDADD)
EXTRA_DIST += tests/bench/domains.py
EXTRA_DIST += tests/bench/cold.py tests/bench/figures.py tests/bench/files.py \
	tests/bench/instructions tests/bench/instructions.txt tests/bench/milters.py tests/bench/run tests/bench/soak \
	tests/bench/selftest.py tests/bench/tables
.PHONY: bench bench-cold bench-instructions bench-files bench-load bench-soak bench-tables \
	update-instructions
# Unpacks other milters. LOAD='OPTION...': see tests/bench/run --help.
bench-load: submilter tests/bench/bare tests/bench/load tests/bench/raw
	SUBMILTER=$(abs_top_builddir)/submilter BENCH_PROGRAMS=$(abs_top_builddir)/tests/bench \
	$(srcdir)/tests/bench/run $(LOAD)
# A million messages, some minutes. SOAK='OPTION...': see tests/bench/soak --help.
bench-soak: submilter tests/bench/load tests/bench/message_path
	SUBMILTER=$(abs_top_builddir)/submilter BENCH_PROGRAMS=$(abs_top_builddir)/tests/bench \
	$(srcdir)/tests/bench/soak $(SOAK)
# Unpacks Postfix and each server of tables. TYPES='ldap redis': these only.
bench-tables: $(bench_tables) modules
	SUBMILTER_MODULES=$(abs_top_builddir)/milter/backends \
	BENCH_PROGRAMS=$(abs_top_builddir)/tests/bench \
	$(srcdir)/tests/bench/tables $(TYPES)
.PHONY: bench-domains
bench-domains: submilter
	SUBMILTER=$(abs_top_builddir)/submilter $(srcdir)/tests/bench/domains.py
# Unpacks Postfix, and builds indexes of a million rows.
bench-files: submilter modules
	SUBMILTER=$(abs_top_builddir)/submilter $(srcdir)/tests/bench/files.py
bench: tests/bench/bench_sign tests/bench/bench_dns tests/bench/bench_preflight \
	tests/bench/bench_cache
	tests/bench/bench_cache
	tests/bench/bench_sign
	tests/bench/bench_dns
	tests/bench/bench_preflight
bench-instructions: tests/bench/message_path
	$(srcdir)/tests/bench/instructions tests/bench/message_path
update-instructions: tests/bench/message_path
	$(srcdir)/tests/bench/instructions --update $(srcdir)/tests/bench/instructions.txt \
		tests/bench/message_path
# Unpacks a DNS server, so it needs apt.
bench-cold: tests/bench/bench_preflight
	$(srcdir)/tests/bench/cold.py tests/bench/bench_preflight

# What the compiler says of the tests, without building them.
.PHONY: syntax
syntax:
	for source in $(srcdir)/tests/unit/*/*.c; do \
		$(CC) -fsyntax-only $(DEFS) $(DEFAULT_INCLUDES) $(AM_CPPFLAGS) $(CPPFLAGS) \
			$(AM_CFLAGS) $(CMOCKA_CFLAGS) $(CFLAGS) "$$source" || exit 1; \
	done
