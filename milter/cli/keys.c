/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/keys.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cli/options.h"
#include "daemon/account.h"
#include "message/address.h"
#include "preflight/key_sight.h"

static const char usage[] =
"usage: submilter keys [-c FILE] [--look-up] [--json] [DOMAIN ...]\n"
"\n"
"Says of each key, or of those of the domains, whether it signs and what DNS\n"
"shows of it, as far as the running milter knows.\n"
"\n"
"  -c, --config FILE    the configuration (default: " DEFAULT_CONFIG_FILE ")\n"
"      --look-up        ask DNS now, too; the milter is not told\n"
"      --json           for programs\n"
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

struct request {
	const char *config_path;
	bool look_up;
	bool json;
	struct slice *domains;	/* in canonical form */
	size_t domain_count;
};

/* What is read for an answer. */
struct view {
	struct arena mem;
	struct config *config;
	struct keystore *store;
	struct key_states *states;
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
	fprintf(stderr, "%s\n", text);
}

/* Keys and states are read as the milter reads them. */
static int
become_milter(const struct config *config, struct arena *mem, struct err *err)
{
	struct account account;

	if (account_find(config, mem, &account, err) != 0)
		return -1;
	return account.change_user ? account_become(&account, err) : 0;
}

static int
open_view(struct view *view, const struct request *request, struct err *err)
{
	struct slice path;
	bool found;

	if (config_read(request->config_path, print_config_fault, NULL,
	    &view->config, err) != 0 ||
	    become_milter(view->config, &view->mem, err) != 0)
		return -1;
	if (view->config->main.keys.len == 0)
		return err_set(err, ERR_CONFIG, "%s: \"keys\" names no "
		    "directory", request->config_path);
	if (keystore_load(view->config->main.keys, NULL, report_key, NULL,
	    &view->store, err) != 0)
		return -1;
	path = view->config->preflight.key_states;
	if (key_states_read(view->states, path, &found, err) != 0)
		fprintf(stderr, "%s is not used: %s\n",
		    slice_cstr(&view->mem, path), err->text);
	return 0;
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

static const char *
algorithm_name(const struct sign_key *key)
{
	return key->algorithm == KEY_RSA_SHA256 ? "rsa" : "ed25519";
}

/* What DNS said, and that it says nothing now. */
static struct slice
sentence(struct view *view, const struct key_sighting *sighting)
{
	if (sighting->looked == 0)
		return SLICE("DNS was not asked yet");
	if (sighting->fault.len == 0)
		return sighting->text;
	if (sighting->text.len == 0)
		return sighting->fault;
	return slice_format(&view->mem, "%.*s; before: %.*s",
	    SLICE_ARGS(sighting->fault), SLICE_ARGS(sighting->text));
}

static void
print_text(struct view *view, const struct sign_key *key, enum key_use use,
    const struct key_sighting *sighting)
{
	struct strbuf *out = &view->out;

	strbuf_addf(out, "%.*s %.*s %s-%u %s published=%s last=%s asked=%s ",
	    SLICE_ARGS(key->domain), SLICE_ARGS(key->selector),
	    algorithm_name(key), key->bits, key_use_name(use),
	    date(&view->mem, sighting->first_seen),
	    date(&view->mem, sighting->last_seen),
	    date(&view->mem, sighting->looked));
	strbuf_add(out, sentence(view, sighting));
	strbuf_add_char(out, '\n');
}

static void
print_json(struct view *view, const struct sign_key *key, enum key_use use,
    const struct key_sighting *sighting)
{
	struct strbuf *out = &view->out;

	strbuf_addf(out, "%s{\"domain\":", view->printed == 0 ? "" : ",");
	json_append(out, key->domain);
	strbuf_add_cstr(out, ",\"selector\":");
	json_append(out, key->selector);
	strbuf_addf(out, ",\"algorithm\":\"%s\",\"bits\":%u,\"state\":\"%s\","
	    "\"dns\":\"%s\",\"first_seen\":%lld,\"last_seen\":%lld,"
	    "\"since\":%lld,\"answered\":%lld,\"asked\":%lld,\"file\":",
	    algorithm_name(key), key->bits, key_use_name(use),
	    key_state_name(sighting->state), (long long)sighting->first_seen,
	    (long long)sighting->last_seen, (long long)sighting->since,
	    (long long)sighting->answered, (long long)sighting->looked);
	json_append(out, key->path);
	strbuf_add_cstr(out, ",\"text\":");
	json_append(out, sentence(view, sighting));
	strbuf_add_char(out, '}');
}

static void
judge(struct view *view, const enum key_use *uses, size_t count)
{
	bool signs = false, unknown = false;

	for (size_t i = 0; i < count; i++) {
		signs = signs || uses[i] == KEY_USE_SIGNING;
		unknown = unknown || uses[i] == KEY_USE_UNKNOWN;
		view->bad = view->bad || uses[i] == KEY_USE_UNPUBLISHED ||
		    uses[i] == KEY_USE_DIFFERS || uses[i] == KEY_USE_REVOKED ||
		    uses[i] == KEY_USE_UNUSABLE;
	}
	view->bad = view->bad || (!signs && !unknown);
	view->unsure = view->unsure || unknown;
}

static void
print_domain(struct view *view, const struct domain_keys *domain, bool json)
{
	struct key_rules rules = key_rules_from_config(view->config);
	enum key_use uses[MAX_KEYS_OF_DOMAIN];

	key_states_uses(view->states, domain, &rules, clock_now(), uses);
	judge(view, uses, domain->count);
	view->bad = view->bad || domain->fault.len != 0;
	for (size_t k = 0; k < domain->count; k++) {
		struct key_sighting sighting;

		key_states_get(view->states, domain->keys[k], &view->mem,
		    &sighting);
		if (json)
			print_json(view, domain->keys[k], uses[k], &sighting);
		else
			print_text(view, domain->keys[k], uses[k], &sighting);
		view->printed++;
	}
}

static int
print_view(struct view *view, const struct request *request)
{
	for (size_t i = 0; i < request->domain_count; i++) {
		if (keystore_find(view->store, request->domains[i]) != NULL)
			continue;
		fprintf(stderr, "%s: there is no key of that domain\n",
		    escape(&view->mem, request->domains[i], 255));
		view->bad = true;
	}
	strbuf_add_cstr(&view->out, request->json ? "{\"keys\":[" : "");
	for (size_t d = 0; d < keystore_domain_count(view->store); d++) {
		const struct domain_keys *domain =
		    keystore_domain(view->store, d);

		if (is_wanted(request, domain->domain))
			print_domain(view, domain, request->json);
	}
	strbuf_add_cstr(&view->out, request->json ? "]}\n" : "");
	if (fwrite(view->out.data, 1, view->out.len, stdout) !=
	    view->out.len || fflush(stdout) != 0) {
		fprintf(stderr, "standard output: %s\n", strerror(errno));
		return EXIT_USAGE;
	}
	return view->bad ? EXIT_NO : view->unsure ? EXIT_LATER : EXIT_YES;
}

static int
read_domains(struct request *request, char *const *names, struct arena *mem,
    struct err *err)
{
	request->domains = arena_array(mem, request->domain_count + 1,
	    sizeof(*request->domains));
	for (size_t i = 0; i < request->domain_count; i++) {
		if (domain_canonical(slice_of(names[i]), mem,
		    &request->domains[i], err) != 0)
			return err_wrap(err, "%s",
			    escape(mem, slice_of(names[i]), 255));
	}
	return 0;
}

static int
show(struct request *request, char *const *names)
{
	struct view view = { .states = key_states_new() };
	struct err err;
	int code;

	arena_init(&view.mem);
	strbuf_init(&view.out, &view.mem);
	if (read_domains(request, names, &view.mem, &err) != 0 ||
	    open_view(&view, request, &err) != 0 ||
	    (request->look_up && key_sight_look_all(view.config,
	    view.states, view.store, is_wanted, request, &err) != 0)) {
		fprintf(stderr, "%s\n", err.text);
		code = err.kind == ERR_TEMP ? EXIT_LATER : EXIT_USAGE;
	} else {
		code = print_view(&view, request);
	}
	key_states_unref(view.states);
	keystore_free(view.store);
	config_free(view.config);
	arena_done(&view.mem);
	return code;
}

int
keys_main(int argc, char **argv)
{
	enum { LOOK_UP = 256, JSON };
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "look-up", no_argument, NULL, LOOK_UP },
		{ "json", no_argument, NULL, JSON },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct request request = { .config_path = DEFAULT_CONFIG_FILE };
	int option;

	while ((option = option_next(argc, argv, ":c:h", options)) != -1) {
		switch (option) {
		case 'c':
			request.config_path = optarg;
			break;
		case LOOK_UP:
			request.look_up = true;
			break;
		case JSON:
			request.json = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return EXIT_YES;
		default:
			fputs(usage, stderr);
			return EXIT_USAGE;
		}
	}
	request.domain_count = (size_t)(argc - optind);
	return show(&request, argv + optind);
}
