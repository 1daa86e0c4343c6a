/* quota.h - how the outputs share the journal's room.
 *
 * Half of it is divided evenly: so much every output can count on, whatever the
 * others do. The rest is for whoever needs it. So one that is down for days
 * fills what is left, and its senders get 503, but nobody else's. Reentrant.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* So large may a segment be: room comes back by whole segments, so a share must
 * hold two. */
uint64_t quota_segment_bytes(uint64_t max_bytes, size_t count);

/* How many bytes more the output may have; held_bytes: of each, count of them.
 */
uint64_t quota_left(const uint64_t *held_bytes, size_t count, size_t output,
                    uint64_t max_bytes);
/* It has nine tenths of what it may have, or more. */
bool quota_is_nearly_full(const uint64_t *held_bytes, size_t count,
                          size_t output, uint64_t max_bytes);
