/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether the names beside addresses show somebody else. */
#include "message_priv.h"

/* Judges one name, by the option that concerns what it shows. */
static struct verdict
judge_name(struct message *message, const struct judged *judged, size_t first)
{
	struct outcome *outcome = &message->outcome;
	struct names names = message->snapshot->names;
	const struct rights rights = message_rights(message);
	struct author *author = &judged->authors->items[first];
	struct name_finding finding;
	struct err err;
	const struct table_context context = message_context(message, &err);

	names.address = message->levels.address;
	names.protected_name = message->levels.protected_name;
	switch (names_check(&names,
	    &(const struct names_query){ &rights, &message->submitter,
		judged->authors, first,
		judged->header->fields[author->field].value },
	    &context, &finding)) {
	case NAME_FINE:
		return verdict_accept();
	case NAME_UNKNOWN:
		return verdict_unsure(&message->mem, REASON_TABLE, &err);
	case NAME_SHOWS:
		break;
	}
	/* In what was written here nothing can be hidden any more. */
	if (finding.choice == NAME_NEUTRALISE && !judged->is_result &&
	    outcome_is_clean(outcome) &&
	    message_may_change(message, message_config(message)->names.mode)) {
		author->hide_name = true;
		return verdict_accept();
	}
	if (finding.choice != NAME_LOG)
		return verdict_refused(REASON_NAME,
		    slice_format(&message->mem,
			"The name beside %s (%s) shows %s, which is not yours",
			escape(&message->mem, author->address.text, 120),
			author_role_name(author->role),
			escape(&message->mem, finding.what, 120)));
	/* And its names are those that it came with, which were warned of. */
	if (judged->is_result)
		return verdict_accept();
	if (outcome->name_warnings++ >= MAX_NAME_WARNINGS)
		outcome->warnings_left_out++;
	else
		outcome_warn(outcome,
		    slice_format(&message->mem, "the name in %s shows %s",
			author_role_name(author->role),
			escape(&message->mem, finding.what, 120)));
	return verdict_accept();
}

/* Names stand in each author field; the first author of a field stands for it. */
struct verdict
message_judge_names(struct message *message, const struct judged *judged)
{
	const struct authors *authors = judged->authors;
	struct verdict verdict = verdict_accept();

	for (size_t i = 0;
	     i < authors->count && verdict.action == ACTION_ACCEPT; i++) {
		const struct author *author = &authors->items[i];
		bool seen = author->role == ROLE_MAIL_FROM;

		for (size_t j = 0; j < i && !seen; j++)
			seen = authors->items[j].role != ROLE_MAIL_FROM &&
			    authors->items[j].field == author->field;
		if (!seen)
			verdict = judge_name(message, judged, i);
	}
	return verdict;
}

/* A message that lacks a right does not get round names that are enforced. */
struct verdict
step_names(struct message *message)
{
	const struct outcome *outcome = &message->outcome;

	if (message->header_fault.kind != ERR_NONE ||
	    outcome_is_remedied(outcome) ||
	    (!outcome_is_clean(outcome) &&
		!verdict_lacks_right(&outcome->verdict)))
		return verdict_accept();
	return message_judge_names(message,
	    &(struct judged){ &message->authors, &message->header, false });
}

/* A right that is lacking counts first: nothing is to be added then. */
struct verdict
step_names_watched(struct message *message)
{
	return outcome_is_clean(&message->outcome) ? step_names(message) :
						     verdict_accept();
}
