/* journal_replay.h - what was delivered and is still kept is journalled once
 * more, so that it is delivered again.
 *
 * For a journal that no gateway has open. One thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct error;
struct file_system;

struct journal_replay {
    const struct file_system *fs;
    const char *dir; /* <data>/journal */
    const char *output;
    uint64_t max_bytes;
    uint64_t min_free_bytes;
    uint64_t segment_bytes;
    int64_t from_ns; /* the points' own times */
    int64_t to_ns;   /* this one is not in it */

    uint64_t points;    /* that were journalled again, also when it failed */
    uint64_t bad_bytes; /* that could not be read, whatever they were */
};

/* True if all that could be read is on disk again. ERR_CONFIG: a gateway has
 * the journal; ERR_FULL: no more of it fits. Doing it again is harmless. */
bool journal_replay(struct journal_replay *replay, struct error *err);
