# SPDX-License-Identifier: BSD-2-Clause
unit_tests += tests/unit/policy/test_rights tests/unit/policy/test_names \
	tests/unit/policy/test_authors tests/unit/policy/test_levels
tests_unit_policy_test_rights_SOURCES = tests/unit/policy/test_rights.c tests/unit/policy/world.h
tests_unit_policy_test_rights_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_policy_test_rights_LDADD = $(TEST_LDADD)
tests_unit_policy_test_names_SOURCES = tests/unit/policy/test_names.c tests/unit/policy/world.h
tests_unit_policy_test_names_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_policy_test_names_LDADD = $(TEST_LDADD)
tests_unit_policy_test_authors_SOURCES = tests/unit/policy/test_authors.c tests/unit/policy/world.h
tests_unit_policy_test_authors_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_policy_test_authors_LDADD = $(TEST_LDADD)
tests_unit_policy_test_levels_SOURCES = tests/unit/policy/test_levels.c tests/unit/policy/world.h
tests_unit_policy_test_levels_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_policy_test_levels_LDADD = $(TEST_LDADD)
unit_tests += tests/unit/policy/test_decide
tests_unit_policy_test_decide_SOURCES = tests/unit/policy/test_decide.c tests/unit/policy/world.h
tests_unit_policy_test_decide_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_policy_test_decide_LDADD = $(TEST_LDADD)
unit_tests += tests/unit/policy/test_own_domains
tests_unit_policy_test_own_domains_SOURCES = tests/unit/policy/test_own_domains.c
tests_unit_policy_test_own_domains_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_policy_test_own_domains_LDADD = $(TEST_LDADD)
unit_tests += tests/unit/policy/test_login_rights
tests_unit_policy_test_login_rights_SOURCES = tests/unit/policy/test_login_rights.c tests/unit/policy/world.h
tests_unit_policy_test_login_rights_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_policy_test_login_rights_LDADD = $(TEST_LDADD)
