/* delivery.h - one parcel, until each of its lines is written or a dead letter.
 *
 * A step is one request and what its answer means: other lines are next, or the
 * same ones after a wait, which is the caller's. Nothing here waits, and all
 * I/O is the outlet's. The struct is open to read. One thread at a time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "burial.h"
#include "doubt.h"
#include "influx.h"
#include "isolate.h"
#include "parcel.h"
#include "portion.h"

/* Where lines go to; self is given to each. */
struct outlet {
    void (*post)(void *self, struct text lines, struct influx_answer *answer);
    bool (*probe)(void *self); /* would a write be taken now? */
    /* As dead_refuse: they are on disk when it returns true. */
    bool (*bury)(void *self, const struct dead_point *points, size_t count,
                 struct error *err);
    void *self;
    int64_t (*mono_ns)(void); /* NULL: clock_mono_ns */
};

struct delivery {
    struct outlet outlet;
    struct portion portion; /* learnt over many parcels */
    unsigned cut_off;       /* writes in a row that got no answer in time */

    struct parcel parcel;
    struct isolate isolate;
    struct burial burial;
    size_t first_unburied; /* the lowest line in burial */
    struct doubt doubt;
    size_t done_at;    /* in the parcel's bytes: where isolate.done begins */
    struct buf body;   /* what is posted, if that is not the whole parcel */
    bool is_isolating; /* some of the parcel was refused */

    /* Over many parcels; the caller may take from them. */
    size_t taken_writes;
    size_t taken_bytes; /* of lines */
    size_t isolated_parcels;
    size_t isolating_requests;
};

/* answer.status when it was not the server that failed. */
enum { DELIVERY_DISK = -10 };

void delivery_init(struct delivery *delivery, const struct outlet *outlet,
                   size_t max_bytes);
/* Frees the memory; the delivery is then as after delivery_init, but for what
 * it learnt. */
void delivery_deinit(struct delivery *delivery);

/* delivery->parcel holds other lines now, at least one. */
void delivery_begin(struct delivery *delivery);

/* All lines are settled. */
bool delivery_is_done(const struct delivery *delivery);
/* How many are, from the first on: they are written, or on disk as dead
 * letters. */
size_t delivery_settled(const struct delivery *delivery);
/* How many of the lines from first up to end are dead. */
size_t delivery_dead(const struct delivery *delivery, size_t first, size_t end);

/* One request, or one try to bury. True: on with the next step. False: not
 * before a wait; answer says why. */
bool delivery_step(struct delivery *delivery, struct influx_answer *answer);
/* Before a stop: what was refused goes to disk, so that it counts as settled.
 * False: it does not, and will be refused again. */
bool delivery_bury(struct delivery *delivery, struct error *err);
