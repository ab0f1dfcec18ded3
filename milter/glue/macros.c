/* SPDX-License-Identifier: BSD-2-Clause */
/* The MTA's macros: which ones it is asked for, and the facts that they say. */
#include "glue_priv.h"

#include <stdio.h>
#include <string.h>

/* Sendmail names the stage at the end of the header so; older headers do not. */
#ifndef SMFIM_EOH
#define SMFIM_EOH 6
#endif

/* Asks for one macro (or ""), and for those of the facts of a stage. */
static bool
request(SMFICTX *ctx, int step, const char *first, enum fact_stage stage)
{
	char list[256];
	size_t len = 0;

	len += (size_t)snprintf(list, sizeof(list), "%s", first);
	for (enum client_fact fact = 0; fact < FACT_COUNT; fact++) {
		if (fact_stage(fact) == stage)
			len += (size_t)snprintf(list + len, sizeof(list) - len,
			    "%s%s", len == 0 ? "" : " ", fact_macro(fact));
		ENSURE(len < sizeof(list));
	}
	return smfi_setsymlist(ctx, step, list) == MI_SUCCESS;
}

bool
macros_request(SMFICTX *ctx)
{
	/*
	 * A list replaces the MTA's own for that stage; at RCPT that spares
	 * those that nobody reads. The queue id comes with MAIL from Sendmail,
	 * later from Postfix.
	 */
	return request(ctx, SMFIM_CONNECT, "", FACT_AT_CONNECT) &&
	    request(ctx, SMFIM_ENVFROM, "i", FACT_AT_MAIL) &&
	    request(ctx, SMFIM_ENVRCPT, "i", FACT_NEVER) &&
	    request(ctx, SMFIM_EOH, "i", FACT_NEVER) &&
	    request(ctx, SMFIM_EOM, "i", FACT_NEVER);
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
macros_read(SMFICTX *ctx, enum fact_stage stage, struct client_facts *client)
{
	for (enum client_fact fact = 0; fact < FACT_COUNT; fact++) {
		if (fact_stage(fact) == stage)
			client->said[fact] = macro_get(ctx, fact_macro(fact));
	}
}
