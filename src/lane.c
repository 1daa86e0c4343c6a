/* lane.c - see lane.h.
 *
 * What computes for milliseconds delays whatever wakes on its processor, even
 * at the lowest priority: Linux lets who runs go on until its next tick (up to
 * 4 ms) unless the one that wakes is owed time. So a timer makes the lane offer
 * its processor ten thousand times a second, while a job runs: without it p99
 * of honest requests beside a bad script is 4 to 6 ms, with it 0.7, as alone.
 * After each job the lane rests as long as that took, so that who calls a bad
 * script without a pause has half a processor, and leaves the disk in peace.
 *
 * What can go wrong: no timer, no such policy. Then it is only less polite.
 */
#include "lane.h"

#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "buf.h"
#include "clock.h"
#include "error.h"
#include "log.h"
#include "thread.h"

/* Ten seconds of jobs that take ten milliseconds each, and as long a rest. */
enum { MOST_JOBS = 500, NICE = 19, OFFER_NS = 100 * 1000 };

/* Where glibc keeps the thread that a timer's signal goes to. */
#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

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

static void offer_processor(int ignored)
{
    (void)ignored;
    sched_yield();
}

/* Of wall time: offers made by the lane's own time would come too late when it
 * shares. False: the system has no more timers. */
static bool make_timer(timer_t *timer)
{
    const struct sigaction action = {.sa_handler = offer_processor,
                                     .sa_flags = SA_RESTART};
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID,
                             .sigev_signo = SIGRTMIN + 1};
    sigset_t set;
    event.sigev_notify_thread_id = gettid();
    sigaction(event.sigev_signo, &action, NULL);
    sigemptyset(&set);
    sigaddset(&set, event.sigev_signo);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    return timer_create(CLOCK_MONOTONIC, &event, timer) == 0;
}

static void run_politely(struct lane *lane, struct lane_job *job,
                         const timer_t *timer)
{
    const struct itimerspec never = {.it_value.tv_nsec = 0};
    const struct itimerspec often = {.it_value.tv_nsec = OFFER_NS,
                                     .it_interval.tv_nsec = OFFER_NS};
    if (timer)
        timer_settime(*timer, 0, &often, NULL);
    job->run(job->context, &lane->pulse);
    if (timer)
        timer_settime(*timer, 0, &never, NULL);
}

/* As long as it worked, or until it is to stop. */
static void rest(struct lane *lane, int64_t worked_ns)
{
    int64_t until_ns = clock_mono_ns() + worked_ns;
    bool has_time = true;
    pthread_mutex_lock(&lane->lock);
    while (!lane->is_stopping && has_time)
        has_time = thread_wait_until(&lane->sent, &lane->lock, until_ns);
    pthread_mutex_unlock(&lane->lock);
}

static void *work(void *context)
{
    struct lane *lane = context;
    struct lane_job *job;
    const struct sched_param none = {.sched_priority = 0};
    timer_t timer;
    sched_setscheduler(0, SCHED_BATCH, &none); /* of this thread only, both */
    setpriority(PRIO_PROCESS, (id_t)gettid(), NICE);
    bool has_timer = make_timer(&timer);
    pulse_start(&lane->pulse);
    while ((job = wait_for_job(lane))) {
        const uint64_t one = 1;
        int64_t begin_ns = clock_thread_cpu_ns();
        run_politely(lane, job, has_timer ? &timer : NULL);
        pthread_mutex_lock(&lane->lock);
        push(&lane->done, job);
        pthread_mutex_unlock(&lane->lock);
        ssize_t ignored = write(lane->waker, &one, sizeof one);
        (void)ignored;
        rest(lane, clock_thread_cpu_ns() - begin_ns);
    }
    pulse_stop(&lane->pulse);
    if (has_timer)
        timer_delete(timer);
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
