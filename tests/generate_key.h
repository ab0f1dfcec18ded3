/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_TESTS_GENERATE_KEY_H
#define SUBMILTER_TESTS_GENERATE_KEY_H

#include "keys/key_folder.h"

/* One key in DIRECTORY/DOMAIN, as "genkey" makes it. */
static inline int
generate_key(const struct key_spec *spec, struct slice directory,
    struct slice domain, struct arena *mem, struct sign_key *ret_key,
    struct err *err)
{
	struct key_folder folder;
	int status;

	if (key_folder_open(directory, domain, mem, &folder, err) != 0)
		return -1;
	status = key_folder_generate(&folder, spec, ret_key, err);
	key_folder_close(&folder);
	return status;
}

#endif
