# SPDX-License-Identifier: BSD-2-Clause
# Asks a table by many threads, for tests/tables/test_contract.py.
check_PROGRAMS += tests/tables/ask
tests_tables_ask_SOURCES = tests/tables/ask.c
tests_tables_ask_LDADD = $(SUBMILTER_LDADD)
tests_tables_ask_LDFLAGS = $(LINK_LOADER)
