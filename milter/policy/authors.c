/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy/authors.h"

/* The fields that name authors. */
static const struct author_field {
	struct slice name;
	enum author_role role;
	bool once;		/* RFC 5322 section 3.6, RFC 9057 section 3 */
	bool one_mailbox;
	bool may_be_empty;	/* an empty From counts as missing */
} author_fields[] = {
	{ { "From", 4 }, ROLE_FROM, true, false, true },
	{ { "Sender", 6 }, ROLE_SENDER, true, true, false },
	{ { "Resent-From", 11 }, ROLE_RESENT_FROM, false, false, false },
	{ { "Resent-Sender", 13 }, ROLE_RESENT_SENDER, false, true, false },
	{ { "Author", 6 }, ROLE_AUTHOR, true, false, false },
};

const char *
author_role_name(enum author_role role)
{
	for (size_t i = 0; i < sizeof(author_fields) / sizeof(author_fields[0]);
	    i++) {
		if (author_fields[i].role == role)
			return author_fields[i].name.data;
	}
	return "MAIL FROM";
}

void
authors_init(struct authors *authors, struct arena *mem)
{
	*authors = (struct authors){ .mem = mem };
}

static int
add_mailbox(struct authors *authors, const struct mailbox *mailbox,
    enum author_role role, size_t field, const struct author_rules *rules,
    struct err *err)
{
	struct author author = { .role = role, .mailbox = *mailbox,
		.field = field };
	void *items = authors->items;

	if (address_canonical(mailbox, rules->domain, rules->utf8,
	    authors->mem, &author.address, &author.completed, err) != 0)
		return -1;
	arena_reserve_one(authors->mem, &items, &authors->cap, authors->count,
	    sizeof(author));
	authors->items = items;
	authors->items[authors->count++] = author;
	return 0;
}

int
authors_add_path(struct authors *authors, struct slice path,
    const struct author_rules *rules, struct err *err)
{
	struct mailbox mailbox;
	bool is_null;

	if (reverse_path_parse(path, authors->mem, &is_null, &mailbox,
	    err) != 0)
		return -1;
	return is_null ? 0
	    : add_mailbox(authors, &mailbox, ROLE_MAIL_FROM, 0, rules, err);
}

static int
add_field(struct authors *authors, const struct author_field *kind,
    const struct header *header, size_t field,
    const struct author_rules *rules, struct err *err)
{
	struct mailbox_list list;

	if (mailbox_list_parse(header->fields[field].value, ADDRESS_AUTHOR,
	    rules->max_mailboxes, authors->mem, &list, err) != 0)
		return -1;
	if (list.count == 0 && !kind->may_be_empty)
		return err_set(err, ERR_DATA, "it is empty");
	if (list.count > 1 && kind->one_mailbox)
		return err_set(err, ERR_DATA, "several mailboxes");
	for (size_t i = 0; i < list.count; i++) {
		if (add_mailbox(authors, &list.items[i], kind->role, field,
		    rules, err) != 0)
			return -1;
	}
	return 0;
}

int
authors_add_header(struct authors *authors, const struct header *header,
    const struct author_rules *rules, struct err *err)
{
	for (size_t k = 0; k < sizeof(author_fields) / sizeof(author_fields[0]);
	    k++) {
		const struct author_field *kind = &author_fields[k];

		for (size_t i = header_find(header, kind->name, 0);
		    i < header->count;
		    i = header_find(header, kind->name, i + 1)) {
			if (kind->once && header_find(header, kind->name,
			    i + 1) < header->count)
				err_set(err, ERR_DATA, "two %s fields",
				    kind->name.data);
			else if (add_field(authors, kind, header, i, rules,
			    err) == 0)
				continue;
			return err_wrap(err,
			    "%s cannot be read in one way", kind->name.data);
		}
	}
	return 0;
}

size_t
authors_count(const struct authors *authors, enum author_role role)
{
	size_t count = 0;

	for (size_t i = 0; i < authors->count; i++)
		count += authors->items[i].role == role;
	return count;
}

const struct author *
authors_first(const struct authors *authors, enum author_role role)
{
	for (size_t i = 0; i < authors->count; i++) {
		if (authors->items[i].role == role)
			return &authors->items[i];
	}
	return NULL;
}
