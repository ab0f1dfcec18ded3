# SPDX-License-Identifier: BSD-2-Clause
unit_tests += tests/unit/policy/test_rights tests/unit/policy/test_names \
	tests/unit/policy/test_authors
tests_unit_policy_test_rights_SOURCES = tests/unit/policy/test_rights.c tests/unit/policy/world.h
tests_unit_policy_test_rights_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_policy_test_rights_LDADD = $(TEST_LDADD)
tests_unit_policy_test_names_SOURCES = tests/unit/policy/test_names.c tests/unit/policy/world.h
tests_unit_policy_test_names_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_policy_test_names_LDADD = $(TEST_LDADD)
tests_unit_policy_test_authors_SOURCES = tests/unit/policy/test_authors.c tests/unit/policy/world.h
tests_unit_policy_test_authors_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_policy_test_authors_LDADD = $(TEST_LDADD)
