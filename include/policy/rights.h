/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_POLICY_RIGHTS_H
#define SUBMILTER_POLICY_RIGHTS_H

#include "conf/config.h"
#include "message/address.h"
#include "table/address_keys.h"

/* The rights block, with its tables open; immutable once open. */
struct rights {
	const struct config *config;
	struct table **tables;
	size_t table_count;
	struct address_keys keys;
};

/* *config outlives it; rights_close() frees half-open ones, too. */
MUST_USE int rights_open(struct rights *rights, const struct config *config,
    struct arena *mem, struct err *err);
void rights_close(struct rights *rights);

enum right {
	RIGHT_GRANTED,
	RIGHT_NONE,		/* known: this login may not use the address */
	RIGHT_UNKNOWN,		/* a table could not answer, *err says why */
};

/*
 * Whether a login (as from login_normalise()) may use an address. On
 * RIGHT_GRANTED *ret_how says by what, for people: "own address" or the table
 * and its key. A value that holds more than logins (';' or '!') gives
 * RIGHT_UNKNOWN: what it means is not guessed. Thread-safe.
 */
MUST_USE enum right rights_check(const struct rights *rights,
    struct slice login, const struct address *address, struct arena *mem,
    struct slice *ret_how, struct err *err);

/*
 * The login itself as an address; false when it is none.
 */
bool rights_login_address(struct slice login, struct arena *mem,
    struct address *ret_address);

#endif
