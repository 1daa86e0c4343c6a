/* How waits grow, and what is left to chance. */
#include "unit.h"

#include "backoff.h"
#include "clock.h"

static void waits_double_up_to_the_cap(void **state)
{
    (void)state;
    static const int most_ms[] = {100, 200, 400, 800, 1000, 1000, 1000};
    for (uint64_t random = 0; random < 50; random++) {
        struct backoff backoff = {.first_ns = 100 * NS_PER_MS,
                                  .cap_ns = NS_PER_S};
        for (size_t i = 0; i < sizeof most_ms / sizeof *most_ms; i++) {
            uint64_t bits = random * UINT64_C(0x9e3779b97f4a7c15);
            int64_t wait_ns = backoff_next_ns(&backoff, 0, bits);
            assert_in_range(wait_ns, 10 * NS_PER_MS, most_ms[i] * NS_PER_MS);
        }
    }
}

static void chance_reaches_over_the_whole_range(void **state)
{
    (void)state;
    const int64_t range_ns = 90 * NS_PER_MS;
    struct backoff backoff = {.first_ns = 100 * NS_PER_MS, .cap_ns = NS_PER_S};
    assert_int_equal(backoff_next_ns(&backoff, 0, 0), 10 * NS_PER_MS);
    backoff.failures = 0;
    assert_int_equal(backoff_next_ns(&backoff, 0, (uint64_t)range_ns - 1),
                     100 * NS_PER_MS - 1);
}

static void what_the_server_asks_for_is_obeyed(void **state)
{
    (void)state;
    struct backoff backoff = {.first_ns = 100 * NS_PER_MS,
                              .cap_ns = 60 * NS_PER_S};
    assert_int_equal(backoff_next_ns(&backoff, 17 * NS_PER_S, 12345),
                     17 * NS_PER_S);
    assert_int_equal(backoff.failures, 1);
}

static void a_thousand_failures_are_no_overflow(void **state)
{
    (void)state;
    struct backoff backoff = {.first_ns = 100 * NS_PER_MS,
                              .cap_ns = 60 * NS_PER_S};
    for (int i = 0; i < 1000; i++)
        assert_in_range(backoff_next_ns(&backoff, 0, UINT64_MAX),
                        10 * NS_PER_MS, 60 * NS_PER_S);
    assert_int_equal(backoff.failures, 1000);
    backoff = (struct backoff){.cap_ns = NS_PER_S};
    assert_int_equal(backoff_next_ns(&backoff, 0, 99), 10 * NS_PER_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waits_double_up_to_the_cap),
        cmocka_unit_test(chance_reaches_over_the_whole_range),
        cmocka_unit_test(what_the_server_asks_for_is_obeyed),
        cmocka_unit_test(a_thousand_failures_are_no_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
