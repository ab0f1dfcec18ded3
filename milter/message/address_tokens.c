/* SPDX-License-Identifier: BSD-2-Clause */
#include "address_priv.h"
#include "message/display.h"

/* What fits on a line whatever stands before it: such quotes need no fold. */
enum { MAX_PLAIN_QUOTED = 800 };

const char *
construct_text(enum construct construct)
{
	static const char *const texts[CONSTRUCT_COUNT] = {
		[CONSTRUCT_GROUP] = "a group",
		[CONSTRUCT_ROUTE] = "a route",
		[CONSTRUCT_RELAY_MARK] = "'%' or '!' in a local part",
		[CONSTRUCT_DOMAIN_LITERAL] = "a domain literal",
		[CONSTRUCT_QUOTED_LOCAL] =
		    "a quoted local part with special characters",
		[CONSTRUCT_ENCODED_ADDRESS] = "an encoded word in an address",
		[CONSTRUCT_SPACED_ADDRESS] =
		    "blanks or comments inside an address",
		[CONSTRUCT_TEXT_BEHIND] = "text behind the address",
		[CONSTRUCT_BARE_NAME] =
		    "a name with ',', '@' or other marks and no quotes",
		[CONSTRUCT_EMPTY_ITEM] = "an empty item in the list",
		[CONSTRUCT_CONTROL] = "a control character",
		[CONSTRUCT_BLANK_LINE] = "a line of white space only",
		[CONSTRUCT_NOT_UTF8] = "8-bit text that is not UTF-8",
		[CONSTRUCT_DOT_NAME] = "dots in a name without quotes",
		[CONSTRUCT_COMMENT] = "a comment",
		[CONSTRUCT_ADDRESS_COMMENT] = "a comment behind the address",
		[CONSTRUCT_ESCAPED_QUOTE] = "escaped characters in a name",
		[CONSTRUCT_QUOTED_WORD] = "an encoded word in quotes",
		[CONSTRUCT_ODD_NAME] = "a name that programs read differently",
	};

	ENSURE(construct < CONSTRUCT_COUNT);
	return texts[construct];
}

/* atext of RFC 5322 section 3.2.3, with the 8-bit octets of RFC 6532. */
static bool
is_atext(char c)
{
	static const struct slice marks = { "!#$%&'*+-/=?^_`{|}~", 19 };

	return char_is_alpha(c) || char_is_digit(c) || char_is_8bit(c) ||
	    slice_has(marks, c);
}

/* An octet of an atom, or of a phrase as it was written before RFC 822. */
bool
address_is_word_char(char c)
{
	return is_atext(c) || c == '.';
}

bool
local_part_is_dot_atom(struct slice local)
{
	if (local.len == 0 || local.data[0] == '.' ||
	    local.data[local.len - 1] == '.')
		return false;
	for (size_t i = 0; i < local.len; i++) {
		if (!address_is_word_char(local.data[i]))
			return false;
		if (local.data[i] == '.' && local.data[i + 1] == '.')
			return false;
	}
	return true;
}

/*
 * The value with each control character made a blank, so that all offsets
 * stay. Lines of white space only end a field for some readers and not for
 * others (RFC 5322 section 4.2 lets them be folded).
 */
void
reader_clean_octets(struct reader *r)
{
	bool blank_line = false;
	char *clean = NULL;

	for (size_t i = 0; i < r->in.len; i++) {
		char c = r->in.data[i];

		if (c == '\n') {
			if (blank_line)
				reader_met(r, CONSTRUCT_BLANK_LINE);
			blank_line = true;
		} else if (char_is_control(c) && c != '\t') {
			reader_met(r, CONSTRUCT_CONTROL);
			if (clean == NULL) {
				clean = slice_cstr(r->mem, r->in);
				r->in.data = clean;
			}
			clean[i] = ' ';
		} else if (!char_is_wsp(c)) {
			blank_line = false;
		}
	}
	if (blank_line)
		reader_met(r, CONSTRUCT_BLANK_LINE);
	if (!slice_is_utf8(r->in))
		reader_met(r, CONSTRUCT_NOT_UTF8);
}

/* Whether text has an octet that means something outside of quotes. */
static bool
has_marks(struct slice text)
{
	static const struct slice marks = { "@<>,;:()[]\\", 11 };

	for (size_t i = 0; i < text.len; i++) {
		if (slice_has(marks, text.data[i]))
			return true;
	}
	return false;
}

bool
address_words_are_plain(struct slice text)
{
	CLEANUP(arena_done) struct arena scratch;
	struct slice rest = text, token;

	arena_init(&scratch);
	if (!slice_has_text_nocase(text, SLICE("=?")))
		return true;
	while (slice_next_item(&rest, " \t\n", &token)) {
		if (slice_has_text_nocase(token, SLICE("=?")) &&
		    !display_word_is_plain(token, &scratch))
			return false;
		arena_done(&scratch);
	}
	return true;
}

/*
 * The last comment, which begins at start: a few words with blanks around
 * them, as people write them. Programs disagree about all others.
 */
static bool
comment_is_plain(const struct reader *r, size_t start)
{
	static const struct slice marks = { "\\()<>@,;:\"\n", 11 };
	struct slice text = r->comment;

	if (start == 0 || !char_is_wsp(r->in.data[start - 1]) ||
	    slice_trim(text).len == 0)
		return false;
	if (!reader_at_end(r) && !char_is_wsp(reader_peek(r)) && reader_peek(r) != ',' &&
	    reader_peek(r) != '\n')
		return false;
	for (size_t i = 0; i < text.len; i++) {
		bool blank = char_is_wsp(text.data[i]);

		if (char_is_alpha(text.data[i]))
			continue;
		if (slice_has(marks, text.data[i]) || (blank && (i == 0 ||
		    i + 1 == text.len || char_is_wsp(text.data[i - 1]))))
			return false;
	}
	return address_words_are_plain(text) && !display_is_odd(text);
}

int
reader_skip_comment(struct reader *r)
{
	size_t start = r->at + 1;
	unsigned int depth = 0;

	do {
		char c = reader_peek(r);

		if (reader_at_end(r))
			return reader_fail(r, "a comment without end");
		if (c == '\\')
			r->at++;
		else if (c == '(' && ++depth > ADDRESS_COMMENT_DEPTH)
			return err_set(r->err, ERR_LIMIT,
			    "comments nested deeper than %d",
			    (int)ADDRESS_COMMENT_DEPTH);
		else if (c == ')')
			depth--;
		r->at++;
		if (r->at > r->in.len) {
			r->at = r->in.len;
			return reader_fail(r, "a comment without end");
		}
	} while (depth > 0);
	r->comment = slice_sub(r->in, start, r->at - 1 - start);
	if (++r->comments > 1 || !comment_is_plain(r, start - 1))
		reader_met(r, CONSTRUCT_ODD_NAME);
	return 0;
}

void
reader_skip_blanks(struct reader *r)
{
	while (!reader_at_end(r) && (char_is_wsp(reader_peek(r)) || reader_peek(r) == '\n'))
		r->at++;
}

/* CFWS of RFC 5322 section 3.2.2; kind: what a comment here is. */
int
reader_skip_cfws_as(struct reader *r, enum construct kind)
{
	for (;;) {
		reader_skip_blanks(r);
		if (reader_peek(r) != '(')
			return 0;
		reader_met(r, kind);
		if (reader_skip_comment(r) != 0)
			return -1;
	}
}

int
reader_skip_cfws(struct reader *r)
{
	return reader_skip_cfws_as(r, CONSTRUCT_COMMENT);
}

/* What stands before an item: some programs take a comment there along. */
int
reader_skip_leading_cfws(struct reader *r)
{
	r->comments = 0;
	if (reader_skip_cfws(r) != 0)
		return -1;
	if (r->comments > 0)
		reader_met(r, CONSTRUCT_ODD_NAME);
	return 0;
}

/* Moves behind the closing quote of a quoted-string. */
int
reader_skip_quoted(struct reader *r, size_t *ret_escapes)
{
	*ret_escapes = 0;
	for (r->at++; !reader_at_end(r) && reader_peek(r) != '"'; r->at++) {
		if (reader_peek(r) != '\\')
			continue;
		++*ret_escapes;
		r->at++;
		if (reader_at_end(r))
			break;
	}
	if (reader_at_end(r))
		return reader_fail(r, "a quoted string without end");
	r->at++;
	return 0;
}

/*
 * A quoted-string; *ret_text is what it means, without quotes, and
 * *ret_escapes how many octets in it were escaped.
 */
static int
read_quoted(struct reader *r, struct slice *ret_text, size_t *ret_escapes)
{
	size_t start = r->at + 1, len = 0;
	char *text;

	if (reader_skip_quoted(r, ret_escapes) != 0)
		return -1;
	*ret_text = slice_sub(r->in, start, r->at - 1 - start);
	if (*ret_escapes == 0 && !slice_has(*ret_text, '\n'))
		return 0;
	text = arena_alloc(r->mem, r->at - start + 1);
	for (size_t i = start; i < r->at - 1; i++) {
		if (r->in.data[i] == '\\')
			i++;
		if (r->in.data[i] != '\n')
			text[len++] = r->in.data[i];
	}
	*ret_text = (struct slice){ text, len };
	return 0;
}

struct slice
reader_atom(struct reader *r)
{
	size_t start = r->at;

	while (!reader_at_end(r) && address_is_word_char(reader_peek(r)))
		r->at++;
	return slice_sub(r->in, start, r->at - start);
}

int
reader_word(struct reader *r, struct word *ret_word)
{
	*ret_word = (struct word){ .quoted = reader_peek(r) == '"' };
	if (ret_word->quoted) {
		size_t start = r->at;

		if (read_quoted(r, &ret_word->text, &ret_word->escapes) != 0)
			return -1;
		ret_word->folded = slice_has(slice_sub(r->in, start,
		    r->at - start), '\n');
		return 0;
	}
	ret_word->text = reader_atom(r);
	if (ret_word->text.len == 0)
		return reader_fail(r, reader_at_end(r) ? "an address is missing"
		    : "a character that must not stand here");
	return 0;
}

/*
 * Whether a quoted word is one that all programs end at the same quote: escapes
 * are pairs of quotes, with no mark of syntax beside them, and no line ends.
 */
static bool
quotes_are_plain(const struct word *word)
{
	size_t quotes = 0;

	if (word->folded || word->text.len > MAX_PLAIN_QUOTED ||
	    word->text.len == 0 ||
	    (word->escapes > 0 && has_marks(word->text)))
		return false;
	for (size_t i = 0; i < word->text.len; i++)
		quotes += word->text.data[i] == '"';
	return word->escapes == quotes && quotes % 2 == 0;
}

/* What is odd about a word that turns out to be part of a name. */
unsigned int
word_constructs(const struct word *word, bool known_odd)
{
	unsigned int constructs = 0;

	if (!known_odd && ((word->quoted && !quotes_are_plain(word)) ||
	    !address_words_are_plain(word->text) ||
	    display_is_odd(word->text)))
		constructs |= CONSTRUCT_BIT(CONSTRUCT_ODD_NAME);
	if (!word->quoted && slice_has(word->text, '.'))
		constructs |= CONSTRUCT_BIT(CONSTRUCT_DOT_NAME);
	if (word->escapes > 0)
		constructs |= CONSTRUCT_BIT(CONSTRUCT_ESCAPED_QUOTE);
	if (word->quoted && slice_has_text_nocase(word->text, SLICE("=?")))
		constructs |= CONSTRUCT_BIT(CONSTRUCT_QUOTED_WORD);
	return constructs;
}
