/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whether a header passes the step that judges its authors, and how each one
 * is marked then. There are two tables, of which one may be down.
 */
#include "../unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../../../milter/pipeline/message_priv.h"

#define ALICE "alice@corp.example"

static const char rows[] = "info@corp.example " ALICE "\n"
			   "boss@corp.example " ALICE ";behalf\n"
			   "staff@corp.example !" ALICE ",@corp.example\n"
			   "# end\n";

static const struct step_case {
	const char *name;
	const char *config;
	const char *header;
	bool down; /* a second table cannot answer */
	enum action action;
	enum reason reason;
	const char *said;    /* in the reply, or the detail of a doubt */
	const char *authors; /* a mark each, see marks_of() */
} cases[] = {
	{ "an own address", "", "From: " ALICE "\n", false, ACTION_ACCEPT,
	    REASON_OK, "", "+" },
	{ "a row grants", "", "From: info@corp.example\n", false, ACTION_ACCEPT,
	    REASON_OK, "", "+" },
	{ "a row denies", "", "From: staff@corp.example\n", false,
	    ACTION_REJECT, REASON_RIGHTS,
	    ALICE " may not send as staff@corp.example (From)", "-" },
	{ "a row denies what Sender names, too", "",
	    "From: " ALICE "\nSender: staff@corp.example\n", false,
	    ACTION_REJECT, REASON_RIGHTS, "staff@corp.example (Sender)", "+-" },
	{ "no row", "", "From: ceo@corp.example\n", false, ACTION_REJECT,
	    REASON_RIGHTS, "ceo@corp.example (From)", "!" },
	{ "behalf, and a Sender is added", "", "From: boss@corp.example\n",
	    false, ACTION_ACCEPT, REASON_OK, "", "b" },
	{ "behalf without a Sender", "repair { sender = no }",
	    "From: boss@corp.example\n", false, ACTION_REJECT, REASON_RIGHTS,
	    "only with an address of your own in Sender", "b" },
	{ "behalf with a Sender", "repair { sender = no }",
	    "From: boss@corp.example\nSender: " ALICE "\n", false,
	    ACTION_ACCEPT, REASON_OK, "", "b+" },
	{ "behalf in Sender", "",
	    "From: " ALICE "\nSender: boss@corp.example\n", false,
	    ACTION_REJECT, REASON_RIGHTS,
	    "but Sender must be an address of your own", "+!" },
	{ "a table is down: it may deny an own address", "",
	    "From: " ALICE "\n", true, ACTION_TEMPFAIL, REASON_TABLE,
	    "Too many open files", "?" },
	{ "a table is down beside one that grants", "",
	    "From: info@corp.example\n", true, ACTION_ACCEPT, REASON_OK, "",
	    "+" },
	{ "a table is down beside one that grants, and all are wanted",
	    "rights { all-tables = yes }", "From: info@corp.example\n", true,
	    ACTION_TEMPFAIL, REASON_TABLE, "Too many open files", "?" },
	{ "a table is down beside one that denies", "",
	    "From: staff@corp.example\n", true, ACTION_REJECT, REASON_RIGHTS,
	    "staff@corp.example (From)", "-" },
	{ "a table is down beside one that lacks a row", "",
	    "From: ceo@corp.example\n", true, ACTION_TEMPFAIL, REASON_TABLE,
	    "Too many open files", "?" },
	{ "two, both allowed", "",
	    "From: " ALICE ", info@corp.example\nSender: " ALICE "\n", false,
	    ACTION_ACCEPT, REASON_OK, "", "+++" },
	{ "two, of which one is not allowed", "",
	    "From: " ALICE ", ceo@corp.example\nSender: " ALICE "\n", false,
	    ACTION_REJECT, REASON_RIGHTS, "may not send as ceo@corp.example",
	    "+!+" },
	{ "redirected", "rights { redirect = accept }",
	    "From: a@other.example\nResent-From: " ALICE "\n", false,
	    ACTION_ACCEPT, REASON_OK, "", "!+" },
	{ "redirected, where that is off", "",
	    "From: a@other.example\nResent-From: " ALICE "\n", false,
	    ACTION_REJECT, REASON_RIGHTS, "Resent-From) is switched off",
	    "!+" },
	{ "redirected by somebody else", "rights { redirect = accept }",
	    "From: a@other.example\nResent-From: ceo@corp.example\n", false,
	    ACTION_REJECT, REASON_RIGHTS, "ceo@corp.example (Resent-From)",
	    "!!" },
	{ "no reading", "", "From: a@corp.example, <b\n", false, ACTION_REJECT,
	    REASON_HEADER_SYNTAX, "From", "" },
};

static void
write_table(const char *name, const char *text)
{
	FILE *file = fopen(name, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static int
set_up(void **state)
{
	static char directory[] = "/tmp/submilter-authors.XXXXXX";

	assert_non_null(mkdtemp(directory));
	assert_int_equal(chdir(directory), 0);
	write_table("rights", rows);
	write_table("others", "bob@corp.example bob@corp.example\n# end\n");
	*state = directory;
	return 0;
}

static int
tear_down(void **state)
{
	assert_int_equal(unlink("rights"), 0);
	assert_int_equal(unlink("others"), 0);
	assert_int_equal(chdir("/"), 0);
	assert_int_equal(rmdir(*state), 0);
	return 0;
}

static struct snapshot *
open_snapshot(const char *directory, const struct step_case *c)
{
	struct snapshot *snapshot = NULL;
	struct config *config;
	struct arena mem;
	struct err err;

	arena_init(&mem);
	if (config_read_text("test",
		slice_format(&mem,
		    "domain = corp.example\n"
		    "rights { tables = {\"texthash:%s/rights\", "
		    "\"texthash:%s/others\"} }\n%s\n",
		    directory, directory, c->config),
		NULL, NULL, &config, &err) != 0 ||
	    snapshot_new(config, NULL, NULL, &snapshot, &err) != 0)
		fail_msg("%s: %s", c->name, err.text);
	arena_done(&mem);
	return snapshot;
}

/* The same with a second table that cannot be opened now. */
static struct snapshot *
lose_a_table(struct snapshot *before)
{
	struct table *tables[2] = { table_set_at(before->tables, 0) };
	struct snapshot *snapshot = NULL;
	struct rlimit files, none;
	struct err err;
	int status;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
	none = files;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	status = table_open(table_spec(table_set_at(before->tables, 1)),
	    &(const struct table_options){ .may_be_down = true }, &tables[1],
	    &err);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
	assert_int_equal(status, 0);
	assert_true(table_is_down(tables[1], &err));
	assert_int_equal(
	    snapshot_with_tables(before, tables, &snapshot, &err), 0);
	table_close(tables[1]);
	snapshot_unref(before);
	return snapshot;
}

static struct message *
message_of(const char *directory, const struct step_case *c)
{
	/* Without an author: MAIL FROM is not what is judged here. */
	const struct mail_facts facts = {
		.client.said[FACT_AUTH_AUTHEN] = SLICE(ALICE),
		.path = SLICE("<>"),
	};
	struct snapshot *snapshot = open_snapshot(directory, c);
	struct message *message;

	if (c->down)
		snapshot = lose_a_table(snapshot);
	message = message_new(snapshot, &facts);
	snapshot_unref(snapshot);
	assert_int_equal(pipeline_mail(message).action, ACTION_ACCEPT);
	for (const char *at = c->header; *at != '\0';) {
		struct slice line = { at, strcspn(at, "\n") };
		size_t colon = slice_find(line, ':');

		message_add_header(message, slice_sub(line, 0, colon),
		    slice_from(line, colon + 1));
		at += line.len + 1;
	}
	return message;
}

/* "+": granted, "b": behalf, "-": denied, "!": no right, "?": not known. */
static struct slice
marks_of(const struct message *message, struct arena *mem)
{
	const struct authors *authors = &message->authors;
	struct strbuf buf;

	strbuf_init(&buf, mem);
	for (size_t i = 0; i < authors->count; i++) {
		const struct author *author = &authors->items[i];

		if (author->role == ROLE_MAIL_FROM)
			continue;
		strbuf_add_char(&buf,
		    slice_starts(author->how, SLICE("denied by ")) ? '-' :
			author->foreign				   ? '!' :
			author->behalf				   ? 'b' :
			author->right == RIGHT_GRANTED		   ? '+' :
								     '?');
	}
	return strbuf_slice(&buf);
}

static void
authors_are_judged_together(void **state)
{
	size_t failed = 0;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct step_case *c = &cases[i];
		struct message *message;
		struct verdict verdict;
		struct slice marks;
		struct arena mem;
		const char *said;

		arena_init(&mem);
		message = message_of(*state, c);
		verdict = step_authors(message);
		marks = marks_of(message, &mem);
		said = slice_cstr(&mem,
		    verdict.action == ACTION_TEMPFAIL ? verdict.detail :
							verdict.text);
		if (verdict.action != c->action ||
		    verdict.reason != c->reason ||
		    strstr(said, c->said) == NULL ||
		    !slice_eq(marks, slice_of(c->authors))) {
			print_error("%s: %s %s %.*s: %s\n", c->name,
			    action_name(verdict.action),
			    reason_name(verdict.reason), SLICE_ARGS(marks),
			    said);
			failed++;
		}
		message_free(message);
		arena_done(&mem);
	}
	assert_int_equal(failed, 0);
}

/* The header that could not be kept is told of by the step before. */
static void
a_header_with_a_fault_is_not_judged(void **state)
{
	const struct step_case c = { .name = "fault",
		.config = "bounds { header-fields = 10 }",
		.header = "From: ceo@corp.example\n"
			  "A: 1\nB: 2\nC: 3\nD: 4\nE: 5\n"
			  "F: 6\nG: 7\nH: 8\nI: 9\nJ: 10\n" };
	struct message *message;
	struct arena mem;

	arena_init(&mem);
	message = message_of(*state, &c);
	assert_int_equal(step_bounds(message).action, ACTION_REJECT);
	assert_int_equal(step_authors(message).action, ACTION_ACCEPT);
	check_slice("marks", marks_of(message, &mem), "");
	message_free(message);
	arena_done(&mem);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(authors_are_judged_together),
		cmocka_unit_test(a_header_with_a_fault_is_not_judged),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
