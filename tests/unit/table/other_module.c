/* SPDX-License-Identifier: BSD-2-Clause */
/* A module as another version of the program would have it. */
#include "table/module.h"

static const struct table_ops *const types[] = { NULL };
const struct table_module submilter_module = { "0.0.1", types };
