/* SPDX-License-Identifier: BSD-2-Clause */
#include "message_priv.h"

enum { SHOWN_OCTETS = 256 };

/* One fact of the log line. */
struct fact {
	const char *name;
	struct slice value;
	bool is_text;		/* a sentence of ours, printable as it stands */
};

enum { MAX_FACTS = 16 + PREFLIGHT_CHECKS };

static const char *const outlook_names[PREFLIGHT_CHECKS] = { "spf", "dmarc",
	"adsp", "sender_id", "unsubscribe" };

struct facts {
	struct fact items[MAX_FACTS];
	size_t count;
};

static void
add(struct facts *facts, const char *name, struct slice value)
{
	ENSURE(facts->count < MAX_FACTS);
	facts->items[facts->count++] = (struct fact){ name, value, false };
}

static void
add_text(struct facts *facts, const char *name, struct slice value)
{
	if (value.len == 0)
		return;
	add(facts, name, value);
	facts->items[facts->count - 1].is_text = true;
}

static struct slice
signed_list(struct message *message)
{
	struct strbuf buf;

	if (!message->is_signed)
		return SLICE("none");
	strbuf_init(&buf, &message->mem);
	for (size_t i = 0; i < message->key_count; i++) {
		const struct sign_key *key = message->signatures[i].key;

		if (i != 0)
			strbuf_add_char(&buf, ',');
		strbuf_add(&buf, key->domain);
		strbuf_add_char(&buf, '/');
		strbuf_add(&buf, key->selector);
	}
	return strbuf_slice(&buf);
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

static void
gather(struct message *message, struct slice qid,
    const struct verdict *verdict, struct facts *facts)
{
	struct arena *mem = &message->mem;
	const struct verdict *would = message->would.action != ACTION_ACCEPT
	    ? &message->would : &message->foreseen;
	const struct verdict *told = verdict;

	add(facts, "qid", qid);
	add(facts, "login", message->submitter.login);
	add(facts, "via", message->submitter.via);
	add(facts, "client", net_addr_text(mem, &message->facts.client.addr));
	add(facts, "mail_from", bare_path(message->facts.path));
	add(facts, "from", authors_text(&message->authors, ROLE_FROM, mem));
	add(facts, "claimed_from", message->claimed_from);
	add(facts, "action", slice_of(action_name(verdict->action)));
	if (would->action != ACTION_ACCEPT) {
		told = would;
		add(facts, "would", slice_of(action_name(told->action)));
	}
	if (told->action != ACTION_ACCEPT) {
		bool held = told->action == ACTION_HOLD;

		add(facts, "reason", slice_of(told->reason));
		/* Of a message that is held the client hears nothing. */
		if (!held)
			add_text(facts, "reply", reply_text(message, told));
		add_text(facts, "detail", !held ? told->detail :
		    told->detail.len == 0 ? told->text :
		    slice_format(mem, "%.*s; %.*s", SLICE_ARGS(told->text),
			SLICE_ARGS(told->detail)));
	}
	add_text(facts, "warning", message->warning);
	add(facts, message->repairs_done ? "repaired" : "would_repair",
	    repair_names(mem, message->repairs));
	add(facts, "signed", signed_list(message));
	for (size_t i = 0; i < PREFLIGHT_CHECKS; i++)
		add(facts, outlook_names[i], message->outlooks[i].result);
	add(facts, "ms", slice_format(mem, "%.1f",
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

static void
add_quoted(struct strbuf *buf, struct slice text)
{
	strbuf_add_char(buf, '"');
	for (size_t i = 0; i < text.len; i++)
		strbuf_add_char(buf, text.data[i] == '"' ? '\'' : text.data[i]);
	strbuf_add_char(buf, '"');
}

struct slice
pipeline_log_line(struct message *message, struct slice qid,
    const struct verdict *verdict)
{
	struct facts facts = { .count = 0 };
	struct strbuf buf;

	gather(message, qid, verdict, &facts);
	strbuf_init(&buf, &message->mem);
	for (size_t i = 0; i < facts.count; i++) {
		const struct fact *fact = &facts.items[i];

		if (fact->value.len == 0)
			continue;
		if (buf.len != 0)
			strbuf_add_char(&buf, ' ');
		strbuf_add_cstr(&buf, fact->name);
		strbuf_add_char(&buf, '=');
		if (fact->is_text)
			add_quoted(&buf, fact->value);
		else if (is_plain(fact->value))
			escape_append(&buf, fact->value, SHOWN_OCTETS);
		else {
			strbuf_add_char(&buf, '"');
			escape_append(&buf, fact->value, SHOWN_OCTETS);
			strbuf_add_char(&buf, '"');
		}
	}
	return strbuf_slice(&buf);
}

void
pipeline_log_json(struct message *message, const struct verdict *verdict,
    struct strbuf *buf)
{
	struct facts facts = { .count = 0 };
	bool first = true;

	gather(message, (struct slice){ NULL, 0 }, verdict, &facts);
	for (size_t i = 0; i < facts.count; i++) {
		const struct fact *fact = &facts.items[i];

		if (fact->value.len == 0)
			continue;
		if (!first)
			strbuf_add_char(buf, ',');
		first = false;
		json_append(buf, slice_of(fact->name));
		strbuf_add_char(buf, ':');
		json_append(buf, fact->value);
	}
}
