/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_BASE_TERMINAL_H
#define SUBMILTER_BASE_TERMINAL_H

#include <stdbool.h>
#include <stdio.h>

#include "base/str.h"

/* What a word says, and with that its colour. */
enum tone {
	TONE_PLAIN,
	TONE_GOOD, /* green */
	TONE_WARN, /* yellow */
	TONE_BAD,  /* red */
};

/*
 * Whether a descriptor is a terminal that understands more than text: TERM is
 * set, and not to "dumb".
 */
bool terminal_is_capable(int fd);
/*
 * The same, and NO_COLOR is empty or not set (https://no-color.org). Asked anew
 * at each call.
 */
bool terminal_has_colours(int fd);

/*
 * The word as it is shown: with its colour, or as it stands. In memory of mem,
 * or the word itself.
 */
const char *toned(
    bool colours, enum tone tone, const char *word, struct arena *mem);

/*
 * A message in which names of files are as they are: what would move the
 * cursor, or worse, is \xNN. In memory of mem, and followed by a NUL.
 */
struct slice terminal_text(struct arena *mem, struct slice text);
/* Writes it. */
void terminal_write(FILE *stream, struct slice text);

#endif
