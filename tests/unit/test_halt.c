/* Who sleeps is woken by a halt, and nobody sleeps after it. */
#include "unit.h"

#include <pthread.h>

#include "clock.h"
#include "error.h"
#include "halt.h"
#include "thread.h"

static void *sleep_long(void *context)
{
    struct halt *halt = context;
    halt_sleep(halt, clock_mono_ns() + 3600 * NS_PER_S);
    return halt;
}

static void a_halt_wakes_all_sleepers(void **state)
{
    (void)state;
    struct halt halt;
    struct error err;
    pthread_t threads[3];
    halt_init(&halt);
    assert_false(halt_is_set(&halt));
    for (int i = 0; i < 3; i++)
        assert_true(
            thread_start(&threads[i], sleep_long, &halt, "a test", &err));
    halt_set(&halt);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    assert_true(halt_is_set(&halt));
    sleep_long(&halt);
    halt_deinit(&halt);
}

static void without_one_they_sleep_as_long_as_they_said(void **state)
{
    (void)state;
    struct halt halt;
    halt_init(&halt);
    int64_t until_ns = clock_mono_ns() + 20 * NS_PER_MS;
    halt_sleep(&halt, until_ns);
    assert_true(clock_mono_ns() >= until_ns);
    halt_sleep(&halt, until_ns); /* is over */
    halt_deinit(&halt);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_halt_wakes_all_sleepers),
        cmocka_unit_test(without_one_they_sleep_as_long_as_they_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
