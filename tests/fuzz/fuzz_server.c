/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What servers of tables reply: the first octet chooses the protocol, the rest is
 * the reply. Oracle: what is found is no longer than the reply, and whatever is
 * not an answer says why.
 */
#include "fuzz.h"
#include "table/server_replies.h"

/* The first line: the key that was asked for. Oracle: the length is in bounds. */
static void
try_memcache(struct slice input)
{
	size_t end = slice_find(input, '\n');
	const struct memcache_question question = { slice_sub(input, 0, end),
		10240 };
	struct err err = { .kind = ERR_NONE };
	size_t bytes = SIZE_MAX;

	switch (memcache_reply(
	    &question, slice_from(input, end + 1), &bytes, &err)) {
	case SERVER_FOUND:
		ENSURE(bytes <= question.data_limit && question.key.len > 0);
		break;
	case SERVER_ABSENT:
		ENSURE(bytes == SIZE_MAX);
		break;
	case SERVER_REFUSED:
	case SERVER_LOST:
		ENSURE(bytes == SIZE_MAX && err.kind == ERR_TEMP);
		break;
	}
}

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
	if (data[0] == 'm') {
		try_memcache(reply);
		return 0;
	}
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
