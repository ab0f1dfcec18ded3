/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy/authors.h"

/* The fields that name authors. */
static const struct author_field {
	struct slice name;
	enum author_role role;
	bool once;		/* RFC 5322 section 3.6, RFC 9057 section 3 */
	bool one_mailbox;
	bool may_be_empty;	/* an empty From, or <>, counts as missing */
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

/*
 * Which option says what of which construct. Options with two words are stored
 * as bool-like enums: what the second one stands for is in the table.
 */
enum second_word { SECOND_REPAIR, SECOND_ACCEPT };

struct author_forms
author_forms_from_config(const struct config *config)
{
	const struct {
		enum construct construct;
		unsigned int choice;
		enum second_word second;
	} options[] = {
		{ CONSTRUCT_GROUP, config->authors.group, SECOND_REPAIR },
		{ CONSTRUCT_ROUTE, config->authors.route, SECOND_REPAIR },
		{ CONSTRUCT_RELAY_MARK, config->authors.relay_mark,
		    SECOND_ACCEPT },
		{ CONSTRUCT_DOMAIN_LITERAL, config->authors.domain_literal,
		    SECOND_ACCEPT },
		{ CONSTRUCT_QUOTED_LOCAL, config->authors.quoted_local,
		    SECOND_ACCEPT },
		{ CONSTRUCT_ENCODED_ADDRESS, config->authors.encoded_address,
		    SECOND_ACCEPT },
		{ CONSTRUCT_SPACED_ADDRESS, config->authors.spaced_address,
		    SECOND_REPAIR },
		{ CONSTRUCT_TEXT_BEHIND, config->authors.text_behind,
		    SECOND_REPAIR },
		{ CONSTRUCT_BARE_NAME, config->authors.bare_name,
		    SECOND_REPAIR },
		{ CONSTRUCT_EMPTY_ITEM, config->authors.empty_item,
		    SECOND_REPAIR },
		{ CONSTRUCT_CONTROL, config->authors.control, SECOND_REPAIR },
		{ CONSTRUCT_BLANK_LINE, config->authors.blank_line,
		    SECOND_REPAIR },
		{ CONSTRUCT_NOT_UTF8, config->authors.raw_8bit,
		    SECOND_REPAIR },
		{ CONSTRUCT_DOT_NAME, config->authors.dots, SECOND_REPAIR },
		{ CONSTRUCT_COMMENT, config->authors.comment, SECOND_REPAIR },
		{ CONSTRUCT_ADDRESS_COMMENT, config->authors.address_comment,
		    SECOND_REPAIR },
		{ CONSTRUCT_ESCAPED_QUOTE, config->authors.escapes,
		    SECOND_REPAIR },
		{ CONSTRUCT_QUOTED_WORD, config->authors.quoted_word,
		    SECOND_REPAIR },
		{ CONSTRUCT_ODD_NAME, config->authors.odd_name,
		    SECOND_REPAIR },
	};
	bool repairs = !config_is_monitor(config, config->repair.mode);
	struct author_forms forms = {
		.several_from = config->authors.several_from == RA_ACCEPT,
		.same_fields = repairs &&
		    config->authors.second_field == RR_REPAIR,
		.odd_fields = repairs &&
		    config->authors.odd_field_name == RR_REPAIR,
		.misleading_fields = repairs,
		.empty_from = repairs && config->repair.from,
		.utf8_address = config->authors.utf8_address == RA_ACCEPT,
	};

	_Static_assert(sizeof(options) / sizeof(options[0]) == CONSTRUCT_COUNT,
	    "an option for each construct");
	_Static_assert(RA_REFUSE == 0 && RR_REFUSE == 0 && RRA_REFUSE == 0 &&
	    RR_REPAIR == 1 && RRA_REPAIR == 1, "the order of the words");
	for (size_t i = 0; i < CONSTRUCT_COUNT; i++) {
		bool repair = options[i].choice == 1 &&
		    options[i].second == SECOND_REPAIR;

		if (options[i].choice == 0 || (repair && !repairs))
			forms.refused |= CONSTRUCT_BIT(options[i].construct);
		else if (repair)
			forms.repaired |= CONSTRUCT_BIT(options[i].construct);
	}
	return forms;
}

/* The first construct that the rules refuse, as an error. */
static int
check_forms(unsigned int constructs, const struct author_forms *forms,
    struct err *err)
{
	for (unsigned int i = 0; i < CONSTRUCT_COUNT; i++) {
		if ((constructs & forms->refused & CONSTRUCT_BIT(i)) != 0)
			return err_set(err, ERR_DATA, "%s",
			    construct_text((enum construct)i));
	}
	return 0;
}

void
authors_init(struct authors *authors, struct arena *mem)
{
	*authors = (struct authors){ .mem = mem };
}

void
authors_keep(struct authors *authors, const struct author *author)
{
	void *items = authors->items;

	arena_reserve_one(authors->mem, &items, &authors->cap, authors->count,
	    sizeof(*author));
	authors->items = items;
	authors->items[authors->count++] = *author;
}

static int
add_mailbox(struct authors *authors, const struct mailbox *mailbox,
    enum author_role role, size_t field, bool rewrite,
    const struct author_rules *rules, struct err *err)
{
	struct author author = { .role = role, .mailbox = *mailbox,
		.field = field, .rewrite = rewrite };

	if (rules->max_authors != 0 && authors->count >= rules->max_authors)
		return err_set(err, ERR_LIMIT, "more than %zu author addresses",
		    rules->max_authors);
	if (address_canonical(mailbox, rules->domain,
	    rules->utf8 || rules->forms.utf8_address,
	    authors->mem, &author.address, &author.completed, err) != 0)
		return -1;
	authors_keep(authors, &author);
	return 0;
}

int
authors_add_path(struct authors *authors, struct slice path,
    const struct author_rules *rules, struct err *err)
{
	struct mailbox mailbox;
	unsigned int constructs = 0;
	bool is_null;

	if (reverse_path_parse(path, authors->mem, &is_null, &mailbox,
	    &constructs, err) != 0)
		return -1;
	if (is_null)
		return 0;
	if (check_forms(constructs, &rules->forms, err) != 0)
		return -1;
	return add_mailbox(authors, &mailbox, ROLE_MAIL_FROM, 0, false, rules,
	    err);
}

/*
 * Counts what stands beside the addresses of a field, before anybody looks at
 * it: to see what a name looks like takes many times its length.
 */
static int
check_name_bytes(struct authors *authors, struct slice value,
    const struct mailbox_list *list, const struct author_rules *rules,
    struct err *err)
{
	authors->name_bytes += value.len;
	for (size_t i = 0; i < list->count; i++)
		authors->name_bytes -= list->items[i].len;
	if (rules->max_name_bytes != 0 &&
	    authors->name_bytes > rules->max_name_bytes)
		return err_set(err, ERR_LIMIT, "more than %zu octets of names "
		    "in author fields", rules->max_name_bytes);
	return 0;
}

static int
add_field(struct authors *authors, const struct author_field *kind,
    const struct header *header, size_t field,
    const struct author_rules *rules, struct err *err)
{
	struct mailbox_list list;
	bool rewrite;

	/* Nothing of the field will be left. */
	if (kind->may_be_empty && rules->forms.empty_from &&
	    mailbox_is_empty_angle(header->fields[field].value))
		return 0;
	if (mailbox_list_parse(header->fields[field].value,
	    rules->max_mailboxes, authors->mem, &list, err) != 0 ||
	    check_forms(list.constructs, &rules->forms, err) != 0 ||
	    check_name_bytes(authors, header->fields[field].value, &list,
		rules, err) != 0)
		return -1;
	rewrite = (list.constructs & rules->forms.repaired) != 0;
	/* RFC 6854 section 4: it says that there is no address to name. */
	if (list.count == 0 &&
	    (list.constructs & CONSTRUCT_BIT(CONSTRUCT_GROUP)) != 0)
		return err_set(err, ERR_DATA, "a group without members");
	if (list.count == 0 && !kind->may_be_empty)
		return err_set(err, ERR_DATA, "it is empty");
	if (list.count > 1 && (kind->one_mailbox ||
	    (kind->role == ROLE_FROM && !rules->forms.several_from)))
		return err_set(err, ERR_DATA, "several mailboxes");
	for (size_t i = 0; i < list.count; i++) {
		if (add_mailbox(authors, &list.items[i], kind->role, field,
		    rewrite, rules, err) != 0)
			return -1;
	}
	return 0;
}

/* What cannot be read, with what the user sees of it. */
static int
fail_field(const struct author_field *kind, struct slice value,
    struct arena *mem, struct err *err)
{
	enum { SHOWN_OCTETS = 100 };
	struct slice typed = slice_trim(field_unfold(mem, value));

	if (err->kind == ERR_DATA && typed.len != 0) {
		const char *why = slice_cstr(mem, slice_of(err->text));

		err_set(err, ERR_DATA, "%s; you typed %s", why,
		    escape(mem, typed, SHOWN_OCTETS));
	}
	return err_wrap(err, "%s cannot be read in one way", kind->name.data);
}

/* A field that may stand once stands again: as a copy that goes, or not. */
static int
check_again(const struct header *header, const struct author_field *kind,
    size_t first, const struct author_rules *rules, struct arena *mem,
    struct err *err)
{
	for (size_t i = header_find(header, kind->name, first + 1);
	    i < header->count; i = header_find(header, kind->name, i + 1)) {
		if (!rules->forms.same_fields || !slice_eq(
		    field_unfold(mem, header->fields[first].value),
		    field_unfold(mem, header->fields[i].value)))
			return err_set(err, ERR_DATA, "two %s fields",
			    kind->name.data);
	}
	return 0;
}

bool
author_field_is_odd(const struct field_readings *readings)
{
	for (size_t k = 0; k < sizeof(author_fields) / sizeof(author_fields[0]);
	    k++) {
		if (field_readings_have(readings, author_fields[k].name))
			return true;
	}
	return false;
}

static int
check_field_names(const struct header *header,
    const struct author_rules *rules, struct arena *mem, struct err *err)
{
	for (size_t i = 0; i < header->count; i++) {
		struct slice name = header->fields[i].name;
		struct field_readings readings;

		field_readings_of(&header->fields[i], &readings);
		if (readings.is_plain)
			continue;
		if (!rules->forms.odd_fields && author_field_is_odd(&readings))
			return err_set(err, ERR_DATA, "a field %s, which some "
			    "programs read as an author field",
			    escape(mem, name, 64));
		if (!rules->forms.misleading_fields &&
		    field_readings_mislead(&readings))
			return err_set(err, ERR_DATA, "a field %s, whose name "
			    "some programs read as another one",
			    escape(mem, name, 64));
	}
	return 0;
}

/*
 * Where the topmost block of Resent- fields ends: at a field of another kind, or
 * at one that it has already. The whole header, where it has no Resent-From.
 */
static size_t
resent_end(const struct header *header)
{
	const struct slice prefix = SLICE("Resent-");
	size_t first = 0, end;
	bool has_from = false;

	while (first < header->count && !slice_starts_nocase(
	    header->fields[first].name, prefix))
		first++;
	for (end = first; end < header->count; end++) {
		struct slice name = header->fields[end].name;

		if (!slice_starts_nocase(name, prefix) ||
		    header_find(header, name, first) < end)
			break;
		has_from = has_from ||
		    slice_eq_nocase(name, SLICE("Resent-From"));
	}
	return has_from ? end : header->count;
}

int
authors_add_header(struct authors *authors, const struct header *header,
    const struct author_rules *rules, struct err *err)
{
	size_t resent = rules->redirect ? resent_end(header) : header->count;

	if (check_field_names(header, rules, authors->mem, err) != 0)
		return -1;
	for (size_t k = 0; k < sizeof(author_fields) / sizeof(author_fields[0]);
	    k++) {
		const struct author_field *kind = &author_fields[k];
		size_t end = kind->role == ROLE_RESENT_FROM ||
		    kind->role == ROLE_RESENT_SENDER ? resent : header->count;

		for (size_t i = header_find(header, kind->name, 0); i < end;
		    i = header_find(header, kind->name, i + 1)) {
			if (kind->once && check_again(header, kind, i, rules,
			    authors->mem, err) != 0)
				return err_wrap(err, "%s cannot be read in one "
				    "way", kind->name.data);
			if (add_field(authors, kind, header, i, rules,
			    err) != 0)
				return fail_field(kind,
				    header->fields[i].value, authors->mem, err);
			if (kind->once)
				break;
		}
	}
	return 0;
}

struct slice
authors_text(const struct authors *authors, enum author_role role,
    struct arena *mem)
{
	struct strbuf buf;

	strbuf_init(&buf, mem);
	for (size_t i = 0; i < authors->count; i++) {
		if (authors->items[i].role != role)
			continue;
		if (buf.len != 0)
			strbuf_add_char(&buf, ',');
		strbuf_add(&buf, authors->items[i].address.text);
	}
	return strbuf_slice(&buf);
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
