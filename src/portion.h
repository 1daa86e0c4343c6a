/* portion.h - how many bytes of lines a server takes in one write.
 *
 * As many as configured, until it says that this is too large. What it then
 * takes is remembered, and now and then a little more is tried. A value; one
 * thread at a time.
 */
#pragma once

#include <stddef.h>

struct portion {
    size_t max_bytes;  /* as configured */
    size_t now_bytes;  /* what the next write may have */
    size_t good_bytes; /* the largest write that was taken since one was not */
    unsigned taken;    /* writes about that large, in a row */
    unsigned patience; /* so many of them before more is tried */
};

void portion_init(struct portion *portion, size_t max_bytes);

/* A write of so many bytes was taken. */
void portion_taken(struct portion *portion, size_t bytes);
/* One was not, for being too large: the next has half of it, or what was taken
 * before if that is more. */
void portion_refused(struct portion *portion, size_t bytes);
