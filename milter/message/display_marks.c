/* SPDX-License-Identifier: BSD-2-Clause */
/* What a character looks like beside an address: a dot, an '@', a blank. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unicode/unorm2.h>
#include <unicode/uscript.h>
#include <unicode/uset.h>
#include <unicode/uspoof.h>

#include "display_priv.h"

/* The most units of a skeleton or a decomposition that is looked at. */
enum { FEW_UNITS = 8 };

bool
display_is_blank(UChar32 c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == 0x85 ||
	    c == 0x115f || c == 0x1160 || c == 0x3164 || c == 0xffa0 ||
	    c == 0x2800 || c == 0xfffd ||
	    (U_MASK(u_charType(c)) & U_GC_Z_MASK) != 0;
}

bool
display_is_unseen(UChar32 c)
{
	/* U+FFFC stands for an object that is not there. */
	return c == 0xfffc ||
	    (U_MASK(u_charType(c)) & (U_GC_CC_MASK | U_GC_CF_MASK)) != 0 ||
	    u_hasBinaryProperty(c, UCHAR_DEFAULT_IGNORABLE_CODE_POINT);
}

/* The only unit of the skeleton of a character; 0: there are more. */
static UChar
look_of(const USpoofChecker *checker, UChar32 c)
{
	UChar units[U16_MAX_LENGTH], skeleton[FEW_UNITS];
	UErrorCode status = U_ZERO_ERROR;
	int32_t len = 0;

	U16_APPEND_UNSAFE(units, len, c);
	len = uspoof_getSkeleton(
	    checker, 0, units, len, skeleton, FEW_UNITS, &status);
	return U_SUCCESS(status) && len == 1 ? skeleton[0] : 0;
}

/* Characters that look like a mark, by TR 39. */
struct looks {
	USet *dots; /* on the line and in the middle */
	USet *dashes;
	USet *apostrophes;
};

static UBool U_CALLCONV
add_looks(const void *context, UChar32 start, UChar32 limit, UCharCategory type)
{
	const uint32_t none = U_GC_C_MASK | U_GC_Z_MASK;
	const struct looks *looks = context;
	const USpoofChecker *checker = display_spoof_checker();

	for (UChar32 c = start < 0x80 ? 0x80 : start; c < limit; c++) {
		UChar look;

		if ((U_MASK(type) & none) != 0 ||
		    u_hasBinaryProperty(c, UCHAR_IDEOGRAPHIC) ||
		    u_getIntPropertyValue(c, UCHAR_HANGUL_SYLLABLE_TYPE) !=
			U_HST_NOT_APPLICABLE)
			continue;
		look = look_of(checker, c);
		if (look == '.' || look == 0xb7)
			uset_add(looks->dots, c);
		else if (look == '-' || look == 0x30fc)
			uset_add(looks->dashes, c);
		else if (look == '\'')
			uset_add(looks->apostrophes, c);
	}
	return true;
}

/*
 * Gathered once, never freed; thread-safe to read. There is no other way to
 * ask for all characters of one skeleton.
 */
static const struct looks *
all_looks(void)
{
	static struct looks *_Atomic shared;
	struct looks *mine = shared, *none = NULL;

	if (mine != NULL)
		return mine;
	mine = malloc(sizeof(*mine));
	ENSURE(mine != NULL);
	*mine = (struct looks){ uset_openEmpty(), uset_openEmpty(),
		uset_openEmpty() };
	u_enumCharTypes(add_looks, mine);
	/* IDEOGRAPHIC FULL STOP separates labels (UTS 46). */
	uset_add(mine->dots, 0x3002);
	uset_add(mine->dots, 0xff61);
	uset_add(mine->dots, 0xff0e);
	uset_add(mine->dots, 0xfe52);
	uset_freeze(mine->dots);
	uset_freeze(mine->dashes);
	uset_freeze(mine->apostrophes);
	if (atomic_compare_exchange_strong(&shared, &none, mine))
		return mine;
	uset_close(mine->dots);
	uset_close(mine->dashes);
	uset_close(mine->apostrophes);
	free(mine);
	return none;
}

/* The other form of a character, units of it; 0: there is none. */
static int32_t
other_form(UChar32 c, UChar units[FEW_UNITS])
{
	UErrorCode status = U_ZERO_ERROR;
	const UNormalizer2 *nfkc = unorm2_getNFKCCasefoldInstance(&status);
	int32_t len;

	ENSURE(U_SUCCESS(status));
	len = unorm2_getDecomposition(nfkc, c, units, FEW_UNITS, &status);
	return U_SUCCESS(status) && len > 0 ? len : 0;
}

/* Whether a character is another one, or a few, in another form. */
static bool
stands_for(UChar32 c, const char *text)
{
	UChar units[FEW_UNITS];
	int32_t len = other_form(c, units);

	if (len != (int32_t)strlen(text))
		return false;
	for (int32_t i = 0; i < len; i++) {
		if (units[i] != (UChar)text[i])
			return false;
	}
	return true;
}

static bool
name_has(UChar32 c, const char *text, char *ret_last)
{
	UErrorCode status = U_ZERO_ERROR;
	char name[128];
	int32_t len =
	    u_charName(c, U_UNICODE_CHAR_NAME, name, sizeof(name), &status);

	if (U_FAILURE(status) || len < 2 || len >= (int32_t)sizeof(name) ||
	    strstr(name, text) == NULL)
		return false;
	*ret_last = name[len - 2] == ' ' ? name[len - 1] : '\0';
	return true;
}

UChar32
display_plain_letter(UChar32 c)
{
	char last = '\0';

	/* Letters in circles and squares that NFKC leaves, and flags' letters. */
	if (c >= 0x1f150 && c <= 0x1f169)
		return 'a' + (c - 0x1f150);
	if (c >= 0x1f170 && c <= 0x1f189)
		return 'a' + (c - 0x1f170);
	if (c >= 0x1f1e6 && c <= 0x1f1ff)
		return 'a' + (c - 0x1f1e6);
	/* Small capitals have letters' skeletons in part only. */
	if (c >= 0x250 && u_charType(c) == U_LOWERCASE_LETTER &&
	    u_getIntPropertyValue(c, UCHAR_DECOMPOSITION_TYPE) == U_DT_NONE &&
	    u_charDirection(c) == U_LEFT_TO_RIGHT && c < 0xac00 &&
	    (c < 0x370 || c >= 0x1d00) &&
	    name_has(c, "LATIN LETTER SMALL CAPITAL", &last) && last != '\0')
		return char_lower(last);
	return c;
}

/* A letter, or something small, in a ring. */
static bool
is_ringed(UChar32 c)
{
	char last;

	if (u_getIntPropertyValue(c, UCHAR_DECOMPOSITION_TYPE) == U_DT_CIRCLE)
		return true;
	/* COPYRIGHT SIGN and its like. */
	if (c == 0xa9 || c == 0xae || c == 0x2117 || c == 0x1f12f)
		return true;
	return (U_MASK(u_charType(c)) & (U_GC_SO_MASK | U_GC_SM_MASK)) != 0 &&
	    (name_has(c, "CIRCLED", &last) || name_has(c, "BULLSEYE", &last) ||
		name_has(c, "FISHEYE", &last));
}

bool
display_is_quote(UChar32 c)
{
	if (c < 0x80)
		return c == '\'' || c == '`' || c == '"';
	return u_hasBinaryProperty(c, UCHAR_QUOTATION_MARK) ||
	    uset_contains(all_looks()->apostrophes, c);
}

static enum display_mark
mark_beyond_ascii(UChar32 c)
{
	const uint32_t between =
	    U_GC_P_MASK | U_GC_S_MASK | U_GC_CO_MASK | U_GC_CN_MASK;
	const uint32_t around =
	    U_GC_PI_MASK | U_GC_PF_MASK | U_GC_PS_MASK | U_GC_PE_MASK;
	const struct looks *looks = all_looks();
	uint32_t type = U_MASK(u_charType(c));
	UChar units[FEW_UNITS];
	char last;

	if (stands_for(c, "@"))
		return MARK_AT;
	if (is_ringed(c))
		return stands_for(c, "a") ? MARK_RINGED_A : MARK_RINGED;
	if (c >= 0x1f150 && c <= 0x1f169)
		return c == 0x1f150 ? MARK_RINGED_A : MARK_RINGED;
	if (stands_for(c, "(a)"))
		return MARK_RINGED_A;
	/* Letters in another form: U+2122, letters in squares. */
	if (display_plain_letter(c) != c ||
	    (other_form(c, units) > 0 && display_is_letter(units[0])))
		return MARK_OTHER;
	if (uset_contains(looks->dots, c) && (type & U_GC_P_MASK) != 0)
		return look_of(display_spoof_checker(), c) == 0xb7 ?
		    MARK_BETWEEN :
		    MARK_DOT;
	if (uset_contains(looks->dots, c))
		return MARK_DOT_LETTER;
	if ((type & U_GC_MN_MASK) != 0 && name_has(c, " DOT", &last))
		return MARK_DOT_OVER;
	/* ARABIC FULL STOP looks like a hyphen, but is not one. */
	if (c != 0x6d4 &&
	    (u_hasBinaryProperty(c, UCHAR_DASH) ||
		(uset_contains(looks->dashes, c) &&
		    (type & (U_GC_P_MASK | U_GC_S_MASK)) != 0)))
		return MARK_DASH;
	/* Not marks that belong to a word or stand around it. */
	if ((type & between) != 0 && (type & around) == 0 &&
	    !u_hasBinaryProperty(c, UCHAR_QUOTATION_MARK) &&
	    !uset_contains(looks->apostrophes, c))
		return MARK_BETWEEN;
	return MARK_OTHER;
}

/* Written without blanks between words, so that marks stand there. */
static bool
is_east_asian(UChar32 c)
{
	return uscript_hasScript(c, USCRIPT_HAN) ||
	    uscript_hasScript(c, USCRIPT_HIRAGANA) ||
	    uscript_hasScript(c, USCRIPT_KATAKANA) ||
	    uscript_hasScript(c, USCRIPT_HANGUL) ||
	    uscript_hasScript(c, USCRIPT_BOPOMOFO);
}

bool
display_is_of_script(UChar32 c, UChar32 left, UChar32 right)
{
	UErrorCode status = U_ZERO_ERROR;
	UScriptCode before = uscript_getScript(left, &status);
	UScriptCode behind = uscript_getScript(right, &status);

	if (c < 0x80 || U_FAILURE(status))
		return false;
	/* RFC 5892 appendix A.3: Catalan. */
	if (c == 0xb7 && (left | 0x20) == 'l' && (right | 0x20) == 'l')
		return true;
	/* Unicode 16 has dots, U+00B7 and U+0323 too, as a part of any Latin text. */
	if (before == USCRIPT_LATIN &&
	    uscript_getScript(c, &status) <= USCRIPT_INHERITED)
		return false;
	if (is_east_asian(left) && is_east_asian(right))
		return true;
	return before > USCRIPT_INHERITED && behind > USCRIPT_INHERITED &&
	    uscript_hasScript(c, before) && uscript_hasScript(c, behind);
}

bool
display_is_stray(UChar32 c, UChar32 left, UChar32 right)
{
	UErrorCode status = U_ZERO_ERROR;
	UScriptCode script = uscript_getScript(c, &status);
	UChar look;

	if (U_FAILURE(status) || script <= USCRIPT_INHERITED ||
	    script == USCRIPT_LATIN || uscript_hasScript(left, script) ||
	    uscript_hasScript(right, script))
		return false;
	look = look_of(display_spoof_checker(), c);
	return look == 0 || look >= 0x80;
}

enum display_mark
display_mark_of(UChar32 c)
{
	if (display_is_blank(c)) {
		/* Less wide than the one between words, or not shown at all. */
		bool is_narrow = (c >= 0x2004 && c <= 0x200a && c != 0x2007) ||
		    c == 0x202f || c == 0x205f ||
		    u_hasBinaryProperty(c, UCHAR_DEFAULT_IGNORABLE_CODE_POINT);

		return is_narrow ? MARK_NARROW : MARK_BLANK;
	}
	if (c == '@')
		return MARK_AT;
	if (c == '.')
		return MARK_DOT;
	if (display_is_unseen(c))
		return MARK_UNSEEN;
	return c < 0x80 ? MARK_OTHER : mark_beyond_ascii(c);
}
