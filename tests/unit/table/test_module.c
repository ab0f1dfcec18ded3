/* SPDX-License-Identifier: BSD-2-Clause */
/* Which modules are loaded, and which are refused. */
#include "../unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "table/table.h"

/* A directory of modules. */
struct place {
	char path[64];
	char *before; /* of SUBMILTER_MODULES */
};

static struct place
place_new(void)
{
	struct place place = { "/tmp/submilter-modules.XXXXXX", NULL };
	const char *before = getenv("SUBMILTER_MODULES");

	assert_non_null(before);
	assert_non_null(mkdtemp(place.path));
	place.before = strdup(before);
	assert_int_equal(setenv("SUBMILTER_MODULES", place.path, 1), 0);
	return place;
}

static void
place_free(struct place *place)
{
	assert_int_equal(setenv("SUBMILTER_MODULES", place->before, 1), 0);
	free(place->before);
	assert_int_equal(rmdir(place->path), 0);
}

/* Copies a file there, under that name. */
static void
put(const struct place *place, const char *name, const char *from)
{
	FILE *in = fopen(from, "rb"), *out;
	char path[128], octets[4096];
	size_t len;

	assert_non_null(in);
	(void)snprintf(path, sizeof(path), "%s/%s", place->path, name);
	out = fopen(path, "wb");
	assert_non_null(out);
	while ((len = fread(octets, 1, sizeof(octets), in)) > 0)
		assert_int_equal(fwrite(octets, 1, len, out), len);
	assert_int_equal(fclose(in), 0);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(chmod(path, 0644), 0);
}

static void
set_mode(const struct place *place, const char *name, mode_t mode)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", place->path, name);
	assert_int_equal(chmod(path, mode), 0);
}

static void
take_away(const struct place *place, const char *name)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", place->path, name);
	assert_int_equal(unlink(path), 0);
}

/* Naming a table of that type fails, and the fault mentions this. */
static void
check_refused(const char *spec, const char *want)
{
	struct err err;

	assert_int_equal(table_spec_check(slice_of(spec), TABLE_FOR_ADDRESSES,
			     "texthash:/x", &err),
	    -1);
	assert_int_equal(err.kind, ERR_CONFIG);
	if (strstr(err.text, want) == NULL)
		fail_msg("%s: \"%s\" lacks \"%s\"", spec, err.text, want);
}

static const char *
built(const char *name)
{
	static char path[256];

	(void)snprintf(
	    path, sizeof(path), "%s/%s", getenv("top_builddir"), name);
	return path;
}

static void
a_missing_module_names_its_package(void **state)
{
	struct place place = place_new();

	(void)state;
	check_refused("ldap:/x",
	    "table type ldap needs the package submilter-ldap: "
	    "it is not installed (there is no /");
	check_refused("ldap:/x", "/ldap.so)");
	check_refused("hash:/x", "the package submilter-bdb");
	check_refused("btree:/x", "the package submilter-bdb");
	assert_int_equal(rmdir(place.path), 0);
	check_refused("redis:/x",
	    "the package submilter-redis: "
	    "it is not installed");
	assert_int_equal(mkdir(place.path, 0755), 0);
	place_free(&place);
}

static void
another_version_is_refused(void **state)
{
	struct place place = place_new();

	(void)state;
	put(&place, "ldap.so", built("tests/unit/table/other_module.so"));
	check_refused("ldap:/x",
	    "ldap.so is of version 0.0.1, and the program "
	    "that runs of ");
	take_away(&place, "ldap.so");
	place_free(&place);
}

static void
what_is_no_module_is_refused(void **state)
{
	struct place place = place_new();

	(void)state;
	put(&place, "ldap.so", "/etc/passwd");
	check_refused("ldap:/x", "ldap.so: ");
	take_away(&place, "ldap.so");
	put(&place, "pgsql.so", built("tests/unit/table/no_module.so"));
	check_refused("pgsql:/x", "pgsql.so is no module of submilter");
	take_away(&place, "pgsql.so");
	put(&place, "mysql.so", built("milter/backends/cdb.so"));
	check_refused("mysql:/x", "mysql.so has no such type");
	take_away(&place, "mysql.so");
	place_free(&place);
}

static void
what_others_may_write_is_refused(void **state)
{
	struct place place = place_new();

	(void)state;
	put(&place, "cdb.so", built("milter/backends/cdb.so"));
	set_mode(&place, "cdb.so", 0664);
	check_refused("cdb:/x", "cdb.so can be changed by others than root");
	set_mode(&place, "cdb.so", 0646);
	check_refused("cdb:/x", "cdb.so can be changed by others than root");
	set_mode(&place, "cdb.so", 0644);
	set_mode(&place, ".", 01777);
	check_refused("cdb:/x", "can be changed by others than root");
	set_mode(&place, ".", 0700);
	if (geteuid() == 0) {
		assert_int_equal(chown(place.path, 65534, 0), 0);
		check_refused("cdb:/x", "can be changed by others than root");
		assert_int_equal(chown(place.path, 0, 0), 0);
	}
	take_away(&place, "cdb.so");
	place_free(&place);
}

/* Once it is there, it is used, and stays. */
static void
a_module_is_loaded_when_it_is_named(void **state)
{
	struct place place = place_new();
	struct err err;

	(void)state;
	check_refused("cdb:/x", "it is not installed");
	put(&place, "cdb.so", built("milter/backends/cdb.so"));
	for (int i = 0; i < 2; i++) {
		assert_int_equal(table_spec_check(SLICE("cdb:/x"),
				     TABLE_FOR_ADDRESSES, "texthash:/x", &err),
		    0);
		if (i == 0)
			take_away(&place, "cdb.so");
	}
	check_refused("cdb:", "a file is missing behind the colon");
	place_free(&place);
}

/* What a module calls, but the program does not show, is found here. */
static void
each_module_that_was_built_can_be_loaded(void **state)
{
	static const char *const names[] = { "ldap", "pgsql", "mysql", "sqlite",
		"redis", "memcache", "radius", "lmdb", "cdb", "bdb" };
	char path[32];
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct arena mem;
		struct slice spec;
		bool is_bdb = strcmp(names[i], "bdb") == 0;

		(void)snprintf(
		    path, sizeof(path), "milter/backends/%s.so", names[i]);
		if (access(built(path), R_OK) != 0)
			continue;
		arena_init(&mem);
		spec = slice_format(
		    &mem, "%s:/nowhere", is_bdb ? "hash" : names[i]);
		if (table_spec_check(
			spec, TABLE_FOR_LOGINS, "texthash:/x", &err) != 0)
			fail_msg("%s", err.text);
		arena_done(&mem);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_missing_module_names_its_package),
		cmocka_unit_test(another_version_is_refused),
		cmocka_unit_test(what_is_no_module_is_refused),
		cmocka_unit_test(what_others_may_write_is_refused),
		cmocka_unit_test(a_module_is_loaded_when_it_is_named),
		cmocka_unit_test(each_module_that_was_built_can_be_loaded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
