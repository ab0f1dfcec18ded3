# SPDX-License-Identifier: BSD-2-Clause
unit_tests += tests/unit/identity/test_identity
tests_unit_identity_test_identity_SOURCES = tests/unit/identity/test_identity.c
tests_unit_identity_test_identity_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_identity_test_identity_LDADD = $(TEST_LDADD)
unit_tests += tests/unit/identity/test_certificate
tests_unit_identity_test_certificate_SOURCES = tests/unit/identity/test_certificate.c
tests_unit_identity_test_certificate_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_identity_test_certificate_LDADD = $(TEST_LDADD)
unit_tests += tests/unit/identity/test_pop
tests_unit_identity_test_pop_SOURCES = tests/unit/identity/test_pop.c
tests_unit_identity_test_pop_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_identity_test_pop_LDADD = $(TEST_LDADD)
unit_tests += tests/unit/identity/test_login_field
tests_unit_identity_test_login_field_SOURCES = tests/unit/identity/test_login_field.c
tests_unit_identity_test_login_field_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_identity_test_login_field_LDADD = $(TEST_LDADD)
