/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_CLI_OPERANDS_PRIV_H
#define SUBMILTER_CLI_OPERANDS_PRIV_H

#include "base/str.h"

/* What a command works on, such as names of domains. */
struct operands {
	const char **items;
	size_t count;
};

/*
 * The words of argv, which ends with NULL; "-" stands for the words of standard
 * input, with blanks or ends of lines between them. In memory of mem. An exit
 * code: EXIT_USAGE, and stderr says why, where standard input cannot be read or
 * is no text. Blocks on standard input.
 */
int operands_read(
    char *const *argv, struct arena *mem, struct operands *ret_operands);

#endif
