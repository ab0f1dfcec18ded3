/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_CONF_CONFIG_CHECK_PRIV_H
#define SUBMILTER_CONF_CONFIG_CHECK_PRIV_H

#include "config_priv.h"

/* For the rules across options, config_check*.c. */

enum { CONFIG_SHOWN_BYTES = 60 };

static inline const char *
shown(struct reading *r, struct slice text)
{
	return escape(&r->scratch, text, CONFIG_SHOWN_BYTES);
}

/* A fault of one option, where it was set. */
#define OPTION_FAULT(r, index, ...)                                           \
	do {                                                                  \
		const struct place *place_ = &(r)->places[index];             \
		reading_fault((r),                                            \
		    &(const struct fault){ ERR_CONFIG,                        \
			place_->file == NULL ? (r)->main_file : place_->file, \
			place_->line },                                       \
		    __VA_ARGS__);                                             \
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

static inline bool
list_has(const struct slice_list *list, struct slice word)
{
	for (size_t i = 0; i < list->count; i++) {
		if (slice_eq(list->items[i], word))
			return true;
	}
	return false;
}

/*
 * A name as of RFC 1123 section 2.1: labels of letters, digits and hyphens, at
 * least min_labels of them, not all digits like an address.
 */
bool config_is_host_name(struct slice name, size_t min_labels);

/* config_check_identify.c */
void config_check_realms(struct reading *r);
/* config_opendkim.c; sets options that it finds in opendkim.conf. */
void config_check_key_tables(struct reading *r);

#endif
