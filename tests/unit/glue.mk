# SPDX-License-Identifier: BSD-2-Clause
unit_tests += tests/unit/glue/test_packet_ahead
tests_unit_glue_test_packet_ahead_SOURCES = tests/unit/glue/test_packet_ahead.c tests/unit/glue/pair.h
tests_unit_glue_test_packet_ahead_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_glue_test_packet_ahead_LDADD = $(TEST_LDADD)
unit_tests += tests/unit/glue/test_packet_send
tests_unit_glue_test_packet_send_SOURCES = tests/unit/glue/test_packet_send.c tests/unit/glue/pair.h
tests_unit_glue_test_packet_send_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_glue_test_packet_send_LDADD = $(TEST_LDADD)
