/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_MESSAGE_EDIT_H
#define SUBMILTER_MESSAGE_EDIT_H

#include "message/header.h"

enum field_state {
	FIELD_KEPT,
	FIELD_CHANGED,
	FIELD_DELETED,
	FIELD_ADDED,  /* the MTA puts it where such a field belongs */
	FIELD_ON_TOP, /* above all that was received */
};

struct edited_field {
	struct field field; /* as it will be; for a deleted one: as it was */
	enum field_state state;
	size_t received; /* index in the header as received */
};

/*
 * Changes of the envelope of a message. As with the header, steps write them
 * down, and the MTA is told at the end.
 */
struct envelope_edits {
	bool changes_sender;
	struct slice sender; /* the reverse-path that goes on, no brackets */
};

/*
 * The header of a message with all that will be changed in it. The received
 * header itself never changes: steps add their changes here, later steps read
 * the header as changed, and at the end the MTA is told what differs. Lives in
 * an arena. Values have a leading blank and folds as LF and blank.
 */
struct edits {
	struct arena *mem;
	const struct header *received;
	struct edited_field *fields; /* received ones in order, then new ones */
	size_t count;
	size_t cap;
	size_t changes;
};

void edits_init(
    struct edits *edits, struct arena *mem, const struct header *received);

/* Index of the first field of that name, not deleted, from an index on; count
 * if there is none. */
size_t edits_find(const struct edits *edits, struct slice name, size_t from);
size_t edits_count(const struct edits *edits, struct slice name);

/* A received or added field gets another value (kept by reference). */
void edits_change(struct edits *edits, size_t index, struct slice value);
void edits_delete(struct edits *edits, size_t index);
/* Deletes every field of a name; whether there was one. */
bool edits_delete_all(struct edits *edits, struct slice name);
void edits_add(struct edits *edits, struct slice name, struct slice value);
void edits_add_on_top(
    struct edits *edits, struct slice name, struct slice value);

/* The header as it will go on; *ret_count fields in memory of the arena. */
const struct field *edits_view(const struct edits *edits, size_t *ret_count);

/*
 * Which one of its name each received field is, from 1, as milter calls count;
 * in memory of mem. Linear in the header.
 */
const size_t *edits_occurrences(const struct edits *edits, struct arena *mem);

#endif
