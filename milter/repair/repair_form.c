/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The form in which a header arrives as it was signed: address fields in the
 * one that Sendmail does not rewrite at delivery, 8-bit text as encoded words.
 */
#include "message/display.h"
#include "repair_priv.h"
#include "sendmail_priv.h"

enum { MAX_RECIPIENTS = 10000 };

static const struct slice address_fields[] = { { "From", 4 },
	{ "Sender", 6 }, { "Author", 6 }, { "Reply-To", 8 }, { "To", 2 },
	{ "Cc", 2 }, { "Bcc", 3 }, { "Apparently-To", 13 },
	{ "Resent-From", 11 }, { "Resent-Sender", 13 }, { "Resent-To", 9 },
	{ "Resent-Cc", 9 }, { "Resent-Bcc", 10 }, { "Resent-Reply-To", 15 },
	{ "Disposition-Notification-To", 27 }, { "Errors-To", 9 } };

/* Fields that are text and nothing else (RFC 5322 section 3.6.5, RFC 2045). */
static const struct slice text_fields[] = { { "Subject", 7 },
	{ "Comments", 8 }, { "Content-Description", 19 },
	{ "Organization", 12 }, { "X-Mailer", 8 }, { "User-Agent", 10 } };

bool
repair_is_address_field(struct slice name)
{
	for (size_t i = 0; i < sizeof(address_fields) /
	    sizeof(address_fields[0]); i++) {
		if (slice_eq_nocase(address_fields[i], name))
			return true;
	}
	return false;
}

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
		else if (c == ',' && depth == 0 && (i == 0 ||
		    char_is_wsp(value.data[i - 1]) ||
		    value.data[i - 1] == '\n' ||
		    !(next == '\n' || (next == ' ' && !char_is_wsp(after)))))
			return false;
	}
	return true;
}

static bool
is_blank(char c)
{
	return char_is_wsp(c) || c == '\n';
}

/* Whether a comment has one blank before it, and one or nothing behind. */
static bool
is_spaced_comment(struct slice entry, size_t begin, size_t end)
{
	bool left = begin == 0 || (begin > 1 && entry.data[begin - 1] == ' ' &&
	    !is_blank(entry.data[begin - 2]));
	bool right = end == entry.len || (end + 1 < entry.len &&
	    entry.data[end] == ' ' && !is_blank(entry.data[end + 1]));

	return left && right;
}

/*
 * Whether comments behind addresses without brackets stand as Sendmail writes
 * them: folds and other blanks become one there.
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
			if (!is_spaced_comment(entry, begin, end))
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
		while (entry.len > 1 && (char_is_wsp(entry.data[entry.len - 1]) ||
		    entry.data[entry.len - 1] == '\n'))
			entry.len--;
		strbuf_add(&buf, entry);
		while (value.len > 0 && char_is_wsp(value.data[0]))
			value = slice_from(value, 1);
		strbuf_add_cstr(&buf, value.len > 0 && value.data[0] == '\n'
		    ? "," : ", ");
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
sendmail_rewrites(bool is_simple, struct slice value,
    const struct mailbox_list *list)
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

static void
drop_root_dots(struct mailbox_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		struct slice *domain = &list->items[i].domain;

		if (domain->len > 1 && domain->data[domain->len - 1] == '.')
			domain->len--;
	}
}

static bool
has_group(const struct mailbox_list *list)
{
	return (list->constructs & CONSTRUCT_BIT(CONSTRUCT_GROUP)) != 0;
}

/* A field that the MTA might be Sendmail for, but the form is not asked for. */
static int
form_length(const struct sendmail *sendmail, struct slice value,
    struct arena *mem, struct slice *ret_value, struct err *err)
{
	struct mailbox_list list;
	struct err unreadable;
	bool is_read;

	if (!sendmail_cuts(value, false))
		return 0;
	is_read = mailbox_list_parse(value, MAX_RECIPIENTS, mem, &list,
	    &unreadable) == 0;
	if (is_read && !has_group(&list) && !sendmail_cuts(value, true))
		return 0;
	if (!is_read || !sendmail->may_shorten)
		return err_set(err, ERR_DATA, "a mailbox that is too long");
	return sendmail_shorten(&list, mem, ret_value, err);
}

/*
 * A list in other words: with its commas put right where that is enough, else
 * without its groups.
 */
static struct slice
rewrite_list(bool is_simple, struct slice value, struct mailbox_list *list,
    struct arena *mem, bool *ret_plain)
{
	struct mailbox_list again;
	struct err err;

	*ret_plain = !has_group(list);
	if (has_group(list)) {
		struct slice spaced = repair_space_commas(value, mem);

		if (mailbox_list_parse(spaced, MAX_RECIPIENTS, mem, &again,
		    &err) == 0 && !sendmail_rewrites(is_simple, spaced, &again))
			return spaced;
	}
	if (list->count == 0)
		return has_group(list) ? SLICE(" undisclosed-recipients:;")
		    : SLICE(" ");
	*ret_plain = true;
	return mailbox_list_print(list->items, list->count, NULL, mem);
}

/* A list that can be read, in the form that Sendmail leaves alone. */
static int
form_list(const struct sendmail *sendmail, struct slice value,
    struct mailbox_list *list, struct arena *mem, struct slice *ret_value,
    struct err *err)
{
	bool is_plain, rewrites;

	if (sendmail_own_names(sendmail, &value, list, mem, err) != 0)
		return -1;
	rewrites = sendmail_rewrites(sendmail->is_simple, value, list);
	drop_root_dots(list);
	is_plain = !has_group(list);
	if (rewrites)
		value = rewrite_list(sendmail->is_simple, value, list, mem,
		    &is_plain);
	if (sendmail_cuts(value, is_plain) &&
	    sendmail_shorten(list, mem, &value, err) != 0)
		return -1;
	*ret_value = value;
	return 0;
}

/*
 * What cannot be read, but Sendmail leaves alone: by a text that says the same
 * and can be read, perhaps with the end of a group that has none.
 */
static bool
is_left_alone(const struct sendmail *sendmail, struct slice value,
    struct arena *mem)
{
	struct slice readable = sendmail_readable(value, mem);
	struct mailbox_list list;
	struct err err;

	if (mailbox_list_parse(readable, MAX_RECIPIENTS, mem, &list,
	    &err) != 0) {
		struct strbuf buf;

		strbuf_init(&buf, mem);
		strbuf_add(&buf, readable);
		strbuf_add_char(&buf, ';');
		readable = strbuf_slice(&buf);
		if (mailbox_list_parse(readable, MAX_RECIPIENTS, mem, &list,
		    &err) != 0)
			return false;
	}
	return !sendmail_rewrites(sendmail->is_simple, readable, &list) &&
	    is_spaced_well(value) && !sendmail_cuts(value, false) &&
	    !sendmail_has_own_name(sendmail, &list);
}

static int
form_value(const struct sendmail *sendmail, const struct field *field,
    struct arena *mem, struct slice *ret_value, struct err *err)
{
	struct slice value = field->value;
	struct mailbox_list list;

	if (!sendmail->is_certain)
		return form_length(sendmail, value, mem, ret_value,
		    err);
	if (slice_trim(value).len == 0) {
		/* Only a tab or a fold is not sent on as it is. */
		if (!slice_has(value, '\t') && !slice_has(value, '\n'))
			return 0;
	} else if (mailbox_list_parse(value, MAX_RECIPIENTS, mem, &list,
	    err) == 0) {
		if (form_list(sendmail, value, &list, mem, &value, err) != 0)
			return -1;
	} else if (!is_left_alone(sendmail, value, mem)) {
		return -1;
	}
	/* simple: it is hashed as it stands (RFC 6376 section 3.4.1). */
	*ret_value = sendmail->is_simple
	    ? fold_as_sendmail(field->name, value, mem) : value;
	return 0;
}

static int
form_addresses(const struct sendmail *sendmail, struct edits *edits,
    size_t index, unsigned int *repairs, struct err *err)
{
	CLEANUP(arena_done) struct arena scratch;
	const struct field *field = &edits->fields[index].field;
	struct slice value = field->value;

	arena_init(&scratch);
	if (form_value(sendmail, field, &scratch, &value, err) != 0)
		return err_wrap(err, "%s would be rewritten on the way",
		    escape(edits->mem, field->name, 64));
	if (slice_eq(value, field->value))
		return 0;
	edits_change(edits, index, slice_dup(edits->mem, value));
	*repairs |= REPAIRED_FORM;
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
	encoded_words_append(&buf, charset, slice_sub(text, begin,
	    end - begin));
	strbuf_add(&buf, slice_from(text, end));
	return slice_dup(mem, strbuf_slice(&buf));
}

void
repair_8bit_header(const struct config *config, const struct cover *cover,
    struct edits *edits, unsigned int *repairs)
{
	if (!config->repair.header_8bit)
		return;
	for (size_t n = 0; n < sizeof(text_fields) / sizeof(text_fields[0]);
	    n++) {
		for (size_t i = edits_find(edits, text_fields[n], 0);
		    i < edits->count;
		    i = edits_find(edits, text_fields[n], i + 1)) {
			struct slice value = edits->fields[i].field.value;

			if (slice_is_ascii(value) || cover_has_field(cover, i))
				continue;
			edits_change(edits, i, encode_text(value, edits->mem));
			*repairs |= REPAIRED_8BIT;
		}
	}
}

int
repair_form(const struct config *config, const struct repair_facts *facts,
    struct edits *edits, unsigned int *repairs, struct err *err)
{
	struct sendmail sendmail;

	if (!sendmail_facts(config, facts, edits->mem, &sendmail))
		return 0;
	for (size_t i = 0; i < edits->count; i++) {
		/* What only some MTA might change is left alone if covered. */
		if (edits->fields[i].state != FIELD_DELETED &&
		    (sendmail.is_certain ||
			!cover_has_field(facts->cover, i)) &&
		    repair_is_address_field(edits->fields[i].field.name) &&
		    form_addresses(&sendmail, edits, i, repairs, err) != 0)
			return -1;
	}
	return 0;
}
