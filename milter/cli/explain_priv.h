/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_CLI_EXPLAIN_PRIV_H
#define SUBMILTER_CLI_EXPLAIN_PRIV_H

#include "logbook/record.h"

/* One message in words. */
struct explanation {
	struct arena *mem;
	struct slice *sentences; /* for the operator */
	size_t count;
	size_t cap;
	struct slice user;   /* a paragraph that can be sent on; or empty */
	const char *section; /* of docs/troubleshooting.md; or NULL */
};

/* Says in words what a line says, and nothing that it does not hold. */
void explain_record(
    const struct log_record *record, struct explanation *explanation);

#endif
