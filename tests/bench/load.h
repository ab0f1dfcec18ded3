/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A load for milters: the MTA's side of the milter protocol, version 6, on many
 * connections. One thread, which never waits for one connection alone.
 *
 * It is not submilter's: it uses libc only, and knows no milter in particular.
 */
#ifndef SUBMILTER_BENCH_LOAD_H
#define SUBMILTER_BENCH_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	LOAD_CHUNK_OCTETS = 65535, /* of a body: MILTER_CHUNK_SIZE */
	LOAD_STAGES = 7,	   /* with a list of macros, SMFIM_* */
	LOAD_MAX_MACROS = 16,
	LOAD_NAME_OCTETS = 64,
};

/* What is sent of every message. */
struct load_shape {
	const char *name;
	const char *const *fields; /* "Name: value"; see load_expand() */
	const char *body_line;
	size_t body_octets;
	const char *sender; /* MAIL FROM */
	bool refused;
};

/* A shape by its name, or NULL. load_shape_names() is a list of them. */
const struct load_shape *load_shape_find(const char *name);
const char *load_shape_names(void);

/* One sender, and the number of the message. */
struct load_author {
	char domain[LOAD_NAME_OCTETS];
	unsigned long number;
};

/*
 * Domain and number of message `number`. With one domain, it is corp.example;
 * with `domains` of them, they are d0.example and so on, each message another.
 */
struct load_author load_author_of(unsigned long number, unsigned long domains);

/*
 * Writes `text` with %d as the domain and %n as the number. Returns the length,
 * which is under `size`: the program ends if it is not.
 */
size_t load_expand(
    char *out, size_t size, const char *text, const struct load_author *author);

/*
 * The body of a shape as packets 'B', one after the other, to be freed. Before
 * each stands a packet of macros 'D' for 'B', if `macros` is not NULL.
 */
struct load_body {
	char *data;
	size_t len;
	size_t *ends; /* of each piece, with its macros */
	size_t pieces;
};
struct load_body load_body_new(
    const struct load_shape *shape, const char *macros, size_t macros_len);
void load_body_free(struct load_body *body);

/* An MTA, as far as milters see a difference. */
struct load_mta {
	const char *name;
	const char *version; /* macro v */
	/* Postfix: a packet of macros before everything, even if it is empty. */
	bool macros_with_everything;
	const char *defaults[LOAD_STAGES]; /* macros it sends unasked */
};
const struct load_mta *load_mta_find(const char *name);

/* A run. */
struct load_options {
	const char *address; /* unix:PATH or inet:PORT@HOST */
	const struct load_shape *shape;
	const struct load_mta *mta;
	unsigned connections;
	unsigned long messages; /* 0: as many as `seconds` allow */
	double seconds;
	unsigned long each; /* messages of a connection; 0: any number */
	unsigned long domains;
	unsigned signatures; /* at least so many in each that is accepted */
};

/* What came of it. */
enum load_edit {
	EDIT_INSERT,
	EDIT_ADD,
	EDIT_CHANGE,
	EDIT_BODY,
	EDIT_OTHER,
	LOAD_EDITS
};

struct load_times {
	double *ms;
	size_t count, room;
};

struct load_result {
	unsigned long accepted, refused, signatures, replies;
	unsigned long edits[LOAD_EDITS];
	double seconds;
	struct load_times end, whole; /* of the end of message, and of all */
};

/*
 * Runs it. The program ends with a message if the milter does not do as the
 * options say: verdict, signatures, or the protocol.
 */
void load_run(const struct load_options *options, struct load_result *result);

void load_times_add(struct load_times *times, double ms);
/* Sorts, and prints `"NAME": {"p50": ...}`. */
void load_times_print(struct load_times *times, const char *name);

double load_now(void); /* seconds */
_Noreturn void load_fail(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

#endif
