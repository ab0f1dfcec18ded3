# SPDX-License-Identifier: BSD-2-Clause
libsubmilter_a_SOURCES += \
	%D%/ucl.c %D%/ucl_priv.h
