# SPDX-License-Identifier: BSD-2-Clause
unit_tests += tests/unit/sign/test_canonical tests/unit/sign/test_signature
tests_unit_sign_test_canonical_SOURCES = tests/unit/sign/test_canonical.c
tests_unit_sign_test_canonical_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_sign_test_canonical_LDADD = $(TEST_LDADD)
tests_unit_sign_test_signature_SOURCES = tests/unit/sign/test_signature.c
tests_unit_sign_test_signature_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_sign_test_signature_LDADD = $(TEST_LDADD)
unit_tests += tests/unit/sign/test_self_verify
tests_unit_sign_test_self_verify_SOURCES = tests/unit/sign/test_self_verify.c
tests_unit_sign_test_self_verify_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_sign_test_self_verify_LDADD = $(TEST_LDADD)
