/* parking.h - senders that wait for the disk, or until InfluxDB has said yes.
 *
 * A parked connection is suspended; it is resumed once there is a result, or
 * the wait was too long. Then its struct says what became of it. One thread,
 * the worker.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct MHD_Connection;
struct error;
struct journal;
struct progress;
struct receipt;

/* One that waits. The caller fills the upper part, and keeps it where it is. */
struct parked {
    struct MHD_Connection *connection;
    const struct receipt *receipt;
    struct error *err;       /* filled if it ended badly */
    int64_t written_wait_ns; /* 0: until it is on disk; else in InfluxDB */

    struct parked *next;
    int64_t since_ns;
    bool is_resumed;
};

struct parked_row {
    struct parked *first; /* the oldest */
    struct parked *last;
};

struct parking {
    struct journal *journal;
    struct progress *progress; /* NULL: nobody waits for InfluxDB */
    int waker;                 /* the worker's eventfd, for progress */
    int64_t commit_ns;         /* the longest wait for the disk */
    const atomic_bool *is_stopping;

    struct parked_row lines; /* for the disk, nothing but their lines */
    struct parked_row rest;  /* for letters too, or for others */
    struct parked *writing;  /* on disk, for InfluxDB; in no order */
    int64_t next_writing_ns; /* the earliest end of their waits */
    uint64_t seen_version;   /* of progress, when they were walked */
    bool has_new;            /* since this was last set to false */
};

/* Suspends the connection, which must be done once before it may wait. */
void parking_suspend(struct parked *parked);
/* A suspended one waits for its ticket from now on. */
void parking_wait(struct parking *parking, struct parked *parked,
                  int64_t now_ns);
/* A suspended one needs to wait for nothing. */
void parking_end(struct parked *parked);

/* Resumes whoever has a result or waited too long; with all, everybody. */
void parking_resume(struct parking *parking, int64_t now_ns, bool all);
bool parking_is_empty(const struct parking *parking);

/* When the next wait is over; INT64_MAX: nobody waits. */
int64_t parking_deadline_ns(const struct parking *parking);
