/* SPDX-License-Identifier: BSD-2-Clause */
/* Who may use a key file and its directory. */
#include "base/private_file.h"
#include "key_priv.h"

enum { MAX_FILE_BYTES = 65536 };

/* Who can write to a directory of keys can sign for its domains. */
const char *
key_directory_fault(const struct stat *status)
{
	if ((status->st_mode & 022) != 0 && (status->st_mode & S_ISVTX) == 0)
		return "group or others can write to the directory";
	return private_owner_fault(status);
}

int
key_file_read(const char *path, struct arena *mem, struct key_text *ret_text,
    struct err *err)
{
	const struct file_request request = { slice_of(path), MAX_FILE_BYTES,
		mem };
	struct stat state;

	if (private_file_read(&request, &ret_text->pem, &state, err) != 0)
		return -1;
	ret_text->changed = state.st_mtim.tv_sec;
	return 0;
}
