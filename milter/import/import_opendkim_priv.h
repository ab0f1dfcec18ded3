/* SPDX-License-Identifier: BSD-2-Clause */
/* What the parts share that take opendkim.conf over. */
#ifndef SUBMILTER_IMPORT_IMPORT_OPENDKIM_PRIV_H
#define SUBMILTER_IMPORT_IMPORT_OPENDKIM_PRIV_H

#include "import_priv.h"

/* The names that are taken over. */
enum opendkim_name {
#define TAKEN(id, name) OPENDKIM_##id,
#define DIFFERS(...)
#define NEEDLESS(...)
#define VERIFIES(...)
#include "opendkim_names.def"
	OPENDKIM_NAMES
};

struct opendkim_value {
	struct slice text;
	struct import_place place; /* line 0: it was not set */
};

struct opendkim_file {
	struct import *im;
	const char *path;
	const char *program; /* that reads this file */
	bool is_dkimpy;
	bool signs;
	struct opendkim_value values[OPENDKIM_NAMES];
};

/* Keys; and which fields are signed. */
void opendkim_take_keys(struct opendkim_file *file);
void opendkim_take_headers(struct opendkim_file *file);

#endif
