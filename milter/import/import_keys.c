/* SPDX-License-Identifier: BSD-2-Clause */
/* Keys of others: their tables as they are, or rows for single keys. */
#include <errno.h>
#include <sys/stat.h>

#include "import_priv.h"
#include "keys/key.h"
#include "keys/key_table.h"
#include "table/table.h"

enum {
	MAX_ROWS_BYTES = 16 * 1024,
	MAX_LISTED_ROWS = 10000,
	EMPTY_ROWS_BYTES = 4 /* "csl:" */
};

static const char keys_directory[] = "/etc/submilter/keys";

/* Some key of that domain among those from `first` on, before `end`. */
static bool
has_another(const struct import *im, const struct import_key *key, size_t first,
    size_t end)
{
	for (size_t i = first; i < end; i++) {
		const struct import_key *other = &im->keys.items[i];

		if (other != key && slice_eq(other->domain, key->domain))
			return true;
	}
	return false;
}

/* It becomes an item of a list, and a word of a command. */
static bool
fits_row(struct slice text)
{
	return import_is_of(text, SLICE("/._+@-"));
}

static bool
can_be_used(struct import *im, const struct import_key *key)
{
	const char *fault = NULL;

	if (!key_domain_is_valid(key->domain))
		fault = "the domain is not one in A-labels";
	else if (!key_selector_is_valid(key->selector))
		fault = "the selector is not one";
	else if (!slice_starts(key->path, SLICE("/")))
		fault = "the path of the key is not absolute";
	else if (!fits_row(key->path))
		fault = "the path of the key has a character that no row can "
			"hold";
	if (fault != NULL)
		import_remark(im, IMPORT_UNKNOWN, &key->place,
		    "a key of %s is not taken over: %s",
		    import_shown(im, key->domain), fault);
	return fault == NULL;
}

void
import_note_key_file(
    struct import *im, const struct import_place *place, struct slice path)
{
	struct stat st;

	if (stat(slice_cstr(im->mem, path), &st) != 0 &&
	    (errno == ENOENT || errno == ENOTDIR))
		import_remark(im, IMPORT_DIFFERS, place,
		    "the key %s is not there: what it should sign goes "
		    "unsigned, or gets 451 (sign.broken-keys)",
		    import_shown(im, path));
}

/* Several keys sign side by side if they are in the directory. */
static void
copy_key(struct import *im, const struct import_key *key, bool is_first)
{
	if (is_first)
		import_command(im,
		    "install -d -o submilter -g submilter -m 700 %s/%.*s",
		    keys_directory, SLICE_ARGS(key->domain));
	import_command(im,
	    "install -o submilter -g submilter -m 600 %.*s %s/%.*s/%.*s.key",
	    SLICE_ARGS(key->path), keys_directory, SLICE_ARGS(key->domain),
	    SLICE_ARGS(key->selector));
	if (!is_first)
		return;
	import_set(im, "keys", slice_format(im->mem, "\"%s\"", keys_directory),
	    &key->place,
	    "%.*s has several keys, which sign side by side from this "
	    "directory: the commands above copy them.",
	    SLICE_ARGS(key->domain));
	if (key->subdomains)
		import_set(im, "sign.parent-domain", SLICE("yes"), &key->place,
		    "%.*s signs for its subdomains, too; so does now each "
		    "domain with keys in that directory.",
		    SLICE_ARGS(key->domain));
}

static void
add_rows(
    const struct import_key *key, struct strbuf *keys, struct strbuf *signing)
{
	struct slice domain = key->domain;

	strbuf_addf(keys, "%.*s=%.*s:%.*s:%.*s,", SLICE_ARGS(domain),
	    SLICE_ARGS(domain), SLICE_ARGS(key->selector),
	    SLICE_ARGS(key->path));
	strbuf_addf(
	    signing, "%.*s=%.*s,", SLICE_ARGS(domain), SLICE_ARGS(domain));
	if (key->subdomains)
		strbuf_addf(signing, ".%.*s=%.*s,", SLICE_ARGS(domain),
		    SLICE_ARGS(domain));
}

static void
set_rows(struct import *im, struct strbuf *keys, struct strbuf *signing)
{
	struct slice value;

	keys->len--;
	signing->len--;
	if (import_quote(im, strbuf_slice(keys), &value))
		import_set(im, "sign.key-table", value, NULL,
		    "Each domain with its selector and its key.");
	if (import_quote(im, strbuf_slice(signing), &value))
		import_set(im, "sign.signing-table", value, NULL,
		    "Authors by their domain; \".\" in front is for those "
		    "below it.");
}

void
import_take_keys(struct import *im)
{
	struct strbuf keys, signing;

	strbuf_init(&keys, im->mem);
	strbuf_init(&signing, im->mem);
	strbuf_add_cstr(&keys, "csl:");
	strbuf_add_cstr(&signing, "csl:");
	for (size_t i = 0; i < im->keys.count; i++) {
		const struct import_key *key = &im->keys.items[i];

		if (!can_be_used(im, key))
			continue;
		import_note_key_file(im, &key->place, key->path);
		if (has_another(im, key, 0, im->keys.count)) {
			copy_key(im, key, !has_another(im, key, 0, i));
		} else if (keys.len > MAX_ROWS_BYTES) {
			import_remark(im, IMPORT_UNKNOWN, &key->place,
			    "the key of %.*s is not taken over: there are too "
			    "many for a list; put them into files, see "
			    "sign.key-table",
			    SLICE_ARGS(key->domain));
			continue;
		} else {
			add_rows(key, &keys, &signing);
			import_remark(im, IMPORT_NEEDLESS, &key->place,
			    "the key of %.*s with selector %.*s is in "
			    "sign.key-table",
			    SLICE_ARGS(key->domain), SLICE_ARGS(key->selector));
		}
		import_domain(im, key->domain);
	}
	if (keys.len > EMPTY_ROWS_BYTES &&
	    import_get(im, "sign.key-table") != NULL)
		import_remark(im, IMPORT_UNKNOWN, NULL,
		    "Two signers have keys: those of the first one are taken "
		    "over.");
	else if (keys.len > EMPTY_ROWS_BYTES)
		set_rows(im, &keys, &signing);
}

/* Whether a list holds a key itself, and not the path of one. */
static bool
has_secret(struct slice spec)
{
	struct slice rest = slice_from(spec, 4), item;

	if (!slice_starts(spec, SLICE("csl:")))
		return false;
	while (slice_next_item(&rest, ",", &item)) {
		struct slice value =
		    slice_trim(slice_from(item, slice_find(item, '=') + 1));

		value = slice_from(value, slice_find(value, ':') + 1);
		value =
		    slice_trim(slice_from(value, slice_find(value, ':') + 1));
		if (!slice_starts(value, SLICE("/")) &&
		    !slice_starts(value, SLICE("./")) &&
		    !slice_starts(value, SLICE("../")))
			return true;
	}
	return false;
}

static struct table *
open_table(struct import *im, struct slice spec)
{
	struct table *table;
	struct err err;

	if (table_open(spec, NULL, &table, &err) == 0)
		return table;
	import_remark(im, IMPORT_DIFFERS, NULL,
	    "The domains of a table of keys are not known here, because it "
	    "cannot be read now: %s",
	    err.text);
	return NULL;
}

/* Each domain that the tables sign for. */
static void
list_domains(struct import *im, const struct config *config)
{
	struct table *keys = open_table(im, config->sign.key_table);
	struct table *signing = open_table(im, config->sign.signing_table);
	struct table_row row;
	bool for_each = false;

	for (size_t i = 0;
	     keys != NULL && i < MAX_LISTED_ROWS && table_row(keys, i, &row);
	     i++) {
		struct key_row key;
		struct err err;

		if (key_row_read(row.value, (struct slice){ NULL, 0 }, im->mem,
			&key, &err) != 0)
			continue;
		if (key.for_each)
			for_each = true;
		else
			import_domain(im, key.domain);
	}
	for (size_t i = 0; signing != NULL && for_each && i < MAX_LISTED_ROWS &&
	     table_row(signing, i, &row);
	     i++)
		import_domain(im,
		    slice_from(row.key,
			slice_find_last(row.key, '@') == row.key.len ?
			    0 :
			    slice_find_last(row.key, '@') + 1));
	table_close(keys);
	table_close(signing);
}

static void
note_fault(void *arg, const char *file, unsigned int line, const char *text)
{
	struct err *err = arg;

	(void)file;
	(void)line;
	if (err->kind == ERR_NONE)
		err_set(err, ERR_CONFIG, "%s", text);
}

static void
take_tables(struct import *im, const struct config *config,
    const struct import_place *place, const char *names)
{
	struct slice keys, signing;

	if (has_secret(config->sign.key_table)) {
		import_remark(im, IMPORT_UNKNOWN, place,
		    "%s: a key stands in the file itself, so it is not shown "
		    "here; put it into a file of its own",
		    names);
		return;
	}
	if (!import_quote(im, config->sign.key_table, &keys) ||
	    !import_quote(im, config->sign.signing_table, &signing)) {
		import_remark(im, IMPORT_UNKNOWN, place,
		    "%s: not text that a configuration can hold", names);
		return;
	}
	import_set(im, "sign.key-table", keys, place, "%s.", names);
	import_set(im, "sign.signing-table", signing, place,
	    "%s. What submilter does with such tables in another way is in "
	    "submilter(8), COMING FROM OPENDKIM.",
	    names);
	if (config->sign.multiple_signatures)
		import_set(im, "sign.multiple-signatures", SLICE("yes"), place,
		    "MultipleSignatures.");
	list_domains(im, config);
}

void
import_take_key_tables(struct import *im, const char *path,
    const struct import_place *place, const char *names)
{
	struct err fault = { .kind = ERR_NONE }, summary;
	struct config *config;
	struct slice quoted;

	if (!import_quote(im, slice_of(path), &quoted)) {
		import_remark(im, IMPORT_UNKNOWN, place,
		    "%s: the path of this file is not text that a "
		    "configuration can hold",
		    names);
		return;
	}
	/* The same code reads these names as for sign.opendkim-conf. */
	if (config_read_text("",
		slice_format(im->mem, "sign { opendkim-conf = %.*s }\n",
		    SLICE_ARGS(quoted)),
		note_fault, &fault, &config, &summary) != 0) {
		import_remark(im, IMPORT_UNKNOWN, place, "%s: %s", names,
		    fault.kind == ERR_NONE ? summary.text : fault.text);
		return;
	}
	take_tables(im, config, place, names);
	config_free(config);
}
