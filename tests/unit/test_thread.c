/* Threads that no signal reaches, and waits that end. */
#include "unit.h"

#include <signal.h>
#include <string.h>

#include "clock.h"
#include "error.h"
#include "thread.h"

struct meeting {
    pthread_mutex_t lock;
    pthread_cond_t condition;
    bool is_over;
};

static void meet(struct meeting *meeting)
{
    *meeting = (struct meeting){.is_over = false};
    pthread_mutex_init(&meeting->lock, NULL);
    thread_init_condition(&meeting->condition);
}

static void part(struct meeting *meeting)
{
    pthread_cond_destroy(&meeting->condition);
    pthread_mutex_destroy(&meeting->lock);
}

static void *give_mask(void *context)
{
    pthread_sigmask(SIG_BLOCK, NULL, context);
    return context;
}

static void a_thread_starts_with_every_signal_blocked(void **state)
{
    (void)state;
    pthread_t thread;
    sigset_t inside, outside;
    struct error err;
    assert_true(thread_start(&thread, give_mask, &inside, "a test", &err));
    pthread_join(thread, NULL);
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGALRM, SIGCHLD};
    pthread_sigmask(SIG_BLOCK, NULL, &outside);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        assert_int_equal(sigismember(&inside, signals[i]), 1);
        assert_int_equal(sigismember(&outside, signals[i]), 0);
    }
}

static void a_wait_ends_when_its_time_has_come(void **state)
{
    (void)state;
    struct meeting meeting;
    meet(&meeting);
    int64_t begin_ns = clock_mono_ns(), until_ns = begin_ns + 20 * NS_PER_MS;
    pthread_mutex_lock(&meeting.lock);
    bool has_time = true;
    while (has_time)
        has_time =
            thread_wait_until(&meeting.condition, &meeting.lock, until_ns);
    pthread_mutex_unlock(&meeting.lock);
    assert_true(clock_mono_ns() >= until_ns);
    part(&meeting);
}

static void a_time_that_is_past_does_not_wait(void **state)
{
    (void)state;
    struct meeting meeting;
    meet(&meeting);
    pthread_mutex_lock(&meeting.lock);
    assert_false(thread_wait_until(&meeting.condition, &meeting.lock,
                                   clock_mono_ns() - NS_PER_S));
    assert_false(thread_wait_until(&meeting.condition, &meeting.lock, 0));
    pthread_mutex_unlock(&meeting.lock);
    part(&meeting);
}

static void *end_meeting(void *context)
{
    struct meeting *meeting = context;
    pthread_mutex_lock(&meeting->lock);
    meeting->is_over = true;
    pthread_cond_broadcast(&meeting->condition);
    pthread_mutex_unlock(&meeting->lock);
    return NULL;
}

static void a_signal_ends_a_wait_of_an_hour(void **state)
{
    (void)state;
    struct meeting meeting;
    struct error err;
    pthread_t thread;
    meet(&meeting);
    int64_t until_ns = clock_mono_ns() + 3600 * NS_PER_S;
    bool has_time = true;
    pthread_mutex_lock(&meeting.lock);
    assert_true(thread_start(&thread, end_meeting, &meeting, "a test", &err));
    while (!meeting.is_over && has_time)
        has_time =
            thread_wait_until(&meeting.condition, &meeting.lock, until_ns);
    pthread_mutex_unlock(&meeting.lock);
    assert_true(has_time);
    pthread_join(thread, NULL);
    part(&meeting);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thread_starts_with_every_signal_blocked),
        cmocka_unit_test(a_wait_ends_when_its_time_has_come),
        cmocka_unit_test(a_time_that_is_past_does_not_wait),
        cmocka_unit_test(a_signal_ends_a_wait_of_an_hour),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
