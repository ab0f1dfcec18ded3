# SPDX-License-Identifier: BSD-2-Clause
libsubmilter_a_SOURCES += \
	include/import/import.h %D%/import.c %D%/import_priv.h \
	%D%/import_guess.c %D%/import_parts.c %D%/import_write.c %D%/import_json.c \
	%D%/import_keys.c %D%/import_networks.c \
	%D%/import_opendkim.c %D%/import_opendkim_keys.c \
	%D%/import_opendkim_priv.h %D%/opendkim_names.def \
	%D%/import_postfix.c %D%/import_sendmail.c \
	%D%/import_rspamd.c %D%/import_rspamd_keys.c %D%/import_rspamd_priv.h \
	%D%/ucl.c %D%/ucl_priv.h
