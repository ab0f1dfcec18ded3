/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The keys of one domain as they are read: a bad one costs none of the others.
 */
#include <stdlib.h>

#include "key_priv.h"
#include "keys/key_crypto.h"
#include "keystore_priv.h"

enum { GOOD_RSA_BITS = 2048 };

/* domain_keys_release() frees it; keys is its first member. */
struct counted_keys {
	struct domain_keys keys;
	struct arena mem;
	_Atomic unsigned long users;
};

struct domain_reader {
	struct key_reader reader; /* the first member */
	struct domain_reading *reading;
	struct domain_keys *domain;
	const struct sign_key **keys;
};

static struct counted_keys *
counted_of(struct domain_keys *keys)
{
	return (struct counted_keys *)(void *)keys;
}

static struct domain_reader *
reader_of(struct key_reader *reader)
{
	return (struct domain_reader *)(void *)reader;
}

static struct domain_keys *
domain_keys_new(struct slice domain)
{
	struct counted_keys *counted = calloc(1, sizeof(*counted));

	ENSURE(counted != NULL);
	arena_init(&counted->mem);
	counted->users = 1;
	counted->keys.domain = slice_dup(&counted->mem, domain);
	return &counted->keys;
}

struct domain_keys *
domain_keys_lacking(struct slice domain, struct slice fault, bool gone)
{
	struct domain_keys *keys = domain_keys_new(domain);

	keys->name = keys->domain;
	keys->fault = slice_dup(&counted_of(keys)->mem, fault);
	keys->gone = gone;
	keys->told = true;
	return keys;
}

struct domain_keys *
domain_keys_ref(struct domain_keys *keys)
{
	counted_of(keys)->users++;
	return keys;
}

void
domain_keys_release(struct domain_keys *keys)
{
	struct counted_keys *counted = counted_of(keys);

	if (keys == NULL || --counted->users != 0)
		return;
	for (size_t i = 0; i < keys->count; i++)
		key_free_contents(keys->keys[i]);
	arena_done(&counted->mem);
	free(counted);
}

static void
domain_fault(struct key_reader *base, const char *where, const char *why)
{
	struct domain_reader *reader = reader_of(base);
	struct domain_reading *reading = reader->reading;
	struct slice line = slice_format(base->mem, "key %s: %s", where, why);

	reading->faults++;
	if (reader->domain->fault.len == 0)
		reader->domain->fault = line;
	report_error(reading->report, "%s", line.data);
}

static void
domain_warn(struct key_reader *base, const char *where, const char *why)
{
	reader_of(base)->domain->warned = true;
	report_warning(
	    reader_of(base)->reading->report, "key %s: %s", where, why);
}

static void
domain_domain(struct key_reader *base, struct slice domain)
{
	reader_of(base)->domain->domain = slice_dup(base->mem, domain);
}

static void
domain_unsure(struct key_reader *base)
{
	reader_of(base)->domain->unsure = true;
}

static bool
has_room(struct domain_reader *reader, const char *where)
{
	if (reader->domain->count < MAX_KEYS_OF_DOMAIN)
		return true;
	domain_fault(&reader->reader, where,
	    "more keys than one message can be signed with");
	return false;
}

/* Takes the key's pkey over. */
static void
domain_keys_add_key(
    struct domain_reader *reader, const char *where, struct sign_key *key)
{
	/* S1.key and s1.key are one name in the DNS. */
	for (size_t i = 0; i < reader->domain->count; i++) {
		if (slice_eq(reader->keys[i]->selector, key->selector)) {
			domain_fault(&reader->reader, where,
			    "the selector is there twice");
			key_free_contents(key);
			return;
		}
	}
	reader->keys[reader->domain->count++] = key;
}

/* A key that was read before goes on. */
static void
keep_key(struct domain_reader *reader, const struct sign_key *key)
{
	struct arena *mem = reader->reader.mem;
	struct sign_key *copy = arena_alloc(mem, sizeof(*copy));

	*copy = *key;
	copy->domain = reader->domain->domain;
	copy->selector = slice_dup(mem, key->selector);
	copy->pem = slice_dup(mem, key->pem);
	copy->path = slice_dup(mem, key->path);
	copy->fingerprint = slice_dup(mem, key->fingerprint);
	ENSURE(EVP_PKEY_up_ref(copy->pkey) == 1);
	key_make_ready(copy);
	domain_warn(&reader->reader, copy->path.data,
	    "the key that was read before goes on, until a restart");
	domain_keys_add_key(reader, copy->path.data, copy);
}

static bool
domain_bad_key(struct key_reader *base, const char *where,
    struct slice selector, const char *why)
{
	struct domain_reader *reader = reader_of(base);
	const struct domain_keys *before = reader->reading->before;
	struct slice lower = slice_lower(base->mem, selector);

	if (!has_room(reader, where))
		return false;
	domain_fault(base, where, why);
	for (size_t i = 0; before != NULL && i < before->count; i++) {
		if (slice_eq(before->keys[i]->selector, lower)) {
			keep_key(reader, before->keys[i]);
			break;
		}
	}
	return true;
}

static bool
domain_key(
    struct key_reader *base, const char *where, const struct key_text *text)
{
	struct domain_reader *reader = reader_of(base);
	struct sign_key *key = arena_alloc(base->mem, sizeof(*key));
	struct err err;

	if (!has_room(reader, where))
		return false;
	if (key_from_pem(text->pem, base->mem, key, &err) != 0)
		return domain_bad_key(base, where, text->selector, err.text);
	key->file_time = text->changed;
	key->domain = reader->domain->domain;
	key->selector = slice_lower(base->mem, text->selector);
	key->path = slice_dup(base->mem, slice_of(where));
	if (key->algorithm == KEY_RSA_SHA256 && key->bits < GOOD_RSA_BITS)
		domain_warn(base, where,
		    "an RSA key of less than 2048 bits is weak "
		    "(RFC 8301)");
	domain_keys_add_key(reader, where, key);
	return true;
}

struct domain_keys *
domain_keys_read(struct domain_reading *reading)
{
	const struct domain_keys *before = reading->before;
	struct domain_keys *domain = domain_keys_new(reading->domain);
	struct arena *mem = &counted_of(domain)->mem;
	struct domain_reader reader = { .reader = { .mem = mem,
					    .domain = domain_domain,
					    .unsure = domain_unsure,
					    .key = domain_key,
					    .bad_key = domain_bad_key,
					    .fault = domain_fault,
					    .warn = domain_warn },
		.reading = reading,
		.domain = domain,
		.keys = arena_array(
		    mem, MAX_KEYS_OF_DOMAIN, sizeof(const struct sign_key *)) };

	domain->keys = reader.keys;
	domain->name = slice_dup(mem, reading->name);
	domain->told = report_is_read(reading->report);
	reading->source->ops->read(
	    reading->source, reading->place, &reader.reader);
	/* The last keys of a domain go on together. */
	if (before != NULL && domain->count == 0) {
		for (size_t i = 0; i < before->count; i++)
			keep_key(&reader, before->keys[i]);
	}
	return domain;
}
