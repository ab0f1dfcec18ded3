/* SPDX-License-Identifier: BSD-2-Clause */
/* Counts messages by what became of them, and keeps the last few. */
#include "glue/tally.h"

#include <pthread.h>
#include <string.h>

#include "base/clock.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct tally tally;

/* Only what cannot be taken for anything else in a line of words. */
static void
tally_copy_word(char *to, size_t size, struct slice from)
{
	size_t len = 0;

	for (size_t i = 0; i < from.len && len + 1 < size; i++) {
		char c = from.data[i];

		if (!char_is_alpha(c) && !char_is_digit(c) && c != '-' &&
		    c != '.' && c != '_')
			c = '?';
		to[len++] = c;
	}
	to[len] = '\0';
}

void
tally_add(const struct verdict *verdict, struct slice qid)
{
	struct tally_entry entry = { .when = clock_now(),
		.action = verdict->action };

	ENSURE((size_t)verdict->action < TALLY_ACTIONS);
	if (verdict->action != ACTION_ACCEPT)
		tally_copy_word(entry.reason, sizeof(entry.reason),
		    slice_of(reason_name(verdict->reason)));
	tally_copy_word(entry.qid, sizeof(entry.qid), qid);
	ENSURE(pthread_mutex_lock(&lock) == 0);
	tally.counts[verdict->action]++;
	memmove(tally.last + 1, tally.last,
	    (TALLY_LAST - 1) * sizeof(tally.last[0]));
	tally.last[0] = entry;
	if (tally.last_count < TALLY_LAST)
		tally.last_count++;
	ENSURE(pthread_mutex_unlock(&lock) == 0);
}

void
tally_read(struct tally *ret_tally)
{
	ENSURE(pthread_mutex_lock(&lock) == 0);
	*ret_tally = tally;
	ENSURE(pthread_mutex_unlock(&lock) == 0);
}
