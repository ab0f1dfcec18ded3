/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_TABLE_TLS_SETUP_H
#define SUBMILTER_TABLE_TLS_SETUP_H

#include <openssl/types.h>

#include "table/stream.h"

/*
 * What TLS, and DTLS of a backend, need of OpenSSL before a handshake: who may
 * be the server, and the certificate that we show.
 */
struct tls_setup {
	SSL_CTX *context;
	SSL *ssl; /* of a client; it has no BIO yet */
};

enum tls_kind { TLS_OVER_STREAM, TLS_OVER_DATAGRAMS };

/*
 * TLS or DTLS, 1.2 at least. The certificate of the server has to be for this
 * name, which may be an address. Files are read here. -1 (ERR_TEMP):
 * tls_setup_done() is due all the same.
 */
MUST_USE int tls_setup_init(const struct stream_tls_settings *settings,
    enum tls_kind kind, struct slice name, struct tls_setup *ret_setup,
    struct err *err);
void tls_setup_done(struct tls_setup *setup);

/*
 * Says why an operation failed: the server's certificate, or what OpenSSL, or
 * the system, has noted. Else it is "what" alone. Returns -1 (ERR_TEMP).
 */
int tls_fault(const struct tls_setup *setup, const char *what, struct err *err);

#endif
