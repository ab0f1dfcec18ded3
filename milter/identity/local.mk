# SPDX-License-Identifier: BSD-2-Clause
libsubmilter_a_SOURCES += \
	include/identity/identity.h include/identity/client_facts.def %D%/identity.c
