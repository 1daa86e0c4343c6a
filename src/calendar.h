/* calendar.h - the calendar of RFC 3339: days since 1970 and back.
 *
 * Proleptic Gregorian, for every year that an int can hold. Reentrant.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct calendar_date {
    int64_t year;
    int month; /* 1 to 12 */
    int day;   /* 1 to 31 */
};

bool calendar_is_leap(int64_t year);
/* 28 to 31; month 1 to 12. */
int calendar_month_days(int64_t year, int month);
/* Days from 1970-01-01, which may be negative. */
int64_t calendar_days(int64_t year, int month, int day);
struct calendar_date calendar_date(int64_t days);
/* 0 is Sunday. */
int calendar_weekday(int64_t days);
