/* doubt.c - see doubt.h. Once lines are to blame, a part of them that fails too
 * is split without waiting for more: nothing is given up by that. */
#include "doubt.h"

#include "clock.h"

enum { ENOUGH_TRIES = 8 };

#define ENOUGH_NS (10 * 60 * NS_PER_S)

enum doubt_says doubt_failed(struct doubt *doubt, size_t lines, bool was_well,
                             int64_t now_ns)
{
    if (!was_well) {
        doubt->tries = 0;
        return DOUBT_AGAIN;
    }
    if (doubt->tries++ == 0)
        doubt->since_ns = now_ns;
    bool is_long = now_ns - doubt->since_ns >= ENOUGH_NS;
    bool is_enough = is_long || doubt->tries >= ENOUGH_TRIES;
    if (lines > 1) {
        if (!is_enough && !doubt->blames_lines)
            return DOUBT_AGAIN;
        doubt->blames_lines = true;
        return DOUBT_LINES;
    }
    if (!is_enough)
        return DOUBT_AGAIN;
    return is_long || doubt->others_passed ? DOUBT_LINES : DOUBT_OTHERS;
}

void doubt_move_on(struct doubt *doubt, bool were_written)
{
    doubt->tries = 0;
    if (were_written && doubt->blames_lines)
        doubt->others_passed = true;
}
