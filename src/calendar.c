/* calendar.c - see calendar.h.
 *
 * Years are counted from 1 March, so that the odd day stands at their end: the
 * days before a month are then a straight line, rounded, and a cycle of 400
 * years has 146,097 days. Nothing here can fail; callers check their fields.
 */
#include "calendar.h"

#include <assert.h>

enum { DAYS_PER_400_YEARS = 146097, DAYS_FROM_MARCH_0000_TO_1970 = 719468 };

bool calendar_is_leap(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

int calendar_month_days(int64_t year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    assert(month >= 1 && month <= 12);
    return month == 2 && calendar_is_leap(year) ? 29 : days[month - 1];
}

/* Rounds down, also below zero. */
static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

int64_t calendar_days(int64_t year, int month, int day)
{
    assert(month >= 1 && month <= 12);
    int64_t y = month > 2 ? year : year - 1;
    int64_t months = (month + 9) % 12; /* since March */
    int64_t cycle = floor_div(y, 400);
    int64_t of_cycle = y - cycle * 400;
    int64_t of_year = (153 * months + 2) / 5 + day - 1;
    return cycle * DAYS_PER_400_YEARS + of_cycle * 365 + of_cycle / 4
           - of_cycle / 100 + of_year - DAYS_FROM_MARCH_0000_TO_1970;
}

struct calendar_date calendar_date(int64_t days)
{
    int64_t cycle =
        floor_div(days + DAYS_FROM_MARCH_0000_TO_1970, DAYS_PER_400_YEARS);
    int64_t rest =
        days + DAYS_FROM_MARCH_0000_TO_1970 - cycle * DAYS_PER_400_YEARS;
    int64_t year = (rest - rest / 1460 + rest / 36524 - rest / 146096) / 365;
    int64_t of_year = rest - (365 * year + year / 4 - year / 100);
    int64_t months = (5 * of_year + 2) / 153;
    struct calendar_date date = {.year = cycle * 400 + year + (months >= 10)};
    date.month = (int)((months + 2) % 12 + 1);
    date.day = (int)(of_year - (153 * months + 2) / 5 + 1);
    return date;
}

int calendar_weekday(int64_t days)
{
    return (int)(days + 4 - 7 * floor_div(days + 4, 7));
}
