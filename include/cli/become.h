/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_CLI_BECOME_H
#define SUBMILTER_CLI_BECOME_H

#include "conf/config.h"

/*
 * A command that root runs becomes the milter's user, for good, so that it
 * reads keys and tables as the milter does. Another user's command stays as it
 * is.
 */
MUST_USE int become_milter(const struct config *config, struct err *err);

#endif
