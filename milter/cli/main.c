/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>

#include "config.h"

int
main(void)
{
	puts("submilter " SUBMILTER_VERSION);
	return 0;
}
