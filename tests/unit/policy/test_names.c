/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy/names.h"
#include "world.h"

/* What the name in a From of alice shows; "-": nothing; "!": not known. */
static struct slice
ask(struct world *world, const char *login, const char *from)
{
	static const char *const names_of_ours[] = { "corp.example",
		"team.example", "xn--bcher-kva.example" };
	struct author_rules rules = { .domain = SLICE("corp.example"),
		.utf8 = true,
		.max_mailboxes = 20,
		.forms = author_forms_from_config(world->config) };
	const struct header_limits no_limits = { 0 };
	struct name_finding finding;
	struct submitter submitter = world_submitter(world, login);
	struct own_domains own;
	struct authors authors;
	struct header header;
	struct names names;
	struct err err;

	own_domains_init(&own, world->config, &world->mem);
	for (size_t i = 0; i < 3; i++)
		own_domains_add(&own, slice_of(names_of_ours[i]));
	own_domains_add_looks(&own);
	header_init(&header, &world->mem);
	authors_init(&authors, &world->mem);
	if (names_open(&names, world->config, &own, NULL, &world->mem) != 0 ||
	    header_add(&header, SLICE("From"), slice_of(from), &no_limits,
		&err) != 0 ||
	    authors_add_header(&authors, &header, &rules, &err) != 0)
		fail_msg("%s: %s", from, err.text);
	switch (names_check(&names,
	    &(const struct names_query){ &world->rights, &submitter, &authors,
		0, header.fields[0].value },
	    &(const struct table_context){ .mem = &world->mem, .err = &err },
	    &finding)) {
	case NAME_FINE:
		return SLICE("-");
	case NAME_UNKNOWN:
		return SLICE("!");
	case NAME_SHOWS:
		break;
	}
	return finding.what;
}

static const char config[] =
    "domain = corp.example\n"
    "authors { bare-name = repair }\n"
    "names { protected-names = {\"Jane Roe <jane@corp.example>\",\n"
    "    \"Board of Directors\", \"bank.example\"}\n"
    "    exempt = {relay} }\n";

static const struct {
	const char *name, *from, *want;
} cases[] = {
	{ "plain", " Alice <alice@corp.example>", "-" },
	{ "own address", " \"alice@corp.example\" <alice@corp.example>", "-" },
	{ "own address by table",
	    " \"sales@corp.example\" <alice@corp.example>", "-" },
	{ "no address", " \"Alice @ Corp\" <alice@corp.example>", "-" },
	{ "no domain", " \"alice@home\" <alice@corp.example>", "-" },
	{ "address", " \"ceo@corp.example\" <alice@corp.example>",
	    "ceo@corp.example" },
	{ "address in angles",
	    " \"CEO <CEO@corp.example>\" <alice@corp.example>",
	    "ceo@corp.example" },
	{ "bare", " ceo@corp.example <alice@corp.example>",
	    "ceo@corp.example" },
	{ "comment", " alice@corp.example (ceo@corp.example)",
	    "ceo@corp.example" },
	{ "encoded",
	    " =?utf-8?B?Y2VvQGNvcnAuZXhhbXBsZQ==?= <alice@corp.example>",
	    "ceo@corp.example" },
	{ "encoded, two words",
	    " =?utf-8?Q?ceo=40c?=\n =?us-ascii?q?orp=2Eexample?="
	    " <alice@corp.example>",
	    "ceo@corp.example" },
	{ "encoded twice",
	    " =?utf-8?q?=3D=3Futf-8=3Fq=3Fceo=3D40corp=2Eexample=3F=3D?="
	    " <alice@corp.example>",
	    "ceo@corp.example" },
	{ "encoded in quotes",
	    " \"=?utf-8?Q?ceo=40corp.example?=\""
	    " <alice@corp.example>",
	    "ceo@corp.example" },
	{ "language",
	    " =?utf-8*en?Q?ceo=40corp=2Eexample?= <alice@corp.example>",
	    "ceo@corp.example" },
	{ "UTF-7", " =?utf-7?Q?ceo+AEA-corp=2Eexample?= <alice@corp.example>",
	    "ceo@corp.example" },
	{ "at its end", " alice@corp.example (Room @ 3.14)", "-" },
	{ "broken Big5",
	    " =?big5?Q?ceo=89=40corp=2Eexample?="
	    " <alice@corp.example>",
	    "ceo@corp.example" },
	{ "broken Shift_JIS",
	    " =?shift_jis?Q?ceo=FD=40corp=2Eexample?="
	    " <alice@corp.example>",
	    "ceo@corp.example" },
	{ "Shift_JIS with an '@' in it",
	    " =?shift_jis?Q?=83=40=83=41?="
	    " <alice@corp.example>",
	    "-" },
	{ "ISO-2022-JP",
	    " =?iso-2022-jp?B?GyRCRnxLXBsoQg==?="
	    " <alice@corp.example>",
	    "-" },
	{ "NUL",
	    " =?utf-8?B?Y2VvQGNvcnAuZXhhbXBsZQBBbGljZQ==?="
	    " <alice@corp.example>",
	    "ceo@corp.examplealice" },
	{ "full-width",
	    " =?utf-8?B?Y2Vv77ygY29ycC5leGFtcGxl?="
	    " <alice@corp.example>",
	    "ceo@corp.example" },
	{ "ideographic dot",
	    " \"ceo@corp\xe3\x80\x82"
	    "example\""
	    " <alice@corp.example>",
	    "ceo@corp.example" },
	{ "zero width",
	    " \"c\xe2\x80\x8b"
	    "eo@corp.exa\xc2\xadmple\""
	    " <alice@corp.example>",
	    "ceo@corp.example" },
	{ "charset that nobody knows",
	    " =?x-none?Q?ceo=40corp=2Eexample?="
	    " <alice@corp.example>",
	    "ceo@corp.example" },
	{ "escapes", " \"c\\eo\\@corp.example\" <alice@corp.example>",
	    "ceo@corp.example" },
	{ "turned round",
	    " \"\xe2\x80\xae"
	    "elpmaxe.proc@oec\""
	    " <alice@corp.example>",
	    "text in reversed order" },
	{ "behind an arrow",
	    " \"\xe2\x86\x92"
	    "ceo@corp.example\""
	    " <alice@corp.example>",
	    "ceo@corp.example" },
	{ "before a mark",
	    " \"ceo@corp.example\xe2\x9c\x93\""
	    " <alice@corp.example>",
	    "ceo@corp.example" },
	{ "a word for one character",
	    " \"\xe3\x8d\xbf Acme\""
	    " <alice@corp.example>",
	    "-" },
#define JALLA "\xef\xb7\xba\xef\xb7\xba\xef\xb7\xba\xef\xb7\xba"
	{ "eight characters that stand for more",
	    " \"" JALLA JALLA "\""
	    " <alice@corp.example>",
	    "characters that stand for whole words" },
	/* Protected names. */
	{ "name", " Jane Roe <alice@corp.example>", "Jane Roe" },
	{ "its address", " Jane Roe <jane@corp.example>", "-" },
	{ "turned", " \"Roe, Jane\" <alice@corp.example>", "Jane Roe" },
	{ "with others", " \"Dr. Jane  ROE (office)\" <alice@corp.example>",
	    "Jane Roe" },
	{ "longer", " Jane Roebuck <alice@corp.example>", "-" },
	{ "apart", " Jane von Roe <alice@corp.example>", "-" },
	{ "Cyrillic",
	    " \"J\xd0\xb0n\xd0\xb5 R\xd0\xbe\xd0\xb5\""
	    " <alice@corp.example>",
	    "Jane Roe" },
	{ "digit for a letter", " Jane R0e <alice@corp.example>", "Jane Roe" },
	{ "with marks for blanks", " \"Jane_Roe\" <alice@corp.example>",
	    "Jane Roe" },
	{ "with dots", " \"*Jane.Roe*\" <alice@corp.example>", "Jane Roe" },
	{ "unknown charset, UTF-8 with a fault",
	    " =?unknown-8bit?Q?Jane=E2=80=83Roe=FF?= <alice@corp.example>",
	    "Jane Roe" },
	{ "the same in base64",
	    " =?X-Unknown?B?SmFuZcKgUm9l/w==?= <alice@corp.example>",
	    "Jane Roe" },
	{ "underlined",
	    " \"J\xcc\xb2"
	    "a\xcc\xb2ne\xcc\xb2 R\xcc\xb3oe\""
	    " <alice@corp.example>",
	    "Jane Roe" },
	{ "a line above, and one that joins halves",
	    " \"Ja\xcc\x85ne R\xef\xb8\xa4oe\" <alice@corp.example>",
	    "Jane Roe" },
	{ "protected domain, underlined",
	    " \"b\xcc\xb2"
	    "ank\xcc\xb2.example\" <alice@corp.example>",
	    "bank.example" },
	{ "a letter with a stroke",
	    " \"Jane R\xc3\xb8"
	    "e\""
	    " <alice@corp.example>",
	    "-" },
	{ "unknown charset, Windows-1252 alone",
	    " =?unknown-8bit?Q?Jane=A0Roe?= <alice@corp.example>", "Jane Roe" },
	{ "unknown charset, another name",
	    " =?unknown-8bit?Q?J=FCrgen_Roe?= <alice@corp.example>", "-" },
	{ "braille blank", " \"Jane\xe2\xa0\x80Roe\" <alice@corp.example>",
	    "Jane Roe" },
	{ "filler", " \"Jane\xe3\x85\xa4Roe\" <alice@corp.example>",
	    "Jane Roe" },
	{ "nobody's", " Board of directors <jane@corp.example>",
	    "Board of Directors" },
	/* Protected domains. */
	{ "domain", " \"My Bank.Example\" <alice@corp.example>",
	    "bank.example" },
	{ "below it", " \"www.bank.example\" <alice@corp.example>",
	    "bank.example" },
	{ "longer domain", " \"riverbank.example\" <alice@corp.example>", "-" },
	{ "of the field", " \"corp.example\" <alice@corp.example>", "-" },
	{ "of the field, above", " \"corp.example\" <alice@hr.corp.example>",
	    "-" },
	{ "other own domain", " \"team.example\" <alice@corp.example>",
	    "team.example" },
	{ "own domain, U-labels",
	    " \"b\xc3\xbc"
	    "cher.example\""
	    " <alice@corp.example>",
	    "xn--bcher-kva.example" },
	{ "look-alike domain", " \"te\xd0\xb0m.example\" <alice@corp.example>",
	    "team.example" },
};

/* What shows ceo@corp.example, as the text of a quoted name. */
static const char *const shown[] = {
	/* Seen from right to left. */
	"\u2067example\u200f.\u200fcorp\u200f@\u200fceo\u2069",
	"\u202bexample\u200f.\u200fcorp\u200f@\u200fceo\u202c",
	"\u200fexample\u200f.\u200fcorp\u200f@\u200fceo",
	"\u061cexample\u061c.\u061ccorp\u061c@\u061cceo\u061c",
	"\u2067e\u200fl\u200fp\u200fm\u200fa\u200fx\u200fe\u200f."
	"\u200fp\u200fr\u200fo\u200fc\u200f@\u200fo\u200fe\u200f"
	"c\u2069",
	"\u05d0 example\u200f.\u200fcorp\u200f@\u200fceo",
	"\u2067example\u200f.\u200fcorp\u200f@\u200fceo",
	"\u2068\u05d0 example\u200f.\u200fcorp\u200f@\u200fceo\u2069",
	/* Dots. */
	"ceo@corp\u0701example",
	"ceo@corp\u0702example",
	"ceo@corp\u0660example",
	"ceo@corp\u06f0example",
	"ceo@corp\u00b7example",
	"ceo@corp\u2e33example",
	"ceo@corp\u2022example",
	"ceo@corp\u30fbexample",
	"ceo@corp\u2024example",
	"ceo@corp\ua60eexample",
	"ceo@corp\ua4f8example",
	"ceo@corp\U00010a50example",
	"ceo@corp\U0001d16dexample",
	"ceo@corp\uff0eexample",
	"ceo@corp\uff61example",
	"ceo@corp\u06d4example",
	"ceo@corp\u0589example",
	"ceo@corp\u02d9example",
	"ceo@corp\u22c5example",
	"ceo@corp\u25aaexample",
	"ceo@corp\u1362example",
	"ceo@corp\u00b8example",
	"ceo@corp\ue000example",
	"ceo@corp\u16ebexample",
	/* Blanks. */
	"ceo @ corp.example",
	"ceo @corp.example",
	"ceo@ corp.example",
	"ceo@corp . example",
	"ceo@corp .example",
	"ceo@corp. example",
	"ceo @ corp . example",
	"ceo @ Corp. Example",
	"ceo\u200a@corp.example",
	"ceo@\u200acorp.example",
	"ceo@corp\u200a.example",
	"ceo@corp.\u200aexample",
	"ceo\u2009@\u2009corp\u2009.\u2009example",
	"ceo\u00a0@\u00a0corp.example",
	"ceo\u3000@corp.example",
	"ceo@co\u200arp.example",
	"ceo@c\u200ao\u200ar\u200ap.example",
	"ceo@corp\u202f\u2024\u202fexample",
	"ceo @ corp \u00b7 example",
	"ceo@\ufffccorp.example",
	"ceo\ufffc@corp.example",
	"ceo@corp\ufffc.example",
	"ceo@co\ufffcrp.example",
	"ceo@\u200b corp.example",
	"ceo@\u034fcorp.example",
	"ceo@\u3164corp.example",
	"ceo@\u2800corp.example",
	"ceo\u2192@corp.example",
	"ceo@\u2192corp.example",
	/* What looks like '@', and letters in rings. */
	"ceo\uff20corp.example",
	"ceo\ufe6bcorp.example",
	"ceo\u24d0corp.example",
	"ceo\u24b6corp.example",
	"ceo\U0001f150corp.example",
	"ceoa\u20ddcorp.example",
	"ceo\u24dccorp.example",
	"ceo\u00a9corp.example",
	"ceo\u25cecorp.example",
	"ceo\u2299corp.example",
	"ceo\u249ccorp.example",
	"ceo \u24d0 corp.example",
	"\u24d2\u24d4\u24de@corp.example",
	"\U0001f152\U0001f154\U0001f15e@corp.example",
	"\U0001f172\U0001f174\U0001f17e@corp.example",
	"\U0001f1e8\U0001f1ea\U0001f1f4@\U0001f1e8orp.example",
	("\u1d04\u1d07\u1d0f@\u1d04\u1d0f\u0280\u1d18.\u1d07x\u1d00"
	 "\u1d0d\u1d18\u029f\u1d07"),
	"\U0001d41ceo@corp.example",
	/* Brackets, several marks, letters apart, what is nearly a dot. */
	"ceo[@]corp.example",
	"ceo \u3010@\u3011 corp.example",
	"ceo '@' corp.example",
	"ceo@corp\u00b7\u00b7example",
	"ceo@corp.\u2022example",
	"ceo@corp\u2022.example",
	"c e o @ c o r p . e x a m p l e",
	"ceo@c\u00a0o\u00a0rp.example",
	"ceo@corp,example",
	"ceo@corp\u201aexample",
	"ceo@corp'example",
	"ceo@corp\u0323example",
	"ceo@corp\u0358example",
	"ceo@corp\u0307example",
	"ceo@corp\u0887example",
	"ceo@corp\u05c5example",
	"ceo@corp\u06ec\u0435xample",
	"ceo@co\u1160rp.example",
	"ceo@co\u3164rp.example",
	"ceo\u24d0corp\u00b7example",
	"ceo@ \u2022 corp.example",
	"ceo \u2022 @ \u2022corp.example",
	"ceo@\u0701corp.example",
	"ceo@.corp.example",
	"ceo\u24d0 corp . example",
	"ceo \u24b6corp.example",
	/* Several of one mark, and quotes that are overlooked. */
	"ceo@@corp.example",
	"ceo@@@corp.example",
	"ceo@ @corp.example",
	"ceo@\uff20corp.example",
	"ceo@corp'.example",
	"ceo@corp.'example",
	"ceo@corp''.example",
	"ceo@corp\u2019.example",
	"ceo@corp\u02bc.example",
	"ceo@corp`.example",
	"ceo@co'rp.example",
	"ceo@corp\u2019'.'example",
	"ceo@co\u2019rp.exam'ple",
	"ceo@@corp'.example",
	/* What may be a name at a service is this, beside an own domain. */
	"Alice (ceo @corp.example)",
	"ceo (@corp.example)",
};

/* Foreign ones: hyphens, and domains that nobody here has. */
static const char *const foreign[] = {
	"ceo@big-bank.example",
	"ceo@big\u2010bank.example",
	"ceo@big\u2011bank.example",
	"ceo@big\u2212bank.example",
	"ceo@big\u2013bank.example",
	"ceo@big\u2014bank.example",
	"ceo@big\u02d7bank.example",
	"ceo@big\u2796bank.example",
	"ceo@big\u2500bank.example",
	"ceo@big\u30fcbank.example",
	"ceo@big\u4e00bank.example",
	"ceo@big\u2043bank.example",
	"ceo @ big-bank.example",
	"ceo @ big-bank . example",
	"ceo@big\u2010bank\u0701example",
	"ceo\u200a@big-bank.example",
	"ceo@big-bank. example",
	"ceo @ big-bank.co.uk",
	"ceo @ big-bank.de",
	"ceo[@]big-bank.example",
	"ceo@big-bank\u2022\u2022example",
	"ceo\u24d0big-bank.example",
	"\u2067example\u200f.\u200fbig-bank\u200f@\u200fceo\u2069",
	"ceo@@big-bank.example",
	"ceo@big-bank'.example",
	"ceo @@big-bank.example",
};

/* What honest people have in their names. */
static const char *const honest[] = {
	"Sales @ Corp",
	"Sales@Corp",
	"Bugs @ Corp Inc.",
	"Alice \u2022 Corp",
	"Firstname Lastname at Company",
	"Alice B. Smith",
	"Alice @ St. Mary",
	"Dr. A. Smith, M.D. @ Clinic",
	"Anne-Marie O\u2019Neil",
	"Kitchen @ Joe\u2019s",
	"Kitchen @ Joe\u00b4s",
	"Room @ 3.14",
	"Alice @ Corp \u00b7 Berlin",
	"Alice @ Corp \u2013 Berlin",
	"Alice \u24b6 Smith",
	"Alice \u00a9 Smith",
	"Alice @ Home \u2665",
	"Corp. News",
	"alice@corp.example",
	"Alice <alice@corp.example>",
	"alice @ corp.example",
	"Alice (alice@corp.example)",
	"sales@corp.example",
	"example.com",
	"Alice\u2605example.com",
	/* Hebrew, Arabic, Persian, with marks and without. */
	"\u05d3\u05e0\u05d4 \u05dc\u05d5\u05d9",
	"\u200f\u05d3\u05e0\u05d4 \u05dc\u05d5\u05d9\u200f",
	"\u05d3\u05e0\u05d4 (Dana) \u05dc\u05d5\u05d9, Corp.",
	"\u2067\u05d3\u05e0\u05d4\u2069 alice@corp.example",
	"\u202b\u05d3\u05e0\u05d4\u202c \u200ealice@corp.example\u200e",
	"\u0645\u062d\u0645\u062f \u0639\u0644\u064a \u0662\u0660",
	"\u061c\u0645\u062d\u0645\u062f alice@corp.example",
	"\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645 @ Corp",
	"\u05e6\u05d4\u05f4\u05dc @ \u05d7\u05d1\u05e8\u05d4",
	/* Others. */
	"\u5c71\u7530\u30fb\u592a\u90ce",
	"\u30c7\u30fc\u30bf \u4e00\u90ce",
	"M\u00fcller \u2013 Vertrieb",
	"Jos\u00e9\u00b7Mar\u00eda",
	"Paral\u00b7lel @ Corp",
	"Alice @ Paral\u00b7lel",
	"Alice @ Node.js",
	"Alice @ \u30bd\u30cb\u30fc\u30fb\u30df\u30e5",
	"Alice@\u5361\u5c14\u00b7\u9a6c\u514b\u601d",
	"\u05d3\u05e0\u05d4 @ \u05e6\u05d4\u05f4\u05dc",
	"Alice @ C\u00f4\u0323ng",
	"Alice [Corp] @ Home",
	"Alice @ 'Home'",
	"Alice @ Joe's",
	"Alice @ Corp, Berlin",
	"Alice @ Corp: Berlin",
	"Alice \U0001f468\u200d\U0001f4bb",
	/* Names at services. */
	"Alice (@alice.bsky.social)",
	"@alice.bsky.social",
	"Alice @alice.bsky.social",
	"Alice [@alice.bsky.social]",
	"Alice | @alice.example.org",
	"Alice (@alice)",
	"Alice @@ Corp",
	"Alice '(@alice.example.org)'",
	"'Alice' B.' Smith",
};

static struct slice
ask_quoted(struct world *world, const char *text)
{
	return ask(world, "alice@corp.example",
	    slice_cstr(&world->mem,
		slice_format(
		    &world->mem, " \"%s\" <alice@corp.example>", text)));
}

static void
look_alikes_of_an_address_show_it(void **state)
{
	struct world world;

	(void)state;
	world_init(&world, config, "sales@corp.example alice@corp.example\n");
	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
		if (slice_eq(ask_quoted(&world, shown[i]), SLICE("-")))
			fail_msg("shown %zu: %s", i, shown[i]);
	}
	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
		if (slice_eq(ask_quoted(&world, foreign[i]), SLICE("-")))
			fail_msg("foreign %zu: %s", i, foreign[i]);
	}
	world_done(&world);
}

static void
honest_names_show_nothing(void **state)
{
	struct world world;

	(void)state;
	world_init(&world, config, "sales@corp.example alice@corp.example\n");
	for (size_t i = 0; i < sizeof(honest) / sizeof(honest[0]); i++)
		check_slice(honest[i], ask_quoted(&world, honest[i]), "-");
	world_done(&world);
}

/* Protected names and domains, whatever the order in which they are stored. */
static void
protected_names_are_found_as_they_are_seen(void **state)
{
	static const char *const names[] = {
		"\u2067Roe\u200f \u200fJane\u2069",
		"\u2067e\u200fn\u200fa\u200fJ\u2069 Roe",
		"\U0001f159ane \U0001f161oe",
		"Jane\u200aRoe",
		"J\u200aane Roe",
		/* The letters of that name in the order in which it is seen. */
		"\u05d3\u200e\u05e0\u200e\u05d4",
		"\u05d4\u05e0\u05d3 Corp",
		"team\u00b7example",
		"team . example",
		"team\u2022example",
		"Team. Example",
		"team\u0660example",
		"www.team \u2024example",
		"\u2067example\u200f.\u200fteam\u2069",
		"big\u2010bank.example",
		"big\u2212bank.example",
	};
	struct world world;

	(void)state;
	world_init(&world,
	    "domain = corp.example\n"
	    "names { protected-names = {\"Jane Roe <jane@corp.example>\",\n"
	    "    \"\u05d4\u05e0\u05d3 <dana@corp.example>\",\n"
	    "    \"big-bank.example\"} }\n",
	    "");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (slice_eq(ask_quoted(&world, names[i]), SLICE("-")))
			fail_msg("%zu: %s", i, names[i]);
	}
	world_done(&world);
}

static void
names_show_nothing_of_others(void **state)
{
	struct world world;

	(void)state;
	world_init(&world, config, "sales@corp.example alice@corp.example\n");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_slice(cases[i].name,
		    ask(&world, "alice@corp.example", cases[i].from),
		    cases[i].want);
	world_done(&world);
}

static void
exempt_logins_may_show_anything(void **state)
{
	struct world world;

	(void)state;
	world_init(&world, config, "");
	check_slice("exempt",
	    ask(&world, "relay@corp.example",
		" \"ceo@corp.example\" <relay@corp.example>"),
	    "-");
	world_done(&world);
}

static void
a_row_that_cannot_be_read_makes_it_unknown(void **state)
{
	struct world world;

	(void)state;
	world_init(&world, config, "ceo@corp.example alice;x\n");
	check_slice("unknown",
	    ask(&world, "alice@corp.example",
		" \"ceo@corp.example\" <alice@corp.example>"),
	    "!");
	world_done(&world);
}

static void
the_graver_finding_counts(void **state)
{
	struct world world;

	(void)state;
	world_init(&world,
	    "names { address = log; own-domains = no\n"
	    "protected-names = {\"Jane Roe\"} }\n",
	    "");
	check_slice("both",
	    ask(&world, "alice@corp.example",
		" \"ceo@corp.example Jane Roe\" <alice@corp.example>"),
	    "Jane Roe");
	check_slice("log alone",
	    ask(&world, "alice@corp.example",
		" \"ceo@corp.example Jane\" <alice@corp.example>"),
	    "ceo@corp.example");
	world_done(&world);
}

static void
gather(void *arg, bool is_error, const char *text)
{
	strbuf_addf(arg, "%s%s\n", is_error ? "" : "warning: ", text);
}

static void
each_protected_name_that_cannot_be_used_is_reported(void **state)
{
	struct names names;
	struct strbuf text;
	struct own_domains own;
	struct world world;

	(void)state;
	world_init(&world,
	    "names { protected-names = {\"A B\",\n"
	    "\"...\", \"A <a@b\", \"<a@b.example>\"} }",
	    "");
	own_domains_init(&own, world.config, &world.mem);
	strbuf_init(&text, &world.mem);
	assert_int_equal(
	    names_open(&names, world.config, &own,
		&(const struct report){ gather, &text }, &world.mem),
	    3);
	check_slice("faults", strbuf_slice(&text),
	    "test:1: names.protected-names: takes NAME, NAME <ADDRESS> or "
	    "DOMAIN, not \"...\"\n"
	    "test:1: names.protected-names: takes NAME, NAME <ADDRESS> or "
	    "DOMAIN, not \"A <a@b\"\n"
	    "test:1: names.protected-names: takes NAME, NAME <ADDRESS> or "
	    "DOMAIN, not \"<a@b.example>\"\n");
	world_done(&world);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_show_nothing_of_others),
		cmocka_unit_test(look_alikes_of_an_address_show_it),
		cmocka_unit_test(honest_names_show_nothing),
		cmocka_unit_test(protected_names_are_found_as_they_are_seen),
		cmocka_unit_test(exempt_logins_may_show_anything),
		cmocka_unit_test(a_row_that_cannot_be_read_makes_it_unknown),
		cmocka_unit_test(the_graver_finding_counts),
		cmocka_unit_test(
		    each_protected_name_that_cannot_be_used_is_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
