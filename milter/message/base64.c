/* SPDX-License-Identifier: BSD-2-Clause */
/* Base64 of a few octets in one piece: keys, hashes and signatures. */
#include "message/base64.h"

#include <openssl/evp.h>

struct slice
base64(struct arena *mem, const unsigned char *data, size_t len)
{
	unsigned char *text;

	ENSURE(len < 1 << 20);
	text = arena_alloc(mem, (len + 2) / 3 * 4 + 1);
	return (struct slice){ (const char *)text,
		(size_t)EVP_EncodeBlock(text, data, (int)len) };
}

bool
base64_decode(struct arena *mem, struct slice text, struct slice *ret_octets)
{
	unsigned char *octets;
	size_t padding = 0;
	int len;

	if (text.len == 0 || text.len % 4 != 0 || text.len > 1 << 20)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];

		if (c == '=' && i + 2 >= text.len)
			padding++;
		else if (padding > 0 ||
		    (!char_is_alpha(c) && !char_is_digit(c) && c != '+' &&
			c != '/'))
			return false;
	}
	octets = arena_alloc(mem, text.len);
	/* It counts the octets that padding stands for. */
	len = EVP_DecodeBlock(
		  octets, (const unsigned char *)text.data, (int)text.len) -
	    (int)padding;
	if (len <= 0)
		return false;
	*ret_octets = (struct slice){ (const char *)octets, (size_t)len };
	return true;
}
