# SPDX-License-Identifier: BSD-2-Clause
unit_tests += tests/unit/keys/test_key_table tests/unit/keys/test_keystore \
	tests/unit/keys/test_key_names tests/unit/keys/test_public_keys \
	tests/unit/keys/test_key_status \
	tests/unit/keys/test_key_history \
	tests/unit/keys/test_key_lookup \
	tests/unit/keys/test_key_choice
tests_unit_keys_test_key_status_SOURCES = tests/unit/keys/test_key_status.c
tests_unit_keys_test_key_status_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_keys_test_key_status_LDADD = $(TEST_LDADD)
tests_unit_keys_test_key_history_SOURCES = tests/unit/keys/test_key_history.c
tests_unit_keys_test_key_history_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_keys_test_key_history_LDADD = $(TEST_LDADD)
tests_unit_keys_test_key_lookup_SOURCES = tests/unit/keys/test_key_lookup.c
tests_unit_keys_test_key_lookup_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_keys_test_key_lookup_LDADD = $(TEST_LDADD)
tests_unit_keys_test_key_choice_SOURCES = tests/unit/keys/test_key_choice.c
tests_unit_keys_test_key_choice_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_keys_test_key_choice_LDADD = $(TEST_LDADD)
tests_unit_keys_test_keystore_SOURCES = tests/unit/keys/test_keystore.c
tests_unit_keys_test_keystore_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_keys_test_keystore_LDADD = $(TEST_LDADD)
tests_unit_keys_test_key_table_SOURCES = tests/unit/keys/test_key_table.c
tests_unit_keys_test_key_table_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_keys_test_key_table_LDADD = $(TEST_LDADD)

tests_unit_keys_test_key_names_SOURCES = tests/unit/keys/test_key_names.c
tests_unit_keys_test_key_names_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_keys_test_key_names_LDADD = $(TEST_LDADD)

tests_unit_keys_test_public_keys_SOURCES = tests/unit/keys/test_public_keys.c
tests_unit_keys_test_public_keys_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_keys_test_public_keys_LDADD = $(TEST_LDADD)
