/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets over one connection to a milter. */
#include "load_priv.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

enum { LENGTH_OCTETS = 4 };

static int
connect_unix(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof(address.sun_path))
		load_fail("the path of the socket is too long");
	memcpy(address.sun_path, path, strlen(path) + 1);
	if (fd < 0 ||
	    connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
		load_fail("%s: %s", path, strerror(errno));
	return fd;
}

static int
connect_inet(const char *rest)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address.sin_port = htons((uint16_t)strtoul(rest, NULL, 10));
	if (inet_pton(AF_INET, "127.0.0.1", &address.sin_addr) != 1 || fd < 0 ||
	    connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
		load_fail("port %s: %s", rest, strerror(errno));
	return fd;
}

int
link_connect(const char *address)
{
	int fd = -1;

	if (strncmp(address, "unix:", 5) == 0)
		fd = connect_unix(address + 5);
	else if (strncmp(address, "inet:", 5) == 0)
		fd = connect_inet(address + 5);
	else
		load_fail("%s is no unix:PATH and no inet:PORT", address);
	if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0)
		load_fail("fcntl: %s", strerror(errno));
	return fd;
}

void
link_add(struct load_link *link, char command, const char *data, size_t len)
{
	uint32_t length = htonl((uint32_t)len + 1);
	char *out = link->out + link->out_len;

	if (link->out_len + LENGTH_OCTETS + 1 + len > sizeof(link->out))
		load_fail("a message whose header is too large");
	memcpy(out, &length, LENGTH_OCTETS);
	out[LENGTH_OCTETS] = command;
	memcpy(out + LENGTH_OCTETS + 1, data, len);
	link->out_len += LENGTH_OCTETS + 1 + len;
}

bool
link_flush(struct load_link *link)
{
	while (link->out_len > link->out_at || link->tail_len > 0) {
		size_t first = link->out_len - link->out_at;
		struct iovec parts[] = {
			{ link->out + link->out_at, first },
			{ (void *)(uintptr_t)link->tail, link->tail_len },
		};
		ssize_t wrote = writev(link->fd, parts, 2);
		size_t count = wrote > 0 ? (size_t)wrote : 0;

		if (wrote < 0 && errno == EAGAIN)
			return false;
		if (wrote <= 0)
			load_fail("the milter is gone: %s", strerror(errno));
		link->out_at += count < first ? count : first;
		count -= count < first ? count : first;
		link->tail += count;
		link->tail_len -= count;
	}
	link->out_at = link->out_len = 0;
	link->tail = NULL;
	return true;
}

void
link_read(struct load_link *link)
{
	ssize_t got = read(
	    link->fd, link->in + link->in_len, sizeof(link->in) - link->in_len);

	if (got == 0)
		load_fail("the milter closes a connection at step %d",
		    (int)link->step);
	if (got < 0 && errno != EAGAIN && errno != EINTR)
		load_fail("the milter is gone: %s", strerror(errno));
	link->in_len += got > 0 ? (size_t)got : 0;
}

bool
link_packet(
    struct load_link *link, char *ret_command, char **ret_data, size_t *ret_len)
{
	static char packet[LINK_IN_OCTETS];
	uint32_t length;
	size_t whole;

	if (link->in_len <= LENGTH_OCTETS)
		return false;
	memcpy(&length, link->in, LENGTH_OCTETS);
	length = ntohl(length);
	whole = LENGTH_OCTETS + (size_t)length;
	if (length == 0 || whole >= sizeof(link->in))
		load_fail("a packet of %u octets", (unsigned)length);
	if (link->in_len < whole)
		return false;
	memcpy(packet, link->in + LENGTH_OCTETS, length);
	packet[length] = '\0'; /* for those who take it for a string */
	link->in_len -= whole;
	memmove(link->in, link->in + whole, link->in_len);
	*ret_command = packet[0];
	*ret_data = packet + 1;
	*ret_len = length - 1;
	return true;
}

void
link_negotiated(
    struct load_link *link, const struct load_mta *mta, char *data, size_t len)
{
	enum { FIXED = 12, STAGE = 4 };
	uint32_t words[3];

	if (len < FIXED)
		load_fail("an answer of %zu octets to the offer", len);
	memcpy(words, data, sizeof(words));
	link->flags = ntohl(words[2]);
	for (size_t i = 0; i < LOAD_STAGES; i++)
		(void)snprintf(
		    link->lists[i], LINK_LIST_OCTETS, "%s", mta->defaults[i]);
	for (size_t at = FIXED; at + STAGE < len;) {
		uint32_t stage;
		size_t size = strlen(data + at + STAGE) + 1;

		memcpy(&stage, data + at, STAGE);
		stage = ntohl(stage);
		if (stage >= LOAD_STAGES || size > LINK_LIST_OCTETS)
			load_fail("a list of macros of %zu octets for stage %u",
			    size, (unsigned)stage);
		memcpy(link->lists[stage], data + at + STAGE, size);
		at += STAGE + size;
	}
}
