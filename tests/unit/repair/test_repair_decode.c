/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include "repair/repair_decode.h"

#define MIXED " multipart/mixed; boundary=b"
#define END "\r\n--b--\r\n"
#define PART(encoding)                            \
	"--b\r\nContent-Type: message/rfc822\r\n" \
	"Content-Transfer-Encoding: " encoding "\r\n\r\n"
#define PLAIN_PART "--b\r\nContent-Type: message/rfc822\r\n\r\n"

/* One body, and what it is decoded; NULL: nothing is decoded. */
struct decode_case {
	const char *name;
	const char *type;
	const char *encoding;
	const char *body;
	const char *want;
	enum mta_choice mta;
};

static struct slice
text_of(const struct body *body, struct arena *mem)
{
	char *text = arena_alloc(mem, body->size + 1);
	struct err err;

	assert_int_equal(body_read(body, 0, text, body->size, &err), 0);
	return (struct slice){ text, body->size };
}

static int
decode(const struct decode_case *c, const char *directory, size_t limit,
    struct arena *mem, struct decoded_body *ret_decoded, struct err *err)
{
	struct body_facts facts = { .traits = mta_traits(c->mta),
		.line_limit = 78,
		.type = slice_of(c->type),
		.encoding = slice_of(c->encoding) };
	struct mime_scan *scan =
	    mime_scan_new(mem, facts.type, facts.encoding, facts.line_limit);
	struct config *config;
	struct body body;
	int status;

	assert_int_equal(
	    config_read_text("test", SLICE(""), NULL, NULL, &config, err), 0);
	body_init(&body, "/tmp", 1 << 20);
	assert_int_equal(body_add(&body, slice_of(c->body), err), 0);
	mime_scan_add(scan, slice_of(c->body));
	assert_int_equal(
	    mime_scan_finish(scan, &facts.parts, &facts.count, err), 0);
	body.directory = directory;
	body.memory_limit = limit;
	facts.body = &body;
	status = body_decode(config, &facts, mem, ret_decoded, err);
	body_done(&body);
	config_free(config);
	return status;
}

static void
check_case(const struct decode_case *c)
{
	struct decoded_body decoded;
	struct arena mem;
	struct err err;

	arena_init(&mem);
	/* In memory, and in a file. */
	for (size_t limit = 0; limit <= 1 << 20; limit += 1 << 20) {
		assert_int_equal(
		    decode(c, "/tmp", limit, &mem, &decoded, &err), 0);
		if (decoded.any != (c->want != NULL))
			fail_msg("%s: decoded: %d", c->name, decoded.any);
		if (decoded.any)
			check_slice(
			    c->name, text_of(&decoded.body, &mem), c->want);
		body_done(&decoded.body);
	}
	arena_done(&mem);
}

static void
messages_are_decoded_where_that_is_certain(void **state)
{
	static const struct decode_case cases[] = {
		{ "base64", MIXED, "", PART("base64") "UzogeA0KDQp5DQo=" END,
		    PLAIN_PART "S: x\r\n\r\ny\r\n" END, MTA_SENDMAIL },
		{ "LF alone, and 8 bits", MIXED, "",
		    PART("base64") "UzogeAoKw7wK" END,
		    "--b\r\nContent-Type: "
		    "message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
		    "S: x\r\n\r\n\xc3\xbc\r\n" END,
		    MTA_AUTO },
		{ "quoted-printable", MIXED, "",
		    PART("Quoted-Printable") "S: =78\r\n\r\ny=\r\nz" END,
		    PLAIN_PART "S: x\r\n\r\nyz" END, MTA_SENDMAIL },
		{ "Postfix, where it sees a label", MIXED, "",
		    PART("quoted-printable") "Content-Transfer-Encoding: 8bit"
					     "\r\n\r\n=C3=BC" END,
		    "--b\r\nContent-Type: message/rfc822"
		    "\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
		    "Content-Transfer-Encoding: 8bit\r\n\r\n\xc3\xbc" END,
		    MTA_POSTFIX },
		{ "Postfix, where it sees none", MIXED, "",
		    PART("base64") "UzogeA0KDQp5DQo=" END, NULL, MTA_POSTFIX },
		{ "all of the message", " message/rfc822", " base64",
		    "UzogeA0KDQp5DQo=\r\n", "S: x\r\n\r\ny\r\n", MTA_SENDMAIL },
		{ "one in another", MIXED, "",
		    PART(
			"base64") "Q29udGVudC1UeXBlOiBtZXNzYWdlL3JmYzgyMgpDb250ZW50LVRyYW5zZmVy"
				  "LUVuY29kaW5nOiBiYXNlNjQKClV6b2dlQTBLRFFwNURRbz0K" END,
		    PLAIN_PART "Content-Type: message/rfc822\r\n\r\nS: x\r\n"
			       "\r\ny\r\n" END,
		    MTA_SENDMAIL },
		{ "one can be, one cannot", MIXED, "",
		    PART("base64") "UzogeA="
				   "\r\n" PART("base64") "UzogeA==" END,
		    PART("base64") "UzogeA=\r\n" PLAIN_PART "S: x" END,
		    MTA_SENDMAIL },
		{ "other types", MIXED, "",
		    "--b\r\nContent-Type: text/plain"
		    "\r\nContent-Transfer-Encoding: base64\r\n\r\nUzogeA==" END,
		    NULL, MTA_SENDMAIL },
		{ "a footer behind it", MIXED, "",
		    PART("base64") "UzogeA==\r\n\r\nfooter!" END, NULL,
		    MTA_SENDMAIL },
		{ "a CR alone", MIXED, "", PART("base64") "UzogDXg=" END, NULL,
		    MTA_SENDMAIL },
		{ "a CR at the end", MIXED, "",
		    PART("quoted-printable") "S: x=0D" END, NULL,
		    MTA_SENDMAIL },
		{ "a NUL", MIXED, "", PART("base64") "UzogAHg=" END, NULL,
		    MTA_SENDMAIL },
		{ "a delimiter", MIXED, "",
		    PART("quoted-printable") "S: x\r\n\r\n=2D-b" END, NULL,
		    MTA_SENDMAIL },
		{ "a line that begins like one", MIXED, "",
		    PART("quoted-printable") "S: x\r\n\r\n=2D-bee\r\n" END,
		    NULL, MTA_SENDMAIL },
		{ "two encodings", MIXED, "",
		    PART(
			"base64\r\n"
			"Content-Transfer-Encoding: quoted-printable") "UzogeA==" END,
		    NULL, MTA_SENDMAIL },
		{ "an encoding with a word behind it", MIXED, "",
		    PART("base64; x") "UzogeA==" END, NULL, MTA_SENDMAIL },
		{ "a sealed part", " multipart/signed; boundary=b", "",
		    PART("base64") "UzogeA==" END, NULL, MTA_SENDMAIL },
		{ "an encrypted one", " multipart/encrypted; boundary=b", "",
		    PART("base64") "UzogeA==" END, NULL, MTA_SENDMAIL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_case(&cases[i]);
}

static void
the_message_s_own_label_goes(void **state)
{
	static const struct decode_case c = { "label", " message/rfc822",
		" base64", "UzogeA0KDQp5DQo=\r\n", NULL, MTA_SENDMAIL };
	const struct header_limits no_limits = { .bytes = 0 };
	struct decoded_body decoded;
	struct header header;
	struct edits edits;
	struct arena mem;
	struct err err;

	(void)state;
	arena_init(&mem);
	header_init(&header, &mem);
	assert_int_equal(header_add(&header, SLICE("Content-Type"),
			     SLICE(" message/rfc822"), &no_limits, &err),
	    0);
	assert_int_equal(header_add(&header, SLICE("Content-Transfer-Encoding"),
			     SLICE(" base64"), &no_limits, &err),
	    0);
	edits_init(&edits, &mem, &header);
	assert_int_equal(decode(&c, "/tmp", 1000, &mem, &decoded, &err), 0);
	assert_int_equal(decoded.first_change, 0);
	body_plan_edit(&decoded.top, &edits);
	assert_int_equal(
	    edits_find(&edits, SLICE("Content-Transfer-Encoding"), 0),
	    edits.count);
	body_done(&decoded.body);
	arena_done(&mem);
}

static void
a_full_disk_is_no_reason_to_refuse(void **state)
{
	static const struct decode_case c = { "disk", MIXED, "",
		PART("base64") "UzogeA==" END, NULL, MTA_SENDMAIL };
	struct decoded_body decoded;
	struct arena mem;
	struct err err;

	(void)state;
	arena_init(&mem);
	assert_int_equal(
	    decode(&c, "/nonexistent", 10, &mem, &decoded, &err), -1);
	assert_int_equal(err.kind, ERR_TEMP);
	arena_done(&mem);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_are_decoded_where_that_is_certain),
		cmocka_unit_test(the_message_s_own_label_goes),
		cmocka_unit_test(a_full_disk_is_no_reason_to_refuse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
