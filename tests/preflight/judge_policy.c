/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * judge_policy < CASES: for each line "METHOD AUTHOR SPF-DOMAIN SIGNER ZONE",
 * with tabs between, what author_policy makes of it: "VERDICT POLICY
 * RECORD-DOMAIN ORGANIZATION DKIM SPF", with tabs. METHOD is walk or list, and
 * the entries of ZONE are separated by "|". A test tool.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "dns/resolver_zone.h"
#include "preflight/author_policy.h"

enum { FIELDS = 5 };

static const char *const verdicts[] = { "pass", "fail", "none", "unknown" };

static void
judge(const struct dmarc_world *world, const char *const field[FIELDS])
{
	struct slice signer = slice_of(field[3]);
	struct passing passing = { .signers = &signer,
		.signer_count = 1,
		.spf_domain = slice_of(field[2]) };
	struct author_judgment judgment;
	struct author_policy policy;

	author_policy_find(world, slice_of(field[1]), &policy);
	author_policy_judge(world, &policy, &passing, &judgment);
	printf("%s\t%s\t%.*s\t%.*s\t%d\t%d\n", verdicts[judgment.verdict],
	    policy.state == AUTHOR_POLICY_FOUND ?
		dmarc_policy_name(policy.policy) :
		"-",
	    SLICE_ARGS(policy.record_domain), SLICE_ARGS(policy.organization),
	    judgment.aligned_signer.len > 0, judgment.spf_aligned);
}

static int
judge_line(char *line, const struct suffix_list *suffixes, struct arena *mem)
{
	struct dmarc_world world = { .dns = { .mem = mem },
		.suffixes = suffixes };
	const char *field[FIELDS];
	struct err err;

	line[strcspn(line, "\n")] = '\0';
	for (int i = 0; i < FIELDS; i++) {
		field[i] = strsep(&line, "\t");
		if (field[i] == NULL)
			return -1;
	}
	line = slice_cstr(mem, slice_of(field[FIELDS - 1]));
	for (char *c = line; *c != '\0'; c++)
		*c = *c == '|' ? '\n' : *c;
	world.method =
	    strcmp(field[0], "walk") == 0 ? DMARC_TREE_WALK : DMARC_SUFFIX_LIST;
	world.dns.deadline_us = clock_monotonic_us() + 10000000;
	if (zone_resolver_new(
		slice_of(line), "zone", &world.dns.resolver, &err) != 0) {
		fprintf(stderr, "%s\n", err.text);
		return -1;
	}
	judge(&world, field);
	resolver_unref(world.dns.resolver);
	return 0;
}

int
main(void)
{
	struct suffix_list *suffixes = NULL;
	char line[8192];
	struct err err;
	int status = 0;

	if (suffix_list_load(SLICE(""), &suffixes, &err) != 0) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	while (status == 0 && fgets(line, sizeof(line), stdin) != NULL) {
		struct arena mem;

		arena_init(&mem);
		status = judge_line(line, suffixes, &mem);
		arena_done(&mem);
	}
	suffix_list_free(suffixes);
	return status == 0 ? 0 : 1;
}
