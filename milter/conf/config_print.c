/* SPDX-License-Identifier: BSD-2-Clause */
/* The values of options as text: in the form of a file. */
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

			strbuf_addf(
			    &buf, "%s%s = ", block ? "\t" : "", option->name);
			print_value(&buf, config, option);
			strbuf_add_char(&buf, '\n');
		}
		if (block)
			strbuf_add_cstr(&buf, "}\n");
	}
	return strbuf_slice(&buf);
}
