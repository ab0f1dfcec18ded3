/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_KEYS_KEY_STATUS_H
#define SUBMILTER_KEYS_KEY_STATUS_H

#include "dns/resolver.h"
#include "keys/key.h"

/*
 * What DNS holds at SELECTOR._domainkey.DOMAIN, compared with the key that
 * signs here (RFC 6376 section 3.6, RFC 8301, RFC 8463).
 */
enum key_status {
	KEY_PUBLISHED, /* verifiers find this key there */
	KEY_ABSENT,    /* no such name, or no TXT record */
	KEY_REVOKED,   /* p= is empty */
	KEY_DIFFERS,   /* another key: what is signed here does not verify */
	KEY_UNUSABLE,  /* the record, or all of them, is of no use for us */
	KEY_UNKNOWN,   /* DNS did not say */
};

enum key_note {
	KEY_NOTE_TESTING = 1 << 0, /* t=y: verifiers act as if unsigned */
	KEY_NOTE_STRICT = 1 << 1,  /* t=s: i= must be of d= itself */
	KEY_NOTE_SHORT = 1 << 2,   /* RSA under 2048 bits (RFC 8301) */
	KEY_NOTE_LONG = 1 << 3,	   /* RSA over 4096: not all can read it */
	KEY_NOTE_BARE = 1 << 4,	   /* RSAPublicKey alone in p= */
};

struct key_shown {
	enum key_status status;
	unsigned int notes; /* enum key_note, where a record was read */
	struct slice name;  /* SELECTOR._domainkey.DOMAIN */
	/*
	 * For people, one line, nothing in it that DNS could break it with:
	 * what is there. Of a published key it has the notes, too.
	 */
	struct slice found;
	/* The record to publish there; empty where PUBLISHED or UNKNOWN. */
	struct slice publish;
	struct slice text; /* both in one line, with the notes */
};

/* The text of a published key without notes; for its name, SLICE_ARGS(). */
#define KEY_PUBLISHED_TEXT "%.*s: the key is published"

/* "published", "absent": for logs and metrics. */
const char *key_status_name(enum key_status status);

/*
 * Judges one record, its strings joined. Never KEY_ABSENT or KEY_UNKNOWN. Pure
 * and thread-safe.
 */
void key_status_judge(const struct sign_key *key, struct slice record,
    struct arena *mem, struct key_shown *ret_shown);

/*
 * Looks the key up and judges what is there; in memory of mem. More than one
 * TXT record at the name is KEY_UNUSABLE: which one counts is undefined
 * (RFC 6376 section 3.6.2.2). May block until deadline_us; thread-safe.
 */
void key_status_check(struct resolver *resolver, const struct sign_key *key,
    uint64_t deadline_us, struct arena *mem, struct key_shown *ret_shown);

#endif
