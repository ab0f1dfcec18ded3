/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_CONF_OPTIONS_PRIV_H
#define SUBMILTER_CONF_OPTIONS_PRIV_H

#include "conf/config.h"

/* options.def as data, for whoever goes over all options. */
enum option_kind {
	OPTION_TEXT,
	OPTION_LIST,
	OPTION_RATES,
	OPTION_TABLE,
	OPTION_TABLES,
	OPTION_BOOL,
	OPTION_NUMBER,
	OPTION_CHOICE
};

struct option {
	enum option_kind kind;
	const char *path; /* "identify.methods", "main.listen" */
	const char *name;
	size_t offset;	     /* of its field in struct config */
	const char *initial; /* the default, as options.def has it */
	const char *hint;    /* what stands for a value of TEXT and LIST */
	unsigned int keys;   /* what a table is asked for: TABLE_FOR_... */
	const char *example; /* of a table */
	const char *choices; /* of CHOICE: words with "|" between them */
	unsigned long min;   /* of NUMBER */
	unsigned long max;
	char unit;    /* of a duration: 's', 'h' or 'd'; else 0 */
	bool restart; /* a new value takes a new process */
	const char *text;
};

struct former_name {
	const char *path; /* with its block; NULL ends the list */
	size_t option;
};

struct option_section {
	const char *name; /* "" outside of blocks */
	const char *text;
	size_t first; /* its options: options[first], count of them */
	size_t count;
};

/*
 * OPT_section_field is an option's place in options[], BEGIN_section and
 * END_section are a block's. The RESET_ ones let the next constant have the
 * same value as the one before.
 */
enum {
#define SECTION(field, ...) \
	BEGIN_##field, RESET_BEGIN_##field = BEGIN_##field - 1,
#define SECTION_END(field) END_##field, RESET_END_##field = END_##field - 1,
#define OPTION(section, field, ...) OPT_##section##_##field,
#include "conf/options.def"
	OPTION_COUNT,
};

enum {
#define SECTION(field, ...) SECTION_##field,
#include "conf/options.def"
	SECTION_COUNT,
};

extern const struct option options[OPTION_COUNT];
/* The first one, SECTION_main, is the part outside of blocks. */
extern const struct option_section option_sections[SECTION_COUNT];
extern const struct former_name former_names[];

/* Its name in messages: "identify.methods", "listen". Static. */
const char *option_name(const struct option *option);

/* Where a configuration has its value, of the type that its kind says. */
const void *option_field(
    const struct config *config, const struct option *option);

/* Whether its value is a list. */
bool option_is_list(const struct option *option);

/* NULL when the block has no such option. */
const struct option *option_find(
    const struct option_section *section, struct slice name);
const struct option_section *option_section_find(struct slice name);

/*
 * The same for names that options had once, which are with their blocks.
 * NULL: none had this one. A former block has nothing in it but such names.
 */
const struct former_name *former_name_find(
    const char *block, struct slice name);
bool former_name_is_of(const struct former_name *former, struct slice block);

/*
 * Checks one value, or the items of a list, against the option and puts it into
 * config, in memory of config. -1 with a text that says what is wanted; the
 * option's name is not in it.
 */
MUST_USE int option_set(struct config *config, const struct option *option,
    const struct slice_list *values, struct err *err);

/* All options at their defaults. */
void options_set_defaults(struct config *config);

/* How many tables an option names, and which; 0 for one of another kind. */
size_t option_tables(const struct config *config, const struct option *option,
    const struct slice **ret_specs);

/* Whether both configurations give the option the same value. */
bool option_equal(const struct option *option, const struct config *a,
    const struct config *b);

/* The words of "a|b|c", in mem. */
const char *const *option_words(
    struct arena *mem, const char *choices, size_t *ret_count);

#endif
