/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_LOGBOOK_JOURNAL_PRIV_H
#define SUBMILTER_LOGBOOK_JOURNAL_PRIV_H

#include "logbook/source.h"

/* No text of ours is longer; the end of a longer one is left out. */
enum { JOURNAL_TEXT_OCTETS = 4096 };

/* What we read of an entry of systemd's journal. */
struct journal_entry {
	char text[JOURNAL_TEXT_OCTETS]; /* MESSAGE */
	size_t text_len;
	int64_t time;	/* seconds; 0: not known */
	bool has_text;	/* as text: not as a list of octets */
	bool is_ours;	/* SYSLOG_IDENTIFIER */
	bool is_broken; /* of JSON: it is none */
};

/* An entry as journalctl -o json prints it, in one line. Pure. */
void journal_read_json(struct slice line, struct journal_entry *ret_entry);

/*
 * The rest of an entry as journalctl -o export prints it: first is its first
 * line. Its fields may be octets that hold lines.
 */
MUST_USE enum log_source_got journal_read_export(struct log_source *source,
    struct slice first, struct journal_entry *ret_entry, struct err *err);

#endif
