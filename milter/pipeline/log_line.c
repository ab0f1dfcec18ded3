/* SPDX-License-Identifier: BSD-2-Clause */
/* The line of a message in the log, which no logger has to cut. */
#include <inttypes.h>

#include "base/log.h"
#include "message_priv.h"
#include "pipeline/log_fields.h"

static const struct log_form {
	const char *name;
	enum log_kind kind;
	size_t max;
} forms[LOG_FIELDS] = {
#define LOG_FIELD(id, name, kind, max) { name, LOG_KIND_##kind, max },
#include "pipeline/log_fields.def"
#undef LOG_FIELD
};

static const enum log_field outlook_fields[PREFLIGHT_CHECKS] = {
	[PREFLIGHT_SPF] = LOG_SPF,
	[PREFLIGHT_DMARC] = LOG_DMARC,
	[PREFLIGHT_ADSP] = LOG_ADSP,
	[PREFLIGHT_SENDER_ID] = LOG_SENDER_ID,
	[PREFLIGHT_UNSUBSCRIBE] = LOG_UNSUBSCRIBE,
};

/* One field: a value, or the entries of a list. */
struct fact {
	const struct log_form *form;
	const struct slice *items;
	size_t count;
	size_t left_out; /* entries that are not even here */
	size_t max;	 /* octets of it where the line would be too long */
};

/* All fields of a message, in the order of the line. */
struct facts {
	struct message *message;
	const struct verdict *verdict; /* that the MTA is told */
	struct fact items[LOG_FIELDS];
	size_t count;
};

/* Without entries there is no such field. */
static void
add_list(struct facts *facts, enum log_field field, const struct slice *items,
    size_t count)
{
	if (count == 0)
		return;
	ENSURE(facts->count < LOG_FIELDS);
	facts->items[facts->count++] = (struct fact){ .form = &forms[field],
		.items = items,
		.count = count,
		.max = forms[field].max };
}

static void
log_line_add(struct facts *facts, enum log_field field, struct slice value)
{
	struct slice *item = arena_alloc(&facts->message->mem, sizeof(*item));

	*item = value;
	add_list(facts, field, item, value.len == 0 ? 0 : 1);
}

/* The reverse-path without its brackets, but for the null one. */
static struct slice
bare_path(struct slice path)
{
	if (path.len > 2 && path.data[0] == '<' &&
	    path.data[path.len - 1] == '>')
		return slice_sub(path, 1, path.len - 2);
	return path.len == 0 ? SLICE("<>") : path;
}

/* Octets that the claimed reverse-path takes from the one beside it. */
enum { CLAIMED_ROOM = 40 };

/* Which tables are down, and the age of the oldest answer of each that counted. */
static void
log_add_stale(struct facts *facts)
{
	struct arena *mem = &facts->message->mem;
	const struct table_notes *notes = &facts->message->notes;
	struct slice *items =
	    arena_array(mem, notes->stale_count, sizeof(*items));

	for (size_t i = 0; i < notes->stale_count; i++)
		items[i] = slice_format(mem, "%.*s;age=%" PRIu64 "s",
		    SLICE_ARGS(notes->stale[i].spec), notes->stale[i].age_s);
	add_list(facts, LOG_STALE, items, notes->stale_count);
}

/* The authors as they go on, and what was claimed in their place. */
static void
log_add_authors(struct facts *facts)
{
	const struct message *message = facts->message;
	const struct authors *authors = &message->authors;
	struct slice path = bare_path(message->facts.path);
	struct slice *from = arena_array(
	    &facts->message->mem, 2 * authors->count + 1, sizeof(*from));
	struct slice *rights = from + authors->count;
	size_t count = 0, right_count = 0;

	if (message->envelope.changes_sender) {
		log_line_add(
		    facts, LOG_MAIL_FROM, bare_path(message->envelope.sender));
		facts->items[facts->count - 1].max -= CLAIMED_ROOM;
		log_line_add(facts, LOG_CLAIMED_MAIL_FROM, path);
	} else {
		log_line_add(facts, LOG_MAIL_FROM, path);
	}
	if (message->rcpts != 0)
		log_line_add(facts, LOG_RCPTS,
		    slice_format(&facts->message->mem, "%lu", message->rcpts));
	for (size_t i = 0; i < authors->count; i++) {
		const struct author *author = &authors->items[i];
		size_t j = 0;

		if (author->role == ROLE_FROM)
			from[count++] = author->address.text;
		/* The rows that give more than the own address; each once. */
		if ((author->right != RIGHT_GRANTED &&
			author->right != RIGHT_BEHALF) ||
		    slice_eq(author->how, RIGHTS_OWN_ADDRESS))
			continue;
		while (j < right_count && !slice_eq(rights[j], author->how))
			j++;
		if (j == right_count)
			rights[right_count++] = author->how;
	}
	add_list(facts, LOG_FROM, from, count);
	add_list(facts, LOG_RIGHT, rights, right_count);
	log_add_stale(facts);
	log_line_add(facts, LOG_CLAIMED_FROM, message->claimed_from);
}

/*
 * The first field of a name: users look for the Message-ID that they know, and
 * programs with a wrong clock show in Date.
 */
static bool
add_header_field(struct facts *facts, enum log_field field, struct slice name,
    bool as_it_came)
{
	struct message *message = facts->message;
	const struct field *fields = message->header.fields;
	size_t count = message->header.count;

	if (!as_it_came)
		fields = edits_view(&message->edits, &count);
	for (size_t i = 0; i < count; i++) {
		if (!slice_eq_nocase(fields[i].name, name))
			continue;
		log_line_add(facts, field,
		    slice_trim(field_unfold(&message->mem, fields[i].value)));
		return true;
	}
	return false;
}

/*
 * The programs that need repairs, or write what is refused: with their names a
 * fault of many users is one thing to mend.
 */
static void
add_program(struct facts *facts)
{
	const struct message *message = facts->message;

	if (message->repairs == 0 && facts->verdict->action == ACTION_ACCEPT &&
	    message->outcome.verdict.action == ACTION_ACCEPT)
		return;
	if (!add_header_field(facts, LOG_PROGRAM, SLICE("User-Agent"), true))
		(void)add_header_field(
		    facts, LOG_PROGRAM, SLICE("X-Mailer"), true);
}

/* What became of it and why; in monitor mode, what would have. */
static void
add_outcome(struct facts *facts)
{
	struct arena *mem = &facts->message->mem;
	const struct outcome *outcome = &facts->message->outcome;
	const struct verdict *verdict = facts->verdict;
	struct slice detail;

	log_line_add(facts, LOG_ACTION, slice_of(action_name(verdict->action)));
	if (outcome->standing != OUTCOME_STANDS &&
	    outcome->verdict.action != ACTION_ACCEPT) {
		verdict = &outcome->verdict;
		log_line_add(
		    facts, LOG_WOULD, slice_of(action_name(verdict->action)));
	}
	if (verdict->action == ACTION_ACCEPT)
		return;
	log_line_add(facts, LOG_REASON, slice_of(reason_name(verdict->reason)));
	detail = verdict->detail;
	if (verdict->action != ACTION_HOLD)
		log_line_add(facts, LOG_REPLY,
		    slice_format(mem, "%s %s %.*s", verdict->code,
			verdict->enhanced, SLICE_ARGS(verdict->text)));
	/* The client hears nothing of a message that is held. */
	else if (detail.len == 0)
		detail = verdict->text;
	else
		detail = slice_format(mem, "%.*s; %.*s",
		    SLICE_ARGS(verdict->text), SLICE_ARGS(detail));
	log_line_add(facts, LOG_DETAIL, detail);
}

/* A login that a proxy handed over was proved there, and not by SMTP AUTH. */
static struct slice
log_via(const struct message *message)
{
	struct slice via = message->submitter.via;

	return slice_eq(via, SLICE("sasl")) &&
		client_login_is_told(&message->facts.client) ?
	    SLICE("xclient") :
	    via;
}

static void
gather(struct facts *facts, struct slice qid)
{
	struct message *message = facts->message;
	struct arena *mem = &message->mem;
	enum action action = facts->verdict->action;
	struct slice *signed_by = NULL;
	uint64_t tenths = (message->busy_us + 50) / 100;

	log_line_add(facts, LOG_QID, qid);
	log_line_add(facts, LOG_LOGIN, message->submitter.login);
	log_line_add(facts, LOG_VIA, log_via(message));
	log_line_add(
	    facts, LOG_CLIENT, net_addr_text(mem, &message->facts.client.addr));
	log_add_authors(facts);
	(void)add_header_field(facts, LOG_MESSAGE_ID, SLICE("Message-ID"),
	    !message->has_edits ||
		(action != ACTION_ACCEPT && action != ACTION_HOLD));
	add_outcome(facts);
	log_line_add(facts,
	    message->repairs_done ? LOG_REPAIRED : LOG_WOULD_REPAIR,
	    repair_names(mem, message->repairs));
	add_program(facts);
	if ((message->repairs & REPAIRED_DATE) != 0)
		(void)add_header_field(
		    facts, LOG_OLD_DATE, SLICE("Date"), true);
	if ((message->repairs & REPAIRED_MESSAGE_ID) != 0)
		(void)add_header_field(
		    facts, LOG_OLD_MESSAGE_ID, SLICE("Message-ID"), true);
	if (message->is_signed)
		signed_by =
		    arena_array(mem, MAX_SIGNATURES, sizeof(*signed_by));
	for (size_t i = 0; message->is_signed && i < message->key_count; i++) {
		const struct sign_key *key = message->signatures[i].key;

		signed_by[i] = slice_format(mem, "%.*s/%.*s",
		    SLICE_ARGS(key->domain), SLICE_ARGS(key->selector));
	}
	if (message->is_signed)
		add_list(facts, LOG_SIGNED, signed_by, message->key_count);
	else
		log_line_add(facts, LOG_SIGNED, SLICE("none"));
	if (!message->is_signed && action == ACTION_ACCEPT)
		log_line_add(facts, LOG_UNSIGNED, message->unsigned_why);
	for (size_t i = 0; i < PREFLIGHT_CHECKS; i++)
		log_line_add(
		    facts, outlook_fields[i], message->outlooks[i].result);
	add_list(facts, LOG_WARNING, message->outcome.warnings,
	    message->outcome.warning_count);
	if (message->outcome.warning_count != 0)
		facts->items[facts->count - 1].left_out =
		    message->outcome.warnings_left_out;
	log_line_add(facts, LOG_MS,
	    slice_format(
		mem, "%" PRIu64 ".%" PRIu64, tenths / 10, tenths % 10));
}

static struct slice
join_of(const struct fact *fact)
{
	return fact->form->kind == LOG_KIND_TEXTS ? SLICE("; ") : SLICE(",");
}

/* A sentence of ours, printable as it stands. */
static bool
fact_is_text(const struct fact *fact)
{
	return fact->form->kind == LOG_KIND_TEXT ||
	    fact->form->kind == LOG_KIND_TEXTS;
}

/* Whether a value could be taken for another field. */
static bool
needs_quotes(struct slice value)
{
	for (size_t i = 0; i < value.len; i++) {
		char c = value.data[i];

		if (c == ' ' || c == '=' || c == '"' || c == '\\' ||
		    char_is_control(c) || char_is_8bit(c))
			return true;
	}
	return value.len == 0;
}

/* Octets in front that stand for themselves in any field. */
static size_t
plain_octets(struct slice value)
{
	size_t len = 0;

	while (len < value.len && !char_is_control(value.data[len]) &&
	    !char_is_8bit(value.data[len]) && value.data[len] != '"' &&
	    value.data[len] != '\\')
		len++;
	return len;
}

/*
 * Adds as much of a value as fits in max octets of the line; how many octets of
 * the value did not.
 */
static size_t
add_value(
    struct strbuf *buf, const struct fact *fact, struct slice value, size_t max)
{
	size_t start = buf->len;

	for (size_t i = 0; i < value.len; i++) {
		size_t run = plain_octets(slice_from(value, i));
		size_t room = max - (buf->len - start), before;
		char c;

		strbuf_add(buf, slice_sub(value, i, run < room ? run : room));
		if (run > room)
			return value.len - i - room;
		i += run;
		if (i == value.len)
			break;
		before = buf->len;
		c = value.data[i];
		if (!fact_is_text(fact))
			escape_append(buf, (struct slice){ &c, 1 }, 1);
		else if (char_is_control(c) || char_is_8bit(c))
			strbuf_add_char(buf, '?');
		else
			strbuf_add_char(buf, c == '"' ? '\'' : c);
		if (buf->len - start > max) {
			buf->len = before;
			return value.len - i;
		}
	}
	return 0;
}

/*
 * Adds the entries that fit whole in max octets, and the beginning of the first
 * one in any case; how many entries are not there as a whole.
 */
static size_t
add_items(struct strbuf *buf, const struct fact *fact, size_t max)
{
	size_t start = buf->len;

	for (size_t i = 0; i < fact->count; i++) {
		size_t before = buf->len, room;

		if (i != 0)
			strbuf_add(buf, join_of(fact));
		room = buf->len - start < max ? max - (buf->len - start) : 0;
		if (add_value(buf, fact, fact->items[i], room) == 0)
			continue;
		if (i != 0)
			buf->len = before;
		return fact->count - i + fact->left_out;
	}
	return fact->left_out;
}

static struct slice
print_facts(const struct facts *facts, bool bounded)
{
	struct strbuf buf;

	strbuf_init(&buf, &facts->message->mem);
	for (size_t i = 0; i < facts->count; i++) {
		const struct fact *fact = &facts->items[i];
		size_t max = bounded ? fact->max : LOG_LINE_OCTETS;
		bool quotes = fact_is_text(fact);
		size_t more;

		for (size_t j = 0; j < fact->count && !quotes; j++)
			quotes = needs_quotes(fact->items[j]);
		strbuf_add_cstr(&buf, i == 0 ? "" : " ");
		strbuf_add_cstr(&buf, fact->form->name);
		strbuf_add_cstr(&buf, quotes ? "=\"" : "=");
		more = fact->count == 1 && fact->left_out == 0 ?
		    add_value(&buf, fact, fact->items[0], max) :
		    add_items(&buf, fact, max);
		if (quotes)
			strbuf_add_char(&buf, '"');
		if (more != 0)
			strbuf_addf(
			    &buf, " %s_more=%zu", fact->form->name, more);
	}
	return strbuf_slice(&buf);
}

struct slice
pipeline_log_line(
    struct message *message, struct slice qid, const struct verdict *verdict)
{
	struct facts facts = { .message = message, .verdict = verdict };
	struct slice line;

	gather(&facts, qid);
	line = print_facts(&facts, false);
	return line.len <= LOG_LINE_OCTETS ? line : print_facts(&facts, true);
}

void
pipeline_log_json(
    struct message *message, const struct verdict *verdict, struct strbuf *buf)
{
	struct facts facts = { .message = message, .verdict = verdict };

	gather(&facts, (struct slice){ NULL, 0 });
	for (size_t i = 0; i < facts.count; i++) {
		const struct fact *fact = &facts.items[i];
		struct strbuf value;

		strbuf_init(&value, &message->mem);
		for (size_t j = 0; j < fact->count; j++) {
			if (j != 0)
				strbuf_add(&value, join_of(fact));
			strbuf_add(&value, fact->items[j]);
		}
		if (i != 0)
			strbuf_add_char(buf, ',');
		json_append(buf, slice_of(fact->form->name));
		strbuf_add_char(buf, ':');
		json_append(buf, strbuf_slice(&value));
		if (fact->left_out != 0)
			strbuf_addf(buf, ",\"%s_more\":\"%zu\"",
			    fact->form->name, fact->left_out);
	}
}
