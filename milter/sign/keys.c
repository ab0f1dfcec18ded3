/* SPDX-License-Identifier: BSD-2-Clause */
/* The directory of keys: DOMAIN/SELECTOR.key. A fault costs its domain alone. */
#include "sign/keys.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/map.h"
#include "sign_priv.h"

enum { GOOD_RSA_BITS = 2048 };

struct keystore {
	struct arena mem;
	struct map *domains;	/* to struct domain_keys */
	size_t faults;
};

/* Faults go to the caller's report as they are found. */
struct loader {
	struct keystore *store;
	const struct keystore *previous;	/* or NULL */
	void (*report)(void *arg, bool is_error, const char *text);
	void *arg;
	struct domain_keys *domain;	/* the one that is read now */
};

static void
fault(struct loader *loader, const char *path, const char *text)
{
	struct slice line = slice_format(&loader->store->mem, "key %s: %s",
	    path, text);

	loader->store->faults++;
	if (loader->domain != NULL && loader->domain->fault.len == 0)
		loader->domain->fault = line;
	loader->report(loader->arg, true, line.data);
}

static void
warn(struct loader *loader, const char *path, const char *text)
{
	loader->report(loader->arg, false, slice_format(&loader->store->mem,
	    "key %s: %s", path, text).data);
}

static void
close_directory(DIR **directory)
{
	if (*directory != NULL)
		(void)closedir(*directory);
}

/* SELECTOR.key of a domain; NULL after a fault. */
static const struct sign_key *
read_key(struct loader *loader, const char *path, struct slice domain,
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
	if (key_file_read(path, mem, &text, &file_time, &err) != 0 ||
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

/* The key of that selector before this load, or NULL. */
static const struct sign_key *
find_previous(const struct loader *loader, struct slice domain,
    struct slice selector)
{
	const struct domain_keys *keys = loader->previous == NULL ? NULL
	    : keystore_find(loader->previous, domain);

	for (size_t i = 0; keys != NULL && i < keys->count; i++) {
		if (slice_eq(keys->keys[i]->selector, selector))
			return keys->keys[i];
	}
	return NULL;
}

/* The same key in the memory of this store. */
static const struct sign_key *
copy_key(struct loader *loader, const struct sign_key *key)
{
	struct arena *mem = &loader->store->mem;
	struct sign_key *copy = arena_alloc(mem, sizeof(*copy));

	*copy = *key;
	copy->domain = slice_dup(mem, key->domain);
	copy->selector = slice_dup(mem, key->selector);
	copy->pem = slice_dup(mem, key->pem);
	copy->path = slice_dup(mem, key->path);
	copy->fingerprint = slice_dup(mem, key->fingerprint);
	ENSURE(EVP_PKEY_up_ref(copy->pkey) == 1);
	warn(loader, copy->path.data,
	    "the key that was read before goes on, until a restart");
	return copy;
}

/* The key of a file, or the one that was read before; NULL: neither. */
static const struct sign_key *
load_key(struct loader *loader, const char *path, struct slice domain,
    struct slice selector)
{
	const struct sign_key *key = read_key(loader, path, domain, selector);

	if (key != NULL)
		return key;
	key = find_previous(loader, domain,
	    slice_lower(&loader->store->mem, selector));
	return key == NULL ? NULL : copy_key(loader, key);
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
	why = key_directory_fault(&status);
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

/* A domain that had keys before and has none now. */
static void
keep_keys(struct loader *loader, const struct sign_key **keys)
{
	struct domain_keys *domain = loader->domain;
	const struct domain_keys *before = loader->previous == NULL ? NULL
	    : keystore_find(loader->previous, domain->domain);

	for (size_t i = 0; before != NULL && i < before->count; i++)
		keys[domain->count++] = copy_key(loader, before->keys[i]);
}

/* Reads the keys of loader->domain. */
static void
read_keys(struct loader *loader, const char *path,
    const struct sign_key **keys)
{
	struct domain_keys *domain = loader->domain;
	struct arena *mem = &loader->store->mem;
	size_t count = 0;
	const char **files = list_directory(loader, path, &count);

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
	/* Keys that are away for a moment are not keys that nobody made. */
	if (domain->count == 0 && domain->fault.len == 0)
		fault(loader, path, "there is no key in the directory");
}

static void
load_domain(struct loader *loader, const char *path, struct slice name)
{
	struct arena *mem = &loader->store->mem;
	struct domain_keys *domain = arena_alloc(mem, sizeof(*domain));
	const struct sign_key **keys = arena_array(mem, MAX_KEYS_OF_DOMAIN,
	    sizeof(const struct sign_key *));
	struct domain_keys *first;

	domain->domain = slice_lower(mem, name);
	domain->keys = keys;
	first = map_get(loader->store->domains, domain->domain);
	loader->domain = first == NULL ? domain : first;
	if (first != NULL) {
		fault(loader, path, "the domain is there twice");
	} else {
		ENSURE(map_add(loader->store->domains, domain->domain, domain));
		read_keys(loader, path, keys);
		if (domain->count == 0)
			keep_keys(loader, keys);
	}
	loader->domain = NULL;
}

/* Domains whose directories are gone. */
static void
keep_domains(struct loader *loader, const char *top)
{
	size_t count = loader->previous == NULL ? 0
	    : keystore_domain_count(loader->previous);

	for (size_t i = 0; i < count; i++) {
		const struct domain_keys *before =
		    keystore_domain(loader->previous, i);

		if (keystore_find(loader->store, before->domain) == NULL &&
		    before->count != 0)
			load_domain(loader, slice_format(&loader->store->mem,
			    "%s/%.*s", top, SLICE_ARGS(before->domain)).data,
			    before->domain);
	}
}

int
keystore_load(struct slice directory, const struct keystore *previous,
    void (*report)(void *arg, bool is_error, const char *text), void *arg,
    struct keystore **ret_store, struct err *err)
{
	struct keystore *store = calloc(1, sizeof(*store));
	struct loader loader = { .store = store, .previous = previous,
		.report = report, .arg = arg };
	const char *top;
	const char **names;
	size_t count = 0;

	ENSURE(store != NULL);
	arena_init(&store->mem);
	store->domains = map_new(&store->mem);
	top = slice_cstr(&store->mem, directory);
	names = list_directory(&loader, top, &count);
	if (names == NULL) {
		keystore_free(store);
		return err_set(err, ERR_CONFIG, "no key can be read");
	}
	for (size_t i = 0; i < count; i++) {
		const char *path = slice_format(&store->mem, "%s/%s", top,
		    names[i]).data;
		struct stat status;

		if (stat(path, &status) == 0 && !S_ISDIR(status.st_mode))
			warn(&loader, path, "not used: not in a directory that "
			    "is named after a domain");
		else if (!key_domain_is_valid(slice_of(names[i])))
			warn(&loader, path, "not used: the name of the "
			    "directory is no domain (A-labels)");
		else
			load_domain(&loader, path, slice_of(names[i]));
	}
	keep_domains(&loader, top);
	*ret_store = store;
	return 0;
}

bool
keystore_lacks_keys(const struct keystore *store)
{
	size_t count = store == NULL ? 0 : keystore_domain_count(store);
	bool lacks = store != NULL && count == 0;

	for (size_t i = 0; i < count && !lacks; i++)
		lacks = keystore_domain(store, i)->count == 0;
	return lacks;
}

size_t
keystore_faults(const struct keystore *store)
{
	return store->faults;
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
