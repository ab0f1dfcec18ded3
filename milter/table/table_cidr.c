/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables of type cidr: networks, as cidr_table(5) has them. */
#include "base/net.h"
#include "table_text_priv.h"

struct rule {
	struct net_cidr cidr;
	struct slice value;
	struct slice network; /* as it stands */
	size_t line;
	size_t end; /* of an "if": the first rule behind its block */
	bool is_if;
	bool negated; /* all addresses that are not in the network */
};

struct rules {
	struct arena *mem;
	struct rule *items;
	size_t count;
	size_t cap;
};

/* "[!]NETWORK", also as "[NETWORK]" and "[ADDRESS]/LENGTH": cidr_table(5). */
static int
table_cidr_read_network(struct slice text, struct rule *rule, struct err *err)
{
	rule->network = text;
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
table_cidr_read_row(
    struct rules *rules, struct table_blocks *blocks, struct slice row)
{
	struct table_file *file = blocks->file;
	struct rule rule = { .line = file->row_line };
	void *items = rules->items;
	struct slice rest;
	struct err err;
	size_t end = 0;

	if (table_row_is(row, SLICE("endif"), &rest)) {
		if (table_block_end(blocks, rest, &end))
			rules->items[end].end = rules->count;
		return;
	}
	rule.is_if = table_row_is(row, SLICE("if"), &rest);
	if (!rule.is_if)
		rest = row;
	/* A faulty "if" is kept, so that its "endif" is not a fault, too. */
	if (rule.is_if)
		table_block_begin(blocks, rules->count);
	while (end < rest.len && !char_is_wsp(rest.data[end]))
		end++;
	rule.value = slice_trim(slice_from(rest, end));
	if (rule.is_if && rule.value.len > 0)
		table_file_fault(file, rule.line,
		    "text behind the network of an "
		    "\"if\" (do not indent the rows of its block)");
	else if (!rule.is_if && rule.value.len == 0)
		table_file_fault(file, rule.line, "a network without a value");
	else if (table_cidr_read_network(
		     slice_sub(rest, 0, end), &rule, &err) != 0)
		table_file_fault(file, rule.line, "\"%s\": %s",
		    escape(file->mem, slice_sub(rest, 0, end), 64), err.text);
	arena_reserve_one(
	    rules->mem, &items, &rules->cap, rules->count, sizeof(rule));
	rules->items = items;
	rules->items[rules->count++] = rule;
}

static void *
cidr_read(struct table_file *file, struct arena *mem, size_t *ret_count)
{
	struct rules *rules = arena_alloc(mem, sizeof(*rules));
	struct table_blocks blocks = { .file = file };
	struct slice row;

	rules->mem = mem;
	while (table_file_next(file, &row))
		table_cidr_read_row(rules, &blocks, row);
	table_blocks_finish(&blocks);
	*ret_count = rules->count;
	return rules;
}

static enum table_answer
cidr_find(const void *handle, struct slice key,
    const struct table_context *context, struct slice *ret_value)
{
	const struct rules *rules = handle;
	struct net_addr addr;

	if (!net_addr_parse(key, &addr)) {
		err_set(context->err, ERR_DATA, "\"%s\" is not an IP address",
		    escape(context->mem, key, 64));
		return TABLE_FAILED;
	}
	for (size_t i = 0; i < rules->count; i++) {
		const struct rule *rule = &rules->items[i];
		/* As in Postfix, "!" stays within its address family. */
		bool matches = rule->cidr.addr.bits == addr.bits &&
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

static bool
cidr_row(const void *handle, size_t index, struct table_row *ret_row)
{
	const struct rules *rules = handle;

	if (index >= rules->count)
		return false;
	ret_row->key = rules->items[index].network;
	ret_row->value = rules->items[index].value;
	ret_row->line = rules->items[index].line;
	return true;
}

static const struct text_format format = {
	.read = cidr_read,
	.find = cidr_find,
	.row = cidr_row,
};

static int
cidr_open(struct table_opening *opening, void **ret_handle, struct err *err)
{
	return text_table_open(&format, opening, ret_handle, err);
}

const struct table_ops table_cidr = {
	.type = "cidr",
	.caps = TABLE_CAP_PATTERNS | TABLE_FOR_CLIENTS,
	.open = cidr_open,
	TEXT_TABLE_OPS,
};
