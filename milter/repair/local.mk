# SPDX-License-Identifier: BSD-2-Clause
libsubmilter_a_SOURCES += \
	include/repair/mta_traits.h %D%/mta_traits.c \
	include/repair/covered.h %D%/covered.c \
	include/repair/repair_header.h %D%/repair_header.c \
	%D%/repair_priv.h include/repair/repair_body.h %D%/repair_body.c \
	%D%/body_rules_priv.h %D%/body_rules.c %D%/repair_sealed.c %D%/repair_attached.c \
	include/repair/repair_decode.h %D%/decode_priv.h %D%/repair_decode.c \
	%D%/body_edit.c %D%/body_write.c \
	%D%/body_writer_priv.h %D%/body_writer.c \
	%D%/repair_fields.c %D%/repair_names.c %D%/repair_trace.c %D%/repair_form.c \
	%D%/sendmail_priv.h %D%/repair_sendmail.c %D%/repair_controls.c
