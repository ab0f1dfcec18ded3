/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_MESSAGE_STAMP_H
#define SUBMILTER_MESSAGE_STAMP_H

#include <stdbool.h>
#include <time.h>

#include "base/str.h"

/*
 * Whether a Date value is a date of RFC 5322 section 3.3, or of its obsolete
 * forms in section 4.3 (two-digit years, zone names, comments): a date that
 * exists, on the weekday that it names, with a zone.
 */
bool date_is_valid(struct slice value);

/* "Mon, 23 Nov 2026 10:15:30 +0000", in UTC. */
struct slice date_format(struct arena *mem, time_t when);

/*
 * Whether a Message-ID value is one msg-id of RFC 5322 section 3.6.4, or has
 * quotes on the left side as RFC 2822 allowed; blanks and comments may stand
 * around it.
 */
bool message_id_is_valid(struct slice value);

/*
 * A Message-ID for a value that is none: the same identifier with its angle
 * brackets where only those are missing (so that threads stay together), else a
 * new one.
 */
struct slice message_id_repair(struct arena *mem, struct slice value,
    struct slice hostname, time_t when);

/* A new one, "<DATE.RANDOM@hostname>", unguessable and unique. */
struct slice message_id_new(struct arena *mem, struct slice hostname,
    time_t when);

#endif
