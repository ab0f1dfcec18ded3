/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_CHECK_CHECK_SASL_PRIV_H
#define SUBMILTER_CHECK_CHECK_SASL_PRIV_H

#include "check/check.h"
#include "check/postfix_config.h"

/* How one saslauthd(8) runs, or would run. */
struct saslauthd {
	struct slice mechanism; /* -a */
	struct slice option;	/* -O, of the mechanism */
	struct slice directory; /* -m, where its socket is */
	bool whole_login;	/* -r: the user is handed over with the realm */
	struct slice source;	/* "process 17", "/etc/default/saslauthd" */
};

/*
 * The saslauthd whose socket is in one of the directories: a process that runs,
 * else what a file says, which is `file` or, if that is NULL, one of those that
 * distributions start it by. False when there is none.
 */
MUST_USE bool saslauthd_find(const char *file,
    const struct slice_list *directories, struct arena *mem,
    struct saslauthd *ret_saslauthd);

/*
 * Says whether SMTP AUTH of a Postfix service, or of Sendmail, verifies the
 * realm of a login, and what that means for this configuration. `name` names the
 * service, `text` is sendmail.cf.
 */
void check_postfix_sasl(const struct checked *c, const struct postfix *postfix,
    const struct postfix_service *service, const char *name);
void check_sendmail_sasl(const struct checked *c, struct slice text);

#endif
