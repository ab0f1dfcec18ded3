/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_CLI_IMPORT_PRIV_H
#define SUBMILTER_CLI_IMPORT_PRIV_H

#include "base/str.h"

/* Mail of before, by which a configuration is shown that does not run yet. */
struct import_sample {
	const char *const *paths; /* logs, also of Postfix; messages */
	size_t count;
	const char *login; /* of all messages; NULL: see import_sample_show() */
	/* NULL, or an object of JSON to which "sample" is added before it ends. */
	struct strbuf *json;
};

/*
 * Prints what enforce mode would refuse of the sample, and for messages by which
 * keys they are signed now, and would be. A message is judged for the login that
 * Postfix noted in its Received field, or for the address in From. As root this
 * ends with the rights of the milter's user. An exit code: EXIT_NO where
 * somebody would be refused, or a file could not be read.
 */
int import_sample_show(struct slice config, const struct import_sample *sample);

#endif
