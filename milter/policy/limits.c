/* SPDX-License-Identifier: BSD-2-Clause */
/* How much each login may send. */
#include "policy/limits.h"

#include "policy/login_row.h"

enum { SHOWN_OCTETS = 64 };

const char *
limit_kind_name(enum limit_kind kind)
{
	return kind == LIMIT_MESSAGES ? "messages" : "recipients";
}

struct login_limits
limits_of(const struct config *config)
{
	return (struct login_limits){
		.of[LIMIT_MESSAGES] = config->limits.messages,
		.of[LIMIT_RECIPIENTS] = config->limits.recipients,
	};
}

bool
limits_are_none(const struct login_limits *limits)
{
	return limits->of[LIMIT_MESSAGES].count == 0 &&
	    limits->of[LIMIT_RECIPIENTS].count == 0;
}

/* What a value has said so far of one kind. */
struct said {
	bool any;
	bool none;
	struct rate_list rates;
};

/* One rate, or "none"; not both. */
static int
limits_add(
    struct said *said, enum limit_kind kind, struct slice text, struct err *err)
{
	bool none = slice_eq_nocase(text, SLICE("none"));

	if (said->any && (none || said->none))
		return err_set(err, ERR_CONFIG,
		    "%s: none stands beside something else",
		    limit_kind_name(kind));
	said->any = true;
	said->none = none;
	if (!none && rate_list_add(&said->rates, text, err) != 0)
		return err_wrap(err, "%s", limit_kind_name(kind));
	return 0;
}

static bool
read_kind(struct slice name, enum limit_kind *ret_kind)
{
	for (unsigned int k = 0; k < LIMIT_KINDS; k++) {
		if (slice_eq_nocase(
			name, slice_of(limit_kind_name((enum limit_kind)k)))) {
			*ret_kind = (enum limit_kind)k;
			return true;
		}
	}
	return false;
}

int
limits_change(struct login_limits *limits, struct slice words,
    struct arena *mem, struct err *err)
{
	struct said said[LIMIT_KINDS] = { { .any = false } };
	enum limit_kind kind = LIMIT_MESSAGES;
	bool is_named = false;
	struct slice word;

	if (slice_eq_nocase(slice_trim(words), SLICE("none"))) {
		for (unsigned int k = 0; k < LIMIT_KINDS; k++)
			limits->of[k].count = 0;
		return 0;
	}
	while (slice_next_item(&words, ",; \t\r\n", &word)) {
		size_t equals = slice_find(word, '=');

		if (equals < word.len) {
			is_named = read_kind(slice_sub(word, 0, equals), &kind);
			word = is_named ? slice_from(word, equals + 1) : word;
		}
		if (!is_named)
			return err_set(err, ERR_CONFIG,
			    "\"%s\" is not messages=RATE, recipients=RATE or "
			    "none, where RATE is like 60/10m",
			    escape(mem, word, SHOWN_OCTETS));
		if (limits_add(&said[kind], kind, word, err) != 0)
			return -1;
	}
	for (unsigned int k = 0; k < LIMIT_KINDS; k++) {
		if (said[k].any)
			limits->of[k] = said[k].rates;
	}
	return 0;
}

int
limits_find(const struct config *config, struct table *table,
    const struct submitter *submitter, const struct table_context *context,
    struct login_limits *ret_limits)
{
	enum table_answer answer = TABLE_ABSENT;
	struct login_limits limits = limits_of(config);
	struct login_row row;

	*ret_limits = limits;
	if (table != NULL)
		answer = login_row_find(
		    table, submitter, config->main.domain, context, &row);
	if (answer == TABLE_FAILED)
		return err_wrap(context->err, "limits.table");
	if (answer == TABLE_ABSENT)
		return 0;
	if (limits_change(&limits, row.value, context->mem, context->err) != 0)
		return err_wrap(context->err, "limits.table: key %s", row.key);
	limits.row = row.where;
	*ret_limits = limits;
	return 0;
}

int
limits_value(
    const void *arg, struct slice value, struct arena *mem, struct err *err)
{
	struct login_limits limits = { .row = { NULL, 0 } };

	(void)arg;
	return limits_change(&limits, value, mem, err);
}
