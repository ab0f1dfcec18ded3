/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include "preflight/dmarc_record.h"

static void
add_request(
    struct strbuf *buf, const char *name, const struct dmarc_request *request)
{
	if (request->state == DMARC_REQUEST_INVALID)
		strbuf_addf(buf, " %s=?", name);
	else if (request->state == DMARC_REQUEST_VALID)
		strbuf_addf(
		    buf, " %s=%s", name, dmarc_policy_name(request->policy));
}

/* What was read, without what is the default. */
static struct slice
shown(const struct dmarc_record *record, struct arena *mem)
{
	struct strbuf buf;

	strbuf_init(&buf, mem);
	add_request(&buf, "p", &record->p);
	add_request(&buf, "sp", &record->sp);
	add_request(&buf, "np", &record->np);
	strbuf_add_cstr(&buf, record->adkim_strict ? " adkim=s" : "");
	strbuf_add_cstr(&buf, record->aspf_strict ? " aspf=s" : "");
	strbuf_add_cstr(&buf,
	    record->psd == DMARC_PSD_Y	   ? " psd=y" :
		record->psd == DMARC_PSD_N ? " psd=n" :
					     "");
	strbuf_add_cstr(&buf, record->testing ? " t=y" : "");
	strbuf_add_cstr(&buf, record->has_rua ? " rua" : "");
	if (record->pct != 100)
		strbuf_addf(&buf, " pct=%u", record->pct);
	return strbuf_slice(&buf);
}

static void
a_record_is_read_as_the_RFC_says(void **state)
{
	static const struct {
		const char *text;
		const char *want;
		unsigned int notes;
	} cases[] = {
		{ "v=DMARC1; p=none", " p=none", 0 },
		{ "v=DMARC1;p=reject;", " p=reject", 0 },
		{ "v = DMARC1 ; p = Quarantine ", " p=quarantine", 0 },
		{ "v=DMARC1; p=reject; sp=none; np=REJECT; adkim=s; aspf=S; "
		  "psd=y; t=y; fo=0:d:s; rua=mailto:a@b.example!10m; "
		  "ruf=mailto:c@d.example",
		    " p=reject sp=none np=reject "
		    "adkim=s aspf=s psd=y t=y rua",
		    DMARC_NOTE_TESTING },
		{ "v=DMARC1; p=none; adkim=r; aspf=r; psd=u; t=n", " p=none",
		    0 },
		{ "v=DMARC1; p=none; psd=n", " p=none psd=n", 0 },
		/* No p=: with and without a reporting address. */
		{ "v=DMARC1", "", DMARC_NOTE_NO_P },
		{ "v=DMARC1; rua=mailto:a@b.example", " rua", DMARC_NOTE_NO_P },
		{ "v=DMARC1; p=monitor", " p=?",
		    DMARC_NOTE_NO_P | DMARC_NOTE_VALUE },
		{ "v=DMARC1; p=", " p=?", DMARC_NOTE_NO_P | DMARC_NOTE_VALUE },
		{ "v=DMARC1; p=reject; sp=monitor", " p=reject sp=?",
		    DMARC_NOTE_NO_P | DMARC_NOTE_VALUE },
		{ "v=DMARC1; p=reject; np=monitor", " p=reject np=?",
		    DMARC_NOTE_NO_P | DMARC_NOTE_VALUE },
		/* Addresses. */
		{ "v=DMARC1; p=none; rua=a@b.example", " p=none",
		    DMARC_NOTE_VALUE },
		{ "v=DMARC1; p=none; rua=", " p=none", DMARC_NOTE_VALUE },
		{ "v=DMARC1; p=none; rua=mailto:", " p=none",
		    DMARC_NOTE_VALUE },
		{ "v=DMARC1; p=none; rua=a b:c", " p=none", DMARC_NOTE_VALUE },
		{ "v=DMARC1; p=none; rua=bad , https://r.example/x",
		    " p=none rua", 0 },
		/* pct= and what else is gone. */
		{ "v=DMARC1; p=none; pct=100", " p=none", 0 },
		{ "v=DMARC1; p=reject; pct=20", " p=reject pct=20",
		    DMARC_NOTE_PCT },
		{ "v=DMARC1; p=reject; pct=0", " p=reject pct=0",
		    DMARC_NOTE_PCT },
		{ "v=DMARC1; p=none; pct=101", " p=none", DMARC_NOTE_VALUE },
		{ "v=DMARC1; p=none; pct=-1", " p=none", DMARC_NOTE_VALUE },
		{ "v=DMARC1; p=none; rf=afrf; ri=86400", " p=none",
		    DMARC_NOTE_HISTORIC },
		/* Values that are none fall back to their defaults. */
		{ "v=DMARC1; p=none; adkim=strict", " p=none",
		    DMARC_NOTE_VALUE },
		{ "v=DMARC1; p=none; t=yes", " p=none", DMARC_NOTE_VALUE },
		{ "v=DMARC1; p=none; psd=", " p=none", DMARC_NOTE_VALUE },
		{ "v=DMARC1; p=none; fo=2; ruf=mailto:a@b", " p=none",
		    DMARC_NOTE_VALUE },
		{ "v=DMARC1; p=none; fo=1", " p=none", DMARC_NOTE_FO },
		/* Syntax. */
		{ "v=DMARC1; p=reject; p=none", " p=reject", DMARC_NOTE_TWICE },
		{ "v=DMARC1; v=DMARC1; p=none", " p=none",
		    DMARC_NOTE_TWICE | DMARC_NOTE_P_LATE },
		{ "v=DMARC1; sp=none; p=reject", " p=reject sp=none",
		    DMARC_NOTE_P_LATE },
		{ "v=DMARC1; p=reject; foo=bar", " p=reject",
		    DMARC_NOTE_UNKNOWN },
		{ "v=DMARC1; P=reject", "",
		    DMARC_NOTE_UNKNOWN | DMARC_NOTE_NO_P },
		{ "v=DMARC1; p=reject;; sp=none; junk", " p=reject sp=none",
		    DMARC_NOTE_SYNTAX },
		{ "v=DMARC1; p=\xc3\xa4; p=none", " p=none",
		    DMARC_NOTE_SYNTAX | DMARC_NOTE_P_LATE },
	};
	struct dmarc_record record;
	struct arena mem;

	(void)state;
	arena_init(&mem);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (!dmarc_record_parse(slice_of(cases[i].text), &record))
			fail_msg("%s: no record", cases[i].text);
		check_slice(cases[i].text, shown(&record, &mem), cases[i].want);
		if (record.notes != cases[i].notes)
			fail_msg("%s: notes %x", cases[i].text, record.notes);
	}
	arena_done(&mem);
}

static void
what_does_not_begin_with_the_version_is_no_record(void **state)
{
	static const struct {
		const char *text;
		bool nearly;
	} cases[] = {
		{ "", false },
		{ "v=spf1 -all", false },
		{ "v=DMARC2; p=none", true },
		{ "v=DMARC1.0; p=none", true },
		{ "v=DMARC1 p=none", true },
		{ "v=dmarc1; p=none", true },
		{ "V=DMARC1; p=none", true },
		{ " v=DMARC1; p=none", true },
		{ "p=reject; v=DMARC1", true },
		{ "DMARC1; p=none", true },
		{ "\"v=DMARC1; p=none\"", true },
		{ ";v=DMARC1", true },
	};
	struct dmarc_record record;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (dmarc_record_parse(slice_of(cases[i].text), &record))
			fail_msg("%s: a record", cases[i].text);
		if (dmarc_record_is_near_miss(slice_of(cases[i].text)) !=
		    cases[i].nearly)
			fail_msg("%s: nearly?", cases[i].text);
	}
	assert_false(dmarc_record_is_near_miss(SLICE("v=DMARC1; p=none")));
}

static void
every_note_has_words(void **state)
{
	struct arena mem;
	struct slice all;

	(void)state;
	arena_init(&mem);
	assert_int_equal(dmarc_notes_text(0, &mem).len, 0);
	all = dmarc_notes_text(~0U, &mem);
	for (unsigned int bit = 1; bit <= DMARC_NOTE_NEARLY; bit <<= 1) {
		struct slice one = dmarc_notes_text(bit, &mem);

		assert_true(one.len > 0 && slice_has_text_nocase(all, one));
	}
	arena_done(&mem);
}

static void
one_level_less(void **state)
{
	(void)state;
	assert_int_equal(dmarc_policy_lower(DMARC_REJECT), DMARC_QUARANTINE);
	assert_int_equal(dmarc_policy_lower(DMARC_QUARANTINE), DMARC_NONE);
	assert_int_equal(dmarc_policy_lower(DMARC_NONE), DMARC_NONE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record_is_read_as_the_RFC_says),
		cmocka_unit_test(
		    what_does_not_begin_with_the_version_is_no_record),
		cmocka_unit_test(every_note_has_words),
		cmocka_unit_test(one_level_less),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
