/* SPDX-License-Identifier: BSD-2-Clause */
#include "fuzz.h"
#include "message/display.h"

/* Texts are valid UTF-8, folding is for good, and nothing hides in a skeleton. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice raw = { (const char *)data, size };
	struct slice text, folded, skeleton, rest, part;
	struct arena mem;

	arena_init(&mem);
	text = display_decode(raw, &mem);
	folded = display_fold(text, &mem);
	ENSURE(slice_is_utf8(folded));
	for (size_t i = 0; i < folded.len; i++)
		ENSURE(!char_is_control(folded.data[i]));
	ENSURE(slice_eq(display_fold(folded, &mem), folded));
	skeleton = display_skeleton(folded, &mem);
	ENSURE(slice_is_utf8(skeleton));
	for (rest = folded; display_next_address(&rest, &part);)
		ENSURE(slice_find(part, '@') < part.len && part.len >= 5);
	for (rest = skeleton; display_next_word(&rest, &part);)
		ENSURE(part.len > 0 && !slice_has(part, ' '));
	(void)display_word_is_plain(raw, &mem);
	arena_done(&mem);
	return 0;
}
