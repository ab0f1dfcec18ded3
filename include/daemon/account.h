/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_DAEMON_ACCOUNT_H
#define SUBMILTER_DAEMON_ACCOUNT_H

#include <sys/types.h>

#include "conf/config.h"

/* Root becomes this user when the option user is not set, if it exists. */
#define DEFAULT_USER "submilter"

/* The user that the milter becomes, and the group of a Unix socket. */
struct account {
	uid_t uid;
	gid_t gid;
	gid_t socket_gid;
	bool change_user; /* we are root and shall not stay it */
	struct slice name;
};

/*
 * Looks up the user, and then the group, that a configuration names; in memory
 * of mem. -1 (ERR_CONFIG): there is no such user, or group.
 */
MUST_USE int account_find_user(const struct config *config, struct arena *mem,
    struct account *ret_account, struct err *err);
MUST_USE int account_find_group(const struct config *config, struct arena *mem,
    struct account *account, struct err *err);
/* Both. */
MUST_USE int account_find(const struct config *config, struct arena *mem,
    struct account *ret_account, struct err *err);
/* For good: no way back to root. */
MUST_USE int account_become(const struct account *account, struct err *err);

#endif
