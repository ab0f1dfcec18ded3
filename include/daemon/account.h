/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_DAEMON_ACCOUNT_H
#define SUBMILTER_DAEMON_ACCOUNT_H

#include <sys/types.h>

#include "conf/config.h"

/* Whom root becomes when the option user is not set, if there is such a user. */
#define DEFAULT_USER "submilter"

/* Who the milter becomes, and whose group a Unix socket gets. */
struct account {
	uid_t uid;
	gid_t gid;
	gid_t socket_gid;
	bool change_user;	/* we are root and shall not stay it */
	struct slice name;
};

/* Looks the users of a configuration up, in memory of mem. */
MUST_USE int account_find(const struct config *config, struct arena *mem,
    struct account *ret_account, struct err *err);
/* For good: no way back to root. */
MUST_USE int account_become(const struct account *account, struct err *err);

#endif
