/* SPDX-License-Identifier: BSD-2-Clause */
/* Colours on terminals, and text that is safe there. */
#include "base/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool
terminal_is_capable(int fd)
{
	const char *term = getenv("TERM");

	return isatty(fd) == 1 && term != NULL && term[0] != '\0' &&
	    strcmp(term, "dumb") != 0;
}

bool
terminal_has_colours(int fd)
{
	const char *none = getenv("NO_COLOR");

	return (none == NULL || none[0] == '\0') && terminal_is_capable(fd);
}

const char *
toned(bool colours, enum tone tone, const char *word, struct arena *mem)
{
	static const char *const begin[] = {
		[TONE_PLAIN] = "",
		[TONE_GOOD] = "\033[32m",
		[TONE_WARN] = "\033[33m",
		[TONE_BAD] = "\033[31m",
	};

	if (!colours || tone == TONE_PLAIN)
		return word;
	return slice_format(mem, "%s%s\033[0m", begin[tone], word).data;
}

void
terminal_write(FILE *stream, struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];

		if (char_is_control(c) && c != '\n' && c != '\t')
			fprintf(stream, "\\x%02x", (unsigned int)c);
		else
			fputc(c, stream);
	}
}
