/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables of type pcre: patterns of PCRE2, as pcre_table(5) has them. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>

#include "patterns_priv.h"

/*
 * A pattern that backtracks without end on a hostile key is stopped; the
 * answer is then unknown, not "no". There is no just-in-time compilation: it
 * needs memory that is writable and executable, which a hardened service does
 * not have, and it counts its steps otherwise.
 */
enum { MATCH_LIMIT = 200000, DEPTH_LIMIT = 20000, HEAP_LIMIT_KIB = 8192 };

/* Shared by all matches of one lookup. */
struct pcre_state {
	pcre2_match_data *data;
	pcre2_match_context *context;
};

static int
table_pcre_read_flags(
    struct slice flags, uint32_t *ret_options, struct err *err)
{
	static const struct {
		char letter;
		uint32_t option;
	} known[] = {
		{ 'i', PCRE2_CASELESS }, { 'm', PCRE2_MULTILINE },
		{ 's', PCRE2_DOTALL }, { 'x', PCRE2_EXTENDED },
		{ 'A', PCRE2_ANCHORED }, { 'E', PCRE2_DOLLAR_ENDONLY },
		{ 'U', PCRE2_UNGREEDY },
		{ 'X', 0 }, /* PCRE2 always does what it asked PCRE for */
	};
	/* As in Postfix: each letter turns round what holds without it. */
	uint32_t options = PCRE2_CASELESS | PCRE2_DOTALL;

	for (size_t i = 0; i < flags.len; i++) {
		size_t k = 0;

		while (k < sizeof(known) / sizeof(known[0]) &&
		    known[k].letter != flags.data[i])
			k++;
		if (k == sizeof(known) / sizeof(known[0]))
			return err_set(err, ERR_CONFIG, "there is no flag '%c'",
			    flags.data[i]);
		options ^= known[k].option;
	}
	*ret_options = options;
	return 0;
}

static int
pcre_compile(struct pattern *pattern, struct err *err)
{
	uint32_t options, groups = 0;
	PCRE2_SIZE offset;
	pcre2_code *code;
	int number;

	if (table_pcre_read_flags(pattern->flags, &options, err) != 0)
		return -1;
	code = pcre2_compile((PCRE2_SPTR)pattern->text, PCRE2_ZERO_TERMINATED,
	    options, &number, &offset, NULL);
	if (code == NULL) {
		PCRE2_UCHAR text[200];

		(void)pcre2_get_error_message(number, text, sizeof(text));
		return err_set(err, ERR_CONFIG,
		    "at octet %zu of the pattern: "
		    "%s",
		    (size_t)offset, (const char *)text);
	}
	ENSURE(pcre2_pattern_info(code, PCRE2_INFO_CAPTURECOUNT, &groups) == 0);
	pattern->code = code;
	pattern->groups = groups;
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
pcre_match(const struct pattern *pattern, struct matching *matching)
{
	const struct pcre_state *state = matching->state;
	int count = pcre2_match(pattern->code, (PCRE2_SPTR)matching->key,
	    matching->key_len, 0, 0, state->data, state->context);
	const PCRE2_SIZE *offsets;

	if (count == PCRE2_ERROR_NOMATCH)
		return MATCH_NO;
	if (count < 0) {
		PCRE2_UCHAR text[200];

		(void)pcre2_get_error_message(count, text, sizeof(text));
		err_set(matching->err, ERR_LIMIT, "%s", (const char *)text);
		return MATCH_FAILED;
	}
	if (!pattern->has_references)
		return MATCH_YES;
	/* 0: the pattern has more groups than there is room for. */
	if (count == 0)
		count = MAX_GROUPS;
	offsets = pcre2_get_ovector_pointer(state->data);
	for (size_t i = 0; i < MAX_GROUPS; i++)
		matching->groups[i] =
		    i < (size_t)count && offsets[2 * i] != PCRE2_UNSET ?
		    (struct group){ offsets[2 * i], offsets[2 * i + 1] } :
		    (struct group){ 1, 0 };
	return MATCH_YES;
}

static const struct pattern_ops ops = {
	.compile = pcre_compile,
	.free = pcre_free,
	.begin = pcre_begin,
	.end = pcre_end,
	.match = pcre_match,
};

static void *
pcre_read(struct table_file *file, struct arena *mem, size_t *ret_count)
{
	return patterns_read(&ops, file, mem, ret_count);
}

static const struct text_format format = {
	.read = pcre_read,
	.find = patterns_find,
	.row = patterns_row,
	.free = patterns_free,
};

static int
pcre_open(struct table_opening *opening, void **ret_handle, struct err *err)
{
	return text_table_open(&format, opening, ret_handle, err);
}

const struct table_ops table_pcre = {
	.type = "pcre",
	.caps = TABLE_CAP_PATTERNS | TABLE_FOR_ANY,
	.open = pcre_open,
	TEXT_TABLE_OPS,
};
