/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What RADIUS servers reply, first as it stands, then with the header that a
 * server makes that has the secret. Oracle: what is none says why, and no
 * attribute has more octets than there were.
 */
#include <openssl/evp.h>
#include <string.h>

#include "../../milter/backends/radius_priv.h"
#include "fuzz.h"

static const struct slice secret = { "word", 4 };
static const struct radius_way clear = { .secret = { "word", 4 } },
			       sealed = { .secret = { "word", 4 },
				       .transport = RADIUS_DTLS };

static bool
is_reply(const struct radius_packet *request, struct slice reply)
{
	struct err err = { .kind = ERR_NONE };
	bool yes = radius_check_reply(request, reply, &clear, &err) == 0;
	struct err unread;

	ENSURE(yes == (err.kind == ERR_NONE));
	ENSURE(
	    !yes || radius_check_reply(request, reply, &sealed, &unread) == 0);
	return yes;
}

static size_t
count_octets(struct radius_cursor cursor)
{
	struct radius_attribute attribute;
	size_t octets = 0;

	while (radius_next(&cursor, &attribute))
		octets += 2 + attribute.value.len;
	return octets;
}

/* Length, number and authenticator, so that what is behind them is looked at. */
static void
make_header(const struct radius_packet *request, char *reply, size_t len)
{
	unsigned char text[RADIUS_MAX_BYTES + 4], digest[EVP_MAX_MD_SIZE];

	reply[1] = (char)request->data[1];
	reply[2] = (char)(len >> 8);
	reply[3] = (char)len;
	memcpy(text, reply, len);
	memcpy(text + 4, request->data + 4, 16);
	memcpy(text + len, secret.data, secret.len);
	ENSURE(EVP_Digest(
		   text, len + secret.len, digest, NULL, EVP_md5(), NULL) == 1);
	memcpy(reply + 4, digest, 16);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct radius_packet request = { RADIUS_HEADER_BYTES,
		{ RADIUS_ACCESS_REQUEST, 7 } };
	struct slice reply = { (const char *)data, size };
	char copy[RADIUS_MAX_BYTES];

	ENSURE(count_octets((struct radius_cursor){ .rest = reply }) <= size);
	(void)is_reply(&request, reply);
	if (size < RADIUS_HEADER_BYTES || size > sizeof(copy))
		return 0;
	memcpy(copy, data, size);
	make_header(&request, copy, size);
	reply = (struct slice){ copy, size };
	if (is_reply(&request, reply))
		ENSURE(count_octets(radius_reply_attributes(reply)) <=
		    size - RADIUS_HEADER_BYTES);
	return 0;
}
