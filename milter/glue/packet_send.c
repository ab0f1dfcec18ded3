/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sends packets to an MTA. What changes a message means nothing to the MTA until
 * it has the reply to the end of the message: it is held back and goes out with
 * that, in one system call. libmilter takes two for each packet, since it asks
 * whether it may write before it does.
 *
 * An MTA that is gone is seen at the reply then, as it is where all changes were
 * sent and the reply is not: it goes on with nothing of either.
 *
 * mi_wr_cmd() comes before libmilter's own as packet_guard.c tells.
 */
#include "packet_priv.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

static bool
is_change(int command)
{
	static const char changes[] = { SMFIR_ADDHEADER, SMFIR_INSHEADER,
		SMFIR_CHGHEADER, SMFIR_CHGFROM, SMFIR_REPLBODY, SMFIR_ADDRCPT,
		SMFIR_ADDRCPT_PAR, SMFIR_DELRCPT, SMFIR_QUARANTINE };

	return memchr(changes, command, sizeof(changes)) != NULL;
}

/* Leaves out what has been sent. */
static void
parts_pass(struct msghdr *message, size_t sent)
{
	while (message->msg_iovlen > 0) {
		struct iovec *part = message->msg_iov;

		if (sent < part->iov_len) {
			part->iov_base = (char *)part->iov_base + sent;
			part->iov_len -= sent;
			return;
		}
		sent -= part->iov_len;
		message->msg_iov++;
		message->msg_iovlen--;
	}
}

/* All of them; -1 if the MTA is gone, or takes nothing for *timeout. */
static int
parts_send(
    int fd, const struct timeval *timeout, struct iovec *parts, size_t count)
{
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = count };

	parts_pass(&message, 0);
	while (message.msg_iovlen > 0) {
		ssize_t sent =
		    sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (sent >= 0)
			parts_pass(&message, (size_t)sent);
		else if (errno == EAGAIN || errno == EWOULDBLOCK) {
			if (!packet_wait(fd, POLLOUT, timeout))
				return -1;
		} else if (errno != EINTR)
			return -1;
	}
	return 0;
}

__attribute__((visibility("default"), weak)) int
mi_wr_cmd(int fd, struct timeval *timeout, int command, char *data, size_t len)
{
	struct held_packets *held = ahead_held(fd);
	uint32_t rest = htonl((uint32_t)len + 1);
	char head[HEAD_OCTETS];
	struct iovec parts[3];
	int status;

	if (len > MAX_PACKET_BYTES || (len > 0 && data == NULL))
		return MI_FAILURE;
	memcpy(head, &rest, sizeof(rest));
	head[HEAD_OCTETS - 1] = (char)command;
	if (held != NULL && is_change(command) &&
	    len + sizeof(head) <= sizeof(held->data) - held->len) {
		memcpy(held->data + held->len, head, sizeof(head));
		if (len > 0)
			memcpy(
			    held->data + held->len + sizeof(head), data, len);
		held->len += sizeof(head) + len;
		return MI_SUCCESS;
	}
	parts[0] = (struct iovec){ held != NULL ? held->data : NULL,
		held != NULL ? held->len : 0 };
	parts[1] = (struct iovec){ head, sizeof(head) };
	parts[2] = (struct iovec){ data, len };
	status = parts_send(fd, timeout, parts, 3);
	if (held != NULL)
		held->len = 0;
	return status == 0 ? MI_SUCCESS : MI_FAILURE;
}
