# SPDX-License-Identifier: BSD-2-Clause
# The judge of tests/readers/run: what submilter makes of many messages.
check_PROGRAMS += tests/readers/judge
tests_readers_judge_SOURCES = tests/readers/judge.c
tests_readers_judge_LDADD = $(SUBMILTER_LDADD)
