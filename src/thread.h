/* thread.h - how every thread of ours starts and waits: no signal reaches it
 * (they are main's business), and it waits by the monotonic clock. */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct error;

/* what: "the committer", for ERR_IO. */
bool thread_start(pthread_t *thread, void *(*run)(void *context), void *context,
                  const char *what, struct error *err);

/* A condition for thread_wait_until. */
void thread_init_condition(pthread_cond_t *condition);
/* Waits for a signal, until that time on the monotonic clock: false, it has
 * come. As with any condition, look again at what was waited for. */
bool thread_wait_until(pthread_cond_t *condition, pthread_mutex_t *lock,
                       int64_t mono_ns);
