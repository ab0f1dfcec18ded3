/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy/decide.h"

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
	return (struct verdict){ ACTION_REJECT, "554", "5.6.0",
		err_text(mem, err),
		err->kind == ERR_LIMIT ? "limit" : "header-syntax",
		{ NULL, 0 } };
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

/* What the user reads who sends as somebody else, and what would do. */
static struct slice
mismatch_text(const struct rights *rights, const struct submitter *submitter,
    const struct author *author, struct arena *mem)
{
	struct address own;
	struct slice how;
	struct err err;
	struct strbuf text;

	strbuf_init(&text, mem);
	escape_append(&text, submitter->login, SHOWN_OCTETS);
	strbuf_add_cstr(&text, " may not send as ");
	escape_append(&text, author->address.text, SHOWN_OCTETS);
	strbuf_addf(&text, " (%s)", author_role_name(author->role));
	if (rights_login_address(submitter->login, mem, &own) &&
	    rights_check(rights, submitter->login, &own, mem, &how,
		&err) == RIGHT_GRANTED) {
		strbuf_add_cstr(&text, "; you may use: ");
		escape_append(&text, own.text, SHOWN_OCTETS);
	}
	return strbuf_slice(&text);
}

struct verdict
decide_authors(const struct rights *rights,
    const struct submitter *submitter, const struct authors *authors,
    size_t from, struct arena *mem)
{
	struct verdict verdict = verdict_accept();

	for (size_t i = from; i < authors->count; i++) {
		const struct author *author = &authors->items[i];
		struct slice how;
		struct err err;

		switch (rights_check(rights, submitter->login,
		    &author->address, mem, &how, &err)) {
		case RIGHT_GRANTED:
			break;
		case RIGHT_NONE:
			return verdict_refused("rights", mismatch_text(rights,
			    submitter, author, mem));
		case RIGHT_UNKNOWN:
			verdict = verdict_unsure(mem, "table", &err);
			break;
		}
	}
	return verdict;
}
