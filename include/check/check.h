/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_CHECK_CHECK_H
#define SUBMILTER_CHECK_CHECK_H

#include <sys/types.h>

#include "base/shell.h"
#include "conf/config.h"
#include "daemon/account.h"
#include "keys/keystore.h"

enum finding_level {
	FINDING_OK,
	FINDING_WARNING, /* works, but is not wise */
	FINDING_ERROR,
	FINDING_LATER, /* could not be looked at now */
};

/* One thing that was found, in a sentence. */
struct finding {
	enum finding_level level;
	struct slice text;
	struct slice fix; /* what to change; empty where text says it */
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

/* Findings that quote a text are to be looked at again: FINDING_LATER. */
void findings_put_off(struct findings *found, const char *text);

size_t findings_count(const struct findings *found, enum finding_level level);
/* As one JSON object, and as text on standard output. */
void findings_json(const struct findings *found, struct strbuf *out);
void findings_print_text(const struct findings *found);

/* What one check looks at. */
struct checked {
	const struct config *config;
	const struct account *account;
	struct findings *found;
	struct slice socket_path; /* of a Unix socket; else empty */
	const char *saslauthd;	  /* its file; NULL: those of the system */
	const char *mta_group; /* who connects to the socket; NULL: unknown */
};

/* Names a logical line of sendmail.cf that changes mail that was signed. */
void check_sendmail_line(const struct checked *c, struct slice line);

/*
 * How many keys there are, and how many of them sign, as the running milter
 * noted it (sign.key-states); nothing is asked. NULL: keys is not set.
 */
void check_keys(struct findings *found, const struct config *config,
    const struct keystore *keys);

/*
 * Asks each table of the snapshot for a key that nobody has, and those of servers
 * for some that look like a key of somebody else. Blocks for some seconds where a
 * server does not answer.
 */
struct snapshot;
void check_tables(struct findings *found, const struct snapshot *snapshot);

/* Warns of characters in rights.extension that ordinary names have, too. */
void check_extension(const struct checked *c);
/* Warns where no login owns an address by itself. */
void check_realms(const struct checked *c);

/* The socket by itself, whatever MTA there is. */
void check_socket(const struct checked *c);

/*
 * Reports what the milter writes and the user of this process cannot: the
 * spool, the states of keys, the socket. False: the states are among it.
 */
bool check_writing(struct findings *found, const struct config *config,
    const struct account *account);

/* Whether a milter answers on the configured socket. Blocks for some seconds. */
void check_milter(const struct checked *c);

/* For a user or group that does not exist: the one that was probably meant. */
const char *name_fix(struct arena *mem, struct slice name, bool is_user);
/* Who may do what with a file depends on what it is for. */
enum file_kind { FILE_OF_CONFIG, FILE_OF_TABLE, FILE_OF_KEYS };
/*
 * The command that mends the rights of the file that a text names, "... FILE:
 * WHY", for the user of this process; NULL where nothing is wrong with them, or
 * no command helps. The file tells, not the text.
 */
const char *file_fix(struct arena *mem, const char *text, enum file_kind kind);
/*
 * The option whose table or directory of keys a text names, or NULL. Static;
 * mem is for what is needed meanwhile.
 */
const char *naming_option(
    const struct config *config, struct arena *mem, const char *text);
/* "OPTION = VALUE in FILE:LINE"; without the line where it is not set yet. */
const char *option_fix(
    const struct checked *c, const char *option, const char *value);

/* The name of a user or a group, or its number. */
const char *user_name(struct arena *mem, uid_t uid);
const char *group_name(struct arena *mem, gid_t gid);

/* A user that must get to the socket. */
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
void check_socket_access(
    const struct checked *c, const struct socket_user *user, size_t skip);

/*
 * Whether an MTA's words for a socket mean ours. The host of an inet socket may
 * be a name; then the port decides.
 */
bool socket_is_inet(
    const struct config *config, struct slice host, struct slice port);

/* Paths without doubled and final slashes and "." parts. */
struct slice path_clean(struct arena *mem, struct slice path);

/* What is left of fd, at most max octets of it; -1 with errno, or EFBIG. */
MUST_USE int fd_read_all(
    int fd, struct arena *mem, size_t max, struct slice *ret_text);
/* A text file of at most a megabyte. */
MUST_USE int text_file_read(const char *path, struct arena *mem,
    struct slice *ret_text, struct err *err);

/*
 * Whether a message without a login is refused. identify.network does not
 * count: no list has all the servers of others.
 */
bool refuses_without_login(const struct config *config);
/* The same on one service; both its name and its port may be empty. */
bool refuses_without_login_at(
    const struct config *config, struct slice name, struct slice port);
/* The same, and nothing but SMTP AUTH gives a login. */
bool refuses_without_sasl(const struct config *config);

/* The group of Postfix's user; NULL where that is not known. */
const char *postfix_group(const char *directory, struct arena *mem);
void check_postfix(const struct checked *c, const char *directory);
void check_sendmail(const struct checked *c, const char *file);

/* What sendmail.cf says of TLS with clients. */
struct sendmail_tls {
	struct slice options; /* TLSSrvOptions */
	struct slice ca_file;
	struct slice ca_path;
};

/* Whether it lets in who has fetched mail by POP; text is sendmail.cf. */
void check_sendmail_relaying(const struct checked *c, struct slice text);

/* What keeps a certificate from proving a login. */
void check_sendmail_certificates(
    const struct checked *c, const struct sendmail_tls *tls);

#endif
