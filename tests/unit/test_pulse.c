/* When a run counts as one that hangs. */
#include <pthread.h>
#include <sched.h>
#include <signal.h>

#include "clock.h"
#include "patient.h"
#include "pulse.h"
#include "unit.h"

#define BUDGET_NS (5 * NS_PER_MS)
#define HANG_NS (20 * NS_PER_MS)

static struct pulse pulse;
static atomic_bool may_end;
static atomic_bool has_begun;

static volatile sig_atomic_t beats;

static void count_beat(void *context)
{
    assert_ptr_equal(context, &beats);
    beats++;
}

static void begin(void *context)
{
    const struct pulse_run run = {"t.lua", "0123456789abcdef", BUDGET_NS,
                                  context, count_beat};
    pulse_begin(&pulse, &run);
}

static void *work(void *nothing)
{
    begin(NULL);
    atomic_store(&has_begun, true);
    while (!atomic_load(&may_end))
        ;
    pulse_end(&pulse);
    return nothing;
}

static struct pulse_watch watch_of(pthread_t thread)
{
    struct pulse_watch watch = {.pulse = &pulse};
    assert_int_equal(pthread_getcpuclockid(thread, &watch.clock), 0);
    return watch;
}

static void a_run_that_uses_more_than_its_budget_hangs(void **state)
{
    (void)state;
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, work, NULL), 0);
    struct pulse_watch watch = watch_of(thread);
    while (!atomic_load(&has_begun))
        sched_yield();
    int64_t until_ns = patient_ns() + 60 * NS_PER_S;
    assert_false(pulse_hangs(&watch, HANG_NS)); /* seen for the first time */
    while (!pulse_hangs(&watch, HANG_NS) && patient_ns() < until_ns)
        sched_yield();
    assert_true(pulse_hangs(&watch, HANG_NS));
    assert_string_equal(atomic_load(&pulse.script), "t.lua");
    atomic_store(&may_end, true);
    pthread_join(thread, NULL);
    assert_false(pulse_hangs(&watch, HANG_NS));
}

/* This thread has used a lot of its clock before; a run counts from where it
 * was first seen. */
static void many_short_runs_do_not_hang(void **state)
{
    (void)state;
    struct pulse_watch watch = watch_of(pthread_self());
    int64_t until_ns = clock_thread_cpu_ns() + 4 * (BUDGET_NS + HANG_NS);
    while (clock_thread_cpu_ns() < until_ns) {
        begin(NULL);
        assert_false(pulse_hangs(&watch, HANG_NS));
        pulse_end(&pulse);
        assert_false(pulse_hangs(&watch, HANG_NS));
    }
}

static void spend(int64_t ns)
{
    int64_t until_ns = clock_thread_cpu_ns() + ns;
    while (clock_thread_cpu_ns() < until_ns)
        ;
}

static void a_run_that_goes_on_feels_the_beat(void **state)
{
    (void)state;
    beats = 0;
    bool beats_here = pulse_start(&pulse);
#ifdef __SANITIZE_THREAD__
    assert_false(beats_here);
    return;
#endif
    assert_true(beats_here);
    spend(20 * PULSE_BEAT_NS);
    assert_int_equal(beats, 0); /* nothing runs */
    begin((void *)(uintptr_t)&beats);
    spend(20 * PULSE_BEAT_NS);
    pulse_end(&pulse);
    assert_true(beats > 2);
    sig_atomic_t before = beats;
    spend(20 * PULSE_BEAT_NS);
    assert_int_equal(beats, before);
    pulse_stop(&pulse);
    begin((void *)(uintptr_t)&beats);
    spend(20 * PULSE_BEAT_NS);
    pulse_end(&pulse);
    assert_int_equal(beats, before);
}

static void without_anybody_who_looks_nothing_is_told(void **state)
{
    (void)state;
    const struct pulse_run run = {"t.lua", "1", BUDGET_NS, NULL, NULL};
    pulse_begin(NULL, &run);
    pulse_end(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_that_uses_more_than_its_budget_hangs),
        cmocka_unit_test(many_short_runs_do_not_hang),
        cmocka_unit_test(a_run_that_goes_on_feels_the_beat),
        cmocka_unit_test(without_anybody_who_looks_nothing_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
