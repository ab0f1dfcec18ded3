/* SPDX-License-Identifier: BSD-2-Clause */
/* The file in which a running milter says how it is: its text, both ways. */
#include "daemon/status_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/evp.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"

/* The first line, with the number of the format; and the last one. */
#define HEAD "submilter-status 1"
#define TAIL "end"

enum { MAX_STATUS_BYTES = 4 * 1024 * 1024, MAX_VALUE_BYTES = 16 * 1024 };

struct slice
status_hash(struct slice text, struct arena *mem)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int len = 0;
	struct strbuf buf;

	ENSURE(EVP_Digest(text.data == NULL ? "" : text.data, text.len, digest,
		   &len, EVP_sha256(), NULL) == 1);
	strbuf_init(&buf, mem);
	for (unsigned int i = 0; i < len; i++)
		strbuf_addf(&buf, "%02x", digest[i]);
	return strbuf_slice(&buf);
}

struct slice
status_option_value(struct slice value, struct arena *mem)
{
	if (value.len <= MAX_VALUE_BYTES)
		return value;
	return slice_format(
	    mem, "sha256:%.*s", SLICE_ARGS(status_hash(value, mem)));
}

/* A value is the rest of its line: what would end the line is "?". */
static void
status_file_add_text(struct strbuf *buf, const char *name, struct slice value)
{
	if (value.len == 0)
		return;
	strbuf_addf(buf, "%s ", name);
	for (size_t i = 0; i < value.len; i++)
		strbuf_add_char(
		    buf, char_is_control(value.data[i]) ? '?' : value.data[i]);
	strbuf_add_char(buf, '\n');
}

static void
status_file_add_number(
    struct strbuf *buf, const char *name, unsigned long long number)
{
	strbuf_addf(buf, "%s %llu\n", name, number);
}

struct slice
status_print(const struct status *status, struct arena *mem)
{
	const struct tally *tally = &status->tally;
	struct strbuf buf;

	strbuf_init(&buf, mem);
	strbuf_add_cstr(&buf, HEAD "\n");
	status_file_add_number(&buf, "pid", (unsigned long long)status->pid);
	status_file_add_number(&buf, "process-start", status->process_start);
	status_file_add_text(&buf, "version", status->version);
	status_file_add_number(
	    &buf, "started", (unsigned long long)status->started);
	status_file_add_text(&buf, "listen", status->listen);
	status_file_add_text(&buf, "config", status->config_path);
	status_file_add_number(
	    &buf, "loaded", (unsigned long long)status->loaded);
	for (size_t i = 0; i < status->source_count; i++)
		status_file_add_text(&buf, "source",
		    slice_format(mem, "%.*s %.*s",
			SLICE_ARGS(status->sources[i].hash),
			SLICE_ARGS(status->sources[i].path)));
	for (size_t i = 0; i < status->table_count; i++)
		status_file_add_text(&buf, "table",
		    slice_format(mem, "%s %.*s",
			status->tables[i].rows == STATUS_NO_ROWS ?
			    "-" :
			    slice_format(mem, "%zu", status->tables[i].rows)
				.data,
			SLICE_ARGS(status->tables[i].spec)));
	/* A value is one line, and may have a tab. */
	for (size_t i = 0; i < status->option_count; i++)
		strbuf_addf(&buf, "option %.*s %.*s\n",
		    SLICE_ARGS(status->options[i].name),
		    SLICE_ARGS(status->options[i].value));
	status_file_add_text(&buf, "tables-fault", status->tables_fault);
	status_file_add_text(&buf, "after-restart", status->after_restart);
	status_file_add_number(&buf, "reloads-begun", status->reloads_begun);
	status_file_add_number(&buf, "reloads-done", status->reloads_done);
	status_file_add_number(
	    &buf, "reload-at", (unsigned long long)status->reload_at);
	status_file_add_text(&buf, "reload-result",
	    status->reload_at == 0     ? SLICE("none") :
		status->reload_refused ? SLICE("refused") :
					 SLICE("ok"));
	status_file_add_text(&buf, "reload-reason", status->reload_reason);
	status_file_add_number(&buf, "domains", status->domains);
	status_file_add_number(&buf, "keys", status->keys);
	for (size_t i = 0; status->keys_are_watched && i < STATUS_KEY_USES; i++)
		strbuf_addf(&buf, "key-use %s %zu\n",
		    key_role_name((enum key_role)i), status->key_uses[i]);
	for (size_t i = 0; i < TALLY_ACTIONS; i++)
		strbuf_addf(&buf, "messages %s %lu\n",
		    action_name((enum action)i), tally->counts[i]);
	for (size_t i = 0; i < tally->last_count; i++) {
		const struct tally_entry *entry = &tally->last[i];

		strbuf_addf(&buf, "last %lld %s %s %s\n",
		    (long long)entry->when, action_name(entry->action),
		    entry->reason[0] == '\0' ? "-" : entry->reason,
		    entry->qid[0] == '\0' ? "-" : entry->qid);
	}
	if (status->accounting.is_on)
		strbuf_addf(&buf, "accounting %lu %lu %lu\n",
		    status->accounting.sent, status->accounting.waiting,
		    status->accounting.lost);
	status_file_add_number(
	    &buf, "written", (unsigned long long)status->written);
	strbuf_add_cstr(&buf, TAIL "\n");
	return strbuf_slice(&buf);
}

/* The word up to the next blank; what is behind it stays in *rest. */
static struct slice
take_word(struct slice *rest)
{
	struct slice word = slice_sub(*rest, 0, slice_find(*rest, ' '));

	*rest = slice_from(*rest, word.len + 1);
	return word;
}

static bool
take_action(struct slice word, size_t *ret_action)
{
	for (size_t i = 0; i < TALLY_ACTIONS; i++) {
		if (!slice_eq(word, slice_of(action_name((enum action)i))))
			continue;
		*ret_action = i;
		return true;
	}
	return false;
}

static void
status_file_copy_word(char *to, size_t size, struct slice word)
{
	if (slice_eq(word, SLICE("-")))
		word.len = 0;
	(void)snprintf(to, size, "%.*s", SLICE_ARGS(word));
}

static bool
read_last(struct status *status, struct slice rest)
{
	struct tally_entry entry = { .when = 0 };
	unsigned long when;
	size_t action;

	if (status->tally.last_count == TALLY_LAST ||
	    !slice_number(take_word(&rest), LONG_MAX, &when) ||
	    !take_action(take_word(&rest), &action))
		return false;
	entry.when = (time_t)when;
	entry.action = (enum action)action;
	status_file_copy_word(
	    entry.reason, sizeof(entry.reason), take_word(&rest));
	status_file_copy_word(entry.qid, sizeof(entry.qid), rest);
	status->tally.last[status->tally.last_count++] = entry;
	return true;
}

/* Rows of lists, which grow in mem. */
struct lists {
	struct arena *mem;
	size_t source_cap;
	size_t table_cap;
	size_t option_cap;
};

/* A line that says one thing: "NAME VALUE". */
static bool
read_value(struct status *status, struct slice name, struct slice rest)
{
	struct {
		const char *name;
		struct slice *value;
	} texts[] = {
		{ "version", &status->version },
		{ "listen", &status->listen },
		{ "config", &status->config_path },
		{ "tables-fault", &status->tables_fault },
		{ "after-restart", &status->after_restart },
		{ "reload-reason", &status->reload_reason },
	};
	unsigned long n;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (slice_eq(name, slice_of(texts[i].name))) {
			*texts[i].value = rest;
			return true;
		}
	}
	if (slice_eq(name, SLICE("reload-result"))) {
		status->reload_refused = slice_eq(rest, SLICE("refused"));
		return true;
	}
	if (!slice_number(rest, LONG_MAX, &n))
		return false;
	if (slice_eq(name, SLICE("pid")) && n <= INT_MAX)
		status->pid = (pid_t)n;
	else if (slice_eq(name, SLICE("process-start")))
		status->process_start = n;
	else if (slice_eq(name, SLICE("started")))
		status->started = (time_t)n;
	else if (slice_eq(name, SLICE("loaded")))
		status->loaded = (time_t)n;
	else if (slice_eq(name, SLICE("reloads-begun")))
		status->reloads_begun = n;
	else if (slice_eq(name, SLICE("reloads-done")))
		status->reloads_done = n;
	else if (slice_eq(name, SLICE("reload-at")))
		status->reload_at = (time_t)n;
	else if (slice_eq(name, SLICE("domains")))
		status->domains = n;
	else if (slice_eq(name, SLICE("keys")))
		status->keys = n;
	else if (slice_eq(name, SLICE("written")))
		status->written = (time_t)n;
	else
		return false;
	return true;
}

/* "NAME VALUE". */
static bool
read_option(struct status *status, struct lists *lists, struct slice rest)
{
	void *array = status->options;
	struct slice name = take_word(&rest);

	arena_reserve_one(lists->mem, &array, &lists->option_cap,
	    status->option_count, sizeof(status->options[0]));
	status->options = array;
	status->options[status->option_count++] =
	    (struct status_option){ name, rest };
	return name.len != 0 && rest.len != 0;
}

/* "SENT WAITING LOST". */
static bool
read_accounting(struct accounting_counts *counts, struct slice rest)
{
	counts->is_on = true;
	return slice_number(take_word(&rest), ULONG_MAX, &counts->sent) &&
	    slice_number(take_word(&rest), ULONG_MAX, &counts->waiting) &&
	    slice_number(rest, ULONG_MAX, &counts->lost);
}

static bool
status_file_read_line(
    struct status *status, struct lists *lists, struct slice line)
{
	struct slice rest = line, name = take_word(&rest), word;
	void *sources = status->sources, *tables = status->tables;
	unsigned long number;
	size_t action;

	if (slice_eq(name, SLICE("source"))) {
		word = take_word(&rest);
		arena_reserve_one(lists->mem, &sources, &lists->source_cap,
		    status->source_count, sizeof(status->sources[0]));
		status->sources = sources;
		status->sources[status->source_count++] =
		    (struct status_source){ rest, word };
		return rest.len != 0;
	}
	if (slice_eq(name, SLICE("table"))) {
		word = take_word(&rest);
		number = STATUS_NO_ROWS;
		if (!slice_eq(word, SLICE("-")) &&
		    !slice_number(word, ULONG_MAX, &number))
			return false;
		arena_reserve_one(lists->mem, &tables, &lists->table_cap,
		    status->table_count, sizeof(status->tables[0]));
		status->tables = tables;
		status->tables[status->table_count++] =
		    (struct status_table){ rest, number };
		return rest.len != 0;
	}
	if (slice_eq(name, SLICE("option")))
		return read_option(status, lists, rest);
	if (slice_eq(name, SLICE("messages")))
		return take_action(take_word(&rest), &action) &&
		    slice_number(
			rest, ULONG_MAX, &status->tally.counts[action]);
	if (slice_eq(name, SLICE("key-use"))) {
		word = take_word(&rest);
		status->keys_are_watched = true;
		for (size_t i = 0; i < STATUS_KEY_USES; i++) {
			const char *role = key_role_name((enum key_role)i);

			if (slice_eq(word, slice_of(role)) &&
			    slice_number(rest, ULONG_MAX, &number)) {
				status->key_uses[i] = number;
				return true;
			}
		}
		return false;
	}
	if (slice_eq(name, SLICE("accounting")))
		return read_accounting(&status->accounting, rest);
	if (slice_eq(name, SLICE("last")))
		return read_last(status, rest);
	return read_value(status, name, rest);
}

int
status_parse(struct slice text, struct arena *mem, struct status *ret_status,
    struct err *err)
{
	struct status status = { .pid = 0 };
	struct lists lists = { .mem = mem };
	struct slice line;
	size_t number = 1;

	if (!slice_next_item(&text, "\n", &line) ||
	    !slice_eq(line, SLICE(HEAD)))
		return err_set(err, ERR_DATA,
		    "it does not begin with \"" HEAD
		    "\": another version of submilter may have written it");
	while (slice_next_item(&text, "\n", &line)) {
		number++;
		if (slice_eq(line, SLICE(TAIL)) && status.pid > 0) {
			*ret_status = status;
			return 0;
		}
		if (!status_file_read_line(&status, &lists, line))
			return err_set(
			    err, ERR_DATA, "line %zu is not known", number);
	}
	return err_set(err, ERR_DATA, "it has no end");
}

int
status_read(struct slice path, struct arena *mem, struct status *ret_status,
    struct err *err)
{
	struct slice text;
	int status = -1;

	if (access(slice_cstr(mem, path), F_OK) != 0 && errno == ENOENT) {
		*ret_status = (struct status){ .pid = 0 };
		return 0;
	}
	if (file_read(&(struct file_request){ path, MAX_STATUS_BYTES, mem },
		&text, err) == 0)
		status = status_parse(text, mem, ret_status, err);
	return status == 0 ? 0 : err_wrap(err, "%s", escape(mem, path, 256));
}

unsigned long long
status_process_start(pid_t pid)
{
	char path[64], text[1024];
	CLEANUP(fd_close) int fd = -1;
	struct slice rest, word = { NULL, 0 };
	unsigned long start;
	ssize_t len;

	(void)snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	len = fd < 0 ? -1 : read(fd, text, sizeof(text));
	if (len <= 0)
		return 0;
	/* Field 22 of proc_pid_stat(5); field 2, in (), may hold anything. */
	rest = (struct slice){ text, (size_t)len };
	rest = slice_from(rest, slice_find_last(rest, ')') + 1);
	for (int field = 3; field <= 22; field++) {
		if (!slice_next_item(&rest, " \n", &word))
			return 0;
	}
	return slice_number(word, ULONG_MAX, &start) ? start : 0;
}

bool
status_is_alive(const struct status *status)
{
	unsigned long long start = status_process_start(status->pid);

	if (start != 0 && status->process_start != 0)
		return start == status->process_start;
	return kill(status->pid, 0) == 0 || errno == EPERM;
}
