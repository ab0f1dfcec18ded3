/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_CLI_TEST_PRIV_H
#define SUBMILTER_CLI_TEST_PRIV_H

#include "pipeline/pipeline.h"
#include "table/trace.h"

/* The MTA that a message is judged for. */
struct test_mta {
	struct slice name;    /* "postfix", "sendmail" or "unknown" */
	struct slice version; /* what it says of itself; empty: nothing */
	const char *by;	      /* how that is known, for people */
};

/* The word behind --mta; false when it is none of them. */
bool test_mta_parse(struct slice word, struct test_mta *ret_mta);

/*
 * The MTA as the daemon would know it: the one that the configuration names;
 * else, where stated, *mta as --mta gave it; else the one that this host has.
 */
void test_mta_find(
    const struct config *config, bool stated, struct test_mta *mta);

/* What is submitted beside the message itself. */
struct test_submission {
	const char *const *rcpts;
	size_t rcpt_count;
	const char *login_field; /* its content; NULL: there is none */
};

/*
 * The events of the milter protocol, in their order, for a message that has only
 * been made. *ret_body is the body as the MTA hands it over, in memory of the
 * message. Blocks as pipeline_header() and pipeline_end() do.
 */
struct verdict test_submit(const struct test_submission *from,
    struct message *message, struct slice text, struct slice *ret_body);
/* Line ends as an MTA hands a body over: CRLF. */
struct slice test_with_crlf(struct arena *mem, struct slice text);

/* What became of a message. */
struct test_outcome {
	struct message *message;
	const struct test_mta *mta;
	const struct client_facts *client;
	const struct table_trace *trace; /* NULL: no explanation is wanted */
	struct verdict verdict;
	/* What libopendkim says of the signatures, in the form that is printed. */
	struct slice signatures;
	struct slice result; /* the message as it goes on */
	bool report_only;    /* it is not printed */
};

/* To standard output: methods, and the keys that tables were asked for. */
void test_explain(const struct test_outcome *outcome);

/* To standard output; memory of the message. */
void test_print_text(const struct test_outcome *outcome);
void test_print_json(const struct test_outcome *outcome);

#endif
