/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_BASE_SUGGEST_H
#define SUBMILTER_BASE_SUGGEST_H

#include "base/str.h"

/*
 * The word that was probably meant: the one that takes the fewest typing
 * errors (a letter too many, missing, wrong, or two exchanged) to become
 * `typed`, letter case ignored. NULL when none is near: more than one error in
 * three letters is not a typing error. Pure and thread-safe.
 */
const char *suggest(struct slice typed, const char *const *words, size_t count);

#endif
