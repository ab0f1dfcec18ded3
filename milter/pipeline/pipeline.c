/* SPDX-License-Identifier: BSD-2-Clause */
/* The steps that a message goes through, and what is done with their verdicts. */
#include "pipeline/pipeline.h"

#include <string.h>

#include "base/clock.h"
#include "message_priv.h"

enum event { AT_MAIL, AT_RCPT, AT_HEADER, AT_END };

/* The section whose mode says whether a step decides, or only the log. */
enum section {
	SECTION_NONE, /* the step always decides */
	SECTION_IDENTIFY,
	SECTION_RIGHTS,
	SECTION_NAMES,
	SECTION_LIMITS,
	SECTION_REPAIR,
	SECTION_SIGN,
	SECTION_PREFLIGHT,
	SECTION_ALL, /* it decides unless all are in monitor mode */
	SECTIONS
};

/* In this order; SECTION_ALL has no block of its own. */
static const char *const section_names[SECTIONS] = { "none", "identify",
	"rights", "names", "limits", "repair", "sign", "preflight", "all" };
_Static_assert((int)SECTIONS == (int)COUNTED_SECTIONS, "see metrics.def");

/* With which outcomes a step runs, other than a clean one. */
enum { EVEN_WATCHED = 1, EVEN_HELD = 2, EVEN_UNIDENTIFIED = 4 };

static const struct step {
	const char *name;
	enum event event;
	enum section section;
	unsigned int even;
	struct verdict (*run)(struct message *message);
	/* In its place where the section only watches; NULL: the same. */
	struct verdict (*watch)(struct message *message);
} steps[] = {
	{ "identify", AT_MAIL, SECTION_IDENTIFY, EVEN_UNIDENTIFIED,
	    step_identify, NULL },
	{ "path", AT_MAIL, SECTION_RIGHTS, 0, step_path, NULL },
	{ "limits", AT_MAIL, SECTION_LIMITS, EVEN_WATCHED, step_limits,
	    step_limits_watched },
	{ "recipient", AT_RCPT, SECTION_NONE,
	    EVEN_WATCHED | EVEN_HELD | EVEN_UNIDENTIFIED, step_recipient,
	    NULL },
	{ "login-field", AT_HEADER, SECTION_NONE,
	    EVEN_WATCHED | EVEN_HELD | EVEN_UNIDENTIFIED, step_login_field,
	    NULL },
	{ "identify", AT_HEADER, SECTION_IDENTIFY, EVEN_UNIDENTIFIED,
	    step_identify_late, NULL },
	{ "path", AT_HEADER, SECTION_RIGHTS, 0, step_path_late, NULL },
	{ "bounds", AT_HEADER, SECTION_RIGHTS, EVEN_WATCHED | EVEN_HELD,
	    step_bounds, NULL },
	{ "authors", AT_HEADER, SECTION_RIGHTS, EVEN_WATCHED, step_authors,
	    NULL },
	{ "names", AT_HEADER, SECTION_NAMES, EVEN_WATCHED, step_names,
	    step_names_watched },
	{ "repair", AT_HEADER, SECTION_REPAIR, 0, step_repair,
	    step_repair_watched },
	{ "result", AT_HEADER, SECTION_ALL, 0, step_result, NULL },
	{ "keys", AT_HEADER, SECTION_SIGN, 0, step_keys, step_keys_watched },
	{ "preflight", AT_HEADER, SECTION_PREFLIGHT, 0, step_preflight, NULL },
	{ "limits", AT_HEADER, SECTION_LIMITS, EVEN_WATCHED | EVEN_HELD,
	    step_limits_late, step_limits_late_watched },
	{ "as-it-came", AT_HEADER, SECTION_NONE, EVEN_WATCHED, step_as_it_came,
	    NULL },
	{ "begin-signing", AT_HEADER, SECTION_NONE, 0, step_begin_signing,
	    NULL },
	{ "body", AT_END, SECTION_REPAIR, 0, step_body, NULL },
	{ "sign", AT_END, SECTION_NONE, 0, step_sign, NULL },
	{ "hold", AT_END, SECTION_NONE, EVEN_HELD, step_hold, NULL },
};

static bool
may_run(const struct message *message, const struct step *step)
{
	const struct outcome *outcome = &message->outcome;

	if (message->submitter.via.len == 0 &&
	    (step->even & EVEN_UNIDENTIFIED) == 0)
		return false;
	if (outcome_is_clean(outcome))
		return true;
	if (outcome_is_held(outcome))
		return (step->even & EVEN_HELD) != 0;
	return outcome->standing == OUTCOME_WATCHED &&
	    (step->even & EVEN_WATCHED) != 0;
}

static bool
watches(const struct config *config, enum section section)
{
	switch (section) {
	case SECTION_NONE:
		break;
	case SECTION_IDENTIFY:
		return config_is_monitor(config, config->identify.mode);
	case SECTION_RIGHTS:
		return config_is_monitor(config, config->rights.mode);
	case SECTION_NAMES:
		return config_is_monitor(config, config->names.mode);
	case SECTION_LIMITS:
		return config_is_monitor(config, config->limits.mode);
	case SECTION_REPAIR:
		return config_is_monitor(config, config->repair.mode);
	case SECTION_SIGN:
		return config_is_monitor(config, config->sign.mode);
	case SECTION_PREFLIGHT:
		return config_is_monitor(config, config->preflight.mode);
	case SECTION_ALL:
		return config_only_watches(config);
	case SECTIONS:
		break;
	}
	return false;
}

const char *
pipeline_section_name(size_t section)
{
	return section < SECTIONS ? section_names[section] : NULL;
}

size_t
message_section(const struct message *message)
{
	const char *name = message->outcome.step;

	/* Steps of one name, at two events, are of one section. */
	for (size_t i = 0; name != NULL && i < sizeof(steps) / sizeof(steps[0]);
	     i++) {
		if (steps[i].name == name || strcmp(steps[i].name, name) == 0)
			return steps[i].section;
	}
	return SECTION_NONE;
}

bool
message_may_change(const struct message *message, enum section_mode asking)
{
	const struct config *config = message_config(message);

	return config_only_watches(config) ||
	    (!config_is_monitor(config, asking) &&
		!watches(config, SECTION_REPAIR));
}

bool
message_may_rewrite(const struct message *message)
{
	return message->levels.mismatch == MISMATCH_REWRITE_FROM &&
	    message_may_change(message, message_config(message)->rights.mode);
}

/*
 * Whether a verdict counts. A message that lacks a right may be held instead, or
 * get another From.
 */
static enum standing
standing_of(const struct message *message, const struct step *step,
    bool watched, struct verdict *verdict)
{
	if (step->section == SECTION_RIGHTS && !watched &&
	    verdict_lacks_right(verdict) &&
	    message->levels.mismatch == MISMATCH_HOLD)
		verdict->action = ACTION_HOLD;
	else if (step->section == SECTION_RIGHTS &&
	    verdict->action == ACTION_REJECT && message_may_rewrite(message) &&
	    decide_only_from(&message->authors))
		return OUTCOME_REMEDIED;
	if (!watched)
		return OUTCOME_STANDS;
	return step->section == SECTION_PREFLIGHT ||
		step->section == SECTION_LIMITS ?
	    OUTCOME_ADVISED :
	    OUTCOME_WATCHED;
}

/*
 * Whether a fault of form, or what receivers may think, stops a message. Not one
 * that the MTA has made, once it is judged who its authors are; nor does a fault
 * of form stop one that is redirected.
 */
static bool
stops(struct message *message, const struct step *step,
    const struct verdict *verdict)
{
	bool is_of_mta = message_is_of_mta(message);
	bool is_form = verdict->reason == REASON_HEADER_SYNTAX ||
	    verdict->reason == REASON_LIMIT;

	if (!is_of_mta && !message_is_passed_on(message))
		return true;
	if (is_of_mta && step->section == SECTION_PREFLIGHT) {
		outcome_warn(&message->outcome,
		    verdict->detail.len > 0 ? verdict->detail : verdict->text);
		return false;
	}
	if (!is_form || verdict->action != ACTION_REJECT ||
	    (step->section != SECTION_REPAIR && step->section != SECTION_NONE))
		return true;
	message_keep_form(message, verdict->text);
	return false;
}

/*
 * Runs the steps of an event; what the MTA is told now. A message is kept back
 * at its end only, and a remedy that no step has settled has not helped. Time
 * counts while we work, not while the client types; tables must have answered at
 * the deadline, which is never 0: that would be no limit.
 */
static struct verdict
run_steps(struct message *message, enum event event)
{
	const struct outcome *outcome = &message->outcome;
	uint64_t allowed_us =
	    (uint64_t)message_config(message)->rights.seconds * 1000000;
	uint64_t started_us = clock_monotonic_us();

	message->deadline_us = started_us +
	    (message->busy_us < allowed_us ? allowed_us - message->busy_us : 1);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		const struct step *step = &steps[i];
		struct verdict verdict;
		enum standing standing;
		bool watched;

		if (step->event != event || !may_run(message, step))
			continue;
		watched = watches(message_config(message), step->section);
		verdict = watched && step->watch != NULL ?
		    step->watch(message) :
		    step->run(message);
		if (verdict.action == ACTION_ACCEPT ||
		    (!watched && !stops(message, step, &verdict)))
			continue;
		standing = standing_of(message, step, watched, &verdict);
		outcome_add(&message->outcome, step->name, verdict, standing);
	}
	message->busy_us += clock_monotonic_us() - started_us;
	if ((outcome->standing != OUTCOME_STANDS &&
		outcome->standing != OUTCOME_REMEDIED) ||
	    (event != AT_END && outcome_is_held(outcome)))
		return verdict_accept();
	return outcome->verdict;
}

struct verdict
pipeline_mail(struct message *message)
{
	return run_steps(message, AT_MAIL);
}

void
pipeline_rcpt(struct message *message, struct slice path)
{
	message->rcpt = path;
	(void)run_steps(message, AT_RCPT);
	message->rcpt = (struct slice){ NULL, 0 };
}

struct verdict
step_recipient(struct message *message)
{
	message->rcpts++;
	return verdict_accept();
}

struct verdict
pipeline_header(struct message *message)
{
	message->has_tags = message->snapshot->preflight.in_use &&
	    !watches(message_config(message), SECTION_PREFLIGHT);
	message_begin_edits(message);
	message->has_edits = true;
	return run_steps(message, AT_HEADER);
}

void
pipeline_body(struct message *message, struct slice chunk)
{
	uint64_t started_us = clock_monotonic_us();

	if (!message_needs_body(message))
		return;
	if (message_take_body(message, chunk, &message->body_fault) != 0) {
		ENSURE(message->body_fault.kind != ERR_NONE);
		/* The client may take long: a full disk is freed now. */
		body_done(&message->body);
	}
	message->busy_us += clock_monotonic_us() - started_us;
}

struct verdict
pipeline_end(struct message *message)
{
	return run_steps(message, AT_END);
}
