/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether each table can be asked: its server, the way there, and the query. */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "check_tables_priv.h"

/* For one table, whatever it is asked. */
enum { CHECK_SECONDS = 10, MAX_DOMAINS = 4, SHOWN_OCTETS = 200 };

const char check_nobody[] = "nobody.submilter-check";

enum table_answer
check_ask(const struct checked_table *checked, struct slice key,
    struct table_trace *trace, struct slice *ret_value, struct err *err)
{
	const struct table_context context = { .mem = checked->found->mem,
		.deadline_us = checked->deadline_us,
		.err = err,
		.trace = trace };

	*trace = (struct table_trace){ .mem = checked->found->mem };
	return table_lookup_one(checked->table, key, &context, ret_value);
}

struct slice
check_own_domain(const struct checked_table *checked, size_t index)
{
	const struct config *config = checked->snapshot->config;
	const struct slice_list *realms = &config->identify.realms;
	const struct keystore *keys = checked->snapshot->keys;

	if (config->main.domain.len != 0 && index-- == 0)
		return config->main.domain;
	for (size_t i = 0; i < realms->count; i++) {
		if (!slice_eq(realms->items[i], SLICE(CONFIG_ANY_REALM)) &&
		    index-- == 0)
			return realms->items[i];
	}
	if (keys != NULL && index < keystore_domain_count(keys))
		return keystore_domain_name(keys, index);
	return SLICE("");
}

/*
 * What is wrong, by words of the message, and what mends it; the first that
 * stands in it counts. FILE is the file of the table, or its name.
 */
static const struct {
	const char *word;
	const char *fix;
} remedies[] = {
	{ "certificate", "the CA and the names of the server in " },
	{ "TLS", "the settings of TLS in " },
	{ "No such file or directory", "start the server, or the path in " },
	{ "Permission denied", "let the milter's user to the socket, or " },
	{ "Connection refused", "start the server, or its address in " },
	{ "its address", "the name of the server in " },
	{ "know the secret", "see that the server runs and has our secret: " },
	{ "no answer within", "see why the server is slow, or a firewall: " },
	{ "no time left", "see why the server is slow, or a firewall: " },
	{ "redential", "user and password in " },
	{ "assword", "user and password in " },
	{ "uthentication", "user and password in " },
	{ "Access denied", "user and password in " },
	{ "NOAUTH", "user and password in " },
	{ "NOPERM", "the rights of the user in " },
	{ "ermission", "GRANT SELECT, or the like, to the user in " },
	{ "denied", "GRANT SELECT, or the like, to the user in " },
	{ "does not exist", "the query in " },
	{ "doesn't exist", "the query in " },
	{ "no such", "the query in " },
	{ "No such object", "search_base in " },
	{ "ilter", "query_filter in " },
	{ "yntax", "the query in " },
	{ "the server says", "the log of the server of " },
};

static void
note_file(void *arg, struct slice path)
{
	struct strbuf *buf = arg;

	if (buf->len == 0)
		escape_append(buf, path, SHOWN_OCTETS);
}

/* The command that shows more, where no word is known. */
static const char *
remedy(const struct checked_table *checked, const struct table_asked *asked,
    const char *text)
{
	struct arena *mem = checked->found->mem;
	struct slice spec = table_spec(asked->table);
	struct strbuf file;

	strbuf_init(&file, mem);
	table_spec_files(spec, note_file, &file);
	if (file.len == 0)
		escape_append(&file, spec, SHOWN_OCTETS);
	for (size_t i = 0; i < sizeof(remedies) / sizeof(remedies[0]); i++) {
		if (strstr(text, remedies[i].word) != NULL)
			return slice_format(mem, "%s%.*s", remedies[i].fix,
			    SLICE_ARGS(strbuf_slice(&file)))
			    .data;
	}
	return slice_format(mem, "submilter lookup --explain %s %s",
	    shell_quoted(mem, slice_cstr(mem, spec)),
	    shell_quoted(mem, slice_cstr(mem, asked->key)))
	    .data;
}

/* The innermost part that failed: others fail because it does. */
static const struct table_asked *
find_fault(const struct table_trace *trace)
{
	const struct table_asked *fault = &trace->items[0];

	for (size_t i = 0; i < trace->count; i++) {
		if (trace->items[i].answer == TABLE_FAILED &&
		    trace->items[i].depth >= fault->depth)
			fault = &trace->items[i];
	}
	return fault;
}

static void
report_fault(
    const struct checked_table *checked, const struct table_trace *trace)
{
	const struct table_asked *fault = find_fault(trace);
	struct arena *mem = checked->found->mem;
	const char *at = "", *text = fault->why.text;

	if (fault->hosts.len != 0 && strstr(text, fault->hosts.data) == NULL)
		at = slice_format(mem, " (server %s)",
		    escape(mem, fault->hosts, SHOWN_OCTETS))
			 .data;
	finding_add(checked->found, FINDING_ERROR, remedy(checked, fault, text),
	    "%s: %s%s: mail that needs it is answered with 451",
	    checked->option, text, at);
}

/* The hosts that answered, and the longest time that one of them took. */
static void
report_good(
    const struct checked_table *checked, const struct table_trace *trace)
{
	struct arena *mem = checked->found->mem;
	struct slice spec = table_spec(checked->table), hosts = SLICE("");
	size_t rows = table_rows(checked->table);
	uint64_t micros = 0;

	for (size_t i = 0; i < trace->count; i++) {
		const struct table_asked *asked = &trace->items[i];

		if (asked->hosts.len == 0)
			continue;
		hosts = hosts.len == 0 ?
		    asked->hosts :
		    slice_format(mem, "%.*s, %.*s", SLICE_ARGS(hosts),
			SLICE_ARGS(asked->hosts));
		if (asked->micros > micros)
			micros = asked->micros;
	}
	if (hosts.len != 0)
		finding_add(checked->found, FINDING_OK, NULL,
		    "%s: %.*s: %s answers in %" PRIu64 ".%" PRIu64 " ms",
		    checked->option, SLICE_ARGS(spec),
		    escape(mem, hosts, SHOWN_OCTETS), micros / 1000,
		    micros % 1000 / 100);
	else if (rows > 0)
		finding_add(checked->found, FINDING_OK, NULL,
		    "%s: %.*s: %zu row%s", checked->option, SLICE_ARGS(spec),
		    rows, rows == 1 ? "" : "s");
	else
		finding_add(checked->found, FINDING_OK, NULL, "%s: %.*s",
		    checked->option, SLICE_ARGS(spec));
}

/* A key of the kind that the option is about, at a domain, that nobody has. */
static struct slice
nobody_at(const struct checked_table *checked, struct slice domain)
{
	if (strcmp(checked->option, "identify.network") == 0 ||
	    strcmp(checked->option, "identify.pop-before-smtp") == 0)
		return SLICE("192.0.2.255");
	if (strcmp(checked->option, "preflight.egress-table") == 0)
		return SLICE("submilter-check.invalid");
	return slice_format(
	    checked->found->mem, "%s@%.*s", check_nobody, SLICE_ARGS(domain));
}

static bool
asked_a_server(const struct table_trace *trace)
{
	for (size_t i = 0; i < trace->count; i++) {
		if (trace->items[i].hosts.len != 0)
			return true;
	}
	return false;
}

/*
 * Asks for nobody. A table may be restricted to some domains, and answers for
 * others without a question to its server: then for nobody at our own ones.
 * False: it is not to be asked any further.
 */
static bool
ask_for_nobody(const struct checked_table *checked)
{
	struct slice domain = SLICE("submilter-check.invalid"), value;
	struct table_trace trace;
	struct err err;

	for (size_t i = 0; i <= MAX_DOMAINS; i++) {
		struct slice key = nobody_at(checked, domain);

		switch (check_ask(checked, key, &trace, &value, &err)) {
		case TABLE_FAILED:
			report_fault(checked, &trace);
			return false;
		case TABLE_FOUND:
		case TABLE_ABSENT:
			break;
		}
		domain = check_own_domain(checked, i);
		if (asked_a_server(&trace) || domain.len == 0)
			break;
	}
	report_good(checked, &trace);
	return asked_a_server(&trace);
}

void
check_tables(struct findings *found, const struct snapshot *snapshot)
{
	size_t count;
	const struct table_use *uses =
	    config_tables(snapshot->config, found->mem, &count);

	for (size_t i = 0; i < count; i++) {
		struct checked_table checked = { .found = found,
			.snapshot = snapshot,
			.table = table_set_find(snapshot->tables, uses[i].spec),
			.option = uses[i].option,
			.deadline_us =
			    clock_monotonic_us() + CHECK_SECONDS * 1000000ULL };
		struct err err;

		/* The snapshot has warned of it. */
		if (table_is_down(checked.table, &err))
			findings_put_off(found, err.text);
		else if (ask_for_nobody(&checked))
			check_lookalikes(&checked);
	}
}
