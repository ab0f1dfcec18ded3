/* SPDX-License-Identifier: BSD-2-Clause */
/* "submilter check DOMAIN...". */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/map.h"
#include "check_priv.h"
#include "cli/options.h"
#include "message/address.h"
#include "preflight/world.h"
#include "service_probe_priv.h"
#include "table/table.h"

enum { LEVELS = DOMAIN_LATER + 1 };

struct run {
	const struct domain_options *options;
	struct config *config;
	struct arena mem;
	struct map *domains;		/* canonical, in order */
	struct preflight_world world;
	struct suffix_list *suffixes;
	struct table *egress_table;	/* NULL: none */
	struct keystore *keys;		/* NULL: none */
	struct prober *prober;
	struct domain_facts facts;
	size_t levels[LEVELS];
	size_t reports;			/* printed */
	bool progress;
};

static void
print_report(struct run *run, const struct domain_report *report,
    bool is_service)
{
	for (size_t i = 0; i < report->count; i++)
		run->levels[report->items[i].level]++;
	if (run->options->json)
		domain_report_json(report, is_service, run->reports == 1);
	else
		domain_report_text(report, is_service);
	run->reports++;
}

static void
print_total(const struct run *run)
{
	size_t errors = run->levels[DOMAIN_ERROR];
	size_t warnings = run->levels[DOMAIN_WARNING];
	size_t later = run->levels[DOMAIN_LATER];

	if (run->options->json) {
		printf("],\n \"errors\":%zu,\"warnings\":%zu,\"later\":%zu}\n",
		    errors, warnings, later);
		return;
	}
	printf("\n%zu error%s, %zu warning%s", errors, errors == 1 ? "" : "s",
	    warnings, warnings == 1 ? "" : "s");
	if (later > 0)
		printf(", %zu not known now", later);
	printf("\n");
}

static void
show_progress(const struct run *run, size_t index, size_t count,
    struct slice name)
{
	if (!run->progress)
		return;
	if (index < count)
		fprintf(stderr, "\r%zu of %zu: %.*s\033[K", index + 1, count,
		    SLICE_ARGS(name));
	else
		fprintf(stderr, "\r\033[K");
}

static const struct domain_keys *
keys_of(const struct run *run, struct slice domain)
{
	return run->keys == NULL ? NULL : keystore_find(run->keys, domain);
}

static int
add_domain(struct run *run, struct slice name, struct err *err)
{
	struct slice domain;

	if (domain_canonical(name, &run->mem, &domain, err) != 0)
		return err_wrap(err, "%s", escape(&run->mem, name, 255));
	(void)!map_add(run->domains, domain, run->domains);
	return 0;
}

/* -1: a name is none. */
static int
list_domains(struct run *run, struct err *err)
{
	const struct config *config = run->config;

	for (size_t i = 0; i < run->options->count; i++) {
		if (add_domain(run, slice_of(run->options->names[i]), err) != 0)
			return -1;
	}
	if (!run->options->all)
		return 0;
	if (config->main.domain.len > 0 &&
	    add_domain(run, config->main.domain, err) != 0)
		return -1;
	for (size_t i = 0; run->keys != NULL &&
	    i < keystore_domain_count(run->keys); i++) {
		if (add_domain(run, keystore_domain(run->keys, i)->domain,
		    err) != 0)
			return -1;
	}
	return 0;
}

static void
report_service(struct run *run)
{
	struct domain_report report;
	struct arena mem;

	arena_init(&mem);
	service_report_make(&run->facts, &mem, &report);
	print_report(run, &report, true);
	arena_done(&mem);
}

/* The addresses of a domain that has some of its own in the table. */
static int
egress_of(const struct run *run, struct slice domain, struct arena *mem,
    struct domain_facts *facts, struct err *err)
{
	struct net_addr *list = arena_array(mem, PREFLIGHT_MAX_EGRESS,
	    sizeof(*list));
	struct slice value, item;
	size_t count = 0;

	if (run->egress_table == NULL)
		return 0;
	switch (table_lookup(run->egress_table, domain, mem, &value, err)) {
	case TABLE_ABSENT:
		return 0;
	case TABLE_FAILED:
		return -1;
	case TABLE_FOUND:
		break;
	}
	while (slice_next_item(&value, ", \t", &item)) {
		if (preflight_add_egress(item, list, &count, err) != 0)
			return err_wrap(err, "preflight.egress-table: %s",
			    escape(mem, domain, 255));
	}
	if (count == 0)
		return err_set(err, ERR_CONFIG, "preflight.egress-table: %s: "
		    "no address", escape(mem, domain, 255));
	facts->egress = list;
	facts->egress_count = count;
	return 0;
}

static void
report_domain(struct run *run, struct slice domain)
{
	struct domain_facts facts = run->facts;
	struct domain_report report;
	struct arena mem;
	struct err err;
	int status;

	arena_init(&mem);
	status = egress_of(run, domain, &mem, &facts, &err);
	domain_report_make(&facts, domain, keys_of(run, domain), &mem, &report);
	if (status != 0)
		domain_report_add(&report, err.kind == ERR_TEMP ? DOMAIN_LATER
		    : DOMAIN_ERROR, "egress", SLICE(""), "unknown", SLICE(""),
		    "%s", err.text);
	print_report(run, &report, false);
	arena_done(&mem);
}

/* While one domain is reported on, DNS is asked for the next one. */
static void
report_domains(struct run *run)
{
	size_t count = map_count(run->domains);
	struct slice domain, next;

	for (size_t i = 0; i < count; i++) {
		(void)map_entry(run->domains, i, &domain);
		show_progress(run, i, count, domain);
		if (i + 1 < count) {
			(void)map_entry(run->domains, i + 1, &next);
			domain_report_prefetch(&run->facts, next,
			    keys_of(run, next));
		}
		report_domain(run, domain);
	}
	show_progress(run, count, count, SLICE(""));
}

static void
print_part_fault(void *arg, bool is_error, const char *text)
{
	(void)arg;
	fprintf(stderr, "submilter check: %s: %s\n", is_error ? "error"
	    : "warning", text);
}

/* Keys are read as the milter's user, and so is all that comes from DNS. */
static int
become_user(struct run *run, struct err *err)
{
	struct account account;

	if (account_find(run->config, &run->mem, &account, err) != 0)
		return -1;
	return account.change_user ? account_become(&account, err) : 0;
}

static int
open_world(struct run *run, struct err *err)
{
	struct resolver *resolver;

	if (run->options->zone != NULL)
		run->config->dns.zone = slice_of(run->options->zone);
	if (preflight_resolver(run->config, &resolver, err) != 0)
		return err_wrap(err, "dns");
	if (preflight_world_open(&run->world, run->config, resolver,
	    print_part_fault, NULL, &run->mem, err) != 0)
		return -1;
	return suffix_list_load(run->config->preflight.suffix_list,
	    &run->suffixes, err) != 0
	    ? err_wrap(err, "preflight.suffix-list") : 0;
}

static void
gather_facts(struct run *run)
{
	const struct config *config = run->config;
	struct slice helo = config->preflight.helo.len > 0
	    ? config->preflight.helo : config->main.hostname;
	struct err err;

	run->facts = (struct domain_facts){
		.resolver = run->world.resolver,
		.validates = config->dns.trust_anchor.len > 0 &&
		    config->dns.zone.len == 0,
		.suffixes = run->suffixes,
		.egress = run->world.egress,
		.egress_count = run->world.egress_count,
		.seconds = (unsigned int)config->dns.seconds,
		.probe = run->prober == NULL ? NULL : service_probe_run,
		.probe_arg = run->prober,
	};
	if (helo.len > 0 && domain_canonical(helo, &run->mem, &run->facts.helo,
	    &err) != 0)
		run->facts.helo = helo;
}

static int
prepare(struct run *run, struct err *err)
{
	const struct domain_options *options = run->options;

	if (config_read(options->config, print_config_fault, NULL,
	    &run->config, err) != 0 || open_world(run, err) != 0 ||
	    become_user(run, err) != 0)
		return -1;
	if (run->config->preflight.egress_table.len > 0 && table_open(
	    run->config->preflight.egress_table, &run->egress_table, err) != 0)
		return err_wrap(err, "preflight.egress-table");
	if (run->config->main.keys.len > 0 &&
	    keystore_load(run->config->main.keys, NULL, print_part_fault, NULL,
	    &run->keys, err) != 0)
		return err_wrap(err, "keys");
	if (options->connect && prober_new((unsigned int)
	    run->config->dns.seconds, &run->prober, err) != 0)
		return -1;
	gather_facts(run);
	return 0;
}

static int
check_prepared(struct run *run)
{
	struct slice first;
	struct err err;

	if (list_domains(run, &err) != 0) {
		fprintf(stderr, "submilter check: %s\n", err.text);
		return EXIT_USAGE;
	}
	if (map_count(run->domains) == 0) {
		fprintf(stderr, "submilter check: no domain has a key, and the "
		    "option domain is not set\n");
		return EXIT_NO;
	}
	/* A peer that goes away is a finding. */
	(void)signal(SIGPIPE, SIG_IGN);
	(void)map_entry(run->domains, 0, &first);
	domain_report_prefetch(&run->facts, first, keys_of(run, first));
	report_service(run);
	report_domains(run);
	print_total(run);
	if (fflush(stdout) != 0)
		return EXIT_LATER;
	if (run->levels[DOMAIN_ERROR] > 0)
		return EXIT_NO;
	return run->levels[DOMAIN_LATER] > 0 ? EXIT_LATER : EXIT_YES;
}

int
check_domains(const struct domain_options *options)
{
	struct run run = { .options = options,
		.progress = options->all && isatty(STDERR_FILENO) == 1 };
	struct err err;
	int status;

	arena_init(&run.mem);
	run.domains = map_new(&run.mem);
	if (prepare(&run, &err) == 0) {
		status = check_prepared(&run);
	} else {
		fprintf(stderr, "submilter check: %s\n", err.text);
		status = err.kind == ERR_TEMP ? EXIT_LATER : EXIT_NO;
	}
	prober_free(run.prober);
	keystore_free(run.keys);
	table_close(run.egress_table);
	suffix_list_free(run.suffixes);
	preflight_world_close(&run.world);
	config_free(run.config);
	arena_done(&run.mem);
	return status;
}
