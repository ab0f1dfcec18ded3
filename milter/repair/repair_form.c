/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The form in which a header arrives as it was signed: address fields in the
 * one that Sendmail does not rewrite at delivery, 8-bit text as encoded words.
 */
#include "message/display.h"
#include "message/field_names.h"
#include "repair_priv.h"
#include "sendmail_priv.h"

enum { MAX_RECIPIENTS = 10000 };

/*
 * Whether commas and names stand as Sendmail writes them: one blank or a fold
 * behind each comma and none before, and no apostrophe outside of quotes.
 */
static bool
is_spaced_well(struct slice value)
{
	unsigned int depth = 0;
	bool quoted = false, angle = false;

	for (size_t i = 0; i < value.len; i++) {
		char c = value.data[i];
		char next = i + 1 < value.len ? value.data[i + 1] : '\0';
		char after = i + 2 < value.len ? value.data[i + 2] : '\0';

		if (c == '\\' && (quoted || depth > 0))
			i++;
		else if (c == '"' && depth == 0)
			quoted = !quoted;
		else if (quoted)
			continue;
		else if (c == '(')
			depth++;
		else if (c == ')' && depth > 0)
			depth--;
		else if (c == '<' || c == '>')
			angle = c == '<';
		else if (c == '\'' && depth == 0 && !angle)
			return false;
		else if (c == ',' && depth == 0 &&
		    (i == 0 || char_is_wsp(value.data[i - 1]) ||
			value.data[i - 1] == '\n' ||
			!(next == '\n' ||
			    (next == ' ' && !char_is_wsp(after)))))
			return false;
	}
	return true;
}

static bool
is_blank(char c)
{
	return char_is_wsp(c) || c == '\n';
}

/*
 * Whether comments behind addresses without brackets stand as Sendmail writes
 * them, with one blank before and one or nothing behind: folds and other blanks
 * become one there.
 */
static bool
comments_are_spaced_well(struct slice value)
{
	struct slice entry;
	bool more = true;

	while (more) {
		size_t begin, end = 0;

		more = sendmail_next_entry(&value, &entry);
		entry = slice_trim(entry);
		if (entry.len > 0 && entry.data[entry.len - 1] == '>')
			continue;
		while (sendmail_next_comment(entry, end, &begin, &end)) {
			if (begin > 0 &&
			    (begin == 1 || entry.data[begin - 1] != ' ' ||
				is_blank(entry.data[begin - 2])))
				return false;
			if (end < entry.len &&
			    (end + 1 == entry.len || entry.data[end] != ' ' ||
				is_blank(entry.data[end + 1])))
				return false;
		}
	}
	return true;
}

struct slice
repair_space_commas(struct slice value, struct arena *mem)
{
	struct slice entry;
	struct strbuf buf;

	strbuf_init(&buf, mem);
	while (sendmail_next_entry(&value, &entry)) {
		while (entry.len > 1 &&
		    (char_is_wsp(entry.data[entry.len - 1]) ||
			entry.data[entry.len - 1] == '\n'))
			entry.len--;
		strbuf_add(&buf, entry);
		while (value.len > 0 && char_is_wsp(value.data[0]))
			value = slice_from(value, 1);
		strbuf_add_cstr(
		    &buf, value.len > 0 && value.data[0] == '\n' ? "," : ", ");
	}
	strbuf_add(&buf, entry);
	return strbuf_slice(&buf);
}

/* A list in the lines that Sendmail makes of it. */
static struct slice
fold_as_sendmail(struct slice name, struct slice value, struct arena *mem)
{
	const size_t line_octets = 78, indent_octets = 8;
	size_t column = name.len + 2;
	struct slice entry;
	struct strbuf buf;
	bool more = true;

	strbuf_init(&buf, mem);
	strbuf_add_char(&buf, ' ');
	while (more) {
		bool first = buf.len == 1;
		size_t len;

		more = sendmail_next_entry(&value, &entry);
		entry = slice_trim(entry);
		len = address_octets(entry);
		column += len + (first ? 0 : 2);
		if (!first && column > line_octets) {
			strbuf_add_cstr(&buf, ",\n        ");
			column = indent_octets + len;
		} else if (!first) {
			strbuf_add_cstr(&buf, ", ");
		}
		strbuf_add(&buf, entry);
	}
	return strbuf_slice(&buf);
}

/* Whether Sendmail would write a list of addresses in another way. */
static bool
sendmail_rewrites(
    bool is_simple, struct slice value, const struct mailbox_list *list)
{
	const unsigned int rewritten = CONSTRUCT_BIT(CONSTRUCT_ROUTE) |
	    CONSTRUCT_BIT(CONSTRUCT_SPACED_ADDRESS) |
	    CONSTRUCT_BIT(CONSTRUCT_TEXT_BEHIND) |
	    CONSTRUCT_BIT(CONSTRUCT_BARE_NAME) |
	    CONSTRUCT_BIT(CONSTRUCT_EMPTY_ITEM) |
	    CONSTRUCT_BIT(CONSTRUCT_DOT_NAME) |
	    CONSTRUCT_BIT(CONSTRUCT_ODD_NAME);

	if ((list->constructs & rewritten) != 0 || !is_spaced_well(value) ||
	    sendmail_quotes_group(value) ||
	    (is_simple && !comments_are_spaced_well(value)))
		return true;
	for (size_t i = 0; i < list->count; i++) {
		struct slice domain = list->items[i].domain;

		if (domain.len > 0 && domain.data[domain.len - 1] == '.')
			return true;
	}
	return false;
}

static bool
has_group(const struct mailbox_list *list)
{
	return (list->constructs & CONSTRUCT_BIT(CONSTRUCT_GROUP)) != 0;
}

/*
 * A list that can be read, in the form that Sendmail leaves alone: with its
 * commas put right where that is enough, else without its groups.
 */
static int
form_list(const struct sendmail *sendmail, struct slice *value,
    struct mailbox_list *list, struct err *err)
{
	struct arena *mem = sendmail->mem;
	bool is_group, is_plain, rewrites;
	struct mailbox_list again;
	struct slice spaced;
	struct err ignored;

	if (sendmail_own_names(sendmail, value, list, err) != 0)
		return -1;
	is_group = has_group(list);
	is_plain = !is_group;
	rewrites = sendmail_rewrites(sendmail->is_simple, *value, list);
	/* Sendmail also removes the root's dot. */
	for (size_t i = 0; i < list->count; i++) {
		struct slice *domain = &list->items[i].domain;

		if (domain->len > 1 && domain->data[domain->len - 1] == '.')
			domain->len--;
	}
	if (rewrites && is_group) {
		spaced = repair_space_commas(*value, mem);
		if (mailbox_list_parse(
			spaced, MAX_RECIPIENTS, mem, &again, &ignored) == 0 &&
		    !sendmail_rewrites(sendmail->is_simple, spaced, &again)) {
			*value = spaced;
			rewrites = false;
		}
	}
	if (rewrites && list->count == 0) {
		*value =
		    is_group ? SLICE(" undisclosed-recipients:;") : SLICE(" ");
	} else if (rewrites) {
		*value =
		    mailbox_list_print(list->items, list->count, NULL, mem);
		is_plain = true;
	}
	return sendmail_cuts(*value, is_plain) ?
	    sendmail_shorten(list, mem, value, err) :
	    0;
}

/*
 * Whether Sendmail leaves a field alone that cannot be read. A text with the
 * same pieces is read in its place, with the end of a group that lacks it.
 */
static bool
is_left_alone(const struct sendmail *sendmail, struct slice value)
{
	struct arena *mem = sendmail->mem;
	struct slice readable = sendmail_readable(value, mem);
	struct mailbox_list list;
	struct err err;

	if (mailbox_list_parse(readable, MAX_RECIPIENTS, mem, &list, &err) !=
	    0) {
		struct strbuf buf;

		strbuf_init(&buf, mem);
		strbuf_add(&buf, readable);
		strbuf_add_char(&buf, ';');
		readable = strbuf_slice(&buf);
		if (mailbox_list_parse(
			readable, MAX_RECIPIENTS, mem, &list, &err) != 0)
			return false;
	}
	return !sendmail_rewrites(sendmail->is_simple, readable, &list) &&
	    is_spaced_well(value) && !sendmail_cuts(value, false) &&
	    !sendmail_has_own_name(sendmail, &list);
}

/*
 * "undisclosed-recipients;;", as mass mailers write it: a name and no address.
 * With its colon it is a group without members.
 */
static bool
names_nobody(
    const struct field *field, struct arena *mem, struct slice *ret_value)
{
	struct slice name =
	    slice_sub(field->value, 0, slice_find(field->value, ';'));
	struct slice rest = slice_from(field->value, name.len);

	name = slice_trim(name);
	for (size_t i = 0; i < name.len; i++) {
		char c = name.data[i];

		if (!char_is_alpha(c) && !char_is_digit(c) && c != '-' &&
		    c != '_' && c != ' ')
			return false;
	}
	for (size_t i = 0; i < rest.len; i++) {
		if (rest.data[i] != ';' && rest.data[i] != ' ')
			return false;
	}
	if (name.len == 0 || rest.len == 0 ||
	    !field_is(field->name, FIELD_RECIPIENTS))
		return false;
	*ret_value = slice_format(mem, " %.*s:;", SLICE_ARGS(name));
	return true;
}

static int
form_value(const struct sendmail *sendmail, const struct field *field,
    struct slice *value, struct err *err)
{
	struct mailbox_list list;
	bool is_blank_only = slice_trim(*value).len == 0;
	bool is_cut = !sendmail->is_certain && sendmail_cuts(*value, false);
	bool is_read = (sendmail->is_certain || is_cut) && !is_blank_only &&
	    mailbox_list_parse(
		*value, MAX_RECIPIENTS, sendmail->mem, &list, err) == 0;

	/* The MTA might be Sendmail, but the form is not asked for. */
	if (!sendmail->is_certain) {
		if (!is_cut ||
		    (is_read && !has_group(&list) &&
			!sendmail_cuts(*value, true)))
			return 0;
		if (!is_read || !sendmail->may_shorten)
			return err_set(
			    err, ERR_DATA, "a mailbox that is too long");
		return sendmail_shorten(&list, sendmail->mem, value, err);
	}
	if (is_blank_only) {
		/* Only a tab or a fold is not sent on as it is. */
		if (!slice_has(*value, '\t') && !slice_has(*value, '\n'))
			return 0;
	} else if (is_read) {
		if (form_list(sendmail, value, &list, err) != 0)
			return -1;
	} else if (!is_left_alone(sendmail, *value)) {
		if (!names_nobody(field, sendmail->mem, value) ||
		    mailbox_list_parse(*value, MAX_RECIPIENTS, sendmail->mem,
			&list, err) != 0 ||
		    form_list(sendmail, value, &list, err) != 0)
			return -1;
	}
	/* simple: it is hashed as it stands (RFC 6376 section 3.4.1). */
	if (sendmail->is_simple)
		*value = fold_as_sendmail(field->name, *value, sendmail->mem);
	return 0;
}

/*
 * Words with 8-bit octets as encoded words, with the blanks between two such;
 * words without stay.
 */
static struct slice
encode_text(struct slice value, struct arena *mem)
{
	CLEANUP(arena_done) struct arena scratch;
	const char *charset = slice_is_utf8(value) ? "utf-8" : "unknown-8bit";
	struct slice text, rest, word;
	size_t begin, end = 0;
	struct strbuf buf;

	arena_init(&scratch);
	text = rest = field_unfold(&scratch, value);
	begin = text.len;
	/* From the first such word to the last one: what is between goes along. */
	while (slice_next_item(&rest, " \t", &word)) {
		size_t at = (size_t)(word.data - text.data);

		if (slice_is_ascii(word))
			continue;
		begin = at < begin ? at : begin;
		end = at + word.len;
	}
	strbuf_init(&buf, &scratch);
	strbuf_add_char(&buf, ' ');
	strbuf_add(&buf, slice_sub(text, 0, begin));
	encoded_words_append(
	    &buf, charset, slice_sub(text, begin, end - begin));
	strbuf_add(&buf, slice_from(text, end));
	return slice_dup(mem, strbuf_slice(&buf));
}

void
repair_8bit_header(struct header_repair *repair)
{
	struct edits *edits = repair->edits;

	if (!repair->config->repair.header_8bit)
		return;
	for (int n = field_with(FIELD_TEXT, 0); n != FIELD_END;
	     n = field_with(FIELD_TEXT, n + 1)) {
		struct slice name = field_known_name(n);

		for (size_t i = edits_find(edits, name, 0); i < edits->count;
		     i = edits_find(edits, name, i + 1)) {
			struct slice value = edits->fields[i].field.value;

			if (slice_is_ascii(value) ||
			    cover_has_field(repair->facts->cover, i))
				continue;
			edits_change(edits, i, encode_text(value, edits->mem));
			repair->done |= REPAIRED_8BIT;
		}
	}
}

int
repair_form(struct header_repair *repair, struct err *err)
{
	struct edits *edits = repair->edits;
	struct sendmail sendmail;

	if (!sendmail_facts(
		repair->config, repair->facts, edits->mem, &sendmail))
		return 0;
	for (size_t i = 0; i < edits->count; i++) {
		CLEANUP(arena_done) struct arena scratch;
		const struct field *field = &edits->fields[i].field;
		struct slice value = field->value;

		arena_init(&scratch);
		sendmail.mem = &scratch;
		/* A covered field stays where only some MTA might change it. */
		if (edits->fields[i].state == FIELD_DELETED ||
		    (!sendmail.is_certain &&
			cover_has_field(repair->facts->cover, i)) ||
		    !field_is(field->name, FIELD_ADDRESSES))
			continue;
		if (form_value(&sendmail, field, &value, err) != 0)
			return err_wrap(err, "%s would be rewritten on the way",
			    escape(edits->mem, field->name, 64));
		if (slice_eq(value, field->value))
			continue;
		edits_change(edits, i, slice_dup(edits->mem, value));
		repair->done |= REPAIRED_FORM;
	}
	return 0;
}
