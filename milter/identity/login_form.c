/* SPDX-License-Identifier: BSD-2-Clause */
/* Users beyond ASCII: UsernameCaseMapped of PRECIS (RFC 8265 section 3.3). */
#include "identity_priv.h"

#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>

enum {
	USER_OCTETS = 512,
	USER_UNITS = 2 * USER_OCTETS, /* of UTF-16; no mapping needs more */
	/* What one character becomes. */
	CHARACTER_UNITS = 20,
};

struct user_form {
	UChar units[USER_UNITS];
	int32_t len;
};

/* RFC 8264 section 9.6; those that need a context are not taken here. */
static const struct {
	UChar32 c;
	bool is_valid;
} exceptions[] = {
	{ 0xDF, true },
	{ 0x3C2, true },
	{ 0x6FD, true },
	{ 0x6FE, true },
	{ 0xF0B, true },
	{ 0x3007, true },
	{ 0xB7, false },
	{ 0x375, false },
	{ 0x5F3, false },
	{ 0x5F4, false },
	{ 0x30FB, false },
	{ 0x640, false },
	{ 0x7FA, false },
	{ 0x302E, false },
	{ 0x302F, false },
	{ 0x3031, false },
	{ 0x3032, false },
	{ 0x3033, false },
	{ 0x3034, false },
	{ 0x3035, false },
	{ 0x303B, false },
};

/* The character at *i, which goes behind it. UTF-8 was well-formed. */
static UChar32
next_character(const struct user_form *form, int32_t *i)
{
	UChar32 c = form->units[(*i)++];

	if (c >= 0xD800 && c <= 0xDBFF && *i < form->len)
		c = ((c - 0xD800) << 10) + (form->units[(*i)++] - 0xDC00) +
		    0x10000;
	return c;
}

/* Full and half width forms become the characters that they stand for. */
static bool
map_width(const UNormalizer2 *nfkc, struct user_form *form)
{
	struct user_form wide = *form;
	int32_t i = 0;

	form->len = 0;
	while (i < wide.len) {
		UErrorCode status = U_ZERO_ERROR;
		UChar text[CHARACTER_UNITS];
		int32_t start = i, count = 0;
		int32_t type;
		UChar32 c;

		c = next_character(&wide, &i);
		type = u_getIntPropertyValue(c, UCHAR_DECOMPOSITION_TYPE);
		if (type == U_DT_WIDE || type == U_DT_NARROW)
			count = unorm2_getRawDecomposition(
			    nfkc, c, text, CHARACTER_UNITS, &status);
		else
			for (; start < i; start++)
				text[count++] = wide.units[start];
		if (U_FAILURE(status) || count < 0 ||
		    count > USER_UNITS - form->len)
			return false;
		u_memcpy(form->units + form->len, text, count);
		form->len += count;
	}
	return true;
}

static bool
is_letter_or_digit(UChar32 c)
{
	return (U_GET_GC_MASK(c) &
		   (U_GC_LL_MASK | U_GC_LU_MASK | U_GC_LO_MASK | U_GC_ND_MASK |
		       U_GC_LM_MASK | U_GC_MN_MASK | U_GC_MC_MASK)) != 0;
}

/* The IdentifierClass of RFC 8264 section 4.2. */
static bool
is_identifier(const UNormalizer2 *nfkc, UChar32 c)
{
	UErrorCode status = U_ZERO_ERROR;
	UChar one[2];
	int32_t jamo, len;

	if (c < 0x80)
		return c > ' ' && c < 0x7f;
	for (size_t i = 0; i < sizeof(exceptions) / sizeof(exceptions[0]);
	     i++) {
		if (exceptions[i].c == c)
			return exceptions[i].is_valid;
	}
	jamo = u_getIntPropertyValue(c, UCHAR_HANGUL_SYLLABLE_TYPE);
	if (jamo == U_HST_LEADING_JAMO || jamo == U_HST_VOWEL_JAMO ||
	    jamo == U_HST_TRAILING_JAMO || !u_isdefined(c) ||
	    u_hasBinaryProperty(c, UCHAR_DEFAULT_IGNORABLE_CODE_POINT))
		return false;
	u_strFromUTF32(one, 2, &len, &c, 1, &status);
	/* A letter of another one's look: RFC 8264 section 9.17. */
	return U_SUCCESS(status) &&
	    unorm2_isNormalized(nfkc, one, len, &status) && U_SUCCESS(status) &&
	    is_letter_or_digit(c);
}

/* Also: digits of one Arabic kind only (RFC 5892 appendix A.8 and A.9). */
static bool
has_identifiers_only(const UNormalizer2 *nfkc, const struct user_form *form)
{
	bool arabic = false, extended = false;

	for (int32_t i = 0; i < form->len;) {
		UChar32 c = next_character(form, &i);

		arabic = arabic || (c >= 0x660 && c <= 0x669);
		extended = extended || (c >= 0x6F0 && c <= 0x6F9);
		if (!is_identifier(nfkc, c))
			return false;
	}
	return form->len > 0 && !(arabic && extended);
}

/* The Bidi rule of RFC 5893 section 2, which counts if anything is from right. */
static bool
has_one_direction(const struct user_form *form)
{
	enum {
		RIGHT =
		    U_MASK(U_RIGHT_TO_LEFT) | U_MASK(U_RIGHT_TO_LEFT_ARABIC),
		LEFT = U_MASK(U_LEFT_TO_RIGHT),
		EUROPEAN = U_MASK(U_EUROPEAN_NUMBER),
		ARABIC = U_MASK(U_ARABIC_NUMBER),
		NEUTRAL = U_MASK(U_EUROPEAN_NUMBER_SEPARATOR) |
		    U_MASK(U_COMMON_NUMBER_SEPARATOR) |
		    U_MASK(U_EUROPEAN_NUMBER_TERMINATOR) |
		    U_MASK(U_OTHER_NEUTRAL) | U_MASK(U_BOUNDARY_NEUTRAL) |
		    U_MASK(U_DIR_NON_SPACING_MARK)
	};
	uint32_t all = 0, first = 0, last = 0, mark;

	for (int32_t i = 0; i < form->len;) {
		UChar32 c = next_character(form, &i);

		mark = U_MASK(u_charDirection(c));
		first = first != 0 ? first : mark;
		if (mark != U_MASK(U_DIR_NON_SPACING_MARK))
			last = mark;
		all |= mark;
	}
	if ((all & (RIGHT | ARABIC)) == 0)
		return true;
	if ((first & RIGHT) == 0)
		return false;
	return (all & ~(uint32_t)(RIGHT | EUROPEAN | ARABIC | NEUTRAL)) == 0 &&
	    (last & (RIGHT | EUROPEAN | ARABIC)) != 0 &&
	    !((all & EUROPEAN) != 0 && (all & ARABIC) != 0);
}

/* Lower case, composed. */
static bool
map_case(struct user_form *form)
{
	UErrorCode status = U_ZERO_ERROR;
	const UNormalizer2 *nfc = unorm2_getNFCInstance(&status);
	struct user_form lower;

	lower.len = u_strToLower(
	    lower.units, USER_UNITS, form->units, form->len, "", &status);
	if (U_FAILURE(status))
		return false;
	form->len = unorm2_normalize(
	    nfc, lower.units, lower.len, form->units, USER_UNITS, &status);
	return U_SUCCESS(status) && form->len <= USER_UNITS;
}

bool
login_user_form(struct arena *mem, struct slice user, struct slice *ret_form)
{
	UErrorCode status = U_ZERO_ERROR;
	const UNormalizer2 *nfkc = unorm2_getNFKCInstance(&status);
	struct user_form form;
	char text[USER_UNITS * 3];
	int32_t len;

	if (U_FAILURE(status) || user.len > USER_OCTETS || !slice_is_utf8(user))
		return false;
	u_strFromUTF8(form.units, USER_UNITS, &form.len, user.data,
	    (int32_t)user.len, &status);
	if (U_FAILURE(status) || !map_width(nfkc, &form) ||
	    !has_identifiers_only(nfkc, &form) || !map_case(&form) ||
	    !has_identifiers_only(nfkc, &form) || !has_one_direction(&form))
		return false;
	u_strToUTF8(text, sizeof(text), &len, form.units, form.len, &status);
	if (U_FAILURE(status) || len <= 0)
		return false;
	*ret_form = slice_dup(mem, (struct slice){ text, (size_t)len });
	return true;
}
