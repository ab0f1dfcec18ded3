/* SPDX-License-Identifier: BSD-2-Clause */
/* Fields in which only we may say who sent a message, and forgeries of them. */
#include "repair_priv.h"

/* RFC 8617 section 4.2.1: instances are 1 to 50. */
enum { MAX_INSTANCE = 50 };

/* The next tag of a name in a tag list (RFC 6376 section 3.2), white space removed. */
static bool
next_tag(struct slice *rest, struct slice name, struct arena *mem,
    struct slice *ret_value)
{
	struct slice tag;

	while (slice_next_item(rest, ";", &tag)) {
		size_t equals = slice_find(tag, '=');
		struct slice text = slice_from(tag, equals + 1), part;
		struct strbuf buf;

		if (!slice_eq_nocase(
			slice_trim(slice_sub(tag, 0, equals)), name))
			continue;
		strbuf_init(&buf, mem);
		while (slice_next_item(&text, " \t", &part))
			strbuf_add(&buf, part);
		*ret_value = strbuf_slice(&buf);
		return true;
	}
	return false;
}

bool
repair_claims_ours(const struct repair_facts *facts, struct slice value)
{
	CLEANUP(arena_done) struct arena scratch;
	struct slice rest, domain;

	arena_init(&scratch);
	if (facts->is_redirected)
		return false;
	rest = field_unfold(&scratch, value);
	/* There may be several; verifiers take one or another. */
	while (next_tag(&rest, SLICE("d"), &scratch, &domain)) {
		if (slice_ends_nocase(domain, SLICE(".")))
			domain.len--;
		if (own_domains_cover(facts->own_domains, domain, &scratch))
			return true;
	}
	return false;
}

/*
 * Whether a signature can be read: a list of tags, with all that RFC 6376
 * section 3.5 requires but bh=, of which old ones have none. libopendkim ends
 * at any other, and OpenDKIM then looks at no signature of that message.
 */
static bool
is_signature(struct slice value, bool smtputf8, struct arena *mem)
{
	static const struct slice required = { "vabdhs", 6 };
	/* RFC 8616 allows UTF-8 in some values, in mail with SMTPUTF8. */
	bool utf8 = smtputf8 && slice_is_utf8(value);
	unsigned long time;
	struct strbuf found;

	strbuf_init(&found, mem);
	while (slice_trim(value).len > 0) {
		struct slice tag = slice_sub(value, 0, slice_find(value, ';'));
		size_t equals = slice_find(tag, '=');
		struct slice name = slice_trim(slice_sub(tag, 0, equals));
		struct slice text = slice_trim(slice_from(tag, equals + 1));
		bool good = equals < tag.len && name.len > 0;

		value = slice_from(value, tag.len + 1);
		/*
		 * Verifiers take more for a name than section 3.2 does: strict
		 * ones begin with a letter and have no hyphen.
		 */
		for (size_t i = 0; i < name.len; i++) {
			char c = name.data[i];

			good = good &&
			    (char_is_alpha(c) || char_is_digit(c) ||
				(i > 0 && (c == '_' || c == '-')));
		}
		for (size_t i = 0; i < text.len; i++) {
			char c = text.data[i];

			good = good && (utf8 || !char_is_8bit(c)) &&
			    (!char_is_control(c) || c == '\t' || c == '\n');
		}
		/* A time is 1*12DIGIT. */
		if (slice_eq(name, SLICE("t")) || slice_eq(name, SLICE("x")))
			good = good && text.len <= 12 &&
			    slice_number(text, 999999999999, &time);
		if (!good)
			return false;
		if (name.len == 1 && slice_has(required, name.data[0]) &&
		    !slice_has(strbuf_slice(&found), name.data[0]))
			strbuf_add_char(&found, name.data[0]);
	}
	return found.len == required.len;
}

static const struct slice arc_names[] = { { "ARC-Seal", 8 },
	{ "ARC-Message-Signature", 21 }, { "ARC-Authentication-Results", 26 } };

enum { ARC_RESULTS = 2, ARC_NAMES = 3 };

/* The instance of an ARC field; 0 when it has none. */
static unsigned long
arc_instance(struct slice value)
{
	CLEANUP(arena_done) struct arena scratch;
	struct slice rest, text;
	unsigned long instance = 0;

	arena_init(&scratch);
	rest = field_unfold(&scratch, value);
	if (!next_tag(&rest, SLICE("i"), &scratch, &text) ||
	    !slice_number(text, MAX_INSTANCE, &instance))
		return 0;
	return instance;
}

/* Whether a field of arc_names[name] claims to be ours. */
static bool
arc_field_is_ours(
    const struct repair_facts *facts, size_t name, struct slice value)
{
	CLEANUP(arena_done) struct arena scratch;
	struct slice id;

	arena_init(&scratch);
	if (name != ARC_RESULTS)
		return repair_claims_ours(facts, value);
	/* "i=1; mail.example.org; spf=pass": whose results these are. */
	return authserv_id(slice_from(value, slice_find(value, ';') + 1),
		   &scratch, &id) &&
	    slice_eq_nocase(id, facts->hostname);
}

/* A set of which any part claims to be ours goes as a whole. */
static bool
delete_forged_arc(const struct repair_facts *facts, struct edits *edits)
{
	bool forged[MAX_INSTANCE + 1] = { false };
	bool found = false;

	for (int pass = 0; pass < 2; pass++) {
		for (size_t n = 0; n < ARC_NAMES; n++) {
			for (size_t i = edits_find(edits, arc_names[n], 0);
			     i < edits->count;
			     i = edits_find(edits, arc_names[n], i + 1)) {
				struct slice value =
				    edits->fields[i].field.value;
				unsigned long instance = arc_instance(value);

				if (pass == 0 && instance != 0)
					forged[instance] = forged[instance] ||
					    arc_field_is_ours(facts, n, value);
				if (pass == 0 ||
				    !(instance == 0 ?
					    arc_field_is_ours(facts, n, value) :
					    forged[instance]))
					continue;
				edits_delete(edits, i);
				found = true;
			}
		}
	}
	return found;
}

bool
repair_misleading(struct edits *edits)
{
	bool found = false;

	if (edits->received->odd_names == 0)
		return false;
	for (size_t i = 0; i < edits->received->count; i++) {
		struct field_readings readings;

		if (edits->fields[i].state == FIELD_DELETED)
			continue;
		field_readings_of(&edits->fields[i].field, &readings);
		if (!author_field_is_odd(&readings) &&
		    !field_readings_mislead(&readings))
			continue;
		edits_delete(edits, i);
		found = true;
	}
	return found;
}

static bool
is_listed(struct slice name, const struct slice_list *list)
{
	for (size_t n = 0; n < list->count; n++) {
		if (slice_eq_nocase(name, list->items[n]))
			return true;
	}
	return false;
}

static bool
may_be_read_as_listed(const struct field *field, const struct slice_list *list)
{
	struct field_readings readings;

	field_readings_of(field, &readings);
	for (size_t n = 0; n < list->count; n++) {
		if (field_readings_have(&readings, list->items[n]))
			return true;
	}
	return false;
}

/* Fields of these names go, and what some programs read as one of them. */
static void
delete_listed(struct header_repair *repair, const struct slice_list *list)
{
	struct edits *edits = repair->edits;
	bool has_odd = edits->received->odd_names > 0;

	for (size_t i = 0; i < edits->received->count; i++) {
		const struct field *field = &edits->fields[i].field;

		if (edits->fields[i].state == FIELD_DELETED ||
		    cover_has_field(repair->facts->cover, i) ||
		    !(is_listed(field->name, list) ||
			(has_odd && may_be_read_as_listed(field, list))))
			continue;
		edits_delete(edits, i);
		repair->done |= REPAIRED_REMOVED;
	}
}

void
repair_traces(struct header_repair *repair)
{
	const struct config *config = repair->config;
	const struct repair_facts *facts = repair->facts;
	struct edits *edits = repair->edits;
	const struct slice results = SLICE("Authentication-Results");
	const struct slice signature = SLICE("DKIM-Signature");
	struct slice ours;

	/* A configured name that cannot be parsed is compared as it is. */
	if (!authserv_id(facts->hostname, edits->mem, &ours))
		ours = facts->hostname;
	/* A client may not give results in our name (RFC 8601 section 5). */
	for (size_t i = edits_find(edits, results, 0);
	     config->repair.authentication_results && i < edits->count;
	     i = edits_find(edits, results, i + 1)) {
		CLEANUP(arena_done) struct arena scratch;
		struct slice id;

		arena_init(&scratch);
		if (authserv_id(edits->fields[i].field.value, &scratch, &id) &&
		    !slice_eq_nocase(id, ours))
			continue;
		edits_delete(edits, i);
		repair->done |= REPAIRED_AUTH_RESULTS;
	}
	for (size_t i = edits_find(edits, signature, 0);
	     config->repair.dkim_signature && i < edits->count;
	     i = edits_find(edits, signature, i + 1)) {
		CLEANUP(arena_done) struct arena scratch;
		struct slice value = edits->fields[i].field.value;

		arena_init(&scratch);
		if (!repair_claims_ours(facts, value) &&
		    is_signature(value, facts->smtputf8, &scratch))
			continue;
		edits_delete(edits, i);
		repair->done |= REPAIRED_SIGNATURES;
	}
	if (config->repair.arc && delete_forged_arc(facts, edits))
		repair->done |= REPAIRED_ARC;
	if (repair_misleading(edits))
		repair->done |= REPAIRED_REMOVED;
	delete_listed(repair, &config->repair.remove);
	if (!cover_is_passed_on(facts->cover))
		delete_listed(repair, &config->repair.identity_fields);
}
