# SPDX-License-Identifier: BSD-2-Clause
libsubmilter_a_SOURCES += \
	include/message/address.h %D%/address.c %D%/domain.c \
	include/message/edit.h %D%/edit.c \
	include/message/header.h %D%/header.c \
	include/message/stamp.h %D%/stamp.c
