/* SPDX-License-Identifier: BSD-2-Clause */
/* "submilter lookup --login": all addresses that a login may use, and why. */
#include <stdio.h>

#include "cli/become.h"
#include "cli/options.h"
#include "lookup_priv.h"
#include "policy/rights.h"

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
	struct arena mem;
	struct config *config;
	struct table_set *tables;
	struct identity identity;
	struct rights rights;
	struct login_grants grants; /* of rights.logins */
	struct submitter submitter;
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

static void
print_fault(void *arg, bool is_error, const char *text)
{
	(void)arg;
	fprintf(stderr, "submilter lookup: %s: %s\n",
	    is_error ? "error" : "warning", text);
}

/* Whether the row decides; another may deny the address, or be more exact. */
static void
weigh(struct listing *l, struct entry *entry)
{
	struct slice how = SLICE("");
	struct address address;
	enum right right;
	struct err err;
	const struct table_context context = { .mem = &l->mem, .err = &err };

	entry->how = SLICE("");
	entry->counts = !entry->grant.expired && !entry->grant.denied;
	if (entry->key.data[0] == '@' || !slice_has(entry->key, '@') ||
	    !rights_login_address(entry->key, &l->mem, &address))
		return;
	right =
	    rights_check(&l->rights, &l->submitter, &address, &context, &how);
	entry->counts =
	    entry->counts && (right == RIGHT_GRANTED || right == RIGHT_BEHALF);
	if (right == RIGHT_UNKNOWN)
		entry->how = slice_dup(&l->mem, slice_of(err.text));
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
	    &l->mem, &array, &l->cap, l->count, sizeof(l->entries[0]));
	l->entries = array;
	l->entries[l->count++] = *entry;
}

/* What rights.logins has, which is asked, for the login is the key. */
static int
list_grants(struct listing *l, const struct table_context *context)
{
	struct login_grants grants;

	if (rights_of_login(&l->rights, &l->submitter, context, &grants) != 0)
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
		struct grant_walk walk = { row.value, l->submitter.login,
			l->config->main.domain, false };

		entry.key = row.key;
		entry.table = table_spec(row.of);
		entry.line = row.line;
		while (rights_next_grant(&walk, &l->mem, &entry.grant))
			add_entry(l, &entry);
		if (!walk.is_faulty)
			continue;
		array = l->faulty;
		arena_reserve_one(&l->mem, &array, &l->faulty_cap,
		    l->faulty_count, sizeof(l->faulty[0]));
		l->faulty = array;
		l->faulty[l->faulty_count++] = slice_format(&l->mem, "%.*s:%zu",
		    SLICE_ARGS(table_spec(row.of)), entry.line);
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
	return escape(&l->mem, text, 400);
}

static void
lookup_login_show(struct listing *l)
{
	printf("login %s\n", lookup_login_shown(l, l->submitter.login));
	if (l->own.len != 0)
		printf("%-32s %s  %s\n", lookup_login_shown(l, l->own),
		    own_word(l),
		    l->own_how.len != 0 ? lookup_login_shown(l, l->own_how) :
					  "the login as an address");
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
	for (size_t i = 0; i < l->rights.table_count; i++) {
		struct slice spec = table_spec(l->rights.tables[i]);

		if (!table_can_list(l->rights.tables[i]))
			printf("not listed: %s, whose rows are patterns: ask "
			       "\"submilter lookup --address TABLE ADDRESS\"\n",
			    lookup_login_shown(l, spec));
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

	strbuf_init(&buf, &l->mem);
	strbuf_add_char(&buf, '{');
	lookup_login_json_text(&buf, "login", l->submitter.login);
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
	for (size_t i = 0; i < l->rights.table_count; i++) {
		if (table_can_list(l->rights.tables[i]))
			continue;
		strbuf_add_cstr(&buf, before);
		json_append(&buf, table_spec(l->rights.tables[i]));
		before = ",";
	}
	strbuf_add_cstr(&buf, "]}\n");
	(void)fwrite(buf.data, 1, buf.len, stdout);
}

/*
 * Reads the tables as the milter's user: what it cannot read, it cannot ask.
 * Then who the login is, and whether it is an address of its own.
 */
static int
lookup_login_open(struct listing *l, const char *login, struct err *err)
{
	const struct client_facts client = { .said[FACT_AUTH_AUTHEN] =
						 slice_of(login) };
	const struct report report = { print_fault, NULL };
	const struct table_context context = { .mem = &l->mem, .err = err };
	const struct config *config = l->config;
	const struct table_use *uses;
	struct address address;
	size_t count;

	if (become_milter(config, err) != 0)
		return -1;
	uses = config_tables(config, &l->mem, &count);
	if (table_set_open(
		&(struct table_set_options){
		    .uses = uses, .count = count, .report = &report },
		&l->tables, err) != 0)
		return err_set(err, ERR_TEMP, "not all tables can be read");
	for (size_t i = 0; i < table_set_count(l->tables); i++) {
		if (table_is_down(table_set_at(l->tables, i), err))
			return -1;
	}
	identity_init(&l->identity, config, l->tables, &l->mem);
	rights_from_set(&l->rights, config, l->tables, &l->mem);
	identity_check_values(&l->identity, NULL, &report);
	rights_check_values(&l->rights, NULL, &report);
	/* As SMTP AUTH would prove it; else as a network would give it. */
	if (identity_find(&l->identity, &client, &context, &l->submitter) != 0)
		return -1;
	if (l->submitter.login.len == 0)
		l->submitter = (struct submitter){ .realm_counts = true,
			.login = login_normalise(
			    &l->mem, slice_of(login), config->main.domain) };
	l->rights.kept = &l->grants;
	if (list_grants(l, &context) != 0)
		return -1;
	l->own_right = RIGHT_NONE;
	if (!rights_login_address(l->submitter.login, &l->mem, &address))
		return 0;
	l->own = address.text;
	l->own_how = SLICE("");
	l->own_right = rights_check(
	    &l->rights, &l->submitter, &address, &context, &l->own_how);
	if (l->own_right == RIGHT_UNKNOWN)
		l->own_how = slice_dup(&l->mem, slice_of(err->text));
	l->any = l->any || l->own_right == RIGHT_GRANTED ||
	    l->own_right == RIGHT_BEHALF;
	return 0;
}

int
lookup_login(const char *config_path, const char *login, bool json)
{
	struct listing l = { .count = 0 };
	struct err err;
	int code = EXIT_LATER;

	if (config_read(
		config_path, print_config_fault, NULL, &l.config, &err) != 0)
		return EXIT_USAGE;
	if (identity_check_config(
		l.config, &(struct report){ print_fault, NULL }) != 0) {
		config_free(l.config);
		return EXIT_USAGE;
	}
	arena_init(&l.mem);
	if (lookup_login_open(&l, login, &err) == 0) {
		for (size_t i = 0; i < l.rights.table_count; i++)
			list_table(&l, l.rights.tables[i]);
		(json ? show_json : lookup_login_show)(&l);
		code = l.any ? EXIT_YES : EXIT_NO;
	} else {
		fprintf(stderr, "submilter lookup: %s\n", err.text);
	}
	table_set_free(l.tables);
	config_free(l.config);
	arena_done(&l.mem);
	return code;
}
