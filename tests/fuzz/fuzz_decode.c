/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Encoded text. Oracle: what is decoded in one reading is what OpenSSL and the
 * lenient decoder make of it, wherever it is cut; and what was encoded here can
 * be decoded, to the same octets.
 */
#include <openssl/evp.h>

#include "fuzz.h"
#include "message/decode.h"

static void
gather(void *arg, struct slice text)
{
	strbuf_add(arg, text);
}

static bool
decode(struct slice text, enum transfer_encoding from, size_t piece,
    struct arena *mem, struct slice *ret_text)
{
	struct strict_decoder decoder;
	struct strbuf buf;

	strbuf_init(&buf, mem);
	strict_decoder_init(&decoder, from, gather, &buf);
	for (size_t at = 0; at < text.len; at += piece)
		strict_decoder_add(&decoder, slice_sub(text, at, piece));
	if (!strict_decoder_finish(&decoder))
		return false;
	*ret_text = strbuf_slice(&buf);
	return true;
}

static struct slice
decode_leniently(struct slice text, struct arena *mem)
{
	struct decoder decoder;
	struct strbuf buf;

	strbuf_init(&buf, mem);
	decoder_init(&decoder, TRANSFER_QUOTED_PRINTABLE, gather, &buf);
	decoder_add(&decoder, text);
	decoder_finish(&decoder);
	return strbuf_slice(&buf);
}

/* As OpenSSL reads it, which has no blanks in its lines. */
static struct slice
decode_by_openssl(struct slice text, struct arena *mem)
{
	EVP_ENCODE_CTX *context = EVP_ENCODE_CTX_new();
	unsigned char *out = arena_alloc(mem, text.len + 4);
	struct strbuf digits;
	int len = 0, end = 0;

	ENSURE(context != NULL);
	strbuf_init(&digits, mem);
	for (size_t i = 0; i < text.len; i++) {
		if (!char_is_wsp(text.data[i]) && text.data[i] != '\r' &&
		    text.data[i] != '\n')
			strbuf_add_char(&digits, text.data[i]);
	}
	text = strbuf_slice(&digits);
	EVP_DecodeInit(context);
	ENSURE(EVP_DecodeUpdate(context, out, &len,
		   (const unsigned char *)(text.len > 0 ? text.data : ""),
		   (int)text.len) >= 0);
	ENSURE(EVP_DecodeFinal(context, out + len, &end) == 1);
	EVP_ENCODE_CTX_free(context);
	return (struct slice){ (const char *)out, (size_t)(len + end) };
}

static void
check(struct slice text, enum transfer_encoding encoding, struct arena *mem)
{
	struct slice whole = { NULL, 0 }, pieces = { NULL, 0 };
	struct encoder encoder;
	struct strbuf code;
	bool done = decode(text, encoding, text.len + 1, mem, &whole);

	ENSURE(done == decode(text, encoding, 1, mem, &pieces));
	if (done) {
		ENSURE(slice_eq(whole, pieces));
		ENSURE(slice_eq(whole,
		    encoding == TRANSFER_BASE64 ? decode_by_openssl(text, mem) :
						  decode_leniently(text, mem)));
	}
	strbuf_init(&code, mem);
	encoder_init(&encoder, encoding, gather, &code);
	encoder_add(&encoder, text);
	encoder_finish(&encoder);
	ENSURE(decode(strbuf_slice(&code), encoding, 7, mem, &pieces));
	ENSURE(slice_eq(pieces, text));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = { (const char *)data, size };
	struct arena mem;

	arena_init(&mem);
	check(text, TRANSFER_BASE64, &mem);
	check(text, TRANSFER_QUOTED_PRINTABLE, &mem);
	arena_done(&mem);
	return 0;
}
