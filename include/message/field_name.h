/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_MESSAGE_FIELD_NAME_H
#define SUBMILTER_MESSAGE_FIELD_NAME_H

#include "message/header.h"

/* Letters, digits, hyphens alone: every program reads such a name as it is. */
bool field_name_is_plain(struct slice name);

enum { FIELD_READINGS = 3, FIELD_READING_OCTETS = 64 };

/*
 * The names that programs may read in place of the one that is written: mime4j
 * drops comments anywhere in a name (RFC 822 section 3.1.4 let them stand there),
 * c-client and others skip marks before it or end it at one, Ruby's mail takes
 * "_" for "-". A reading is empty when it is longer than any known name.
 */
struct field_readings {
	char text[FIELD_READINGS][FIELD_READING_OCTETS];
	size_t len[FIELD_READINGS];
	bool is_plain;	 /* field_name_is_plain(): one reading only */
	bool is_twofold; /* has comments or encoded words: never to pass */
};

/* Linear in the field; one that is plain costs its name only. */
void field_readings_of(
    const struct field *field, struct field_readings *ret_readings);

/*
 * Whether some program may take the field for one of that name although its
 * own name is another one. Never for a plain name.
 */
bool field_readings_have(
    const struct field_readings *readings, struct slice name);

/*
 * Whether the field must not go on, whoever sends it: its name can be read in
 * several ways, or as that of a field that programs act upon (RFC 5322, MIME,
 * DKIM and what else says where mail is from or how it is shown).
 */
bool field_readings_mislead(const struct field_readings *readings);

#endif
