/* pulse.c - see pulse.h.
 *
 * The timer counts CPU time of the one thread, so an idle worker is never
 * interrupted, and a busy one 250 times a second at most. No call into the
 * system is made per run: the timer is armed once and goes on.
 */
#include "pulse.h"

#include <signal.h>
#include <unistd.h>

#include "clock.h"

/* Where glibc keeps the thread that a timer's signal goes to. */
#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

static void beat(int number, siginfo_t *info, void *ignored)
{
    (void)number, (void)ignored;
    struct pulse *pulse = info->si_value.sival_ptr;
    void *context = atomic_load_explicit(&pulse->context, memory_order_relaxed);
    if (context)
        pulse->interrupt(context);
}

/* Threads of ours have every signal blocked; this one is for this thread. */
static void let_in(int number)
{
    const struct sigaction action = {.sa_sigaction = beat,
                                     .sa_flags = SA_SIGINFO | SA_RESTART};
    sigset_t set;
    sigaction(number, &action, NULL);
    sigemptyset(&set);
    sigaddset(&set, number);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

/* ThreadSanitizer holds signals back until the next call into the system, which
 * a loop never makes. */
#ifdef __SANITIZE_THREAD__
enum { HAS_SIGNALS = false };
#else
enum { HAS_SIGNALS = true };
#endif

bool pulse_start(struct pulse *pulse)
{
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID,
                             .sigev_signo = SIGRTMIN,
                             .sigev_value.sival_ptr = pulse};
    const struct itimerspec every = {.it_value.tv_nsec = PULSE_BEAT_NS,
                                     .it_interval.tv_nsec = PULSE_BEAT_NS};
    event.sigev_notify_thread_id = gettid();
    if (!HAS_SIGNALS
        || timer_create(CLOCK_THREAD_CPUTIME_ID, &event, &pulse->timer) != 0)
        return false;
    let_in(event.sigev_signo);
    pulse->beats = timer_settime(pulse->timer, 0, &every, NULL) == 0;
    if (!pulse->beats)
        timer_delete(pulse->timer);
    return pulse->beats;
}

void pulse_stop(struct pulse *pulse)
{
    if (pulse->beats)
        timer_delete(pulse->timer);
    pulse->beats = false;
}

void pulse_begin(struct pulse *pulse, const struct pulse_run *run)
{
    if (!pulse)
        return;
    const memory_order plain = memory_order_relaxed;
    uint64_t runs = atomic_load_explicit(&pulse->runs, plain);
    pulse->interrupt = run->interrupt;
    atomic_store_explicit(&pulse->script, run->script, plain);
    atomic_store_explicit(&pulse->request_id, run->request_id, plain);
    atomic_store_explicit(&pulse->budget_ns, run->budget_ns, plain);
    atomic_store_explicit(&pulse->runs, runs + 1, memory_order_release);
    atomic_signal_fence(memory_order_seq_cst);
    atomic_store_explicit(&pulse->context, run->context, plain);
}

void pulse_end(struct pulse *pulse)
{
    if (!pulse)
        return;
    atomic_store_explicit(&pulse->context, NULL, memory_order_relaxed);
    uint64_t runs = atomic_load_explicit(&pulse->runs, memory_order_relaxed);
    atomic_store_explicit(&pulse->runs, runs + 1, memory_order_release);
}

static int64_t cpu_ns(clockid_t clock)
{
    struct timespec now;
    if (clock_gettime(clock, &now) != 0)
        return 0;
    return now.tv_sec * NS_PER_S + now.tv_nsec;
}

bool pulse_hangs(struct pulse_watch *watch, int64_t hang_ns)
{
    uint64_t runs =
        atomic_load_explicit(&watch->pulse->runs, memory_order_acquire);
    bool is_running = runs % 2 == 1;
    if (!is_running || runs != watch->runs) {
        watch->runs = runs;
        watch->seen_ns = is_running ? cpu_ns(watch->clock) : 0;
        return false;
    }
    uint64_t budget_ns =
        atomic_load_explicit(&watch->pulse->budget_ns, memory_order_relaxed);
    return cpu_ns(watch->clock) - watch->seen_ns > (int64_t)budget_ns + hang_ns;
}
