# SPDX-License-Identifier: BSD-2-Clause
unit_tests += tests/unit/table/test_tables tests/unit/table/test_address_keys
tests_unit_table_test_tables_SOURCES = tests/unit/table/test_tables.c
tests_unit_table_test_tables_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_table_test_tables_LDADD = $(TEST_LDADD)
tests_unit_table_test_address_keys_SOURCES = tests/unit/table/test_address_keys.c
tests_unit_table_test_address_keys_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_table_test_address_keys_LDADD = $(TEST_LDADD)
