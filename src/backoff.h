/* backoff.h - how long to wait before the next try.
 *
 * Each failure doubles the most that is waited, up to the cap; how
 * much of it is left to chance, so that many who failed together do not come
 * back together. A value; one thread at a time.
 */
#pragma once

#include <stdint.h>

struct backoff {
    int64_t first_ns; /* the most that is waited after the first failure */
    int64_t cap_ns;
    unsigned failures; /* in a row; 0 after a success */
};

/* Counts a failure. retry_after_ns: what the server asked for, 0 if nothing;
 * it is obeyed. random: 64 random bits. */
int64_t backoff_next_ns(struct backoff *backoff, int64_t retry_after_ns,
                        uint64_t random);
