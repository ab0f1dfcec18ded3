/* SPDX-License-Identifier: BSD-2-Clause */
/* The MTA as the sender of its own mail. */
#include "identity/identity.h"

static const struct slice mta_local = { "mailer-daemon", 13 };

void
submitter_from_mta(const struct config *config, struct slice mta_name,
    struct arena *mem, struct submitter *ret_submitter)
{
	*ret_submitter = (struct submitter){
		.login = login_normalise(mem, mta_local,
		    config->main.domain.len != 0 ? config->main.domain :
						   mta_name),
		.via = SLICE("bounce"),
		.is_mta = true,
		.mta_names = { config->main.domain, config->main.hostname,
		    mta_name },
	};
}

bool
submitter_is_named(
    const struct submitter *submitter, const struct address *address)
{
	if (!submitter->is_mta || !slice_eq_nocase(address->local, mta_local))
		return false;
	for (size_t i = 0; i < MTA_NAMES && address->domain.len > 0; i++) {
		if (slice_eq_nocase(address->domain, submitter->mta_names[i]))
			return true;
	}
	return false;
}
