# SPDX-License-Identifier: BSD-2-Clause
unit_tests += tests/unit/preflight/test_dmarc_record \
	tests/unit/preflight/test_author_policy
tests_unit_preflight_test_dmarc_record_SOURCES = tests/unit/preflight/test_dmarc_record.c
tests_unit_preflight_test_dmarc_record_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_preflight_test_dmarc_record_LDADD = $(TEST_LDADD)
tests_unit_preflight_test_author_policy_SOURCES = tests/unit/preflight/test_author_policy.c
tests_unit_preflight_test_author_policy_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_preflight_test_author_policy_LDADD = $(TEST_LDADD)
unit_tests += tests/unit/preflight/test_adsp tests/unit/preflight/test_sender_id \
	tests/unit/preflight/test_unsubscribe
tests_unit_preflight_test_adsp_SOURCES = tests/unit/preflight/test_adsp.c
tests_unit_preflight_test_adsp_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_preflight_test_adsp_LDADD = $(TEST_LDADD)
tests_unit_preflight_test_sender_id_SOURCES = tests/unit/preflight/test_sender_id.c
tests_unit_preflight_test_sender_id_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_preflight_test_sender_id_LDADD = $(TEST_LDADD)
tests_unit_preflight_test_unsubscribe_SOURCES = tests/unit/preflight/test_unsubscribe.c
tests_unit_preflight_test_unsubscribe_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_preflight_test_unsubscribe_LDADD = $(TEST_LDADD)
unit_tests += tests/unit/preflight/test_spf
tests_unit_preflight_test_spf_SOURCES = tests/unit/preflight/test_spf.c
tests_unit_preflight_test_spf_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_preflight_test_spf_LDADD = $(TEST_LDADD)
unit_tests += tests/unit/preflight/test_preflight
tests_unit_preflight_test_preflight_SOURCES = tests/unit/preflight/test_preflight.c
tests_unit_preflight_test_preflight_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_preflight_test_preflight_LDADD = $(TEST_LDADD)
