/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_BASE_ERR_H
#define SUBMILTER_BASE_ERR_H

#include "base/ensure.h"

/*
 * Why something did not work: a kind that decides what follows, and a text
 * for people. Functions that fail fill it and return; they do not log. Only
 * the pipeline turns a kind into an SMTP reply.
 */
enum err_kind {
	ERR_NONE,
	ERR_TEMP,   /* try later: the answer is not known now */
	ERR_CONFIG, /* the operator must act */
	ERR_DATA,   /* the input is broken */
	ERR_LIMIT,  /* a bound was hit */
};

enum { ERR_TEXT_BYTES = 480 };

struct err {
	enum err_kind kind;
	char text[ERR_TEXT_BYTES]; /* cut where it is too long */
};

/* Fills *err; returns -1, so that a caller may write "return err_set(...)". */
int err_set(struct err *err, enum err_kind kind, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* Puts "TEXT: " before what err says; keeps its kind; returns -1. */
int err_wrap(struct err *err, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
