# SPDX-License-Identifier: BSD-2-Clause
unit_tests += tests/unit/repair/test_repair_header
tests_unit_repair_test_repair_header_SOURCES = tests/unit/repair/test_repair_header.c
tests_unit_repair_test_repair_header_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_repair_test_repair_header_LDADD = $(TEST_LDADD)
unit_tests += tests/unit/repair/test_repair_body
tests_unit_repair_test_repair_body_SOURCES = tests/unit/repair/test_repair_body.c
tests_unit_repair_test_repair_body_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_repair_test_repair_body_LDADD = $(TEST_LDADD)
unit_tests += tests/unit/repair/test_covered
tests_unit_repair_test_covered_SOURCES = tests/unit/repair/test_covered.c
tests_unit_repair_test_covered_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_repair_test_covered_LDADD = $(TEST_LDADD)
