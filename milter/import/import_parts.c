/* SPDX-License-Identifier: BSD-2-Clause */
/* The parts of which a configuration is put together. */
#include <string.h>

#include "keys/key.h"
#include "import_priv.h"

enum { SHOWN_BYTES = 120, MAX_NAME_BYTES = 40, MAX_DOMAINS = 1000 };

void
import_grow(
    struct import *im, size_t *cap, size_t count, size_t size, void *array)
{
	void *items;

	/* It points to a pointer of another type. */
	memcpy(&items, array, sizeof(items));
	arena_reserve_one(im->mem, &items, cap, count, size);
	memcpy(array, &items, sizeof(items));
}

const char *
import_at(struct import *im, const struct import_place *place)
{
	const char *path = escape(im->mem, place->path, SHOWN_BYTES);

	return place->line == 0 ?
	    path :
	    slice_format(im->mem, "%s:%u", path, place->line).data;
}

const char *
import_shown(struct import *im, struct slice text)
{
	return escape(im->mem, text, SHOWN_BYTES);
}

bool
import_is_of(struct slice text, struct slice others)
{
	for (size_t i = 0; i < text.len; i++) {
		if (!char_is_alpha(text.data[i]) &&
		    !char_is_digit(text.data[i]) &&
		    !slice_has(others, text.data[i]))
			return false;
	}
	return text.len > 0;
}

bool
import_is_name(struct slice text)
{
	if (text.len == 0 || text.len > MAX_NAME_BYTES ||
	    !char_is_alpha(text.data[0]))
		return false;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];

		if (!char_is_alpha(c) && !char_is_digit(c) && c != '_' &&
		    c != '-' && c != '.')
			return false;
	}
	return true;
}

static const struct slice dot = { ".", 1 };

static struct import_option *
find_option(const struct import *im, const char *option)
{
	for (size_t i = 0; i < im->options.count; i++) {
		struct import_option *o = &im->options.items[i];
		struct slice rest = slice_of(option);
		struct slice section = slice_of(o->section);

		if (section.len > 0) {
			if (!slice_starts(rest, section) ||
			    !slice_starts(slice_from(rest, section.len), dot))
				continue;
			rest = slice_from(rest, section.len + 1);
		}
		if (slice_eq(rest, slice_of(o->name)))
			return o;
	}
	return NULL;
}

const struct import_option *
import_get(const struct import *im, const char *option)
{
	return find_option(im, option);
}

static struct import_option *
new_option(struct import *im, const char *option, struct slice value)
{
	struct import_option *o = IMPORT_ADD(im, im->options);
	struct slice whole = slice_of(option);
	size_t at = slice_find(whole, '.');

	o->section =
	    at == whole.len ? "" : slice_cstr(im->mem, slice_sub(whole, 0, at));
	o->name = at == whole.len ? option : option + at + 1;
	o->value = value;
	strbuf_init(&o->why, im->mem);
	strbuf_add_cstr(&o->why, "");
	return o;
}

void
import_set(struct import *im, const char *option, struct slice value,
    const struct import_place *place, const char *format, ...)
{
	struct import_option *o = find_option(im, option);
	struct slice text;
	va_list args;

	va_start(args, format);
	text = slice_format_args(im->mem, format, args);
	va_end(args);
	if (o == NULL) {
		o = new_option(im, option, value);
		if (place != NULL)
			o->place = *place;
	} else if (!slice_eq(o->value, value)) {
		text = slice_format(im->mem,
		    "%.*s (That is not taken: what was read first counts.)",
		    SLICE_ARGS(text));
	}
	if (place != NULL)
		strbuf_addf(&o->why, "%s: ", import_at(im, place));
	strbuf_add(&o->why, text);
	strbuf_add_char(&o->why, '\n');
}

void
import_set_place(
    struct import *im, const char *option, const struct import_place *place)
{
	struct import_option *o = find_option(im, option);

	if (o != NULL)
		o->place = *place;
}

bool
import_quote(struct import *im, struct slice text, struct slice *ret_quoted)
{
	struct strbuf buf;

	if (!slice_is_utf8(text) || slice_has_control(text))
		return false;
	strbuf_init(&buf, im->mem);
	strbuf_add_char(&buf, '"');
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] == '"' || text.data[i] == '\\')
			strbuf_add_char(&buf, '\\');
		strbuf_add_char(&buf, text.data[i]);
	}
	strbuf_add_char(&buf, '"');
	*ret_quoted = strbuf_slice(&buf);
	return true;
}

bool
import_quote_list(struct import *im, const struct slice *items, size_t count,
    struct slice *ret_quoted)
{
	struct strbuf buf;
	struct slice item;

	strbuf_init(&buf, im->mem);
	strbuf_add_char(&buf, '{');
	for (size_t i = 0; i < count; i++) {
		if (!import_quote(im, items[i], &item))
			return false;
		strbuf_add_cstr(&buf, i == 0 ? "" : ", ");
		strbuf_add(&buf, item);
	}
	strbuf_add_char(&buf, '}');
	*ret_quoted = strbuf_slice(&buf);
	return true;
}

bool
import_fits(struct import *im, const char *option, struct slice value)
{
	const char *dot_at = strchr(option, '.');
	struct config *config;
	struct slice text;
	struct err err;

	text = dot_at == NULL ?
	    slice_format(im->mem, "%s = %.*s\n", option, SLICE_ARGS(value)) :
	    slice_format(im->mem, "%.*s { %s = %.*s }\n",
		(int)(dot_at - option), option, dot_at + 1, SLICE_ARGS(value));
	if (config_read_text("", text, NULL, NULL, &config, &err) != 0)
		return false;
	config_free(config);
	return true;
}

/* Looked for among the last ones: a source may have many lines. */
static bool
has_remark(const struct import *im, const struct import_remark *remark)
{
	enum { MAX_LOOKED_AT = 100 };
	size_t count = im->remarks.count;
	size_t i = count > MAX_LOOKED_AT ? count - MAX_LOOKED_AT : 0;

	for (; i < count; i++) {
		const struct import_remark *other = &im->remarks.items[i];

		if (other->kind == remark->kind &&
		    other->place.line == remark->place.line &&
		    slice_eq(other->place.path, remark->place.path) &&
		    slice_eq(other->text, remark->text))
			return true;
	}
	return false;
}

void
import_remark(struct import *im, enum import_remark_kind kind,
    const struct import_place *place, const char *format, ...)
{
	struct import_remark remark = { .kind = kind };
	va_list args;

	va_start(args, format);
	remark.text = slice_format_args(im->mem, format, args);
	va_end(args);
	if (place != NULL)
		remark.place = *place;
	/* Several services may say the same of one line of main.cf. */
	if (!has_remark(im, &remark))
		*IMPORT_ADD(im, im->remarks) = remark;
}

void
import_unknown(
    struct import *im, const struct import_place *place, struct slice name)
{
	if (import_is_name(name))
		import_remark(
		    im, IMPORT_UNKNOWN, place, "%.*s", SLICE_ARGS(name));
	else
		import_remark(im, IMPORT_UNKNOWN, place,
		    "a line that does not begin with the name of an option");
}

void
import_other(
    struct import *im, const struct import_place *place, struct slice name)
{
	struct import_other *other = IMPORT_ADD(im, im->others);

	other->place = *place;
	if (import_is_name(name))
		other->name = name;
}

void
import_command(struct import *im, const char *format, ...)
{
	struct slice *command = IMPORT_ADD(im, im->commands);
	va_list args;

	va_start(args, format);
	*command = slice_format_args(im->mem, format, args);
	va_end(args);
}

void
import_way_back(struct import *im, const char *format, ...)
{
	struct slice *command = IMPORT_ADD(im, im->way_back);
	va_list args;

	va_start(args, format);
	*command = slice_format_args(im->mem, format, args);
	va_end(args);
}

void
import_domain(struct import *im, struct slice domain)
{
	struct slice name = slice_lower(im->mem, domain), quoted;

	if (!key_domain_is_valid(name) || im->domains.count == MAX_DOMAINS)
		return;
	for (size_t i = 0; i < im->domains.count; i++) {
		if (slice_eq(im->domains.items[i], name))
			return;
	}
	if (import_quote(im, name, &quoted) &&
	    import_fits(im, "domain", quoted))
		*IMPORT_ADD(im, im->domains) = name;
}

bool
import_next_word(struct slice *rest, struct slice *ret_word)
{
	return slice_next_item(rest, ", \t\r\n", ret_word);
}
