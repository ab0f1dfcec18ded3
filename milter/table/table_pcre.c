/* SPDX-License-Identifier: BSD-2-Clause */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>

#include "patterns_priv.h"

/*
 * A pattern that backtracks without end on a hostile key is stopped; the
 * answer is then unknown, not "no". There is no just-in-time compilation: it
 * wants memory that is writable and executable, which a hardened service does
 * not have, and it counts its steps otherwise.
 */
enum { MATCH_LIMIT = 200000, DEPTH_LIMIT = 20000, HEAP_LIMIT_KIB = 8192 };

/* What all matches of one lookup share. */
struct pcre_state {
	pcre2_match_data *data;
	pcre2_match_context *context;
};

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
		{ 'X', 0 },	/* PCRE2 always does what it asked PCRE for */
	};
	/* As in Postfix: each letter turns round what holds without it. */
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
pcre_compile(const char *pattern, struct slice flags, bool want_groups,
    void **ret_code, size_t *ret_groups, struct err *err)
{
	uint32_t options, groups = 0;
	PCRE2_SIZE offset;
	pcre2_code *code;
	int number;

	(void)want_groups;
	if (read_flags(flags, &options, err) != 0)
		return -1;
	code = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED,
	    options, &number, &offset, NULL);
	if (code == NULL) {
		PCRE2_UCHAR text[200];

		(void)pcre2_get_error_message(number, text, sizeof(text));
		return err_set(err, ERR_CONFIG, "at octet %zu of the pattern: "
		    "%s", (size_t)offset, (const char *)text);
	}
	ENSURE(pcre2_pattern_info(code, PCRE2_INFO_CAPTURECOUNT, &groups) == 0);
	*ret_code = code;
	*ret_groups = groups;
	return 0;
}

static void
pcre_free(void *code)
{
	pcre2_code_free(code);
}

static void *
pcre_begin(void)
{
	struct pcre_state *state = calloc(1, sizeof(*state));

	ENSURE(state != NULL);
	state->data = pcre2_match_data_create(MAX_GROUPS, NULL);
	state->context = pcre2_match_context_create(NULL);
	ENSURE(state->data != NULL && state->context != NULL);
	(void)pcre2_set_match_limit(state->context, MATCH_LIMIT);
	(void)pcre2_set_depth_limit(state->context, DEPTH_LIMIT);
	(void)pcre2_set_heap_limit(state->context, HEAP_LIMIT_KIB);
	return state;
}

static void
pcre_end(void *arg)
{
	struct pcre_state *state = arg;

	pcre2_match_context_free(state->context);
	pcre2_match_data_free(state->data);
	free(state);
}

static enum match
pcre_match(const void *code, void *arg, const char *key, size_t key_len,
    struct group *groups, struct err *err)
{
	struct pcre_state *state = arg;
	int count = pcre2_match(code, (PCRE2_SPTR)key, key_len, 0, 0,
	    state->data, state->context);
	const PCRE2_SIZE *offsets;

	if (count == PCRE2_ERROR_NOMATCH)
		return MATCH_NO;
	if (count < 0) {
		PCRE2_UCHAR text[200];

		(void)pcre2_get_error_message(count, text, sizeof(text));
		err_set(err, ERR_LIMIT, "%s", (const char *)text);
		return MATCH_FAILED;
	}
	if (groups == NULL)
		return MATCH_YES;
	/* 0: the pattern has more groups than there is room for. */
	if (count == 0)
		count = MAX_GROUPS;
	offsets = pcre2_get_ovector_pointer(state->data);
	for (int i = 0; i < MAX_GROUPS; i++)
		groups[i] = i < count && offsets[2 * i] != PCRE2_UNSET
		    ? (struct group){ offsets[2 * i], offsets[2 * i + 1] }
		    : (struct group){ 1, 0 };
	return MATCH_YES;
}

static const struct pattern_ops ops = {
	.compile = pcre_compile,
	.free = pcre_free,
	.begin = pcre_begin,
	.end = pcre_end,
	.match = pcre_match,
};

static int
pcre_open(struct slice name, struct table_file *file, struct arena *mem,
    void **ret_handle, size_t *ret_rows, struct err *err)
{
	(void)name;
	(void)err;
	*ret_handle = patterns_read(&ops, file, mem, ret_rows);
	return 0;
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
	patterns_free(handle);
}

const struct table_ops table_pcre = {
	.type = "pcre",
	.caps = TABLE_CAP_PATTERNS,
	.has_file = true,
	.open = pcre_open,
	.lookup = pcre_lookup,
	.close = pcre_close,
};
