/* SPDX-License-Identifier: BSD-2-Clause */
/* What the parts share that take rspamd's module dkim_signing over. */
#ifndef SUBMILTER_IMPORT_IMPORT_RSPAMD_PRIV_H
#define SUBMILTER_IMPORT_IMPORT_RSPAMD_PRIV_H

#include "import_priv.h"

enum { RSPAMD_MAX_KEYS = 1000 };

enum rspamd_value_id {
	RSPAMD_PATH,
	RSPAMD_SELECTOR,
	RSPAMD_PATH_MAP,
	RSPAMD_SELECTOR_MAP,
	RSPAMD_USE_ESLD,
	RSPAMD_USE_DOMAIN,
	RSPAMD_USE_REDIS,
	RSPAMD_USE_VAULT,
	RSPAMD_SIGN_LOCAL,
	RSPAMD_SIGN_NETWORKS,
	RSPAMD_SIGN_AUTHENTICATED,
	RSPAMD_USERNAME_MISMATCH,
	RSPAMD_ENABLED,
	RSPAMD_VALUES,
	RSPAMD_OTHER, /* only said */
	RSPAMD_NEEDLESS
};

struct rspamd_value {
	struct slice text;
	struct import_place place; /* line 0: it was not set */
};

/* A key of a domain; empty: as for all domains. */
struct rspamd_key {
	struct slice domain;
	struct slice number; /* in a list of selectors; empty: not in one */
	struct slice selector;
	struct slice path;
	struct import_place place;
};

struct rspamd {
	struct import *im;
	size_t networks_before; /* of other sources */
	struct rspamd_value values[RSPAMD_VALUES];
	IMPORT_ARRAY(struct rspamd_key) keys;
};

/* "false", "no", "off". */
bool rspamd_is_no(const struct rspamd_value *value);
/* Makes options of what was read; path names the source. */
void rspamd_take(struct rspamd *rspamd, struct slice path);

#endif
