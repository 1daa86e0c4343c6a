/* Sizes, times, and what a typing error was meant to be. */
#include "unit.h"

#include <stdbool.h>
#include <stdint.h>

#include "units.h"

static void assert_size(const char *text, uint64_t expected)
{
    uint64_t bytes = 1;
    assert_true(units_size(text_of(text), &bytes));
    assert_int_equal(bytes, expected);
}

static void assert_no_size(const char *text)
{
    uint64_t bytes;
    assert_false(units_size(text_of(text), &bytes));
}

static void assert_time(const char *text, uint64_t expected)
{
    uint64_t ns = 1;
    assert_true(units_time(text_of(text), &ns));
    assert_int_equal(ns, expected);
}

static void assert_no_time(const char *text)
{
    uint64_t ns;
    assert_false(units_time(text_of(text), &ns));
}

static void sizes_are_powers_of_1000_or_with_an_i_of_1024(void **state)
{
    (void)state;
    assert_size("0", 0);
    assert_size("512", 512);
    assert_size("512B", 512);
    assert_size("64KB", 64000);
    assert_size("64kB", 64000);
    assert_size("64KiB", 65536);
    assert_size("1MB", 1000000);
    assert_size("8MiB", 8388608);
    assert_size("10GB", UINT64_C(10000000000));
    assert_size("1GiB", UINT64_C(1073741824));
    assert_size("2TB", UINT64_C(2000000000000));
    assert_size("1TiB", UINT64_C(1099511627776));
    assert_size("1.5MB", 1500000);
    assert_size("0.5KiB", 512);
    assert_size("1 MB", 1000000);
}

static void what_is_no_size_is_none(void **state)
{
    (void)state;
    assert_no_size("");
    assert_no_size("MB");
    assert_no_size("-1MB");
    assert_no_size("1Mb");
    assert_no_size("1 M B");
    assert_no_size("1MB ");
    assert_no_size(" 1MB");
    assert_no_size("1,5MB");
    assert_no_size("1e3");
    assert_no_size("0x10");
    assert_no_size("1..5MB");
    assert_no_size("9999999999TB");
    assert_no_size("big");
}

static void times_need_a_unit(void **state)
{
    (void)state;
    assert_time("0", 0);
    assert_time("0s", 0);
    assert_time("7ns", 7);
    assert_time("7us", 7000);
    assert_time("200ms", 200000000);
    assert_time("10s", UINT64_C(10000000000));
    assert_time("1.5s", 1500000000);
    assert_time("5m", UINT64_C(300000000000));
    assert_time("24h", UINT64_C(86400000000000));
    assert_time("7d", UINT64_C(604800000000000));
    assert_no_time("");
    assert_no_time("10 sec");
    assert_no_time("1h30m");
    assert_no_time("-1s");
    assert_no_time("forever");
    assert_no_time("999999999d");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_are_powers_of_1000_or_with_an_i_of_1024),
        cmocka_unit_test(what_is_no_size_is_none),
        cmocka_unit_test(times_need_a_unit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
