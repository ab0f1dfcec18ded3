/* SPDX-License-Identifier: BSD-2-Clause */
/* The engine that is libopendkim. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "opendkim_priv.h"

/*
 * The known library, fenced where it was measured to go wrong. RSA signatures
 * are wholly its own. It leaks memory with each Ed25519 signature, so for those
 * it gives the body hash, and the key operation is ours.
 */
struct signer {
	struct arena mem;
	struct sign_request request; /* with a list of keys of its own */
	const struct sign_policy *policy;
	DKIM_LIB *lib;	      /* what to sign of this message */
	DKIM **handles;	      /* one a key; NULL for Ed25519 */
	DKIM *body_handle;    /* the handle that gives the body hash */
	bool own_body_handle; /* it signs nothing itself */
	struct signed_fields picked;
	char tail[2]; /* the last octets of the body */
	size_t body_bytes;
};

static struct {
	pthread_mutex_t lock;
	struct arena mem;
	char *spare_key; /* PEM of a key that signs nothing */
} shared = { .lock = PTHREAD_MUTEX_INITIALIZER };

static const char *
opendkim_version(void)
{
	static char text[32];
	uint32_t version = dkim_libversion();

	if (text[0] == '\0')
		(void)snprintf(text, sizeof(text), "%u.%u.%u",
		    (unsigned int)(version >> 24),
		    (unsigned int)(version >> 16 & 0xff),
		    (unsigned int)(version >> 8 & 0xff));
	return text;
}

static int
opendkim_init(struct err *err)
{
	EVP_PKEY *pkey = NULL;
	struct slice pem = { NULL, 0 };
	int status = 0;

	ENSURE(pthread_mutex_lock(&shared.lock) == 0);
	if (shared.spare_key == NULL) {
		arena_init(&shared.mem);
		pkey = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
		if (pkey == NULL)
			status = err_set(err, ERR_TEMP, "cannot make a key: %s",
			    openssl_reason());
		else
			status = key_to_pem(pkey, &shared.mem, &pem, err);
		if (status == 0)
			shared.spare_key = slice_cstr(&shared.mem, pem);
		EVP_PKEY_free(pkey);
	}
	ENSURE(pthread_mutex_unlock(&shared.lock) == 0);
	return status;
}

static u_char **
name_list(const struct slice *names, size_t count, struct arena *mem)
{
	u_char **list = arena_array(mem, count + 1, sizeof(u_char *));

	for (size_t i = 0; i < count; i++)
		list[i] = opendkim_text(mem, names[i]);
	return list;
}

/* The fields to sign are options of the library: a handle for each message. */
static int
open_lib(struct signer *signer, struct err *err)
{
	const struct sign_policy *policy = signer->policy;
	const struct signed_fields *picked = &signer->picked;
	u_char **signed_names =
	    name_list(policy->signed_names, policy->signed_count, &signer->mem);
	u_char **oversigned = name_list(
	    picked->oversigned, picked->oversigned_count, &signer->mem);

	/*
	 * In the letter case of the fields: there are verifiers that count
	 * "From" and "from" apart.
	 */
	for (size_t i = 0; i < picked->oversigned_count; i++) {
		for (size_t f = 0; f < picked->count; f++) {
			if (slice_eq_nocase(
				picked->fields[f]->name, picked->oversigned[i]))
				oversigned[i] = opendkim_text(
				    &signer->mem, picked->fields[f]->name);
		}
	}
	signer->lib = dkim_init(NULL, NULL);
	ENSURE(signer->lib != NULL);
	/* The size is that of a pointer, not of the list. */
	if (dkim_options(signer->lib, DKIM_OP_SETOPT, DKIM_OPTS_SIGNHDRS,
		signed_names, sizeof(u_char **)) == DKIM_STAT_OK &&
	    dkim_options(signer->lib, DKIM_OP_SETOPT, DKIM_OPTS_OVERSIGNHDRS,
		oversigned, sizeof(u_char **)) == DKIM_STAT_OK)
		return 0;
	return err_set(err, ERR_TEMP, "libopendkim takes no options");
}

static void
opendkim_free(struct signer *signer)
{
	if (signer == NULL)
		return;
	for (size_t i = 0; i < signer->request.key_count; i++) {
		if (signer->handles[i] != NULL)
			(void)dkim_free(signer->handles[i]);
	}
	if (signer->own_body_handle && signer->body_handle != NULL)
		(void)dkim_free(signer->body_handle);
	if (signer->lib != NULL)
		dkim_close(signer->lib);
	arena_done(&signer->mem);
	free(signer);
}

/* key NULL: the spare one, for the body hash. */
static DKIM *
new_handle(struct signer *signer, const struct sign_key *key, struct err *err)
{
	static const dkim_canon_t canon[] = { DKIM_CANON_SIMPLE,
		DKIM_CANON_RELAXED };
	struct arena *mem = &signer->mem;
	const char *pem = key != NULL ? key->pem.data : shared.spare_key;
	u_char id[] = "sign";
	DKIM_STAT status = DKIM_STAT_OK;
	DKIM *dkim = dkim_sign(signer->lib, id, NULL,
	    (dkim_sigkey_t)slice_cstr(mem, slice_of(pem)),
	    opendkim_text(mem, key != NULL ? key->selector : SLICE("body")),
	    opendkim_text(
		mem, key != NULL ? key->domain : SLICE("body.invalid")),
	    canon[signer->policy->header_canon],
	    canon[signer->policy->body_canon], DKIM_SIGN_RSASHA256, -1,
	    &status);

	if (dkim == NULL) {
		opendkim_err(err, NULL, status, "begin");
	} else if (key != NULL && key->identity.len != 0) {
		status =
		    dkim_set_signer(dkim, opendkim_text(mem, key->identity));
		if (status != DKIM_STAT_OK) {
			opendkim_err(err, dkim, status, "signer");
			(void)dkim_free(dkim);
			dkim = NULL;
		}
	}
	return dkim;
}

static int
open_handles(struct signer *signer, struct err *err)
{
	for (size_t i = 0; i < signer->request.key_count; i++) {
		const struct sign_key *key = signer->request.keys[i];

		if (key->algorithm != KEY_RSA_SHA256)
			continue;
		signer->handles[i] = new_handle(signer, key, err);
		if (signer->handles[i] == NULL)
			return -1;
		if (signer->body_handle == NULL)
			signer->body_handle = signer->handles[i];
	}
	if (signer->body_handle != NULL)
		return 0;
	signer->own_body_handle = true;
	signer->body_handle = new_handle(signer, NULL, err);
	return signer->body_handle == NULL ? -1 : 0;
}

static int
opendkim_begin(const struct sign_request *request, struct signer **ret_signer,
    struct err *err)
{
	struct signer *signer = calloc(1, sizeof(*signer));

	(void)err;
	ENSURE(signer != NULL && request->key_count > 0 &&
	    !request->policy->partial);
	arena_init(&signer->mem);
	signer->request = *request;
	signer->request.keys =
	    arena_grow(&signer->mem, request->keys, request->key_count,
		request->key_count, sizeof(const struct sign_key *));
	signer->policy = request->policy;
	signer->handles =
	    arena_array(&signer->mem, request->key_count, sizeof(DKIM *));
	*ret_signer = signer;
	return 0;
}

/* The handles that see the message: those that sign, or the one that hashes. */
static DKIM *
each_handle(const struct signer *signer, size_t *at)
{
	while (*at < signer->request.key_count) {
		DKIM *dkim = signer->handles[(*at)++];

		if (dkim != NULL)
			return dkim;
	}
	if (signer->own_body_handle && *at == signer->request.key_count) {
		(*at)++;
		return signer->body_handle;
	}
	return NULL;
}

static int
opendkim_header(struct signer *signer, const struct field *fields, size_t count,
    struct err *err)
{
	struct field *spelt =
	    arena_array(&signer->mem, count + 1, sizeof(*spelt));
	const struct sign_header header = { spelt, count };
	size_t at = 0;
	DKIM *dkim;

	/* Only simple canonicalization sees how names are spelt. */
	for (size_t i = 0; i < count; i++) {
		spelt[i] = fields[i];
		if (signer->policy->header_canon == CANON_RELAXED)
			spelt[i].name =
			    slice_lower(&signer->mem, fields[i].name);
	}
	/* The same bounds as for the other engine. */
	if (signed_fields_pick(signer->policy, &header, &signer->mem,
		&signer->picked, err) != 0 ||
	    open_lib(signer, err) != 0 || open_handles(signer, err) != 0)
		return -1;
	while ((dkim = each_handle(signer, &at)) != NULL) {
		DKIM_STAT status;

		for (size_t i = 0; i < count; i++) {
			if (sign_policy_signs(signer->policy, fields[i].name) &&
			    opendkim_feed(dkim, &spelt[i], &signer->mem, err) !=
				0)
				return -1;
		}
		status = dkim_eoh(dkim);
		if (status != DKIM_STAT_OK)
			return opendkim_err(err, dkim, status, "header");
	}
	return 0;
}

static int
feed_body(struct signer *signer, const char *data, size_t len, struct err *err)
{
	/* The library reads it only. */
	u_char *text = (u_char *)(uintptr_t)data;
	size_t at = 0;
	DKIM *dkim;

	while ((dkim = each_handle(signer, &at)) != NULL) {
		DKIM_STAT status = dkim_body(dkim, text, len);

		if (status != DKIM_STAT_OK)
			return opendkim_err(err, dkim, status, "body");
	}
	return 0;
}

static int
opendkim_body(struct signer *signer, struct slice chunk, struct err *err)
{
	if (chunk.len == 0)
		return 0;
	if (chunk.len == 1) {
		signer->tail[0] = signer->tail[1];
		signer->tail[1] = chunk.data[0];
	} else {
		memcpy(signer->tail, chunk.data + chunk.len - 2, 2);
	}
	signer->body_bytes += chunk.len;
	return feed_body(signer, chunk.data, chunk.len, err);
}

static int
end_messages(struct signer *signer, struct err *err)
{
	size_t at = 0;
	DKIM *dkim;

	if (signer->body_bytes > 0 && memcmp(signer->tail, "\r\n", 2) != 0 &&
	    feed_body(signer, "\r\n", 2, err) != 0)
		return -1;
	while ((dkim = each_handle(signer, &at)) != NULL) {
		DKIM_STAT status = dkim_eom(dkim, NULL);

		if (status != DKIM_STAT_OK)
			return opendkim_err(err, dkim, status, "sign");
	}
	return 0;
}

/* The field as libopendkim writes it, with folds as LF. */
static int
rsa_signature(
    DKIM *dkim, struct arena *mem, struct slice *ret_value, struct err *err)
{
	struct strbuf value;
	u_char *text = NULL;
	size_t len = 0;
	DKIM_STAT status =
	    dkim_getsighdr_d(dkim, sizeof("DKIM-Signature:") - 1, &text, &len);

	if (status != DKIM_STAT_OK || text == NULL)
		return opendkim_err(err, dkim, status, "sign");
	strbuf_init(&value, mem);
	strbuf_add_char(&value, ' ');
	for (size_t i = 0; i < len; i++) {
		if (text[i] != '\r')
			strbuf_add_char(&value, (char)text[i]);
	}
	*ret_value = strbuf_slice(&value);
	return 0;
}

static int
opendkim_finish(struct signer *signer, struct arena *mem,
    struct signature *ret_signatures, struct err *err)
{
	unsigned char body_hash[SHA256_BYTES];
	void *header = NULL, *body = NULL;
	size_t header_len = 0, body_len = 0;
	DKIM_SIGINFO *sig;

	if (end_messages(signer, err) != 0)
		return -1;
	sig = dkim_getsignature(signer->body_handle);
	if (sig == NULL ||
	    dkim_sig_gethashes(sig, &header, &header_len, &body, &body_len) !=
		DKIM_STAT_OK ||
	    body_len != SHA256_BYTES)
		return err_set(err, ERR_TEMP, "libopendkim: no body hash");
	memcpy(body_hash, body, SHA256_BYTES);
	for (size_t i = 0; i < signer->request.key_count; i++) {
		const struct sign_key *key = signer->request.keys[i];
		const struct signature_parts parts = { .policy = signer->policy,
			.key = key,
			.signed_at = signer->request.signed_at,
			.picked = &signer->picked,
			.body_hash = body_hash };
		struct slice *value = &ret_signatures[i].value;
		int status = signer->handles[i] != NULL ?
		    rsa_signature(signer->handles[i], mem, value, err) :
		    signature_over(&parts, mem, value, err);

		if (status != 0)
			return err_wrap(
			    err, "sign with %.*s", SLICE_ARGS(key->path));
		ret_signatures[i].key = key;
	}
	return 0;
}

const struct sign_engine sign_engine_opendkim = {
	.name = "libopendkim",
	.version = opendkim_version,
	.init = opendkim_init,
	.begin = opendkim_begin,
	.header = opendkim_header,
	.body = opendkim_body,
	.finish = opendkim_finish,
	.free = opendkim_free,
};
