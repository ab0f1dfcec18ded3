/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_CLI_RELOAD_H
#define SUBMILTER_CLI_RELOAD_H

/*
 * "submilter reload": has the running milter read its configuration anew, and
 * waits for what becomes of it; argv[0] is "reload". Returns an exit code: 0
 * where it is in force, 1 where it was refused or nothing runs, 75 where the
 * milter does not say.
 */
int reload_main(int argc, char **argv);

#endif
