/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory that is not needed any more. */
#include "base/memory.h"

#include <stdlib.h>

#ifdef __GLIBC__
#include <malloc.h>
#endif

void
memory_trim(void)
{
#ifdef __GLIBC__
	(void)malloc_trim(0);
#endif
}
