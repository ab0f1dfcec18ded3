/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What servers of tables reply: the first octet chooses the protocol, the rest is
 * the reply. Oracle: what is found is no longer than the reply, and whatever is
 * not an answer says why.
 */
#include "fuzz.h"
#include "table/server_replies.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice reply = { (const char *)data, size }, value = { NULL, 0 };
	struct err err = { .kind = ERR_NONE };
	struct arena mem;
	bool is_tcp;

	if (size == 0)
		return 0;
	is_tcp = data[0] == 't';
	reply = slice_from(reply, 1);
	arena_init(&mem);
	switch (is_tcp ? tcp_reply(reply, &mem, &value, &err) :
			 socketmap_reply(reply, &value, &err)) {
	case SERVER_FOUND:
		ENSURE(value.len + 3 <= reply.len);
		ENSURE(is_tcp || slice_starts(reply, SLICE("OK ")));
		break;
	case SERVER_ABSENT:
		ENSURE(value.data == NULL);
		break;
	case SERVER_REFUSED:
	case SERVER_LOST:
		ENSURE(err.kind == ERR_TEMP);
		break;
	}
	arena_done(&mem);
	return 0;
}
