/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_CLI_CHECK_PRIV_H
#define SUBMILTER_CLI_CHECK_PRIV_H

#include <sys/types.h>

#include "conf/config.h"
#include "daemon/account.h"
#include "preflight/domain_report.h"
#include "sign/keys.h"

enum finding_level {
	FINDING_OK,
	FINDING_WARNING,	/* works, but is not wise */
	FINDING_ERROR,
	FINDING_LATER,		/* could not be looked at now */
};

/* One thing that was found, in a sentence. */
struct finding {
	enum finding_level level;
	struct slice text;
	struct slice fix;	/* what to change; empty where text says it */
};

struct findings {
	struct arena *mem;
	struct finding *items;
	size_t count;
	size_t cap;
};

/* fix may be NULL; both texts are copied. */
void finding_add(struct findings *found, enum finding_level level,
    const char *fix, const char *format, ...) PRINTF_LIKE(4, 5);

size_t findings_count(const struct findings *found,
    enum finding_level level);
void findings_print_json(const struct findings *found);
void findings_print_text(const struct findings *found);

/* What one check looks at. */
struct checked {
	const struct config *config;
	const struct account *account;
	struct findings *found;
	struct slice socket_path;	/* of a Unix socket; else empty */
	const char *saslauthd;	/* its file; NULL: those of the system */
};

/* Sendmail's mailers smtp and esmtp break lines there. */
enum { SENDMAIL_LINE_OCTETS = 990 };

/* Names a logical line of sendmail.cf that changes mail that was signed. */
void check_sendmail_line(const struct checked *c, struct slice line);

/*
 * How many keys there are, and how many of them sign, as the running milter
 * noted it (preflight.key-states); nothing is asked. NULL: keys is not set.
 */
void check_keys(struct findings *found, const struct config *config,
    const struct keystore *keys);

/* Names what in rights.extension stands in ordinary names. */
void check_extension(const struct checked *c);
/* Whether any login owns an address by itself. */
void check_realms(const struct checked *c);

/* The socket by itself, whatever MTA there is. */
void check_socket(const struct checked *c);

/* The name of a user, or its number. */
const char *user_name(struct arena *mem, uid_t uid);

/* Whom a socket must let in. */
struct socket_user {
	const char *name;
	uid_t uid;
	gid_t gids[64];
	size_t gid_count;
};

/* False when there is no such user. */
MUST_USE bool socket_user_find(const char *name, struct socket_user *ret_user);

/*
 * Whether that user gets to our Unix socket: through its directories, from the
 * one behind the first `skip` octets of its path on, and past its own mode.
 * Reports what is in the way.
 */
void check_socket_access(const struct checked *c,
    const struct socket_user *user, size_t skip);

/*
 * Whether an MTA's words for a socket mean ours. The host of an inet socket may
 * be a name; then the port decides.
 */
bool socket_is_inet(const struct config *config, struct slice host,
    struct slice port);

/* Paths without doubled and final slashes and "." parts. */
struct slice path_clean(struct arena *mem, struct slice path);

/* A text file of at most a megabyte. */
MUST_USE int text_file_read(const char *path, struct arena *mem,
    struct slice *ret_text, struct err *err);

/* "submilter check DOMAIN...": what is asked for. */
struct domain_options {
	const char *config;
	const char *zone;	/* a file that stands for DNS; NULL: dns.zone */
	char *const *names;	/* in any letter case, with U-labels, too */
	size_t count;
	bool all;		/* every domain of this service */
	bool connect;
	bool json;
};

/*
 * One report on standard output; that on the service comes before the first one
 * on a domain.
 */
void domain_report_text(const struct domain_report *report, bool is_service);
void domain_report_json(const struct domain_report *report, bool is_service,
    bool first);

/* Reports on them; an exit code. */
int check_domains(const struct domain_options *options);

/* Whether a message without a login is refused, and nothing else gives one. */
bool refuses_without_sasl(const struct config *config);

void check_postfix(const struct checked *c, const char *directory);
void check_sendmail(const struct checked *c, const char *file);

#endif
