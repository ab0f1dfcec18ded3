/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include "message/display.h"

/* Whether an encoded word may stay as it is. */
static const struct {
	const char *word;
	bool want;
} words[] = {
	{ "=?utf-8?Q?J=C3=B6rg?=", true }, { "=?UTF8?B?SsO2cmc=?=", true },
	{ "=?us-ascii?Q?Alice?=", true }, { "=?iso-8859-1?Q?J=F6rg?=", true },
	{ "=?iso-8859-15?Q?J=F6rg?=", true }, { "=?koi8-r?B?8NLJ18XU?=", true },
	{ "=?windows-1251?Q?=C0?=", true }, { "=?cp1252?Q?J=F6rg?=", true },
	{ "=?macintosh?Q?J=9Arg?=", true }, { "=?tis-620?Q?=A1?=", true },
	{ "=?iso-8859-8-i?Q?=E0?=", true },
	{ "=?utf-8*de?Q?J=C3=B6rg?=", true },
	{ "=?unknown-8bit?Q?J=F6rg?=", true },
	/* More than one octet a character, shifts, other orders. */
	{ "=?big5?B?pKSk5Q==?=", false },
	{ "=?big5-hkscs?B?pKSk5Q==?=", false },
	{ "=?gb2312?B?1tDOxA==?=", false }, { "=?gbk?B?1tDOxA==?=", false },
	{ "=?gb18030?B?1tDOxA==?=", false }, { "=?cp936?Q?Alice?=", false },
	{ "=?shift_jis?B?k/qWew==?=", false }, { "=?cp932?Q?Alice?=", false },
	{ "=?windows-31j?Q?Alice?=", false }, { "=?sjis?Q?Alice?=", false },
	{ "=?euc-jp?B?xvzL3A==?=", false }, { "=?euc-kr?B?x9G9xw==?=", false },
	{ "=?ks_c_5601-1987?Q?Alice?=", false },
	{ "=?euc-tw?Q?Alice?=", false },
	{ "=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=", false },
	{ "=?iso-2022-jp?Q?Alice?=", false },
	{ "=?iso-2022-jp-2?Q?Alice?=", false },
	{ "=?iso-2022-kr?Q?Alice?=", false },
	{ "=?iso-2022-cn?Q?Alice?=", false }, { "=?hz?Q?Alice?=", false },
	{ "=?hz-gb-2312?Q?Alice?=", false }, { "=?utf-7?Q?Alice?=", false },
	{ "=?unicode-1-1-utf-7?Q?Alice?=", false },
	{ "=?imap-mailbox-name?Q?Alice?=", false },
	{ "=?utf-16?B?AEEAbA==?=", false }, { "=?utf-32?Q?Alice?=", false },
	{ "=?scsu?Q?Alice?=", false }, { "=?bocu-1?Q?Alice?=", false },
	{ "=?cesu-8?Q?Alice?=", false }, { "=?johab?Q?Alice?=", false },
	/* No ASCII: letters or marks are others. */
	{ "=?ibm037?Q?=C1?=", false }, { "=?ebcdic-cp-us?Q?=C1?=", false },
	{ "=?hp-roman8?Q?Alice?=", true }, { "=?x-nobody?Q?Alice?=", false },
	/* What they say. */
	{ "=?utf-8?Q?a=40b?=", false }, { "=?utf-8?Q?J=C3?=", false },
	{ "=?utf-8?Q?a=EE=80=80?=", false },	/* U+E000 */
	{ "=?utf-8?Q?a=F3=B0=80=80?=", false }, /* U+F0000 */
	{ "=?utf-8?Q?a=CD=B8?=", false },	/* U+0378 */
	{ "=?utf-8?Q?a=EF=BF=BE?=", false },	/* U+FFFE */
	{ "=?utf-8?Q?a=E2=80=A8b?=", false },	/* U+2028 */
	{ "=?utf-8?Q?a=C2=85b?=", false },	/* U+0085 */
	{ "=?utf-8?Q?a=E2=80=AEb?=", false },	/* U+202E */
	{ "=?utf-8?Q?a=E2=81=A7b?=", false },	/* U+2067, open */
	{ "=?utf-8?Q?=E2=81=A7=D7=90=E2=81=A9?=", true },
	{ "=?utf-8?Q?=E2=80=8F=D7=90?=", true }, /* U+200F */
	{ "=?utf-8?Q?=F0=9F=AB=A9?=", true },	 /* a new picture */
};

static void
only_words_that_all_read_alike_are_plain(void **state)
{
	struct arena mem;

	(void)state;
	arena_init(&mem);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (display_word_is_plain(slice_of(words[i].word), &mem) !=
		    words[i].want)
			fail_msg("%s", words[i].word);
	}
	arena_done(&mem);
}

static const struct {
	const char *name, *text, *want;
} settled[] = {
	{ "ASCII", "Alice <a>\t", "Alice <a>\t" },
	{ "Hebrew with marks", "\u200f\u05d3\u05e0\u05d4\u200f (Dana)",
	    "\u200f\u05d3\u05e0\u05d4\u200f (Dana)" },
	{ "a whole stretch", "\u2067\u05d3\u05e0\u05d4\u2069 Dana",
	    "\u2067\u05d3\u05e0\u05d4\u2069 Dana" },
	{ "one in another", "\u202b\u2066a\u2069\u202cb",
	    "\u202b\u2066a\u2069\u202cb" },
	{ "joiner", "\u0645\u06cc\u200c\u062e", "\u0645\u06cc\u200c\u062e" },
	{ "an open one", "\u2067\u05d3", "\u05d3" },
	{ "crossed", "\u202b\u2066a\u202c\u2069b", "ab" },
	{ "one that ends only", "a\u2069b", "ab" },
	{ "override",
	    "\u202e"
	    "ab\u202c",
	    "ab" },
	{ "private", "a\ue000b", "a\ufffdb" },
	{ "unassigned", "a\u0378b", "a\ufffdb" },
	{ "lines",
	    "a\u2028b\xc2\x85"
	    "c",
	    "a b c" },
	{ "an object",
	    "a\ufffc"
	    "b",
	    "a b" },
};

static void
odd_text_is_settled_for_good(void **state)
{
	struct arena mem;

	(void)state;
	arena_init(&mem);
	for (size_t i = 0; i < sizeof(settled) / sizeof(settled[0]); i++) {
		struct slice text =
		    display_settle(slice_of(settled[i].text), &mem);

		check_slice(settled[i].name, text, settled[i].want);
		assert_int_equal(display_is_odd(slice_of(settled[i].text)),
		    strcmp(settled[i].text, settled[i].want) != 0);
		assert_false(display_is_odd(text));
	}
	arena_done(&mem);
}

static void
a_neutral_name_has_no_marks(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "J\u00f6rg M\u00fcller", "J\u00f6rg M\u00fcller" },
		{ "\u2067J\u200f\u00f6\u200brg\u2069\u061c", "J\u00f6rg" },
		{ "a\uff20b\u24d0c@d", "a b c d" },
		{ "\u202e"
		  "a\ue000",
		    "a\ufffd" },
		{ "\xff", "\ufffd" },
		{ "\u0645\u06cc\u200c\u062e", "\u0645\u06cc\u200c\u062e" },
	};
	struct arena mem;

	(void)state;
	arena_init(&mem);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_slice(cases[i].text,
		    display_neutral(slice_of(cases[i].text), &mem),
		    cases[i].want);
	arena_done(&mem);
}

/* ICU decides on text with a character beyond ASCII, whose skeleton is itself. */
static void
check_skeleton(struct slice text, struct arena *mem)
{
	struct slice folded = display_fold(text, mem);
	struct slice beyond =
	    slice_format(mem, "\u4e2d%.*s\u4e2d", SLICE_ARGS(folded));
	struct slice want = display_skeleton(beyond, mem);
	struct slice got = display_skeleton(folded, mem);

	if (!slice_eq(
		slice_format(mem, "\u4e2d%.*s\u4e2d", SLICE_ARGS(got)), want))
		fail_msg("%.*s: got %.*s, of ICU %.*s", SLICE_ARGS(text),
		    SLICE_ARGS(got), SLICE_ARGS(want));
}

static void
skeletons_of_ascii_are_those_of_icu(void **state)
{
	static const char domain_chars[] =
	    "abcdefghijklmnopqrstuvwxyz0123456789-.";
	enum { DOMAIN_CHARS = sizeof(domain_chars) - 1 };
	unsigned int seed = 1;
	struct arena mem;
	char text[64];

	(void)state;
	arena_init(&mem);
	for (char a = '!'; a <= '~'; a++) {
		for (char b = '!'; b <= '~'; b++) {
			text[0] = a;
			text[1] = b;
			check_skeleton((struct slice){ text, 2 }, &mem);
		}
		arena_done(&mem);
	}
	for (size_t i = 0; i < DOMAIN_CHARS * DOMAIN_CHARS * DOMAIN_CHARS;
	     i++) {
		text[0] = domain_chars[i % DOMAIN_CHARS];
		text[1] = domain_chars[i / DOMAIN_CHARS % DOMAIN_CHARS];
		text[2] = domain_chars[i / DOMAIN_CHARS / DOMAIN_CHARS];
		check_skeleton((struct slice){ text, 3 }, &mem);
		arena_done(&mem);
	}
	for (int i = 0; i < 20000; i++) {
		size_t len;

		seed = seed * 1664525 + 1013904223;
		len = 1 + (seed >> 16) % sizeof(text);
		for (size_t k = 0; k < len; k++) {
			seed = seed * 1664525 + 1013904223;
			text[k] = domain_chars[(seed >> 16) % DOMAIN_CHARS];
		}
		check_skeleton((struct slice){ text, len }, &mem);
		arena_done(&mem);
	}
	/* The table is not empty, and not all the same. */
	check_slice("m0", display_skeleton(SLICE("m0"), &mem), "rno");
	arena_done(&mem);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_words_that_all_read_alike_are_plain),
		cmocka_unit_test(odd_text_is_settled_for_good),
		cmocka_unit_test(a_neutral_name_has_no_marks),
		cmocka_unit_test(skeletons_of_ascii_are_those_of_icu),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
