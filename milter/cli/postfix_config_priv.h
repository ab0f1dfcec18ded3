/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_CLI_POSTFIX_CONFIG_PRIV_H
#define SUBMILTER_CLI_POSTFIX_CONFIG_PRIV_H

#include "base/err.h"
#include "base/str.h"

struct postfix_param {
	struct slice name;
	struct slice value;	/* as it stands, $names and all */
	unsigned int line;	/* of main.cf */
};

/* A line of master.cf. */
struct postfix_service {
	unsigned int line;
	struct slice name;	/* "submission", "127.0.0.1:587" */
	struct slice type;	/* "inet" */
	struct slice command;	/* "smtpd" */
	bool chroot;
	struct postfix_param *overrides;	/* -o */
	size_t override_count;
};

/* main.cf and master.cf, in the memory they were read with. */
struct postfix {
	struct postfix_param *params;
	size_t param_count;
	struct postfix_service *services;
	size_t service_count;
};

/* Reads both files as Postfix's postconf(5) and master(5) describe them. */
MUST_USE int postfix_read(const char *directory, struct arena *mem,
    struct postfix *ret_postfix, struct err *err);

/*
 * The value a service sees (NULL: any program): its -o, else that of main.cf,
 * else `initial`; with $name and ${name?text} replaced.
 */
struct slice postfix_value(const struct postfix *postfix,
    const struct postfix_service *service, const char *name,
    const char *initial, struct arena *mem);

/* Where that value stands: "main.cf:12"; "default" where it stands nowhere. */
const char *postfix_where(const struct postfix *postfix,
    const struct postfix_service *service, const char *name,
    struct arena *mem);

/* The service of that name and type in master.cf; NULL: none. */
const struct postfix_service *postfix_find_service(
    const struct postfix *postfix, struct slice name, const char *type);

/*
 * The next logical line of one of Postfix's files: it begins without a blank,
 * and those after it that begin with one belong to it. *line counts.
 */
bool postfix_next_line(struct slice *rest, unsigned int *line,
    struct arena *mem, struct slice *ret_text, unsigned int *ret_line);

/*
 * Cuts the next item of a list off, where "{ ... }" is one item, given without
 * its braces.
 */
bool postfix_next_item(struct slice *rest, const char *separators,
    struct slice *ret_item);

#endif
