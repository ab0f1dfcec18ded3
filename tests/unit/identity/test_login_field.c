/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "identity/identity.h"

#define NAME "X-Submilter-Login"
#define SECRET "0123456789abcdef"
#define OLD "fedcba9876543210-and-more"

/* Header fields as Postfix and a client write them, and the login that counts. */
static const struct {
	const char *fields[4]; /* name, value, ... */
	const char *want;      /* NULL: it cannot answer */
	bool is_forged;
} cases[] = {
	{ { NAME, " " SECRET " alice" }, "alice", false },
	{ { "x-SUBMILTER-login", " " SECRET "   Alice " }, "alice", false },
	{ { NAME, " " OLD " alice" }, "alice", false },
	{ { NAME, "\n " SECRET " alice" }, "alice", false },
	/* Below another field of Postfix's. */
	{ { "X-Other", " y", NAME, " " SECRET " alice" }, "alice", false },
	/* The first one counts, and what is below it is the client's. */
	{ { NAME, " " SECRET " alice", NAME, " " SECRET " bob" }, "alice",
	    false },
	{ { NAME, " x bob", NAME, " " SECRET " alice" }, "", true },
	{ { NAME, " " SECRET, NAME, " " SECRET " alice" }, "alice", false },
	{ { NAME, " " SECRET " alice", NAME, " bob" }, "alice", false },
	/* No secret, a part of one, more than one, one with something else. */
	{ { NAME, " alice" }, "", true },
	{ { NAME, " " }, "", true },
	{ { NAME, " 0123456789abcde alice" }, "", true },
	{ { NAME, " " SECRET "0 alice" }, "", true },
	{ { NAME, " " SECRET SECRET " alice" }, "", true },
	{ { NAME, " 0123456789ABCDEF alice" }, "", true },
	{ { NAME, " " SECRET "\talice" }, "alice", false },
	{ { NAME, " alice " SECRET }, "", true },
	{ { NAME, " \"" SECRET "\" alice" }, "", true },
	{ { NAME, " " SECRET }, "", false },
	/* Another name, though some programs read it as that one. */
	{ { "X-Submilter-Log(c)in", " " SECRET " alice" }, "", false },
	{ { "X_Submilter_Login", " " SECRET " alice" }, "", false },
	{ { "X-Submilter-Logins", " " SECRET " alice" }, "", false },
	{ { "Subject", " " SECRET " alice" }, "", false },
	{ { NULL }, "", false },
	/* What no table should say. */
	{ { NAME, " " SECRET " alice bob" }, NULL, false },
	{ { NAME, " " SECRET " alice,bob" }, NULL, false },
	{ { NAME,
	      " " SECRET " AB:CD:EF:AB:CD:EF:AB:CD:EF:AB:CD:EF:AB:CD:EF:AB" },
	    NULL, false },
};

static void
header_fill(struct header *header, size_t i, struct arena *mem)
{
	const struct header_limits none = { 0 };
	struct err err;

	header_init(header, mem);
	for (size_t j = 0; j < 4 && cases[i].fields[j] != NULL; j += 2)
		assert_int_equal(
		    header_add(header, slice_of(cases[i].fields[j]),
			slice_of(cases[i].fields[j + 1]), &none, &err),
		    0);
}

static void
find(const struct identity *identity, size_t i, struct arena *mem)
{
	const struct client_facts client = { .addr.bits = 0 };
	struct submitter submitter;
	struct header header;
	struct err err;
	const struct table_context context = { .mem = mem, .err = &err };
	int status;

	header_fill(&header, i, mem);
	assert_int_equal(
	    identity_find(identity, &client, &context, &submitter), 0);
	assert_true(submitter.waits);
	assert_int_equal(submitter.via.len, 0);
	status = identity_find_in_header(
	    identity, &client, &header, &context, &submitter);
	if (cases[i].want == NULL) {
		assert_int_equal(status, -1);
		assert_int_equal(err.kind, ERR_TEMP);
		assert_null(strstr(err.text, SECRET));
		return;
	}
	assert_int_equal(status, 0);
	assert_false(submitter.waits);
	if (!slice_eq(submitter.login, slice_of(cases[i].want)) ||
	    login_field_is_forged(identity, &header) != cases[i].is_forged)
		fail_msg("case %zu: \"%.*s\"", i, SLICE_ARGS(submitter.login));
	check_slice("via", submitter.via,
	    cases[i].want[0] == '\0' ? "" : "login-field");
}

/* The field is of the proxy's certificate then, and proves no client. */
static void
behind_a_proxy(const struct identity *identity, struct arena *mem)
{
	const struct client_facts client = { .said[FACT_AUTH_TYPE] =
						 SLICE("XCLIENT") };
	struct submitter submitter;
	struct header header;
	struct err err;
	const struct table_context context = { .mem = mem, .err = &err };

	header_fill(&header, 0, mem);
	assert_int_equal(
	    identity_find(identity, &client, &context, &submitter), 0);
	assert_int_equal(identity_find_in_header(
			     identity, &client, &header, &context, &submitter),
	    0);
	assert_int_equal(submitter.via.len, 0);
}

static struct config *
config_with(const char *path, struct arena *mem)
{
	struct config *config;
	struct err err;

	assert_int_equal(
	    config_read_text("test",
		slice_format(mem,
		    "identify { methods = login-field; login-field = " NAME
		    "; login-secret = \"%s\" }\n",
		    path),
		NULL, NULL, &config, &err),
	    0);
	return config;
}

static void
file_write(const char *path, const char *text, mode_t mode)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static void
only_who_knows_the_secret_names_a_login(void **state)
{
	char path[] = "/tmp/submilter-test.XXXXXX";
	struct identity identity;
	struct config *config;
	struct arena mem;
	struct err err;

	(void)state;
	arena_init(&mem);
	assert_int_equal(close(mkstemp(path)), 0);
	file_write(path, "# of Postfix\n" SECRET "\r\n\n" OLD "\n", 0600);
	config = config_with(path, &mem);
	identity_init(&identity, config, NULL, &mem);
	assert_int_equal(login_field_open(&identity, config, &mem, &err), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		find(&identity, i, &mem);
	behind_a_proxy(&identity, &mem);
	assert_int_equal(unlink(path), 0);
	config_free(config);
	arena_done(&mem);
}

static void
every_such_field_is_removed(void **state)
{
	struct config *config;
	struct identity identity;
	struct header header;
	struct edits edits;
	struct arena mem;

	(void)state;
	arena_init(&mem);
	config = config_with("/nonexistent", &mem);
	identity_init(&identity, config, NULL, &mem);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t count;
		const struct field *fields;

		header_fill(&header, i, &mem);
		edits_init(&edits, &mem, &header);
		login_field_drop(&identity, &edits);
		fields = edits_view(&edits, &count);
		for (size_t j = 0; j < count; j++) {
			if (!slice_eq(fields[j].name, SLICE("Subject")) &&
			    !slice_eq(fields[j].name, SLICE("X-Other")) &&
			    !slice_eq(fields[j].name, SLICE(NAME "s")))
				fail_msg("case %zu: %.*s", i,
				    SLICE_ARGS(fields[j].name));
		}
	}
	config_free(config);
	arena_done(&mem);
}

static void
a_secret_that_is_none_is_not_used(void **state)
{
	static const struct {
		const char *text;
		mode_t mode;
		const char *want;
	} files[] = {
		{ SECRET "\n", 0644, "group or others can use it" },
		{ SECRET "\n", 0660, "group or others can use it" },
		{ "", 0600, "no secret in it" },
		{ "# " SECRET "\n", 0600, "no secret in it" },
		{ "guess-me\n", 0600, "line 1 is not a secret" },
		{ SECRET "\n" SECRET " x\n", 0600, "line 2 is not a secret" },
		{ SECRET "\xc3\xa4\n", 0600, "line 1 is not a secret" },
	};
	char path[] = "/tmp/submilter-test.XXXXXX";
	struct header header;
	struct arena mem;

	(void)state;
	arena_init(&mem);
	header_init(&header, &mem);
	assert_int_equal(close(mkstemp(path)), 0);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		const struct client_facts client = { .addr.bits = 0 };
		struct config *config = config_with(path, &mem);
		struct identity identity;
		struct submitter submitter;
		struct err err;
		const struct table_context context = { .mem = &mem,
			.err = &err };

		file_write(path, files[i].text, files[i].mode);
		identity_init(&identity, config, NULL, &mem);
		assert_int_equal(
		    login_field_open(&identity, config, &mem, &err), -1);
		if (strstr(err.text, files[i].want) == NULL ||
		    strstr(err.text, SECRET) != NULL)
			fail_msg("file %zu: %s", i, err.text);
		/* Nobody is taken for a client without a login. */
		assert_int_equal(
		    identity_find(&identity, &client, &context, &submitter), 0);
		assert_int_equal(identity_find_in_header(&identity, &client,
				     &header, &context, &submitter),
		    -1);
		config_free(config);
	}
	assert_int_equal(unlink(path), 0);
	arena_done(&mem);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_who_knows_the_secret_names_a_login),
		cmocka_unit_test(every_such_field_is_removed),
		cmocka_unit_test(a_secret_that_is_none_is_not_used),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
