/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_CLI_REPLAY_H
#define SUBMILTER_CLI_REPLAY_H

/*
 * "submilter replay": judges the messages of the log by a configuration and its
 * tables, as far as their lines tell; argv[0] is "replay". Changes nothing.
 * Returns an exit code: EXIT_NO when somebody would be hit who was not.
 */
int replay_main(int argc, char **argv);

#endif
