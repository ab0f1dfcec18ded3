/* SPDX-License-Identifier: BSD-2-Clause */
/* Body and fields in canonical form (RFC 6376 section 3.4). */
#include <string.h>

#include "base/octets.h"
#include "sign_priv.h"

enum { GATHERED_OCTETS = 1024, LONG_OCTETS = 256 };

int
body_canon_init(
    struct body_canon *canon, enum canonicalization kind, struct err *err)
{
	*canon = (struct body_canon){ .kind = kind, .hash = EVP_MD_CTX_new() };
	ENSURE(canon->hash != NULL);
	if (EVP_DigestInit_ex(canon->hash, sha256(), NULL) != 1)
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
	static const char ends[] = "\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n"
				   "\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n";
	enum { LINES = (sizeof(ends) - 1) / 2 };

	while (canon->pending_lines > 0) {
		size_t lines =
		    canon->pending_lines < LINES ? canon->pending_lines : LINES;

		hash(canon, ends, lines * 2);
		canon->pending_lines -= lines;
	}
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

/* Whether what follows says what becomes of it. */
static bool
canonical_waits(const struct body_canon *canon, char c)
{
	return c == '\r' || c == '\n' ||
	    (canon->kind == CANON_RELAXED && char_is_wsp(c));
}

/* Takes the octets one by one: those about which more is to be known. */
static void
canonical_add_octets(struct body_canon *canon, struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];

		if (canon->pending_cr) {
			canon->pending_cr = false;
			if (c == '\n') {
				canonical_end_line(canon);
				continue;
			}
			/* A CR alone is text. */
			flush_pending(canon);
			hash(canon, "\r", 1);
		}
		if (c == '\r') {
			canon->pending_cr = true;
		} else if (c != '\n' && canonical_waits(canon, c)) {
			canon->pending_blank = true;
		} else {
			flush_pending(canon);
			hash(canon, &c, 1);
		}
	}
}

/* Short pieces of canonical text, which are hashed together. */
struct gathered {
	struct body_canon *canon;
	char octets[GATHERED_OCTETS];
	size_t len;
};

static void
canonical_gather(struct gathered *gathered, struct slice text)
{
	if (gathered->len + text.len > GATHERED_OCTETS ||
	    text.len >= LONG_OCTETS) {
		hash(gathered->canon, gathered->octets, gathered->len);
		gathered->len = 0;
	}
	if (text.len >= LONG_OCTETS) {
		hash(gathered->canon, text.data, text.len);
	} else {
		memcpy(gathered->octets + gathered->len, text.data, text.len);
		gathered->len += text.len;
	}
}

/*
 * Text that ends in an octet which is neither blank nor of a line end. All of
 * it is canonical but for white space that is not one blank between words.
 */
static void
canonical_add_relaxed(struct body_canon *canon, struct slice text)
{
	struct gathered gathered;

	gathered.canon = canon;
	gathered.len = 0;
	while (text.len > 0) {
		size_t run = octets_before_blanks(text);

		canonical_gather(&gathered, slice_sub(text, 0, run));
		text = slice_from(text, run);
		if (text.len == 0)
			break;
		for (run = 0; char_is_wsp(text.data[run]);)
			run++;
		text = slice_from(text, run);
		/* White space at the end of a line is nothing. */
		if (!slice_starts(text, SLICE("\r\n")))
			canonical_gather(&gathered, SLICE(" "));
	}
	hash(canon, gathered.octets, gathered.len);
}

void
body_canon_add(struct body_canon *canon, struct slice chunk)
{
	size_t settled = chunk.len, first = 0;

	/* Blanks and line ends at its end: what follows decides. */
	while (settled > 0 && canonical_waits(canon, chunk.data[settled - 1]))
		settled--;
	/* And it decides about those before it, up to its first text. */
	if (settled > 0 && (canon->pending_cr || canon->pending_blank)) {
		while (canonical_waits(canon, chunk.data[first]))
			first++;
		canonical_add_octets(canon, slice_sub(chunk, 0, ++first));
	}
	if (settled > first) {
		struct slice text = slice_sub(chunk, first, settled - first);

		flush_pending(canon);
		if (canon->kind == CANON_SIMPLE)
			hash(canon, text.data, text.len);
		else
			canonical_add_relaxed(canon, text);
	}
	canonical_add_octets(canon, slice_from(chunk, settled));
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

/* The value of a relaxed field to its place; what is behind its end. */
static char *
relaxed_value(struct slice value, char *out)
{
	bool blank = false, any = false;

	for (size_t i = 0; i < value.len; i++) {
		char c = value.data[i];

		if (char_is_wsp(c) || c == '\n' || c == '\r') {
			blank = true;
			continue;
		}
		if (blank && any)
			*out++ = ' ';
		blank = false;
		any = true;
		*out++ = c;
	}
	return out;
}

void
header_canon(enum canonicalization kind, const struct field *field, bool last,
    struct strbuf *buf)
{
	struct slice name = field->name, value = field->value;
	char *start, *out;

	if (kind == CANON_SIMPLE) {
		strbuf_add(buf, name);
		strbuf_add_char(buf, ':');
		field_value_on_wire(value, buf);
	} else {
		start = out = strbuf_room(buf, name.len + 1 + value.len);
		for (size_t i = 0; i < name.len; i++)
			*out++ = char_lower(name.data[i]);
		*out++ = ':';
		out = relaxed_value(value, out);
		strbuf_filled(buf, (size_t)(out - start));
	}
	if (!last)
		strbuf_add_cstr(buf, "\r\n");
}
