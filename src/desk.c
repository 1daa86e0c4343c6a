/* desk.c - see desk.h. Two lists under one lock; it is never held while a job
 * is worked on. */
#include "desk.h"

#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include "error.h"
#include "thread.h"

static void append(struct desk_job **list, struct desk_job *job)
{
    while (*list)
        list = &(*list)->next;
    job->next = NULL;
    *list = job;
}

static struct desk_job *take_first(struct desk_job **list)
{
    struct desk_job *first = *list;
    if (first)
        *list = first->next;
    return first;
}

/* NULL: the desk closes. */
static struct desk_job *wait_for_job(struct desk *desk)
{
    pthread_mutex_lock(&desk->lock);
    while (!desk->waiting && !desk->is_closing)
        pthread_cond_wait(&desk->wake, &desk->lock);
    struct desk_job *job = desk->is_closing ? NULL : take_first(&desk->waiting);
    pthread_mutex_unlock(&desk->lock);
    return job;
}

static void hand_back(struct desk *desk, struct desk_job *job)
{
    uint64_t one = 1;
    pthread_mutex_lock(&desk->lock);
    job->is_done = true;
    append(&desk->done, job);
    pthread_mutex_unlock(&desk->lock);
    ssize_t ignored = write(desk->waker, &one, sizeof one);
    (void)ignored;
}

static void *run(void *context)
{
    struct desk *desk = context;
    struct desk_job *job;
    while ((job = wait_for_job(desk)) != NULL) {
        job->work(job);
        hand_back(desk, job);
    }
    return NULL;
}

bool desk_open(struct desk *desk, int waker, struct error *err)
{
    *desk = (struct desk){.waker = waker};
    pthread_mutex_init(&desk->lock, NULL);
    thread_init_condition(&desk->wake);
    desk->is_open =
        thread_start(&desk->thread, run, desk, "the desk of the admin", err);
    if (desk->is_open)
        return true;
    pthread_cond_destroy(&desk->wake);
    pthread_mutex_destroy(&desk->lock);
    return false;
}

void desk_close(struct desk *desk)
{
    struct desk_job *job;
    if (!desk->is_open)
        return;
    pthread_mutex_lock(&desk->lock);
    desk->is_closing = true;
    pthread_cond_signal(&desk->wake);
    pthread_mutex_unlock(&desk->lock);
    pthread_join(desk->thread, NULL);
    while ((job = take_first(&desk->waiting)) != NULL)
        append(&desk->done, job);
    pthread_cond_destroy(&desk->wake);
    desk->is_open = false;
}

void desk_put(struct desk *desk, struct desk_job *job)
{
    job->is_done = false;
    pthread_mutex_lock(&desk->lock);
    append(&desk->waiting, job);
    pthread_cond_signal(&desk->wake);
    pthread_mutex_unlock(&desk->lock);
}

struct desk_job *desk_take(struct desk *desk)
{
    pthread_mutex_lock(&desk->lock);
    struct desk_job *job = take_first(&desk->done);
    pthread_mutex_unlock(&desk->lock);
    return job;
}
