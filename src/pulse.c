/* pulse.c - see pulse.h. */
#include "pulse.h"

#include <time.h>

#include "clock.h"

void pulse_begin(struct pulse *pulse, const char *script,
                 const char *request_id, uint64_t budget_ns)
{
    if (!pulse)
        return;
    atomic_store_explicit(&pulse->script, script, memory_order_relaxed);
    atomic_store_explicit(&pulse->request_id, request_id, memory_order_relaxed);
    atomic_store_explicit(&pulse->budget_ns, budget_ns, memory_order_relaxed);
    uint64_t beats = atomic_load_explicit(&pulse->beats, memory_order_relaxed);
    atomic_store_explicit(&pulse->beats, beats + 1, memory_order_release);
}

void pulse_end(struct pulse *pulse)
{
    if (!pulse)
        return;
    uint64_t beats = atomic_load_explicit(&pulse->beats, memory_order_relaxed);
    atomic_store_explicit(&pulse->beats, beats + 1, memory_order_release);
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
    uint64_t beats =
        atomic_load_explicit(&watch->pulse->beats, memory_order_acquire);
    bool is_running = beats % 2 == 1;
    if (!is_running || beats != watch->beats) {
        watch->beats = beats;
        watch->seen_ns = is_running ? cpu_ns(watch->clock) : 0;
        return false;
    }
    uint64_t budget_ns =
        atomic_load_explicit(&watch->pulse->budget_ns, memory_order_relaxed);
    return cpu_ns(watch->clock) - watch->seen_ns > (int64_t)budget_ns + hang_ns;
}
