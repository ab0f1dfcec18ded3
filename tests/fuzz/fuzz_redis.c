/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What Redis replies: the first octet says in which pieces the rest arrives.
 * Oracle: pieces of any size give the same reply, all of what is in it was in
 * the input, and what is none says why. An error is taken for a redirection, too.
 */
#include <hiredis/hiredis.h>

#include "../../milter/backends/redis_priv.h"
#include "fuzz.h"

/* How many replies there are, and octets of text in them. -1: not a reply. */
static long
read_all(
    struct slice input, size_t piece, struct arena *mem, size_t *ret_octets)
{
	struct redis_reading reading;
	struct redis_reply *reply = NULL;
	struct err err = { .kind = ERR_NONE };
	long count = 0;
	int status = 0;

	*ret_octets = 0;
	redis_reading_init(&reading);
	reading.mem = mem;
	while (status >= 0 && input.len > 0) {
		redis_reading_feed(&reading, slice_sub(input, 0, piece));
		input = slice_from(input, piece);
		while (
		    (status = redis_reading_next(&reading, &reply, &err)) > 0) {
			struct server_host host;
			bool is_asking;

			count++;
			*ret_octets += reply->text.len;
			for (size_t i = 0; i < reply->count; i++)
				*ret_octets += reply->items[i].text.len;
			if (redis_redirection(
				reply->text, &host, &is_asking, &err) == 0)
				ENSURE(host.kind == HOST_INET &&
				    host.name.len > 0 && host.port > 0);
		}
	}
	redis_reading_done(&reading);
	ENSURE(status >= 0 || err.kind == ERR_TEMP);
	return status < 0 ? -1 : count;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice input = { (const char *)data, size };
	size_t whole_octets, octets;
	struct arena mem;
	long whole, count;

	if (size == 0)
		return 0;
	arena_init(&mem);
	input = slice_from(input, 1);
	whole = read_all(input, input.len + 1, &mem, &whole_octets);
	count = read_all(input, (size_t)data[0] % 8 + 1, &mem, &octets);
	ENSURE(whole == count);
	ENSURE(whole < 0 || octets == whole_octets);
	ENSURE(octets <= input.len);
	arena_done(&mem);
	return 0;
}
