/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets of RADIUS: made, sealed, checked and read. */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <string.h>

#include "radius_priv.h"

enum {
	DIGEST_BYTES = 16,
	AT_LENGTH = 2,
	AT_AUTHENTICATOR = 4,
	VENDOR_BYTES = 4
};

static unsigned int
octet(struct slice text, size_t at)
{
	return (unsigned char)text.data[at];
}

static size_t
length_at(struct slice text, size_t at)
{
	return octet(text, at) << 8 | octet(text, at + 1);
}

static void
begin(struct radius_packet *packet, enum radius_code code, unsigned char id)
{
	memset(packet->data, 0, RADIUS_HEADER_BYTES);
	packet->len = RADIUS_HEADER_BYTES;
	packet->data[0] = (unsigned char)code;
	packet->data[1] = id;
}

int
radius_begin_access(
    struct radius_packet *packet, unsigned char id, struct err *err)
{
	static const char none[DIGEST_BYTES];

	begin(packet, RADIUS_ACCESS_REQUEST, id);
	if (RAND_bytes(packet->data + AT_AUTHENTICATOR, DIGEST_BYTES) != 1)
		return err_set(err, ERR_TEMP, "no random octets");
	return radius_add(packet, RADIUS_MESSAGE_AUTHENTICATOR,
	    (struct slice){ none, sizeof(none) }, err);
}

void
radius_begin_accounting(struct radius_packet *packet, unsigned char id)
{
	begin(packet, RADIUS_ACCOUNTING_REQUEST, id);
}

int
radius_add(struct radius_packet *packet, unsigned int type, struct slice value,
    struct err *err)
{
	if (value.len > RADIUS_MAX_VALUE ||
	    packet->len + 2 + value.len > sizeof(packet->data))
		return err_set(err, ERR_LIMIT,
		    "a text over %d octets, which RADIUS cannot have",
		    (int)RADIUS_MAX_VALUE);
	packet->data[packet->len] = (unsigned char)type;
	packet->data[packet->len + 1] = (unsigned char)(2 + value.len);
	if (value.len > 0)
		memcpy(packet->data + packet->len + 2, value.data, value.len);
	packet->len += 2 + value.len;
	return 0;
}

int
radius_add_number(struct radius_packet *packet, unsigned int type,
    uint32_t number, struct err *err)
{
	const char octets[] = { (char)(number >> 24), (char)(number >> 16),
		(char)(number >> 8), (char)number };

	return radius_add(
	    packet, type, (struct slice){ octets, sizeof(octets) }, err);
}

/* HMAC-MD5, RFC 2869 section 5.14. */
static int
sign(const unsigned char *data, size_t len, struct slice secret,
    unsigned char ret_digest[DIGEST_BYTES], struct err *err)
{
	unsigned int digest_len = DIGEST_BYTES;

	if (HMAC(EVP_md5(), secret.data, (int)secret.len, data, len, ret_digest,
		&digest_len) == NULL)
		return err_set(err, ERR_TEMP, "OpenSSL does not have MD5 here");
	return 0;
}

/* MD5 of these texts, RFC 2865 section 3. */
static int
digest_of(const struct slice *texts, size_t count,
    unsigned char ret_digest[EVP_MAX_MD_SIZE], struct err *err)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool is_made = EVP_DigestInit_ex(context, EVP_md5(), NULL) == 1;

	for (size_t i = 0; i < count && is_made; i++)
		is_made =
		    EVP_DigestUpdate(context, texts[i].data, texts[i].len) == 1;
	is_made = is_made && EVP_DigestFinal_ex(context, ret_digest, NULL) == 1;
	EVP_MD_CTX_free(context);
	if (is_made)
		return 0;
	return err_set(err, ERR_TEMP, "OpenSSL does not have MD5 here");
}

int
radius_seal(struct radius_packet *packet, struct slice secret, struct err *err)
{
	const struct slice texts[] = {
		{ (const char *)packet->data, packet->len }, secret
	};
	bool is_access = packet->data[0] == RADIUS_ACCESS_REQUEST;
	unsigned char digest[EVP_MAX_MD_SIZE];

	packet->data[AT_LENGTH] = (unsigned char)(packet->len >> 8);
	packet->data[AT_LENGTH + 1] = (unsigned char)packet->len;
	if (is_access ? sign(packet->data, packet->len, secret, digest, err) :
			digest_of(texts, 2, digest, err))
		return -1;
	memcpy(packet->data +
		(is_access ? RADIUS_HEADER_BYTES + 2 : AT_AUTHENTICATOR),
	    digest, DIGEST_BYTES);
	return 0;
}

struct slice
radius_without_padding(struct slice packet)
{
	size_t len = packet.len < RADIUS_HEADER_BYTES ?
	    packet.len :
	    length_at(packet, AT_LENGTH);

	return len < packet.len ? slice_sub(packet, 0, len) : packet;
}

/*
 * Where the signature is, if there is one; else *ret_at is 0. -1: attributes are
 * not whole, or there are several.
 */
static int
find_authenticator(struct slice reply, size_t *ret_at, struct err *err)
{
	size_t at = RADIUS_HEADER_BYTES, count = 0;

	*ret_at = 0;
	while (at < reply.len) {
		size_t len = reply.len - at < 2 ? 0 : octet(reply, at + 1);

		if (len < 2 || len > reply.len - at)
			return err_set(
			    err, ERR_TEMP, "a reply that is not whole");
		if (octet(reply, at) == RADIUS_MESSAGE_AUTHENTICATOR &&
		    len == 2 + DIGEST_BYTES) {
			*ret_at = at + 2;
			count++;
		}
		at += len;
	}
	if (count > 1)
		return err_set(err, ERR_TEMP,
		    "a reply with several Message-Authenticators");
	return 0;
}

/* Somebody between us may have made it. */
static int
unsigned_reply(struct slice reply, struct err *err)
{
	if (radius_reply_is_full(reply))
		return err_set(err, ERR_TEMP, "%s", RADIUS_FULL);
	return err_set(err, ERR_TEMP,
	    "a reply without a Message-Authenticator, which anybody may have "
	    "forged: let the server send one");
}

/* Whether the header of reply is one to request. RFC 2865 section 3. */
static int
check_digest(const struct radius_packet *request, struct slice reply,
    struct slice secret, struct err *err)
{
	const char *asked = (const char *)request->data;
	const struct slice texts[] = { slice_sub(reply, 0, AT_AUTHENTICATOR),
		{ asked + AT_AUTHENTICATOR, DIGEST_BYTES },
		slice_from(reply, RADIUS_HEADER_BYTES), secret };
	unsigned char digest[EVP_MAX_MD_SIZE];

	if (digest_of(texts, 4, digest, err) != 0)
		return -1;
	if (CRYPTO_memcmp(
		digest, reply.data + AT_AUTHENTICATOR, DIGEST_BYTES) == 0)
		return 0;
	return err_set(
	    err, ERR_TEMP, "a reply by somebody who does not have our secret");
}

static int
check_signature(const struct radius_packet *request, struct slice reply,
    struct slice secret, bool is_protected, struct err *err)
{
	unsigned char copy[RADIUS_MAX_BYTES], digest[DIGEST_BYTES];
	size_t at = 0;

	if (find_authenticator(reply, &at, err) != 0)
		return -1;
	if (at == 0)
		return is_protected ? 0 : unsigned_reply(reply, err);
	memcpy(copy, reply.data, reply.len);
	memcpy(copy + AT_AUTHENTICATOR, request->data + AT_AUTHENTICATOR,
	    DIGEST_BYTES);
	memset(copy + at, 0, DIGEST_BYTES);
	if (sign(copy, reply.len, secret, digest, err) != 0)
		return -1;
	if (CRYPTO_memcmp(digest, reply.data + at, DIGEST_BYTES) == 0)
		return 0;
	return err_set(err, ERR_TEMP,
	    "a reply whose Message-Authenticator is not by our secret");
}

int
radius_check_reply(const struct radius_packet *request, struct slice reply,
    const struct radius_way *way, struct err *err)
{
	bool is_protected;

	if (reply.len < RADIUS_HEADER_BYTES || reply.len > RADIUS_MAX_BYTES ||
	    length_at(reply, AT_LENGTH) != reply.len)
		return err_set(err, ERR_TEMP, "a reply that is not whole");
	if (octet(reply, 1) != request->data[1])
		return err_set(err, ERR_TEMP, "a reply to another question");
	if (check_digest(request, reply, way->secret, err) != 0)
		return -1;
	if (request->data[0] != RADIUS_ACCESS_REQUEST)
		return 0;
	is_protected = way->transport != RADIUS_UDP && !way->tls.is_unverified;
	return check_signature(request, reply, way->secret, is_protected, err);
}

enum radius_code
radius_reply_code(struct slice reply)
{
	return (enum radius_code)octet(reply, 0);
}

bool
radius_reply_is_full(struct slice reply)
{
	return reply.len + 2 + RADIUS_MAX_VALUE > RADIUS_MAX_BYTES;
}

struct radius_cursor
radius_reply_attributes(struct slice reply)
{
	return (struct radius_cursor){ .rest = slice_from(
					   reply, RADIUS_HEADER_BYTES) };
}

/* A type, a length and a value, taken off. False: what is left is none. */
static bool
take_attribute(
    struct slice *text, unsigned int *ret_type, struct slice *ret_value)
{
	size_t len = text->len < 2 ? 0 : octet(*text, 1);

	if (len < 2 || len > text->len)
		return false;
	*ret_type = octet(*text, 0);
	*ret_value = slice_sub(*text, 2, len - 2);
	*text = slice_from(*text, len);
	return true;
}

/* RFC 2865 section 5.26: four octets of a vendor, and attributes of its own. */
static bool
has_vendor_attributes(struct slice value)
{
	struct slice rest = value, unread;
	unsigned int type;

	if (value.len <= VENDOR_BYTES)
		return false;
	rest = slice_from(value, VENDOR_BYTES);
	while (take_attribute(&rest, &type, &unread))
		continue;
	return rest.len == 0;
}

bool
radius_next(struct radius_cursor *cursor, struct radius_attribute *ret)
{
	struct slice value = { NULL, 0 };
	unsigned int type = 0;

	if (cursor->of_vendor.len == 0) {
		if (!take_attribute(&cursor->rest, &type, &value))
			return false;
		if (type != RADIUS_VENDOR_SPECIFIC ||
		    !has_vendor_attributes(value)) {
			*ret = (struct radius_attribute){ .type = type,
				.value = value };
			return true;
		}
		cursor->vendor =
		    length_at(value, 0) << 16 | length_at(value, 2);
		cursor->of_vendor = slice_from(value, VENDOR_BYTES);
	}
	/* They are whole, as has_vendor_attributes() has seen. */
	(void)take_attribute(&cursor->of_vendor, &type, &value);
	*ret = (struct radius_attribute){ RADIUS_VENDOR_SPECIFIC,
		cursor->vendor, type, value };
	return true;
}
