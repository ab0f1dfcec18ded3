/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_LOGBOOK_RECORD_H
#define SUBMILTER_LOGBOOK_RECORD_H

#include <stdint.h>

#include "base/str.h"
#include "pipeline/log_fields.h"

/*
 * What the line of a message says, by its fields. A value is as it stands in
 * the line: printable ASCII with \xNN. A field that is not there is empty.
 */
struct log_record {
	int64_t time; /* seconds since 1970; 0: not known */
	struct slice fields[LOG_FIELDS];
	unsigned long more[LOG_FIELDS]; /* NAME_more: what was left out */
	bool is_cut;			/* by a logger, behind "action" */
};

enum log_text {
	LOG_TEXT_MESSAGE,
	LOG_TEXT_OTHER,	 /* what the daemon says of itself */
	LOG_TEXT_BROKEN, /* begins as the line of a message, and is none */
};

const char *log_field_name(enum log_field field);
/* Whether a value is a sentence of ours, in which \xNN stands for itself. */
bool log_field_is_text(enum log_field field);

/*
 * Reads text, without what loggers put before it. It fills *ret_record, whose
 * slices point into text, for LOG_TEXT_MESSAGE only. Fields that a later
 * version may add are passed over. Pure.
 */
enum log_text log_record_read(struct slice text, struct log_record *ret_record);

/* Whether a field holds all that was to be written. */
bool log_record_has_all(const struct log_record *record, enum log_field field);

/* A value with its octets in the place of \xNN, in an arena. */
struct slice log_value_octets(struct arena *mem, struct slice value);

/*
 * Cuts *rest behind its first entry. A comma in the quotes of an address is
 * part of it. False when nothing is left.
 */
bool log_list_next(struct slice *rest, struct slice *ret_item);

/* The domain of an address in a value; all of it if it has none. */
struct slice log_value_domain(struct slice value);

/* Tenths of a millisecond; false for what is no number. */
bool log_value_ms(struct slice value, uint64_t *ret_tenths);

#endif
