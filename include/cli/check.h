/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_CLI_CHECK_H
#define SUBMILTER_CLI_CHECK_H

/*
 * "submilter check": what would break at night, in the configuration, its
 * tables and keys, the socket, and the MTA's own settings; argv[0] is "check".
 * Started as root it reads tables and keys as the milter's user, in a child
 * process. Changes nothing. Returns an exit code: 0 no errors (warnings are
 * allowed), 1 errors, 2 usage, 75 when something could not be looked at now.
 */
int check_main(int argc, char **argv);

#endif
