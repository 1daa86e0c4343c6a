/* Fields become nanoseconds, or say why not. */
#include "unit.h"

#include <time.h>

#include "calendar.h"
#include "clock.h"
#include "error.h"
#include "moment.h"

static struct error err;

static int64_t ns_of(struct moment moment)
{
    int64_t ns = 0;
    if (!moment_to_ns(&moment, TEXT("it"), &ns, &err))
        fail_msg("%s", err.text);
    return ns;
}

static void assert_refused(struct moment moment, const char *why)
{
    int64_t ns;
    assert_false(moment_to_ns(&moment, TEXT("it"), &ns, &err));
    assert_int_equal(err.kind, ERR_BAD_REQUEST);
    if (!strstr(err.text, why))
        fail_msg("%s, not %s", err.text, why);
}

static void random_moments_are_those_of_the_c_library(void **state)
{
    (void)state;
    uint64_t random = 1;
    for (int i = 0; i < 20000; i++) {
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
        time_t seconds =
            (time_t)((int64_t)(random >> 31) % 9000000000 - 9000000000 / 2);
        struct tm utc;
        gmtime_r(&seconds, &utc);
        int billionths = (int)(random % 1000000000);
        int64_t ns = ns_of((struct moment){.year = utc.tm_year + 1900,
                                           .month = utc.tm_mon + 1,
                                           .day = utc.tm_mday,
                                           .hour = utc.tm_hour,
                                           .minute = utc.tm_min,
                                           .second = utc.tm_sec,
                                           .billionths = billionths});
        assert_int_equal(ns, (int64_t)seconds * NS_PER_S + billionths);
    }
}

static void every_field_has_its_bounds(void **state)
{
    (void)state;
    struct moment good = {.year = 2026, .month = 2, .day = 28};
    struct moment bad;
    ns_of(good);
#define REFUSED(member, value, why)                                            \
    bad = good;                                                                \
    bad.member = value;                                                        \
    assert_refused(bad, why)
    REFUSED(month, 0, "there is no such month");
    REFUSED(month, 13, "there is no such month");
    REFUSED(day, 0, "that month has no such day");
    REFUSED(day, 29, "that month has no such day");
    REFUSED(hour, 25, "there is no such time of day");
    REFUSED(minute, 60, "there is no such time of day");
    REFUSED(second, 61, "there is no such time of day");
    REFUSED(year, 1600, "only 1678 to 2261 can be stored");
    REFUSED(year, 2300, "only 1678 to 2261 can be stored");
    good.year = 2024;
    good.day = 29;
    ns_of(good);
}

static void the_day_ends_at_24_sharp(void **state)
{
    (void)state;
    struct moment end = {.year = 2026, .month = 1, .day = 31, .hour = 24};
    struct moment next = {.year = 2026, .month = 2, .day = 1};
    assert_int_equal(ns_of(end), ns_of(next));
    end.billionths = 1;
    assert_refused(end, "there is no such time of day");
    end.billionths = 0;
    end.second = 1;
    assert_refused(end, "there is no such time of day");
}

static void a_leap_second_is_the_last_of_a_day_of_utc(void **state)
{
    (void)state;
    struct moment leap = {.year = 2016,
                          .month = 12,
                          .day = 31,
                          .hour = 23,
                          .minute = 59,
                          .second = 60};
    struct moment next = {.year = 2017, .month = 1, .day = 1};
    assert_int_equal(ns_of(leap), ns_of(next));
    leap.zone = TEXT("+01:00");
    assert_refused(leap, "a leap second at that time of day");
    leap.day = 1;
    leap.month = 1;
    leap.year = 2017;
    leap.hour = 0;
    assert_int_equal(ns_of(leap), ns_of(next));
    leap.minute = 58;
    assert_refused(leap, "a leap second at that time of day");
}

static void the_zone_is_taken_off(void **state)
{
    (void)state;
    struct moment utc = {.year = 2026, .month = 7, .day = 1, .hour = 12};
    struct moment there = utc;
    there.zone = TEXT("+02:00");
    assert_int_equal(ns_of(utc) - ns_of(there), 2 * 3600 * NS_PER_S);
    there.zone = TEXT("-0330");
    assert_int_equal(ns_of(there) - ns_of(utc), 12600 * NS_PER_S);
    int64_t ns;
    there.zone = TEXT("Nowhere/AtAll");
    assert_false(moment_to_ns(&there, TEXT("it"), &ns, &err));
    assert_int_equal(err.kind, ERR_CONFIG);
}

static void the_message_shows_a_clean_piece_of_the_text(void **state)
{
    (void)state;
    moment_fail(TEXT("a\x01\xff\nb"), "no", &err);
    assert_string_equal(err.text, "cannot read \"a???b\" as a time: no");
    char much[100];
    memset(much, 'x', sizeof much);
    moment_fail((struct text){much, sizeof much}, "no", &err);
    assert_non_null(strstr(err.text, "xxx...\" as a time: no"));
    assert_true(strlen(err.text) < 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_moments_are_those_of_the_c_library),
        cmocka_unit_test(every_field_has_its_bounds),
        cmocka_unit_test(the_day_ends_at_24_sharp),
        cmocka_unit_test(a_leap_second_is_the_last_of_a_day_of_utc),
        cmocka_unit_test(the_zone_is_taken_off),
        cmocka_unit_test(the_message_shows_a_clean_piece_of_the_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
