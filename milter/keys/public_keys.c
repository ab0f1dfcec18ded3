/* SPDX-License-Identifier: BSD-2-Clause */
/* The public halves of very many keys. */
#include "public_keys_priv.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "key_priv.h"
#include "keys/key_crypto.h"

struct public_key {
	time_t file_time;
	const char *selector;
	const char *path; /* NULL: where the source has a key of that name */
	unsigned char fingerprint[SHA256_BYTES];
	uint16_t bits;
	uint8_t algorithm;
};

struct public_keys {
	const char *fault; /* or NULL */
	uint8_t count;
	bool told;
	bool gone;
	bool unsure;
	struct public_key keys[];
};

struct public_pool {
	pthread_mutex_t lock;
	struct arena mem;
	size_t count; /* of those that were ever added */
	_Atomic unsigned long users;
};

struct public_pool *
public_pool_new(void)
{
	struct public_pool *pool = calloc(1, sizeof(*pool));

	ENSURE(pool != NULL && pthread_mutex_init(&pool->lock, NULL) == 0);
	arena_init_large(&pool->mem);
	pool->users = 1;
	return pool;
}

struct public_pool *
public_pool_ref(struct public_pool *pool)
{
	pool->users++;
	return pool;
}

void
public_pool_unref(struct public_pool *pool)
{
	if (pool == NULL || --pool->users != 0)
		return;
	arena_done(&pool->mem);
	(void)pthread_mutex_destroy(&pool->lock);
	free(pool);
}

static void
public_pool_lock(struct public_pool *pool)
{
	ENSURE(pthread_mutex_lock(&pool->lock) == 0);
}

static void
public_pool_unlock(struct public_pool *pool)
{
	ENSURE(pthread_mutex_unlock(&pool->lock) == 0);
}

bool
public_pool_is_stale(struct public_pool *pool, size_t in_use)
{
	enum { FEW = 1000 };
	bool is_stale;

	public_pool_lock(pool);
	is_stale = pool->count > 2 * in_use + FEW;
	public_pool_unlock(pool);
	return is_stale;
}

/* Where the source would have that key; empty: it cannot tell. */
static struct slice
usual_path(const struct key_source *source, struct slice place,
    struct slice selector, struct arena *mem)
{
	return source->ops->path == NULL ?
	    (struct slice){ NULL, 0 } :
	    source->ops->path(source, place, selector, mem);
}

/* Texts behind a record, which is one piece of memory. */
static const char *
put_text(char **at, struct slice text)
{
	char *begin = *at;

	if (text.len != 0)
		memcpy(begin, text.data, text.len);
	begin[text.len] = '\0';
	*at += text.len + 1;
	return begin;
}

static void
put_key(struct public_key *place, const struct sign_key *key, bool is_usual,
    char **texts)
{
	place->file_time = key->file_time;
	place->selector = put_text(texts, key->selector);
	place->path = is_usual ? NULL : put_text(texts, key->path);
	place->bits = (uint16_t)key->bits;
	place->algorithm = (uint8_t)key->algorithm;
	ENSURE(key->bits <= UINT16_MAX);
	key_print_octets(key->fingerprint, place->fingerprint);
}

const struct public_keys *
public_keys_add(struct public_pool *pool, const struct domain_keys *keys,
    const struct key_source *source, struct slice place)
{
	CLEANUP(arena_done) struct arena mem;
	bool is_usual[MAX_KEYS_OF_DOMAIN];
	struct public_keys *made;
	size_t octets = sizeof(*made) + keys->count * sizeof(made->keys[0]);
	size_t room = octets + keys->fault.len + 1;
	char *texts;

	arena_init(&mem);
	ENSURE(keys->count <= MAX_KEYS_OF_DOMAIN);
	for (size_t i = 0; i < keys->count; i++) {
		const struct sign_key *key = keys->keys[i];

		is_usual[i] = slice_eq(
		    key->path, usual_path(source, place, key->selector, &mem));
		room += key->selector.len + 1 +
		    (is_usual[i] ? 0 : key->path.len + 1);
	}
	public_pool_lock(pool);
	made = arena_alloc(&pool->mem, room);
	pool->count++;
	public_pool_unlock(pool);
	made->count = (uint8_t)keys->count;
	made->told = keys->told;
	made->gone = keys->gone;
	made->unsure = keys->unsure;
	texts = (char *)made + octets;
	for (size_t i = 0; i < keys->count; i++)
		put_key(&made->keys[i], keys->keys[i], is_usual[i], &texts);
	if (keys->fault.len != 0)
		made->fault = put_text(&texts, keys->fault);
	return made;
}

static struct slice
text_again(const char *text, struct arena *mem)
{
	return text == NULL ? (struct slice){ NULL, 0 } :
			      slice_dup(mem, slice_of(text));
}

struct domain_keys *
public_keys_show(const struct public_keys *keys,
    const struct key_source *source, const struct key_name *name,
    struct arena *mem)
{
	struct domain_keys *shown = arena_alloc(mem, sizeof(*shown));
	const struct sign_key **list =
	    arena_array(mem, keys->count + 1U, sizeof(const struct sign_key *));

	shown->name = name->name;
	shown->domain = name->domain;
	shown->keys = list;
	shown->count = keys->count;
	shown->fault = text_again(keys->fault, mem);
	shown->told = keys->told;
	shown->gone = keys->gone;
	shown->unsure = keys->unsure;
	for (size_t i = 0; i < keys->count; i++) {
		const struct public_key *one = &keys->keys[i];
		struct sign_key *key = arena_alloc(mem, sizeof(*key));

		key->domain = name->domain;
		key->selector = text_again(one->selector, mem);
		key->algorithm = (enum key_algorithm)one->algorithm;
		key->bits = one->bits;
		key->file_time = one->file_time;
		key->fingerprint = key_print_text(one->fingerprint, mem);
		key->path = one->path != NULL ?
		    text_again(one->path, mem) :
		    usual_path(source, name->place, key->selector, mem);
		list[i] = key;
	}
	return shown;
}

bool
public_keys_are(const struct public_keys *keys, const struct domain_keys *these)
{
	if (keys->count != these->count ||
	    !slice_eq(
		slice_of(keys->fault == NULL ? "" : keys->fault), these->fault))
		return false;
	for (size_t i = 0; i < these->count; i++) {
		const struct sign_key *key = these->keys[i];
		const struct public_key *one = &keys->keys[i];
		unsigned char print[SHA256_BYTES];

		key_print_octets(key->fingerprint, print);
		if (!slice_eq(slice_of(one->selector), key->selector) ||
		    memcmp(one->fingerprint, print, sizeof(print)) != 0)
			return false;
	}
	return true;
}

size_t
public_keys_count(const struct public_keys *keys)
{
	return keys->count;
}

bool
public_keys_have_fault(const struct public_keys *keys)
{
	return keys->fault != NULL;
}

bool
public_keys_are_gone(const struct public_keys *keys)
{
	return keys->gone;
}
