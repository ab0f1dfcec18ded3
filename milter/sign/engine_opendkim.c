/* SPDX-License-Identifier: BSD-2-Clause */
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
	const struct sign_policy *policy;
	const struct sign_key **keys;
	size_t key_count;
	time_t signed_at;
	DKIM_LIB *lib;		/* what to sign of this message */
	DKIM **handles;		/* one a key; NULL for Ed25519 */
	DKIM *body_handle;	/* the handle that gives the body hash */
	bool own_body_handle;	/* it signs nothing itself */
	const struct field *fields;
	size_t field_count;
	char tail[2];		/* the last octets of the body */
	size_t body_bytes;
};

static struct {
	pthread_mutex_t lock;
	struct arena mem;
	char *spare_key;	/* PEM of a key that signs nothing */
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
make_spare_key(struct err *err)
{
	struct arena *mem = &shared.mem;
	EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
	struct slice pem;

	if (pkey == NULL)
		return err_set(err, ERR_TEMP, "cannot make a key: %s",
		    openssl_reason());
	if (key_to_pem(pkey, mem, &pem, err) != 0) {
		EVP_PKEY_free(pkey);
		return -1;
	}
	EVP_PKEY_free(pkey);
	shared.spare_key = slice_cstr(mem, pem);
	return 0;
}

static int
opendkim_init(struct err *err)
{
	int status = 0;

	ENSURE(pthread_mutex_lock(&shared.lock) == 0);
	if (shared.spare_key == NULL) {
		arena_init(&shared.mem);
		status = make_spare_key(err);
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

/*
 * What is oversigned, in the letter case of the fields: there are verifiers
 * that count "From" and "from" apart.
 */
static u_char **
oversigned_list(const struct signed_fields *picked, struct arena *mem)
{
	u_char **list = name_list(picked->oversigned, picked->oversigned_count,
	    mem);

	for (size_t i = 0; i < picked->oversigned_count; i++) {
		for (size_t f = 0; f < picked->count; f++) {
			if (slice_eq_nocase(picked->fields[f]->name,
			    picked->oversigned[i]))
				list[i] = opendkim_text(mem,
				    picked->fields[f]->name);
		}
	}
	return list;
}

/* What to sign is an option of the library's handle: one for each message. */
static int
open_lib(struct signer *signer, const struct signed_fields *picked,
    struct err *err)
{
	const struct sign_policy *policy = signer->policy;
	u_char **signed_names = name_list(policy->signed_names,
	    policy->signed_count, &signer->mem);
	u_char **oversigned_names = oversigned_list(picked, &signer->mem);

	signer->lib = dkim_init(NULL, NULL);
	ENSURE(signer->lib != NULL);
	/* The size is that of a pointer, not of the list. */
	if (dkim_options(signer->lib, DKIM_OP_SETOPT, DKIM_OPTS_SIGNHDRS,
	    signed_names, sizeof(u_char **)) == DKIM_STAT_OK &&
	    dkim_options(signer->lib, DKIM_OP_SETOPT, DKIM_OPTS_OVERSIGNHDRS,
		oversigned_names, sizeof(u_char **)) == DKIM_STAT_OK)
		return 0;
	return err_set(err, ERR_TEMP, "libopendkim takes no options");
}

static void
opendkim_free(struct signer *signer)
{
	if (signer == NULL)
		return;
	for (size_t i = 0; i < signer->key_count; i++) {
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

static DKIM *
new_handle(struct signer *signer, const char *pem, struct slice selector,
    struct slice domain, struct err *err)
{
	static const dkim_canon_t canon[] = { DKIM_CANON_SIMPLE,
		DKIM_CANON_RELAXED };
	u_char id[] = "sign";
	DKIM_STAT status = DKIM_STAT_OK;
	DKIM *dkim = dkim_sign(signer->lib, id, NULL,
	    (dkim_sigkey_t)slice_cstr(&signer->mem, slice_of(pem)),
	    opendkim_text(&signer->mem, selector),
	    opendkim_text(&signer->mem, domain),
	    canon[signer->policy->header_canon],
	    canon[signer->policy->body_canon], DKIM_SIGN_RSASHA256, -1,
	    &status);

	if (dkim == NULL)
		opendkim_err(err, NULL, status, "begin");
	return dkim;
}

static int
open_handles(struct signer *signer, struct err *err)
{
	for (size_t i = 0; i < signer->key_count; i++) {
		const struct sign_key *key = signer->keys[i];

		if (key->algorithm != KEY_RSA_SHA256)
			continue;
		signer->handles[i] = new_handle(signer, key->pem.data,
		    key->selector, key->domain, err);
		if (signer->handles[i] == NULL)
			return -1;
		if (signer->body_handle == NULL)
			signer->body_handle = signer->handles[i];
	}
	if (signer->body_handle != NULL)
		return 0;
	signer->own_body_handle = true;
	signer->body_handle = new_handle(signer, shared.spare_key, SLICE("body"),
	    SLICE("body.invalid"), err);
	return signer->body_handle == NULL ? -1 : 0;
}

static int
opendkim_begin(const struct sign_policy *policy,
    const struct sign_key *const *keys, size_t key_count, time_t signed_at,
    struct signer **ret_signer, struct err *err)
{
	struct signer *signer = calloc(1, sizeof(*signer));

	(void)err;
	ENSURE(signer != NULL && key_count > 0 && !policy->partial);
	arena_init(&signer->mem);
	signer->policy = policy;
	signer->keys = arena_grow(&signer->mem, keys, key_count, key_count,
	    sizeof(const struct sign_key *));
	signer->key_count = key_count;
	signer->signed_at = signed_at;
	signer->handles = arena_array(&signer->mem, key_count, sizeof(DKIM *));
	*ret_signer = signer;
	return 0;
}

/* The handles that see the message: those that sign, or the one that hashes. */
static DKIM *
each_handle(const struct signer *signer, size_t *at)
{
	while (*at < signer->key_count) {
		DKIM *dkim = signer->handles[(*at)++];

		if (dkim != NULL)
			return dkim;
	}
	if (signer->own_body_handle && *at == signer->key_count) {
		(*at)++;
		return signer->body_handle;
	}
	return NULL;
}

static bool
is_signed(const struct sign_policy *policy, struct slice name)
{
	for (size_t i = 0; i < policy->signed_count; i++) {
		if (slice_eq_nocase(policy->signed_names[i], name))
			return true;
	}
	return false;
}

static int
opendkim_header(struct signer *signer, const struct field *fields,
    size_t count, struct err *err)
{
	struct field *spelt = arena_array(&signer->mem, count + 1,
	    sizeof(*spelt));
	struct signed_fields picked;
	size_t at = 0;
	DKIM *dkim;

	/* Only simple canonicalization sees how names are spelt. */
	for (size_t i = 0; i < count; i++) {
		spelt[i] = fields[i];
		if (signer->policy->header_canon == CANON_RELAXED)
			spelt[i].name = slice_lower(&signer->mem,
			    fields[i].name);
	}
	/* The same bounds as for the other engine. */
	if (signed_fields_pick(signer->policy, spelt, count, &signer->mem,
	    &picked, err) != 0 || open_lib(signer, &picked, err) != 0 ||
	    open_handles(signer, err) != 0)
		return -1;
	signer->fields = fields;
	signer->field_count = count;
	while ((dkim = each_handle(signer, &at)) != NULL) {
		DKIM_STAT status;

		for (size_t i = 0; i < count; i++) {
			if (is_signed(signer->policy, fields[i].name) &&
			    opendkim_feed(dkim, &spelt[i], &signer->mem,
				err) != 0)
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
rsa_signature(DKIM *dkim, struct arena *mem, struct slice *ret_value,
    struct err *err)
{
	struct strbuf value;
	u_char *text = NULL;
	size_t len = 0;
	DKIM_STAT status = dkim_getsighdr_d(dkim,
	    sizeof("DKIM-Signature:") - 1, &text, &len);

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
body_hash(struct signer *signer, unsigned char ret_hash[SHA256_BYTES],
    struct err *err)
{
	DKIM_SIGINFO *sig = dkim_getsignature(signer->body_handle);
	void *header = NULL, *body = NULL;
	size_t header_len = 0, body_len = 0;

	if (sig == NULL || dkim_sig_gethashes(sig, &header, &header_len, &body,
	    &body_len) != DKIM_STAT_OK || body_len != SHA256_BYTES)
		return err_set(err, ERR_TEMP, "libopendkim: no body hash");
	memcpy(ret_hash, body, SHA256_BYTES);
	return 0;
}

static int
opendkim_finish(struct signer *signer, struct arena *mem,
    struct signature *ret_signatures, struct err *err)
{
	unsigned char hash[SHA256_BYTES];

	if (end_messages(signer, err) != 0 || body_hash(signer, hash, err) != 0)
		return -1;
	for (size_t i = 0; i < signer->key_count; i++) {
		const struct sign_key *key = signer->keys[i];
		int status = signer->handles[i] != NULL
		    ? rsa_signature(signer->handles[i], mem,
			&ret_signatures[i].value, err)
		    : signature_over(signer->policy, key, signer->signed_at,
			signer->fields, signer->field_count, hash, mem,
			&ret_signatures[i].value, err);

		if (status != 0)
			return err_wrap(err, "sign with %.*s",
			    SLICE_ARGS(key->path));
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
