# SPDX-License-Identifier: BSD-2-Clause
libsubmilter_a_SOURCES += \
	include/repair/covered.h %D%/covered.c \
	include/repair/repair_header.h %D%/repair_header.c \
	%D%/repair_priv.h include/repair/repair_body.h %D%/repair_body.c %D%/body_edit.c %D%/body_write.c \
	%D%/repair_fields.c %D%/repair_names.c %D%/repair_trace.c %D%/repair_form.c \
	%D%/sendmail_priv.h %D%/repair_sendmail.c %D%/repair_controls.c
