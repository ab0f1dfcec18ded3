/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_KEYS_KEY_NAMES_PRIV_H
#define SUBMILTER_KEYS_KEY_NAMES_PRIV_H

#include "base/str.h"

/*
 * The names of all domains of a store, in order. Where a source names the same
 * ones again, the next store shares them: there may be very many. Counted;
 * immutable, and thread-safe, once they are complete.
 */
struct key_names;

/* How a domain, or one key of a table, is called. */
struct key_name {
	struct slice name;   /* the store's */
	struct slice place;  /* the source's */
	struct slice domain; /* which it signs for */
	struct slice fault;  /* of listing it */
	bool added;	     /* the source did not list it */
};

struct key_names *key_names_new(void);
struct key_names *key_names_ref(struct key_names *names);
/* Takes NULL. */
void key_names_unref(struct key_names *names);

/* About so many will be added. */
void key_names_expect(struct key_names *names, size_t count);
/* Copies it; false, and nothing changed: the name is there. */
MUST_USE bool key_names_add(
    struct key_names *names, const struct key_name *name);
/* Something is wrong with a name that is there. */
void key_names_set_fault(
    struct key_names *names, struct slice name, struct slice fault);

size_t key_names_count(const struct key_names *names);
/* By an index below the count. */
struct key_name key_names_at(const struct key_names *names, size_t index);
/* The index of a name; the count: it is not there. */
size_t key_names_find(const struct key_names *names, struct slice name);
/* The same for the first one that signs for a domain, whatever its name. */
size_t key_names_find_domain(
    const struct key_names *names, struct slice domain);

/*
 * Names that are added one by one, and are perhaps all those of before, and a
 * few more: only where they are not, they are copied.
 */
struct key_naming {
	struct key_names *before; /* NULL: there are none */
	size_t same;		  /* so many were added, the first of before */
	struct key_names *more;	  /* that before does not have */
	struct key_names *names;  /* NULL while they are those of before */
};

void key_naming_begin(struct key_naming *naming, struct key_names *before);
/* As key_names_add(). */
MUST_USE bool key_naming_add(
    struct key_naming *naming, const struct key_name *name);
/* The names so far, to change them. */
struct key_names *key_naming_own(struct key_naming *naming);
/*
 * One reference: on before, or on names of their own; *ret_more: one on those
 * that are to be added to them, which may be none.
 */
struct key_names *key_naming_finish(
    struct key_naming *naming, struct key_names **ret_more);

#endif
