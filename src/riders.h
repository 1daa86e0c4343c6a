/* riders.h - what rides in the journal's groups: rows of copies, and the sinks
 * that they are written to.
 *
 * As the lines of outputs do, riders wait in an open row and are written from a
 * busy one. They are rare and may be large (a whole request), so each has
 * memory of its own. The journal owns it all; the open rows and the counts are
 * guarded by its lock, the busy rows are the committer's.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ceilings.h"
#include "text.h"

struct error;

/* Where riders go. self outlives the journal. */
struct journal_sink {
    void *self;
    /* Once per group, with all that rides to this sink. One thread calls,
     * whoever commits. True: all of it is on disk for good. False: unknown; the
     * tickets of those who ride get TICKET_FAILED. */
    bool (*write)(void *self, const struct text *items, size_t count,
                  struct error *err);
    /* Whether so many items would be taken, all that wait for the disk; false
     * refuses the append, with what it says (ERR_FULL). Any thread, under a
     * lock: must not wait. NULL: always. */
    bool (*has_room)(void *self, size_t count, size_t bytes, struct error *err);
    bool is_first; /* written before the lines of the group, not after them */
};

/* Bytes for one sink. They may be larger than the lines of a group, but then
 * they ride alone. */
struct journal_rider {
    unsigned sink;
    struct text bytes;
};

struct rider_row {
    struct text *items;
    size_t count;
    size_t capacity;
    size_t bytes; /* of all items */
};

struct riders {
    struct {
        struct journal_sink to;
        struct rider_row busy;
        struct rider_row open;
        size_t busy_count; /* 0 as soon as they are written and published */
        size_t busy_bytes;
    } sinks[LIMIT_SINKS];
    size_t sink_count;
    size_t open_count; /* in all open rows */
};

void riders_init(struct riders *riders, const struct journal_sink *sinks,
                 size_t count);
void riders_deinit(struct riders *riders);

/* Copies of what one request stores, a row for each sink; not under the lock.
 * ERR_FULL: no memory. rows is zeroed before, and deinited in any case. */
bool rider_rows_copy(struct rider_row rows[LIMIT_SINKS],
                     const struct journal_rider *items, size_t count,
                     struct error *err);
void rider_rows_deinit(struct rider_row rows[LIMIT_SINKS]);

/* Whether all of it would be taken now: ERR_FULL. rows: NULL is nothing. */
bool riders_have_room(const struct riders *riders, const struct rider_row *rows,
                      struct error *err);
/* Takes all of it; its parts of the ticket. */
uint64_t riders_take(struct riders *riders, struct rider_row *rows);
/* The open rows are busy from now on. */
void riders_swap(struct riders *riders);
/* Not under the lock: writes the busy rows of the sinks that are first, or of
 * those that are not; the parts that failed. The last failure is told in *err.
 */
uint64_t riders_write(struct riders *riders, bool is_first, struct error *err);
/* Whether a sink that is not first has something in its busy row. */
bool riders_follow(const struct riders *riders);
/* What was written is known now. */
void riders_publish(struct riders *riders);
