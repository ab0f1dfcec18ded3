/* SPDX-License-Identifier: BSD-2-Clause */
/* Files of parameters of databases, and what queries and values they make. */
#include "../unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../../milter/table/table_priv.h"
#include "answer.h"
#include "table/database.h"

/* A database whose answer is what is asked, in the values of the file. */
struct fake {
	struct database database;
	struct slice query;
	struct slice values;
	struct slice password;
	unsigned int number;
	bool flag;
};

static const struct database_parameter parameters[] = {
	{ "query", DATABASE_TEXT, offsetof(struct fake, query), "%s", 0, 0 },
	{ "values", DATABASE_TEXT, offsetof(struct fake, values), NULL, 0, 0 },
	{ "password", DATABASE_SECRET, offsetof(struct fake, password), NULL, 0,
	    0 },
	{ "number", DATABASE_NUMBER, offsetof(struct fake, number), "7", 1,
	    99 },
	{ "flag", DATABASE_BOOL, offsetof(struct fake, flag), "yes", 0, 0 },
	{ "debuglevel", DATABASE_UNUSED, 0, NULL, 0, 0 },
	{ "result_filter", DATABASE_TEXT,
	    offsetof(struct database, result_filter), NULL, 1, 0 },
};
static const struct database_type type = { parameters,
	sizeof(parameters) / sizeof(parameters[0]), true };

static int
fake_connect(void *settings, const struct server_host *host,
    uint64_t deadline_us, void **ret_connection, struct err *err)
{
	(void)host;
	(void)deadline_us;
	(void)err;
	*ret_connection = settings;
	return 0;
}

static bool
fake_is_quiet(void *connection)
{
	(void)connection;
	return true;
}

static void
fake_disconnect(void *connection)
{
	(void)connection;
}

static int
quote(void *arg, struct slice part, struct strbuf *query, struct err *err)
{
	(void)arg;
	if (slice_has(part, '!'))
		return err_set(err, ERR_DATA, "cannot be quoted");
	strbuf_addf(query, "<%.*s>", SLICE_ARGS(part));
	return 0;
}

/* "values" has what is found, with | between; without it: the query. */
static enum server_answer
fake_ask(void *settings, void *connection, struct slice key,
    const struct table_context *context, struct slice *ret_value)
{
	const struct fake *fake = settings;
	struct slice rest = fake->values;
	struct database_result result;
	struct database_key parts;
	struct strbuf query;

	(void)connection;
	database_key_init(key, &parts);
	strbuf_init(&query, context->mem);
	if (database_expand(fake->query, &parts,
		&(struct database_quote){ quote, NULL }, &query,
		context->err) != 0)
		return SERVER_REFUSED;
	database_result_init(&result, &fake->database, key, context->mem);
	if (rest.data == NULL)
		rest = strbuf_slice(&query);
	while (rest.len > 0) {
		size_t end = slice_find(rest, '|');

		if (database_result_add(
			&result, slice_sub(rest, 0, end), context->err) != 0)
			return SERVER_REFUSED;
		rest = slice_from(rest, end + 1);
	}
	return database_result_end(&result, ret_value);
}

static const struct server_ops fake_server = { fake_connect, fake_is_quiet,
	fake_ask, fake_disconnect };

/* Warnings and errors, one a line. */
static void
tell(void *arg, bool is_error, const char *text)
{
	strbuf_addf(arg, "%s%s\n", is_error ? "E " : "", text);
}

/* Opens a text, or with text NULL the file, and asks it for one key. */
static struct slice
ask_file(struct arena *mem, const char *path, const char *text, const char *key,
    struct strbuf *warnings)
{
	const struct report report = { tell, warnings };
	struct slice given = slice_of(text == NULL ? "" : text), value, *values;
	struct fake *fake = arena_alloc(mem, sizeof(*fake));
	struct slice keys[] = { slice_of(key) };
	struct table_opening opening = {
		.spec = SLICE("fake:127.0.0.1"),
		.name = slice_of(path),
		.text = text == NULL ? NULL : &given,
		.mem = mem,
		.report = &report,
	};
	struct err err = { .kind = ERR_NONE };
	struct hosts *hosts;

	values = &value;
	value = (struct slice){ NULL, 0 };
	if (database_open(&opening, &type, &fake->database, &err) != 0 ||
	    database_add_template(
		&fake->database, "query", fake->query, NULL, &err) != 0) {
		database_close(fake);
		return slice_format(mem, "open: %s", err.text);
	}
	hosts = hosts_new(&opening, HOSTS_IN_ORDER);
	assert_int_equal(hosts_add_list(hosts, SLICE("127.0.0.1"), 1, &err), 0);
	fake->database.server = server_new(&fake_server, fake, hosts);
	value = answer_text(mem,
	    database_lookup(fake, &(struct table_keys){ keys, 1 },
		&(struct table_context){ .mem = mem, .err = &err }, values),
	    *values, &err);
	database_close(fake);
	return value;
}

static struct slice
ask(struct arena *mem, const char *text, const char *key)
{
	struct strbuf warnings;

	strbuf_init(&warnings, mem);
	return ask_file(mem, "/nowhere", text, key, &warnings);
}

struct sample {
	const char *text, *key, *want;
};

static void
check_samples(const struct sample *samples, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct arena mem;

		arena_init(&mem);
		check_slice(samples[i].text,
		    ask(&mem, samples[i].text, samples[i].key),
		    samples[i].want);
		arena_done(&mem);
	}
}
#define CHECK_SAMPLES(samples) \
	check_samples(samples, sizeof(samples) / sizeof((samples)[0]))

/* Each of these was seen with Postfix 3.7. */
static void
queries_are_made_of_keys(void **state)
{
	static const struct sample samples[] = {
		{ "", "u@d", "<u@d>" },
		{ "query = %s %S %u %U %d %D %%\n", "u@d",
		    "<u@d> <u@d> <u> <u> <d> <d> %" },
		{ "query = %u at %d\n", "a@b@corp.example",
		    "<a@b> at <corp.example>" },
		{ "query = %u\n", "alice", "<alice>" },
		{ "query = %d\n", "alice", "-" },
		{ "query = %d\n", "user@", "-" },
		{ "query = %d\n", "@", "-" },
		{ "query = %u\n", "@d", "-" },
		{ "query = %u\n", "user@", "<user>" },
		{ "query = %s\n", "@d", "<@d>" },
		{ "query = %1 %2\n", "x@a.b.c", "<c> <b>" },
		{ "query = %3\n", "x@b.c", "-" },
		{ "query = %1\n", "x@corp..example.", "<example>" },
		{ "query = %2 %d\n", "x@corp..example.",
		    "<corp> <corp..example.>" },
		{ "query = %9\n", "x@9.8.7.6.5.4.3.2.1", "<9>" },
		{ "query = %9\n", "x@10.9.8.7.6.5.4.3.2.1", "<9>" },
		{ "query = fixed\n", "x", "fixed" },
		/* What is put in is not expanded again. */
		{ "query = %s%%s\n", "%d", "<%d>%s" },
		{ "query = %s\n", "a!b", "! cannot be quoted" },
		{ "query = %x\n", "x",
		    "open: query: \"%x\": behind a percent sign stands one of "
		    "s, u, d, S, U, D, 1 to 9 and %" },
		{ "query = 5%\n", "x",
		    "open: query: \"%\": behind a percent sign stands one of "
		    "s, u, d, S, U, D, 1 to 9 and %" },
		{ "query = %0\n", "x",
		    "open: query: \"%0\": behind a percent sign stands one of "
		    "s, u, d, S, U, D, 1 to 9 and %" },
	};

	(void)state;
	CHECK_SAMPLES(samples);
}

static void
values_are_made_of_what_is_found(void **state)
{
	static const struct sample samples[] = {
		{ "values = a|b|a\n", "k", "a,b,a" },
		{ "values = a||b c,d|\n", "k", "a,b c,d" },
		{ "values = |\n", "k", "-" },
		{ "values = a\nresult_format = fixed\n", "k", "fixed" },
		{ "values = a|b\nresult_format = fixed\n", "k", "fixed,fixed" },
		{ "values = a@x|b\nresult_format = %u\n", "k", "a,b" },
		{ "values = a@x|b|c@\nresult_format = %d\n", "k", "x" },
		{ "values = @x|b\nresult_format = %u\n", "k", "b" },
		{ "values = @x|b\nresult_format = %s\n", "k", "@x,b" },
		{ "values = a|b\nresult_format = %s@%D\n", "k@x", "a@x,b@x" },
		{ "values = a\nresult_format = %s %S %U %D %1 %%\n", "k@x.y",
		    "a k@x.y k x.y y %" },
		/* They restrict the query, too. */
		{ "values = a\nresult_format = %U\n", "@shop.example", "-" },
		{ "values = a\nresult_format = %D\n", "k", "-" },
		{ "values = a\nresult_format = %2\n", "k@x", "-" },
		/* A stranger's address makes nobody else a login. */
		{ "values = a\nresult_format = %U\n", "x,root@y",
		    "! result_format would put \",\" of the key into the "
		    "value" },
		{ "values = a\nresult_format = %s %S\n", "x root@y",
		    "! result_format would put \" \" of the key into the "
		    "value" },
		{ "values = a\nresult_format = <%U>\n", "x;until=@y",
		    "! result_format would put \";\" of the key into the "
		    "value" },
		{ "query = q\nvalues = a\nresult_format = %U\n", "!x@y",
		    "! result_format would put \"!\" of the key into the "
		    "value" },
		{ "values = a,b\nresult_format = %s\n", "x,root@y", "a,b" },
		{ "values = a%s\nresult_format = %s%%\n", "k", "a%s%" },
		{ "values = a|b\nexpansion_limit = 2\n", "k", "a,b" },
		{ "values = a||b\nexpansion_limit = 2\n", "k", "a,b" },
		{ "values = a|b|c\nexpansion_limit = 2\n", "k",
		    "! more than 2 values (expansion_limit)" },
		{ "values = a\nresult_filter = <%s>\n", "k", "<a>" },
		{ "values = a\nresult_filter = <%s>\nresult_format = %s\n", "k",
		    "a" },
		{ "values = a\nresult_format = %x\n", "k",
		    "open: result_format: \"%x\": behind a percent sign stands "
		    "one of s, u, d, S, U, D, 1 to 9 and %" },
		{ "values = a\nresult_format =\n", "k",
		    "open: line 2: result_format takes a text" },
	};

	(void)state;
	CHECK_SAMPLES(samples);
}

static void
files_are_read_as_by_postfix(void **state)
{
	static const struct sample samples[] = {
		{ "query=a\n", "k", "a" },
		{ "query\t =\t a b \t\r\n", "k", "a b" },
		{ "query = a\n# x\n\n  b\n  # y\n c\n", "k", "a  b c" },
		{ "query = a # b\n", "k", "a # b" },
		{ "query = \"$x\" = \\'\n", "k", "\"$x\" = \\'" },
		{ "query =\n", "k", "-" },
		{ "query = a\nquery = b\n", "k", "b" },
		{ "QUERY = a\n", "k", "<k>" },
		{ "debuglevel = x\n", "k", "<k>" },
		{ "number = 99\nflag = NO\n", "k", "<k>" },
		{ "number = +1\n", "k", "<k>" },
		{ "x\n", "k",
		    "open: line 1: a line has the form NAME = VALUE, not "
		    "\"x\"" },
		{ "= x\n", "k",
		    "open: line 1: a line has the form NAME = VALUE, not "
		    "\"= x\"" },
		{ "#\na b = x\n", "k",
		    "open: line 2: a line has the form NAME = VALUE, not \"a b "
		    "= x\"" },
		{ "number = 5x\n", "k",
		    "open: line 1: number takes a number from 1 to 99" },
		{ "number = 0\n", "k",
		    "open: line 1: number takes a number from 1 to 99" },
		{ "number =\n", "k",
		    "open: line 1: number takes a number from 1 to 99" },
		{ "number = -1\n", "k",
		    "open: line 1: number takes a number from 1 to 99" },
		{ "\n# 2\n"
		  "number = 100\nflag = true\n",
		    "k",
		    "open: line 3: number takes a number from 1 to 99 (and 1 "
		    "more fault)" },
		{ "flag = true\n", "k", "open: line 1: flag takes yes or no" },
		{ "expansion_limit = 99999999999\n", "k",
		    "open: line 1: expansion_limit takes a number from 0 to "
		    "2147483647" },
	};

	(void)state;
	CHECK_SAMPLES(samples);
}

static void
only_keys_in_domains_are_asked_for(void **state)
{
	static const struct sample samples[] = {
		{ "domain = a.example, B.example\n", "k@a.example",
		    "<k@a.example>" },
		{ "domain = a.example B.example\n", "k@b.Example",
		    "<k@b.Example>" },
		{ "domain = a.example\n", "k@x.a.example", "-" },
		{ "domain = .a.example *\n", "k@x.a.example", "-" },
		{ "domain = a.example\n", "k", "-" },
		{ "domain = a.example\n", "a.example", "-" },
		{ "domain = a.example\n", "k@", "-" },
		{ "domain = a.example\n", "@a.example", "-" },
		{ "domain = !a.example, inline:{a.example=1, b.example=1}\n",
		    "k@a.example", "-" },
		{ "domain = !a.example, inline:{a.example=1, b.example=1}\n",
		    "k@b.example", "<k@b.example>" },
		{ "domain = inline:{a.example=1}, !a.example\n", "k@a.example",
		    "<k@a.example>" },
		{ "domain = !!a.example\n", "k@a.example", "<k@a.example>" },
		{ "domain = !static:x, a.example\n", "k@a.example", "-" },
		{ "domain = a.example, !a.example\n", "k@a.example",
		    "<k@a.example>" },
		{ "domain =\n", "k", "<k>" },
		{ "domain = !\n", "k", "open: domain: nothing behind \"!\"" },
		{ "domain = /nonexistent/x\n", "k",
		    "open: domain: /nonexistent/x: No such file or directory" },
		{ "domain = texthash:/nonexistent/x\n", "k",
		    "open: domain: table texthash:/nonexistent/x: No such file "
		    "or directory" },
		{ "domain = regexp:{\n", "k",
		    "open: domain: a \"}\" is missing" },
	};

	(void)state;
	CHECK_SAMPLES(samples);
}

static void
write_file(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	assert_int_equal(close(fd), 0);
}

static void
domains_stand_in_files_too(void **state)
{
	char top[] = "/tmp/database-XXXXXX";
	struct arena mem;
	const char *list, *self, *text;

	(void)state;
	arena_init(&mem);
	assert_non_null(mkdtemp(top));
	list = slice_format(&mem, "%s/list", top).data;
	self = slice_format(&mem, "%s/self", top).data;
	write_file(list, "# ours\na.example !c.example\n  b.example\n", 0600);
	text = slice_format(&mem, "domain = %s, c.example\n", list).data;
	check_slice("a", ask(&mem, text, "k@a.example"), "<k@a.example>");
	check_slice("b", ask(&mem, text, "k@b.example"), "<k@b.example>");
	check_slice("c", ask(&mem, text, "k@c.example"), "-");
	text = slice_format(&mem, "domain = !%s, a.example c.example\n", list)
		   .data;
	check_slice("a", ask(&mem, text, "k@a.example"), "-");
	check_slice("c", ask(&mem, text, "k@c.example"), "<k@c.example>");
	/* A file that names itself ends. */
	write_file(self, slice_format(&mem, "%s\n", self).data, 0600);
	text = slice_format(&mem, "domain = %s\n", self).data;
	assert_true(slice_starts(
	    ask(&mem, text, "k@a.example"), SLICE("open: domain: ")));
	/* One that is cut may lack an exception. */
	write_file(list, "a.example", 0600);
	text = slice_format(&mem, "domain = %s\n", list).data;
	assert_true(slice_starts(
	    ask(&mem, text, "k@a.example"), SLICE("open: domain: ")));
	assert_int_equal(unlink(list), 0);
	assert_int_equal(unlink(self), 0);
	assert_int_equal(rmdir(top), 0);
	arena_done(&mem);
}

/* Of long ago, so that its times tell any change. */
static void
write_old(const char *path, const char *text, long second)
{
	const struct timespec times[2] = { { .tv_sec = 1700000000 + second },
		{ .tv_sec = 1700000000 + second } };

	write_file(path, text, 0600);
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void
open_file(struct arena *mem, const char *path, struct fake *fake)
{
	struct table_opening opening = { .name = slice_of(path), .mem = mem };
	struct err err;

	*fake = (struct fake){ .flag = false };
	assert_int_equal(
	    database_open(&opening, &type, &fake->database, &err), 0);
}

/* "domain = FILE, texthash:TABLE" and a backup: what changes there, counts. */
static void
a_change_of_any_file_is_seen(void **state)
{
	const struct table_source_ops *ops = &database_source_ops;
	static const char *const names[] = { "a", "b", "c" };
	char top[] = "/tmp/submilter-database-XXXXXX", *paths[3], *file;
	struct fake fake, again;
	struct arena mem;
	struct err err;

	(void)state;
	arena_init(&mem);
	assert_non_null(mkdtemp(top));
	for (size_t i = 0; i < 3; i++) {
		paths[i] = slice_cstr(
		    &mem, slice_format(&mem, "%s/%s", top, names[i]));
		write_old(paths[i], "a.example x\n", 0);
	}
	file = slice_cstr(&mem, slice_format(&mem, "%s/file", top));
	write_old(file,
	    slice_format(&mem, "domain = %s, texthash:%s\n", paths[0], paths[1])
		.data,
	    0);
	for (size_t i = 0; i < 3; i++) {
		open_file(&mem, file, &fake);
		assert_int_equal(
		    table_open(slice_format(&mem, "texthash:%s", paths[2]),
			NULL, &fake.database.backup, &err),
		    0);
		assert_true(ops->state(&fake) > TABLE_STATE_UNSURE);
		assert_true(ops->state(&fake) == ops->state_now(&fake));
		assert_true(ops->same(&fake, &fake));
		write_old(paths[i], "b.example x\n", 1);
		assert_true(ops->state(&fake) != ops->state_now(&fake));
		open_file(&mem, file, &again);
		assert_int_equal(
		    table_open(slice_format(&mem, "texthash:%s", paths[2]),
			NULL, &again.database.backup, &err),
		    0);
		assert_false(ops->same(&again, &fake));
		assert_false(ops->is_down(&again, &err));
		database_close(&fake);
		database_close(&again);
	}
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(unlink(paths[i]), 0);
	assert_int_equal(unlink(file), 0);
	assert_int_equal(rmdir(top), 0);
	arena_done(&mem);
}

static void
what_is_not_wise_is_a_warning(void **state)
{
	char path[] = "/tmp/database-XXXXXX";
	static const char text[] = "passwd = x\nzzz = 1\n"
				   "number = 1\n"
				   "number = 2\npassword = x\n";
	struct arena mem;
	struct strbuf warnings;
	struct slice want;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(close(fd), 0);
	arena_init(&mem);
	strbuf_init(&warnings, &mem);
	write_file(path, text, 0640);
	check_slice("k", ask_file(&mem, path, NULL, "k", &warnings), "<k>");
	want = slice_format(&mem,
	    "%s:1: there is no parameter \"passwd\", so it has no effect: did "
	    "you mean \"password\"?\n"
	    "%s:2: there is no parameter \"zzz\", so it has no effect\n"
	    "%s:4: number stands in line 3, too: this one counts\n",
	    path, path, path);
	check_slice("warnings", strbuf_slice(&warnings), want.data);
	write_file(path, "password = x\n", 0644);
	strbuf_init(&warnings, &mem);
	check_slice("k", ask_file(&mem, path, NULL, "k", &warnings), "<k>");
	assert_true(slice_has_text_nocase(strbuf_slice(&warnings),
	    SLICE("every user of this machine can read the password")));
	write_file(path, "query = x", 0600);
	assert_true(slice_starts(
	    ask_file(&mem, path, NULL, "k", &warnings), SLICE("open: ")));
	check_slice("in main.cf", ask_file(&mem, "x", NULL, "k", &warnings),
	    "open: a path begins with / or ., as in TYPE:/etc/postfix/NAME: "
	    "parameters in main.cf of Postfix are not read");
	assert_int_equal(unlink(path), 0);
	arena_done(&mem);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(queries_are_made_of_keys),
		cmocka_unit_test(values_are_made_of_what_is_found),
		cmocka_unit_test(files_are_read_as_by_postfix),
		cmocka_unit_test(only_keys_in_domains_are_asked_for),
		cmocka_unit_test(domains_stand_in_files_too),
		cmocka_unit_test(a_change_of_any_file_is_seen),
		cmocka_unit_test(what_is_not_wise_is_a_warning),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
