/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * judge_record KEYS DOMAIN SELECTOR < RECORDS: for each line, a key record,
 * what key_record_judge() makes of it: its state, a tab, its notes as a number.
 * A test tool.
 */
#include <stdio.h>
#include <string.h>

#include "sign/key_record.h"

static void
report(void *arg, bool is_error, const char *text)
{
	(void)arg;
	if (is_error)
		fprintf(stderr, "%s\n", text);
}

static const struct sign_key *
find_key(const struct keystore *store, const char *domain,
    const char *selector)
{
	const struct domain_keys *found = keystore_find(store,
	    slice_of(domain));

	for (size_t i = 0; found != NULL && i < found->count; i++) {
		if (slice_eq(found->keys[i]->selector, slice_of(selector)))
			return found->keys[i];
	}
	return NULL;
}

static void
judge_all(const struct sign_key *key)
{
	char line[8192];

	while (fgets(line, sizeof(line), stdin) != NULL) {
		struct key_finding finding;
		struct arena mem;

		line[strcspn(line, "\n")] = '\0';
		arena_init(&mem);
		key_record_judge(key, slice_of(line), &mem, &finding);
		printf("%s\t%u\n", key_state_name(finding.state),
		    finding.notes);
		arena_done(&mem);
	}
}

int
main(int argc, char **argv)
{
	struct keystore *store = NULL;
	const struct sign_key *key = NULL;
	struct err err;

	if (argc != 4) {
		fprintf(stderr, "judge_record KEYS DOMAIN SELECTOR\n");
		return 2;
	}
	if (keystore_load(slice_of(argv[1]), NULL, report, NULL, &store, &err) == 0)
		key = find_key(store, argv[2], argv[3]);
	if (key != NULL)
		judge_all(key);
	keystore_free(store);
	return key != NULL ? 0 : 1;
}
