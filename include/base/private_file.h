/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_BASE_PRIVATE_FILE_H
#define SUBMILTER_BASE_PRIVATE_FILE_H

#include "base/file.h"

/*
 * The text of a file that holds a secret, and how the file was. ERR_CONFIG for
 * one that others could use: the owner has to be root or the user that runs
 * this, mode 0600 or less, or 0640 where the file is root's and its group is
 * ours and has no other member. Thread-safe; blocks on the file system and on
 * the lists of users and groups.
 */
MUST_USE int private_file_read(const struct file_request *request,
    struct slice *ret_text, struct stat *ret_state, struct err *err);

/* Why an owner is the wrong one; NULL: it is root, or the user that runs this. */
const char *private_owner_fault(const struct stat *status);

#endif
