/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_CLI_HEALTH_H
#define SUBMILTER_CLI_HEALTH_H

/* "submilter health": whether the running milter would serve mail. */
int health_main(int argc, char **argv);

#endif
