# SPDX-License-Identifier: BSD-2-Clause
libsubmilter_a_SOURCES += \
	include/cli/options.h %D%/options.c \
	include/cli/check.h %D%/check.c %D%/check_priv.h \
	%D%/check_domain.c %D%/domain_print.c \
	%D%/service_probe.c %D%/service_probe_priv.h \
	%D%/check_postfix.c %D%/check_postfix_priv.h \
	%D%/check_postfix_path.c %D%/check_postfix_behind.c \
	%D%/check_local_mail.c %D%/postfix_milters.c %D%/postfix_table.c \
	%D%/check_sendmail.c %D%/check_rewriting.c \
	%D%/check_socket.c %D%/check_print.c %D%/check_keys.c \
	%D%/check_sasl.c %D%/check_sasl_priv.h %D%/saslauthd_config.c \
	include/cli/genkey.h %D%/genkey.c \
	include/cli/keys.h %D%/keys.c \
	include/cli/lookup.h %D%/lookup.c \
	%D%/postfix_config.c %D%/postfix_config_priv.h \
	include/cli/test.h %D%/test.c %D%/test_report.c %D%/test_mta.c \
	%D%/test_priv.h
