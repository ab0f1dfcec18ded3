# SPDX-License-Identifier: BSD-2-Clause
libsubmilter_a_SOURCES += \
	include/report/domain_report.h %D%/domain_report.c %D%/domain_priv.h \
	%D%/domain_hosts.c %D%/domain_keys.c %D%/domain_mail.c \
	%D%/domain_policy.c %D%/domain_services.c %D%/domain_spf.c \
	%D%/domain_dnssec.c %D%/domain_spf_others.c \
	%D%/domain_spf_prefetch.c %D%/domain_spf_priv.h \
	include/report/service_probe.h %D%/service_probe.c
