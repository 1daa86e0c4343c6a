/* relay.h - journalled lines become batches, each settled: every line of it is
 * written, or refused and kept as a dead letter.
 *
 * One request in flight per output, in order, unless told otherwise. What it
 * does is seen in the log, in stats.h and through relay_status.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "influx.h"

struct dead;
struct error;
struct file_system;
struct journal;
struct progress;
struct relay;

struct relay_options {
    const char *name; /* of the output */
    unsigned output;  /* its number in the journal and in stats */
    struct journal *journal;
    struct dead *dead;         /* where refused points are kept */
    struct progress *progress; /* is told what is settled; may be NULL */
    uint64_t keep_ns;          /* journal.keep */
    const char *file;          /* write there ("-": stdout); NULL: to influx */
    struct influx_options influx;
    unsigned batch_lines;
    size_t batch_bytes;
    unsigned parallel;     /* requests in flight; 0: one, and so for a file */
    int64_t flush_ns;      /* a batch waits at most this long to fill */
    int64_t first_wait_ns; /* at most, after a first failure; 0: 0.1 s */
    const struct file_system *fs; /* NULL: the real one */
};

/* Starts a thread for each request in flight. The strings in options must
 * outlive the relay. */
struct relay *relay_start(const struct relay_options *options,
                          struct error *err);
/* Waits until all that is durable is delivered, wait_ms at most, and not for an
 * output that is failing: what is left stays in the journal. True: nothing is
 * left. */
bool relay_await_settled(struct relay *relay, int wait_ms);
/* Asks it to end: a request under way is broken off; what is known to be
 * settled, is. Returns when its threads have ended and the cursor is written.
 */
void relay_stop(struct relay *relay);

/* From any thread: see influx_secret_changed. */
void relay_token_changed(struct relay *relay);

struct relay_status {
    int64_t failing_since_ns; /* wall time, 0: it is not */
    uint64_t pending_points;
    size_t write_bytes;       /* lines of the last write */
    size_t write_limit_bytes; /* what the next may have, after a 413 less */
    char reason[512];         /* of the last failure */
};
void relay_status(struct relay *relay, struct relay_status *status);
