/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_CLI_STATUS_H
#define SUBMILTER_CLI_STATUS_H

/*
 * "submilter status": says how the running milter is, by its status file and
 * the configuration on the disk. Returns an exit code: EXIT_YES, EXIT_NO when
 * what is on the disk is not in force, EXIT_NOT_RUNNING, or EXIT_LATER when it
 * cannot be said.
 */
int status_main(int argc, char **argv);

#endif
