/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_CONF_CONFIG_H
#define SUBMILTER_CONF_CONFIG_H

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"

/* The words of each choice in options.def, in its order. */
enum mode { MODE_ENFORCE, MODE_MONITOR };
enum section_mode { SECTION_INHERIT, SECTION_ENFORCE, SECTION_MONITOR };
enum log_target { LOG_TARGET_SYSLOG, LOG_TARGET_STDERR };
enum log_choice { LOG_CHOICE_ERROR, LOG_CHOICE_WARNING, LOG_CHOICE_INFO,
	LOG_CHOICE_DEBUG };
enum unidentified { UNIDENTIFIED_REJECT, UNIDENTIFIED_PASS };
enum repair_field { REPAIR_REPLACE, REPAIR_ADD, REPAIR_NO };
enum sign_engine_choice { ENGINE_NATIVE, ENGINE_LIBOPENDKIM };
enum canon_choice { CANON_RELAXED_RELAXED, CANON_RELAXED_SIMPLE,
	CANON_SIMPLE_RELAXED, CANON_SIMPLE_SIMPLE };
/* How one construct of author fields is met; each has some of the three. */
enum refuse_accept { RA_REFUSE, RA_ACCEPT };
enum bounces { BOUNCES_SIGN, BOUNCES_REJECT };
enum refuse_repair { RR_REFUSE, RR_REPAIR };
enum refuse_repair_accept { RRA_REFUSE, RRA_REPAIR, RRA_ACCEPT };
enum single_label { SINGLE_LABEL_AUTHORS, SINGLE_LABEL_ALL };
enum mismatch { MISMATCH_REJECT, MISMATCH_HOLD, MISMATCH_REWRITE_FROM };
enum name_choice { NAME_REFUSE, NAME_NEUTRALISE, NAME_LOG, NAME_ACCEPT };
enum mta_choice { MTA_AUTO, MTA_POSTFIX, MTA_SENDMAIL };
enum form_choice { FORM_AUTO, FORM_YES, FORM_NO };
enum body_choice { BODY_ALL, BODY_CERTAIN, BODY_NO };
enum bare_choice { BARE_ENCODE, BARE_REFUSE };
enum sealed_choice { SEALED_REFUSE, SEALED_PASS_UNSIGNED, SEALED_PASS };
enum preflight_level { PREFLIGHT_OFF, PREFLIGHT_WARN, PREFLIGHT_TAG,
	PREFLIGHT_REJECT };
enum dmarc_method_choice { DMARC_BY_WALK, DMARC_BY_LIST, DMARC_BY_BOTH };
enum self_verify_choice { SELF_VERIFY_NO, SELF_VERIFY_YES,
	SELF_VERIFY_PUBLISHED };
enum dkim_key_choice { DKIM_KEY_OFF, DKIM_KEY_WARN, DKIM_KEY_REQUIRE };
enum unsigned_choice { UNSIGNED_ACCEPT, UNSIGNED_REJECT };
enum broken_keys_choice { BROKEN_KEYS_LATER, BROKEN_KEYS_UNSIGNED };

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
	struct slice path;
	struct option_place *places;	/* see config_where() */
	struct config_file *files;	/* the first one, then what it includes */
	size_t file_count;
#define SECTION(field, name, text) struct {
#define SECTION_END(field) } field;
#define TEXT(section, field, name, value, hint, reload, text) struct slice field;
#define LIST(section, field, name, value, hint, reload, text) \
	struct slice_list field;
#define BOOL(section, field, name, value, reload, text) bool field;
#define NUMBER(section, field, name, value, min, max, reload, text) \
	unsigned long field;
#define CHOICE(section, field, name, type, value, choices, reload, text) \
	enum type field;
#include "conf/options.def"
#undef SECTION
#undef SECTION_END
#undef TEXT
#undef LIST
#undef BOOL
#undef NUMBER
#undef CHOICE
};

/*
 * Where a fault stands: report(arg, file, line, text), line 0 for the file as
 * a whole; the text is one line and names the option. Every fault of a
 * configuration is reported, not only the first; reading ends at the hundredth.
 */
typedef void config_report(void *arg, const char *file, unsigned int line,
    const char *text);

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
void config_free(struct config *config);

/*
 * Where an option was set, named as in messages ("user", "sign.mode"): false
 * for one that has its default.
 */
bool config_where(const struct config *config, const char *option,
    const char **ret_file, unsigned int *ret_line);

/*
 * The next option that takes a new process and differs from what the process
 * was started with: true and *ret_option, static text, once for each. *index is
 * 0 for the first call.
 */
bool config_needs_restart(const struct config *started,
    const struct config *new, size_t *index, const char **ret_option);

/* monitor: for a section that inherits or says so itself. */
bool config_is_monitor(const struct config *config, enum section_mode mode);

/*
 * Every option with its value, as a configuration file ("check --list") that
 * reads back as the same configuration.
 */
struct slice config_print(struct arena *mem, const struct config *config);

#endif
