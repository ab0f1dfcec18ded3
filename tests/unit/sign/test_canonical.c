/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include "../../../milter/sign/sign_priv.h"
#include "../random_text.h"
#include "message/base64.h"

static void
headers_are_those_of_rfc_6376(void **state)
{
	/* Section 3.4.5; a name has lost the blank before its colon by then. */
	static const struct {
		const char *name;
		const char *value;
		const char *simple;
		const char *relaxed;
	} cases[] = {
		{ "A", " X", "A: X", "a:X" },
		{ "B", " Y\t\n\tZ  ", "B: Y\t\r\n\tZ  ", "b:Y Z" },
		{ "Subject", "", "Subject:", "subject:" },
		{ "SubJect", " \t ", "SubJect: \t ", "subject:" },
		{ "To", "a", "To:a", "to:a" },
		{ "To", "  a \t b\n c", "To:  a \t b\r\n c", "to:a b c" },
		{ "To", "\n a", "To:\r\n a", "to:a" },
		{ "X", " \xc3\xa4\tB", "X: \xc3\xa4\tB", "x:\xc3\xa4 B" },
	};
	struct arena mem;

	(void)state;
	arena_init(&mem);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct field field = { slice_of(cases[i].name),
			slice_of(cases[i].value) };
		const char *const want[] = { cases[i].simple,
			cases[i].relaxed };

		for (int kind = CANON_SIMPLE; kind <= CANON_RELAXED; kind++) {
			struct strbuf buf;

			strbuf_init(&buf, &mem);
			header_canon(
			    (enum canonicalization)kind, &field, true, &buf);
			check_slice(
			    cases[i].name, strbuf_slice(&buf), want[kind]);
			header_canon(
			    (enum canonicalization)kind, &field, false, &buf);
			check_slice(cases[i].name, strbuf_slice(&buf),
			    slice_format(
				&mem, "%s%s\r\n", want[kind], want[kind])
				.data);
		}
	}
	arena_done(&mem);
}

/* The hash of a body that comes in three pieces. */
static struct slice
body_hash(struct arena *mem, enum canonicalization kind, struct slice body,
    size_t first, size_t second)
{
	unsigned char hash[SHA256_BYTES];
	struct body_canon canon;
	struct err err;

	assert_int_equal(body_canon_init(&canon, kind, &err), 0);
	body_canon_add(&canon, slice_sub(body, 0, first));
	body_canon_add(&canon, slice_sub(body, first, second - first));
	body_canon_add(&canon, slice_from(body, second));
	body_canon_finish(&canon, hash);
	body_canon_done(&canon);
	return base64(mem, hash, sizeof(hash));
}

/* However much of a body is hashed, it is the beginning of its whole form. */
static void
check_cuts(struct arena *mem, enum canonicalization kind, struct slice body,
    struct slice whole)
{
	for (size_t len = 0; len <= body.len; len++) {
		unsigned char hash[SHA256_BYTES], want[SHA256_BYTES];
		struct body_canon canon;
		struct err err;

		assert_int_equal(body_canon_init(&canon, kind, &err), 0);
		body_canon_add(&canon, slice_sub(body, 0, len));
		body_canon_cut(&canon, hash);
		assert_true(canon.octets <= len && canon.octets <= whole.len);
		/* It waits for no more than a line end and blanks. */
		if (len > 0 && !char_is_wsp(body.data[len - 1]) &&
		    body.data[len - 1] != '\r' && body.data[len - 1] != '\n')
			assert_true(canon.octets > 0);
		assert_int_equal(EVP_Digest(whole.data, canon.octets, want,
				     NULL, EVP_sha256(), NULL),
		    1);
		check_slice("cut", base64(mem, hash, sizeof(hash)),
		    base64(mem, want, sizeof(want)).data);
		body_canon_done(&canon);
	}
}

static void
bodies_are_those_of_rfc_6376(void **state)
{
	static const struct {
		const char *body;
		const char *simple;
		const char *relaxed;
	} cases[] = {
		/* Section 3.4.5. */
		{ " C \r\nD \t E\r\n\r\n\r\n", " C \r\nD \t E\r\n",
		    " C\r\nD E\r\n" },
		/* Sections 3.4.3 and 3.4.4: bodies without text. */
		{ "", "\r\n", "" },
		{ "\r\n", "\r\n", "" },
		{ "\r\n\r\n", "\r\n", "" },
		{ " \t\r\n", " \t\r\n", "" },
		{ "x", "x\r\n", "x\r\n" },
		{ "x\r\n \r\n\r\n", "x\r\n \r\n", "x\r\n" },
		{ "\r\n\r\nx", "\r\n\r\nx\r\n", "\r\n\r\nx\r\n" },
		{ "a\t \tb  \r\n c", "a\t \tb  \r\n c\r\n", "a b\r\n c\r\n" },
		{ "a\rb\nc\r", "a\rb\nc\r\r\n", "a\rb\nc\r\r\n" },
	};
	struct arena mem;

	(void)state;
	arena_init(&mem);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *const want[] = { cases[i].simple,
			cases[i].relaxed };
		struct slice body = slice_of(cases[i].body);

		for (int kind = CANON_SIMPLE; kind <= CANON_RELAXED; kind++) {
			unsigned char hash[SHA256_BYTES];
			struct slice wanted;

			assert_int_equal(
			    EVP_Digest(want[kind], strlen(want[kind]), hash,
				NULL, EVP_sha256(), NULL),
			    1);
			wanted = base64(&mem, hash, sizeof(hash));
			check_cuts(&mem, (enum canonicalization)kind, body,
			    slice_of(want[kind]));
			/* However the MTA cuts it. */
			for (size_t a = 0; a <= body.len; a++) {
				for (size_t b = a; b <= body.len; b++)
					check_slice(cases[i].body,
					    body_hash(&mem,
						(enum canonicalization)kind,
						body, a, b),
					    wanted.data);
			}
		}
	}
	arena_done(&mem);
}

static void
empty_bodies_have_the_hashes_of_rfc_6376(void **state)
{
	struct arena mem;

	(void)state;
	arena_init(&mem);
	check_slice("section 3.4.3",
	    body_hash(&mem, CANON_SIMPLE, SLICE(""), 0, 0),
	    "frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY=");
	check_slice("section 3.4.4",
	    body_hash(&mem, CANON_RELAXED, SLICE(""), 0, 0),
	    "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
	arena_done(&mem);
}

/*
 * RFC 6376 sections 3.4.3 and 3.4.4 to the letter, for the whole body at once: a
 * list of lines, and what is kept of each.
 */
static struct slice
plain_canonical(
    struct arena *mem, enum canonicalization kind, struct slice body)
{
	struct strbuf out, line;
	size_t empty_lines = 0;

	strbuf_init(&out, mem);
	for (size_t i = 0; i < body.len;) {
		bool blank = false;

		strbuf_init(&line, mem);
		for (; i < body.len &&
		     (body.data[i] != '\r' || i + 1 == body.len ||
			 body.data[i + 1] != '\n');
		     i++) {
			char c = body.data[i];
			bool is_blank =
			    kind == CANON_RELAXED && (c == ' ' || c == '\t');

			if (!is_blank && blank)
				strbuf_add_char(&line, ' ');
			if (!is_blank)
				strbuf_add_char(&line, c);
			blank = is_blank;
		}
		/* A last line without its end has one (the MTA adds it). */
		i += 2;
		if (line.len == 0) {
			empty_lines++;
			continue;
		}
		for (; empty_lines > 0; empty_lines--)
			strbuf_add_cstr(&out, "\r\n");
		strbuf_add(&out, strbuf_slice(&line));
		strbuf_add_cstr(&out, "\r\n");
	}
	if (kind == CANON_SIMPLE && out.len == 0)
		strbuf_add_cstr(&out, "\r\n");
	return strbuf_slice(&out);
}

static void
check_canonical_hash(struct arena *mem, enum canonicalization kind,
    struct slice body, uint64_t *random)
{
	struct slice plain = plain_canonical(mem, kind, body);
	unsigned char want[SHA256_BYTES], got[SHA256_BYTES];
	size_t longest = (size_t)1 << random_below(random, 12);
	struct body_canon canon;
	struct err err;

	ENSURE(EVP_Digest(
		   plain.data, plain.len, want, NULL, EVP_sha256(), NULL) == 1);
	assert_int_equal(body_canon_init(&canon, kind, &err), 0);
	while (body.len > 0) {
		size_t len = 1 + random_below(random, longest);

		body_canon_add(&canon, slice_sub(body, 0, len));
		body = slice_from(body, len);
	}
	body_canon_finish(&canon, got);
	assert_int_equal(canon.octets, plain.len);
	assert_memory_equal(got, want, sizeof(want));
	body_canon_done(&canon);
}

static void
bodies_in_any_pieces_are_those_of_rfc_6376(void **state)
{
	enum { BODIES = 6000, LONGEST_BODY = 3000 };
	static const struct slice pieces[] = {
		{ "The quick brown fox jumps over the lazy dog.\r\n", 46 },
		{ "\r\n", 2 },
		{ "\r\n\r\n\r\n", 6 },
		{ " ", 1 },
		{ "\t", 1 },
		{ "  \t ", 4 },
		{ " \r\n", 3 },
		{ "\r", 1 },
		{ "\n", 1 },
		{ "x", 1 },
		{ "word", 4 },
		{ "caf\xc3\xa9", 5 },
		{ "\0", 1 },
		{ "a line of 300 octets and more"
		  "...................................................."
		  "...................................................."
		  "...................................................."
		  "...................................................."
		  "....................................................",
		    289 },
	};
	enum { PIECES = sizeof(pieces) / sizeof(pieces[0]) };
	uint64_t random = 20261130;
	struct arena mem;

	(void)state;
	for (size_t n = 0; n < BODIES; n++) {
		struct slice body;

		arena_init(&mem);
		/* Some have few kinds of pieces: nothing but blank lines, too. */
		body = random_text(&random, pieces + random_below(&random, 6),
		    1 + random_below(&random, PIECES - 5),
		    random_below(&random, n % 8 == 0 ? LONGEST_BODY : 60),
		    &mem);
		check_canonical_hash(&mem, CANON_SIMPLE, body, &random);
		check_canonical_hash(&mem, CANON_RELAXED, body, &random);
		arena_done(&mem);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(headers_are_those_of_rfc_6376),
		cmocka_unit_test(bodies_are_those_of_rfc_6376),
		cmocka_unit_test(empty_bodies_have_the_hashes_of_rfc_6376),
		cmocka_unit_test(bodies_in_any_pieces_are_those_of_rfc_6376),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
