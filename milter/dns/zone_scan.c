/* SPDX-License-Identifier: BSD-2-Clause */
#include "zone_priv.h"

static void
add_token(struct zone_scanner *scanner, struct slice text, bool quoted)
{
	void *tokens = scanner->tokens;

	arena_reserve_one(scanner->mem, &tokens, &scanner->cap, scanner->count,
	    sizeof(*scanner->tokens));
	scanner->tokens = tokens;
	if (scanner->count == 0)
		scanner->entry_line = scanner->line;
	scanner->tokens[scanner->count++] = (struct zone_token){ text, quoted };
}

static bool
ends_word(char c)
{
	return char_is_wsp(c) || c == '\r' || c == '\n' || c == ';' ||
	    c == '(' || c == ')' || c == '"';
}

/* Octets of a word, or of a string behind its opening quote. */
static size_t
text_length(struct slice rest, bool quoted)
{
	size_t len = 0;

	while (len < rest.len && (quoted ? rest.data[len] != '"' &&
	    rest.data[len] != '\n' : !ends_word(rest.data[len]))) {
		/* What is escaped ends nothing; a line cannot be escaped. */
		if (rest.data[len] == '\\' && len + 1 < rest.len &&
		    rest.data[len + 1] != '\n')
			len++;
		len++;
	}
	return len;
}

static int
scan_text(struct zone_scanner *scanner, struct err *err)
{
	bool quoted = scanner->rest.data[0] == '"';
	struct slice rest = slice_from(scanner->rest, quoted);
	size_t len = text_length(rest, quoted);
	struct slice text = { rest.data, len };

	for (size_t i = 0; i < len; i++) {
		if (char_is_control(text.data[i]) && text.data[i] != '\t')
			return err_set(err, ERR_CONFIG, "a control character");
	}
	rest = slice_from(rest, len);
	if (quoted && (rest.len == 0 || rest.data[0] != '"'))
		return err_set(err, ERR_CONFIG, "a string without its end");
	rest = slice_from(rest, quoted);
	if (rest.len > 0 && (rest.data[0] == '"' || !ends_word(rest.data[0])))
		return err_set(err, ERR_CONFIG,
		    "a quotation mark within a word");
	add_token(scanner, text, quoted);
	scanner->rest = rest;
	return 0;
}

static void
skip_comment(struct zone_scanner *scanner)
{
	scanner->rest = slice_from(scanner->rest,
	    slice_find(scanner->rest, '\n'));
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
			skip_comment(scanner);
			continue;
		}
		if (!ends_word(c) || c == '"') {
			if (scan_text(scanner, err) != 0)
				return -1;
			continue;
		}
		if (c == ')' && depth == 0)
			return err_set(err, ERR_CONFIG,
			    "\")\" without its \"(\"");
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
