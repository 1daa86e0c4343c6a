/* quota.c - see quota.h. */
#include "quota.h"

#include "ceilings.h"

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

uint64_t quota_left(const uint64_t *held_bytes, size_t count, size_t output,
                    uint64_t max_bytes)
{
    uint64_t share_bytes = share_of(max_bytes, count);
    uint64_t taken_bytes = held_bytes[output];
    for (size_t i = 0; i < count; i++)
        if (i != output)
            taken_bytes +=
                held_bytes[i] > share_bytes ? held_bytes[i] : share_bytes;
    return taken_bytes < max_bytes ? max_bytes - taken_bytes : 0;
}

bool quota_is_nearly_full(const uint64_t *held_bytes, size_t count,
                          size_t output, uint64_t max_bytes)
{
    enum { TENTHS_HELD = 9 };
    uint64_t left_bytes = quota_left(held_bytes, count, output, max_bytes);
    return held_bytes[output] / TENTHS_HELD >= left_bytes;
}
