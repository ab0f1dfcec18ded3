/* SPDX-License-Identifier: BSD-2-Clause */
/* A configuration while it is put together from those of others. */
#ifndef SUBMILTER_IMPORT_IMPORT_PRIV_H
#define SUBMILTER_IMPORT_IMPORT_PRIV_H

#include "base/net.h"
#include "conf/config.h"
#include "import/import.h"

/* Where something stood; line 0: in the file as a whole, or nowhere in it. */
struct import_place {
	struct slice path;
	unsigned int line;
};

/* One option of ours. */
struct import_option {
	const char *section; /* "": outside of any block */
	const char *name;
	struct slice value;	   /* as a configuration writes it */
	struct strbuf why;	   /* lines of a comment */
	struct import_place place; /* of the value; no path: none has it */
};

enum import_remark_kind {
	IMPORT_DIFFERS,	 /* understood, and submilter behaves in another way */
	IMPORT_NEEDLESS, /* understood, and nothing is to be done */
	IMPORT_UNKNOWN,	 /* not understood, or not taken over */
	IMPORT_REMARKS
};

struct import_remark {
	enum import_remark_kind kind;
	struct import_place place; /* no path: it is about all of a source */
	struct slice text;	   /* "NAME: SENTENCE" where a name is known */
};

/* A line that has nothing to do with a milter of submission. */
struct import_other {
	struct import_place place;
	struct slice name; /* empty: nothing that could be shown */
};

/* A key that signs for a domain. */
struct import_key {
	struct import_place place;
	struct slice domain;
	struct slice selector;
	struct slice path;
	bool subdomains; /* it signs for those below, too */
};

/* Hosts that submit without a login. */
struct import_network {
	struct slice key; /* of identify.network */
	struct net_cidr cidr;
};

/* An array that grows in the arena of the import. */
#define IMPORT_ARRAY(type)    \
	struct {              \
		type *items;  \
		size_t count; \
		size_t cap;   \
	}

struct import {
	struct arena *mem;
	const struct import_source *sources;
	size_t source_count;
	struct slice text; /* the whole, as a file */
	struct slice json; /* the options of it, as elements of an array */
	IMPORT_ARRAY(struct import_option) options;
	IMPORT_ARRAY(struct import_remark) remarks;
	IMPORT_ARRAY(struct import_other) others;
	IMPORT_ARRAY(struct import_key) keys;
	IMPORT_ARRAY(struct slice) commands; /* to be run by root, in order */
	IMPORT_ARRAY(struct slice) way_back; /* the same */
	IMPORT_ARRAY(struct slice) domains;  /* that are signed, lower case */
	IMPORT_ARRAY(struct import_network) networks;
	IMPORT_ARRAY(struct net_cidr) exceptions; /* of the networks */
	bool has_other_exceptions;		  /* names, tables */
	struct strbuf networks_why;
	struct import_place networks_at; /* the first of them */
	struct slice signer_socket; /* of the signer before, as it says it */
	bool signs_for_networks;    /* a signer has said which */
	bool was_mta;		    /* a source was an MTA */
};

/* The next element of such an array, zeroed. */
#define IMPORT_ADD(im, array)                                   \
	(import_grow((im), &(array).cap, (array).count,         \
	     sizeof((array).items[0]), (void *)&(array).items), \
	    &(array).items[(array).count++])
void import_grow(
    struct import *im, size_t *cap, size_t count, size_t size, void *array);

/* "/etc/opendkim.conf:12", with its octets escaped. */
const char *import_at(struct import *im, const struct import_place *place);
/* Text of a source that may be shown: at most 120 octets, escaped. */
const char *import_shown(struct import *im, struct slice text);
/* Whether it is letters, digits and octets of others, and not empty. */
bool import_is_of(struct slice text, struct slice others);
/* Whether it can be the name of an option, and not a secret that is alone. */
bool import_is_name(struct slice text);

/*
 * Sets "SECTION.NAME" or "NAME". The comment is the place and the sentence. If
 * the option was set before, its value stays, and the comment says so where that
 * is another one.
 */
void import_set(struct import *im, const char *option, struct slice value,
    const struct import_place *place, const char *format, ...)
    PRINTF_LIKE(5, 6);
/* The place of an option whose comment names several by itself. */
void import_set_place(
    struct import *im, const char *option, const struct import_place *place);
/* The value of an option that was set; NULL: it was not. */
const struct import_option *import_get(
    const struct import *im, const char *option);
/* Whether a configuration accepts that value of an option, by itself. */
MUST_USE bool import_fits(
    struct import *im, const char *option, struct slice value);
/* A string in quotes; false where a configuration cannot hold it. */
MUST_USE bool import_quote(
    struct import *im, struct slice text, struct slice *ret_quoted);
/* A list of such strings, "{...}". */
MUST_USE bool import_quote_list(struct import *im, const struct slice *items,
    size_t count, struct slice *ret_quoted);

/* place NULL: it is about a source as a whole. */
void import_remark(struct import *im, enum import_remark_kind kind,
    const struct import_place *place, const char *format, ...)
    PRINTF_LIKE(4, 5);
void import_unknown(
    struct import *im, const struct import_place *place, struct slice name);
void import_other(
    struct import *im, const struct import_place *place, struct slice name);
void import_command(struct import *im, const char *format, ...)
    PRINTF_LIKE(2, 3);
void import_way_back(struct import *im, const char *format, ...)
    PRINTF_LIKE(2, 3);

/* A domain that is signed; one that is none, or is there already, is left out. */
void import_domain(struct import *im, struct slice domain);
/* An address or a network whose hosts submit without a login; "!": but not they. */
void import_network(
    struct import *im, const struct import_place *place, struct slice text);
/* Leaves out the networks in which an exception is: a key has no exceptions. */
void import_networks_finish(struct import *im);
/* The next word of a list that commas and blanks divide. */
bool import_next_word(struct slice *rest, struct slice *ret_word);

/* Each source. */
MUST_USE int import_opendkim(
    struct import *im, const char *path, bool is_dkimpy, struct err *err);
MUST_USE int import_postfix(
    struct import *im, const char *directory, struct err *err);
MUST_USE int import_sendmail(
    struct import *im, const char *path, struct err *err);
MUST_USE int import_rspamd(
    struct import *im, const char *path, struct err *err);

/* Keys that were found one by one, as options; import_keys.c. */
void import_take_keys(struct import *im);

/*
 * Says so if a key is not at its absolute path. It is taken over all the same:
 * the file may be on another host, or come later. import_keys.c.
 */
void import_note_key_file(
    struct import *im, const struct import_place *place, struct slice path);
/* KeyTable and SigningTable, or Domain and KeyFile, of such a file. */
void import_take_key_tables(struct import *im, const char *path,
    const struct import_place *place, const char *names);

/* The whole, as a file. */
struct slice import_write(struct import *im);
/* The options of config, which was read from that file, for import_json(). */
struct slice import_options_json(
    const struct import *im, const struct config *config);

#endif
