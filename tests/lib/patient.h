/* patient.h - time that the machine was there for, to wait by; patience.py says
 * why. A thread counts ticks; one that took too long counts as three.
 */
#pragma once

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <time.h>

#include "clock.h"

static _Atomic int64_t patient_sum_ns;

static inline void *patient_run(void *unused)
{
    const struct timespec tick = {.tv_nsec = 20 * NS_PER_MS};
    const int64_t longest_ns = 60 * NS_PER_MS;
    (void)unused;
    for (int64_t last_ns = clock_mono_ns();;) {
        nanosleep(&tick, NULL);
        int64_t now_ns = clock_mono_ns(), took_ns = now_ns - last_ns;
        patient_sum_ns += took_ns < longest_ns ? took_ns : longest_ns;
        last_ns = now_ns;
    }
    return NULL;
}

/* It takes no signal: those are for the test. */
static inline void patient_start(void)
{
    pthread_t thread;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    if (pthread_create(&thread, NULL, patient_run, NULL) == 0)
        pthread_detach(thread);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static inline int64_t patient_ns(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, patient_start);
    return patient_sum_ns;
}
