/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include "message/decode.h"

static void
gather(void *arg, struct slice text)
{
	strbuf_add(arg, text);
}

/* "!" where readers would differ. */
static struct slice
decoded(struct arena *mem, struct slice text, enum transfer_encoding from,
    size_t piece)
{
	struct strict_decoder decoder;
	struct strbuf buf;

	strbuf_init(&buf, mem);
	strict_decoder_init(&decoder, from, gather, &buf);
	for (size_t at = 0; at < text.len; at += piece)
		strict_decoder_add(&decoder, slice_sub(text, at, piece));
	return strict_decoder_finish(&decoder) ? strbuf_slice(&buf) :
						 SLICE("!");
}

struct decode_case {
	const char *text, *want;
};

static void
check_cases(
    const struct decode_case *cases, size_t count, enum transfer_encoding from)
{
	struct arena mem;

	arena_init(&mem);
	for (size_t i = 0; i < count; i++) {
		for (size_t piece = 1; piece < 6; piece++)
			check_slice(cases[i].text,
			    decoded(&mem, slice_of(cases[i].text), from, piece),
			    cases[i].want);
	}
	arena_done(&mem);
}

static void
base64_has_one_reading_or_none(void **state)
{
	static const struct decode_case cases[] = {
		/* RFC 4648 section 10 */
		{ "", "" },
		{ "Zg==", "f" },
		{ "Zm8=", "fo" },
		{ "Zm9v", "foo" },
		{ "Zm9vYg==", "foob" },
		{ "Zm9vYmE=", "fooba" },
		{ "Zm9vYmFy", "foobar" },
		{ "+/+/", "\xfb\xff\xbf" },
		{ "Zm\r\n9v\r\nYg==\r\n\r\n", "foob" },
		{ "\r\n Zm9v\tYg = = \r\n", "foob" },
		/* A digit is missing, or padding. */
		{ "Z", "!" },
		{ "Zg", "!" },
		{ "Zm8", "!" },
		{ "Zg=", "!" },
		{ "Zm9vY", "!" },
		{ "=", "!" },
		{ "Z===", "!" },
		{ "====", "!" },
		{ "Zg===", "!" },
		{ "Zm9v=", "!" },
		/* Something behind the padding, or in it. */
		{ "Zg==Zg==", "!" },
		{ "Zg==\r\nZm9v", "!" },
		{ "Zg=v", "!" },
		{ "Zg==--", "!" },
		/* Octets that are no digits; the alphabet of URLs. */
		{ "Zm9v!", "!" },
		{ "Zm-_", "!" },
		{ "Zm\xc3\xbc", "!" },
		{ "Zm9v\r\nfooter.\r\n", "!" },
		/* Bits that belong to no octet. */
		{ "Zh==", "!" },
		{ "Zm9=", "!" },
	};

	(void)state;
	check_cases(cases, sizeof(cases) / sizeof(cases[0]), TRANSFER_BASE64);
}

static void
quoted_printable_has_one_reading_or_none(void **state)
{
	static const struct decode_case cases[] = {
		{ "", "" },
		{ "a\r\nb\tc d\r\n", "a\r\nb\tc d\r\n" },
		{ "=C3=bc=3d=20\r\n", "\xc3\xbc= \r\n" },
		{ "a=\r\nb= \t\r\nc", "abc" },
		{ "a =\r\nb", "a b" },
		{ "a=", "a" },
		{ "a= ", "a" },
		{ "=0D=0A=0Ax", "\r\n\nx" },
		/* Blanks that some readers take off. */
		{ "a \r\nb", "!" },
		{ "a\t\r\n", "!" },
		{ "a ", "!" },
		/* '=' that begins nothing. */
		{ "a=b", "!" },
		{ "a=4", "!" },
		{ "a=4x", "!" },
		{ "a==3D", "!" },
		{ "a= b", "!" },
		{ "a=\rb", "!" },
		{ "a=\r", "!" },
		{ "a=4 ", "!" },
		{ "a=4\r\n", "!" },
		/* Octets that it cannot have. */
		{ "\xc3\xbc", "!" },
		{ "a\rb", "!" },
		{ "a\nb", "!" },
		{ "a\r", "!" },
		{ "\x01", "!" },
		{ "a\x7f", "!" },
	};
	struct arena mem;

	(void)state;
	check_cases(
	    cases, sizeof(cases) / sizeof(cases[0]), TRANSFER_QUOTED_PRINTABLE);
	arena_init(&mem);
	check_slice("NUL as it stands",
	    decoded(&mem, SLICE("a\0b"), TRANSFER_QUOTED_PRINTABLE, 1), "!");
	check_slice("NUL in base64",
	    decoded(&mem, SLICE("Zm\0009v"), TRANSFER_BASE64, 1), "!");
	arena_done(&mem);
}

/* More than the decoder holds at a time. */
static void
long_text_comes_out_whole(void **state)
{
	struct arena mem;
	struct strbuf text, code;
	struct encoder encoder;

	(void)state;
	arena_init(&mem);
	for (unsigned int to = TRANSFER_QUOTED_PRINTABLE; to <= TRANSFER_BASE64;
	     to++) {
		strbuf_init(&text, &mem);
		strbuf_init(&code, &mem);
		for (unsigned int i = 0; i < 5000; i++)
			strbuf_add_char(&text, (char)(i * 7 % 256));
		encoder_init(
		    &encoder, (enum transfer_encoding)to, gather, &code);
		encoder_add(&encoder, strbuf_slice(&text));
		encoder_finish(&encoder);
		assert_true(slice_eq(decoded(&mem, strbuf_slice(&code),
					 (enum transfer_encoding)to, 977),
		    strbuf_slice(&text)));
	}
	arena_done(&mem);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(base64_has_one_reading_or_none),
		cmocka_unit_test(quoted_printable_has_one_reading_or_none),
		cmocka_unit_test(long_text_comes_out_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
