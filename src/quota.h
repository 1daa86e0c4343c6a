/* quota.h - how the outputs share the journal's room.
 *
 * Half of it is divided evenly: so much every output can count on, whatever the
 * others do. The rest is for whoever needs it. So one that is down for days
 * fills what is left, and its senders get 503, but nobody else's. One thread at
 * a time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ceilings.h"

/* So large may a segment be: room comes back by whole segments, so a share must
 * hold two. */
uint64_t quota_segment_bytes(uint64_t max_bytes, size_t count);

/* The caller sets the first three. */
struct quota {
    uint64_t max_bytes;
    size_t count;                           /* of outputs */
    uint64_t written_bytes[LIMIT_OUTPUTS];  /* and found at the start */
    uint64_t released_bytes[LIMIT_OUTPUTS]; /* of them, deleted */
};

/* Segments of so many bytes are deleted. */
void quota_release(struct quota *quota, size_t output, uint64_t bytes);

uint64_t quota_held(const struct quota *quota, size_t output);
uint64_t quota_held_by_all(const struct quota *quota);
/* How many bytes more the output may have. */
uint64_t quota_left(const struct quota *quota, size_t output);
/* It has nine tenths of what it may have, or more. */
bool quota_is_nearly_full(const struct quota *quota, size_t output);
