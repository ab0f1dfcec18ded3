/* SPDX-License-Identifier: BSD-2-Clause */
/* The services of the MTA: which methods are asked there, and what is refused. */
#include "identity_priv.h"

/* "587=sasl": a service, and a word about it; false: it is not of the kind. */
static bool
split(struct slice item, struct slice *ret_service, struct slice *ret_word)
{
	size_t equals = slice_find_last(item, '=');

	*ret_service = slice_trim(slice_sub(item, 0, equals));
	*ret_word = slice_trim(slice_from(item, equals + 1));
	return equals < item.len && ret_service->len != 0 && ret_word->len != 0;
}

static bool
choice_of(struct slice word, enum unidentified *ret_choice)
{
	bool passes = slice_eq(word, SLICE("pass"));

	if (!passes && !slice_eq(word, SLICE("reject")))
		return false;
	*ret_choice = passes ? UNIDENTIFIED_PASS : UNIDENTIFIED_REJECT;
	return true;
}

struct slice
service_port(struct slice service)
{
	static const struct {
		const char *name, *number;
	} ports[] = { { "smtp", "25" }, { "submission", "587" },
		{ "submissions", "465" }, { "smtps", "465" } };

	for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
		if (slice_eq_nocase(service, slice_of(ports[i].name)))
			return slice_of(ports[i].number);
	}
	return service;
}

/* Whoever binds another method than he uses leaves that one unbound. */
static void
check_binding(struct identity_faults *faults, struct slice item)
{
	const char *shown = escape(&faults->mem, item, 60);
	struct slice service, word, fault;

	if (!split(item, &service, &word) || identity_method_find(word) == NULL)
		fault = slice_format(&faults->mem,
		    "takes SERVICE=METHOD like \"587=sasl\", not \"%s\"",
		    shown);
	else if (!identity_uses_method(faults->config, word))
		fault = slice_format(&faults->mem,
		    "\"%s\" is not used, because %.*s is not in "
		    "identify.methods",
		    shown, SLICE_ARGS(word));
	else
		return;
	identity_fault(faults, "identify.methods-at", fault.data);
}

void
identity_check_services(struct identity_faults *faults)
{
	const struct slice_list *methods = &faults->config->identify.methods_at;
	const struct slice_list *choices =
	    &faults->config->identify.unidentified_at;
	struct slice service, word;
	enum unidentified choice;

	for (size_t i = 0; i < methods->count; i++)
		check_binding(faults, methods->items[i]);
	for (size_t i = 0; i < choices->count; i++) {
		if (!split(choices->items[i], &service, &word) ||
		    !choice_of(word, &choice))
			identity_fault(faults, "identify.unidentified-at",
			    slice_format(&faults->mem,
				"takes SERVICE=reject or SERVICE=pass like "
				"\"25=pass\", not \"%s\"",
				escape(&faults->mem, choices->items[i], 60))
				.data);
	}
}

void
identity_init_services(
    struct identity *identity, const struct config *config, struct arena *mem)
{
	const struct slice_list *methods = &config->identify.methods_at;
	const struct slice_list *choices = &config->identify.unidentified_at;
	struct slice service, word;

	identity->unidentified = config->identify.unidentified;
	identity->services = arena_array(
	    mem, methods->count + choices->count, sizeof(*identity->services));
	for (size_t i = 0; i < methods->count + choices->count; i++) {
		struct slice item = i < methods->count ?
		    methods->items[i] :
		    choices->items[i - methods->count];
		struct identity_service found = { .method = NULL };

		if (!split(item, &service, &word))
			continue;
		found.name = slice_dup(mem, service);
		if (i < methods->count) {
			found.method = identity_method_find(word);
			if (found.method == NULL)
				continue;
		} else if (!choice_of(word, &found.choice)) {
			continue;
		}
		identity->services[identity->service_count++] = found;
	}
}

static bool
is_at(const struct identity_service *service, const struct client_facts *client)
{
	return slice_eq_nocase(service->name, client->said[FACT_DAEMON_NAME]) ||
	    slice_eq(
		service_port(service->name), client->said[FACT_DAEMON_PORT]);
}

bool
identity_method_is_asked(const struct identity *identity,
    const struct identity_method *method, const struct client_facts *client)
{
	bool is_bound = false;

	for (size_t i = 0; i < identity->service_count; i++) {
		const struct identity_service *service = &identity->services[i];

		if (service->method != method)
			continue;
		if (is_at(service, client))
			return true;
		is_bound = true;
	}
	return !is_bound;
}

enum unidentified
identity_unidentified(
    const struct identity *identity, const struct client_facts *client)
{
	enum unidentified choice = identity->unidentified;
	bool is_known = client->said[FACT_DAEMON_NAME].len != 0 ||
	    client->said[FACT_DAEMON_PORT].len != 0;
	bool is_named = false;

	for (size_t i = 0; i < identity->service_count; i++) {
		const struct identity_service *service = &identity->services[i];

		if (service->method != NULL)
			continue;
		/* Of several words, or of an unknown service, the stricter. */
		if (is_known && !is_at(service, client))
			continue;
		if (service->choice == UNIDENTIFIED_REJECT)
			return UNIDENTIFIED_REJECT;
		is_named = is_named || is_known;
	}
	return is_named ? UNIDENTIFIED_PASS : choice;
}
