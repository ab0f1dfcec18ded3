/* SPDX-License-Identifier: BSD-2-Clause */
#include "message/content_type.h"
#include "repair_priv.h"

enum { GOOD_LINE_OCTETS = 78, MAX_RECIPIENTS = 10000 };

static const struct single {
	struct slice name;
	bool joinable;		/* an address list: two make one */
} singles[] = {
	{ { "Date", 4 }, false },
	{ { "Reply-To", 8 }, false },
	{ { "To", 2 }, true },
	{ { "Cc", 2 }, true },
	{ { "Message-ID", 10 }, false },
	{ { "In-Reply-To", 11 }, false },
	{ { "References", 10 }, false },
	{ { "Subject", 7 }, false },
	{ { "MIME-Version", 12 }, false },
	{ { "Content-Type", 12 }, false },
	{ { "Content-Transfer-Encoding", 25 }, false },
	{ { "Content-ID", 10 }, false },
	{ { "Content-Description", 19 }, false },
};

/* Whether a list ends where it ends, for all that follows. */
static bool
is_whole_list(struct slice value)
{
	struct mailbox_list list;
	struct arena mem;
	struct err err;
	bool whole;

	arena_init(&mem);
	whole = mailbox_list_parse(value, MAX_RECIPIENTS, &mem, &list,
	    &err) == 0;
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

/* Whether signatures of others cover all fields of that name. */
static bool
are_covered(const struct cover *cover, const struct edits *edits,
    struct slice name)
{
	for (size_t i = edits_find(edits, name, 0); i < edits->count;
	    i = edits_find(edits, name, i + 1)) {
		if (!cover_has_field(cover, i))
			return false;
	}
	return true;
}

/*
 * The field of a name that stays, of several: the one that is covered, else the
 * first.
 */
static size_t
find_kept(const struct cover *cover, const struct edits *edits,
    struct slice name)
{
	for (size_t i = edits_find(edits, name, 0); i < edits->count;
	    i = edits_find(edits, name, i + 1)) {
		if (cover_has_field(cover, i))
			return i;
	}
	return edits_find(edits, name, 0);
}

/* Copies of author fields: authors_add_header() has seen that they are equal. */
static void
remove_author_copies(const struct cover *cover, struct edits *edits,
    unsigned int *repairs)
{
	static const struct slice names[] = { { "From", 4 }, { "Sender", 6 },
		{ "Author", 6 } };

	for (size_t n = 0; n < sizeof(names) / sizeof(names[0]); n++) {
		size_t kept = find_kept(cover, edits, names[n]);

		for (size_t i = edits_find(edits, names[n], 0);
		    i < edits->count;
		    i = edits_find(edits, names[n], i + 1)) {
			if (i == kept)
				continue;
			edits_delete(edits, i);
			*repairs |= REPAIRED_DUPLICATES;
		}
	}
}

/* Whether two values of a field say the same, in whatever spelling. */
static bool
means_the_same(struct slice name, struct slice one, struct slice other,
    struct arena *mem)
{
	struct slice first, second;

	if (slice_eq(field_unfold(mem, one), field_unfold(mem, other)))
		return true;
	if (slice_eq_nocase(name, SLICE("Content-Type")))
		return mime_type_plain(one, mem, &first) &&
		    mime_type_plain(other, mem, &second) &&
		    slice_eq(first, second);
	/* RFC 2045 section 6.1: no letter case. */
	return slice_eq_nocase(name, SLICE("Content-Transfer-Encoding")) &&
	    mime_encoding_token(one, &first) &&
	    mime_encoding_token(other, &second) &&
	    slice_eq_nocase(first, second);
}

/* All fields of a name say the same; then copies go. */
static bool
drop_copies(const struct cover *cover, struct edits *edits, struct slice name)
{
	CLEANUP(arena_done) struct arena scratch;
	size_t kept = find_kept(cover, edits, name);
	struct slice text = edits->fields[kept].field.value;

	arena_init(&scratch);
	for (size_t i = edits_find(edits, name, 0); i < edits->count;
	    i = edits_find(edits, name, i + 1)) {
		if (i == kept)
			continue;
		if (!means_the_same(name, text, edits->fields[i].field.value,
		    &scratch))
			return false;
		edits_delete(edits, i);
	}
	return true;
}

int
repair_duplicates(const struct config *config, const struct cover *cover,
    struct edits *edits, unsigned int *repairs, struct err *err)
{
	if (config->authors.second_field == RR_REPAIR)
		remove_author_copies(cover, edits, repairs);
	for (size_t s = 0; s < sizeof(singles) / sizeof(singles[0]); s++) {
		const struct single *single = &singles[s];

		if (edits_count(edits, single->name) < 2 ||
		    are_covered(cover, edits, single->name))
			continue;
		if (!config->repair.duplicates || !(single->joinable
		    ? join_lists(edits, single->name,
			config->limits.field_bytes)
		    : drop_copies(cover, edits, single->name)))
			return err_set(err, ERR_DATA, single->joinable
			    ? "several %s fields that cannot be joined"
			    : "two %s fields: only one is allowed",
			    single->name.data);
		*repairs |= REPAIRED_DUPLICATES;
	}
	return 0;
}

/*
 * The value with what is missing of each domain put behind its address; false
 * when nothing is missing or the field cannot be read.
 */
static bool
complete_value(struct slice value, struct slice domain, bool single_label,
    size_t max_mailboxes, struct arena *mem, struct slice *ret_value)
{
	CLEANUP(arena_done) struct arena scratch;
	struct mailbox_list list;
	struct strbuf buf;
	struct err err;
	size_t copied = 0;

	arena_init(&scratch);
	if (mailbox_list_parse(value, max_mailboxes, &scratch, &list,
	    &err) != 0)
		return false;
	strbuf_init(&buf, &scratch);
	for (size_t i = 0; i < list.count; i++) {
		const struct mailbox *mailbox = &list.items[i];
		struct address address;
		bool completed;

		if (address_canonical(mailbox, domain, true, &scratch, &address,
		    &completed, &err) != 0 || !completed ||
		    (mailbox->domain.len != 0 && !single_label))
			continue;
		strbuf_add(&buf, slice_sub(value, copied,
		    mailbox->offset + mailbox->len - copied));
		copied = mailbox->offset + mailbox->len;
		strbuf_add_char(&buf, mailbox->domain.len == 0 ? '@' : '.');
		strbuf_add(&buf, domain);
	}
	if (copied == 0)
		return false;
	strbuf_add(&buf, slice_from(value, copied));
	*ret_value = slice_dup(mem, strbuf_slice(&buf));
	return true;
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

/* Author fields were read by the strict rules, so they can be written anew. */
static void
repair_authors(const struct config *config, const struct repair_facts *facts,
    struct edits *edits, unsigned int *repairs)
{
	for (size_t i = 0; i < facts->authors->count; i++) {
		const struct author *author = &facts->authors->items[i];
		struct edited_field *field = &edits->fields[author->field];
		struct slice value;

		if (author->role == ROLE_MAIL_FROM ||
		    field->state != FIELD_KEPT)
			continue;
		if (author->rewrite || author->hide_name) {
			edits_change(edits, author->field,
			    author_field_plain(facts->authors, author,
				!author->hide_name, edits->mem));
			*repairs |= author->rewrite ? REPAIRED_AUTHORS : 0;
			*repairs |= author->hide_name ? REPAIRED_NAMES : 0;
		} else if (author->completed && complete_value(
		    field->field.value, config->main.domain, true,
		    config->limits.mailboxes, edits->mem, &value)) {
			edits_change(edits, author->field, value);
			*repairs |= REPAIRED_ADDRESSES;
		}
	}
}

void
repair_addresses(const struct config *config,
    const struct repair_facts *facts, struct edits *edits,
    unsigned int *repairs)
{
	/* What follows is not judged, and left alone where it is not read. */
	static const struct slice others[] = { { "To", 2 }, { "Cc", 2 },
		{ "Reply-To", 8 }, { "Resent-To", 9 }, { "Resent-Cc", 9 },
		{ "Resent-Reply-To", 15 }, { "Apparently-To", 13 },
		{ "Disposition-Notification-To", 27 }, { "Errors-To", 9 } };
	/* Sendmail would complete them once they are signed. */
	bool single_label = facts->mta == MTA_SENDMAIL ||
	    config->repair.single_label == SINGLE_LABEL_ALL;

	repair_authors(config, facts, edits, repairs);
	if (!config->repair.qualify || config->main.domain.len == 0)
		return;
	for (size_t n = 0; n < sizeof(others) / sizeof(others[0]); n++) {
		for (size_t i = edits_find(edits, others[n], 0);
		    i < edits->count; i = edits_find(edits, others[n], i + 1)) {
			struct slice value;

			if (cover_has_field(facts->cover, i) ||
			    !complete_value(edits->fields[i].field.value,
			    config->main.domain, single_label, MAX_RECIPIENTS,
			    edits->mem, &value))
				continue;
			edits_change(edits, i, value);
			*repairs |= REPAIRED_ADDRESSES;
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

/*
 * One physical line, folded to short ones if it is over max; -1 when a piece
 * stays too long. used: octets of the name and colon that stand before it.
 * quotes: not inside of quotes.
 */
static int
fold_line(struct slice line, size_t used, size_t max, bool quotes,
    struct strbuf *buf)
{
	bool too_long = used + line.len > max;

	while (too_long && used + line.len > GOOD_LINE_OCTETS) {
		size_t good = used < GOOD_LINE_OCTETS ? GOOD_LINE_OCTETS - used
		    : 0;
		size_t at = used >= max ? line.len
		    : break_point(line, good, max - used, quotes);

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
		strbuf_add(buf, slice_sub(line, 0, at));
		strbuf_add_char(buf, '\n');
		line = slice_from(line, at);
		used = 0;
	}
	strbuf_add(buf, line);
	return 0;
}

static bool
has_long_line(const struct field *field, size_t max)
{
	struct slice rest = field->value;
	size_t used = field->name.len + 1;

	for (;;) {
		size_t end = slice_find(rest, '\n');

		if (used + end > max)
			return true;
		if (end == rest.len)
			return false;
		rest = slice_from(rest, end + 1);
		used = 0;
	}
}

int
repair_fold(const struct field *field, size_t max, struct arena *mem,
    struct slice *ret_value)
{
	struct slice rest = field->value;
	size_t used = field->name.len + 1;
	/* Some programs end a quoted string where it is folded. */
	bool quotes = repair_is_address_field(field->name);
	struct strbuf buf;

	strbuf_init(&buf, mem);
	for (;;) {
		size_t end = slice_find(rest, '\n');

		if (fold_line(slice_sub(rest, 0, end), used, max, quotes,
		    &buf) != 0)
			return -1;
		if (end == rest.len)
			break;
		strbuf_add_char(&buf, '\n');
		rest = slice_from(rest, end + 1);
		used = 0;
	}
	*ret_value = strbuf_slice(&buf);
	return 0;
}

/*
 * A blank before each "<" that comes right behind another entry: identifiers,
 * "<a><b>" (RFC 5322 section 3.6.4), or URLs, "<a>,<b>" (RFC 2369), in which a
 * comma may stand.
 */
static struct slice
space_angles(struct slice value, struct arena *mem)
{
	struct strbuf buf;

	strbuf_init(&buf, mem);
	for (size_t i = 0; i < value.len; i++) {
		struct slice before = slice_sub(value, 0, i);

		if (value.data[i] == '<' &&
		    (slice_ends_nocase(before, SLICE(">")) ||
		    slice_ends_nocase(before, SLICE(">,"))))
			strbuf_add_char(&buf, ' ');
		strbuf_add_char(&buf, value.data[i]);
	}
	return strbuf_slice(&buf);
}

/* With a blank where the field may be folded and has none. */
static int
fold(const struct field *field, size_t max, struct arena *mem,
    struct slice *ret_value)
{
	struct field spaced = *field;

	if (repair_fold(field, max, mem, ret_value) == 0)
		return 0;
	/* RFC 5322 section 3.6.5: Keywords is a list of phrases. */
	if (repair_is_address_field(field->name) ||
	    slice_eq_nocase(field->name, SLICE("Keywords")))
		spaced.value = repair_space_commas(field->value, mem);
	else if (slice_eq_nocase(field->name, SLICE("References")) ||
	    slice_eq_nocase(field->name, SLICE("In-Reply-To")) ||
	    slice_starts_nocase(field->name, SLICE("List-")))
		spaced.value = space_angles(field->value, mem);
	else
		return -1;
	return repair_fold(&spaced, max, mem, ret_value);
}

int
repair_lines(const struct config *config, const struct repair_facts *facts,
    struct edits *edits, unsigned int *repairs, struct err *err)
{
	for (size_t i = 0; i < edits->count; i++) {
		CLEANUP(arena_done) struct arena scratch;
		const struct field *field = &edits->fields[i].field;
		size_t max = cover_has_field(facts->cover, i)
		    ? repair_certain_limit(facts->mta)
		    : repair_line_limit(config, facts->mta);
		struct slice value;

		arena_init(&scratch);
		if (edits->fields[i].state == FIELD_DELETED ||
		    !has_long_line(field, max))
			continue;
		if (!config->repair.fold ||
		    fold(field, max, &scratch, &value) != 0)
			return err_set(err, ERR_DATA,
			    "a line of over %zu octets in %s", max,
			    escape(edits->mem, field->name, 64));
		edits_change(edits, i, slice_dup(edits->mem, value));
		*repairs |= REPAIRED_LINES;
	}
	return 0;
}
