/* server.h - the senders' HTTP door: listening, the loop of a worker, parked
 * senders, deadlines, one status per kind of error.
 *
 * Each worker is a thread with a libmicrohttpd daemon of its own on the same
 * addresses (SO_REUSEPORT), driven from its own loop, and with its own struct
 * ingest. Start and stop from main only.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "edition.h"

struct deadlines;
struct error;
struct progress;
struct recorder;
struct server;

struct server_options {
    char *const *listen; /* "127.0.0.1:8580", "[::1]:8580"; NULL-terminated */
    unsigned workers;
    struct reading_options reading;
    struct progress *progress;         /* NULL: no route has ack = "written" */
    struct recorder *recorder;         /* NULL: nothing is recorded */
    const struct deadlines *deadlines; /* NULL: the default, see sender.h */
};

/* Binds (after a probe without SO_REUSEPORT, so that a second program on the
 * port is an error), loads the scripts, starts the threads. ERR_IO names the
 * address. */
struct server *server_start(const struct server_options *options,
                            struct error *err);

/* From the next pass of each worker on, new requests are handled by this
 * reading; those under way end with the one that they began with. False, and
 * nothing has changed: an error of a script, with file and line. The reading's
 * owner is released in time, also then. */
bool server_reload(struct server *server, const struct reading_options *reading,
                   struct error *err);

/* The reading that new requests are handled by, held for the caller. Any
 * thread. */
struct reading *server_reading(struct server *server);

/* True: a worker hangs in a script, what says where. To be asked now and then,
 * by one thread. */
bool server_hangs(struct server *server, char *what, size_t size);

/* New requests get 503 and close; returns once nothing is parked and no
 * request is half read, after 1.5 s at most. The threads may still run. */
void server_drain(struct server *server);

/* Ends the threads and frees everything; for tests. `serve` drains and exits.
 */
void server_stop(struct server *server);

/* The port of the first address, for port 0. */
unsigned server_port(const struct server *server);
