/* SPDX-License-Identifier: BSD-2-Clause */
#include "glue_priv.h"

#include <string.h>

/* Sendmail names the stage at the end of the header so; older headers do not. */
#ifndef SMFIM_EOH
#define SMFIM_EOH 6
#endif

bool
macros_request(SMFICTX *ctx)
{
	/*
	 * A list replaces the MTA's own for that stage. The queue id comes with
	 * MAIL from Sendmail, later from Postfix. m is Sendmail's alone, and
	 * {if_addr} is there where the client came over the network.
	 */
	static const struct {
		int stage;
		char list[48];
	} wanted[] = {
		{ SMFIM_CONNECT, "j m v {if_addr}" },
		{ SMFIM_ENVFROM, "i {auth_authen} {mail_addr} {mail_mailer}" },
		{ SMFIM_EOH, "i" },
		{ SMFIM_EOM, "i" },
	};

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		char list[sizeof(wanted[i].list)];

		memcpy(list, wanted[i].list, sizeof(list));
		if (smfi_setsymlist(ctx, wanted[i].stage, list) != MI_SUCCESS)
			return false;
	}
	return true;
}

struct slice
macro_get(SMFICTX *ctx, const char *name)
{
	char text[32];
	size_t len = strlen(name);

	ENSURE(len < sizeof(text));
	memcpy(text, name, len + 1);
	return slice_of(smfi_getsymval(ctx, text));
}

void
macros_at_mail(SMFICTX *ctx, struct mail_facts *facts)
{
	facts->client.auth_authen = macro_get(ctx, "{auth_authen}");
	facts->mail_addr = macro_get(ctx, "{mail_addr}");
	facts->has_mail_addr = facts->mail_addr.data != NULL;
	facts->mail_is_local =
	    slice_eq(macro_get(ctx, "{mail_mailer}"), SLICE("local"));
}
