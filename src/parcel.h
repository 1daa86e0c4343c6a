/* parcel.h - some lines of one output, and the journal's number of each.
 *
 * What one batch holds and one delivery works off. The struct is open to read.
 * A value; one thread at a time.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "buf.h"

struct parcel {
    struct buf lines;   /* whole lines, each with its newline */
    size_t count;       /* how many */
    uint64_t first_seq; /* the number of the first */
    uint64_t end_seq;   /* the one after the last */
    size_t gap_at;      /* from this line on numbers are higher by gap: some */
    uint64_t gap;       /* are missing in the journal */
};

void parcel_init(struct parcel *parcel, size_t max_bytes);
/* Frees the memory; the parcel is then as after parcel_init. */
void parcel_deinit(struct parcel *parcel);

/* Says what was just appended to parcel->lines. A parcel takes one gap. */
void parcel_add(struct parcel *parcel, uint64_t first_seq, size_t count);

/* The number of a line; of the one after the last: end_seq. All points before
 * it are in the lines before it. */
uint64_t parcel_seq(const struct parcel *parcel, size_t line);

/* Moves the first count lines to out, which is emptied before. */
void parcel_take(struct parcel *parcel, size_t count, struct parcel *out);
