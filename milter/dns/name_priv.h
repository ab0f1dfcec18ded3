/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_DNS_NAME_PRIV_H
#define SUBMILTER_DNS_NAME_PRIV_H

#include "base/str.h"

enum { DNS_NAME_OCTETS = 255, DNS_LABEL_OCTETS = 63 };

/* A whole name as on the wire (RFC 1035 section 3.1), with its root label. */
struct dns_name {
	size_t len;
	unsigned char wire[DNS_NAME_OCTETS];
};

/*
 * One octet of master-file text at *at, where "\X" and "\DDD" stand for an
 * octet that means nothing else (RFC 1035 section 5.1). False for a backslash
 * before nothing or before a number over 255.
 */
bool dns_text_octet(
    struct slice text, size_t *at, unsigned char *ret_octet, bool *ret_escaped);

/*
 * Reads a name. Without a dot at its end it is below origin; that is false if
 * origin is NULL. "." is the root. False, and *ret_name as it was, for what
 * cannot be a name.
 */
bool dns_name_read(struct slice text, const struct dns_name *origin,
    struct dns_name *ret_name);
/* The name that wire begins with; false for compression and overruns. */
bool dns_name_from_wire(struct slice wire, struct dns_name *ret_name);
struct slice dns_name_wire(const struct dns_name *name);
/* Without a dot at its end; octets outside of host names as \DDD. */
struct slice dns_name_print(const struct dns_name *name, struct arena *mem);
/* ASCII letters only, as names are compared (RFC 4343). */
void dns_name_lower(struct dns_name *name);

extern const struct dns_name dns_root;

#endif
