/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_CLI_EXPLAIN_H
#define SUBMILTER_CLI_EXPLAIN_H

/*
 * "submilter explain": what became of one message, in sentences, by its line in
 * the log; argv[0] is "explain". It reads files alone, and neither configuration
 * nor tables. Returns an exit code: EXIT_NO when no line has the identifier, or
 * a file could not be read.
 */
int explain_main(int argc, char **argv);

#endif
