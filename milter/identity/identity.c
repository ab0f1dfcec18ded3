/* SPDX-License-Identifier: BSD-2-Clause */
/* Who sends: the methods are asked in their order. */
#include "identity_priv.h"

static void
add_realm(struct identity *identity, struct slice realm, struct arena *mem)
{
	struct slice canonical;
	struct err err;

	if (domain_canonical(realm, mem, &canonical, &err) == 0)
		(void)!map_add(identity->realms, canonical, identity);
}

void
identity_init(struct identity *identity, const struct config *config,
    const struct table_set *tables, struct arena *mem)
{
	const struct slice_list *names = &config->identify.methods;
	const struct slice_list *realms = &config->identify.realms;

	*identity = (struct identity){
		.domain = slice_lower(mem, config->main.domain),
		.mta = config->main.mta,
		.login_map = table_set_find(tables, config->identify.login_map),
		.pop = pop_limits_from(config, mem),
		.login_field = { .name = slice_dup(
				     mem, config->identify.login_field) },
		.steps =
		    arena_array(mem, names->count, sizeof(*identity->steps)),
		.realms = map_new(mem),
	};
	for (size_t i = 0; i < names->count; i++) {
		const struct identity_method *method =
		    identity_method_find(names->items[i]);

		if (method == NULL)
			continue;
		identity->steps[identity->step_count++] =
		    (struct identity_step){ method,
			    table_set_find(tables,
				identity_method_table(method, config)) };
	}
	identity_init_services(identity, config, mem);
	if (config->main.domain.len != 0)
		add_realm(identity, config->main.domain, mem);
	for (size_t i = 0; i < realms->count; i++) {
		if (slice_eq(realms->items[i], SLICE(CONFIG_ANY_REALM)))
			identity->any_realm = true;
		else
			add_realm(identity, realms->items[i], mem);
	}
}

static void
check_table(const struct table *table, const struct table *only,
    table_value_check *check, const struct report *report)
{
	if (table != NULL && (only == NULL || table == only))
		table_check_values(table,
		    check != NULL ? check : identity_check_login, NULL, report);
}

void
identity_check_values(const struct identity *identity, const struct table *only,
    const struct report *report)
{
	for (size_t i = 0; i < identity->step_count; i++) {
		const struct identity_step *step = &identity->steps[i];
		size_t j = 0;

		/* Two methods may have one table. */
		while (j < i &&
		    (identity->steps[j].table != step->table ||
			identity->steps[j].method->check_value !=
			    step->method->check_value))
			j++;
		if (j != i || (only != NULL && step->table != only))
			continue;
		check_table(
		    step->table, only, step->method->check_value, report);
		if (step->method->key_fault != NULL)
			table_check_row_keys(
			    step->table, step->method->key_fault, NULL, report);
	}
	check_table(identity->login_map, only, NULL, report);
}

static bool
realm_is_named(const struct identity *identity, struct slice login)
{
	size_t at = slice_find_last(login, '@');

	return at != login.len &&
	    (identity->any_realm ||
		map_get(identity->realms, slice_from(login, at + 1)) != NULL);
}

void
identity_explain(const struct identity_question *question, struct slice why)
{
	if (question->doubt->why.len == 0)
		question->doubt->why = why;
}

/* The login that counts, from what a method found; empty: none. */
static int
settle(const struct identity *identity, const struct identity_method *method,
    struct slice found, const struct table_context *context,
    struct submitter *submitter)
{
	struct slice login =
	    login_normalise(context->mem, found, identity->domain);
	struct slice mapped = { NULL, 0 };

	if (identity->login_map != NULL && login.len != 0 &&
	    identity_map_login(identity, login, context, &mapped) != 0)
		return -1;
	if (mapped.len != 0)
		login = login_normalise(context->mem, mapped, identity->domain);
	submitter->login = login;
	submitter->is_odd = !login_has_form(context->mem, login);
	submitter->realm_counts = !submitter->is_odd &&
	    (!method->is_typed || mapped.len != 0 ||
		realm_is_named(identity, login));
	return 0;
}

/* Whether the client may be one of the hosts that have a login. */
static bool
doubt_counts(const struct identity *identity, const struct client_facts *client,
    const struct identity_doubt *doubt)
{
	switch (doubt->kind) {
	case DOUBT_OF_ROW:
		return true;
	case DOUBT_OF_NAME:
		/* Names of many strangers are never to be had. */
		return identity_unidentified(identity, client) ==
		    UNIDENTIFIED_REJECT;
	case DOUBT_NONE:
		break;
	}
	return false;
}

/* What is asked of the steps, and where they begin. */
struct search {
	const struct client_facts *client;
	const struct header *header; /* NULL: it has not come yet */
	size_t step;
	struct identity_doubt doubt; /* of the steps before */
};

static int
search_steps(const struct identity *identity, const struct search *search,
    const struct table_context *context, struct submitter *ret_submitter)
{
	struct identity_doubt doubt = search->doubt;

	*ret_submitter = (struct submitter){ 0 };
	for (size_t i = search->step; i < identity->step_count; i++) {
		const struct identity_step *step = &identity->steps[i];
		const struct identity_question question = { identity,
			search->client, step->table, context, search->header,
			&doubt };
		struct submitter submitter = { .via = step->method->name,
			.is_host = step->method->is_host };
		struct slice found = { NULL, 0 };

		if (!identity_method_is_asked(
			identity, step->method, search->client))
			continue;
		if (step->method->reads_header && search->header == NULL) {
			ret_submitter->waits = true;
			ret_submitter->step = i;
			ret_submitter->doubt = doubt;
			return 0;
		}
		if (step->method->find(&question, &found) != 0 ||
		    settle(identity, step->method, found, context,
			&submitter) != 0) {
			context->err->kind = ERR_TEMP;
			return err_wrap(context->err, "identify by %s",
			    step->method->name.data);
		}
		if (submitter.login.len == 0)
			continue;
		*ret_submitter = submitter;
		break;
	}
	if (ret_submitter->login.len != 0)
		return 0;
	ret_submitter->doubt = doubt;
	if (!doubt_counts(identity, search->client, &doubt))
		return 0;
	return err_set(context->err, ERR_TEMP, "identify by %s: %.*s",
	    identity_by_host.name.data, SLICE_ARGS(doubt.why));
}

int
identity_find(const struct identity *identity,
    const struct client_facts *client, const struct table_context *context,
    struct submitter *ret_submitter)
{
	return search_steps(identity,
	    &(const struct search){ .client = client }, context, ret_submitter);
}

int
identity_find_in_header(const struct identity *identity,
    const struct client_facts *client, const struct header *header,
    const struct table_context *context, struct submitter *submitter)
{
	const struct search search = { client, header, submitter->step,
		submitter->doubt };

	ENSURE(submitter->waits);
	return search_steps(identity, &search, context, submitter);
}

struct slice
identity_step_name(const struct identity_step *step)
{
	return step->method->name;
}

bool
identity_step_is_asked(const struct identity *identity, size_t step,
    const struct client_facts *client)
{
	return identity_method_is_asked(
	    identity, identity->steps[step].method, client);
}
