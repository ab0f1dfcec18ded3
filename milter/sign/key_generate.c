/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "sign_priv.h"

static int
new_pkey(enum key_algorithm algorithm, unsigned int rsa_bits,
    EVP_PKEY **ret_pkey, struct err *err)
{
	EVP_PKEY *pkey = algorithm == KEY_RSA_SHA256
	    ? EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)rsa_bits)
	    : EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");

	if (pkey == NULL)
		return err_set(err, ERR_TEMP, "cannot make a key: %s",
		    openssl_reason());
	*ret_pkey = pkey;
	return 0;
}

/*
 * A new file or directory belongs to whom the directory above belongs: who
 * runs the milter reads it.
 */
static int
hand_over(const char *path, const char *above)
{
	struct stat status;

	if (geteuid() != 0 || stat(above, &status) != 0 || status.st_uid == 0)
		return 0;
	return lchown(path, status.st_uid, status.st_gid);
}

static int
make_directory(const char *path, const char *above, struct err *err)
{
	if (mkdir(path, 0700) == 0
	    ? above == NULL || hand_over(path, above) == 0
	    : errno == EEXIST)
		return 0;
	return err_set(err, ERR_DATA, "%s: %s", path, strerror(errno));
}

/* All of the file or none of it, and never over another one. */
static int
write_file(const char *path, const char *directory, struct slice text,
    struct arena *mem, struct err *err)
{
	char *temporary = slice_cstr(mem, slice_format(mem, "%s.XXXXXX", path));
	int fd = mkstemp(temporary);
	bool done;

	if (fd < 0)
		return err_set(err, ERR_DATA, "%s: %s", path, strerror(errno));
	/* mkstemp makes it with mode 0600; link() takes no name that is used. */
	done = write(fd, text.data, text.len) == (ssize_t)text.len &&
	    fsync(fd) == 0 && hand_over(temporary, directory) == 0 &&
	    link(temporary, path) == 0;
	if (!done)
		err_set(err, ERR_DATA, "%s: %s", path, strerror(errno));
	(void)close(fd);
	(void)unlink(temporary);
	return done ? 0 : -1;
}

struct slice
key_file(struct arena *mem, struct slice directory, struct slice domain,
    struct slice selector)
{
	return slice_format(mem, "%.*s/%.*s/%.*s.key", SLICE_ARGS(directory),
	    SLICE_ARGS(domain), SLICE_ARGS(selector));
}

int
key_generate(struct slice directory, struct slice domain,
    struct slice selector, enum key_algorithm algorithm, unsigned int rsa_bits,
    struct arena *mem, struct sign_key *ret_key, struct err *err)
{
	const char *top = slice_cstr(mem, directory);
	const char *folder = slice_format(mem, "%s/%.*s", top,
	    SLICE_ARGS(domain)).data;
	const char *path = key_file(mem, directory, domain, selector).data;
	EVP_PKEY *pkey = NULL;
	struct slice pem;
	struct sign_key key;
	int status;

	if (!key_domain_is_valid(domain))
		return err_set(err, ERR_DATA, "not a domain in A-labels");
	if (!key_selector_is_valid(selector))
		return err_set(err, ERR_DATA, "not a selector");
	if (make_directory(top, NULL, err) != 0 ||
	    make_directory(folder, top, err) != 0 ||
	    new_pkey(algorithm, rsa_bits, &pkey, err) != 0)
		return -1;
	status = key_to_pem(pkey, mem, &pem, err);
	EVP_PKEY_free(pkey);
	if (status != 0 || key_from_pem(pem, mem, &key, err) != 0)
		return -1;
	if (write_file(path, top, pem, mem, err) != 0) {
		key_done(&key);
		return -1;
	}
	key.file_time = clock_now();
	key.domain = slice_lower(mem, domain);
	key.selector = slice_lower(mem, selector);
	key.path = slice_of(path);
	*ret_key = key;
	return 0;
}
