# SPDX-License-Identifier: BSD-2-Clause
libsubmilter_a_SOURCES += \
	include/policy/authors.h %D%/authors.c \
	include/policy/verdict.h include/policy/reasons.def %D%/verdict.c \
	include/policy/decide.h %D%/decide.c \
	include/policy/levels.h %D%/levels.c \
	include/policy/limits.h %D%/limits.c \
	include/policy/limit_counts.h %D%/limit_counts.c \
	%D%/limit_window.c %D%/limit_window_priv.h \
	include/policy/login_row.h %D%/login_row.c \
	%D%/look_alikes.c %D%/look_alikes_priv.h \
	include/policy/names.h %D%/names.c \
	include/policy/own_domains.h %D%/own_domains.c \
	include/policy/rights.h %D%/rights.c %D%/rights_priv.h %D%/grant.c \
	%D%/rights_examples.c %D%/rights_open.c %D%/login_rights.c
