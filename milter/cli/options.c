/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/suggest.h"

enum { MAX_OPTIONS = 32 };

/* The option that a word like "--jsno=x" may have been meant to be, or NULL. */
static const char *
near_option(const char *word, const struct option *options)
{
	struct slice name = slice_from(slice_of(word), 2);
	const char *names[MAX_OPTIONS];
	size_t count = 0;

	while (count < MAX_OPTIONS && options[count].name != NULL) {
		names[count] = options[count].name;
		count++;
	}
	return suggest(slice_sub(name, 0, slice_find(name, '=')), names, count);
}

int
option_next(int argc, char **argv, const char *letters,
    const struct option *options)
{
	const char *word, *near;
	int got;

	opterr = 0;
	got = getopt_long(argc, argv, letters, options, NULL);
	if (got != '?' && got != ':')
		return got;
	word = argv[optind - 1];
	if (got == ':') {
		fprintf(stderr, "submilter %s: %s wants a value\n", argv[0],
		    word);
	} else if (strncmp(word, "--", 2) != 0) {
		fprintf(stderr, "submilter %s: there is no option -%c\n",
		    argv[0], optopt);
	} else if (optopt != 0) {
		fprintf(stderr, "submilter %s: %s: this option has no value\n",
		    argv[0], word);
	} else {
		near = near_option(word, options);
		fprintf(stderr, "submilter %s: there is no option %s%s%s%s\n",
		    argv[0], word, near == NULL ? "" : ": did you mean --",
		    near == NULL ? "" : near, near == NULL ? "" : "?");
	}
	return '?';
}

void
print_config_fault(void *arg, const char *file, unsigned int line,
    const char *text)
{
	(void)arg;
	if (line == 0)
		fprintf(stderr, "%s: %s\n", file, text);
	else
		fprintf(stderr, "%s:%u: %s\n", file, line, text);
}
