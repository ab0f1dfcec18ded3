/* SPDX-License-Identifier: BSD-2-Clause */
/* Keys of rspamd: of domains, of maps, and those that a pattern finds. */
#include <dirent.h>
#include <string.h>

#include "base/file.h"
#include "import_rspamd_priv.h"
#include "keys/key.h"

enum { MAX_MAP_BYTES = 256 * 1024 };

static const struct slice domain_word = { "$domain", 7 };
static const struct slice selector_word = { "$selector", 9 };

/* "$domain" and "$selector" in a path. */
static struct slice
fill_path(struct rspamd *rspamd, struct slice path, struct slice domain,
    struct slice selector)
{
	struct strbuf buf;

	strbuf_init(&buf, rspamd->im->mem);
	strbuf_add_cstr(&buf, "");
	while (path.len > 0) {
		if (slice_starts(path, domain_word)) {
			strbuf_add(&buf, domain);
			path = slice_from(path, domain_word.len);
		} else if (slice_starts(path, selector_word)) {
			strbuf_add(&buf, selector);
			path = slice_from(path, selector_word.len);
		} else {
			strbuf_add_char(&buf, path.data[0]);
			path = slice_from(path, 1);
		}
	}
	return strbuf_slice(&buf);
}

/* Where all keys are; "${DBDIR}" stands in the file that rspamd comes with. */
static struct slice
common_path(const struct rspamd *rspamd)
{
	static const struct slice variable = { "${DBDIR}/", 9 };
	struct slice path = rspamd->values[RSPAMD_PATH].text;

	if (path.len == 0)
		return SLICE("/var/lib/rspamd/dkim/$domain.$selector.key");
	if (!slice_starts(path, variable))
		return path;
	return slice_format(rspamd->im->mem, "/var/lib/rspamd/%.*s",
	    SLICE_ARGS(slice_from(path, variable.len)));
}

static void
add_key(struct rspamd *rspamd, const struct rspamd_key *found)
{
	const struct rspamd_value *values = rspamd->values;
	struct slice selector = found->selector.len > 0 ?
	    found->selector :
	    values[RSPAMD_SELECTOR].text;
	struct slice path =
	    found->path.len > 0 ? found->path : common_path(rspamd);
	struct slice domain = slice_lower(rspamd->im->mem, found->domain);
	struct import_key *key;

	if (selector.len == 0)
		selector = SLICE("dkim"); /* as rspamd has it */
	key = IMPORT_ADD(rspamd->im, rspamd->im->keys);
	*key = (struct import_key){ found->place, domain, selector,
		fill_path(rspamd, path, domain, selector),
		!rspamd_is_no(&values[RSPAMD_USE_ESLD]) };
}

static bool
has_key(const struct rspamd *rspamd, struct slice domain)
{
	for (size_t i = 0; i < rspamd->keys.count; i++) {
		if (slice_eq_nocase(rspamd->keys.items[i].domain, domain))
			return true;
	}
	return false;
}

/* "DOMAIN VALUE" of a line; the row of a domain that is new is added. */
static void
take_row(struct rspamd *rspamd, const struct import_place *place,
    struct slice line, bool is_path)
{
	struct slice domain, value;
	struct rspamd_key *key = NULL;

	line = slice_sub(line, 0, slice_find(line, '#'));
	if (!slice_next_item(&line, " \t\r", &domain))
		return;
	if (!slice_next_item(&line, " \t\r", &value) ||
	    !key_domain_is_valid(domain) ||
	    rspamd->keys.count == RSPAMD_MAX_KEYS) {
		import_remark(rspamd->im, IMPORT_UNKNOWN, place,
		    "not a domain and a value, or more than %d of them",
		    RSPAMD_MAX_KEYS);
		return;
	}
	for (size_t i = 0; i < rspamd->keys.count && key == NULL; i++) {
		if (slice_eq_nocase(rspamd->keys.items[i].domain, domain))
			key = &rspamd->keys.items[i];
	}
	if (key == NULL) {
		key = IMPORT_ADD(rspamd->im, rspamd->keys);
		key->domain = domain;
		key->place = *place;
	}
	if (is_path && key->path.len == 0)
		key->path = value;
	else if (!is_path && key->selector.len == 0)
		key->selector = value;
}

/* A map is a file with a row for each domain. */
static void
take_map(struct rspamd *rspamd, enum rspamd_value_id id, bool is_path)
{
	const struct rspamd_value *map = &rspamd->values[id];
	struct import_place place = { map->text, 0 };
	struct slice text;
	struct err err;

	if (map->place.line == 0)
		return;
	if (slice_starts(place.path, SLICE("file://")))
		place.path = slice_from(place.path, 7);
	if (!slice_starts(place.path, SLICE("/"))) {
		import_remark(rspamd->im, IMPORT_UNKNOWN, &map->place,
		    "%s_map: only files are read",
		    is_path ? "path" : "selector");
		return;
	}
	if (file_read(&(struct file_request){ place.path, MAX_MAP_BYTES,
			  rspamd->im->mem },
		&text, &err) != 0) {
		import_remark(rspamd->im, IMPORT_UNKNOWN, &map->place,
		    "%s_map: %s", is_path ? "path" : "selector", err.text);
		return;
	}
	while (text.len > 0) {
		struct slice line = slice_sub(text, 0, slice_find(text, '\n'));

		place.line++;
		take_row(rspamd, &place, line, is_path);
		text = slice_from(text, line.len + 1);
	}
}

/* The domain in the name of a file by a pattern like "$domain.dkim.key". */
static bool
match_name(struct slice name, struct slice pattern, struct slice *ret_domain)
{
	size_t before = 0, after;

	while (before < pattern.len &&
	    !slice_starts(slice_from(pattern, before), domain_word))
		before++;
	if (before == pattern.len)
		return false;
	after = pattern.len - before - domain_word.len;
	if (name.len <= before + after ||
	    !slice_starts(name, slice_sub(pattern, 0, before)) ||
	    !slice_ends_nocase(name, slice_from(pattern, pattern.len - after)))
		return false;
	*ret_domain = slice_sub(name, before, name.len - before - after);
	return key_domain_is_valid(*ret_domain);
}

static void
list_directory(struct rspamd *rspamd, DIR *directory, struct slice pattern,
    const struct import_place *place)
{
	const struct dirent *entry;

	while ((entry = readdir(directory)) != NULL &&
	    rspamd->keys.count < RSPAMD_MAX_KEYS) {
		struct slice domain;

		if (!match_name(slice_of(entry->d_name), pattern, &domain) ||
		    has_key(rspamd, domain))
			continue;
		*IMPORT_ADD(rspamd->im, rspamd->keys) =
		    (struct rspamd_key){ .domain =
					     slice_dup(rspamd->im->mem, domain),
			    .place = *place };
	}
}

/* The files that are there, for a path with "$domain" in its last part. */
static void
take_pattern(struct rspamd *rspamd, struct slice file)
{
	const struct rspamd_value *values = rspamd->values;
	const struct import_place *place = values[RSPAMD_PATH].place.line > 0 ?
	    &values[RSPAMD_PATH].place :
	    &(struct import_place){ file, 0 };
	struct slice path = common_path(rspamd), pattern;
	struct slice selector = values[RSPAMD_SELECTOR].place.line == 0 ?
	    SLICE("dkim") :
	    values[RSPAMD_SELECTOR].text;
	size_t slash = slice_find_last(path, '/');
	DIR *directory;

	if (slash == path.len)
		return;
	pattern = fill_path(
	    rspamd, slice_from(path, slash + 1), domain_word, selector);
	directory = slice_has(slice_sub(path, 0, slash), '$') ?
	    NULL :
	    opendir(slice_cstr(rspamd->im->mem, slice_sub(path, 0, slash)));
	if (directory == NULL) {
		import_remark(rspamd->im, IMPORT_UNKNOWN, place,
		    "path: the files cannot be listed here, so that domains "
		    "that nothing else names are not taken over");
		return;
	}
	list_directory(rspamd, directory, pattern, place);
	(void)closedir(directory);
	import_remark(rspamd->im, IMPORT_DIFFERS, place,
	    "path: the domains are those that have a file now; a further one "
	    "needs a row in sign.key-table and sign.signing-table, or its key "
	    "in the directory of the option keys");
}

/* Who is signed for. */
static void
take_hosts(struct rspamd *rspamd, struct slice path)
{
	static const char *const local[] = { "127.0.0.0/8", "::1", NULL };
	const struct rspamd_value *values = rspamd->values;
	struct import *im = rspamd->im;

	if (values[RSPAMD_SIGN_NETWORKS].place.line != 0) {
		im->signs_for_networks = true;
		strbuf_addf(&im->networks_why,
		    "%s: sign_networks: hosts that need no login.\n",
		    import_at(im, &values[RSPAMD_SIGN_NETWORKS].place));
		if (im->networks.count == 0)
			import_remark(im, IMPORT_UNKNOWN,
			    &values[RSPAMD_SIGN_NETWORKS].place,
			    "sign_networks: only networks that stand in the "
			    "file itself are read");
	}
	if (rspamd_is_no(&values[RSPAMD_SIGN_LOCAL])) {
		import_remark(im, IMPORT_NEEDLESS,
		    &values[RSPAMD_SIGN_LOCAL].place,
		    "sign_local: hosts without a login are not signed for");
		return;
	}
	im->signs_for_networks = true;
	for (size_t i = 0; local[i] != NULL; i++)
		import_network(
		    im, &(struct import_place){ path, 0 }, slice_of(local[i]));
	strbuf_add_cstr(&im->networks_why,
	    "sign_local: this host. The private networks that rspamd counts as "
	    "local (local_addrs) are not taken over.\n");
}

static void
tell_of_rules(struct rspamd *rspamd)
{
	const struct rspamd_value *values = rspamd->values;
	const struct rspamd_value *use = &values[RSPAMD_USE_DOMAIN];
	struct import *im = rspamd->im;

	if (use->place.line != 0)
		import_remark(im,
		    slice_eq(use->text, SLICE("header")) ? IMPORT_NEEDLESS :
							   IMPORT_DIFFERS,
		    &use->place, "use_domain: the domain of From signs");
	if (values[RSPAMD_SIGN_AUTHENTICATED].place.line != 0)
		import_remark(im,
		    rspamd_is_no(&values[RSPAMD_SIGN_AUTHENTICATED]) ?
			IMPORT_DIFFERS :
			IMPORT_NEEDLESS,
		    &values[RSPAMD_SIGN_AUTHENTICATED].place,
		    "sign_authenticated: mail of a login is signed");
	if (values[RSPAMD_USERNAME_MISMATCH].place.line != 0)
		import_remark(im, IMPORT_DIFFERS,
		    &values[RSPAMD_USERNAME_MISMATCH].place,
		    "allow_username_mismatch: rights to the address decide, "
		    "not the domain of the login");
	for (size_t i = RSPAMD_USE_REDIS; i <= RSPAMD_USE_VAULT; i++) {
		if (values[i].place.line != 0)
			import_remark(im,
			    rspamd_is_no(&values[i]) ? IMPORT_NEEDLESS :
						       IMPORT_UNKNOWN,
			    &values[i].place, "%s: only keys in files are read",
			    i == RSPAMD_USE_REDIS ? "use_redis" : "use_vault");
	}
	if (values[RSPAMD_USE_ESLD].place.line != 0)
		import_remark(im, IMPORT_NEEDLESS,
		    &values[RSPAMD_USE_ESLD].place,
		    "use_esld: keys sign for subdomains, too, unless it is "
		    "false");
}

void
rspamd_take(struct rspamd *rspamd, struct slice path)
{
	const struct rspamd_value *enabled = &rspamd->values[RSPAMD_ENABLED];
	struct import *im = rspamd->im;

	if (rspamd_is_no(enabled)) {
		import_remark(im, IMPORT_DIFFERS, &enabled->place,
		    "enabled: the module signs nothing, so that nothing is "
		    "taken over");
		im->networks.count = rspamd->networks_before;
		return;
	}
	take_map(rspamd, RSPAMD_PATH_MAP, true);
	take_map(rspamd, RSPAMD_SELECTOR_MAP, false);
	take_pattern(rspamd, path);
	for (size_t i = 0; i < rspamd->keys.count; i++)
		add_key(rspamd, &rspamd->keys.items[i]);
	if (rspamd->keys.count == 0)
		import_remark(im, IMPORT_UNKNOWN, NULL,
		    "%s: no domain with a key, so nothing is signed.",
		    import_shown(im, path));
	tell_of_rules(rspamd);
	take_hosts(rspamd, path);
	import_set(im, "sign.canonicalization", SLICE("relaxed/relaxed"), NULL,
	    "As rspamd signs.");
	import_remark(im, IMPORT_DIFFERS, NULL,
	    "rspamd goes on with filtering. Take its signature away once "
	    "submilter signs: \"enabled = false;\" in "
	    "local.d/dkim_signing.conf.");
}
