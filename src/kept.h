/* kept.h - why a request is kept: a reason for each thing in it that failed.
 *
 * A reason is one line of printable UTF-8, whatever bytes went into it. As many
 * are held as fit; the others are counted. One thread at a time.
 */
#pragma once

#include <stddef.h>

#include "buf.h"
#include "text.h"

enum { KEPT_REASON_BYTES = 500 }; /* a longer one is cut */

struct kept {
    struct buf lines; /* a reason a line */
    size_t count;     /* those that did not fit too; 0: nothing is kept */
};

void kept_init(struct kept *kept);
void kept_deinit(struct kept *kept);
void kept_clear(struct kept *kept);

/* prefix and reason are one line together. */
void kept_add(struct kept *kept, struct text prefix, struct text reason);

/* All of it as one line of at most KEPT_REASON_BYTES: the first reason, and
 * how many more there are. Appends to out. */
void kept_summary(const struct kept *kept, struct buf *out);

/* How much there is now, to go back to it. */
struct kept_mark {
    size_t bytes, count;
};
struct kept_mark kept_mark(const struct kept *kept);
void kept_take_back(struct kept *kept, struct kept_mark mark);
