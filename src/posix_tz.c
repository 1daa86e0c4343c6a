/* posix_tz.c - see posix_tz.h.
 *
 * The text is read left to right by small functions that take what they know
 * from the front and say whether they found it: name, offset (whose sign is the
 * wrong way round: hours WEST of Greenwich), then summer's name, its offset if
 * it is not one hour, and two dates. To ask, both dates of the year are made
 * seconds of UTC and the moment is compared with them.
 *
 * What can go wrong: dates may run past the year's ends ("/-1", "/25"), summer
 * may span New Year (south of the equator), and it may be behind standard time
 * (Dublin).
 */
#include "posix_tz.h"

#include "calendar.h"
#include "scan.h"

enum { HOUR_S = 3600, DAY_S = 86400, MAX_HOURS = 167 };

static bool take_number(struct text *text, int most, int *value)
{
    return scan_digits(text, 3, value) > 0 && *value <= most;
}

static bool is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* "CET", or "<+0330>" where it is not only letters. */
static bool take_name(struct text *text)
{
    size_t len = 0;
    if (scan_char(text, '<')) {
        while (text->len > 0 && text->at[0] != '>')
            *text = text_skip(*text, 1);
        return scan_char(text, '>');
    }
    for (; text->len > 0 && is_letter(text->at[0]); len++)
        *text = text_skip(*text, 1);
    return len >= 3;
}

/* [+-]hh[:mm[:ss]] */
static bool take_time(struct text *text, int32_t *seconds)
{
    int hours, minutes = 0, rest = 0;
    bool is_negative = scan_char(text, '-');
    if (!is_negative)
        (void)scan_char(text, '+');
    if (!take_number(text, MAX_HOURS, &hours)
        || (scan_char(text, ':')
            && (!take_number(text, 59, &minutes)
                || (scan_char(text, ':') && !take_number(text, 59, &rest)))))
        return false;
    *seconds = hours * HOUR_S + minutes * 60 + rest;
    if (is_negative)
        *seconds = -*seconds;
    return true;
}

/* "M10.5.0": the last Sunday of October. "J60": 1 March. "59": the 60th day. */
static bool take_day(struct text *text, struct posix_tz_change *change)
{
    if (scan_char(text, 'M')) {
        change->kind = POSIX_TZ_WEEKDAY;
        return take_number(text, 12, &change->month) && change->month >= 1
               && scan_char(text, '.') && take_number(text, 5, &change->week)
               && change->week >= 1 && scan_char(text, '.')
               && take_number(text, 6, &change->day);
    }
    bool is_julian = scan_char(text, 'J');
    change->kind = is_julian ? POSIX_TZ_JULIAN : POSIX_TZ_DAY;
    return take_number(text, 365, &change->day)
           && (!is_julian || change->day >= 1);
}

static bool take_change(struct text *text, struct posix_tz_change *change)
{
    change->at_s = 2 * HOUR_S;
    return scan_char(text, ',') && take_day(text, change)
           && (!scan_char(text, '/') || take_time(text, &change->at_s));
}

bool posix_tz_parse(struct text text, struct posix_tz *tz)
{
    *tz = (struct posix_tz){0};
    if (!take_name(&text) || !take_time(&text, &tz->standard_s))
        return false;
    tz->standard_s = -tz->standard_s;
    if (text.len == 0)
        return true;
    tz->has_summer = true;
    if (!take_name(&text))
        return false;
    tz->summer_s = tz->standard_s + HOUR_S;
    if (text.len > 0 && text.at[0] != ',') {
        if (!take_time(&text, &tz->summer_s))
            return false;
        tz->summer_s = -tz->summer_s;
    }
    return take_change(&text, &tz->start) && take_change(&text, &tz->end)
           && text.len == 0;
}

static int64_t weekday_of_month(int64_t year,
                                const struct posix_tz_change *change)
{
    int64_t first = calendar_days(year, change->month, 1);
    int ahead = (change->day - calendar_weekday(first) + 7) % 7;
    int day = ahead + 7 * (change->week - 1);
    if (day >= calendar_month_days(year, change->month))
        day -= 7;
    return first + day;
}

static int64_t day_of(int64_t year, const struct posix_tz_change *change)
{
    int64_t new_year = calendar_days(year, 1, 1);
    switch (change->kind) {
    case POSIX_TZ_WEEKDAY:
        return weekday_of_month(year, change);
    case POSIX_TZ_JULIAN: /* 29 February is never counted */
        return new_year + change->day - 1
               + (calendar_is_leap(year) && change->day >= 60);
    case POSIX_TZ_DAY:
        return new_year + change->day;
    }
    return new_year;
}

int64_t posix_tz_offset_s(const struct posix_tz *tz, int64_t utc_s)
{
    if (!tz->has_summer)
        return tz->standard_s;
    int64_t local_s = utc_s + tz->standard_s;
    int64_t day = local_s / DAY_S - (local_s % DAY_S < 0);
    int64_t year = calendar_date(day).year;
    int64_t start =
        day_of(year, &tz->start) * DAY_S + tz->start.at_s - tz->standard_s;
    int64_t end = day_of(year, &tz->end) * DAY_S + tz->end.at_s - tz->summer_s;
    bool is_summer = start < end ? utc_s >= start && utc_s < end
                                 : utc_s >= start || utc_s < end;
    return is_summer ? tz->summer_s : tz->standard_s;
}
