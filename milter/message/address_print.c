/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses and names as they are written here. */
#include "message/address.h"

#include "address_priv.h"
#include "message/display.h"

/* RFC 2047 section 2: a word has at most 75 octets. */
enum { WORD_OCTETS = 75, MAX_QUOTED_OCTETS = 400 };

/* Words of a name that will be printed as one. */
struct run {
	struct strbuf text;
	bool plain;   /* atoms only: no quotes needed */
	bool decoded; /* holds text that came from an encoded word */
};

static void
start_run(struct run *run, struct arena *mem)
{
	*run = (struct run){ .plain = true };
	strbuf_init(&run->text, mem);
}

/*
 * An atom: a local part without dots has the same octets. Sendmail puts names
 * with apostrophes in quotes.
 */
static bool
is_atom(struct slice text)
{
	return local_part_is_dot_atom(text) && !slice_has(text, '.') &&
	    !slice_has(text, '\'') && !slice_has_text_nocase(text, SLICE("=?"));
}

/* Text as encoded words, each in characters of its own. */
static void
print_words(struct strbuf *buf, const char *charset, struct slice text)
{
	static const char hex[] = "0123456789ABCDEF";
	/* "=?" charset "?Q?" and "?=" */
	const size_t frame = 7 + slice_of(charset).len;
	const size_t character = 12; /* four octets, encoded */
	size_t used = 0;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];
		bool plain = char_is_alpha(c) || char_is_digit(c);

		if (used != 0 && address_begins_character(c) &&
		    used + character > WORD_OCTETS) {
			strbuf_add_cstr(buf, "?=\n ");
			used = 0;
		}
		if (used == 0) {
			strbuf_addf(buf, "=?%s?Q?", charset);
			used = frame;
		}
		if (plain || c == ' ') {
			strbuf_add_char(buf, plain ? c : '_');
			used++;
		} else {
			strbuf_add_char(buf, '=');
			strbuf_add_char(buf, hex[(unsigned char)c >> 4]);
			strbuf_add_char(buf, hex[(unsigned char)c & 15]);
			used += 3;
		}
	}
	strbuf_add_cstr(buf, "?=");
}

size_t
address_words_octets(size_t charset_octets, struct slice text)
{
	const size_t frame = 7 + charset_octets, character = 12;
	size_t used = 0, octets = 2;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];
		size_t len =
		    char_is_alpha(c) || char_is_digit(c) || c == ' ' ? 1 : 3;

		if (used != 0 && address_begins_character(c) &&
		    used + character > WORD_OCTETS) {
			octets += sizeof("?=\n ") - 1;
			used = 0;
		}
		if (used == 0) {
			octets += frame - 2;
			used = frame;
		}
		octets += len;
		used += len;
	}
	return octets;
}

/* Octets of no known charset can begin anywhere. */
static void
print_unknown(struct strbuf *buf, struct slice text)
{
	enum { PIECE_OCTETS = 16 };

	for (size_t i = 0; i < text.len; i += PIECE_OCTETS) {
		if (i != 0)
			strbuf_add_cstr(buf, "\n ");
		print_words(
		    buf, "unknown-8bit", slice_sub(text, i, PIECE_OCTETS));
	}
}

void
address_print_quoted(struct strbuf *buf, struct slice text)
{
	strbuf_add_char(buf, '"');
	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];

		strbuf_add_char(buf, c == '"' ? '\'' : c == '\\' ? '/' : c);
	}
	strbuf_add_char(buf, '"');
}

struct slice
address_without_marks(struct slice text, struct arena *mem)
{
	static const struct slice marks = { "<>()[]\\?", 8 };
	struct strbuf buf;

	strbuf_init(&buf, mem);
	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];

		if (c == '@')
			strbuf_add_cstr(&buf, " at ");
		else if (c == '"')
			strbuf_add_char(&buf, '\'');
		else if (char_is_control(c) || slice_has(marks, c))
			strbuf_add_char(&buf, ' ');
		else
			strbuf_add_char(&buf, c);
	}
	return slice_trim(strbuf_slice(&buf));
}

static void
end_run(struct run *run, struct strbuf *buf)
{
	struct slice text = strbuf_slice(&run->text);
	bool known = slice_is_utf8(text);
	/* Quotes must not be folded, so long text cannot stand in them. */
	bool encode = !known || text.len > MAX_QUOTED_OCTETS ||
	    (run->decoded && !slice_is_ascii(text));

	if (known)
		text = display_settle(text, buf->mem);
	if (encode)
		text = address_without_marks(text, buf->mem);
	if (text.len == 0)
		return;
	if (buf->len != 0)
		strbuf_add_char(buf, ' ');
	if (!known)
		print_unknown(buf, text);
	else if (encode)
		print_words(buf, "utf-8", text);
	else if (run->plain)
		strbuf_add(buf, text);
	else
		address_print_quoted(buf, text);
}

/* The text of an encoded word, without characters that programs misread. */
static struct slice
decode_harmless(struct slice text, struct arena *mem)
{
	struct slice decoded = display_decode(text, mem);
	struct strbuf buf;

	strbuf_init(&buf, mem);
	for (size_t i = 0; i < decoded.len; i++)
		strbuf_add_char(&buf,
		    char_is_control(decoded.data[i]) || decoded.data[i] == '?' ?
			' ' :
			decoded.data[i]);
	return slice_trim(strbuf_slice(&buf));
}

static void
add_to_run(struct run *run, struct slice text, bool quoted)
{
	if (text.len == 0)
		return;
	if (run->text.len != 0)
		strbuf_add_char(&run->text, ' ');
	strbuf_add(&run->text, text);
	if (quoted || !is_atom(text) || !slice_is_utf8(text))
		run->plain = false;
}

/* Takes one piece of a name off; the rest. Comments are skipped. */
static struct slice
address_print_next_piece(struct slice rest, struct arena *mem,
    struct slice *ret_text, bool *ret_quoted)
{
	struct slice inside = { NULL, 0 };
	size_t at = 0;
	unsigned int depth = 0;
	char first = rest.data[0];

	*ret_quoted = first == '"';
	if (first != '"' && first != '(') {
		while (at < rest.len && !char_is_wsp(rest.data[at]) &&
		    rest.data[at] != '\n' && rest.data[at] != '"' &&
		    rest.data[at] != '(')
			at++;
		*ret_text = slice_sub(rest, 0, at);
		return slice_from(rest, at);
	}
	for (; at < rest.len; at++) {
		char c = rest.data[at];

		if (c == '\\')
			at++;
		else if (first == '(' && c == '(')
			depth++;
		else if (first == '(' && c == ')' && --depth == 0)
			break;
		else if (first == '"' && c == '"' && at > 0)
			break;
	}
	/* The parser has seen its end. */
	at = at < rest.len ? at : rest.len - 1;
	if (first == '"')
		inside = slice_sub(rest, 1, at - 1);
	if (slice_has(inside, '\\') || slice_has(inside, '\n') ||
	    slice_has(inside, '\t')) {
		char *text = arena_alloc(mem, inside.len);
		size_t len = 0;

		for (size_t i = 0; i < inside.len; i++) {
			char c;

			if (inside.data[i] == '\\' && i + 1 < inside.len)
				i++;
			c = inside.data[i];
			text[len++] = c == '\n' || c == '\t' ? ' ' : c;
		}
		inside = (struct slice){ text, len };
	}
	*ret_text = slice_trim(inside);
	return slice_from(rest, at + 1);
}

static struct slice
skip_white(struct slice text)
{
	size_t i = 0;

	while (
	    i < text.len && (char_is_wsp(text.data[i]) || text.data[i] == '\n'))
		i++;
	return slice_from(text, i);
}

/*
 * Whether encoded words can stay: all of them are plain ones, and nothing
 * beside them needs quotes.
 */
static bool
words_can_stay(struct slice raw, struct arena *mem)
{
	struct slice rest = skip_white(raw), text;
	bool words = false, quotes = false, quoted;

	while (rest.len > 0) {
		rest = skip_white(
		    address_print_next_piece(rest, mem, &text, &quoted));
		if (slice_has_text_nocase(text, SLICE("=?"))) {
			if (quoted || !display_word_is_plain(text, mem))
				return false;
			words = true;
		} else if (quoted || !is_atom(text) || !slice_is_utf8(text)) {
			quotes = true;
		}
	}
	return !words || !quotes;
}

/*
 * A piece with the encoded words that follow it: blanks between such words do
 * not count (RFC 2047 section 6.2).
 */
static struct slice
neighbours(
    struct slice text, bool quoted, struct slice *rest, struct arena *mem)
{
	struct strbuf buf;

	strbuf_init(&buf, mem);
	strbuf_add(&buf, text);
	while (!quoted && rest->len > 0) {
		struct slice more,
		    behind = skip_white(
			address_print_next_piece(*rest, mem, &more, &quoted));

		if (quoted || !slice_has_text_nocase(more, SLICE("=?")))
			break;
		strbuf_add_char(&buf, ' ');
		strbuf_add(&buf, more);
		*rest = behind;
	}
	return strbuf_slice(&buf);
}

static struct slice
print_name(struct slice raw, struct arena *mem)
{
	bool stay = words_can_stay(raw, mem), quoted, fold;
	struct slice rest = skip_white(raw), text;
	struct strbuf buf;
	struct run run;

	strbuf_init(&buf, mem);
	start_run(&run, mem);
	while (rest.len > 0) {
		rest = skip_white(
		    address_print_next_piece(rest, mem, &text, &quoted));
		if (!slice_has_text_nocase(text, SLICE("=?"))) {
			add_to_run(&run, text, quoted);
			continue;
		}
		if (!stay) {
			text = neighbours(text, quoted, &rest, mem);
			add_to_run(&run, decode_harmless(text, mem), true);
			run.decoded = true;
			continue;
		}
		/* A line with such words has 76 octets at most (section 2). */
		fold = buf.len != 0 && run.text.len == 0;
		end_run(&run, &buf);
		start_run(&run, mem);
		if (buf.len != 0)
			strbuf_add_cstr(&buf, fold ? "\n " : " ");
		/* RFC 2047 section 5 (3): in a name a dot is encoded. */
		for (size_t i = 0; i < text.len; i++) {
			if (text.data[i] == '.')
				strbuf_add_cstr(&buf, "=2E");
			else
				strbuf_add_char(&buf, text.data[i]);
		}
	}
	end_run(&run, &buf);
	return strbuf_slice(&buf);
}

void
encoded_words_append(struct strbuf *buf, const char *charset, struct slice text)
{
	size_t charset_octets = slice_of(charset).len;

	/* Q can be read by people: base64 where that is shorter by a fifth. */
	if (!slice_is_utf8(text))
		print_unknown(buf, text);
	else if (slice_eq(slice_of(charset), SLICE("utf-8")) &&
	    address_base64_octets(text) * 5 <
		address_words_octets(charset_octets, text) * 4)
		strbuf_add(buf, address_in_base64(text, buf->mem));
	else
		print_words(buf, charset, text);
}

/*
 * Parentheses mean nothing to a program that decodes before it parses, if they
 * are all in one word.
 */
static struct slice
with_parentheses(struct slice text, struct arena *mem)
{
	struct strbuf buf;

	strbuf_init(&buf, mem);
	for (size_t at = 0, end; at <= text.len; at = end + 1) {
		struct slice part;

		for (end = at; end < text.len && text.data[end] != '(' &&
		     text.data[end] != ')';)
			end++;
		part =
		    address_without_marks(slice_sub(text, at, end - at), mem);
		if (part.len != 0 && buf.len != 0 &&
		    buf.data[buf.len - 1] == ')')
			strbuf_add_char(&buf, ' ');
		strbuf_add(&buf, part);
		if (end == text.len)
			break;
		if (text.data[end] == '(' && buf.len != 0 &&
		    buf.data[buf.len - 1] != '(')
			strbuf_add_char(&buf, ' ');
		strbuf_add_char(&buf, text.data[end]);
	}
	return strbuf_slice(&buf);
}

/* The name as one text: quotes removed, encoded words decoded. */
void
display_name_encode(struct strbuf *buf, struct slice raw)
{
	size_t octets = sizeof("=?utf-8?Q?"
			       "?=") -
	    1;
	struct slice rest = skip_white(raw), text, kept;
	struct run run;
	bool quoted;
	int depth = 0;

	start_run(&run, buf->mem);
	while (rest.len > 0) {
		rest = skip_white(
		    address_print_next_piece(rest, buf->mem, &text, &quoted));
		if (slice_has_text_nocase(text, SLICE("=?")))
			text = decode_harmless(
			    neighbours(text, quoted, &rest, buf->mem),
			    buf->mem);
		add_to_run(&run, text, quoted);
	}
	text = strbuf_slice(&run.text);
	if (slice_is_utf8(text))
		text = display_settle(text, buf->mem);
	/* Parentheses stay if they are in pairs and it is one encoded word. */
	kept = with_parentheses(text, buf->mem);
	for (size_t i = 0; i < kept.len && depth >= 0; i++) {
		char c = kept.data[i];

		octets +=
		    char_is_alpha(c) || char_is_digit(c) || c == ' ' ? 1 : 3;
		depth += c == '(' ? 1 : c == ')' ? -1 : 0;
	}
	text = slice_is_utf8(text) && depth == 0 && octets <= WORD_OCTETS ?
	    kept :
	    address_without_marks(text, buf->mem);
	if (text.len != 0)
		encoded_words_append(buf, "utf-8", text);
}

void
display_name_append(struct strbuf *buf, struct slice text)
{
	struct strbuf clean;

	strbuf_init(&clean, buf->mem);
	for (size_t i = 0; i < text.len; i++)
		strbuf_add_char(
		    &clean, char_is_control(text.data[i]) ? ' ' : text.data[i]);
	if (slice_is_ascii(text))
		address_print_quoted(buf, strbuf_slice(&clean));
	else
		print_words(buf, "utf-8", strbuf_slice(&clean));
}

/* How a mailbox is printed; max_octets: see mailbox_list_print_within(). */
static void
print_mailbox(struct strbuf *buf, const struct mailbox *mailbox,
    struct slice domain, size_t max_octets)
{
	CLEANUP(arena_done) struct arena scratch;
	const size_t frame_octets = 3; /* " <" and ">" */
	struct strbuf address, comment;
	struct slice name = mailbox->display;

	arena_init(&scratch);
	strbuf_init(&comment, &scratch);
	/* A comment as a name: its parentheses and escapes mean nothing. */
	for (size_t i = 0; name.len == 0 && i < mailbox->comment.len; i++) {
		char c = mailbox->comment.data[i];

		if (c == '\\' && i + 1 < mailbox->comment.len)
			c = mailbox->comment.data[++i];
		strbuf_add_char(&comment,
		    c == '"' || c == '\\' || c == '(' || c == ')' || c == '\n' ?
			' ' :
			c);
	}
	name =
	    print_name(name.len != 0 ? name : strbuf_slice(&comment), &scratch);
	strbuf_init(&address, &scratch);
	local_part_append(&address, mailbox->local);
	if (domain.len != 0) {
		strbuf_add_char(&address, '@');
		strbuf_add(&address, domain);
	}
	if (max_octets != 0) {
		size_t used =
		    address_octets(strbuf_slice(&address)) + frame_octets;

		name = address_name_within(
		    name, max_octets > used ? max_octets - used : 0, &scratch);
	}
	strbuf_add(buf, name);
	strbuf_add_cstr(buf, name.len != 0 ? " <" : "<");
	strbuf_add(buf, strbuf_slice(&address));
	strbuf_add_char(buf, '>');
}

struct slice
mailbox_list_print(const struct mailbox *items, size_t count,
    const struct slice *completed, struct arena *mem)
{
	struct strbuf buf;

	strbuf_init(&buf, mem);
	for (size_t i = 0; i < count; i++) {
		strbuf_add_cstr(&buf, i == 0 ? " " : ",\n ");
		print_mailbox(&buf, &items[i],
		    completed != NULL && completed[i].len != 0 ?
			completed[i] :
			items[i].domain,
		    0);
	}
	return strbuf_slice(&buf);
}

struct slice
mailbox_list_print_within(const struct mailbox *items, size_t count,
    size_t max_octets, struct arena *mem)
{
	struct strbuf buf;

	strbuf_init(&buf, mem);
	for (size_t i = 0; i < count; i++) {
		strbuf_add_cstr(&buf, i == 0 ? " " : ",\n ");
		print_mailbox(&buf, &items[i], items[i].domain, max_octets);
	}
	return strbuf_slice(&buf);
}
