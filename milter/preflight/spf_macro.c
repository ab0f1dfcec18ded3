/* SPDX-License-Identifier: BSD-2-Clause */
/* Macros: RFC 7208 section 7. */
#include <string.h>

#include "preflight/spf_record.h"

/* One literal octet, or one macro-expand. */
struct token {
	char literal;	/* where letter is NUL */
	bool url_blank; /* "%-": %20 */
	bool percent;	/* written with "%" */
	char letter;	/* lower case */
	bool url;	/* the letter is upper case */
	bool reverse;
	unsigned long parts; /* from the right; 0: all */
	struct slice delimiters;
};

static const char letters[] = "slodiphcrtv";
/* Only the text behind exp= has these. */
static const char exp_letters[] = "crt";
static const char delimiters[] = ".-+,/_=";

/* "%{" is read; up to "}". */
static const char *
read_macro(struct slice text, size_t *at, struct token *token)
{
	size_t i = *at, start;

	if (i >= text.len || !char_is_alpha(text.data[i]) ||
	    strchr(letters, char_lower(text.data[i])) == NULL)
		return "a macro with an unknown letter";
	token->letter = char_lower(text.data[i]);
	token->url = token->letter != text.data[i];
	start = ++i;
	for (; i < text.len && char_is_digit(text.data[i]); i++) {
		/* Nothing has that many parts. */
		if (token->parts < 100000)
			token->parts = token->parts * 10 +
			    (unsigned long)(text.data[i] - '0');
	}
	if (i > start && token->parts == 0)
		return "a macro that keeps 0 parts";
	token->reverse = i < text.len && char_lower(text.data[i]) == 'r';
	i += token->reverse;
	start = i;
	while (i < text.len && text.data[i] != '\0' &&
	    strchr(delimiters, text.data[i]) != NULL)
		i++;
	token->delimiters = slice_sub(text, start, i - start);
	if (i >= text.len || text.data[i] != '}')
		return "a macro that does not end as it should";
	*at = i + 1;
	return NULL;
}

/* NULL, or what is wrong; at < text.len. */
static const char *
read_token(struct slice text, size_t *at, struct token *token)
{
	char c = text.data[(*at)++];

	*token = (struct token){ .literal = c };
	if (c <= 0x20 || c >= 0x7f)
		return "a character that is not allowed there";
	if (c != '%')
		return NULL;
	token->percent = true;
	c = *at < text.len ? text.data[*at] : '\0';
	(*at)++;
	switch (c) {
	case '{':
		return read_macro(text, at, token);
	case '%':
		return NULL;
	case '_':
		token->literal = ' ';
		return NULL;
	case '-':
		token->url_blank = true;
		return NULL;
	default:
		return "a \"%\" that does not begin a macro";
	}
}

const char *
spf_macro_string_fault(struct slice text)
{
	struct token token;
	const char *fault = NULL;

	for (size_t at = 0; at < text.len && fault == NULL;)
		fault = read_token(text, &at, &token);
	return fault;
}

bool
spf_macro_uses(struct slice text, const char *wanted)
{
	struct token token;

	for (size_t at = 0; at < text.len;) {
		if (read_token(text, &at, &token) != NULL)
			return false;
		if (token.letter != '\0' &&
		    strchr(wanted, token.letter) != NULL)
			return true;
	}
	return false;
}

const char *
spf_domain_spec_fault(struct slice text)
{
	static const char bad_end[] = "a domain name that does not end in a "
				      "dot and the name of a top-level domain";
	struct token token = { .percent = false };
	bool other_than_digit = false;
	size_t literals = 0;
	struct slice top;

	if (text.len == 0)
		return "an empty domain name";
	for (size_t at = 0; at < text.len;) {
		const char *fault = read_token(text, &at, &token);

		if (fault != NULL)
			return fault;
		if (token.letter != '\0' &&
		    strchr(exp_letters, token.letter) != NULL)
			return "a macro that only explanations have";
		if (token.percent)
			literals = at;
	}
	if (token.percent)
		return NULL;
	/* domain-end behind the last macro: letters, digits, inner hyphens. */
	top = slice_from(text, literals);
	if (top.data[top.len - 1] == '.')
		top.len--;
	if (!slice_has(top, '.'))
		return bad_end;
	top = slice_from(top, slice_find_last(top, '.') + 1);
	if (top.len == 0 || top.data[0] == '-' || top.data[top.len - 1] == '-')
		return bad_end;
	for (size_t i = 0; i < top.len; i++) {
		char c = top.data[i];

		if (!char_is_alpha(c) && !char_is_digit(c) && c != '-')
			return bad_end;
		other_than_digit |= !char_is_digit(c);
	}
	return other_than_digit ? NULL : bad_end;
}

/*
 * The end of what was written so far: names are cut from the left, so that an
 * expansion needs no more room than this, however long it is.
 */
struct tail {
	char data[4 * SPF_NAME_OCTETS];
	size_t len;
};

static void
tail_add(struct tail *tail, char c)
{
	enum { KEPT = 2 * SPF_NAME_OCTETS };

	if (tail->len == sizeof(tail->data)) {
		memmove(tail->data, tail->data + tail->len - KEPT, KEPT);
		tail->len = KEPT;
	}
	tail->data[tail->len++] = c;
}

static void
tail_add_part(struct tail *tail, struct slice part, bool url)
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < part.len; i++) {
		unsigned char c = (unsigned char)part.data[i];

		/* RFC 3986 section 2.3 */
		if (!url || char_is_alpha((char)c) || char_is_digit((char)c) ||
		    (c != '\0' && strchr("-._~", c) != NULL)) {
			tail_add(tail, (char)c);
			continue;
		}
		tail_add(tail, '%');
		tail_add(tail, digits[c >> 4]);
		tail_add(tail, digits[c & 15]);
	}
}

/*
 * The parts of a value that are kept, joined with dots. In reverse the last one
 * comes first, and the rightmost of the reversed ones are kept.
 */
static void
add_macro(struct tail *tail, const struct token *token, struct slice value)
{
	struct slice separators =
	    token->delimiters.len > 0 ? token->delimiters : SLICE(".");
	size_t count = 1, skip = 0, start = 0, end = value.len;

	for (size_t i = 0; i < value.len; i++)
		count += slice_has(separators, value.data[i]);
	if (token->parts != 0 && token->parts < count)
		skip = count - token->parts;
	for (size_t i = 0; i < count; i++) {
		if (token->reverse)
			start = end;
		else
			end = start;
		while (token->reverse && start > 0 &&
		    !slice_has(separators, value.data[start - 1]))
			start--;
		while (!token->reverse && end < value.len &&
		    !slice_has(separators, value.data[end]))
			end++;
		if (i > skip)
			tail_add(tail, '.');
		if (i >= skip)
			tail_add_part(tail,
			    slice_sub(value, start, end - start), token->url);
		if (token->reverse)
			end = start > 0 ? start - 1 : 0;
		else
			start = end + 1;
	}
}

struct slice
spf_macro_expand(
    struct slice spec, const struct spf_macros *macros, struct arena *mem)
{
	const struct slice *const values[] = {
		['s'] = &macros->sender,
		['l'] = &macros->local,
		['o'] = &macros->sender_domain,
		['d'] = &macros->domain,
		['i'] = &macros->address,
		['p'] = &macros->validated,
		['v'] = &macros->version,
		['h'] = &macros->helo,
	};
	struct tail tail = { .len = 0 };
	struct token token;
	struct slice name;

	for (size_t at = 0; at < spec.len;) {
		if (read_token(spec, &at, &token) != NULL)
			break;
		if (token.letter != '\0' &&
		    strchr(exp_letters, token.letter) == NULL)
			add_macro(&tail, &token,
			    *values[(unsigned char)token.letter]);
		else if (token.url_blank)
			tail_add_part(&tail, SLICE("%20"), false);
		else if (token.letter == '\0')
			tail_add(&tail, token.literal);
	}
	/* Labels are taken off the left until the rest may be a name. */
	name = (struct slice){ tail.data, tail.len };
	if (name.len > 0 && name.data[name.len - 1] == '.')
		name.len--;
	while (name.len > SPF_NAME_OCTETS && slice_has(name, '.'))
		name = slice_from(name, slice_find(name, '.') + 1);
	return slice_dup(mem, name);
}

bool
spf_query_name(struct slice text, struct arena *mem, struct slice *ret_name)
{
	enum { LABEL_OCTETS = 63 };
	struct strbuf name;
	size_t label = 0;

	if (text.len > SPF_NAME_OCTETS)
		return false;
	strbuf_init(&name, mem);
	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];

		if (c == '.') {
			if (label == 0)
				return false;
			label = 0;
		} else if (++label > LABEL_OCTETS) {
			return false;
		}
		if (char_is_alpha(c) || char_is_digit(c) || c == '-' ||
		    c == '_' || c == '.')
			strbuf_add_char(&name, c);
		else
			strbuf_addf(&name, "\\%03u", (unsigned char)c);
	}
	if (label == 0)
		return false;
	*ret_name = strbuf_slice(&name);
	return true;
}
