/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Patterns in which "*" stands for any text, found without trying each: by the
 * longer one of the texts before the first "*" and behind the last.
 */
#include "wildcard_index_priv.h"

#include <stdlib.h>

#include "base/map.h"

/* The patterns with one text, in the order in which they were added. */
struct bucket {
	struct wildcard *first;
	struct wildcard *last;
};

struct wildcard {
	struct wildcard *next;
	struct slice pattern;
	size_t number;
};

/* Texts of one kind, and which lengths they have. */
struct side {
	struct map *buckets;
	size_t *lengths;
	size_t length_count;
	size_t length_cap;
};

enum side_kind { WHOLE, HEAD, TAIL, SIDES };

struct wildcard_index {
	struct arena *mem;
	struct side sides[SIDES];
	struct bucket others; /* that have no such text, like "*" */
};

struct wildcard_index *
wildcard_index_new(struct arena *mem)
{
	struct wildcard_index *index = arena_alloc(mem, sizeof(*index));

	index->mem = mem;
	for (size_t i = 0; i < SIDES; i++)
		index->sides[i].buckets = map_new(mem);
	return index;
}

static void
bucket_add(struct bucket *bucket, struct wildcard *pattern)
{
	if (bucket->last == NULL)
		bucket->first = pattern;
	else
		bucket->last->next = pattern;
	bucket->last = pattern;
}

static void
side_add(struct wildcard_index *index, struct side *side, struct slice text,
    struct wildcard *pattern)
{
	struct bucket *bucket = map_get(side->buckets, text);
	void *lengths = side->lengths;
	size_t i = 0;

	if (bucket == NULL) {
		bucket = arena_alloc(index->mem, sizeof(*bucket));
		ENSURE(map_add(side->buckets, text, bucket));
	}
	bucket_add(bucket, pattern);
	while (i < side->length_count && side->lengths[i] != text.len)
		i++;
	if (i < side->length_count)
		return;
	arena_reserve_one(index->mem, &lengths, &side->length_cap,
	    side->length_count, sizeof(side->lengths[0]));
	side->lengths = lengths;
	side->lengths[side->length_count++] = text.len;
}

void
wildcard_index_add(
    struct wildcard_index *index, struct slice pattern, size_t number)
{
	struct wildcard *added = arena_alloc(index->mem, sizeof(*added));
	size_t first = slice_find(pattern, '*');
	struct slice head = slice_sub(pattern, 0, first);
	struct slice tail = slice_from(pattern,
	    first == pattern.len ? first : slice_find_last(pattern, '*') + 1);

	*added = (struct wildcard){ .pattern = pattern, .number = number };
	if (first == pattern.len)
		side_add(index, &index->sides[WHOLE], pattern, added);
	else if (head.len > tail.len)
		side_add(index, &index->sides[HEAD], head, added);
	else if (tail.len > 0)
		side_add(index, &index->sides[TAIL], tail, added);
	else
		bucket_add(&index->others, added);
}

/* What a search has found. */
struct found {
	struct arena *mem;
	struct slice text;
	size_t *numbers;
	size_t count;
	size_t cap;
};

bool
wildcard_matches(struct slice pattern, struct slice text)
{
	size_t p = 0, t = 0, star = SIZE_MAX, from = 0;

	/* Only the last "*" is ever tried again: it takes one octet more. */
	while (t < text.len) {
		if (p < pattern.len && pattern.data[p] == '*') {
			star = p++;
			from = t;
		} else if (p < pattern.len && pattern.data[p] == text.data[t]) {
			p++;
			t++;
		} else if (star != SIZE_MAX) {
			p = star + 1;
			t = ++from;
		} else {
			return false;
		}
	}
	while (p < pattern.len && pattern.data[p] == '*')
		p++;
	return p == pattern.len;
}

static void
try_bucket(const struct bucket *bucket, struct found *found)
{
	for (const struct wildcard *one = bucket == NULL ? NULL : bucket->first;
	     one != NULL; one = one->next) {
		void *numbers = found->numbers;

		if (!wildcard_matches(one->pattern, found->text))
			continue;
		arena_reserve_one(found->mem, &numbers, &found->cap,
		    found->count, sizeof(found->numbers[0]));
		found->numbers = numbers;
		found->numbers[found->count++] = one->number;
	}
}

static int
by_number(const void *a, const void *b)
{
	size_t x = *(const size_t *)a, y = *(const size_t *)b;

	return x < y ? -1 : x > y;
}

size_t
wildcard_index_find(const struct wildcard_index *index, struct slice text,
    struct arena *mem, size_t **ret_numbers)
{
	struct found found = { .mem = mem, .text = text };

	for (size_t s = 0; s < SIDES; s++) {
		const struct side *side = &index->sides[s];

		for (size_t i = 0; i < side->length_count; i++) {
			size_t len = side->lengths[i];

			if (len > text.len || (s == WHOLE && len != text.len))
				continue;
			try_bucket(
			    map_get(side->buckets,
				s == TAIL ? slice_from(text, text.len - len) :
					    slice_sub(text, 0, len)),
			    &found);
		}
	}
	try_bucket(&index->others, &found);
	if (found.count > 1)
		qsort(found.numbers, found.count, sizeof(found.numbers[0]),
		    by_number);
	*ret_numbers = found.numbers;
	return found.count;
}
