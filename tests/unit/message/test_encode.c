/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include <openssl/evp.h>

#include "../random_text.h"
#include "message/encode.h"

static void
gather(void *arg, struct slice text)
{
	strbuf_add(arg, text);
}

static struct slice
encoded(struct arena *mem, struct slice text, enum transfer_encoding to,
    size_t piece)
{
	struct encoder encoder;
	struct strbuf buf;

	strbuf_init(&buf, mem);
	encoder_init(&encoder, to, gather, &buf);
	for (size_t at = 0; at < text.len; at += piece)
		encoder_add(&encoder, slice_sub(text, at, piece));
	encoder_finish(&encoder);
	return strbuf_slice(&buf);
}

static struct slice
decoded(struct arena *mem, struct slice text, enum transfer_encoding from,
    size_t piece)
{
	struct decoder decoder;
	struct strbuf buf;

	strbuf_init(&buf, mem);
	decoder_init(&decoder, from, gather, &buf);
	for (size_t at = 0; at < text.len; at += piece)
		decoder_add(&decoder, slice_sub(text, at, piece));
	decoder_finish(&decoder);
	return strbuf_slice(&buf);
}

#define DASHES "----------------------------------------"

#define XS \
	"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static void
text_becomes_quoted_printable(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "", "" },
		{ "plain\r\n", "plain\r\n" },
		{ "no end", "no end" },
		{ "J\xc3\xbcrgen = 1\r\n", "J=C3=BCrgen =3D 1\r\n" },
		{ "blank \r\ntab\t\r\n \r\n", "blank=20\r\ntab=09\r\n=20\r\n" },
		{ "blank ", "blank=20" },
		{ "From me\r\nFrom\r\n.\r\n..\r\n",
		    "=46rom me\r\nFrom\r\n=2E\r\n..\r\n" },
		{ "--boundary\r\n- item\r\n", "=2D-boundary\r\n=2D item\r\n" },
		{ "a\rb\nc\r\n\r", "a=0Db=0Ac\r\n=0D" },
		{ "\x01\x7f", "=01=7F" },
		{ "x" XS "From here\r\n.\r\n",
		    "x" XS "=\r\n=46rom here\r\n=2E\r\n" },
		{ "x" DASHES DASHES "\r\n",
		    "x" DASHES "----------------------------------=\r\n"
		    "=2D-----\r\n" },
	};
	struct arena mem;

	(void)state;
	arena_init(&mem);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (size_t piece = 1; piece < 4; piece++)
			check_slice(cases[i].text,
			    encoded(&mem, slice_of(cases[i].text),
				TRANSFER_QUOTED_PRINTABLE, piece),
			    cases[i].want);
	}
	arena_done(&mem);
}

static void
octets_become_base64(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		/* RFC 4648 section 10 */
		{ "", "" },
		{ "f", "Zg==" },
		{ "fo", "Zm8=" },
		{ "foo", "Zm9v" },
		{ "foob", "Zm9vYg==" },
		{ "fooba", "Zm9vYmE=" },
		{ "foobar", "Zm9vYmFy" },
	};
	struct arena mem;

	(void)state;
	arena_init(&mem);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		check_slice(cases[i].text,
		    encoded(&mem, slice_of(cases[i].text), TRANSFER_BASE64, 2),
		    cases[i].want);
	}
	arena_done(&mem);
}

#define BLANKS "                                        "

static void
what_is_no_encoding_is_decoded_leniently(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "a=3Db=\r\nc", "a=bc" },
		{ "=c3=bc", "\xc3\xbc" },
		{ "a=", "a" },
		{ "a= ", "a" },
		{ "a=4", "a=4" },
		{ "=4x=zz", "=4x=zz" },
		{ "a= \t\r\nb", "ab" },
		{ "a= b", "a= b" },
		{ "a=4\r\n", "a=4\r\n" },
		{ "a=\rb", "a=\rb" },
		{ "a==3D", "a==" },
		{ "\xc3", "\xc3" },
		{ "a=" BLANKS "\r\nb", "ab" },
		{ "a b \t\r\nc ", "a b \t\r\nc " },
		{ "=" BLANKS, "" },
	};
	struct arena mem;

	(void)state;
	arena_init(&mem);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (size_t piece = 1; piece < 3; piece++)
			check_slice(cases[i].text,
			    decoded(&mem, slice_of(cases[i].text),
				TRANSFER_QUOTED_PRINTABLE, piece),
			    cases[i].want);
	}
	arena_done(&mem);
}

static void
check_lines(struct slice text)
{
	struct slice line;

	assert_true(slice_is_ascii(text));
	while (slice_next_item(&text, "\r\n", &line))
		assert_true(line.len <= 76);
}

/* base64 as OpenSSL writes it, but for the line ends. */
static void
check_base64(struct arena *mem, struct slice text)
{
	struct slice out = encoded(mem, text, TRANSFER_BASE64, 1000), line;
	unsigned char *want = arena_alloc(mem, text.len * 2);
	struct strbuf joined;

	check_lines(out);
	strbuf_init(&joined, mem);
	while (slice_next_item(&out, "\r\n", &line))
		strbuf_add(&joined, line);
	assert_int_equal(EVP_EncodeBlock(want, (const unsigned char *)text.data,
			     (int)text.len),
	    joined.len);
	assert_memory_equal(want, joined.data, joined.len);
}

/* Every octet, in lines of every length, comes back; no line is too long. */
static void
all_octets_come_back(void **state)
{
	struct slice out;
	struct arena mem;
	struct strbuf text;

	(void)state;
	arena_init(&mem);
	strbuf_init(&text, &mem);
	for (unsigned int i = 0; i < 40000; i++) {
		strbuf_add_char(&text, (char)(i * i % 257));
		if (i % 97 == 0)
			strbuf_add_cstr(&text, i % 2 == 0 ? " \r\n" : "\r\n");
	}
	out =
	    encoded(&mem, strbuf_slice(&text), TRANSFER_QUOTED_PRINTABLE, 1000);
	check_lines(out);
	assert_true(slice_eq(decoded(&mem, out, TRANSFER_QUOTED_PRINTABLE, 777),
	    strbuf_slice(&text)));
	for (size_t cut = 0; cut < 60; cut++)
		check_base64(&mem, slice_from(strbuf_slice(&text), cut));
	arena_done(&mem);
}

enum { TEXTS = 4000, LONGEST = 400, TEXT_OCTETS = 75 };

/* Quoted-printable by its rules, octet by octet, of a text that is all there. */
static struct slice
plain_quoted(struct arena *mem, struct slice text)
{
	struct strbuf buf;
	size_t used = 0;

	strbuf_init(&buf, mem);
	for (size_t i = 0; i < text.len; i++) {
		struct slice rest = slice_from(text, i);
		char c = rest.data[0];
		bool is_last = rest.len == 1 ||
		    slice_starts(slice_from(rest, 1), SLICE("\r\n"));
		bool is_first = used == 0 || used == TEXT_OCTETS;
		bool escape = c == '=' || char_is_8bit(c) ||
		    (char_is_control(c) && c != '\t') ||
		    (is_last && char_is_wsp(c)) ||
		    (is_first && is_last && c == '.') ||
		    (is_first &&
			(c == '-' || slice_starts(rest, SLICE("From "))));

		if (slice_starts(rest, SLICE("\r\n"))) {
			strbuf_add_cstr(&buf, "\r\n");
			used = 0;
			i++;
			continue;
		}
		if (used + (escape ? 3 : 1) > TEXT_OCTETS) {
			strbuf_add_cstr(&buf, "=\r\n");
			used = 0;
		}
		if (escape)
			strbuf_addf(&buf, "=%02X", (unsigned int)(c & 0xff));
		else
			strbuf_add_char(&buf, c);
		used += escape ? 3 : 1;
	}
	return strbuf_slice(&buf);
}

static void
runs_are_encoded_as_octets_one_by_one(void **state)
{
	static const struct slice pieces[] = { { "a", 1 }, { "words and", 9 },
		{ "the quick brown fox", 19 }, { " ", 1 }, { "\t", 1 },
		{ "From ", 5 }, { "F", 1 }, { ".", 1 }, { "-", 1 }, { "=", 1 },
		{ "\r", 1 }, { "\n", 1 }, { "\r\n", 2 }, { "\r\n", 2 },
		{ "\xc3\xa9", 2 }, { "\0", 1 }, { "\x7f", 1 }, { XS, 74 },
		{ "yyyyyyyyyyyyyyyy", 16 } };
	uint64_t random = 20261130;
	size_t octets = 0;

	(void)state;
	for (size_t n = 0; n < TEXTS; n++) {
		struct arena mem;
		struct slice text, want;
		size_t piece;

		arena_init(&mem);
		text = random_text(&random, pieces,
		    sizeof(pieces) / sizeof(pieces[0]),
		    random_below(&random, LONGEST), &mem);
		want = plain_quoted(&mem, text);
		piece = 1 + random_below(&random, n % 2 == 0 ? 40 : LONGEST);
		check_slice("random",
		    encoded(&mem, text, TRANSFER_QUOTED_PRINTABLE, piece),
		    want.len == 0 ? "" : slice_cstr(&mem, want));
		want = encoded(&mem, text, TRANSFER_BASE64, piece);
		assert_true(
		    slice_eq(want, encoded(&mem, text, TRANSFER_BASE64, 1)));
		octets += text.len;
		arena_done(&mem);
	}
	assert_true(octets > TEXTS * LONGEST / 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_becomes_quoted_printable),
		cmocka_unit_test(octets_become_base64),
		cmocka_unit_test(what_is_no_encoding_is_decoded_leniently),
		cmocka_unit_test(all_octets_come_back),
		cmocka_unit_test(runs_are_encoded_as_octets_one_by_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
