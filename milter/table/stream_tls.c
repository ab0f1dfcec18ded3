/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TLS on a stream. OpenSSL reads and writes memory only; the socket, and the
 * wait for it, stay in stream.c.
 */
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "stream_priv.h"
#include "table/tls_setup.h"

struct stream_tls {
	struct tls_setup setup;
	BIO *in;  /* what the server has sent */
	BIO *out; /* what is to be sent to it; both belong to the SSL */
};

void
stream_tls_free(struct stream_tls *tls)
{
	if (tls == NULL)
		return;
	tls_setup_done(&tls->setup);
	free(tls);
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
	return SSL_is_init_finished(tls->setup.ssl) ?
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
	int why =
	    result > 0 ? SSL_ERROR_NONE : SSL_get_error(tls->setup.ssl, result);

	if (why == SSL_ERROR_ZERO_RETURN)
		return err_set(
		    err, ERR_TEMP, "the server closed the connection");
	/* An alert of ours is sent, too. */
	if (tls_flush(stream, deadline_us, err) != 0)
		return tls_lost(tls, err);
	if (why == SSL_ERROR_NONE)
		return 1;
	if (why != SSL_ERROR_WANT_READ)
		return tls_fault(
		    &tls->setup, "the server does not speak it", err);
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
	struct stream_tls *tls = calloc(1, sizeof(*tls));
	int status = 0;

	ENSURE(tls != NULL);
	stream->tls = tls;
	if (tls_setup_init(settings, TLS_OVER_STREAM, name, &tls->setup, err) !=
	    0)
		return -1;
	tls->in = BIO_new(BIO_s_mem());
	tls->out = BIO_new(BIO_s_mem());
	ENSURE(tls->in != NULL && tls->out != NULL);
	SSL_set_bio(tls->setup.ssl, tls->in, tls->out);
	while (status == 0) {
		ERR_clear_error();
		status = tls_go_on(
		    stream, SSL_do_handshake(tls->setup.ssl), deadline_us, err);
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
		    SSL_write_ex(
			stream->tls->setup.ssl, text.data, text.len, &len),
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
		    SSL_read_ex(stream->tls->setup.ssl, data, size, ret_len),
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
	result = SSL_peek(stream->tls->setup.ssl, &octet, 1);
	return result <= 0 &&
	    SSL_get_error(stream->tls->setup.ssl, result) ==
	    SSL_ERROR_WANT_READ;
}
