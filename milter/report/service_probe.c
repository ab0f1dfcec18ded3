/* SPDX-License-Identifier: BSD-2-Clause */
/* Connects to a service of mail access and looks at its certificate. */
#include "report/service_probe.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

enum { MAX_REPLY_OCTETS = 8192, MAX_LINES = 100, SHOWN_OCTETS = 80 };

struct prober {
	SSL_CTX *context;
	unsigned int seconds;
};

/* What is said before TLS; commands end with CRLF. */
struct protocol {
	const char *greeting; /* how it begins */
	const char *ask;      /* what it can do */
	const char *last;     /* how the last line of that begins ... */
	bool last_is_code;    /* ... or, in SMTP, the last line of a reply */
	const char *offer;
	const char *begin;
	const char *begun;
};

static const struct protocol smtp = { "220", "EHLO [127.0.0.1]\r\n", "250 ",
	true, "STARTTLS", "STARTTLS\r\n", "220" };
static const struct protocol imap = { "* OK", "a CAPABILITY\r\n", "a ", false,
	"STARTTLS", "b STARTTLS\r\n", "b OK" };
static const struct protocol pop3 = { "+OK", "CAPA\r\n", ".", false, "STLS",
	"STLS\r\n", "+OK" };

static const struct {
	const struct protocol *protocol;
	bool implicit_tls;
} kinds[SERVICE_KINDS] = {
	[SERVICE_SUBMISSION] = { &smtp, false },
	[SERVICE_SUBMISSIONS] = { &smtp, true },
	[SERVICE_IMAP] = { &imap, false },
	[SERVICE_IMAPS] = { &imap, true },
	[SERVICE_POP3] = { &pop3, false },
	[SERVICE_POP3S] = { &pop3, true },
};

struct connection {
	int fd;
	SSL *ssl; /* NULL: no TLS yet */
	uint64_t deadline_us;
	struct arena *mem;
	char buffer[MAX_REPLY_OCTETS];
	size_t len; /* octets in it that were not read as lines */
	size_t received;
	struct slice why;
};

static int
service_probe_fail(struct connection *c, const char *why, struct slice detail)
{
	c->why = slice_format(c->mem, "%s%s%s", why, detail.len > 0 ? ": " : "",
	    escape(c->mem, detail, SHOWN_OCTETS));
	return -1;
}

/* Until fd is ready; -1 at the deadline. */
static int
service_probe_wait_for(struct connection *c, short events)
{
	struct pollfd p = { .fd = c->fd, .events = events };
	int got;

	do {
		uint64_t now = clock_monotonic_us();

		if (now >= c->deadline_us)
			return service_probe_fail(
			    c, "no answer in time", SLICE(""));
		got = poll(&p, 1, (int)((c->deadline_us - now) / 1000) + 1);
	} while (got == 0 || (got < 0 && errno == EINTR));
	return got < 0 ? service_probe_fail(c, strerror(errno), SLICE("")) : 0;
}

static int
service_probe_connect_to(
    struct connection *c, const struct net_addr *addr, unsigned int port)
{
	struct sockaddr_in in4 = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6,
		.sin6_port = htons((uint16_t)port) };
	bool v4 = addr->bits == 32;
	socklen_t len = sizeof(int);
	int fault = 0;

	memcpy(&in4.sin_addr, addr->octets, sizeof(in4.sin_addr));
	memcpy(&in6.sin6_addr, addr->octets, sizeof(in6.sin6_addr));
	c->fd = socket(v4 ? AF_INET : AF_INET6,
	    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (c->fd < 0)
		return service_probe_fail(c, strerror(errno), SLICE(""));
	if (connect(c->fd,
		v4 ? (const struct sockaddr *)&in4 :
		     (const struct sockaddr *)&in6,
		v4 ? sizeof(in4) : sizeof(in6)) == 0)
		return 0;
	if (errno != EINPROGRESS)
		return service_probe_fail(c, strerror(errno), SLICE(""));
	if (service_probe_wait_for(c, POLLOUT) != 0)
		return -1;
	if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &fault, &len) != 0)
		fault = errno;
	return fault == 0 ? 0 :
			    service_probe_fail(c, strerror(fault), SLICE(""));
}

/* After an SSL call that gave `result`: 0 to call again. */
static int
ssl_wait(struct connection *c, int result)
{
	const char *reason;

	switch (SSL_get_error(c->ssl, result)) {
	case SSL_ERROR_WANT_READ:
		return service_probe_wait_for(c, POLLIN);
	case SSL_ERROR_WANT_WRITE:
		return service_probe_wait_for(c, POLLOUT);
	default:
		reason = ERR_reason_error_string(ERR_get_error());
		ERR_clear_error();
		return service_probe_fail(c,
		    reason != NULL ? reason : "the connection ended",
		    SLICE(""));
	}
}

static int
service_probe_read_line(struct connection *c, struct slice *ret_line)
{
	size_t end;

	while ((end = slice_find((struct slice){ c->buffer, c->len }, '\n')) ==
	    c->len) {
		size_t room = sizeof(c->buffer) - c->len;
		ssize_t got;

		if (room == 0 || c->received > MAX_REPLY_OCTETS)
			return service_probe_fail(
			    c, "the answer is too long", SLICE(""));
		got = c->ssl != NULL ?
		    SSL_read(c->ssl, c->buffer + c->len, (int)room) :
		    read(c->fd, c->buffer + c->len, room);
		if (got > 0) {
			c->len += (size_t)got;
			c->received += (size_t)got;
			continue;
		}
		if (c->ssl != NULL ?
			ssl_wait(c, (int)got) != 0 :
			got == 0 || (errno != EAGAIN && errno != EINTR) ||
			    service_probe_wait_for(c, POLLIN) != 0) {
			if (c->why.len == 0)
				(void)service_probe_fail(
				    c, "the connection ended", SLICE(""));
			return -1;
		}
	}
	*ret_line =
	    slice_trim(slice_dup(c->mem, (struct slice){ c->buffer, end }));
	c->len -= end + 1;
	memmove(c->buffer, c->buffer + end + 1, c->len);
	return 0;
}

static int
send_text(struct connection *c, const char *text)
{
	size_t len = strlen(text);

	while (len > 0) {
		ssize_t sent = send(c->fd, text, len, MSG_NOSIGNAL);

		if (sent < 0 && errno != EAGAIN && errno != EINTR)
			return service_probe_fail(
			    c, strerror(errno), SLICE(""));
		if (sent < 0 && service_probe_wait_for(c, POLLOUT) != 0)
			return -1;
		text += sent > 0 ? sent : 0;
		len -= sent > 0 ? (size_t)sent : 0;
	}
	return 0;
}

/* A reply of one line, or of several as SMTP has them. */
static int
expect(struct connection *c, const char *begin)
{
	struct slice line = SLICE("");

	for (int i = 0; i < MAX_LINES; i++) {
		if (service_probe_read_line(c, &line) != 0)
			return -1;
		if (!slice_starts_nocase(line, slice_of(begin)))
			return service_probe_fail(c, "it says", line);
		if (!slice_starts(slice_from(line, strlen(begin)), SLICE("-")))
			return 0;
	}
	return service_probe_fail(c, "the answer is too long", SLICE(""));
}

/* Up to the point where TLS can begin; what is seen so far goes to *seen. */
static bool
start_tls(
    struct connection *c, const struct protocol *p, struct service_seen *seen)
{
	bool offered = false, last = false;
	struct slice line;

	seen->state = SERVICE_SILENT;
	if (expect(c, p->greeting) != 0 || send_text(c, p->ask) != 0)
		return false;
	/* Whether TLS is among what it can do. */
	for (int i = 0; i < MAX_LINES && !last; i++) {
		if (service_probe_read_line(c, &line) != 0)
			return false;
		offered =
		    offered || slice_has_text_nocase(line, slice_of(p->offer));
		last = slice_starts_nocase(line, slice_of(p->last)) ||
		    slice_starts(line, SLICE("-ERR")) ||
		    (p->last_is_code && !slice_starts(line, SLICE("250-")));
	}
	if (!last)
		return service_probe_fail(
			   c, "the answer is too long", SLICE("")) == 0;
	seen->state = SERVICE_PLAIN;
	if (!offered)
		return false;
	seen->state = SERVICE_NO_TLS;
	if (send_text(c, p->begin) != 0 || expect(c, p->begun) != 0)
		return false;
	/* Octets behind the reply were not encrypted. */
	return c->len == 0 ||
	    service_probe_fail(c, "it speaks before TLS", SLICE("")) == 0;
}

static void
converse(struct connection *c, SSL_CTX *context,
    const struct service_place *place, struct service_seen *seen)
{
	const struct protocol *p = kinds[place->kind].protocol;
	bool implicit = kinds[place->kind].implicit_tls;
	struct slice target = place->target;
	struct tm expires = { .tm_year = 0 };
	X509 *certificate;
	long verified;
	int result;

	if (!implicit && !start_tls(c, p, seen))
		return;
	seen->state = SERVICE_NO_TLS;
	c->ssl = SSL_new(context);
	if (c->ssl == NULL || SSL_set_fd(c->ssl, c->fd) != 1 ||
	    SSL_set_tlsext_host_name(c->ssl, slice_cstr(c->mem, target)) != 1) {
		(void)service_probe_fail(c, "OpenSSL cannot begin", SLICE(""));
		return;
	}
	while ((result = SSL_connect(c->ssl)) != 1) {
		if (ssl_wait(c, result) != 0)
			return;
	}
	seen->state = SERVICE_SILENT;
	if (implicit && expect(c, p->greeting) != 0)
		return;
	seen->state = SERVICE_TLS;
	certificate = SSL_get1_peer_certificate(c->ssl);
	if (certificate == NULL)
		return;
	/* Expiry and name are judged by themselves. */
	verified = SSL_get_verify_result(c->ssl);
	seen->name_matches =
	    X509_check_host(certificate, target.data, target.len, 0, NULL) == 1;
	/* The same fault is given for a certificate above it. */
	seen->trusted = verified == X509_V_OK ||
	    (verified == X509_V_ERR_CERT_HAS_EXPIRED &&
		X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0);
	if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &expires) == 1)
		seen->expires = timegm(&expires);
	X509_free(certificate);
}

void
service_probe_run(void *arg, const struct service_place *place,
    struct arena *mem, struct service_seen *ret_seen)
{
	struct prober *prober = arg;
	struct connection *c = arena_alloc(mem, sizeof(*c));
	bool connected = false;
	uint64_t now = clock_monotonic_us();
	uint64_t end_us = now + prober->seconds * UINT64_C(1000000);

	*ret_seen = (struct service_seen){ .state = SERVICE_DOWN };
	c->mem = mem;
	c->fd = -1;
	/* A silent one leaves the others their share of the time. */
	for (size_t i = 0; i < place->count && !connected && now < end_us;
	     i++) {
		if (c->fd >= 0)
			(void)close(c->fd);
		c->deadline_us = now + (end_us - now) / (place->count - i);
		connected = service_probe_connect_to(
				c, &place->addresses[i], place->port) == 0;
		now = clock_monotonic_us();
	}
	c->deadline_us = end_us;
	if (connected) {
		c->why = SLICE("");
		converse(c, prober->context, place, ret_seen);
	}
	ret_seen->why = c->why;
	SSL_free(c->ssl);
	if (c->fd >= 0)
		(void)close(c->fd);
}

int
prober_new(unsigned int seconds, struct prober **ret_prober, struct err *err)
{
	struct prober *prober = calloc(1, sizeof(*prober));

	ENSURE(prober != NULL);
	prober->seconds = seconds;
	prober->context = SSL_CTX_new(TLS_client_method());
	if (prober->context == NULL ||
	    SSL_CTX_set_default_verify_paths(prober->context) != 1) {
		prober_free(prober);
		return err_set(err, ERR_TEMP, "OpenSSL cannot begin");
	}
	/* A faulty certificate is a finding: the handshake goes on. */
	SSL_CTX_set_verify(prober->context, SSL_VERIFY_NONE, NULL);
	*ret_prober = prober;
	return 0;
}

void
prober_free(struct prober *prober)
{
	if (prober == NULL)
		return;
	SSL_CTX_free(prober->context);
	free(prober);
}
