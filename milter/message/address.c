/* SPDX-License-Identifier: BSD-2-Clause */
#include "message/address.h"

#include "address_priv.h"
#include "message/display.h"

/* More than either may have; whoever joins pieces stops there. */
enum { MAX_LOCAL_OCTETS = 320, MAX_DOMAIN_OCTETS = 320 };

/* What fits on a line whatever stands before it: such quotes need no fold. */
enum { MAX_PLAIN_QUOTED = 800 };

/* Where the parser stands. */
struct reader {
	struct slice in;	/* the value, control characters made blanks */
	size_t at;
	struct arena *mem;
	struct err *err;
	unsigned int constructs;
	struct slice comment;	/* the last one that was skipped */
	unsigned int comments;	/* how many this item has */
};

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

static int
bad(struct reader *r, const char *what)
{
	return err_set(r->err, ERR_DATA, "%s", what);
}

static void
met(struct reader *r, enum construct construct)
{
	r->constructs |= CONSTRUCT_BIT(construct);
}

static bool
at_end(const struct reader *r)
{
	return r->at == r->in.len;
}

static char
peek(const struct reader *r)
{
	return at_end(r) ? '\0' : r->in.data[r->at];
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
static bool
is_word_char(char c)
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
		if (!is_word_char(local.data[i]))
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
static void
clean_octets(struct reader *r)
{
	bool blank_line = false;
	char *clean = NULL;

	for (size_t i = 0; i < r->in.len; i++) {
		char c = r->in.data[i];

		if (c == '\n') {
			if (blank_line)
				met(r, CONSTRUCT_BLANK_LINE);
			blank_line = true;
		} else if (char_is_control(c) && c != '\t') {
			met(r, CONSTRUCT_CONTROL);
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
		met(r, CONSTRUCT_BLANK_LINE);
	if (!slice_is_utf8(r->in))
		met(r, CONSTRUCT_NOT_UTF8);
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
address_words_are_plain(struct slice text, struct arena *mem)
{
	struct slice rest = text, token;

	if (!slice_has_text_nocase(text, SLICE("=?")))
		return true;
	while (slice_next_item(&rest, " \t\n", &token)) {
		if (slice_has_text_nocase(token, SLICE("=?")) &&
		    !display_word_is_plain(token, mem))
			return false;
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
	if (!at_end(r) && !char_is_wsp(peek(r)) && peek(r) != ',' &&
	    peek(r) != '\n')
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (slice_has(marks, text.data[i]))
			return false;
	}
	return address_words_are_plain(text, r->mem);
}

static int
skip_comment(struct reader *r)
{
	size_t start = r->at + 1;
	unsigned int depth = 0;

	do {
		char c = peek(r);

		if (at_end(r))
			return bad(r, "a comment without end");
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
			return bad(r, "a comment without end");
		}
	} while (depth > 0);
	r->comment = slice_sub(r->in, start, r->at - 1 - start);
	if (++r->comments > 1 || !comment_is_plain(r, start - 1))
		met(r, CONSTRUCT_ODD_NAME);
	return 0;
}

static void
skip_blanks(struct reader *r)
{
	while (!at_end(r) && (char_is_wsp(peek(r)) || peek(r) == '\n'))
		r->at++;
}

/* CFWS of RFC 5322 section 3.2.2; kind: what a comment here is. */
static int
skip_cfws_as(struct reader *r, enum construct kind)
{
	for (;;) {
		skip_blanks(r);
		if (peek(r) != '(')
			return 0;
		met(r, kind);
		if (skip_comment(r) != 0)
			return -1;
	}
}

static int
skip_cfws(struct reader *r)
{
	return skip_cfws_as(r, CONSTRUCT_COMMENT);
}

/* What stands before an item: some programs take a comment there along. */
static int
skip_leading_cfws(struct reader *r)
{
	r->comments = 0;
	if (skip_cfws(r) != 0)
		return -1;
	if (r->comments > 0)
		met(r, CONSTRUCT_ODD_NAME);
	return 0;
}

/* Moves behind the closing quote of a quoted-string. */
static int
skip_quoted(struct reader *r, size_t *ret_escapes)
{
	*ret_escapes = 0;
	for (r->at++; !at_end(r) && peek(r) != '"'; r->at++) {
		if (peek(r) != '\\')
			continue;
		++*ret_escapes;
		r->at++;
		if (at_end(r))
			break;
	}
	if (at_end(r))
		return bad(r, "a quoted string without end");
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

	if (skip_quoted(r, ret_escapes) != 0)
		return -1;
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

static struct slice
read_atom(struct reader *r)
{
	size_t start = r->at;

	while (!at_end(r) && is_word_char(peek(r)))
		r->at++;
	return slice_sub(r->in, start, r->at - start);
}

/* A word of a phrase or a local part. */
struct word {
	struct slice text;	/* without quotes */
	bool quoted;
	size_t escapes;		/* backslashes in the quotes */
	bool folded;		/* there was a line end in the quotes */
};

static int
read_word(struct reader *r, struct word *ret_word)
{
	*ret_word = (struct word){ .quoted = peek(r) == '"' };
	if (ret_word->quoted) {
		size_t start = r->at;

		if (read_quoted(r, &ret_word->text, &ret_word->escapes) != 0)
			return -1;
		ret_word->folded = slice_has(slice_sub(r->in, start,
		    r->at - start), '\n');
		return 0;
	}
	ret_word->text = read_atom(r);
	if (ret_word->text.len == 0)
		return bad(r, at_end(r) ? "an address is missing"
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
static unsigned int
name_constructs(struct reader *r, const struct word *word)
{
	unsigned int constructs = 0;

	if ((word->quoted && !quotes_are_plain(word)) ||
	    !address_words_are_plain(word->text, r->mem))
		constructs |= CONSTRUCT_BIT(CONSTRUCT_ODD_NAME);
	if (!word->quoted && slice_has(word->text, '.'))
		constructs |= CONSTRUCT_BIT(CONSTRUCT_DOT_NAME);
	if (word->escapes > 0)
		constructs |= CONSTRUCT_BIT(CONSTRUCT_ESCAPED_QUOTE);
	if (word->quoted && slice_has_text_nocase(word->text, SLICE("=?")))
		constructs |= CONSTRUCT_BIT(CONSTRUCT_QUOTED_WORD);
	return constructs;
}

/* A local part: what in it has another meaning for some reader or relay. */
static int
check_local(struct reader *r, struct slice local, bool quoted, bool escapes)
{
	static const struct slice specials = { "<>()[]:;@\\,\"", 12 };

	if (local.len > MAX_LOCAL_OCTETS)
		return bad(r, "a local part that is too long");
	if (!quoted && !local_part_is_dot_atom(local))
		return bad(r, "a local part that is empty or has misplaced dots");
	if (local.len == 0)
		return bad(r, "an empty local part");
	for (size_t i = 0; i < local.len; i++) {
		char c = local.data[i];

		if (c == '\t')
			return bad(r, "a tab in an address");
		if (slice_has(specials, c) || (quoted && char_is_8bit(c)))
			met(r, CONSTRUCT_QUOTED_LOCAL);
		if (c == '%' || c == '!')
			met(r, CONSTRUCT_RELAY_MARK);
	}
	/*
	 * Some programs take a backslash to the letter, and some trim what they
	 * have taken out of its quotes, or drop blanks.
	 */
	if (escapes || slice_has(local, ' '))
		met(r, CONSTRUCT_QUOTED_LOCAL);
	if (display_has_blank(local, r->mem))
		return bad(r, "a blank or invisible character in an address");
	/* Some look for "?q?" alone. */
	if (slice_has(local, '?'))
		met(r, CONSTRUCT_ENCODED_ADDRESS);
	return 0;
}

/* Whether two atoms with blanks between them are one: "a .b", "a. b". */
static bool
dots_join(struct slice left, struct slice right)
{
	return left.data[left.len - 1] == '.' || right.data[0] == '.';
}

static int
read_domain_literal(struct reader *r, struct slice *ret_domain)
{
	size_t start = r->at;

	met(r, CONSTRUCT_DOMAIN_LITERAL);
	for (r->at++; !at_end(r) && peek(r) != ']'; r->at++) {
		if (peek(r) == '[' || peek(r) == '\\' || peek(r) == '\n' ||
		    char_is_wsp(peek(r)))
			return bad(r, "a domain literal that is no address");
	}
	if (at_end(r))
		return bad(r, "a domain literal without end");
	r->at++;
	*ret_domain = slice_sub(r->in, start, r->at - start);
	return 0;
}

/*
 * The text behind '@': atoms and dots; whether it is a domain is judged later.
 * *ret_end: where it ends, what follows skipped.
 */
static int
read_domain(struct reader *r, struct slice *ret_domain, size_t *ret_end)
{
	struct slice domain, more;
	struct strbuf joined;
	size_t start = r->at;

	if (skip_cfws_as(r, CONSTRUCT_SPACED_ADDRESS) != 0)
		return -1;
	if (r->at != start)
		met(r, CONSTRUCT_SPACED_ADDRESS);
	if (peek(r) == '[') {
		if (read_domain_literal(r, ret_domain) != 0)
			return -1;
		*ret_end = r->at;
		return 0;
	}
	domain = read_atom(r);
	if (domain.len == 0)
		return bad(r, "no domain behind '@'");
	*ret_end = r->at;
	for (;;) {
		size_t end = r->at;
		unsigned int before = r->constructs;
		unsigned int comments = r->comments;

		if (skip_cfws_as(r, CONSTRUCT_SPACED_ADDRESS) != 0)
			return -1;
		if (r->at == end || at_end(r) || !is_word_char(peek(r)) ||
		    !dots_join(domain, slice_from(r->in, r->at))) {
			/* Nothing of the domain: what follows is not read yet. */
			r->at = end;
			r->constructs = before;
			r->comments = comments;
			break;
		}
		met(r, CONSTRUCT_SPACED_ADDRESS);
		if (domain.len > MAX_DOMAIN_OCTETS)
			return bad(r, "a domain that is too long");
		more = read_atom(r);
		strbuf_init(&joined, r->mem);
		strbuf_add(&joined, domain);
		strbuf_add(&joined, more);
		domain = strbuf_slice(&joined);
		*ret_end = r->at;
	}
	if (slice_has_text_nocase(domain, SLICE("=?")))
		met(r, CONSTRUCT_ENCODED_ADDRESS);
	*ret_domain = domain;
	return 0;
}

/* Words that may turn out to be a local part: "alice", "alice .smith". */
struct words {
	size_t count;
	size_t start;		/* of the first one */
	size_t end;		/* of the last one */
	struct slice local;	/* all of them, joined by their dots */
	bool joined;		/* they are one local part */
	bool quoted;		/* the first one was quoted ... */
	bool escapes;		/* ... and had a backslash */
	unsigned int as_name;	/* constructs, should they be a name */
	bool any_quoted;
};

static void
add_word(struct reader *r, struct words *words, const struct word *word,
    size_t start)
{
	if (words->count == 0) {
		words->start = start;
		words->local = word->text;
		words->quoted = word->quoted;
		words->escapes = word->escapes > 0;
		words->joined = true;
	} else if (words->joined && !words->quoted && !word->quoted &&
	    words->local.len <= MAX_LOCAL_OCTETS &&
	    dots_join(words->local, word->text)) {
		struct strbuf buf;

		strbuf_init(&buf, r->mem);
		strbuf_add(&buf, words->local);
		strbuf_add(&buf, word->text);
		words->local = strbuf_slice(&buf);
	} else {
		words->joined = false;
	}
	words->as_name |= name_constructs(r, word);
	/*
	 * a "b" and "a"b: some programs see another address in quotes that are
	 * not alone, or end the name there.
	 */
	words->any_quoted = words->any_quoted || word->quoted;
	if (words->count > 0 && words->any_quoted)
		words->as_name |= CONSTRUCT_BIT(CONSTRUCT_ODD_NAME);
	words->count++;
	words->end = r->at;
}

/* The words are a local part; behind them stands '@' and a domain, or neither. */
static int
finish_address(struct reader *r, const struct words *words,
    struct mailbox *mailbox)
{
	size_t end = words->end;

	if (check_local(r, words->local, words->quoted, words->escapes) != 0)
		return -1;
	if (words->quoted && slice_has(slice_sub(r->in, words->start,
	    words->end - words->start), '\n'))
		return bad(r, "a fold in an address");
	if (words->count > 1)
		met(r, CONSTRUCT_SPACED_ADDRESS);
	mailbox->local = words->local;
	if (peek(r) == '@') {
		if (r->at != words->end)
			met(r, CONSTRUCT_SPACED_ADDRESS);
		r->at++;
		if (read_domain(r, &mailbox->domain, &end) != 0)
			return -1;
	}
	mailbox->offset = words->start;
	mailbox->len = end - words->start;
	return 0;
}

/* A route, "@one,@two:", as RFC 5322 section 4.4 has it. */
static int
skip_route(struct reader *r)
{
	met(r, CONSTRUCT_ROUTE);
	while (!at_end(r) && peek(r) != ':' && peek(r) != '>')
		r->at++;
	if (peek(r) != ':')
		return bad(r, "a route without end");
	r->at++;
	skip_blanks(r);
	return 0;
}

/* From '<' to '>'. */
static int
read_angle(struct reader *r, struct mailbox *mailbox)
{
	struct words words = { .count = 0 };

	r->at++;
	/* Some programs take these blanks for a part of the address. */
	if (char_is_wsp(peek(r)) || peek(r) == '\n')
		met(r, CONSTRUCT_ODD_NAME);
	skip_blanks(r);
	if (peek(r) == '@' && skip_route(r) != 0)
		return -1;
	do {
		size_t start = r->at;
		struct word word;

		if (read_word(r, &word) != 0)
			return -1;
		add_word(r, &words, &word, start);
		if (skip_cfws_as(r, CONSTRUCT_SPACED_ADDRESS) != 0)
			return -1;
	} while (words.joined && !at_end(r) && is_word_char(peek(r)));
	if (!words.joined)
		return bad(r, "text inside '<' and '>' that is no address");
	if (peek(r) != '@' && r->at != words.end)
		met(r, CONSTRUCT_ODD_NAME);
	if (finish_address(r, &words, mailbox) != 0)
		return -1;
	if (peek(r) != '>')
		met(r, CONSTRUCT_ODD_NAME);
	if (skip_cfws_as(r, CONSTRUCT_SPACED_ADDRESS) != 0)
		return -1;
	if (peek(r) != '>')
		return bad(r, at_end(r) ? "'<' without '>'"
		    : "text inside '<' and '>' that is no address");
	r->at++;
	return 0;
}

/* Words behind an address, up to the next item. */
static int
skip_text_behind(struct reader *r)
{
	while (!at_end(r) && peek(r) != ',' && peek(r) != ';') {
		struct word word;

		met(r, CONSTRUCT_TEXT_BEHIND);
		if ((peek(r) != '"' && !is_word_char(peek(r))) ||
		    read_word(r, &word) != 0 ||
		    slice_has(word.text, '@') || slice_has(word.text, '<'))
			return bad(r, construct_text(CONSTRUCT_TEXT_BEHIND));
		if (skip_cfws(r) != 0)
			return -1;
	}
	return 0;
}

enum item { ITEM_ERROR, ITEM_MAILBOX, ITEM_LONE_WORD, ITEM_GROUP };

/*
 * A name that is no phrase, from start to the next '<' outside of quotes and
 * comments. False when there is none before something that ends all names.
 */
static bool
find_bare_name(struct reader *r, size_t start)
{
	r->at = start;
	while (!at_end(r) && peek(r) != '<') {
		size_t escapes;

		if (peek(r) == ':' || peek(r) == ';' || peek(r) == '>' ||
		    peek(r) == ')')
			return false;
		if (peek(r) == '"') {
			if (skip_quoted(r, &escapes) != 0)
				return false;
		} else if (peek(r) == '(') {
			if (skip_comment(r) != 0)
				return false;
		} else {
			r->at++;
		}
	}
	return !at_end(r);
}

/* "name <address>" from the '<' on; the name begins at start. */
static enum item
finish_named(struct reader *r, size_t start, size_t end,
    struct mailbox *mailbox)
{
	*mailbox = (struct mailbox){
		.display = slice_trim(slice_sub(r->in, start, end - start)) };
	if (read_angle(r, mailbox) != 0 || skip_cfws(r) != 0 ||
	    skip_text_behind(r) != 0)
		return ITEM_ERROR;
	return ITEM_MAILBOX;
}

static enum item
read_bare_name(struct reader *r, size_t start, struct mailbox *mailbox)
{
	struct err why = *r->err;

	if (!find_bare_name(r, start)) {
		*r->err = why;
		return ITEM_ERROR;
	}
	met(r, CONSTRUCT_BARE_NAME);
	return finish_named(r, start, r->at, mailbox);
}

/* "alice@corp.example", perhaps with a comment that names her. */
static enum item
finish_bare(struct reader *r, const struct words *words,
    struct mailbox *mailbox)
{
	if (finish_address(r, words, mailbox) != 0)
		return ITEM_ERROR;
	r->comment = (struct slice){ NULL, 0 };
	if (skip_cfws_as(r, CONSTRUCT_ADDRESS_COMMENT) != 0)
		return ITEM_ERROR;
	mailbox->comment = r->comment;
	if (peek(r) == '<') {
		bad(r, construct_text(CONSTRUCT_TEXT_BEHIND));
		return read_bare_name(r, words->start, mailbox);
	}
	return skip_text_behind(r) != 0 ? ITEM_ERROR : ITEM_MAILBOX;
}

/*
 * One mailbox, or the name of a group with its colon. The first word decides
 * little: it may be a local part or begin a display name.
 */
static enum item
read_item(struct reader *r, struct mailbox *mailbox)
{
	struct words words = { .count = 0, .start = r->at, .end = r->at };
	size_t start = r->at;

	*mailbox = (struct mailbox){ 0 };
	r->comments = 0;
	while (peek(r) != '<') {
		struct word word;
		size_t word_start = r->at;

		if (peek(r) == '@' && words.joined) {
			/* Comments before '@' were inside the address. */
			if (words.end != r->at)
				met(r, CONSTRUCT_SPACED_ADDRESS);
			return finish_bare(r, &words, mailbox);
		}
		if (peek(r) == ':' && words.count > 0) {
			met(r, CONSTRUCT_GROUP);
			r->at++;
			return ITEM_GROUP;
		}
		if (words.count > 0 && (at_end(r) || peek(r) == ',' ||
		    peek(r) == ';')) {
			if (words.count == 1 &&
			    finish_address(r, &words, mailbox) == 0)
				return ITEM_LONE_WORD;
			if (words.count > 1)
				bad(r, "several words without '<'");
			return read_bare_name(r, start, mailbox);
		}
		if (read_word(r, &word) != 0)
			return read_bare_name(r, start, mailbox);
		add_word(r, &words, &word, word_start);
		if (skip_cfws(r) != 0)
			return ITEM_ERROR;
	}
	r->constructs |= words.as_name;
	/* "=?...?=<a@x>": without a blank it is no encoded word. */
	if (words.end == r->at && words.count > 0 && slice_ends_nocase(
	    slice_sub(r->in, start, words.end - start), SLICE("=")))
		met(r, CONSTRUCT_ODD_NAME);
	return finish_named(r, start, words.end, mailbox);
}

/* The list while it is gathered. */
struct gathering {
	struct mailbox_list list;
	size_t cap;
	size_t max;
	/* Lone words at its end: "Smith, " of "Smith, Alice <a@x>"? */
	size_t lone_count;
	size_t lone_start;
};

static int
keep_mailbox(struct reader *r, struct gathering *all,
    const struct mailbox *mailbox)
{
	void *items = all->list.items;

	if (all->list.count >= all->max)
		return err_set(r->err, ERR_LIMIT, "more than %zu mailboxes",
		    all->max);
	arena_reserve_one(r->mem, &items, &all->cap, all->list.count,
	    sizeof(*mailbox));
	all->list.items = items;
	all->list.items[all->list.count++] = *mailbox;
	return 0;
}

/* An item that is read: start is where it began. */
static int
take_item(struct reader *r, struct gathering *all, enum item item,
    struct mailbox *mailbox, size_t start)
{
	bool in_angle = mailbox->offset > start;

	if (item == ITEM_LONE_WORD) {
		if (all->lone_count++ == 0)
			all->lone_start = start;
		return keep_mailbox(r, all, mailbox);
	}
	if (in_angle && all->lone_count > 0) {
		/* They were no addresses: a name with commas and no quotes. */
		size_t end = mailbox->offset;

		while (end > start && r->in.data[end] != '<')
			end--;
		met(r, CONSTRUCT_BARE_NAME);
		all->list.count -= all->lone_count;
		mailbox->display = slice_trim(slice_sub(r->in,
		    all->lone_start, end - all->lone_start));
	}
	all->lone_count = 0;
	return keep_mailbox(r, all, mailbox);
}

/* What stands between two items; false with no error at the end. */
static int
read_separator(struct reader *r, bool *in_group, bool *ret_more)
{
	*ret_more = true;
	if (peek(r) == ';' && *in_group) {
		*in_group = false;
		r->at++;
		if (skip_cfws(r) != 0)
			return -1;
	}
	if (at_end(r)) {
		*ret_more = false;
		return *in_group ? bad(r, "a group without end") : 0;
	}
	if (peek(r) != ',')
		return bad(r, construct_text(CONSTRUCT_TEXT_BEHIND));
	r->at++;
	return skip_leading_cfws(r);
}

int
mailbox_list_parse(struct slice value, size_t max_mailboxes,
    struct arena *mem, struct mailbox_list *ret_list, struct err *err)
{
	struct reader r = { .in = value, .mem = mem, .err = err };
	struct gathering all = { .max = max_mailboxes };
	bool in_group = false, more = true;

	if (slice_trim(value).len == 0) {
		*ret_list = all.list;
		return 0;
	}
	clean_octets(&r);
	if (skip_leading_cfws(&r) != 0)
		return -1;
	if (at_end(&r))
		return bad(&r, "a comment and no address");
	while (more) {
		struct mailbox mailbox;
		size_t start = r.at;
		enum item item;

		if (at_end(&r) || peek(&r) == ',') {
			met(&r, CONSTRUCT_EMPTY_ITEM);
		} else if (peek(&r) != ';' || !in_group) {
			item = read_item(&r, &mailbox);
			if (item == ITEM_ERROR)
				return -1;
			if (item == ITEM_GROUP) {
				if (in_group)
					return bad(&r, "a group in a group");
				in_group = true;
				all.lone_count = 0;
				if (skip_leading_cfws(&r) != 0)
					return -1;
				continue;
			}
			if (take_item(&r, &all, item, &mailbox, start) != 0)
				return -1;
		}
		if (peek(&r) == ';')
			all.lone_count = 0;
		if (read_separator(&r, &in_group, &more) != 0)
			return -1;
	}
	all.list.constructs = r.constructs;
	*ret_list = all.list;
	return 0;
}

int
reverse_path_parse(struct slice path, struct arena *mem, bool *ret_null,
    struct mailbox *ret_mailbox, unsigned int *ret_constructs, struct err *err)
{
	struct reader r = { .in = path, .mem = mem, .err = err };
	struct words words = { .count = 0 };
	struct mailbox mailbox = { 0 };
	struct word word;

	if (path.len >= 2 && path.data[0] == '<' &&
	    path.data[path.len - 1] == '>')
		r.in = slice_sub(path, 1, path.len - 2);
	if (r.in.len == 0) {
		*ret_null = true;
		return 0;
	}
	for (size_t i = 0; i < r.in.len; i++) {
		if (char_is_control(r.in.data[i]))
			return bad(&r, "a control character");
	}
	if (peek(&r) == '@')
		return bad(&r, "a route");
	if (read_word(&r, &word) != 0)
		return -1;
	add_word(&r, &words, &word, 0);
	if (finish_address(&r, &words, &mailbox) != 0)
		return -1;
	if (!at_end(&r))
		return bad(&r, construct_text(CONSTRUCT_TEXT_BEHIND));
	if ((r.constructs & CONSTRUCT_BIT(CONSTRUCT_SPACED_ADDRESS)) != 0)
		return bad(&r, construct_text(CONSTRUCT_SPACED_ADDRESS));
	*ret_null = false;
	*ret_mailbox = mailbox;
	*ret_constructs = r.constructs;
	return 0;
}
