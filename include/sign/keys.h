/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_SIGN_KEYS_H
#define SUBMILTER_SIGN_KEYS_H

#include <openssl/evp.h>
#include <time.h>

#include "base/err.h"
#include "base/str.h"

enum key_algorithm {
	KEY_RSA_SHA256,		/* RFC 6376 section 3.3.2 */
	KEY_ED25519_SHA256,	/* RFC 8463 */
};

/* One private key, checked and parsed once, then shared by all threads. */
struct sign_key {
	struct slice domain;		/* d=: lower case, A-labels */
	struct slice selector;		/* s= */
	enum key_algorithm algorithm;
	unsigned int bits;
	EVP_PKEY *pkey;
	struct slice pem;		/* as libopendkim wants it; NUL behind it */
	struct slice path;		/* where it came from, for messages */
	struct slice fingerprint;	/* SHA-256 of the public key, hex */
	time_t file_time;		/* when its file was last changed */
};

enum { MAX_KEYS_OF_DOMAIN = 8 };

/*
 * The keys of one domain, in order of selector. Where some of its files cannot
 * be used, fault names the first, and the others sign; without any key, it is
 * not known who would have signed: a temporary fault of that domain.
 */
struct domain_keys {
	struct slice domain;
	const struct sign_key *const *keys;
	size_t count;
	struct slice fault;
};

struct keystore;

/*
 * Loads every DIRECTORY/DOMAIN/SELECTOR.key. Each d= and s= is validated
 * (RFC 6376 section 3.1, 3.5: they go into the header as they stand). Not used:
 * a file that others can read or write, or that belongs neither to root nor to
 * the user that reads it (root's may have mode 0640 where its group has no other
 * member than that user); a directory that others can write to; RSA under 1024
 * bits; encrypted (no passphrase is ever asked for), unreadable or garbled
 * files; key types other than RSA and Ed25519; a directory of a domain without
 * any key. Each is a fault of its domain alone (domain_keys.fault). One run
 * reports all of them: report(arg, is_error, text) is called for each fault and
 * for each warning (RSA under 2048 bits, a file that is no *.key, a directory
 * that is not named after a domain). A key of previous (NULL: none) goes on
 * where its file cannot be used any more, and so do the last keys of a domain
 * where all are gone: a file that is cut or away for a moment takes no signature
 * away. -1 with a summary in *err only when
 * DIRECTORY itself cannot be read. Blocks on the file system. More than one key of a domain: all of them sign.
 */
MUST_USE int keystore_load(struct slice directory,
    const struct keystore *previous,
    void (*report)(void *arg, bool is_error, const char *text), void *arg,
    struct keystore **ret_store, struct err *err);
/* Whether it has no domain at all, or one without any key; NULL: no. */
bool keystore_lacks_keys(const struct keystore *store);
/* How many faults were reported. */
size_t keystore_faults(const struct keystore *store);
void keystore_free(struct keystore *store);

/* NULL when the domain (lower case, A-labels) has no key here. Thread-safe. */
const struct domain_keys *keystore_find(const struct keystore *store,
    struct slice domain);
size_t keystore_domain_count(const struct keystore *store);
const struct domain_keys *keystore_domain(const struct keystore *store,
    size_t index);

/*
 * The TXT record that publishes the key (RFC 6376 section 3.6.1, RFC 8463
 * section 4): "v=DKIM1; k=rsa; h=sha256; p=..." in one piece.
 */
struct slice key_record(struct arena *mem, const struct sign_key *key);
/*
 * A master file entry for it: NAME IN TXT ( "..." "..." ), each string at most
 * 255 octets (RFC 1035 section 3.3.14).
 */
struct slice key_zone_entry(struct arena *mem, const struct sign_key *key);

/* DIRECTORY/DOMAIN, open for new keys: what is made there goes by the fd. */
struct key_folder {
	int fd;
	struct slice path;
	struct slice domain;	/* lower case */
};

/*
 * Opens it in memory of mem, and makes it and DIRECTORY (mode 0700) where they
 * are missing. Root becomes the owner of the first directory of another user on
 * the path, for good and before it touches what is in there: so keys belong to
 * whom their directory belongs, and no link that this user put somewhere
 * reaches what only root may. -1 (ERR_DATA, ERR_CONFIG, ERR_TEMP).
 */
MUST_USE int key_folder_open(struct slice directory, struct slice domain,
    struct arena *mem, struct key_folder *ret_folder, struct err *err);
void key_folder_close(struct key_folder *folder);
/* FOLDER/SELECTOR.key, as text; whether there is one; away with it. */
struct slice key_folder_file(const struct key_folder *folder,
    struct slice selector, struct arena *mem);
bool key_folder_has(const struct key_folder *folder, struct slice selector,
    struct arena *mem);
void key_folder_remove(const struct key_folder *folder, struct slice selector,
    struct arena *mem);
/*
 * Makes a key there, mode 0600; a file that exists is never overwritten
 * (ERR_DATA), a half-written one never left behind. It is returned as
 * keystore_load would load it, in memory of mem; its pkey is freed with
 * key_done().
 */
MUST_USE int key_folder_generate(const struct key_folder *folder,
    struct slice selector, enum key_algorithm algorithm, unsigned int rsa_bits,
    struct arena *mem, struct sign_key *ret_key, struct err *err);
/* One key: the folder is opened and closed. */
MUST_USE int key_generate(struct slice directory, struct slice domain,
    struct slice selector, enum key_algorithm algorithm, unsigned int rsa_bits,
    struct arena *mem, struct sign_key *ret_key, struct err *err);
void key_done(struct sign_key *key);

/* Whether text may stand in d= and s=: labels of letters, digits and hyphens. */
bool key_domain_is_valid(struct slice text);
bool key_selector_is_valid(struct slice text);

#endif
