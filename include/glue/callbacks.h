/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_GLUE_CALLBACKS_H
#define SUBMILTER_GLUE_CALLBACKS_H

#include "pipeline/snapshot.h"

/*
 * Registers with libmilter what it shall call. Each message takes the snapshot
 * that stands in *slot when it begins; *slot outlives libmilter. Call it once,
 * before smfi_opensocket().
 */
MUST_USE int callbacks_register(struct snapshot_slot *slot, struct err *err);

#endif
