/* SPDX-License-Identifier: BSD-2-Clause */
/* Words, comments and quotes of addresses, and what is odd about them. */
#include "address_priv.h"
#include "message/display.h"

/* Quoted text of this length fits on any line: it is not folded. */
enum { MAX_PLAIN_QUOTED = 800 };

const char *
construct_text(enum construct construct)
{
	static const char *const texts[CONSTRUCT_COUNT] = {
#define CONSTRUCT(id, said, ...) [CONSTRUCT_##id] = said,
#include "message/constructs.def"
	};

	ENSURE(construct < CONSTRUCT_COUNT);
	return texts[construct];
}

/*
 * An octet of an atom (atext of RFC 5322 section 3.2.3, with the 8-bit octets of
 * RFC 6532), or of a phrase as it was written before RFC 822.
 */
bool
address_is_word_char(char c)
{
	static const struct slice marks = { "!#$%&'*+-/=?^_`{|}~.", 20 };

	return char_is_alpha(c) || char_is_digit(c) || char_is_8bit(c) ||
	    slice_has(marks, c);
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
	if (!reader_at_end(r) && !char_is_wsp(reader_peek(r)) &&
	    reader_peek(r) != ',' && reader_peek(r) != '\n')
		return false;
	for (size_t i = 0; i < text.len; i++) {
		bool blank = char_is_wsp(text.data[i]);

		if (char_is_alpha(text.data[i]))
			continue;
		if (slice_has(marks, text.data[i]) ||
		    (blank &&
			(i == 0 || i + 1 == text.len ||
			    char_is_wsp(text.data[i - 1]))))
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
	while (!reader_at_end(r) &&
	    (char_is_wsp(reader_peek(r)) || reader_peek(r) == '\n'))
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

/* CFWS before an item: some programs take a comment there for part of it. */
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
	struct slice inside;
	size_t start = r->at, len = 0;
	char *text;

	*ret_word = (struct word){ .quoted = reader_peek(r) == '"' };
	if (!ret_word->quoted) {
		ret_word->text = reader_atom(r);
		if (ret_word->text.len > 0)
			return 0;
		return reader_fail(r,
		    reader_at_end(r) ? "an address is missing" :
				       "a character that must not stand here");
	}
	if (reader_skip_quoted(r, &ret_word->escapes) != 0)
		return -1;
	inside = slice_sub(r->in, start + 1, r->at - start - 2);
	ret_word->folded = slice_has(inside, '\n');
	ret_word->text = inside;
	if (ret_word->escapes == 0 && !ret_word->folded)
		return 0;
	text = arena_alloc(r->mem, inside.len + 1);
	for (size_t i = 0; i < inside.len; i++) {
		if (inside.data[i] == '\\')
			i++;
		if (inside.data[i] != '\n')
			text[len++] = inside.data[i];
	}
	ret_word->text = (struct slice){ text, len };
	return 0;
}

/* What is odd about a word that turns out to be part of a name. */
unsigned int
word_constructs(const struct word *word, bool known_odd)
{
	static const struct slice marks = { "@<>,;:()[]\\", 11 };
	const struct slice text = word->text;
	unsigned int constructs = 0;
	bool is_odd = known_odd;
	size_t quotes = 0;

	/*
	 * Not all programs end a quoted word at the same quote, unless escapes
	 * are pairs of quotes, with no mark of syntax beside them, and no line
	 * ends.
	 */
	if (word->quoted && !is_odd) {
		is_odd = word->folded || text.len > MAX_PLAIN_QUOTED ||
		    text.len == 0;
		for (size_t i = 0; i < text.len && !is_odd; i++) {
			is_odd =
			    word->escapes > 0 && slice_has(marks, text.data[i]);
			quotes += text.data[i] == '"';
		}
		is_odd = is_odd || word->escapes != quotes || quotes % 2 != 0;
	}
	if (!known_odd &&
	    (is_odd || !address_words_are_plain(word->text) ||
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
