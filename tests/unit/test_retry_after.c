/* How long a server asks to be left alone, in all the ways it can ask. */
#include "unit.h"

#include "clock.h"
#include "retry_after.h"

/* 2026-01-02T03:04:05Z */
#define NOW_NS (INT64_C(1767323045) * NS_PER_S)

static void every_way_of_asking_is_read(void **state)
{
    static const struct {
        const char *value;
        int64_t wait_ms;
    } rows[] = {
        {"17", 17000},
        {" 17 ", 17000},
        {"0.25", 250},
        {"1.5", 1500},
        {"0", 0},
        {"-1", 0},
        {"-0.5", 0},
        {"1e2", 100000},
        {"600", 600000},
        {"601", 600000},
        {"1000000000", 600000},
        {"99999999999999999999", 600000},
        {"1e400", 0},
        {"NaN", 0},
        {"inf", 0},
        {"soon", 0},
        {"10 s", 0},
        {"", 0},
        {"Fri, 02 Jan 2026 03:04:15 GMT", 10000},
        {"Friday, 02-Jan-26 03:05:05 GMT", 60000},
        {"Fri Jan  2 03:04:06 2026", 1000},
        {"Fri, 02 Jan 2026 03:04:05 GMT", 0},
        {"Thu, 01 Jan 1970 00:00:10 GMT", 0},
        {"Fri, 01 Jan 2100 00:00:00 GMT", 600000},
        {"Fri, 32 Jan 2026 03:04:15 GMT", 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        print_message("%s\n", rows[i].value);
        assert_int_equal(retry_after_ns(text_of(rows[i].value), NOW_NS),
                         rows[i].wait_ms * NS_PER_MS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_way_of_asking_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
