/* SPDX-License-Identifier: BSD-2-Clause */
/* What the watch over keys gets of the daemon, and asks it for. */
#include "base/log.h"
#include "daemon_priv.h"

static struct key_watch_view
hand_over_acquire(void *arg)
{
	struct key_hand_over *hand_over = arg;
	struct snapshot *snapshot = snapshot_acquire(hand_over->slot);

	return (struct key_watch_view){ .config = snapshot->config,
		.keys = snapshot->keys,
		.history = snapshot->key_history,
		.owner = snapshot };
}

static void
hand_over_release(void *arg, struct key_watch_view *view)
{
	(void)arg;
	snapshot_unref(view->owner);
}

/*
 * A reload may have come first; it has read the keys, too. Tables that were
 * taken up have left them alone.
 */
static void
hand_over_renew(void *arg, const struct keystore *keys, bool forget_dns)
{
	struct key_hand_over *hand_over = arg;
	struct snapshot_slot *slot = hand_over->slot;
	struct snapshot *current, *new;
	struct err err;

	snapshot_change_begin(slot);
	current = snapshot_acquire(slot);
	if (current->keys == keys) {
		if (snapshot_with_keys(current, forget_dns,
			&(struct report){ log_part_fault, NULL }, &new,
			&err) != 0) {
			log_write(LOG_LEVEL_ERROR,
			    "keys are not read anew, "
			    "going on as before: %s",
			    err.text);
		} else {
			snapshot_publish(slot, new);
			key_watch_wake(hand_over->watch);
		}
	}
	snapshot_unref(current);
	snapshot_change_end(slot);
}

struct key_watch_hands
key_hand_over_hands(struct key_hand_over *hand_over)
{
	return (struct key_watch_hands){ .arg = hand_over,
		.acquire = hand_over_acquire,
		.release = hand_over_release,
		.renew = hand_over_renew };
}
