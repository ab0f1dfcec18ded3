/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_BASE_DESCEND_H
#define SUBMILTER_BASE_DESCEND_H

#include <sys/types.h>

#include "base/err.h"
#include "base/str.h"

/*
 * Paths on which root meets directories of others. Whoever can write to a
 * directory can put a link in the place of each name in it, between one call
 * and the next. So root walks down from directory to directory, trusts a link
 * only where nobody else can have put it, and stops at the first directory of
 * another user: what is below it is to be touched with that user's rights.
 */
struct descent {
	int fd;	   /* O_PATH: the directory that was reached */
	uid_t uid; /* its owner, if root came there; else who runs this */
	gid_t gid;
	struct slice rest; /* of the path; empty: that was the end */
};

/*
 * Walks down a path of directories. For root *ret_descent is the end of the
 * path, the first directory that does not belong to root, or the one in which
 * the next name is missing; its rest then begins with that name. For others it
 * is where the path begins. Memory of mem; the fd is the caller's. -1
 * (ERR_CONFIG, ERR_TEMP): some name is not a directory, or is a link that
 * others than root can have put there.
 */
MUST_USE int descend(const char *path, struct arena *mem,
    struct descent *ret_descent, struct err *err);

/*
 * Opens the directory at path for the *at() calls (O_PATH). -1 (ERR_CONFIG)
 * also for root where one on the path belongs to another user.
 */
MUST_USE int descend_alone(
    const char *path, struct arena *mem, int *ret_fd, struct err *err);

/*
 * Opens the directory at path with the rights of the first user to whom one
 * on the path belongs: root becomes that user for good, with all groups. The
 * last made_levels names of the path are made (mode 0700) where they are
 * missing. *ret_fd is for the *at() calls (O_PATH); it stays good where the
 * user may not pass the directories above. -1 (ERR_CONFIG, ERR_DATA, ERR_TEMP).
 */
MUST_USE int descend_as_owner(const char *path, size_t made_levels,
    struct arena *mem, int *ret_fd, struct err *err);

/* The group that this user has, or else the directory. */
#define LESSER_USER_GROUP ((gid_t)-1)

/* Root as another user for a while; on is false where there is no need. */
struct lesser_user {
	bool on;
	gid_t gid;
	gid_t *groups;
	size_t group_count;
};

/*
 * Root takes on the rights of the first user other than root to whom a
 * directory on the path belongs, with gid in the place of its own group;
 * nothing changes where there is none, or for others than root. The whole
 * process does: no other thread may be at work. -1 (ERR_CONFIG, ERR_TEMP), with
 * nothing changed.
 */
MUST_USE int lesser_user_enter(const char *directory, gid_t gid,
    struct arena *mem, struct lesser_user *ret_lesser, struct err *err);
void lesser_user_leave(const struct lesser_user *lesser);

#endif
