/* SPDX-License-Identifier: BSD-2-Clause */
/* What becomes of messages, in numbers. */
#include "base/metrics.h"
#include "message_priv.h"

_Static_assert((int)REASONS <= (int)COUNTED_REASONS, "see metrics.def");

/* The order of actions, reasons and sections is that of the labels. */
static size_t
message_count_index(
    const struct message *message, const struct verdict *verdict)
{
	return ((size_t)verdict->action * COUNTED_REASONS +
		   (size_t)verdict->reason) *
	    COUNTED_SECTIONS +
	    message_section(message);
}

static void
message_count_signatures(const struct message *message)
{
	for (size_t i = 0; message->is_signed && i < message->key_count; i++)
		metric_add(METRIC_SIGNATURES,
		    message->signatures[i].key->algorithm == KEY_ED25519_SHA256,
		    1);
	if (!message->is_signed)
		metric_add(METRIC_UNSIGNED, 0, 1);
}

void
message_count(const struct message *message, const struct verdict *verdict)
{
	const struct outcome *outcome = &message->outcome;
	bool goes_on =
	    verdict->action == ACTION_ACCEPT || verdict->action == ACTION_HOLD;

	metric_add(METRIC_MESSAGES, verdict->action, 1);
	metric_observe(METRIC_MESSAGE_SECONDS, message->busy_us);
	if (verdict->action != ACTION_ACCEPT)
		metric_add(
		    METRIC_REFUSALS, message_count_index(message, verdict), 1);
	else if (outcome->standing != OUTCOME_STANDS &&
	    outcome->verdict.action != ACTION_ACCEPT)
		metric_add(METRIC_WATCHED,
		    message_count_index(message, &outcome->verdict), 1);
	if (!goes_on)
		return;
	message_count_signatures(message);
	if (!message->repairs_done)
		return;
	for (unsigned int rest = message->repairs, i = 0; rest != 0;
	     rest >>= 1, i++) {
		if ((rest & 1U) != 0)
			metric_add(METRIC_REPAIRS, i, 1);
	}
}
