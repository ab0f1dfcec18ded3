/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory that mail needed goes back when mail pauses. */
#include "base/memory.h"
#include "base/metrics.h"
#include "daemon_priv.h"

enum { PAUSE_US = 30 * 1000000 };

static unsigned long
messages_so_far(void)
{
	size_t series = metric_form(METRIC_MESSAGES)->series;
	unsigned long count = 0;

	for (size_t i = 0; i < series; i++)
		count += (unsigned long)metric_value(METRIC_MESSAGES, i);
	return count;
}

void
idle_start(struct idle *idle, uint64_t now_us)
{
	idle->messages = messages_so_far();
	idle->due_us = now_us + PAUSE_US;
}

void
idle_look(struct idle *idle, uint64_t now_us)
{
	if (messages_so_far() != idle->messages) {
		idle_start(idle, now_us);
	} else if (idle->due_us != 0 && now_us >= idle->due_us) {
		memory_give_back();
		idle->due_us = 0;
	}
}
