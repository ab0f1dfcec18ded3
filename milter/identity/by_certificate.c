/* SPDX-License-Identifier: BSD-2-Clause */
/* The certificate of a TLS client, if the MTA verified it. */
#include "identity_priv.h"

enum { SHOWN_OCTETS = 200 };

/*
 * Postfix tells of no certificate but a verified one, and has no {verify}.
 * Sendmail tells of each, and {verify} is always there. A setting mta = postfix
 * counts for a Postfix with another name, and not for what is Sendmail.
 */
static bool
tells_verified_only(const struct identity_question *question)
{
	struct slice version = question->client->said[FACT_MTA_VERSION];

	if (slice_starts(version, SLICE("Postfix")))
		return true;
	return question->identity->mta == MTA_POSTFIX &&
	    !slice_starts(version, SLICE("8."));
}

static bool
is_verified(const struct identity_question *question)
{
	const struct slice *said = question->client->said;
	struct slice verify = said[FACT_TLS_VERIFY];

	/* Behind XCLIENT the certificate is that of the proxy. */
	if (client_login_is_told(question->client))
		return false;
	return verify.data != NULL ? slice_eq(verify, SLICE("OK")) :
				     tells_verified_only(question);
}

void
certificate_explain_key(
    const struct identity_question *question, struct slice key)
{
	struct arena *mem = question->context->mem;

	identity_explain(question,
	    slice_format(mem, "identify.certificates has no row %s",
		escape(mem, key, SHOWN_OCTETS)));
}

/* By issuer and subject: a subject alone is anybody's who has another CA. */
static bool
name_key(const struct identity_question *question, struct slice *ret_key)
{
	const struct slice *said = question->client->said;
	struct arena *mem = question->context->mem;
	struct slice issuer = said[FACT_CERT_ISSUER];
	struct slice subject = said[FACT_CERT_SUBJECT];

	/* Sendmail writes both as xtext, Postfix as they are. */
	if (said[FACT_TLS_VERIFY].data != NULL &&
	    (!xtext_decode(mem, issuer, &issuer) ||
		!xtext_decode(mem, subject, &subject)))
		return false;
	return certificate_name_key(mem, issuer, subject, ret_key);
}

/* A certificate was shown, which the MTA could not verify: Sendmail tells. */
static void
explain_unverified(const struct identity_question *question)
{
	const struct slice *said = question->client->said;

	if (said[FACT_TLS_VERIFY].len == 0 ||
	    said[FACT_CERT_SUBJECT].len == 0 ||
	    client_login_is_told(question->client))
		return;
	identity_explain(question,
	    slice_format(question->context->mem,
		"a certificate that is not verified: {verify} is %s",
		escape(question->context->mem, said[FACT_TLS_VERIFY],
		    SHOWN_OCTETS)));
}

static int
certificate_find(
    const struct identity_question *question, struct slice *ret_login)
{
	const struct table_context *context = question->context;
	struct slice key;

	if (!is_verified(question)) {
		explain_unverified(question);
		return 0;
	}
	if (certificate_fingerprint_key(context->mem,
		question->client->said[FACT_CERT_FINGERPRINT], &key) &&
	    identity_ask_table(question->table, key, context, ret_login) != 0)
		return -1;
	if (ret_login->len != 0)
		return 0;
	if (!name_key(question, &key)) {
		if (question->client->said[FACT_CERT_ISSUER].len != 0)
			identity_explain(question,
			    SLICE(
				"a certificate without a subject that counts"));
		return 0;
	}
	if (identity_ask_table(question->table, key, context, ret_login) != 0)
		return -1;
	if (ret_login->len == 0)
		certificate_explain_key(question, key);
	return 0;
}

const struct identity_method identity_by_certificate = {
	.name = { "client-cert", 11 },
	.find = certificate_find,
	.table_option = "identify.certificates",
	.table_offset = offsetof(struct config, identify.certificates),
};
