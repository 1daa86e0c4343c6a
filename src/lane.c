/* lane.c - see lane.h. */
#include "lane.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "buf.h"
#include "error.h"
#include "log.h"
#include "thread.h"

/* A second of the longest that each may take, or ten. */
enum { MOST_JOBS = 1000, NICE = 10 };

struct jobs {
    struct lane_job *first;
    struct lane_job *last;
    size_t count;
};

struct lane {
    int waker;
    struct pulse pulse;
    struct pulse_watch watch; /* the watcher's */
    pthread_t thread;
    atomic_bool has_thread;

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t sent;
    struct jobs waiting;
    struct jobs done;
    bool is_stopping;
};

static void push(struct jobs *jobs, struct lane_job *job)
{
    job->next = NULL;
    if (jobs->last)
        jobs->last->next = job;
    else
        jobs->first = job;
    jobs->last = job;
    jobs->count++;
}

static struct lane_job *pull(struct jobs *jobs)
{
    struct lane_job *job = jobs->first;
    if (!job)
        return NULL;
    jobs->first = job->next;
    if (!jobs->first)
        jobs->last = NULL;
    jobs->count--;
    return job;
}

/* The next job; NULL: nothing is left, and it is to stop. */
static struct lane_job *wait_for_job(struct lane *lane)
{
    pthread_mutex_lock(&lane->lock);
    while (!lane->waiting.first && !lane->is_stopping)
        pthread_cond_wait(&lane->sent, &lane->lock);
    struct lane_job *job = pull(&lane->waiting);
    pthread_mutex_unlock(&lane->lock);
    return job;
}

static void *work(void *context)
{
    struct lane *lane = context;
    struct lane_job *job;
    setpriority(PRIO_PROCESS, (id_t)gettid(), NICE); /* of this thread only */
    pulse_start(&lane->pulse);
    while ((job = wait_for_job(lane))) {
        const uint64_t one = 1;
        job->run(job->context, &lane->pulse);
        pthread_mutex_lock(&lane->lock);
        push(&lane->done, job);
        pthread_mutex_unlock(&lane->lock);
        ssize_t ignored = write(lane->waker, &one, sizeof one);
        (void)ignored;
    }
    pulse_stop(&lane->pulse);
    return NULL;
}

struct lane *lane_new(int waker)
{
    struct lane *lane = xcalloc(1, sizeof *lane);
    lane->waker = waker;
    lane->watch.pulse = &lane->pulse;
    pthread_mutex_init(&lane->lock, NULL);
    thread_init_condition(&lane->sent);
    return lane;
}

void lane_stop(struct lane *lane)
{
    pthread_mutex_lock(&lane->lock);
    lane->is_stopping = true;
    pthread_cond_signal(&lane->sent);
    pthread_mutex_unlock(&lane->lock);
    if (atomic_load(&lane->has_thread))
        pthread_join(lane->thread, NULL);
    atomic_store(&lane->has_thread, false);
}

void lane_free(struct lane *lane)
{
    if (!lane)
        return;
    pthread_cond_destroy(&lane->sent);
    pthread_mutex_destroy(&lane->lock);
    free(lane);
}

static bool start_thread(struct lane *lane)
{
    struct error err;
    if (!thread_start(&lane->thread, work, lane, "a slow lane", &err)) {
        log_line(LOG_WARN, "server", "%s", err.text);
        return false;
    }
    pthread_getcpuclockid(lane->thread, &lane->watch.clock);
    atomic_store(&lane->has_thread, true);
    return true;
}

bool lane_send(struct lane *lane, struct lane_job *job)
{
    if (!atomic_load(&lane->has_thread) && !start_thread(lane))
        return false;
    pthread_mutex_lock(&lane->lock);
    bool is_taken = lane->waiting.count < MOST_JOBS && !lane->is_stopping;
    if (is_taken) {
        push(&lane->waiting, job);
        pthread_cond_signal(&lane->sent);
    }
    pthread_mutex_unlock(&lane->lock);
    return is_taken;
}

struct lane_job *lane_take(struct lane *lane)
{
    if (!atomic_load_explicit(&lane->has_thread, memory_order_relaxed)
        && !lane->done.first)
        return NULL;
    pthread_mutex_lock(&lane->lock);
    struct lane_job *jobs = lane->done.first;
    lane->done = (struct jobs){NULL, NULL, 0};
    pthread_mutex_unlock(&lane->lock);
    return jobs;
}

bool lane_hangs(struct lane *lane, int64_t hang_ns)
{
    return atomic_load(&lane->has_thread) && pulse_hangs(&lane->watch, hang_ns);
}

const struct pulse *lane_pulse(const struct lane *lane)
{
    return &lane->pulse;
}
