/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_CONF_CONFIG_H
#define SUBMILTER_CONF_CONFIG_H

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"
#include "conf/rate.h"
#include "table/table.h"

/* enum mode { MODE_ENFORCE, ... } and the like: see choices.def. */
#define CHOICES(type) enum type {
#define WORD(constant, word) constant,
#define CHOICES_END \
	}           \
	;
#include "conf/choices.def"

/* This word in identify.realms: SMTP AUTH verifies the realm, so any counts. */
#define CONFIG_ANY_REALM "any-verified-by-sasl"

struct slice_list {
	struct slice *items;
	size_t count;
};

struct option_place;

/* A file that a configuration was read from. */
struct config_file {
	struct slice path;
	struct slice text;
};

/* One configuration, as read; immutable afterwards. See options.def. */
struct config {
	struct arena mem;
	_Atomic unsigned long sharers; /* beside the first owner */
	struct slice path;
	struct option_place *places; /* see config_where() */
	struct config_file *files;   /* the first one, then what it includes */
	size_t file_count;
	const char **warnings; /* see config_next_warning() */
	size_t warning_count;
	size_t warning_cap;
#define SECTION(field, name, text) struct {
#define SECTION_END(field) \
	}                  \
	field;
#define TEXT(section, field, name, value, hint, reload, text) \
	struct slice field;
#define LIST(section, field, name, value, hint, reload, text) \
	struct slice_list field;
#define RATES(section, field, ...) struct rate_list field;
#define TABLE(section, field, ...) struct slice field;
#define TABLES(section, field, ...) struct slice_list field;
#define BOOL(section, field, name, value, reload, text) bool field;
#define NUMBER(section, field, name, value, min, max, reload, text) \
	unsigned long field;
#define CHOICE(section, field, name, type, value, reload, text) enum type field;
#include "conf/options.def"
};

/*
 * Where a fault stands: report(arg, file, line, text), line 0 for the file as
 * a whole; the text is one line and names the option. Every fault of a
 * configuration is reported, not only the first; reading ends at the hundredth.
 */
typedef void config_report(
    void *arg, const char *file, unsigned int line, const char *text);

/*
 * Reads the file and what it includes. -1 with a summary in *err when there
 * was any fault (ERR_TEMP when the first was one of the system that may pass,
 * like too many open files); all of them have then been reported. A file that
 * its group or others can write is refused, and so is one that is empty, whose
 * last line has no end, or that changes while it is read (ERR_TEMP): it may be
 * cut. report may be NULL. Domains and
 * field names are folded to lower case. Files, their sizes and their nesting
 * are bounded. Whether sockets, users, tables and keys exist is not looked at:
 * see "submilter check". Blocks on the file system only. The result is the
 * caller's: config_free().
 */
MUST_USE int config_read(const char *path, config_report *report, void *arg,
    struct config **ret_config, struct err *err);
/* The same for text in memory; `name` stands for the file in reports. */
MUST_USE int config_read_text(const char *name, struct slice text,
    config_report *report, void *arg, struct config **ret_config,
    struct err *err);
/*
 * The option status-file of a file that may have faults elsewhere: its default
 * where it was not read. In memory of mem.
 */
struct slice config_read_status_file(const char *path, struct arena *mem);
/* One more owner, who calls config_free(), too. */
struct config *config_ref(struct config *config);
/* The last owner ends it. NULL is fine. */
void config_free(struct config *config);

/*
 * Where an option was set, named as in messages ("user", "sign.mode"): false
 * for one that has its default.
 */
bool config_where(const struct config *config, const char *option,
    const char **ret_file, unsigned int *ret_line);

/*
 * "FILE:LINE: OPTION: TEXT", in memory of mem: a fault that the stage finds
 * which uses the option. Without the line for one that has its default.
 */
const char *config_fault(const struct config *config, const char *option,
    const char *text, struct arena *mem);

/*
 * A value that counts, and yet should be changed in the file, such as an option
 * under a former name: true and *ret_text, with file and line, in memory of
 * config, once for each. *index is 0 for the first call.
 */
bool config_next_warning(
    const struct config *config, size_t *index, const char **ret_text);

/*
 * Every table that the configuration names, in the order of the options. In
 * memory of mem; the texts are the configuration's.
 */
const struct table_use *config_tables(
    const struct config *config, struct arena *mem, size_t *ret_count);

/*
 * The next option that takes a new process and differs from what the process
 * was started with: true and *ret_option, static text, once for each. *index is
 * 0 for the first call.
 */
bool config_needs_restart(const struct config *started,
    const struct config *new, size_t *index, const char **ret_option);

/* Whether it names keys: a directory, or a table. */
bool config_has_keys(const struct config *config);

/* monitor: for a section that inherits or says so itself. */
bool config_is_monitor(const struct config *config, enum section_mode mode);

/*
 * Whether the blocks that judge, change and sign a message are all in monitor
 * mode: it goes on as it came, whatever is concluded.
 */
bool config_only_watches(const struct config *config);

/*
 * Whether a message is judged as it is after repair: repairs are made, or
 * nothing is done at all and the log says what would be.
 */
bool config_counts_repairs(const struct config *config);

/* One option of a configuration. No option holds a secret: files are named. */
struct config_option {
	const char *name;     /* as in messages; static */
	struct slice value;   /* one line, as a file has it */
	struct slice json;    /* the value; lists are arrays of strings */
	struct slice initial; /* the default, as a file has it */
	struct slice initial_json;
	const char *file; /* where it was set; NULL: it was not */
	unsigned int line;
	/* Not set, and not the default: it comes from this other option. */
	const char *derived;
	bool restart; /* a new value takes a new process */
};

/*
 * Every option, in the order of options.def, with its block before those of
 * the next. In memory of mem, and `file` of config.
 */
const struct config_option *config_options(
    const struct config *config, struct arena *mem, size_t *ret_count);
/*
 * The same for a process: an option that takes a new one has the value that the
 * process was started with.
 */
const struct config_option *config_options_in_force(
    const struct config *started, const struct config *loaded,
    struct arena *mem, size_t *ret_count);

/*
 * Every option with its value, as a configuration file ("check --list") that
 * reads back as the same configuration: what comes from another option is a
 * comment.
 */
struct slice config_print(struct arena *mem, const struct config *config);

#endif
