/* SPDX-License-Identifier: BSD-2-Clause */
/* Configurations of others, put together to one of ours. */
#include <string.h>

#include "import_priv.h"

static int
import_one(
    struct import *im, const struct import_source *source, struct err *err)
{
	switch (source->kind) {
	case IMPORT_OPENDKIM:
		return import_opendkim(im, source->path, false, err);
	case IMPORT_DKIMPY:
		return import_opendkim(im, source->path, true, err);
	case IMPORT_POSTFIX:
		return import_postfix(im, source->path, err);
	case IMPORT_SENDMAIL:
		return import_sendmail(im, source->path, err);
	case IMPORT_RSPAMD:
		return import_rspamd(im, source->path, err);
	}
	return err_set(err, ERR_CONFIG, "%s: unknown kind", source->path);
}

/* A configuration may have as many. */
enum { MAX_RESULT_BYTES = 256 * 1024 };

static bool
is_mta(const struct import_source *source)
{
	return source->kind == IMPORT_POSTFIX ||
	    source->kind == IMPORT_SENDMAIL;
}

/* The name that hosts without a login get; empty: nothing would be theirs. */
static struct slice
network_login(struct import *im)
{
	const struct import_option *domain = import_get(im, "domain");
	struct slice name = { NULL, 0 };

	if (domain != NULL)
		name = slice_sub(domain->value, 1, domain->value.len - 2);
	else if (im->domains.count > 0)
		name = im->domains.items[0];
	return name.len == 0 ?
	    name :
	    slice_format(im->mem, "internal-hosts@%.*s", SLICE_ARGS(name));
}

/* Hosts that submit without a login keep their right to the signed domains. */
static void
finish_networks(struct import *im)
{
	struct slice login = network_login(im), value = { NULL, 0 };
	struct strbuf rows, grants;

	import_networks_finish(im);
	if (im->networks.count == 0)
		return;
	if (login.len == 0) {
		import_remark(im, IMPORT_DIFFERS, NULL,
		    "Hosts that submit without a login are not taken over, "
		    "because no domain of theirs is known.");
		return;
	}
	strbuf_init(&rows, im->mem);
	strbuf_add_cstr(&rows, "inline:{");
	for (size_t i = 0; i < im->networks.count; i++)
		strbuf_addf(&rows, "%s%.*s=%.*s", i == 0 ? "" : ", ",
		    SLICE_ARGS(im->networks.items[i].key), SLICE_ARGS(login));
	strbuf_add_char(&rows, '}');
	strbuf_init(&grants, im->mem);
	strbuf_addf(&grants, "inline:{{%.*s =", SLICE_ARGS(login));
	for (size_t i = 0; i < im->domains.count; i++)
		strbuf_addf(&grants, "%s @%.*s", i == 0 ? "" : ",",
		    SLICE_ARGS(im->domains.items[i]));
	strbuf_add_cstr(&grants, "}}");
	import_set(im, "identify.methods", SLICE("{sasl, network}"), NULL,
	    "Who logs in, and hosts that do not.");
	if (import_quote(im, strbuf_slice(&rows), &value))
		import_set(im, "identify.network", value, NULL, "%s",
		    im->networks_why.data);
	import_set_place(im, "identify.network", &im->networks_at);
	if (im->domains.count > 0 &&
	    import_quote(im, strbuf_slice(&grants), &value))
		import_set(im, "rights.logins",
		    slice_format(im->mem, "{%.*s}", SLICE_ARGS(value)), NULL,
		    "Any of these hosts was signed for as anybody; write here "
		    "what they need, or take their row away. No user may have "
		    "this login: SMTP AUTH would give them the same rights.");
}

/* Domains that are signed are realms in which a login owns its address. */
static void
finish_realms(struct import *im)
{
	const struct import_option *domain = import_get(im, "domain");
	struct slice_list realms = { arena_array(im->mem, im->domains.count + 1,
					 sizeof(struct slice)),
		0 };
	struct slice value;

	if (domain == NULL && im->domains.count > 0 &&
	    import_quote(im, im->domains.items[0], &value))
		import_set(im, "domain", value, NULL,
		    "The first domain that is signed: no source says by which "
		    "one names without a domain are completed.");
	domain = import_get(im, "domain");
	for (size_t i = 0; domain != NULL && i < im->domains.count; i++) {
		if (!slice_eq(
			slice_sub(domain->value, 1, domain->value.len - 2),
			im->domains.items[i]))
			realms.items[realms.count++] = im->domains.items[i];
	}
	if (realms.count > 0 &&
	    import_quote_list(im, realms.items, realms.count, &value))
		import_set(im, "identify.realms", value, NULL,
		    "The other domains that are signed: a login owns its "
		    "address there. Before the mode becomes enforce, read WHOSE "
		    "REALM in submilter(8): \"submilter check\" says whether "
		    "SMTP AUTH verifies the realm of a login.");
}

static void
finish_mode(struct import *im)
{
	bool signs = im->keys.count > 0 || import_get(im, "sign.key-table") ||
	    import_get(im, "keys");

	import_set(im, "mode", SLICE("monitor"), NULL,
	    "Nothing is refused or repaired, and the log says what would be, as "
	    "before submilter. \"enforce\" makes it do so: see "
	    "docs/migrating.md.");
	if (!signs)
		return;
	import_set(im, "sign.mode", SLICE("enforce"), NULL,
	    "Signatures are made from the first message on.");
	import_set(im, "sign.dkim-key", SLICE("warn"), NULL,
	    "Keys sign whatever DNS shows, as before, and the log names those "
	    "that it does not show. Without this line they wait for their "
	    "records.");
	import_remark(im, IMPORT_DIFFERS, NULL,
	    "A message whose login may not use one of its authors (From, Sender) "
	    "is never signed; others signed it. \"submilter replay\" and the log "
	    "(would=reject) name those logins: give them their rights.");
	import_remark(im, IMPORT_DIFFERS, NULL,
	    "Only private keys are read that belong to root or to the user of "
	    "the milter, and that nobody else can read.");
	if (import_get(im, "sign.signed-headers") == NULL)
		import_remark(im, IMPORT_DIFFERS, NULL,
		    "More fields are signed, and are protected against a second one "
		    "(sign.signed-headers, sign.oversigned-headers).");
}

static void
note_fault(void *arg, const char *file, unsigned int line, const char *text)
{
	struct err *err = arg;

	(void)file;
	if (err->kind == ERR_NONE)
		err_set(err, ERR_CONFIG, "the result, line %u: %s", line, text);
}

/* Whether a configuration accepts the whole; its options become JSON. */
static int
read_back(struct import *im, struct err *err)
{
	struct err fault = { .kind = ERR_NONE }, summary;
	struct config *config;

	if (im->text.len > MAX_RESULT_BYTES)
		return err_set(err, ERR_LIMIT,
		    "the configuration would have more than %d octets",
		    MAX_RESULT_BYTES);
	if (config_read_text("submilter.conf", im->text, note_fault, &fault,
		&config, &summary) != 0) {
		*err = fault.kind == ERR_NONE ? summary : fault;
		return -1;
	}
	im->json = import_options_json(im, config);
	config_free(config);
	return 0;
}

int
import_sources(const struct import_source *sources, size_t count,
    struct arena *mem, struct import **ret_import, struct err *err)
{
	struct import *im = arena_array(mem, 1, sizeof(*im));

	*im = (struct import){
		.mem = mem, .sources = sources, .source_count = count
	};
	strbuf_init(&im->networks_why, mem);
	strbuf_add_cstr(&im->networks_why, "");
	/* A signer says what an MTA that names its socket means. */
	for (size_t i = 0; i < 2 * count; i++) {
		const struct import_source *source = &sources[i % count];

		if (is_mta(source) == (i >= count) &&
		    import_one(im, source, err) != 0)
			return -1;
	}
	import_take_keys(im);
	finish_realms(im);
	finish_networks(im);
	finish_mode(im);
	im->text = import_write(im);
	if (read_back(im, err) != 0)
		return -1;
	*ret_import = im;
	return 0;
}

struct slice
import_text(const struct import *im)
{
	return im->text;
}
