/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/net.h"
#include "table_priv.h"

/* One row; an "if" row has a block of rows behind it, up to index end. */
struct rule {
	struct net_cidr cidr;
	struct slice value;
	size_t end;		/* if: the first row behind the block; else 0 */
	bool negated;
};

struct cidr_table {
	struct rule *rules;
	size_t count;
};

enum { MAX_NESTING = 16 };

/* "[!]network"; false after a fault. */
static bool
read_network(struct table_file *file, size_t number, struct slice text,
    struct rule *rule)
{
	struct err err;

	rule->negated = text.len > 0 && text.data[0] == '!';
	if (rule->negated)
		text = slice_trim(slice_from(text, 1));
	if (net_cidr_parse(text, &rule->cidr, &err) == 0)
		return true;
	table_file_fault(file, number, "\"%s\": %s",
	    escape(file->mem, text, 64), err.text);
	return false;
}

static int
cidr_open(struct slice name, struct arena *mem, void **ret_handle,
    size_t *ret_rows, struct err *err)
{
	struct cidr_table *table = arena_alloc(mem, sizeof(*table));
	size_t open_blocks[MAX_NESTING];
	size_t depth = 0, cap = 0, number;
	void *rules = NULL;
	struct table_file file;
	struct slice text, key, value;

	if (table_file_open(&file, name, mem, err) != 0)
		return -1;
	while (table_file_next(&file, &text, &number)) {
		struct rule rule = { 0 };
		bool has_value = table_split_row(text, &key, &value);
		bool is_if = slice_eq_nocase(key, SLICE("if"));

		if (slice_eq_nocase(key, SLICE("endif"))) {
			if (has_value || depth == 0)
				table_file_fault(&file, number,
				    "endif without if, or with text behind it");
			else
				table->rules[open_blocks[--depth]].end =
				    table->count;
			continue;
		}
		if (!has_value) {
			table_file_fault(&file, number,
			    "a network without a value");
			continue;
		}
		if (is_if && depth == MAX_NESTING) {
			table_file_fault(&file, number, "if nested too deep");
			continue;
		}
		if (!read_network(&file, number, is_if ? value : key, &rule))
			continue;
		if (is_if)
			open_blocks[depth++] = table->count;
		else
			rule.value = value;
		arena_reserve_one(mem, &rules, &cap, table->count, sizeof(rule));
		table->rules = rules;
		table->rules[table->count++] = rule;
	}
	if (depth > 0)
		table_file_fault(&file, number, "an if without endif");
	*ret_handle = table;
	*ret_rows = table->count;
	return table_file_close(&file, err);
}

static enum table_answer
cidr_lookup(const void *handle, struct slice key, struct arena *mem,
    struct slice *ret_value, struct err *err)
{
	const struct cidr_table *table = handle;
	struct net_addr addr;

	(void)mem;
	(void)err;
	if (!net_addr_parse(key, &addr))
		return TABLE_ABSENT;
	for (size_t i = 0; i < table->count; i++) {
		const struct rule *rule = &table->rules[i];
		bool matches =
		    net_cidr_contains(&rule->cidr, &addr) != rule->negated;

		if (rule->value.len == 0) {
			if (!matches)
				i = rule->end - 1;
		} else if (matches) {
			*ret_value = rule->value;
			return TABLE_FOUND;
		}
	}
	return TABLE_ABSENT;
}

const struct table_ops table_cidr = {
	.type = { "cidr", 4 },
	.caps = TABLE_CAP_NETWORKS | TABLE_CAP_PATTERNS,
	.open = cidr_open,
	.lookup = cidr_lookup,
};
