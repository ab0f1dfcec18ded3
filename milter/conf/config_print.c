/* SPDX-License-Identifier: BSD-2-Clause */
/* The values of options as text: in the form of a file. */
#include <stdlib.h>
#include <string.h>

#include "options_priv.h"

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
print_rates(struct strbuf *buf, const struct rate_list *rates)
{
	strbuf_add_char(buf, '{');
	for (size_t i = 0; i < rates->count; i++) {
		strbuf_add_cstr(buf, i == 0 ? "\"" : ", \"");
		rate_print(buf, &rates->items[i]);
		strbuf_add_char(buf, '"');
	}
	strbuf_add_char(buf, '}');
}

static void
print_value(struct strbuf *buf, const struct config *config,
    const struct option *option)
{
	const void *p = option_field(config, option);
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
	case OPTION_TABLE:
		print_quoted(buf, *(const struct slice *)p);
		return;
	case OPTION_CHOICE:
		memcpy(&chosen, p, sizeof(chosen));
		for (unsigned int i = 0; i <= chosen; i++)
			ENSURE(slice_next_item(&rest, "|", &word));
		strbuf_add(buf, word);
		return;
	case OPTION_RATES:
		print_rates(buf, p);
		return;
	case OPTION_LIST:
	case OPTION_TABLES:
		break;
	}
	strbuf_add_char(buf, '{');
	for (size_t i = 0; i < list->count; i++) {
		strbuf_add_cstr(buf, i == 0 ? "" : ", ");
		print_quoted(buf, list->items[i]);
	}
	strbuf_add_char(buf, '}');
}

/* The value as JSON: text, a list of texts, a number, or true and false. */
static void
print_json(struct strbuf *buf, const struct config *config,
    const struct option *option)
{
	const void *p = option_field(config, option);
	const struct slice_list *list = p;
	const struct rate_list *rates = p;
	struct strbuf text;

	strbuf_init(&text, buf->mem);
	switch (option->kind) {
	case OPTION_BOOL:
		strbuf_add_cstr(buf, *(const bool *)p ? "true" : "false");
		return;
	case OPTION_NUMBER:
		print_value(buf, config, option);
		return;
	case OPTION_TEXT:
	case OPTION_TABLE:
		json_append(buf, *(const struct slice *)p);
		return;
	case OPTION_CHOICE:
		print_value(&text, config, option);
		json_append(buf, strbuf_slice(&text));
		return;
	case OPTION_RATES:
	case OPTION_LIST:
	case OPTION_TABLES:
		break;
	}
	strbuf_add_char(buf, '[');
	for (size_t i = 0; option->kind == OPTION_RATES && i < rates->count;
	     i++) {
		strbuf_add_cstr(buf, i == 0 ? "\"" : ",\"");
		rate_print(buf, &rates->items[i]);
		strbuf_add_char(buf, '"');
	}
	for (size_t i = 0; option->kind != OPTION_RATES && i < list->count;
	     i++) {
		if (i > 0)
			strbuf_add_char(buf, ',');
		json_append(buf, list->items[i]);
	}
	strbuf_add_char(buf, ']');
}

static struct slice
value_text(struct arena *mem, const struct config *config,
    const struct option *option,
    void print(struct strbuf *, const struct config *, const struct option *))
{
	struct strbuf buf;

	strbuf_init(&buf, mem);
	print(&buf, config, option);
	return strbuf_slice(&buf);
}

const struct config_option *
config_options_in_force(const struct config *started,
    const struct config *loaded, struct arena *mem, size_t *ret_count)
{
	struct config_option *list =
	    arena_array(mem, OPTION_COUNT, sizeof(*list));
	struct config *defaults = calloc(1, sizeof(*defaults));

	ENSURE(defaults != NULL);
	arena_init(&defaults->mem);
	options_set_defaults(defaults);
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		const struct option *option = &options[i];
		const struct config *config =
		    option->restart ? started : loaded;
		struct config_option *one = &list[i];

		*one = (struct config_option){
			.name = option_name(option),
			.value = value_text(mem, config, option, print_value),
			.json = value_text(mem, config, option, print_json),
			.initial =
			    value_text(mem, defaults, option, print_value),
			.initial_json =
			    value_text(mem, defaults, option, print_json),
			.restart = option->restart,
		};
		/* Tables that opendkim.conf names: see config_opendkim.c. */
		if (!config_where(config, one->name, &one->file, &one->line) &&
		    !slice_eq(one->value, one->initial))
			one->derived =
			    option_name(&options[OPT_sign_opendkim_conf]);
	}
	config_free(defaults);
	*ret_count = OPTION_COUNT;
	return list;
}

const struct config_option *
config_options(
    const struct config *config, struct arena *mem, size_t *ret_count)
{
	return config_options_in_force(config, config, mem, ret_count);
}

struct slice
config_print(struct arena *mem, const struct config *config)
{
	size_t count;
	const struct config_option *list = config_options(config, mem, &count);
	struct strbuf buf;

	strbuf_init(&buf, mem);
	for (size_t s = 0; s < SECTION_COUNT; s++) {
		const struct option_section *section = &option_sections[s];
		bool block = s != SECTION_main;

		if (block)
			strbuf_addf(&buf, "\n%s {\n", section->name);
		for (size_t i = 0; i < section->count; i++) {
			const struct config_option *one =
			    &list[section->first + i];

			strbuf_addf(&buf, "%s%s%s = %.*s\n", block ? "\t" : "",
			    one->derived ? "# " : "",
			    options[section->first + i].name,
			    SLICE_ARGS(one->value));
		}
		if (block)
			strbuf_add_cstr(&buf, "}\n");
	}
	return strbuf_slice(&buf);
}
