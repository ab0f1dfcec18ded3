/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_DAEMON_SOCKET_H
#define SUBMILTER_DAEMON_SOCKET_H

#include "conf/config.h"

/*
 * Whether an inet socket of the configuration could be opened now: its host is
 * looked up and its port bound for a moment. ERR_TEMP when that may get better
 * by itself: the port is in use, or no name server answers. Blocks on the
 * resolver. 0 for a Unix socket.
 */
MUST_USE int socket_probe(const struct config *config, struct err *err);

#endif
