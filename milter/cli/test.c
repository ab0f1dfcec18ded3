/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "check/check.h"
#include "cli/become.h"
#include "cli/options.h"
#include "input_priv.h"
#include "keys/key_lookup.h"
#include "sign/signer.h"
#include "test_priv.h"

enum { MAX_MESSAGE_BYTES = 256 * 1024 * 1024 };

static const char usage[] =
    "usage: submilter test [-c FILE] [--auth LOGIN] [OPTION ...] MESSAGE.eml\n"
    "\n"
    "Says what the milter would do with a message, why, and what the message would\n"
    "become. Nothing is sent. Exit codes: 0 accepted, 1 refused, 2 usage, 75 would\n"
    "be asked to come again later.\n"
    "\n"
    "  -c, --config FILE      the configuration (default: " DEFAULT_CONFIG_FILE
    ")\n"
    "      --auth LOGIN       the login of SMTP AUTH; without it: not logged in\n"
    "      --auth-type WORD   how it was proved ({auth_type}); XCLIENT: by a proxy\n"
    "      --cert-subject X   subject of the client's certificate ({cert_subject})\n"
    "      --cert-issuer X    who issued it, as the MTA writes {cert_issuer}\n"
    "      --cert-fp X        its fingerprint ({cert_fp})\n"
    "      --verify WORD      what Sendmail thinks of it ({verify}), like OK\n"
    "      --login-field X    a login, or a fingerprint, in the field that Postfix\n"
    "                         writes (identify.login-field), with its secret\n"
    "      --daemon NAME      the service of the MTA ({daemon_name})\n"
    "      --daemon-port N    its port ({daemon_port})\n"
    "      --mail-from ADDR   the reverse-path, <> for the null one; default: the\n"
    "                         login if it is an address\n"
    "      --mail-addr ADDR   how the MTA would understand it ({mail_addr})\n"
    "      --rcpt ADDR        a recipient, to be counted; may be repeated\n"
    "      --client IP        the client's address (default: 192.0.2.1)\n"
    "      --client-name NAME the name of that address ({client_name}, {client_ptr})\n"
    "      --client-resolve X what the MTA found of it ({client_resolve}): OK, the\n"
    "                         default for a name, FORGED, FAIL or TEMP\n"
    "      --hostname NAME    the MTA's own name ({j})\n"
    "      --mta NAME         postfix, sendmail or unknown; default: the one that\n"
    "                         the configuration names, or that this host has\n"
    "      --smtputf8         MAIL has the parameter SMTPUTF8\n"
    "      --zone FILE        a master file that is all of DNS there is\n"
    "      --now SECONDS      judge as if it were then (seconds since 1970)\n"
    "      --json             for programs; the message is a member of the answer\n"
    "      --explain          how login and rights came about: methods, and each key\n"
    "                         of each table that was asked\n"
    "      --report-only      do not print the resulting message\n"
    "MESSAGE.eml may be - for standard input.\n";

enum { MAX_RCPTS = 100 };

struct request {
	const char *config_path;
	const char *auth;
	const char *said[FACT_COUNT]; /* macros that an option names */
	const char *login_field;
	const char *mail_from;
	const char *mail_addr;
	const char *client;
	const char *hostname;
	const char *mta_word;
	const char *zone;
	const char *now;
	const char *file;
	struct option_list rcpts;
	struct net_addr client_addr;
	struct test_mta mta;
	bool smtputf8;
	bool json;
	bool report_only;
	bool explain;
};

static void
test_print_part_fault(void *arg, bool is_error, const char *text)
{
	CLEANUP(arena_done) struct arena mem;

	(void)arg;
	arena_init(&mem);
	command_say_fault(
	    slice_format(&mem, "%s%s", is_error ? "" : "warning: ", text).data);
}

struct verification {
	struct strbuf *text;
	bool json;
	size_t count;
};

static void
report_signature(void *arg, struct slice domain, struct slice selector,
    bool passed, const char *why)
{
	struct verification *report = arg;
	struct strbuf *buf = report->text;

	if (report->json) {
		strbuf_add_cstr(buf, report->count == 0 ? "" : ",");
		strbuf_add_cstr(buf, "{\"d\":");
		json_append(buf, domain);
		strbuf_add_cstr(buf, ",\"s\":");
		json_append(buf, selector);
		strbuf_addf(
		    buf, ",\"verified\":%s}", passed ? "true" : "false");
	} else {
		strbuf_add_cstr(buf, "signature    ");
		escape_append(buf, domain, 255);
		strbuf_add_char(buf, '/');
		escape_append(buf, selector, 255);
		strbuf_addf(buf, "  %s%s%s\n",
		    passed ? "verified by libopendkim" : "DOES NOT VERIFY",
		    passed || why == NULL ? "" : ": ",
		    passed || why == NULL ? "" : why);
	}
	report->count++;
}

/*
 * The header as it goes on, without the signatures that the client brought: we
 * do not judge them, and libopendkim may fail at them. *ret_made is the number
 * of our own.
 */
static const struct field *
fields_to_verify(const struct edits *edits, size_t *ret_count, size_t *ret_made)
{
	size_t viewed, made = 0, count = 0;
	const struct field *view = edits_view(edits, &viewed);
	struct field *fields =
	    arena_array(edits->mem, viewed + 1, sizeof(*fields));

	for (size_t i = 0; i < edits->count; i++) {
		if (edits->fields[i].state == FIELD_ON_TOP &&
		    slice_eq_nocase(
			edits->fields[i].field.name, SLICE("DKIM-Signature")))
			made++;
	}
	/* Fields that were put on top come first. */
	for (size_t i = 0, seen = 0; i < viewed; i++) {
		if (!slice_eq_nocase(view[i].name, SLICE("DKIM-Signature")) ||
		    seen++ < made)
			fields[count++] = view[i];
	}
	*ret_count = count;
	*ret_made = made;
	return fields;
}

static void
gather_body(void *arg, struct slice text)
{
	strbuf_add(arg, text);
}

/* The signatures that were made, verified by libopendkim. */
static int
verify(struct message *message, struct slice body, struct verification *report,
    struct err *err)
{
	struct keystore *store = message_snapshot(message)->keys;
	struct arena *mem = message_arena(message);
	size_t count, made, domains, held_count = 0, key_count = 0;
	const struct field *fields =
	    fields_to_verify(message_edits(message), &count, &made);
	const struct sign_key **keys;
	struct domain_keys **held;
	int status;

	if (store == NULL || made == 0)
		return 0;
	/* It may have been signed with any key that was read. */
	domains = keystore_domain_count(store);
	held = arena_array(mem, domains + 1, sizeof(held[0]));
	keys = arena_array(mem, domains * MAX_KEYS_OF_DOMAIN + 1,
	    sizeof(const struct sign_key *));
	for (size_t d = 0; d < domains; d++) {
		const struct domain_keys *known =
		    keystore_domain(store, d, mem);
		struct domain_keys *taken;

		if (known->unread)
			continue;
		taken = keystore_take(store, known->name);
		for (size_t k = 0; k < taken->count; k++)
			keys[key_count++] = taken->keys[k];
		held[held_count++] = taken;
	}
	status = opendkim_verify(&(const struct verify_request){ fields, count,
				     body, keys, key_count },
	    report_signature, report, err);
	for (size_t i = 0; i < held_count; i++)
		domain_keys_release(held[i]);
	return status;
}

static struct mail_facts
test_facts(const struct request *request, struct table_trace *trace)
{
	struct mail_facts facts = {
		.client.addr = request->client_addr,
		.client.said[FACT_AUTH_AUTHEN] = slice_of(request->auth),
		.client.said[FACT_MAIL_ADDR] = slice_of(request->mail_addr),
		.client.said[FACT_MTA_NAME] = slice_of(request->hostname),
		.client.said[FACT_MTA_VERSION] = request->mta.version,
		.path = slice_of(request->mail_from),
		.smtputf8 = request->smtputf8,
		.trace = request->explain ? trace : NULL,
	};

	for (size_t i = 0; i < FACT_COUNT; i++) {
		if (request->said[i] != NULL)
			facts.client.said[i] = slice_of(request->said[i]);
	}
	return facts;
}

static const int exit_codes[] = {
	[ACTION_ACCEPT] = EXIT_YES,
	[ACTION_REJECT] = EXIT_NO,
	[ACTION_HOLD] = EXIT_NO,
	[ACTION_TEMPFAIL] = EXIT_LATER,
};

/* Says what becomes of the message, and the message itself. An exit code. */
static int
run_message(
    const struct request *request, struct snapshot *snapshot, struct slice text)
{
	struct table_trace trace = { .mem = NULL };
	const struct mail_facts facts = test_facts(request, &trace);
	struct message *message = message_new(snapshot, &facts);
	struct test_outcome outcome = { .message = message,
		.client = &facts.client,
		.trace = facts.trace,
		.mta = &request->mta,
		.report_only = request->report_only };
	struct arena *mem = message_arena(message);
	struct strbuf signatures, changed, result;
	struct verification report = { &signatures, request->json, 0 };
	const struct test_submission submission = { request->rcpts.items,
		request->rcpts.count, request->login_field };
	struct slice body = { NULL, 0 };
	const struct field *fields;
	size_t count;
	struct err err;
	int code;

	trace.mem = mem;
	strbuf_init(&signatures, mem);
	strbuf_init(&changed, mem);
	strbuf_init(&result, mem);
	outcome.verdict = test_submit(&submission, message, text, &body);
	code = exit_codes[outcome.verdict.action];
	if (outcome.verdict.action == ACTION_ACCEPT &&
	    message_edits(message) != NULL) {
		if (message_changes_body(message)) {
			if (message_write_body(
				message, gather_body, &changed, &err) != 0)
				code = command_fail(&err, EXIT_LATER);
			else
				body = strbuf_slice(&changed);
		}
		fields = edits_view(message_edits(message), &count);
		for (size_t i = 0; i < count; i++) {
			strbuf_add(&result, fields[i].name);
			strbuf_add_char(&result, ':');
			strbuf_add(
			    &result, test_with_crlf(mem, fields[i].value));
			strbuf_add_cstr(&result, "\r\n");
		}
		strbuf_add_cstr(&result, "\r\n");
		strbuf_add(&result, body);
		outcome.result = strbuf_slice(&result);
		if (verify(message, body, &report, &err) != 0) {
			command_say("verify: %s", err.text);
			code = EXIT_LATER;
		}
	}
	outcome.signatures = strbuf_slice(&signatures);
	(request->json ? test_print_json : test_print_text)(&outcome);
	message_free(message);
	return code;
}

static bool
any_domain(const void *arg, struct slice domain)
{
	(void)arg;
	(void)domain;
	return true;
}

static int
run_test(struct request *request)
{
	CLEANUP(arena_done) struct arena mem;
	struct snapshot *snapshot;
	struct config *config;
	struct slice text;
	int fd CLEANUP(fd_close) = -1;
	struct err err;
	int code;

	arena_init(&mem);
	if (strcmp(request->file, "-") == 0 && !input_claim("the message"))
		return EXIT_USAGE;
	code = input_zone(&request->zone);
	if (code != EXIT_YES)
		return code;
	/* It is read first: perhaps root alone can read it. */
	if (strcmp(request->file, "-") != 0)
		fd = open(request->file, O_RDONLY | O_CLOEXEC);
	if ((fd < 0 && strcmp(request->file, "-") != 0) ||
	    fd_read_all(fd < 0 ? STDIN_FILENO : fd, &mem, MAX_MESSAGE_BYTES,
		&text) != 0) {
		command_say("%s: %s", request->file, strerror(errno));
		return EXIT_USAGE;
	}
	if (input_config(request->config_path, print_config_fault, NULL,
		&config, &err) != 0)
		return command_fail(&err, EXIT_USAGE);
	if (request->login_field != NULL &&
	    config->identify.login_field.len == 0) {
		command_say("--login-field: identify.login-field is not set");
		config_free(config);
		return EXIT_USAGE;
	}
	if (request->zone != NULL)
		config->dns.zone = slice_of(request->zone);
	test_mta_find(config, request->mta_word != NULL, &request->mta);
	if (become_milter(config, &err) != 0) {
		config_free(config);
		return command_fail(&err, EXIT_USAGE);
	}
	if (snapshot_new(config, NULL,
		&(struct report){ test_print_part_fault, NULL }, &snapshot,
		&err) != 0)
		return command_fail(&err, EXIT_USAGE);
	/* The running milter's knowledge of keys is not what the zone shows. */
	if (snapshot->key_history != NULL && config->dns.zone.len != 0 &&
	    key_lookup_all(snapshot->config,
		&(struct key_lookup_scope){ .store = snapshot->keys,
		    .history = snapshot->key_history,
		    .is_wanted = any_domain },
		&err) != 0) {
		command_say("%s", err.text);
		code = EXIT_LATER;
	} else {
		code = run_message(request, snapshot, text);
	}
	snapshot_unref(snapshot);
	return code;
}

int
test_main(int argc, char **argv)
{
	const char *rcpts[MAX_RCPTS];
	struct request request = { .config_path = DEFAULT_CONFIG_FILE,
		.client = "192.0.2.1",
		.hostname = "",
		.rcpts = { rcpts, 0, MAX_RCPTS } };
	const struct command_option options[] = {
		{ "config", 'c', .text = &request.config_path },
		{ "auth", .text = &request.auth },
		{ "auth-type", .text = &request.said[FACT_AUTH_TYPE] },
		{ "cert-subject", .text = &request.said[FACT_CERT_SUBJECT] },
		{ "cert-issuer", .text = &request.said[FACT_CERT_ISSUER] },
		{ "cert-fp", .text = &request.said[FACT_CERT_FINGERPRINT] },
		{ "verify", .text = &request.said[FACT_TLS_VERIFY] },
		{ "login-field", .text = &request.login_field },
		{ "daemon", .text = &request.said[FACT_DAEMON_NAME] },
		{ "daemon-port", .text = &request.said[FACT_DAEMON_PORT] },
		{ "mail-from", .text = &request.mail_from },
		{ "mail-addr", .text = &request.mail_addr },
		{ "rcpt", .list = &request.rcpts },
		{ "client", .text = &request.client },
		{ "client-name", .text = &request.said[FACT_CLIENT_NAME] },
		{ "client-resolve",
		    .text = &request.said[FACT_CLIENT_RESOLVE] },
		{ "hostname", .text = &request.hostname },
		{ "mta", .text = &request.mta_word },
		{ "smtputf8", .flag = &request.smtputf8 },
		{ "zone", .text = &request.zone },
		{ "now", .text = &request.now },
		{ "json", .flag = &request.json },
		{ "explain", .flag = &request.explain },
		{ "report-only", .flag = &request.report_only },
		{ .name = NULL },
	};
	const char *wrong = NULL;
	unsigned long now = 1;
	int code = options_read(argc, argv, options, usage);

	if (code != OPTIONS_READ)
		return code;
	if (optind + 1 != argc)
		return wrong_usage(usage, "it takes one message, or -");
	request.file = argv[optind];
	if (!net_addr_parse(slice_of(request.client), &request.client_addr))
		wrong = "--client: not an IP address";
	if (request.mta_word != NULL &&
	    !test_mta_parse(slice_of(request.mta_word), &request.mta))
		wrong = "--mta takes postfix, sendmail or unknown";
	if (request.now != NULL &&
	    (!slice_number(slice_of(request.now), 253402300799UL, &now) ||
		now == 0))
		wrong = "--now takes seconds since 1970";
	if (wrong != NULL) {
		command_say("%s", wrong);
		return EXIT_USAGE;
	}
	if (request.said[FACT_CLIENT_NAME] != NULL) {
		request.said[FACT_CLIENT_PTR] = request.said[FACT_CLIENT_NAME];
		if (request.said[FACT_CLIENT_RESOLVE] == NULL)
			request.said[FACT_CLIENT_RESOLVE] = "OK";
	}
	if (request.now != NULL)
		clock_set((time_t)now);
	if (request.mail_from == NULL)
		request.mail_from =
		    request.auth != NULL && strchr(request.auth, '@') != NULL ?
		    request.auth :
		    "<>";
	return run_test(&request);
}
