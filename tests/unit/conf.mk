# SPDX-License-Identifier: BSD-2-Clause
unit_tests += tests/unit/conf/test_config tests/unit/conf/test_config_files \
	tests/unit/conf/test_examples
tests_unit_conf_test_config_SOURCES = tests/unit/conf/test_config.c
tests_unit_conf_test_config_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_conf_test_config_LDADD = $(TEST_LDADD)
tests_unit_conf_test_config_files_SOURCES = tests/unit/conf/test_config_files.c
tests_unit_conf_test_config_files_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_conf_test_config_files_LDADD = $(TEST_LDADD)
tests_unit_conf_test_examples_SOURCES = tests/unit/conf/test_examples.c
tests_unit_conf_test_examples_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_conf_test_examples_LDADD = $(TEST_LDADD)
unit_tests += tests/unit/conf/test_former_names
tests_unit_conf_test_former_names_SOURCES = tests/unit/conf/test_former_names.c
tests_unit_conf_test_former_names_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_conf_test_former_names_LDADD = $(TEST_LDADD)
EXTRA_DIST += tests/unit/conf/reports.h tests/unit/scratch.h
unit_tests += tests/unit/conf/test_local_socket
tests_unit_conf_test_local_socket_SOURCES = tests/unit/conf/test_local_socket.c
tests_unit_conf_test_local_socket_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_conf_test_local_socket_LDADD = $(TEST_LDADD)
unit_tests += tests/unit/conf/test_opendkim_conf
tests_unit_conf_test_opendkim_conf_SOURCES = tests/unit/conf/test_opendkim_conf.c
tests_unit_conf_test_opendkim_conf_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_conf_test_opendkim_conf_LDADD = $(TEST_LDADD)
