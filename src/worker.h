/* worker.h - one thread that serves senders: its daemons, its loop.
 *
 * A libmicrohttpd daemon per address, driven from the worker's own loop, never
 * from a thread of the library (which waits for a 129th connection when there
 * are 128). Made, told and freed from main only.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "exchange.h"

struct edition;
struct error;
struct peers;
struct reading;
struct worker;

enum { WORKER_ADDRESSES = 16 };

struct worker_options {
    struct desk_shared *shared;
    struct peers *peers;
    struct reading *reading;
    const int *fds;  /* listening; taken over in any case */
    size_t fd_count; /* at most WORKER_ADDRESSES */
    unsigned max_connections;
};

/* Loads the scripts and makes the daemons; no thread runs yet. */
struct worker *worker_new(const struct worker_options *options,
                          struct error *err);
bool worker_start(struct worker *worker, struct error *err);

/* An edition for this worker to change to: NULL if a script does not load. */
struct edition *worker_make_edition(struct worker *worker,
                                    struct reading *reading, struct error *err);
/* Gives it to the worker, which changes between two passes. */
void worker_change(struct worker *worker, struct edition *edition);

/* True, and what says in words which script of which request: it goes on
 * somewhere that no limit reaches, and so does nothing else. */
enum { WORKER_HANG_BYTES = 200 };
bool worker_hangs(struct worker *worker, char what[WORKER_HANG_BYTES]);

/* Makes it look at shared->is_stopping, and at what is said below. */
void worker_wake(struct worker *worker);
/* After is_stopping was set: true once nothing is parked and no request is
 * half read, false if that took longer than wait_ns. */
bool worker_wait_idle(struct worker *worker, int64_t wait_ns);
/* Ends the thread, closes every connection, frees. NULL is fine. */
void worker_free(struct worker *worker);
