/* thread.c - see thread.h. */
#include "thread.h"

#include <errno.h>
#include <signal.h>
#include <time.h>

#include "clock.h"
#include "error.h"

bool thread_start(pthread_t *thread, void *(*run)(void *context), void *context,
                  const char *what, struct error *err)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int code = pthread_create(thread, NULL, run, context);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = code;
    return code == 0 || fail_errno(err, "starting the thread of %s", what);
}

void thread_init_condition(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(condition, &attributes);
    pthread_condattr_destroy(&attributes);
}

bool thread_wait_until(pthread_cond_t *condition, pthread_mutex_t *lock,
                       int64_t mono_ns)
{
    struct timespec until = {.tv_sec = (time_t)(mono_ns / NS_PER_S),
                             .tv_nsec = (long)(mono_ns % NS_PER_S)};
    return pthread_cond_timedwait(condition, lock, &until) != ETIMEDOUT;
}
