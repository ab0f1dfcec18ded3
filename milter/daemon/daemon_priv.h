/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_DAEMON_PRIV_H
#define SUBMILTER_DAEMON_PRIV_H

#include "daemon/account.h"

/*
 * Opens the socket that the configuration names, through libmilter. A Unix
 * socket that a living process serves is never taken (ERR_TEMP); a file that a
 * dead one left is replaced. *ret_path is the path of a Unix socket, else NULL.
 */
MUST_USE int socket_open(const struct config *config,
    const struct account *account, struct arena *mem, const char **ret_path,
    struct err *err);
/* Removes the file of a Unix socket, unless another process serves it now. */
void socket_remove(const char *path, struct arena *mem);

#endif
