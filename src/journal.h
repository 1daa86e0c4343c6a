/* journal.h - the promise: a write we answered 204 is offered to InfluxDB
 * until it accepts or refuses it, though we crash in between.
 *
 * A folder per output with segment files. Workers append the lines of one
 * request to the open group of every output it goes to, and get one ticket;
 * the committer thread writes and syncs the group and then publishes the
 * ticket. Whoever holds a ticket waits, with a waker to be told. What else must
 * be on disk before a ticket is done (a kept request) rides in the same group:
 * the committer hands it to a sink (riders.h).
 *
 * Threads: append, kick, state and durable from any thread; commit from the
 * committer only, or from a test without one.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "riders.h"
#include "text.h"
#include "ticket.h"

struct error;
struct file_system;
struct journal;

struct journal_options {
    const char *dir;                  /* <data>/journal; made if missing */
    const char *const *outputs;       /* their names */
    size_t output_count;              /* at most LIMIT_OUTPUTS */
    const struct journal_sink *sinks; /* copied; what cannot ride has none */
    size_t sink_count;                /* at most LIMIT_SINKS */
    uint64_t max_bytes; /* all segments of all outputs together, see quota.h */
    uint64_t min_free_bytes;      /* left to others on the file system */
    bool is_unsynced;             /* no fdatasync: for the benchmark only */
    const struct file_system *fs; /* NULL: the real one */
    /* For tests. */
    uint64_t segment_bytes;   /* 0: as large as the room allows */
    int64_t (*mono_ns)(void); /* NULL: clock_mono_ns; for back-off */
};

/* Takes the locks, lists the segments, reads the newest. NULL and ERR_IO (or
 * ERR_CONFIG: another process has it) if the folder is unusable. Recovery
 * writes nothing. No thread is started. */
struct journal *journal_open(const struct journal_options *options,
                             struct error *err);
/* Commits what is open (the sinks still take it), stops the committer, gives
 * the locks back, frees. No other thread may still be inside. */
void journal_close(struct journal *journal);

/* The committer thread; once. */
bool journal_start(struct journal *journal, struct error *err);

/* The lines of one request for one output: whole lines, each ends in \n, each
 * at most LIMIT_LINE_BYTES, stamped in ns, checked. */
struct journal_lines {
    unsigned output;
    struct text lines;
    uint32_t points; /* how many lines */
};

/* Where lines went: the number that the first of them will have, unless a
 * commit fails before theirs is done, which journal_failures counts. */
struct journal_place {
    uint64_t seq;
    uint64_t failures;
};

/* All that one request stores; lines or riders, or both. With neither it only
 * waits for the group, and all before it. */
struct journal_entry {
    const struct journal_lines *lines; /* each output at most once */
    size_t line_count;
    struct journal_place *places; /* of each; filled; NULL: not asked for */
    const struct journal_rider *riders;
    size_t rider_count;
};

/* Copies all of it into the open group, or nothing. *ticket is what to wait
 * for: durable when the lines and the riders are. waker: an eventfd that is
 * written once the group of this ticket is done, or -1. ERR_FULL: nothing was
 * stored, the sender may try later. ERR_TOO_LARGE: never. */
bool journal_append(struct journal *journal, const struct journal_entry *entry,
                    int waker, uint64_t *ticket, struct error *err);

/* How many commits of this output have failed. */
uint64_t journal_failures(struct journal *journal, unsigned output);

/* Wakes the committer. Once a pass of a worker's loop, not once an append. */
void journal_kick(struct journal *journal);

/* TICKET_WAITS, TICKET_DURABLE or TICKET_FAILED (unknown: answer 503). */
enum ticket_state journal_ticket(struct journal *journal, uint64_t ticket);

/* Writes and syncs the open group of every output and sink, publishes, wakes.
 * True if all that was open is durable now. The committer calls this; so do
 * tests. */
bool journal_commit(struct journal *journal, struct error *err);

/* ERR_FULL with the reason when an append to any of these outputs (bits) would
 * be refused now; cheap, asked before a body is read. */
bool journal_has_room(struct journal *journal, uint64_t outputs,
                      struct error *err);

/* The sequence number after the last durable point of an output. Waits up to
 * wait_ms for it to pass seen. This is how a reader learns of new lines. */
uint64_t journal_durable(struct journal *journal, unsigned output,
                         uint64_t seen, int wait_ms);
/* Makes every waiter in journal_durable return at once, now and later. */
void journal_stop_waiters(struct journal *journal);

/* For a reader of one output (tail.c): its folder; how many segments were made
 * so far (all that hold a durable point are among them); the number after the
 * last point that is really there, for a cursor to be held against; and that
 * so many bytes of segments are gone. */
const char *journal_output_dir(const struct journal *journal, unsigned output);
uint64_t journal_segments(struct journal *journal, unsigned output);
uint64_t journal_readable(struct journal *journal, unsigned output);
void journal_released(struct journal *journal, unsigned output, uint64_t bytes);

/* For metrics and /health. */
struct journal_status {
    uint64_t bytes;
    uint64_t max_bytes;
    bool is_full;            /* for every output */
    const char *full_output; /* one that it is full for, or NULL */
    bool is_failing;         /* the last commit failed, for an output */
    uint64_t appended_points;
    uint64_t durable_points;
    uint64_t syncs;
    uint64_t sync_errors;
    double sync_p50_ms;
    double sync_p99_ms;
};
void journal_status(struct journal *journal, struct journal_status *status);
