/* batch.h - lines for one destination, joined up to a number of lines, of
 * bytes, or an age.
 *
 * Frames go in whole, as the journal gives them; at most max_lines lines come
 * out at a time, what is left waits for more. What a batch holds is bounded by
 * max_bytes, however much waits behind it. The struct is open to read. One
 * thread at a time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "line.h"
#include "parcel.h"

struct error;

struct batch_options {
    size_t max_lines; /* 0: as many as fit max_bytes */
    size_t max_bytes; /* raised to LIMIT_FRAME_BYTES: a frame must fit */
    int64_t flush_ns; /* the oldest line waits at most this long for others */
};

struct batch {
    struct batch_options options;
    struct parcel held;
    int64_t oldest_ns; /* monotonic: when the oldest line came */
    int64_t newest_ns; /* and the newest */
};

void batch_init(struct batch *batch, const struct batch_options *options);
void batch_deinit(struct batch *batch);

/* Says what was just appended to batch->held.lines: a frame. */
void batch_add(struct batch *batch, uint64_t first_seq, size_t points,
               int64_t now_ns);

/* No further frame may be added. While this is false there is room for one. */
bool batch_is_full(const struct batch *batch);

/* How long it may still wait for more lines; 0: send it now. An empty batch
 * waits for ever, which is INT64_MAX. */
int64_t batch_wait_ns(const struct batch *batch, int64_t now_ns);

/* Moves the lines to send next to out, whose memory it takes in return. */
void batch_take(struct batch *batch, struct parcel *out);

/* Appends the lines with their stamps, which are in ns, divided down to the
 * precision (towards the past). ERR_BAD_REQUEST for a line that has none,
 * ERR_TOO_LARGE if out is full. */
bool batch_scale(struct text lines, enum precision precision, struct buf *out,
                 struct error *err);
