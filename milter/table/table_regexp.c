/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables of type regexp: POSIX patterns, as regexp_table(5) has them. */
#include <regex.h>
#include <stdlib.h>

#include "patterns_priv.h"

enum {
	MAX_DEPTH = 100,
	MAX_SIZE = 5000,
};

/*
 * The C library compiles a{50} to fifty times "a", and what is in parentheses
 * by recursion, both without a bound. So the size of what it would make is
 * reckoned beforehand, roughly: every octet counts for one, and what stands
 * before {m,n} for max(m, n) times as much. Sizes stay at MAX_SIZE + 1 once
 * they are there.
 */
struct size_reader {
	const char *at;
	size_t sizes[MAX_DEPTH + 1]; /* of each group that is open */
	size_t lasts[MAX_DEPTH + 1]; /* of the last item in it, not more */
	size_t depth;
};

static size_t
bounded(size_t size)
{
	return size > MAX_SIZE ? MAX_SIZE + 1 : size;
}

static void
table_regexp_add_item(struct size_reader *r, size_t size)
{
	r->lasts[r->depth] = bounded(size);
	r->sizes[r->depth] = bounded(r->sizes[r->depth] + size);
}

static void
begin_group(struct size_reader *r)
{
	r->sizes[r->depth] = 1;
	r->lasts[r->depth] = 1;
}

/* "[...]", where ']' may stand first and "[:x:]" inside. */
static void
skip_bracket(struct size_reader *r)
{
	const char *p = r->at + 1;

	if (*p == '^')
		p++;
	if (*p == ']')
		p++;
	while (*p != '\0' && *p != ']') {
		if (*p == '[' && (p[1] == ':' || p[1] == '.' || p[1] == '=')) {
			char mark = p[1];

			for (p += 2; *p != '\0'; p++) {
				if (*p == mark && p[1] == ']')
					break;
			}
			if (*p != '\0')
				p++;
		}
		if (*p != '\0')
			p++;
	}
	r->at = *p == ']' ? p + 1 : p;
	table_regexp_add_item(r, 1);
}

/* The last item stands there so many times; it is counted once already. */
static void
repeat_item(struct size_reader *r, size_t times)
{
	size_t last = r->lasts[r->depth];

	r->sizes[r->depth] -=
	    last < r->sizes[r->depth] ? last : r->sizes[r->depth];
	/* A mark with nothing before it stands for itself. */
	table_regexp_add_item(r, last == 0 ? 1 : last * times);
}

/* "m,n}", where "}" may be "\\}": the larger number counts. */
static void
read_interval(struct size_reader *r)
{
	size_t most = 1, number = 0;
	bool endless = false;

	while (char_is_digit(*r->at) || *r->at == ',') {
		endless = *r->at == ',';
		number =
		    *r->at == ',' ? 0 : number * 10 + (size_t)(*r->at - '0');
		if (number > MAX_SIZE)
			number = MAX_SIZE;
		if (number > most)
			most = number;
		r->at++;
	}
	if (*r->at == '\\' && r->at[1] == '}')
		r->at++;
	if (*r->at == '}')
		r->at++;
	/* The C library makes "xx*" of "x{1,}". */
	repeat_item(r, endless ? most + 1 : most);
}

static void
close_group(struct size_reader *r)
{
	size_t size = r->sizes[r->depth];

	if (r->depth > 0)
		r->depth--;
	table_regexp_add_item(r, size);
}

static int
table_regexp_check_size(const char *pattern, bool extended, struct err *err)
{
	struct size_reader r = { .at = pattern };

	begin_group(&r);
	while (*r.at != '\0') {
		bool escaped = *r.at == '\\' && r.at[1] != '\0';
		char c = escaped ? r.at[1] : *r.at;
		/* What "(", ")", "{", "+" and "?" are if written like that. */
		bool special = escaped != extended;
		bool repeats =
		    c == '*' ? !escaped : special && (c == '+' || c == '?');

		if (!escaped && c == '[') {
			skip_bracket(&r);
			continue;
		}
		r.at += escaped ? 2 : 1;
		/*
		 * The C library matches a back-reference by trying, without a
		 * bound on how long.
		 */
		if (escaped && c >= '1' && c <= '9')
			return err_set(err, ERR_CONFIG,
			    "\\%c: back-references "
			    "may take for ever; use a table of type pcre",
			    c);
		if (c == '(' && special) {
			if (r.depth == MAX_DEPTH)
				return err_set(err, ERR_CONFIG,
				    "groups nested deeper than %d",
				    (int)MAX_DEPTH);
			r.depth++;
			begin_group(&r);
		} else if (c == ')' && special) {
			close_group(&r);
		} else if (c == '{' && special) {
			read_interval(&r);
		} else if (!repeats) {
			table_regexp_add_item(&r, 1);
		} else {
			/*
			 * The C library makes "xx*" of "x+", and repetitions
			 * of repetitions take it far more than twice the time.
			 */
			repeat_item(&r, c == '+' ? 5 : 2);
		}
	}
	while (r.depth > 0)
		close_group(&r);
	if (r.sizes[0] > MAX_SIZE)
		return err_set(err, ERR_CONFIG,
		    "the repetitions in this pattern make it too large");
	return 0;
}

static int
table_regexp_read_flags(struct slice flags, int *ret_options, struct err *err)
{
	/* As in Postfix: each letter turns round what holds without it. */
	int options = REG_EXTENDED | REG_ICASE;

	for (size_t i = 0; i < flags.len; i++) {
		switch (flags.data[i]) {
		case 'i':
			options ^= REG_ICASE;
			break;
		case 'm':
			options ^= REG_NEWLINE;
			break;
		case 'x':
			options ^= REG_EXTENDED;
			break;
		default:
			return err_set(err, ERR_CONFIG, "there is no flag '%c'",
			    flags.data[i]);
		}
	}
	*ret_options = options;
	return 0;
}

static int
regexp_compile(struct pattern *pattern, struct err *err)
{
	regex_t *code;
	int options = 0, number;

	if (table_regexp_read_flags(pattern->flags, &options, err) != 0 ||
	    table_regexp_check_size(
		pattern->text, (options & REG_EXTENDED) != 0, err) != 0)
		return -1;
	if (!pattern->has_references)
		options |= REG_NOSUB;
	code = calloc(1, sizeof(*code));
	ENSURE(code != NULL);
	number = regcomp(code, pattern->text, options);
	if (number != 0) {
		char text[200];

		(void)regerror(number, code, text, sizeof(text));
		free(code);
		return err_set(err, ERR_CONFIG, "%s", text);
	}
	pattern->code = code;
	pattern->groups = code->re_nsub;
	return 0;
}

static enum match
regexp_match(const struct pattern *pattern, struct matching *matching)
{
	regmatch_t matches[MAX_GROUPS];
	size_t count = pattern->has_references ? MAX_GROUPS : 0;
	int number = regexec(pattern->code, matching->key, count, matches, 0);

	if (number == REG_NOMATCH)
		return MATCH_NO;
	if (number != 0) {
		char text[200];

		(void)regerror(number, pattern->code, text, sizeof(text));
		err_set(matching->err, ERR_LIMIT, "%s", text);
		return MATCH_FAILED;
	}
	for (size_t i = 0; i < count; i++)
		matching->groups[i] = matches[i].rm_so < 0 ?
		    (struct group){ 1, 0 } :
		    (struct group){ (size_t)matches[i].rm_so,
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

static const struct pattern_ops ops = {
	.compile = regexp_compile,
	.free = regexp_free,
	.match = regexp_match,
};

static void *
regexp_read(struct table_file *file, struct arena *mem, size_t *ret_count)
{
	return patterns_read(&ops, file, mem, ret_count);
}

static const struct text_format format = {
	.read = regexp_read,
	.find = patterns_find,
	.row = patterns_row,
	.free = patterns_free,
};

static int
regexp_open(struct table_opening *opening, void **ret_handle, struct err *err)
{
	return text_table_open(&format, opening, ret_handle, err);
}

const struct table_ops table_regexp = {
	.type = "regexp",
	.caps = TABLE_CAP_PATTERNS | TABLE_FOR_ANY,
	.open = regexp_open,
	TEXT_TABLE_OPS,
};
