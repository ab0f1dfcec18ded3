/* SPDX-License-Identifier: BSD-2-Clause */
/* One item of a list of addresses, and a reverse-path. */
#include "address_priv.h"
#include "message/display.h"

/* More than either may have: pieces are joined up to here. */
enum { MAX_LOCAL_OCTETS = 320, MAX_DOMAIN_OCTETS = 320 };

/* A local part: what in it has another meaning for some reader or relay. */
static int
check_local(struct reader *r, struct slice local, bool quoted, bool escapes)
{
	static const struct slice specials = { "<>()[]:;@\\,\"", 12 };

	if (local.len > MAX_LOCAL_OCTETS)
		return reader_fail(r, "a local part that is too long");
	if (!quoted && !local_part_is_dot_atom(local))
		return reader_fail(
		    r, "a local part that is empty or has misplaced dots");
	if (local.len == 0)
		return reader_fail(r, "an empty local part");
	for (size_t i = 0; i < local.len; i++) {
		char c = local.data[i];

		if (c == '\t')
			return reader_fail(r, "a tab in an address");
		if (slice_has(specials, c) || (quoted && char_is_8bit(c)))
			reader_met(r, CONSTRUCT_QUOTED_LOCAL);
		if (c == '%' || c == '!')
			reader_met(r, CONSTRUCT_RELAY_MARK);
	}
	/*
	 * Some programs take a backslash literally, and some trim what stood in
	 * quotes, or drop blanks.
	 */
	if (escapes || slice_has(local, ' '))
		reader_met(r, CONSTRUCT_QUOTED_LOCAL);
	if (display_has_blank(local, r->mem))
		return reader_fail(
		    r, "a blank or invisible character in an address");
	/* Some look for "?q?" alone. */
	if (slice_has(local, '?'))
		reader_met(r, CONSTRUCT_ENCODED_ADDRESS);
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

	reader_met(r, CONSTRUCT_DOMAIN_LITERAL);
	for (r->at++; !reader_at_end(r) && reader_peek(r) != ']'; r->at++) {
		if (reader_peek(r) == '[' || reader_peek(r) == '\\' ||
		    reader_peek(r) == '\n' || char_is_wsp(reader_peek(r)))
			return reader_fail(
			    r, "a domain literal that is not an address");
	}
	if (reader_at_end(r))
		return reader_fail(r, "a domain literal without end");
	r->at++;
	*ret_domain = slice_sub(r->in, start, r->at - start);
	return 0;
}

/*
 * The text behind '@': atoms and dots; whether it is a domain is judged later.
 * *ret_end: where it ends, what follows skipped.
 */
static int
address_read_domain(struct reader *r, struct slice *ret_domain, size_t *ret_end)
{
	struct slice domain, more;
	struct strbuf joined;
	size_t start = r->at;

	strbuf_init(&joined, r->mem);
	if (reader_skip_cfws_as(r, CONSTRUCT_SPACED_ADDRESS) != 0)
		return -1;
	if (r->at != start)
		reader_met(r, CONSTRUCT_SPACED_ADDRESS);
	if (reader_peek(r) == '[') {
		if (read_domain_literal(r, ret_domain) != 0)
			return -1;
		*ret_end = r->at;
		return 0;
	}
	domain = reader_atom(r);
	if (domain.len == 0)
		return reader_fail(r, "no domain after '@'");
	*ret_end = r->at;
	for (;;) {
		size_t end = r->at;
		unsigned int before = r->constructs;
		unsigned int comments = r->comments;

		if (reader_skip_cfws_as(r, CONSTRUCT_SPACED_ADDRESS) != 0)
			return -1;
		if (r->at == end || reader_at_end(r) ||
		    !address_is_word_char(reader_peek(r)) ||
		    !dots_join(domain, slice_from(r->in, r->at))) {
			/* Not of the domain: what follows is not read yet. */
			r->at = end;
			r->constructs = before;
			r->comments = comments;
			break;
		}
		reader_met(r, CONSTRUCT_SPACED_ADDRESS);
		if (domain.len > MAX_DOMAIN_OCTETS)
			return reader_fail(r, "a domain that is too long");
		more = reader_atom(r);
		if (joined.len == 0)
			strbuf_add(&joined, domain);
		strbuf_add(&joined, more);
		domain = strbuf_slice(&joined);
		*ret_end = r->at;
	}
	if (slice_has_text_nocase(domain, SLICE("=?")))
		reader_met(r, CONSTRUCT_ENCODED_ADDRESS);
	*ret_domain = domain;
	return 0;
}

/* Words that may turn out to be a local part: "alice", "alice .smith". */
struct words {
	size_t count;
	struct word first;
	size_t start;		   /* of the first one */
	size_t end;		   /* of the last one */
	struct slice local;	   /* all of them, joined by their dots ... */
	struct strbuf joined_text; /* ... in here, if they are several */
	bool joined;		   /* they are one local part */
	bool quoted;		   /* the first one was quoted ... */
	bool escapes;		   /* ... and had a backslash */
	unsigned int as_name;	   /* constructs, should they be a name */
	bool any_quoted;
};

/* Notes what is odd about a word if it is part of a name. */
static void
add_to_name(struct reader *r, struct words *words, const struct word *word)
{
	words->as_name |= word_constructs(word,
	    ((words->as_name | r->constructs) &
		CONSTRUCT_BIT(CONSTRUCT_ODD_NAME)) != 0);
}

static void
address_add_word(struct reader *r, struct words *words, const struct word *word,
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
		if (words->joined_text.len == 0) {
			strbuf_init(&words->joined_text, r->mem);
			strbuf_add(&words->joined_text, words->local);
		}
		strbuf_add(&words->joined_text, word->text);
		words->local = strbuf_slice(&words->joined_text);
	} else {
		words->joined = false;
	}
	/* A first word is mostly an address: it is looked at once it is not. */
	if (words->count == 0)
		words->first = *word;
	else if (words->count == 1)
		add_to_name(r, words, &words->first);
	if (words->count > 0)
		add_to_name(r, words, word);
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

/* The words are a local part; '@' and a domain follow, or neither. */
static int
finish_address(
    struct reader *r, const struct words *words, struct mailbox *mailbox)
{
	size_t end = words->end;

	if (check_local(r, words->local, words->quoted, words->escapes) != 0)
		return -1;
	if (words->quoted &&
	    slice_has(slice_sub(r->in, words->start, words->end - words->start),
		'\n'))
		return reader_fail(r, "a fold in an address");
	if (words->count > 1)
		reader_met(r, CONSTRUCT_SPACED_ADDRESS);
	mailbox->local = words->local;
	if (reader_peek(r) == '@') {
		if (r->at != words->end)
			reader_met(r, CONSTRUCT_SPACED_ADDRESS);
		r->at++;
		if (address_read_domain(r, &mailbox->domain, &end) != 0)
			return -1;
	}
	mailbox->offset = words->start;
	mailbox->len = end - words->start;
	return 0;
}

/* From '<' to '>'. */
static int
read_angle(struct reader *r, struct mailbox *mailbox)
{
	struct words words = { .count = 0 };

	r->at++;
	/* Some programs take these blanks for a part of the address. */
	if (char_is_wsp(reader_peek(r)) || reader_peek(r) == '\n')
		reader_met(r, CONSTRUCT_ODD_NAME);
	reader_skip_blanks(r);
	if (reader_peek(r) == '>')
		return reader_fail(r, "no address between '<' and '>'");
	/* A route, "@one,@two:", as RFC 5322 section 4.4 has it. */
	if (reader_peek(r) == '@') {
		reader_met(r, CONSTRUCT_ROUTE);
		while (!reader_at_end(r) && reader_peek(r) != ':' &&
		    reader_peek(r) != '>')
			r->at++;
		if (reader_peek(r) != ':')
			return reader_fail(r, "a route without end");
		r->at++;
		reader_skip_blanks(r);
	}
	do {
		size_t start = r->at;
		struct word word;

		if (reader_word(r, &word) != 0)
			return -1;
		address_add_word(r, &words, &word, start);
		if (reader_skip_cfws_as(r, CONSTRUCT_SPACED_ADDRESS) != 0)
			return -1;
	} while (words.joined && !reader_at_end(r) &&
	    address_is_word_char(reader_peek(r)));
	if (!words.joined)
		return reader_fail(
		    r, "text inside '<' and '>' that is not an address");
	if (reader_peek(r) != '@' && r->at != words.end)
		reader_met(r, CONSTRUCT_ODD_NAME);
	if (finish_address(r, &words, mailbox) != 0)
		return -1;
	if (reader_peek(r) != '>')
		reader_met(r, CONSTRUCT_ODD_NAME);
	if (reader_skip_cfws_as(r, CONSTRUCT_SPACED_ADDRESS) != 0)
		return -1;
	if (reader_peek(r) != '>')
		return reader_fail(r,
		    reader_at_end(r) ?
			"'<' without '>'" :
			"text inside '<' and '>' that is not an address");
	r->at++;
	return 0;
}

/* Words behind an address, up to the next item. */
static int
skip_text_behind(struct reader *r)
{
	while (!reader_at_end(r) && reader_peek(r) != ',' &&
	    reader_peek(r) != ';') {
		struct word word;

		reader_met(r, CONSTRUCT_TEXT_BEHIND);
		if ((reader_peek(r) != '"' &&
			!address_is_word_char(reader_peek(r))) ||
		    reader_word(r, &word) != 0 || slice_has(word.text, '@') ||
		    slice_has(word.text, '<'))
			return reader_fail(
			    r, construct_text(CONSTRUCT_TEXT_BEHIND));
		if (reader_skip_cfws(r) != 0)
			return -1;
	}
	return 0;
}

/* "name <address>" from the '<' on; the name begins at start. */
static enum item
finish_named(
    struct reader *r, size_t start, size_t end, struct mailbox *mailbox)
{
	*mailbox = (struct mailbox){ .display = slice_trim(slice_sub(
					 r->in, start, end - start)) };
	if (read_angle(r, mailbox) != 0 || reader_skip_cfws(r) != 0 ||
	    skip_text_behind(r) != 0)
		return ITEM_ERROR;
	return ITEM_MAILBOX;
}

/*
 * A name that is not a phrase, from start to the next '<' outside of quotes and
 * comments. If there is none before something that ends all names, the fault
 * is the one that was met first.
 */
static enum item
read_bare_name(struct reader *r, size_t start, struct mailbox *mailbox)
{
	struct err why = *r->err;
	bool is_name = true;

	r->at = start;
	while (is_name && !reader_at_end(r) && reader_peek(r) != '<') {
		size_t escapes;

		if (reader_peek(r) == '"')
			is_name = reader_skip_quoted(r, &escapes) == 0;
		else if (reader_peek(r) == '(')
			is_name = reader_skip_comment(r) == 0;
		else if (reader_peek(r) == ':' || reader_peek(r) == ';' ||
		    reader_peek(r) == '>')
			is_name = false;
		else
			r->at++;
	}
	if (!is_name || reader_at_end(r)) {
		*r->err = why;
		return ITEM_ERROR;
	}
	/* An address that was begun is a part of the name. */
	r->constructs &= ~ADDRESS_CONSTRUCTS;
	reader_met(r, CONSTRUCT_BARE_NAME);
	return finish_named(r, start, r->at, mailbox);
}

/* "alice@corp.example", perhaps with a comment that names her. */
static enum item
finish_bare(
    struct reader *r, const struct words *words, struct mailbox *mailbox)
{
	struct slice value = slice_trim(r->in), address;
	bool is_lone;

	if (finish_address(r, words, mailbox) != 0)
		return ITEM_ERROR;
	r->comment = (struct slice){ NULL, 0 };
	if (reader_skip_cfws_as(r, CONSTRUCT_ADDRESS_COMMENT) != 0)
		return ITEM_ERROR;
	mailbox->comment = r->comment;
	address = slice_sub(r->in, mailbox->offset, mailbox->len);
	/*
	 * "alice@corp.example>": the rest of a pair of brackets, if there is
	 * nothing else in the field, not even a blank, that a program could read
	 * in its light.
	 */
	is_lone = reader_peek(r) == '>' && value.data == address.data &&
	    value.len == address.len + 1;
	for (size_t i = 0; i < address.len && is_lone; i++)
		is_lone = address_is_word_char(address.data[i]) ||
		    address.data[i] == '@';
	if (is_lone) {
		reader_met(r, CONSTRUCT_TEXT_BEHIND);
		r->at++;
		reader_skip_blanks(r);
	}
	if (reader_peek(r) == '<') {
		reader_fail(r, construct_text(CONSTRUCT_TEXT_BEHIND));
		return read_bare_name(r, words->start, mailbox);
	}
	return skip_text_behind(r) != 0 ? ITEM_ERROR : ITEM_MAILBOX;
}

/* The first word decides little: a local part, or the begin of a name. */
enum item
reader_item(struct reader *r, struct mailbox *mailbox)
{
	struct words words = { .count = 0, .start = r->at, .end = r->at };
	size_t start = r->at;

	*mailbox = (struct mailbox){ 0 };
	r->comments = 0;
	while (reader_peek(r) != '<') {
		struct word word;
		size_t word_start = r->at;

		if (reader_peek(r) == '@' && words.joined) {
			/* Comments before '@' were inside the address. */
			if (words.end != r->at)
				reader_met(r, CONSTRUCT_SPACED_ADDRESS);
			return finish_bare(r, &words, mailbox);
		}
		if (reader_peek(r) == ':' && words.count > 0) {
			reader_met(r, CONSTRUCT_GROUP);
			r->at++;
			return ITEM_GROUP;
		}
		if (reader_peek(r) == '@' && words.count > 1 &&
		    !words.any_quoted) {
			reader_fail(r,
			    "an address after a name stands in "
			    "'<' and '>'");
			return read_bare_name(r, start, mailbox);
		}
		if (words.count > 0 &&
		    (reader_at_end(r) || reader_peek(r) == ',' ||
			reader_peek(r) == ';')) {
			if (words.count == 1 &&
			    finish_address(r, &words, mailbox) == 0)
				return ITEM_LONE_WORD;
			if (words.count > 1)
				reader_fail(r,
				    "words, and no address in "
				    "'<' and '>'");
			return read_bare_name(r, start, mailbox);
		}
		if (reader_word(r, &word) != 0)
			return read_bare_name(r, start, mailbox);
		address_add_word(r, &words, &word, word_start);
		if (reader_skip_cfws(r) != 0)
			return ITEM_ERROR;
	}
	if (words.count == 1)
		add_to_name(r, &words, &words.first);
	r->constructs |= words.as_name;
	/* "=?...?=<a@x>": without a blank it is not an encoded word. */
	if (words.end == r->at && words.count > 0 &&
	    slice_ends_nocase(
		slice_sub(r->in, start, words.end - start), SLICE("=")))
		reader_met(r, CONSTRUCT_ODD_NAME);
	return finish_named(r, start, words.end, mailbox);
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
			return reader_fail(&r, "a control character");
	}
	if (reader_peek(&r) == '@')
		return reader_fail(&r, "a route");
	if (reader_word(&r, &word) != 0)
		return -1;
	address_add_word(&r, &words, &word, 0);
	if (finish_address(&r, &words, &mailbox) != 0)
		return -1;
	if (!reader_at_end(&r))
		return reader_fail(&r, construct_text(CONSTRUCT_TEXT_BEHIND));
	if ((r.constructs & CONSTRUCT_BIT(CONSTRUCT_SPACED_ADDRESS)) != 0)
		return reader_fail(
		    &r, construct_text(CONSTRUCT_SPACED_ADDRESS));
	*ret_null = false;
	*ret_mailbox = mailbox;
	*ret_constructs = r.constructs;
	return 0;
}
