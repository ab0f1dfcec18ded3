/* SPDX-License-Identifier: BSD-2-Clause */
/* Keys of opendkim.conf and dkimpy-milter.conf, and the fields they sign. */
#include "conf/opendkim_conf.h"
#include "import_opendkim_priv.h"

/* The names that decide which keys sign, for a comment; and their first place. */
static const struct import_place *
names_of_keys(const struct opendkim_file *file, struct strbuf *names)
{
	static const struct {
		size_t index;
		const char *name;
	} all[] = { { OPENDKIM_KEY_TABLE, "KeyTable" },
		{ OPENDKIM_SIGNING_TABLE, "SigningTable" },
		{ OPENDKIM_DOMAIN, "Domain" },
		{ OPENDKIM_SELECTOR, "Selector" },
		{ OPENDKIM_KEY_FILE, "KeyFile" },
		{ OPENDKIM_SUB_DOMAINS, "SubDomains" },
		{ OPENDKIM_KEY_FILE_ED, "KeyFileEd25519" },
		{ OPENDKIM_SELECTOR_ED, "SelectorEd25519" } };
	const struct import_place *first = NULL;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		const struct import_place *place =
		    &file->values[all[i].index].place;

		if (place->line == 0)
			continue;
		strbuf_addf(names, "%s%s (line %u)", first == NULL ? "" : ", ",
		    all[i].name, place->line);
		if (first == NULL)
			first = place;
	}
	return first;
}

/* The same domains with two keys of different kinds. */
static void
take_two_kinds(struct opendkim_file *file)
{
	const struct opendkim_value *values = file->values;
	static const size_t kinds[2][2] = { { OPENDKIM_KEY_FILE,
						OPENDKIM_SELECTOR },
		{ OPENDKIM_KEY_FILE_ED, OPENDKIM_SELECTOR_ED } };
	struct slice rest = values[OPENDKIM_DOMAIN].text, domain;

	if (slice_starts(rest, SLICE("csl:")))
		rest = slice_from(rest, 4);
	while (import_next_word(&rest, &domain)) {
		for (size_t i = 0; i < 2; i++) {
			const struct opendkim_value *path =
			    &values[kinds[i][0]];
			struct import_key *key;

			if (path->place.line == 0)
				continue;
			key = IMPORT_ADD(file->im, file->im->keys);
			*key = (struct import_key){ path->place, domain,
				values[kinds[i][1]].text, path->text,
				opendkim_is_yes(
				    values[OPENDKIM_SUB_DOMAINS].text) };
		}
	}
}

void
opendkim_take_keys(struct opendkim_file *file)
{
	const struct opendkim_value *values = file->values;
	struct import *im = file->im;
	const struct import_place *place;
	struct strbuf names;
	struct slice key_file = values[OPENDKIM_KEY_FILE].text;

	strbuf_init(&names, im->mem);
	strbuf_add_cstr(&names, "");
	place = names_of_keys(file, &names);
	if (values[OPENDKIM_KEY_TABLE_ED].place.line != 0)
		import_remark(im, IMPORT_UNKNOWN,
		    &values[OPENDKIM_KEY_TABLE_ED].place,
		    "KeyTableEd25519: two keys for one author sign side by "
		    "side from the directory of the option keys alone: put "
		    "both there, as DOMAIN/SELECTOR.key");
	if (place == NULL)
		import_remark(im, IMPORT_UNKNOWN, NULL,
		    "%s: no key is named, so nothing is signed.",
		    import_shown(im, slice_of(file->path)));
	else if (values[OPENDKIM_KEY_FILE_ED].place.line != 0 &&
	    values[OPENDKIM_KEY_TABLE].place.line == 0)
		take_two_kinds(file);
	else if (key_file.len > 0 && !slice_starts(key_file, SLICE("/")) &&
	    values[OPENDKIM_KEY_TABLE].place.line == 0)
		import_remark(im, IMPORT_UNKNOWN,
		    &values[OPENDKIM_KEY_FILE].place,
		    "KeyFile: not the absolute path of a key");
	else
		import_take_key_tables(im, file->path, place, names.data);
	if (slice_starts(key_file, SLICE("/")) &&
	    values[OPENDKIM_KEY_TABLE].place.line == 0 &&
	    values[OPENDKIM_KEY_FILE_ED].place.line == 0)
		import_note_key_file(
		    im, &values[OPENDKIM_KEY_FILE].place, key_file);
}

/* One list of field names. */
struct names {
	struct slice *items;
	size_t count, max;
};

static size_t
names_find(const struct names *names, struct slice name)
{
	size_t i = 0;

	while (i < names->count && !slice_eq_nocase(names->items[i], name))
		i++;
	return i;
}

static void
names_add(struct names *names, struct slice name)
{
	if (names_find(names, name) == names->count &&
	    names->count < names->max)
		names->items[names->count++] = name;
}

static void
names_remove(struct names *names, struct slice name)
{
	size_t at = names_find(names, name);

	if (at == names->count)
		return;
	names->count--;
	for (; at < names->count; at++)
		names->items[at] = names->items[at + 1];
}

static struct names
names_copy(struct arena *mem, const struct slice_list *list)
{
	enum { MAX_MORE = 200 };
	struct names names = { .max = list->count + MAX_MORE };

	names.items = arena_array(mem, names.max, sizeof(struct slice));
	for (size_t i = 0; i < list->count; i++)
		names_add(&names, slice_dup(mem, list->items[i]));
	return names;
}

/* "name" is a whole list, "+name" and "-name" change the one there was. */
static bool
change_names(struct opendkim_file *file, enum opendkim_name option,
    const char *called, struct names *names)
{
	const struct opendkim_value *value = &file->values[option];
	struct slice rest = value->text, word;
	bool first = true;

	if (slice_starts(rest, SLICE("csl:")))
		rest = slice_from(rest, 4);
	while (import_next_word(&rest, &word)) {
		char sign = word.data[0];
		struct slice name =
		    sign == '+' || sign == '-' ? slice_from(word, 1) : word;

		if (slice_eq(word, SLICE("*")) || !import_is_name(name)) {
			import_remark(file->im, IMPORT_UNKNOWN, &value->place,
			    "%s: \"%s\" is not taken over: it is no name of a "
			    "field",
			    called, import_shown(file->im, word));
			continue;
		}
		name = slice_lower(file->im->mem, name);
		if (sign != '+' && sign != '-' && first &&
		    option == OPENDKIM_SIGN_HEADERS)
			names->count = 0;
		first = false;
		if (sign == '-' || option == OPENDKIM_OMIT_HEADERS)
			names_remove(names, name);
		else
			names_add(names, name);
	}
	return !first;
}

static void
set_names(struct opendkim_file *file, const char *option,
    const struct names *names, enum opendkim_name from, const char *why)
{
	const struct import_place *place = &file->values[from].place;
	struct slice quoted;

	if (import_quote_list(file->im, names->items, names->count, &quoted))
		import_set(file->im, option, quoted,
		    place->line == 0 ? NULL : place, "%s", why);
}

/* Only what is signed can be protected against a second field. */
static void
keep_signed(struct names *names, const struct names *is_signed)
{
	for (size_t i = names->count; i > 0; i--) {
		if (names_find(is_signed, names->items[i - 1]) ==
		    is_signed->count)
			names_remove(names, names->items[i - 1]);
	}
}

static void
take_names(struct opendkim_file *file, const struct config *initial)
{
	struct arena *mem = file->im->mem;
	struct names sign = names_copy(mem, &initial->sign.signed_headers);
	struct names over = names_copy(mem, &initial->sign.oversigned_headers);
	struct names present =
	    names_copy(mem, &initial->sign.oversigned_present);
	bool changed =
	    change_names(file, OPENDKIM_SIGN_HEADERS, "SignHeaders", &sign);
	size_t usual;

	changed |=
	    change_names(file, OPENDKIM_OMIT_HEADERS, "OmitHeaders", &sign);
	names_add(&sign, SLICE("from"));
	keep_signed(&over, &sign);
	keep_signed(&present, &sign);
	usual = over.count;
	(void)change_names(
	    file, OPENDKIM_OVERSIGN_HEADERS, "OversignHeaders", &over);
	if (over.count != usual)
		changed = true;
	else if (file->values[OPENDKIM_OVERSIGN_HEADERS].place.line != 0)
		import_remark(file->im, IMPORT_NEEDLESS,
		    &file->values[OPENDKIM_OVERSIGN_HEADERS].place,
		    "OversignHeaders: sign.oversigned-headers has all of them "
		    "by default");
	if (!changed)
		return;
	for (size_t i = 0; i < over.count; i++) {
		names_add(&sign, over.items[i]);
		names_remove(&present, over.items[i]);
	}
	set_names(file, "sign.signed-headers", &sign, OPENDKIM_SIGN_HEADERS,
	    "SignHeaders, OmitHeaders, and what is protected.");
	set_names(file, "sign.oversigned-headers", &over,
	    OPENDKIM_OVERSIGN_HEADERS,
	    "OversignHeaders, and submilter's own as far as they are signed.");
	set_names(file, "sign.oversigned-if-present", &present,
	    OPENDKIM_SIGN_HEADERS,
	    "Submilter's own, as far as they are signed.");
}

void
opendkim_take_headers(struct opendkim_file *file)
{
	struct config *initial;
	struct err err;

	/* A configuration that says nothing has the lists by default. */
	if (config_read_text(
		"", SLICE("mode = enforce\n"), NULL, NULL, &initial, &err) != 0)
		return;
	take_names(file, initial);
	config_free(initial);
}
