/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_TABLE_MODULE_H
#define SUBMILTER_TABLE_MODULE_H

#include "config.h"

#include "table/backend.h"

/*
 * Types of tables that need a library of others. Each source file of
 * milter/backends is a shared object, PKGLIBDIR/NAME.so, that is loaded when a
 * table of its type is first named: neither the program nor the base package
 * knows the library. A module calls functions of the program that
 * milter/backends/exports lists. It is never unloaded.
 *
 * A backend whose data is a file fills struct table_ops (table/backend.h) itself;
 * one that asks a server fills struct server_ops, too (table/server.h), and its
 * table_ops have server_lookup() behind them. Its last line is
 *
 *	TABLE_MODULE(&table_redis);
 *
 * It also needs a row in milter/table/module.c, in milter/backends/local.mk and
 * in configure.ac.
 */
struct table_module {
	/* The program's: a module of another version is refused. */
	const char *version;
	/* Ends with NULL. */
	const struct table_ops *const *types;
};

extern const struct table_module submilter_module
    __attribute__((visibility("default")));

/* Stands once in a module: the types that it has. */
#define TABLE_MODULE(...)                                                 \
	static const struct table_ops *const submilter_module_types[] = { \
		__VA_ARGS__, NULL                                         \
	};                                                                \
	const struct table_module submilter_module = { SUBMILTER_VERSION, \
		submilter_module_types }

#endif
