/* SPDX-License-Identifier: BSD-2-Clause */
/* Copies of fields, addresses without a domain, and long lines. */
#include "message/content_type.h"
#include "message/field_names.h"
#include "repair_priv.h"

enum { GOOD_LINE_OCTETS = 78, MAX_RECIPIENTS = 10000 };

/* Whether a list ends where it ends, for all that follows. */
static bool
is_whole_list(struct slice value)
{
	struct mailbox_list list;
	struct arena mem;
	struct err err;
	bool whole;

	arena_init(&mem);
	whole =
	    mailbox_list_parse(value, MAX_RECIPIENTS, &mem, &list, &err) == 0;
	arena_done(&mem);
	return whole;
}

/*
 * Joins the lists of all fields of a name in the first one; copies of that one
 * go. False when that is longer than a field may be, or when one of them
 * cannot be read.
 */
static bool
join_lists(struct edits *edits, struct slice name, size_t max)
{
	size_t first = edits_find(edits, name, 0);
	struct slice list = slice_trim(edits->fields[first].field.value);
	bool other = false;
	struct strbuf buf;

	strbuf_init(&buf, edits->mem);
	strbuf_add_char(&buf, ' ');
	strbuf_add(&buf, list);
	for (size_t i = edits_find(edits, name, first + 1); i < edits->count;
	     i = edits_find(edits, name, i + 1)) {
		struct slice more = slice_trim(edits->fields[i].field.value);

		if (more.len == 0 || slice_eq(more, list))
			continue;
		if (buf.len + more.len + 3 > max || !is_whole_list(more))
			return false;
		if (buf.len > 1)
			strbuf_add_cstr(&buf, ",\n ");
		strbuf_add(&buf, more);
		other = true;
	}
	if (other && list.len > 0 && !is_whole_list(list))
		return false;
	for (size_t i = edits_find(edits, name, first + 1); i < edits->count;
	     i = edits_find(edits, name, i + 1))
		edits_delete(edits, i);
	if (other)
		edits_change(edits, first, strbuf_slice(&buf));
	return true;
}

/*
 * Copies of a field go; false for one that says something else, in whatever
 * spelling. are_equal: somebody has seen that already.
 */
static bool
drop_copies(struct header_repair *repair, struct slice name, bool are_equal)
{
	CLEANUP(arena_done) struct arena scratch;
	struct edits *edits = repair->edits;
	size_t kept = edits_find(edits, name, 0);
	struct slice text;
	bool is_type = slice_eq_nocase(name, SLICE("Content-Type"));
	/* RFC 2045 section 6.1: no letter case. */
	bool is_encoding =
	    slice_eq_nocase(name, SLICE("Content-Transfer-Encoding"));

	arena_init(&scratch);
	/* The one that is covered stays, else the first. */
	for (size_t i = kept; i < edits->count;
	     i = edits_find(edits, name, i + 1)) {
		if (cover_has_field(repair->facts->cover, i)) {
			kept = i;
			break;
		}
	}
	text = edits->fields[kept].field.value;
	for (size_t i = edits_find(edits, name, 0); i < edits->count;
	     i = edits_find(edits, name, i + 1)) {
		struct slice other = edits->fields[i].field.value;
		struct slice first, second;

		if (i == kept)
			continue;
		if (!are_equal &&
		    !slice_eq(field_unfold(&scratch, text),
			field_unfold(&scratch, other)) &&
		    !(is_type && mime_type_plain(text, &scratch, &first) &&
			mime_type_plain(other, &scratch, &second) &&
			slice_eq(first, second)) &&
		    !(is_encoding && mime_encoding_token(text, &first) &&
			mime_encoding_token(other, &second) &&
			slice_eq_nocase(first, second)))
			return false;
		edits_delete(edits, i);
		repair->done |= REPAIRED_DUPLICATES;
	}
	return true;
}

int
repair_duplicates(struct header_repair *repair, struct err *err)
{
	const struct config *config = repair->config;
	struct edits *edits = repair->edits;

	for (int n = field_with(FIELD_ONCE, 0); n != FIELD_END;
	     n = field_with(FIELD_ONCE, n + 1)) {
		struct slice name = field_known_name(n);
		/* Two lists of recipients make one. */
		bool joinable = field_known_is(n, FIELD_RECIPIENTS);
		bool are_covered = true;

		if (edits_count(edits, name) < 2)
			continue;
		/* authors_add_header() has seen that they are equal. */
		if (field_known_is(n, FIELD_AUTHOR)) {
			if (config->authors.second_field == RR_REPAIR)
				(void)drop_copies(repair, name, true);
			continue;
		}
		for (size_t i = edits_find(edits, name, 0); i < edits->count;
		     i = edits_find(edits, name, i + 1))
			are_covered = are_covered &&
			    cover_has_field(repair->facts->cover, i);
		if (are_covered)
			continue;
		if (!config->repair.duplicates ||
		    !(joinable ? join_lists(
				     edits, name, config->bounds.field_bytes) :
				 drop_copies(repair, name, false)))
			return err_set(err, ERR_DATA,
			    joinable ?
				"several %s fields that cannot be joined" :
				"two %s fields: only one is allowed",
			    name.data);
		repair->done |= REPAIRED_DUPLICATES;
	}
	return 0;
}

/*
 * Completes each domain in a field. A field in which nothing is missing, or that
 * cannot be read, stays as it is.
 */
static void
complete_field(struct header_repair *repair, size_t index, bool single_label,
    size_t max_mailboxes)
{
	CLEANUP(arena_done) struct arena scratch;
	struct slice value = repair->edits->fields[index].field.value;
	struct slice domain = repair->config->main.domain;
	struct mailbox_list list;
	struct strbuf buf;
	struct err err;
	size_t copied = 0;

	arena_init(&scratch);
	if (mailbox_list_parse(value, max_mailboxes, &scratch, &list, &err) !=
	    0)
		return;
	strbuf_init(&buf, &scratch);
	for (size_t i = 0; i < list.count; i++) {
		const struct mailbox *mailbox = &list.items[i];
		struct address address;
		bool completed;

		if (address_canonical(mailbox, domain, true, &scratch, &address,
			&completed, &err) != 0 ||
		    !completed || (mailbox->domain.len != 0 && !single_label))
			continue;
		strbuf_add(&buf,
		    slice_sub(value, copied,
			mailbox->offset + mailbox->len - copied));
		copied = mailbox->offset + mailbox->len;
		strbuf_add_char(&buf, mailbox->domain.len == 0 ? '@' : '.');
		strbuf_add(&buf, domain);
	}
	if (copied == 0)
		return;
	strbuf_add(&buf, slice_from(value, copied));
	edits_change(repair->edits, index,
	    slice_dup(repair->edits->mem, strbuf_slice(&buf)));
	repair->done |= REPAIRED_ADDRESSES;
}

struct slice
author_field_plain(const struct authors *authors, const struct author *author,
    bool with_names, struct arena *mem)
{
	CLEANUP(arena_done) struct arena scratch;
	struct mailbox *mailboxes;
	struct slice *completed;
	size_t count = 0;

	arena_init(&scratch);
	mailboxes = arena_array(&scratch, authors->count, sizeof(*mailboxes));
	completed = arena_array(&scratch, authors->count, sizeof(*completed));
	for (size_t i = 0; i < authors->count; i++) {
		const struct author *other = &authors->items[i];

		if (other->role != author->role ||
		    other->field != author->field)
			continue;
		mailboxes[count] = other->mailbox;
		if (!with_names)
			mailboxes[count].display = mailboxes[count].comment =
			    (struct slice){ NULL, 0 };
		if (other->completed)
			completed[count] = other->address.domain;
		count++;
	}
	return mailbox_list_print(mailboxes, count, completed, mem);
}

void
repair_addresses(struct header_repair *repair)
{
	const struct config *config = repair->config;
	const struct authors *authors = repair->facts->authors;
	struct edits *edits = repair->edits;
	/* The MTA would complete them once they are signed. */
	bool single_label =
	    mta_certain_traits(repair->facts->mta)->completes_addresses ||
	    config->repair.single_label == SINGLE_LABEL_ALL;

	/* Author fields were read by the strict rules: all can be written. */
	for (size_t i = 0; i < authors->count; i++) {
		const struct author *author = &authors->items[i];

		if (author->role == ROLE_MAIL_FROM ||
		    edits->fields[author->field].state != FIELD_KEPT)
			continue;
		if (author->rewrite || author->hide_name) {
			edits_change(edits, author->field,
			    author_field_plain(authors, author,
				!author->hide_name, edits->mem));
			repair->done |= author->rewrite ? REPAIRED_AUTHORS : 0;
			repair->done |= author->hide_name ? REPAIRED_NAMES : 0;
		} else if (author->completed) {
			complete_field(repair, author->field, true,
			    config->bounds.mailboxes);
		}
	}
	if (!config->repair.qualify || config->main.domain.len == 0)
		return;
	for (int n = field_with(FIELD_ADDRESSES, 0); n != FIELD_END;
	     n = field_with(FIELD_ADDRESSES, n + 1)) {
		struct slice name = field_known_name(n);

		/* The rest is not judged, and left alone where it is not read. */
		if ((field_traits(name) & (FIELD_AUTHOR | FIELD_UNSIGNED)) != 0)
			continue;
		for (size_t i = edits_find(edits, name, 0); i < edits->count;
		     i = edits_find(edits, name, i + 1)) {
			if (!cover_has_field(repair->facts->cover, i))
				complete_field(
				    repair, i, single_label, MAX_RECIPIENTS);
		}
	}
}

/*
 * Where a line may be broken: before a blank that has text on both sides.
 * The last such place up to good, else the first one up to max; line.len when
 * there is none.
 */
static size_t
break_point(struct slice line, size_t good, size_t max, bool quotes)
{
	size_t best = line.len;
	size_t text = 0;
	bool quoted = false;

	while (text < line.len && char_is_wsp(line.data[text]))
		text++;
	for (size_t i = text; i < line.len && i <= max; i++) {
		size_t next = i;

		if (line.data[i] == '\\' && quoted)
			i++;
		else if (line.data[i] == '"' && quotes)
			quoted = !quoted;
		if (quoted || i >= line.len)
			continue;
		if (!char_is_wsp(line.data[i]) || char_is_wsp(line.data[i - 1]))
			continue;
		while (next < line.len && char_is_wsp(line.data[next]))
			next++;
		if (next == line.len)
			break;
		if (i > good && best != line.len)
			break;
		best = i;
		if (i > good)
			break;
	}
	return best;
}

/* A value on its way into shorter lines. */
struct folding {
	size_t max;    /* octets of a line */
	size_t used;   /* of the name and colon before the line at hand */
	bool unquoted; /* not inside of quotes */
	struct strbuf buf;
};

/*
 * One physical line, folded to short ones if it is over the limit; -1 when a
 * piece stays too long.
 */
static int
fold_line(struct folding *folding, struct slice line)
{
	size_t max = folding->max, used = folding->used;
	bool too_long = used + line.len > max;

	while (too_long && used + line.len > GOOD_LINE_OCTETS) {
		size_t good =
		    used < GOOD_LINE_OCTETS ? GOOD_LINE_OCTETS - used : 0;
		size_t at = used >= max ?
		    line.len :
		    break_point(line, good, max - used, folding->unquoted);

		/*
		 * Right behind the colon, if there is no other place. Both MTAs
		 * send an empty first line on as it is.
		 */
		if (at == line.len && used + line.len > max && used > 0 &&
		    used <= max && line.len > 0 && char_is_wsp(line.data[0]) &&
		    slice_trim(line).len > 0)
			at = 0;
		if (at == line.len) {
			if (used + line.len > max)
				return -1;
			break;
		}
		strbuf_add(&folding->buf, slice_sub(line, 0, at));
		strbuf_add_char(&folding->buf, '\n');
		line = slice_from(line, at);
		used = 0;
	}
	strbuf_add(&folding->buf, line);
	return 0;
}

int
repair_fold(const struct field *field, size_t max, struct arena *mem,
    struct slice *ret_value)
{
	struct slice rest = field->value;
	struct folding folding = {
		.max = max,
		.used = field->name.len + 1,
		/* Some programs end a quoted string where it is folded. */
		.unquoted = field_is(field->name, FIELD_ADDRESSES),
	};

	strbuf_init(&folding.buf, mem);
	for (;;) {
		size_t end = slice_find(rest, '\n');

		if (fold_line(&folding, slice_sub(rest, 0, end)) != 0)
			return -1;
		if (end == rest.len)
			break;
		strbuf_add_char(&folding.buf, '\n');
		rest = slice_from(rest, end + 1);
		folding.used = 0;
	}
	*ret_value = strbuf_slice(&folding.buf);
	return 0;
}

/* With a blank where the field may be folded and has none. */
static int
repair_fields_fold(const struct field *field, size_t max, struct arena *mem,
    struct slice *ret_value)
{
	struct field spaced = *field;
	struct strbuf buf;

	if (repair_fold(field, max, mem, ret_value) == 0)
		return 0;
	/* RFC 5322 section 3.6.5: Keywords is a list of phrases. */
	if (field_is(field->name, FIELD_ADDRESSES) ||
	    slice_eq_nocase(field->name, SLICE("Keywords"))) {
		spaced.value = repair_space_commas(field->value, mem);
		return repair_fold(&spaced, max, mem, ret_value);
	}
	if (!slice_eq_nocase(field->name, SLICE("References")) &&
	    !slice_eq_nocase(field->name, SLICE("In-Reply-To")) &&
	    !slice_starts_nocase(field->name, SLICE("List-")))
		return -1;
	/*
	 * A blank before each "<" that comes right behind another entry:
	 * identifiers, "<a><b>" (RFC 5322 section 3.6.4), or URLs, "<a>,<b>"
	 * (RFC 2369), in which a comma may stand.
	 */
	strbuf_init(&buf, mem);
	for (size_t i = 0; i < field->value.len; i++) {
		struct slice before = slice_sub(field->value, 0, i);

		if (field->value.data[i] == '<' &&
		    (slice_ends_nocase(before, SLICE(">")) ||
			slice_ends_nocase(before, SLICE(">,"))))
			strbuf_add_char(&buf, ' ');
		strbuf_add_char(&buf, field->value.data[i]);
	}
	spaced.value = strbuf_slice(&buf);
	return repair_fold(&spaced, max, mem, ret_value);
}

int
repair_lines(struct header_repair *repair, struct err *err)
{
	const struct repair_facts *facts = repair->facts;
	struct edits *edits = repair->edits;

	for (size_t i = 0; i < edits->count; i++) {
		CLEANUP(arena_done) struct arena scratch;
		const struct field *field = &edits->fields[i].field;
		size_t max = cover_has_field(facts->cover, i) ?
		    mta_certain_traits(facts->mta)->breaks_lines_at :
		    repair_line_limit(repair->config, facts->mta);
		size_t used = field->name.len + 1, longest = 0;
		struct slice value;

		arena_init(&scratch);
		if (edits->fields[i].state == FIELD_DELETED)
			continue;
		for (size_t at = 0; at <= field->value.len; used = 0) {
			struct slice line = slice_from(field->value, at);
			size_t len = slice_find(line, '\n');

			longest = used + len > longest ? used + len : longest;
			at += len + 1;
		}
		if (longest <= max)
			continue;
		if (!repair->config->repair.fold ||
		    repair_fields_fold(field, max, &scratch, &value) != 0)
			return err_set(err, ERR_DATA,
			    "a line of over %zu octets in %s", max,
			    escape(edits->mem, field->name, 64));
		edits_change(edits, i, slice_dup(edits->mem, value));
		repair->done |= REPAIRED_LINES;
	}
	return 0;
}
