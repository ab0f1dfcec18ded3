/* SPDX-License-Identifier: BSD-2-Clause */
/* options.def as a table, and the values of options. */
#include "options_priv.h"

#include <string.h>

#include "base/suggest.h"

/* Values quoted in messages are cut after this many octets. */
enum { SHOWN_BYTES = 60 };
enum { MAX_LIST_ITEMS = 1000 };

enum { RELOAD = false, RESTART = true };

#define ROW(kind_, section, field, name_, value, reload, text_)               \
	.kind = (kind_), .path = #section "." name_, .name = (name_),         \
	.offset = offsetof(struct config, section.field), .initial = (value), \
	.restart = (reload), .text = (text_)

/* choices_TYPE: the words, with "|" before each. */
#define CHOICES(type) static const char choices_##type[] = ""
#define WORD(constant, word) "|" word
#define CHOICES_END ;
#include "conf/choices.def"

const struct option options[OPTION_COUNT] = {
/* A kind that has no row here does not compile. */
#define OPTION(section, field, ...) no_row_for_##section##_##field
#define TEXT(section, field, name, value, hint_, reload, text)         \
	{ ROW(OPTION_TEXT, section, field, name, value, reload, text), \
		.hint = (hint_) },
#define LIST(section, field, name, value, hint_, reload, text)         \
	{ ROW(OPTION_LIST, section, field, name, value, reload, text), \
		.hint = (hint_) },
#define RATES(section, field, name, value, reload, text)                \
	{ ROW(OPTION_RATES, section, field, name, value, reload, text), \
		.hint = "{COUNT/TIME, ...}" },
#define TABLE(section, field, name, keys_, example_, reload, text)   \
	{ ROW(OPTION_TABLE, section, field, name, "", reload, text), \
		.hint = "TABLE", .keys = (keys_), .example = (example_) },
#define TABLES(section, field, name, keys_, example_, reload, text)   \
	{ ROW(OPTION_TABLES, section, field, name, "", reload, text), \
		.hint = "{TABLE, ...}", .keys = (keys_),              \
		.example = (example_) },
#define BOOL(section, field, name, value, reload, text) \
	{ ROW(OPTION_BOOL, section, field, name, value, reload, text) },
#define NUMBER(section, field, name, value, min_, max_, reload, text)    \
	{ ROW(OPTION_NUMBER, section, field, name, value, reload, text), \
		.min = (min_), .max = (max_) },
#define DURATION(section, field, name, unit_, value, min_, max_, reload, text) \
	{ ROW(OPTION_NUMBER, section, field, name, value, reload, text),       \
		.min = (min_), .max = (max_), .unit = (unit_) },
#define CHOICE(section, field, name, type, value, reload, text)          \
	{ ROW(OPTION_CHOICE, section, field, name, value, reload, text), \
		.choices = &choices_##type[1] },
#include "conf/options.def"
};

const struct option_section option_sections[SECTION_COUNT] = {
#define SECTION(field, name_, text_)    \
	{ .name = (name_),              \
		.text = (text_),        \
		.first = BEGIN_##field, \
		.count = END_##field - BEGIN_##field },
#include "conf/options.def"
};

const struct former_name former_names[] = {
#define FORMER(name, section, field) { (name), OPT_##section##_##field },
#include "conf/options.def"
	{ NULL, 0 }
};

/* A choice is written through its offset as an unsigned int. */
#define CHOICE(section, field, name, type, ...) \
	_Static_assert(sizeof(enum type) == sizeof(unsigned int), #type);
#include "conf/options.def"

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

bool
former_name_is_of(const struct former_name *former, struct slice block)
{
	struct slice path = slice_of(former->path);

	return slice_eq(slice_sub(path, 0, slice_find(path, '.')), block);
}

const struct former_name *
former_name_find(const char *block, struct slice name)
{
	size_t skip = strlen(block) + 1;

	for (const struct former_name *f = former_names; f->path != NULL; f++) {
		if (former_name_is_of(f, slice_of(block)) &&
		    slice_eq(slice_from(slice_of(f->path), skip), name))
			return f;
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

bool
option_is_list(const struct option *option)
{
	return option->kind == OPTION_LIST || option->kind == OPTION_TABLES ||
	    option->kind == OPTION_RATES;
}

const void *
option_field(const struct config *config, const struct option *option)
{
	return (const char *)config + option->offset;
}

static void
options_put(struct config *config, const struct option *option,
    const void *value, size_t size)
{
	memcpy((char *)config + option->offset, value, size);
}

/* A value that was refused: the configuration goes with it. */
static const char *
options_shown(struct config *config, struct slice text)
{
	return escape(&config->mem, text, SHOWN_BYTES);
}

static int
set_duration(struct config *config, const struct option *option,
    struct slice text, struct err *err)
{
	unsigned long own = rate_unit_seconds(option->unit), unit = own, value;
	unsigned long given = 0;
	struct slice digits = text;

	ENSURE(own != 0);
	if (text.len > 1)
		given = rate_unit_seconds(text.data[text.len - 1]);
	if (given != 0) {
		unit = given;
		digits.len--;
	}
	if (slice_number(digits, option->max * own / unit, &value) &&
	    value * unit % own == 0 && value * unit / own >= option->min) {
		value = value * unit / own;
		options_put(config, option, &value, sizeof(value));
		return 0;
	}
	return err_set(err, ERR_CONFIG,
	    "takes a time from %lu%c to %lu%c%s, not \"%s\"", option->min,
	    option->unit, option->max, option->unit,
	    option->unit == 'h'	    ? " in whole hours" :
		option->unit == 'd' ? " in whole days" :
				      "",
	    options_shown(config, text));
}

static int
set_number(struct config *config, const struct option *option,
    struct slice text, struct err *err)
{
	static const char suffixes[] = "KMG";
	struct slice digits = text;
	unsigned long factor = 1, value;

	for (size_t i = 0; i < 3 && text.len > 0; i++) {
		if (text.data[text.len - 1] == suffixes[i]) {
			factor = 1UL << 10 * (i + 1);
			digits.len--;
		}
	}
	if (slice_number(digits, option->max / factor, &value) &&
	    value * factor >= option->min) {
		value *= factor;
		options_put(config, option, &value, sizeof(value));
		return 0;
	}
	return err_set(err, ERR_CONFIG,
	    "takes a number from %lu to %lu, not \"%s\"", option->min,
	    option->max, options_shown(config, text));
}

static int
set_choice(struct config *config, const struct option *option,
    struct slice text, struct err *err)
{
	CLEANUP(arena_done) struct arena scratch;
	const char *const *words;
	const char *near;
	struct strbuf wanted;
	size_t count;

	arena_init(&scratch);
	words = option_words(&scratch, option->choices, &count);
	strbuf_init(&wanted, &scratch);
	for (unsigned int i = 0; i < count; i++) {
		if (slice_eq(text, slice_of(words[i]))) {
			options_put(config, option, &i, sizeof(i));
			return 0;
		}
		strbuf_addf(&wanted, "%s%s",
		    i == 0	       ? "" :
			i + 1 == count ? " or " :
					 ", ",
		    words[i]);
	}
	near = suggest(text, words, count);
	return err_set(err, ERR_CONFIG, "takes %s, not \"%s\"%s%s%s",
	    wanted.data, options_shown(config, text),
	    near == NULL ? "" : "; did you mean \"", near == NULL ? "" : near,
	    near == NULL ? "" : "\"?");
}

static int
set_list(struct config *config, const struct option *option,
    const struct slice_list *values, struct err *err)
{
	struct slice_list list = { NULL, values->count };

	if (list.count > MAX_LIST_ITEMS)
		return err_set(
		    err, ERR_CONFIG, "has more than %d items", MAX_LIST_ITEMS);
	for (size_t i = 0; i < list.count; i++) {
		for (size_t j = 0; j < i; j++) {
			if (slice_eq(values->items[i], values->items[j]))
				return err_set(err, ERR_CONFIG,
				    "has \"%s\" twice",
				    options_shown(config, values->items[i]));
		}
		if (values->items[i].len == 0)
			return err_set(err, ERR_CONFIG, "has an empty item");
	}
	list.items =
	    arena_array(&config->mem, list.count, sizeof(list.items[0]));
	for (size_t i = 0; i < list.count; i++)
		list.items[i] = slice_dup(&config->mem, values->items[i]);
	options_put(config, option, &list, sizeof(list));
	return 0;
}

static int
set_rates(struct config *config, const struct option *option,
    const struct slice_list *values, struct err *err)
{
	struct rate_list rates = { .count = 0 };

	for (size_t i = 0; i < values->count; i++) {
		if (rate_list_add(&rates, values->items[i], err) != 0)
			return -1;
	}
	options_put(config, option, &rates, sizeof(rates));
	return 0;
}

int
option_set(struct config *config, const struct option *option,
    const struct slice_list *values, struct err *err)
{
	static const char *const bools[] = { "no", "off", "false", "yes", "on",
		"true" };
	struct slice text;

	if (option->kind == OPTION_RATES)
		return set_rates(config, option, values, err);
	if (option_is_list(option))
		return set_list(config, option, values, err);
	ENSURE(values->count == 1);
	text = values->items[0];
	switch (option->kind) {
	case OPTION_BOOL:
		for (size_t i = 0; i < 6; i++) {
			bool value = i >= 3;

			if (!slice_eq(text, slice_of(bools[i])))
				continue;
			options_put(config, option, &value, sizeof(value));
			return 0;
		}
		return err_set(err, ERR_CONFIG, "takes yes or no, not \"%s\"",
		    options_shown(config, text));
	case OPTION_NUMBER:
		return option->unit != 0 ?
		    set_duration(config, option, text, err) :
		    set_number(config, option, text, err);
	case OPTION_CHOICE:
		return set_choice(config, option, text, err);
	case OPTION_TEXT:
	case OPTION_TABLE:
	case OPTION_LIST:
	case OPTION_RATES:
	case OPTION_TABLES:
		break;
	}
	text = slice_dup(&config->mem, text);
	options_put(config, option, &text, sizeof(text));
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

		if (option_is_list(&options[i])) {
			while (slice_next_item(&initial, " ", &items[count]))
				ENSURE(++count < 64);
		} else {
			items[count++] = initial;
		}
		/* options.def is ours: a bad default in it is a bug. */
		ENSURE(option_set(config, &options[i],
			   &(struct slice_list){ items, count }, &err) == 0);
	}
}

bool
option_equal(
    const struct option *option, const struct config *a, const struct config *b)
{
	const void *p = option_field(a, option);
	const void *q = option_field(b, option);
	const struct slice_list *list_a = p, *list_b = q;

	switch (option->kind) {
	case OPTION_BOOL:
		return *(const bool *)p == *(const bool *)q;
	case OPTION_NUMBER:
		return *(const unsigned long *)p == *(const unsigned long *)q;
	case OPTION_CHOICE:
		return memcmp(p, q, sizeof(unsigned int)) == 0;
	case OPTION_TEXT:
	case OPTION_TABLE:
		return slice_eq(
		    *(const struct slice *)p, *(const struct slice *)q);
	case OPTION_RATES:
		return rate_list_equal(p, q);
	case OPTION_LIST:
	case OPTION_TABLES:
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

size_t
option_tables(const struct config *config, const struct option *option,
    const struct slice **ret_specs)
{
	const void *p = option_field(config, option);
	const struct slice_list *list = p;

	if (option->kind == OPTION_TABLES) {
		*ret_specs = list->items;
		return list->count;
	}
	*ret_specs = p;
	return option->kind == OPTION_TABLE &&
	    ((const struct slice *)p)->len != 0;
}

const struct table_use *
config_tables(const struct config *config, struct arena *mem, size_t *ret_count)
{
	struct table_use *uses = NULL;
	size_t count = 0, cap = 0;

	for (size_t i = 0; i < OPTION_COUNT; i++) {
		const struct slice *specs;
		size_t specs_count = option_tables(config, &options[i], &specs);

		for (size_t j = 0; j < specs_count; j++) {
			void *array = uses;

			arena_reserve_one(
			    mem, &array, &cap, count, sizeof(uses[0]));
			uses = array;
			uses[count++] =
			    (struct table_use){ option_name(&options[i]),
				    specs[j] };
		}
	}
	*ret_count = count;
	return uses;
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

bool
config_only_watches(const struct config *config)
{
	return config_is_monitor(config, config->rights.mode) &&
	    config_is_monitor(config, config->names.mode) &&
	    config_is_monitor(config, config->repair.mode) &&
	    config_is_monitor(config, config->preflight.mode) &&
	    config_is_monitor(config, config->sign.mode);
}

bool
config_counts_repairs(const struct config *config)
{
	return !config_is_monitor(config, config->repair.mode) ||
	    config_only_watches(config);
}
