/* SPDX-License-Identifier: BSD-2-Clause */
/* The line of a message, in sentences. */
#include "explain_priv.h"
#include "policy/verdict.h"
#include "report_priv.h"

#define PUT_OFF "By reply: 451"

static const struct reason_text {
	enum reason reason;
	const char *section, *operator_text, *user;
} reasons[] = {
#define EXPLAIN(id, section, operator_text, user) \
	{ REASON_##id, section, operator_text, user },
#include "explain_reasons.def"
#undef EXPLAIN
};

enum {
#define REASON(id, word) COUNTED_##id,
#include "policy/reasons.def"
#undef REASON
	ALL_REASONS
};
/* "ok" is no reason. */
_Static_assert(sizeof(reasons) / sizeof(reasons[0]) == ALL_REASONS - 1,
    "each reason has its text in explain_reasons.def");

/* NULL: a word of a later version. */
static const struct reason_text *
find_reason(struct slice word)
{
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		if (slice_eq(word, slice_of(reason_name(reasons[i].reason))))
			return &reasons[i];
	}
	return NULL;
}

static void
add_sentence(struct explanation *explanation, const struct strbuf *buf)
{
	void *array = explanation->sentences;

	arena_reserve_one(explanation->mem, &array, &explanation->cap,
	    explanation->count, sizeof(*explanation->sentences));
	explanation->sentences = array;
	explanation->sentences[explanation->count++] = strbuf_slice(buf);
}

/* A value as it stands in the line; what is no text of ours is no control. */
static void
add_value(struct strbuf *buf, const struct log_record *record,
    enum log_field field, const char *before, const char *behind)
{
	struct slice value = record->fields[field];

	if (value.len == 0)
		return;
	strbuf_add_cstr(buf, before);
	for (size_t i = 0; i < value.len; i++)
		strbuf_add_char(buf,
		    char_is_control(value.data[i]) ||
			    char_is_8bit(value.data[i]) ?
			'?' :
			value.data[i]);
	if (record->more[field] != 0)
		strbuf_addf(
		    buf, " (%lu more were left out)", record->more[field]);
	strbuf_add_cstr(buf, behind);
}

/* A sentence that says one field, if it is there. */
static void
add_field(struct explanation *explanation, const struct log_record *record,
    enum log_field field, const char *before, const char *behind)
{
	struct strbuf buf;

	if (record->fields[field].len == 0)
		return;
	strbuf_init(&buf, explanation->mem);
	add_value(&buf, record, field, before, behind);
	add_sentence(explanation, &buf);
}

static void
explain_sender(struct explanation *explanation, const struct log_record *record)
{
	struct strbuf buf;

	strbuf_init(&buf, explanation->mem);
	if (record->time != 0) {
		strbuf_add_cstr(&buf, "On ");
		strbuf_add(&buf, report_time(explanation->mem, record->time));
		strbuf_add_char(&buf, ' ');
	}
	if (record->fields[LOG_LOGIN].len != 0)
		add_value(&buf, record, LOG_LOGIN, "", "");
	else
		strbuf_add_cstr(&buf, "somebody without a login");
	add_value(&buf, record, LOG_VIA, " (known by ", ")");
	strbuf_add_cstr(&buf, " sent a message");
	add_value(&buf, record, LOG_CLIENT, " from ", "");
	add_value(
	    &buf, record, LOG_MAIL_FROM, ", with the envelope sender ", "");
	add_value(&buf, record, LOG_FROM, ", with From ", "");
	add_value(&buf, record, LOG_RCPTS, ", to recipients: ", "");
	strbuf_add_char(&buf, '.');
	add_sentence(explanation, &buf);
	add_field(
	    explanation, record, LOG_MESSAGE_ID, "Its Message-ID is ", ".");
	add_field(explanation, record, LOG_PROGRAM,
	    "The mail program says that it is ", ".");
	add_field(explanation, record, LOG_CLAIMED_FROM,
	    "From was replaced; it was ", ".");
	add_field(explanation, record, LOG_CLAIMED_MAIL_FROM,
	    "The envelope sender was replaced; it was ", ".");
	add_field(explanation, record, LOG_RIGHT,
	    "These rows gave the right to an address: ", ".");
	add_field(explanation, record, LOG_STALE,
	    "These tables did not answer, and former answers of theirs "
	    "counted: ",
	    ".");
}

/* What an action did, and what it would have done. */
static const struct action_text {
	const char *word, *did, *would;
} actions[] = {
	{ "accept", "It went on.", "" },
	{ "reject", "It was refused.",
	    "Monitor mode let it pass; enforce mode would have refused it." },
	{ "tempfail", "It was put off: the client tries again.",
	    "Monitor mode let it pass; enforce mode would have put it off." },
	{ "hold", "It was accepted, and the MTA holds it.",
	    "Monitor mode let it pass; enforce mode would have had the MTA "
	    "hold it." },
};

static const struct action_text *
find_action(struct slice word)
{
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		if (slice_eq(word, slice_of(actions[i].word)))
			return &actions[i];
	}
	return NULL;
}

static void
explain_action(struct explanation *explanation, const struct log_record *record)
{
	bool is_watched = record->fields[LOG_WOULD].len != 0;
	const struct action_text *action =
	    find_action(record->fields[is_watched ? LOG_WOULD : LOG_ACTION]);
	struct strbuf buf;

	strbuf_init(&buf, explanation->mem);
	if (action == NULL)
		add_value(&buf, record, LOG_ACTION,
		    "Its action is one that this version does not know: ", ".");
	else
		strbuf_add_cstr(&buf, is_watched ? action->would : action->did);
	add_sentence(explanation, &buf);
	add_field(explanation, record, LOG_REPLY,
	    is_watched ? "The reply would have been: " :
			 "The client was told: ",
	    "");
}

static void
explain_reason(struct explanation *explanation, const struct log_record *record)
{
	struct slice word = record->fields[LOG_REASON];
	bool is_watched = record->fields[LOG_WOULD].len != 0;
	bool is_put_off =
	    slice_eq(record->fields[is_watched ? LOG_WOULD : LOG_ACTION],
		SLICE("tempfail"));
	/* Doubt of ours; a limit counts what the user did. */
	bool is_doubt = is_put_off && !slice_eq(word, SLICE("limits"));
	const struct reason_text *reason = find_reason(word);
	struct strbuf buf;

	if (word.len == 0)
		return;
	strbuf_init(&buf, explanation->mem);
	add_value(&buf, record, LOG_REASON, "The reason is \"", "\": ");
	strbuf_add_cstr(&buf,
	    reason == NULL ? "a word that this version does not know." :
			     reason->operator_text);
	add_sentence(explanation, &buf);
	add_field(explanation, record, LOG_DETAIL, "In detail: ", "");
	if (reason == NULL)
		return;
	explanation->section = is_doubt ? PUT_OFF : reason->section;
	/* Whose message went on has nothing to be told. */
	if (is_watched || slice_eq(record->fields[LOG_ACTION], SLICE("accept")))
		return;
	strbuf_init(&buf, explanation->mem);
	if (slice_eq(record->fields[LOG_ACTION], SLICE("hold")))
		strbuf_add_cstr(&buf,
		    "Your message arrived here and waits until somebody has "
		    "looked at it. You need not send it again. ");
	else if (is_doubt)
		strbuf_add_cstr(&buf,
		    "Your message could not be sent yet. The fault is ours, and "
		    "it will pass: try again later. ");
	else
		strbuf_add_cstr(&buf, "Your message was not sent. ");
	strbuf_add_cstr(&buf, reason->user);
	add_value(&buf, record, LOG_REPLY, " The server said: ", "");
	explanation->user = strbuf_slice(&buf);
}

static void
explain_content(
    struct explanation *explanation, const struct log_record *record)
{
	add_field(explanation, record, LOG_REPAIRED, "It was repaired: ", ".");
	add_field(explanation, record, LOG_WOULD_REPAIR,
	    "These repairs were left out by monitor mode: ", ".");
	add_field(explanation, record, LOG_OLD_DATE, "Its Date was ", ".");
	add_field(explanation, record, LOG_OLD_MESSAGE_ID,
	    "Its Message-ID was ", ".");
	if (slice_eq(record->fields[LOG_SIGNED], SLICE("none")))
		add_field(explanation, record, LOG_UNSIGNED,
		    "It was not signed: ", ".");
	else
		add_field(explanation, record, LOG_SIGNED,
		    "It was signed with these keys: ", ".");
	add_field(explanation, record, LOG_SPF, "SPF will say: ", ".");
	add_field(explanation, record, LOG_DMARC, "DMARC will say: ", ".");
	add_field(explanation, record, LOG_ADSP, "ADSP will say: ", ".");
	add_field(
	    explanation, record, LOG_SENDER_ID, "Sender ID will say: ", ".");
	add_field(explanation, record, LOG_UNSUBSCRIBE,
	    "Unsubscription with one click: ", ".");
	add_field(explanation, record, LOG_WARNING, "Warnings: ", ".");
	add_field(explanation, record, LOG_MS, "The milter worked on it for ",
	    " milliseconds.");
}

void
explain_record(const struct log_record *record, struct explanation *explanation)
{
	struct strbuf buf;

	explain_sender(explanation, record);
	explain_action(explanation, record);
	explain_reason(explanation, record);
	explain_content(explanation, record);
	if (record->is_cut) {
		strbuf_init(&buf, explanation->mem);
		strbuf_add_cstr(&buf,
		    "A logger cut this line: what stood behind is not known.");
		add_sentence(explanation, &buf);
	}
}
