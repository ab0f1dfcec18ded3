/* SPDX-License-Identifier: BSD-2-Clause */
#include "preflight/unsubscribe.h"

#define LIST_UNSUBSCRIBE SLICE("List-Unsubscribe")
#define LIST_UNSUBSCRIBE_POST SLICE("List-Unsubscribe-Post")

static const struct field *
find_field(const struct field *fields, size_t count, struct slice name)
{
	for (size_t i = 0; i < count; i++) {
		if (slice_eq_nocase(fields[i].name, name))
			return &fields[i];
	}
	return NULL;
}

static size_t
count_fields(const struct field *fields, size_t count, struct slice name)
{
	size_t found = 0;

	for (size_t i = 0; i < count; i++)
		found += slice_eq_nocase(fields[i].name, name) ? 1 : 0;
	return found;
}

static bool
value_is(const struct field *field, struct slice word)
{
	return field != NULL && slice_eq_nocase(slice_trim(field->value), word);
}

/* Sent by a program to one reader (RFC 3834): no list to leave. */
static bool
is_automatic(const struct field *fields, size_t count)
{
	const struct field *field = find_field(fields, count,
	    SLICE("Auto-Submitted"));

	return field != NULL && !value_is(field, SLICE("no"));
}

static const char *
why_bulk(const struct field *fields, size_t count)
{
	const struct field *precedence = find_field(fields, count,
	    SLICE("Precedence"));

	if (find_field(fields, count, LIST_UNSUBSCRIBE) != NULL)
		return "List-Unsubscribe is there";
	if (is_automatic(fields, count))
		return NULL;
	if (find_field(fields, count, LIST_UNSUBSCRIBE_POST) != NULL)
		return "List-Unsubscribe-Post is there";
	if (find_field(fields, count, SLICE("List-Id")) != NULL)
		return "List-Id is there";
	if (find_field(fields, count, SLICE("Feedback-ID")) != NULL)
		return "Feedback-ID is there";
	if (value_is(precedence, SLICE("bulk")) ||
	    value_is(precedence, SLICE("list")) ||
	    value_is(precedence, SLICE("junk")))
		return "Precedence says so";
	return NULL;
}

/* Behind the comment that begins at *rest; false: it has no end. */
static bool
skip_comment(struct slice *rest)
{
	size_t depth = 0, i = 0;

	do {
		char c = rest->data[i++];

		if (c == '(')
			depth++;
		else if (c == ')')
			depth--;
		else if (c == '\\')
			i++;
	} while (depth > 0 && i < rest->len);
	*rest = slice_from(*rest, i);
	return depth == 0;
}

/*
 * The next <URI>, white space inside taken out (RFC 2369 section 2). What
 * stands between them must be commas and comments: readers stop at else.
 */
static bool
next_uri(struct slice *rest, struct arena *mem, struct slice *ret_uri)
{
	struct strbuf uri;
	size_t end;

	while (rest->len > 0 && rest->data[0] != '<') {
		char c = rest->data[0];

		if (c == '(') {
			if (!skip_comment(rest))
				return false;
		} else if (char_is_wsp(c) || c == ',' || c == '\r' ||
		    c == '\n') {
			*rest = slice_from(*rest, 1);
		} else {
			return false;
		}
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

static unsigned int
faults_of_uris(struct slice value, struct arena *mem)
{
	struct slice uri = { NULL, 0 };
	bool any = false, https = false;

	while (next_uri(&value, mem, &uri)) {
		any = true;
		https = https || (slice_starts_nocase(uri, SLICE("https://")) &&
		    uri.len > sizeof("https://") - 1);
	}
	if (!any)
		return UNSUBSCRIBE_NO_URI;
	return https ? 0 : UNSUBSCRIBE_NO_HTTPS;
}

static bool
is_signed(const struct unsubscribe_facts *facts, struct slice name)
{
	for (size_t i = 0; i < facts->signed_count; i++) {
		if (slice_eq_nocase(facts->signed_names[i], name))
			return true;
	}
	return false;
}

static unsigned int
find_faults(const struct field *fields, size_t count,
    const struct unsubscribe_facts *facts, struct arena *mem)
{
	const struct field *list = find_field(fields, count, LIST_UNSUBSCRIBE);
	const struct field *post = find_field(fields, count,
	    LIST_UNSUBSCRIBE_POST);
	unsigned int faults = 0;

	if (list == NULL)
		return UNSUBSCRIBE_MISSING;
	if (count_fields(fields, count, LIST_UNSUBSCRIBE) > 1 ||
	    count_fields(fields, count, LIST_UNSUBSCRIBE_POST) > 1)
		faults |= UNSUBSCRIBE_REPEATED;
	faults |= faults_of_uris(list->value, mem);
	if (post == NULL)
		faults |= UNSUBSCRIBE_NO_POST;
	else if (!slice_eq(field_unfold(mem, post->value),
	    SLICE("List-Unsubscribe=One-Click")))
		faults |= UNSUBSCRIBE_BAD_POST;
	/* RFC 8058 section 4: both, or the click is not to be trusted. */
	if (!is_signed(facts, LIST_UNSUBSCRIBE) ||
	    (post != NULL && !is_signed(facts, LIST_UNSUBSCRIBE_POST)))
		faults |= UNSUBSCRIBE_UNSIGNED;
	return faults;
}

static struct slice
faults_text(const struct unsubscribe *found, struct arena *mem)
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
		{ UNSUBSCRIBE_BAD_POST, "List-Unsubscribe-Post is not "
		    "\"List-Unsubscribe=One-Click\"" },
		{ UNSUBSCRIBE_UNSIGNED, "no signature covers its fields" },
	};
	struct strbuf buf;

	strbuf_init(&buf, mem);
	strbuf_addf(&buf, "bulk mail (%s) that nobody can unsubscribe from "
	    "with one click (RFC 8058): ", found->bulk);
	for (size_t i = 0, written = 0; i < sizeof(texts) / sizeof(texts[0]);
	    i++) {
		if ((found->faults & texts[i].fault) != 0)
			strbuf_addf(&buf, "%s%s", written++ > 0 ? ", " : "",
			    texts[i].text);
	}
	return strbuf_slice(&buf);
}

void
unsubscribe_check(const struct field *fields, size_t count,
    const struct unsubscribe_facts *facts, struct arena *mem,
    struct unsubscribe *ret_unsubscribe)
{
	struct unsubscribe found = { .bulk = why_bulk(fields, count) };

	if (found.bulk != NULL)
		found.faults = find_faults(fields, count, facts, mem);
	if (found.faults != 0)
		found.text = faults_text(&found, mem);
	*ret_unsubscribe = found;
}
