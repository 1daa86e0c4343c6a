/* edition.h - one reading of the configuration, at work in one worker: the
 * routes that requests are matched against, and the ingest that runs them.
 *
 * A reading is shared by the workers and counted; whoever lets go of it last
 * gives it back to its owner, from any thread. An edition belongs to one worker
 * and stays until its last request is answered, so a reload never changes a
 * request that is under way.
 */
#pragma once

#include <stddef.h>

#include "gate.h"
#include "ingest.h"
#include "network.h"

struct edition;
struct error;
struct pulse;
struct reading;

/* All of it immutable and alive until release is called. */
struct reading_options {
    struct ingest_options ingest; /* without waker, pulse, stops_ns */
    char *const *trusted_proxies; /* networks, NULL-terminated; may be NULL */
    void (*release)(void *owner); /* nobody uses it any more; may be NULL */
    void *owner;
};

/* Held by the caller. ERR_CONFIG for a network that is none; the owner is
 * released also then. */
struct reading *reading_new(const struct reading_options *options,
                            struct error *err);
void reading_release(struct reading *reading);
/* One more holder. */
struct reading *reading_hold(struct reading *reading);
/* For an ingest that is no worker's: what it needs, while the reading is held.
 */
const struct ingest_options *reading_ingest(const struct reading *reading);

struct edition {
    struct reading *reading;
    struct gate gate;
    const struct networks *trusted_proxies;
    struct ingest *ingest;
    struct ingest *slow; /* the lane's; NULL until it is needed */
    size_t under_way;    /* requests that began with it and have not ended */
};

/* Loads the scripts, in any thread; from then on it is its worker's. NULL: an
 * error with file and line. */
struct edition *edition_new(struct reading *reading, int waker,
                            struct pulse *pulse, struct error *err);
/* The ingest for this edition's jobs in the worker's lane; called there only.
 * NULL: a script does not load. */
struct ingest *edition_slow(struct edition *edition, int waker,
                            struct pulse *pulse, struct error *err);
/* NULL is fine. */
void edition_free(struct edition *edition);
