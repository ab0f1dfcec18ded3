/* SPDX-License-Identifier: BSD-2-Clause */
/* opendkim.conf, and dkimpy-milter.conf, which looks like it. */
#include <unistd.h>

#include "base/file.h"
#include "conf/opendkim_conf.h"
#include "import_opendkim_priv.h"

enum { MAX_LIST_BYTES = 256 * 1024 };

enum name_kind { NAME_TAKEN, NAME_DIFFERS, NAME_NEEDLESS, NAME_VERIFIES };

static const struct known_name {
	const char *name;
	enum name_kind kind;
	size_t index; /* of those that are taken */
	const char *text;
} known_names[] = {
#define TAKEN(id, name) { name, NAME_TAKEN, OPENDKIM_##id, NULL },
#define DIFFERS(name, text) { name, NAME_DIFFERS, 0, text },
#define NEEDLESS(name, text) { name, NAME_NEEDLESS, 0, text },
#define VERIFIES(name) { name, NAME_VERIFIES, 0, NULL },
#include "opendkim_names.def"
};

static const struct known_name *
find_name(struct slice name)
{
	for (size_t i = 0; i < sizeof(known_names) / sizeof(known_names[0]);
	     i++) {
		if (slice_eq_nocase(name, slice_of(known_names[i].name)))
			return &known_names[i];
	}
	return NULL;
}

static int
take_line(void *arg, const struct opendkim_line *line, struct err *err)
{
	struct opendkim_file *file = arg;
	const struct import_place place = { line->path, line->line };
	const struct known_name *known = find_name(line->name);
	struct opendkim_value *value;

	(void)err;
	if (known == NULL) {
		import_unknown(file->im, &place, line->name);
		return 0;
	}
	switch (known->kind) {
	case NAME_DIFFERS:
		import_remark(file->im, IMPORT_DIFFERS, &place, "%s: %s",
		    known->name, known->text);
		return 0;
	case NAME_NEEDLESS:
		import_remark(file->im, IMPORT_NEEDLESS, &place, "%s: %s",
		    known->name, known->text);
		return 0;
	case NAME_VERIFIES:
		import_remark(file->im, IMPORT_NEEDLESS, &place,
		    "%s: it is about verifying, which stays with %s",
		    known->name, file->program);
		return 0;
	case NAME_TAKEN:
		break;
	}
	value = &file->values[known->index];
	if (value->place.line != 0)
		import_remark(file->im, IMPORT_NEEDLESS, &value->place,
		    "%s: a later line says it again, and counts", known->name);
	*value = (struct opendkim_value){ line->value, place };
	return 0;
}

static void
take_mode(struct opendkim_file *file)
{
	const struct opendkim_value *mode = &file->values[OPENDKIM_MODE];
	struct slice value = mode->place.line == 0 ? SLICE("sv") : mode->text;
	const struct import_place *place =
	    mode->place.line == 0 ? NULL : &mode->place;

	file->signs = slice_has(value, 's');
	if (!file->signs)
		import_remark(file->im, IMPORT_DIFFERS, place,
		    "Mode: %s signs nothing, so that nothing is taken over "
		    "from it; leave it as it is.",
		    file->program);
	else if (slice_has(value, 'v'))
		import_remark(file->im, IMPORT_DIFFERS, place,
		    "Mode: sv%s, and submilter signs only. Verifying of incoming "
		    "mail stays with %s: set \"Mode v\" there once submilter "
		    "signs%s.",
		    place == NULL ? ", the default" : "", file->program,
		    file->values[OPENDKIM_KEY_TABLE].place.line == 0 ?
			"" :
			", and take KeyTable and SigningTable out");
	else
		import_remark(file->im, IMPORT_NEEDLESS, place,
		    "Mode: s, so that %s can be stopped once submilter signs",
		    file->program);
}

/* "relaxed" stands for relaxed/simple. */
static void
take_canonicalization(struct opendkim_file *file)
{
	static const char *const words[] = { "relaxed/relaxed",
		"relaxed/simple", "simple/relaxed", "simple/simple", NULL };
	const struct opendkim_value *value =
	    &file->values[OPENDKIM_CANONICALIZATION];
	bool is_set = value->place.line != 0;
	struct slice text = value->text;

	if (!is_set)
		text = file->is_dkimpy ? SLICE("relaxed/simple") :
					 SLICE("simple/simple");
	if (slice_eq_nocase(text, SLICE("relaxed")))
		text = SLICE("relaxed/simple");
	if (slice_eq_nocase(text, SLICE("simple")))
		text = SLICE("simple/simple");
	for (size_t i = 0; words[i] != NULL; i++) {
		if (!slice_eq_nocase(text, slice_of(words[i])))
			continue;
		import_set(file->im, "sign.canonicalization",
		    slice_of(words[i]), is_set ? &value->place : NULL,
		    "Canonicalization%s. relaxed/relaxed, submilter's own, "
		    "survives relays that change white space.",
		    is_set ? "" : ", the default there");
		return;
	}
	import_unknown(file->im, &value->place, SLICE("Canonicalization"));
}

/* The lines of a data set that is a file; else the list itself. */
static struct slice
list_of(struct opendkim_file *file, const struct opendkim_value *value)
{
	struct slice path = value->text, text;
	struct err err;

	if (slice_starts(path, SLICE("csl:")))
		return slice_from(path, 4);
	if (slice_starts(path, SLICE("file:")))
		path = slice_from(path, 5);
	else if (slice_starts(path, SLICE("refile:")))
		path = slice_from(path, 7);
	else if (!slice_starts(path, SLICE("/")))
		return path;
	if (file_read(
		&(struct file_request){ path, MAX_LIST_BYTES, file->im->mem },
		&text, &err) == 0)
		return text;
	import_remark(file->im, IMPORT_UNKNOWN, &value->place,
	    "InternalHosts: the list cannot be read: %s: %s",
	    import_shown(file->im, path), err.text);
	return (struct slice){ NULL, 0 };
}

static void
take_hosts(struct opendkim_file *file)
{
	static const struct slice initial = { "127.0.0.1,::1", 13 };
	const struct opendkim_value *value =
	    &file->values[OPENDKIM_INTERNAL_HOSTS];
	bool is_set = value->place.line != 0;
	struct slice rest = is_set ? list_of(file, value) : initial, line, word;
	struct import *im = file->im;

	im->signs_for_networks = true;
	if (is_set)
		strbuf_addf(
		    &im->networks_why, "%s: ", import_at(im, &value->place));
	strbuf_addf(&im->networks_why,
	    "InternalHosts%s: %s signs for these hosts without a login. "
	    "Submission services rarely let such hosts in; delete the rows "
	    "that you do not need.\n",
	    is_set ? "" : ", the default", file->program);
	while (slice_next_item(&rest, "\n", &line)) {
		line = slice_sub(line, 0, slice_find(line, '#'));
		while (import_next_word(&line, &word))
			import_network(im,
			    is_set ? &value->place :
				     &(struct import_place){
					 slice_of(file->path), 0 },
			    word);
	}
}

static void
take_nameservers(struct opendkim_file *file)
{
	const struct opendkim_value *value =
	    &file->values[OPENDKIM_NAMESERVERS];
	struct slice rest = value->text, word, quoted;
	struct slice items[16];
	size_t count = 0;
	struct net_addr addr;

	while (count < 16 && import_next_word(&rest, &word)) {
		if (!net_addr_parse(word, &addr)) {
			import_unknown(
			    file->im, &value->place, SLICE("Nameservers"));
			return;
		}
		items[count++] = word;
	}
	if (count > 0 && import_quote_list(file->im, items, count, &quoted) &&
	    import_fits(file->im, "dns.servers", quoted))
		import_set(file->im, "dns.servers", quoted, &value->place,
		    "Nameservers.");
}

static void
take_trust_anchor(struct opendkim_file *file)
{
	const struct opendkim_value *value =
	    &file->values[OPENDKIM_TRUST_ANCHOR];
	struct slice quoted;

	if (value->place.line == 0)
		return;
	if (access(slice_cstr(file->im->mem, value->text), R_OK) == 0 &&
	    import_quote(file->im, value->text, &quoted))
		import_set(file->im, "dns.trust-anchor", quoted, &value->place,
		    "TrustAnchorFile.");
	else
		import_remark(file->im, IMPORT_UNKNOWN, &value->place,
		    "TrustAnchorFile: it cannot be read here, and is not "
		    "taken over (dns.trust-anchor)");
}

int
import_opendkim(
    struct import *im, const char *path, bool is_dkimpy, struct err *err)
{
	struct opendkim_file file = { .im = im,
		.path = path,
		.is_dkimpy = is_dkimpy,
		.program = is_dkimpy ? "dkimpy-milter" : "OpenDKIM" };

	if (opendkim_conf_read(
		slice_of(path), im->mem, take_line, &file, err) != 0)
		return -1;
	take_mode(&file);
	if (file.values[OPENDKIM_SOCKET].place.line != 0) {
		im->signer_socket = file.values[OPENDKIM_SOCKET].text;
		import_remark(im, IMPORT_NEEDLESS,
		    &file.values[OPENDKIM_SOCKET].place,
		    "Socket: the MTA has to name the socket of submilter "
		    "(option listen) where it names this one");
	}
	if (!file.signs)
		return 0;
	opendkim_take_keys(&file);
	take_canonicalization(&file);
	opendkim_take_headers(&file);
	take_hosts(&file);
	take_nameservers(&file);
	take_trust_anchor(&file);
	return 0;
}
