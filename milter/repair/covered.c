/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fields and body that signatures of others cover in mail that is passed on.
 * Whether these are valid is not known here. They are left alone if they look
 * valid.
 */
#include "repair/covered.h"

#include "message/tag_list.h"
#include "repair_priv.h"

static const struct slice signatures[] = { { "DKIM-Signature", 14 },
	{ "ARC-Message-Signature", 21 } };

enum { KINDS = sizeof(signatures) / sizeof(signatures[0]) };

static bool
is_passed_on(const struct repair_facts *facts, const struct edits *edits)
{
	if (facts->is_redirected)
		return true;
	for (size_t i = 0; i < facts->authors->count; i++) {
		const struct author *author = &facts->authors->items[i];

		if (author->foreign)
			return true;
		if (author->role == ROLE_FROM &&
		    own_domains_cover(
			facts->own_domains, author->address.domain, edits->mem))
			return false;
	}
	/* With no domain of ours known, none is known to be foreign. */
	if (facts->rewrite_from || own_domains_count(facts->own_domains) == 0 ||
	    authors_count(facts->authors, ROLE_FROM) == 0)
		return false;
	for (size_t i = edits_find(edits, signatures[0], 0); i < edits->count;
	     i = edits_find(edits, signatures[0], i + 1)) {
		if (!repair_claims_ours(facts, edits->fields[i].field.value))
			return true;
	}
	return false;
}

/*
 * The names of h=, and the fields that they cover: the last one of several with
 * a name first (section 5.4.2). The field of the signature itself, self, is
 * covered as well.
 */
static void
cover_fields(struct covering *item, const struct edits *edits, size_t self,
    struct slice list)
{
	struct map *names = map_new(edits->mem);
	bool *fields =
	    arena_array(edits->mem, edits->received->count, sizeof(*fields));
	struct slice name;

	/* How often each name stands there. */
	while (slice_next_item(&list, ": \t\r\n", &name)) {
		struct slice key = slice_lower(edits->mem, name);
		size_t *count = map_get(names, key);

		if (count == NULL) {
			count = arena_alloc(edits->mem, sizeof(*count));
			*count = 0;
			(void)!map_add(names, key, count);
		}
		(*count)++;
	}
	for (size_t i = edits->received->count; i > 0; i--) {
		CLEANUP(arena_done) struct arena scratch;
		size_t *left;

		arena_init(&scratch);
		left = map_get(names,
		    slice_lower(&scratch, edits->fields[i - 1].field.name));
		fields[i - 1] = i - 1 == self || (left != NULL && *left > 0);
		if (i - 1 != self && left != NULL && *left > 0)
			(*left)--;
	}
	item->names = names;
	item->fields = fields;
}

static void
add_signature(const struct repair_facts *facts, const struct edits *edits,
    size_t index, struct cover *cover)
{
	struct slice value = edits->fields[index].field.value;
	struct tag_list *tags = arena_alloc(edits->mem, sizeof(*tags));
	const struct tag *domain, *names, *canon, *length;
	struct covering *item;
	unsigned long octets;
	struct err err;

	/* A signature that cannot be read verifies nowhere. */
	if (repair_claims_ours(facts, value) ||
	    tag_list_parse(value, tags, &err) != 0)
		return;
	domain = tag_list_find(tags, SLICE("d"));
	names = tag_list_find(tags, SLICE("h"));
	/* Without these nobody can verify it (RFC 6376 section 3.5). */
	if (tag_list_find(tags, SLICE("a")) == NULL ||
	    tag_list_find(tags, SLICE("b")) == NULL ||
	    tag_list_find(tags, SLICE("s")) == NULL)
		return;
	canon = tag_list_find(tags, SLICE("c"));
	if (domain == NULL || names == NULL)
		return;
	item = &cover->items[cover->count++];
	item->domain = domain->value;
	cover_fields(item, edits, index, names->value);
	item->is_simple = canon == NULL ||
	    !slice_starts_nocase(canon->value, SLICE("relaxed"));
	/*
	 * l= counts octets of the body as it is canonicalized: where that is not
	 * the body as it came, the end of what is covered is not looked for.
	 */
	length = tag_list_find(tags, SLICE("l"));
	item->body_end = UINT64_MAX;
	if (length != NULL && slice_number(length->value, INT64_MAX, &octets) &&
	    (octets == 0 || canon == NULL || !slice_has(canon->value, '/') ||
		slice_ends_nocase(canon->value, SLICE("/simple"))))
		item->body_end = octets;
}

void
cover_find(const struct repair_facts *facts, const struct edits *edits,
    struct cover *ret_cover)
{
	*ret_cover = (struct cover){ .is_passed_on = is_passed_on(facts, edits),
		.field_count = edits->received->count };
	if (!ret_cover->is_passed_on || facts->rewrite_from)
		return;
	ret_cover->items =
	    arena_array(edits->mem, COVER_MAX, sizeof(*ret_cover->items));
	for (size_t n = 0; n < KINDS; n++) {
		for (size_t i = edits_find(edits, signatures[n], 0);
		     i < edits->count && ret_cover->count < COVER_MAX;
		     i = edits_find(edits, signatures[n], i + 1))
			add_signature(facts, edits, i, ret_cover);
	}
}

bool
cover_is_passed_on(const struct cover *cover)
{
	return cover != NULL && cover->is_passed_on;
}

bool
cover_has_field(const struct cover *cover, size_t index)
{
	/* No signature covers a field that was added here. */
	if (cover == NULL || index >= cover->field_count)
		return false;
	for (size_t i = 0; i < cover->count; i++) {
		if (cover->items[i].fields[index])
			return true;
	}
	return false;
}

static bool
has_name(const struct covering *item, struct slice name)
{
	CLEANUP(arena_done) struct arena scratch;

	arena_init(&scratch);
	return map_get(item->names, slice_lower(&scratch, name)) != NULL;
}

bool
cover_has_name(const struct cover *cover, struct slice name)
{
	for (size_t i = 0; cover != NULL && i < cover->count; i++) {
		if (has_name(&cover->items[i], name))
			return true;
	}
	return false;
}

bool
cover_has_body(const struct cover *cover, uint64_t from)
{
	for (size_t i = 0; cover != NULL && i < cover->count; i++) {
		if (from < cover->items[i].body_end)
			return true;
	}
	return false;
}

/* Whether two values are hashed alike (RFC 6376 sections 3.4.1 and 3.4.2). */
static bool
is_same(bool is_simple, struct slice a, struct slice b)
{
	static const char blanks[] = " \t\n";
	struct slice left, right;

	if (is_simple)
		return slice_eq(a, b);
	for (;;) {
		bool more = slice_next_item(&a, blanks, &left);

		if (more != slice_next_item(&b, blanks, &right))
			return false;
		if (!more)
			return true;
		if (!slice_eq(left, right))
			return false;
	}
}

struct slice
cover_broken(
    const struct cover *cover, const struct edits *edits, uint64_t body_from)
{
	struct strbuf buf;

	strbuf_init(&buf, edits->mem);
	for (size_t c = 0; cover != NULL && c < cover->count; c++) {
		const struct covering *item = &cover->items[c];
		bool broken = body_from < item->body_end;

		for (size_t i = 0; i < edits->count && !broken; i++) {
			const struct edited_field *field = &edits->fields[i];
			struct slice value = field->field.value;

			/* Put on top it is never the last of its name. */
			if (i >= edits->received->count)
				broken = field->state == FIELD_ADDED &&
				    has_name(item, field->field.name);
			else if (item->fields[i])
				broken = field->state == FIELD_DELETED ||
				    !is_same(item->is_simple, value,
					edits->received->fields[i].value);
		}
		if (!broken)
			continue;
		strbuf_add_cstr(&buf, buf.len == 0 ? "" : ", ");
		escape_append(&buf, item->domain, 120);
	}
	return strbuf_slice(&buf);
}
