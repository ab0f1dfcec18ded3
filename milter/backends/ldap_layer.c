/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What libldap reads and writes. By itself it waits without an end in a TLS
 * handshake, so it never touches a socket: a layer of ours below TLS does, which
 * knows the deadline.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "ldap_priv.h"

/* Above the socket, which libldap adds by itself for a referral. */
enum { LAYER_LEVEL = LBER_SBIOD_LEVEL_PROVIDER + 5 };

/* One socket of a link, its own or that of a referral. */
struct layer {
	struct ldap_link *link;
	int fd;
};

static int
layer_setup(Sockbuf_IO_Desc *io, void *link)
{
	struct layer *layer = malloc(sizeof(*layer));

	ENSURE(layer != NULL);
	layer->link = link;
	(void)ber_sockbuf_ctrl(io->sbiod_sb, LBER_SB_OPT_GET_FD, &layer->fd);
	io->sbiod_pvt = layer;
	return 0;
}

static int
layer_remove(Sockbuf_IO_Desc *io)
{
	free(io->sbiod_pvt);
	io->sbiod_pvt = NULL;
	return 0;
}

static int
layer_control(Sockbuf_IO_Desc *io, int option, void *value)
{
	(void)io;
	(void)option;
	(void)value;
	return 0;
}

/* Waits for the event. -1, and errno, when the time is over. */
static int
layer_wait(const struct layer *layer, short event)
{
	struct pollfd poll_fd = { .fd = layer->fd, .events = event };
	uint64_t now = clock_monotonic_us();

	if (now >= layer->link->deadline_us) {
		layer->link->is_late = true;
		errno = ETIMEDOUT;
		return -1;
	}
	now = (layer->link->deadline_us - now) / 1000 + 1;
	return poll(&poll_fd, 1, now > INT_MAX ? INT_MAX : (int)now) < 0 &&
		errno != EINTR ?
	    -1 :
	    0;
}

static ber_slen_t
layer_read(Sockbuf_IO_Desc *io, void *data, ber_len_t len)
{
	struct layer *layer = io->sbiod_pvt;
	struct ldap_link *link = layer->link;
	ssize_t got;

	if (link->bytes_left == 0) {
		link->is_full = true;
		errno = EMSGSIZE;
		return -1;
	}
	if (len > link->bytes_left)
		len = link->bytes_left;
	while ((got = recv(layer->fd, data, len, MSG_DONTWAIT)) < 0) {
		if (errno != EINTR &&
		    (errno != EAGAIN || layer_wait(layer, POLLIN) != 0))
			return -1;
	}
	link->bytes_left -= (size_t)got;
	return got;
}

static ber_slen_t
layer_write(Sockbuf_IO_Desc *io, void *data, ber_len_t len)
{
	const struct layer *layer = io->sbiod_pvt;
	ssize_t sent;

	while ((sent = send(
		    layer->fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL)) < 0) {
		if (errno != EINTR &&
		    (errno != EAGAIN || layer_wait(layer, POLLOUT) != 0))
			return -1;
	}
	return sent;
}

static int
layer_close(Sockbuf_IO_Desc *io)
{
	(void)io;
	return 0;
}

static Sockbuf_IO layer_io = {
	.sbi_setup = layer_setup,
	.sbi_remove = layer_remove,
	.sbi_ctrl = layer_control,
	.sbi_read = layer_read,
	.sbi_write = layer_write,
	.sbi_close = layer_close,
};

/* libldap has connected to the server that a referral names. */
static int
layer_add(LDAP *ld, Sockbuf *sockbuf, LDAPURLDesc *url,
    struct sockaddr *address, ldap_conncb *callbacks)
{
	(void)ld;
	(void)url;
	(void)address;
	return ldap_layer_add(callbacks->lc_arg, sockbuf);
}

static void
layer_gone(LDAP *ld, Sockbuf *sockbuf, ldap_conncb *callbacks)
{
	(void)ld;
	(void)sockbuf;
	(void)callbacks;
}

int
ldap_layer_add(struct ldap_link *link, Sockbuf *sockbuf)
{
	return ber_sockbuf_add_io(sockbuf, &layer_io, LAYER_LEVEL, link);
}

int
ldap_layer_follow(struct ldap_link *link)
{
	link->on_referral = (ldap_conncb){
		.lc_add = layer_add, .lc_del = layer_gone, .lc_arg = link
	};
	return ldap_set_option(
	    link->ld, LDAP_OPT_CONNECT_CB, &link->on_referral);
}
