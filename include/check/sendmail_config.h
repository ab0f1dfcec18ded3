/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_CHECK_SENDMAIL_CONFIG_H
#define SUBMILTER_CHECK_SENDMAIL_CONFIG_H

#include "check/postfix_config.h"

/*
 * The next logical line of a configuration of Sendmail: one that begins with a
 * blank continues the last. It is in reader->text; false at the end.
 */
bool sendmail_next_line(struct line_reader *reader);

/*
 * The value of "key=value" among items with commas. Keys count by their first
 * letter, as they do for Sendmail, in any case.
 */
bool sendmail_find_field(struct slice list, char key, struct slice *ret_value);

/*
 * Whether a line is the option `name`, "O Name=value", with blanks and in any
 * letter case: then *ret_value is what it says.
 */
bool sendmail_is_option(
    struct slice line, struct slice name, struct slice *ret_value);

#endif
