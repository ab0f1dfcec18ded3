/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The form in which a header arrives as it was signed: address fields in the
 * one that Sendmail does not rewrite at delivery, 8-bit text as encoded words.
 */
#include "message/display.h"
#include "repair_priv.h"

enum { MAX_RECIPIENTS = 10000 };

static const struct slice address_fields[] = { { "From", 4 },
	{ "Sender", 6 }, { "Author", 6 }, { "Reply-To", 8 }, { "To", 2 },
	{ "Cc", 2 }, { "Resent-From", 11 }, { "Resent-Sender", 13 },
	{ "Resent-To", 9 }, { "Resent-Cc", 9 }, { "Resent-Reply-To", 15 },
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

/* The next comma between entries of a list; value.len: none. */
static size_t
find_comma(struct slice value)
{
	unsigned int depth = 0;
	bool quoted = false;

	for (size_t i = 0; i < value.len; i++) {
		char c = value.data[i];

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
		else if (c == ',' && depth == 0)
			return i;
	}
	return value.len;
}

/* Takes the entry before the next comma off; whether there was a comma. */
static bool
next_entry(struct slice *rest, struct slice *ret_entry)
{
	size_t comma = find_comma(*rest);
	bool more = comma < rest->len;

	*ret_entry = slice_sub(*rest, 0, comma);
	*rest = slice_from(*rest, comma + 1);
	return more;
}

struct slice
repair_space_commas(struct slice value, struct arena *mem)
{
	struct slice entry;
	struct strbuf buf;

	strbuf_init(&buf, mem);
	while (next_entry(&value, &entry)) {
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

		more = next_entry(&value, &entry);
		entry = slice_trim(entry);
		column += entry.len + (first ? 0 : 2);
		if (!first && column > line_octets) {
			strbuf_add_cstr(&buf, ",\n        ");
			column = indent_octets + entry.len;
		} else if (!first) {
			strbuf_add_cstr(&buf, ", ");
		}
		strbuf_add(&buf, entry);
	}
	return strbuf_slice(&buf);
}

/* Whether Sendmail would write a list of addresses in another way. */
static bool
sendmail_rewrites(struct slice value, const struct mailbox_list *list)
{
	const unsigned int rewritten = CONSTRUCT_BIT(CONSTRUCT_ROUTE) |
	    CONSTRUCT_BIT(CONSTRUCT_SPACED_ADDRESS) |
	    CONSTRUCT_BIT(CONSTRUCT_TEXT_BEHIND) |
	    CONSTRUCT_BIT(CONSTRUCT_BARE_NAME) |
	    CONSTRUCT_BIT(CONSTRUCT_EMPTY_ITEM) |
	    CONSTRUCT_BIT(CONSTRUCT_DOT_NAME) |
	    CONSTRUCT_BIT(CONSTRUCT_ODD_NAME);

	if ((list->constructs & rewritten) != 0 || !is_spaced_well(value))
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

/* simple: the form is hashed as it stands (RFC 6376 section 3.4.1). */
static int
form_addresses(struct edits *edits, size_t index, bool simple,
    unsigned int *repairs, struct err *err)
{
	const struct field *field = &edits->fields[index].field;
	struct slice value = field->value;
	struct mailbox_list list;
	bool has_group;

	if (slice_trim(value).len == 0)
		return 0;
	if (mailbox_list_parse(value, MAX_RECIPIENTS, edits->mem, &list,
	    err) != 0)
		return err_wrap(err, "%s would be rewritten on the way",
		    escape(edits->mem, field->name, 64));
	has_group = (list.constructs & CONSTRUCT_BIT(CONSTRUCT_GROUP)) != 0;
	/* Groups have no plainer form. */
	if (has_group) {
		value = repair_space_commas(value, edits->mem);
	} else if (list.count != 0 && sendmail_rewrites(value, &list)) {
		drop_root_dots(&list);
		value = mailbox_list_print(list.items, list.count, NULL,
		    edits->mem);
	}
	if (simple && !has_group && list.count > 1)
		value = fold_as_sendmail(field->name, value, edits->mem);
	if (slice_eq(value, field->value))
		return 0;
	edits_change(edits, index, value);
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
	const char *charset = slice_is_utf8(value) ? "utf-8" : "unknown-8bit";
	struct slice text = field_unfold(mem, value), rest = text, word;
	size_t begin = text.len, end = 0;
	struct strbuf buf;

	/* From the first such word to the last one: what is between goes along. */
	while (slice_next_item(&rest, " \t", &word)) {
		size_t at = (size_t)(word.data - text.data);

		if (slice_is_ascii(word))
			continue;
		begin = at < begin ? at : begin;
		end = at + word.len;
	}
	strbuf_init(&buf, mem);
	strbuf_add_char(&buf, ' ');
	strbuf_add(&buf, slice_sub(text, 0, begin));
	encoded_words_append(&buf, charset, slice_sub(text, begin,
	    end - begin));
	strbuf_add(&buf, slice_from(text, end));
	return strbuf_slice(&buf);
}

void
repair_8bit_header(const struct config *config, struct edits *edits,
    unsigned int *repairs)
{
	if (!config->repair.header_8bit)
		return;
	for (size_t n = 0; n < sizeof(text_fields) / sizeof(text_fields[0]);
	    n++) {
		for (size_t i = edits_find(edits, text_fields[n], 0);
		    i < edits->count;
		    i = edits_find(edits, text_fields[n], i + 1)) {
			struct slice value = edits->fields[i].field.value;

			if (slice_is_ascii(value))
				continue;
			edits_change(edits, i, encode_text(value, edits->mem));
			*repairs |= REPAIRED_8BIT;
		}
	}
}

int
repair_form(const struct config *config, enum mta_choice mta,
    struct edits *edits, unsigned int *repairs, struct err *err)
{
	bool simple = config->sign.canonicalization == CANON_SIMPLE_SIMPLE ||
	    config->sign.canonicalization == CANON_SIMPLE_RELAXED;

	if (config->repair.address_form == FORM_NO ||
	    (config->repair.address_form == FORM_AUTO && mta != MTA_SENDMAIL))
		return 0;
	for (size_t i = 0; i < edits->count; i++) {
		if (edits->fields[i].state != FIELD_DELETED &&
		    repair_is_address_field(edits->fields[i].field.name) &&
		    form_addresses(edits, i, simple, repairs, err) != 0)
			return -1;
	}
	return 0;
}
