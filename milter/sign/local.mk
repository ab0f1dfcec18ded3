# SPDX-License-Identifier: BSD-2-Clause
libsubmilter_a_SOURCES += \
	include/sign/keys.h %D%/keys.c %D%/key_access.c %D%/key_pem.c %D%/key_generate.c \
	include/sign/key_record.h %D%/key_record.c \
	include/sign/key_states.h %D%/key_states.c %D%/key_states_priv.h \
	%D%/key_state_file.c \
	include/sign/signer.h %D%/sign_priv.h %D%/canonical.c %D%/signature.c %D%/self_verify.c \
	%D%/engine_native.c \
	%D%/engine_opendkim.c %D%/opendkim.c %D%/opendkim_priv.h \
	%D%/opendkim_verify.c
