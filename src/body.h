/* body.h - a request's body as it comes in, piece by piece: within its own
 * limit, and within the memory that all bodies share.
 *
 * One thread, the worker; the count of what all bodies hold is anybody's.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "buf.h"

struct error;

struct body {
    struct buf bytes;
    size_t max_bytes;
    size_t seen_bytes;    /* those that were not kept, too */
    size_t counted_bytes; /* of *held_bytes, its own */
    atomic_size_t *held_bytes;
};

/* held_bytes: of all bodies, at most LIMIT_BODIES_IN_FLIGHT_BYTES. */
void body_init(struct body *body, atomic_size_t *held_bytes);
void body_deinit(struct body *body);
/* Empty, for the next request; the memory of a usual one stays. */
void body_reset(struct body *body);

/* ERR_FULL: all bodies together hold too much for so many bytes more. */
bool body_has_room(const struct body *body, size_t more_bytes,
                   struct error *err);

/* Counts a piece. False: that is twice max_bytes, and no end. */
bool body_see(struct body *body, size_t len);
/* Keeps a piece that was seen. False, and nothing is kept of all of it: it is
 * longer than max_bytes (ERR_TOO_LARGE), or there is no memory (ERR_FULL). */
bool body_keep(struct body *body, const char *piece, size_t len,
               struct error *err);
