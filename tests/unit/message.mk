# SPDX-License-Identifier: BSD-2-Clause
unit_tests += tests/unit/message/test_address tests/unit/message/test_header \
	tests/unit/message/test_stamp
tests_unit_message_test_address_SOURCES = tests/unit/message/test_address.c
tests_unit_message_test_address_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_message_test_address_LDADD = $(TEST_LDADD)
tests_unit_message_test_header_SOURCES = tests/unit/message/test_header.c
tests_unit_message_test_header_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_message_test_header_LDADD = $(TEST_LDADD)
tests_unit_message_test_stamp_SOURCES = tests/unit/message/test_stamp.c
tests_unit_message_test_stamp_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_message_test_stamp_LDADD = $(TEST_LDADD)
unit_tests += tests/unit/message/test_decode
tests_unit_message_test_decode_SOURCES = tests/unit/message/test_decode.c
tests_unit_message_test_decode_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_message_test_decode_LDADD = $(TEST_LDADD)

unit_tests += tests/unit/message/test_encode tests/unit/message/test_body
tests_unit_message_test_encode_SOURCES = tests/unit/message/test_encode.c \
	tests/unit/random_text.h
tests_unit_message_test_encode_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_message_test_encode_LDADD = $(TEST_LDADD)
tests_unit_message_test_body_SOURCES = tests/unit/message/test_body.c
tests_unit_message_test_body_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_message_test_body_LDADD = $(TEST_LDADD)
unit_tests += tests/unit/message/test_tag_list
tests_unit_message_test_tag_list_SOURCES = tests/unit/message/test_tag_list.c
tests_unit_message_test_tag_list_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_message_test_tag_list_LDADD = $(TEST_LDADD)
unit_tests += tests/unit/message/test_display
tests_unit_message_test_display_SOURCES = tests/unit/message/test_display.c
tests_unit_message_test_display_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_message_test_display_LDADD = $(TEST_LDADD)
unit_tests += tests/unit/message/test_field_names
tests_unit_message_test_field_names_SOURCES = tests/unit/message/test_field_names.c
tests_unit_message_test_field_names_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_message_test_field_names_LDADD = $(TEST_LDADD)
unit_tests += tests/unit/message/test_edit
tests_unit_message_test_edit_SOURCES = tests/unit/message/test_edit.c
tests_unit_message_test_edit_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_message_test_edit_LDADD = $(TEST_LDADD)
unit_tests += tests/unit/message/test_mime
tests_unit_message_test_mime_SOURCES = tests/unit/message/test_mime.c
tests_unit_message_test_mime_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_message_test_mime_LDADD = $(TEST_LDADD)
