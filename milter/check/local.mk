# SPDX-License-Identifier: BSD-2-Clause
libsubmilter_a_SOURCES += \
	include/check/check.h %D%/findings.c %D%/check_proxies.c %D%/text_file.c \
	%D%/check_fix.c %D%/check_tables.c %D%/check_tables_priv.h \
	%D%/check_lookalikes.c %D%/check_keys.c %D%/check_milter.c \
	%D%/check_socket.c %D%/check_start.c %D%/check_rewriting.c \
	%D%/check_sendmail.c %D%/check_sendmail_local.c \
	include/check/sendmail_config.h %D%/sendmail_config.c %D%/check_sendmail_priv.h %D%/check_certificates.c \
	%D%/check_postfix.c %D%/check_postfix_priv.h \
	%D%/check_login_field.c %D%/postfix_access.c \
	%D%/check_postfix_path.c %D%/check_postfix_behind.c \
	%D%/check_local_mail.c %D%/postfix_milters.c %D%/postfix_table.c \
	%D%/postfix_config.c include/check/postfix_config.h \
	%D%/check_relaying.c %D%/check_sasl.c %D%/check_sasl_priv.h %D%/saslauthd_config.c
