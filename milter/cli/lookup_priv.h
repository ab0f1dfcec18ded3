/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_CLI_LOOKUP_PRIV_H
#define SUBMILTER_CLI_LOOKUP_PRIV_H

#include <stdbool.h>

/*
 * "lookup --login": every address of a login, by the tables of a configuration.
 * An exit code: EXIT_YES, EXIT_NO for a login without any, EXIT_USAGE for a
 * configuration with a fault, EXIT_LATER for a table that cannot answer.
 */
int lookup_login(const char *config_path, const char *login, bool json);

#endif
