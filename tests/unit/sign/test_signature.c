/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include "../../../milter/sign/sign_priv.h"

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
		{ "corp.example", "r20261124", "from:from:sender:reply-to:to:to:"
		    "cc:subject:subject:date:date:message-id:message-id:"
		    "in-reply-to:references:mime-version:content-type" },
		{ "a-label-of-sixty-octets-a-label-of-sixty-octets-abcdefghijkl."
		    "example", "an-other-selector-that-is-rather-long",
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
		struct slice head = signature_head(&policy, &key, 1795428930,
		    slice_of(cases[i].names), body_hash, 0, &mem);
		struct strbuf want;

		check_lines(cases[i].domain, head);
		strbuf_init(&want, &mem);
		strbuf_addf(&want, " v=1; a=ed25519-sha256; c=relaxed/simple; "
		    "d=%s; s=%s; t=1795428930; h=", cases[i].domain,
		    cases[i].selector);
		assert_true(slice_starts(unfolded(&mem, head),
		    strbuf_slice(&want)));
		assert_true(slice_ends_nocase(unfolded(&mem, head), SLICE(
		    "; bh=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=; b=")));
	}
	arena_done(&mem);
}

static void
the_signature_itself_may_be_cut_anywhere(void **state)
{
	struct sign_policy policy = { .header_canon = CANON_RELAXED };
	struct sign_key key = { .domain = SLICE("a.example"),
		.selector = SLICE("s"), .algorithm = KEY_RSA_SHA256 };
	unsigned char signature[MAX_SIGNATURE_BYTES];
	struct arena mem;
	struct slice head;

	(void)state;
	for (size_t i = 0; i < sizeof(signature); i++)
		signature[i] = (unsigned char)(i * 7);
	arena_init(&mem);
	head = signature_head(&policy, &key, 0, SLICE("from"), body_hash, 0,
	    &mem);
	for (size_t len = 1; len <= sizeof(signature); len += 51) {
		struct slice value = signature_append(head, signature, len,
		    &mem);
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
a_policy_signs_what_stays_and_from_at_least(void **state)
{
	static const struct {
		const char *names;
		const char *oversigned;
		const char *fault;	/* NULL: none */
	} cases[] = {
		{ "from", "", NULL },
		{ "from to subject", "from to", NULL },
		{ "to subject", "", "signed-headers: From must be signed" },
		{ "", "", "signed-headers: From must be signed" },
		{ "from received", "", "received changes on the way" },
		{ "from bcc", "", "bcc changes on the way" },
		{ "from dkim-signature", "", "dkim-signature changes" },
		{ "from return-path", "", "return-path changes" },
		{ "from full-name", "", "full-name changes" },
		{ "from a:b", "", "\"a:b\" is no field name" },
		{ "from a;b", "", "\"a;b\" is no field name" },
		{ "from \xc3\xa4", "", "is no field name" },
		{ "from to to", "", "to stands there twice" },
		{ "from to", "cc", "oversigned-headers: cc is not in" },
	};
	struct arena mem;

	(void)state;
	arena_init(&mem);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sign_policy policy = { .header_canon = CANON_RELAXED };
		struct err err = { .kind = ERR_NONE };
		int status;

		policy.signed_names = split(&mem, cases[i].names,
		    &policy.signed_count);
		policy.oversigned_names = split(&mem, cases[i].oversigned,
		    &policy.oversigned_count);
		status = sign_policy_check(&policy, &err);
		if ((status == 0) != (cases[i].fault == NULL))
			fail_msg("%s: %s", cases[i].names, err.text);
		if (status != 0 && strstr(err.text, cases[i].fault) == NULL)
			fail_msg("%s: %s", cases[i].names, err.text);
	}
	arena_done(&mem);
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
	policy.signed_names = split(&mem, "from to cc subject",
	    &policy.signed_count);
	policy.oversigned_names = split(&mem, "from subject",
	    &policy.oversigned_count);
	assert_int_equal(signed_fields_pick(&policy, fields, 4, &mem, &picked,
	    &err), 0);
	/* RFC 6376 section 5.4.2; once more for what nobody may add. */
	check_slice("h=", picked.names, "from:from:to:to:subject");
	assert_int_equal(picked.count, 3);
	assert_int_equal(picked.oversigned_count, 2);
	assert_ptr_equal(picked.fields[0], &fields[0]);
	assert_ptr_equal(picked.fields[1], &fields[2]);
	assert_ptr_equal(picked.fields[2], &fields[1]);
	assert_int_equal(signed_fields_pick(&policy, fields + 1, 3, &mem,
	    &picked, &err), -1);
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
	policy.signed_names = split(&mem, "from cc sender date subject",
	    &policy.signed_count);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		policy.oversigned_names = split(&mem, cases[i].oversigned,
		    &policy.oversigned_count);
		policy.present_names = split(&mem, cases[i].present,
		    &policy.present_count);
		policy.addable_names = split(&mem, cases[i].addable,
		    &policy.addable_count);
		assert_int_equal(signed_fields_pick(&policy, fields, 3, &mem,
		    &picked, &err), 0);
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
