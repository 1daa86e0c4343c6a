/* timeformat.c - see timeformat.h.
 *
 * The format is walked once; each directive takes its part from the front of
 * the text into a struct of fields, numbers by a table of what each may be.
 * At the end the fields become one moment: afternoon hours, the day of the
 * year, a two-digit year (69 to 99 are 19xx, as POSIX has it).
 *
 * What can go wrong: the text does not follow the format, or the format leaves
 * the date open. A time of day alone is no time.
 */
#include "timeformat.h"

#include <stdio.h>

#include "calendar.h"
#include "decimal.h"
#include "error.h"
#include "moment.h"
#include "scan.h"
#include "zone.h"

enum { UNSET = -1 };

/* Numbers first, so that the table below can index them. */
enum field {
    YEAR,
    YEAR_OF_CENTURY,
    MONTH,
    DAY,
    DAY_OF_YEAR,
    HOUR,
    HOUR_OF_HALF,
    MINUTE,
    SECOND,
    FIELDS
};

struct fields {
    int number[FIELDS];
    int billionths;
    int is_afternoon; /* UNSET without %p */
    bool has_epoch;
    int64_t epoch_ns;
    struct text zone;
};

static const struct directive {
    char letter;
    enum field field;
    size_t least_digits, most_digits;
    int low, high;
} directives[] = {
    {'Y', YEAR, 4, 4, 0, 9999}, {'y', YEAR_OF_CENTURY, 1, 2, 0, 99},
    {'m', MONTH, 1, 2, 1, 12},  {'d', DAY, 1, 2, 1, 31},
    {'e', DAY, 1, 2, 1, 31},    {'j', DAY_OF_YEAR, 1, 3, 1, 366},
    {'H', HOUR, 1, 2, 0, 24},   {'I', HOUR_OF_HALF, 1, 2, 1, 12},
    {'M', MINUTE, 1, 2, 0, 59}, {'S', SECOND, 1, 2, 0, 60},
};

static const struct directive *directive_of(char letter)
{
    for (size_t i = 0; i < sizeof directives / sizeof *directives; i++)
        if (directives[i].letter == letter)
            return &directives[i];
    return NULL;
}

/* format stands behind the directive: "%S.%f" wants the point itself. */
static bool read_number(const struct directive *directive, struct text *text,
                        struct text format, struct fields *fields)
{
    int *value = &fields->number[directive->field];
    if (directive->letter == 'e')
        scan_blanks(text);
    if (scan_digits(text, directive->most_digits, value)
            < directive->least_digits
        || *value < directive->low || *value > directive->high)
        return false;
    bool is_point_taken =
        format.len > 0 && (format.at[0] == '.' || format.at[0] == ',');
    if (directive->field != SECOND || is_point_taken || !scan_any(text, ".,"))
        return true;
    return scan_billionths(text, &fields->billionths);
}

/* Which of the names, whole or its first three letters; UNSET: none. */
static int read_name(struct text *text, const char *const *names, int count)
{
    for (int i = 0; i < count; i++) {
        char abbreviation[4] = {names[i][0], names[i][1], names[i][2], 0};
        if (scan_word(text, names[i]) || scan_word(text, abbreviation))
            return i;
    }
    return UNSET;
}

static bool read_month(struct text *text, struct fields *fields)
{
    static const char *const names[] = {
        "January", "February", "March",     "April",   "May",      "June",
        "July",    "August",   "September", "October", "November", "December"};
    int month = read_name(text, names, 12);
    fields->number[MONTH] = month + 1;
    return month != UNSET;
}

static bool read_weekday(struct text *text)
{
    static const char *const names[] = {"Sunday",    "Monday",   "Tuesday",
                                        "Wednesday", "Thursday", "Friday",
                                        "Saturday"};
    return read_name(text, names, 7) != UNSET;
}

static bool read_half(struct text *text, struct fields *fields)
{
    fields->is_afternoon = scan_word(text, "PM");
    return fields->is_afternoon || scan_word(text, "AM");
}

/* As many of the text's first bytes as are among these. */
static struct text take_run(struct text *text, const char *of)
{
    struct text run = {text->at, 0};
    while (scan_any(text, of))
        run.len++;
    return run;
}

static bool read_offset(struct text *text, struct fields *fields)
{
    int64_t offset_s;
    struct text rest = *text;
    if (scan_any(&rest, "+-")) {
        (void)take_run(&rest, "0123456789:");
        fields->zone = (struct text){text->at, text->len - rest.len};
    } else {
        fields->zone = take_run(&rest, "zZutcgmUTCGM");
    }
    *text = rest;
    return fields->zone.len > 0 && zone_fixed_offset(fields->zone, &offset_s);
}

static bool read_zone_name(struct text *text, struct fields *fields)
{
    int64_t offset_s;
    fields->zone = take_run(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_/+-0123456789"
                                  "abcdefghijklmnopqrstuvwxyz");
    return fields->zone.len > 0
           && (zone_fixed_offset(fields->zone, &offset_s)
               || memchr(fields->zone.at, '/', fields->zone.len));
}

static bool read_epoch(struct text *text, struct fields *fields)
{
    struct decimal seconds;
    fields->has_epoch = true;
    return decimal_read(take_run(text, "-0123456789."), &seconds)
           && decimal_scaled(&seconds, 9, &fields->epoch_ns);
}

static bool walk(struct text *text, struct text format, struct fields *fields);

/* Those that are no plain number. */
static bool read_other(char letter, struct text *text, struct fields *fields)
{
    switch (letter) {
    case 'b':
    case 'B':
    case 'h':
        return read_month(text, fields);
    case 'a':
    case 'A':
        return read_weekday(text);
    case 'p':
        return read_half(text, fields);
    case 'f':
        return scan_billionths(text, &fields->billionths);
    case 'z':
        return read_offset(text, fields);
    case 'Z':
        return read_zone_name(text, fields);
    case 's':
        return read_epoch(text, fields);
    case 'T':
        return walk(text, TEXT("%H:%M:%S"), fields);
    case 'R':
        return walk(text, TEXT("%H:%M"), fields);
    case 'D':
        return walk(text, TEXT("%m/%d/%y"), fields);
    case 'F':
        return walk(text, TEXT("%Y-%m-%d"), fields);
    case 'n':
    case 't':
        scan_blanks(text);
        return true;
    default: /* '%'; check_format let nothing else pass */
        return scan_char(text, letter);
    }
}

static bool walk(struct text *text, struct text format, struct fields *fields)
{
    while (format.len > 0) {
        char c = format.at[0];
        format = text_skip(format, 1);
        const struct directive *directive = NULL;
        if (c == '%') {
            c = format.at[0];
            format = text_skip(format, 1);
            directive = directive_of(c);
            if (directive ? !read_number(directive, text, format, fields)
                          : !read_other(c, text, fields))
                return false;
        } else if (c == ' ') {
            scan_blanks(text);
        } else if (!scan_char(text, c)) {
            return false;
        }
    }
    return true;
}

/* Every % is followed by a letter that is known. */
static bool check_format(struct text format, struct error *err)
{
    for (size_t i = 0; i < format.len; i++) {
        if (format.at[i] != '%')
            continue;
        char letter = ++i < format.len ? format.at[i] : '\0';
        if (letter == '\0' || !strchr("YymdejHIMSbBhaApfzZsTRDFnt%", letter))
            return fail(err, ERR_SCRIPT, "no directive %%%c in a time format",
                        letter > ' ' && letter <= '~' ? letter : '?');
    }
    return true;
}

static int year_of(const struct fields *fields)
{
    int year = fields->number[YEAR_OF_CENTURY];
    if (year == UNSET)
        return fields->number[YEAR];
    return year >= 69 ? 1900 + year : 2000 + year;
}

/* Month and day, from the day of the year if that is what was read. */
static bool set_date(const struct fields *fields, struct moment *moment)
{
    moment->year = year_of(fields);
    moment->month = fields->number[MONTH];
    moment->day = fields->number[DAY];
    int of_year = fields->number[DAY_OF_YEAR];
    if (moment->year != UNSET && of_year != UNSET && moment->month == UNSET
        && of_year <= 365 + calendar_is_leap(moment->year)) {
        struct calendar_date date =
            calendar_date(calendar_days(moment->year, 1, 1) + of_year - 1);
        moment->month = date.month;
        moment->day = date.day;
    }
    return moment->year != UNSET && moment->month != UNSET
           && moment->day != UNSET;
}

/* 12 AM is 0, 12 PM is 12. An hour of a half day needs to know which half. */
static bool set_hour(const struct fields *fields, struct moment *moment)
{
    int hour = fields->number[HOUR_OF_HALF];
    if (hour == UNSET) {
        moment->hour = fields->number[HOUR] == UNSET ? 0 : fields->number[HOUR];
        return true;
    }
    moment->hour = hour % 12 + (fields->is_afternoon == true ? 12 : 0);
    return fields->is_afternoon != UNSET;
}

static int or_zero(int value)
{
    return value == UNSET ? 0 : value;
}

static bool finish(const struct fields *fields, struct text source, int64_t *ns,
                   struct error *err)
{
    if (fields->has_epoch) {
        *ns = fields->epoch_ns;
        return true;
    }
    struct moment moment = {
        .minute = or_zero(fields->number[MINUTE]),
        .second = or_zero(fields->number[SECOND]),
        .billionths = fields->billionths,
        .zone = fields->zone,
    };
    if (!set_date(fields, &moment))
        return moment_fail(source, "the format leaves the date open", err);
    if (!set_hour(fields, &moment))
        return moment_fail(source, "%I needs %p: morning or evening?", err);
    return moment_to_ns(&moment, source, ns, err);
}

bool timeformat_read(struct text text, struct text format, struct text zone,
                     int64_t *ns, struct error *err)
{
    struct fields fields = {.is_afternoon = UNSET, .zone = zone};
    struct text rest = scan_trim(text);
    for (int i = 0; i < FIELDS; i++)
        fields.number[i] = UNSET;
    if (!check_format(format, err))
        return false;
    if (!walk(&rest, scan_trim(format), &fields) || rest.len > 0) {
        char why[100];
        snprintf(why, sizeof why, "it does not follow \"%.*s\"",
                 (int)(format.len < 60 ? format.len : 60), format.at);
        return moment_fail(text, why, err);
    }
    return finish(&fields, text, ns, err);
}
