/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_SIGN_SIGNER_H
#define SUBMILTER_SIGN_SIGNER_H

#include <time.h>

#include "base/err.h"
#include "base/str.h"
#include "message/header.h"
#include "sign/keys.h"

enum canonicalization { CANON_SIMPLE, CANON_RELAXED };

/* What all signatures of a configuration have in common. */
struct sign_policy {
	enum canonicalization header_canon;
	enum canonicalization body_canon;
	/*
	 * Lower-case field names. Every instance of a field in `signed_names` is
	 * signed; a field in `oversigned_names` is listed once more than it
	 * occurs, present or not, so that nobody can add one (RFC 6376 section
	 * 8.15), and one in `present_names` only where it occurs. Each of these
	 * names is also a signed one.
	 */
	const struct slice *signed_names;
	size_t signed_count;
	const struct slice *oversigned_names;
	size_t oversigned_count;
	const struct slice *present_names;
	size_t present_count;
	/*
	 * What an MTA may add to this message where it has none: such a field is
	 * oversigned only where it occurs.
	 */
	const struct slice *addable_names;
	size_t addable_count;
	/*
	 * The body that the engine is given is only the beginning of what goes
	 * on: the signature says how much it covers (l=, RFC 6376 section
	 * 3.4.5). The native engine alone can do that.
	 */
	bool partial;
};

/*
 * The policy for a message whose rest may change on the way: partial, and
 * without Content-Transfer-Encoding, which would change with it. In memory of
 * mem, and of the policy that it comes from.
 */
void sign_policy_partial(const struct sign_policy *policy, struct arena *mem,
    struct sign_policy *ret_policy);

/*
 * Checks a policy when it is configured: From is signed (RFC 6376 section
 * 5.4), names are field names, oversigned ones are signed, present or not, and
 * no field that an MTA removes or adds on the way is in the list (Bcc,
 * Resent-Bcc, Return-Path, Received, Content-Length, DKIM-Signature).
 */
MUST_USE int sign_policy_check(const struct sign_policy *policy,
    struct err *err);

/*
 * Whether a field that the policy signs has a control character, such as form
 * feed, which verifiers take for white space or for text: what is signed as
 * relaxed would not verify everywhere.
 */
bool sign_needs_simple_header(const struct sign_policy *policy,
    const struct field *fields, size_t count);

/*
 * A signature field is ready: " v=1; a=..." with its leading blank, folded
 * with LF and a tab or blank, no line over 78 octets where that is possible.
 */
struct signature {
	const struct sign_key *key;
	struct slice value;
};

/* One message on its way through an engine; all its signatures in one pass. */
struct signer;

/*
 * The two engines. Every call is made by one thread at a time; another thread
 * may make the next one. Keys and policy outlive the signer.
 */
struct sign_engine {
	const char *name;
	/* Which OpenSSL or libopendkim; for --version. Static text. */
	const char *(*version)(void);
	/* Once per process, before threads. */
	int (*init)(struct err *err);
	/*
	 * A signer for these keys (at least one); signed_at goes to t=. It is
	 * the caller's: free it on every path.
	 */
	int (*begin)(const struct sign_policy *policy,
	    const struct sign_key *const *keys, size_t key_count,
	    time_t signed_at, struct signer **ret_signer, struct err *err);
	/*
	 * The whole header as it will go on, top to bottom. The engine picks
	 * what it signs; the fields stay valid until finish. Called once, before
	 * the body.
	 */
	int (*header)(struct signer *signer, const struct field *fields,
	    size_t count, struct err *err);
	/* Body octets with CRLF line ends, cut anywhere. */
	int (*body)(struct signer *signer, struct slice chunk, struct err *err);
	/*
	 * The signatures, one a key in their order, in memory of mem. A body
	 * without a final CRLF is signed as if it had one (the MTA adds it).
	 */
	int (*finish)(struct signer *signer, struct arena *mem,
	    struct signature *ret_signatures, struct err *err);
	/* Takes NULL and half-used signers. */
	void (*free)(struct signer *signer);
};

/*
 * Whether a finished signature is good for the public half of its key, over
 * the header as it goes on (without the new signatures) and its own bh=. -1
 * (ERR_TEMP) when not: something is damaged. Thread-safe.
 */
MUST_USE int signature_check(const struct sign_policy *policy,
    const struct signature *signature, const struct field *fields,
    size_t count, struct arena *mem, struct err *err);

extern const struct sign_engine sign_engine_native;
extern const struct sign_engine sign_engine_opendkim;

/*
 * Verifies every DKIM-Signature field that it is given with libopendkim, its DNS
 * answered from the records of `published` alone: the check that
 * "submilter test" and the quickstart make. For each signature
 * report(arg, d, s, passed, why) is called. -1 when libopendkim could not be
 * used at all.
 */
MUST_USE int opendkim_verify(const struct field *fields, size_t count,
    struct slice body, const struct sign_key *const *published,
    size_t published_count,
    void (*report)(void *arg, struct slice domain, struct slice selector,
    bool passed, const char *why), void *arg, struct err *err);

#endif
