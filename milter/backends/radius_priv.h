/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_BACKENDS_RADIUS_PRIV_H
#define SUBMILTER_BACKENDS_RADIUS_PRIV_H

#include "table/database.h"
#include "table/stream.h"

/* Packets of RADIUS (RFC 2865), and how they go to a server and back. */
enum {
	RADIUS_HEADER_BYTES = 20,
	RADIUS_MAX_BYTES = 4096,
	RADIUS_MAX_VALUE = 253, /* octets of one attribute */
};

enum radius_code {
	RADIUS_ACCESS_REQUEST = 1,
	RADIUS_ACCESS_ACCEPT = 2,
	RADIUS_ACCESS_REJECT = 3,
	RADIUS_ACCOUNTING_REQUEST = 4, /* RFC 2866 */
	RADIUS_ACCOUNTING_RESPONSE = 5,
	RADIUS_ACCESS_CHALLENGE = 11,
};

/* Types of attributes. */
enum {
	RADIUS_USER_NAME = 1,
	RADIUS_SERVICE_TYPE = 6,
	RADIUS_FILTER_ID = 11,
	RADIUS_REPLY_MESSAGE = 18,
	RADIUS_CLASS = 25,
	RADIUS_VENDOR_SPECIFIC = 26,
	RADIUS_CALLING_STATION_ID = 31,
	RADIUS_NAS_IDENTIFIER = 32,
	RADIUS_ACCT_STATUS_TYPE = 40,
	RADIUS_ACCT_DELAY_TIME = 41,
	RADIUS_ACCT_INPUT_OCTETS = 42,
	RADIUS_ACCT_SESSION_ID = 44,
	RADIUS_ACCT_INPUT_PACKETS = 47,
	RADIUS_ACCT_OUTPUT_PACKETS = 48,
	RADIUS_ACCT_MULTI_SESSION_ID = 50,
	RADIUS_ACCT_INPUT_GIGAWORDS = 52,
	RADIUS_EVENT_TIMESTAMP = 55,
	RADIUS_MESSAGE_AUTHENTICATOR = 80,
};

struct radius_packet {
	size_t len;
	unsigned char data[RADIUS_MAX_BYTES];
};

/*
 * An Access-Request without attributes yet but for its Message-Authenticator,
 * which stands first.
 */
MUST_USE int radius_begin_access(
    struct radius_packet *packet, unsigned char id, struct err *err);
/* An Accounting-Request without attributes yet. */
void radius_begin_accounting(struct radius_packet *packet, unsigned char id);
/* -1 (ERR_LIMIT): the value, or the packet, is too long. */
MUST_USE int radius_add(struct radius_packet *packet, unsigned int type,
    struct slice value, struct err *err);
MUST_USE int radius_add_number(struct radius_packet *packet, unsigned int type,
    uint32_t number, struct err *err);
/* The last step: lengths and what proves that we know the secret. */
MUST_USE int radius_seal(
    struct radius_packet *packet, struct slice secret, struct err *err);

/* How servers are spoken to. */
enum radius_transport {
	RADIUS_UDP,
	RADIUS_TLS,  /* over TCP: RFC 6614 */
	RADIUS_DTLS, /* RFC 7360 */
};
struct radius_way {
	struct slice secret;
	enum radius_transport transport;
	struct stream_tls_settings tls;
};

/*
 * Whether reply is one to this request, by somebody who knows the secret. In the
 * clear, one to an Access-Request has a Message-Authenticator: only that cannot be
 * forged (CVE-2024-3596). TLS with a server that was verified keeps forgers out,
 * and not each of those sends one. Attributes are whole then. -1 (ERR_TEMP): it is none.
 */
MUST_USE int radius_check_reply(const struct radius_packet *request,
    struct slice reply, const struct radius_way *way, struct err *err);
/* The code of a reply that was checked. */
enum radius_code radius_reply_code(struct slice reply);
/*
 * Whether the longest attribute would not fit in any more: FreeRADIUS leaves out
 * what does not, or cuts it, without a word.
 */
bool radius_reply_is_full(struct slice reply);
#define RADIUS_FULL                                                           \
	"a reply that is full, so some of its values may be missing: RADIUS " \
	"has no room for so many"

struct radius_attribute {
	unsigned int type;
	unsigned long vendor;	  /* of a RADIUS_VENDOR_SPECIFIC, and */
	unsigned int vendor_type; /* its own number there; else 0 */
	struct slice value;
};
struct radius_cursor {
	struct slice rest;
	struct slice of_vendor; /* what is left of a RADIUS_VENDOR_SPECIFIC */
	unsigned long vendor;
};
struct radius_cursor radius_reply_attributes(struct slice reply);
/*
 * The next attribute. False: there is none. A RADIUS_VENDOR_SPECIFIC is each of
 * the attributes in it.
 */
bool radius_next(struct radius_cursor *cursor, struct radius_attribute *ret);

/* What stands before octets that count for nothing. RFC 2865 section 3. */
struct slice radius_without_padding(struct slice packet);

enum {
	/*
	 * When a datagram that has no answer is sent again; twice as long each
	 * time.
	 */
	RADIUS_FIRST_WAIT_MS = 1000,
};
#define RADIUS_NO_ANSWER                                                      \
	"no answer within the time, as from a server that does not know the " \
	"secret"

/* A connection: a socket for datagrams, TLS, or DTLS. */
struct radius_link;
MUST_USE int radius_link_open(const struct radius_way *way,
    const struct server_host *host, uint64_t deadline_us,
    struct radius_link **ret_link, struct err *err);
bool radius_link_is_quiet(struct radius_link *link);
void radius_link_close(struct radius_link *link);
/* For a packet that is sent next. */
unsigned char radius_link_id(struct radius_link *link);
/*
 * Sends a request, as often as is needed, and waits for the reply to it, which
 * is checked; in memory of mem. -1 (ERR_TEMP).
 */
MUST_USE int radius_link_ask(struct radius_link *link,
    const struct radius_packet *request, const struct table_context *context,
    struct slice *ret_reply);

/* A socket that gets datagrams of this address alone. -1 (ERR_TEMP). */
MUST_USE int radius_datagram_socket(
    const struct sockaddr *address, socklen_t len, struct err *err);

/* The same as radius_link_...(), over DTLS. */
struct radius_dtls;
MUST_USE int radius_dtls_open(const struct radius_way *way,
    const struct server_host *host, uint64_t deadline_us,
    struct radius_dtls **ret_dtls, struct err *err);
/* False, too, if nobody used it for a minute: RFC 7360 section 5.2. */
bool radius_dtls_is_quiet(struct radius_dtls *dtls);
void radius_dtls_close(struct radius_dtls *dtls);
MUST_USE int radius_dtls_ask(struct radius_dtls *dtls,
    const struct radius_packet *request, const struct table_context *context,
    struct slice *ret_reply);

#endif
