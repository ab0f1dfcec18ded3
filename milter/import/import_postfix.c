/* SPDX-License-Identifier: BSD-2-Clause */
/* main.cf and master.cf: who may use which address, and where milters stand. */
#include "base/file.h"
#include "check/postfix_config.h"
#include "import_priv.h"
#include "table/table.h"

enum { MAX_TABLES = 32, MAX_ORIGIN_BYTES = 1024 };

struct postfix_import {
	struct import *im;
	struct postfix postfix;
	struct slice tables[MAX_TABLES]; /* of rights.tables */
	size_t table_count;
	const struct slice *maps;      /* of the service that came first */
	struct import_place tables_at; /* of the first one */
	bool lacks_tables;	       /* one could not be taken over */
	bool has_submission;
};

/* What of main.cf, or of an -o of a service, this looks at. */
static const struct known_param {
	const char *name;
	const char *text; /* what became of it; NULL: that is said elsewhere */
} known[] = { { "smtpd_sender_login_maps", NULL },
	{ "recipient_delimiter", NULL }, { "mynetworks", NULL },
	{ "myorigin", NULL }, { "smtpd_sasl_local_domain", NULL },
	{ "non_smtpd_milters", NULL },
	{ "myhostname", "it is part of myorigin" },
	{ "mydomain", "it is part of myorigin" },
	{ "smtpd_milters",
	    "the services of submission get submilter by the "
	    "commands above" },
	{ "milter_default_action",
	    "the services of submission get tempfail, "
	    "so that no mail passes unchecked" },
	{ "milter_protocol", "6, the default, has all that submilter needs" },
	{ "smtpd_client_restrictions", "read for permit_mynetworks" },
	{ "smtpd_helo_restrictions", "read for permit_mynetworks" },
	{ "smtpd_sender_restrictions",
	    "read for permit_mynetworks and checks of the login" },
	{ "smtpd_relay_restrictions", "read for permit_mynetworks" },
	{ "smtpd_recipient_restrictions", "read for permit_mynetworks" },
	{ "smtpd_sasl_auth_enable",
	    "submilter takes the login that SMTP AUTH "
	    "has verified" },
	{ "smtpd_sasl_type",
	    "\"submilter check\" says whether it verifies the "
	    "realm of a login" } };

static const char *const restrictions[] = { "smtpd_client_restrictions",
	"smtpd_helo_restrictions", "smtpd_sender_restrictions",
	"smtpd_relay_restrictions", "smtpd_recipient_restrictions", NULL };

static struct import_place
place_in(struct postfix_import *p, const char *file, unsigned int line)
{
	return (struct import_place){ slice_format(p->im->mem, "%s/%s",
					  p->postfix.directory, file),
		line };
}

/* Where the value stands that a service sees. */
static struct import_place
place_of(struct postfix_import *p, const struct postfix_service *service,
    const char *name)
{
	const struct postfix_params *params = &p->postfix.params;

	if (postfix_is_override(service, name))
		return place_in(p, "master.cf", service->line);
	for (size_t i = params->count; i > 0; i--) {
		if (slice_eq(params->items[i - 1].name, slice_of(name)))
			return place_in(
			    p, "main.cf", params->items[i - 1].line);
	}
	return place_in(p, "main.cf", 0);
}

/* Users also submit at a port of any other number where they can log in. */
static bool
is_submission(
    const struct postfix *postfix, const struct postfix_service *service)
{
	return slice_eq(service->type, SLICE("inet")) &&
	    slice_eq(service->command, SLICE("smtpd")) &&
	    (postfix_is_submission(service) ||
		(!postfix_is_port_25(service) &&
		    postfix_is_override(service, "smtpd_sasl_auth_enable") &&
		    slice_eq(postfix_value(postfix, service,
				 "smtpd_sasl_auth_enable", ""),
			SLICE("yes"))));
}

/* What becomes of one line, or one -o; values are not shown. */
static void
account_for(struct import *im, const struct import_place *place,
    const struct postfix_param *param)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (!slice_eq(param->name, slice_of(known[i].name)))
			continue;
		if (known[i].text != NULL)
			import_remark(im, IMPORT_NEEDLESS, place, "%s: %s",
			    known[i].name, known[i].text);
		return;
	}
	import_other(im, place, param->name);
}

static void
account_for_lines(struct postfix_import *p)
{
	const struct postfix *postfix = &p->postfix;

	for (size_t i = 0; i < postfix->params.count; i++) {
		const struct postfix_param *param = &postfix->params.items[i];
		struct import_place place = place_in(p, "main.cf", param->line);

		if (param->line != 0)
			account_for(p->im, &place, param);
	}
	for (size_t i = 0; i < postfix->service_count; i++) {
		const struct postfix_service *service = &postfix->services[i];
		struct import_place place =
		    place_in(p, "master.cf", service->line);

		if (!is_submission(postfix, service)) {
			import_other(p->im, &place, service->name);
			continue;
		}
		import_remark(p->im, IMPORT_NEEDLESS, &place,
		    "%s: users submit there",
		    import_shown(p->im, service->name));
		for (size_t j = 0; j < service->overrides.count; j++)
			account_for(
			    p->im, &place, &service->overrides.items[j]);
	}
}

static bool
is_word(struct slice text, const char *const *words)
{
	while (*words != NULL && !slice_eq(text, slice_of(*words)))
		words++;
	return *words != NULL;
}

/* Parameters of a client, "mysql:{...}": there may be a password among them. */
static bool
has_parameters(struct slice spec)
{
	static const char *const plain[] = { "inline", "static", "regexp",
		"pcre", "cidr", "unionmap", "pipemap", "randmap", NULL };

	for (size_t i = 1; i < spec.len; i++) {
		size_t begin = i - 1;

		if (spec.data[i] != '{' || spec.data[i - 1] != ':')
			continue;
		while (begin > 0 &&
		    (char_is_alpha(spec.data[begin - 1]) ||
			char_is_digit(spec.data[begin - 1])))
			begin--;
		if (!is_word(slice_sub(spec, begin, i - 1 - begin), plain))
			return true;
	}
	return false;
}

static void
add_table(struct postfix_import *p, const struct import_place *place,
    struct slice spec)
{
	struct err err;

	for (size_t i = 0; i < p->table_count; i++) {
		if (slice_eq(p->tables[i], spec))
			return;
	}
	if (has_parameters(spec)) {
		p->lacks_tables = true;
		import_remark(p->im, IMPORT_UNKNOWN, place,
		    "smtpd_sender_login_maps: the parameters of a table stand "
		    "in main.cf itself, and are not shown here: put them into "
		    "a file, and name that");
	} else if (table_spec_check(
		       spec, TABLE_FOR_ADDRESSES, "texthash:FILE", &err) != 0) {
		p->lacks_tables = true;
		import_remark(p->im, IMPORT_UNKNOWN, place,
		    "smtpd_sender_login_maps: a table is not in rights.tables "
		    "yet: %s",
		    err.text);
	} else if (p->table_count == MAX_TABLES) {
		import_remark(p->im, IMPORT_UNKNOWN, place,
		    "smtpd_sender_login_maps: more than %d tables", MAX_TABLES);
	} else {
		if (p->table_count == 0)
			p->tables_at = *place;
		p->tables[p->table_count++] = spec;
	}
}

static bool
has_restriction(struct postfix_import *p, const struct postfix_service *service,
    const char *word)
{
	for (size_t i = 0; restrictions[i] != NULL; i++) {
		struct slice rest = postfix_value(&p->postfix, service,
		    restrictions[i], i == 3 ? "permit_mynetworks" : "");
		struct slice item;

		while (postfix_next_item(&rest, ",", &item)) {
			if (slice_eq(item, slice_of(word)))
				return true;
		}
	}
	return false;
}

/* Tables of ours count for all services. */
static void
compare_maps(struct postfix_import *p, const struct import_place *place,
    struct slice maps)
{
	struct slice *first;

	if (p->maps == NULL) {
		first = arena_array(p->im->mem, 1, sizeof(*first));
		*first = slice_dup(p->im->mem, maps);
		p->maps = first;
	} else if (!slice_eq(*p->maps, maps)) {
		import_remark(p->im, IMPORT_DIFFERS, place,
		    "smtpd_sender_login_maps is not the same for all services "
		    "of submission; rights.tables is: all logins that any of "
		    "them names may use an address, at each service");
	}
}

/* Who may use which address there. */
static void
take_login_maps(struct postfix_import *p, const struct postfix_service *service)
{
	static const char *const checks[] = { "reject_sender_login_mismatch",
		"reject_authenticated_sender_login_mismatch",
		"reject_known_sender_login_mismatch", NULL };
	struct import_place place =
	    place_of(p, service, "smtpd_sender_login_maps");
	struct slice rest =
	    postfix_value(&p->postfix, service, "smtpd_sender_login_maps", "");
	struct slice spec;

	compare_maps(p, &place, rest);
	while (postfix_next_item(&rest, ",", &spec))
		add_table(p, &place, slice_dup(p->im->mem, spec));
	for (size_t i = 0; checks[i] != NULL; i++) {
		if (!has_restriction(p, service, checks[i]))
			continue;
		import_remark(p->im, IMPORT_DIFFERS, &place,
		    "%s: it compares MAIL FROM with the login. submilter does so, "
		    "too, and with each author in the header; once its mode is "
		    "enforce that restriction can go.",
		    checks[i]);
		return;
	}
}

/* Hosts in mynetworks that submit without a login. */
static void
take_networks(struct postfix_import *p, const struct postfix_service *service)
{
	struct import_place place = place_of(p, NULL, "mynetworks");
	struct slice rest = postfix_value(&p->postfix, NULL, "mynetworks", "");
	struct slice word;

	if (service != NULL &&
	    !has_restriction(p, service, "permit_mynetworks"))
		return;
	if (p->im->signs_for_networks) {
		if (place.line != 0)
			import_remark(p->im, IMPORT_NEEDLESS, &place,
			    "mynetworks: the hosts of the signer count");
		return;
	}
	if (place.line == 0)
		return;
	strbuf_addf(&p->im->networks_why,
	    "%s: mynetworks, whose hosts need no login (permit_mynetworks).\n",
	    import_at(p->im, &place));
	while (import_next_word(&rest, &word))
		import_network(p->im, &place, word);
}

/*
 * Whether text ends with all of the parts of end: a socket may be named with a
 * host or a directory in front. Port 18891 does not end with port 8891.
 */
static bool
ends_with_parts(struct slice text, struct slice end)
{
	static const struct slice dividers = { ":/", 2 };
	size_t before;

	if (end.len == 0 || !slice_ends_nocase(text, end))
		return false;
	before = text.len - end.len;
	return before == 0 || slice_has(dividers, end.data[0]) ||
	    slice_has(dividers, text.data[before - 1]);
}

static bool
is_signer(struct postfix_import *p, struct slice milter)
{
	struct slice socket = p->im->signer_socket;
	struct slice name, want;

	if (socket.len == 0)
		return false;
	/* "inet:8891@localhost" there is inet:localhost:8891 here. */
	name = slice_from(milter, slice_find(milter, ':') + 1);
	want = slice_from(socket, slice_find(socket, ':') + 1);
	if (slice_has(want, '@')) {
		size_t at = slice_find(want, '@');

		want = slice_format(p->im->mem, "%.*s:%.*s",
		    SLICE_ARGS(slice_from(want, at + 1)),
		    SLICE_ARGS(slice_sub(want, 0, at)));
	}
	/* A path is relative to the queue directory in one of them. */
	return ends_with_parts(want, name) || ends_with_parts(name, want);
}

/* A word of a command, as the shell takes it. */
static bool
is_plain(struct slice text)
{
	return import_is_of(text, SLICE("/._:@-[]=,"));
}

/* What the service has now of its own, or that it has nothing. */
static void
put_back(struct postfix_import *p, const struct postfix_service *service,
    const char *name)
{
	struct slice before = postfix_value(&p->postfix, service, name, "");

	if (!postfix_is_override(service, name))
		import_way_back(p->im, "postconf -PX %.*s/inet/%s",
		    SLICE_ARGS(service->name), name);
	else if (before.len == 0 || is_plain(before))
		import_way_back(p->im, "postconf -P %.*s/inet/%s=%.*s",
		    SLICE_ARGS(service->name), name, SLICE_ARGS(before));
	else
		import_way_back(p->im,
		    "# give %s of %.*s in master.cf back its value", name,
		    SLICE_ARGS(service->name));
}

/* submilter stands last, in the place of the signer. */
static void
take_milters(struct postfix_import *p, const struct postfix_service *service)
{
	static const char ours[] = "unix:submilter/submilter.sock";
	struct slice before =
	    postfix_value(&p->postfix, service, "smtpd_milters", "");
	struct slice rest = before, item;
	struct strbuf list;
	struct slice name = service->name;
	bool plain = is_plain(name);

	strbuf_init(&list, p->im->mem);
	while (postfix_next_item(&rest, ",", &item)) {
		if (is_signer(p, item))
			continue;
		plain = plain && is_plain(item);
		strbuf_add(&list, item);
		strbuf_add_char(&list, ',');
	}
	strbuf_add_cstr(&list, ours);
	if (!plain) {
		import_remark(p->im, IMPORT_UNKNOWN,
		    &(struct import_place){
			place_in(p, "master.cf", 0).path, service->line },
		    "its milters are not written as a command here: add %s "
		    "behind them, in the place of the signer",
		    ours);
		return;
	}
	import_command(p->im,
	    "postconf -P %.*s/inet/smtpd_milters=%.*s "
	    "%.*s/inet/milter_default_action=tempfail",
	    SLICE_ARGS(name), SLICE_ARGS(strbuf_slice(&list)),
	    SLICE_ARGS(name));
	put_back(p, service, "smtpd_milters");
	put_back(p, service, "milter_default_action");
}

static void
take_service(struct postfix_import *p, const struct postfix_service *service)
{
	p->has_submission = true;
	take_login_maps(p, service);
	take_networks(p, service);
	take_milters(p, service);
}

/* The domain that completes names: Debian has it in a file. */
static void
take_domain(struct postfix_import *p)
{
	struct slice origin =
	    postfix_value(&p->postfix, NULL, "myorigin", "$myhostname");
	struct slice realm =
	    postfix_value(&p->postfix, NULL, "smtpd_sasl_local_domain", "");
	struct import_place place = place_of(p, NULL, "myorigin");
	struct slice text, quoted;
	struct err err;

	if (slice_eq(origin, SLICE("$myhostname")))
		origin = postfix_value(&p->postfix, NULL, "myhostname", "");
	if (slice_starts(origin, SLICE("/")) &&
	    file_read(
		&(struct file_request){ origin, MAX_ORIGIN_BYTES, p->im->mem },
		&text, &err) == 0)
		origin = slice_trim(text);
	origin = slice_lower(p->im->mem, origin);
	if (import_quote(p->im, origin, &quoted) &&
	    import_fits(p->im, "domain", quoted) && origin.len > 0)
		import_set(p->im, "domain", quoted, &place,
		    "myorigin completes names without a domain, and so does "
		    "submilter; a login without a domain owns its address "
		    "there.");
	else
		import_remark(p->im, IMPORT_UNKNOWN, &place,
		    "myorigin: no domain, so that the option domain is not "
		    "taken from it");
	if (realm.len > 0 && !slice_eq_nocase(realm, origin))
		import_remark(p->im, IMPORT_DIFFERS,
		    &(struct import_place){
			place_of(p, NULL, "smtpd_sasl_local_domain").path,
			place_of(p, NULL, "smtpd_sasl_local_domain").line },
		    "smtpd_sasl_local_domain is another domain than myorigin: "
		    "name it in identify.realms if its logins own their "
		    "addresses.");
}

static void
take_delimiter(struct postfix_import *p)
{
	struct import_place place = place_of(p, NULL, "recipient_delimiter");
	struct slice quoted;

	if (!import_quote(p->im,
		postfix_value(&p->postfix, NULL, "recipient_delimiter", ""),
		&quoted) ||
	    !import_fits(p->im, "rights.extension", quoted))
		import_unknown(p->im, &place, SLICE("recipient_delimiter"));
	else
		import_set(p->im, "rights.extension", quoted, &place,
		    "recipient_delimiter%s.",
		    place.line == 0 ? ", which is empty by default" : "");
}

static void
set_tables(struct postfix_import *p)
{
	struct slice quoted;

	if (p->table_count == 0 && p->lacks_tables)
		return;
	if (p->table_count == 0) {
		import_remark(p->im, IMPORT_DIFFERS, NULL,
		    "Postfix has no smtpd_sender_login_maps: a login may use "
		    "its own address, and needs a row in rights.tables for any "
		    "other one.");
		return;
	}
	if (import_quote_list(p->im, p->tables, p->table_count, &quoted))
		import_set(p->im, "rights.tables", quoted, &p->tables_at,
		    "smtpd_sender_login_maps, as they are. Postfix takes the "
		    "first table that has an address; here each is asked, and "
		    "all logins that they name may use it.");
	for (size_t i = 0; i < p->table_count; i++) {
		struct slice name = p->tables[i];

		name = slice_from(name, slice_find_last(name, ':') + 1);
		if (!slice_starts(name, SLICE("/")) &&
		    (slice_has_text_nocase(p->tables[i], SLICE("ldap:")) ||
			slice_has_text_nocase(p->tables[i], SLICE("sql:"))))
			import_remark(p->im, IMPORT_UNKNOWN, &p->tables_at,
			    "the parameters of a table stand in main.cf "
			    "itself: put them into a file, and name that");
	}
}

static void
tell_of_local_mail(struct postfix_import *p)
{
	struct import_place place = place_of(p, NULL, "non_smtpd_milters");

	if (place.line != 0)
		import_remark(p->im, IMPORT_DIFFERS, &place,
		    "non_smtpd_milters: mail of sendmail(1) goes on through "
		    "the milters that it names. docs/postfix.md, \"cron and "
		    "sendmail(1)\", has the way through submilter.");
}

int
import_postfix(struct import *im, const char *directory, struct err *err)
{
	struct postfix_import p = { .im = im };

	if (postfix_read(directory, im->mem, &p.postfix, err) != 0)
		return -1;
	im->was_mta = true;
	for (size_t i = 0; i < p.postfix.service_count; i++) {
		if (is_submission(&p.postfix, &p.postfix.services[i]))
			take_service(&p, &p.postfix.services[i]);
	}
	if (!p.has_submission) {
		import_remark(im, IMPORT_DIFFERS, NULL,
		    "master.cf has no service submission (port 587 or 465): "
		    "submilter is attached to one, because it refuses mail "
		    "without a login.");
		take_login_maps(&p, NULL);
		take_networks(&p, NULL);
	} else {
		import_command(im, "systemctl reload postfix");
		import_way_back(im, "systemctl reload postfix");
	}
	set_tables(&p);
	take_domain(&p);
	take_delimiter(&p);
	tell_of_local_mail(&p);
	account_for_lines(&p);
	return 0;
}
