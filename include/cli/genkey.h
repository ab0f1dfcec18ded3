/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_CLI_GENKEY_H
#define SUBMILTER_CLI_GENKEY_H

/* "submilter genkey"; argv[0] is "genkey". Returns an exit code. */
int genkey_main(int argc, char **argv);

#endif
