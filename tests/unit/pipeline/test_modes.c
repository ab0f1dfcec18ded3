/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What becomes of a message under each mode: of the whole, of a section, and of
 * each choice that is neither "accept" nor "refuse". The log line says it.
 */
#include "../unit.h"
#include "../../generate_key.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pipeline/pipeline.h"

/* One key of corp.example; a table of rights; a zone for preflight. */
#define CONFIG                                                  \
	"domain = corp.example; hostname = mail.corp.example\n" \
	"keys = \"%s/keys\"\n"                                  \
	"dns { zone = \"%s/zone\" }\n"                          \
	"rights { tables = \"texthash:%s/rights\" }\n"

static const char rights[] = "info@corp.example alice@corp.example\n"
			     "alice@parked.example alice@corp.example\n"
			     "boss@corp.example alice@corp.example;behalf\n"
			     "# end\n";
static const char zone[] =
    "parked.example. IN TXT \"v=spf1 -all\"\n"
    "corp.example. IN TXT \"v=spf1 ip4:192.0.2.1 -all\"\n";

#define STAMPS                                    \
	"Date: Mon, 23 Nov 2026 10:15:30 +0100\n" \
	"Message-ID: <1@corp.example>\n"
#define HONEST "From: Alice <alice@corp.example>\n" STAMPS
#define OWN_FROM "<alice@corp.example>"
#define FORGED "From: ceo@corp.example\n" STAMPS
#define SENDER_FORGED \
	"From: alice@corp.example\nSender: ceo@corp.example\n" STAMPS
#define TWO_FROM "From: alice@corp.example\nFrom: ceo@corp.example\n" STAMPS
#define BARE "From: alice@corp.example\n"
#define FOREIGN "From: alice@other.example\n" STAMPS
#define REDIRECTED FOREIGN "Resent-From: alice@corp.example\n"
#define NAMED "From: \"ceo@corp.example\" <alice@corp.example>\n" STAMPS
#define LIST HONEST "List-Unsubscribe: <https://corp.example/u>\n"
#define UNSIGNABLE "From: alice@parked.example\n" STAMPS
#define PARKED "<alice@parked.example>"

/* In watch the section that decides is under test. */
enum watch {
	ALL_ENFORCE,
	ALL_MONITOR,
	ONE_MONITORS, /* that one alone watches */
	ONE_ENFORCES, /* all others watch */
	WHICH_COUNT
};

struct mode_case {
	const char *name;
	const char *section; /* that decides; "": only the configuration */
	const char *config;
	const char *login;
	const char *path;
	const char *header;
	const char *want[WHICH_COUNT]; /* the log line without what varies */
};

#include "modes.def"

static const char *
mode_text(struct arena *mem, enum watch watch, const char *section)
{
	if (section[0] == '\0')
		return "";
	switch (watch) {
	case ALL_MONITOR:
		return "mode = monitor\n";
	case ONE_MONITORS:
		return slice_format(mem, "%s { mode = monitor }\n", section)
		    .data;
	case ONE_ENFORCES:
		return slice_format(
		    mem, "mode = monitor\n%s { mode = enforce }\n", section)
		    .data;
	case ALL_ENFORCE:
	case WHICH_COUNT:
		break;
	}
	return "";
}

static void
write_file(const char *directory, const char *name, const char *text)
{
	char path[256];
	FILE *file;

	assert_true(snprintf(path, sizeof(path), "%s/%s", directory, name) <
	    (int)sizeof(path));
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static int
set_up(void **state)
{
	static char directory[] = "/tmp/submilter-modes.XXXXXX";
	struct sign_key key;
	struct arena mem;
	struct err err;

	arena_init(&mem);
	assert_non_null(mkdtemp(directory));
	write_file(directory, "rights", rights);
	write_file(directory, "zone", zone);
	assert_int_equal(
	    mkdir(slice_format(&mem, "%s/keys", directory).data, 0700), 0);
	assert_int_equal(generate_key(&(struct key_spec){ SLICE("s"),
					  KEY_ED25519_SHA256, 0 },
			     slice_format(&mem, "%s/keys", directory),
			     SLICE("corp.example"), &mem, &key, &err),
	    0);
	key_done(&key);
	arena_done(&mem);
	*state = directory;
	return 0;
}

static int
tear_down(void **state)
{
	static const char *const files[] = { "rights", "zone",
		"keys/corp.example/s.key" };
	static const char *const directories[] = { "keys/corp.example", "keys",
		"" };
	char path[256];

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s",
		    (const char *)*state, files[i]);
		assert_int_equal(unlink(path), 0);
	}
	for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]);
	     i++) {
		(void)snprintf(path, sizeof(path), "%s/%s",
		    (const char *)*state, directories[i]);
		assert_int_equal(rmdir(path), 0);
	}
	return 0;
}

static void
no_fault(void *arg, bool is_error, const char *text)
{
	(void)arg;
	if (is_error)
		fail_msg("%s", text);
}

static struct snapshot *
snapshot_of(const char *directory, const struct mode_case *mode_case,
    enum watch watch, struct arena *mem)
{
	struct slice text = slice_format(mem, CONFIG "%s%s%s", directory,
	    directory, directory, mode_text(mem, watch, mode_case->section),
	    strstr(mode_case->config, "dkim-key") != NULL ?
		"" :
		"sign { dkim-key = off }\n",
	    mode_case->config);
	struct snapshot *snapshot = NULL;
	struct config *config;
	struct err err;

	if (config_read_text("test", text, NULL, NULL, &config, &err) != 0 ||
	    snapshot_new(config, NULL, &(struct report){ no_fault, NULL },
		&snapshot, &err) != 0)
		fail_msg("%s: %s", mode_case->name, err.text);
	return snapshot;
}

static void
add_header(struct message *message, const char *header)
{
	while (*header != '\0') {
		struct slice line = { header, strcspn(header, "\n") };
		size_t colon = slice_find(line, ':');

		message_add_header(message, (struct slice){ line.data, colon },
		    slice_from(line, colon + 1));
		header += line.len + 1;
	}
}

/* Each event as the glue calls it, up to the first that ends the message. */
static struct verdict
run(struct message *message, const struct mode_case *mode_case)
{
	struct verdict verdict = pipeline_mail(message);

	if (verdict.action != ACTION_ACCEPT)
		return verdict;
	add_header(message, mode_case->header);
	verdict = pipeline_header(message);
	if (verdict.action != ACTION_ACCEPT)
		return verdict;
	pipeline_body(message, SLICE("Hello.\r\n"));
	return pipeline_end(message);
}

/* Takes name="..." out of the text. */
static void
cut_value(char *text, const char *name)
{
	char *begin = strstr(text, name), *end;

	if (begin == NULL)
		return;
	end = strchr(begin + strlen(name), '"');
	assert_non_null(end);
	memmove(begin, end + 1, strlen(end + 1) + 1);
}

/* Without who, where from, how long, and the words of the reply. */
static char *
what_became_of_it(struct arena *mem, struct slice line)
{
	char *text = slice_cstr(mem, line);
	char *begin = strstr(text, "action="), *end = strstr(text, " ms=");

	assert_non_null(begin);
	assert_non_null(end);
	*end = '\0';
	cut_value(begin, " reply=\"");
	cut_value(begin, " detail=\"");
	return begin;
}

static bool
is_as_wanted(
    const char *directory, const struct mode_case *mode_case, enum watch watch)
{
	struct mail_facts facts = {
		.client.said[FACT_AUTH_AUTHEN] = slice_of(mode_case->login),
		.path = slice_of(mode_case->path),
		.client.said[FACT_MTA_VERSION] = SLICE("Postfix 3.7.11"),
	};
	struct snapshot *snapshot;
	struct message *message;
	struct verdict verdict;
	struct arena mem;
	const char *line;
	bool is_same;

	arena_init(&mem);
	snapshot = snapshot_of(directory, mode_case, watch, &mem);
	assert_true(net_addr_parse(SLICE("192.0.2.7"), &facts.client.addr));
	message = message_new(snapshot, &facts);
	verdict = run(message, mode_case);
	line = what_became_of_it(
	    &mem, pipeline_log_line(message, SLICE(""), &verdict));
	is_same = strcmp(line, mode_case->want[watch]) == 0;
	if (!is_same)
		print_error("%s, mode %d:\n got %s\nwant %s\n", mode_case->name,
		    (int)watch, line, mode_case->want[watch]);
	/* A signature never belongs to what was not accepted. */
	assert_true(verdict.action == ACTION_ACCEPT ||
	    strstr(line, "signed=none") != NULL);
	message_free(message);
	snapshot_unref(snapshot);
	arena_done(&mem);
	return is_same;
}

static void
each_mode_does_what_it_says(void **state)
{
	size_t failed = 0;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (enum watch watch = 0;
		     watch < WHICH_COUNT && cases[i].want[watch] != NULL;
		     watch++)
			failed +=
			    is_as_wanted(*state, &cases[i], watch) ? 0 : 1;
	}
	assert_int_equal(failed, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_mode_does_what_it_says),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
