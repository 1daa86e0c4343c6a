/* moment.c - see moment.h. */
#include "moment.h"

#include "calendar.h"
#include "clock.h"
#include "error.h"
#include "zone.h"

enum { SHOWN_BYTES = 60, DAY_S = 86400 };

bool moment_fail(struct text source, const char *why, struct error *err)
{
    char shown[SHOWN_BYTES];
    size_t len = source.len < SHOWN_BYTES ? source.len : SHOWN_BYTES;
    for (size_t i = 0; i < len; i++)
        shown[i] =
            source.at[i] >= ' ' && source.at[i] <= '~' ? source.at[i] : '?';
    return fail(err, ERR_BAD_REQUEST, "cannot read \"%.*s%s\" as a time: %s",
                (int)len, shown, len < source.len ? "..." : "", why);
}

/* What is wrong with the fields, or NULL. */
static const char *complaint(const struct moment *m)
{
    if (m->month < 1 || m->month > 12)
        return "there is no such month";
    if (m->day < 1 || m->day > calendar_month_days(m->year, m->month))
        return "that month has no such day";
    bool is_end_of_day =
        m->hour == 24 && m->minute == 0 && m->second == 0 && m->billionths == 0;
    if ((m->hour > 23 && !is_end_of_day) || m->minute > 59 || m->second > 60)
        return "there is no such time of day";
    return NULL;
}

bool moment_to_ns(const struct moment *moment, struct text source, int64_t *ns,
                  struct error *err)
{
    const char *why = complaint(moment);
    if (why)
        return moment_fail(source, why, err);
    int64_t days = calendar_days(moment->year, moment->month, moment->day);
    int64_t utc_s;
    int64_t local_s = days * DAY_S + moment->hour * 3600 + moment->minute * 60
                      + moment->second;
    if (!zone_to_utc(moment->zone, local_s, &utc_s, err))
        return false;
    if (moment->second == 60 && utc_s % DAY_S != 0)
        return moment_fail(source, "a leap second at that time of day", err);
    if (__builtin_mul_overflow(utc_s, NS_PER_S, ns)
        || __builtin_add_overflow(*ns, moment->billionths, ns))
        return moment_fail(source, "only 1678 to 2261 can be stored", err);
    return true;
}
