/* portion.c - see portion.h. Growth is by a quarter; each time it was too much
 * the next attempt comes twice as late, since most limits never move. */
#include "portion.h"

enum { FIRST_PATIENCE = 16, MOST_PATIENCE = 4096 };

void portion_init(struct portion *portion, size_t max_bytes)
{
    *portion = (struct portion){.max_bytes = max_bytes,
                                .now_bytes = max_bytes,
                                .patience = FIRST_PATIENCE};
}

void portion_taken(struct portion *portion, size_t bytes)
{
    if (portion->now_bytes == portion->max_bytes)
        return;
    if (bytes > portion->good_bytes)
        portion->good_bytes = bytes;
    /* A small one says nothing of large ones. */
    if (bytes >= portion->now_bytes / 2)
        portion->taken++;
    if (portion->taken < portion->patience)
        return;
    size_t more = portion->now_bytes + portion->now_bytes / 4 + 1;
    portion->taken = 0;
    portion->now_bytes = more < portion->max_bytes ? more : portion->max_bytes;
}

void portion_refused(struct portion *portion, size_t bytes)
{
    if (portion->good_bytes >= bytes)
        portion->good_bytes = 0; /* it takes less than it did */
    if (portion->good_bytes > 0 && portion->patience < MOST_PATIENCE)
        portion->patience *= 2;
    size_t half = bytes / 2;
    portion->now_bytes =
        portion->good_bytes > half ? portion->good_bytes : half;
    portion->taken = 0;
}
