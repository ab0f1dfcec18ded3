/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TLS on a stream. OpenSSL reads and writes memory only; the socket, and the
 * wait for it, stay in stream.c.
 */
#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "stream_priv.h"

struct stream_tls {
	SSL_CTX *context;
	SSL *ssl;
	BIO *in;  /* what the server has sent */
	BIO *out; /* what is to be sent to it; both belong to ssl */
};

static int
tls_fault(const struct stream_tls *tls, const char *what, struct err *err)
{
	bool is_verified = tls->ssl != NULL &&
	    SSL_get_verify_mode(tls->ssl) != SSL_VERIFY_NONE;
	long verdict =
	    is_verified ? SSL_get_verify_result(tls->ssl) : X509_V_OK;
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

void
stream_tls_free(struct stream_tls *tls)
{
	if (tls == NULL)
		return;
	SSL_free(tls->ssl);
	SSL_CTX_free(tls->context);
	free(tls);
}

static int
tls_load_files(const struct stream_tls *tls,
    const struct stream_tls_settings *settings, struct err *err)
{
	CLEANUP(arena_done) struct arena mem;
	SSL_CTX *context = tls->context;
	struct slice key = settings->key_file.len > 0 ?
	    settings->key_file :
	    settings->certificate_file;

	arena_init(&mem);
	if (settings->ca_file.len == 0 && settings->ca_path.len == 0 &&
	    SSL_CTX_set_default_verify_paths(context) != 1)
		return tls_fault(tls, "the CAs of the system", err);
	if (settings->ca_file.len > 0 &&
	    SSL_CTX_load_verify_file(
		context, slice_cstr(&mem, settings->ca_file)) != 1)
		return tls_fault(
		    tls, escape(&mem, settings->ca_file, 200), err);
	if (settings->ca_path.len > 0 &&
	    SSL_CTX_load_verify_dir(
		context, slice_cstr(&mem, settings->ca_path)) != 1)
		return tls_fault(
		    tls, escape(&mem, settings->ca_path, 200), err);
	if (settings->certificate_file.len == 0)
		return 0;
	if (SSL_CTX_use_certificate_chain_file(
		context, slice_cstr(&mem, settings->certificate_file)) != 1)
		return tls_fault(
		    tls, escape(&mem, settings->certificate_file, 200), err);
	if (SSL_CTX_use_PrivateKey_file(
		context, slice_cstr(&mem, key), SSL_FILETYPE_PEM) != 1)
		return tls_fault(tls, escape(&mem, key, 200), err);
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
tls_set_name(struct stream_tls *tls, struct slice name, struct err *err)
{
	X509_VERIFY_PARAM *parameters = SSL_get0_param(tls->ssl);
	CLEANUP(arena_done) struct arena mem;
	char *text;

	arena_init(&mem);
	text = slice_cstr(&mem, name);
	if (X509_VERIFY_PARAM_set1_ip_asc(parameters, text) == 1)
		return 0;
	ERR_clear_error();
	if (SSL_set1_host(tls->ssl, text) != 1 ||
	    SSL_set_tlsext_host_name(tls->ssl, text) != 1)
		return tls_fault(tls, "the name of the server", err);
	return 0;
}

static int
tls_prepare(struct stream_tls *tls, const struct stream_tls_settings *settings,
    struct slice name, struct err *err)
{
	ERR_clear_error();
	tls->context = SSL_CTX_new(TLS_client_method());
	ENSURE(tls->context != NULL);
	ENSURE(
	    SSL_CTX_set_min_proto_version(tls->context, TLS1_2_VERSION) == 1);
	SSL_CTX_set_default_passwd_cb(tls->context, tls_no_password);
	SSL_CTX_set_verify(tls->context,
	    settings->is_unverified ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
	if (tls_load_files(tls, settings, err) != 0)
		return -1;
	tls->ssl = SSL_new(tls->context);
	tls->in = BIO_new(BIO_s_mem());
	tls->out = BIO_new(BIO_s_mem());
	ENSURE(tls->ssl != NULL && tls->in != NULL && tls->out != NULL);
	SSL_set_bio(tls->ssl, tls->in, tls->out);
	SSL_set_connect_state(tls->ssl);
	return tls_set_name(tls, name, err);
}

/* Sends what OpenSSL has written. */
static int
tls_flush(struct stream *stream, uint64_t deadline_us, struct err *err)
{
	char octets[4096];
	int len;

	while ((len = BIO_read(stream->tls->out, octets, sizeof(octets))) > 0) {
		struct slice text = { octets, (size_t)len };

		if (stream_send(stream, text, deadline_us, err) != 0)
			return -1;
	}
	return 0;
}

/* What becomes of the connection before it speaks TLS may be why it does not. */
static int
tls_lost(const struct stream_tls *tls, struct err *err)
{
	return SSL_is_init_finished(tls->ssl) ?
	    -1 :
	    err_wrap(err, "TLS: in the handshake");
}

/*
 * After an operation of OpenSSL that returned result: 1 it is done; 0 it is to be
 * tried again; -1 (ERR_TEMP).
 */
static int
tls_go_on(
    struct stream *stream, int result, uint64_t deadline_us, struct err *err)
{
	struct stream_tls *tls = stream->tls;
	char octets[4096];
	size_t len;
	int why = result > 0 ? SSL_ERROR_NONE : SSL_get_error(tls->ssl, result);

	if (why == SSL_ERROR_ZERO_RETURN)
		return err_set(
		    err, ERR_TEMP, "the server closed the connection");
	/* An alert of ours is sent, too. */
	if (tls_flush(stream, deadline_us, err) != 0)
		return tls_lost(tls, err);
	if (why == SSL_ERROR_NONE)
		return 1;
	if (why != SSL_ERROR_WANT_READ)
		return tls_fault(tls, "the server does not speak it", err);
	/* What arrives all the time may be nothing that counts. */
	if (clock_monotonic_us() >= deadline_us)
		return err_set(err, ERR_TEMP, "no answer within the time");
	if (stream_receive(
		stream, octets, sizeof(octets), deadline_us, &len, err) != 0)
		return tls_lost(tls, err);
	ENSURE(BIO_write(tls->in, octets, (int)len) == (int)len);
	return 0;
}

int
stream_start_tls(struct stream *stream,
    const struct stream_tls_settings *settings, struct slice name,
    uint64_t deadline_us, struct err *err)
{
	int status = 0;

	stream->tls = calloc(1, sizeof(*stream->tls));
	ENSURE(stream->tls != NULL);
	if (tls_prepare(stream->tls, settings, name, err) != 0)
		return -1;
	while (status == 0) {
		ERR_clear_error();
		status = tls_go_on(stream, SSL_do_handshake(stream->tls->ssl),
		    deadline_us, err);
	}
	return status < 0 ? -1 : 0;
}

int
stream_tls_write(struct stream *stream, struct slice text, uint64_t deadline_us,
    struct err *err)
{
	int status = text.len == 0;
	size_t len;

	while (status == 0) {
		ERR_clear_error();
		status = tls_go_on(stream,
		    SSL_write_ex(stream->tls->ssl, text.data, text.len, &len),
		    deadline_us, err);
	}
	return status < 0 ? -1 : 0;
}

int
stream_tls_read(struct stream *stream, char *data, size_t size,
    uint64_t deadline_us, size_t *ret_len, struct err *err)
{
	int status = 0;

	while (status == 0) {
		ERR_clear_error();
		status = tls_go_on(stream,
		    SSL_read_ex(stream->tls->ssl, data, size, ret_len),
		    deadline_us, err);
	}
	return status < 0 ? -1 : 0;
}

bool
stream_tls_is_quiet(const struct stream *stream)
{
	char octets[4096], octet;
	struct err err;
	size_t len;
	int result;

	if (stream_receive(stream, octets, sizeof(octets), clock_monotonic_us(),
		&len, &err) != 0)
		return false;
	ENSURE(BIO_write(stream->tls->in, octets, (int)len) == (int)len);
	ERR_clear_error();
	result = SSL_peek(stream->tls->ssl, &octet, 1);
	return result <= 0 &&
	    SSL_get_error(stream->tls->ssl, result) == SSL_ERROR_WANT_READ;
}
