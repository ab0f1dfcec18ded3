/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_CONF_CONFIG_PRIV_H
#define SUBMILTER_CONF_CONFIG_PRIV_H

#include "options_priv.h"

/* Where an option was set; file is NULL for one that has its default. */
struct place {
	const char *file;
	unsigned int line;
	bool bad;	/* its value was refused, and reported */
};

/* A configuration while it is read. */
struct reading {
	struct config *config;
	struct arena scratch;	/* what the reader alone needs */
	struct place places[OPTION_COUNT];
	config_report *report;
	void *arg;
	const char *main_file;
	size_t faults;
	struct err first;	/* the first fault, with file and line */
	size_t files;
};

/* Reports one fault; line 0 stands for the file as a whole. */
void reading_fault(struct reading *r, enum err_kind kind, const char *file,
    unsigned int line, const char *format, ...) PRINTF_LIKE(5, 6);

/* The rules that a single value does not show; run after all files were read. */
void config_check(struct reading *r);

#endif
