/* SPDX-License-Identifier: BSD-2-Clause */
/* The keys that sign for a domain, and what DNS shows of them. */
#include "domain_priv.h"
#include "keys/key_status.h"

void
domain_keys_inquire(struct inquiry *q)
{
	bool rsa = false;

	if (q->keys != NULL && q->keys->fault.len != 0)
		domain_report_add(q->report, DOMAIN_ERROR, "dkim", nothing,
		    "unusable", nothing, "%s", q->keys->fault.data);
	if (q->keys == NULL)
		domain_report_add(q->report, DOMAIN_NOTE, "dkim", nothing,
		    "none", nothing,
		    "there is no key of this domain here, and "
		    "its mail is not signed");
	for (size_t i = 0; q->keys != NULL && i < q->keys->count; i++) {
		const struct sign_key *key = q->keys->keys[i];
		struct slice record = nothing;
		enum domain_level level = DOMAIN_ERROR;
		struct key_shown shown;

		key_status_check(
		    q->dns.resolver, key, q->dns.deadline_us, q->mem, &shown);
		if (shown.status == KEY_UNKNOWN)
			level = DOMAIN_LATER;
		if (shown.status == KEY_PUBLISHED) {
			level = (shown.notes &
				    (KEY_NOTE_TESTING | KEY_NOTE_SHORT |
					KEY_NOTE_LONG | KEY_NOTE_BARE)) != 0 ?
			    DOMAIN_WARNING :
			    DOMAIN_OK;
			/* With t=y, too: most receivers ignore it. */
			q->signs = true;
			rsa = rsa || key->algorithm == KEY_RSA_SHA256;
		}
		q->unanswered = q->unanswered || shown.status == KEY_UNKNOWN;
		/* A revoked key is not to come back (RFC 6376 section 3.6.1). */
		if (level == DOMAIN_ERROR && shown.status != KEY_REVOKED)
			record = slice_trim(key_zone_entry(q->mem, key));
		/* The record stands by itself here. */
		domain_report_add(q->report, level, "dkim", key->selector,
		    key_status_name(shown.status), record, "%.*s",
		    SLICE_ARGS(shown.found));
	}
	if (q->signs && !rsa)
		domain_report_add(q->report, DOMAIN_WARNING, "dkim",
		    SLICE("algorithms"), "ed25519", nothing,
		    "no RSA key is in "
		    "use beside Ed25519, which many verifiers do not know "
		    "(RFC 8463)");
}
