# SPDX-License-Identifier: BSD-2-Clause
libsubmilter_a_SOURCES += \
	include/preflight/adsp.h %D%/adsp.c \
	include/preflight/author_policy.h %D%/author_policy.c %D%/alignment.c \
	include/preflight/dmarc_record.h %D%/dmarc_record.c \
	include/preflight/sender_id.h %D%/sender_id.c \
	include/preflight/suffix_list.h %D%/suffix_list.c \
	include/preflight/preflight.h %D%/preflight.c \
	%D%/outlook_cache.c %D%/outlook_cache_priv.h \
	include/preflight/world.h %D%/world.c \
	include/preflight/unsubscribe.h %D%/unsubscribe.c \
	%D%/preflight_priv.h %D%/tree_walk.c \
	include/preflight/spf.h %D%/spf.c %D%/spf_match.c %D%/spf_walk_priv.h \
	include/preflight/spf_record.h \
	%D%/spf_libspf2.c %D%/spf_macro.c %D%/spf_record.c
