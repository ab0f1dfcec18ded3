/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lists of mailboxes and groups, RFC 5322 section 3.4: what stands between
 * the items that address.c reads.
 */
#include "address_priv.h"

/* The list while it is gathered: its array grows in memory of its own. */
struct gathering {
	struct mailbox_list list;
	struct arena *mem;
	size_t cap;
	size_t max;
	/* Lone words at its end: "Smith, " of "Smith, Alice <a@x>"? */
	size_t lone_count;
	size_t lone_start;
	unsigned int lone_constructs;
};

/* The constructs of this item, and of lone words before it, count. */
static void
keep_constructs(struct reader *r, struct gathering *all)
{
	all->list.constructs |= all->lone_constructs | r->constructs;
	all->lone_constructs = r->constructs = 0;
	all->lone_count = 0;
}

static int
keep_mailbox(
    struct reader *r, struct gathering *all, const struct mailbox *mailbox)
{
	void *items = all->list.items;

	if (all->list.count >= all->max)
		return err_set(
		    r->err, ERR_LIMIT, "more than %zu mailboxes", all->max);
	arena_reserve_one(
	    all->mem, &items, &all->cap, all->list.count, sizeof(*mailbox));
	all->list.items = items;
	all->list.items[all->list.count++] = *mailbox;
	return 0;
}

/* An item that is read: start is where it began. */
static int
take_item(struct reader *r, struct gathering *all, enum item item,
    struct mailbox *mailbox, size_t start)
{
	bool in_angle = mailbox->offset > start;

	if (item == ITEM_LONE_WORD) {
		if (all->lone_count++ == 0)
			all->lone_start = start;
		all->lone_constructs |= r->constructs;
		r->constructs = 0;
		return keep_mailbox(r, all, mailbox);
	}
	if (in_angle && all->lone_count > 0) {
		/* They were no addresses: a name with commas and no quotes. */
		size_t end = mailbox->offset;

		while (end > start && r->in.data[end] != '<')
			end--;
		reader_met(r, CONSTRUCT_BARE_NAME);
		all->list.count -= all->lone_count;
		all->lone_constructs &= ~ADDRESS_CONSTRUCTS;
		mailbox->display = slice_trim(
		    slice_sub(r->in, all->lone_start, end - all->lone_start));
	}
	keep_constructs(r, all);
	return keep_mailbox(r, all, mailbox);
}

/* Reads what separates two items; *ret_more is false at the end. */
static int
read_separator(struct reader *r, bool *in_group, bool *ret_more)
{
	*ret_more = true;
	if (reader_peek(r) == ';' && *in_group) {
		*in_group = false;
		r->at++;
		if (reader_skip_cfws(r) != 0)
			return -1;
	}
	if (reader_at_end(r)) {
		*ret_more = false;
		return *in_group ?
		    reader_fail(r,
			"a group without ';' "
			"at its end; a name with ':' stands in quotes") :
		    0;
	}
	if (reader_peek(r) == ';')
		return reader_fail(r,
		    "';' outside of a group; a name with it "
		    "stands in quotes");
	if (reader_peek(r) != ',')
		return reader_fail(r, construct_text(CONSTRUCT_TEXT_BEHIND));
	r->at++;
	return reader_skip_leading_cfws(r);
}

int
mailbox_list_parse(struct slice value, size_t max_mailboxes, struct arena *mem,
    struct mailbox_list *ret_list, struct err *err)
{
	struct reader r = { .in = value, .mem = mem, .err = err };
	CLEANUP(arena_done) struct arena growing;
	struct gathering all = { .max = max_mailboxes, .mem = &growing };
	bool in_group = false, more = true;

	arena_init(&growing);
	if (slice_trim(value).len == 0) {
		*ret_list = all.list;
		return 0;
	}
	reader_clean_octets(&r);
	keep_constructs(&r, &all);
	if (reader_skip_leading_cfws(&r) != 0)
		return -1;
	if (reader_at_end(&r))
		return reader_fail(&r, "a comment and no address");
	while (more) {
		struct mailbox mailbox;
		size_t start = r.at;
		enum item item;

		if (reader_at_end(&r) || reader_peek(&r) == ',') {
			reader_met(&r, CONSTRUCT_EMPTY_ITEM);
		} else if (reader_peek(&r) != ';' || !in_group) {
			item = reader_item(&r, &mailbox);
			if (item == ITEM_ERROR)
				return -1;
			if (item == ITEM_GROUP) {
				if (in_group)
					return reader_fail(
					    &r, "a group in a group");
				in_group = true;
				keep_constructs(&r, &all);
				if (reader_skip_leading_cfws(&r) != 0)
					return -1;
				continue;
			}
			if (take_item(&r, &all, item, &mailbox, start) != 0)
				return -1;
		}
		if (reader_peek(&r) == ';')
			keep_constructs(&r, &all);
		if (read_separator(&r, &in_group, &more) != 0)
			return -1;
	}
	keep_constructs(&r, &all);
	all.list.items = arena_grow(mem, all.list.items, all.list.count,
	    all.list.count, sizeof(*all.list.items));
	*ret_list = all.list;
	return 0;
}

bool
mailbox_is_empty_angle(struct slice value)
{
	struct slice text = slice_trim(value);

	if (text.len < 2 || text.data[text.len - 1] != '>')
		return false;
	text = slice_trim(slice_sub(text, 0, text.len - 1));
	if (text.len == 0 || text.data[text.len - 1] != '<')
		return false;
	text.len--;
	return !slice_has(text, '<') && !slice_has(text, '>') &&
	    !slice_has(text, '@');
}
