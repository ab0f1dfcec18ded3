/* SPDX-License-Identifier: BSD-2-Clause */
/* Making keys: a directory of a domain, and files in it. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/rsa.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/descend.h"
#include "key_priv.h"
#include "keys/key_crypto.h"
#include "keys/key_folder.h"

/* All of the file or none of it, and never over another one. */
static int
key_folder_write_file(const struct key_folder *folder, const char *name,
    struct slice text, struct err *err)
{
	uint64_t salt = 0;
	const char *temporary;
	bool done;
	int fd = -1;

	if (getentropy(&salt, sizeof(salt)) != 0)
		return err_set(err, ERR_TEMP, "%s", strerror(errno));
	temporary =
	    slice_format(folder->mem, "%s.%016" PRIx64, name, salt).data;
	fd = openat(folder->fd, temporary,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_set(err, ERR_DATA, "%s: %s", name, strerror(errno));
	/* linkat() takes no name that is used. */
	done = write(fd, text.data, text.len) == (ssize_t)text.len &&
	    fsync(fd) == 0 &&
	    linkat(folder->fd, temporary, folder->fd, name, 0) == 0;
	if (!done)
		err_set(err, ERR_DATA, "%s: %s", name, strerror(errno));
	(void)close(fd);
	(void)unlinkat(folder->fd, temporary, 0);
	return done ? 0 : -1;
}

static const char *
file_name(struct slice selector, struct arena *mem)
{
	return slice_format(mem, "%.*s.key", SLICE_ARGS(selector)).data;
}

int
key_folder_open(struct slice directory, struct slice domain, struct arena *mem,
    struct key_folder *ret_folder, struct err *err)
{
	struct key_folder folder = { .mem = mem,
		.domain = slice_lower(mem, domain) };

	if (!key_domain_is_valid(domain))
		return err_set(err, ERR_DATA, "not a domain in A-labels");
	folder.path = slice_format(
	    mem, "%.*s/%.*s", SLICE_ARGS(directory), SLICE_ARGS(folder.domain));
	if (descend_as_owner(folder.path.data, 2, mem, &folder.fd, err) != 0)
		return -1;
	*ret_folder = folder;
	return 0;
}

void
key_folder_close(struct key_folder *folder)
{
	if (folder->fd >= 0)
		(void)close(folder->fd);
	folder->fd = -1;
}

bool
key_folder_has(const struct key_folder *folder, struct slice selector)
{
	struct stat status;

	return fstatat(folder->fd, file_name(selector, folder->mem), &status,
		   AT_SYMLINK_NOFOLLOW) == 0;
}

void
key_folder_remove(const struct key_folder *folder, struct slice selector)
{
	(void)unlinkat(folder->fd, file_name(selector, folder->mem), 0);
}

struct slice
key_folder_file(const struct key_folder *folder, struct slice selector)
{
	return slice_format(folder->mem, "%.*s/%.*s.key",
	    SLICE_ARGS(folder->path), SLICE_ARGS(selector));
}

int
key_folder_generate(const struct key_folder *folder,
    const struct key_spec *spec, struct sign_key *ret_key, struct err *err)
{
	struct slice selector = spec->selector;
	EVP_PKEY *pkey;
	struct slice pem;
	struct sign_key key;
	int status;

	if (!key_selector_is_valid(selector))
		return err_set(err, ERR_DATA, "not a selector");
	pkey = spec->algorithm == KEY_RSA_SHA256 ?
	    EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)spec->rsa_bits) :
	    EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	if (pkey == NULL)
		return err_set(
		    err, ERR_TEMP, "cannot make a key: %s", openssl_reason());
	status = key_to_pem(pkey, folder->mem, &pem, err);
	EVP_PKEY_free(pkey);
	if (status != 0 || key_from_pem(pem, folder->mem, &key, err) != 0)
		return -1;
	if (key_folder_write_file(
		folder, file_name(selector, folder->mem), pem, err) != 0) {
		key_done(&key);
		return err_wrap(err, "%.*s", SLICE_ARGS(folder->path));
	}
	key.file_time = clock_now();
	key.domain = folder->domain;
	key.selector = slice_lower(folder->mem, selector);
	key.path = key_folder_file(folder, selector);
	*ret_key = key;
	return 0;
}
