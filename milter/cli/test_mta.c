/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The MTA for which "submilter test" judges a message: the daemon is told by
 * the MTA itself, a test has to find it out.
 */
#include <unistd.h>

#include "test_priv.h"

bool
test_mta_parse(struct slice word, struct test_mta *ret_mta)
{
	static const struct test_mta known[] = {
		{ { "postfix", 7 }, { "Postfix", 7 }, "--mta" },
		{ { "sendmail", 8 }, { "Sendmail", 8 }, "--mta" },
		{ { "unknown", 7 }, { NULL, 0 }, "--mta" }
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (slice_eq_nocase(word, known[i].name)) {
			*ret_mta = known[i];
			return true;
		}
	}
	return false;
}

void
test_mta_find(const struct config *config, bool stated, struct test_mta *mta)
{
	bool postfix = access("/etc/postfix/main.cf", F_OK) == 0;
	bool sendmail = access("/etc/mail/sendmail.cf", F_OK) == 0;

	switch (config->main.mta) {
	case MTA_POSTFIX:
		*mta = (struct test_mta){ .name = SLICE("postfix"),
			.by = "the configuration says so" };
		return;
	case MTA_SENDMAIL:
		*mta = (struct test_mta){ .name = SLICE("sendmail"),
			.by = "the configuration says so" };
		return;
	case MTA_AUTO:
		break;
	}
	if (stated)
		return;
	if (postfix && !sendmail)
		*mta = (struct test_mta){ SLICE("postfix"), SLICE("Postfix"),
			"/etc/postfix/main.cf is there" };
	else if (sendmail && !postfix)
		*mta = (struct test_mta){ SLICE("sendmail"), SLICE("Sendmail"),
			"/etc/mail/sendmail.cf is there" };
	else
		*mta = (struct test_mta){ .name = SLICE("unknown"),
			.by = postfix ? "Postfix and Sendmail are both there, "
					"say --mta" :
					"no MTA was found here, say --mta" };
}
