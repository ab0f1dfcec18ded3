/* SPDX-License-Identifier: BSD-2-Clause */
/* Body and fields in canonical form (RFC 6376 section 3.4). */
#include <string.h>

#include "sign_priv.h"

int
body_canon_init(
    struct body_canon *canon, enum canonicalization kind, struct err *err)
{
	*canon = (struct body_canon){ .kind = kind, .hash = EVP_MD_CTX_new() };
	ENSURE(canon->hash != NULL);
	if (EVP_DigestInit_ex(canon->hash, EVP_sha256(), NULL) != 1)
		return err_set(err, ERR_TEMP, "SHA-256: %s", openssl_reason());
	return 0;
}

void
body_canon_done(struct body_canon *canon)
{
	EVP_MD_CTX_free(canon->hash);
	canon->hash = NULL;
}

static void
hash(struct body_canon *canon, const char *data, size_t len)
{
	if (len == 0)
		return;
	/* In memory this has no way to fail once it is initialised. */
	ENSURE(EVP_DigestUpdate(canon->hash, data, len) == 1);
	canon->octets += len;
}

/* Empty lines and white space that turn out to have text behind them. */
static void
flush_pending(struct body_canon *canon)
{
	for (; canon->pending_lines > 0; canon->pending_lines--)
		hash(canon, "\r\n", 2);
	if (canon->pending_blank) {
		hash(canon, " ", 1);
		canon->pending_blank = false;
	}
	canon->in_line = true;
}

static void
canonical_end_line(struct body_canon *canon)
{
	/* Relaxed: white space at the end of a line is nothing. */
	canon->pending_blank = false;
	if (canon->in_line)
		hash(canon, "\r\n", 2);
	else
		canon->pending_lines++;
	canon->in_line = false;
}

/* Length of what may be hashed as it stands. */
static size_t
canonical_plain_run(enum canonicalization kind, const char *data, size_t len)
{
	const char *cr;

	if (kind == CANON_SIMPLE) {
		cr = memchr(data, '\r', len);
		return cr == NULL ? len : (size_t)(cr - data);
	}
	for (size_t i = 0; i < len; i++) {
		char c = data[i];

		if (c == '\r')
			return i;
		/* One blank between words is canonical already. */
		if (c == '\t' ||
		    (c == ' ' &&
			(i + 1 == len || data[i + 1] == ' ' ||
			    data[i + 1] == '\t' || data[i + 1] == '\r')))
			return i;
	}
	return len;
}

void
body_canon_add(struct body_canon *canon, struct slice chunk)
{
	while (chunk.len > 0) {
		size_t run;

		if (canon->pending_cr) {
			canon->pending_cr = false;
			if (chunk.data[0] == '\n') {
				canonical_end_line(canon);
				chunk = slice_from(chunk, 1);
				continue;
			}
			/* A CR alone is text. */
			flush_pending(canon);
			hash(canon, "\r", 1);
		}
		if (chunk.data[0] == '\r') {
			canon->pending_cr = true;
			chunk = slice_from(chunk, 1);
			continue;
		}
		if (canon->kind == CANON_RELAXED &&
		    char_is_wsp(chunk.data[0])) {
			canon->pending_blank = true;
			chunk = slice_from(chunk, 1);
			continue;
		}
		run = canonical_plain_run(canon->kind, chunk.data, chunk.len);
		flush_pending(canon);
		hash(canon, chunk.data, run);
		chunk = slice_from(chunk, run);
	}
}

void
body_canon_finish(
    struct body_canon *canon, unsigned char ret_hash[SHA256_BYTES])
{
	unsigned int len = SHA256_BYTES;

	if (canon->pending_cr) {
		canon->pending_cr = false;
		flush_pending(canon);
		hash(canon, "\r", 1);
	}
	if (canon->in_line)
		canonical_end_line(canon);
	/* Simple: an empty body is one line end (RFC 6376 section 3.4.3). */
	if (canon->kind == CANON_SIMPLE && canon->octets == 0)
		hash(canon, "\r\n", 2);
	ENSURE(EVP_DigestFinal_ex(canon->hash, ret_hash, &len) == 1);
}

void
body_canon_cut(struct body_canon *canon, unsigned char ret_hash[SHA256_BYTES])
{
	unsigned int len = SHA256_BYTES;

	ENSURE(EVP_DigestFinal_ex(canon->hash, ret_hash, &len) == 1);
}

void
field_value_on_wire(struct slice value, struct strbuf *buf)
{
	for (size_t i = 0; i < value.len; i++) {
		if (value.data[i] == '\n' &&
		    (i == 0 || value.data[i - 1] != '\r'))
			strbuf_add_char(buf, '\r');
		strbuf_add_char(buf, value.data[i]);
	}
}

void
header_canon(enum canonicalization kind, const struct field *field, bool last,
    struct strbuf *buf)
{
	struct slice name = field->name, value = field->value;
	bool blank = false, any = false;

	for (size_t i = 0; i < name.len; i++)
		strbuf_add_char(buf,
		    kind == CANON_RELAXED ? char_lower(name.data[i]) :
					    name.data[i]);
	strbuf_add_char(buf, ':');
	if (kind == CANON_SIMPLE)
		field_value_on_wire(value, buf);
	for (size_t i = 0; kind == CANON_RELAXED && i < value.len; i++) {
		char c = value.data[i];

		if (char_is_wsp(c) || c == '\n' || c == '\r') {
			blank = true;
			continue;
		}
		if (blank && any)
			strbuf_add_char(buf, ' ');
		blank = false;
		any = true;
		strbuf_add_char(buf, c);
	}
	if (!last)
		strbuf_add_cstr(buf, "\r\n");
}
