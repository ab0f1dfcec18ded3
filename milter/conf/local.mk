# SPDX-License-Identifier: BSD-2-Clause
libsubmilter_a_SOURCES += \
	include/conf/config.h include/conf/options.def include/conf/choices.def \
	%D%/config.c %D%/config_priv.h \
	include/conf/config_dns.h %D%/config_dns.c \
	include/conf/rate.h %D%/rate.c \
	include/conf/opendkim_conf.h %D%/opendkim_conf.c \
	%D%/config_entries.c %D%/source_priv.h \
	%D%/config_check.c %D%/config_check_identify.c %D%/config_opendkim.c %D%/config_check_priv.h \
	include/conf/local_socket.h %D%/local_socket.c \
	%D%/config_print.c \
	%D%/lexer.c %D%/lexer_priv.h \
	%D%/options.c %D%/options_priv.h

check_PROGRAMS += milter/conf/docgen
milter_conf_docgen_SOURCES = milter/conf/docgen.c
milter_conf_docgen_LDADD = libsubmilter.a
