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

/* U+0080 to U+009F, of which some terminals take U+009B for an escape. */
static bool
is_c1_control(struct slice text, size_t at)
{
	return (unsigned char)text.data[at] == 0xc2 && at + 1 < text.len &&
	    ((unsigned char)text.data[at + 1] & 0xe0) == 0x80;
}

struct slice
terminal_text(struct arena *mem, struct slice text)
{
	struct strbuf buf;

	strbuf_init(&buf, mem);
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.data[i];

		if (is_c1_control(text, i))
			strbuf_addf(&buf, "\\xc2\\x%02x",
			    (unsigned char)text.data[++i]);
		else if (char_is_control(text.data[i]) && c != '\n' &&
		    c != '\t')
			strbuf_addf(&buf, "\\x%02x", c);
		else
			strbuf_add_char(&buf, text.data[i]);
	}
	return strbuf_slice(&buf);
}

void
terminal_write(FILE *stream, struct slice text)
{
	CLEANUP(arena_done) struct arena mem;
	struct slice safe;

	arena_init(&mem);
	safe = terminal_text(&mem, text);
	(void)fwrite(safe.data, 1, safe.len, stream);
}
