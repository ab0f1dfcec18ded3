# SPDX-License-Identifier: BSD-2-Clause
# The judge of tests/preflight/test_policy.py.
check_PROGRAMS += tests/preflight/judge_policy
tests_preflight_judge_policy_SOURCES = tests/preflight/judge_policy.c
tests_preflight_judge_policy_LDADD = $(SUBMILTER_LDADD)
EXTRA_DIST += tests/preflight/mail_dmarc.pl tests/preflight/test_policy.py
