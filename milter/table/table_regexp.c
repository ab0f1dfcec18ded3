/* SPDX-License-Identifier: BSD-2-Clause */
#include <regex.h>
#include <stdlib.h>

#include "patterns_priv.h"

static int
regexp_compile(const char *pattern, struct slice flags, void **ret_code,
    size_t *ret_groups, struct err *err)
{
	/* As in Postfix: extended, letter case ignored unless "i" is given. */
	int options = REG_EXTENDED | REG_ICASE;
	regex_t *code;
	int number;

	for (size_t i = 0; i < flags.len; i++) {
		if (flags.data[i] == 'i')
			options ^= REG_ICASE;
		else if (flags.data[i] == 'm')
			options ^= REG_NEWLINE;
		else if (flags.data[i] == 'x')
			options ^= REG_EXTENDED;
		else
			return err_set(err, ERR_CONFIG,
			    "there is no flag '%c'", flags.data[i]);
	}
	code = calloc(1, sizeof(*code));
	ENSURE(code != NULL);
	number = regcomp(code, pattern, options);
	if (number != 0) {
		char text[200];

		(void)regerror(number, code, text, sizeof(text));
		free(code);
		return err_set(err, ERR_CONFIG, "%s", text);
	}
	if (code->re_nsub >= MAX_GROUPS) {
		regfree(code);
		free(code);
		return err_set(err, ERR_CONFIG, "more than %d groups",
		    MAX_GROUPS - 1);
	}
	*ret_code = code;
	*ret_groups = code->re_nsub;
	return 0;
}

static enum match
regexp_match(const void *code, const char *key, size_t key_len,
    struct group *groups, struct err *err)
{
	regmatch_t matches[MAX_GROUPS];
	int number = regexec(code, key, MAX_GROUPS, matches, 0);

	(void)key_len;
	if (number == REG_NOMATCH)
		return MATCH_NO;
	if (number != 0) {
		char text[200];

		(void)regerror(number, code, text, sizeof(text));
		err_set(err, ERR_TEMP, "%s", text);
		return MATCH_FAILED;
	}
	for (size_t i = 0; i < MAX_GROUPS; i++)
		groups[i] = matches[i].rm_so < 0 ? (struct group){ 1, 0 }
		    : (struct group){ (size_t)matches[i].rm_so,
			(size_t)matches[i].rm_eo };
	return MATCH_YES;
}

static void
regexp_free(void *code)
{
	if (code == NULL)
		return;
	regfree(code);
	free(code);
}

static const struct pattern_ops ops = { regexp_compile, regexp_match,
	regexp_free };

static int
regexp_open(struct slice name, struct arena *mem, void **ret_handle,
    size_t *ret_rows, struct err *err)
{
	struct patterns *patterns = NULL;
	int status = patterns_open(&ops, name, mem, &patterns, ret_rows, err);

	*ret_handle = patterns;
	return status;
}

static enum table_answer
regexp_lookup(const void *handle, struct slice key, struct arena *mem,
    struct slice *ret_value, struct err *err)
{
	return patterns_lookup(handle, key, mem, ret_value, err);
}

static void
regexp_close(void *handle)
{
	patterns_close(handle);
}

const struct table_ops table_regexp = {
	.type = { "regexp", 6 },
	.caps = TABLE_CAP_PATTERNS,
	.open = regexp_open,
	.lookup = regexp_lookup,
	.close = regexp_close,
};
