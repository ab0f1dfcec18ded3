/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_MESSAGE_BASE64_H
#define SUBMILTER_MESSAGE_BASE64_H

#include "base/str.h"

/* Of at most a megabyte; one line, with its padding. */
struct slice base64(struct arena *mem, const unsigned char *data, size_t len);
/* Base64 without white space, with its padding; false for anything else. */
MUST_USE bool base64_decode(
    struct arena *mem, struct slice text, struct slice *ret_octets);

#endif
