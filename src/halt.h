/* halt.h - asks threads to end, and wakes those that sleep meanwhile.
 *
 * Any thread.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct halt {
    atomic_bool is_set; /* may be handed out as "stopping" */
    pthread_mutex_t lock;
    pthread_cond_t changed;
};

void halt_init(struct halt *halt);
void halt_deinit(struct halt *halt);
void halt_set(struct halt *halt);
bool halt_is_set(struct halt *halt);
/* Sleeps until then on the monotonic clock, or until it is set. */
void halt_sleep(struct halt *halt, int64_t until_ns);
