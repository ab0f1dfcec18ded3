/* SPDX-License-Identifier: BSD-2-Clause */
/* The login of SMTP AUTH. */
#include "identity_priv.h"

static int
sasl_find(const struct identity_question *question, struct slice *ret_login)
{
	*ret_login = question->client->said[FACT_AUTH_AUTHEN];
	return 0;
}

const struct identity_method identity_by_sasl = {
	.name = { "sasl", 4 },
	.find = sasl_find,
	.is_typed = true,
};
