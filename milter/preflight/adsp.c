/* SPDX-License-Identifier: BSD-2-Clause */
/* ADSP: RFC 5617. */
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

/* The lookup of section 4.3. */
static enum adsp_practice
adsp_lookup(const struct dns_client *dns, struct slice author, struct err *err)
{
	enum adsp_practice practice = ADSP_NONE;
	struct dns_answer answer;
	enum dns_outcome outcome =
	    resolver_lookup(dns, author, DNS_MX, &answer, err);
	struct slice text;
	size_t records = 0;

	if (outcome == DNS_NO_NAME)
		return ADSP_NO_DOMAIN;
	if (outcome != DNS_FAILED)
		outcome = resolver_lookup(dns,
		    slice_format(
			dns->mem, "_adsp._domainkey.%.*s", SLICE_ARGS(author)),
		    DNS_TXT, &answer, err);
	if (outcome == DNS_FAILED)
		return ADSP_FAILED;
	/* Other TXT records count as if they were not there (4.2.1). */
	for (size_t i = 0; i < answer.count; i++) {
		if (dns_txt_text(answer.records[i], dns->mem, &text) &&
		    adsp_record_parse(text, &practice))
			records++;
	}
	return records > 1 ? ADSP_UNKNOWN : practice;
}

void
adsp_check(const struct dns_client *dns, struct slice author,
    const struct passing *passing, struct adsp *ret_adsp)
{
	struct adsp adsp = { .practice = ADSP_NONE };
	const char *text = "no signing practice is published";
	struct err err;

	adsp.practice = adsp_lookup(dns, author, &err);
	switch (adsp.practice) {
	case ADSP_NONE:
	case ADSP_UNKNOWN:
		break;
	case ADSP_ALL:
	case ADSP_DISCARDABLE:
		adsp.broken = true;
		for (size_t i = 0; i < passing->signer_count; i++) {
			if (slice_eq(passing->signers[i], author))
				adsp.broken = false;
		}
		text = slice_format(dns->mem, "dkim=%s is published, %s",
		    adsp_practice_name(adsp.practice),
		    !adsp.broken ?
			"and there is a signature of this domain" :
			adsp.practice == ADSP_ALL ?
			"but there is no signature of this domain" :
			"but there is no signature of this domain: receivers "
			"are asked to discard the message")
			   .data;
		break;
	case ADSP_NO_DOMAIN:
		text = "this domain does not exist in DNS: no receiver can "
		       "answer, and many refuse it";
		break;
	case ADSP_FAILED:
		text = slice_format(dns->mem,
		    "not known which signing practice is "
		    "published: %s",
		    err.text)
			   .data;
		break;
	}
	adsp.text =
	    slice_format(dns->mem, "%.*s: %s", SLICE_ARGS(author), text);
	*ret_adsp = adsp;
}
