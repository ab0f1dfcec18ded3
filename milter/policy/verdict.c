/* SPDX-License-Identifier: BSD-2-Clause */
/* What becomes of a message, and the SMTP reply for it. */
#include "policy/verdict.h"

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

const char *
reason_name(enum reason reason)
{
	static const char *const names[] = {
#define REASON(id, word) [REASON_##id] = word,
#include "policy/reasons.def"
#undef REASON
	};

	return names[reason];
}

struct verdict
verdict_accept(void)
{
	return (struct verdict){ .action = ACTION_ACCEPT, .reason = REASON_OK };
}

struct verdict
verdict_unidentified(struct slice detail)
{
	return (struct verdict){ ACTION_REJECT, "530", "5.7.0",
		SLICE("Authentication required: log in to send mail"),
		REASON_UNIDENTIFIED, detail };
}

struct verdict
verdict_bad_path(struct arena *mem, const struct err *err)
{
	return (struct verdict){ ACTION_REJECT, "501", "5.1.7",
		slice_format(mem, "MAIL FROM is not an address: %s", err->text),
		REASON_MAIL_FROM_SYNTAX, { NULL, 0 } };
}

struct verdict
verdict_bad_message(struct arena *mem, const struct err *err)
{
	bool limit = err->kind == ERR_LIMIT;

	return (struct verdict){ ACTION_REJECT, limit ? "552" : "554",
		limit ? "5.3.4" : "5.6.0", err_text(mem, err),
		limit ? REASON_LIMIT : REASON_HEADER_SYNTAX, { NULL, 0 } };
}

struct verdict
verdict_refused(enum reason reason, struct slice text)
{
	return (struct verdict){ ACTION_REJECT, "550", "5.7.1", text, reason,
		{ NULL, 0 } };
}

struct verdict
verdict_unsure(struct arena *mem, enum reason reason, const struct err *err)
{
	return (struct verdict){ ACTION_TEMPFAIL, "451", "4.3.0",
		SLICE("The message cannot be checked right now, "
		      "please try again later"),
		reason, err_text(mem, err) };
}

bool
verdict_lacks_right(const struct verdict *verdict)
{
	return verdict->action == ACTION_REJECT &&
	    verdict->reason == REASON_RIGHTS;
}
