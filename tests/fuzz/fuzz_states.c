/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The file of key states. '@' stands for the fingerprint of the one key that
 * there is, e1 of corp.example. Oracle: what is taken is written as it was, and
 * read again as the same; a key that DNS did not show lately does not sign.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "fuzz.h"
#include "../generate_key.h"
#include "keys/key_history.h"
#include "keys/key_role.h"

enum { NOW = 1795544000 };

static char directory[] = "/tmp/submilter-fuzz.XXXXXX";
static struct keystore *store;
static struct arena memory; /* of what all runs share */
static struct slice file_path;

static void
ignore(void *arg, bool is_error, const char *text)
{
	(void)arg;
	(void)is_error;
	(void)text;
}

static void
clean_up(void)
{
	static const char *const names[] = { "states", "corp.example/e1.key",
		"corp.example" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		(void)remove(
		    slice_format(&memory, "%s/%s", directory, names[i]).data);
	(void)rmdir(directory);
	keystore_free(store);
	arena_done(&memory);
}

static void
set_up(void)
{
	struct sign_key key;
	struct err err;

	arena_init(&memory);
	ENSURE(mkdtemp(directory) != NULL);
	ENSURE(generate_key(
		   &(struct key_spec){ SLICE("e1"), KEY_ED25519_SHA256, 0 },
		   slice_of(directory), SLICE("corp.example"), &memory, &key,
		   &err) == 0);
	key_done(&key);
	ENSURE(keystore_load(slice_of(directory),
		   &(struct keystore_options){
		       .report = &(struct report){ ignore, NULL } },
		   &store, &err) == 0);
	file_path = slice_format(&memory, "%s/states", directory);
	(void)atexit(clean_up);
}

static void
write_file(struct slice text, struct slice fingerprint, struct arena *mem)
{
	struct strbuf buf;
	int fd = open(file_path.data, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	strbuf_init(&buf, mem);
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] == '@')
			strbuf_add(&buf, fingerprint);
		else
			strbuf_add_char(&buf, text.data[i]);
	}
	ENSURE(fd >= 0 &&
	    (buf.len == 0 || write(fd, buf.data, buf.len) == (ssize_t)buf.len));
	ENSURE(close(fd) == 0);
}

static bool
same(const struct key_past *a, const struct key_past *b)
{
	return a->status == b->status && a->first_seen == b->first_seen &&
	    a->last_seen == b->last_seen && a->since == b->since &&
	    a->answered == b->answered && a->looked == b->looked &&
	    slice_eq(a->text, b->text);
}

static void
check_states(struct key_history *history, const struct domain_keys *domain,
    struct arena *mem)
{
	const struct key_role_rules rules = {
		.now = NOW, .age = 3600, .overlap = 60
	};
	struct key_history *again = key_history_new();
	struct key_past one, two;
	enum key_role role;
	struct err err;
	bool found;

	key_history_get(history, domain->keys[0], mem, &one);
	key_roles_decide(history, domain, &rules, &role);
	ENSURE(role != KEY_ROLE_SIGNING ||
	    (one.status == KEY_PUBLISHED && NOW - one.last_seen <= rules.age));
	ENSURE(key_history_write(history, store, file_path, &err) == 0);
	ENSURE(key_history_read(again, file_path, &found, &err) == 0 && found);
	key_history_get(again, domain->keys[0], mem, &two);
	ENSURE(same(&one, &two));
	key_history_unref(again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct key_history *history = key_history_new();
	const struct domain_keys *domain;
	struct arena mem;
	struct err err;
	bool found;

	if (store == NULL)
		set_up();
	arena_init(&mem);
	domain = keystore_domain(store, 0, &mem);
	write_file((struct slice){ (const char *)data, size },
	    domain->keys[0]->fingerprint, &mem);
	if (key_history_read(history, file_path, &found, &err) == 0)
		check_states(history, domain, &mem);
	else
		ENSURE(err.kind == ERR_DATA && err.text[0] != '\0');
	key_history_unref(history);
	arena_done(&mem);
	return 0;
}
