/* SPDX-License-Identifier: BSD-2-Clause */
/* The MTA as the sender of its own mail. */
#include "identity/identity.h"

static const struct slice mta_local = { "mailer-daemon", 13 };
/* Postfix's double_bounce_sender, which sends notices to the postmaster. */
static const struct slice notices_local = { "double-bounce", 13 };

void
submitter_add_mta(const struct config *config, struct slice mta_name,
    struct submitter *submitter)
{
	submitter->mta_names[0] = config->main.domain;
	submitter->mta_names[1] = config->main.hostname;
	submitter->mta_names[2] = mta_name;
}

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
	};
	submitter_add_mta(config, mta_name, ret_submitter);
}

static bool
is_mta_domain(const struct submitter *submitter, struct slice domain)
{
	for (size_t i = 0; i < MTA_NAMES && domain.len > 0; i++) {
		if (slice_eq_nocase(domain, submitter->mta_names[i]))
			return true;
	}
	return false;
}

bool
submitter_is_named(
    const struct submitter *submitter, const struct address *address)
{
	return (slice_eq_nocase(address->local, mta_local) ||
		   slice_eq_nocase(address->local, notices_local)) &&
	    is_mta_domain(submitter, address->domain);
}

bool
mta_sends_with(
    const struct config *config, struct slice mta_name, struct slice path)
{
	struct submitter mta = { .is_mta = true };
	size_t at;

	path = slice_trim(path);
	if (path.len > 1 && path.data[0] == '<' &&
	    path.data[path.len - 1] == '>')
		path = slice_sub(path, 1, path.len - 2);
	at = slice_find_last(path, '@');
	submitter_add_mta(config, mta_name, &mta);
	return path.len == 0 ||
	    (slice_eq_nocase(slice_sub(path, 0, at), notices_local) &&
		is_mta_domain(&mta, slice_from(path, at + 1)));
}
