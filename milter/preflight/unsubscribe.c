/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether bulk mail can be unsubscribed from with one click. */
#include "preflight/unsubscribe.h"

#define LIST_UNSUBSCRIBE SLICE("List-Unsubscribe")
#define LIST_UNSUBSCRIBE_POST SLICE("List-Unsubscribe-Post")

/* The first of these fields, or NULL; *ret_count: how many there are. */
static const struct field *
unsubscribe_find_field(
    const struct unsubscribe_facts *facts, struct slice name, size_t *ret_count)
{
	const struct field *first = NULL;

	*ret_count = 0;
	for (size_t i = 0; i < facts->field_count; i++) {
		if (!slice_eq_nocase(facts->fields[i].name, name))
			continue;
		if (++*ret_count == 1)
			first = &facts->fields[i];
	}
	return first;
}

static bool
has_field(const struct unsubscribe_facts *facts, struct slice name)
{
	size_t count;

	return unsubscribe_find_field(facts, name, &count) != NULL;
}

static bool
value_is(const struct field *field, struct slice word)
{
	return field != NULL && slice_eq_nocase(slice_trim(field->value), word);
}

static const char *
why_bulk(const struct unsubscribe_facts *facts)
{
	size_t count;
	const struct field *precedence =
	    unsubscribe_find_field(facts, SLICE("Precedence"), &count);
	const struct field *automatic =
	    unsubscribe_find_field(facts, SLICE("Auto-Submitted"), &count);

	if (has_field(facts, LIST_UNSUBSCRIBE))
		return "List-Unsubscribe is there";
	/* A program sent it to one reader (RFC 3834): not a list. */
	if (automatic != NULL && !value_is(automatic, SLICE("no")))
		return NULL;
	if (has_field(facts, LIST_UNSUBSCRIBE_POST))
		return "List-Unsubscribe-Post is there";
	if (has_field(facts, SLICE("List-Id")))
		return "List-Id is there";
	if (has_field(facts, SLICE("Feedback-ID")))
		return "Feedback-ID is there";
	if (value_is(precedence, SLICE("bulk")) ||
	    value_is(precedence, SLICE("list")) ||
	    value_is(precedence, SLICE("junk")))
		return "Precedence says so";
	return NULL;
}

/*
 * The next <URI>, white space inside taken out (RFC 2369 section 2). Readers stop
 * at anything but commas and comments between them.
 */
static bool
next_uri(struct slice *rest, struct arena *mem, struct slice *ret_uri)
{
	struct strbuf uri;
	size_t depth = 0, end;

	while (rest->len > 0 && (depth > 0 || rest->data[0] != '<')) {
		char c = rest->data[0];
		bool escaped = depth > 0 && c == '\\';

		if (c == '(')
			depth++;
		else if (c == ')' && depth > 0)
			depth--;
		else if (depth == 0 && !char_is_wsp(c) && c != ',' &&
		    c != '\r' && c != '\n')
			return false;
		*rest = slice_from(*rest, escaped ? 2 : 1);
	}
	end = slice_find(*rest, '>');
	if (end == rest->len)
		return false;
	strbuf_init(&uri, mem);
	for (size_t i = 1; i < end; i++) {
		char c = rest->data[i];

		if (!char_is_wsp(c) && c != '\r' && c != '\n')
			strbuf_add_char(&uri, c);
	}
	*rest = slice_from(*rest, end + 1);
	*ret_uri = strbuf_slice(&uri);
	return true;
}

static bool
unsubscribe_is_signed(const struct unsubscribe_facts *facts, struct slice name)
{
	for (size_t i = 0; i < facts->signed_count; i++) {
		if (slice_eq_nocase(facts->signed_names[i], name))
			return true;
	}
	return false;
}

static unsigned int
find_faults(const struct unsubscribe_facts *facts, struct arena *mem)
{
	size_t lists, posts, uris = 0;
	const struct field *list =
	    unsubscribe_find_field(facts, LIST_UNSUBSCRIBE, &lists);
	const struct field *post =
	    unsubscribe_find_field(facts, LIST_UNSUBSCRIBE_POST, &posts);
	struct slice rest, uri = { NULL, 0 };
	unsigned int faults = 0;
	bool https = false;

	if (list == NULL)
		return UNSUBSCRIBE_MISSING;
	if (lists > 1 || posts > 1)
		faults |= UNSUBSCRIBE_REPEATED;
	for (rest = list->value; next_uri(&rest, mem, &uri); uris++)
		https = https ||
		    (slice_starts_nocase(uri, SLICE("https://")) &&
			uri.len > sizeof("https://") - 1);
	if (uris == 0)
		faults |= UNSUBSCRIBE_NO_URI;
	else if (!https)
		faults |= UNSUBSCRIBE_NO_HTTPS;
	if (post == NULL)
		faults |= UNSUBSCRIBE_NO_POST;
	else if (!slice_eq(field_unfold(mem, post->value),
		     SLICE("List-Unsubscribe=One-Click")))
		faults |= UNSUBSCRIBE_BAD_POST;
	/* RFC 8058 section 4: both, or the click is not to be trusted. */
	if (!unsubscribe_is_signed(facts, LIST_UNSUBSCRIBE) ||
	    (post != NULL &&
		!unsubscribe_is_signed(facts, LIST_UNSUBSCRIBE_POST)))
		faults |= UNSUBSCRIBE_UNSIGNED;
	return faults;
}

void
unsubscribe_check(const struct unsubscribe_facts *facts, struct arena *mem,
    struct unsubscribe *ret_unsubscribe)
{
	static const struct {
		enum unsubscribe_fault fault;
		const char *text;
	} texts[] = {
		{ UNSUBSCRIBE_MISSING, "there is no List-Unsubscribe" },
		{ UNSUBSCRIBE_REPEATED, "one of its fields is there twice" },
		{ UNSUBSCRIBE_NO_URI,
		    "List-Unsubscribe has no URI in angle brackets" },
		{ UNSUBSCRIBE_NO_HTTPS, "List-Unsubscribe has no https URI" },
		{ UNSUBSCRIBE_NO_POST, "there is no List-Unsubscribe-Post" },
		{ UNSUBSCRIBE_BAD_POST,
		    "List-Unsubscribe-Post is not "
		    "\"List-Unsubscribe=One-Click\"" },
		{ UNSUBSCRIBE_UNSIGNED, "no signature covers its fields" },
	};
	struct unsubscribe found = { .bulk = why_bulk(facts) };
	struct strbuf text;
	size_t written = 0;

	if (found.bulk != NULL)
		found.faults = find_faults(facts, mem);
	if (found.faults != 0) {
		strbuf_init(&text, mem);
		strbuf_addf(&text,
		    "bulk mail (%s) that nobody can "
		    "unsubscribe from with one click (RFC 8058): ",
		    found.bulk);
		for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
			if ((found.faults & texts[i].fault) != 0)
				strbuf_addf(&text, "%s%s",
				    written++ > 0 ? ", " : "", texts[i].text);
		}
		found.text = strbuf_slice(&text);
	}
	*ret_unsubscribe = found;
}
