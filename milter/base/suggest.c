/* SPDX-License-Identifier: BSD-2-Clause */
/* The word that was probably meant. */
#include "base/suggest.h"

#include <string.h>

/* Nothing we name is longer; what is typed may be anything. */
enum { MAX_WORD = 40 };

static size_t
min3(size_t a, size_t b, size_t c)
{
	size_t least = a < b ? a : b;

	return least < c ? least : c;
}

/*
 * Edits between two words of at most MAX_WORD letters, an exchange of
 * neighbours counted as one: the optimal string alignment distance, with the
 * last three rows of its table kept.
 */
static size_t
distance(struct slice a, struct slice b)
{
	size_t before[MAX_WORD + 1] = { 0 };
	size_t last[MAX_WORD + 1];
	size_t row[MAX_WORD + 1];

	for (size_t j = 0; j <= b.len; j++)
		last[j] = j;
	for (size_t i = 1; i <= a.len; i++) {
		char c = char_lower(a.data[i - 1]);

		row[0] = i;
		for (size_t j = 1; j <= b.len; j++) {
			char d = char_lower(b.data[j - 1]);

			row[j] = min3(last[j] + 1, row[j - 1] + 1,
			    last[j - 1] + (c != d));
			if (i > 1 && j > 1 && c == char_lower(b.data[j - 2]) &&
			    d == char_lower(a.data[i - 2]) &&
			    before[j - 2] + 1 < row[j])
				row[j] = before[j - 2] + 1;
		}
		memcpy(before, last, sizeof(before));
		memcpy(last, row, (b.len + 1) * sizeof(last[0]));
	}
	return last[b.len];
}

const char *
suggest(struct slice typed, const char *const *words, size_t count)
{
	const char *best = NULL;
	size_t best_distance = typed.len / 3 + 1;

	if (typed.len == 0 || typed.len > MAX_WORD)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		struct slice word = slice_of(words[i]);
		size_t edits, longer;

		if (word.len == 0 || word.len > MAX_WORD)
			continue;
		edits = distance(typed, word);
		longer = word.len > typed.len ? word.len : typed.len;
		/* More than half of them is right: --foo is no --top. */
		if (edits * 2 < longer &&
		    (edits < best_distance ||
			(best == NULL && edits == best_distance))) {
			best = words[i];
			best_distance = edits;
		}
	}
	return best;
}
