/* timestamp.c - see timestamp.h.
 *
 * A text that is a number is an epoch: the digits before its point say the
 * unit, since each unit's present-day times have a length of their own. All
 * else is read left to right as date, time, zone, with the freedoms that
 * devices take and that leave no doubt.
 *
 * What can go wrong: numbers of any other length (an uptime? a date without
 * separators?), day before month, zones by abbreviation (there are three
 * "CST"), a missing year. All are errors: a point at a wrong time is found
 * late or never.
 */
#include "timestamp.h"

#include <assert.h>

#include "decimal.h"
#include "error.h"
#include "moment.h"
#include "scan.h"
#include "zone.h"

/* 10^10 to 10^9 seconds of ns: how far the point moves for each length. */
static bool epoch_power(int digits, int *power)
{
    *power = 19 - digits;
    return digits == 10 || digits == 13 || digits == 16 || digits == 19;
}

static bool read_epoch(const struct decimal *number, struct text source,
                       int64_t *ns, struct error *err)
{
    int power;
    if (number->count == 0 || !epoch_power(number->exponent, &power))
        return moment_fail(source,
                           "an epoch has 10 (s), 13 (ms), 16 (us) or 19 (ns) "
                           "digits; time.s, time.ms and time.us read others",
                           err);
    return decimal_scaled(number, power, ns)
           || moment_fail(source, "only 1678 to 2261 can be stored", err);
}

/* 2026-01-02, 2026/1/2; 20260102 if a T follows. */
static bool read_date(struct text *text, struct moment *moment,
                      bool *is_compact)
{
    size_t digits = scan_digits(text, 8, &moment->year);
    *is_compact = digits == 8;
    if (*is_compact) {
        moment->day = moment->year % 100;
        moment->month = moment->year / 100 % 100;
        moment->year /= 10000;
        return text->len > 0 && (text->at[0] == 'T' || text->at[0] == 't');
    }
    char separator = digits == 4 ? scan_any(text, "-/") : 0;
    return separator && scan_digits(text, 2, &moment->month) > 0
           && scan_char(text, separator)
           && scan_digits(text, 2, &moment->day) > 0;
}

/* 0304 or 030405; the fraction is the caller's. */
static bool read_compact_time(struct text *text, struct moment *moment)
{
    return scan_digits(text, 2, &moment->hour) == 2
           && scan_digits(text, 2, &moment->minute) == 2
           && scan_digits(text, 2, &moment->second) != 1;
}

static bool read_colon_time(struct text *text, struct moment *moment)
{
    return scan_digits(text, 2, &moment->hour) > 0 && scan_char(text, ':')
           && scan_digits(text, 2, &moment->minute) > 0
           && (!scan_char(text, ':')
               || scan_digits(text, 2, &moment->second) > 0);
}

static bool read_time(struct text *text, struct moment *moment, bool is_compact)
{
    bool has_colon =
        text->len > 2 && (text->at[1] == ':' || text->at[2] == ':');
    bool is_read = is_compact && !has_colon ? read_compact_time(text, moment)
                                            : read_colon_time(text, moment);
    return is_read
           && (!scan_any(text, ".,")
               || scan_billionths(text, &moment->billionths));
}

/* Abbreviations mean several zones each; a name with a slash means one. */
static bool read_zone(struct text text, struct moment *moment)
{
    int64_t offset_s;
    if (text.len == 0)
        return true;
    moment->zone = text;
    return zone_fixed_offset(text, &offset_s)
           || memchr(text.at, '/', text.len) != NULL;
}

/* False without a message: it has another form. */
static bool read_moment(struct text text, struct moment *moment)
{
    bool is_compact;
    if (!read_date(&text, moment, &is_compact))
        return false;
    if (text.len > 0) {
        bool has_separator = scan_any(&text, "Tt") || scan_blanks(&text) > 0;
        if (!has_separator || !read_time(&text, moment, is_compact))
            return false;
        scan_blanks(&text);
    }
    return read_zone(text, moment);
}

bool timestamp_parse(struct text text, struct text zone, int64_t *ns,
                     struct error *err)
{
    struct decimal number;
    struct text trimmed = scan_trim(text);
    struct moment moment = {.zone = zone};
    bool is_dashed = trimmed.len > 4 && trimmed.at[4] == '-';
    if (!is_dashed && decimal_read(trimmed, &number))
        return read_epoch(&number, trimmed, ns, err);
    if (!read_moment(trimmed, &moment))
        return moment_fail(text,
                           "no RFC 3339 and no epoch; time.strptime reads what"
                           " has another form",
                           err);
    return moment_to_ns(&moment, text, ns, err);
}

static int power_of(int64_t unit)
{
    int power = 0;
    for (; unit > 1; unit /= 10, power++)
        assert(unit % 10 == 0);
    return power;
}

bool timestamp_scale(struct text number, int64_t ns_per_unit, int64_t *ns,
                     struct error *err)
{
    struct decimal decimal;
    if (!decimal_read(scan_trim(number), &decimal))
        return moment_fail(number, "it is no decimal number", err);
    return decimal_scaled(&decimal, power_of(ns_per_unit), ns)
           || moment_fail(number,
                          "only 1678 to 2261 can be stored; is it in another "
                          "unit? time.parse goes by the digits",
                          err);
}
