/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_CLI_INPUT_PRIV_H
#define SUBMILTER_CLI_INPUT_PRIV_H

#include "conf/config.h"

/*
 * Standard input is one thing only in a command, such as "the message" or "the
 * configuration": false, and stderr says so, where it is another one already.
 */
MUST_USE bool input_claim(const char *what);

/*
 * config_read(), of which "-" is standard input: it is read once, and the same
 * text is given again to the next call. What it includes is relative to the
 * working directory. Blocks on standard input.
 */
MUST_USE int input_config(const char *path, config_report *report, void *arg,
    struct config **ret_config, struct err *err);

/*
 * The file of --zone: "-" becomes the name of a file that holds standard input,
 * as long as the process runs. EXIT_YES, or an exit code after stderr has why.
 * Blocks on standard input.
 */
MUST_USE int input_zone(const char **path);

#endif
