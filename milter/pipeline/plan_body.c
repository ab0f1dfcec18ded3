/* SPDX-License-Identifier: BSD-2-Clause */
/* How the body changes, by its parts and by the signatures that cover it. */
#include "message_priv.h"

/* Whether a plan changes what signatures of others cover. */
static bool
breaks_others(const struct message *message, const struct body_plan *plan)
{
	static const struct slice names[] = { { "MIME-Version", 12 },
		{ "Content-Type", 12 }, { "Content-Transfer-Encoding", 25 } };

	for (size_t n = 0;
	     plan->plans[0].header && n < sizeof(names) / sizeof(names[0]);
	     n++) {
		if (cover_has_name(&message->cover, names[n]))
			return true;
	}
	return cover_has_body(&message->cover, body_plan_first_change(plan));
}

static struct body_facts
facts_of(const struct message *message, bool certain_only)
{
	enum mta_choice mta = message_mta(message);
	struct body_facts facts = {
		.traits = mta_traits(mta),
		.line_limit = repair_line_limit(message_config(message), mta),
		.smtputf8 = message->facts.smtputf8,
		.header_8bit = header_has_8bit(&message->header),
		.certain_only = certain_only,
	};

	if (certain_only) {
		facts.traits = mta_certain_traits(mta);
		facts.line_limit = facts.traits->breaks_lines_at;
	}
	return facts;
}

bool
message_body_will_change(const struct message *message)
{
	struct body_facts facts = facts_of(message, false);

	facts.parts = mime_scan_so_far(message->scan, &facts.count);
	return body_will_change(message_config(message), &facts);
}

/* A body whose parts are known. */
struct planning {
	struct message *message;
	const struct mime_part *parts;
	size_t count;
	struct err *err;
};

static int
make_plan(const struct planning *planning, bool certain_only,
    struct body_plan *ret_plan)
{
	struct message *message = planning->message;
	struct body_facts facts = facts_of(message, certain_only);

	facts.parts = planning->parts;
	facts.count = planning->count;
	return body_plan_make(message_config(message), &facts, &message->edits,
	    ret_plan, planning->err);
}

/*
 * Text that signatures of others cover changes only if they break in any case.
 * Mail that is passed on, or returned by the MTA, is not refused for the form
 * that others gave it; what the MTA returns goes on unsigned if -1 is the answer.
 */
static int
make_careful_plan(const struct planning *planning)
{
	struct message *message = planning->message;
	struct body_facts facts = facts_of(message, false);
	struct decoded_body *decoded = &message->decoded;
	struct err ignored;
	struct planning again = { .message = message, .err = &ignored };
	struct body_plan plan;
	bool helps;
	int made;

	facts.parts = planning->parts;
	facts.count = planning->count;
	facts.body = &message->body;
	facts.type = message_field_value(message, SLICE("Content-Type"));
	facts.encoding =
	    message_field_value(message, SLICE("Content-Transfer-Encoding"));
	/* With its encoded messages decoded, if there are and that can go on. */
	if (body_decode(message_config(message), &facts, &message->mem, decoded,
		planning->err) != 0)
		return -1;
	again.parts = decoded->parts;
	again.count = decoded->count;
	helps = decoded->any && make_plan(&again, false, &plan) == 0 &&
	    plan.signed_end > decoded->first_change;
	message->is_decoded = helps && !breaks_others(message, &plan) &&
	    !breaks_others(message, &decoded->top);
	if (message->is_decoded) {
		message->body_plan = plan;
		return 0;
	}
	made = make_plan(planning, false, &message->body_plan);
	if (made == 0 && !breaks_others(message, &message->body_plan))
		return 0;
	if (message->cover.count == 0 && !message_is_of_mta(message))
		return made;
	if (make_plan(planning, true, &message->body_plan) == 0)
		return 0;
	if (helps) {
		message->is_decoded = true;
		message->body_plan = plan;
		return 0;
	}
	if (message->cover.count == 0 ||
	    message_config(message)->repair.bare_octets == BARE_REFUSE)
		return -1;
	message->body_plan = (struct body_plan){ .count = 0, .has_8bit = true };
	outcome_warn(&message->outcome,
	    slice_format(&message->mem, "passed on as it came: %s",
		planning->err->text));
	return 0;
}

struct verdict
step_body(struct message *message)
{
	struct err err;
	struct planning planning = { .message = message, .err = &err };

	if (message->scan == NULL || message->body_fault.kind != ERR_NONE)
		return verdict_accept();
	if (mime_scan_finish(
		message->scan, &planning.parts, &planning.count, &err) != 0 ||
	    make_careful_plan(&planning) != 0)
		return err.kind == ERR_TEMP ?
		    verdict_unsure(&message->mem, REASON_REPAIR, &err) :
		    verdict_bad_message(&message->mem, &err);
	if (!message->is_decoded)
		body_done(&message->decoded.body);
	if (message->body_plan.changes || message->is_decoded)
		message->repairs |= REPAIRED_BODY;
	return verdict_accept();
}
