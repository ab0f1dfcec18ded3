/* SPDX-License-Identifier: BSD-2-Clause */
/* The header as RFC 6409 section 8 asks for it, one repair after the other. */
#include "repair/repair_header.h"

#include <string.h>

#include "message/address.h"
#include "message/display.h"
#include "message/stamp.h"
#include "repair_priv.h"

enum {
	MAX_NAME_OCTETS = 200,
	/* Postfix cuts a longer field (MILTER_CHUNK_SIZE), after it is signed. */
	MAX_FIELD_OCTETS = 60000,
};

static const char *const names[] = { "from", "sender", "date", "message-id",
	"addresses", "bcc", "return-path", "authentication-results",
	"duplicates", "lines", "author-form", "names", "rewritten-from",
	"dkim-signature", "arc", "removed", "body", "address-form", "8bit",
	"control-characters" };

const char *
repair_name(size_t bit)
{
	return bit < sizeof(names) / sizeof(names[0]) ? names[bit] : NULL;
}

struct slice
repair_names(struct arena *mem, unsigned int repairs)
{
	struct strbuf buf;

	strbuf_init(&buf, mem);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if ((repairs & 1U << i) == 0)
			continue;
		if (buf.len != 0)
			strbuf_add_char(&buf, ',');
		strbuf_add_cstr(&buf, names[i]);
	}
	return strbuf_slice(&buf);
}

static struct slice
with_blank(struct arena *mem, struct slice value)
{
	struct strbuf buf;

	strbuf_init(&buf, mem);
	strbuf_add_char(&buf, ' ');
	strbuf_add(&buf, value);
	return strbuf_slice(&buf);
}

void
repair_set_field(struct edits *edits, struct slice name, struct slice value)
{
	size_t index = edits_find(edits, name, 0);

	if (index < edits->count)
		edits_change(edits, index, value);
	else
		edits_add(edits, name, value);
}

/* Blanks and comments; false when a comment does not end. */
static bool
repair_header_skip_cfws(struct slice *s)
{
	size_t depth = 0, at = 0;

	for (; at < s->len; at++) {
		char c = s->data[at];

		if (c == '(')
			depth++;
		else if (c == ')' && depth > 0)
			depth--;
		else if (c == '\\' && depth > 0)
			at++;
		else if (depth == 0 && !char_is_wsp(c))
			break;
	}
	*s = slice_from(*s, at);
	return depth == 0;
}

/* A quoted string without its quotes and escapes. */
static bool
repair_header_take_quoted(
    struct slice *s, struct arena *mem, struct slice *ret_text)
{
	struct strbuf buf;

	strbuf_init(&buf, mem);
	for (size_t i = 1; i < s->len; i++) {
		if (s->data[i] == '"') {
			*s = slice_from(*s, i + 1);
			*ret_text = strbuf_slice(&buf);
			return true;
		}
		if (s->data[i] == '\\')
			i++;
		if (i < s->len)
			strbuf_add_char(&buf, s->data[i]);
	}
	return false;
}

bool
authserv_id(struct slice value, struct arena *mem, struct slice *ret_id)
{
	struct slice s = field_unfold(mem, value);
	struct slice id, domain;
	size_t before, len = 0;
	struct err err;

	if (!repair_header_skip_cfws(&s) || s.len == 0)
		return false;
	/* A token of RFC 2045 section 5.1, and the UTF-8 of RFC 6532 in it. */
	while (len < s.len && s.data[len] != ' ' &&
	    !char_is_control(s.data[len]) &&
	    strchr("()<>@,;:\\\"/[]?=", s.data[len]) == NULL)
		len++;
	id = slice_sub(s, 0, len);
	if (s.data[0] != '"')
		s = slice_from(s, len);
	else if (!repair_header_take_quoted(&s, mem, &id))
		return false;
	/* The root's dot and U-labels name the same host. */
	if (id.len > 1 && id.data[id.len - 1] == '.')
		id.len--;
	if (domain_canonical(id, mem, &domain, &err) == 0)
		id = domain;
	else if (!slice_is_ascii(id))
		return false;
	for (size_t i = 0; i < id.len; i++) {
		if (char_is_control(id.data[i]))
			return false;
	}
	before = s.len;
	if (!repair_header_skip_cfws(&s) || id.len == 0)
		return false;
	if (s.len < before) {
		while (s.len > 0 && char_is_digit(s.data[0]))
			s = slice_from(s, 1);
		if (!repair_header_skip_cfws(&s))
			return false;
	}
	*ret_id = id;
	return s.len == 0 || s.data[0] == ';';
}

/* A stranger's name, short, and with nothing in it that looks like syntax. */
static void
add_shown_name(struct strbuf *text, struct slice name)
{
	static const struct slice syntax = { "@<>()\"\\,;:=?", 12 };
	size_t len;

	name = display_neutral(name, text->mem);
	len = name.len < MAX_NAME_OCTETS ? name.len : MAX_NAME_OCTETS;
	/* Not amid a character. */
	while (len < name.len && len > 0 &&
	    ((unsigned char)name.data[len] & 0xc0) == 0x80)
		len--;
	for (size_t i = 0; i < len; i++) {
		char c = slice_has(syntax, name.data[i]) ||
			char_is_control(name.data[i]) ?
		    ' ' :
		    name.data[i];

		if (c != ' ' ||
		    (text->len > 0 && text->data[text->len - 1] != ' '))
			strbuf_add_char(text, c);
	}
	if (text->len > 0 && text->data[text->len - 1] == ' ')
		text->len--;
}

/* "The CEO (ceo at corp.example)" */
static struct slice
claimed_name(const struct author *author, struct arena *mem)
{
	struct slice name = display_decode(author->mailbox.display.len != 0 ?
		author->mailbox.display :
		author->mailbox.comment,
	    mem);
	struct strbuf text, address;

	strbuf_init(&address, mem);
	add_shown_name(&address, author->address.local);
	strbuf_addf(&address, " at %.*s", SLICE_ARGS(author->address.domain));
	strbuf_init(&text, mem);
	add_shown_name(&text, slice_trim(name));
	strbuf_add_cstr(&text, text.len == 0 ? "" : " ");
	/* An encoded word with one of the parentheses is odd. */
	if (slice_is_ascii(strbuf_slice(&text)) &&
	    slice_is_ascii(strbuf_slice(&address)))
		strbuf_addf(
		    &text, "(%.*s)", SLICE_ARGS(strbuf_slice(&address)));
	else
		strbuf_addf(
		    &text, "- %.*s", SLICE_ARGS(strbuf_slice(&address)));
	return strbuf_slice(&text);
}

/* What is missing in the message, if no own address can stand there. */
static int
check_own_address(
    const struct repair_facts *facts, const char *missing, struct err *err)
{
	if (facts->own_address.len > 0)
		return 0;
	if (facts->own_address_unsure != NULL)
		return err_set(
		    err, ERR_TEMP, "%s", facts->own_address_unsure->text);
	return err_set(err, ERR_DATA, "%s", missing);
}

/*
 * From becomes the submitter's own address; whose it was is said in the name
 * and in Reply-To, as mailing lists do.
 */
static int
rewrite_from(struct header_repair *repair, struct err *err)
{
	const struct repair_facts *facts = repair->facts;
	struct edits *edits = repair->edits;
	const struct author *author = authors_first(facts->authors, ROLE_FROM);
	struct strbuf value;
	size_t reply_to;

	if (!facts->rewrite_from)
		return 0;
	ENSURE(author != NULL);
	if (check_own_address(facts,
		"From is not yours, and you have no address of your own",
		err) != 0)
		return -1;
	strbuf_init(&value, edits->mem);
	strbuf_add_char(&value, ' ');
	display_name_append(&value, claimed_name(author, edits->mem));
	strbuf_add_cstr(&value, " <");
	strbuf_add(&value, facts->own_address);
	strbuf_add_char(&value, '>');
	reply_to = edits_find(edits, SLICE("Reply-To"), 0);
	if (reply_to < edits->count &&
	    slice_trim(edits->fields[reply_to].field.value).len == 0) {
		edits_delete(edits, reply_to);
		reply_to = edits->count;
	}
	if (reply_to == edits->count)
		edits_add(edits, SLICE("Reply-To"),
		    author_field_plain(
			facts->authors, author, true, edits->mem));
	edits_change(
	    edits, edits_find(edits, SLICE("From"), 0), strbuf_slice(&value));
	repair->done |= REPAIRED_MISMATCH;
	return 0;
}

/*
 * A From that is missing or empty, and a Sender that is missing. RFC 6409
 * leaves open whose From it is: it becomes the address that the submitter has
 * proved to own. RFC 5322 section 3.6.2: several authors need a Sender, and so
 * does one for whom somebody else sends. Redirected mail says so in its Resent-
 * fields.
 */
static int
add_authors(struct header_repair *repair, struct err *err)
{
	const struct repair_facts *facts = repair->facts;
	struct edits *edits = repair->edits;

	if (authors_count(facts->authors, ROLE_FROM) == 0) {
		static const char missing[] =
		    "From is missing: say who wrote the message";

		if (!repair->config->repair.from)
			return err_set(err, ERR_DATA, missing);
		if (check_own_address(facts, missing, err) != 0)
			return -1;
		repair_set_field(edits, SLICE("From"),
		    with_blank(edits->mem, facts->own_address));
		repair->done |= REPAIRED_FROM;
	}
	if (facts->needs_sender && !facts->rewrite_from &&
	    authors_count(facts->authors, ROLE_SENDER) == 0) {
		static const char missing[] =
		    "Sender is missing: say in it who sends for those in From";

		if (!repair->config->repair.sender)
			return err_set(err, ERR_DATA, missing);
		if (check_own_address(facts, missing, err) != 0)
			return -1;
		edits_add(edits, SLICE("Sender"),
		    with_blank(edits->mem, facts->own_address));
		repair->done |= REPAIRED_SENDER;
	}
	return 0;
}

static struct slice
make_date(const struct repair_facts *facts, struct arena *mem, struct slice old)
{
	struct slice date;

	return date_repair(mem, old, &date) ? date :
					      date_format(mem, facts->now);
}

static struct slice
make_message_id(
    const struct repair_facts *facts, struct arena *mem, struct slice old)
{
	return message_id_repair(mem, old, facts->hostname, facts->now);
}

/* Fields that each message has to have, and that can be made. */
struct stamp {
	struct slice name;
	enum repair bit;
	bool (*is_valid)(struct slice value);
	struct slice (*make)(const struct repair_facts *facts,
	    struct arena *mem, struct slice old);
};

static const struct stamp stamp_date = { { "Date", 4 }, REPAIRED_DATE,
	date_is_valid, make_date };
/* Spelt as Sendmail will: simple canonicalization sees the difference. */
static const struct stamp stamp_message_id = { { "Message-Id", 10 },
	REPAIRED_MESSAGE_ID, message_id_is_usable, make_message_id };

static void
repair_stamp(struct header_repair *repair, const struct stamp *stamp,
    enum repair_field what)
{
	struct edits *edits = repair->edits;
	size_t index = edits_find(edits, stamp->name, 0);
	struct slice old = { NULL, 0 };

	if (what == REPAIR_NO ||
	    cover_has_name(repair->facts->cover, stamp->name))
		return;
	if (index < edits->count) {
		old = edits->fields[index].field.value;
		if (stamp->is_valid(old))
			return;
		/* An empty one is as good as missing. */
		if (what == REPAIR_ADD && slice_trim(old).len != 0)
			return;
	}
	repair_set_field(edits, stamp->name,
	    with_blank(
		edits->mem, stamp->make(repair->facts, edits->mem, old)));
	repair->done |= stamp->bit;
}

size_t
repair_line_limit(const struct config *config, enum mta_choice mta)
{
	size_t limit = mta_traits(mta)->breaks_lines_at;

	return config->repair.line_length > limit ? limit :
						    config->repair.line_length;
}

/*
 * Complete addresses and encoded words are longer than what they stand for, up
 * to many times: what was within the limits as it came may not be any more.
 */
static int
repair_header_check_size(
    const struct config *config, const struct edits *edits, struct err *err)
{
	size_t max = 2 * config->bounds.header_bytes, bytes = 0;

	for (size_t i = 0; i < edits->count; i++) {
		const struct edited_field *field = &edits->fields[i];
		size_t octets =
		    field->field.name.len + 1 + field->field.value.len;

		if (field->state == FIELD_DELETED)
			continue;
		if (field->state != FIELD_KEPT && octets > MAX_FIELD_OCTETS)
			return err_set(err, ERR_LIMIT,
			    "%s of more than %d "
			    "octets once it is repaired",
			    escape(edits->mem, field->field.name, 64),
			    (int)MAX_FIELD_OCTETS);
		bytes += octets;
		if (bytes > max)
			return err_set(err, ERR_LIMIT,
			    "a header of more than "
			    "%zu octets once it is repaired",
			    max);
	}
	return 0;
}

int
repair_header(const struct config *config, const struct repair_facts *facts,
    struct edits *edits, unsigned int *ret_repairs, struct err *err)
{
	struct header_repair repair = { config, facts, edits, 0 };

	if (config->repair.bcc) {
		bool bcc = edits_delete_all(edits, SLICE("Bcc"));
		bool resent = edits_delete_all(edits, SLICE("Resent-Bcc"));

		if (bcc || resent)
			repair.done |= REPAIRED_BCC;
	}
	if (config->repair.return_path &&
	    edits_delete_all(edits, SLICE("Return-Path")))
		repair.done |= REPAIRED_RETURN_PATH;
	repair_traces(&repair);
	repair_controls(&repair, false);
	if (repair_duplicates(&repair, err) != 0 ||
	    rewrite_from(&repair, err) != 0 || add_authors(&repair, err) != 0)
		return -1;
	repair_stamp(&repair, &stamp_date, config->repair.date);
	repair_stamp(&repair, &stamp_message_id, config->repair.message_id);
	repair_addresses(&repair);
	/* Early: what is too long is not worth the rest. */
	if (repair_header_check_size(config, edits, err) != 0)
		return -1;
	if (!facts->smtputf8) {
		repair_8bit_header(&repair);
		repair_8bit_names(&repair);
		if (repair_header_check_size(config, edits, err) != 0)
			return -1;
	}
	repair_controls(&repair, true);
	if (repair_form(&repair, err) != 0 || repair_lines(&repair, err) != 0 ||
	    repair_header_check_size(config, edits, err) != 0)
		return -1;
	*ret_repairs = repair.done;
	return 0;
}
