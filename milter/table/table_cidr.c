/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/net.h"
#include "table_file_priv.h"
#include "table_priv.h"

struct rule {
	struct net_cidr cidr;
	struct slice value;
	size_t end;		/* of an "if": the first rule behind its block */
	bool is_if;
	bool negated;		/* all addresses that are not in the network */
};

struct rules {
	struct arena *mem;
	struct rule *items;
	size_t count;
	size_t cap;
};

static void
add_rule(struct rules *rules, const struct rule *rule)
{
	void *items = rules->items;

	arena_reserve_one(rules->mem, &items, &rules->cap, rules->count,
	    sizeof(*rule));
	rules->items = items;
	rules->items[rules->count++] = *rule;
}

/* "[!]NETWORK", also as "[NETWORK]" and "[ADDRESS]/LENGTH": cidr_table(5). */
static int
read_network(struct slice text, struct rule *rule, struct err *err)
{
	while (text.len > 0 && text.data[0] == '!') {
		rule->negated = !rule->negated;
		text = slice_trim(slice_from(text, 1));
	}
	if (text.len > 2 && text.data[0] == '[' &&
	    text.data[text.len - 1] == ']')
		text = slice_sub(text, 1, text.len - 2);
	return net_cidr_parse(text, &rule->cidr, err);
}

static void
read_row(struct rules *rules, struct table_file *file, size_t line,
    struct slice row, struct table_blocks *blocks)
{
	struct rule rule = { .negated = false };
	struct slice network, rest;
	struct err err;
	size_t end = 0;

	if (table_row_is(row, SLICE("endif"), &rest)) {
		if (table_block_end(blocks, file, line, rest, &end))
			rules->items[end].end = rules->count;
		return;
	}
	rule.is_if = table_row_is(row, SLICE("if"), &rest);
	if (!rule.is_if)
		rest = row;
	/* An "if" with a fault is kept, so that its "endif" is none. */
	if (rule.is_if)
		table_block_begin(blocks, file, line, rules->count);
	end = 0;
	while (end < rest.len && !char_is_wsp(rest.data[end]))
		end++;
	network = slice_sub(rest, 0, end);
	rule.value = slice_trim(slice_from(rest, end));
	if (rule.is_if && rule.value.len > 0)
		table_file_fault(file, line, "text behind the network of an "
		    "\"if\" (do not indent the rows of its block)");
	else if (!rule.is_if && rule.value.len == 0)
		table_file_fault(file, line, "a network without a value");
	else if (read_network(network, &rule, &err) != 0)
		table_file_fault(file, line, "\"%s\": %s",
		    escape(file->mem, network, 64), err.text);
	add_rule(rules, &rule);
}

static int
cidr_open(struct slice name, struct table_file *file, struct arena *mem,
    void **ret_handle, size_t *ret_rows, struct err *err)
{
	struct rules *rules = arena_alloc(mem, sizeof(*rules));
	struct table_blocks blocks = { .depth = 0 };
	struct slice row;
	size_t line;

	(void)name;
	(void)err;
	rules->mem = mem;
	while (table_file_next(file, &row, &line))
		read_row(rules, file, line, row, &blocks);
	table_blocks_finish(&blocks, file);
	*ret_handle = rules;
	*ret_rows = rules->count;
	return 0;
}

static enum table_answer
cidr_lookup(const void *handle, struct slice key, struct arena *mem,
    struct slice *ret_value, struct err *err)
{
	const struct rules *rules = handle;
	struct net_addr addr;

	if (!net_addr_parse(key, &addr)) {
		err_set(err, ERR_DATA, "\"%s\" is no IP address",
		    escape(mem, key, 64));
		return TABLE_FAILED;
	}
	for (size_t i = 0; i < rules->count; i++) {
		const struct rule *rule = &rules->items[i];
		bool matches =
		    net_cidr_contains(&rule->cidr, &addr) != rule->negated;

		if (rule->is_if && !matches) {
			i = rule->end - 1;
		} else if (!rule->is_if && matches) {
			*ret_value = rule->value;
			return TABLE_FOUND;
		}
	}
	return TABLE_ABSENT;
}

const struct table_ops table_cidr = {
	.type = "cidr",
	.caps = TABLE_CAP_NETWORKS | TABLE_CAP_PATTERNS,
	.has_file = true,
	.open = cidr_open,
	.lookup = cidr_lookup,
};
