/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_SIGN_SIGNER_H
#define SUBMILTER_SIGN_SIGNER_H

#include <time.h>

#include "base/err.h"
#include "base/report.h"
#include "base/str.h"
#include "conf/config.h"
#include "message/header.h"
#include "keys/key.h"

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
	 * Fields that an MTA may add to this message where it has none: they are
	 * oversigned only where they occur.
	 */
	const struct slice *addable_names;
	size_t addable_count;
	/*
	 * The engine is given only the beginning of the body that goes on: the
	 * signature says how much it covers (l=, RFC 6376 section
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
 * Reports, with file and line, what cannot be signed as the configuration says,
 * and returns how much that is. From is signed (RFC 6376 section 5.4), names
 * are field names, each once, oversigned ones are signed, present or not, and
 * no field that an MTA removes or adds on the way is in a list (Bcc,
 * Resent-Bcc, Return-Path, Received, Content-Length, DKIM-Signature).
 */
MUST_USE unsigned int sign_check_config(
    const struct config *config, const struct report *report);

/*
 * The policy of a configuration in which that finds nothing. In memory of mem;
 * *config is not kept.
 */
struct sign_policy sign_policy_from_config(
    const struct config *config, struct arena *mem);

/*
 * Whether a field that the policy signs has a control character, such as form
 * feed, which verifiers take for white space or for text: what is signed as
 * relaxed would not verify everywhere.
 */
bool sign_needs_simple_header(
    const struct sign_policy *policy, const struct field *fields, size_t count);

/*
 * A signature field is ready: " v=1; a=..." with its leading blank, folded
 * with LF and a tab or blank, no line over 78 octets where that is possible.
 */
struct signature {
	const struct sign_key *key;
	struct slice value;
};

/* The whole header as it goes on, top to bottom. */
struct sign_header {
	const struct field *fields;
	size_t count;
};

/* The signatures that a message gets. */
struct sign_request {
	const struct sign_policy *policy;
	const struct sign_key *const *keys;
	size_t key_count; /* at least one */
	time_t signed_at; /* t= */
};

/* One message on its way through an engine; all its signatures in one pass. */
struct signer;

/*
 * The two engines. Every call is made by one thread at a time; another thread
 * may make the next one. Each key and the policy outlive the signer.
 */
struct sign_engine {
	const char *name;
	/* Which OpenSSL or libopendkim; for --version. Static text. */
	const char *(*version)(void);
	/* Once per process, before threads. */
	int (*init)(struct err *err);
	/* The signer is the caller's: free it on every path. */
	int (*begin)(const struct sign_request *request,
	    struct signer **ret_signer, struct err *err);
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
 * From here on signatures are made in turn. Once, before there is mail; -1
 * (ERR_TEMP) when threads cannot be started.
 */
MUST_USE int sign_start_turns(struct err *err);

/*
 * engine->finish(), as soon as it is this message's turn, in this thread or in
 * one that only signs: as many run at a time as there are cores, the others
 * follow in the order in which they came. Blocks for as long as those before it
 * need. At once where turns were not started. Thread-safe.
 */
MUST_USE int sign_in_turn(const struct sign_engine *engine,
    struct signer *signer, struct arena *mem, struct signature *ret_signatures,
    struct err *err);

/* How many messages wait for their turn just now. Thread-safe. */
unsigned int sign_waiting(void);

/*
 * Whether a finished signature is good for the public half of its key, over
 * the header as it goes on (without the new signatures) and its own bh=. -1
 * (ERR_TEMP) when not: something is damaged. Thread-safe.
 */
MUST_USE int signature_check(const struct sign_policy *policy,
    const struct signature *signature, const struct sign_header *header,
    struct arena *mem, struct err *err);

extern const struct sign_engine sign_engine_native;
extern const struct sign_engine sign_engine_opendkim;

/* A message to verify, and the keys whose records are in DNS. */
struct verify_request {
	const struct field *fields;
	size_t count;
	struct slice body;
	const struct sign_key *const *published;
	size_t published_count;
};

/* The result for one signature: why is NULL if it passed. */
typedef void verify_report(void *arg, struct slice domain,
    struct slice selector, bool passed, const char *why);

/*
 * Verifies every DKIM-Signature field of a message with libopendkim, whose DNS
 * is the published keys alone: the check that "submilter test" and the
 * quickstart make. Each signature is reported. -1 when libopendkim could not be
 * used at all.
 */
MUST_USE int opendkim_verify(const struct verify_request *request,
    verify_report *report, void *arg, struct err *err);

#endif
