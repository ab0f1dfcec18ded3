/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_MESSAGE_ADDRESS_PRIV_H
#define SUBMILTER_MESSAGE_ADDRESS_PRIV_H

#include "message/address.h"

/* Whether every token with "=?" in it is a word that programs agree on. */
bool address_words_are_plain(struct slice text, struct arena *mem);

#endif
