/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_SIGN_KEY_STATES_PRIV_H
#define SUBMILTER_SIGN_KEY_STATES_PRIV_H

#include "sign/key_states.h"

/* Sets what is known of a key, as it was in another process. Thread-safe. */
void key_states_restore(struct key_states *states, const struct sign_key *key,
    const struct key_sighting *sighting);

#endif
