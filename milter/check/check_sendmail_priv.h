/* SPDX-License-Identifier: BSD-2-Clause */
/* What the checks of Sendmail share. */
#ifndef SUBMILTER_CHECK_CHECK_SENDMAIL_PRIV_H
#define SUBMILTER_CHECK_CHECK_SENDMAIL_PRIV_H

#include "check/sendmail_config.h"
#include "check_sasl_priv.h"

/* One port of Sendmail: its own list of filters replaces the general one. */
struct port {
	const char *called;
	struct slice name;
	struct slice number; /* or a name of it, as it is written */
	struct slice filters;
	bool passes;   /* mail goes through our filter */
	bool submits;  /* users submit there */
	bool incoming; /* other servers deliver there */
	bool logs_in;
	bool wants_login; /* M=a */
	bool is_inet6;
};

/* Whether it is a name or address of loopback. */
bool sendmail_is_this_host(struct slice host);

/*
 * Mail of local programs, sendmail(1), which submit.cf beside `file` hands to
 * one of the ports; and what Sendmail itself makes. ours: our filter's name.
 */
void check_sendmail_local_mail(const struct checked *c, const char *file,
    const struct port *ports, size_t count, const char *ours);

#endif
