# SPDX-License-Identifier: BSD-2-Clause
unit_tests += tests/unit/pipeline/test_log_line
tests_unit_pipeline_test_log_line_SOURCES = tests/unit/pipeline/test_log_line.c
tests_unit_pipeline_test_log_line_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_pipeline_test_log_line_LDADD = $(TEST_LDADD)
