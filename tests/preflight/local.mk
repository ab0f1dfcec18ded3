# SPDX-License-Identifier: BSD-2-Clause
# The judge of tests/preflight/test_policy.py.
check_PROGRAMS += tests/preflight/judge_policy
tests_preflight_judge_policy_SOURCES = tests/preflight/judge_policy.c
tests_preflight_judge_policy_LDADD = $(SUBMILTER_LDADD)
EXTRA_DIST += tests/preflight/mail_dmarc.pl tests/preflight/test_policy.py
# SPF as other programs ask for it: the published suites, and another verifier.
check_PROGRAMS += tests/preflight/spf_cases
tests_preflight_spf_cases_SOURCES = tests/preflight/spf_cases.c
tests_preflight_spf_cases_LDADD = $(SUBMILTER_LDADD)
dist_check_SCRIPTS += tests/preflight/test_spf_suite.py tests/preflight/test_spf_oracle.py
EXTRA_DIST += tests/preflight/spf_world.py
# Whole domains, as submilter check and other programs see them.
EXTRA_DIST += tests/preflight/test_zones.py tests/preflight/zone_oracles.py
