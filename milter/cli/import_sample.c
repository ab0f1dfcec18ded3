/* SPDX-License-Identifier: BSD-2-Clause */
/* What an imported configuration would change for mail of before. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "check/check.h"
#include "cli/become.h"
#include "cli/options.h"
#include "import_priv.h"
#include "logbook/postfix_log.h"
#include "logbook/reader.h"
#include "logbook/source.h"
#include "message/tag_list.h"
#include "replay_priv.h"
#include "test_priv.h"

enum {
	MAX_MESSAGE_BYTES = 64 * 1024 * 1024,
	MAX_FILES = 100,
	SHOWN_ROWS = 20,
	LOOK_BYTES = 4096,
};

/* A file of the sample: opened while we still may read it. */
struct sample_file {
	const char *path;
	int fd; /* -1: it cannot be read */
	bool is_message;
};

struct sampling {
	struct snapshot *snapshot;
	struct replay_tally tally;
	struct census signatures; /* before, and then */
	struct test_mta mta;
	const char *login; /* NULL: that of each message */
	uint64_t judged;
	uint64_t files_judged; /* of these, messages that are files */
	bool failed;
};

/*
 * A field of a header stands on its first line: "Name: ...". So does what
 * submilter writes to standard error, "submilter: qid=...".
 */
static bool
begins_as_message(struct slice text)
{
	size_t end = 0;

	while (end < text.len &&
	    (char_is_alpha(text.data[end]) ||
		(end > 0 &&
		    (char_is_digit(text.data[end]) || text.data[end] == '-'))))
		end++;
	return end > 0 && end + 1 < text.len && text.data[end] == ':' &&
	    !slice_eq(slice_sub(text, 0, end), SLICE("submilter")) &&
	    (char_is_wsp(text.data[end + 1]) || text.data[end + 1] == '\r' ||
		text.data[end + 1] == '\n');
}

static void
open_file(struct sampling *sampling, struct sample_file *file)
{
	char begin[LOOK_BYTES];
	ssize_t got = -1;

	file->fd = open(file->path, O_RDONLY | O_CLOEXEC);
	if (file->fd >= 0)
		got = pread(file->fd, begin, sizeof(begin), 0);
	if (got < 0) {
		command_say("%s: %s", file->path, strerror(errno));
		sampling->failed = true;
		fd_close(&file->fd);
		file->fd = -1;
		return;
	}
	file->is_message =
	    begins_as_message((struct slice){ begin, (size_t)got });
}

static void
judge_record(void *arg, const struct log_record *record)
{
	struct sampling *sampling = arg;

	sampling->judged++;
	replay_count(&sampling->tally, sampling->snapshot, record);
}

static void
tell_failed(void *arg, const struct err *err)
{
	struct sampling *sampling = arg;

	sampling->failed = true;
	command_say("%s", err->text);
}

/* Lines of submilter itself, and then those of Postfix. */
static void
read_log(struct sampling *sampling, struct sample_file *file)
{
	const struct log_visitor visitor = {
		.arg = sampling, .message = judge_record, .failed = tell_failed
	};
	struct log_counts counts = { .files = 0 };
	struct postfix_log *log;
	struct log_source *source;
	struct slice line;
	enum log_source_got got;
	int again = fcntl(file->fd, F_DUPFD_CLOEXEC, 0);
	struct err err;

	log_read_open(&file->path, &file->fd, 1, &visitor, &counts);
	if (again < 0 || lseek(again, 0, SEEK_SET) != 0 ||
	    log_source_open(file->path, again, &source, &err) != 0) {
		command_say(
		    "%s: it is read for lines of submilter only", file->path);
		return;
	}
	log = postfix_log_new(judge_record, sampling);
	while (
	    (got = log_source_next(source, &line, &err)) == LOG_SOURCE_LINE ||
	    got == LOG_SOURCE_LONG) {
		if (got == LOG_SOURCE_LINE)
			postfix_log_line(log, line);
	}
	if (got == LOG_SOURCE_FAILED)
		tell_failed(sampling, &err);
	postfix_log_free(log);
	log_source_close(source);
}

/* "(Authenticated sender: alice@example.org)", as Postfix notes it. */
static struct slice
login_of(const struct header *header, struct arena *mem)
{
	static const struct slice words = { "(Authenticated sender: ", 23 };
	size_t i = header_find(header, SLICE("Received"), 0);
	struct slice value;

	for (; i < header->count;
	     i = header_find(header, SLICE("Received"), i + 1)) {
		value = field_unfold(mem, header->fields[i].value);
		for (size_t at = 0; at < value.len; at++) {
			struct slice rest = slice_from(value, at);

			if (!slice_starts(rest, words))
				continue;
			rest = slice_from(rest, words.len);
			return slice_sub(rest, 0, slice_find(rest, ')'));
		}
	}
	return (struct slice){ NULL, 0 };
}

/* The address in From, as a login of that name has it. */
static struct slice
first_from(const struct header *header, struct arena *mem)
{
	size_t i = header_find(header, SLICE("From"), 0);
	struct mailbox_list list;
	struct err err;

	if (i == header->count ||
	    mailbox_list_parse(header->fields[i].value, 20, mem, &list, &err) !=
		0 ||
	    list.count == 0)
		return (struct slice){ NULL, 0 };
	return slice_format(mem, "%.*s@%.*s", SLICE_ARGS(list.items[0].local),
	    SLICE_ARGS(list.items[0].domain));
}

static void
add_name(struct strbuf *buf, struct slice domain, struct slice selector)
{
	strbuf_add_cstr(buf, buf->len == 0 ? "" : ",");
	escape_append(buf, domain, 60);
	strbuf_add_char(buf, '/');
	escape_append(buf, selector, 40);
}

/* d= and s= of the signatures that a message has. */
static struct slice
signed_by(const struct header *header, struct arena *mem)
{
	static const struct slice name = { "DKIM-Signature", 14 };
	struct strbuf buf;

	strbuf_init(&buf, mem);
	for (size_t i = header_find(header, name, 0); i < header->count;
	     i = header_find(header, name, i + 1)) {
		struct tag_list tags;
		const struct tag *domain, *selector;
		struct err err;

		if (tag_list_parse(field_unfold(mem, header->fields[i].value),
			&tags, &err) != 0)
			continue;
		domain = tag_list_find(&tags, SLICE("d"));
		selector = tag_list_find(&tags, SLICE("s"));
		if (domain != NULL && selector != NULL)
			add_name(&buf, domain->value, selector->value);
	}
	return buf.len == 0 ? SLICE("no signature") : strbuf_slice(&buf);
}

/* Keys that the tables name for an author; those of the directory if none. */
static void
add_keys_of(const struct snapshot *snapshot, const struct author *author,
    struct arena *mem, struct strbuf *buf)
{
	struct key_wish wishes[KEY_MAX_WISHES];
	struct err err;
	const struct table_context context = { .mem = mem, .err = &err };
	struct slice domain = author->address.domain, value;
	const struct domain_keys *keys;
	size_t count = 0;

	if (snapshot->key_tables.keys != NULL &&
	    key_wishes_find(&snapshot->key_tables, &author->address, &context,
		wishes, &count) == TABLE_FAILED)
		return;
	for (size_t i = 0; i < count; i++) {
		struct key_row row;

		if (table_lookup_one(snapshot->key_tables.keys, wishes[i].name,
			&context, &value) == TABLE_FOUND &&
		    key_row_read(value, domain, mem, &row, &err) == 0)
			add_name(buf, row.domain, row.selector);
	}
	keys = snapshot->keys == NULL || count > 0 ?
	    NULL :
	    keystore_find(snapshot->keys, domain, mem);
	for (size_t i = 0; keys != NULL && i < keys->count; i++)
		add_name(buf, keys->name, keys->keys[i]->selector);
}

/* What would sign, whether or not a private key can be read yet. */
static struct slice
would_sign(struct message *message, bool refused)
{
	const struct authors *authors = message_authors(message);
	struct arena *mem = message_arena(message);
	struct strbuf buf;

	strbuf_init(&buf, mem);
	for (size_t i = 0; !refused && i < authors->count; i++) {
		if (authors->items[i].role == ROLE_FROM)
			add_keys_of(message_snapshot(message),
			    &authors->items[i], mem, &buf);
	}
	return buf.len == 0 ? SLICE("no signature") : strbuf_slice(&buf);
}

/* The reply that it would get, up to the part that is about the user. */
static struct slice
short_reply(const struct log_record *record)
{
	struct slice text = record->fields[LOG_REPLY];

	if (text.len == 0)
		text = record->fields[LOG_REASON];
	return slice_sub(text, 0, slice_find(text, ';'));
}

static void
judge_text(struct sampling *sampling, const char *path, struct slice text,
    const struct header *header, struct arena *mem)
{
	static const struct test_submission nothing = { .rcpt_count = 0 };
	struct slice login = sampling->login != NULL ?
	    slice_of(sampling->login) :
	    login_of(header, mem);
	struct mail_facts facts = { .client.said[FACT_MTA_VERSION] =
					sampling->mta.version };
	struct message *message;
	struct log_record record;
	struct verdict verdict;
	struct slice body = { NULL, 0 };
	bool refused;

	if (login.len == 0)
		login = first_from(header, mem);
	(void)!net_addr_parse(SLICE("192.0.2.1"), &facts.client.addr);
	facts.client.said[FACT_AUTH_AUTHEN] = login;
	facts.path = slice_has(login, '@') ? login : SLICE("<>");
	message = message_new(sampling->snapshot, &facts);
	verdict = test_submit(&nothing, message, text, &body);
	if (log_record_read(pipeline_log_line(message, SLICE(""), &verdict),
		&record) == LOG_TEXT_MESSAGE) {
		refused = record.fields[LOG_REASON].len != 0;
		sampling->judged++;
		sampling->files_judged++;
		replay_add(&sampling->tally,
		    !refused				  ? REPLAY_FINE :
			verdict.action == ACTION_TEMPFAIL ? REPLAY_LATER :
							    REPLAY_HIT,
		    short_reply(&record), slice_of(path));
		(void)census_add(&sampling->signatures,
		    slice_format(mem, "%.*s before, %.*s then",
			SLICE_ARGS(signed_by(header, mem)),
			SLICE_ARGS(would_sign(message, refused))),
		    0, slice_of(path));
	}
	message_free(message);
}

static void
judge_file(struct sampling *sampling, struct sample_file *file)
{
	const struct header_limits no_limits = { 0 };
	CLEANUP(arena_done) struct arena mem;
	struct header header;
	struct slice text, body;
	struct err err;

	arena_init(&mem);
	header_init(&header, &mem);
	if (fd_read_all(file->fd, &mem, MAX_MESSAGE_BYTES, &text) != 0) {
		command_say("%s: %s", file->path, strerror(errno));
		sampling->failed = true;
	} else if (header_parse(&header, text, &no_limits, &body, &err) != 0) {
		command_say("%s: %s", file->path, err.text);
		sampling->failed = true;
	} else {
		judge_text(sampling, file->path, text, &header, &mem);
	}
	fd_close(&file->fd);
}

static void
print_sample_json(struct sampling *sampling, struct strbuf *buf)
{
	strbuf_addf(buf,
	    ",\"sample\":{\"messages\":%" PRIu64 ",\"all_read\":%s",
	    sampling->judged, sampling->failed ? "false" : "true");
	replay_print_json(&sampling->tally, buf);
	census_sort(&sampling->signatures);
	replay_census_json(
	    &(const struct replay_census){ "signatures", &sampling->signatures,
		sampling->files_judged, SHOWN_ROWS },
	    buf);
	strbuf_add_cstr(buf, "}}\n");
	command_print(buf);
}

static void
print_sample(struct sampling *sampling)
{
	const struct census *census = &sampling->signatures;
	CLEANUP(arena_done) struct arena mem;
	struct strbuf buf;

	arena_init(&mem);
	strbuf_init(&buf, &mem);
	strbuf_addf(&buf,
	    "%" PRIu64 " messages of the sample, as enforce mode would judge "
	    "them; of a log, by who sends and MAIL FROM.\n\n",
	    sampling->judged);
	replay_print_text(&sampling->tally, &buf);
	census_sort(&sampling->signatures);
	if (census->count > 0)
		strbuf_add_cstr(&buf, "Signatures of messages\n");
	for (size_t i = 0; i < census->count && i < SHOWN_ROWS; i++) {
		strbuf_addf(&buf, "%10" PRIu64 "  ", census->items[i].count[0]);
		strbuf_add(&buf, census_name(&census->items[i]));
		strbuf_add_cstr(&buf, "  (");
		strbuf_add(&buf, census_sample(&census->items[i]));
		strbuf_add_cstr(&buf, ")\n");
	}
	command_print(&buf);
}

/* Nothing is signed, so that no private key has to be readable yet. */
static int
open_snapshot(struct sampling *sampling, struct slice text, struct err *err)
{
	struct config *config;

	if (config_read_text("the result", text, print_config_fault, NULL,
		&config, err) != 0)
		return -1;
	config->sign.mode = SECTION_MONITOR;
	config->sign.dkim_key = DKIM_KEY_OFF;
	test_mta_find(config, false, &sampling->mta);
	return replay_snapshot(config, &sampling->snapshot, err);
}

int
import_sample_show(struct slice config, const struct import_sample *sample)
{
	struct sampling sampling = { .tally.rows = SHOWN_ROWS,
		.login = sample->login };
	struct sample_file files[MAX_FILES];
	struct err err;

	ENSURE(sample->count <= MAX_FILES);
	for (size_t i = 0; i < sample->count; i++) {
		files[i] = (struct sample_file){ .path = sample->paths[i] };
		open_file(&sampling, &files[i]);
	}
	if (open_snapshot(&sampling, config, &err) != 0)
		return command_fail(&err, EXIT_NO);
	replay_tally_init(&sampling.tally);
	census_init(&sampling.signatures);
	for (size_t i = 0; i < sample->count; i++) {
		if (files[i].fd >= 0)
			(files[i].is_message ? judge_file : read_log)(
			    &sampling, &files[i]);
	}
	if (sample->json != NULL)
		print_sample_json(&sampling, sample->json);
	else
		print_sample(&sampling);
	replay_tally_done(&sampling.tally);
	census_done(&sampling.signatures);
	snapshot_unref(sampling.snapshot);
	if (sampling.tally.totals[REPLAY_HIT] != 0 || sampling.failed)
		return EXIT_NO;
	return sampling.tally.totals[REPLAY_LATER] != 0 ? EXIT_LATER : EXIT_YES;
}
