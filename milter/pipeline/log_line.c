/* SPDX-License-Identifier: BSD-2-Clause */
/* What the log says of a message, in one line that no logger has to cut. */
#include "base/log.h"
#include "message_priv.h"

/* What stands between the entries of a list, and of the warnings. */
#define LIST_JOIN SLICE(",")
#define TEXT_JOIN SLICE("; ")

/* One fact of the log line: a value, or a list of them. */
struct fact {
	const char *name;
	const struct slice *items;
	size_t count;
	size_t left_out;	/* items that are not even here */
	struct slice join;
	size_t max;		/* octets of it where the line would be too long */
	bool is_text;		/* sentences of ours, printable as they stand */
};

enum { MAX_FACTS = 19 + PREFLIGHT_CHECKS };

static const char *const outlook_names[PREFLIGHT_CHECKS] = { "spf", "dmarc",
	"adsp", "sender_id", "unsubscribe" };

struct facts {
	struct arena *mem;
	struct fact items[MAX_FACTS];
	size_t count;
};

static void
add_list(struct facts *facts, const char *name, size_t max,
    const struct slice *items, size_t count)
{
	if (count == 0)
		return;
	ENSURE(facts->count < MAX_FACTS);
	facts->items[facts->count++] = (struct fact){ .name = name,
		.items = items, .count = count, .join = LIST_JOIN,
		.max = max };
}

static void
add(struct facts *facts, const char *name, size_t max, struct slice value)
{
	struct slice *item = arena_alloc(facts->mem, sizeof(*item));

	*item = value;
	add_list(facts, name, max, item, value.len == 0 ? 0 : 1);
}

static void
add_text(struct facts *facts, const char *name, size_t max, struct slice value)
{
	if (value.len == 0)
		return;
	add(facts, name, max, value);
	facts->items[facts->count - 1].is_text = true;
}

static void
add_signed(struct facts *facts, size_t max, const struct message *message)
{
	struct slice *items = arena_array(facts->mem, MAX_SIGNATURES,
	    sizeof(*items));

	for (size_t i = 0; message->is_signed && i < message->key_count; i++) {
		const struct sign_key *key = message->signatures[i].key;

		items[i] = slice_format(facts->mem, "%.*s/%.*s",
		    SLICE_ARGS(key->domain), SLICE_ARGS(key->selector));
	}
	if (!message->is_signed)
		add(facts, "signed", max, SLICE("none"));
	else
		add_list(facts, "signed", max, items, message->key_count);
}

static void
add_from(struct facts *facts, size_t max, const struct authors *authors)
{
	struct slice *items = arena_array(facts->mem, authors->count + 1,
	    sizeof(*items));
	size_t count = 0;

	for (size_t i = 0; i < authors->count; i++) {
		if (authors->items[i].role == ROLE_FROM)
			items[count++] = authors->items[i].address.text;
	}
	add_list(facts, "from", max, items, count);
}

static void
add_warnings(struct facts *facts, size_t max, const struct message *message)
{
	struct fact *fact;

	add_list(facts, "warning", max, message->warnings,
	    message->warning_count);
	if (message->warning_count == 0)
		return;
	fact = &facts->items[facts->count - 1];
	fact->is_text = true;
	fact->join = TEXT_JOIN;
	fact->left_out = message->warnings_left_out;
}

static struct slice
reply_text(struct message *message, const struct verdict *verdict)
{
	return slice_format(&message->mem, "%s %s %.*s", verdict->code,
	    verdict->enhanced, SLICE_ARGS(verdict->text));
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

/*
 * The first field of a name as it came, where a repair has replaced it: users
 * look for the old Message-ID, and programs with a wrong clock show in Date.
 */
static void
add_old(struct facts *facts, const char *key, size_t max,
    const struct message *message, struct slice name, enum repair repair)
{
	for (size_t i = 0; (message->repairs & repair) != 0 &&
	    i < message->header.count; i++) {
		const struct field *field = &message->header.fields[i];

		if (!slice_eq_nocase(field->name, name))
			continue;
		add(facts, key, max, slice_trim(field_unfold(facts->mem,
		    field->value)));
		return;
	}
}

/* The bounds, with names and marks, add up to less than LOG_LINE_OCTETS. */
static void
gather(struct message *message, struct slice qid,
    const struct verdict *verdict, struct facts *facts)
{
	struct arena *mem = &message->mem;
	const struct verdict *would = message->would.action != ACTION_ACCEPT
	    ? &message->would : &message->foreseen;
	const struct verdict *told = verdict;

	add(facts, "qid", 32, qid);
	add(facts, "login", 100, message->submitter.login);
	add(facts, "via", 16, message->submitter.via);
	add(facts, "client", 45, net_addr_text(mem,
	    &message->facts.client.addr));
	add(facts, "mail_from", 96, bare_path(message->facts.path));
	add_from(facts, 200, &message->authors);
	add(facts, "claimed_from", 80, message->claimed_from);
	add(facts, "action", 8, slice_of(action_name(verdict->action)));
	if (would->action != ACTION_ACCEPT) {
		told = would;
		add(facts, "would", 8, slice_of(action_name(told->action)));
	}
	if (told->action != ACTION_ACCEPT) {
		bool held = told->action == ACTION_HOLD;

		add(facts, "reason", 20, slice_of(told->reason));
		/* Of a message that is held the client hears nothing. */
		if (!held)
			add_text(facts, "reply", 200,
			    reply_text(message, told));
		add_text(facts, "detail", 100, !held ? told->detail :
		    told->detail.len == 0 ? told->text :
		    slice_format(mem, "%.*s; %.*s", SLICE_ARGS(told->text),
			SLICE_ARGS(told->detail)));
	}
	add(facts, message->repairs_done ? "repaired" : "would_repair", 150,
	    repair_names(mem, message->repairs));
	add_old(facts, "old_date", 32, message, SLICE("Date"), REPAIRED_DATE);
	add_old(facts, "old_message_id", 64, message, SLICE("Message-ID"),
	    REPAIRED_MESSAGE_ID);
	add_signed(facts, 140, message);
	if (!message->is_signed && verdict->action == ACTION_ACCEPT)
		add_text(facts, "unsigned", 100, message->unsigned_why);
	for (size_t i = 0; i < PREFLIGHT_CHECKS; i++)
		add(facts, outlook_names[i], 12, message->outlooks[i].result);
	add_warnings(facts, 100, message);
	add(facts, "ms", 12, slice_format(mem, "%.1f",
	    (double)message->busy_us / 1000));
}

/* A value that needs no quotes: it cannot be taken for another key. */
static bool
is_plain(struct slice value)
{
	for (size_t i = 0; i < value.len; i++) {
		char c = value.data[i];

		if (c == ' ' || c == '=' || c == '"' || c == '\\' ||
		    char_is_control(c) || char_is_8bit(c))
			return false;
	}
	return value.len != 0;
}

static bool
needs_quotes(const struct fact *fact)
{
	for (size_t i = 0; i < fact->count; i++) {
		if (fact->is_text || !is_plain(fact->items[i]))
			return true;
	}
	return false;
}

/* One octet as it stands in the line. */
static void
add_octet(struct strbuf *buf, char c, bool is_text)
{
	bool odd = char_is_control(c) || char_is_8bit(c);

	if (is_text)
		strbuf_add_char(buf, c == '"' ? '\'' : odd ? '?' : c);
	else
		escape_append(buf, (struct slice){ &c, 1 }, 1);
}

/*
 * Adds as much of a value as fits in max octets of the line; how many octets of
 * the value did not.
 */
static size_t
add_value(struct strbuf *buf, struct slice value, bool is_text, size_t max)
{
	size_t start = buf->len;

	for (size_t i = 0; i < value.len; i++) {
		size_t before = buf->len;

		add_octet(buf, value.data[i], is_text);
		if (buf->len - start > max) {
			buf->len = before;
			return value.len - i;
		}
	}
	return 0;
}

/*
 * Adds the items that fit whole in max octets, and the beginning of the first
 * one in any case; how many items are not there as a whole.
 */
static size_t
add_items(struct strbuf *buf, const struct fact *fact, size_t max)
{
	size_t start = buf->len;

	for (size_t i = 0; i < fact->count; i++) {
		size_t before = buf->len, room;

		if (i != 0)
			strbuf_add(buf, fact->join);
		room = buf->len - start < max ? max - (buf->len - start) : 0;
		if (add_value(buf, fact->items[i], fact->is_text, room) == 0)
			continue;
		if (i != 0)
			buf->len = before;
		return fact->count - i + fact->left_out;
	}
	return fact->left_out;
}

static void
add_fact(struct strbuf *buf, const struct fact *fact, size_t max)
{
	bool quotes = needs_quotes(fact);
	size_t more;

	strbuf_addf(buf, "%s%s=%s", buf->len == 0 ? "" : " ", fact->name,
	    quotes ? "\"" : "");
	more = fact->count == 1 && fact->left_out == 0
	    ? add_value(buf, fact->items[0], fact->is_text, max)
	    : add_items(buf, fact, max);
	if (quotes)
		strbuf_add_char(buf, '"');
	if (more != 0)
		strbuf_addf(buf, " %s_more=%zu", fact->name, more);
}

static struct slice
print_facts(const struct facts *facts, bool bounded)
{
	struct strbuf buf;

	strbuf_init(&buf, facts->mem);
	for (size_t i = 0; i < facts->count; i++)
		add_fact(&buf, &facts->items[i],
		    bounded ? facts->items[i].max : LOG_LINE_OCTETS);
	return strbuf_slice(&buf);
}

struct slice
pipeline_log_line(struct message *message, struct slice qid,
    const struct verdict *verdict)
{
	struct facts facts = { .mem = &message->mem };
	struct slice line;

	gather(message, qid, verdict, &facts);
	line = print_facts(&facts, false);
	return line.len <= LOG_LINE_OCTETS ? line : print_facts(&facts, true);
}

void
pipeline_log_json(struct message *message, const struct verdict *verdict,
    struct strbuf *buf)
{
	struct facts facts = { .mem = &message->mem };

	gather(message, (struct slice){ NULL, 0 }, verdict, &facts);
	for (size_t i = 0; i < facts.count; i++) {
		const struct fact *fact = &facts.items[i];
		struct strbuf value;

		strbuf_init(&value, facts.mem);
		for (size_t j = 0; j < fact->count; j++) {
			if (j != 0)
				strbuf_add(&value, fact->join);
			strbuf_add(&value, fact->items[j]);
		}
		if (i != 0)
			strbuf_add_char(buf, ',');
		json_append(buf, slice_of(fact->name));
		strbuf_add_char(buf, ':');
		json_append(buf, strbuf_slice(&value));
		if (fact->left_out != 0)
			strbuf_addf(buf, ",\"%s_more\":\"%zu\"", fact->name,
			    fact->left_out);
	}
}
