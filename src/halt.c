/* halt.c - see halt.h. */
#include "halt.h"

#include "thread.h"

void halt_init(struct halt *halt)
{
    atomic_init(&halt->is_set, false);
    pthread_mutex_init(&halt->lock, NULL);
    thread_init_condition(&halt->changed);
}

void halt_deinit(struct halt *halt)
{
    pthread_cond_destroy(&halt->changed);
    pthread_mutex_destroy(&halt->lock);
}

void halt_set(struct halt *halt)
{
    pthread_mutex_lock(&halt->lock);
    atomic_store(&halt->is_set, true);
    pthread_cond_broadcast(&halt->changed);
    pthread_mutex_unlock(&halt->lock);
}

bool halt_is_set(struct halt *halt)
{
    return atomic_load(&halt->is_set);
}

void halt_sleep(struct halt *halt, int64_t until_ns)
{
    bool has_time = true;
    pthread_mutex_lock(&halt->lock);
    while (!halt_is_set(halt) && has_time)
        has_time = thread_wait_until(&halt->changed, &halt->lock, until_ns);
    pthread_mutex_unlock(&halt->lock);
}
