/* SPDX-License-Identifier: BSD-2-Clause */
/* "submilter test --explain": how login and rights came about. */
#include <stdio.h>

#include "lookup_priv.h"
#include "test_priv.h"

enum { SHOWN_OCTETS = 400 };

/* Each method up to the one that proved the login. */
static void
explain_methods(const struct test_outcome *outcome)
{
	const struct identity *identity =
	    &message_snapshot(outcome->message)->identity;
	const struct submitter *submitter = message_submitter(outcome->message);
	struct arena *mem = message_arena(outcome->message);

	for (size_t i = 0; i < identity->step_count; i++) {
		struct slice name = identity_step_name(&identity->steps[i]);
		bool proved = slice_eq(name, submitter->via);
		const char *login = escape(mem, submitter->login, SHOWN_OCTETS);

		if (!identity_step_is_asked(identity, i, outcome->client))
			printf("identify     %.*s: not asked on this service\n",
			    SLICE_ARGS(name));
		else
			printf("identify     %.*s: %s%s%s\n", SLICE_ARGS(name),
			    proved ? "proves " : "proves nothing",
			    proved ? login : "",
			    proved && slice_eq(name, SLICE("sasl")) &&
				    client_login_is_told(outcome->client) ?
				", as a proxy says (XCLIENT)" :
				"");
		if (proved)
			return;
	}
	if (submitter->doubt.why.len != 0)
		printf("identify     %s\n",
		    escape(mem, submitter->doubt.why, SHOWN_OCTETS));
	if (submitter->via.len != 0)
		printf("identify     the mail server itself: %s\n",
		    escape(mem, submitter->login, SHOWN_OCTETS));
}

/* What the message counts as; here nothing was counted before. */
static void
explain_limits(const struct test_outcome *outcome)
{
	const struct login_limits *limits = message_limits(outcome->message);
	const unsigned long amounts[LIMIT_KINDS] = { [LIMIT_MESSAGES] = 1,
		[LIMIT_RECIPIENTS] = message_recipients(outcome->message) };
	struct strbuf buf;

	for (unsigned int k = 0; k < LIMIT_KINDS; k++) {
		const struct rate_list *rates = &limits->of[k];

		if (rates->count == 0)
			continue;
		strbuf_init(&buf, message_arena(outcome->message));
		for (size_t i = 0; i < rates->count; i++) {
			strbuf_add_cstr(&buf, i == 0 ? "" : ", ");
			rate_print(&buf, &rates->items[i]);
		}
		printf("limits       %s: %s%s%.*s; it counts as %lu\n",
		    limit_kind_name((enum limit_kind)k), buf.data,
		    limits->row.len > 0 ? ", by " : "", SLICE_ARGS(limits->row),
		    amounts[k]);
	}
	if (limits->row.len > 0 && limits_are_none(limits))
		printf("limits       none, by %.*s\n", SLICE_ARGS(limits->row));
}

void
test_explain(const struct test_outcome *outcome)
{
	if (outcome->verdict.action == ACTION_TEMPFAIL &&
	    slice_eq(
		slice_of(message_step(outcome->message)), SLICE("identify")))
		printf("identify     a method cannot answer: %.*s\n",
		    SLICE_ARGS(outcome->verdict.detail));
	else
		explain_methods(outcome);
	explain_limits(outcome);
	lookup_explain(outcome->trace, message_arena(outcome->message));
}
