/* SPDX-License-Identifier: BSD-2-Clause */
/* The signatures of a message, over the body as it goes on. */
#include <string.h>

#include "base/clock.h"
#include "message_priv.h"

/*
 * The whole header as it goes on, to a new signer. Whether the body has 8-bit
 * octets, or blanks on which verifiers disagree, is known at its end only.
 */
static int
start_signer(
    struct message *message, const struct sign_policy *common, struct err *err)
{
	/*
	 * What the MTA may add after us where it is missing: Date and
	 * Message-ID, and the fields of MIME if there are 8-bit octets.
	 */
	static const struct slice addable[] = { { "date", 4 },
		{ "message-id", 10 }, { "mime-version", 12 },
		{ "content-type", 12 }, { "content-transfer-encoding", 25 } };
	enum { ADDABLE = sizeof(addable) / sizeof(addable[0]), STAMPS = 2 };
	const struct mta_traits *traits = mta_traits(message_mta(message));
	size_t start = traits->adds_stamps ? 0 : STAMPS;
	size_t end =
	    message->eight_bits && traits->adds_mime_fields ? ADDABLE : STAMPS;
	struct sign_policy *policy =
	    arena_alloc(&message->mem, sizeof(*policy));
	const struct sign_engine *engine = message->snapshot->engine;
	const struct field *fields;
	size_t field_count;

	*policy = *common;
	policy->addable_names = addable + start;
	policy->addable_count = end - start;
	if (message->odd_blanks)
		policy->body_canon = CANON_SIMPLE;
	fields = edits_view(&message->edits, &field_count);
	if (sign_needs_simple_header(policy, fields, field_count))
		policy->header_canon = CANON_SIMPLE;
	message->sign_policy = policy;
	if (message->signer != NULL)
		engine->free(message->signer);
	message->signer = NULL;
	if (engine->begin(&(const struct sign_request){ policy, message->keys,
			      message->key_count, clock_now() },
		&message->signer, err) != 0)
		return -1;
	return engine->header(message->signer, fields, field_count, err);
}

struct slice
message_field_value(const struct message *message, struct slice name)
{
	const struct edits *edits = &message->edits;
	size_t index = edits_find(edits, name, 0);

	return index < edits->count ? edits->fields[index].field.value :
				      (struct slice){ NULL, 0 };
}

/* Too many fields stay too many; anything else may be better later. */
static struct verdict
not_signed(struct message *message, const struct err *err)
{
	return err->kind == ERR_LIMIT ?
	    verdict_bad_message(&message->mem, err) :
	    verdict_unsure(&message->mem, REASON_SIGN, err);
}

struct verdict
step_begin_signing(struct message *message)
{
	const struct config *config = message_config(message);
	struct err err;

	if (message->key_count == 0)
		return verdict_accept();
	message->signatures = arena_array(
	    &message->mem, message->key_count, sizeof(*message->signatures));
	/* A body that is not looked through may hold anything. */
	message->eight_bits =
	    config->repair.body == BODY_NO || header_has_8bit(&message->header);
	if (start_signer(message, &message->snapshot->sign_policy, &err) != 0)
		return not_signed(message, &err);
	if (config->repair.body != BODY_NO)
		message->scan = mime_scan_new(&message->mem,
		    message_field_value(message, SLICE("Content-Type")),
		    message_field_value(
			message, SLICE("Content-Transfer-Encoding")),
		    repair_line_limit(config, message_mta(message)));
	return verdict_accept();
}

/*
 * Form feed and vertical tab are text for RFC 6376 section 3.4.4. Some verifiers,
 * rspamd among them, take them for white space of a relaxed body.
 */
static bool
has_odd_blank(struct slice text)
{
	return text.len > 0 &&
	    (memchr(text.data, '\f', text.len) != NULL ||
		memchr(text.data, '\v', text.len) != NULL);
}

/*
 * Once it is known that the body will be changed, or signed in another way, what
 * came of it is signed when all of it is there.
 */
static bool
signs_later(struct message *message, bool relaxed, struct slice chunk)
{
	message->odd_blanks =
	    message->odd_blanks || (relaxed && has_odd_blank(chunk));
	message->signs_later = message->signs_later || message->odd_blanks ||
	    (message->scan != NULL && message_body_will_change(message));
	return message->signs_later;
}

int
message_take_body(struct message *message, struct slice chunk, struct err *err)
{
	bool relaxed =
	    message->snapshot->sign_policy.body_canon == CANON_RELAXED;

	if ((message->scan != NULL || relaxed) &&
	    body_add(&message->body, chunk, err) != 0)
		return err_wrap(err, "body");
	if (message->scan != NULL)
		mime_scan_add(message->scan, chunk);
	if (signs_later(message, relaxed, chunk))
		return 0;
	return message->snapshot->engine->body(message->signer, chunk, err);
}

/* A body that is read again, and what becomes of it. */
struct signing {
	struct message *message;
	bool has_new; /* else it goes on as it is */
	struct body new;
	struct err sign_err;  /* of the signer */
	struct err write_err; /* of what is kept */
};

static void
keep_piece(void *arg, struct slice text)
{
	struct signing *signing = arg;

	if (signing->has_new && signing->write_err.kind == ERR_NONE &&
	    body_add(&signing->new, text, &signing->write_err) != 0)
		ENSURE(signing->write_err.kind != ERR_NONE);
}

static void
sign_piece(void *arg, struct slice text)
{
	struct signing *signing = arg;
	struct message *message = signing->message;

	if (signing->sign_err.kind == ERR_NONE &&
	    message->snapshot->engine->body(
		message->signer, text, &signing->sign_err) != 0)
		ENSURE(signing->sign_err.kind != ERR_NONE);
	keep_piece(arg, text);
}

static void
note_odd_blank(void *arg, struct slice text)
{
	struct message *message = ((struct signing *)arg)->message;

	message->odd_blanks = message->odd_blanks || has_odd_blank(text);
}

/* The body as it goes on; as it came, where nobody has looked for its parts. */
static int
read_again(
    struct signing *signing, const struct body_target *target, struct err *err)
{
	const struct message *message = signing->message;

	return message->body_plan.count > 0 ?
	    body_plan_write(&message->body_plan, &message->body, target, err) :
	    body_pass(&message->body, target->sink, signing, err);
}

/* Whether the body goes on as another one. */
static bool
has_new_body(const struct message *message)
{
	const struct body_plan *plan = &message->body_plan;

	/* An empty body can get another label, or a delimiter. */
	return message->is_decoded ||
	    (plan->changes_body &&
		(message->body.size > 0 || plan->plans[0].close));
}

/*
 * Hands the body to the signer, as far as it is signed. A new one is made here
 * once, and kept in the place of that which came: the MTA gets what was signed.
 */
static int
sign_body(struct signing *signing, struct err *err)
{
	struct message *message = signing->message;
	const struct body_plan *plan = &message->body_plan;
	struct body_target target = { sign_piece, signing,
		plan->count > 0 ? plan->signed_end : UINT64_MAX, NULL };
	int status;

	signing->has_new = has_new_body(message);
	if (signing->has_new)
		target.rest = keep_piece;
	/* In memory they have no more room than one has. */
	body_init(&signing->new, message->body.directory,
	    body_memory_left(&message->body));
	status = read_again(signing, &target, err);
	if (status == 0 && signing->write_err.kind != ERR_NONE) {
		*err = signing->write_err;
		status = -1;
	}
	if (status != 0 || !signing->has_new) {
		body_done(&signing->new);
		return status;
	}
	body_done(&message->body);
	message->body = signing->new;
	message->has_new_body = true;
	return 0;
}

/* Signs the body once more, as it goes on, and as far as it arrives. */
static struct verdict
sign_again(struct message *message)
{
	const struct sign_policy *policy = &message->snapshot->sign_policy;
	const struct body_plan *plan = &message->body_plan;
	struct signing signing = { .message = message };
	struct sign_policy *partial;
	struct err err;

	if (plan->count > 0 && plan->signed_end != UINT64_MAX) {
		partial = arena_alloc(&message->mem, sizeof(*partial));
		sign_policy_partial(policy, &message->mem, partial);
		policy = partial;
		outcome_warn(&message->outcome,
		    plan->unsigned_why.len == 0 ?
			SLICE("signed in part: the rest may change on the "
			      "way (repair.sealed-parts)") :
			slice_format(&message->mem,
			    "signed in part: %.*s "
			    "(repair.attached-messages)",
			    SLICE_ARGS(plan->unsigned_why)));
	}
	if (start_signer(message, policy, &err) != 0)
		return not_signed(message, &err);
	if (sign_body(&signing, &err) != 0)
		return err.kind == ERR_DATA ?
		    verdict_bad_message(&message->mem, &err) :
		    verdict_unsure(&message->mem, REASON_REPAIR, &err);
	if (signing.sign_err.kind != ERR_NONE)
		return verdict_unsure(
		    &message->mem, REASON_SIGN, &signing.sign_err);
	return verdict_accept();
}

/*
 * No part of the message would arrive as it is. Its body goes on as it came, and
 * so do the fields that describe it: without a signature it needs no repair.
 */
static struct verdict
go_unsigned(struct message *message)
{
	struct slice why = message->body_plan.unsigned_why;

	message->body_plan = (struct body_plan){ .count = 0 };
	message->repairs &= ~(unsigned int)REPAIRED_BODY;
	if (message_config(message)->sign.unsigned_policy == UNSIGNED_REJECT &&
	    !message_is_of_mta(message))
		return verdict_refused(REASON_UNSIGNED,
		    slice_format(&message->mem,
			"This service signs all mail, and %.*s",
			SLICE_ARGS(why)));
	message->unsigned_why = slice_format(
	    &message->mem, "%.*s (repair.attached-messages)", SLICE_ARGS(why));
	outcome_warn(&message->outcome, message->unsigned_why);
	message->key_count = 0;
	return verdict_accept();
}

/*
 * Changes the body so that it arrives as it is signed. It is read again only if
 * it was signed in another way while it came.
 */
static struct verdict
repair_body(struct message *message)
{
	const struct edits *edits = &message->edits;
	enum canonicalization canon = message->snapshot->sign_policy.body_canon;
	struct body_plan *plan = &message->body_plan;
	struct decoded_body *decoded = &message->decoded;
	struct signing signing = { .message = message };
	bool again = message->odd_blanks || message->signs_later;
	struct err err;

	/* The MTA adds those that are missing. */
	if (plan->has_8bit && !message->eight_bits &&
	    mta_traits(message_mta(message))->adds_mime_fields &&
	    (edits_find(edits, SLICE("MIME-Version"), 0) == edits->count ||
		edits_find(edits, SLICE("Content-Type"), 0) == edits->count ||
		edits_find(edits, SLICE("Content-Transfer-Encoding"), 0) ==
		    edits->count)) {
		message->eight_bits = true;
		again = true;
	}
	if (!message->repairs_done) {
		*plan = (struct body_plan){ .count = 0 };
		message->is_decoded = false;
	}
	if (plan->count > 0 && plan->signed_end == 0)
		return go_unsigned(message);
	if (message->is_decoded) {
		/* Its text was not seen while the body as it came passed. */
		body_plan_edit(&decoded->top, &message->edits);
		body_done(&message->body);
		message->body = decoded->body;
		body_init(&decoded->body, message->body.directory,
		    message->body.memory_limit);
		message_warn_broken(message, decoded->first_change);
		if (canon == CANON_RELAXED &&
		    read_again(&signing,
			&(const struct body_target){
			    note_odd_blank, &signing, UINT64_MAX, NULL },
			&err) != 0)
			return verdict_unsure(
			    &message->mem, REASON_REPAIR, &err);
		again = true;
	}
	if (plan->count > 0 &&
	    (plan->changes || plan->signed_end != UINT64_MAX)) {
		body_plan_edit(plan, &message->edits);
		message_warn_broken(message, body_plan_first_change(plan));
		again = true;
	}
	return again ? sign_again(message) : verdict_accept();
}

/*
 * The signatures. What others take of the time while this message waits for its
 * turn is not taken off what DNS may take for it.
 */
static int
sign_finish(struct message *message, struct err *err)
{
	uint64_t started_us = clock_monotonic_us();
	int status = sign_in_turn(message->snapshot->engine, message->signer,
	    &message->mem, message->signatures, err);

	message->deadline_us += clock_monotonic_us() - started_us;
	return status;
}

struct verdict
step_sign(struct message *message)
{
	const struct snapshot *snapshot = message->snapshot;
	enum self_verify_choice verify =
	    message_config(message)->sign.self_verify;
	const struct field *fields;
	struct verdict verdict;
	size_t field_count;
	struct err err;

	if (message->signer == NULL || message->keeps_form)
		return verdict_accept();
	if (message->body_fault.kind != ERR_NONE)
		return verdict_unsure(
		    &message->mem, REASON_SIGN, &message->body_fault);
	verdict = repair_body(message);
	if (verdict.action != ACTION_ACCEPT || message->key_count == 0)
		return verdict;
	if (sign_finish(message, &err) != 0)
		return verdict_unsure(&message->mem, REASON_SIGN, &err);
	fields = edits_view(&message->edits, &field_count);
	for (size_t i = 0; verify != SELF_VERIFY_NO && i < message->key_count;
	     i++) {
		struct key_shown shown = { .status = KEY_PUBLISHED };

		if (signature_check(message->sign_policy,
			&message->signatures[i],
			&(const struct sign_header){ fields, field_count },
			&message->mem, &err) != 0)
			return verdict_unsure(
			    &message->mem, REASON_SELF_VERIFY, &err);
		if (verify == SELF_VERIFY_PUBLISHED)
			key_status_check(snapshot->preflight.resolver,
			    message->signatures[i].key,
			    preflight_deadline(message), &message->mem, &shown);
		if (shown.status == KEY_PUBLISHED)
			continue;
		err_set(&err, ERR_TEMP, "%s%.*s",
		    shown.status == KEY_UNKNOWN ? "" : "ALARM: ",
		    SLICE_ARGS(shown.text));
		return verdict_unsure(&message->mem, REASON_SELF_VERIFY, &err);
	}
	for (size_t i = 0; i < message->key_count; i++)
		edits_add_on_top(&message->edits, SLICE("DKIM-Signature"),
		    message->signatures[i].value);
	message->is_signed = true;
	return verdict_accept();
}
