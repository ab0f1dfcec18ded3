# SPDX-License-Identifier: BSD-2-Clause
libsubmilter_a_SOURCES += \
	include/identity/identity.h include/identity/client_facts.def \
	%D%/identity_priv.h %D%/identity.c %D%/methods.c %D%/login.c %D%/login_form.c %D%/services.c \
	%D%/client_facts.c %D%/client_keys.c %D%/mta_itself.c \
	%D%/by_sasl.c %D%/by_network.c %D%/by_host.c %D%/by_certificate.c %D%/by_pop.c \
	%D%/by_login_field.c \
	%D%/certificate_key.c
