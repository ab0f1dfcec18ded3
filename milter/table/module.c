/* SPDX-License-Identifier: BSD-2-Clause */
/* Loads the types of tables that need a library of others. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "table/module.h"
#include "table_priv.h"

/* Which module, and package submilter-MODULE, has a type. */
static const struct {
	const char *type, *module;
} rows[] = {
	{ "ldap", "ldap" },
	{ "pgsql", "pgsql" },
	{ "mysql", "mysql" },
	{ "sqlite", "sqlite" },
	{ "redis", "redis" },
	{ "memcache", "memcache" },
	{ "radius", "radius" },
	{ "lmdb", "lmdb" },
	{ "cdb", "cdb" },
	{ "hash", "bdb" },
	{ "btree", "bdb" },
};
enum { ROWS = TABLE_MODULE_TYPES };
_Static_assert(sizeof(rows) / sizeof(rows[0]) == ROWS, "each has a row");

static pthread_mutex_t modules_lock = PTHREAD_MUTEX_INITIALIZER;
static const struct table_ops *loaded[ROWS];

const char *
table_module_type(size_t index)
{
	return index < ROWS ? rows[index].type : NULL;
}

/*
 * Whether nobody but root can have put it there; in a directory that was named
 * by the user who runs this, also that user.
 */
static bool
is_trusted(const struct stat *st, bool is_named)
{
	return (st->st_mode & (S_IWGRP | S_IWOTH)) == 0 &&
	    (st->st_uid == 0 || (is_named && st->st_uid == geteuid()));
}

/* -1: there is no such module, or it may be anybody's. */
static int
check_place(
    const char *directory, const char *path, bool is_named, struct err *err)
{
	const char *places[] = { directory, path };
	struct stat st;

	for (size_t i = 0; i < 2; i++) {
		if (stat(places[i], &st) != 0)
			return errno == ENOENT ?
			    err_set(err, ERR_CONFIG,
				"it is not installed (there is no %s)", path) :
			    err_set(err, ERR_CONFIG, "%s: %s", places[i],
				strerror(errno));
		if (!is_trusted(&st, is_named))
			return err_set(err, ERR_CONFIG,
			    "it is installed, but %s can be changed by others than root: "
			    "chown root it, and chmod go-w",
			    places[i]);
	}
	return 0;
}

static int
check_module(
    const struct table_module *module, const char *path, struct err *err)
{
	struct arena mem;

	if (module == NULL)
		return err_set(
		    err, ERR_CONFIG, "%s is no module of submilter", path);
	if (strcmp(module->version, SUBMILTER_VERSION) == 0)
		return 0;
	arena_init(&mem);
	err_set(err, ERR_CONFIG,
	    "%s is of version %s, and the program that runs of " SUBMILTER_VERSION
	    ": restart it, or install both alike",
	    path, escape(&mem, slice_of(module->version), 40));
	arena_done(&mem);
	return -1;
}

static int
load(const char *path, const struct table_module **ret_module, struct err *err)
{
	void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	const struct table_module *module;

	/* Its text names the file, and the library that is missing. */
	if (object == NULL)
		return err_set(err, ERR_CONFIG, "%s", dlerror());
	module = dlsym(object, "submilter_module");
	if (check_module(module, path, err) != 0) {
		(void)dlclose(object);
		return -1;
	}
	*ret_module = module;
	return 0;
}

/* Loads the module of a row, and enters it for all of its types. */
static int
load_row(size_t index, struct err *err)
{
	const char *named = secure_getenv("SUBMILTER_MODULES");
	const char *directory = named != NULL ? named : PKGLIBDIR;
	const struct table_module *module = NULL;
	CLEANUP(arena_done) struct arena mem;
	const char *path;

	arena_init(&mem);
	path =
	    slice_format(&mem, "%s/%s.so", directory, rows[index].module).data;
	if (check_place(directory, path, named != NULL, err) != 0 ||
	    load(path, &module, err) != 0)
		return -1;
	for (size_t i = 0; i < ROWS; i++) {
		for (const struct table_ops *const *type = module->types;
		     *type != NULL &&
		     strcmp(rows[i].module, rows[index].module) == 0;
		     type++) {
			if (strcmp((*type)->type, rows[i].type) == 0)
				loaded[i] = *type;
		}
	}
	if (loaded[index] == NULL)
		return err_set(err, ERR_CONFIG, "%s has no such type", path);
	return 0;
}

int
table_module_find(
    struct slice type, const struct table_ops **ret_ops, struct err *err)
{
	size_t i = 0;
	int status = 0;

	while (i < ROWS && !slice_eq(type, slice_of(rows[i].type)))
		i++;
	if (i == ROWS)
		return 0;
	ENSURE(pthread_mutex_lock(&modules_lock) == 0);
	if (loaded[i] == NULL)
		status = load_row(i, err);
	if (status == 0)
		*ret_ops = loaded[i];
	ENSURE(pthread_mutex_unlock(&modules_lock) == 0);
	if (status == 0)
		return 1;
	return err_wrap(err, "table type %s needs the package submilter-%s",
	    rows[i].type, rows[i].module);
}
