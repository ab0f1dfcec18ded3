/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_CLI_TEST_H
#define SUBMILTER_CLI_TEST_H

/*
 * "submilter test": what the daemon would do with a message file, with the
 * same code; argv[0] is "test". Returns an exit code.
 */
int test_main(int argc, char **argv);

#endif
