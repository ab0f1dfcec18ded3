/* SPDX-License-Identifier: BSD-2-Clause */
/* dkim_signing.conf of rspamd. */
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "import_rspamd_priv.h"
#include "ucl_priv.h"

enum { MAX_BYTES = 256 * 1024 };

struct rspamd_file {
	struct rspamd *rspamd;
	struct slice path;
};

static const struct rspamd_name {
	const char *name;
	enum rspamd_value_id id;
	const char *text; /* what differs where it is said, or NULL */
} names[] = {
	{ "path", RSPAMD_PATH, NULL },
	{ "selector", RSPAMD_SELECTOR, NULL },
	{ "path_map", RSPAMD_PATH_MAP, NULL },
	{ "selector_map", RSPAMD_SELECTOR_MAP, NULL },
	{ "use_esld", RSPAMD_USE_ESLD, NULL },
	{ "use_domain", RSPAMD_USE_DOMAIN, NULL },
	{ "use_redis", RSPAMD_USE_REDIS, NULL },
	{ "use_vault", RSPAMD_USE_VAULT, NULL },
	{ "sign_local", RSPAMD_SIGN_LOCAL, NULL },
	{ "sign_networks", RSPAMD_SIGN_NETWORKS, NULL },
	{ "sign_authenticated", RSPAMD_SIGN_AUTHENTICATED, NULL },
	{ "allow_username_mismatch", RSPAMD_USERNAME_MISMATCH, NULL },
	{ "enabled", RSPAMD_ENABLED, NULL },
	{ "sign_headers", RSPAMD_OTHER,
	    "the fields are those of sign.signed-headers and "
	    "sign.oversigned-headers" },
	{ "sign_inbound", RSPAMD_OTHER, "mail is signed for who submits it" },
	{ "use_domain_sign_local", RSPAMD_OTHER, "the domain of From signs" },
	{ "use_domain_sign_inbound", RSPAMD_OTHER, "the domain of From signs" },
	{ "use_domain_sign_networks", RSPAMD_OTHER,
	    "the domain of From signs" },
	{ "use_domain_custom", RSPAMD_OTHER, "the domain of From signs" },
	{ "sign_condition", RSPAMD_OTHER, "there are no scripts" },
	{ "allow_envfrom_empty", RSPAMD_OTHER,
	    "mail without MAIL FROM is signed, if its login has the right to "
	    "its authors" },
	{ "allow_hdrfrom_mismatch", RSPAMD_OTHER,
	    "MAIL FROM and From are each compared with the rights of the "
	    "login, not with each other" },
	{ "allow_hdrfrom_mismatch_local", RSPAMD_OTHER,
	    "MAIL FROM and From are each compared with the rights of the "
	    "login, not with each other" },
	{ "allow_hdrfrom_mismatch_sign_networks", RSPAMD_OTHER,
	    "MAIL FROM and From are each compared with the rights of the "
	    "login, not with each other" },
	{ "allow_hdrfrom_multiple", RSPAMD_OTHER,
	    "mail with several authors is signed for each of them" },
	{ "try_fallback", RSPAMD_OTHER,
	    "a domain without a row of its own is not signed" },
	{ "check_pubkey", RSPAMD_OTHER,
	    "see sign.dkim-key, which keeps a key back until DNS shows it" },
	{ "allow_pubkey_mismatch", RSPAMD_OTHER, "see sign.dkim-key" },
	{ "key_prefix", RSPAMD_OTHER, "keys are files" },
	{ "selector_prefix", RSPAMD_OTHER, "selectors do not come from Redis" },
	{ "use_milter_headers", RSPAMD_OTHER,
	    "submilter adds the signature itself" },
	{ "symbol", RSPAMD_NEEDLESS, "each line of the log has signed=" },
	{ "auth_only", RSPAMD_NEEDLESS, "who logged in is signed for" },
};

bool
rspamd_is_no(const struct rspamd_value *value)
{
	return slice_eq_nocase(value->text, SLICE("false")) ||
	    slice_eq_nocase(value->text, SLICE("no")) ||
	    slice_eq_nocase(value->text, SLICE("off"));
}

/* One key of a domain: domain { NAME { selectors [ { ... } ] } }, or shorter. */
static struct rspamd_key *
find_key(struct rspamd *rspamd, struct slice domain, struct slice number)
{
	struct rspamd_key *key;

	for (size_t i = 0; i < rspamd->keys.count; i++) {
		key = &rspamd->keys.items[i];
		if (slice_eq_nocase(key->domain, domain) &&
		    slice_eq(key->number, number))
			return key;
	}
	if (rspamd->keys.count == RSPAMD_MAX_KEYS)
		return NULL;
	key = IMPORT_ADD(rspamd->im, rspamd->keys);
	key->domain = slice_dup(rspamd->im->mem, domain);
	key->number = slice_dup(rspamd->im->mem, number);
	return key;
}

static void
take_of_domain(struct rspamd_file *file, const struct slice *keys, size_t depth,
    const struct ucl_value *value)
{
	const struct import_place place = { file->path, value->line };
	bool in_list = depth == 4 && slice_eq(keys[1], SLICE("selectors"));
	struct rspamd_key *key = depth == 2 || in_list ?
	    find_key(file->rspamd, keys[0], in_list ? keys[2] : SLICE("")) :
	    NULL;
	struct slice name = keys[depth - 1];

	if (key != NULL && slice_eq(name, SLICE("path")))
		key->path = value->text;
	else if (key != NULL && slice_eq(name, SLICE("selector")))
		key->selector = value->text;
	else {
		import_unknown(file->rspamd->im, &place, name);
		return;
	}
	key->place = place;
}

static void
take_named(
    struct rspamd_file *file, struct slice name, const struct ucl_value *value)
{
	const struct import_place place = { file->path, value->line };
	struct import *im = file->rspamd->im;
	size_t i = 0;

	while (i < sizeof(names) / sizeof(names[0]) &&
	    !slice_eq(name, slice_of(names[i].name)))
		i++;
	if (i == sizeof(names) / sizeof(names[0]))
		import_unknown(im, &place, name);
	else if (names[i].id == RSPAMD_OTHER || names[i].id == RSPAMD_NEEDLESS)
		import_remark(im,
		    names[i].id == RSPAMD_OTHER ? IMPORT_DIFFERS :
						  IMPORT_NEEDLESS,
		    &place, "%s: %s", names[i].name, names[i].text);
	else
		file->rspamd->values[names[i].id] =
		    (struct rspamd_value){ value->text, place };
}

static void
take_value(void *arg, const struct ucl_value *value)
{
	struct rspamd_file *file = arg;
	struct import *im = file->rspamd->im;
	const struct import_place place = { file->path, value->line };
	const struct slice *keys = value->keys;
	size_t depth = value->depth;

	if (depth > 0 && slice_eq(keys[0], SLICE("dkim_signing"))) {
		keys++;
		depth--;
	}
	if (depth == 0)
		import_remark(im, IMPORT_NEEDLESS, &place,
		    "an included file is read only if it is local.d/ or "
		    "override.d/dkim_signing.conf of a directory that is "
		    "imported");
	else if (depth > 1 && slice_eq(keys[0], SLICE("domain")))
		take_of_domain(file, keys + 1, depth - 1, value);
	else if (depth == 2 && slice_eq(keys[0], SLICE("sign_networks")))
		import_network(im, &place, value->text);
	else if (depth == 1)
		take_named(file, keys[0], value);
	else
		import_unknown(im, &place, keys[0]);
	if (depth == 2 && slice_eq(keys[0], SLICE("sign_networks")))
		file->rspamd->values[RSPAMD_SIGN_NETWORKS] =
		    (struct rspamd_value){ value->text, place };
}

static int
read_one(struct rspamd *rspamd, struct slice path, struct err *err)
{
	struct rspamd_file file = { rspamd, path };
	struct slice text;

	if (file_read(
		&(struct file_request){ path, MAX_BYTES, rspamd->im->mem },
		&text, err) != 0 ||
	    ucl_read(text, rspamd->im->mem, take_value, &file, err) != 0)
		return err_wrap(err, "%s", import_shown(rspamd->im, path));
	return 0;
}

/* Those that are there, in the order in which rspamd lets them count. */
static int
read_directory(struct rspamd *rspamd, const char *path, struct err *err)
{
	static const char *const parts[] = { "modules.d", "local.d",
		"override.d" };
	unsigned int found = 0;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		struct slice name = slice_format(
		    rspamd->im->mem, "%s/%s/dkim_signing.conf", path, parts[i]);
		struct stat st;

		if (stat(name.data, &st) != 0)
			continue;
		found++;
		if (read_one(rspamd, name, err) != 0)
			return -1;
	}
	return found > 0 ?
	    0 :
	    err_set(err, ERR_CONFIG,
		"%s: no dkim_signing.conf in modules.d, local.d or override.d",
		import_shown(rspamd->im, slice_of(path)));
}

int
import_rspamd(struct import *im, const char *path, struct err *err)
{
	struct rspamd rspamd = { .im = im,
		.networks_before = im->networks.count };
	struct stat st;
	int status = stat(path, &st) == 0 && S_ISDIR(st.st_mode) ?
	    read_directory(&rspamd, path, err) :
	    read_one(&rspamd, slice_of(path), err);

	if (status != 0)
		return -1;
	rspamd_take(&rspamd, slice_of(path));
	return 0;
}
