/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_CLI_LOOKUP_H
#define SUBMILTER_CLI_LOOKUP_H

/* "submilter lookup"; argv[0] is "lookup". Returns an exit code. */
int lookup_main(int argc, char **argv);

#endif
