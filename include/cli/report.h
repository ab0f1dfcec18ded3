/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_CLI_REPORT_H
#define SUBMILTER_CLI_REPORT_H

/*
 * "submilter report": what the lines of the log say together; argv[0] is
 * "report". It reads files alone, and neither configuration nor tables. Returns
 * an exit code: EXIT_NO when there was no message, or a file could not be read.
 */
int report_main(int argc, char **argv);

#endif
