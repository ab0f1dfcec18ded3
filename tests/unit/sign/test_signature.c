/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include "../../../milter/sign/sign_priv.h"
#include "message/base64.h"

enum { LINE_MAX_OCTETS = 78 };

static const unsigned char body_hash[SHA256_BYTES] = { 0 };

/* No line is too long, and each but the first begins with a tab. */
static void
check_lines(const char *name, struct slice value)
{
	size_t used = sizeof("DKIM-Signature:") - 1;

	while (value.len > 0) {
		size_t end = slice_find(value, '\n');

		/* A tab counts as one octet on the wire. */
		if (used + end > LINE_MAX_OCTETS)
			fail_msg("%s: a line of %zu octets", name, used + end);
		value = slice_from(value, end + 1);
		if (value.len > 0 && value.data[0] != '\t')
			fail_msg("%s: a line without a tab", name);
		used = 0;
	}
}

/* Without folds: what a verifier's parser sees of the tags. */
static struct slice
unfolded(struct arena *mem, struct slice value)
{
	struct strbuf buf;

	strbuf_init(&buf, mem);
	for (size_t i = 0; i < value.len; i++) {
		if (value.data[i] == '\t')
			strbuf_add_char(&buf, ' ');
		else if (value.data[i] != '\n')
			strbuf_add_char(&buf, value.data[i]);
	}
	return strbuf_slice(&buf);
}

static void
a_signature_is_folded_between_its_tags(void **state)
{
	static const struct {
		const char *domain;
		const char *selector;
		const char *names;
	} cases[] = {
		{ "a.example", "s", "from" },
		{ "corp.example", "r20261124",
		    "from:from:sender:reply-to:to:to:"
		    "cc:subject:subject:date:date:message-id:message-id:"
		    "in-reply-to:references:mime-version:content-type" },
		{ "a-label-of-sixty-octets-a-label-of-sixty-octets-abcdefghijkl."
		  "example",
		    "an-other-selector-that-is-rather-long",
		    "from:x-a-field-name-that-is-as-long-as-a-line-may-be-and-"
		    "then-some:to" },
	};
	struct sign_policy policy = { .header_canon = CANON_RELAXED,
		.body_canon = CANON_SIMPLE };
	struct arena mem;

	(void)state;
	arena_init(&mem);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sign_key key = { .domain = slice_of(cases[i].domain),
			.selector = slice_of(cases[i].selector),
			.algorithm = KEY_ED25519_SHA256 };
		const struct signed_fields picked = { .names = slice_of(
							  cases[i].names) };
		struct slice head = signature_head(
		    &(const struct signature_parts){
			&policy, &key, 1795428930, &picked, body_hash, 0 },
		    &mem);
		struct strbuf want;

		check_lines(cases[i].domain, head);
		strbuf_init(&want, &mem);
		strbuf_addf(&want,
		    " v=1; a=ed25519-sha256; c=relaxed/simple; "
		    "d=%s; s=%s; t=1795428930; h=",
		    cases[i].domain, cases[i].selector);
		assert_true(
		    slice_starts(unfolded(&mem, head), strbuf_slice(&want)));
		assert_true(slice_ends_nocase(unfolded(&mem, head),
		    SLICE(
			"; bh=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=; b=")));
	}
	arena_done(&mem);
}

static void
the_signature_itself_may_be_cut_anywhere(void **state)
{
	struct sign_policy policy = { .header_canon = CANON_RELAXED };
	struct sign_key key = { .domain = SLICE("a.example"),
		.selector = SLICE("s"),
		.algorithm = KEY_RSA_SHA256 };
	const struct signed_fields picked = { .names = SLICE("from") };
	unsigned char signature[MAX_SIGNATURE_BYTES];
	struct arena mem;
	struct slice head;

	(void)state;
	for (size_t i = 0; i < sizeof(signature); i++)
		signature[i] = (unsigned char)(i * 7);
	arena_init(&mem);
	head = signature_head(&(const struct signature_parts){ &policy, &key, 0,
				  &picked, body_hash, 0 },
	    &mem);
	for (size_t len = 1; len <= sizeof(signature); len += 51) {
		struct slice value =
		    signature_append(head, signature, len, &mem);
		struct slice text = base64(&mem, signature, len);
		struct strbuf joined;

		check_lines("b=", value);
		/* The head stays as it was signed. */
		assert_true(slice_starts(value, head));
		strbuf_init(&joined, &mem);
		for (size_t i = head.len; i < value.len; i++) {
			if (value.data[i] != '\n' && value.data[i] != '\t')
				strbuf_add_char(&joined, value.data[i]);
		}
		check_slice("b=", strbuf_slice(&joined), text.data);
	}
	arena_done(&mem);
}

static struct slice *
split(struct arena *mem, const char *names, size_t *ret_count)
{
	struct slice rest = slice_of(names), item;
	struct slice *items = arena_array(mem, 20, sizeof(*items));

	*ret_count = 0;
	while (slice_next_item(&rest, " ", &item))
		items[(*ret_count)++] = item;
	return items;
}

static void
gather(void *arg, bool is_error, const char *text)
{
	strbuf_addf(arg, "%s%s\n", is_error ? "" : "warning: ", text);
}

static void
a_policy_signs_what_stays_and_from_at_least(void **state)
{
	static const struct {
		const char *name, *text, *want; /* every fault, one a line */
	} cases[] = {
		{ "default", "", "" },
		{ "fewer than by default", "signed-headers = {from, date}",
		    "" },
		{ "from",
		    "signed-headers = {subject}\n"
		    "oversigned-headers = {subject}",
		    "c:1: sign.signed-headers: from is missing; a signature "
		    "must cover it\n" },
		{ "none", "signed-headers = {}; oversigned-headers = {}",
		    "c:1: sign.signed-headers: from is missing; a signature "
		    "must cover it\n" },
		{ "oversigned", "oversigned-headers = {from, x-y}",
		    "c:1: sign.oversigned-headers: x-y is not in "
		    "sign.signed-headers\n" },
		{ "oversigned if present",
		    "oversigned-if-present = {cc, x-y, Received}",
		    "c:1: sign.oversigned-if-present: received changes on the "
		    "way; it cannot be signed\n"
		    "c:1: sign.oversigned-if-present: x-y is not in "
		    "sign.signed-headers\n"
		    "c:1: sign.oversigned-if-present: received is not in "
		    "sign.signed-headers\n" },
		{ "field names",
		    "oversigned-headers = {}\n"
		    "signed-headers = {from, \"a:b\", \"a;b\", "
		    "\"\xc3\xa4\", Full-Name, Received, FROM}",
		    "c:2: sign.signed-headers: \"a:b\" is not a field name\n"
		    "c:2: sign.signed-headers: \"a;b\" is not a field name\n"
		    "c:2: sign.signed-headers: \"\\xc3\\xa4\" is not a field "
		    "name\n"
		    "c:2: sign.signed-headers: full-name changes on the way; "
		    "it cannot be signed\n"
		    "c:2: sign.signed-headers: received changes on the way; "
		    "it cannot be signed\n"
		    "c:2: sign.signed-headers: has \"from\" twice\n" },
		{ "what MTAs remove",
		    "signed-headers = {from, bcc, dkim-signature, return-path}",
		    "c:1: sign.signed-headers: bcc changes on the way; it "
		    "cannot be signed\n"
		    "c:1: sign.signed-headers: dkim-signature changes on the "
		    "way; it cannot be signed\n"
		    "c:1: sign.signed-headers: return-path changes on the "
		    "way; it cannot be signed\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct config *config;
		struct strbuf got;
		struct arena mem;
		unsigned int count, lines = 0;
		struct err err;

		arena_init(&mem);
		strbuf_init(&got, &mem);
		if (config_read_text("c",
			slice_format(&mem, "sign { %s }", cases[i].text), NULL,
			NULL, &config, &err) != 0)
			fail_msg("%s: %s", cases[i].name, err.text);
		count = sign_check_config(
		    config, &(const struct report){ gather, &got });
		check_slice(cases[i].name, strbuf_slice(&got), cases[i].want);
		for (size_t c = 0; c < got.len; c++)
			lines += got.data[c] == '\n';
		assert_int_equal(count, lines);
		config_free(config);
		arena_done(&mem);
	}
}

static void
every_instance_is_signed_from_the_bottom_up(void **state)
{
	static const struct field fields[] = {
		{ { "From", 4 }, { " a", 2 } },
		{ { "To", 2 }, { " b", 2 } },
		{ { "to", 2 }, { " c", 2 } },
		{ { "X-Other", 7 }, { " d", 2 } },
	};
	struct sign_policy policy = { .header_canon = CANON_RELAXED };
	struct signed_fields picked;
	struct arena mem;
	struct err err;

	(void)state;
	arena_init(&mem);
	policy.signed_names =
	    split(&mem, "from to cc subject", &policy.signed_count);
	policy.oversigned_names =
	    split(&mem, "from subject", &policy.oversigned_count);
	assert_int_equal(
	    signed_fields_pick(&policy,
		&(const struct sign_header){ fields, 4 }, &mem, &picked, &err),
	    0);
	/* RFC 6376 section 5.4.2; once more for what nobody may add. */
	check_slice("h=", picked.names, "from:from:to:to:subject");
	assert_int_equal(picked.count, 3);
	assert_int_equal(picked.oversigned_count, 2);
	assert_ptr_equal(picked.fields[0], &fields[0]);
	assert_ptr_equal(picked.fields[1], &fields[2]);
	assert_ptr_equal(picked.fields[2], &fields[1]);
	assert_int_equal(signed_fields_pick(&policy,
			     &(const struct sign_header){ fields + 1, 3 }, &mem,
			     &picked, &err),
	    -1);
	assert_int_equal(err.kind, ERR_DATA);
	arena_done(&mem);
}

static void
fields_are_oversigned_where_no_mta_adds_one(void **state)
{
	static const struct field fields[] = {
		{ { "From", 4 }, { " a", 2 } },
		{ { "Cc", 2 }, { " b", 2 } },
		{ { "Date", 4 }, { " d", 2 } },
	};
	static const struct {
		const char *oversigned;
		const char *present;
		const char *addable;
		const char *want;
	} cases[] = {
		{ "", "", "", "from:cc:date" },
		{ "", "cc sender", "", "from:cc:cc:date" },
		{ "sender", "cc", "", "from:cc:cc:sender:date" },
		{ "date subject", "", "date", "from:cc:date:date:subject" },
		{ "date subject", "", "subject", "from:cc:date:date" },
		{ "date subject", "subject", "subject", "from:cc:date:date" },
		{ "from cc", "from cc", "from", "from:from:cc:cc:date" },
	};
	struct sign_policy policy = { .header_canon = CANON_RELAXED };
	struct signed_fields picked;
	struct arena mem;
	struct err err;

	(void)state;
	arena_init(&mem);
	policy.signed_names =
	    split(&mem, "from cc sender date subject", &policy.signed_count);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		policy.oversigned_names =
		    split(&mem, cases[i].oversigned, &policy.oversigned_count);
		policy.present_names =
		    split(&mem, cases[i].present, &policy.present_count);
		policy.addable_names =
		    split(&mem, cases[i].addable, &policy.addable_count);
		assert_int_equal(signed_fields_pick(&policy,
				     &(const struct sign_header){ fields, 3 },
				     &mem, &picked, &err),
		    0);
		check_slice("h=", picked.names, cases[i].want);
	}
	arena_done(&mem);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_are_oversigned_where_no_mta_adds_one),
		cmocka_unit_test(a_signature_is_folded_between_its_tags),
		cmocka_unit_test(the_signature_itself_may_be_cut_anywhere),
		cmocka_unit_test(a_policy_signs_what_stays_and_from_at_least),
		cmocka_unit_test(every_instance_is_signed_from_the_bottom_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
