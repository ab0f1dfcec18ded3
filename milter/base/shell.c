/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands for a shell, which messages propose. */
#include "base/shell.h"

#include <string.h>

const char *
shell_quoted(struct arena *mem, const char *text)
{
	static const char plain[] =
	    "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789%+,-./:=@_";
	struct strbuf out;

	if (text[0] != '\0' && text[strspn(text, plain)] == '\0')
		return text;
	strbuf_init(&out, mem);
	strbuf_add_char(&out, '\'');
	for (; *text != '\0'; text++) {
		if (*text == '\'')
			strbuf_add_cstr(&out, "'\\''");
		else
			strbuf_add_char(&out, *text);
	}
	strbuf_add_char(&out, '\'');
	return slice_cstr(mem, strbuf_slice(&out));
}

const char *
shell_command(struct arena *mem, const char *command, const char *word)
{
	return slice_format(mem, "%s %s", command, shell_quoted(mem, word))
	    .data;
}
