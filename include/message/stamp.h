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

/*
 * The date that a value means though it is not valid: a wrong weekday, one in
 * another language, a full name of a month, a time of one digit, "+01:00". Day,
 * time and zone stay as they are written. False when the value does not say
 * them all.
 */
bool date_repair(struct arena *mem, struct slice value, struct slice *ret_date);

/* "Mon, 23 Nov 2026 10:15:30 +0000", in UTC. */
struct slice date_format(struct arena *mem, time_t when);

/*
 * Whether a Message-ID value is one identifier in angle brackets that programs
 * can compare: printable octets without blanks. RFC 5322 section 3.6.4 asks for
 * more, but replies and ticket systems refer to it as it is. Blanks and
 * comments may stand around it.
 */
bool message_id_is_usable(struct slice value);

/*
 * A Message-ID for a value that is not usable: the first identifier in it, with
 * the angle brackets that it lacks, so that threads stay together; a new one
 * where there is none.
 */
struct slice message_id_repair(
    struct arena *mem, struct slice value, struct slice hostname, time_t when);

/* A new one, "<DATE.RANDOM@hostname>", unguessable and unique. */
struct slice message_id_new(
    struct arena *mem, struct slice hostname, time_t when);

#endif
