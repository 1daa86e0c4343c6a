/* siphash.h - SipHash-2-4: a hash of bytes that nobody can steer without its
 * key, so what senders choose as names cannot be made to collide. Reentrant. */
#pragma once

#include <stdint.h>

#include "text.h"

struct siphash_key {
    uint64_t halves[2]; /* the 16 bytes of a key, each half little-endian */
};

uint64_t siphash(const struct siphash_key *key, struct text bytes);
