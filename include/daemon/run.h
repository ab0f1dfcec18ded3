/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_DAEMON_RUN_H
#define SUBMILTER_DAEMON_RUN_H

#include <stdbool.h>

/*
 * "submilter run": opens the socket, gives up root, builds the snapshot and
 * serves until SIGTERM. SIGUSR1 reloads the configuration, all of it or
 * nothing. Returns an exit code: 0 after an orderly end, 1 when it could not
 * start, 75 when trying again may help (the socket is in use).
 */
int daemon_run(const char *config_path, bool foreground);

#endif
