/* SPDX-License-Identifier: BSD-2-Clause */
#include "sign/keys.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/map.h"
#include "sign_priv.h"

enum { GOOD_RSA_BITS = 2048, MAX_FILE_BYTES = 65536 };

struct keystore {
	struct arena mem;
	struct map *domains;	/* to struct domain_keys */
};

/* Faults go to the caller's report as they are found. */
struct loader {
	struct keystore *store;
	void (*report)(void *arg, bool is_error, const char *text);
	void *arg;
	size_t faults;
};

static void
fault(struct loader *loader, const char *path, const char *text)
{
	loader->faults++;
	loader->report(loader->arg, true, slice_format(&loader->store->mem,
	    "key %s: %s", path, text).data);
}

static void
warn(struct loader *loader, const char *path, const char *text)
{
	loader->report(loader->arg, false, slice_format(&loader->store->mem,
	    "key %s: %s", path, text).data);
}

static void
close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

static void
close_directory(DIR **directory)
{
	if (*directory != NULL)
		(void)closedir(*directory);
}

/* Whoever can write to a key or its directory can sign for the domain. */
static const char *
owner_fault(const struct stat *status, bool is_file)
{
	if (status->st_uid != 0 && status->st_uid != geteuid())
		return "belongs neither to root nor to the user that runs this";
	if (is_file && (status->st_mode & 077) != 0)
		return "group or others can use it: chmod 600";
	if (!is_file && (status->st_mode & 022) != 0 &&
	    (status->st_mode & S_ISVTX) == 0)
		return "group or others can write to the directory";
	return NULL;
}

static int
read_file(const char *path, struct arena *mem, struct slice *ret_text,
    time_t *ret_time, struct err *err)
{
	CLEANUP(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat status;
	char *text;
	size_t len = 0;
	const char *why;

	if (fd < 0 || fstat(fd, &status) != 0)
		return err_set(err, ERR_CONFIG, "%s", strerror(errno));
	if (!S_ISREG(status.st_mode))
		return err_set(err, ERR_CONFIG, "not a file");
	why = owner_fault(&status, true);
	if (why != NULL)
		return err_set(err, ERR_CONFIG, "%s", why);
	if (status.st_size > MAX_FILE_BYTES)
		return err_set(err, ERR_CONFIG, "too large for a key");
	text = arena_alloc(mem, (size_t)status.st_size + 1);
	while (len < (size_t)status.st_size) {
		ssize_t got = read(fd, text + len,
		    (size_t)status.st_size - len);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_set(err, ERR_CONFIG, "%s", strerror(errno));
		if (got == 0)
			break;
		len += (size_t)got;
	}
	*ret_text = (struct slice){ text, len };
	*ret_time = status.st_mtim.tv_sec;
	return 0;
}

/* SELECTOR.key of a domain; NULL after a fault. */
static const struct sign_key *
load_key(struct loader *loader, const char *path, struct slice domain,
    struct slice selector)
{
	struct arena *mem = &loader->store->mem;
	struct sign_key *key = arena_alloc(mem, sizeof(*key));
	struct slice text;
	time_t file_time = 0;
	struct err err;

	if (!key_selector_is_valid(selector)) {
		fault(loader, path, "the name of the file is no selector");
		return NULL;
	}
	if (read_file(path, mem, &text, &file_time, &err) != 0 ||
	    key_from_pem(text, mem, key, &err) != 0) {
		fault(loader, path, err.text);
		return NULL;
	}
	key->file_time = file_time;
	key->domain = domain;
	key->selector = slice_lower(mem, selector);
	key->path = slice_dup(mem, slice_of(path));
	if (key->algorithm == KEY_RSA_SHA256 && key->bits < GOOD_RSA_BITS)
		warn(loader, path, "an RSA key of less than 2048 bits is weak "
		    "(RFC 8301)");
	return key;
}

static void
free_keys(struct domain_keys *domain)
{
	for (size_t i = 0; i < domain->count; i++)
		EVP_PKEY_free(domain->keys[i]->pkey);
	domain->count = 0;
}

/* S1.key and s1.key are one name in the DNS. */
static bool
has_selector(const struct domain_keys *domain, struct slice selector)
{
	for (size_t i = 0; i < domain->count; i++) {
		if (slice_eq(domain->keys[i]->selector, selector))
			return true;
	}
	return false;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Names in a directory in order, "." files left out; NULL after a fault. */
static const char **
list_directory(struct loader *loader, const char *path, size_t *ret_count)
{
	CLEANUP(close_directory) DIR *directory = opendir(path);
	struct arena *mem = &loader->store->mem;
	void *names = NULL;
	size_t cap = 0, count = 0;
	struct stat status;
	const struct dirent *entry;
	const char *why;

	if (directory == NULL || fstat(dirfd(directory), &status) != 0) {
		fault(loader, path, strerror(errno));
		return NULL;
	}
	why = owner_fault(&status, false);
	if (why != NULL) {
		fault(loader, path, why);
		return NULL;
	}
	arena_reserve_one(mem, &names, &cap, 0, sizeof(const char *));
	while ((entry = readdir(directory)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		arena_reserve_one(mem, &names, &cap, count,
		    sizeof(const char *));
		((const char **)names)[count++] =
		    slice_cstr(mem, slice_of(entry->d_name));
	}
	qsort(names, count, sizeof(const char *), by_name);
	*ret_count = count;
	return names;
}

static void
load_domain(struct loader *loader, const char *path, struct slice name)
{
	struct arena *mem = &loader->store->mem;
	struct domain_keys *domain = arena_alloc(mem, sizeof(*domain));
	const struct sign_key **keys = arena_array(mem, MAX_KEYS_OF_DOMAIN,
	    sizeof(const struct sign_key *));
	const char **files;
	size_t count = 0;

	domain->domain = slice_lower(mem, name);
	domain->keys = keys;
	files = list_directory(loader, path, &count);
	if (files == NULL)
		return;
	for (size_t i = 0; i < count; i++) {
		struct slice file = slice_of(files[i]);
		const char *key_path = slice_format(mem, "%s/%s", path,
		    files[i]).data;
		const struct sign_key *key;

		if (!slice_ends_nocase(file, SLICE(".key"))) {
			warn(loader, key_path, "not used: not named SELECTOR.key");
			continue;
		}
		if (domain->count == MAX_KEYS_OF_DOMAIN) {
			fault(loader, key_path,
			    "more keys than one message can be signed with");
			break;
		}
		key = load_key(loader, key_path, domain->domain,
		    slice_sub(file, 0, file.len - 4));
		if (key == NULL)
			continue;
		if (has_selector(domain, key->selector)) {
			fault(loader, key_path, "the selector is there twice");
			EVP_PKEY_free(key->pkey);
			continue;
		}
		keys[domain->count++] = key;
	}
	if (!map_add(loader->store->domains, domain->domain, domain)) {
		fault(loader, path, "the domain is there twice");
		free_keys(domain);
	} else if (domain->count == 0) {
		warn(loader, path, "there is no key in the directory");
	}
}

int
keystore_load(struct slice directory,
    void (*report)(void *arg, bool is_error, const char *text), void *arg,
    struct keystore **ret_store, struct err *err)
{
	struct keystore *store = calloc(1, sizeof(*store));
	struct loader loader = { store, report, arg, 0 };
	const char *top;
	const char **names;
	size_t count = 0;

	ENSURE(store != NULL);
	arena_init(&store->mem);
	store->domains = map_new(&store->mem);
	top = slice_cstr(&store->mem, directory);
	names = list_directory(&loader, top, &count);
	for (size_t i = 0; names != NULL && i < count; i++) {
		const char *path = slice_format(&store->mem, "%s/%s", top,
		    names[i]).data;
		struct stat status;

		if (stat(path, &status) == 0 && !S_ISDIR(status.st_mode))
			warn(&loader, path, "not used: not in a directory that "
			    "is named after a domain");
		else if (!key_domain_is_valid(slice_of(names[i])))
			fault(&loader, path,
			    "the name of the directory is no domain (A-labels)");
		else
			load_domain(&loader, path, slice_of(names[i]));
	}
	if (loader.faults > 0) {
		keystore_free(store);
		return err_set(err, ERR_CONFIG, "%zu fault%s in the keys",
		    loader.faults, loader.faults == 1 ? "" : "s");
	}
	*ret_store = store;
	return 0;
}

void
keystore_free(struct keystore *store)
{
	if (store == NULL)
		return;
	for (size_t i = 0; i < map_count(store->domains); i++) {
		const struct domain_keys *domain =
		    map_entry(store->domains, i, NULL);

		for (size_t k = 0; k < domain->count; k++)
			EVP_PKEY_free(domain->keys[k]->pkey);
	}
	arena_done(&store->mem);
	free(store);
}

const struct domain_keys *
keystore_find(const struct keystore *store, struct slice domain)
{
	return map_get(store->domains, domain);
}

size_t
keystore_domain_count(const struct keystore *store)
{
	return map_count(store->domains);
}

const struct domain_keys *
keystore_domain(const struct keystore *store, size_t index)
{
	return map_entry(store->domains, index, NULL);
}
