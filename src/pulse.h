/* pulse.h - how long a script of a thread has been running, asked by two that
 * must not cost a short script anything.
 *
 * Beats: after each few milliseconds of the thread's CPU time a run that is
 * under way is told so, in a signal handler; most runs never are.
 *
 * A watchdog: whoever watches looks now and then, and a run that goes on has
 * used so much CPU time since it was first seen. Wall time would not do: a
 * laptop that sleeps, a paused machine, would look like a script that hangs.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct pulse {
    atomic_uint_least64_t runs; /* odd while a script runs */
    atomic_uint_least64_t budget_ns;
    _Atomic(const char *) script;
    _Atomic(const char *) request_id;
    _Atomic(void *) context; /* of the run under way, or NULL */
    void (*interrupt)(void *context);
    bool beats;
    timer_t timer;
};

/* How far apart beats are, in CPU time of the thread; the system's own clock
 * may make it a few milliseconds more. */
#define PULSE_BEAT_NS (4 * 1000000L)

/* From now on it beats, in this thread. False: the system has no more timers
 * (or this is a build for ThreadSanitizer), and it never will. */
bool pulse_start(struct pulse *pulse);
void pulse_stop(struct pulse *pulse);

struct pulse_run {
    const char *script; /* both live until the end of the run */
    const char *request_id;
    uint64_t budget_ns;
    void *context;
    /* At each beat; may do only what a signal handler may. */
    void (*interrupt)(void *context);
};

/* By the thread itself. NULL for pulse is fine. */
void pulse_begin(struct pulse *pulse, const struct pulse_run *run);
void pulse_end(struct pulse *pulse);

/* The watcher's side. */
struct pulse_watch {
    struct pulse *pulse;
    clockid_t clock; /* CPU time of the thread, see pthread_getcpuclockid */
    uint64_t runs;   /* when it was looked at last */
    int64_t seen_ns; /* CPU time of the thread when this run was first seen */
};

/* True: the run that goes on has used its budget and hang_ns more. */
bool pulse_hangs(struct pulse_watch *watch, int64_t hang_ns);
