/* SPDX-License-Identifier: BSD-2-Clause */
/* The configuration as a file, with what is to be known in its comments. */
#include <string.h>

#include "import_priv.h"

/* What a source holds more of is counted: a configuration has a bound. */
enum { WIDTH = 78, SHOWN_BYTES = 120, MAX_REMARKS = 200, MAX_OTHERS = 2000 };

/* Words of a comment, in lines of some width. */
static void
add_comment(struct strbuf *buf, const char *indent, const char *first,
    struct slice text)
{
	size_t margin = strlen(indent) * 8 + strlen(first) + 2;
	size_t column = margin;
	struct slice word;

	strbuf_addf(buf, "%s# %s", indent, first);
	while (slice_next_item(&text, " \n", &word)) {
		if (column > margin && column + 1 + word.len > WIDTH) {
			strbuf_addf(
			    buf, "\n%s# %*s", indent, (int)strlen(first), "");
			column = margin;
		} else if (column > margin) {
			strbuf_add_char(buf, ' ');
			column++;
		}
		strbuf_add(buf, word);
		column += word.len;
	}
	strbuf_add_char(buf, '\n');
}

static void
add_option(struct strbuf *buf, const struct import_option *option)
{
	const char *indent = option->section[0] == '\0' ? "" : "\t";
	struct slice rest = strbuf_slice(&option->why), line;

	while (slice_next_item(&rest, "\n", &line))
		add_comment(buf, indent, "", line);
	strbuf_addf(buf, "%s%s = %.*s\n", indent, option->name,
	    SLICE_ARGS(option->value));
}

static void
add_section(const struct import *im, struct strbuf *buf, const char *section)
{
	bool any = false;

	for (size_t i = 0; i < im->options.count; i++) {
		const struct import_option *option = &im->options.items[i];

		if (strcmp(option->section, section) != 0)
			continue;
		if (!any && section[0] != '\0')
			strbuf_addf(buf, "\n%s {\n", section);
		else if (!any)
			strbuf_add_char(buf, '\n');
		any = true;
		add_option(buf, option);
	}
	if (any && section[0] != '\0')
		strbuf_add_cstr(buf, "}\n");
}

static void
add_remark(
    struct import *im, struct strbuf *buf, const struct import_remark *remark)
{
	add_comment(buf, "", "* ",
	    remark->place.path.len == 0 ?
		remark->text :
		slice_format(im->mem, "%s: %.*s", import_at(im, &remark->place),
		    SLICE_ARGS(remark->text)));
}

static void
add_remarks(struct import *im, struct strbuf *buf, enum import_remark_kind kind,
    const char *title)
{
	size_t count = 0;

	for (size_t i = 0; i < im->remarks.count; i++) {
		if (im->remarks.items[i].kind != kind)
			continue;
		if (count++ == 0)
			strbuf_addf(buf, "\n# %s\n#\n", title);
		if (count <= MAX_REMARKS)
			add_remark(im, buf, &im->remarks.items[i]);
	}
	if (count > MAX_REMARKS)
		strbuf_addf(
		    buf, "# * and %zu more like these\n", count - MAX_REMARKS);
}

static bool
same_file(const struct import_other *a, const struct import_other *b)
{
	return slice_eq(a->place.path, b->place.path);
}

/* "FILE: 1 biff, 2-7, 9 myhostname". */
static void
add_others_of(struct import *im, struct strbuf *buf, size_t first)
{
	const struct import_other *others = im->others.items;
	struct strbuf text;
	const char *comma = " ";
	size_t shown = 0;

	strbuf_init(&text, im->mem);
	strbuf_addf(&text, "%s, line",
	    escape(im->mem, others[first].place.path, SHOWN_BYTES));
	for (size_t i = first; i < im->others.count; i++) {
		size_t end = i;

		if (!same_file(&others[first], &others[i]))
			continue;
		if (shown++ == MAX_OTHERS) {
			strbuf_add_cstr(&text, ", and further ones");
			break;
		}
		while (others[i].name.len == 0 && end + 1 < im->others.count &&
		    same_file(&others[i], &others[end + 1]) &&
		    others[end + 1].name.len == 0 &&
		    others[end + 1].place.line <= others[end].place.line + 1)
			end++;
		strbuf_addf(&text, "%s%u", comma, others[i].place.line);
		if (others[end].place.line != others[i].place.line)
			strbuf_addf(&text, "-%u", others[end].place.line);
		if (others[i].name.len > 0)
			strbuf_addf(&text, " %.*s", SLICE_ARGS(others[i].name));
		comma = ", ";
		i = end;
	}
	add_comment(buf, "", "* ", strbuf_slice(&text));
}

static void
add_others(struct import *im, struct strbuf *buf)
{
	if (im->others.count == 0)
		return;
	strbuf_add_cstr(buf,
	    "\n# Lines that have nothing to do with a milter of submission\n"
	    "#\n");
	for (size_t i = 0; i < im->others.count; i++) {
		bool is_first = true;

		for (size_t j = i; j > 0 && is_first; j--)
			is_first = !same_file(
			    &im->others.items[j - 1], &im->others.items[i]);
		if (is_first)
			add_others_of(im, buf, i);
	}
}

/* They are pasted, so no line is broken. */
static void
add_commands(struct strbuf *buf, const struct slice *commands, size_t count,
    const char *title)
{
	if (count > 0)
		strbuf_addf(buf, "#\n# %s\n#\n", title);
	for (size_t i = 0; i < count; i++)
		strbuf_addf(buf, "#     %.*s\n", SLICE_ARGS(commands[i]));
}

struct slice
import_write(struct import *im)
{
	static const char *const sections[] = { "", "identify", "rights",
		"sign", "dns" };
	struct strbuf buf;

	strbuf_init(&buf, im->mem);
	strbuf_add_cstr(&buf, "# Written by \"submilter import\" from\n");
	for (size_t i = 0; i < im->source_count; i++)
		strbuf_addf(&buf, "#     %s\n",
		    escape(
			im->mem, slice_of(im->sources[i].path), SHOWN_BYTES));
	strbuf_add_cstr(&buf,
	    "# which were only read. docs/migrating.md has the way over, and "
	    "back.\n");
	add_commands(&buf, im->commands.items, im->commands.count,
	    "The way over, as root:");
	add_commands(&buf, im->way_back.items, im->way_back.count,
	    "The way back, as root:");
	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++)
		add_section(im, &buf, sections[i]);
	add_remarks(im, &buf, IMPORT_DIFFERS, "What is different");
	add_remarks(im, &buf, IMPORT_UNKNOWN,
	    "What was not understood, or not taken over");
	add_remarks(im, &buf, IMPORT_NEEDLESS,
	    "What was understood, and needs nothing here");
	add_others(im, &buf);
	return strbuf_slice(&buf);
}
