/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is agreed with an MTA when it connects. Every MTA that speaks version 6
 * of the protocol offers all that is asked for here. An older one is served
 * with what it offers where that changes no verdict and no signature; where it
 * does, the connection is refused, and the log says what is missing.
 */
#include "glue_priv.h"

#include <stdatomic.h>

#include "base/log.h"

/*
 * No events that decide nothing, and no replies where no decision is taken.
 * libmilter itself answers for an MTA that cannot do without the replies.
 */
static const unsigned long usual_steps = SMFIP_HDR_LEADSPC | SMFIP_NOHELO |
    SMFIP_NOUNKNOWN | SMFIP_NODATA | SMFIP_NR_CONN | SMFIP_NR_RCPT |
    SMFIP_NR_HDR;
static const unsigned long edit_actions =
    SMFIF_ADDHDRS | SMFIF_CHGHDRS | SMFIF_CHGBODY;
static const unsigned long usual_actions = SMFIF_ADDHDRS | SMFIF_CHGHDRS |
    SMFIF_CHGBODY | SMFIF_QUARANTINE | SMFIF_SETSYMLIST;

/* What any MTA lacked: for terms_were_cut(), and to log each once. */
static _Atomic unsigned long cut_actions;
static _Atomic unsigned long cut_steps;

/* The words of the log for what may be missing. */
static const struct part {
	unsigned long bit;
	const char *text;
} action_parts[] = {
	{ SMFIF_ADDHDRS, "adding of header fields" },
	{ SMFIF_CHGHDRS, "changing of header fields" },
	{ SMFIF_CHGBODY, "replacing of the body" },
	{ SMFIF_QUARANTINE, "quarantine" },
	{ SMFIF_CHGFROM, "changing of MAIL FROM (what needs it gets 451)" },
	{ SMFIF_SETSYMLIST, "lists of macros (it must be set up to send j and v "
	    "at connect, and i, {auth_authen}, {mail_addr} and {mail_mailer} at "
	    "MAIL)" },
}, step_parts[] = {
	{ SMFIP_HDR_LEADSPC, "blanks at the start of a field" },
	{ SMFIP_SKIP, "skipping of the body" },
	{ SMFIP_NR_MAIL, "MAIL without a reply" },
	{ SMFIP_NOHELO, "leaving out HELO" },
	{ SMFIP_NR_RCPT, "RCPT without a reply" },
	{ SMFIP_NOUNKNOWN, "leaving out unknown commands" },
	{ SMFIP_NODATA, "leaving out DATA" },
};

static void
negotiate_add_parts(struct strbuf *out, const struct part *parts, size_t count,
    unsigned long missing)
{
	for (size_t i = 0; i < count; i++) {
		if ((missing & parts[i].bit) != 0)
			strbuf_addf(out, "%s%s", out->len > 0 ? ", " : "",
			    parts[i].text);
	}
}

static void
log_missing(enum log_level level, const char *consequence,
    unsigned long actions, unsigned long steps)
{
	struct arena mem;
	struct strbuf out;

	arena_init(&mem);
	strbuf_init(&out, &mem);
	negotiate_add_parts(&out, action_parts,
	    sizeof(action_parts) / sizeof(action_parts[0]), actions);
	negotiate_add_parts(&out, step_parts,
	    sizeof(step_parts) / sizeof(step_parts[0]), steps);
	log_write(level, "the MTA's milter protocol lacks %.*s: %s",
	    (int)out.len, out.data, consequence);
	arena_done(&mem);
}

static bool
signs(const struct config *config)
{
	return config_has_keys(config) &&
	    !config_is_monitor(config, config->sign.mode);
}

/*
 * Without these a message could go on in a form in which it may not. If only a
 * row of rights.levels needs one of them, its messages get 451 in the end.
 */
static unsigned long
needed_actions(const struct config *config)
{
	unsigned long needed = 0;

	if (signs(config) || !config_is_monitor(config, config->repair.mode) ||
	    !config_is_monitor(config, config->names.mode) ||
	    !config_is_monitor(config, config->preflight.mode))
		needed = edit_actions;
	if (config->rights.mismatch == MISMATCH_REWRITE_FROM &&
	    !config_is_monitor(config, config->rights.mode))
		needed |= edit_actions;
	if (config->rights.mismatch == MISMATCH_HOLD &&
	    !config_is_monitor(config, config->rights.mode))
		needed |= SMFIF_QUARANTINE;
	return needed;
}

/*
 * An MTA without this takes off one blank at the start of a field. Whether there
 * was one is lost, and it counts in a simple signature.
 */
static unsigned long
needed_steps(const struct config *config)
{
	enum canon_choice canon = config->sign.canonicalization;

	return signs(config) &&
		(canon == CANON_SIMPLE_RELAXED ||
		    canon == CANON_SIMPLE_SIMPLE) ?
	    SMFIP_HDR_LEADSPC :
	    0;
}

/*
 * Where messages are signed nearly every body is needed, and its pieces go
 * without replies (see on_body()). Where none is, the reply to the first one
 * spares the rest. MAIL is answered by those who refuse there.
 */
static unsigned long
steps_of(const struct config *config)
{
	bool refuses = !config_is_monitor(config, config->identify.mode) ||
	    !config_is_monitor(config, config->rights.mode);
	bool flows = signs(config) && guard_works();

	return usual_steps | (flows ? SMFIP_NR_BODY : SMFIP_SKIP) |
	    (refuses ? 0 : SMFIP_NR_MAIL);
}

int
terms_agree(const struct config *config, unsigned long actions,
    unsigned long steps, struct terms *ret_terms)
{
	/* The envelope is not changed unless an option says so. */
	unsigned long asked = usual_actions |
	    (config->rights.rewrite_mail_from ? SMFIF_CHGFROM : 0);
	unsigned long asked_steps = steps_of(config);
	unsigned long no_actions = asked & ~actions;
	unsigned long no_steps = asked_steps & ~steps;
	unsigned long lost_actions = needed_actions(config) & ~actions;
	unsigned long lost_steps = needed_steps(config) & ~steps;
	unsigned long told_actions, told_steps;

	if (lost_actions != 0 || lost_steps != 0) {
		log_missing(LOG_LEVEL_ERROR, "its connection is refused",
		    lost_actions, lost_steps);
		return -1;
	}
	told_actions = atomic_fetch_or(&cut_actions, no_actions);
	told_steps = atomic_fetch_or(&cut_steps, no_steps);
	if ((no_actions & ~told_actions) != 0 || (no_steps & ~told_steps) != 0)
		log_missing(LOG_LEVEL_WARNING, "it is served without",
		    no_actions, no_steps);
	*ret_terms = (struct terms){ asked & actions, asked_steps & steps };
	return 0;
}

struct terms
terms_full(void)
{
	unsigned long steps = usual_steps | SMFIP_NR_MAIL;

	/* Where it did not agree to one of these, libmilter sends the reply. */
	return (struct terms){ usual_actions,
		guard_works() ? steps | SMFIP_NR_BODY : steps };
}

bool
terms_were_cut(void)
{
	return atomic_load(&cut_actions) != 0 || atomic_load(&cut_steps) != 0;
}
