/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_CLI_TEST_PRIV_H
#define SUBMILTER_CLI_TEST_PRIV_H

#include "pipeline/pipeline.h"

/* What became of a message. */
struct test_outcome {
	struct message *message;
	struct verdict verdict;
	/* What libopendkim says of the signatures, in the form that is printed. */
	struct slice signatures;
	struct slice result;		/* the message as it goes on */
	bool report_only;		/* it is not printed */
};

/* To standard output; memory of the message. */
void test_print_text(const struct test_outcome *outcome);
void test_print_json(const struct test_outcome *outcome);

#endif
