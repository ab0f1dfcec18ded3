# SPDX-License-Identifier: BSD-2-Clause
libsubmilter_a_SOURCES += \
	include/table/address_keys.h %D%/address_keys.c \
	include/table/table.h %D%/table.c %D%/table_priv.h \
	%D%/table_file.c %D%/table_file_priv.h \
	%D%/patterns.c %D%/patterns_priv.h \
	%D%/table_cidr.c %D%/table_pcre.c %D%/table_regexp.c \
	%D%/table_static.c %D%/table_texthash.c
