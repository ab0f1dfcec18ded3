# SPDX-License-Identifier: BSD-2-Clause
unit_tests += tests/unit/base/test_str tests/unit/base/test_net tests/unit/base/test_map
tests_unit_base_test_str_SOURCES = tests/unit/base/test_str.c
tests_unit_base_test_str_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_base_test_str_LDADD = $(TEST_LDADD)
tests_unit_base_test_net_SOURCES = tests/unit/base/test_net.c
tests_unit_base_test_net_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_base_test_net_LDADD = $(TEST_LDADD)
tests_unit_base_test_map_SOURCES = tests/unit/base/test_map.c
tests_unit_base_test_map_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_base_test_map_LDADD = $(TEST_LDADD)
unit_tests += tests/unit/base/test_log
tests_unit_base_test_log_SOURCES = tests/unit/base/test_log.c
tests_unit_base_test_log_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_base_test_log_LDADD = $(TEST_LDADD)
unit_tests += tests/unit/base/test_suggest
tests_unit_base_test_suggest_SOURCES = tests/unit/base/test_suggest.c
tests_unit_base_test_suggest_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_base_test_suggest_LDADD = $(TEST_LDADD)

unit_tests += tests/unit/base/test_report
tests_unit_base_test_report_SOURCES = tests/unit/base/test_report.c
tests_unit_base_test_report_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_base_test_report_LDADD = $(TEST_LDADD)
