/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_LDAP_PRIV_H
#define SUBMILTER_LDAP_PRIV_H

#include <ldap.h>

#include "table/database.h"
#include "table/stream.h"

/* A table of LDAP, as ldap_table(5) of Postfix describes it. */

enum ldap_bind {
	LDAP_BIND_NONE,
	LDAP_BIND_SIMPLE,
	LDAP_BIND_SASL,
};

enum {
	/* A chain of special attributes is not followed further. */
	LDAP_MAX_RECURSION = 1000,
	LDAP_MAX_ATTRIBUTES = 64,
	/* What a server may send for one key, or before the first one. */
	LDAP_MAX_ANSWER_BYTES = 32 << 20,
};

/* Kinds of attributes, in the order in which a name that is two counts. */
enum ldap_attribute_kind {
	LDAP_ATTRIBUTE_TERMINAL,
	LDAP_ATTRIBUTE_LEAF,
	LDAP_ATTRIBUTE_RESULT,
	LDAP_ATTRIBUTE_SPECIAL,
	LDAP_ATTRIBUTE_KINDS,
};

/* A name that a search asks for, and what its values are for. */
struct ldap_attribute {
	char *name;
	enum ldap_attribute_kind kind;
};

struct ldap_term;

/* What the file says, as C strings where libldap takes them. */
struct ldap_table {
	struct database database; /* first */
	/* As they stand in the file. */
	struct slice server_host, search_base, query_filter, scope, bind;
	struct slice bind_dn, bind_pw, attributes[LDAP_ATTRIBUTE_KINDS];
	struct slice sasl_mechs, sasl_realm, sasl_authz_id;
	struct slice tls_ca_cert_file, tls_ca_cert_dir, tls_cert, tls_key;
	struct slice tls_random_file, tls_cipher_suite;
	unsigned int server_port, version, timeout, dereference;
	unsigned int recursion_limit, size_limit, sasl_minssf;
	bool chase_referrals, start_tls, tls_require_cert;
	/* What is made of it. */
	struct hosts *hosts;
	enum ldap_bind how_to_bind;
	int search_scope;
	bool base_has_key;
	struct ldap_attribute results[LDAP_MAX_ATTRIBUTES];
	size_t result_count;
	const struct ldap_term *filter;	     /* see ldap_filter_witness() */
	char *compared[LDAP_MAX_ATTRIBUTES]; /* its attributes */
	size_t compared_count;
	/* What is asked for; of entries that are found by a key, both. */
	char *wanted[LDAP_MAX_ATTRIBUTES + 1];
	char *wanted_by_key[2 * LDAP_MAX_ATTRIBUTES + 1];
};

/*
 * A connection. All that libldap reads and writes passes through us, so that
 * it waits until deadline_us and not longer, also in a TLS handshake, and takes
 * bytes_left octets at most. Both are set before each use.
 */
struct ldap_link {
	struct stream stream;
	LDAP *ld;
	ldap_conncb on_referral;
	uint64_t deadline_us;
	size_t bytes_left;
	bool is_late; /* the deadline was the reason of a failure */
	bool is_full; /* too many octets were */
};

/*
 * Reads server_host: HOST, HOST:PORT, ldap://, ldaps:// and ldapi:// URLs, and
 * srv:NAME. -1 (ERR_CONFIG).
 */
MUST_USE int ldap_hosts_read(struct ldap_table *table,
    const struct table_opening *opening, struct err *err);

/* See struct server_ops; settings is a struct ldap_table. */
MUST_USE int ldap_link_open(void *settings, const struct server_host *host,
    uint64_t deadline_us, void **ret_connection, struct err *err);
bool ldap_link_is_quiet(void *connection);
void ldap_link_close(void *connection);

/* Puts the layer under a connection of libldap. Not 0: it could not. */
int ldap_layer_add(struct ldap_link *link, Sockbuf *sockbuf);
/* And under those that libldap makes to follow referrals. */
int ldap_layer_follow(struct ldap_link *link);

/*
 * The time for one request: the table's timeout from now, and not longer than
 * until_us. The octets for one key are set beside it.
 */
void ldap_link_allow(
    struct ldap_link *link, const struct ldap_table *table, uint64_t until_us);
/* The rest of that time. */
struct timeval ldap_link_time_left(const struct ldap_link *link);
/*
 * Waits for the whole answer to a request. What libldap says of it, or what is
 * in the answer: LDAP_SUCCESS and so on. *ret_answer is the caller's, unless it
 * is NULL.
 */
MUST_USE int ldap_link_wait(
    struct ldap_link *link, int request, LDAPMessage **ret_answer);
/* Fills *err (ERR_TEMP) with what the code means, and what the server added. */
void ldap_link_explain(
    struct ldap_link *link, int code, const char *what, struct err *err);

/* One key: searches, and follows what is found. See struct server_ops. */
enum server_answer ldap_search(void *settings, void *connection,
    struct slice key, const struct table_context *context,
    struct slice *ret_value);

/*
 * Servers compare by rules of their own: fullwidth letters, blanks at the ends,
 * and accents that are written in two ways are the same to them. So the values
 * of a found entry are compared with the key once more, without letter case.
 */
enum ldap_witness {
	LDAP_WITNESS_SAME,     /* or nothing says otherwise */
	LDAP_WITNESS_STRANGER, /* the entry is not that of the key */
	/* One value differs, and another, which may be the same, is not shown. */
	LDAP_WITNESS_HIDDEN,
};

/*
 * Reads query_filter, for the attributes that it compares with parts of the key:
 * (mail=%s), (proxyAddresses=smtp:%s), also inside of (& ) and (| ). NULL where
 * there are none.
 */
const struct ldap_term *ldap_filter_read(struct slice text, struct arena *mem);
/* Adds the names of these attributes, each once, to a list with that room. */
void ldap_filter_attributes(
    const struct ldap_term *term, char **names, size_t *count, size_t room);
/* What the entry, which was found with the filter, says of the key. */
enum ldap_witness ldap_filter_witness(const struct ldap_term *term, LDAP *ld,
    LDAPMessage *entry, const struct database_key *key, struct arena *mem);

#endif
