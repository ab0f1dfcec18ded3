/* SPDX-License-Identifier: BSD-2-Clause */
/* The method client-cert: which certificates prove a login. */
#include "../unit.h"

#include "identity/identity.h"

#define FP32                                                                 \
	"AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:" \
	"00:11:22:33:44:55:66:77:88:99"

static const char rows[] =
    "Corp+20CA|alice           alice\n"
    "Corp+20CA|                nobody\n"
    "|alice                    nobody\n"
    "Corp+20CA|J\xc3\xbcrgen    juergen\n"
    "Corp+20CA|a+7Cb           pipe\n"
    "/O=Corp+20Lab/CN=CA|/O=Corp+20Lab/CN=alice  alice\n"
    "/CN=CA|/CN=x+5C/CN=alice  slash\n" FP32 "  printer\n"
    "AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99  weak\n"
    "Corp+20CA|two             a, b\n";

static const struct {
	const char *version, *verify, *issuer, *subject, *fingerprint, *type;
	const char *want; /* NULL: cannot tell */
} cases[] = {
	/* Postfix tells of verified ones only. */
	{ "Postfix 3.7.11", NULL, "Corp CA", "alice", NULL, NULL, "alice" },
	{ "Postfix 3.7.11", NULL, "Corp CA", "alice", NULL, "PLAIN", "alice" },
	{ "Postfix 3.7.11", NULL, "Corp CA", "J\xc3\xbcrgen", NULL, NULL,
	    "juergen" },
	{ "Postfix 3.7.11", NULL, "Corp CA", "a|b", NULL, NULL, "pipe" },
	/* Without a CN, or from another CA; or one that looks like it. */
	{ "Postfix 3.7.11", NULL, "Corp CA", "", NULL, NULL, "" },
	{ "Postfix 3.7.11", NULL, "Corp CA", " ", NULL, NULL, "" },
	{ "Postfix 3.7.11", NULL, "", "alice", NULL, NULL, "" },
	{ "Postfix 3.7.11", NULL, NULL, NULL, NULL, NULL, "" },
	{ "Postfix 3.7.11", NULL, "Other CA", "alice", NULL, NULL, "" },
	{ "Postfix 3.7.11", NULL, "Corp", "CA|alice", NULL, NULL, "" },
	{ "Postfix 3.7.11", NULL, "Corp+20CA", "alice", NULL, NULL, "" },
	{ "Postfix 3.7.11", NULL, "Corp CA", "\xd0\xb0lice", NULL, NULL, "" },
	{ "Postfix 3.7.11", NULL, "Corp CA", "two", NULL, NULL, NULL },
	/* Behind XCLIENT it is the proxy's. */
	{ "Postfix 3.7.11", NULL, "Corp CA", "alice", NULL, "XCLIENT", "" },
	/* Another MTA would have to say that it verified it. */
	{ "8.17.1.9", NULL, "Corp CA", "alice", NULL, NULL, "" },
	{ "", NULL, "Corp CA", "alice", FP32, NULL, "" },
	/* Sendmail tells of each. */
	{ "8.17.1.9", "OK", "/O=Corp+20Lab/CN=CA", "/O=Corp+20Lab/CN=alice",
	    NULL, NULL, "alice" },
	{ "8.17.1.9", "OK", "/CN=CA", "/CN=x+5C/CN=alice", NULL, NULL,
	    "slash" },
	{ "8.17.1.9", "OK", "/CN=CA", "/CN=x/CN=alice", NULL, NULL, "" },
	{ "8.17.1.9", "OK", "/CN=CA", "/CN=x+5", NULL, NULL, "" },
	{ "8.17.1.9", "OK", "", "", FP32, NULL, "printer" },
	{ "8.17.1.9", "OK", "/O=Corp+20Lab/CN=CA", "/O=Corp+20Lab/CN=alice",
	    FP32, NULL, "printer" },
	{ "8.17.1.9", "OK", "", "",
	    "AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99", NULL, "" },
	{ "8.17.1.9", "FAIL", "/O=Corp+20Lab/CN=CA", "/O=Corp+20Lab/CN=alice",
	    FP32, NULL, "" },
	{ "8.17.1.9", "NO", "/O=Corp+20Lab/CN=CA", "/O=Corp+20Lab/CN=alice",
	    FP32, NULL, "" },
	{ "8.17.1.9", "", "/O=Corp+20Lab/CN=CA", "/O=Corp+20Lab/CN=alice", FP32,
	    NULL, "" },
	{ "Postfix 3.7.11", "FAIL", "Corp CA", "alice", NULL, NULL, "" },
};

static struct slice
said(const char *text)
{
	return text == NULL ? (struct slice){ NULL, 0 } : slice_of(text);
}

static void
find(const struct identity *identity, size_t i, struct arena *mem)
{
	const struct client_facts client = {
		.said[FACT_MTA_VERSION] = said(cases[i].version),
		.said[FACT_TLS_VERIFY] = said(cases[i].verify),
		.said[FACT_CERT_ISSUER] = said(cases[i].issuer),
		.said[FACT_CERT_SUBJECT] = said(cases[i].subject),
		.said[FACT_CERT_FINGERPRINT] = said(cases[i].fingerprint),
		.said[FACT_AUTH_TYPE] = said(cases[i].type),
	};
	struct submitter submitter;
	struct err err;
	int status = identity_find(identity, &client,
	    &(const struct table_context){ .mem = mem, .err = &err },
	    &submitter);

	if (cases[i].want == NULL) {
		assert_int_equal(status, -1);
		assert_int_equal(err.kind, ERR_TEMP);
		return;
	}
	assert_int_equal(status, 0);
	if (!slice_eq(submitter.login, slice_of(cases[i].want)))
		fail_msg("case %zu: \"%.*s\"", i, SLICE_ARGS(submitter.login));
	check_slice("via", submitter.via,
	    cases[i].want[0] == '\0' ? "" : "client-cert");
}

static void
only_what_the_mta_verified_proves_a_login(void **state)
{
	struct table *table;
	struct config *config;
	struct identity identity;
	struct identity_step step;
	struct arena mem;
	struct err err;

	(void)state;
	arena_init(&mem);
	assert_int_equal(
	    config_read_text("test",
		SLICE("identify { methods = client-cert; certificates = "
		      "static:x }\n"),
		NULL, NULL, &config, &err),
	    0);
	assert_int_equal(table_open_text(SLICE("texthash:certificates"),
			     slice_of(rows), &table, &err),
	    0);
	identity_init(&identity, config, NULL, &mem);
	step = (struct identity_step){ identity.steps[0].method, table };
	identity.steps = &step;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		find(&identity, i, &mem);
	/* A name that the operator gave to Postfix. */
	identity.mta = MTA_POSTFIX;
	for (size_t i = 0; i < 2; i++) {
		const struct client_facts client = {
			.said[FACT_MTA_VERSION] =
			    i == 0 ? SLICE("Corp Mail") : SLICE("8.17.1.9"),
			.said[FACT_CERT_ISSUER] = SLICE("Corp CA"),
			.said[FACT_CERT_SUBJECT] = SLICE("alice"),
		};
		struct submitter submitter;

		assert_int_equal(identity_find(&identity, &client,
				     &(const struct table_context){
					 .mem = &mem, .err = &err },
				     &submitter),
		    0);
		check_slice("named", submitter.login, i == 0 ? "alice" : "");
	}
	table_close(table);
	config_free(config);
	arena_done(&mem);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_the_mta_verified_proves_a_login),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
