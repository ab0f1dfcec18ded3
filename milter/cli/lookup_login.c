/* SPDX-License-Identifier: BSD-2-Clause */
/* "submilter lookup --login": all addresses that a login may use, and why. */
#include <stdio.h>

#include "base/shell.h"
#include "cli/options.h"
#include "lookup_priv.h"

/* A right in a table, and where it stands. */
struct entry {
	struct slice key;   /* the address, or "@domain" */
	struct slice login; /* the key of the row, where it is the login */
	struct row_grant grant;
	struct slice how; /* what decides instead, for a whole address */
	bool counts;	  /* it gives the right that it says */
	struct slice table;
	size_t line;
};

struct listing {
	struct lookup_rights *of;
	struct slice own; /* the login as an address; may be empty */
	enum right own_right;
	struct slice own_how;
	struct entry *entries;
	size_t count;
	size_t cap;
	struct slice *faulty; /* rows with a fault: "TABLE:LINE" */
	size_t faulty_count;
	size_t faulty_cap;
	bool any; /* some row counts, or the login as an address */
};

/* Whether the row decides; another may deny the address, or be more exact. */
static void
weigh(struct listing *l, struct entry *entry)
{
	struct slice how = SLICE("");
	struct address address;
	enum right right;
	struct err err;
	const struct table_context context = { .mem = &l->of->mem,
		.err = &err };

	entry->how = SLICE("");
	entry->counts = !entry->grant.expired && !entry->grant.denied;
	if (entry->key.data[0] == '@' || !slice_has(entry->key, '@') ||
	    !rights_login_address(entry->key, &l->of->mem, &address))
		return;
	right = rights_check(
	    &l->of->rights, &l->of->submitter, &address, &context, &how);
	entry->counts =
	    entry->counts && (right == RIGHT_GRANTED || right == RIGHT_BEHALF);
	if (right == RIGHT_UNKNOWN)
		entry->how = slice_dup(&l->of->mem, slice_of(err.text));
	else if (!entry->counts ||
	    (entry->grant.behalf && right == RIGHT_GRANTED))
		entry->how = how;
}

static void
add_entry(struct listing *l, struct entry *entry)
{
	void *array = l->entries;

	weigh(l, entry);
	l->any = l->any || entry->counts;
	arena_reserve_one(
	    &l->of->mem, &array, &l->cap, l->count, sizeof(l->entries[0]));
	l->entries = array;
	l->entries[l->count++] = *entry;
}

/* What rights.logins has, which is asked, for the login is the key. */
static int
list_grants(struct listing *l, const struct table_context *context)
{
	struct login_grants grants;

	if (rights_of_login(
		&l->of->rights, &l->of->submitter, context, &grants) != 0)
		return -1;
	for (size_t i = 0; i < grants.count; i++) {
		const struct login_grant *grant = &grants.items[i];
		struct entry entry = { .key = grant->address.text,
			.login = grant->key,
			.grant = grant->grant,
			.table = table_spec(grant->table) };

		add_entry(l, &entry);
	}
	return 0;
}

static void
list_table(struct listing *l, const struct table *table)
{
	struct entry entry = { .line = 0 };
	struct table_row row;
	void *array;

	/* Rows of patterns have no addresses to list. */
	if (!table_can_list(table))
		return;
	for (size_t i = 0; table_row(table, i, &row); i++) {
		struct grant_walk walk = { row.value, l->of->submitter.login,
			l->of->config->main.domain, false };

		entry.key = row.key;
		entry.table = table_spec(row.of);
		entry.line = row.line;
		while (rights_next_grant(&walk, &l->of->mem, &entry.grant))
			add_entry(l, &entry);
		if (!walk.is_faulty)
			continue;
		array = l->faulty;
		arena_reserve_one(&l->of->mem, &array, &l->faulty_cap,
		    l->faulty_count, sizeof(l->faulty[0]));
		l->faulty = array;
		l->faulty[l->faulty_count++] = slice_format(&l->of->mem,
		    "%.*s:%zu", SLICE_ARGS(table_spec(row.of)), entry.line);
	}
}

static const char *
right_word(const struct row_grant *grant)
{
	return grant->denied ? "denied" : grant->behalf ? "behalf" : "granted";
}

static const char *
own_word(const struct listing *l)
{
	static const char *const words[] = {
		[RIGHT_GRANTED] = "granted",
		[RIGHT_BEHALF] = "behalf",
		[RIGHT_UNJUDGED] = "unknown",
		[RIGHT_UNKNOWN] = "unknown",
		[RIGHT_NONE] = "not granted",
	};

	return words[l->own_right];
}

static const char *
lookup_login_shown(struct listing *l, struct slice text)
{
	return escape(&l->of->mem, text, 400);
}

static void
lookup_login_show(struct listing *l)
{
	printf("login %s\n", lookup_login_shown(l, l->of->submitter.login));
	if (l->own.len != 0)
		printf("%-32s %s  %s\n", lookup_login_shown(l, l->own),
		    own_word(l),
		    l->own_how.len == 0 ?
			"the login as an address" :
			/* Text of errors is clean, and has quotes. */
			l->own_right == RIGHT_UNKNOWN ?
			slice_cstr(&l->of->mem, l->own_how) :
			lookup_login_shown(l, l->own_how));
	for (size_t i = 0; i < l->count; i++) {
		const struct entry *e = &l->entries[i];

		printf("%-32s %s", lookup_login_shown(l, e->key),
		    right_word(&e->grant));
		if (e->grant.until.len != 0)
			printf(" %s %s",
			    e->grant.expired ? "(expired) until" : "until",
			    lookup_login_shown(l, e->grant.until));
		printf("  %s", lookup_login_shown(l, e->table));
		if (e->login.len != 0)
			printf(", key %s", lookup_login_shown(l, e->login));
		else
			printf(":%zu", e->line);
		if (e->how.len != 0)
			printf("  but: %s", lookup_login_shown(l, e->how));
		printf("\n");
	}
	for (size_t i = 0; i < l->faulty_count; i++)
		printf("FAULT: %s cannot be read: mail with an address of "
		       "this row is told to come again\n",
		    lookup_login_shown(l, l->faulty[i]));
	for (size_t i = 0; i < l->of->rights.table_count; i++) {
		struct slice spec = table_spec(l->of->rights.tables[i]);

		if (!table_can_list(l->of->rights.tables[i]))
			printf("not listed: %s, which can only be asked for an "
			       "address: submilter lookup --login %s ADDRESS\n",
			    lookup_login_shown(l, spec),
			    shell_quoted(&l->of->mem,
				slice_cstr(
				    &l->of->mem, l->of->submitter.login)));
	}
}

static void
lookup_login_json_text(struct strbuf *buf, const char *name, struct slice value)
{
	strbuf_addf(buf, "\"%s\":", name);
	json_append(buf, value);
}

static void
show_json(struct listing *l)
{
	struct strbuf buf;
	const char *before = "";

	strbuf_init(&buf, &l->of->mem);
	strbuf_add_char(&buf, '{');
	lookup_login_json_text(&buf, "login", l->of->submitter.login);
	strbuf_add_cstr(&buf, ",\"own\":{");
	lookup_login_json_text(&buf, "address", l->own);
	strbuf_addf(&buf, ",\"right\":\"%s\",", own_word(l));
	lookup_login_json_text(&buf, "how", l->own_how);
	strbuf_add_cstr(&buf, "},\"rows\":[");
	for (size_t i = 0; i < l->count; i++) {
		const struct entry *e = &l->entries[i];

		strbuf_add_cstr(&buf, i == 0 ? "{" : ",{");
		lookup_login_json_text(&buf, "key", e->key);
		strbuf_addf(&buf,
		    ",\"right\":\"%s\",\"expired\":%s,\"counts\":%s,",
		    right_word(&e->grant), e->grant.expired ? "true" : "false",
		    e->counts ? "true" : "false");
		lookup_login_json_text(&buf, "until", e->grant.until);
		strbuf_add_char(&buf, ',');
		lookup_login_json_text(&buf, "table", e->table);
		strbuf_addf(&buf, ",\"line\":%zu,", e->line);
		if (e->login.len != 0) {
			lookup_login_json_text(&buf, "login", e->login);
			strbuf_add_char(&buf, ',');
		}
		lookup_login_json_text(&buf, "but", e->how);
		strbuf_add_char(&buf, '}');
	}
	strbuf_add_cstr(&buf, "],\"faulty\":[");
	for (size_t i = 0; i < l->faulty_count; i++) {
		strbuf_add_cstr(&buf, i == 0 ? "" : ",");
		json_append(&buf, l->faulty[i]);
	}
	strbuf_add_cstr(&buf, "],\"not_listed\":[");
	for (size_t i = 0; i < l->of->rights.table_count; i++) {
		if (table_can_list(l->of->rights.tables[i]))
			continue;
		strbuf_add_cstr(&buf, before);
		json_append(&buf, table_spec(l->of->rights.tables[i]));
		before = ",";
	}
	strbuf_add_char(&buf, ']');
	if (l->of->trace.count != 0)
		lookup_explain_json(&l->of->trace, &buf);
	strbuf_add_cstr(&buf, "}\n");
	command_print(&buf);
}

/* Whether the login is an address of its own. */
static void
find_own(struct listing *l, const struct table_context *context)
{
	struct address address;

	l->own_right = RIGHT_NONE;
	if (!rights_login_address(
		l->of->submitter.login, &l->of->mem, &address))
		return;
	l->own = address.text;
	l->own_how = SLICE("");
	l->own_right = rights_check(
	    &l->of->rights, &l->of->submitter, &address, context, &l->own_how);
	if (l->own_right == RIGHT_UNKNOWN)
		l->own_how =
		    slice_dup(&l->of->mem, slice_of(context->err->text));
	l->any = l->any || l->own_right == RIGHT_GRANTED ||
	    l->own_right == RIGHT_BEHALF;
}

int
lookup_login(struct lookup_rights *of, const struct lookup_style *style)
{
	struct listing l = { .of = of };
	struct err err;
	const struct table_context context = { .mem = &of->mem,
		.err = &err,
		.trace = style->explain ? &of->trace : NULL };
	bool is_whole = list_grants(&l, &context) == 0;

	/* What other tables say is of use all the same. */
	if (!is_whole)
		command_say("%s", err.text);
	find_own(&l, &context);
	for (size_t i = 0; i < of->rights.table_count; i++)
		list_table(&l, of->rights.tables[i]);
	if (style->explain && !style->json)
		lookup_explain(&of->trace, &of->mem);
	(style->json ? show_json : lookup_login_show)(&l);
	return !is_whole ? EXIT_LATER : l.any ? EXIT_YES : EXIT_NO;
}
