/* SPDX-License-Identifier: BSD-2-Clause */
/* "submilter keys": which keys sign, and what DNS shows of them. */
#include "cli/keys.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/terminal.h"
#include "cli/become.h"
#include "cli/options.h"
#include "input_priv.h"
#include "message/address.h"
#include "keys/key_lookup.h"
#include "keys/key_role.h"
#include "keys/key_table.h"
#include "operands_priv.h"
#include "progress_priv.h"

static const char usage[] =
    "usage: submilter keys [-c FILE] [--look-up] [--json] [DOMAIN ...|-]\n"
    "       submilter keys [-c FILE] --forget DOMAIN ...|-\n"
    "\n"
    "Says of each key, or of those of the domains, whether it signs and what DNS\n"
    "shows of it, as far as the running milter knows.\n"
    "\n"
    "  -c, --config FILE    the configuration (default: " DEFAULT_CONFIG_FILE
    ")\n"
    "      --look-up        ask DNS now, too; the milter is not told\n"
    "      --json           for programs\n"
    "      --forget         a domain whose keys are gone is to sign no more\n"
    "\n"
    "  signing      the newest of its algorithm that is published\n"
    "  overlap      published, but a newer one signs: leave key and record\n"
    "  retire       the same for long enough: move the key away, and remove its\n"
    "               record some days later\n"
    "  pending      not published yet: publish its record\n"
    "  unpublished, differs, revoked, unusable\n"
    "               no verifier accepts it: correct its record\n"
    "  unknown      DNS has not said\n"
    "\n"
    "Exit codes: 0 each domain has a key that signs, all files of keys can be used,\n"
    "and no record is to be corrected, 1 otherwise, 2 usage, 75 not known now.\n";

static const char no_domain[] = "no domain is named";

struct request {
	const char *config_path;
	bool look_up;
	bool json;
	bool forget;
	struct slice *domains; /* in canonical form */
	size_t domain_count;
};

/* What is read for an answer. */
struct view {
	struct arena mem;
	struct config *config;
	struct key_tables tables;
	struct keystore *store;
	struct key_history *history;
	struct strbuf out;
	size_t printed;
	bool bad;
	bool unsure;
};

static void
report_key(void *arg, bool is_error, const char *text)
{
	(void)arg;
	(void)is_error;
	command_say("%s", text);
}

static bool
is_wanted(const void *arg, struct slice domain)
{
	const struct request *request = arg;

	for (size_t i = 0; i < request->domain_count; i++) {
		if (slice_eq(request->domains[i], domain))
			return true;
	}
	return request->domain_count == 0;
}

static void
show_progress(void *arg, size_t done)
{
	struct progress *progress = arg;

	if (progress_is_due(progress))
		progress_show(progress, "keys looked up: %zu", done);
}

static int
look_up(struct view *view, const struct request *request, struct err *err)
{
	struct progress progress;
	int status;

	progress_begin(&progress);
	status = key_lookup_all(view->config,
	    &(struct key_lookup_scope){ .store = view->store,
		.history = view->history,
		.is_wanted = is_wanted,
		.arg = request,
		.progress = show_progress,
		.progress_arg = &progress },
	    err);
	progress_clear();
	return status;
}

static int
open_view(struct view *view, struct request *request,
    const struct operands *names, struct err *err)
{
	const struct report report = { report_key, NULL };
	struct slice path;
	bool found;

	request->domain_count = names->count;
	request->domains = arena_array(
	    &view->mem, request->domain_count + 1, sizeof(*request->domains));
	for (size_t i = 0; i < request->domain_count; i++) {
		struct slice name = slice_of(names->items[i]);

		if (domain_canonical(
			name, &view->mem, &request->domains[i], err) != 0)
			return err_wrap(
			    err, "%s", escape(&view->mem, name, 255));
	}
	if (input_config(request->config_path, print_config_fault, NULL,
		&view->config, err) != 0 ||
	    become_milter(view->config, err) != 0)
		return -1;
	if (!config_has_keys(view->config))
		return err_set(err, ERR_CONFIG,
		    "%s: \"keys\" names no directory", view->config->path.data);
	if (key_tables_open(view->config, &report, &view->tables, err) != 0 ||
	    keystore_open(key_source_from_config(view->config, &view->tables),
		&(struct keystore_options){ .report = &report }, &view->store,
		err) != 0)
		return -1;
	keystore_read_all(view->store, &report);
	path = view->config->sign.key_states;
	if (key_history_read(view->history, path, &found, err) != 0)
		command_say("%s is not used: %s", slice_cstr(&view->mem, path),
		    err->text);
	if (!request->forget && view->config->sign.dkim_key != DKIM_KEY_OFF)
		key_history_recall(view->history, path, view->store,
		    &(struct recall){ .directory = view->config->main.keys,
			.unpublished = !key_status_required(view->config),
			.report = &report });
	return request->look_up ? look_up(view, request, err) : 0;
}

/* "2026-11-24T10:00Z", in UTC; "-" for never. */
static const char *
date(struct arena *mem, time_t when)
{
	char text[32];
	struct tm tm;

	if (when == 0 || gmtime_r(&when, &tm) == NULL ||
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%MZ", &tm) == 0)
		return "-";
	return slice_cstr(mem, slice_of(text));
}

/* What DNS said, and that it says nothing now. */
static struct slice
sentence(struct view *view, const struct key_past *past)
{
	if (past->looked == 0)
		return SLICE("DNS was not asked yet");
	if (past->fault.len == 0)
		return past->text;
	if (past->text.len == 0)
		return past->fault;
	return slice_format(&view->mem, "%.*s; before: %.*s",
	    SLICE_ARGS(past->fault), SLICE_ARGS(past->text));
}

/* Its keys; what they are together goes into bad and unsure. */
static void
print_domain(struct view *view, const struct domain_keys *domain, bool json)
{
	struct key_role_rules rules =
	    key_role_rules_from_config(view->config, clock_now());
	enum key_role roles[MAX_KEYS_OF_DOMAIN];
	struct strbuf *out = &view->out;
	bool signs = false, unknown = false;

	key_roles_decide(view->history, domain, &rules, roles);
	view->bad = view->bad || domain->fault.len != 0;
	for (size_t k = 0; k < domain->count; k++) {
		const struct sign_key *key = domain->keys[k];
		const char *algorithm =
		    key->algorithm == KEY_RSA_SHA256 ? "rsa" : "ed25519";
		const char *role = key_role_name(roles[k]);
		struct key_past past;

		signs = signs || roles[k] == KEY_ROLE_SIGNING;
		unknown = unknown || roles[k] == KEY_ROLE_UNKNOWN;
		view->bad = view->bad || roles[k] == KEY_ROLE_UNPUBLISHED ||
		    roles[k] == KEY_ROLE_DIFFERS ||
		    roles[k] == KEY_ROLE_REVOKED ||
		    roles[k] == KEY_ROLE_UNUSABLE;
		key_history_get(view->history, key, &view->mem, &past);
		if (!json) {
			strbuf_addf(out,
			    "%.*s %.*s %s-%u %s published=%s last=%s asked=%s ",
			    SLICE_ARGS(key->domain), SLICE_ARGS(key->selector),
			    algorithm, key->bits,
			    toned(terminal_has_colours(STDOUT_FILENO),
				key_role_tone(roles[k]), role, &view->mem),
			    date(&view->mem, past.first_seen),
			    date(&view->mem, past.last_seen),
			    date(&view->mem, past.looked));
			strbuf_add(out, sentence(view, &past));
			strbuf_add_char(out, '\n');
			continue;
		}
		strbuf_addf(
		    out, "%s{\"domain\":", view->printed++ == 0 ? "" : ",");
		json_append(out, key->domain);
		strbuf_add_cstr(out, ",\"selector\":");
		json_append(out, key->selector);
		strbuf_addf(out,
		    ",\"algorithm\":\"%s\",\"bits\":%u,\"state\":\"%s\","
		    "\"dns\":\"%s\",\"first_seen\":%lld,\"last_seen\":%lld,"
		    "\"since\":%lld,\"answered\":%lld,\"asked\":%lld,\"file\":",
		    algorithm, key->bits, role, key_status_name(past.status),
		    (long long)past.first_seen, (long long)past.last_seen,
		    (long long)past.since, (long long)past.answered,
		    (long long)past.looked);
		json_append(out, key->path);
		strbuf_add_cstr(out, ",\"text\":");
		json_append(out, sentence(view, &past));
		strbuf_add_char(out, '}');
	}
	view->bad = view->bad || (!signs && !unknown);
	view->unsure = view->unsure || unknown;
}

static int
print_view(struct view *view, const struct request *request)
{
	for (size_t i = 0; i < request->domain_count; i++) {
		if (keystore_has_domain(view->store, request->domains[i]))
			continue;
		command_say("%s: the domain has no key",
		    escape(&view->mem, request->domains[i], 255));
		view->bad = true;
	}
	strbuf_add_cstr(&view->out, request->json ? "{\"keys\":[" : "");
	for (size_t d = 0; d < keystore_domain_count(view->store); d++) {
		const struct domain_keys *domain =
		    keystore_domain(view->store, d, &view->mem);

		if (is_wanted(request, domain->domain))
			print_domain(view, domain, request->json);
	}
	strbuf_add_cstr(&view->out, request->json ? "]}\n" : "");
	command_print(&view->out);
	return view->bad ? EXIT_NO : view->unsure ? EXIT_LATER : EXIT_YES;
}

/* Domains whose keys are gone; what is still there is not forgotten. */
static int
forget(struct view *view, const struct request *request)
{
	struct slice path = view->config->sign.key_states;
	int code = EXIT_YES;

	for (size_t i = 0; i < request->domain_count; i++) {
		struct slice domain = request->domains[i];
		const char *name = escape(&view->mem, domain, 255);
		bool known = true;
		struct err err;
		int status;

		if (keystore_has_domain(view->store, domain))
			status = err_set(&err, ERR_DATA,
			    "the domain has a directory of keys: move it away first");
		else
			status = key_history_forget(path, domain, &known, &err);
		if (!known)
			status = err_set(&err, ERR_DATA,
			    "%.*s has no key of the domain", SLICE_ARGS(path));
		if (status == 0) {
			printf(
			    "%s is forgotten; the running milter takes "
			    "notice within seconds. If it goes on with keys "
			    "that it read before, restart it and forget once "
			    "more.\n",
			    name);
			continue;
		}
		command_say("%s: %s", name, err.text);
		if (code == EXIT_YES)
			code = err.kind == ERR_TEMP ? EXIT_LATER : EXIT_NO;
	}
	return code;
}

int
keys_main(int argc, char **argv)
{
	struct request request = { .config_path = DEFAULT_CONFIG_FILE };
	const struct command_option options[] = {
		{ "config", 'c', .text = &request.config_path },
		{ "look-up", .flag = &request.look_up },
		{ "json", .flag = &request.json },
		{ "forget", .flag = &request.forget },
		{ .name = NULL },
	};
	struct view view = { .history = NULL };
	struct operands names;
	struct err err;
	int code = options_read(argc, argv, options, usage);

	if (code != OPTIONS_READ)
		return code;
	if (request.forget && (request.look_up || request.json))
		return wrong_usage(
		    usage, "--forget has neither --look-up nor --json");
	if (request.forget && optind == argc)
		return wrong_usage(usage, no_domain);
	arena_init(&view.mem);
	strbuf_init(&view.out, &view.mem);
	view.history = key_history_new();
	code = operands_read(argv + optind, &view.mem, &names);
	if (code == EXIT_YES && optind != argc && names.count == 0)
		code = wrong_usage(usage, no_domain);
	if (code != EXIT_YES)
		;
	else if (open_view(&view, &request, &names, &err) != 0)
		code = command_fail(&err, EXIT_USAGE);
	else if (request.forget)
		code = forget(&view, &request);
	else
		code = print_view(&view, &request);
	key_history_unref(view.history);
	keystore_free(view.store);
	key_tables_close(&view.tables);
	config_free(view.config);
	arena_done(&view.mem);
	return code;
}
