/* SPDX-License-Identifier: BSD-2-Clause */
/* The authors of a message: who stands in MAIL FROM and in author fields. */
#include "policy/authors.h"

/* The fields that name authors. */
static const struct author_field {
	struct slice name;
	enum author_role role;
	bool once; /* RFC 5322 section 3.6, RFC 9057 section 3 */
	bool one_mailbox;
	bool may_be_empty; /* an empty From, or <>, counts as missing */
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

/* What is done about a construct: the words of three types of options. */
enum form { FORM_REFUSED, FORM_REPAIRED, FORM_ACCEPTED };

static enum form
form_of_refuse_accept(enum refuse_accept choice)
{
	return choice == RA_ACCEPT ? FORM_ACCEPTED : FORM_REFUSED;
}

static enum form
form_of_refuse_repair(enum refuse_repair choice)
{
	return choice == RR_REPAIR ? FORM_REPAIRED : FORM_REFUSED;
}

static enum form
form_of_refuse_repair_accept(enum refuse_repair_accept choice)
{
	return choice == RRA_ACCEPT ? FORM_ACCEPTED :
	    choice == RRA_REPAIR    ? FORM_REPAIRED :
				      FORM_REFUSED;
}

struct author_forms
author_forms_from_config(const struct config *config)
{
	const enum form of_constructs[CONSTRUCT_COUNT] = {
#define CONSTRUCT(id, said, field, name, type, ...) \
	[CONSTRUCT_##id] = form_of_##type(config->authors.field),
#include "message/constructs.def"
	};
	bool repairs = config_counts_repairs(config);
	struct author_forms forms = {
		.several_from = config->authors.several_from == RA_ACCEPT,
		.same_fields =
		    repairs && config->authors.second_field == RR_REPAIR,
		.odd_fields =
		    repairs && config->authors.odd_field_name == RR_REPAIR,
		.misleading_fields = repairs,
		.empty_from = repairs && config->repair.from,
		.utf8_address = config->authors.utf8_address == RA_ACCEPT,
	};

	for (unsigned int i = 0; i < CONSTRUCT_COUNT; i++) {
		enum form form = of_constructs[i];

		if (form == FORM_REFUSED || (form == FORM_REPAIRED && !repairs))
			forms.refused |= CONSTRUCT_BIT(i);
		else if (form == FORM_REPAIRED)
			forms.repaired |= CONSTRUCT_BIT(i);
	}
	return forms;
}

/* The first construct that the rules refuse, as an error. */
static int
check_forms(
    unsigned int constructs, const struct author_forms *forms, struct err *err)
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

/* Its mailbox is in it already; what is compared is added here. */
static int
add_author(struct authors *authors, struct author author,
    const struct author_rules *rules, struct err *err)
{
	if (rules->max_authors != 0 && authors->count >= rules->max_authors)
		return err_set(err, ERR_LIMIT, "more than %zu author addresses",
		    rules->max_authors);
	if (address_canonical(&author.mailbox, rules->domain,
		rules->utf8 || rules->forms.utf8_address, authors->mem,
		&author.address, &author.completed, err) != 0)
		return -1;
	authors_keep(authors, &author);
	return 0;
}

int
authors_add_path(struct authors *authors, struct slice path,
    const struct author_rules *rules, struct err *err)
{
	struct author author = { .role = ROLE_MAIL_FROM };
	unsigned int constructs = 0;
	bool is_null;

	if (reverse_path_parse(path, authors->mem, &is_null, &author.mailbox,
		&constructs, err) != 0)
		return -1;
	if (is_null)
		return 0;
	if (check_forms(constructs, &rules->forms, err) != 0)
		return -1;
	return add_author(authors, author, rules, err);
}

/* A header whose authors are added. */
struct header_reading {
	struct authors *authors;
	const struct header *header;
	const struct author_rules *rules;
};

static int
add_field(const struct header_reading *reading, const struct author_field *kind,
    size_t field, struct err *err)
{
	struct authors *authors = reading->authors;
	const struct author_rules *rules = reading->rules;
	struct slice value = reading->header->fields[field].value;
	struct mailbox_list list;

	/* Nothing of the field will be left. */
	if (kind->may_be_empty && rules->forms.empty_from &&
	    mailbox_is_empty_angle(value))
		return 0;
	if (mailbox_list_parse(
		value, rules->max_mailboxes, authors->mem, &list, err) != 0 ||
	    check_forms(list.constructs, &rules->forms, err) != 0)
		return -1;
	/* Before anybody looks at names: that takes many times their length. */
	authors->name_bytes += value.len;
	for (size_t i = 0; i < list.count; i++)
		authors->name_bytes -= list.items[i].len;
	if (rules->max_name_bytes != 0 &&
	    authors->name_bytes > rules->max_name_bytes)
		return err_set(err, ERR_LIMIT,
		    "more than %zu octets of names in author fields",
		    rules->max_name_bytes);
	/* RFC 6854 section 4: it says that there is no address to name. */
	if (list.count == 0 &&
	    (list.constructs & CONSTRUCT_BIT(CONSTRUCT_GROUP)) != 0)
		return err_set(err, ERR_DATA, "a group without members");
	if (list.count == 0 && !kind->may_be_empty)
		return err_set(err, ERR_DATA, "it is empty");
	if (list.count > 1 &&
	    (kind->one_mailbox ||
		(kind->role == ROLE_FROM && !rules->forms.several_from)))
		return err_set(err, ERR_DATA, "several mailboxes");
	for (size_t i = 0; i < list.count; i++) {
		const struct author author = { .role = kind->role,
			.mailbox = list.items[i],
			.field = field,
			.rewrite =
			    (list.constructs & rules->forms.repaired) != 0 };

		if (add_author(authors, author, rules, err) != 0)
			return -1;
	}
	return 0;
}

/* A field that may stand once stands again: as a copy that goes, or not. */
static int
check_again(const struct header_reading *reading,
    const struct author_field *kind, size_t first, struct err *err)
{
	const struct header *header = reading->header;
	struct arena *mem = reading->authors->mem;

	for (size_t i = header_find(header, kind->name, first + 1);
	     i < header->count; i = header_find(header, kind->name, i + 1)) {
		if (!reading->rules->forms.same_fields ||
		    !slice_eq(field_unfold(mem, header->fields[first].value),
			field_unfold(mem, header->fields[i].value)))
			return err_set(
			    err, ERR_DATA, "two %s fields", kind->name.data);
	}
	return 0;
}

/* A field cannot be read; the user sees what was typed, if it is given. */
static int
fail_field(const struct header_reading *reading,
    const struct author_field *kind, struct slice value, struct err *err)
{
	enum { SHOWN_OCTETS = 100 };
	struct arena *mem = reading->authors->mem;
	struct slice typed = slice_trim(field_unfold(mem, value));

	if (err->kind == ERR_DATA && typed.len != 0) {
		const char *why = slice_cstr(mem, slice_of(err->text));

		err_set(err, ERR_DATA, "%s; you typed %s", why,
		    escape(mem, typed, SHOWN_OCTETS));
	}
	return err_wrap(err, "%s cannot be read in one way", kind->name.data);
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

	while (first < header->count &&
	    !slice_starts_nocase(header->fields[first].name, prefix))
		first++;
	for (end = first; end < header->count; end++) {
		struct slice name = header->fields[end].name;

		if (!slice_starts_nocase(name, prefix) ||
		    header_find(header, name, first) < end)
			break;
		has_from =
		    has_from || slice_eq_nocase(name, SLICE("Resent-From"));
	}
	return has_from ? end : header->count;
}

int
authors_add_header(struct authors *authors, const struct header *header,
    const struct author_rules *rules, struct err *err)
{
	const struct header_reading reading = { authors, header, rules };
	size_t resent = rules->redirect ? resent_end(header) : header->count;

	/* No field may be read as an author field, or as another one. */
	for (size_t i = 0; header->odd_names > 0 && i < header->count; i++) {
		struct field_readings names;

		field_readings_of(&header->fields[i], &names);
		if (names.is_plain)
			continue;
		if (!rules->forms.odd_fields && author_field_is_odd(&names))
			return err_set(err, ERR_DATA,
			    "a field %s, which some programs read as an "
			    "author field",
			    escape(authors->mem, header->fields[i].name, 64));
		if (!rules->forms.misleading_fields &&
		    field_readings_mislead(&names))
			return err_set(err, ERR_DATA,
			    "a field %s, whose name some programs read as "
			    "another one",
			    escape(authors->mem, header->fields[i].name, 64));
	}
	for (size_t k = 0; k < sizeof(author_fields) / sizeof(author_fields[0]);
	     k++) {
		const struct author_field *kind = &author_fields[k];
		size_t end = kind->role == ROLE_RESENT_FROM ||
			kind->role == ROLE_RESENT_SENDER ?
		    resent :
		    header->count;

		for (size_t i = header_find(header, kind->name, 0); i < end;
		     i = header_find(header, kind->name, i + 1)) {
			struct slice value = header->fields[i].value;

			if (kind->once &&
			    check_again(&reading, kind, i, err) != 0)
				return fail_field(
				    &reading, kind, SLICE(""), err);
			if (add_field(&reading, kind, i, err) != 0)
				return fail_field(&reading, kind, value, err);
			if (kind->once)
				break;
		}
	}
	return 0;
}

struct slice
authors_text(
    const struct authors *authors, enum author_role role, struct arena *mem)
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
