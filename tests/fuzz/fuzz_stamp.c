/* SPDX-License-Identifier: BSD-2-Clause */
#include "fuzz.h"
#include "message/stamp.h"
#include "repair/repair_header.h"

/* Values of Date, Message-ID and Authentication-Results. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice value = { (const char *)data, size };
	struct slice id, repaired;
	struct arena mem;

	arena_init(&mem);
	(void)date_is_valid(value);
	ENSURE(date_is_valid(date_format(&mem, (time_t)size * 86399)));
	if (date_repair(&mem, value, &repaired))
		ENSURE(date_is_valid(repaired));
	else
		ENSURE(!date_is_valid(value));
	/* Whatever stood there, what comes of it is one. */
	repaired = message_id_repair(&mem, value, SLICE("mail.example.org"), 0);
	ENSURE(message_id_is_usable(repaired));
	for (size_t i = 0; i < repaired.len; i++)
		ENSURE(!char_is_control(repaired.data[i]));
	if (message_id_is_usable(value))
		ENSURE(slice_has(value, '<') && slice_has(value, '>'));
	if (authserv_id(value, &mem, &id)) {
		ENSURE(id.len > 0);
		for (size_t i = 0; i < id.len; i++)
			ENSURE(!char_is_control(id.data[i]));
	}
	arena_done(&mem);
	return 0;
}
