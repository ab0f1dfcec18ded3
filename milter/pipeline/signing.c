/* SPDX-License-Identifier: BSD-2-Clause */
/* The signatures of a message, over the body as it goes on. */
#include <string.h>

#include "base/clock.h"
#include "message_priv.h"

/*
 * What the MTA may add behind us where it is missing: Sendmail a Date and a
 * Message-ID, and the fields of MIME to what came with 8-bit octets.
 */
static void
set_addable(const struct message *message, bool eight_bits,
    struct sign_policy *policy)
{
	static const struct slice names[] = { { "date", 4 },
		{ "message-id", 10 }, { "mime-version", 12 },
		{ "content-type", 12 }, { "content-transfer-encoding", 25 } };
	enum { COUNT = sizeof(names) / sizeof(names[0]), STAMPS = 2 };

	if (message_mta(message) == MTA_POSTFIX)
		return;
	policy->addable_names = names;
	policy->addable_count = eight_bits ? COUNT : STAMPS;
}

/*
 * The whole header as it goes on, to a new signer. Whether the body has 8-bit
 * octets or a blank of which verifiers disagree is known at its end only.
 */
static int
start_signer(struct message *message, const struct sign_policy *common,
    struct err *err)
{
	struct sign_policy *policy = arena_alloc(&message->mem,
	    sizeof(*policy));
	const struct snapshot *snapshot = message->snapshot;
	const struct field *fields;
	size_t field_count;

	*policy = *common;
	set_addable(message, message->eight_bits, policy);
	if (message->odd_blanks)
		policy->body_canon = CANON_SIMPLE;
	fields = edits_view(&message->edits, &field_count);
	if (sign_needs_simple_header(policy, fields, field_count))
		policy->header_canon = CANON_SIMPLE;
	message->sign_policy = policy;
	if (message->signer != NULL)
		snapshot->engine->free(message->signer);
	message->signer = NULL;
	return snapshot->engine->begin(policy, message->keys,
	    message->key_count, clock_now(), &message->signer, err) != 0 ||
	    snapshot->engine->header(message->signer, fields, field_count,
		err) != 0 ? -1 : 0;
}

/* The value of the first field of that name as it goes on; empty: none. */
static struct slice
field_value(const struct edits *edits, struct slice name)
{
	size_t index = edits_find(edits, name, 0);

	return index < edits->count ? edits->fields[index].field.value
	    : (struct slice){ NULL, 0 };
}

struct verdict
message_begin_signing(struct message *message)
{
	const struct config *config = message_config(message);
	struct err err;

	if (message->key_count == 0)
		return verdict_accept();
	message->signatures = arena_array(&message->mem, message->key_count,
	    sizeof(*message->signatures));
	/* What is not looked through may hold anything. */
	message->eight_bits = config->repair.body == BODY_NO ||
	    header_has_8bit(&message->header);
	if (start_signer(message, &message->snapshot->sign_policy, &err) != 0)
		return verdict_unsure(&message->mem, "sign", &err);
	if (config->repair.body != BODY_NO)
		message->scan = mime_scan_new(&message->mem,
		    field_value(&message->edits, SLICE("Content-Type")),
		    field_value(&message->edits,
			SLICE("Content-Transfer-Encoding")));
	return verdict_accept();
}

/*
 * Form feed and vertical tab are text for RFC 6376 section 3.4.4. Some verifiers,
 * rspamd among them, take them for white space of a relaxed body.
 */
static bool
has_odd_blank(struct slice text)
{
	return text.len > 0 && (memchr(text.data, '\f', text.len) != NULL ||
	    memchr(text.data, '\v', text.len) != NULL);
}

int
message_take_body(struct message *message, struct slice chunk, struct err *err)
{
	bool relaxed = message->snapshot->sign_policy.body_canon ==
	    CANON_RELAXED;

	if ((message->scan != NULL || relaxed) &&
	    body_add(&message->body, chunk, err) != 0)
		return err_wrap(err, "body");
	if (message->scan != NULL)
		mime_scan_add(message->scan, chunk);
	message->odd_blanks = message->odd_blanks ||
	    (relaxed && has_odd_blank(chunk));
	return message->snapshot->engine->body(message->signer, chunk, err);
}

/* A body on its way to the signer. */
struct signing {
	struct message *message;
	struct err err;
};

static void
sign_piece(void *arg, struct slice text)
{
	struct signing *signing = arg;
	struct message *message = signing->message;

	if (signing->err.kind == ERR_NONE &&
	    message->snapshot->engine->body(message->signer, text,
		&signing->err) != 0)
		ENSURE(signing->err.kind != ERR_NONE);
}

/* As it goes on; or as it came, where nobody has looked for its parts. */
static int
write_body(const struct message *message, uint64_t end, encode_sink *sink,
    void *arg, struct err *err)
{
	char buffer[16384];

	if (message->body_plan.count > 0)
		return body_plan_write(&message->body_plan, &message->body, end,
		    sink, arg, err);
	for (uint64_t at = 0; at < message->body.size;) {
		uint64_t left = message->body.size - at;
		size_t len = left < sizeof(buffer) ? (size_t)left
		    : sizeof(buffer);

		if (body_read(&message->body, at, buffer, len, err) != 0)
			return -1;
		sink(arg, (struct slice){ buffer, len });
		at += len;
	}
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
		message_warn(message, SLICE("signed in part: what is behind may "
		    "change on the way (repair.sealed-parts)"));
	}
	if (start_signer(message, policy, &err) != 0)
		return verdict_unsure(&message->mem, "sign", &err);
	if (write_body(message, plan->signed_end, sign_piece, &signing,
	    &err) != 0)
		return err.kind == ERR_DATA
		    ? verdict_bad_message(&message->mem, &err)
		    : verdict_unsure(&message->mem, "repair", &err);
	if (signing.err.kind != ERR_NONE)
		return verdict_unsure(&message->mem, "sign", &signing.err);
	return verdict_accept();
}

/* Whether the plan changes what signatures of others cover. */
static bool
breaks_others(const struct message *message)
{
	const struct body_plan *plan = &message->body_plan;
	static const struct slice names[] = { { "MIME-Version", 12 },
		{ "Content-Type", 12 }, { "Content-Transfer-Encoding", 25 } };

	for (size_t n = 0; plan->plans[0].header &&
	    n < sizeof(names) / sizeof(names[0]); n++) {
		if (cover_has_name(&message->cover, names[n]))
			return true;
	}
	return cover_has_body(&message->cover, body_plan_first_change(plan));
}

static int
make_plan(struct message *message, const struct mime_part *parts,
    size_t count, bool certain_only, struct err *err)
{
	const struct config *config = message_config(message);
	enum mta_choice mta = message_mta(message);
	struct body_facts facts = {
		.mta = mta,
		.line_limit = repair_line_limit(config, mta),
		.smtputf8 = message->facts.smtputf8,
		.header_8bit = header_has_8bit(&message->header),
		.certain_only = certain_only,
	};

	if (certain_only) {
		facts.line_limit = repair_certain_limit(mta);
		/* Postfix changes nothing that Sendmail would not. */
		facts.mta = mta == MTA_AUTO ? MTA_POSTFIX : mta;
	}
	return body_plan_make(config, &facts, parts, count, &message->edits,
	    &message->mem, &message->body_plan, err);
}

/*
 * What signatures of others cover is changed only where it breaks in any case;
 * and mail that is passed on, or returned by the MTA, is not refused for the
 * form that others gave it.
 */
static int
make_careful_plan(struct message *message, const struct mime_part *parts,
    size_t count, struct err *err)
{
	int made = make_plan(message, parts, count, false, err);

	if (made == 0 && !breaks_others(message))
		return 0;
	if (message->cover.count == 0 && !message->submitter.is_mta)
		return made;
	if (make_plan(message, parts, count, true, err) == 0)
		return 0;
	if (message_config(message)->repair.bare_octets == BARE_REFUSE)
		return -1;
	message->body_plan = (struct body_plan){ .count = 0, .has_8bit = true };
	message_warn(message, slice_format(&message->mem,
	    "passed on as it came: %s", err->text));
	return 0;
}

/*
 * Looks whether the body would arrive as it was signed, and plans what to
 * change of it if not.
 */
static struct verdict
plan_body(struct message *message)
{
	const struct config *config = message_config(message);
	const struct mime_part *parts;
	struct verdict verdict;
	struct err err;
	size_t count;

	if (mime_scan_finish(message->scan, &parts, &count, &err) != 0 ||
	    make_careful_plan(message, parts, count, &err) != 0) {
		verdict = verdict_bad_message(&message->mem, &err);
		return message_in_mode(message, config->repair.mode, verdict);
	}
	if (message->body_plan.changes)
		message->repairs |= REPAIRED_BODY;
	return verdict_accept();
}

static bool
lacks_mime_field(const struct edits *edits)
{
	return edits_find(edits, SLICE("MIME-Version"), 0) == edits->count ||
	    edits_find(edits, SLICE("Content-Type"), 0) == edits->count ||
	    edits_find(edits, SLICE("Content-Transfer-Encoding"), 0) ==
	    edits->count;
}

/*
 * What the body needs to arrive as it is signed. Only if it was signed in
 * another way while it came is it read again.
 */
static struct verdict
repair_body(struct message *message)
{
	struct body_plan *plan = &message->body_plan;
	struct verdict verdict = verdict_accept();
	bool again = message->odd_blanks;

	if (message->scan != NULL)
		verdict = plan_body(message);
	if (verdict.action != ACTION_ACCEPT ||
	    message->would.action != ACTION_ACCEPT)
		return verdict;
	if (plan->has_8bit && !message->eight_bits &&
	    message_mta(message) != MTA_POSTFIX &&
	    lacks_mime_field(&message->edits)) {
		message->eight_bits = true;
		again = true;
	}
	if (!message->repairs_done)
		*plan = (struct body_plan){ .count = 0 };
	if (plan->count > 0 && (plan->changes ||
	    plan->signed_end != UINT64_MAX)) {
		body_plan_edit(plan, &message->edits);
		message_warn_broken(message, body_plan_first_change(plan));
		again = true;
	}
	return again ? sign_again(message) : verdict_accept();
}

/* Whether receivers find the key that signed; see sign.self-verify. */
static int
check_published(struct message *message, const struct sign_key *key,
    struct err *err)
{
	struct key_finding finding;

	key_record_check(message->snapshot->preflight.resolver, key,
	    preflight_deadline(message), &message->mem, &finding);
	if (finding.state == KEY_PUBLISHED)
		return 0;
	return err_set(err, ERR_TEMP, "%s%.*s", finding.state == KEY_UNKNOWN
	    ? "" : "ALARM: ", SLICE_ARGS(finding.text));
}

static int
check_signatures(struct message *message, struct err *err)
{
	bool published = message_config(message)->sign.self_verify ==
	    SELF_VERIFY_PUBLISHED;
	size_t field_count;
	const struct field *fields = edits_view(&message->edits, &field_count);

	for (size_t i = 0; i < message->key_count; i++) {
		if (signature_check(message->sign_policy, &message->signatures[i], fields, field_count,
		    &message->mem, err) != 0)
			return -1;
		if (published && check_published(message,
		    message->signatures[i].key, err) != 0)
			return -1;
	}
	return 0;
}

struct verdict
message_sign(struct message *message)
{
	const struct snapshot *snapshot = message->snapshot;
	struct verdict verdict;
	struct err err;

	if (message->body_fault.kind != ERR_NONE)
		return verdict_unsure(&message->mem, "sign",
		    &message->body_fault);
	verdict = repair_body(message);
	/* What would have been refused is not signed. */
	if (verdict.action != ACTION_ACCEPT ||
	    message->would.action != ACTION_ACCEPT)
		return verdict;
	if (snapshot->engine->finish(message->signer, &message->mem,
	    message->signatures, &err) != 0)
		return verdict_unsure(&message->mem, "sign", &err);
	if (message_config(message)->sign.self_verify !=
	    SELF_VERIFY_NO && check_signatures(message, &err) != 0)
		return verdict_unsure(&message->mem, "self-verify", &err);
	for (size_t i = 0; i < message->key_count; i++)
		edits_add_on_top(&message->edits, SLICE("DKIM-Signature"),
		    message->signatures[i].value);
	message->is_signed = true;
	return verdict_accept();
}
