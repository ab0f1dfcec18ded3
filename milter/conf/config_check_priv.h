/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_CONF_CONFIG_CHECK_PRIV_H
#define SUBMILTER_CONF_CONFIG_CHECK_PRIV_H

#include "config_priv.h"

/* What the rules across options, config_check*.c, have in common. */

enum { CONFIG_SHOWN_BYTES = 60 };

static inline const char *
shown(struct reading *r, struct slice text)
{
	return escape(&r->scratch, text, CONFIG_SHOWN_BYTES);
}

/* A fault of one option, where it was set. */
#define OPTION_FAULT(r, index, ...) do { \
	const struct place *place_ = &(r)->places[index]; \
	reading_fault((r), ERR_CONFIG, \
	    place_->file == NULL ? (r)->main_file : place_->file, \
	    place_->line, __VA_ARGS__); \
} while (0)

static inline bool
was_set(const struct reading *r, size_t index)
{
	return r->places[index].file != NULL;
}

static inline bool
is_bad(const struct reading *r, size_t index)
{
	return r->places[index].bad;
}

/*
 * A name as of RFC 1123 section 2.1: labels of letters, digits and hyphens, at
 * least min_labels of them, not all digits like an address.
 */
bool config_is_host_name(struct slice name, size_t min_labels);

/* "type:name", without a look at the table itself. */
bool config_is_table_spec(struct slice spec);

/* config_check_identify.c: rules on who owns an address by the login. */
void config_check_realms(struct reading *r);
void config_check_login_map(struct reading *r);

#endif
