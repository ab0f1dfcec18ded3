/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bare SOCKET: what libmilter alone takes of a message. It asks the MTA for what
 * submilter asks for (glue/negotiate.c, glue/macros.c), reads all of it, and adds
 * a field as long as a signature. It looks at nothing.
 */
#include <libmilter/mfapi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static sfsistat
on_negotiate(SMFICTX *ctx, unsigned long actions, unsigned long steps,
    unsigned long unused0, unsigned long unused1, unsigned long *ret_actions,
    unsigned long *ret_steps, unsigned long *ret_unused0,
    unsigned long *ret_unused1)
{
	static const struct {
		int stage;
		const char *macros;
	} lists[] = { { SMFIM_CONNECT, "j v" },
		{ SMFIM_ENVFROM, "i auth_authen" }, { SMFIM_ENVRCPT, "i" },
		{ SMFIM_EOH, "i" }, { SMFIM_EOM, "i" } };

	(void)unused0;
	(void)unused1;
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		char list[64];

		(void)snprintf(list, sizeof(list), "%s", lists[i].macros);
		if (smfi_setsymlist(ctx, lists[i].stage, list) != MI_SUCCESS)
			return SMFIS_REJECT;
	}
	*ret_actions = actions & (SMFIF_ADDHDRS | SMFIF_SETSYMLIST);
	*ret_steps = steps &
	    (SMFIP_HDR_LEADSPC | SMFIP_NOHELO | SMFIP_NOUNKNOWN | SMFIP_NODATA |
		SMFIP_NR_CONN | SMFIP_NR_RCPT | SMFIP_NR_HDR | SMFIP_SKIP);
	*ret_unused0 = *ret_unused1 = 0;
	return SMFIS_CONTINUE;
}

static sfsistat
on_connect(SMFICTX *ctx, char *name, _SOCK_ADDR *address)
{
	(void)ctx;
	(void)name;
	(void)address;
	return SMFIS_NOREPLY;
}

static sfsistat
on_mail(SMFICTX *ctx, char **arguments)
{
	(void)ctx;
	(void)arguments;
	return SMFIS_CONTINUE;
}

static sfsistat
on_rcpt(SMFICTX *ctx, char **arguments)
{
	(void)ctx;
	(void)arguments;
	return SMFIS_NOREPLY;
}

static sfsistat
on_header(SMFICTX *ctx, char *name, char *value)
{
	(void)ctx;
	(void)name;
	(void)value;
	return SMFIS_NOREPLY;
}

static sfsistat
on_end_of_header(SMFICTX *ctx)
{
	(void)ctx;
	return SMFIS_CONTINUE;
}

static sfsistat
on_body(SMFICTX *ctx, unsigned char *data, size_t len)
{
	(void)ctx;
	(void)data;
	(void)len;
	return SMFIS_CONTINUE;
}

static sfsistat
on_end_of_message(SMFICTX *ctx)
{
	enum { SIGNATURE_OCTETS = 660 };
	char name[] = "DKIM-Signature", value[SIGNATURE_OCTETS + 1];

	memset(value, 'x', SIGNATURE_OCTETS);
	value[0] = ' ';
	value[SIGNATURE_OCTETS] = '\0';
	return smfi_insheader(ctx, 0, name, value) == MI_SUCCESS ?
	    SMFIS_CONTINUE :
	    SMFIS_TEMPFAIL;
}

int
main(int argc, char **argv)
{
	static char name[] = "bare";
	struct smfiDesc description = {
		.xxfi_name = name,
		.xxfi_version = SMFI_VERSION,
		.xxfi_flags = SMFIF_ADDHDRS | SMFIF_SETSYMLIST,
		.xxfi_connect = on_connect,
		.xxfi_envfrom = on_mail,
		.xxfi_envrcpt = on_rcpt,
		.xxfi_header = on_header,
		.xxfi_eoh = on_end_of_header,
		.xxfi_body = on_body,
		.xxfi_eom = on_end_of_message,
		.xxfi_negotiate = on_negotiate,
	};

	if (argc != 2) {
		(void)fprintf(stderr, "usage: bare unix:PATH\n");
		return 2;
	}
	if (smfi_register(description) != MI_SUCCESS ||
	    smfi_setconn(argv[1]) != MI_SUCCESS || smfi_main() != MI_SUCCESS)
		return 1;
	return 0;
}
