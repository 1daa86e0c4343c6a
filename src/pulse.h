/* pulse.h - what a worker's script is doing, for a watchdog to look at.
 *
 * The worker says when a script begins and ends, which costs a few plain
 * stores. Whoever watches looks now and then: a run that goes on has used so
 * much of the thread's CPU time since it was first seen. Wall time would not
 * do: a laptop that sleeps, a paused machine, would look like a script that
 * hangs.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct pulse {
    atomic_uint_least64_t beats; /* odd while a script runs */
    atomic_uint_least64_t budget_ns;
    _Atomic(const char *) script;
    _Atomic(const char *) request_id;
};

/* By the thread that runs the script. NULL is fine. The texts must live until
 * the end of the run. */
void pulse_begin(struct pulse *pulse, const char *script,
                 const char *request_id, uint64_t budget_ns);
void pulse_end(struct pulse *pulse);

/* The watcher's side. */
struct pulse_watch {
    struct pulse *pulse;
    clockid_t clock; /* CPU time of the thread, see pthread_getcpuclockid */
    uint64_t beats;  /* when it was looked at last */
    int64_t seen_ns; /* CPU time of the thread when this run was first seen */
};

/* True: the run that goes on has used its budget and hang_ns more. */
bool pulse_hangs(struct pulse_watch *watch, int64_t hang_ns);
