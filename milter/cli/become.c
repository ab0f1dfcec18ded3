/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands that read what the milter reads do it as the milter's user. */
#include "cli/become.h"

#include "daemon/account.h"

int
become_milter(const struct config *config, struct err *err)
{
	CLEANUP(arena_done) struct arena mem;
	struct account account;

	arena_init(&mem);
	if (account_find(config, &mem, &account, err) != 0)
		return -1;
	return account.change_user ? account_become(&account, err) : 0;
}
