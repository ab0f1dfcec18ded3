# SPDX-License-Identifier: BSD-2-Clause
libsubmilter_a_SOURCES += \
	include/glue/callbacks.h %D%/callbacks.c %D%/apply.c %D%/macros.c \
	%D%/negotiate.c %D%/packet_guard.c %D%/packet_ahead.c %D%/packet_send.c \
	include/glue/accounting.h %D%/accounting.c \
	include/glue/tally.h %D%/tally.c \
	%D%/glue_priv.h %D%/packet_priv.h
