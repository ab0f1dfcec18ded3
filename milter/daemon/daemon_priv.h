/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_DAEMON_PRIV_H
#define SUBMILTER_DAEMON_PRIV_H

#include <sys/types.h>

#include "conf/config.h"

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

/*
 * Opens the socket that the configuration names, through libmilter. A Unix
 * socket that a living process serves is never taken (ERR_TEMP); a file that a
 * dead one left is replaced. *ret_path is the path of a Unix socket, else NULL.
 */
MUST_USE int socket_open(const struct config *config,
    const struct account *account, struct arena *mem, const char **ret_path,
    struct err *err);

#endif
