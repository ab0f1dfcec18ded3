/* SPDX-License-Identifier: BSD-2-Clause */
/* The fields to sign, as the sign block names them, and faults of these. */
#include "message/field_names.h"
#include "sign_priv.h"

enum { SHOWN_OCTETS = 60 };

/* Where faults of the block go. */
struct sign_faults {
	const struct config *config;
	const struct report *report;
	struct arena mem;
	unsigned int count;
};

static void
sign_fault(struct sign_faults *faults, const char *option, struct slice text)
{
	faults->count++;
	report_error(faults->report, "%s",
	    config_fault(faults->config, option, text.data, &faults->mem));
}

static bool
list_has(const struct slice_list *list, size_t count, struct slice name)
{
	for (size_t i = 0; i < count; i++) {
		if (slice_eq(list->items[i], name))
			return true;
	}
	return false;
}

static void
check_names(struct sign_faults *faults, const char *option,
    const struct slice_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		struct slice name = list->items[i];
		const char *shown = escape(&faults->mem, name, SHOWN_OCTETS);

		if (!field_name_is_good(name))
			sign_fault(faults, option,
			    slice_format(&faults->mem,
				"\"%s\" is not a field name", shown));
		else if (field_is(name, FIELD_UNSIGNED))
			sign_fault(faults, option,
			    slice_format(&faults->mem,
				"%s changes on the way; it cannot be signed",
				shown));
		if (list_has(list, i, name))
			sign_fault(faults, option,
			    slice_format(
				&faults->mem, "has \"%s\" twice", shown));
	}
}

/* An oversigned field must be signed. */
static void
check_oversigned(struct sign_faults *faults, const char *option,
    const struct slice_list *list)
{
	const struct slice_list *names = &faults->config->sign.signed_headers;

	for (size_t i = 0; i < list->count; i++) {
		if (!list_has(names, names->count, list->items[i]))
			sign_fault(faults, option,
			    slice_format(&faults->mem,
				"%s is not in sign.signed-headers",
				escape(&faults->mem, list->items[i],
				    SHOWN_OCTETS)));
	}
}

unsigned int
sign_check_config(const struct config *config, const struct report *report)
{
	static const char signed_headers[] = "sign.signed-headers";
	static const char oversigned[] = "sign.oversigned-headers";
	static const char present[] = "sign.oversigned-if-present";
	const struct slice_list *names = &config->sign.signed_headers;
	struct sign_faults faults = { .config = config, .report = report };

	arena_init(&faults.mem);
	check_names(&faults, signed_headers, names);
	check_names(&faults, oversigned, &config->sign.oversigned_headers);
	check_names(&faults, present, &config->sign.oversigned_present);
	if (!list_has(names, names->count, SLICE("from")))
		sign_fault(&faults, signed_headers,
		    SLICE("from is missing; a signature must cover it"));
	check_oversigned(&faults, oversigned, &config->sign.oversigned_headers);
	check_oversigned(&faults, present, &config->sign.oversigned_present);
	arena_done(&faults.mem);
	return faults.count;
}

static const struct slice *
copy_names(struct arena *mem, const struct slice_list *list)
{
	struct slice *names = arena_array(mem, list->count + 1, sizeof(*names));

	for (size_t i = 0; i < list->count; i++)
		names[i] = slice_dup(mem, list->items[i]);
	return names;
}

struct sign_policy
sign_policy_from_config(const struct config *config, struct arena *mem)
{
	enum canon_choice canon = config->sign.canonicalization;

	return (struct sign_policy){
		.header_canon = canon == CANON_SIMPLE_RELAXED ||
			canon == CANON_SIMPLE_SIMPLE ?
		    CANON_SIMPLE :
		    CANON_RELAXED,
		.body_canon = canon == CANON_RELAXED_SIMPLE ||
			canon == CANON_SIMPLE_SIMPLE ?
		    CANON_SIMPLE :
		    CANON_RELAXED,
		.signed_names = copy_names(mem, &config->sign.signed_headers),
		.signed_count = config->sign.signed_headers.count,
		.oversigned_names =
		    copy_names(mem, &config->sign.oversigned_headers),
		.oversigned_count = config->sign.oversigned_headers.count,
		.present_names =
		    copy_names(mem, &config->sign.oversigned_present),
		.present_count = config->sign.oversigned_present.count,
	};
}
