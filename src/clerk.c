/* clerk.c - see clerk.h. Two lists under one lock; it is never held while a job
 * is worked on. */
#include "clerk.h"

#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include "error.h"
#include "thread.h"

static void append(struct clerk_job **list, struct clerk_job *job)
{
    while (*list)
        list = &(*list)->next;
    job->next = NULL;
    *list = job;
}

static struct clerk_job *take_first(struct clerk_job **list)
{
    struct clerk_job *first = *list;
    if (first)
        *list = first->next;
    return first;
}

/* NULL: the clerk closes. */
static struct clerk_job *wait_for_job(struct clerk *clerk)
{
    pthread_mutex_lock(&clerk->lock);
    while (!clerk->waiting && !clerk->is_closing)
        pthread_cond_wait(&clerk->wake, &clerk->lock);
    struct clerk_job *job =
        clerk->is_closing ? NULL : take_first(&clerk->waiting);
    pthread_mutex_unlock(&clerk->lock);
    return job;
}

static void hand_back(struct clerk *clerk, struct clerk_job *job)
{
    uint64_t one = 1;
    pthread_mutex_lock(&clerk->lock);
    job->is_done = true;
    append(&clerk->done, job);
    pthread_mutex_unlock(&clerk->lock);
    ssize_t ignored = write(clerk->waker, &one, sizeof one);
    (void)ignored;
}

static void *run(void *context)
{
    struct clerk *clerk = context;
    struct clerk_job *job;
    while ((job = wait_for_job(clerk)) != NULL) {
        job->work(job);
        hand_back(clerk, job);
    }
    return NULL;
}

bool clerk_open(struct clerk *clerk, int waker, struct error *err)
{
    *clerk = (struct clerk){.waker = waker};
    pthread_mutex_init(&clerk->lock, NULL);
    thread_init_condition(&clerk->wake);
    clerk->is_open =
        thread_start(&clerk->thread, run, clerk, "the clerk of the admin", err);
    if (clerk->is_open)
        return true;
    pthread_cond_destroy(&clerk->wake);
    pthread_mutex_destroy(&clerk->lock);
    return false;
}

void clerk_close(struct clerk *clerk)
{
    struct clerk_job *job;
    if (!clerk->is_open)
        return;
    pthread_mutex_lock(&clerk->lock);
    clerk->is_closing = true;
    pthread_cond_signal(&clerk->wake);
    pthread_mutex_unlock(&clerk->lock);
    pthread_join(clerk->thread, NULL);
    while ((job = take_first(&clerk->waiting)) != NULL)
        append(&clerk->done, job);
    pthread_cond_destroy(&clerk->wake);
    clerk->is_open = false;
}

void clerk_put(struct clerk *clerk, struct clerk_job *job)
{
    job->is_done = false;
    pthread_mutex_lock(&clerk->lock);
    append(&clerk->waiting, job);
    pthread_cond_signal(&clerk->wake);
    pthread_mutex_unlock(&clerk->lock);
}

struct clerk_job *clerk_take(struct clerk *clerk)
{
    pthread_mutex_lock(&clerk->lock);
    struct clerk_job *job = take_first(&clerk->done);
    pthread_mutex_unlock(&clerk->lock);
    return job;
}
