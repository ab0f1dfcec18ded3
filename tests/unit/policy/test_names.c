/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy/names.h"
#include "world.h"

/* What the name in a From of alice shows; "-": nothing; "!": not known. */
static struct slice
ask(struct world *world, const char *login, const char *from)
{
	static const struct slice own[] = { { "corp.example", 12 },
		{ "team.example", 12 }, { "xn--bcher-kva.example", 21 } };
	struct author_rules rules = { .domain = SLICE("corp.example"),
		.utf8 = true, .max_mailboxes = 20,
		.forms = author_forms_from_config(world->config) };
	const struct header_limits no_limits = { 0 };
	struct name_finding finding;
	struct submitter submitter = world_submitter(world, login);
	struct authors authors;
	struct header header;
	struct names names;
	struct err err;

	header_init(&header, &world->mem);
	authors_init(&authors, &world->mem);
	if (names_open(&names, world->config, own, 3, &world->mem, &err) != 0 ||
	    header_add(&header, SLICE("From"), slice_of(from), &no_limits,
		&err) != 0 ||
	    authors_add_header(&authors, &header, &rules, &err) != 0)
		fail_msg("%s: %s", from, err.text);
	switch (names_check(&names, &world->rights, &submitter, &authors,
	    0, header.fields[0].value, &world->mem, &finding, &err)) {
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
	{ "own address by table", " \"sales@corp.example\" <alice@corp.example>",
	    "-" },
	{ "no address", " \"Alice @ Corp\" <alice@corp.example>", "-" },
	{ "no domain", " \"alice@home\" <alice@corp.example>", "-" },
	{ "address", " \"ceo@corp.example\" <alice@corp.example>",
	    "ceo@corp.example" },
	{ "address in angles", " \"CEO <CEO@corp.example>\" <alice@corp.example>",
	    "ceo@corp.example" },
	{ "bare", " ceo@corp.example <alice@corp.example>", "ceo@corp.example" },
	{ "comment", " alice@corp.example (ceo@corp.example)",
	    "ceo@corp.example" },
	{ "encoded", " =?utf-8?B?Y2VvQGNvcnAuZXhhbXBsZQ==?= <alice@corp.example>",
	    "ceo@corp.example" },
	{ "encoded, two words", " =?utf-8?Q?ceo=40c?=\n =?us-ascii?q?orp=2Eexample?="
	    " <alice@corp.example>", "ceo@corp.example" },
	{ "encoded twice", " =?utf-8?q?=3D=3Futf-8=3Fq=3Fceo=3D40corp=2Eexample=3F=3D?="
	    " <alice@corp.example>", "ceo@corp.example" },
	{ "encoded in quotes", " \"=?utf-8?Q?ceo=40corp.example?=\""
	    " <alice@corp.example>", "ceo@corp.example" },
	{ "language", " =?utf-8*en?Q?ceo=40corp=2Eexample?= <alice@corp.example>",
	    "ceo@corp.example" },
	{ "UTF-7", " =?utf-7?Q?ceo+AEA-corp=2Eexample?= <alice@corp.example>",
	    "ceo@corp.example" },
	{ "NUL", " =?utf-8?B?Y2VvQGNvcnAuZXhhbXBsZQBBbGljZQ==?="
	    " <alice@corp.example>", "ceo@corp.examplealice" },
	{ "full-width", " =?utf-8?B?Y2Vv77ygY29ycC5leGFtcGxl?="
	    " <alice@corp.example>", "ceo@corp.example" },
	{ "ideographic dot", " \"ceo@corp\xe3\x80\x82" "example\""
	    " <alice@corp.example>", "ceo@corp.example" },
	{ "zero width", " \"c\xe2\x80\x8b" "eo@corp.exa\xc2\xadmple\""
	    " <alice@corp.example>", "ceo@corp.example" },
	{ "charset that nobody knows", " =?x-none?Q?ceo=40corp=2Eexample?="
	    " <alice@corp.example>", "ceo@corp.example" },
	{ "escapes", " \"c\\eo\\@corp.example\" <alice@corp.example>",
	    "ceo@corp.example" },
	{ "turned round", " \"\xe2\x80\xae" "elpmaxe.proc@oec\""
	    " <alice@corp.example>", "text in reversed order" },
	{ "behind an arrow", " \"\xe2\x86\x92" "ceo@corp.example\""
	    " <alice@corp.example>", "ceo@corp.example" },
	{ "before a mark", " \"ceo@corp.example\xe2\x9c\x93\""
	    " <alice@corp.example>", "ceo@corp.example" },
	/* Protected names. */
	{ "name", " Jane Roe <alice@corp.example>",
	    "Jane Roe" },
	{ "its address", " Jane Roe <jane@corp.example>", "-" },
	{ "turned", " \"Roe, Jane\" <alice@corp.example>",
	    "Jane Roe" },
	{ "with others", " \"Dr. Jane  ROE (office)\" <alice@corp.example>",
	    "Jane Roe" },
	{ "longer", " Jane Roebuck <alice@corp.example>", "-" },
	{ "apart", " Jane von Roe <alice@corp.example>", "-" },
	{ "Cyrillic", " \"J\xd0\xb0n\xd0\xb5 R\xd0\xbe\xd0\xb5\""
	    " <alice@corp.example>", "Jane Roe" },
	{ "digit for a letter", " Jane R0e <alice@corp.example>",
	    "Jane Roe" },
	{ "with marks for blanks", " \"Jane_Roe\" <alice@corp.example>",
	    "Jane Roe" },
	{ "with dots", " \"*Jane.Roe*\" <alice@corp.example>", "Jane Roe" },
	{ "braille blank", " \"Jane\xe2\xa0\x80Roe\" <alice@corp.example>",
	    "Jane Roe" },
	{ "filler", " \"Jane\xe3\x85\xa4Roe\" <alice@corp.example>",
	    "Jane Roe" },
	{ "nobody's", " Board of directors <jane@corp.example>",
	    "Board of Directors" },
	/* Protected domains. */
	{ "domain", " \"My Bank.Example\" <alice@corp.example>", "bank.example" },
	{ "below it", " \"www.bank.example\" <alice@corp.example>",
	    "bank.example" },
	{ "longer domain", " \"riverbank.example\" <alice@corp.example>", "-" },
	{ "of the field", " \"corp.example\" <alice@corp.example>", "-" },
	{ "of the field, above", " \"corp.example\" <alice@hr.corp.example>",
	    "-" },
	{ "other own domain", " \"team.example\" <alice@corp.example>",
	    "team.example" },
	{ "own domain, U-labels", " \"b\xc3\xbc" "cher.example\""
	    " <alice@corp.example>", "xn--bcher-kva.example" },
	{ "look-alike domain", " \"te\xd0\xb0m.example\" <alice@corp.example>",
	    "team.example" },
};

static void
names_show_nothing_of_others(void **state)
{
	struct world world;

	(void)state;
	world_init(&world, config, "sales@corp.example alice@corp.example\n");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_slice(cases[i].name, ask(&world, "alice@corp.example",
		    cases[i].from), cases[i].want);
	world_done(&world);
}

static void
exempt_logins_may_show_anything(void **state)
{
	struct world world;

	(void)state;
	world_init(&world, config, "");
	check_slice("exempt", ask(&world, "relay@corp.example",
	    " \"ceo@corp.example\" <relay@corp.example>"), "-");
	world_done(&world);
}

static void
a_row_that_cannot_be_read_makes_it_unknown(void **state)
{
	struct world world;

	(void)state;
	world_init(&world, config, "ceo@corp.example alice;x\n");
	check_slice("unknown", ask(&world, "alice@corp.example",
	    " \"ceo@corp.example\" <alice@corp.example>"), "!");
	world_done(&world);
}

static void
the_graver_finding_counts(void **state)
{
	struct world world;

	(void)state;
	world_init(&world, "names { address = log; own-domains = no\n"
	    "protected-names = {\"Jane Roe\"} }\n", "");
	check_slice("both", ask(&world, "alice@corp.example",
	    " \"ceo@corp.example Jane Roe\" <alice@corp.example>"), "Jane Roe");
	check_slice("log alone", ask(&world, "alice@corp.example",
	    " \"ceo@corp.example Jane\" <alice@corp.example>"),
	    "ceo@corp.example");
	world_done(&world);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_show_nothing_of_others),
		cmocka_unit_test(exempt_logins_may_show_anything),
		cmocka_unit_test(a_row_that_cannot_be_read_makes_it_unknown),
		cmocka_unit_test(the_graver_finding_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
