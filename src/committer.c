/* committer.c - see committer.h. A kick is a flag and a condition, so any
 * number of them while a commit runs means one commit more. Its lock is held
 * for the flag only: nobody who kicks waits for a disk. */
#include "committer.h"

#include <assert.h>
#include <time.h>

#include "clock.h"
#include "error.h"
#include "thread.h"

#define SLOW_SYNC_NS NS_PER_MS
#define LONGEST_WAIT_NS (5 * NS_PER_MS)

/* False: stop. */
static bool wait_for_kick(struct committer *committer)
{
    pthread_mutex_lock(&committer->lock);
    while (!committer->is_kicked && !committer->is_stopping)
        pthread_cond_wait(&committer->kicked, &committer->lock);
    committer->is_kicked = false;
    bool goes_on = !committer->is_stopping;
    pthread_mutex_unlock(&committer->lock);
    return goes_on;
}

static void *run(void *context)
{
    struct committer *committer = context;
    int64_t sync_ns = 0;
    while (wait_for_kick(committer)) {
        if (sync_ns >= SLOW_SYNC_NS) {
            int64_t wait_ns = sync_ns / 8;
            if (wait_ns > LONGEST_WAIT_NS)
                wait_ns = LONGEST_WAIT_NS;
            struct timespec pause = {.tv_nsec = (long)wait_ns};
            nanosleep(&pause, NULL);
        }
        sync_ns = committer->commit(committer->context);
    }
    return NULL;
}

void committer_init(struct committer *committer,
                    int64_t (*commit)(void *context), void *context)
{
    *committer = (struct committer){.commit = commit, .context = context};
    pthread_mutex_init(&committer->lock, NULL);
    thread_init_condition(&committer->kicked);
}

void committer_deinit(struct committer *committer)
{
    committer_stop(committer);
    pthread_cond_destroy(&committer->kicked);
    pthread_mutex_destroy(&committer->lock);
}

bool committer_start(struct committer *committer, struct error *err)
{
    assert(!committer->is_started);
    committer->is_started =
        thread_start(&committer->thread, run, committer, "the committer", err);
    return committer->is_started;
}

void committer_kick(struct committer *committer)
{
    pthread_mutex_lock(&committer->lock);
    committer->is_kicked = true;
    pthread_cond_signal(&committer->kicked);
    pthread_mutex_unlock(&committer->lock);
}

void committer_stop(struct committer *committer)
{
    if (!committer->is_started)
        return;
    pthread_mutex_lock(&committer->lock);
    committer->is_stopping = true;
    pthread_cond_signal(&committer->kicked);
    pthread_mutex_unlock(&committer->lock);
    pthread_join(committer->thread, NULL);
    committer->is_started = false;
}
