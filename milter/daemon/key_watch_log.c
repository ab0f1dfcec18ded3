/* SPDX-License-Identifier: BSD-2-Clause */
/* What the log says of keys: each change once. */
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "key_watcher_priv.h"

/* The same fault is logged once. */
void
key_watch_log_fault(struct watcher *w, const struct err *err)
{
	if (strcmp(w->fault.text, err->text) != 0)
		log_write(LOG_LEVEL_ERROR, "sign.dkim-key: %s", err->text);
	w->fault = *err;
}

/* Nothing is logged of a key before DNS was asked for it. */
static void
compare_role(struct watcher *w, const struct sign_key *key, enum key_role role,
    bool quiet)
{
	static const bool is_warning[] = {
		[KEY_ROLE_UNPUBLISHED] = true,
		[KEY_ROLE_DIFFERS] = true,
		[KEY_ROLE_REVOKED] = true,
		[KEY_ROLE_UNUSABLE] = true,
		[KEY_ROLE_UNKNOWN] = true,
	};
	CLEANUP(arena_done) struct arena mem;
	struct key_past past;
	struct slice text;
	const char *was;
	int before;

	arena_init(&mem);
	if (!key_history_note_role(w->view.history, key, (int)role, &before))
		return;
	key_history_get(w->view.history, key, &mem, &past);
	text = role == KEY_ROLE_UNKNOWN && past.fault.len != 0 ? past.fault :
								 past.text;
	if (role == KEY_ROLE_RETIRE)
		text = slice_format(&mem,
		    "%.*s; a newer key signs for long enough: %.*s can be "
		    "moved away, and the record be removed some days later",
		    SLICE_ARGS(text), SLICE_ARGS(key->path));
	was = before < 0 ? NULL : key_role_name((enum key_role)before);
	if (!quiet)
		log_write(is_warning[role] ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO,
		    "key %.*s/%.*s: %s%s%s%s: %.*s", SLICE_ARGS(key->domain),
		    SLICE_ARGS(key->selector), key_role_name(role),
		    was == NULL ? "" : " (was ", was == NULL ? "" : was,
		    was == NULL ? "" : ")", SLICE_ARGS(text));
}

void
key_watch_log_roles(struct watcher *w, bool quiet)
{
	CLEANUP(keystore_walk_done) struct keystore_walk walk;
	struct key_role_rules rules =
	    key_role_rules_from_config(w->view.config, clock_steady());
	enum key_role roles[MAX_KEYS_OF_DOMAIN];

	keystore_walk_init(&walk, w->view.keys);
	while (keystore_walk_next(&walk)) {
		key_roles_decide(w->view.history, walk.domain, &rules, roles);
		for (size_t k = 0; k < walk.domain->count; k++)
			compare_role(w, walk.domain->keys[k], roles[k], quiet);
	}
}

void
key_watch_log_silence(struct watcher *w)
{
	CLEANUP(keystore_walk_done) struct keystore_walk walk;
	struct slice why = { NULL, 0 };
	size_t silent = 0;
	struct arena mem;

	arena_init(&mem);
	keystore_walk_init(&walk, w->view.keys);
	while (keystore_walk_next(&walk)) {
		for (size_t k = 0; k < walk.domain->count; k++) {
			struct key_past past;

			key_history_get(w->view.history, walk.domain->keys[k],
			    &walk.mem, &past);
			if (past.fault.len != 0 && silent++ == 0)
				why = slice_dup(&mem, past.fault);
		}
	}
	if (silent != 0 && w->silent == 0)
		log_write(LOG_LEVEL_WARNING,
		    "sign.dkim-key: DNS does not answer for %zu key%s, whose "
		    "last known state counts: %.*s",
		    silent, silent == 1 ? "" : "s", SLICE_ARGS(why));
	else if (silent == 0 && w->silent != 0)
		log_write(LOG_LEVEL_INFO,
		    "sign.dkim-key: DNS answers for all keys again");
	w->silent = silent;
	arena_done(&mem);
}
