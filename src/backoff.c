/* backoff.c - see backoff.h. */
#include "backoff.h"

#include "clock.h"

static const int64_t least_ns = 10 * NS_PER_MS;

/* first_ns doubled for each failure, without going past the cap. */
static int64_t most_ns(const struct backoff *backoff)
{
    int64_t most = backoff->first_ns;
    for (unsigned i = 0; i < backoff->failures && most < backoff->cap_ns; i++)
        most *= 2;
    return most < backoff->cap_ns ? most : backoff->cap_ns;
}

int64_t backoff_next_ns(struct backoff *backoff, int64_t retry_after_ns,
                        uint64_t random)
{
    int64_t range = most_ns(backoff) - least_ns;
    backoff->failures++;
    if (retry_after_ns > 0)
        return retry_after_ns;
    return range > 0 ? least_ns + (int64_t)(random % (uint64_t)range)
                     : least_ns;
}
