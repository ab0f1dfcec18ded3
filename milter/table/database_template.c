/* SPDX-License-Identifier: BSD-2-Clause */
/* Queries made of keys, and values made of what is found: db_common of Postfix. */
#include "database_priv.h"

/* What stands behind a percent sign; 0 at the end of the text. */
static char
letter_at(struct slice text, size_t percent)
{
	return percent + 1 < text.len ? text.data[percent + 1] : '\0';
}

/* A part of the key that a template names. False: the letter names none. */
static bool
note_key_part(struct database *database, char letter)
{
	switch (letter) {
	case 'S':
		return true;
	case 'U':
		database->wants_user = true;
		return true;
	case 'D':
		database->wants_domain = true;
		return true;
	default:
		break;
	}
	if (!char_is_digit(letter) || letter == '0')
		return false;
	database->wants_domain = true;
	if (database->wants_labels < (unsigned int)(letter - '0'))
		database->wants_labels = (unsigned int)(letter - '0');
	return true;
}

/* The letters that stand for the key in a query, and for the value in a result. */
static bool
note_subject_part(struct database *database, bool is_query, char letter)
{
	switch (letter) {
	case 's':
		return true;
	case 'u':
		*(is_query ? &database->wants_user :
			     &database->wants_value_user) = true;
		return true;
	case 'd':
		*(is_query ? &database->wants_domain :
			     &database->wants_value_domain) = true;
		return true;
	default:
		return false;
	}
}

static int
add_template(struct database *database, bool is_query, struct slice text,
    bool *ret_has_part, struct err *err)
{
	*ret_has_part = false;
	for (size_t i = 0; i < text.len; i++) {
		char letter;

		if (text.data[i] != '%')
			continue;
		letter = letter_at(text, i++);
		if (letter == '%')
			continue;
		if (!note_key_part(database, letter) &&
		    !note_subject_part(database, is_query, letter)) {
			CLEANUP(arena_done) struct arena mem;

			arena_init(&mem);
			return err_set(err, ERR_CONFIG,
			    "\"%s\": behind a percent sign stands one of s, u, "
			    "d, S, U, D, 1 to 9 and %%",
			    escape(&mem, slice_sub(text, i - 1, 2), 2));
		}
		*ret_has_part = true;
	}
	return 0;
}

int
database_add_template(struct database *database, const char *name,
    struct slice text, bool *ret_has_key, struct err *err)
{
	bool has_key;

	if (add_template(database, true, text, &has_key, err) != 0)
		return err_wrap(err, "%s", name);
	if (ret_has_key != NULL)
		*ret_has_key = has_key;
	return 0;
}

int
database_add_result_format(struct database *database, struct err *err)
{
	bool has_part;

	if (add_template(
		database, false, database->result_format, &has_part, err) != 0)
		return err_wrap(err, "result_format");
	return 0;
}

void
database_key_init(struct slice whole, struct database_key *ret_key)
{
	size_t at = slice_find_last(whole, '@');
	size_t end;

	*ret_key = (struct database_key){ .whole = whole,
		.user = slice_sub(whole, 0, at) };
	if (at == whole.len)
		return;
	ret_key->domain =
	    (struct slice){ whole.data + at + 1, whole.len - at - 1 };
	end = ret_key->domain.len;
	/* Dots side by side, and at the ends, make no labels. */
	while (end > 0 && ret_key->label_count < 9) {
		size_t begin = end;

		while (begin > 0 && ret_key->domain.data[begin - 1] != '.')
			begin--;
		if (begin < end)
			ret_key->labels[ret_key->label_count++] =
			    slice_sub(ret_key->domain, begin, end - begin);
		end = begin == 0 ? 0 : begin - 1;
	}
}

enum table_answer
database_admits(const struct database *database, const struct database_key *key,
    const struct table_context *context)
{
	bool has_at = key->domain.data != NULL;

	if (key->whole.len == 0 ||
	    (database->wants_user && has_at && key->user.len == 0) ||
	    (database->wants_domain && key->domain.len == 0) ||
	    database->wants_labels > key->label_count)
		return TABLE_ABSENT;
	if (database->domains == NULL)
		return TABLE_FOUND;
	if (key->domain.len == 0 || key->user.len == 0)
		return TABLE_ABSENT;
	return domain_list_has(database->domains, key->domain, context);
}

/* The part of a key that a letter names. */
static struct slice
part_of(const struct database_key *key, char letter)
{
	switch (letter) {
	case 's':
	case 'S':
		return key->whole;
	case 'u':
	case 'U':
		return key->user;
	case 'd':
	case 'D':
		return key->domain;
	default:
		return key->labels[letter - '1'];
	}
}

/*
 * A part of the key within a value: a stranger has chosen it, so it may have
 * nothing that is special in a list of logins or addresses. -1 (ERR_DATA).
 */
static int
check_harmless(struct slice part, struct err *err)
{
	for (size_t i = 0; i < part.len; i++) {
		char c = part.data[i];

		if (char_is_wsp(c) || c == ',' || c == ';' || c == '!')
			return err_set(err, ERR_DATA,
			    "result_format would put \"%c\" of the key into "
			    "the value",
			    c);
	}
	return 0;
}

/*
 * Adds a template: its small letters stand for the subject, the others for the
 * key.
 */
static int
expand(struct slice template, const struct database_key *subject,
    const struct database_key *key, const struct database_quote *quote,
    struct strbuf *buf, struct err *err)
{
	while (template.len > 0) {
		size_t percent = slice_find(template, '%');
		char letter;
		bool is_of_key;
		struct slice part;

		strbuf_add(buf, slice_sub(template, 0, percent));
		if (percent == template.len)
			return 0;
		letter = letter_at(template, percent);
		template = slice_from(template, percent + 2);
		if (letter == '%') {
			strbuf_add_char(buf, '%');
			continue;
		}
		is_of_key = letter != 's' && letter != 'u' && letter != 'd';
		part = part_of(is_of_key ? key : subject, letter);
		if (is_of_key && subject != key &&
		    check_harmless(part, err) != 0)
			return -1;
		if (quote == NULL)
			strbuf_add(buf, part);
		else if (quote->add(quote->arg, part, buf, err) != 0)
			return -1;
	}
	return 0;
}

int
database_expand(struct slice template, const struct database_key *key,
    const struct database_quote *quote, struct strbuf *query, struct err *err)
{
	return expand(template, key, key, quote, query, err);
}

void
database_result_init(struct database_result *result,
    const struct database *database, struct slice key, struct arena *mem)
{
	*result = (struct database_result){ .database = database };
	database_key_init(key, &result->key);
	strbuf_init(&result->joined, mem);
}

int
database_result_add(
    struct database_result *result, struct slice value, struct err *err)
{
	const struct database *database = result->database;
	struct database_key parts;

	if (value.len == 0)
		return 0;
	database_key_init(value, &parts);
	if ((database->wants_value_domain && parts.domain.len == 0) ||
	    (database->wants_value_user && parts.domain.data != NULL &&
		parts.user.len == 0))
		return 0;
	result->count++;
	if (database->expansion_limit != 0 &&
	    result->count > database->expansion_limit)
		return err_set(err, ERR_LIMIT,
		    "more than %u values (expansion_limit)",
		    database->expansion_limit);
	if (value.len > DATABASE_MAX_VALUE_BYTES ||
	    result->joined.len > DATABASE_MAX_VALUE_BYTES)
		return err_set(err, ERR_LIMIT, "the values have over %d octets",
		    (int)DATABASE_MAX_VALUE_BYTES);
	if (result->joined.len > 0)
		strbuf_add_char(&result->joined, ',');
	return expand(database->result_format, &parts, &result->key, NULL,
	    &result->joined, err);
}

enum server_answer
database_result_end(
    const struct database_result *result, struct slice *ret_value)
{
	if (result->joined.len == 0)
		return SERVER_ABSENT;
	*ret_value = strbuf_slice(&result->joined);
	return SERVER_FOUND;
}
