/* SPDX-License-Identifier: BSD-2-Clause */
/* A master file as entries of words and strings. */
#include "zone_priv.h"

static bool
ends_word(char c)
{
	return char_is_wsp(c) || c == '\r' || c == '\n' || c == ';' ||
	    c == '(' || c == ')' || c == '"';
}

/* A word, or a string behind its opening quote. */
static int
scan_text(struct zone_scanner *scanner, struct err *err)
{
	bool quoted = scanner->rest.data[0] == '"';
	struct slice rest = slice_from(scanner->rest, quoted);
	void *tokens = scanner->tokens;
	struct slice text;
	size_t len = 0;

	while (len < rest.len &&
	    (quoted ? rest.data[len] != '"' && rest.data[len] != '\n' :
		      !ends_word(rest.data[len]))) {
		/* An escaped octet ends nothing; a line end cannot be escaped. */
		if (rest.data[len] == '\\' && len + 1 < rest.len &&
		    rest.data[len + 1] != '\n')
			len++;
		len++;
	}
	text = slice_sub(rest, 0, len);
	for (size_t i = 0; i < text.len; i++) {
		if (char_is_control(text.data[i]) && text.data[i] != '\t')
			return err_set(err, ERR_CONFIG, "a control character");
	}
	rest = slice_from(rest, len);
	if (quoted && (rest.len == 0 || rest.data[0] != '"'))
		return err_set(err, ERR_CONFIG, "a string without its end");
	rest = slice_from(rest, quoted);
	if (rest.len > 0 && (rest.data[0] == '"' || !ends_word(rest.data[0])))
		return err_set(
		    err, ERR_CONFIG, "a quotation mark within a word");
	scanner->rest = rest;
	arena_reserve_one(scanner->mem, &tokens, &scanner->cap, scanner->count,
	    sizeof(*scanner->tokens));
	scanner->tokens = tokens;
	if (scanner->count == 0)
		scanner->entry_line = scanner->line;
	scanner->tokens[scanner->count++] = (struct zone_token){ text, quoted };
	return 0;
}

int
zone_scan(struct zone_scanner *scanner, struct err *err)
{
	size_t depth = 0;
	bool at_start = true;

	scanner->count = 0;
	while (scanner->rest.len > 0) {
		char c = scanner->rest.data[0];

		if (at_start)
			scanner->no_owner = char_is_wsp(c);
		at_start = false;
		if (c == ';') {
			/* A comment, up to the end of the line. */
			scanner->rest = slice_from(
			    scanner->rest, slice_find(scanner->rest, '\n'));
			continue;
		}
		if (!ends_word(c) || c == '"') {
			if (scan_text(scanner, err) != 0)
				return -1;
			continue;
		}
		if (c == ')' && depth == 0)
			return err_set(
			    err, ERR_CONFIG, "\")\" without its \"(\"");
		if (c == '(')
			depth++;
		else if (c == ')')
			depth--;
		scanner->rest = slice_from(scanner->rest, 1);
		if (c != '\n')
			continue;
		scanner->line++;
		if (depth == 0 && scanner->count > 0)
			return 0;
		at_start = depth == 0;
	}
	if (depth > 0)
		return err_set(err, ERR_CONFIG, "\"(\" without its \")\"");
	return 0;
}
