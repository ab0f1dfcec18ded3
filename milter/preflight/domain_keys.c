/* SPDX-License-Identifier: BSD-2-Clause */
/* The keys that sign for a domain, and what DNS shows of them. */
#include "domain_priv.h"
#include "sign/key_record.h"

static enum domain_level
level_of(const struct key_finding *key)
{
	switch (key->state) {
	case KEY_PUBLISHED:
		if ((key->notes & KEY_NOTE_TESTING) != 0)
			return DOMAIN_WARNING;
		return (key->notes & (KEY_NOTE_SHORT | KEY_NOTE_LONG |
		    KEY_NOTE_BARE)) != 0 ? DOMAIN_WARNING : DOMAIN_OK;
	case KEY_UNKNOWN:
		return DOMAIN_LATER;
	case KEY_ABSENT:
	case KEY_REVOKED:
	case KEY_DIFFERS:
	case KEY_UNUSABLE:
		break;
	}
	return DOMAIN_ERROR;
}

/* A revoked key is not to come back (RFC 6376 section 3.6.1). */
static bool
wants_record(const struct key_finding *key)
{
	return key->state == KEY_ABSENT || key->state == KEY_DIFFERS ||
	    key->state == KEY_UNUSABLE;
}

/* The sentence up to the record, which the finding has as zone lines. */
static struct slice
short_text(const struct key_finding *key)
{
	struct slice text = key->text, advice = SLICE("; publish there");

	for (size_t i = 0; i < text.len; i++) {
		if (slice_starts(slice_from(text, i), advice))
			return slice_sub(text, 0, i);
	}
	return text;
}

static void
inquire_key(struct inquiry *q, const struct sign_key *key, bool *rsa)
{
	struct key_finding finding;
	struct slice text;

	key_record_check(q->resolver, key, q->deadline_us, q->mem, &finding);
	text = short_text(&finding);
	domain_report_add(q->report, level_of(&finding), "dkim", key->selector,
	    key_state_name(finding.state),
	    wants_record(&finding) ? slice_trim(key_zone_entry(q->mem, key))
	    : nothing,
	    "%.*s", SLICE_ARGS(text));
	/* With t=y, too, of which most receivers take no notice. */
	if (finding.state == KEY_PUBLISHED) {
		q->signs = true;
		*rsa = *rsa || key->algorithm == KEY_RSA_SHA256;
	}
	q->unanswered = q->unanswered || finding.state == KEY_UNKNOWN;
}

void
domain_keys_inquire(struct inquiry *q)
{
	bool rsa = false;

	if (q->keys != NULL && q->keys->fault.len != 0)
		domain_report_add(q->report, DOMAIN_ERROR, "dkim", nothing,
		    "unusable", nothing, "%s", q->keys->fault.data);
	if (q->keys == NULL) {
		domain_report_add(q->report, DOMAIN_NOTE, "dkim", nothing,
		    "none", nothing, "there is no key of this domain here, and "
		    "its mail is not signed");
		return;
	}
	for (size_t i = 0; i < q->keys->count; i++)
		inquire_key(q, q->keys->keys[i], &rsa);
	if (q->signs && !rsa)
		domain_report_add(q->report, DOMAIN_WARNING, "dkim",
		    SLICE("algorithms"), "ed25519", nothing, "no RSA key is in "
		    "use beside Ed25519, which many verifiers do not know "
		    "(RFC 8463)");
}
