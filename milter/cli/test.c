/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/test.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cli/options.h"
#include "daemon/account.h"
#include "preflight/key_sight.h"
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
"  -c, --config FILE      the configuration (default: " DEFAULT_CONFIG_FILE ")\n"
"      --auth LOGIN       the login of SMTP AUTH; without it: not logged in\n"
"      --mail-from ADDR   the reverse-path, <> for the null one; default: the\n"
"                         login if it is an address\n"
"      --mail-addr ADDR   how the MTA would understand it ({mail_addr})\n"
"      --client IP        the client's address (default: 192.0.2.1)\n"
"      --hostname NAME    the MTA's own name ({j})\n"
"      --mta NAME         postfix, sendmail or unknown; default: the one that\n"
"                         the configuration names, or that this host has\n"
"      --smtputf8         MAIL has the parameter SMTPUTF8\n"
"      --zone FILE        a master file that is all of DNS there is\n"
"      --now SECONDS      judge as if it were then (seconds since 1970)\n"
"      --json             for programs; the message is a member of the answer\n"
"      --report-only      do not print the resulting message\n"
"MESSAGE.eml may be - for standard input.\n";

struct request {
	const char *config_path;
	const char *auth;
	const char *mail_from;
	const char *mail_addr;
	const char *client;
	const char *hostname;
	const char *zone;
	const char *file;
	struct test_mta mta;
	bool has_mta;
	bool smtputf8;
	bool json;
	bool report_only;
};

static void
print_part_fault(void *arg, bool is_error, const char *text)
{
	(void)arg;
	fprintf(stderr, "%s%s\n", is_error ? "" : "warning: ", text);
}

static int
read_message(const char *path, struct arena *mem, struct slice *ret_text,
    struct err *err)
{
	FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "r");
	struct strbuf buf;
	char chunk[16384];
	size_t len;
	bool failed;

	if (file == NULL)
		return err_set(err, ERR_DATA, "%s: %s", path, strerror(errno));
	strbuf_init(&buf, mem);
	while ((len = fread(chunk, 1, sizeof(chunk), file)) > 0 &&
	    buf.len < MAX_MESSAGE_BYTES)
		strbuf_add(&buf, (struct slice){ chunk, len });
	failed = ferror(file) != 0;
	if (file != stdin)
		(void)fclose(file);
	if (failed)
		return err_set(err, ERR_DATA, "%s: %s", path, strerror(errno));
	if (buf.len >= MAX_MESSAGE_BYTES)
		return err_set(err, ERR_LIMIT, "%s: too large", path);
	*ret_text = strbuf_slice(&buf);
	return 0;
}

/* Line ends as an MTA hands a body over: CRLF. */
static struct slice
with_crlf(struct arena *mem, struct slice text)
{
	struct strbuf buf;

	strbuf_init(&buf, mem);
	while (text.len > 0) {
		size_t end = slice_find(text, '\n');
		struct slice line = slice_sub(text, 0, end);

		if (end < text.len && line.len > 0 &&
		    line.data[line.len - 1] == '\r')
			line.len--;
		strbuf_add(&buf, line);
		if (end < text.len)
			strbuf_add_cstr(&buf, "\r\n");
		text = slice_from(text, end + 1);
	}
	return strbuf_slice(&buf);
}

/* The message as it goes on, with CRLF. */
static struct slice
result_text(struct arena *mem, const struct field *fields, size_t count,
    struct slice body)
{
	struct strbuf buf;

	strbuf_init(&buf, mem);
	for (size_t i = 0; i < count; i++) {
		strbuf_add(&buf, fields[i].name);
		strbuf_add_char(&buf, ':');
		strbuf_add(&buf, with_crlf(mem, fields[i].value));
		strbuf_add_cstr(&buf, "\r\n");
	}
	strbuf_add_cstr(&buf, "\r\n");
	strbuf_add(&buf, body);
	return strbuf_slice(&buf);
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
		strbuf_addf(buf, ",\"verified\":%s}", passed ? "true" : "false");
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
 * The header as it goes on, without the signatures that the client brought:
 * what becomes of them is no business of ours, and whether they make
 * libopendkim stumble neither. *ret_made is how many are our own.
 */
static const struct field *
fields_to_verify(const struct edits *edits, size_t *ret_count,
    size_t *ret_made)
{
	size_t viewed, made = 0, count = 0;
	const struct field *view = edits_view(edits, &viewed);
	struct field *fields = arena_array(edits->mem, viewed + 1,
	    sizeof(*fields));

	for (size_t i = 0; i < edits->count; i++) {
		if (edits->fields[i].state == FIELD_ON_TOP &&
		    slice_eq_nocase(edits->fields[i].field.name,
			SLICE("DKIM-Signature")))
			made++;
	}
	/* What was put on top comes first. */
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

/* The body as it goes on, if that is another one. */
static int
changed_body(struct message *message, struct slice *body, struct err *err)
{
	struct strbuf buf;

	if (!message_changes_body(message))
		return 0;
	strbuf_init(&buf, message_arena(message));
	if (message_write_body(message, gather_body, &buf, err) != 0)
		return -1;
	*body = strbuf_slice(&buf);
	return 0;
}

/* The signatures that were made, verified by libopendkim. */
static int
verify(struct message *message, struct slice body,
    struct verification *report, struct err *err)
{
	const struct keystore *store = message_snapshot(message)->keys;
	size_t count, made;
	const struct field *fields = fields_to_verify(message_edits(message),
	    &count, &made);
	const struct sign_key **keys;
	size_t key_count = 0;

	if (store == NULL || made == 0)
		return 0;
	for (size_t d = 0; d < keystore_domain_count(store); d++)
		key_count += keystore_domain(store, d)->count;
	keys = arena_array(message_arena(message), key_count + 1,
	    sizeof(const struct sign_key *));
	key_count = 0;
	for (size_t d = 0; d < keystore_domain_count(store); d++) {
		const struct domain_keys *domain = keystore_domain(store, d);

		for (size_t k = 0; k < domain->count; k++)
			keys[key_count++] = domain->keys[k];
	}
	return opendkim_verify(fields, count, body, keys, key_count,
	    report_signature, report, err);
}

static int
exit_code(const struct verdict *verdict)
{
	switch (verdict->action) {
	case ACTION_ACCEPT:
		return EXIT_YES;
	case ACTION_REJECT:
		return EXIT_NO;
	case ACTION_HOLD:
		return EXIT_NO;
	case ACTION_TEMPFAIL:
		return EXIT_LATER;
	}
	return EXIT_LATER;
}

/* The events of the milter protocol, in their order. */
static struct verdict
submit(struct message *message, const struct header *header,
    struct slice body)
{
	struct verdict verdict = pipeline_mail(message);

	if (verdict.action != ACTION_ACCEPT)
		return verdict;
	for (size_t i = 0; i < header->count; i++)
		message_add_header(message, header->fields[i].name,
		    header->fields[i].value);
	verdict = pipeline_header(message);
	if (verdict.action != ACTION_ACCEPT)
		return verdict;
	pipeline_body(message, body);
	return pipeline_end(message);
}

static int
run_message(const struct request *request, struct snapshot *snapshot,
    struct slice text, struct arena *mem)
{
	struct mail_facts facts = {
		.client.auth_authen = slice_of(request->auth),
		.path = slice_of(request->mail_from),
		.mail_addr = slice_of(request->mail_addr),
		.has_mail_addr = request->mail_addr != NULL,
		.smtputf8 = request->smtputf8,
		.mta_hostname = slice_of(request->hostname),
		.mta_version = request->mta.version,
	};
	struct header_limits no_limits = { 0 };
	struct test_outcome outcome = { .mta = &request->mta,
		.report_only = request->report_only };
	struct header header;
	struct message *message;
	struct strbuf signatures;
	struct verification report = { &signatures, request->json, 0 };
	struct slice body = { NULL, 0 };
	struct err err;
	int code;

	if (!net_addr_parse(slice_of(request->client), &facts.client.addr)) {
		fprintf(stderr, "--client: not an IP address\n");
		return EXIT_USAGE;
	}
	header_init(&header, mem);
	message = message_new(snapshot, &facts);
	outcome.message = message;
	if (header_parse(&header, text, &no_limits, &body, &err) == 0) {
		body = with_crlf(mem, body);
		outcome.verdict = submit(message, &header, body);
	} else {
		outcome.verdict = pipeline_mail(message);
		if (outcome.verdict.action == ACTION_ACCEPT)
			outcome.verdict = verdict_bad_message(mem, &err);
	}
	code = exit_code(&outcome.verdict);
	strbuf_init(&signatures, mem);
	if (outcome.verdict.action == ACTION_ACCEPT &&
	    message_edits(message) != NULL) {
		size_t count;
		const struct field *fields = edits_view(message_edits(message),
		    &count);

		if (changed_body(message, &body, &err) != 0) {
			fprintf(stderr, "%s\n", err.text);
			code = EXIT_LATER;
		}
		outcome.result = result_text(mem, fields, count, body);
		if (verify(message, body, &report, &err) != 0) {
			fprintf(stderr, "verify: %s\n", err.text);
			code = EXIT_LATER;
		}
	}
	outcome.signatures = strbuf_slice(&signatures);
	if (request->json)
		test_print_json(&outcome);
	else
		test_print_text(&outcome);
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

/* What the running milter knows of keys is not what a zone file shows. */
static int
rehearse_keys(const struct snapshot *snapshot, struct err *err)
{
	if (snapshot->key_states == NULL || snapshot->config->dns.zone.len == 0)
		return 0;
	return key_sight_look_all(snapshot->config, snapshot->key_states,
	    snapshot->keys, any_domain, NULL, err);
}

/* Keys and tables are read as the milter reads them. */
static int
become_milter(const struct config *config, struct arena *mem, struct err *err)
{
	struct account account;

	if (account_find(config, mem, &account, err) != 0)
		return -1;
	return account.change_user ? account_become(&account, err) : 0;
}

static int
open_snapshot(struct request *request, struct arena *mem,
    struct snapshot **ret_snapshot, struct err *err)
{
	struct config *config;

	if (config_read(request->config_path, print_config_fault, NULL,
	    &config, err) != 0)
		return -1;
	if (request->zone != NULL)
		config->dns.zone = slice_of(request->zone);
	test_mta_find(config, request->has_mta, &request->mta);
	if (become_milter(config, mem, err) != 0) {
		config_free(config);
		return -1;
	}
	return snapshot_new(config, NULL, print_part_fault, NULL,
	    ret_snapshot, err);
}

static int
judge_message(struct request *request, struct slice text, struct arena *mem)
{
	struct snapshot *snapshot;
	struct err err;
	int code;

	if (open_snapshot(request, mem, &snapshot, &err) != 0) {
		fprintf(stderr, "%s\n", err.text);
		return err.kind == ERR_TEMP ? EXIT_LATER : EXIT_USAGE;
	}
	if (rehearse_keys(snapshot, &err) == 0)
		code = run_message(request, snapshot, text, mem);
	else {
		fprintf(stderr, "%s\n", err.text);
		code = EXIT_LATER;
	}
	snapshot_unref(snapshot);
	return code;
}

/* The message may be one that root alone can read. */
static int
run_test(struct request *request)
{
	CLEANUP(arena_done) struct arena mem;
	struct slice text;
	struct err err;

	arena_init(&mem);
	if (read_message(request->file, &mem, &text, &err) != 0) {
		fprintf(stderr, "%s\n", err.text);
		return EXIT_USAGE;
	}
	return judge_message(request, text, &mem);
}

int
test_main(int argc, char **argv)
{
	enum { AUTH = 256, MAIL_FROM, MAIL_ADDR, CLIENT, HOSTNAME, MTA, UTF8, ZONE,
		NOW, JSON, REPORT_ONLY };
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "auth", required_argument, NULL, AUTH },
		{ "mail-from", required_argument, NULL, MAIL_FROM },
		{ "mail-addr", required_argument, NULL, MAIL_ADDR },
		{ "client", required_argument, NULL, CLIENT },
		{ "hostname", required_argument, NULL, HOSTNAME },
		{ "mta", required_argument, NULL, MTA },
		{ "smtputf8", no_argument, NULL, UTF8 },
		{ "zone", required_argument, NULL, ZONE },
		{ "now", required_argument, NULL, NOW },
		{ "json", no_argument, NULL, JSON },
		{ "report-only", no_argument, NULL, REPORT_ONLY },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct request request = { .config_path = DEFAULT_CONFIG_FILE,
		.client = "192.0.2.1", .hostname = "" };
	unsigned long now;
	int option;

	while ((option = option_next(argc, argv, ":c:h",
	    options)) != -1) {
		switch (option) {
		case 'c':
			request.config_path = optarg;
			break;
		case AUTH:
			request.auth = optarg;
			break;
		case MAIL_FROM:
			request.mail_from = optarg;
			break;
		case MAIL_ADDR:
			request.mail_addr = optarg;
			break;
		case CLIENT:
			request.client = optarg;
			break;
		case HOSTNAME:
			request.hostname = optarg;
			break;
		case MTA:
			if (!test_mta_parse(slice_of(optarg), &request.mta)) {
				fputs("--mta wants postfix, sendmail or "
				    "unknown\n", stderr);
				return EXIT_USAGE;
			}
			request.has_mta = true;
			break;
		case UTF8:
			request.smtputf8 = true;
			break;
		case ZONE:
			request.zone = optarg;
			break;
		case NOW:
			if (!slice_number(slice_of(optarg), 253402300799UL,
			    &now) || now == 0) {
				fputs("--now wants seconds since 1970\n", stderr);
				return EXIT_USAGE;
			}
			clock_set((time_t)now);
			break;
		case JSON:
			request.json = true;
			break;
		case REPORT_ONLY:
			request.report_only = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return EXIT_YES;
		default:
			fputs(usage, stderr);
			return EXIT_USAGE;
		}
	}
	if (optind + 1 != argc) {
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	request.file = argv[optind];
	if (request.mail_from == NULL)
		request.mail_from = request.auth != NULL &&
		    strchr(request.auth, '@') != NULL ? request.auth : "<>";
	return run_test(&request);
}
