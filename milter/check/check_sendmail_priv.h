/* SPDX-License-Identifier: BSD-2-Clause */
/* What the checks of Sendmail share. */
#ifndef SUBMILTER_CHECK_CHECK_SENDMAIL_PRIV_H
#define SUBMILTER_CHECK_CHECK_SENDMAIL_PRIV_H

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

/*
 * The next logical line of a configuration of Sendmail: one that begins with a
 * blank continues the last. It is in reader->text; false at the end.
 */
bool sendmail_next_line(struct line_reader *reader);

/*
 * The value of "key=value" among items with commas. Keys count by their first
 * letter, as they do for Sendmail, in any case.
 */
bool sendmail_find_field(struct slice list, char key, struct slice *ret_value);

/* Whether it is a name or address of loopback. */
bool sendmail_is_this_host(struct slice host);

/*
 * Mail of local programs, sendmail(1), which submit.cf beside `file` hands to
 * one of the ports; and what Sendmail itself makes. ours: our filter's name.
 */
void check_sendmail_local_mail(const struct checked *c, const char *file,
    const struct port *ports, size_t count, const char *ours);

#endif
