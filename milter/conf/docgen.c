/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writes what is made from options.def, for "make docs" and its test:
 *
 *	docgen manual TEMPLATE	submilter.conf(5), in mdoc
 *	docgen example TEMPLATE	the example file
 *	docgen names		every option's name, "name" and "block.name"
 *
 * A template's line "@OPTIONS@" is where the options go, and "@FILE NAME@"
 * where a file goes that stands beside the template. A fault in options.def
 * (a name that does not exist, an empty default without words of its own) ends
 * with exit code 1.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/metrics.h"
#include "options_priv.h"

enum { LINE_COLUMNS = 76, MAX_FILE_BYTES = 1 << 20 };

_Noreturn static void
docgen_fail(const char *what, const char *where)
{
	fprintf(stderr, "docgen: %s: %s\n", what, where);
	exit(1);
}

/*
 * A word of a text: plain, or with one marked part that may hold blanks, and
 * punctuation around that.
 */
struct word {
	char mark;	     /* '*', '`', or 0 */
	struct slice before; /* all of a plain word */
	struct slice marked;
	struct slice after;
};

static bool
docgen_next_word(struct slice *rest, struct word *ret_word)
{
	struct slice s = slice_trim(*rest);
	size_t end = 0, star = slice_find(s, '*'), tick = slice_find(s, '`');
	size_t mark = star < tick ? star : tick;

	if (s.len == 0)
		return false;
	end = slice_find(s, ' ');
	*ret_word = (struct word){ .before = slice_sub(s, 0, end) };
	if (mark < end) {
		struct slice marked = slice_from(s, mark + 1);
		size_t close = slice_find(marked, s.data[mark]);
		size_t option = 0;

		if (close == marked.len)
			docgen_fail("a mark is not closed", s.data);
		ret_word->mark = s.data[mark];
		ret_word->before = slice_sub(s, 0, mark);
		ret_word->marked = slice_sub(marked, 0, close);
		ret_word->after = slice_from(marked, close + 1);
		ret_word->after.len = slice_find(ret_word->after, ' ');
		end = mark + 1 + close + 1 + ret_word->after.len;
		/* The name is in full, or of an option outside of blocks. */
		while (ret_word->mark == '*' &&
		    !slice_eq(ret_word->marked,
			slice_of(option_name(&options[option])))) {
			if (++option == OPTION_COUNT)
				docgen_fail("no such option", s.data);
		}
	}
	*rest = slice_from(s, end);
	return true;
}

/* Text that is filled to lines with a prefix. */
struct filler {
	const char *prefix;
	size_t column;
};

static void
docgen_fill(struct filler *f, struct slice text)
{
	if (f->column > 0 && f->column + 1 + text.len > LINE_COLUMNS) {
		putchar('\n');
		f->column = 0;
	}
	if (f->column == 0)
		f->column = (size_t)printf("%s", f->prefix);
	else
		f->column += (size_t)printf(" ");
	fwrite(text.data, 1, text.len, stdout);
	f->column += text.len;
}

static void
fill_end(struct filler *f)
{
	if (f->column > 0)
		putchar('\n');
	f->column = 0;
}

/* --- the manual page, in mdoc(7) --- */

/* Each octet of punctuation is an argument of its own. */
static void
put_punctuation(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		printf(" %c", text.data[i]);
}

static void
put_macro(const char *macro, const struct word *word, struct slice argument)
{
	printf(".%s", macro);
	put_punctuation(word->before);
	fputs(slice_has(argument, ' ') ? " \"" : " ", stdout);
	/* mdoc(7) sets one delimiter beside the quotes, not inside. */
	if (argument.len == 1 &&
	    slice_has(SLICE("([|,:;)]?!"), argument.data[0]))
		fputs("\\&", stdout);
	for (size_t i = 0; i < argument.len; i++) {
		char c = argument.data[i];

		if (c == '\\')
			fputs("\\e", stdout);
		else if (c == '"')
			fputs("\\(dq", stdout);
		else if (i == 0 && (c == '.' || c == '\''))
			printf("\\&%c", c);
		else
			putchar(c);
	}
	if (slice_has(argument, ' '))
		putchar('"');
	put_punctuation(word->after);
	putchar('\n');
}

static void
manual_text(const char *sentences)
{
	struct filler f = { .prefix = "" };
	struct slice rest = slice_of(sentences);
	struct word word;

	while (docgen_next_word(&rest, &word)) {
		struct slice text = word.before;
		size_t open = slice_find(text, '(');

		if (word.mark != 0) {
			fill_end(&f);
			put_macro(
			    word.mark == '*' ? "Ic" : "Ql", &word, word.marked);
		} else if (open > 0 && open + 3 <= text.len &&
		    char_is_digit(text.data[open + 1]) &&
		    text.data[open + 2] == ')') {
			/* "name(5)", and punctuation behind it. */
			fill_end(&f);
			printf(".Xr %.*s %c", (int)open, text.data,
			    text.data[open + 1]);
			put_punctuation(slice_from(text, open + 3));
			putchar('\n');
		} else {
			docgen_fill(&f, text);
			if (text.data[text.len - 1] == '.')
				fill_end(&f);
		}
	}
	fill_end(&f);
}

/* The value of a list default: "{a, b}" in filled lines. */
static void
fill_list(struct filler *f, const char *items, const char *end)
{
	struct slice rest = slice_of(items);
	struct slice item, next;
	bool more = slice_next_item(&rest, " ", &next);
	struct arena mem;

	arena_init(&mem);
	for (bool first = true; more; first = false) {
		item = next;
		more = slice_next_item(&rest, " ", &next);
		docgen_fill(f,
		    slice_format(&mem, "%s%.*s%s", first ? "{" : "",
			SLICE_ARGS(item), more ? "," : end));
	}
	arena_done(&mem);
}

/* "From 1 to 9.", and the unit of a time. */
static const char *
range_of(const struct option *option, struct arena *mem)
{
	char unit = option->unit;

	if (unit == 0)
		return slice_format(
		    mem, "From %lu to %lu.", option->min, option->max)
		    .data;
	return slice_format(mem,
	    "From %lu%c to %lu%c; a number alone is in %s.", option->min, unit,
	    option->max, unit,
	    unit == 's'	    ? "seconds" :
		unit == 'h' ? "hours" :
			      "days")
	    .data;
}

/* The default as a value is written; of a time with its unit. */
static struct slice
initial_of(const struct option *option, struct arena *mem)
{
	if (option->unit == 0)
		return slice_of(option->initial);
	return slice_format(mem, "%s%c", option->initial, option->unit);
}

static void
manual_default(const struct option *option)
{
	struct filler f = { .prefix = "" };
	struct word stop = { .after = SLICE(".") };
	struct arena mem;

	if (option->initial[0] == '\0') {
		if (strstr(option->text, "Default:") == NULL)
			docgen_fail("no words for the empty default",
			    option_name(option));
		return;
	}
	puts("Default:");
	if (option_is_list(option)) {
		fill_list(&f, option->initial, "}.");
		fill_end(&f);
	} else {
		arena_init(&mem);
		put_macro("Ql", &stop, initial_of(option, &mem));
		arena_done(&mem);
	}
}

static void
manual_choices(const char *choices)
{
	struct slice rest = slice_of(choices);
	struct slice word;

	for (bool first = true; slice_next_item(&rest, "|", &word);
	     first = false)
		printf("%s Cm %.*s", first ? "" : " No \\&|", SLICE_ARGS(word));
	putchar('\n');
}

static void
manual_option(const struct option *option)
{
	struct word stop = { .after = SLICE(".") };
	struct arena mem;

	arena_init(&mem);
	printf(".It Ic %s No =", option->name);
	switch (option->kind) {
	case OPTION_TEXT:
	case OPTION_TABLE:
		printf(" Ar %s\n", option->hint);
		break;
	case OPTION_LIST:
	case OPTION_RATES:
	case OPTION_TABLES:
		printf(" Ar \"%s\"\n", option->hint);
		break;
	case OPTION_BOOL:
		manual_choices("yes|no");
		break;
	case OPTION_NUMBER:
		puts(option->unit != 0 ? " Ar TIME" : " Ar NUMBER");
		break;
	case OPTION_CHOICE:
		manual_choices(option->choices);
		break;
	}
	manual_text(option->text);
	if (option->kind == OPTION_NUMBER)
		puts(range_of(option, &mem));
	arena_done(&mem);
	manual_default(option);
	if (option->restart)
		puts("A change takes a restart.");
	for (const struct former_name *f = former_names; f->path != NULL; f++) {
		if (&options[f->option] != option)
			continue;
		puts("Its former name is");
		put_macro("Ql", &stop, slice_of(f->path));
	}
}

static void
manual_options(void)
{
	for (size_t s = 0; s < SECTION_COUNT; s++) {
		const struct option_section *section = &option_sections[s];

		if (s == SECTION_main)
			puts(".Ss Outside of blocks");
		else
			printf(".Ss %s { ... }\n", section->name);
		manual_text(section->text);
		puts(".Bl -tag -width Ds");
		for (size_t i = 0; i < section->count; i++)
			manual_option(&options[section->first + i]);
		puts(".El");
	}
}

/* A file in a literal display: only roff's own octets need an escape. */
static void
manual_line(struct slice line)
{
	if (line.len > 0 && (line.data[0] == '.' || line.data[0] == '\''))
		fputs("\\&", stdout);
	for (size_t i = 0; i < line.len; i++) {
		if (line.data[i] == '\\')
			fputs("\\e", stdout);
		else
			putchar(line.data[i]);
	}
	putchar('\n');
}

/* Each metric: its name as Prometheus has it, its kind, labels and meaning. */
static void
manual_metrics(void)
{
	static const char *const suffixes[] = { "_total", "", "", "_info" };
	static const char *const kinds[] = { "counter", "gauge", "histogram",
		"info" };

	puts(".Bl -tag -width Ds");
	for (int i = 0; i < METRICS; i++) {
		const struct metric_form *form = metric_form((enum metric)i);

		printf(
		    ".It Li submilter_%s%s", form->name, suffixes[form->kind]);
		if (form->labels[0] != '\0')
			printf(" Pq Ar %s ,", form->labels);
		else
			fputs(" Pq", stdout);
		printf(" No %s\n", kinds[form->kind]);
		manual_text(form->text);
	}
	puts(".El");
}

/* --- the example file --- */

static void
example_text(struct filler *f, const char *text)
{
	struct slice rest = slice_of(text);
	struct word word;
	struct arena mem;

	arena_init(&mem);
	while (docgen_next_word(&rest, &word)) {
		const char *quote = word.mark != 0 ? "\"" : "";

		docgen_fill(f,
		    slice_format(&mem, "%.*s%s%.*s%s%.*s",
			SLICE_ARGS(word.before), quote, SLICE_ARGS(word.marked),
			quote, SLICE_ARGS(word.after)));
	}
	arena_done(&mem);
}

/*
 * "# words" is text; "#name = value", and a line that goes on with "#" and a
 * tab, is an option to be put into force by taking the "#" away.
 */
static void
example_option(const struct option *option, bool in_block)
{
	struct filler f = { .prefix = in_block ? "\t# " : "# " };
	struct strbuf text;
	struct arena mem;

	arena_init(&mem);
	strbuf_init(&text, &mem);
	strbuf_add_cstr(&text, option->text);
	if (option->kind == OPTION_CHOICE)
		strbuf_addf(&text, " (%s)", option->choices);
	if (option->kind == OPTION_NUMBER)
		strbuf_addf(&text, " %s", range_of(option, &mem));
	if (option->restart)
		strbuf_add_cstr(&text, " A change takes a restart.");
	putchar('\n');
	example_text(&f, text.data);
	fill_end(&f);
	f.prefix = in_block ? "\t#\t" : "#\t";
	f.column =
	    (size_t)printf("%s#%s =", in_block ? "\t" : "", option->name);
	if (option->kind == OPTION_TEXT || option->kind == OPTION_TABLE)
		printf(" \"%s\"", option->initial);
	else if (option_is_list(option) && option->initial[0] == '\0')
		printf(" {}");
	else if (option_is_list(option))
		fill_list(&f, option->initial, "}");
	else
		printf(" %s", initial_of(option, &mem).data);
	fill_end(&f);
	arena_done(&mem);
}

static void
example_options(void)
{
	for (size_t s = 0; s < SECTION_COUNT; s++) {
		const struct option_section *section = &option_sections[s];
		struct filler f = { .prefix = "# " };
		bool in_block = s != SECTION_main;

		if (in_block) {
			putchar('\n');
			example_text(&f, section->text);
			fill_end(&f);
			printf("%s {\n", section->name);
		}
		for (size_t i = 0; i < section->count; i++)
			example_option(&options[section->first + i], in_block);
		if (in_block)
			puts("}");
	}
}

/* --- templates --- */

static struct slice
docgen_read_file(struct arena *mem, const char *path)
{
	char *data = arena_alloc(mem, MAX_FILE_BYTES);
	FILE *file = fopen(path, "rb");
	size_t len;

	if (file == NULL)
		docgen_fail("cannot open", path);
	len = fread(data, 1, MAX_FILE_BYTES, file);
	if (ferror(file) || len == MAX_FILE_BYTES)
		docgen_fail("cannot read", path);
	(void)fclose(file);
	return (struct slice){ data, len };
}

/* Cuts the next line off, without its LF. */
static struct slice
docgen_next_line(struct slice *rest)
{
	size_t end = slice_find(*rest, '\n');
	struct slice line = slice_sub(*rest, 0, end);

	*rest = slice_from(*rest, end + 1);
	return line;
}

static void
put_template(struct arena *mem, const char *path, bool manual)
{
	static const char file_mark[] = "@FILE ";
	struct slice rest = docgen_read_file(mem, path);
	struct slice directory = slice_of(path);

	directory.len = slice_find_last(directory, '/');
	if (directory.len == strlen(path))
		directory = SLICE(".");
	while (rest.len > 0) {
		struct slice line = docgen_next_line(&rest);
		struct slice name, text;

		if (slice_eq(line, SLICE("@OPTIONS@"))) {
			if (manual)
				manual_options();
			else
				example_options();
			continue;
		}
		if (slice_eq(line, SLICE("@METRICS@"))) {
			manual_metrics();
			continue;
		}
		if (!slice_starts(line, slice_of(file_mark))) {
			printf("%.*s\n", (int)line.len, line.data);
			continue;
		}
		name = slice_from(line, strlen(file_mark));
		name.len = slice_find(name, '@');
		text = docgen_read_file(mem,
		    slice_format(mem, "%.*s/%.*s", SLICE_ARGS(directory),
			SLICE_ARGS(name))
			.data);
		while (text.len > 0)
			manual_line(docgen_next_line(&text));
	}
}

int
main(int argc, char **argv)
{
	struct arena mem;

	arena_init(&mem);
	if (argc == 2 && strcmp(argv[1], "names") == 0) {
		for (size_t i = 0; i < OPTION_COUNT; i++) {
			const char *name = option_name(&options[i]);

			puts(options[i].name);
			if (strcmp(options[i].name, name) != 0)
				puts(name);
		}
	} else if (argc == 3 && strcmp(argv[1], "manual") == 0) {
		put_template(&mem, argv[2], true);
	} else if (argc == 3 && strcmp(argv[1], "example") == 0) {
		put_template(&mem, argv[2], false);
	} else {
		fputs("usage: docgen manual TEMPLATE | example TEMPLATE | "
		      "names\n",
		    stderr);
		return 2;
	}
	arena_done(&mem);
	if (fflush(stdout) != 0 || ferror(stdout))
		docgen_fail("cannot write", "standard output");
	return 0;
}
