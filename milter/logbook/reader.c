/* SPDX-License-Identifier: BSD-2-Clause */
/* What a line of a log is, whose, and of when. */
#include "logbook/reader.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "journal_priv.h"
#include "logbook/source.h"
#include "stamp_priv.h"

enum { PROGRESS_LINES = 1000 };

struct log_reader {
	const struct log_visitor *visitor;
	struct log_counts *counts;
	struct stamps stamps;
	struct log_source *source;
	struct journal_entry entry;
};

/* A line that cannot be understood is counted; the first one is kept. */
static void
count_unknown(struct log_reader *reader, struct slice line)
{
	struct log_counts *counts = reader->counts;
	CLEANUP(arena_done) struct arena mem;

	arena_init(&mem);
	if (counts->unknown++ == 0)
		(void)snprintf(counts->unknown_line,
		    sizeof(counts->unknown_line), "%s",
		    escape(&mem, line, 100));
}

/* A text of ours, without what stood before it. */
static void
read_text(struct log_reader *reader, struct slice text, int64_t at)
{
	const struct log_visitor *visitor = reader->visitor;
	struct log_counts *counts = reader->counts;
	struct log_record record;

	switch (log_record_read(text, &record)) {
	case LOG_TEXT_MESSAGE:
		counts->messages++;
		counts->cut += record.is_cut;
		counts->untimed += at == 0;
		record.time = at;
		visitor->message(visitor->arg, &record);
		break;
	case LOG_TEXT_OTHER:
		counts->others++;
		if (visitor->other != NULL)
			visitor->other(visitor->arg, at, text);
		break;
	case LOG_TEXT_BROKEN:
		count_unknown(reader, text);
		break;
	}
}

/* "submilter[123]: " or "submilter: ", behind which the text begins. */
static bool
cut_ident(struct slice *rest)
{
	struct slice text = *rest;

	if (!slice_starts(text, SLICE("submilter")))
		return false;
	text = slice_from(text, 9);
	if (text.len != 0 && text.data[0] == '[')
		text = slice_from(text, slice_find(text, ']') + 1);
	if (!slice_starts(text, SLICE(": ")))
		return false;
	*rest = slice_from(text, 2);
	return true;
}

/* <22>, as in RFC 3164 and sd-daemon(3). */
static void
cut_priority(struct slice *rest)
{
	size_t end = slice_find(slice_sub(*rest, 0, 5), '>');
	unsigned long number;

	if (rest->len > 2 && rest->data[0] == '<' && end < 5 &&
	    slice_number(slice_sub(*rest, 1, end - 1), 191, &number))
		*rest = slice_from(*rest, end + 1);
}

static struct slice
cut_word(struct slice *rest)
{
	size_t len = slice_find(*rest, ' ');
	struct slice word = slice_sub(*rest, 0, len);

	*rest = slice_from(*rest, len + 1);
	return word;
}

/* RFC 5424, section 6: "1 TIME HOST APP-NAME PROCID MSGID SD MSG". */
static bool
read_rfc5424(struct log_reader *reader, struct slice line)
{
	struct slice rest = slice_from(line, 2), app;
	int64_t at;

	if (!slice_starts(line, SLICE("1 ")) ||
	    !stamp_cut(&reader->stamps, &rest, &at))
		return false;
	(void)cut_word(&rest);
	app = cut_word(&rest);
	(void)cut_word(&rest);
	(void)cut_word(&rest);
	/* We give no structured data; a relay that adds some is not read. */
	if (!slice_eq(app, SLICE("submilter"))) {
		reader->counts->foreign++;
		return true;
	}
	if (!slice_starts(rest, SLICE("- ")))
		return false;
	read_text(reader, slice_from(rest, 2), at);
	return true;
}

/*
 * A line of text. Where our name stands is what makes it ours: what other
 * programs write of their clients may hold our name, too.
 */
static void
read_line(struct log_reader *reader, struct slice line)
{
	struct slice rest = line, word;
	int64_t at = 0;

	cut_priority(&rest);
	if (read_rfc5424(reader, rest))
		return;
	if (stamp_cut(&reader->stamps, &rest, &at)) {
		struct slice behind = rest;

		word = cut_word(&behind);
		/* A host, unless journalctl was told to leave it out. */
		if (word.len != 0 && word.data[word.len - 1] != ':')
			rest = behind;
		if (cut_ident(&rest))
			read_text(reader, rest, at);
		else
			reader->counts->foreign++;
		return;
	}
	if (cut_ident(&rest)) {
		read_text(reader, rest, 0);
		return;
	}
	/* journalctl -o cat prints the text alone. */
	if (log_record_read(rest, &(struct log_record){ .time = 0 }) !=
	    LOG_TEXT_OTHER)
		read_text(reader, rest, 0);
	else
		count_unknown(reader, line);
}

static void
read_entry(struct log_reader *reader, struct slice line)
{
	const struct journal_entry *entry = &reader->entry;

	if (entry->is_broken)
		count_unknown(reader, line);
	else if (entry->is_ours && entry->has_text)
		read_text(reader,
		    (struct slice){ entry->text, entry->text_len },
		    entry->time);
	else
		reader->counts->foreign++;
}

/* False when the file is at its end; -1 is told by *err. */
static enum log_source_got
read_next(struct log_reader *reader, struct err *err)
{
	struct log_counts *counts = reader->counts;
	struct slice line;
	enum log_source_got got = log_source_next(reader->source, &line, err);

	if (got == LOG_SOURCE_END || got == LOG_SOURCE_FAILED)
		return got;
	if (line.len == 0 || slice_starts(line, SLICE("-- ")))
		return got; /* journalctl: "-- Boot ... --" */
	counts->lines++;
	if (got == LOG_SOURCE_LONG) {
		counts->too_long++;
		count_unknown(reader, line);
	} else if (line.data[0] == '{') {
		journal_read_json(line, &reader->entry);
		read_entry(reader, line);
	} else if (slice_starts(line, SLICE("__CURSOR="))) {
		got = journal_read_export(
		    reader->source, line, &reader->entry, err);
		if (got == LOG_SOURCE_LINE)
			read_entry(reader, SLICE("(an entry of the journal)"));
		else
			count_unknown(reader,
			    SLICE("(an entry of the journal "
				  "without its end)"));
	} else {
		read_line(reader, line);
	}
	return got;
}

static void
read_path(struct log_reader *reader, const char *path, int fd)
{
	const struct log_visitor *visitor = reader->visitor;
	enum log_source_got got;
	uint64_t lines = 0;
	struct err err;

	reader->counts->files++;
	if (log_source_open(path, fd, &reader->source, &err) != 0) {
		reader->counts->failed++;
		visitor->failed(visitor->arg, &err);
		return;
	}
	reader->stamps =
	    (struct stamps){ .reference = log_source_time(reader->source),
		    .hour_key = -1 };
	do {
		got = read_next(reader, &err);
		if (++lines % PROGRESS_LINES == 0 && visitor->progress != NULL)
			visitor->progress(visitor->arg, path,
			    log_source_octets_read(reader->source));
	} while (got == LOG_SOURCE_LINE || got == LOG_SOURCE_LONG);
	if (got == LOG_SOURCE_FAILED) {
		reader->counts->failed++;
		visitor->failed(visitor->arg, &err);
	}
	log_source_close(reader->source);
}

void
log_open(const char *const *paths, size_t count, int *ret_fds)
{
	for (size_t i = 0; i < count; i++)
		ret_fds[i] = strcmp(paths[i], "-") == 0 ?
		    -1 :
		    open(paths[i], O_RDONLY | O_CLOEXEC);
}

void
log_read_open(const char *const *paths, const int *fds, size_t count,
    const struct log_visitor *visitor, struct log_counts *counts)
{
	struct log_reader *reader = calloc(1, sizeof(*reader));

	ENSURE(reader != NULL);
	reader->visitor = visitor;
	reader->counts = counts;
	if (count == 0)
		read_path(reader, "-", -1);
	for (size_t i = 0; i < count; i++)
		read_path(reader, paths[i], fds == NULL ? -1 : fds[i]);
	free(reader);
}

void
log_read(const char *const *paths, size_t count,
    const struct log_visitor *visitor, struct log_counts *counts)
{
	log_read_open(paths, NULL, count, visitor, counts);
}
