/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_REPAIR_DECODE_PRIV_H
#define SUBMILTER_REPAIR_DECODE_PRIV_H

#include "message/decode.h"

/* Decoded text on its way: LF becomes CR LF; NUL and CR alone are a failure. */
struct line_ends {
	encode_sink *sink;
	void *arg;
	bool pending_cr;
	bool failed;
};

/* arg: a struct line_ends. Line ends come out by themselves. */
void line_ends_add(void *arg, struct slice text);
/* False: the text cannot be in a body as it is. */
MUST_USE bool line_ends_finish(const struct line_ends *ends);

#endif
