# SPDX-License-Identifier: BSD-2-Clause
unit_tests += tests/unit/pipeline/test_log_line
tests_unit_pipeline_test_log_line_SOURCES = tests/unit/pipeline/test_log_line.c
tests_unit_pipeline_test_log_line_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_pipeline_test_log_line_LDADD = $(TEST_LDADD)
unit_tests += tests/unit/pipeline/test_modes
tests_unit_pipeline_test_modes_SOURCES = tests/unit/pipeline/test_modes.c \
	tests/unit/pipeline/modes.def
tests_unit_pipeline_test_modes_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_pipeline_test_modes_LDADD = $(TEST_LDADD)
unit_tests += tests/unit/pipeline/test_outcome
tests_unit_pipeline_test_outcome_SOURCES = tests/unit/pipeline/test_outcome.c
tests_unit_pipeline_test_outcome_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_pipeline_test_outcome_LDADD = $(TEST_LDADD)
unit_tests += tests/unit/pipeline/test_snapshot
tests_unit_pipeline_test_snapshot_SOURCES = tests/unit/pipeline/test_snapshot.c
tests_unit_pipeline_test_snapshot_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_pipeline_test_snapshot_LDADD = $(TEST_LDADD)
unit_tests += tests/unit/pipeline/test_step_authors
tests_unit_pipeline_test_step_authors_SOURCES = tests/unit/pipeline/test_step_authors.c
tests_unit_pipeline_test_step_authors_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_pipeline_test_step_authors_LDADD = $(TEST_LDADD)
