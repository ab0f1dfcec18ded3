/* SPDX-License-Identifier: BSD-2-Clause */
/* "submilter lookup --login LOGIN ADDRESS": one right, and where it stands. */
#include <stdio.h>

#include "cli/become.h"
#include "cli/options.h"
#include "conf/config_dns.h"
#include "input_priv.h"
#include "lookup_priv.h"

static void
print_fault(void *arg, bool is_error, const char *text)
{
	(void)arg;
	command_say("%s: %s", is_error ? "error" : "warning", text);
}

static int
open_tables(
    struct lookup_rights *of, const struct report *report, struct err *err)
{
	struct table_set_options options = { .report = report };
	int status;

	/* What the milter's user cannot read, the milter cannot ask. */
	if (become_milter(of->config, err) != 0)
		return -1;
	options.uses = config_tables(of->config, &of->mem, &options.count);
	options.world = config_table_world(of->config);
	status = table_set_open(&options, &of->tables, err);
	table_world_unref(options.world);
	if (status != 0)
		return err_set(err, err->kind, "not all tables can be read");
	for (size_t i = 0; i < table_set_count(of->tables); i++) {
		if (table_is_down(table_set_at(of->tables, i), err))
			return -1;
	}
	return 0;
}

/* As SMTP AUTH would prove the login; else as a network would give it. */
static int
find_submitter(struct lookup_rights *of, const char *login, struct err *err)
{
	const struct client_facts client = { .said[FACT_AUTH_AUTHEN] =
						 slice_of(login) };
	const struct table_context context = {
		.mem = &of->mem, .err = err, .trace = &of->trace
	};

	const struct header none = { .count = 0 };

	if (identity_find(&of->identity, &client, &context, &of->submitter) !=
		0 ||
	    (of->submitter.waits &&
		identity_find_in_header(&of->identity, &client, &none, &context,
		    &of->submitter) != 0))
		return -1;
	if (of->submitter.login.len == 0)
		of->submitter = (struct submitter){ .realm_counts = true,
			.login = login_normalise(&of->mem, slice_of(login),
			    of->config->main.domain) };
	return 0;
}

int
lookup_rights_open(
    struct lookup_rights *of, const char *config_path, const char *login)
{
	const struct report report = { print_fault, NULL };
	struct err err;

	*of = (struct lookup_rights){ .config = NULL };
	arena_init(&of->mem);
	of->trace.mem = &of->mem;
	if (input_config(
		config_path, print_config_fault, NULL, &of->config, &err) != 0)
		return command_fail(&err, EXIT_USAGE);
	if (identity_check_config(of->config, &report) != 0)
		return EXIT_USAGE;
	if (open_tables(of, &report, &err) == 0) {
		identity_init(&of->identity, of->config, of->tables, &of->mem);
		rights_from_set(&of->rights, of->config, of->tables, &of->mem);
		of->rights.kept = &of->grants;
		identity_check_values(&of->identity, NULL, &report);
		rights_check_values(&of->rights, NULL, &report);
		if (find_submitter(of, login, &err) == 0)
			return EXIT_YES;
	}
	command_say("%s", err.text);
	return err.kind == ERR_CONFIG ? EXIT_USAGE : EXIT_LATER;
}

void
lookup_rights_close(struct lookup_rights *of)
{
	table_set_free(of->tables);
	config_free(of->config);
	arena_done(&of->mem);
}

static const char *
right_said(enum right right)
{
	static const char *const words[] = {
		[RIGHT_UNJUDGED] = "unknown",
		[RIGHT_GRANTED] = "granted",
		[RIGHT_BEHALF] = "behalf",
		[RIGHT_NONE] = "not granted",
		[RIGHT_UNKNOWN] = "unknown",
	};

	return words[right];
}

static const char *
right_phrase(enum right right)
{
	static const char *const words[] = {
		[RIGHT_UNJUDGED] = "may or may not use",
		[RIGHT_GRANTED] = "may use",
		[RIGHT_BEHALF] = "may send on behalf of",
		[RIGHT_NONE] = "may not use",
		[RIGHT_UNKNOWN] = "may or may not use",
	};

	return words[right];
}

/* What is known of a right, and why. */
struct found_right {
	struct slice address;
	enum right right;
	struct slice how;
};

static void
print_right_json(const struct lookup_rights *of,
    const struct found_right *found, struct strbuf *buf)
{
	strbuf_add_cstr(buf, "{\"login\":");
	json_append(buf, of->submitter.login);
	strbuf_add_cstr(buf, ",\"address\":");
	json_append(buf, found->address);
	strbuf_addf(
	    buf, ",\"right\":\"%s\",\"how\":", right_said(found->right));
	json_append(buf, found->how);
}

static void
print_right(struct lookup_rights *of, const struct found_right *found,
    const struct lookup_style *style)
{
	struct strbuf buf;

	if (!style->json) {
		if (style->explain)
			lookup_explain(&of->trace, &of->mem);
		printf("%s %s %s%s%s\n",
		    escape(&of->mem, of->submitter.login, 400),
		    right_phrase(found->right),
		    escape(&of->mem, found->address, 400),
		    found->how.len == 0 ? "" : ": ",
		    /* Text of errors is clean, and has quotes. */
		    found->right == RIGHT_UNKNOWN ?
			slice_cstr(&of->mem, found->how) :
			escape(&of->mem, found->how, 1000));
		return;
	}
	strbuf_init(&buf, &of->mem);
	print_right_json(of, found, &buf);
	if (style->explain)
		lookup_explain_json(&of->trace, &buf);
	strbuf_add_cstr(&buf, "}\n");
	command_print(&buf);
}

int
lookup_right(struct lookup_rights *of, const char *text,
    const struct lookup_style *style)
{
	struct err err;
	const struct table_context context = { .mem = &of->mem,
		.err = &err,
		.trace = style->explain ? &of->trace : NULL };
	struct found_right found = { .how = SLICE("") };
	struct mailbox mailbox;
	struct address address;
	unsigned int constructs;
	bool is_null = false;

	if (reverse_path_parse(slice_of(text), &of->mem, &is_null, &mailbox,
		&constructs, &err) != 0 ||
	    is_null ||
	    address_canonical(&mailbox, of->config->main.domain, true, &of->mem,
		&address, NULL, &err) != 0) {
		command_say("ADDRESS: %s",
		    is_null ? "the null address has no rights" : err.text);
		return EXIT_USAGE;
	}
	found.address = address.text;
	found.right = rights_check(
	    &of->rights, &of->submitter, &address, &context, &found.how);
	if (found.right == RIGHT_UNKNOWN)
		found.how = slice_of(err.text);
	else if (found.right == RIGHT_NONE && found.how.len == 0)
		found.how = SLICE("no table and no rule grants it");
	print_right(of, &found, style);
	return found.right == RIGHT_UNKNOWN ? EXIT_LATER :
	    found.right == RIGHT_NONE	    ? EXIT_NO :
					      EXIT_YES;
}
