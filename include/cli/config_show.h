/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_CLI_CONFIG_SHOW_H
#define SUBMILTER_CLI_CONFIG_SHOW_H

/*
 * "submilter config": every option, its value and where that comes from; with
 * --diff, what the running milter has otherwise. Returns an exit code: EXIT_NO
 * for a configuration with faults, or for one that differs.
 */
int config_main(int argc, char **argv);

#endif
