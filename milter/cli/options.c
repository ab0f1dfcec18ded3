/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/options.h"

#include <stdio.h>

void
print_config_fault(void *arg, const char *file, unsigned int line,
    const char *text)
{
	(void)arg;
	if (line == 0)
		fprintf(stderr, "%s: %s\n", file, text);
	else
		fprintf(stderr, "%s:%u: %s\n", file, line, text);
}
