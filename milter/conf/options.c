/* SPDX-License-Identifier: BSD-2-Clause */
#include "options_priv.h"

#include <string.h>

#include "base/suggest.h"

/* Values quoted in messages are cut after this many octets. */
enum { SHOWN_BYTES = 60 };
enum { MAX_LIST_ITEMS = 1000 };

enum { RELOAD = false, RESTART = true };

#define ROW(kind_, section, field, name_, value, reload, text_) \
	.kind = (kind_), .path = #section "." name_, .name = (name_), \
	.offset = offsetof(struct config, section.field), \
	.initial = (value), .restart = (reload), .text = (text_)

const struct option options[OPTION_COUNT] = {
#define SECTION(...)
#define SECTION_END(...)
#define TEXT(section, field, name, value, hint_, reload, text) \
	{ ROW(OPTION_TEXT, section, field, name, value, reload, text), \
	  .hint = (hint_) },
#define LIST(section, field, name, value, hint_, reload, text) \
	{ ROW(OPTION_LIST, section, field, name, value, reload, text), \
	  .hint = (hint_) },
#define BOOL(section, field, name, value, reload, text) \
	{ ROW(OPTION_BOOL, section, field, name, value, reload, text) },
#define NUMBER(section, field, name, value, min_, max_, reload, text) \
	{ ROW(OPTION_NUMBER, section, field, name, value, reload, text), \
	  .min = (min_), .max = (max_) },
#define CHOICE(section, field, name, type, value, choices_, reload, text) \
	{ ROW(OPTION_CHOICE, section, field, name, value, reload, text), \
	  .choices = (choices_) },
#include "conf/options.def"
#undef SECTION
#undef SECTION_END
#undef TEXT
#undef LIST
#undef BOOL
#undef NUMBER
#undef CHOICE
};

const struct option_section option_sections[SECTION_COUNT] = {
#define SECTION(field, name_, text_) \
	{ .name = (name_), .text = (text_), .first = BEGIN_##field, \
	  .count = END_##field - BEGIN_##field },
#define SECTION_END(...)
#define TEXT(...)
#define LIST(...)
#define BOOL(...)
#define NUMBER(...)
#define CHOICE(...)
#include "conf/options.def"
#undef SECTION
#undef SECTION_END
#undef TEXT
#undef LIST
#undef BOOL
#undef NUMBER
#undef CHOICE
};

/* A choice is written through its offset as an unsigned int. */
#define SECTION(...)
#define SECTION_END(...)
#define TEXT(...)
#define LIST(...)
#define BOOL(...)
#define NUMBER(...)
#define CHOICE(section, field, name, type, ...) \
	_Static_assert(sizeof(enum type) == sizeof(unsigned int), #type);
#include "conf/options.def"
#undef SECTION
#undef SECTION_END
#undef TEXT
#undef LIST
#undef BOOL
#undef NUMBER
#undef CHOICE

const char *
option_name(const struct option *option)
{
	static const char outside[] = "main.";
	const char *path = option->path;

	if (strncmp(path, outside, sizeof(outside) - 1) == 0)
		return path + sizeof(outside) - 1;
	return path;
}

const struct option *
option_find(const struct option_section *section, struct slice name)
{
	for (size_t i = 0; i < section->count; i++) {
		const struct option *option = &options[section->first + i];

		if (slice_eq(name, slice_of(option->name)))
			return option;
	}
	return NULL;
}

const struct option_section *
option_section_find(struct slice name)
{
	for (size_t i = 0; i < SECTION_COUNT; i++) {
		if (i != SECTION_main &&
		    slice_eq(name, slice_of(option_sections[i].name)))
			return &option_sections[i];
	}
	return NULL;
}

const char *const *
option_words(struct arena *mem, const char *choices, size_t *ret_count)
{
	struct slice rest = slice_of(choices);
	struct slice word;
	const char **words = NULL;
	size_t count = 0, cap = 0;

	while (slice_next_item(&rest, "|", &word)) {
		void *array = words;

		arena_reserve_one(mem, &array, &cap, count, sizeof(words[0]));
		words = array;
		words[count++] = slice_cstr(mem, word);
	}
	*ret_count = count;
	return words;
}

static const void *
field_of(const struct config *config, const struct option *option)
{
	return (const char *)config + option->offset;
}

static void
put(struct config *config, const struct option *option, const void *value,
    size_t size)
{
	memcpy((char *)config + option->offset, value, size);
}

static int
set_bool(struct config *config, const struct option *option,
    struct slice text, struct err *err)
{
	static const char *const words[] = { "no", "off", "false", "yes", "on",
		"true" };
	struct arena mem;

	for (size_t i = 0; i < 6; i++) {
		if (slice_eq(text, slice_of(words[i]))) {
			bool value = i >= 3;

			put(config, option, &value, sizeof(value));
			return 0;
		}
	}
	arena_init(&mem);
	err_set(err, ERR_CONFIG, "wants yes or no, not \"%s\"",
	    escape(&mem, text, SHOWN_BYTES));
	arena_done(&mem);
	return -1;
}

static int
set_number(struct config *config, const struct option *option,
    struct slice text, struct err *err)
{
	static const char suffixes[] = "KMG";
	struct slice digits = text;
	unsigned long factor = 1, value;
	struct arena mem;

	for (size_t i = 0; i < 3 && text.len > 0; i++) {
		if (text.data[text.len - 1] == suffixes[i]) {
			factor = 1UL << 10 * (i + 1);
			digits.len--;
		}
	}
	if (slice_number(digits, option->max / factor, &value) &&
	    value * factor >= option->min) {
		value *= factor;
		put(config, option, &value, sizeof(value));
		return 0;
	}
	arena_init(&mem);
	err_set(err, ERR_CONFIG, "wants a number from %lu to %lu, not \"%s\"",
	    option->min, option->max, escape(&mem, text, SHOWN_BYTES));
	arena_done(&mem);
	return -1;
}

static int
set_choice(struct config *config, const struct option *option,
    struct slice text, struct err *err)
{
	struct arena mem;
	const char *const *words;
	const char *near;
	struct strbuf wanted;
	size_t count;

	arena_init(&mem);
	words = option_words(&mem, option->choices, &count);
	strbuf_init(&wanted, &mem);
	for (unsigned int i = 0; i < count; i++) {
		if (slice_eq(text, slice_of(words[i]))) {
			put(config, option, &i, sizeof(i));
			arena_done(&mem);
			return 0;
		}
		strbuf_addf(&wanted, "%s%s", i == 0 ? "" :
		    i + 1 == count ? " or " : ", ", words[i]);
	}
	near = suggest(text, words, count);
	err_set(err, ERR_CONFIG, "wants %s, not \"%s\"%s%s%s", wanted.data,
	    escape(&mem, text, SHOWN_BYTES),
	    near == NULL ? "" : "; did you mean \"",
	    near == NULL ? "" : near, near == NULL ? "" : "\"?");
	arena_done(&mem);
	return -1;
}

static int
set_list(struct config *config, const struct option *option,
    const struct slice *values, size_t count, struct err *err)
{
	struct slice_list list = { NULL, count };
	struct arena mem;

	if (count > MAX_LIST_ITEMS)
		return err_set(err, ERR_CONFIG, "has more than %d items",
		    MAX_LIST_ITEMS);
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < i; j++) {
			if (!slice_eq(values[i], values[j]))
				continue;
			arena_init(&mem);
			err_set(err, ERR_CONFIG, "has \"%s\" twice",
			    escape(&mem, values[i], SHOWN_BYTES));
			arena_done(&mem);
			return -1;
		}
		if (values[i].len == 0)
			return err_set(err, ERR_CONFIG, "has an empty item");
	}
	list.items = arena_array(&config->mem, count, sizeof(list.items[0]));
	for (size_t i = 0; i < count; i++)
		list.items[i] = slice_dup(&config->mem, values[i]);
	put(config, option, &list, sizeof(list));
	return 0;
}

int
option_set(struct config *config, const struct option *option,
    const struct slice *values, size_t count, struct err *err)
{
	struct slice text;

	if (option->kind == OPTION_LIST)
		return set_list(config, option, values, count, err);
	ENSURE(count == 1);
	switch (option->kind) {
	case OPTION_BOOL:
		return set_bool(config, option, values[0], err);
	case OPTION_NUMBER:
		return set_number(config, option, values[0], err);
	case OPTION_CHOICE:
		return set_choice(config, option, values[0], err);
	case OPTION_TEXT:
	case OPTION_LIST:
		break;
	}
	text = slice_dup(&config->mem, values[0]);
	put(config, option, &text, sizeof(text));
	return 0;
}

void
options_set_defaults(struct config *config)
{
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		struct slice initial = slice_of(options[i].initial);
		struct slice items[64];
		size_t count = 0;
		struct err err;

		if (options[i].kind == OPTION_LIST) {
			while (slice_next_item(&initial, " ", &items[count]))
				ENSURE(++count < 64);
		} else {
			items[count++] = initial;
		}
		/* options.def is ours: a bad default in it is a bug. */
		ENSURE(option_set(config, &options[i], items, count,
		    &err) == 0);
	}
}

bool
option_equal(const struct option *option, const struct config *a,
    const struct config *b)
{
	const void *p = field_of(a, option);
	const void *q = field_of(b, option);
	const struct slice_list *list_a = p, *list_b = q;

	switch (option->kind) {
	case OPTION_BOOL:
		return *(const bool *)p == *(const bool *)q;
	case OPTION_NUMBER:
		return *(const unsigned long *)p == *(const unsigned long *)q;
	case OPTION_CHOICE:
		return memcmp(p, q, sizeof(unsigned int)) == 0;
	case OPTION_TEXT:
		return slice_eq(*(const struct slice *)p,
		    *(const struct slice *)q);
	case OPTION_LIST:
		break;
	}
	if (list_a->count != list_b->count)
		return false;
	for (size_t i = 0; i < list_a->count; i++) {
		if (!slice_eq(list_a->items[i], list_b->items[i]))
			return false;
	}
	return true;
}

/* Adds text in quotes, with the escapes of the file format. */
static void
print_quoted(struct strbuf *buf, struct slice text)
{
	strbuf_add_char(buf, '"');
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] == '"' || text.data[i] == '\\')
			strbuf_add_char(buf, '\\');
		strbuf_add_char(buf, text.data[i]);
	}
	strbuf_add_char(buf, '"');
}

static void
print_value(struct strbuf *buf, const struct config *config,
    const struct option *option)
{
	const void *p = field_of(config, option);
	const struct slice_list *list = p;
	struct slice rest = slice_of(option->choices);
	struct slice word = { NULL, 0 };
	unsigned int chosen;

	switch (option->kind) {
	case OPTION_BOOL:
		strbuf_add_cstr(buf, *(const bool *)p ? "yes" : "no");
		return;
	case OPTION_NUMBER:
		strbuf_addf(buf, "%lu", *(const unsigned long *)p);
		return;
	case OPTION_TEXT:
		print_quoted(buf, *(const struct slice *)p);
		return;
	case OPTION_CHOICE:
		memcpy(&chosen, p, sizeof(chosen));
		for (unsigned int i = 0; i <= chosen; i++)
			ENSURE(slice_next_item(&rest, "|", &word));
		strbuf_add(buf, word);
		return;
	case OPTION_LIST:
		break;
	}
	strbuf_add_char(buf, '{');
	for (size_t i = 0; i < list->count; i++) {
		strbuf_add_cstr(buf, i == 0 ? "" : ", ");
		print_quoted(buf, list->items[i]);
	}
	strbuf_add_char(buf, '}');
}

struct slice
config_print(struct arena *mem, const struct config *config)
{
	struct strbuf buf;

	strbuf_init(&buf, mem);
	for (size_t s = 0; s < SECTION_COUNT; s++) {
		const struct option_section *section = &option_sections[s];
		bool block = s != SECTION_main;

		if (block)
			strbuf_addf(&buf, "\n%s {\n", section->name);
		for (size_t i = 0; i < section->count; i++) {
			const struct option *option =
			    &options[section->first + i];

			strbuf_addf(&buf, "%s%s = ", block ? "\t" : "",
			    option->name);
			print_value(&buf, config, option);
			strbuf_add_char(&buf, '\n');
		}
		if (block)
			strbuf_add_cstr(&buf, "}\n");
	}
	return strbuf_slice(&buf);
}

bool
config_needs_restart(const struct config *started, const struct config *new,
    size_t *index, const char **ret_option)
{
	while (*index < OPTION_COUNT) {
		const struct option *option = &options[(*index)++];

		if (option->restart && !option_equal(option, started, new)) {
			*ret_option = option_name(option);
			return true;
		}
	}
	return false;
}

bool
config_is_monitor(const struct config *config, enum section_mode mode)
{
	if (mode == SECTION_INHERIT)
		return config->main.mode == MODE_MONITOR;
	return mode == SECTION_MONITOR;
}
