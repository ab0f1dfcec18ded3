/* SPDX-License-Identifier: BSD-2-Clause */
#include "fuzz.h"
#include "message/display.h"

/* Whether some reading of a text shows an address. */
static bool
shows_address(const struct display_readings *readings)
{
	for (size_t i = 0; i < readings->count; i++) {
		struct slice rest = readings->items[i].addresses, part;

		if (display_next_address(&rest, &part))
			return true;
	}
	return false;
}

/*
 * What a text shows it shows in one of its readings, too: also with blanks
 * around each '@', and seen from right to left.
 */
static void
check_readings(struct slice text, struct slice folded, struct arena *mem)
{
	struct display_readings readings = display_read(text, mem);
	struct slice rest = folded, part;
	struct strbuf spaced;

	ENSURE(readings.count > 0 && readings.count <= 56 &&
	    !readings.items[0].is_visual);
	for (size_t i = 0; i < readings.count; i++) {
		struct slice reading = readings.items[i].text;

		ENSURE(slice_is_utf8(reading));
		ENSURE(slice_eq(display_fold(reading, mem), reading));
	}
	/* A bracket before an '@' is no local part. */
	if (!display_next_address(&rest, &part) ||
	    !char_is_alpha(part.data[slice_find(part, '@') - 1]))
		return;
	ENSURE(shows_address(&readings));
	strbuf_init(&spaced, mem);
	for (size_t i = 0; i < text.len; i++)
		strbuf_addf(
		    &spaced, text.data[i] == '@' ? " %c " : "%c", text.data[i]);
	readings = display_read(strbuf_slice(&spaced), mem);
	ENSURE(shows_address(&readings));
}

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
	check_readings(text, folded, &mem);
	ENSURE(slice_is_utf8(display_neutral(text, &mem)));
	ENSURE(!slice_is_utf8(text) ||
	    !display_is_odd(display_settle(text, &mem)));
	arena_done(&mem);
	return 0;
}
