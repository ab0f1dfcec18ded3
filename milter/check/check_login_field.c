/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether Postfix writes the field of the method login-field, and who sees it. */
#include <sys/stat.h>

#include "check_postfix_priv.h"
#include "identity/identity.h"

/* What is known of the rows that write the field for a service. */
struct field_search {
	struct postfix_check *p;
	const struct postfix_service *service;
	const char *option; /* the list that is looked through */
	struct login_field field;
	bool is_written;
	bool is_unsure;	 /* a table that cannot be read may write it */
	bool is_by_cert; /* by check_ccert_access */
	bool reads_certificates;
};

/* "PREPEND NAME: VALUE"; the value. */
static bool
row_writes(const struct login_field *field, struct slice action,
    struct slice *ret_value)
{
	struct slice text;
	size_t colon;

	if (!slice_starts_nocase(action, SLICE("PREPEND")) || action.len < 8 ||
	    !char_is_wsp(action.data[7]))
		return false;
	text = slice_trim(slice_from(action, 7));
	colon = slice_find(text, ':');
	*ret_value = slice_from(text, colon + 1);
	return slice_eq_nocase(
	    slice_trim(slice_sub(text, 0, colon)), field->name);
}

/* Where a row stands: "TABLE, line 3". */
static const char *
row_place(const struct field_search *search, struct slice table,
    const struct postfix_row *row)
{
	struct arena *mem = search->p->c->found->mem;

	/* An inline table may have the secret. */
	table = slice_sub(table, 0, slice_find(table, '{'));
	return row->line == 0 ?
	    escape(mem, table, 120) :
	    slice_format(mem, "%s, line %u", escape(mem, table, 120), row->line)
		.data;
}

/* Secrets in it are for Postfix, which opens its tables as root. */
static void
check_readers(const struct field_search *search, struct slice table)
{
	static const char *const kinds[] = { "", ".db", ".lmdb", ".cdb", ".pag",
		NULL };
	struct findings *found = search->p->c->found;
	struct slice path;
	struct stat status;
	const char *file;

	while (slice_starts(table, SLICE("proxy:")) ||
	    slice_starts(table, SLICE("debug:")))
		table = slice_from(table, 6);
	path = slice_from(table, slice_find(table, ':') + 1);
	if (slice_has(table, '{') || slice_starts(table, SLICE("static:")))
		path = slice_format(
		    found->mem, "%s/main.cf", search->p->postfix->directory);
	for (const char *const *kind = kinds; *kind != NULL; kind++) {
		file =
		    slice_format(found->mem, "%.*s%s", SLICE_ARGS(path), *kind)
			.data;
		if (stat(file, &status) != 0 || (status.st_mode & 04) == 0)
			continue;
		finding_add(found, FINDING_WARNING,
		    slice_has(table, '{') ?
			"a table in a file of its own, with mode 600" :
			shell_command(found->mem, "chmod 600", file),
		    "%s: every user of this host can read in %s the secret of "
		    "%.*s, and send under any login",
		    postfix_called(search->p, search->service), file,
		    SLICE_ARGS(search->field.name));
		return;
	}
}

/* Whether a list comes too early or too late for PREPEND; NULL: it does not. */
static const char *
list_fault(const struct field_search *search)
{
	struct slice option = slice_of(search->option);

	if (slice_eq(option, SLICE("smtpd_end_of_data_restrictions")))
		return "come after the header was written";
	if ((slice_eq(option, SLICE("smtpd_client_restrictions")) ||
		slice_eq(option, SLICE("smtpd_helo_restrictions"))) &&
	    slice_eq_nocase(postfix_seen(search->p, search->service,
				"smtpd_delay_reject", "yes"),
		SLICE("no")))
		return "come before MAIL, because smtpd_delay_reject is no";
	return NULL;
}

static void
check_row(struct field_search *search, struct slice table,
    const struct postfix_row *row, struct slice value)
{
	struct findings *found = search->p->c->found;
	const char *name = postfix_called(search->p, search->service);
	const char *fault = list_fault(search);
	struct slice rest;

	if (fault != NULL)
		finding_add(found, FINDING_ERROR,
		    "check_ccert_access in smtpd_data_restrictions",
		    "%s: %s %s, and write no %.*s", name, search->option, fault,
		    SLICE_ARGS(search->field.name));
	if (search->field.secret_count != 0 &&
	    !login_field_read(&search->field, value, &rest))
		finding_add(found, FINDING_ERROR,
		    slice_format(found->mem,
			"PREPEND %.*s: SECRET LOGIN, with the secret in %s",
			SLICE_ARGS(search->field.name),
			escape(found->mem,
			    search->p->c->config->identify.login_secret, 256))
			.data,
		    "%s: no client will have a login by login-field, because "
		    "%s has another secret than identify.login-secret",
		    name, row_place(search, table, row));
}

/* The first row that writes it is looked at; others were made with it. */
static void
look_at_table(void *arg, struct slice restriction, struct slice table)
{
	struct field_search *search = arg;
	bool is_by_cert =
	    slice_eq_nocase(restriction, SLICE("check_ccert_access"));
	struct postfix_row *rows;
	size_t count;
	struct slice value;

	search->reads_certificates = search->reads_certificates || is_by_cert;
	if (!postfix_table_rows(
		table, search->p->c->found->mem, &rows, &count)) {
		search->is_unsure = true;
		return;
	}
	for (size_t i = 0; i < count; i++) {
		if (!row_writes(&search->field, rows[i].value, &value))
			continue;
		search->is_written = true;
		search->is_by_cert = search->is_by_cert || is_by_cert;
		check_row(search, table, &rows[i], value);
		check_readers(search, table);
		return;
	}
}

/* What the fingerprint of a certificate is made with. */
static bool
digest_is_weak(const struct field_search *search, struct slice *ret_digest)
{
	struct slice digest = postfix_seen(
	    search->p, search->service, "smtpd_tls_fingerprint_digest", "");
	struct slice level = postfix_seen(
	    search->p, search->service, "compatibility_level", "0");
	struct slice minor = slice_from(level, slice_find(level, '.') + 1);
	unsigned long major_number = 0, minor_number = 0;

	(void)!slice_number(
	    slice_sub(level, 0, slice_find(level, '.')), 999, &major_number);
	(void)!slice_number(
	    slice_sub(minor, 0, slice_find(minor, '.')), 999, &minor_number);
	/* Its default since 3.6. */
	if (digest.len == 0 && major_number * 1000 + minor_number >= 3006)
		return false;
	*ret_digest = digest.len == 0 ? SLICE("md5") : digest;
	return slice_eq_nocase(*ret_digest, SLICE("md5")) ||
	    slice_eq_nocase(*ret_digest, SLICE("sha1"));
}

/* What a fingerprint needs, where one may write the field. */
static void
check_asking(const struct field_search *search)
{
	struct postfix_check *p = search->p;
	const struct postfix_service *service = search->service;
	const char *name = postfix_called(p, service);
	struct slice digest;

	if (!postfix_asks_certificates(p, service))
		finding_add(p->c->found, FINDING_WARNING,
		    postfix_set(p, service, "smtpd_tls_ask_ccert", "yes"),
		    "%s: no certificate will prove a login (login-field), "
		    "because smtpd_tls_ask_ccert is no",
		    name);
	if (digest_is_weak(search, &digest))
		finding_add(p->c->found, FINDING_ERROR,
		    postfix_set_there(
			p, service, "smtpd_tls_fingerprint_digest", "sha256"),
		    "%s: smtpd_tls_fingerprint_digest is %s, and two "
		    "certificates can have one such fingerprint",
		    name, postfix_shown(p, digest));
}

void
check_postfix_login_field(
    struct postfix_check *p, const struct postfix_service *service)
{
	const struct config *config = p->c->config;
	struct field_search search = { .p = p,
		.service = service,
		.field = { .name = config->identify.login_field } };
	struct slice text;
	struct err err;

	if (!postfix_method_is_asked(p, service, SLICE("login-field")) ||
	    search.field.name.len == 0 ||
	    (!postfix_is_submission(service) && !postfix_has_sasl(p, service)))
		return;
	/* Who may read it, and what is wrong with it, is found elsewhere. */
	if (text_file_read(
		slice_cstr(p->c->found->mem, config->identify.login_secret),
		p->c->found->mem, &text, &err) == 0)
		(void)!login_field_take(
		    &search.field, text, p->c->found->mem, &err);
	for (const char *const *option = postfix_restrictions; *option != NULL;
	     option++) {
		search.option = *option;
		postfix_each_table(p, service, *option, look_at_table, &search);
	}
	if (!search.is_written && !search.is_unsure)
		finding_add(p->c->found, FINDING_WARNING,
		    "smtpd_data_restrictions = check_ccert_access "
		    "regexp:/etc/postfix/submilter_certs, see CERTIFICATES in "
		    "submilter(8)",
		    "%s: no client will have a login by login-field, because "
		    "no table of its restrictions says PREPEND %.*s",
		    postfix_called(p, service), SLICE_ARGS(search.field.name));
	if (search.is_by_cert ||
	    (search.reads_certificates && search.is_unsure))
		check_asking(&search);
}
