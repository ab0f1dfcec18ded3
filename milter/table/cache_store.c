/* SPDX-License-Identifier: BSD-2-Clause */
/* Answers of a table by their keys, in bounded memory. */
#include "cache_store_priv.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_BUCKETS = 256 };

static struct store_list *
store_list_of(struct store *store, const struct store_entry *entry)
{
	return entry->is_absent ? &store->absent : &store->found;
}

/* With what the allocator needs. */
static size_t
entry_bytes(const struct store_entry *entry)
{
	return sizeof(*entry) + entry->key_bytes + entry->value_bytes + 16 +
	    sizeof(struct store_entry *);
}

static struct store_entry **
store_place(struct store *store, uint64_t hash, struct slice key)
{
	struct store_entry **place =
	    &store->buckets[hash & (store->bucket_count - 1)];

	while (*place != NULL &&
	    ((*place)->hash != hash ||
		!slice_eq((struct slice){ (*place)->text, (*place)->key_bytes },
		    key)))
		place = &(*place)->next;
	return place;
}

static void
store_unlist(struct store *store, struct store_entry *entry)
{
	struct store_list *list = store_list_of(store, entry);

	if (entry->newer != NULL)
		entry->newer->older = entry->older;
	else
		list->newest = entry->older;
	if (entry->older != NULL)
		entry->older->newer = entry->newer;
	else
		list->oldest = entry->newer;
	list->bytes -= entry_bytes(entry);
}

static void
store_enlist(struct store *store, struct store_entry *entry)
{
	struct store_list *list = store_list_of(store, entry);

	entry->newer = NULL;
	entry->older = list->newest;
	if (list->newest != NULL)
		list->newest->newer = entry;
	else
		list->oldest = entry;
	list->newest = entry;
	list->bytes += entry_bytes(entry);
}

static void
store_remove(struct store *store, struct store_entry **place)
{
	struct store_entry *entry = *place;

	store_unlist(store, entry);
	*place = entry->next;
	free(entry);
	store->count--;
}

static void
store_remove_oldest(struct store *store, const struct store_list *list)
{
	const struct store_entry *entry = list->oldest;

	store_remove(store,
	    store_place(store, entry->hash,
		(struct slice){ entry->text, entry->key_bytes }));
}

static void
store_grow(struct store *store)
{
	size_t count =
	    store->bucket_count == 0 ? FIRST_BUCKETS : 2 * store->bucket_count;
	struct store_entry **buckets = calloc(count, sizeof(*buckets));

	ENSURE(buckets != NULL);
	for (size_t i = 0; i < store->bucket_count; i++) {
		struct store_entry *entry = store->buckets[i], *next;

		for (; entry != NULL; entry = next) {
			struct store_entry **bucket =
			    &buckets[entry->hash & (count - 1)];

			next = entry->next;
			entry->next = *bucket;
			*bucket = entry;
		}
	}
	free(store->buckets);
	store->buckets = buckets;
	store->bucket_count = count;
}

const struct store_entry *
store_find(struct store *store, uint64_t hash, struct slice key)
{
	struct store_entry *entry;

	if (store->count == 0)
		return NULL;
	entry = *store_place(store, hash, key);
	if (entry != NULL && entry->newer != NULL) {
		store_unlist(store, entry);
		store_enlist(store, entry);
	}
	return entry;
}

struct slice
store_value(const struct store_entry *entry)
{
	if (entry->is_absent)
		return (struct slice){ NULL, 0 };
	return (
	    struct slice){ entry->text + entry->key_bytes, entry->value_bytes };
}

static struct store_entry *
entry_new(const struct store_answer *answer)
{
	size_t bytes = answer->key.len + answer->value.len;
	struct store_entry *entry = malloc(sizeof(*entry) + bytes);

	ENSURE(entry != NULL);
	*entry = (struct store_entry){ .hash = answer->hash,
		.time_us = answer->time_us,
		.key_bytes = answer->key.len,
		.value_bytes = answer->value.len,
		.is_absent = answer->value.data == NULL };
	if (answer->key.len != 0)
		memcpy(entry->text, answer->key.data, answer->key.len);
	if (answer->value.len != 0)
		memcpy(entry->text + answer->key.len, answer->value.data,
		    answer->value.len);
	return entry;
}

void
store_put(
    struct store *store, const struct store_answer *answer, size_t max_bytes)
{
	struct store_entry **place, *entry;

	if (store->count >= store->bucket_count)
		store_grow(store);
	place = store_place(store, answer->hash, answer->key);
	if (*place != NULL)
		store_remove(store, place);
	if (answer->key.len + answer->value.len <= max_bytes / 8) {
		entry = entry_new(answer);
		place =
		    &store->buckets[entry->hash & (store->bucket_count - 1)];
		entry->next = *place;
		*place = entry;
		store_enlist(store, entry);
		store->count++;
	}
	while (store->absent.bytes > max_bytes / 2)
		store_remove_oldest(store, &store->absent);
	while (store->count > 0 &&
	    store->found.bytes + store->absent.bytes > max_bytes)
		store_remove_oldest(store,
		    store->found.oldest != NULL ? &store->found :
						  &store->absent);
}

void
store_free(struct store *store)
{
	while (store->found.oldest != NULL)
		store_remove_oldest(store, &store->found);
	while (store->absent.oldest != NULL)
		store_remove_oldest(store, &store->absent);
	free(store->buckets);
}
