# SPDX-License-Identifier: BSD-2-Clause
libsubmilter_a_SOURCES += \
	include/dns/bounded.h %D%/bounded.c \
	%D%/name.c %D%/name_priv.h \
	include/dns/record.h %D%/record.c \
	include/dns/resolver.h %D%/resolver.c %D%/resolver_priv.h \
	include/dns/resolver_later.h %D%/resolver_later.c \
	include/dns/resolver_unbound.h %D%/resolver_unbound.c \
	%D%/unbound_context.c %D%/unbound_priv.h \
	include/dns/resolver_zone.h %D%/resolver_zone.c %D%/zone_priv.h \
	%D%/zone_read.c %D%/zone_scan.c
