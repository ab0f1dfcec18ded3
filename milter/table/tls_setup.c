/* SPDX-License-Identifier: BSD-2-Clause */
/* TLS before its handshake: files of certificates, the server's name, versions. */
#include "table/tls_setup.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <string.h>

int
tls_fault(const struct tls_setup *setup, const char *what, struct err *err)
{
	bool is_verified = setup->ssl != NULL &&
	    SSL_get_verify_mode(setup->ssl) != SSL_VERIFY_NONE;
	long verdict =
	    is_verified ? SSL_get_verify_result(setup->ssl) : X509_V_OK;
	unsigned long code = ERR_get_error();
	const char *reason = NULL;

	if (verdict != X509_V_OK)
		return err_set(err, ERR_TEMP, "TLS: the certificate: %s",
		    X509_verify_cert_error_string(verdict));
	if (code != 0 && ERR_SYSTEM_ERROR(code))
		reason = strerror(ERR_GET_REASON(code));
	else if (code != 0)
		reason = ERR_reason_error_string(code);
	return err_set(err, ERR_TEMP, "TLS: %s%s%s", what,
	    reason == NULL ? "" : ": ", reason == NULL ? "" : reason);
}

static int
tls_load_files(const struct tls_setup *setup,
    const struct stream_tls_settings *settings, struct err *err)
{
	CLEANUP(arena_done) struct arena mem;
	SSL_CTX *context = setup->context;
	struct slice key = settings->key_file.len > 0 ?
	    settings->key_file :
	    settings->certificate_file;

	arena_init(&mem);
	if (settings->ca_file.len == 0 && settings->ca_path.len == 0 &&
	    SSL_CTX_set_default_verify_paths(context) != 1)
		return tls_fault(setup, "the CAs of the system", err);
	if (settings->ca_file.len > 0 &&
	    SSL_CTX_load_verify_file(
		context, slice_cstr(&mem, settings->ca_file)) != 1)
		return tls_fault(
		    setup, escape(&mem, settings->ca_file, 200), err);
	if (settings->ca_path.len > 0 &&
	    SSL_CTX_load_verify_dir(
		context, slice_cstr(&mem, settings->ca_path)) != 1)
		return tls_fault(
		    setup, escape(&mem, settings->ca_path, 200), err);
	if (settings->certificate_file.len == 0)
		return 0;
	if (SSL_CTX_use_certificate_chain_file(
		context, slice_cstr(&mem, settings->certificate_file)) != 1)
		return tls_fault(
		    setup, escape(&mem, settings->certificate_file, 200), err);
	if (SSL_CTX_use_PrivateKey_file(
		context, slice_cstr(&mem, key), SSL_FILETYPE_PEM) != 1)
		return tls_fault(setup, escape(&mem, key, 200), err);
	return 0;
}

/* An encrypted key asks nobody for its password. */
static int
tls_no_password(char *buffer, int size, int is_written, void *arg)
{
	(void)buffer;
	(void)size;
	(void)is_written;
	(void)arg;
	return -1;
}

static int
tls_set_name(const struct tls_setup *setup, struct slice name, struct err *err)
{
	X509_VERIFY_PARAM *parameters = SSL_get0_param(setup->ssl);
	CLEANUP(arena_done) struct arena mem;
	char *text;

	arena_init(&mem);
	text = slice_cstr(&mem, name);
	if (X509_VERIFY_PARAM_set1_ip_asc(parameters, text) == 1)
		return 0;
	ERR_clear_error();
	if (SSL_set1_host(setup->ssl, text) != 1 ||
	    SSL_set_tlsext_host_name(setup->ssl, text) != 1)
		return tls_fault(setup, "the name of the server", err);
	return 0;
}

int
tls_setup_init(const struct stream_tls_settings *settings, enum tls_kind kind,
    struct slice name, struct tls_setup *ret_setup, struct err *err)
{
	bool is_stream = kind == TLS_OVER_STREAM;
	SSL_CTX *context;

	ERR_clear_error();
	context =
	    SSL_CTX_new(is_stream ? TLS_client_method() : DTLS_client_method());
	*ret_setup = (struct tls_setup){ .context = context };
	ENSURE(context != NULL);
	ENSURE(SSL_CTX_set_min_proto_version(
		   context, is_stream ? TLS1_2_VERSION : DTLS1_2_VERSION) == 1);
	SSL_CTX_set_default_passwd_cb(context, tls_no_password);
	SSL_CTX_set_verify(context,
	    settings->is_unverified ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
	if (tls_load_files(ret_setup, settings, err) != 0)
		return -1;
	ret_setup->ssl = SSL_new(context);
	ENSURE(ret_setup->ssl != NULL);
	SSL_set_connect_state(ret_setup->ssl);
	return tls_set_name(ret_setup, name, err);
}

void
tls_setup_done(struct tls_setup *setup)
{
	SSL_free(setup->ssl);
	SSL_CTX_free(setup->context);
}
