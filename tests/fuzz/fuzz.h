/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_TESTS_FUZZ_H
#define SUBMILTER_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/*
 * What a fuzz target defines; libFuzzer or replay.c calls it with any octets.
 * A fault is a crash, a sanitizer's report, or a broken ENSURE. Returns 0.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
