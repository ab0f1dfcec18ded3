/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_DAEMON_SOCKET_DIRECTORY_H
#define SUBMILTER_DAEMON_SOCKET_DIRECTORY_H

#include <sys/types.h>

#include "conf/config.h"
#include "daemon/account.h"

/*
 * The default of listen, below Postfix's queue directory. The unit and the
 * package make its directory.
 */
#define DEFAULT_SOCKET "/var/spool/postfix/submilter/submilter.sock"

/* The path of the Unix socket that the configuration names, else nothing. */
struct slice socket_path(const struct config *config);

/*
 * The group that a socket gets from its directory: from one with the
 * set-group-ID bit. False where it gets none.
 */
bool socket_directory_group(const struct config *config, gid_t *ret_gid);

/* The directory that a path is in: "/" for "/x" and for "x". */
struct slice path_directory(struct slice path);

/*
 * The shell command that makes a directory which is missing, in memory of mem:
 * for the milter's user, and for Postfix's group where there is one.
 */
const char *socket_directory_command(struct arena *mem,
    const struct config *config, const struct account *account,
    const char *directory);

/*
 * -1 (ERR_CONFIG) where the directory of a Unix socket is missing, with that
 * command.
 */
MUST_USE int socket_directory_check(const struct config *config,
    const struct account *account, struct err *err);

#endif
