# SPDX-License-Identifier: BSD-2-Clause
libsubmilter_a_SOURCES += \
	include/table/address_keys.h \
	include/table/table.h
