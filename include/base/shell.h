/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_BASE_SHELL_H
#define SUBMILTER_BASE_SHELL_H

#include "base/str.h"

/* One word of a command for a shell, in quotes where it needs them. */
const char *shell_quoted(struct arena *mem, const char *text);

/* "COMMAND WORD", for people to paste: the word is quoted like that. */
const char *shell_command(
    struct arena *mem, const char *command, const char *word);

#endif
