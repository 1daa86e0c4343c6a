/* Days and dates, held against the C library and against each other. */
#include "unit.h"

#include <time.h>

#include "calendar.h"

enum { DAY_S = 86400 };

static void days_are_those_of_the_c_library(void **state)
{
    (void)state;
    for (int64_t day = -800000; day < 800000; day += 37) {
        time_t seconds = (time_t)(day * DAY_S);
        struct tm utc;
        gmtime_r(&seconds, &utc);
        struct calendar_date date = calendar_date(day);
        assert_int_equal(date.year, utc.tm_year + 1900);
        assert_int_equal(date.month, utc.tm_mon + 1);
        assert_int_equal(date.day, utc.tm_mday);
        assert_int_equal(calendar_weekday(day), utc.tm_wday);
    }
}

static void there_and_back_is_the_same_day(void **state)
{
    (void)state;
    for (int64_t day = -4000000; day < 4000000; day += 101) {
        struct calendar_date date = calendar_date(day);
        assert_int_equal(calendar_days(date.year, date.month, date.day), day);
        assert_in_range(date.month, 1, 12);
        assert_in_range(date.day, 1,
                        calendar_month_days(date.year, date.month));
    }
}

static void every_day_of_400_years_follows_the_one_before(void **state)
{
    (void)state;
    int64_t expected = calendar_days(1900, 1, 1);
    for (int year = 1900; year < 2300; year++)
        for (int month = 1; month <= 12; month++)
            for (int day = 1; day <= calendar_month_days(year, month); day++)
                assert_int_equal(calendar_days(year, month, day), expected++);
}

static void leap_years_are_those_of_gregory(void **state)
{
    (void)state;
    static const int leap[] = {1600, 1904, 1996, 2000, 2024, 2400, -4, 0};
    static const int common[] = {1700, 1800, 1900, 2023, 2100, 2200, -1, 1};
    for (size_t i = 0; i < sizeof leap / sizeof *leap; i++) {
        assert_true(calendar_is_leap(leap[i]));
        assert_int_equal(calendar_month_days(leap[i], 2), 29);
    }
    for (size_t i = 0; i < sizeof common / sizeof *common; i++) {
        assert_false(calendar_is_leap(common[i]));
        assert_int_equal(calendar_month_days(common[i], 2), 28);
    }
}

static void known_days_have_their_numbers(void **state)
{
    (void)state;
    assert_int_equal(calendar_days(1970, 1, 1), 0);
    assert_int_equal(calendar_days(1969, 12, 31), -1);
    assert_int_equal(calendar_days(2000, 3, 1), 11017);
    assert_int_equal(calendar_days(1, 1, 1), -719162);
    assert_int_equal(calendar_weekday(0), 4);
    assert_int_equal(calendar_weekday(-1), 3);
    assert_int_equal(calendar_weekday(calendar_days(2026, 1, 2)), 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(days_are_those_of_the_c_library),
        cmocka_unit_test(there_and_back_is_the_same_day),
        cmocka_unit_test(every_day_of_400_years_follows_the_one_before),
        cmocka_unit_test(leap_years_are_those_of_gregory),
        cmocka_unit_test(known_days_have_their_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
