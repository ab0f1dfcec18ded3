# SPDX-License-Identifier: BSD-2-Clause
unit_tests += tests/unit/report/test_domain_report
tests_unit_report_test_domain_report_SOURCES = tests/unit/report/test_domain_report.c
tests_unit_report_test_domain_report_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_report_test_domain_report_LDADD = $(TEST_LDADD)
