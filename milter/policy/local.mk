# SPDX-License-Identifier: BSD-2-Clause
libsubmilter_a_SOURCES += \
	include/policy/authors.h %D%/authors.c \
	include/policy/decide.h %D%/decide.c \
	include/policy/names.h %D%/names.c \
	include/policy/rights.h %D%/rights.c
