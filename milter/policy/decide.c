/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether the submitter may use all authors of a message together. */
#include "policy/decide.h"

#include "base/clock.h"

enum { SHOWN_OCTETS = 120 };

/* The authors of a message, and who sends it. */
struct decision {
	const struct rights *rights;
	const struct submitter *submitter;
	struct authors *authors;
	const struct table_context *context; /* its deadline and notes */
};

/* "LOGIN may not send as ADDRESS": how each refusal begins. */
static void
begin_refusal(const struct decision *decision, const struct author *author,
    const char *may, struct strbuf *text)
{
	strbuf_init(text, decision->authors->mem);
	escape_append(text, decision->submitter->login, SHOWN_OCTETS);
	strbuf_add_cstr(text, may);
	escape_append(text, author->address.text, SHOWN_OCTETS);
}

/*
 * Whether an author of this role may be somebody else because the mail is
 * redirected (RFC 5322 section 3.6.6: Resent- fields name who does that), and
 * rights.redirect is `choice`.
 */
static bool
may_be_redirected(const struct decision *decision, enum author_role role,
    enum refuse_accept choice)
{
	return (role == ROLE_FROM || role == ROLE_SENDER ||
		   role == ROLE_AUTHOR) &&
	    decision->rights->redirect == choice &&
	    authors_count(decision->authors, ROLE_RESENT_FROM) > 0;
}

/*
 * The reply to a user who sends as somebody else. It says which addresses the
 * user may use. detail is for the operator.
 */
static struct verdict
refuse_author(const struct decision *decision, const struct author *author)
{
	const struct rights *rights = decision->rights;
	const char *role = author_role_name(author->role);
	struct slice examples[RIGHTS_EXAMPLES];
	size_t count;
	struct verdict verdict;
	struct strbuf text;
	struct err err;

	if (author->right == RIGHT_BEHALF) {
		begin_refusal(
		    decision, author, " may send on behalf of ", &text);
		strbuf_addf(
		    &text, ", but %s must be an address of your own", role);
	} else {
		struct strbuf typed;

		begin_refusal(decision, author, " may not send as ", &text);
		strbuf_addf(&text, " (%s", role);
		strbuf_init(&typed, decision->authors->mem);
		local_part_append(&typed, author->mailbox.local);
		if (author->mailbox.domain.len != 0) {
			strbuf_add_char(&typed, '@');
			strbuf_add(&typed, author->mailbox.domain);
		}
		if (!slice_eq_nocase(
			strbuf_slice(&typed), author->address.text)) {
			strbuf_add_cstr(&text, "; you typed ");
			escape_append(
			    &text, strbuf_slice(&typed), SHOWN_OCTETS);
		}
		strbuf_add_char(&text, ')');
	}
	/* "alice@x may not send as alice@x" would puzzle her. */
	if (rights->own_address && !decision->submitter->realm_counts &&
	    !decision->submitter->is_odd &&
	    slice_eq_nocase(author->address.text, decision->submitter->login))
		strbuf_add_cstr(
		    &text, "; the domain of this login is not set up here");
	if (may_be_redirected(decision, author->role, RA_REFUSE))
		strbuf_add_cstr(&text,
		    "; redirecting mail (Resent-From) is switched off here");
	count = rights_examples(rights, decision->submitter,
	    &(const struct table_context){ .mem = decision->authors->mem,
		.deadline_us = decision->context->deadline_us,
		.err = &err },
	    examples);
	for (size_t i = 0; i < count; i++) {
		strbuf_add_cstr(&text, i == 0 ? "; you may use: " : ", ");
		escape_append(&text, examples[i], SHOWN_OCTETS);
	}
	if (rights->help_url.len != 0) {
		strbuf_add_cstr(&text, "; see ");
		strbuf_add(&text, rights->help_url);
	}
	verdict = verdict_refused(REASON_RIGHTS, strbuf_slice(&text));
	if (author->right == RIGHT_NONE)
		verdict.detail = author->how;
	/* Sieve and receipts of local programs look like bounces. */
	if (decision->submitter->is_mta && verdict.detail.len == 0)
		verdict.detail =
		    SLICE("mail of a user with the null sender and without a "
			  "login: give 127.0.0.1 one in identify.network");
	return verdict;
}

/* An address that was judged already is not looked up again. */
static void
decide_judge(const struct decision *decision, size_t index)
{
	const struct authors *authors = decision->authors;
	struct author *author = &authors->items[index];
	struct err err;
	const struct table_context context = { .mem = authors->mem,
		.deadline_us = decision->context->deadline_us,
		.err = &err,
		.notes = decision->context->notes,
		.trace = decision->context->trace };

	for (size_t i = authors->decided; i < index; i++) {
		const struct author *other = &authors->items[i];

		if (!slice_eq(other->address.text, author->address.text))
			continue;
		author->right = other->right;
		author->how = other->how;
		return;
	}
	author->how = SLICE("");
	if (context.deadline_us != 0 &&
	    clock_monotonic_us() > context.deadline_us) {
		author->right = RIGHT_UNKNOWN;
		author->how = slice_format(authors->mem,
		    "no time left to look up %s",
		    escape(authors->mem, author->address.text, SHOWN_OCTETS));
		return;
	}
	author->right = rights_check(decision->rights, decision->submitter,
	    &author->address, &context, &author->how);
	if (author->right == RIGHT_UNKNOWN)
		author->how = slice_dup(authors->mem, slice_of(err.text));
}

/*
 * Authors on whose behalf the login sends need a Sender. A Sender can be added,
 * a Resent-Sender cannot, since it would have to stand in the right block.
 */
static struct verdict
decide_behalf(const struct decision *decision)
{
	const struct authors *authors = decision->authors;
	const struct author *resent_from =
	    authors_first(authors, ROLE_RESENT_FROM);
	bool several_blocks = false;

	for (size_t i = 0; i < authors->count; i++)
		several_blocks = several_blocks ||
		    (authors->items[i].role == ROLE_RESENT_FROM &&
			authors->items[i].field != resent_from->field);
	for (size_t i = authors->decided; i < authors->count; i++) {
		const struct author *author = &authors->items[i];
		bool resent = author->role == ROLE_RESENT_FROM;
		enum author_role sender =
		    resent ? ROLE_RESENT_SENDER : ROLE_SENDER;
		struct strbuf text;

		/* One Resent-Sender cannot stand for several blocks. */
		if (!author->behalf || author->role == ROLE_MAIL_FROM ||
		    (!resent && decision->rights->adds_sender) ||
		    (authors_count(authors, sender) > 0 &&
			!(resent && several_blocks)))
			continue;
		begin_refusal(
		    decision, author, " may send on behalf of ", &text);
		strbuf_addf(&text,
		    " (%s) only with an address of your own in %s",
		    author_role_name(author->role), author_role_name(sender));
		return verdict_refused(REASON_RIGHTS, strbuf_slice(&text));
	}
	return verdict_accept();
}

struct verdict
decide_authors(const struct rights *rights, const struct submitter *submitter,
    struct authors *authors, const struct table_context *context)
{
	const struct decision decision = { rights, submitter, authors,
		context };
	struct verdict refused = verdict_accept(), unsure = verdict_accept();

	for (size_t i = authors->decided; i < authors->count; i++) {
		struct author *author = &authors->items[i];
		struct err err;

		decide_judge(&decision, i);
		switch (author->right) {
		case RIGHT_GRANTED:
			break;
		case RIGHT_BEHALF:
			/*
			 * RFC 5322 section 3.6.2: a login that sends for others
			 * is named in Sender. The configuration says whether
			 * bounces may go to the owner.
			 */
			author->behalf = author->role == ROLE_FROM ||
			    author->role == ROLE_AUTHOR ||
			    author->role == ROLE_RESENT_FROM ||
			    (author->role == ROLE_MAIL_FROM &&
				rights->behalf_mail_from);
			author->foreign = !author->behalf;
			break;
		case RIGHT_NONE:
			author->foreign = true;
			break;
		case RIGHT_UNJUDGED:
		case RIGHT_UNKNOWN:
			if (unsure.action != ACTION_ACCEPT)
				break;
			err_set(
			    &err, ERR_TEMP, "%.*s", SLICE_ARGS(author->how));
			unsure =
			    verdict_unsure(authors->mem, REASON_TABLE, &err);
			break;
		}
		if (author->foreign && refused.action == ACTION_ACCEPT &&
		    !may_be_redirected(&decision, author->role, RA_ACCEPT))
			refused = refuse_author(&decision, author);
	}
	if (refused.action != ACTION_ACCEPT)
		return refused;
	if (unsure.action != ACTION_ACCEPT)
		return unsure;
	return decide_behalf(&decision);
}

bool
decide_only_from(const struct authors *authors)
{
	bool from = false;

	for (size_t i = 0; i < authors->count; i++) {
		if (!authors->items[i].foreign)
			continue;
		if (authors->items[i].role != ROLE_FROM)
			return false;
		from = true;
	}
	return from;
}
