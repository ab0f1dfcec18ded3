# SPDX-License-Identifier: BSD-2-Clause
unit_tests += tests/unit/daemon/test_key_watch
tests_unit_daemon_test_key_watch_SOURCES = tests/unit/daemon/test_key_watch.c
tests_unit_daemon_test_key_watch_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_daemon_test_key_watch_LDADD = $(TEST_LDADD)
unit_tests += tests/unit/daemon/test_settle
tests_unit_daemon_test_settle_SOURCES = tests/unit/daemon/test_settle.c
tests_unit_daemon_test_settle_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_daemon_test_settle_LDADD = $(TEST_LDADD)
unit_tests += tests/unit/daemon/test_table_watch
tests_unit_daemon_test_table_watch_SOURCES = tests/unit/daemon/test_table_watch.c
tests_unit_daemon_test_table_watch_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_daemon_test_table_watch_LDADD = $(TEST_LDADD)
