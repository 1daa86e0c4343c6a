/* exchange.h - one request of a sender, from its first line to our last word.
 *
 * A desk is where one worker's exchanges are handled: its edition, its senders,
 * and the exchanges that are parked until their ticket is durable. An exchange
 * and all its memory are used again for a later request; it keeps the edition
 * that it began with. One thread, the worker; what is shared between workers
 * says so.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <microhttpd.h>

#include "lane.h"
#include "parking.h"
#include "sender.h"

struct edition;
struct exchange;
struct journal;
struct progress;
struct recorder;

/* Shared by all workers, immutable but for the atomics. */
struct desk_shared {
    struct journal *journal;   /* NULL: nothing is stored */
    struct progress *progress; /* NULL: nobody waits for an output */
    struct recorder *recorder; /* NULL: nothing is recorded */
    struct deadlines deadlines;
    atomic_bool is_stopping;  /* new requests: 503 and close */
    atomic_size_t body_bytes; /* in memory, of all requests under way */
};

/* The daemon's; a parked connection has any other. */
enum { EXCHANGE_TIMEOUT_S = 60 };

struct desk {
    struct desk_shared *shared;
    struct edition *edition; /* of requests that begin now */
    struct senders senders;
    int64_t now_ns;   /* monotonic, once a pass */
    size_t under_way; /* exchanges that are neither answered nor broken off */
    struct parking parking;
    struct lane *lane; /* for scripts that are too slow; NULL: none */
    struct exchange *spare;
    size_t spare_count;
    size_t freed_count; /* also of connections; since memory was trimmed */
};

void desk_deinit(struct desk *desk);

/* From now on requests begin with this edition, which is the desk's now. The
 * one before goes with its last request. */
void desk_change(struct desk *desk, struct edition *edition);

/* For libmicrohttpd, in the order of a request's life; cls is the desk. */
void *exchange_begin(void *cls, const char *target,
                     struct MHD_Connection *connection);
enum MHD_Result exchange_handle(void *cls, struct MHD_Connection *connection,
                                const char *url, const char *method,
                                const char *version, const char *bytes,
                                size_t *len, void **state);
void exchange_end(void *cls, struct MHD_Connection *connection, void **state,
                  enum MHD_RequestTerminationCode why);

/* Once a pass: what has run in the lane waits for its ticket now, or is
 * answered. */
void exchange_take_from_lane(struct desk *desk);
