/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_CLI_KEYS_H
#define SUBMILTER_CLI_KEYS_H

/*
 * "submilter keys": what DNS shows of each key, and which ones sign; argv[0] is
 * "keys". Changes nothing. Returns an exit code.
 */
int keys_main(int argc, char **argv);

#endif
