/* SPDX-License-Identifier: BSD-2-Clause */
#include "dns/record.h"
#include "message/tag_list.h"
#include "preflight/adsp.h"

const char *
adsp_practice_name(enum adsp_practice practice)
{
	static const char *const names[] = { "none", "unknown", "all",
		"discardable", "nxdomain", "temperror" };

	return names[practice];
}

bool
adsp_record_parse(struct slice text, enum adsp_practice *ret_practice)
{
	struct tag_list tags;
	struct slice value;
	struct err err;

	/* RFC 5617 section 4.2.1: it begins with "dkim", without a blank. */
	if (!slice_starts(text, SLICE("dkim")) ||
	    tag_list_parse(text, &tags, &err) != 0 ||
	    !slice_eq(tags.items[0].name, SLICE("dkim")))
		return false;
	value = tags.items[0].value;
	if (slice_eq(value, SLICE("all")))
		*ret_practice = ADSP_ALL;
	else if (slice_eq(value, SLICE("discardable")))
		*ret_practice = ADSP_DISCARDABLE;
	else
		*ret_practice = ADSP_UNKNOWN;
	return true;
}

/* Records that are none count as if they were not there (section 4.2.1). */
static enum adsp_practice
read_records(const struct dns_answer *answer, struct arena *mem)
{
	enum adsp_practice practice = ADSP_NONE;
	struct slice text;
	size_t records = 0;

	for (size_t i = 0; i < answer->count; i++) {
		if (dns_txt_text(answer->records[i], mem, &text) &&
		    adsp_record_parse(text, &practice))
			records++;
	}
	return records > 1 ? ADSP_UNKNOWN : practice;
}

/* The lookup of section 4.3. */
static enum adsp_practice
look_up(struct resolver *resolver, struct slice author, uint64_t deadline_us,
    struct arena *mem, struct err *err)
{
	struct dns_answer answer = { .count = 0 };
	enum dns_outcome outcome = resolver_lookup(resolver, author, DNS_MX,
	    deadline_us, mem, &answer, err);

	if (outcome == DNS_NO_NAME)
		return ADSP_NO_DOMAIN;
	if (outcome != DNS_FAILED)
		outcome = resolver_lookup(resolver, slice_format(mem,
		    "_adsp._domainkey.%.*s", SLICE_ARGS(author)), DNS_TXT,
		    deadline_us, mem, &answer, err);
	if (outcome == DNS_FAILED)
		return ADSP_FAILED;
	return outcome == DNS_FOUND ? read_records(&answer, mem) : ADSP_NONE;
}

static bool
is_signed(struct slice author, const struct slice *signers, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (slice_eq(signers[i], author))
			return true;
	}
	return false;
}

void
adsp_check(struct resolver *resolver, struct slice author,
    const struct slice *signers, size_t signer_count, uint64_t deadline_us,
    struct arena *mem, struct adsp *ret_adsp)
{
	struct adsp adsp = { .practice = ADSP_NONE };
	const char *text = "no signing practice is published";
	struct err err;

	adsp.practice = look_up(resolver, author, deadline_us, mem, &err);
	switch (adsp.practice) {
	case ADSP_NONE:
	case ADSP_UNKNOWN:
		break;
	case ADSP_ALL:
	case ADSP_DISCARDABLE:
		adsp.broken = !is_signed(author, signers, signer_count);
		text = slice_format(mem, "dkim=%s is published, %s",
		    adsp_practice_name(adsp.practice), !adsp.broken
		    ? "and there is a signature of this domain"
		    : adsp.practice == ADSP_ALL
		    ? "but there is no signature of this domain"
		    : "but there is no signature of this domain: receivers "
		    "are asked to discard the message").data;
		break;
	case ADSP_NO_DOMAIN:
		text = "this domain does not exist in DNS: no receiver can "
		    "answer, and many refuse it";
		break;
	case ADSP_FAILED:
		text = slice_format(mem, "not known which signing practice is "
		    "published: %s", err.text).data;
		break;
	}
	adsp.text = slice_format(mem, "%.*s: %s", SLICE_ARGS(author), text);
	*ret_adsp = adsp;
}
