/* SPDX-License-Identifier: BSD-2-Clause */
/* Connections to a server of LDAP: options, TLS, bind. */
#include <sasl/sasl.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/file.h"
#include "ldap_priv.h"

/*
 * libldap has it, and no header of the Debian package: a handle for a connection
 * that was made elsewhere.
 */
int ldap_init_fd(ber_socket_t fd, int proto, const char *url, LDAP **ret_ld);
enum { PROTO_EXT = 4 }; /* with a layer of the caller's for what is sent */

/* What the system trusts, where the file names no CA. */
static const char system_cas[] = "/etc/ssl/certs/ca-certificates.crt";

struct timeval
ldap_link_time_left(const struct ldap_link *link)
{
	uint64_t now = clock_monotonic_us();
	uint64_t left = link->deadline_us > now ? link->deadline_us - now : 1;

	return (struct timeval){ .tv_sec = (time_t)(left / 1000000),
		.tv_usec = (suseconds_t)(left % 1000000) };
}

void
ldap_link_allow(
    struct ldap_link *link, const struct ldap_table *table, uint64_t until_us)
{
	uint64_t limit = clock_monotonic_us() + table->timeout * 1000000ULL;

	link->deadline_us = until_us < limit ? until_us : limit;
	link->is_late = link->is_full = false;
	if (link->ld != NULL && table->chase_referrals) {
		const struct timeval left = ldap_link_time_left(link);

		(void)ldap_set_option(
		    link->ld, LDAP_OPT_NETWORK_TIMEOUT, &left);
	}
}

void
ldap_link_explain(
    struct ldap_link *link, int code, const char *what, struct err *err)
{
	CLEANUP(arena_done) struct arena mem;
	char *added = NULL;

	arena_init(&mem);
	if (link->is_full || link->is_late || code == LDAP_TIMEOUT) {
		err_set(err, ERR_TEMP, "%s: %s", what,
		    link->is_full ? "the server's answer is too long" :
				    "no answer within the time");
		return;
	}
	(void)ldap_get_option(link->ld, LDAP_OPT_DIAGNOSTIC_MESSAGE, &added);
	err_set(err, ERR_TEMP, "%s: %s%s%s", what, ldap_err2string(code),
	    added == NULL || *added == '\0' ? "" : ": ",
	    added == NULL ? "" : escape(&mem, slice_of(added), 200));
	ldap_memfree(added);
}

int
ldap_link_wait(struct ldap_link *link, int request, LDAPMessage **ret_answer)
{
	struct timeval left = ldap_link_time_left(link);
	LDAPMessage *answer = NULL;
	int got = ldap_result(link->ld, request, LDAP_MSG_ALL, &left, &answer);
	int code = LDAP_TIMEOUT, status;

	link->is_late = link->is_late || got == 0;
	if (got < 0)
		(void)ldap_get_option(link->ld, LDAP_OPT_RESULT_CODE, &code);
	if (got <= 0)
		return code == LDAP_SUCCESS ? LDAP_SERVER_DOWN : code;
	status = ldap_parse_result(
	    link->ld, answer, &code, NULL, NULL, NULL, NULL, 0);
	if (ret_answer == NULL || status != LDAP_SUCCESS)
		(void)ldap_msgfree(answer);
	else
		*ret_answer = answer;
	return status == LDAP_SUCCESS ? code : status;
}

/*
 * At the server that a referral names we are nobody. libldap does the same by
 * itself, but then it waits without an end.
 */
static int
link_bind_again(
    LDAP *ld, const char *url, ber_tag_t request, ber_int_t id, void *link)
{
	struct berval password = { .bv_len = 0 };
	int code, own;

	(void)url;
	(void)request;
	(void)id;
	code = ldap_sasl_bind(
	    ld, "", LDAP_SASL_SIMPLE, &password, NULL, NULL, &own);
	return code == LDAP_SUCCESS ? ldap_link_wait(link, own, NULL) : code;
}

/* An option that is a text, or its absence. */
static int
link_set_text(LDAP *ld, int option, struct slice text)
{
	return ldap_set_option(
	    ld, option, text.len == 0 ? NULL : (const void *)text.data);
}

/* All that ldap.conf could say otherwise: it takes no part. */
static int
link_set_options(struct ldap_link *link, const struct ldap_table *table)
{
	const struct timeval left = ldap_link_time_left(link);
	const int version = (int)table->version, none = LDAP_NO_LIMIT,
		  deref = (int)table->dereference;
	const int size = table->size_limit == 0 ? none : (int)table->size_limit;
	bool is_set = ldap_set_option(
			  link->ld, LDAP_OPT_PROTOCOL_VERSION, &version) == 0 &&
	    ldap_set_option(link->ld, LDAP_OPT_SIZELIMIT, &size) == 0 &&
	    ldap_set_option(link->ld, LDAP_OPT_TIMELIMIT, &none) == 0 &&
	    ldap_set_option(link->ld, LDAP_OPT_DEREF, &deref) == 0 &&
	    ldap_set_option(link->ld, LDAP_OPT_TIMEOUT, &left) == 0 &&
	    ldap_set_option(link->ld, LDAP_OPT_REFERRALS,
		table->chase_referrals ? LDAP_OPT_ON : LDAP_OPT_OFF) == 0;

	if (!is_set || !table->chase_referrals)
		return is_set ? 0 : -1;
	return ldap_layer_follow(link) == 0 &&
		ldap_set_rebind_proc(link->ld, link_bind_again, link) == 0 &&
		ldap_set_option(link->ld, LDAP_OPT_NETWORK_TIMEOUT, &left) ==
		    0 ?
	    0 :
	    -1;
}

static int
link_set_tls(
    struct ldap_link *link, const struct ldap_table *table, struct err *err)
{
	const int demand = table->tls_require_cert ? LDAP_OPT_X_TLS_DEMAND :
						     LDAP_OPT_X_TLS_NEVER;
	const int client = 0, any_version = 0, any_name = LDAP_OPT_X_TLS_ALLOW;
	const int no_crl = LDAP_OPT_X_TLS_CRL_NONE;
	struct slice ca = table->tls_ca_cert_file;
	LDAP *ld = link->ld;

	if (table->tls_require_cert && ca.len == 0 &&
	    table->tls_ca_cert_dir.len == 0)
		ca = slice_of(system_cas);
	if (link_set_text(ld, LDAP_OPT_X_TLS_CACERTFILE, ca) != 0 ||
	    link_set_text(
		ld, LDAP_OPT_X_TLS_CACERTDIR, table->tls_ca_cert_dir) != 0 ||
	    link_set_text(ld, LDAP_OPT_X_TLS_CERTFILE, table->tls_cert) != 0 ||
	    link_set_text(ld, LDAP_OPT_X_TLS_KEYFILE, table->tls_key) != 0 ||
	    link_set_text(ld, LDAP_OPT_X_TLS_CIPHER_SUITE,
		table->tls_cipher_suite) != 0 ||
	    ldap_set_option(ld, LDAP_OPT_X_TLS_REQUIRE_CERT, &demand) != 0)
		return err_set(err, ERR_TEMP, "TLS: libldap refuses an option");
	/* A library that has no use for these refuses them. */
	(void)ldap_set_option(ld, LDAP_OPT_X_TLS_CRLCHECK, &no_crl);
	(void)ldap_set_option(ld, LDAP_OPT_X_TLS_CRLFILE, NULL);
	(void)ldap_set_option(ld, LDAP_OPT_X_TLS_PROTOCOL_MIN, &any_version);
	(void)ldap_set_option(ld, LDAP_OPT_X_TLS_REQUIRE_SAN, &any_name);
	(void)link_set_text(
	    ld, LDAP_OPT_X_TLS_RANDOM_FILE, table->tls_random_file);
	if (ldap_set_option(ld, LDAP_OPT_X_TLS_NEWCTX, &client) == 0)
		return 0;
	/* The library does not say which file it cannot read. */
	if (file_check_readable("TLS: tls_ca_cert_file", ca, err) != 0 ||
	    file_check_readable(
		"TLS: tls_ca_cert_dir", table->tls_ca_cert_dir, err) != 0 ||
	    file_check_readable("TLS: tls_cert", table->tls_cert, err) != 0 ||
	    file_check_readable("TLS: tls_key", table->tls_key, err) != 0)
		return -1;
	return err_set(err, ERR_TEMP,
	    "TLS: one of these cannot be used: tls_ca_cert_file, "
	    "tls_ca_cert_dir, tls_cert, tls_key, tls_cipher_suite");
}

static int
link_start_tls(struct ldap_link *link, const struct ldap_table *table,
    const struct server_host *host, struct err *err)
{
	bool is_ldaps = slice_eq_nocase(host->scheme, SLICE("ldaps"));
	int code;

	if (!is_ldaps && !table->start_tls)
		return 0;
	if (link_set_tls(link, table, err) != 0)
		return -1;
	code = is_ldaps ? ldap_install_tls(link->ld) :
			  ldap_start_tls_s(link->ld, NULL, NULL);
	if (code == LDAP_SUCCESS)
		return 0;
	ldap_link_explain(link, code, "TLS", err);
	if (code == LDAP_CONNECT_ERROR && !link->is_late)
		err_set(err, ERR_TEMP, "TLS: %s",
		    table->tls_require_cert ?
			"the handshake failed, or the server's certificate is "
			"not for this name, or not of a CA that is trusted" :
			"the handshake failed");
	return -1;
}

/* What libsasl asks for. */
static int
link_interact(LDAP *ld, unsigned int flags, void *settings, void *questions)
{
	const struct ldap_table *table = settings;

	(void)ld;
	(void)flags;
	for (sasl_interact_t *q = questions; q->id != SASL_CB_LIST_END; q++) {
		struct slice text = { NULL, 0 };

		if (q->id == SASL_CB_GETREALM)
			text = table->sasl_realm;
		else if (q->id == SASL_CB_AUTHNAME)
			text = table->bind_dn;
		else if (q->id == SASL_CB_USER)
			text = table->sasl_authz_id;
		else if (q->id == SASL_CB_PASS)
			text = table->bind_pw;
		q->result = text.data == NULL ? "" : text.data;
		q->len = (unsigned int)text.len;
	}
	return LDAP_SUCCESS;
}

/* As many requests and answers as the mechanism takes. */
static int
link_bind_sasl(struct ldap_link *link, struct ldap_table *table)
{
	LDAPMessage *answer = NULL;
	const char *mechanism = NULL;
	char properties[64];
	int code, got, request = 0;

	(void)snprintf(properties, sizeof(properties),
	    "noanonymous,noplain,minssf=%u", table->sasl_minssf);
	code = ldap_set_option(link->ld, LDAP_OPT_X_SASL_SECPROPS, properties);
	/* The name of the host is not looked for in DNS, which may be slow. */
	if (code == LDAP_SUCCESS)
		code = ldap_set_option(
		    link->ld, LDAP_OPT_X_SASL_NOCANON, LDAP_OPT_ON);
	while (code == LDAP_SUCCESS || code == LDAP_SASL_BIND_IN_PROGRESS) {
		struct timeval left = ldap_link_time_left(link);

		code = ldap_sasl_interactive_bind(link->ld, NULL,
		    table->sasl_mechs.data, NULL, NULL, LDAP_SASL_QUIET,
		    link_interact, table, answer, &mechanism, &request);
		(void)ldap_msgfree(answer);
		answer = NULL;
		if (code != LDAP_SASL_BIND_IN_PROGRESS)
			return code;
		got = ldap_result(
		    link->ld, request, LDAP_MSG_ALL, &left, &answer);
		if (got <= 0)
			return got == 0 ? LDAP_TIMEOUT : LDAP_SERVER_DOWN;
	}
	return code;
}

static int
link_bind(struct ldap_link *link, struct ldap_table *table, struct err *err)
{
	CLEANUP(arena_done) struct arena mem;
	struct berval password = { .bv_len = table->bind_pw.len };
	int code, request;

	arena_init(&mem);
	if (table->how_to_bind == LDAP_BIND_NONE)
		return 0;
	password.bv_val = slice_cstr(&mem, table->bind_pw);
	if (table->how_to_bind == LDAP_BIND_SASL) {
		code = link_bind_sasl(link, table);
	} else {
		code = ldap_sasl_bind(link->ld, table->bind_dn.data,
		    LDAP_SASL_SIMPLE, &password, NULL, NULL, &request);
		if (code == LDAP_SUCCESS)
			code = ldap_link_wait(link, request, NULL);
	}
	if (code == LDAP_SUCCESS)
		return 0;
	ldap_link_explain(link, code,
	    table->how_to_bind == LDAP_BIND_SASL ?
		"bind by SASL" :
		slice_format(
		    &mem, "bind as \"%s\"", escape(&mem, table->bind_dn, 200))
		    .data,
	    err);
	return -1;
}

/* How libldap is told of the host: for its name in a certificate. */
static const char *
link_url(const struct server_host *host, struct arena *mem)
{
	bool is_ipv6 = slice_has(host->name, ':');
	struct strbuf url;

	strbuf_init(&url, mem);
	if (host->kind == HOST_UNIX) {
		strbuf_add_cstr(&url, "ldapi://");
		for (size_t i = 0; i < host->name.len; i++)
			strbuf_addf(&url, "%%%02X",
			    (unsigned int)(unsigned char)host->name.data[i]);
		return url.data;
	}
	strbuf_addf(&url, "%s://%s",
	    slice_eq_nocase(host->scheme, SLICE("ldaps")) ? "ldaps" : "ldap",
	    is_ipv6 ? "[" : "");
	strbuf_add(&url, host->name);
	strbuf_addf(&url, "%s:%u", is_ipv6 ? "]" : "", host->port);
	return url.data;
}

static int
link_begin(struct ldap_link *link, struct ldap_table *table,
    const struct server_host *host, struct err *err)
{
	CLEANUP(arena_done) struct arena mem;
	Sockbuf *sockbuf = NULL;
	int code;

	arena_init(&mem);
	code = ldap_init_fd(
	    link->stream.fd, PROTO_EXT, link_url(host, &mem), &link->ld);
	if (code != LDAP_SUCCESS) {
		link->ld = NULL;
		return err_set(
		    err, ERR_TEMP, "libldap: %s", ldap_err2string(code));
	}
	if (ldap_get_option(link->ld, LDAP_OPT_SOCKBUF, &sockbuf) != 0 ||
	    ldap_layer_add(link, sockbuf) != 0 ||
	    link_set_options(link, table) != 0)
		return err_set(err, ERR_TEMP, "libldap refuses an option");
	if (link_start_tls(link, table, host, err) != 0)
		return -1;
	return link_bind(link, table, err);
}

int
ldap_link_open(void *settings, const struct server_host *host,
    uint64_t deadline_us, void **ret_connection, struct err *err)
{
	struct ldap_table *table = settings;
	struct ldap_link *link = calloc(1, sizeof(*link));

	ENSURE(link != NULL);
	link->bytes_left = LDAP_MAX_ANSWER_BYTES;
	ldap_link_allow(link, table, deadline_us);
	if (stream_open(host, link->deadline_us, &link->stream, err) != 0) {
		free(link);
		return -1;
	}
	if (link_begin(link, table, host, err) != 0) {
		ldap_link_close(link);
		return -1;
	}
	*ret_connection = link;
	return 0;
}

bool
ldap_link_is_quiet(void *connection)
{
	const struct ldap_link *link = connection;

	return stream_is_quiet(&link->stream);
}

void
ldap_link_close(void *connection)
{
	struct ldap_link *link = connection;

	/* The server is told without waiting for it. */
	link->deadline_us = 0;
	if (link->ld != NULL)
		(void)ldap_unbind_ext(link->ld, NULL, NULL);
	stream_close(&link->stream);
	free(link);
}
