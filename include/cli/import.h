/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_CLI_IMPORT_H
#define SUBMILTER_CLI_IMPORT_H

/* "submilter import": a configuration made of those of others. An exit code. */
int import_main(int argc, char **argv);

#endif
