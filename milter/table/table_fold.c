/* SPDX-License-Identifier: BSD-2-Clause */
/* Letter case of keys. */
#include <locale.h>
#include <pthread.h>
#include <wchar.h>
#include <wctype.h>

#include "table_priv.h"

static locale_t unicode;

static void
fold_init(void)
{
	unicode = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
}

/* The character at *at, which is moved behind it, of text that is UTF-8. */
static wchar_t
fold_decode(struct slice text, size_t *at)
{
	unsigned char lead = (unsigned char)text.data[(*at)++];
	size_t more = lead < 0xc0 ? 0 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
	wchar_t c = more == 0 ? lead : lead & (0x3f >> more);

	while (more-- > 0)
		c = c << 6 | (text.data[(*at)++] & 0x3f);
	return c;
}

static void
fold_encode(struct strbuf *buf, wchar_t c)
{
	size_t more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;

	strbuf_add_char(
	    buf, (char)((0xff << (7 - more) & 0xff) | c >> 6 * more));
	while (more-- > 0)
		strbuf_add_char(buf, (char)(0x80 | (c >> 6 * more & 0x3f)));
}

struct slice
table_fold(struct arena *mem, struct slice key)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	bool is_ascii = true, is_folded = true;
	struct strbuf buf;

	for (size_t i = 0; i < key.len; i++) {
		is_ascii = is_ascii && (key.data[i] & 0x80) == 0;
		is_folded = is_folded && char_lower(key.data[i]) == key.data[i];
	}
	if (is_ascii)
		return is_folded ? key : slice_lower(mem, key);
	ENSURE(pthread_once(&once, fold_init) == 0);
	strbuf_init(&buf, mem);
	for (size_t at = 0; at < key.len;) {
		wchar_t c = fold_decode(key, &at), lower;

		if (c < 0x80) {
			strbuf_add_char(&buf, char_lower((char)c));
			continue;
		}
		lower = unicode == (locale_t)0 ?
		    c :
		    (wchar_t)towlower_l((wint_t)c, unicode);
		/* The Kelvin sign is not the letter k of somebody else. */
		fold_encode(&buf, lower < 0x80 ? c : lower);
	}
	return strbuf_slice(&buf);
}
