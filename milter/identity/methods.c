/* SPDX-License-Identifier: BSD-2-Clause */
/* The registry of methods, and what they need in the configuration. */
#include "identity_priv.h"

#include <string.h>

#include "base/suggest.h"

static const struct identity_method *const methods[] = {
	&identity_by_sasl,
	&identity_by_certificate,
	&identity_by_login_field,
	&identity_by_network,
	&identity_by_host,
	&identity_by_pop,
};

enum { METHODS = sizeof(methods) / sizeof(methods[0]), SHOWN_OCTETS = 60 };

const struct identity_method *
identity_method_find(struct slice name)
{
	for (size_t m = 0; m < METHODS; m++) {
		if (slice_eq(name, methods[m]->name))
			return methods[m];
	}
	return NULL;
}

struct slice
identity_method_table(
    const struct identity_method *method, const struct config *config)
{
	struct slice spec = { NULL, 0 };

	if (method->table_option != NULL)
		memcpy(&spec, (const char *)config + method->table_offset,
		    sizeof(spec));
	return spec;
}

void
identity_fault(
    struct identity_faults *faults, const char *option, const char *text)
{
	faults->count++;
	report_error(faults->report, "%s",
	    config_fault(faults->config, option, text, &faults->mem));
}

/* "sasl, network and x" with " and ", or with another word. */
static const char *
method_names(struct arena *mem, const char *last)
{
	struct slice text = methods[0]->name;

	for (size_t m = 1; m < METHODS; m++)
		text = slice_format(mem, "%s%s%s", text.data,
		    m + 1 < METHODS ? ", " : last, methods[m]->name.data);
	return text.data;
}

bool
identity_uses_method(const struct config *config, struct slice name)
{
	const struct slice_list *names = &config->identify.methods;

	for (size_t i = 0; i < names->count; i++) {
		if (slice_eq(names->items[i], name))
			return true;
	}
	return false;
}

bool
identity_realms_are_typed(const struct config *config)
{
	for (size_t m = 0; m < METHODS; m++) {
		if (!methods[m]->is_typed &&
		    identity_uses_method(config, methods[m]->name))
			return false;
	}
	return config->identify.login_map.len == 0;
}

/* The method that a word names, or may mean: the latter is a fault. */
static const struct identity_method *
read_method(struct identity_faults *faults, struct slice name)
{
	const struct identity_method *method = identity_method_find(name);
	const char *words[METHODS], *near;

	if (method != NULL)
		return method;
	for (size_t m = 0; m < METHODS; m++)
		words[m] = methods[m]->name.data;
	near = suggest(name, words, METHODS);
	identity_fault(faults, "identify.methods",
	    slice_format(&faults->mem,
		"\"%s\" is not a method; there are %s%s%s%s",
		escape(&faults->mem, name, SHOWN_OCTETS),
		method_names(&faults->mem, " and "),
		near == NULL ? "" : "; did you mean \"",
		near == NULL ? "" : near, near == NULL ? "" : "\"?")
		.data);
	return near == NULL ? NULL : identity_method_find(slice_of(near));
}

/* Whether another method that is used has the same table. */
static bool
table_is_used(const struct identity_method *method, const bool *is_used)
{
	for (size_t m = 0; m < METHODS; m++) {
		if (is_used[m] && methods[m]->table_option != NULL &&
		    methods[m]->table_offset == method->table_offset)
			return true;
	}
	return false;
}

static void
check_method(struct identity_faults *faults,
    const struct identity_method *method, bool is_used, bool table_used)
{
	bool has_table = identity_method_table(method, faults->config).len != 0;

	if (is_used && method->table_option != NULL &&
	    !method->table_is_optional && !has_table)
		identity_fault(faults, "identify.methods",
		    slice_format(&faults->mem,
			"the method %s needs a table: set %s",
			method->name.data, method->table_option)
			.data);
	else if (!table_used && !method->table_is_optional && has_table)
		identity_fault(faults, method->table_option,
		    slice_format(&faults->mem,
			"is not used, because %s is not in identify.methods",
			method->name.data)
			.data);
	if (is_used && method->check != NULL)
		method->check(faults);
}

unsigned int
identity_check_config(const struct config *config, const struct report *report)
{
	const struct slice_list *names = &config->identify.methods;
	struct identity_faults faults = { .config = config, .report = report };
	bool is_used[METHODS] = { false };

	arena_init(&faults.mem);
	if (names->count == 0)
		identity_fault(&faults, "identify.methods",
		    slice_format(&faults.mem, "takes at least one of %s",
			method_names(&faults.mem, ", "))
			.data);
	for (size_t i = 0; i < names->count; i++) {
		const struct identity_method *method =
		    read_method(&faults, names->items[i]);

		for (size_t m = 0; m < METHODS; m++)
			is_used[m] = is_used[m] || methods[m] == method;
	}
	for (size_t m = 0; m < METHODS; m++)
		check_method(&faults, methods[m], is_used[m],
		    table_is_used(methods[m], is_used));
	login_field_check_name(&faults);
	identity_check_services(&faults);
	arena_done(&faults.mem);
	return faults.count;
}
