# SPDX-License-Identifier: BSD-2-Clause
libsubmilter_a_SOURCES += \
	include/message/address.h include/message/construct.h \
	include/message/constructs.def \
	%D%/address.c %D%/address_list.c %D%/address_tokens.c \
	%D%/address_priv.h %D%/address_print.c %D%/address_shorten.c \
	%D%/domain.c \
	include/message/base64.h %D%/base64.c \
	include/message/body.h %D%/body.c \
	include/message/encode.h %D%/encode.c %D%/encoder.c \
	include/message/decode.h %D%/decode.c \
	include/message/mime.h %D%/mime.c %D%/mime_header.c %D%/mime_lines.c %D%/mime_priv.h %D%/mime_scan_priv.h \
	include/message/content_type.h %D%/content_type.c \
	include/message/part_header.h %D%/part_header.c \
	include/message/display.h %D%/display.c \
	%D%/display_priv.h %D%/encoded_word.c \
	%D%/display_marks.c %D%/display_odd.c \
	%D%/display_order.c %D%/display_reading.c \
	include/message/edit.h %D%/edit.c \
	include/message/field_name.h %D%/field_name.c \
	include/message/field_names.h include/message/field_names.def \
	%D%/field_names.c \
	include/message/header.h %D%/header.c \
	include/message/spool.h %D%/spool.c \
	include/message/stamp.h %D%/stamp.c \
	include/message/tag_list.h %D%/tag_list.c
