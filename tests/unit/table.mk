# SPDX-License-Identifier: BSD-2-Clause
unit_tests += tests/unit/table/test_tables tests/unit/table/test_address_keys \
	tests/unit/table/test_table_set
tests_unit_table_test_tables_SOURCES = tests/unit/table/test_tables.c \
	tests/unit/table/serve.h tests/unit/table/answer.h
tests_unit_table_test_tables_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_table_test_tables_LDADD = $(TEST_LDADD)
tests_unit_table_test_address_keys_SOURCES = tests/unit/table/test_address_keys.c
tests_unit_table_test_address_keys_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_table_test_address_keys_LDADD = $(TEST_LDADD)
tests_unit_table_test_table_set_SOURCES = tests/unit/table/test_table_set.c
tests_unit_table_test_table_set_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_table_test_table_set_LDADD = $(TEST_LDADD)
unit_tests += tests/unit/table/test_cache
tests_unit_table_test_cache_SOURCES = tests/unit/table/test_cache.c
tests_unit_table_test_cache_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_table_test_cache_LDADD = $(TEST_LDADD)
unit_tests += tests/unit/table/test_composed
tests_unit_table_test_composed_SOURCES = tests/unit/table/test_composed.c
tests_unit_table_test_composed_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_table_test_composed_LDADD = $(TEST_LDADD)
unit_tests += tests/unit/table/test_server
tests_unit_table_test_server_SOURCES = tests/unit/table/test_server.c
tests_unit_table_test_server_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_table_test_server_LDADD = $(TEST_LDADD)
unit_tests += tests/unit/table/test_database
tests_unit_table_test_database_SOURCES = tests/unit/table/test_database.c
tests_unit_table_test_database_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_table_test_database_LDADD = $(TEST_LDADD)
unit_tests += tests/unit/table/test_module
tests_unit_table_test_module_SOURCES = tests/unit/table/test_module.c
tests_unit_table_test_module_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_table_test_module_LDADD = $(TEST_LDADD)
tests_unit_table_test_module_LDFLAGS = $(LINK_LOADER)
# What the loader has to refuse.
check_PROGRAMS += tests/unit/table/other_module.so tests/unit/table/no_module.so
tests_unit_table_other_module_so_SOURCES = tests/unit/table/other_module.c
tests_unit_table_other_module_so_CFLAGS = $(COMPILE_MODULE)
tests_unit_table_other_module_so_LDFLAGS = $(LINK_MODULE)
tests_unit_table_no_module_so_SOURCES = tests/unit/table/no_module.c
tests_unit_table_no_module_so_CFLAGS = $(COMPILE_MODULE)
tests_unit_table_no_module_so_LDFLAGS = $(LINK_MODULE)
unit_tests += tests/unit/table/test_sql
tests_unit_table_test_sql_SOURCES = tests/unit/table/test_sql.c
tests_unit_table_test_sql_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_table_test_sql_LDADD = $(TEST_LDADD)
unit_tests += tests/unit/table/test_index
tests_unit_table_test_index_SOURCES = tests/unit/table/test_index.c \
	tests/unit/table/write_index.h
tests_unit_table_test_index_CPPFLAGS = $(AM_CPPFLAGS) $(LMDB_CFLAGS)
tests_unit_table_test_index_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_table_test_index_LDADD = $(TEST_LDADD) $(LMDB_LIBS) $(BDB_LIBS)
tests_unit_table_test_index_LDFLAGS = $(LINK_LOADER)
unit_tests += tests/unit/table/test_table_stats
tests_unit_table_test_table_stats_SOURCES = tests/unit/table/test_table_stats.c
tests_unit_table_test_table_stats_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_table_test_table_stats_LDADD = $(TEST_LDADD)
