/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_TESTS_CONF_REPORTS_H
#define SUBMILTER_TESTS_CONF_REPORTS_H

#include "../unit.h"

#include "conf/config.h"

/* Gathers reports as "FILE:LINE: TEXT\n"; arg is a struct strbuf. */
static inline void
gather(void *arg, const char *file, unsigned int line, const char *text)
{
	strbuf_addf(arg, "%s:%u: %s\n", file, line, text);
}

#endif
