/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_MESSAGE_DISPLAY_PRIV_H
#define SUBMILTER_MESSAGE_DISPLAY_PRIV_H

#include <unicode/ustring.h>

#include "message/display.h"

/* Adds UTF-16 as UTF-8; what is no character becomes U+FFFD. */
void display_add_utf8(struct strbuf *buf, const UChar *text, int32_t len);

#endif
