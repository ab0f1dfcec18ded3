/* SPDX-License-Identifier: BSD-2-Clause */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "patterns_priv.h"

/*
 * A pattern that backtracks without end on a hostile key is stopped; the
 * answer is then unknown, not "no".
 */
enum { MATCH_LIMIT = 200000, DEPTH_LIMIT = 1000, HEAP_LIMIT_KIB = 4096 };

static int
read_flags(struct slice flags, uint32_t *ret_options, struct err *err)
{
	static const struct {
		char letter;
		uint32_t option;
	} known[] = {
		{ 'i', PCRE2_CASELESS },
		{ 'm', PCRE2_MULTILINE },
		{ 's', PCRE2_DOTALL },
		{ 'x', PCRE2_EXTENDED },
		{ 'A', PCRE2_ANCHORED },
		{ 'E', PCRE2_DOLLAR_ENDONLY },
		{ 'U', PCRE2_UNGREEDY },
	};
	/* As in Postfix: letter case is ignored, "i" turns that off. */
	uint32_t options = PCRE2_CASELESS | PCRE2_DOTALL;

	for (size_t i = 0; i < flags.len; i++) {
		size_t k = 0;

		while (k < sizeof(known) / sizeof(known[0]) &&
		    known[k].letter != flags.data[i])
			k++;
		if (k == sizeof(known) / sizeof(known[0]))
			return err_set(err, ERR_CONFIG,
			    "there is no flag '%c'", flags.data[i]);
		options ^= known[k].option;
	}
	*ret_options = options;
	return 0;
}

static int
pcre_compile(const char *pattern, struct slice flags, void **ret_code,
    size_t *ret_groups, struct err *err)
{
	pcre2_code *code;
	uint32_t options, groups;
	PCRE2_SIZE offset;
	int number;

	if (read_flags(flags, &options, err) != 0)
		return -1;
	code = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED,
	    options, &number, &offset, NULL);
	if (code == NULL) {
		PCRE2_UCHAR text[200];

		(void)pcre2_get_error_message(number, text, sizeof(text));
		return err_set(err, ERR_CONFIG, "at character %zu: %s",
		    (size_t)offset, (const char *)text);
	}
	if (pcre2_pattern_info(code, PCRE2_INFO_CAPTURECOUNT, &groups) != 0 ||
	    groups >= MAX_GROUPS) {
		pcre2_code_free(code);
		return err_set(err, ERR_CONFIG, "more than %d groups",
		    MAX_GROUPS - 1);
	}
	*ret_code = code;
	*ret_groups = groups;
	return 0;
}

static enum match
read_groups(const pcre2_match_data *data_in, int count, struct group *groups)
{
	/* The library's accessor takes no const. */
	pcre2_match_data *data = (pcre2_match_data *)(uintptr_t)data_in;
	const PCRE2_SIZE *offsets = pcre2_get_ovector_pointer(data);

	for (int i = 0; i < MAX_GROUPS; i++) {
		bool set = i < count && offsets[2 * i] != PCRE2_UNSET;

		groups[i] = set
		    ? (struct group){ offsets[2 * i], offsets[2 * i + 1] }
		    : (struct group){ 1, 0 };
	}
	return MATCH_YES;
}

static enum match
pcre_match(const void *code, const char *key, size_t key_len,
    struct group *groups, struct err *err)
{
	pcre2_match_data *data = pcre2_match_data_create(MAX_GROUPS, NULL);
	pcre2_match_context *context = pcre2_match_context_create(NULL);
	enum match match = MATCH_NO;
	int count;

	ENSURE(data != NULL && context != NULL);
	(void)pcre2_set_match_limit(context, MATCH_LIMIT);
	(void)pcre2_set_depth_limit(context, DEPTH_LIMIT);
	(void)pcre2_set_heap_limit(context, HEAP_LIMIT_KIB);
	count = pcre2_match(code, (PCRE2_SPTR)key, key_len, 0, 0, data, context);
	if (count > 0) {
		match = read_groups(data, count, groups);
	} else if (count != PCRE2_ERROR_NOMATCH) {
		PCRE2_UCHAR text[200];

		(void)pcre2_get_error_message(count, text, sizeof(text));
		err_set(err, ERR_TEMP, "%s", (const char *)text);
		match = MATCH_FAILED;
	}
	pcre2_match_context_free(context);
	pcre2_match_data_free(data);
	return match;
}

static void
pcre_free(void *code)
{
	pcre2_code_free(code);
}

static const struct pattern_ops ops = { pcre_compile, pcre_match, pcre_free };

static int
pcre_open(struct slice name, struct arena *mem, void **ret_handle,
    size_t *ret_rows, struct err *err)
{
	struct patterns *patterns = NULL;
	int status = patterns_open(&ops, name, mem, &patterns, ret_rows, err);

	*ret_handle = patterns;
	return status;
}

static enum table_answer
pcre_lookup(const void *handle, struct slice key, struct arena *mem,
    struct slice *ret_value, struct err *err)
{
	return patterns_lookup(handle, key, mem, ret_value, err);
}

static void
pcre_close(void *handle)
{
	patterns_close(handle);
}

const struct table_ops table_pcre = {
	.type = { "pcre", 4 },
	.caps = TABLE_CAP_PATTERNS,
	.open = pcre_open,
	.lookup = pcre_lookup,
	.close = pcre_close,
};
