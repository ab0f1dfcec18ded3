/* SPDX-License-Identifier: BSD-2-Clause */
#include "message/address.h"

enum { MAX_LOCAL_OCTETS = 320 };

/* Where the parser stands. */
struct reader {
	struct slice in;
	size_t at;
	enum address_form form;
	struct arena *mem;
	struct err *err;
};

static int
bad(struct reader *r, const char *what)
{
	return err_set(r->err, ERR_DATA, "%s", what);
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
 * Control characters and lines of white space only end a field for some
 * readers and not for others (RFC 5322 section 4.2 lets them be folded).
 */
static int
check_octets(struct reader *r)
{
	bool blank_line = false;

	for (size_t i = 0; i < r->in.len; i++) {
		char c = r->in.data[i];

		if (c == '\n') {
			if (blank_line)
				return bad(r, "a line of white space only");
			blank_line = true;
		} else if (char_is_control(c) && c != '\t') {
			return bad(r, "a control character");
		} else if (!char_is_wsp(c)) {
			blank_line = false;
		}
	}
	if (blank_line)
		return bad(r, "a line of white space only");
	return 0;
}

static int
skip_comment(struct reader *r)
{
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
		if (r->at > r->in.len)
			return bad(r, "a comment without end");
	} while (depth > 0);
	return 0;
}

static void
skip_blanks(struct reader *r)
{
	while (!at_end(r) && (char_is_wsp(peek(r)) || peek(r) == '\n'))
		r->at++;
}

/* CFWS of RFC 5322 section 3.2.2. */
static int
skip_cfws(struct reader *r)
{
	for (;;) {
		skip_blanks(r);
		if (peek(r) != '(')
			return 0;
		if (skip_comment(r) != 0)
			return -1;
	}
}

/* A quoted-string; *ret_text is what it means, without quotes. */
static int
read_quoted(struct reader *r, struct slice *ret_text)
{
	char *text = arena_alloc(r->mem, r->in.len - r->at + 1);
	size_t len = 0;

	for (r->at++; !at_end(r); r->at++) {
		char c = peek(r);

		if (c == '"') {
			r->at++;
			*ret_text = (struct slice){ text, len };
			return 0;
		}
		if (c == '\\') {
			r->at++;
			if (at_end(r))
				break;
			c = peek(r);
		}
		if (c != '\n')
			text[len++] = c;
	}
	return bad(r, "a quoted string without end");
}

static struct slice
read_atom(struct reader *r)
{
	size_t start = r->at;

	while (!at_end(r) && is_word_char(peek(r)))
		r->at++;
	return slice_sub(r->in, start, r->at - start);
}

/* Whether a local part is safe: one meaning, for every reader and relay. */
static int
check_local(struct reader *r, struct slice local, bool quoted)
{
	static const struct slice specials = { "<>()[]:;@\\,\"", 12 };

	if (local.len > MAX_LOCAL_OCTETS)
		return bad(r, "a local part that is too long");
	if (!quoted && !local_part_is_dot_atom(local))
		return bad(r, "a local part that is empty or has misplaced dots");
	if (local.len == 0)
		return bad(r, "an empty local part");
	if (r->form == ADDRESS_ANY)
		return 0;
	for (size_t i = 0; i < local.len; i++) {
		char c = local.data[i];

		if (slice_has(specials, c) || (quoted && char_is_8bit(c)))
			return bad(r,
			    "a quoted local part with special characters");
		if (c == '%' || c == '!')
			return bad(r, "'%' or '!' in a local part");
	}
	if (slice_starts(local, SLICE("=?")))
		return bad(r, "an encoded word in an address");
	return 0;
}

/* The text behind '@': a dot-atom; whether it is a domain is judged later. */
static int
read_domain(struct reader *r, struct slice *ret_domain)
{
	struct slice domain;

	if (peek(r) == '[')
		return bad(r, "a domain literal");
	if (!at_end(r) && !is_word_char(peek(r)))
		return bad(r, "blanks, comments or marks behind '@'");
	domain = read_atom(r);
	if (domain.len == 0)
		return bad(r, "no domain behind '@'");
	if (slice_starts(domain, SLICE("=?")))
		return bad(r, "an encoded word in an address");
	*ret_domain = domain;
	return 0;
}

/*
 * An address of which the first word is read. Behind it stands its domain, or
 * nothing of it.
 */
static int
finish_address(struct reader *r, struct slice word, bool quoted, size_t start,
    struct mailbox *mailbox)
{
	if (check_local(r, word, quoted) != 0)
		return -1;
	mailbox->local = word;
	mailbox->domain = (struct slice){ NULL, 0 };
	if (peek(r) == '@') {
		r->at++;
		if (read_domain(r, &mailbox->domain) != 0)
			return -1;
	}
	mailbox->offset = start;
	mailbox->len = r->at - start;
	return 0;
}

static int
read_word(struct reader *r, struct slice *ret_word, bool *ret_quoted)
{
	*ret_quoted = peek(r) == '"';
	if (*ret_quoted)
		return read_quoted(r, ret_word);
	*ret_word = read_atom(r);
	if (ret_word->len == 0)
		return bad(r, at_end(r) ? "an address is missing"
		    : "a character that must not stand here");
	return 0;
}

/* A route, "@one,@two:", as RFC 5322 section 4.4 has it. */
static int
skip_route(struct reader *r)
{
	if (r->form != ADDRESS_ANY)
		return bad(r, "a route");
	while (!at_end(r) && peek(r) != ':' && peek(r) != '>')
		r->at++;
	if (peek(r) != ':')
		return bad(r, "a route without end");
	r->at++;
	return 0;
}

/* From '<' to '>'. */
static int
read_angle(struct reader *r, struct mailbox *mailbox)
{
	struct slice word;
	size_t start;
	bool quoted;

	r->at++;
	skip_blanks(r);
	if (peek(r) == '@' && skip_route(r) != 0)
		return -1;
	start = r->at;
	if (read_word(r, &word, &quoted) != 0 ||
	    finish_address(r, word, quoted, start, mailbox) != 0)
		return -1;
	skip_blanks(r);
	if (peek(r) != '>')
		return bad(r, at_end(r) ? "'<' without '>'"
		    : "text inside '<' and '>' that is no address");
	r->at++;
	return 0;
}

enum item { ITEM_ERROR, ITEM_MAILBOX, ITEM_GROUP };

/*
 * One mailbox, or the name of a group with its colon. The first word decides
 * little: it may be a local part or begin a display name.
 */
static enum item
read_item(struct reader *r, struct mailbox *mailbox)
{
	size_t start = r->at;
	size_t words = 0;
	size_t phrase_end = r->at;
	struct slice word = { NULL, 0 };
	bool quoted = false;

	*mailbox = (struct mailbox){ 0 };
	while (peek(r) != '<') {
		size_t word_start = r->at;
		size_t word_end;

		if (peek(r) == ':' && words > 0) {
			if (r->form != ADDRESS_ANY) {
				bad(r, "a group");
				return ITEM_ERROR;
			}
			r->at++;
			return ITEM_GROUP;
		}
		if (words > 0 && (at_end(r) || peek(r) == ',' ||
		    peek(r) == ';')) {
			bad(r, "several words without '<'");
			return ITEM_ERROR;
		}
		if (read_word(r, &word, &quoted) != 0)
			return ITEM_ERROR;
		word_end = r->at;
		if (peek(r) == '@') {
			if (words > 0) {
				bad(r, "words before an address without '<'");
				return ITEM_ERROR;
			}
			if (finish_address(r, word, quoted, word_start,
			    mailbox) != 0 || skip_cfws(r) != 0)
				return ITEM_ERROR;
			return ITEM_MAILBOX;
		}
		words++;
		phrase_end = word_end;
		if (skip_cfws(r) != 0)
			return ITEM_ERROR;
		if (words == 1 && (at_end(r) || peek(r) == ',' ||
		    (peek(r) == ';' && r->form == ADDRESS_ANY))) {
			/* A word alone: an address without a domain. */
			if (check_local(r, word, quoted) != 0)
				return ITEM_ERROR;
			mailbox->local = word;
			mailbox->offset = word_start;
			mailbox->len = word_end - word_start;
			return ITEM_MAILBOX;
		}
	}
	if (words > 0)
		mailbox->display = slice_sub(r->in, start, phrase_end - start);
	if (read_angle(r, mailbox) != 0 || skip_cfws(r) != 0)
		return ITEM_ERROR;
	return ITEM_MAILBOX;
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
		if (at_end(r)) {
			*ret_more = false;
			return 0;
		}
	}
	if (at_end(r)) {
		*ret_more = false;
		return *in_group ? bad(r, "a group without end") : 0;
	}
	if (peek(r) != ',')
		return bad(r, "text behind the address");
	r->at++;
	if (skip_cfws(r) != 0)
		return -1;
	if (r->form == ADDRESS_ANY)
		return 0;
	if (at_end(r) || peek(r) == ',')
		return bad(r, "an empty item in the list");
	return 0;
}

int
mailbox_list_parse(struct slice value, enum address_form form,
    size_t max_mailboxes, struct arena *mem, struct mailbox_list *ret_list,
    struct err *err)
{
	struct reader r = { value, 0, form, mem, err };
	struct mailbox_list list = { NULL, 0 };
	void *items = NULL;
	size_t cap = 0;
	bool in_group = false, more = true;

	if (slice_trim(value).len == 0) {
		*ret_list = list;
		return 0;
	}
	if (check_octets(&r) != 0 || skip_cfws(&r) != 0)
		return -1;
	if (at_end(&r))
		return bad(&r, "a comment and no address");
	while (more) {
		struct mailbox mailbox;
		bool empty = form == ADDRESS_ANY && (at_end(&r) ||
		    peek(&r) == ',' || (peek(&r) == ';' && in_group));
		enum item item = empty ? ITEM_ERROR : read_item(&r, &mailbox);

		if (item == ITEM_ERROR && !empty)
			return -1;
		if (item == ITEM_GROUP) {
			if (in_group)
				return bad(&r, "a group in a group");
			in_group = true;
			if (skip_cfws(&r) != 0)
				return -1;
			continue;
		}
		if (item == ITEM_MAILBOX) {
			struct slice span = slice_sub(value, mailbox.offset,
			    mailbox.len);

			if (form == ADDRESS_AUTHOR && (slice_has(span, '\n') ||
			    slice_has(span, '\t')))
				return bad(&r, "a fold or tab in an address");
			if (list.count >= max_mailboxes)
				return err_set(err, ERR_LIMIT,
				    "more than %zu mailboxes", max_mailboxes);
			arena_reserve_one(mem, &items, &cap, list.count,
			    sizeof(mailbox));
			list.items = items;
			list.items[list.count++] = mailbox;
		}
		if (read_separator(&r, &in_group, &more) != 0)
			return -1;
	}
	*ret_list = list;
	return 0;
}

int
reverse_path_parse(struct slice path, struct arena *mem, bool *ret_null,
    struct mailbox *ret_mailbox, struct err *err)
{
	struct reader r = { path, 0, ADDRESS_AUTHOR, mem, err };
	struct mailbox mailbox = { 0 };
	struct slice word;
	bool quoted;

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
	if (read_word(&r, &word, &quoted) != 0 ||
	    finish_address(&r, word, quoted, 0, &mailbox) != 0)
		return -1;
	if (!at_end(&r))
		return bad(&r, "text behind the address");
	*ret_null = false;
	*ret_mailbox = mailbox;
	return 0;
}
