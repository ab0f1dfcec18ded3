/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether an entry of a directory is that of the key that it was found with. */
#include <string.h>

#include "ldap_priv.h"
#include "table/backend.h"

enum { MAX_DEPTH = 32 };

enum term_kind {
	TERM_AND,
	TERM_OR,
	TERM_KEY,   /* an attribute has a value that is made of the key */
	TERM_OTHER, /* what we do not judge */
};

struct ldap_term {
	enum term_kind kind;
	char *attribute;
	struct slice value; /* a template of database.h */
	const struct ldap_term *first, *next;
	size_t keys; /* terms of the key in it */
};

struct reader {
	struct slice rest;
	struct arena *mem;
	unsigned int depth;
};

static bool
reader_take(struct reader *reader, char c)
{
	reader->rest = slice_trim(reader->rest);
	if (reader->rest.len == 0 || reader->rest.data[0] != c)
		return false;
	reader->rest = slice_from(reader->rest, 1);
	return true;
}

static bool
is_name(struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (!char_is_alpha(text.data[i]) &&
		    !char_is_digit(text.data[i]) && text.data[i] != '-' &&
		    text.data[i] != '.' && text.data[i] != ';')
			return false;
	}
	return text.len > 0;
}

static bool has_part(struct slice template)
{
	for (size_t i = 0; i + 1 < template.len; i++) {
		if (template.data[i] == '%' && template.data[++i] != '%')
			return true;
	}
	return false;
}

/*
 * "mail=%s". Patterns and escapes are not judged, nor is a value with another
 * "=", which is a DN: its blanks mean nothing.
 */
static void
read_comparison(
    struct slice text, struct arena *mem, struct ldap_term *ret_term)
{
	size_t equal = slice_find(text, '=');
	struct slice name = slice_trim(slice_sub(text, 0, equal));
	struct slice value = slice_trim(slice_from(text, equal + 1));

	ret_term->kind = TERM_OTHER;
	if (!is_name(name) || !has_part(value) || slice_has(value, '*') ||
	    slice_has(value, '\\') || slice_has(value, '='))
		return;
	ret_term->kind = TERM_KEY;
	ret_term->attribute = slice_cstr(mem, name);
	ret_term->value = value;
	ret_term->keys = 1;
}

static struct ldap_term *read_term(struct reader *reader);

/* Terms up to the ")" of the list. False: there is none. */
static bool
read_list(struct reader *reader, struct ldap_term *list)
{
	const struct ldap_term **link = &list->first;

	while (!reader_take(reader, ')')) {
		struct ldap_term *term = read_term(reader);

		if (term == NULL)
			return false;
		*link = term;
		link = &term->next;
		list->keys += term->keys;
	}
	return true;
}

/* One term in its parentheses. NULL: the text has another form. */
static struct ldap_term *
read_term(struct reader *reader)
{
	struct ldap_term *term = arena_alloc(reader->mem, sizeof(*term));
	size_t end;
	bool is_whole;

	if (!reader_take(reader, '(') || ++reader->depth > MAX_DEPTH)
		return NULL;
	if (reader_take(reader, '&')) {
		term->kind = TERM_AND;
		is_whole = read_list(reader, term);
	} else if (reader_take(reader, '|')) {
		term->kind = TERM_OR;
		is_whole = read_list(reader, term);
	} else if (reader_take(reader, '!')) {
		is_whole = read_list(reader, term);
		term->kind = TERM_OTHER;
		term->first = NULL;
		term->keys = 0;
	} else {
		end = slice_find(reader->rest, ')');
		read_comparison(
		    slice_sub(reader->rest, 0, end), reader->mem, term);
		reader->rest = slice_from(reader->rest, end);
		is_whole = reader_take(reader, ')');
	}
	reader->depth--;
	return is_whole ? term : NULL;
}

const struct ldap_term *
ldap_filter_read(struct slice text, struct arena *mem)
{
	struct reader reader = { .rest = text, .mem = mem };
	struct ldap_term *term;

	text = slice_trim(text);
	if (text.len > 0 && text.data[0] != '(') {
		/* libldap takes it without its parentheses. */
		term = arena_alloc(mem, sizeof(*term));
		read_comparison(text, mem, term);
	} else {
		term = read_term(&reader);
	}
	return term == NULL || term->keys == 0 ? NULL : term;
}

void
ldap_filter_attributes(
    const struct ldap_term *term, char **names, size_t *count, size_t room)
{
	for (; term != NULL; term = term->next) {
		size_t i = 0;

		ldap_filter_attributes(term->first, names, count, room);
		if (term->kind != TERM_KEY)
			continue;
		while (i < *count &&
		    !slice_eq_nocase(
			slice_of(names[i]), slice_of(term->attribute)))
			i++;
		if (i == *count && i < room)
			names[(*count)++] = term->attribute;
	}
}

/* An entry, and the key that found it. */
struct judgment {
	LDAP *ld;
	LDAPMessage *entry;
	const struct database_key *key;
	struct arena *mem;
	bool has_stranger; /* a value differed */
};

static enum ldap_witness
judge_key(struct judgment *judgment, const struct ldap_term *term)
{
	struct berval **values =
	    ldap_get_values_len(judgment->ld, judgment->entry, term->attribute);
	enum ldap_witness witness = LDAP_WITNESS_STRANGER;
	struct strbuf wanted;
	struct slice folded;
	struct err err;

	if (values == NULL)
		return LDAP_WITNESS_HIDDEN;
	strbuf_init(&wanted, judgment->mem);
	if (database_expand(term->value, judgment->key, NULL, &wanted, &err) !=
	    0)
		wanted.len = 0;
	folded = table_fold(judgment->mem, strbuf_slice(&wanted));
	for (size_t i = 0; values[i] != NULL; i++) {
		/* Blanks at the ends of what the directory holds say nothing. */
		struct slice value = slice_trim(
		    (struct slice){ values[i]->bv_val, values[i]->bv_len });

		if (folded.len > 0 && slice_is_utf8(value) &&
		    slice_eq(table_fold(judgment->mem, value), folded)) {
			witness = LDAP_WITNESS_SAME;
			break;
		}
	}
	ldap_value_free_len(values);
	judgment->has_stranger |= witness == LDAP_WITNESS_STRANGER;
	return witness;
}

static enum ldap_witness
judge(struct judgment *judgment, const struct ldap_term *term)
{
	/* What decides a list, whatever its other terms are. */
	enum ldap_witness strong =
	    term->kind == TERM_AND ? LDAP_WITNESS_STRANGER : LDAP_WITNESS_SAME;
	enum ldap_witness all =
	    term->kind == TERM_AND ? LDAP_WITNESS_SAME : LDAP_WITNESS_STRANGER;

	if (term->kind == TERM_OTHER)
		return LDAP_WITNESS_SAME;
	if (term->kind == TERM_KEY)
		return judge_key(judgment, term);
	for (term = term->first; term != NULL; term = term->next) {
		enum ldap_witness one = judge(judgment, term);

		if (one == strong)
			return strong;
		if (one == LDAP_WITNESS_HIDDEN)
			all = one;
	}
	return all;
}

enum ldap_witness
ldap_filter_witness(const struct ldap_term *term, LDAP *ld, LDAPMessage *entry,
    const struct database_key *key, struct arena *mem)
{
	struct judgment judgment = {
		.ld = ld, .entry = entry, .key = key, .mem = mem
	};
	enum ldap_witness witness = judge(&judgment, term);

	/*
	 * The server says that one of them is the same: if none is shown, it is
	 * one that we may not read.
	 */
	if (witness == LDAP_WITNESS_HIDDEN && !judgment.has_stranger)
		return LDAP_WITNESS_SAME;
	return witness;
}
