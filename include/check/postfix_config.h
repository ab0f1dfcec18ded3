/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_CHECK_POSTFIX_CONFIG_H
#define SUBMILTER_CHECK_POSTFIX_CONFIG_H

#include "base/err.h"
#include "base/str.h"

struct postfix_param {
	struct slice name;
	struct slice value; /* as it stands, $names and all */
	unsigned int line;  /* of main.cf */
};

struct postfix_params {
	struct postfix_param *items;
	size_t count;
	size_t cap;
};

/* A line of master.cf. */
struct postfix_service {
	unsigned int line;
	struct slice name;    /* "submission", "127.0.0.1:587" */
	struct slice type;    /* "inet" */
	struct slice command; /* "smtpd" */
	bool chroot;
	struct postfix_params overrides; /* -o */
};

/* main.cf and master.cf, in the memory they were read with. */
struct postfix {
	struct arena *mem;
	const char *directory;
	struct postfix_params params;
	struct postfix_service *services;
	size_t service_count;
	size_t service_cap;
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
    const char *initial);

/* Whether a service (may be NULL) has a value of its own, by -o. */
bool postfix_is_override(
    const struct postfix_service *service, const char *name);

/* Where that value stands: "main.cf:12"; "default" where it stands nowhere. */
const char *postfix_where(const struct postfix *postfix,
    const struct postfix_service *service, const char *name);

/* The service of that name and type in master.cf; NULL: none. */
const struct postfix_service *postfix_find_service(
    const struct postfix *postfix, struct slice name, const char *type);

/* Ports where users submit, and where mail from other servers arrives. */
bool postfix_is_submission(const struct postfix_service *service);
bool postfix_is_port_25(const struct postfix_service *service);

/* A file that is read by logical lines. */
struct line_reader {
	struct slice rest;
	struct arena *mem;
	unsigned int lines; /* that were read */
	unsigned int line;  /* where text begins */
	struct slice text;
};

/*
 * The next logical line of one of Postfix's files: it begins without a blank,
 * and those after it that begin with one belong to it.
 */
bool postfix_next_line(struct line_reader *reader);

/*
 * Cuts the next item of a list off, where "{ ... }" is one item, given without
 * its braces.
 */
bool postfix_next_item(
    struct slice *rest, const char *separators, struct slice *ret_item);

#endif
