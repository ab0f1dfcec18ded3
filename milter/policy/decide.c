/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy/decide.h"

#include "base/clock.h"

enum { SHOWN_OCTETS = 120 };

/* Errors hold mail data only escaped, so the text is one printable line. */
static struct slice
err_text(struct arena *mem, const struct err *err)
{
	return slice_dup(mem, slice_of(err->text));
}

const char *
action_name(enum action action)
{
	switch (action) {
	case ACTION_ACCEPT:
		return "accept";
	case ACTION_REJECT:
		return "reject";
	case ACTION_TEMPFAIL:
		return "tempfail";
	case ACTION_HOLD:
		return "hold";
	}
	return "tempfail";
}

struct verdict
verdict_accept(void)
{
	return (struct verdict){ .action = ACTION_ACCEPT, .reason = "ok" };
}

struct verdict
verdict_unidentified(void)
{
	return (struct verdict){ ACTION_REJECT, "530", "5.7.0",
		SLICE("Authentication required: log in to send mail"),
		"unidentified", { NULL, 0 } };
}

struct verdict
verdict_bad_path(struct arena *mem, const struct err *err)
{
	return (struct verdict){ ACTION_REJECT, "501", "5.1.7",
		slice_format(mem, "MAIL FROM is not an address: %s",
		    err->text),
		"mail-from-syntax", { NULL, 0 } };
}

struct verdict
verdict_bad_message(struct arena *mem, const struct err *err)
{
	bool limit = err->kind == ERR_LIMIT;

	return (struct verdict){ ACTION_REJECT, limit ? "552" : "554",
		limit ? "5.3.4" : "5.6.0", err_text(mem, err),
		limit ? "limit" : "header-syntax", { NULL, 0 } };
}

struct verdict
verdict_refused(const char *reason, struct slice text)
{
	return (struct verdict){ ACTION_REJECT, "550", "5.7.1", text, reason,
		{ NULL, 0 } };
}

struct verdict
verdict_unsure(struct arena *mem, const char *reason, const struct err *err)
{
	return (struct verdict){ ACTION_TEMPFAIL, "451", "4.3.0",
		SLICE("The message cannot be checked right now, "
		    "please try again later"),
		reason, err_text(mem, err) };
}

/* "; you may use: ...", as far as the login may know it. */
static void
add_help(const struct rights *rights, const struct submitter *submitter,
    struct arena *mem, struct strbuf *text)
{
	struct slice examples[RIGHTS_EXAMPLES];
	size_t count = rights_examples(rights, submitter, mem, examples);
	struct slice url = rights->config->rights.help_url;

	for (size_t i = 0; i < count; i++) {
		strbuf_add_cstr(text, i == 0 ? "; you may use: " : ", ");
		escape_append(text, examples[i], SHOWN_OCTETS);
	}
	if (url.len != 0) {
		strbuf_add_cstr(text, "; see ");
		strbuf_add(text, url);
	}
}

/* "; you typed ...", where that is not what it reads as. */
static void
add_typed(const struct author *author, struct arena *mem, struct strbuf *text)
{
	struct strbuf typed;

	strbuf_init(&typed, mem);
	local_part_append(&typed, author->mailbox.local);
	if (author->mailbox.domain.len != 0) {
		strbuf_add_char(&typed, '@');
		strbuf_add(&typed, author->mailbox.domain);
	}
	if (slice_eq_nocase(strbuf_slice(&typed), author->address.text))
		return;
	strbuf_add_cstr(text, "; you typed ");
	escape_append(text, strbuf_slice(&typed), SHOWN_OCTETS);
}

/*
 * RFC 5322 section 3.6.6: whose these are is said in the Resent- fields. Whether
 * it is so, and rights.redirect says that choice of it.
 */
static bool
may_be_redirected(const struct rights *rights, const struct authors *authors,
    enum author_role role, enum refuse_accept choice)
{
	return (role == ROLE_FROM || role == ROLE_SENDER ||
	    role == ROLE_AUTHOR) &&
	    rights->config->rights.redirect == choice &&
	    authors_count(authors, ROLE_RESENT_FROM) > 0;
}

/*
 * What the user reads who sends as somebody else, and what would do. detail is
 * for the operator.
 */
static struct verdict
refuse_author(const struct rights *rights, const struct submitter *submitter,
    const struct authors *authors, const struct author *author,
    enum right right, struct slice detail, struct arena *mem)
{
	struct verdict verdict;
	struct strbuf text;

	strbuf_init(&text, mem);
	escape_append(&text, submitter->login, SHOWN_OCTETS);
	strbuf_add_cstr(&text, right == RIGHT_BEHALF
	    ? " may send on behalf of " : " may not send as ");
	escape_append(&text, author->address.text, SHOWN_OCTETS);
	if (right == RIGHT_BEHALF) {
		strbuf_addf(&text, " only, not as %s: wants an own address there",
		    author_role_name(author->role));
	} else {
		strbuf_addf(&text, " (%s", author_role_name(author->role));
		add_typed(author, mem, &text);
		strbuf_add_char(&text, ')');
	}
	if (may_be_redirected(rights, authors, author->role, RA_REFUSE))
		strbuf_add_cstr(&text, "; redirecting mail (Resent-From) is "
		    "switched off here");
	add_help(rights, submitter, mem, &text);
	verdict = verdict_refused("rights", strbuf_slice(&text));
	if (right == RIGHT_NONE)
		verdict.detail = detail;
	return verdict;
}

/* The same address was judged already: each is looked up once. */
struct judged {
	enum right *rights;
	size_t from;
};

static enum right
judge(const struct rights *rights, const struct submitter *submitter,
    const struct authors *authors, size_t index, struct judged *judged,
    uint64_t deadline_us, struct arena *mem, struct slice *ret_how,
    struct err *err)
{
	const struct address *address = &authors->items[index].address;

	for (size_t i = judged->from; i < index; i++) {
		if (slice_eq(authors->items[i].address.text, address->text)) {
			err_set(err, ERR_TEMP, "as before");
			return judged->rights[i];
		}
	}
	if (deadline_us != 0 && clock_monotonic_us() > deadline_us) {
		err_set(err, ERR_TEMP, "no time left to look up %s",
		    escape(mem, address->text, SHOWN_OCTETS));
		return RIGHT_UNKNOWN;
	}
	return rights_check(rights, submitter, address, mem, ret_how, err);
}

/*
 * RFC 5322 section 3.6.2: who sends for others names himself in Sender. Whether
 * bounces may go to the owner is for the configuration to say.
 */
static bool
may_be_behalf(const struct rights *rights, enum author_role role)
{
	return role == ROLE_FROM || role == ROLE_AUTHOR ||
	    role == ROLE_RESENT_FROM || (role == ROLE_MAIL_FROM &&
	    rights->config->rights.behalf_mail_from);
}

/* Whether authors of a role stand in more than one field. */
static bool
has_several_fields(const struct authors *authors, enum author_role role)
{
	const struct author *first = authors_first(authors, role);

	for (size_t i = 0; first != NULL && i < authors->count; i++) {
		if (authors->items[i].role == role &&
		    authors->items[i].field != first->field)
			return true;
	}
	return false;
}

/*
 * Those for whom somebody else sends: a Sender can be added, a Resent-Sender
 * cannot, since it would have to stand in the right block.
 */
static struct verdict
decide_behalf(const struct rights *rights, const struct submitter *submitter,
    const struct authors *authors, size_t from, struct arena *mem)
{
	const struct config *config = rights->config;
	bool adds_sender = config->repair.sender &&
	    !config_is_monitor(config, config->repair.mode);

	for (size_t i = from; i < authors->count; i++) {
		const struct author *author = &authors->items[i];
		bool resent = author->role == ROLE_RESENT_FROM;
		struct strbuf text;

		/* One Resent-Sender cannot stand for several blocks. */
		if (!author->behalf || author->role == ROLE_MAIL_FROM ||
		    (!resent && adds_sender) ||
		    (authors_count(authors, resent ? ROLE_RESENT_SENDER
			: ROLE_SENDER) > 0 && !(resent &&
			has_several_fields(authors, ROLE_RESENT_FROM))))
			continue;
		strbuf_init(&text, mem);
		escape_append(&text, submitter->login, SHOWN_OCTETS);
		strbuf_add_cstr(&text, " may send on behalf of ");
		escape_append(&text, author->address.text, SHOWN_OCTETS);
		strbuf_addf(&text, " (%s) only with an own address in %s",
		    author_role_name(author->role), author_role_name(resent
		    ? ROLE_RESENT_SENDER : ROLE_SENDER));
		return verdict_refused("rights", strbuf_slice(&text));
	}
	return verdict_accept();
}

struct verdict
decide_authors(const struct rights *rights,
    const struct submitter *submitter, struct authors *authors, size_t from,
    uint64_t deadline_us, struct arena *mem)
{
	struct verdict refused = verdict_accept(), unsure = verdict_accept();
	struct judged judged = { arena_array(mem, authors->count + 1,
	    sizeof(*judged.rights)), from };

	for (size_t i = from; i < authors->count; i++) {
		struct author *author = &authors->items[i];
		struct slice how = SLICE("");
		struct err err;
		enum right right = judge(rights, submitter, authors, i, &judged,
		    deadline_us, mem, &how, &err);

		judged.rights[i] = right;
		switch (right) {
		case RIGHT_GRANTED:
			break;
		case RIGHT_BEHALF:
			author->behalf = may_be_behalf(rights,
			    author->role);
			author->foreign = !author->behalf;
			break;
		case RIGHT_NONE:
			author->foreign = true;
			break;
		case RIGHT_UNKNOWN:
			if (unsure.action == ACTION_ACCEPT)
				unsure = verdict_unsure(mem, "table", &err);
			break;
		}
		if (author->foreign && refused.action == ACTION_ACCEPT &&
		    !may_be_redirected(rights, authors, author->role,
			RA_ACCEPT))
			refused = refuse_author(rights, submitter, authors,
			    author, right, how, mem);
	}
	if (refused.action != ACTION_ACCEPT)
		return refused;
	if (unsure.action != ACTION_ACCEPT)
		return unsure;
	return decide_behalf(rights, submitter, authors, from, mem);
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
