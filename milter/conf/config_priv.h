/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_CONF_CONFIG_PRIV_H
#define SUBMILTER_CONF_CONFIG_PRIV_H

#include "options_priv.h"

/* Where an option was set; file is NULL for one that has its default. */
struct place {
	const char *file;
	unsigned int line;
	const char *name; /* by which it was set; it may be a former one */
	bool bad;	  /* its value was refused, and reported */
};

/* A configuration while it is read. */
struct reading {
	struct config *config;
	struct arena scratch; /* what the reader alone needs */
	struct place places[OPTION_COUNT];
	config_report *report;
	void *arg;
	const char *main_file;
	size_t faults;
	struct err first; /* the first fault, with file and line */
	size_t files;
};

/* Where a fault stands; line 0 is the file as a whole. */
struct fault {
	enum err_kind kind;
	const char *file;
	unsigned int line;
};

void reading_fault(struct reading *r, const struct fault *fault,
    const char *format, ...) PRINTF_LIKE(3, 4);

/* For config_next_warning(); text stands in memory of the configuration. */
void reading_warn(struct reading *r, const char *text);

/*
 * The rules that a single value does not show; run after all files were read.
 */
void config_check(struct reading *r);

#endif
