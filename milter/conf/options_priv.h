/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_CONF_OPTIONS_PRIV_H
#define SUBMILTER_CONF_OPTIONS_PRIV_H

#include "conf/config.h"

/* options.def as data, for whoever goes over all options. */
enum option_kind { OPTION_TEXT, OPTION_LIST, OPTION_BOOL, OPTION_NUMBER,
	OPTION_CHOICE };

struct option {
	enum option_kind kind;
	const char *path;	/* "identify.methods", "main.listen" */
	const char *name;
	size_t offset;		/* of its field in struct config */
	const char *initial;	/* the default, as options.def has it */
	const char *hint;	/* what stands for a value of TEXT and LIST */
	const char *choices;	/* of CHOICE: words with "|" between them */
	unsigned long min;	/* of NUMBER */
	unsigned long max;
	bool restart;		/* a new value takes a new process */
	const char *text;
};

struct option_section {
	const char *name;	/* "" outside of blocks */
	const char *text;
	size_t first;		/* its options: options[first], count of them */
	size_t count;
};

/*
 * OPT_section_field is an option's place in options[], BEGIN_section and
 * END_section are a block's. The RESET_ ones let the next constant have the
 * same value as the one before.
 */
enum {
#define SECTION(field, ...) BEGIN_##field, RESET_BEGIN_##field = BEGIN_##field - 1,
#define SECTION_END(field) END_##field, RESET_END_##field = END_##field - 1,
#define TEXT(section, field, ...) OPT_##section##_##field,
#define LIST TEXT
#define BOOL TEXT
#define NUMBER TEXT
#define CHOICE TEXT
#include "conf/options.def"
#undef SECTION
#undef SECTION_END
#undef TEXT
#undef LIST
#undef BOOL
#undef NUMBER
#undef CHOICE
	OPTION_COUNT,
};

enum {
#define SECTION(field, ...) SECTION_##field,
#define SECTION_END(field)
#define TEXT(...)
#define LIST(...)
#define BOOL(...)
#define NUMBER(...)
#define CHOICE(...)
#include "conf/options.def"
#undef SECTION
#undef SECTION_END
#undef TEXT
#undef LIST
#undef BOOL
#undef NUMBER
#undef CHOICE
	SECTION_COUNT,
};

extern const struct option options[OPTION_COUNT];
/* The first one, SECTION_main, is the part outside of blocks. */
extern const struct option_section option_sections[SECTION_COUNT];

/* What messages call it: "identify.methods", "listen". Static. */
const char *option_name(const struct option *option);

/* NULL when the block has no such option. */
const struct option *option_find(const struct option_section *section,
    struct slice name);
const struct option_section *option_section_find(struct slice name);

/*
 * Checks one value, or the items of a list, against the option and puts it into
 * config, in memory of config. -1 with a text that says what is wanted; the
 * option's name is not in it.
 */
MUST_USE int option_set(struct config *config, const struct option *option,
    const struct slice *values, size_t count, struct err *err);

/* All options at their defaults. */
void options_set_defaults(struct config *config);

/* Whether both configurations give the option the same value. */
bool option_equal(const struct option *option, const struct config *a,
    const struct config *b);

/* The words of "a|b|c", in mem. */
const char *const *option_words(struct arena *mem, const char *choices,
    size_t *ret_count);

#endif
