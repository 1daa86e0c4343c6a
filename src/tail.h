/* tail.h - the next durable frames of one output, oldest first, and how far
 * they are settled.
 *
 * A tail reads what is durable, never more. What it gave is offered again,
 * after a crash too, until tail_settle has passed it: at least once. Segments
 * whose points are all settled are deleted. One thread, the relay.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct error;
struct file_system;
struct journal;
struct tail;

struct tail_options {
    struct journal *journal;
    unsigned output;
    uint64_t keep_ns; /* settled segments stay this long; 0: not at all */
    const struct file_system *fs; /* NULL: the real one */
    int64_t (*mono_ns)(void);     /* NULL: clock_mono_ns; for the cursor */
};

/* Reads the cursor. It may be behind, missing or rubbish, never ahead. */
struct tail *tail_open(const struct tail_options *options, struct error *err);
/* Writes the cursor. */
void tail_close(struct tail *tail);

/* Appends the lines of the next frame to lines; *points how many, *first_seq
 * the number of the first. Waits up to wait_ms for one. False with err->kind
 * ERR_NONE: nothing there yet; ERR_IO: the disk fails, ask again (it has waited
 * for wait_ms). A frame that cannot be read is skipped, saved
 * to quarantine/ and counted. If lines has no room left for the frame nothing
 * is taken: false with ERR_TOO_LARGE. */
bool tail_next(struct tail *tail, int wait_ms, struct buf *lines,
               uint64_t *first_seq, uint32_t *points, struct error *err);

/* Everything before seq is settled. The cursor is written at most once a
 * second; segments that are settled whole are deleted. */
void tail_settle(struct tail *tail, uint64_t seq);

/* Points that are durable and not settled. */
uint64_t tail_pending(const struct tail *tail);
