/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * judge_record KEYS DOMAIN SELECTOR < RECORDS: for each line, a key record,
 * what key_status_judge() makes of it: its state, a tab, its notes as a number.
 * A test tool.
 */
#include <stdio.h>
#include <string.h>

#include "keys/key_status.h"
#include "keys/keystore.h"

static void
report(void *arg, bool is_error, const char *text)
{
	(void)arg;
	if (is_error)
		fprintf(stderr, "%s\n", text);
}

static const struct sign_key *
find_key(const struct domain_keys *found, const char *selector)
{
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
		struct key_shown shown;
		struct arena mem;

		line[strcspn(line, "\n")] = '\0';
		arena_init(&mem);
		key_status_judge(key, slice_of(line), &mem, &shown);
		printf("%s\t%u\n", key_status_name(shown.status), shown.notes);
		arena_done(&mem);
	}
}

int
main(int argc, char **argv)
{
	struct keystore *store = NULL;
	struct domain_keys *keys = NULL;
	const struct sign_key *key = NULL;
	struct err err;

	if (argc != 4) {
		fprintf(stderr, "judge_record KEYS DOMAIN SELECTOR\n");
		return 2;
	}
	if (keystore_load(slice_of(argv[1]),
		&(struct keystore_options){
		    .report = &(struct report){ report, NULL } },
		&store, &err) == 0)
		keys = keystore_take(store, slice_of(argv[2]));
	key = find_key(keys, argv[3]);
	if (key != NULL)
		judge_all(key);
	domain_keys_release(keys);
	keystore_free(store);
	return key != NULL ? 0 : 1;
}
