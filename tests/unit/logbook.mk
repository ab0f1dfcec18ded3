# SPDX-License-Identifier: BSD-2-Clause
unit_tests += tests/unit/logbook/test_census
tests_unit_logbook_test_census_SOURCES = tests/unit/logbook/test_census.c
tests_unit_logbook_test_census_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_logbook_test_census_LDADD = $(TEST_LDADD)
unit_tests += tests/unit/logbook/test_reader
tests_unit_logbook_test_reader_SOURCES = tests/unit/logbook/test_reader.c
tests_unit_logbook_test_reader_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_logbook_test_reader_LDADD = $(TEST_LDADD)
unit_tests += tests/unit/logbook/test_record
tests_unit_logbook_test_record_SOURCES = tests/unit/logbook/test_record.c
tests_unit_logbook_test_record_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_logbook_test_record_LDADD = $(TEST_LDADD)
unit_tests += tests/unit/logbook/test_postfix_log
tests_unit_logbook_test_postfix_log_SOURCES = tests/unit/logbook/test_postfix_log.c
tests_unit_logbook_test_postfix_log_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_logbook_test_postfix_log_LDADD = $(TEST_LDADD)
