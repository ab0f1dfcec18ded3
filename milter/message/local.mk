# SPDX-License-Identifier: BSD-2-Clause
libsubmilter_a_SOURCES += \
	include/message/header.h
