# SPDX-License-Identifier: BSD-2-Clause
libsubmilter_a_SOURCES += \
	include/pipeline/pipeline.h %D%/pipeline.c %D%/judge.c %D%/choose_keys.c \
	%D%/signing.c %D%/foresee.c %D%/log_line.c %D%/message_priv.h \
	include/pipeline/snapshot.h %D%/snapshot.c
