/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Looks at each packet before libmilter does, and ends the session if libmilter
 * would read beyond the end of it. smfi_getsymval() goes through the
 * strings of a macro packet in pairs: where their number is odd it passes the
 * end of its list (seen in 8.17.1.9), and the process with all of its sessions
 * ends. docs/upstream-libmilter.md has the details.
 *
 * libmilter has no place for such a look. It reads packets in mi_rd_cmd(),
 * which is a symbol of the shared library, so that a function of that name in
 * the program comes before it (ELF preemption) and can call it. Where that does
 * not hold, as with a libmilter that is linked statically or with -Bsymbolic,
 * our function is never called, and guard_works() says so.
 */
#include "packet_priv.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/log.h"
#include "base/str.h"

enum { COMMAND_CONNECT = 'C', COMMAND_MACROS = 'D', COMMAND_END = 'E' };

static atomic_bool called;
/*
 * The command of the packet that this thread works on: libmilter calls our
 * functions for it, and reads the next one then.
 */
static _Thread_local char at_hand;

/*
 * Whether it holds what libmilter looks for without looking where it ends: a
 * host name that ends, or a command with pairs of a macro's name and value.
 */
static bool
packet_is_sound(char command, const char *packet, size_t len)
{
	size_t ends = 0;

	if (command == COMMAND_CONNECT)
		return memchr(packet, '\0', len) != NULL;
	if (command != COMMAND_MACROS)
		return true;
	for (size_t i = 1; i < len; i++)
		ends += packet[i] == '\0';
	return ends % 2 == 0 && (len == 1 || packet[len - 1] == '\0');
}

/*
 * Where a proxy does not know its client's address (XCLIENT ADDR=[UNAVAILABLE]),
 * Postfix tells of an address of IPv4 that is "unknown" (seen in 3.7).
 * libmilter ends the session then, and the client is told to come again, for
 * ever. No address is what is meant. The host name of a sound packet ends.
 */
static void
packet_mend_address(char *packet, size_t len)
{
	struct slice rest = { packet, len };
	size_t family = slice_find(rest, '\0') + 1;
	struct slice address = slice_from(rest, family + sizeof(uint16_t) + 1);

	if (slice_eq(address, (struct slice){ "unknown", sizeof("unknown") }))
		packet[family] = SMFIA_UNKNOWN;
}

static void
log_refusal(int fd, char command)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);
	char from[32] = "a peer";

	/* For an inet socket the kernel says process 0. */
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
	    peer.pid != 0)
		(void)snprintf(
		    from, sizeof(from), "user %lu", (unsigned long)peer.uid);
	log_write(LOG_LEVEL_ERROR, "%s sent %s: its session is ended", from,
	    command == COMMAND_MACROS ? "macros that are not pairs of name and "
					"value" :
					"a host name that does not end");
}

__attribute__((visibility("default"), weak)) char *
mi_rd_cmd(
    int fd, struct timeval *timeout, char *command, size_t *ret_len, char *name)
{
	char *packet = ahead_read(fd, timeout, command, ret_len, name);

	atomic_store_explicit(&called, true, memory_order_relaxed);
	at_hand = *command;
	if (packet == NULL)
		return NULL;
	if (packet_is_sound(*command, packet, *ret_len)) {
		if (*command == COMMAND_CONNECT)
			packet_mend_address(packet, *ret_len);
		return packet;
	}
	log_refusal(fd, *command);
	free(packet);
	/* No command is 0: to libmilter it is a connection that broke. */
	*command = '\0';
	*ret_len = 0;
	return NULL;
}

bool
guard_works(void)
{
	return atomic_load_explicit(&called, memory_order_relaxed);
}

bool
guard_at_end(void)
{
	return at_hand == COMMAND_END;
}
