/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One association of DTLS. OpenSSL writes to the socket, and reads from memory,
 * one datagram at a time: what cannot be a record of the server is passed over
 * before it gets there.
 */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "radius_association.h"

enum {
	/*
	 * Of a whole IP packet in the handshake, whose messages DTLS cuts to
	 * fit: what every path of IPv6 takes.
	 */
	PATH_MTU = 1280,
	/* RFC 6347 section 4.1: type, version, epoch, number, length. */
	RECORD_HEADER_BYTES = 13,
	AT_EPOCH = 3,
	AT_LENGTH = 11,
	/* More than a record can have. */
	DATAGRAM_BYTES = 18432,
	/* Datagrams in a row, before somebody looks at the clock. */
	DATAGRAMS_AT_ONCE = 64,
};

static size_t
number_at(struct slice text, size_t at)
{
	return (size_t)(unsigned char)text.data[at] << 8 |
	    (unsigned char)text.data[at + 1];
}

/*
 * The least that a record has once it is encrypted. OpenSSL 3.0 takes a shorter
 * one, which anybody can send, for a fault of its own, and ends the association.
 */
static size_t
least_sealed_bytes(const SSL *ssl)
{
	const SSL_CIPHER *cipher = SSL_get_current_cipher(ssl);

	/* A tag; and what GCM has of a nonce. */
	return cipher != NULL &&
		SSL_CIPHER_get_cipher_nid(cipher) == NID_chacha20_poly1305 ?
	    16 :
	    8 + 16;
}

/* Whether a datagram is made of whole records. */
static bool
is_plausible(const SSL *ssl, struct slice datagram)
{
	size_t least = least_sealed_bytes(ssl);

	if (datagram.len == 0)
		return false;
	while (datagram.len >= RECORD_HEADER_BYTES) {
		size_t len = number_at(datagram, AT_LENGTH);

		if (len > datagram.len - RECORD_HEADER_BYTES ||
		    (number_at(datagram, AT_EPOCH) > 0 && len < least))
			return false;
		datagram = slice_from(datagram, RECORD_HEADER_BYTES + len);
	}
	return datagram.len == 0;
}

/* What has failed for good. */
static int
association_fault(
    struct association *association, const char *what, struct err *err)
{
	association->is_up = false;
	return tls_fault(&association->setup, what, err);
}

static int
association_system_fault(struct association *association, struct err *err)
{
	int number = errno;

	association->is_up = false;
	return err_set(err, ERR_TEMP, "DTLS: %s", strerror(number));
}

/* The next datagram goes to OpenSSL. 1; 0: there is none; -1 (ERR_TEMP). */
static int
association_feed(struct association *association, struct err *err)
{
	SSL *ssl = association->setup.ssl;
	char octets[DATAGRAM_BYTES];
	ssize_t got = recv(association->fd, octets, sizeof(octets), MSG_TRUNC);
	struct slice datagram = { octets, 0 };

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (got < 0)
		return association_system_fault(association, err);
	datagram.len = (size_t)got;
	if (datagram.len <= sizeof(octets) && is_plausible(ssl, datagram))
		ENSURE(BIO_write(SSL_get_rbio(ssl), octets, (int)got) == got);
	return 1;
}

/*
 * After an operation of OpenSSL that returned result: 1 it is done; 0 it is to be
 * tried again; -1 (ERR_TEMP).
 */
static int
association_go_on(struct association *association, int result, struct err *err)
{
	SSL *ssl = association->setup.ssl;
	int number = errno;

	if (result > 0)
		return 1;
	switch (SSL_get_error(ssl, result)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		return 0;
	case SSL_ERROR_ZERO_RETURN:
		return err_set(
		    err, ERR_TEMP, "the server closed the association");
	case SSL_ERROR_SYSCALL:
		if (number != 0) {
			errno = number;
			return association_system_fault(association, err);
		}
		break;
	default:
		break;
	}
	return association_fault(
	    association, "the server does not speak DTLS", err);
}

static void
prepare(void)
{
	ERR_clear_error();
	errno = 0;
}

/* Waits for a datagram, or until the last flight is due once more. */
static int
wait_in_handshake(
    struct association *association, uint64_t deadline_us, struct err *err)
{
	uint64_t due_us, until_us = deadline_us;
	struct timeval left;
	struct err unheard;

	if (DTLSv1_get_timeout(association->setup.ssl, &left) == 1) {
		due_us = clock_monotonic_us() +
		    (uint64_t)left.tv_sec * 1000000 + (uint64_t)left.tv_usec;
		until_us = due_us < deadline_us ? due_us : deadline_us;
	}
	if (stream_wait(association->fd, POLLIN, until_us, &unheard) == 0)
		return 0;
	prepare();
	if (DTLSv1_handle_timeout(association->setup.ssl) >= 0)
		return 0;
	return errno != 0 ? association_system_fault(association, err) :
			    association_fault(association, "no answer", err);
}

static int
shake_hands(
    struct association *association, uint64_t deadline_us, struct err *err)
{
	while (clock_monotonic_us() < deadline_us) {
		int status, fed;

		prepare();
		status = association_go_on(
		    association, SSL_do_handshake(association->setup.ssl), err);
		if (status < 0)
			return -1;
		if (status > 0) {
			association->is_up = true;
			return 0;
		}
		fed = association_feed(association, err);
		if (fed < 0 ||
		    (fed == 0 &&
			wait_in_handshake(association, deadline_us, err) != 0))
			return -1;
	}
	return err_set(
	    err, ERR_TEMP, "DTLS: no answer in the handshake within the time");
}

static int
association_begin(const struct association_peer *peer,
    struct association *association, struct err *err)
{
	BIO *in, *out;
	SSL *ssl;

	*association = (struct association){
		.fd = radius_datagram_socket(peer->address, peer->len, err)
	};
	if (association->fd < 0 ||
	    tls_setup_init(peer->tls, TLS_OVER_DATAGRAMS, peer->name,
		&association->setup, err) != 0)
		return -1;
	ssl = association->setup.ssl;
	in = BIO_new(BIO_s_mem());
	out = BIO_new_dgram(association->fd, BIO_NOCLOSE);
	ENSURE(in != NULL && out != NULL);
	/* Without this one, no datagram would be an end for ever. */
	(void)BIO_set_mem_eof_return(in, -1);
	/* OpenSSL copies the address. */
	(void)BIO_ctrl(out, BIO_CTRL_DGRAM_SET_CONNECTED, 0,
	    (void *)(uintptr_t)peer->address);
	SSL_set_bio(ssl, in, out);
	(void)SSL_set_options(
	    ssl, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_RENEGOTIATION);
	ENSURE(DTLS_set_link_mtu(ssl, PATH_MTU) == 1);
	return 0;
}

int
association_open(const struct association_peer *peer, uint64_t deadline_us,
    struct association *association, struct err *err)
{
	if (association_begin(peer, association, err) == 0 &&
	    shake_hands(association, deadline_us, err) == 0)
		return 0;
	association_close(association);
	return -1;
}

void
association_close(struct association *association)
{
	if (association->fd < 0)
		return;
	/* Says close_notify, once: nobody waits for the answer. */
	if (association->is_up) {
		ERR_clear_error();
		(void)SSL_shutdown(association->setup.ssl);
	}
	tls_setup_done(&association->setup);
	(void)close(association->fd);
	*association = (struct association){ .fd = -1 };
}

int
association_send(
    struct association *association, struct slice text, struct err *err)
{
	size_t len;

	prepare();
	return association_go_on(association,
		   SSL_write_ex(
		       association->setup.ssl, text.data, text.len, &len),
		   err) < 0 ?
	    -1 :
	    0;
}

int
association_read(struct association *association, char *data, size_t size,
    size_t *ret_len, struct err *err)
{
	for (int i = 0; i < DATAGRAMS_AT_ONCE; i++) {
		int status;

		prepare();
		status = association_go_on(association,
		    SSL_read_ex(association->setup.ssl, data, size, ret_len),
		    err);
		if (status == 0) {
			status = association_feed(association, err);
			if (status > 0)
				continue;
		}
		return status;
	}
	return 0;
}
