/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What opendkim.conf says of keys, as options of ours: KeyTable, SigningTable,
 * MultipleSignatures; or Domain, Selector, KeyFile and SubDomains, which two
 * small tables stand for.
 */
#include "conf/opendkim_conf.h"
#include "config_check_priv.h"

/* Values as they stand; empty: not there. */
struct opendkim {
	struct reading *reading;
	struct slice key_table;
	struct slice signing_table;
	struct slice multiple;
	struct slice domain;
	struct slice selector;
	struct slice key_file;
	struct slice subdomains;
};

static int
opendkim_take(void *arg, const struct opendkim_line *line, struct err *err)
{
	struct opendkim *o = arg;
	const struct {
		struct slice name;
		struct slice *value;
	} known[] = { { SLICE("KeyTable"), &o->key_table },
		{ SLICE("SigningTable"), &o->signing_table },
		{ SLICE("MultipleSignatures"), &o->multiple },
		{ SLICE("Domain"), &o->domain },
		{ SLICE("Selector"), &o->selector },
		{ SLICE("KeyFile"), &o->key_file },
		{ SLICE("SubDomains"), &o->subdomains } };

	(void)err;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (slice_eq_nocase(line->name, known[i].name))
			*known[i].value = line->value;
	}
	return 0;
}

/* A data set of opendkim(8) as a table of ours. */
static int
data_set(struct opendkim *o, const char *name, struct slice value,
    struct slice *ret_spec, struct err *err)
{
	static const char *const ours[] = { "file:", "refile:", "csl:" };
	static const char *const others[] = { "db:", "dsn:", "ldap:", "ldaps:",
		"ldapi:", "lua:", "memcache:", "erlang:", "mdb:" };
	struct arena *mem = &o->reading->config->mem;

	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
		if (slice_starts(value, slice_of(ours[i]))) {
			*ret_spec = value;
			return 0;
		}
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (slice_starts(value, slice_of(others[i])))
			return err_set(err, ERR_CONFIG,
			    "%s is of type %s which is not read as it is: name "
			    "the table in the way of submilter-tables(5) in "
			    "sign.key-table and sign.signing-table",
			    name, others[i]);
	}
	*ret_spec = slice_starts(value, SLICE("/")) ?
	    slice_format(mem, "file:%.*s", SLICE_ARGS(value)) :
	    slice_format(mem, "csl:%.*s", SLICE_ARGS(value));
	return 0;
}

/* Domain, Selector and KeyFile: a key for each domain, in two lists. */
static int
one_key(struct opendkim *o, struct err *err)
{
	struct config *config = o->reading->config;
	bool with_subdomains = opendkim_is_yes(o->subdomains);
	struct slice rest = o->domain;
	struct strbuf keys, signing;

	if (slice_starts(rest, SLICE("csl:")))
		rest = slice_from(rest, 4);
	if (rest.len == 0 || o->selector.len == 0 || o->key_file.len == 0)
		return err_set(err, ERR_CONFIG,
		    "has neither KeyTable and SigningTable nor Domain, "
		    "Selector and KeyFile");
	if (slice_has(rest, ':') || slice_has(rest, '/') ||
	    slice_has(rest, '*'))
		return err_set(err, ERR_CONFIG,
		    "Domain is not a list of domains: write them as "
		    "SigningTable");
	strbuf_init(&keys, &config->mem);
	strbuf_init(&signing, &config->mem);
	strbuf_add_cstr(&keys, "csl:");
	strbuf_add_cstr(&signing, "csl:");
	while (rest.len > 0) {
		struct slice item = slice_sub(rest, 0, slice_find(rest, ','));
		struct slice name = slice_trim(item);

		rest = slice_from(rest, item.len + 1);
		if (name.len == 0)
			continue;
		strbuf_addf(&keys, "%.*s=%.*s:%.*s:%.*s,", SLICE_ARGS(name),
		    SLICE_ARGS(name), SLICE_ARGS(o->selector),
		    SLICE_ARGS(o->key_file));
		strbuf_addf(
		    &signing, "%.*s=%.*s,", SLICE_ARGS(name), SLICE_ARGS(name));
		if (with_subdomains)
			strbuf_addf(&signing, ".%.*s=%.*s:@%.*s,",
			    SLICE_ARGS(name), SLICE_ARGS(name),
			    SLICE_ARGS(name));
	}
	config->sign.key_table = strbuf_slice(&keys);
	config->sign.signing_table = strbuf_slice(&signing);
	return 0;
}

static int
two_tables(struct opendkim *o, struct err *err)
{
	struct config *config = o->reading->config;

	if (o->key_table.len == 0 || o->signing_table.len == 0)
		return err_set(err, ERR_CONFIG,
		    "has one of KeyTable and SigningTable without the other");
	if (data_set(o, "KeyTable", o->key_table, &config->sign.key_table,
		err) != 0 ||
	    data_set(o, "SigningTable", o->signing_table,
		&config->sign.signing_table, err) != 0)
		return -1;
	config->sign.multiple_signatures = opendkim_is_yes(o->multiple);
	return 0;
}

void
config_check_key_tables(struct reading *r)
{
	struct config *config = r->config;
	struct opendkim opendkim = { .reading = r };
	bool has_tables = config->sign.key_table.len != 0 ||
	    config->sign.signing_table.len != 0;
	struct err err;

	if (config->sign.opendkim_conf.len == 0) {
		if ((config->sign.key_table.len == 0) !=
		    (config->sign.signing_table.len == 0))
			OPTION_FAULT(r,
			    config->sign.key_table.len == 0 ?
				OPT_sign_signing_table :
				OPT_sign_key_table,
			    "sign.key-table and sign.signing-table need each "
			    "other");
		return;
	}
	if (has_tables) {
		OPTION_FAULT(r, OPT_sign_opendkim_conf,
		    "sign.opendkim-conf: names the tables, so "
		    "sign.key-table and sign.signing-table cannot be set, too");
		return;
	}
	if (opendkim_conf_read(config->sign.opendkim_conf, &config->mem,
		opendkim_take, &opendkim, &err) == 0 &&
	    (opendkim.key_table.len != 0 || opendkim.signing_table.len != 0 ?
		    two_tables(&opendkim, &err) :
		    one_key(&opendkim, &err)) == 0)
		return;
	OPTION_FAULT(r, OPT_sign_opendkim_conf, "sign.opendkim-conf: %s: %s",
	    shown(r, config->sign.opendkim_conf), err.text);
}
