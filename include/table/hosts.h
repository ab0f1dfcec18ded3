/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_TABLE_HOSTS_H
#define SUBMILTER_TABLE_HOSTS_H

#include <netinet/in.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/err.h"
#include "base/str.h"

/*
 * The hosts that have a table: which ones, and which of them comes first. A
 * backend reads them from its configuration; server.h connects to them.
 */
enum host_kind {
	HOST_UNIX,  /* name is the path of a socket */
	HOST_INET,  /* name is an address or a host name, at a port */
	HOST_OTHER, /* text means something to the backend alone: an URI */
	HOST_SRV,   /* name has SRV records (RFC 2782), each a HOST_INET */
};

struct server_host {
	struct slice text; /* for messages; no two hosts of a table share it */
	enum host_kind kind;
	struct slice name; /* an IPv6 address without brackets */
	unsigned int port; /* of HOST_INET */
	/*
	 * A word of the backend, such as "ldaps", or empty. What SRV records
	 * name has that of their HOST_SRV.
	 */
	struct slice scheme;
};

/* How a host is chosen for a new connection; one that failed comes later. */
enum hosts_choice {
	HOSTS_IN_ORDER,
	/*
	 * At random, sockets before others, and HOST_OTHER last, as Postfix
	 * does with SQL.
	 */
	HOSTS_AT_RANDOM,
};

/*
 * SRV records stand in an order of their own: by priority, then at random by
 * weight. connect() of a backend gets what they name, and never a HOST_SRV.
 */
struct hosts;
struct table_opening;

enum { HOSTS_MAX = 32 };

/* In memory of the table that is opened. No host yet. */
struct hosts *hosts_new(
    const struct table_opening *opening, enum hosts_choice choice);
/*
 * Adds a host, which is copied; one that is there already is not added again.
 * -1 (ERR_CONFIG): there are HOSTS_MAX.
 */
MUST_USE int hosts_add(
    struct hosts *hosts, const struct server_host *host, struct err *err);
size_t hosts_count(const struct hosts *hosts);
/* By an index from 0, in the order of hosts_add(). */
const struct server_host *hosts_at(const struct hosts *hosts, size_t index);

/*
 * Reads "HOST", "HOST:PORT", "[ADDRESS]:PORT", each with "inet:" in front or
 * not, "unix:PATH", "/PATH" or "srv:NAME". PORT is a number or a name of
 * services(5); default_port 0: it has to be there. The result points into word.
 * -1 (ERR_CONFIG). Asks nobody.
 */
MUST_USE int host_read(struct slice word, unsigned int default_port,
    struct server_host *ret_host, struct err *err);
/* host_read() and hosts_add() for words between commas and blanks. */
MUST_USE int hosts_add_list(struct hosts *hosts, struct slice list,
    unsigned int default_port, struct err *err);

/* Socket addresses of one host. */
enum { HOST_MAX_ADDRESSES = 8, HOST_ADDRESS_BYTES = INET6_ADDRSTRLEN + 16 };
struct host_addresses {
	struct sockaddr_storage items[HOST_MAX_ADDRESSES];
	socklen_t lengths[HOST_MAX_ADDRESSES];
	size_t count;
};

/*
 * The addresses of a HOST_INET or HOST_UNIX. A name is looked up as the system
 * does it, with /etc/hosts, in a thread that may go on for longer than we wait.
 * -1 (ERR_TEMP): not before the deadline, or there is none. Thread-safe.
 */
MUST_USE int host_resolve(const struct server_host *host, uint64_t deadline_us,
    struct host_addresses *ret_addresses, struct err *err);
/* An address of a HOST_INET as text, without its port. */
void host_address_text(const struct host_addresses *addresses, size_t index,
    char ret_text[HOST_ADDRESS_BYTES]);

#endif
