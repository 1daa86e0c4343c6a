/* quota.c - see quota.h. */
#include "quota.h"

static uint64_t share_of(uint64_t max_bytes, size_t count)
{
    return max_bytes / 2 / count;
}

uint64_t quota_segment_bytes(uint64_t max_bytes, size_t count)
{
    uint64_t half_bytes = count > 0 ? share_of(max_bytes, count) / 2 : 0;
    if (half_bytes < LIMIT_FRAME_BYTES)
        return LIMIT_FRAME_BYTES;
    return half_bytes < LIMIT_SEGMENT_BYTES ? half_bytes : LIMIT_SEGMENT_BYTES;
}

void quota_release(struct quota *quota, size_t output, uint64_t bytes)
{
    uint64_t held_bytes = quota_held(quota, output);
    quota->released_bytes[output] += bytes < held_bytes ? bytes : held_bytes;
}

uint64_t quota_held(const struct quota *quota, size_t output)
{
    return quota->written_bytes[output] - quota->released_bytes[output];
}

uint64_t quota_held_by_all(const struct quota *quota)
{
    uint64_t sum_bytes = 0;
    for (size_t i = 0; i < quota->count; i++)
        sum_bytes += quota_held(quota, i);
    return sum_bytes;
}

uint64_t quota_left(const struct quota *quota, size_t output)
{
    uint64_t share_bytes = share_of(quota->max_bytes, quota->count);
    uint64_t taken_bytes = 0;
    for (size_t i = 0; i < quota->count; i++) {
        uint64_t held_bytes = quota_held(quota, i);
        bool counts_held = i == output || held_bytes > share_bytes;
        taken_bytes += counts_held ? held_bytes : share_bytes;
    }
    return taken_bytes < quota->max_bytes ? quota->max_bytes - taken_bytes : 0;
}

bool quota_is_nearly_full(const struct quota *quota, size_t output)
{
    enum { TENTHS_HELD = 9 };
    return quota_held(quota, output) / TENTHS_HELD >= quota_left(quota, output);
}
