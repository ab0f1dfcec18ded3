/* SPDX-License-Identifier: BSD-2-Clause */
/* "submilter check DOMAIN...". */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/map.h"
#include "check/check.h"
#include "check_domain_priv.h"
#include "cli/become.h"
#include "cli/options.h"
#include "conf/config_dns.h"
#include "input_priv.h"
#include "keys/key_table.h"
#include "message/address.h"
#include "operands_priv.h"
#include "preflight/world.h"
#include "progress_priv.h"
#include "report/service_probe.h"
#include "table/table.h"

/*
 * AHEAD: for so many domains DNS is asked while the one before them is looked
 * at; each takes some twenty questions.
 */
enum { LEVELS = DOMAIN_LATER + 1, AHEAD = 8 };

struct run {
	const struct domain_options *options;
	struct config *config;
	struct arena mem;
	struct operands names;
	struct map *domains; /* canonical, in order */
	struct preflight_world world;
	struct suffix_list *suffixes;
	struct table *egress_table; /* NULL: none */
	struct key_tables tables;
	struct keystore *keys; /* NULL: none */
	struct own_domains own;
	struct prober *prober;
	struct domain_facts facts;
	size_t levels[LEVELS];	      /* findings */
	size_t domain_levels[LEVELS]; /* domains, by their worst finding */
	size_t reports;		      /* printed */
	struct progress progress;
};

/* By what a domain counts: an error before what is not known, and so on. */
static const enum domain_level worst_first[] = { DOMAIN_ERROR, DOMAIN_LATER,
	DOMAIN_WARNING, DOMAIN_OK };

enum { KINDS_OF_DOMAINS = sizeof(worst_first) / sizeof(worst_first[0]) };

static enum domain_level
worst_level(const struct domain_report *report)
{
	for (size_t k = 0; k < KINDS_OF_DOMAINS; k++) {
		for (size_t i = 0; i < report->count; i++) {
			if (report->items[i].level == worst_first[k])
				return worst_first[k];
		}
	}
	return DOMAIN_OK;
}

static void
print_report(
    struct run *run, const struct domain_report *report, bool is_service)
{
	for (size_t i = 0; i < report->count; i++)
		run->levels[report->items[i].level]++;
	if (!is_service)
		run->domain_levels[worst_level(report)]++;
	progress_clear();
	if (run->options->json)
		domain_report_json(report, is_service, run->reports == 1);
	else
		domain_report_text(report, is_service);
	run->reports++;
	/* What follows may take a while. */
	(void)fflush(stdout);
}

static const struct domain_keys *
keys_of(struct run *run, struct slice domain)
{
	return run->keys == NULL ?
	    NULL :
	    keystore_find_domain(run->keys, domain, &run->mem);
}

/* -1: a name is not a domain. */
static int
list_domains(struct run *run, struct err *err)
{
	for (size_t i = 0; i < run->names.count; i++) {
		struct slice name = slice_of(run->names.items[i]), domain;

		if (domain_canonical(name, &run->mem, &domain, err) != 0)
			return err_wrap(
			    err, "%s", escape(&run->mem, name, 255));
		(void)!map_add(run->domains, domain, run->domains);
	}
	if (!run->options->all)
		return 0;
	for (size_t i = 0; i < own_domains_count(&run->own); i++)
		(void)!map_add(
		    run->domains, own_domains_at(&run->own, i), run->domains);
	return 0;
}

/* The addresses that mail is sent from, and the entries that say them. */
struct egress {
	struct net_addr *list;
	size_t count;
	struct egress_network *networks;
	size_t network_count;
};

static struct egress
egress_new(struct arena *mem)
{
	return (struct egress){
		.list = arena_array(
		    mem, PREFLIGHT_MAX_EGRESS, sizeof(struct net_addr)),
		.networks = arena_array(
		    mem, PREFLIGHT_MAX_EGRESS, sizeof(struct egress_network)),
	};
}

static int
egress_add(struct egress *egress, struct slice item, struct err *err)
{
	struct egress_network network = { .first = egress->count };

	if (net_cidr_parse(slice_trim(item), &network.network, err) != 0 ||
	    preflight_add_egress(item, egress->list, &egress->count, err) != 0)
		return -1;
	network.count = egress->count - network.first;
	egress->networks[egress->network_count++] = network;
	return 0;
}

static void
egress_set(struct domain_facts *facts, const struct egress *egress)
{
	facts->egress = egress->list;
	facts->egress_count = egress->count;
	facts->networks = egress->networks;
	facts->network_count = egress->network_count;
}

static void
report_domain(struct run *run, struct slice domain)
{
	struct domain_facts facts = run->facts;
	struct domain_report report;
	struct arena mem;
	struct err err;
	const struct table_context context = { .mem = &mem, .err = &err };
	const struct domain_keys *known = keys_of(run, domain);
	struct domain_keys *keys =
	    known == NULL ? NULL : keystore_take_once(run->keys, known->name);
	enum table_answer answer = TABLE_ABSENT;
	struct egress egress;
	struct slice value, item;

	arena_init(&mem);
	/* A domain may have egress addresses of its own. */
	if (run->egress_table != NULL)
		answer = table_lookup_one(
		    run->egress_table, domain, &context, &value);
	if (answer == TABLE_FOUND) {
		egress = egress_new(&mem);
		while (answer == TABLE_FOUND &&
		    slice_next_item(&value, ", \t", &item)) {
			if (egress_add(&egress, item, &err) != 0)
				answer = TABLE_FAILED;
		}
		if (answer == TABLE_FOUND && egress.count == 0) {
			err_set(&err, ERR_CONFIG, "no address");
			answer = TABLE_FAILED;
		}
		if (answer == TABLE_FOUND)
			egress_set(&facts, &egress);
		else
			err_wrap(&err, "preflight.egress-table: %s",
			    escape(&mem, domain, 255));
	}
	domain_report_make(&facts, domain, keys, &mem, &report);
	if (answer == TABLE_FAILED)
		domain_report_add(&report,
		    err.kind == ERR_TEMP ? DOMAIN_LATER : DOMAIN_ERROR,
		    "egress", SLICE(""), "unknown", SLICE(""), "%s", err.text);
	print_report(run, &report, false);
	domain_keys_release(keys);
	arena_done(&mem);
}

static void
check_domain_print_part_fault(void *arg, bool is_error, const char *text)
{
	(void)arg;
	command_say("%s: %s", is_error ? "error" : "warning", text);
}

static void
check_domain_gather_facts(struct run *run)
{
	const struct config *config = run->config;
	const struct slice_list *items = &config->preflight.egress;
	struct slice helo = config->preflight.helo.len > 0 ?
	    config->preflight.helo :
	    config->main.hostname;
	struct egress egress = egress_new(&run->mem);
	struct err err;
	bool known = true;

	run->facts = (struct domain_facts){
		.resolver = run->world.resolver,
		.validates = config->dns.trust_anchor.len > 0 &&
		    config->dns.zone.len == 0,
		.suffixes = run->suffixes,
		.seconds = (unsigned int)config->dns.seconds,
		.own = &run->own,
		.probe = run->prober == NULL ? NULL : service_probe_run,
		.probe_arg = run->prober,
	};
	/* Once more: the world has preflight.egress as single addresses. */
	for (size_t i = 0; i < items->count && known; i++)
		known = egress_add(&egress, items->items[i], &err) == 0;
	if (known)
		egress_set(&run->facts, &egress);
	if (helo.len > 0 &&
	    domain_canonical(helo, &run->mem, &run->facts.helo, &err) != 0)
		run->facts.helo = helo;
}

static int
check_domain_prepare(struct run *run, struct err *err)
{
	const struct report report = { check_domain_print_part_fault, NULL };
	const struct domain_options *options = run->options;
	struct resolver *resolver;
	const struct config *config;

	if (input_config(options->config, print_config_fault, NULL,
		&run->config, err) != 0)
		return -1;
	config = run->config;
	if (options->zone != NULL)
		run->config->dns.zone = slice_of(options->zone);
	if (preflight_check_config(config, &report) != 0)
		return err_set(
		    err, ERR_CONFIG, "the block preflight cannot be used");
	if (config_resolver(config, &resolver, err) != 0)
		return err_wrap(err, "dns");
	if (preflight_world_open(
		&run->world, config, resolver, NULL, &run->mem, err) != 0)
		return -1;
	if (suffix_list_load(
		config->preflight.suffix_list, &run->suffixes, err) != 0)
		return err_wrap(err, "preflight.suffix-list");
	if (become_milter(config, err) != 0)
		return -1;
	if (config->preflight.egress_table.len > 0 &&
	    table_open(config->preflight.egress_table, NULL, &run->egress_table,
		err) != 0)
		return err_wrap(err, "preflight.egress-table");
	run->world.egress_table = run->egress_table;
	preflight_check_values(&run->world, NULL, &report);
	if (config_has_keys(config) &&
	    (key_tables_open(config, &report, &run->tables, err) != 0 ||
		keystore_open(key_source_from_config(config, &run->tables),
		    &(struct keystore_options){ .report = &report }, &run->keys,
		    err) != 0))
		return err_wrap(err, "keys");
	own_domains_init(&run->own, run->config, &run->mem);
	keystore_name_domains(run->keys, &run->own);
	if (options->connect &&
	    prober_new((unsigned int)config->dns.seconds, &run->prober, err) !=
		0)
		return -1;
	check_domain_gather_facts(run);
	return 0;
}

/* What all domains are together. */
static void
print_summary(const struct run *run)
{
	static const char *const names[] = { [DOMAIN_ERROR] = "with errors",
		[DOMAIN_LATER] = "not known now",
		[DOMAIN_WARNING] = "with warnings",
		[DOMAIN_OK] = "fine" };
	size_t errors = run->levels[DOMAIN_ERROR];
	size_t warnings = run->levels[DOMAIN_WARNING];
	size_t later = run->levels[DOMAIN_LATER];
	size_t count = map_count(run->domains);

	printf("\n%zu error%s, %zu warning%s", errors, errors == 1 ? "" : "s",
	    warnings, warnings == 1 ? "" : "s");
	if (later > 0)
		printf(", %zu not known now", later);
	printf("\n");
	if (count == 1)
		return;
	printf("%zu domains", count);
	for (size_t k = 0; k < KINDS_OF_DOMAINS; k++)
		printf("%s%zu %s", k == 0 ? ": " : ", ",
		    run->domain_levels[worst_first[k]], names[worst_first[k]]);
	printf("\n");
}

static void
print_summary_json(const struct run *run)
{
	printf("],\n \"summary\":{\"domains\":%zu,\"with_errors\":%zu,"
	       "\"not_known\":%zu,\"with_warnings\":%zu,\"fine\":%zu},\n",
	    map_count(run->domains), run->domain_levels[DOMAIN_ERROR],
	    run->domain_levels[DOMAIN_LATER],
	    run->domain_levels[DOMAIN_WARNING], run->domain_levels[DOMAIN_OK]);
	printf(" \"errors\":%zu,\"warnings\":%zu,\"later\":%zu}\n",
	    run->levels[DOMAIN_ERROR], run->levels[DOMAIN_WARNING],
	    run->levels[DOMAIN_LATER]);
}

static void
report_all(struct run *run)
{
	size_t count = map_count(run->domains), asked = 0;
	struct domain_report service;
	struct slice domain;
	struct arena mem;

	for (size_t i = 0; i < count; i++) {
		for (; asked < count && asked <= i + AHEAD; asked++) {
			(void)map_entry(run->domains, asked, &domain);
			domain_report_prefetch(
			    &run->facts, domain, keys_of(run, domain));
		}
		if (i == 0) {
			arena_init(&mem);
			service_report_make(&run->facts, &mem, &service);
			print_report(run, &service, true);
			arena_done(&mem);
		}
		(void)map_entry(run->domains, i, &domain);
		if (count > 1 && progress_is_due(&run->progress))
			progress_show(&run->progress, "%zu of %zu: %.*s", i + 1,
			    count, SLICE_ARGS(domain));
		report_domain(run, domain);
	}
	progress_clear();
	(run->options->json ? print_summary_json : print_summary)(run);
}

int
check_domains(const struct domain_options *options)
{
	struct run run = { .options = options };
	struct err err;
	int status;

	arena_init(&run.mem);
	run.domains = map_new(&run.mem);
	progress_begin(&run.progress);
	if (strcmp(options->config, "-") == 0 &&
	    !input_claim("the configuration")) {
		status = EXIT_USAGE;
	} else if (operands_read(options->names, &run.mem, &run.names) !=
	    EXIT_YES) {
		status = EXIT_USAGE;
	} else if (check_domain_prepare(&run, &err) != 0) {
		status = command_fail(&err, EXIT_USAGE);
	} else if (list_domains(&run, &err) != 0) {
		command_say("%s", err.text);
		status = EXIT_USAGE;
	} else if (map_count(run.domains) == 0) {
		command_say("no domain has a key, and the "
			    "option domain is not set");
		status = EXIT_NO;
	} else {
		/* A peer that goes away is a finding. */
		(void)signal(SIGPIPE, SIG_IGN);
		report_all(&run);
		status = run.levels[DOMAIN_ERROR] > 0 ? EXIT_NO :
		    run.levels[DOMAIN_LATER] > 0      ? EXIT_LATER :
							EXIT_YES;
	}
	prober_free(run.prober);
	keystore_free(run.keys);
	key_tables_close(&run.tables);
	table_close(run.egress_table);
	suffix_list_free(run.suffixes);
	preflight_world_close(&run.world);
	config_free(run.config);
	arena_done(&run.mem);
	return status;
}
