/* SPDX-License-Identifier: BSD-2-Clause */
/* The user that the milter becomes, and the group of its socket. */
#include "daemon/account.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "daemon/socket_directory.h"

int
account_find_user(const struct config *config, struct arena *mem,
    struct account *ret_account, struct err *err)
{
	const char *name = config->main.user.len != 0 ?
	    slice_cstr(mem, config->main.user) :
	    DEFAULT_USER;
	struct account account = {
		.uid = getuid(), .gid = getgid(), .socket_gid = getgid()
	};
	const struct passwd *user = getpwnam(name);

	if (user == NULL && config->main.user.len != 0)
		return err_set(
		    err, ERR_CONFIG, "user: there is no user \"%s\"", name);
	if (geteuid() == 0 && user != NULL && user->pw_uid != 0) {
		account.change_user = true;
		account.uid = user->pw_uid;
		account.gid = account.socket_gid = user->pw_gid;
		account.name = slice_dup(mem, slice_of(user->pw_name));
	}
	*ret_account = account;
	return 0;
}

int
account_find_group(const struct config *config, struct arena *mem,
    struct account *account, struct err *err)
{
	const char *name = slice_cstr(mem, config->main.socket_group);
	const struct group *group;

	if (config->main.socket_group.len == 0) {
		(void)socket_directory_group(config, &account->socket_gid);
		return 0;
	}
	group = getgrnam(name);
	if (group == NULL)
		return err_set(err, ERR_CONFIG,
		    "socket-group: there is no group \"%s\"", name);
	account->socket_gid = group->gr_gid;
	return 0;
}

int
account_find(const struct config *config, struct arena *mem,
    struct account *ret_account, struct err *err)
{
	struct account account;

	if (account_find_user(config, mem, &account, err) != 0 ||
	    account_find_group(config, mem, &account, err) != 0)
		return -1;
	*ret_account = account;
	return 0;
}

int
account_become(const struct account *account, struct err *err)
{
	if (account->change_user &&
	    (initgroups(account->name.data, account->gid) != 0 ||
		setgid(account->gid) != 0 || setuid(account->uid) != 0))
		return err_set(err, ERR_CONFIG, "cannot become user %s: %s",
		    account->name.data, strerror(errno));
	if (account->change_user && setuid(0) == 0)
		return err_set(
		    err, ERR_CONFIG, "root was not given up for good");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return err_set(
		    err, ERR_CONFIG, "no_new_privs: %s", strerror(errno));
	return 0;
}
