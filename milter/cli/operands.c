/* SPDX-License-Identifier: BSD-2-Clause */
/* Operands, also from standard input. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "check/check.h"
#include "cli/options.h"
#include "input_priv.h"
#include "operands_priv.h"

enum { MAX_INPUT_BYTES = 16 * 1024 * 1024 };

static void
add_operand(
    struct operands *operands, size_t *cap, const char *word, struct arena *mem)
{
	void *items = operands->items;

	arena_reserve_one(
	    mem, &items, cap, operands->count, sizeof(operands->items[0]));
	operands->items = items;
	operands->items[operands->count++] = word;
}

int
operands_read(
    char *const *argv, struct arena *mem, struct operands *ret_operands)
{
	struct operands operands = { .items = NULL };
	struct slice text, word;
	size_t cap = 0;

	for (; *argv != NULL; argv++) {
		if (strcmp(*argv, "-") != 0) {
			add_operand(&operands, &cap, *argv, mem);
			continue;
		}
		if (!input_claim("a list of operands"))
			return EXIT_USAGE;
		if (fd_read_all(STDIN_FILENO, mem, MAX_INPUT_BYTES, &text) !=
		    0) {
			command_say("standard input: %s", strerror(errno));
			return EXIT_USAGE;
		}
		if (slice_has(text, '\0')) {
			command_say("standard input: it is no text");
			return EXIT_USAGE;
		}
		while (slice_next_item(&text, " \t\r\n", &word))
			add_operand(
			    &operands, &cap, slice_cstr(mem, word), mem);
	}
	*ret_operands = operands;
	return EXIT_YES;
}
