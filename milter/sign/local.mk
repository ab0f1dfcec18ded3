# SPDX-License-Identifier: BSD-2-Clause
libsubmilter_a_SOURCES += \
	include/sign/signer.h %D%/sign_priv.h %D%/canonical.c %D%/sign_config.c %D%/signature.c \
	%D%/self_verify.c %D%/sign_turn.c \
	%D%/engine_native.c \
	%D%/engine_opendkim.c %D%/opendkim.c %D%/opendkim_priv.h \
	%D%/opendkim_verify.c
