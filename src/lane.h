/* lane.h - a thread beside a worker, for what would hold the worker up.
 *
 * Jobs run one after the other, at a lower priority. The thread starts with the
 * first. One thread, the worker, sends and takes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "pulse.h"

struct lane;

struct lane_job {
    void (*run)(void *context, struct pulse *pulse); /* in the lane */
    void *context;
    struct lane_job *next;
};

/* waker: an eventfd that is written after each job. */
struct lane *lane_new(int waker);
/* Runs what waits to its end, ends the thread; what is done can still be
 * taken. */
void lane_stop(struct lane *lane);
/* After lane_stop. NULL is fine. */
void lane_free(struct lane *lane);

/* False: too much waits already, or there is no thread to be had. */
bool lane_send(struct lane *lane, struct lane_job *job);
/* The jobs that have run, in their order; NULL: none. */
struct lane_job *lane_take(struct lane *lane);

/* See pulse_hangs. */
bool lane_hangs(struct lane *lane, int64_t hang_ns);
const struct pulse *lane_pulse(const struct lane *lane);
