# SPDX-License-Identifier: BSD-2-Clause
libsubmilter_a_SOURCES += \
	include/conf/config.h include/conf/options.def
