/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include "repair/repair_body.h"

enum { LIMIT = 78 };

#define TENS "0123456789 123456789 123456789 123456789 123456789 123456789 "
#define LONG TENS "123456789 123456789 1"
#define UE "\xc3\xbc"
#define MIXED " multipart/mixed; boundary=b"

/* One body and what goes on; NULL: as it is; with '!': why it is refused. */
struct repair_case {
	const char *name;
	const char *type;
	const char *encoding;
	const char *body;
	const char *want;
	enum mta_choice mta;
	const char *want_encoding; /* of the message; NULL: not looked at */
};

static struct config *
config_of(const char *text)
{
	struct config *config;
	struct err err;

	if (config_read_text(
		"test", slice_of(text), NULL, NULL, &config, &err) != 0)
		fail_msg("%s", err.text);
	return config;
}

static void
gather(void *arg, struct slice text)
{
	strbuf_add(arg, text);
}

static void
add_field(struct header *header, const char *name, const char *value)
{
	const struct header_limits no_limits = { .bytes = 0 };
	struct err err;

	if (value != NULL &&
	    header_add(
		header, slice_of(name), slice_of(value), &no_limits, &err) != 0)
		fail_msg("%s", err.text);
}

static struct slice
repaired(const struct body_plan *plan, struct slice text, uint64_t end,
    struct arena *mem)
{
	struct strbuf out;
	struct body body;
	struct err err;
	bool done;

	body_init(&body, "/tmp", 1 << 20);
	strbuf_init(&out, mem);
	done = body_add(&body, text, &err) == 0 &&
	    body_plan_write(plan, &body,
		&(const struct body_target){ gather, &out, end, NULL },
		&err) == 0;
	body_done(&body);
	return done ? strbuf_slice(&out) : slice_format(mem, "!%s", err.text);
}

static void
check_encoding(const struct repair_case *c, const struct edits *edits)
{
	const struct slice name = SLICE("Content-Transfer-Encoding");
	size_t at = edits_find(edits, name, 0);

	if (c->want_encoding != NULL)
		check_slice(c->name,
		    at == edits->count ? SLICE("none") :
					 edits->fields[at].field.value,
		    c->want_encoding);
}

/* The plan for a body whose message has these two fields. */
static int
make_plan(const struct config *config, const char *type, const char *encoding,
    struct slice text, enum mta_choice mta, struct header *header,
    struct edits *edits, struct arena *mem, struct body_plan *plan,
    struct err *err)
{
	struct body_facts facts = { .traits = mta_traits(mta),
		.line_limit = LIMIT };
	struct mime_scan *scan;

	header_init(header, mem);
	add_field(header, "Content-Type", type);
	add_field(header, "Content-Transfer-Encoding", encoding);
	edits_init(edits, mem, header);
	scan = mime_scan_new(mem, slice_of(type == NULL ? "" : type),
	    slice_of(encoding == NULL ? "" : encoding), LIMIT);
	mime_scan_add(scan, text);
	assert_int_equal(
	    mime_scan_finish(scan, &facts.parts, &facts.count, err), 0);
	return body_plan_make(config, &facts, edits, plan, err);
}

static void
check_signed(const struct config *config, enum mta_choice mta, const char *type,
    const char *encoding, const char *body, const char *want)
{
	struct slice text = slice_of(body);
	struct header header;
	struct edits edits;
	struct body_plan plan;
	struct arena mem;
	struct err err;

	arena_init(&mem);
	if (make_plan(config, type, encoding, text, mta, &header, &edits, &mem,
		&plan, &err) != 0)
		check_slice(body, slice_format(&mem, "!%s", err.text),
		    want == NULL ? "all" : want);
	else
		check_slice(body,
		    plan.signed_end == UINT64_MAX ?
			SLICE("all") :
			repaired(&plan, text, plan.signed_end, &mem),
		    want == NULL ? "all" : want);
	arena_done(&mem);
}

static void
check_case(const struct config *config, const struct repair_case *c)
{
	struct slice text = slice_of(c->body);
	struct header header;
	struct edits edits;
	struct body_plan plan;
	struct arena mem;
	struct err err;

	arena_init(&mem);
	if (make_plan(config, c->type, c->encoding, text, c->mta, &header,
		&edits, &mem, &plan, &err) != 0) {
		check_slice(c->name, slice_format(&mem, "!%s", err.text),
		    c->want == NULL ? "as it is" : c->want);
	} else if (!plan.changes) {
		check_slice(c->name, SLICE("as it is"),
		    c->want == NULL ? "as it is" : c->want);
	} else {
		body_plan_edit(&plan, &edits);
		check_slice(c->name, repaired(&plan, text, UINT64_MAX, &mem),
		    c->want == NULL ? "as it is" : c->want);
		check_encoding(c, &edits);
	}
	arena_done(&mem);
}

#define B64 "Content-Transfer-Encoding: base64\r\n"
#define QUJD20 "QUJDQUJDQUJDQUJDQUJD"
#define QUJD76 QUJD20 QUJD20 QUJD20 "QUJDQUJDQUJDQUJD"
#define BLANKS50 "                                                  "
#define LONG_BLANKS BLANKS50 BLANKS50 BLANKS50 BLANKS50 BLANKS50 BLANKS50
#define TYPE_HTML "Content-Type: text/html\r\n"
#define QP "Content-Transfer-Encoding: quoted-printable\r\n"
#define ENDS "\r\n--b--\r\n"
#define RFC822 "Content-Type: message/rfc822\r\n"
#define RFC822_BASE64 RFC822 B64 "\r\n"
#define FILE_TYPE \
	"Content-Type: application/octet-stream; name=\"message.eml\"\r\n"
#define QUJD14                                                                \
	QUJD76 QUJD76 QUJD76 QUJD76 QUJD76 QUJD76 QUJD76 QUJD76 QUJD76 QUJD76 \
	    QUJD76 QUJD76 QUJD76 QUJD76
#define LINES2 QUJD76 "\r\n" QUJD76 "\r\n"
#define LINES14 LINES2 LINES2 LINES2 LINES2 LINES2 LINES2 LINES2
#define BIT8 "Content-Transfer-Encoding: 8bit\r\n"

static void
every_part_goes_on_as_no_mta_changes_it(void **state)
{
	static const struct repair_case cases[] = {
		{ "nothing to repair", NULL, NULL, "text\r\n", NULL,
		    MTA_POSTFIX, NULL },
		{ "a long line", NULL, NULL, LONG "\r\n",
		    TENS "123456789 1234=\r\n56789 1\r\n", MTA_POSTFIX,
		    " quoted-printable" },
		{ "8 bits", " text/plain; charset=utf-8", " 8bit", UE "\r\n",
		    "=C3=BC\r\n", MTA_POSTFIX, " quoted-printable" },
		{ "8 bits that are no text", " image/png", NULL, UE "\r\n",
		    "w7wNCg==\r\n", MTA_POSTFIX, " base64" },
		{ "a label and nothing behind it", " text/plain", " 8bit",
		    "x\r\n", "x\r\n", MTA_POSTFIX, " 7bit" },
		{ "base64 in a long line", " image/png", " base64",
		    "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1Njc4OTAx"
		    "MjM0NTY3ODkwMTIzNDU2Nzg5MDEy\r\n",
		    "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1Njc4OTAx"
		    "MjM0NTY3ODkwMTIzNDU2\r\nNzg5MDEy\r\n",
		    MTA_POSTFIX, NULL },
		{ "the part that needs it and no other", MIXED, " 8bit",
		    "--b\r\n\r\nx\r\n--b\r\n" TYPE_HTML "\r\n" UE ENDS,
		    "--b\r\n\r\nx\r\n--b\r\n" TYPE_HTML QP "\r\n=C3=BC" ENDS,
		    MTA_POSTFIX, "none" },
		{ "an encoding goes to the end, where Sendmail has it", MIXED,
		    NULL,
		    "--b\r\n" QP TYPE_HTML "\r\n=20\r\n--b\r\n\r\n" UE ENDS,
		    "--b\r\n" TYPE_HTML QP "\r\n=20\r\n--b\r\n" QP
		    "\r\n=C3=BC" ENDS,
		    MTA_SENDMAIL, NULL },
		{ "the same with Postfix, which leaves it", MIXED, NULL,
		    "--b\r\n" QP TYPE_HTML "\r\n=20\r\n--b\r\n\r\n" UE ENDS,
		    "--b\r\n" QP TYPE_HTML "\r\n=20\r\n--b\r\n" QP
		    "\r\n=C3=BC" ENDS,
		    MTA_POSTFIX, NULL },
		{ "without 8 bits Sendmail leaves it, too", MIXED, NULL,
		    "--b\r\n" QP TYPE_HTML "\r\n=20" ENDS, NULL, MTA_SENDMAIL,
		    NULL },
		{ "an attached message gets the version", MIXED, NULL,
		    "--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: x\r\n"
		    "\r\n" UE ENDS,
		    "--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: x\r\n"
		    "MIME-Version: 1.0\r\n" QP "\r\n=C3=BC" ENDS,
		    MTA_SENDMAIL, NULL },
		{ "a blank before a colon", MIXED, NULL,
		    "--b\r\nX-A : y\r\n\r\nx" ENDS,
		    "--b\r\nX-A: y\r\n\r\nx" ENDS, MTA_SENDMAIL, NULL },
		{ "an mbox line", " message/rfc822", NULL,
		    "From a@b Mon\r\nSubject: x\r\n\r\nx\r\n",
		    "Subject: x\r\n\r\nx\r\n", MTA_SENDMAIL, NULL },
		{ "no last delimiter", MIXED, NULL, "--b\r\n\r\nx\r\n",
		    "--b\r\n\r\nx\r\n" ENDS, MTA_SENDMAIL, NULL },
		{ "no last delimiter, inside", " multipart/mixed; boundary=a",
		    NULL,
		    "--a\r\nContent-Type:" MIXED "\r\n\r\n--b\r\n\r\nx\r\n"
		    "--a--\r\n",
		    "--a\r\nContent-Type:" MIXED "\r\n\r\n--b\r\n\r\nx\r\n"
		    "--b--\r\n--a--\r\n",
		    MTA_SENDMAIL, NULL },
		{ "no last delimiter behind a part without content",
		    " multipart/mixed; boundary=a", NULL,
		    "--a\r\nContent-Type:" MIXED "\r\n\r\n--b\r\n\r\n"
		    "--a--\r\n",
		    "--a\r\nContent-Type:" MIXED "\r\n\r\n--b\r\n\r\n"
		    "--b--\r\n--a--\r\n",
		    MTA_SENDMAIL, NULL },
		{ "text beside the parts", MIXED, NULL,
		    UE "\r\n" LONG "\r\n--b\r\n\r\nx" ENDS UE "\r\n",
		    "??\r\n" TENS
		    "123456789 123456?\r\n 789 1\r\n--b\r\n\r\nx" ENDS "??\r\n",
		    MTA_POSTFIX, NULL },
		{ "a long line in the header of a part", MIXED, NULL,
		    "--b\r\nX: " LONG "\r\n\r\nx" ENDS,
		    "--b\r\nX: " TENS "123456789\r\n 123456789 1\r\n\r\nx" ENDS,
		    MTA_POSTFIX, NULL },
		{ "CR alone", NULL, NULL, "a\rb\r\n", "a=0Db\r\n", MTA_POSTFIX,
		    " quoted-printable" },
		{ "base64 that is none", " text/plain", " base64",
		    "Gr" UE "sse\r\n", "Gr=C3=BCsse\r\n", MTA_POSTFIX,
		    " quoted-printable" },
		{ "base64 with faults, in a long line", " image/png", " base64",
		    "QUJD=QUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQ"
		    "UJDQUJDQUJDQUJDQUJD!QU\r\nJD\r\n\r\n",
		    NULL, MTA_POSTFIX, NULL },
		{ "the same, longer", " image/png", " base64",
		    "QUJD=QUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQ"
		    "UJDQUJDQUJDQUJDQUJD!QUJDQUJDQUJDQUJD\r\nQUJD\r\n\r\n",
		    "QUJD=QUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQ"
		    "UJDQUJDQUJDQUJDQUJDQUJDQUJ\r\nDQUJDQUJDQUJD\r\n",
		    MTA_POSTFIX, NULL },
		{ "a new line of base64 is no delimiter", MIXED, NULL,
		    "--b\r\n" B64 "\r\n" QUJD76 "--b    QUJD" ENDS,
		    "--b\r\n" B64 "\r\n" QUJD76 "\r\nbQUJD\r\n" ENDS,
		    MTA_POSTFIX, NULL },
		{ "base64 that something was appended to", MIXED, NULL,
		    "--b\r\n" B64 "\r\n" QUJD76 "\r\n" UE ENDS,
		    "--b\r\n" B64 "\r\n" QUJD76 "\r\n" ENDS, MTA_POSTFIX,
		    NULL },
		{ "a soft break at the end, blanks at line ends", " text/plain",
		    " quoted-printable", LONG " \r\nx  \r\ny=\r\n",
		    TENS "123456789 1234=\r\n"
			 "56789 1=20\r\nx =20\r\ny=\r\n",
		    MTA_POSTFIX, NULL },
		{ "an encoding with more behind it", " text/plain", " 8bit; x",
		    UE "\r\n", "=C3=BC\r\n", MTA_POSTFIX, " quoted-printable" },
		{ "the same of a part without need", MIXED, NULL,
		    "--b\r\nContent-Transfer-Encoding: base64;\r\n\r\nQUJD" ENDS,
		    "--b\r\n" B64 "\r\nQUJD" ENDS, MTA_POSTFIX, NULL },
		{ "a line that Postfix takes for a delimiter", MIXED, NULL,
		    "--b\r\n\r\n--bc\r\n" ENDS,
		    "--b\r\n" QP "\r\n=2D-bc\r\n" ENDS, MTA_POSTFIX, NULL },
		{ "the same with Sendmail, which looks to its end", MIXED, NULL,
		    "--b\r\n\r\n--bc\r\n" ENDS, NULL, MTA_SENDMAIL, NULL },
		{ "a delimiter with many blanks", MIXED, NULL,
		    "--b" LONG_BLANKS "\r\n\r\n" UE ENDS,
		    "--b\r\n" QP "\r\n=C3=BC" ENDS, MTA_POSTFIX, NULL },
		{ "blanks behind a delimiter, which Sendmail drops", MIXED,
		    NULL, "--b \r\n\r\nx" ENDS, "--b\r\n\r\nx" ENDS,
		    MTA_SENDMAIL, NULL },
		{ "and Postfix does not", MIXED, NULL, "--b \r\n\r\nx" ENDS,
		    NULL, MTA_POSTFIX, NULL },
		{ "what is written beside parts makes no delimiter",
		    " multipart/mixed; boundary=\"b?\"", NULL,
		    "--b" UE "\r\n" UE "\r\n--b?\r\n\r\nx\r\n--b?--\r\n",
		    "--b**\r\n**\r\n--b?\r\n\r\nx\r\n--b?--\r\n", MTA_POSTFIX,
		    NULL },
		{ "a line that is no field, without need", MIXED, NULL,
		    "--b\r\nno field\r\n\r\nx" ENDS, NULL, MTA_POSTFIX, NULL },
		{ "a report is not encoded", " message/delivery-status", NULL,
		    UE "\r\n", NULL, MTA_POSTFIX, NULL },
	};
	struct config *config = config_of("");

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_case(config, &cases[i]);
	config_free(config);
}

#define NO_FIELD                                                       \
	"a line in the header of a part that is not a field would be " \
	"broken on the way"

#define B75 QUJD20 QUJD20 QUJD20 "QUJDQUJDQUJDQUJ"
#define SIGNED " multipart/signed; boundary=b"
#define UES                                                                        \
	"\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc" \
	"\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc"
#define TWO_WAYS                                                    \
	"!a part whose Content-Type can be read in two ways would " \
	"be broken on the way"

static void
what_cannot_survive_is_refused(void **state)
{
	static const struct repair_case cases[] = {
		{ "a long line in a signed part", SIGNED, NULL,
		    "--b\r\n\r\n" LONG ENDS,
		    "!a signed or encrypted part with "
		    "long lines would be broken on the way: have your mail "
		    "program encode it",
		    MTA_POSTFIX, NULL },
		{ "8 bits in a signed part, labelled", SIGNED, NULL,
		    "--b\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" UE ENDS,
		    "!a signed or encrypted part with 8-bit content would be "
		    "broken on the way: have your mail program encode it",
		    MTA_POSTFIX, NULL },
		{ "the same through Sendmail, which does not look there",
		    SIGNED, NULL,
		    "--b\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" UE ENDS,
		    NULL, MTA_SENDMAIL, NULL },
		{ "8 bits in an encrypted part",
		    " multipart/encrypted; boundary=b", NULL,
		    "--b\r\n\r\n" UE ENDS,
		    "!a signed or encrypted part with "
		    "8-bit content would be broken on the way: have your mail "
		    "program encode it",
		    MTA_SENDMAIL, NULL },
		{ "a signed part whose header has no end", SIGNED, NULL,
		    "--b\r\nX: y" ENDS,
		    "!a part without an empty line below "
		    "its header would be broken on the way",
		    MTA_SENDMAIL, NULL },
		{ "no boundary, and 8 bits", " multipart/mixed", NULL,
		    "--b\r\n\r\n" UE ENDS,
		    "!a multipart whose boundary cannot "
		    "be read would be broken on the way",
		    MTA_POSTFIX, NULL },
		{ "no boundary, and nothing to repair", " multipart/mixed",
		    NULL, "--b\r\n\r\nx" ENDS, NULL, MTA_POSTFIX, NULL },
		{ "a line that is no field", MIXED, NULL,
		    "--b\r\nno field\r\n\r\nx" ENDS,
		    "!a line in the header of "
		    "a part that is not a field would be broken on the way",
		    MTA_SENDMAIL, NULL },
		{ "the same, where something is to be put in front", MIXED,
		    NULL, "--b\r\nno field\r\n\r\n" UE ENDS,
		    "!a line in the "
		    "header of a part that is not a field would be broken on the "
		    "way",
		    MTA_POSTFIX, NULL },
		{ "two types", MIXED, NULL,
		    "--b\r\nContent-Type: text/plain"
		    "\r\nContent-Type:" SIGNED "\r\n\r\n" UE ENDS,
		    TWO_WAYS, MTA_POSTFIX, NULL },
		{ "two boundaries", " multipart/mixed; boundary=b; boundary=c",
		    NULL, "--b\r\n\r\nx" ENDS, TWO_WAYS, MTA_SENDMAIL, NULL },
		{ "the same, where a part has a label to be changed",
		    " multipart/mixed; boundary=b; boundary=c", NULL,
		    "--b\r\n"
		    "content-transfer-encoding:\r\n 8bit\r\n\r\nx" ENDS,
		    TWO_WAYS, MTA_POSTFIX, NULL },
		{ "a boundary within the same, and a long line", MIXED, NULL,
		    "--b\r\nContent-Type:" MIXED
		    "\r\n\r\n--b\r\n\r\nx" ENDS LONG ENDS,
		    TWO_WAYS, MTA_POSTFIX, NULL },
		{ "a boundary with 8 bits",
		    " multipart/mixed; boundary=\"" UE "\"", NULL,
		    "--" UE "\r\n\r\nx\r\n", TWO_WAYS, MTA_POSTFIX, NULL },
		{ "a part that would begin with an empty line", MIXED, NULL,
		    "--b\r\nContent-Type: multipart/mixed; boundary=c" ENDS,
		    "!a part without an empty line below its header would be "
		    "broken on the way",
		    MTA_SENDMAIL, NULL },
		{ "an encoded attached message with a broken header", MIXED,
		    NULL, "--b\r\nno field\r\n" RFC822_BASE64 "U3Vi" ENDS,
		    "!" NO_FIELD, MTA_SENDMAIL, NULL },
		{ "text beside the parts of a boundary of 75 octets",
		    " multipart/mixed; boundary=" B75, NULL,
		    UE "\r\n--" B75 "\r\n\r\nx\r\n--" B75 "--\r\n",
		    "!a multipart with a long "
		    "boundary would be broken on the way",
		    MTA_POSTFIX, NULL },
		{ "a quote without end", MIXED, NULL,
		    "--b\r\nContent-Type: text/plain; name=\"x\r\n\r\nx" ENDS,
		    "!a very long field, or one with an open quote, in the "
		    "header of a part would be broken on the way",
		    MTA_SENDMAIL, NULL },
		{ "a header that cannot be folded", MIXED, NULL,
		    "--b\r\nX: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n\r\nx" ENDS,
		    "!a long line in "
		    "the header of a part would be broken on the way",
		    MTA_POSTFIX, NULL },
		{ "a long line in an unknown encoding", " text/plain", " x-own",
		    LONG "\r\n",
		    "!a part of unknown encoding with long lines "
		    "would be broken on the way",
		    MTA_POSTFIX, NULL },
		{ "a long line in a report", " message/delivery-status", NULL,
		    LONG "\r\n",
		    "!a report or a piece of a message with 8-bit "
		    "content or long lines would be broken on the way",
		    MTA_POSTFIX, NULL },
	};
	struct config *config = config_of("repair { sealed-8bit = refuse\n"
					  "attached-messages = refuse }");

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_case(config, &cases[i]);
	config_free(config);
}

static void
options_say_how_far_repairs_go(void **state)
{
	static const struct repair_case certain[] = {
		{ "8 bits stay", " text/plain", " 8bit", UE "\r\n", NULL,
		    MTA_POSTFIX, NULL },
		{ "long lines do not", NULL, NULL, LONG "\r\n",
		    TENS "123456789 1234=\r\n56789 1\r\n", MTA_POSTFIX,
		    " quoted-printable" },
		{ "nor what Sendmail rewrites in any case", MIXED, NULL,
		    "--b\r\n\r\nx\r\n", "--b\r\n\r\nx\r\n" ENDS, MTA_SENDMAIL,
		    NULL },
		{ "8 bits in a signed part pass", SIGNED, NULL,
		    "--b\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" UE ENDS,
		    NULL, MTA_POSTFIX, NULL },
	};
	static const struct repair_case bare[] = {
		{ "CR alone", NULL, NULL, "a\rb\r\n",
		    "!NUL, or CR or LF alone, in the body", MTA_POSTFIX, NULL },
		{ "LF alone beside the parts", MIXED, NULL,
		    "a\nb\r\n--b\r\n\r\nx" ENDS,
		    "!NUL, or CR or LF alone, in the body", MTA_SENDMAIL,
		    NULL },
		{ "CR alone in the header of a part", MIXED, NULL,
		    "--b\r\nX: a\rb\r\n\r\nx" ENDS,
		    "!NUL, or CR or LF alone, in the body", MTA_POSTFIX, NULL },
		{ "neither", NULL, NULL, "a\r\n", NULL, MTA_POSTFIX, NULL },
	};
	static const struct repair_case pass[] = {
		{ "long lines in a signed part pass", SIGNED, NULL,
		    "--b\r\n\r\n" LONG ENDS, NULL, MTA_POSTFIX, NULL },
	};
	/* Whoever converts these is a next hop without 8BITMIME alone. */
	static const struct repair_case hops[] = {
		{ "8 bits in a signed part", SIGNED, NULL,
		    "--b\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" UE ENDS,
		    NULL, MTA_POSTFIX, NULL },
		{ "a label around a signed part", SIGNED, " binary",
		    "--b\r\nContent-Transfer-Encoding: binary\r\n\r\nx" ENDS,
		    "--b\r\nContent-Transfer-Encoding: binary\r\n\r\nx" ENDS,
		    MTA_POSTFIX, NULL },
		{ "8 bits in front of a signed part", SIGNED, NULL,
		    UE "\r\n--b\r\n\r\nx" ENDS, NULL, MTA_POSTFIX, NULL },
		{ "returned fields of little but 8 bits (RFC 6522)",
		    " text/rfc822-headers", NULL, UES UES "\r\n",
		    "=C3=BC=C3=BC=C3=BC=C3=BC=C3=BC=C3=BC=C3=BC=C3=BC=C3=BC=C3=BC=C3=BC=C3=BC=C3=\r\n"
		    "=BC=C3=BC=C3=BC=C3=BC=C3=BC=C3=BC=C3=BC=C3=BC=C3=BC=C3=BC=C3=BC=C3=BC=C3=BC=\r\n"
		    "=C3=BC=C3=BC=C3=BC=C3=BC=C3=BC=C3=BC=C3=BC=C3=BC=C3=BC=C3=BC=C3=BC\r\n",
		    MTA_POSTFIX, " quoted-printable" },
		{ "a text that is mostly 8-bit", NULL, NULL, UES UES "\r\n",
		    "w7zDvMO8w7zDvMO8w7zDvMO8w7zDvMO8w7zDvMO8w7zDvMO8"
		    "w7zDvMO8w7zDvMO8w7zDvMO8w7zD\r\nvMO8w7zDvMO8w7zDvMO8DQo=\r\n",
		    MTA_POSTFIX, " base64" },
		{ "an attached file that is a mail header alone", MIXED, NULL,
		    "--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: x\r\n"
		    "From: y@z.example" ENDS,
		    NULL, MTA_POSTFIX, NULL },
		{ "the same through Sendmail", MIXED, NULL,
		    "--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: x\r\n"
		    "From: y@z.example" ENDS,
		    "--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: x\r\n"
		    "From: y@z.example\r\n" ENDS,
		    MTA_SENDMAIL, NULL },
		{ "an attached file that is no message", MIXED, NULL,
		    "--b\r\nContent-Type: message/rfc822\r\n\r\nno message" ENDS,
		    NULL, MTA_POSTFIX, NULL },
		{ "a boundary within the same", MIXED, NULL,
		    "--b\r\n"
		    "Content-Type:" MIXED "\r\n\r\n--b\r\n"
		    "Content-Transfer-Encoding: 7bit\r\n\r\nx" ENDS ENDS,
		    NULL, MTA_POSTFIX, NULL },
		{ "the same type and encoding twice", MIXED, NULL,
		    "--b\r\nContent-Type: text/plain\r\nContent-Type:  text/plain"
		    "\r\nContent-Transfer-Encoding: 7bit\r\n"
		    "Content-Transfer-Encoding: 7bit\r\n\r\nx" ENDS,
		    "--b\r\nContent-Type: text/plain\r\n"
		    "Content-Transfer-Encoding: 7bit\r\n\r\nx" ENDS,
		    MTA_POSTFIX, NULL },
		{ "not in front of others", MIXED, NULL,
		    UE "\r\n--b\r\n\r\nx" ENDS, "??\r\n--b\r\n\r\nx" ENDS,
		    MTA_POSTFIX, NULL },
	};
	struct config *config = config_of("repair { body = certain }");

	(void)state;
	for (size_t i = 0; i < sizeof(certain) / sizeof(certain[0]); i++)
		check_case(config, &certain[i]);
	config_free(config);
	config = config_of("repair { bare-octets = refuse }");
	for (size_t i = 0; i < sizeof(bare) / sizeof(bare[0]); i++)
		check_case(config, &bare[i]);
	config_free(config);
	config = config_of("repair { sealed-parts = pass }");
	check_case(config, &pass[0]);
	config_free(config);
	config = config_of("");
	for (size_t i = 0; i < sizeof(hops) / sizeof(hops[0]); i++)
		check_case(config, &hops[i]);
	config_free(config);
}

static void
a_nul_in_the_header_of_a_part_is_one(void **state)
{
	struct config *config = config_of("repair { bare-octets = refuse }");
	struct header header;
	struct edits edits;
	struct body_plan plan;
	struct arena mem;
	struct err err;

	(void)state;
	arena_init(&mem);
	assert_int_equal(make_plan(config, MIXED, NULL,
			     SLICE("--b\r\nX: a\0b\r\n\r\nx" ENDS), MTA_POSTFIX,
			     &header, &edits, &mem, &plan, &err),
	    -1);
	assert_string_equal(err.text, "NUL, or CR or LF alone, in the body");
	arena_done(&mem);
	config_free(config);
}

/* As far as the body arrives as it is. */
static void
what_may_change_is_not_signed(void **state)
{
#define SIGNED_C " multipart/signed; boundary=c\r\n\r\n--c\r\n"
	static const struct {
		const char *type;
		const char *encoding;
		const char *body;
		const char *want; /* NULL: all of it */
	} cases[] = {
		{ SIGNED, NULL, "--b\r\n\r\nx" ENDS, NULL },
		{ SIGNED, NULL, "--b\r\n\r\n" LONG ENDS, "--b\r\n" },
		{ MIXED, NULL,
		    "--b\r\n\r\n" UE "\r\n--b\r\nContent-Type:" SIGNED_C BIT8
		    "\r\n" UE "\r\n--c--" ENDS,
		    "--b\r\n" QP
		    "\r\n=C3=BC\r\n--b\r\nContent-Type:" SIGNED_C },
		/* Without that label, too, so nothing says 8bit. */
		{ MIXED, " 8bit",
		    "--b\r\nContent-Type:" SIGNED_C "\r\n" UE "\r\n--c--" ENDS,
		    NULL },
		/* The label alone changes. */
		{ SIGNED, " 8bit", "--b\r\n\r\n" UE ENDS,
		    "--b\r\n\r\n" UE ENDS },
		/* There is nothing before it to sign. */
		{ " application/pkcs7-mime", " base64", LONG "\r\n",
		    "!a signed or encrypted part with long lines would be "
		    "broken on the way: have your mail program encode it" },
	};
	struct config *config =
	    config_of("repair { sealed-parts = "
		      "pass-unsigned\nsealed-8bit = pass-unsigned }");

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_signed(config, MTA_POSTFIX, cases[i].type,
		    cases[i].encoding, cases[i].body, cases[i].want);
	config_free(config);
}

#define FORWARD "--b\r\n\r\nx\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n"
#define REPORT \
	"--b\r\n\r\nx\r\n--b\r\nContent-Type: message/delivery-status\r\n"
#define BEFORE "--b\r\n\r\nx\r\n--b\r\n"
#define X100                                                                \
	"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" \
	"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define XXL X100 X100 X100 X100 X100 X100 X100 X100 X100 X100
/* Whatever is in what a user forwards. */
static void
attachments_pass_as_they_came(void **state)
{
	static const struct {
		enum mta_choice mta;
		const char *type;
		const char *encoding;
		const char *body;
		const char *want; /* what is signed; NULL: all of it */
	} cases[] = {
		/* No message: Sendmail alone takes a line off. */
		{ MTA_SENDMAIL, MIXED, NULL, FORWARD "X: y\r\nno field" ENDS,
		    BEFORE },
		{ MTA_POSTFIX, MIXED, NULL, FORWARD "X: y\r\nno field" ENDS,
		    NULL },
		{ MTA_AUTO, MIXED, NULL, FORWARD "X: y\r\nno field" ENDS,
		    BEFORE },
		/* A message in a message: all of the outer one. */
		{ MTA_SENDMAIL, MIXED, NULL,
		    FORWARD "Content-Type: message/"
			    "rfc822\r\n\r\nX: y\r\nno field\r\n\r\nx" ENDS,
		    BEFORE },
		/* What is before it is put right and signed. */
		{ MTA_SENDMAIL, MIXED, NULL,
		    "--b\r\n" BIT8 "\r\n" UE "\r\n"
		    "--b\r\nContent-Type: message/rfc822\r\n\r\nX: y\r\nno field"
		    "\r\n\r\nx" ENDS,
		    "--b\r\n" QP "\r\n=C3=BC\r\n"
		    "--b\r\n" },
		/* Long lines of a report, which may not be encoded. */
		{ MTA_POSTFIX, MIXED, NULL, REPORT "\r\n" XXL ENDS, BEFORE },
		/* A long line that nobody can fold, and one that is folded. */
		{ MTA_POSTFIX, MIXED, NULL, FORWARD "X:" XXL "\r\n\r\nx" ENDS,
		    BEFORE },
		{ MTA_POSTFIX, MIXED, NULL,
		    FORWARD "X: " TENS TENS "x\r\n\r\nx" ENDS, NULL },
		/* A next hop without 8BITMIME alone would convert it. */
		{ MTA_POSTFIX, MIXED, NULL, REPORT BIT8 "\r\n" UE ENDS, NULL },
		/* Two types; a boundary within the same. */
		{ MTA_SENDMAIL, MIXED, NULL,
		    FORWARD "Content-Type: text/plain"
			    "\r\nContent-Type: text/html\r\n\r\nx" ENDS,
		    BEFORE },
		{ MTA_SENDMAIL, MIXED, NULL,
		    FORWARD "Content-Type:" MIXED
			    "\r\n\r\n--b\r\n\r\nx" ENDS ENDS,
		    BEFORE },
		/* An open quote. */
		{ MTA_SENDMAIL, MIXED, NULL,
		    FORWARD "Content-Type: text/plain;"
			    " name=\"x\r\n\r\nx" ENDS,
		    BEFORE },
		/* Nothing is before it. */
		{ MTA_SENDMAIL, " message/rfc822", NULL,
		    "X: y\r\nno field\r\n\r\nx\r\n", "" },
		/* It becomes a file. */
		{ MTA_SENDMAIL, MIXED, NULL,
		    "--b\r\n" RFC822_BASE64 "U3Vi" ENDS, NULL },
		/* Sendmail would lose the beginning of it. */
		{ MTA_SENDMAIL, MIXED, NULL,
		    "--b\r\nno field\r\n" RFC822_BASE64 "U3Vi" ENDS,
		    "!" NO_FIELD },
		/* No attachment. */
		{ MTA_SENDMAIL, MIXED, NULL, "--b\r\nno field\r\n\r\nx" ENDS,
		    "!" NO_FIELD },
	};
	struct config *config = config_of("repair { attached-messages = "
					  "sign-part }");

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_signed(config, cases[i].mta, cases[i].type,
		    cases[i].encoding, cases[i].body, cases[i].want);
	config_free(config);
	/* By default none is signed in part. */
	config = config_of("");
	check_signed(config, MTA_SENDMAIL, MIXED, NULL, cases[0].body, "");
	check_signed(
	    config, MTA_POSTFIX, MIXED, NULL, REPORT BIT8 "\r\n" UE ENDS, NULL);
	config_free(config);
	config = config_of("repair { attached-messages = pass }");
	check_signed(config, MTA_SENDMAIL, MIXED, NULL, cases[0].body, NULL);
	config_free(config);
	config = config_of("repair { attached-messages = refuse }");
	check_signed(
	    config, MTA_SENDMAIL, MIXED, NULL, cases[0].body, "!" NO_FIELD);
	config_free(config);
}

/* The Content-Type of a message that is all an attached one in base64. */
static void
check_own_type(const struct config *config, const char *type, const char *want)
{
	struct header header;
	struct edits edits;
	struct body_plan plan;
	struct arena mem;
	struct err err;
	size_t at;

	arena_init(&mem);
	assert_int_equal(make_plan(config, type, " base64", SLICE("AAEC\r\n"),
			     MTA_SENDMAIL, &header, &edits, &mem, &plan, &err),
	    0);
	body_plan_edit(&plan, &edits);
	at = edits_find(&edits, SLICE("Content-Type"), 0);
	assert_true(at < edits.count);
	check_slice(type, edits.fields[at].field.value, want);
	arena_done(&mem);
}

static void
an_encoded_message_that_cannot_be_decoded_becomes_a_file(void **state)
{
	static const struct repair_case cases[] = {
		{ "in a multipart", MIXED, NULL,
		    "--b\r\n" RFC822_BASE64 "AAEC" ENDS,
		    "--b\r\n" FILE_TYPE B64 "\r\nAAEC" ENDS, MTA_SENDMAIL,
		    NULL },
		{ "as all there is", " message/rfc822", " base64", "AAEC\r\n",
		    "AAEC\r\n", MTA_SENDMAIL, " base64" },
		{ "its own name stays", MIXED, NULL,
		    "--b\r\nContent-Type: message/rfc822;\r\n"
		    " name=\"a;b.eml\"\r\n" B64 "\r\nAAEC" ENDS,
		    "--b\r\nContent-Type: application/octet-stream;\r\n"
		    " name=\"a;b.eml\"\r\n" B64 "\r\nAAEC" ENDS,
		    MTA_SENDMAIL, NULL },
		{ "also of RFC 2231", MIXED, NULL,
		    "--b\r\nContent-Type: message/rfc822; name*0*=utf-8''a"
		    "\r\n" B64 "\r\nAAEC" ENDS,
		    "--b\r\nContent-Type: application/octet-stream; "
		    "name*0*=utf-8''a\r\n" B64 "\r\nAAEC" ENDS,
		    MTA_SENDMAIL, NULL },
		{ "the type is that of a digest",
		    " multipart/digest; boundary=b", NULL,
		    "--b\r\n" B64 "\r\nAAEC" ENDS,
		    "--b\r\n" FILE_TYPE B64 "\r\nAAEC" ENDS, MTA_SENDMAIL,
		    NULL },
		{ "in another encoding", MIXED, NULL,
		    "--b\r\n" RFC822 "Content-Transfer-Encoding: x-uuencode"
		    "\r\n\r\nbegin 644 a" ENDS,
		    "--b\r\n" FILE_TYPE "Content-Transfer-Encoding: "
		    "x-uuencode\r\n\r\nbegin 644 a" ENDS,
		    MTA_SENDMAIL, NULL },
		{ "Postfix leaves it alone", MIXED, NULL,
		    "--b\r\n" RFC822_BASE64 "AAEC" ENDS, NULL, MTA_POSTFIX,
		    NULL },
		{ "Postfix would find a label in it", MIXED, NULL,
		    "--b\r\n" RFC822 QP "\r\n"
		    "Content-Transfer-Encoding: 8bit\r\n\r\nx" ENDS,
		    "--b\r\n" FILE_TYPE QP "\r\n"
		    "Content-Transfer-Encoding: 8bit\r\n\r\nx" ENDS,
		    MTA_POSTFIX, NULL },
		{ "its lines are made short", MIXED, NULL,
		    "--b\r\n" RFC822_BASE64 QUJD14 ENDS,
		    "--b\r\n" RFC822_BASE64 LINES14 ENDS, MTA_POSTFIX, NULL },
	};
	struct config *config = config_of("");

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_case(config, &cases[i]);
	check_own_type(config, " message/rfc822 (x)",
	    " application/octet-stream; name=\"message.eml\" (x)");
	check_own_type(config, " message/rfc822; NAME=x.eml",
	    " application/octet-stream; NAME=x.eml");
	config_free(config);
}

#define MESSAGE_RFC822 "Content-Type: message/rfc822\r\n\r\n"
#define INNER                                                      \
	"--b\r\nContent-Type: multipart/mixed; boundary=i\r\n\r\n" \
	"--i\r\n\r\nx\r\n--i--\r\n"
#define ATTACHED "--b\r\n" MESSAGE_RFC822 "Subject: y\r\n\r\ny\r\n"
#define LENGTH "Content-Length: 3\r\n"

/* Sendmail takes the headers of such parts for that of the message. */
static void
what_sendmail_drops_of_parts_goes_first(void **state)
{
	static const struct repair_case cases[] = {
		{ "behind a multipart", MIXED, NULL,
		    INNER "--b\r\n" LENGTH "X: y\r\n\r\nx" ENDS,
		    INNER "--b\r\nX: y\r\n\r\nx" ENDS, MTA_SENDMAIL, NULL },
		{ "behind a message", MIXED, NULL,
		    ATTACHED "--b\r\nbcc: x\r\nFull-Name: x\r\nReturn-Path: x"
			     "\r\nResent-Date:\r\n x\r\nX: y\r\n\r\nx" ENDS,
		    ATTACHED "--b\r\nX: y\r\n\r\nx" ENDS, MTA_AUTO, NULL },
		{ "not at once", MIXED, NULL,
		    INNER "--b\r\n\r\nx\r\n--b\r\n" LENGTH "\r\nx" ENDS,
		    INNER "--b\r\n\r\nx\r\n--b\r\n\r\nx" ENDS, MTA_SENDMAIL,
		    NULL },
		{ "inside of a multipart in front", MIXED, NULL,
		    "--b\r\nContent-Type: multipart/mixed; boundary=o\r\n\r\n"
		    "--o\r\n" MESSAGE_RFC822 "X: y\r\n\r\nx\r\n--o\r\n" LENGTH
		    "\r\nx\r\n--o--\r\n" ENDS,
		    "--b\r\nContent-Type: multipart/mixed; boundary=o\r\n\r\n"
		    "--o\r\n" MESSAGE_RFC822 "X: y\r\n\r\nx\r\n--o\r\n"
		    "\r\nx\r\n--o--\r\n" ENDS,
		    MTA_SENDMAIL, NULL },
		{ "Postfix drops none", MIXED, NULL,
		    INNER "--b\r\n" LENGTH "\r\nx" ENDS, NULL, MTA_POSTFIX,
		    NULL },
		{ "nothing is in front", MIXED, NULL,
		    "--b\r\n\r\nx\r\n--b\r\n" LENGTH "\r\nx" ENDS, NULL,
		    MTA_SENDMAIL, NULL },
		{ "the header of an attached message", MIXED, NULL,
		    INNER "--b\r\n" MESSAGE_RFC822 LENGTH
			  "To: bob\r\n\r\nx" ENDS,
		    NULL, MTA_SENDMAIL, NULL },
		{ "an address", MIXED, NULL,
		    INNER "--b\r\nTo: bob\r\n\r\nx" ENDS,
		    "!an address in the header of a part would be broken on "
		    "the way",
		    MTA_SENDMAIL, NULL },
		{ "in a signed part", MIXED, NULL,
		    INNER "--b\r\n"
			  "Content-Type: multipart/signed; boundary=s\r\n\r\n"
			  "--s\r\n" MESSAGE_RFC822
			  "X: y\r\n\r\nx\r\n--s\r\n" LENGTH
			  "\r\nx\r\n--s--\r\n" ENDS,
		    "!a signed or encrypted part with odd lines around its "
		    "content would be broken on the way: have your mail "
		    "program encode it",
		    MTA_SENDMAIL, NULL },
	};
	struct config *config = config_of("repair { sealed-parts = refuse }");

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_case(config, &cases[i]);
	config_free(config);
}

#define TEXT_ALONE "--b\r\n\r\nx\r\n--b\r\n" MESSAGE_RFC822
#define NO_BOUNDARY                                           \
	"a multipart whose boundary cannot be read would be " \
	"broken on the way"
#define NO_PARTS "a multipart without parts would be broken on the way"
#define NO_EMPTY_LINE                                          \
	"a part without an empty line below its header would " \
	"be broken on the way"

/* An attached message without a header: Sendmail would lose its text. */
static void
text_in_place_of_a_message_stays(void **state)
{
	static const struct repair_case cases[] = {
		{ "a line", MIXED, NULL, TEXT_ALONE "removed here" ENDS,
		    TEXT_ALONE "\r\nremoved here" ENDS, MTA_SENDMAIL, NULL },
		{ "not known which MTA", MIXED, NULL,
		    TEXT_ALONE "removed here" ENDS,
		    TEXT_ALONE "\r\nremoved here" ENDS, MTA_AUTO, NULL },
		{ "with an empty line", MIXED, NULL,
		    TEXT_ALONE "removed here\r\n\r\nand there" ENDS,
		    TEXT_ALONE "\r\nremoved here\r\n\r\nand there" ENDS,
		    MTA_SENDMAIL, NULL },
		{ "all of the message", " message/rfc822", NULL,
		    "removed here\r\n", "\r\nremoved here\r\n", MTA_SENDMAIL,
		    NULL },
		{ "8 bits", MIXED, NULL, TEXT_ALONE UE ENDS,
		    TEXT_ALONE "MIME-Version: 1.0\r\n" QP "\r\n=C3=BC" ENDS,
		    MTA_SENDMAIL, NULL },
		{ "Postfix keeps it", MIXED, NULL,
		    TEXT_ALONE "removed here" ENDS, NULL, MTA_POSTFIX, NULL },
		{ "a field behind it", MIXED, NULL,
		    TEXT_ALONE "removed here\r\nX: y\r\n\r\nx" ENDS,
		    "!" NO_FIELD, MTA_SENDMAIL, NULL },
		{ "a blank in front", MIXED, NULL, TEXT_ALONE " removed" ENDS,
		    "!" NO_FIELD, MTA_SENDMAIL, NULL },
		{ "no attached message", MIXED, NULL, "--b\r\nno field" ENDS,
		    "!" NO_FIELD, MTA_SENDMAIL, NULL },
		{ "a quoted mbox line on top", MIXED, NULL,
		    TEXT_ALONE ">From a@b Mon\r\nX: y\r\n\r\nx" ENDS,
		    TEXT_ALONE "X: y\r\n\r\nx" ENDS, MTA_SENDMAIL, NULL },
		{ "a quoted mbox line in the middle", MIXED, NULL,
		    TEXT_ALONE "X: y\r\n>From a@b Mon\r\nY: z\r\n\r\nx" ENDS,
		    TEXT_ALONE "X: y\r\nY: z\r\n\r\nx" ENDS, MTA_SENDMAIL,
		    NULL },
		{ "text like it", MIXED, NULL,
		    TEXT_ALONE "X: y\r\n>From a@b Mon\r\n\r\nx" ENDS,
		    "!" NO_FIELD, MTA_SENDMAIL, NULL },
		{ "a message that the delimiter cuts off", MIXED, NULL,
		    "--b\r\nContent-Type: message/rfc822" ENDS,
		    "--b\r\n" MESSAGE_RFC822 ENDS, MTA_SENDMAIL, NULL },
		{ "the same with an encoding", MIXED, NULL,
		    "--b\r\n" BIT8 "Content-Type: message/rfc822" ENDS,
		    "!" NO_EMPTY_LINE, MTA_SENDMAIL, NULL },
	};
	struct config *config = config_of("repair { attached-messages = "
					  "refuse }");

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_case(config, &cases[i]);
	config_free(config);
}

#define EMPTY_INNER "--b\r\nContent-Type: multipart/mixed; boundary=i\r\n\r\n"
#define BOUNDLESS "--b\r\nContent-Type: multipart/mixed\r\n\r\n"

/* Sendmail closes each multipart, with parts or without. */
static void
multiparts_without_parts_are_closed(void **state)
{
	static const struct repair_case cases[] = {
		{ "nothing", MIXED, NULL, "", "--b--\r\n", MTA_SENDMAIL, NULL },
		{ "text", MIXED, NULL, "x\r\n", "x\r\n--b--\r\n", MTA_SENDMAIL,
		    NULL },
		{ "inside", MIXED, NULL, EMPTY_INNER "x" ENDS,
		    EMPTY_INNER "x\r\n--i--" ENDS, MTA_AUTO, NULL },
		{ "nothing, inside", MIXED, NULL, EMPTY_INNER ENDS,
		    EMPTY_INNER "\r\n--i--" ENDS, MTA_SENDMAIL, NULL },
		{ "the delimiter is next", MIXED, NULL, EMPTY_INNER "--b--\r\n",
		    EMPTY_INNER "--i--\r\n--b--\r\n", MTA_SENDMAIL, NULL },
		{ "Postfix leaves it", MIXED, NULL, "x\r\n", NULL, MTA_POSTFIX,
		    NULL },
		{ "8 bits, which would be lost", MIXED, NULL, UE "\r\n",
		    "!" NO_PARTS, MTA_SENDMAIL, NULL },
		{ "a signed part that is not closed", SIGNED, NULL,
		    "--b\r\n\r\nx\r\n", "--b\r\n\r\nx\r\n" ENDS, MTA_SENDMAIL,
		    NULL },
		{ "blanks behind its delimiter", SIGNED, NULL,
		    "--b \r\n\r\nx" ENDS, "--b\r\n\r\nx" ENDS, MTA_SENDMAIL,
		    NULL },
		{ "no boundary", " multipart/mixed", NULL, "x\r\n",
		    "x\r\n-------\r\n", MTA_SENDMAIL, NULL },
		{ "no boundary, inside", MIXED, NULL, BOUNDLESS "x" ENDS,
		    BOUNDLESS "x\r\n-------" ENDS, MTA_SENDMAIL, NULL },
		{ "closed like that already", " multipart/mixed", NULL,
		    "x\r\n-------\r\n", NULL, MTA_SENDMAIL, NULL },
		{ "what Sendmail takes for a delimiter", " multipart/mixed",
		    NULL, "-----\r\nx\r\n", "!" NO_BOUNDARY, MTA_SENDMAIL,
		    NULL },
		{ "no boundary, and 8 bits", " multipart/mixed", NULL,
		    UE "\r\n", "!" NO_BOUNDARY, MTA_SENDMAIL, NULL },
		{ "an empty boundary", " multipart/mixed; boundary=\"\"", NULL,
		    "x\r\n", "!" NO_BOUNDARY, MTA_SENDMAIL, NULL },
		{ "8 bits, which Postfix leaves", " multipart/form-data", NULL,
		    UE "\r\n", NULL, MTA_POSTFIX, NULL },
		{ "a long line, which it does not", " multipart/form-data",
		    NULL, LONG "\r\n", "!" NO_BOUNDARY, MTA_POSTFIX, NULL },
	};
	static const struct repair_case refused[] = {
		{ "8 bits", " multipart/mixed", NULL, UE "\r\n",
		    "!" NO_BOUNDARY, MTA_POSTFIX, NULL },
	};
	struct config *config = config_of("");

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_case(config, &cases[i]);
	config_free(config);
	config = config_of("repair { sealed-8bit = refuse }");
	check_case(config, &refused[0]);
	config_free(config);
	config = config_of("repair { sealed-8bit = pass-unsigned }");
	check_case(config, &refused[0]);
	check_signed(
	    config, MTA_POSTFIX, MIXED, NULL, BOUNDLESS UE ENDS, "--b\r\n");
	config_free(config);
}

#define ZIP "--b\r\nContent-Type: application/zip; x-unix-mode=0600;\r\n"

static void
a_continuation_gets_its_blank(void **state)
{
	static const struct repair_case cases[] = {
		{ "a name", MIXED, NULL,
		    ZIP "name=\"x.zip\"\r\nX: y\r\n\r\nx" ENDS,
		    ZIP " name=\"x.zip\"\r\nX: y\r\n\r\nx" ENDS, MTA_SENDMAIL,
		    NULL },
		{ "two of them", MIXED, NULL,
		    ZIP "name=x;\r\ny=z\r\n\r\nx" ENDS,
		    ZIP " name=x;\r\n y=z\r\n\r\nx" ENDS, MTA_AUTO, NULL },
		{ "Postfix leaves it", MIXED, NULL, ZIP "name=x\r\n\r\nx" ENDS,
		    NULL, MTA_POSTFIX, NULL },
		{ "a boundary", MIXED, NULL, ZIP "boundary=x\r\n\r\nx" ENDS,
		    "!" NO_FIELD, MTA_SENDMAIL, NULL },
		{ "no semicolon above", MIXED, NULL,
		    "--b\r\nContent-Type: a/b\r\nname=x\r\n\r\nx" ENDS,
		    "!" NO_FIELD, MTA_SENDMAIL, NULL },
		{ "another field above", MIXED, NULL,
		    "--b\r\nX: y;\r\nname=x\r\n\r\nx" ENDS, "!" NO_FIELD,
		    MTA_SENDMAIL, NULL },
		{ "more than a value", MIXED, NULL,
		    ZIP "name=x and more\r\n\r\nx" ENDS, "!" NO_FIELD,
		    MTA_SENDMAIL, NULL },
		{ "an open quote", MIXED, NULL, ZIP "name=\"x\r\n\r\nx" ENDS,
		    "!" NO_FIELD, MTA_SENDMAIL, NULL },
	};
	struct config *config = config_of("");

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_case(config, &cases[i]);
	config_free(config);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_part_goes_on_as_no_mta_changes_it),
		cmocka_unit_test(what_cannot_survive_is_refused),
		cmocka_unit_test(options_say_how_far_repairs_go),
		cmocka_unit_test(a_nul_in_the_header_of_a_part_is_one),
		cmocka_unit_test(what_may_change_is_not_signed),
		cmocka_unit_test(attachments_pass_as_they_came),
		cmocka_unit_test(
		    an_encoded_message_that_cannot_be_decoded_becomes_a_file),
		cmocka_unit_test(what_sendmail_drops_of_parts_goes_first),
		cmocka_unit_test(text_in_place_of_a_message_stays),
		cmocka_unit_test(multiparts_without_parts_are_closed),
		cmocka_unit_test(a_continuation_gets_its_blank),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
