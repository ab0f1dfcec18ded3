/* SPDX-License-Identifier: BSD-2-Clause */
/* The example files are read without a fault and say what is true. */
#include "reports.h"

#include <stdio.h>
#include <stdlib.h>

enum { MAX_BYTES = 65536 };

static struct slice
read_source(struct arena *mem, const char *path)
{
	const char *top = getenv("top_srcdir");
	struct slice full =
	    slice_format(mem, "%s/%s", top == NULL ? "." : top, path);
	char *data = arena_alloc(mem, MAX_BYTES);
	FILE *file = fopen(full.data, "rb");
	size_t len;

	if (file == NULL)
		fail_msg("%s cannot be opened", full.data);
	len = fread(data, 1, MAX_BYTES, file);
	assert_int_equal(fclose(file), 0);
	assert_true(len > 0 && len < MAX_BYTES);
	return (struct slice){ data, len };
}

static struct config *
read_sound(struct arena *mem, const char *name, struct slice text)
{
	struct config *config = NULL;
	struct strbuf faults;
	struct err err;

	strbuf_init(&faults, mem);
	if (config_read_text(name, text, gather, &faults, &config, &err) != 0)
		fail_msg("%s", faults.data);
	return config;
}

/* Takes the "#" away that stands directly before something. */
static struct slice
uncomment(struct arena *mem, struct slice text, size_t *ret_options)
{
	struct slice line;
	struct strbuf out;

	strbuf_init(&out, mem);
	*ret_options = 0;
	while (slice_next_item(&text, "\n", &line)) {
		struct slice rest = slice_trim(line);

		if (rest.len > 1 && rest.data[0] == '#' &&
		    rest.data[1] != ' ') {
			strbuf_add(&out, slice_from(rest, 1));
			*ret_options += rest.data[1] != '\t';
		} else {
			strbuf_add(&out, line);
		}
		strbuf_add_char(&out, '\n');
	}
	return strbuf_slice(&out);
}

static void
the_example_shows_every_default(void **state)
{
	const char *path = "packaging/submilter.conf.example";
	struct config *plain, *shown, *none;
	struct slice text, printed, line;
	size_t options, assignments = 0;
	struct arena mem;

	(void)state;
	arena_init(&mem);
	text = read_source(&mem, path);
	plain = read_sound(&mem, path, text);
	shown = read_sound(&mem, path, uncomment(&mem, text, &options));
	none = read_sound(&mem, "nothing", SLICE(""));
	printed = config_print(&mem, none);
	check_slice("as it stands", config_print(&mem, plain),
	    slice_cstr(&mem, printed));
	check_slice("uncommented", config_print(&mem, shown),
	    slice_cstr(&mem, printed));
	while (slice_next_item(&printed, "\n", &line))
		assignments += slice_has(line, '=');
	assert_int_equal(options, assignments);
	config_free(plain);
	config_free(shown);
	config_free(none);
	arena_done(&mem);
}

static void
examples_of_the_manual_are_sound(void **state)
{
	static const char *const names[] = { "minimal", "postfix", "hosting",
		"monitor" };
	struct arena mem;

	(void)state;
	arena_init(&mem);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct slice path =
		    slice_format(&mem, "docs/examples/%s.conf", names[i]);
		struct slice text = read_source(&mem, path.data);
		size_t include = 0;

		/* What it includes is not here. */
		while (include < text.len &&
		    !slice_starts(
			slice_from(text, include), SLICE("\ninclude ")))
			include++;
		text.len = include;
		config_free(read_sound(&mem, path.data, text));
	}
	arena_done(&mem);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_example_shows_every_default),
		cmocka_unit_test(examples_of_the_manual_are_sound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
