/* line.c - the writer of line protocol; see line.h. The reader is line_read.c.
 *
 * A point is clean already (point.c), so writing cannot go wrong but for size.
 * Room for the longest form of the whole line is reserved at once; then bytes
 * are put without asking again, and what is too long after all is taken back.
 */
#include "line.h"

#include <string.h>

#include "buf.h"
#include "ceilings.h"
#include "clock.h"
#include "error.h"
#include "number.h"
#include "point.h"

int64_t precision_ns(enum precision precision)
{
    static const int64_t units[] = {1,        NS_PER_US,     NS_PER_MS,
                                    NS_PER_S, 60 * NS_PER_S, 3600 * NS_PER_S};
    return units[precision];
}

bool precision_read(struct text name, enum precision *precision)
{
    static const struct {
        const char *name;
        enum precision precision;
    } names[] = {
        {"ns", PRECISION_NS},         {"n", PRECISION_NS},
        {"nanosecond", PRECISION_NS}, {"us", PRECISION_US},
        {"u", PRECISION_US},          {"microsecond", PRECISION_US},
        {"ms", PRECISION_MS},         {"millisecond", PRECISION_MS},
        {"s", PRECISION_S},           {"second", PRECISION_S},
        {"m", PRECISION_M},           {"h", PRECISION_H},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (text_equal(name, text_of(names[i].name))) {
            *precision = names[i].precision;
            return true;
        }
    return false;
}

static char *put(char *to, struct text text)
{
    memcpy(to, text.at, text.len);
    return to + text.len;
}

/* Names and tag values: a backslash before each separator. A measurement's '='
 * is never escaped: not every server would take the backslash away. */
static char *put_name(char *to, struct text name, bool escapes_equals)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.at[i];
        if (c == ',' || c == ' ' || (c == '=' && escapes_equals))
            *to++ = '\\';
        *to++ = c;
    }
    return to;
}

static char *put_string(char *to, struct text string)
{
    *to++ = '"';
    for (size_t i = 0; i < string.len; i++) {
        char c = string.at[i];
        if (c == '"' || c == '\\' || c == '\n')
            *to++ = '\\';
        *to++ = c == '\n' ? 'n' : c;
    }
    *to++ = '"';
    return to;
}

static char *put_value(char *to, const struct value *value)
{
    switch (value->type) {
    case VALUE_FLOAT:
        return to + number_format(value->as.number, to);
    case VALUE_INT:
        to += number_format_int(value->as.integer, to);
        *to++ = 'i';
        return to;
    case VALUE_UINT:
        to += number_format_uint(value->as.natural, to);
        *to++ = 'u';
        return to;
    case VALUE_BOOL:
        return put(to, value->as.truth ? TEXT("true") : TEXT("false"));
    case VALUE_STRING:
        return put_string(to, value->as.string);
    }
    return to;
}

/* No line of this point is longer; every byte may need a backslash. */
static size_t longest(const struct point *point)
{
    size_t bytes = 2 * point->measurement.len + NUMBER_TEXT_BYTES + 3;
    for (unsigned i = 0; i < point->tag_count; i++)
        bytes += 2 * (point->tags[i].key.len + point->tags[i].value.len) + 2;
    for (unsigned i = 0; i < point->field_count; i++) {
        const struct field *field = &point->fields[i];
        bytes += 2 * field->key.len + 2 + NUMBER_TEXT_BYTES + 1;
        if (field->value.type == VALUE_STRING)
            bytes += 2 * field->value.as.string.len + 2;
    }
    return bytes;
}

static char *put_point(char *to, const struct point *point, int64_t time_ns)
{
    to = put_name(to, point->measurement, false);
    for (unsigned i = 0; i < point->tag_count; i++) {
        *to++ = ',';
        to = put_name(to, point->tags[i].key, true);
        *to++ = '=';
        to = put_name(to, point->tags[i].value, true);
    }
    for (unsigned i = 0; i < point->field_count; i++) {
        *to++ = i == 0 ? ' ' : ',';
        to = put_name(to, point->fields[i].key, true);
        *to++ = '=';
        to = put_value(to, &point->fields[i].value);
    }
    *to++ = ' ';
    to += number_format_int(time_ns, to);
    *to++ = '\n';
    return to;
}

bool line_append(struct buf *out, const struct point *point,
                 int64_t default_time_ns, struct error *err)
{
    char *from = buf_reserve(out, longest(point));
    if (!from)
        return fail(err, ERR_TOO_LARGE,
                    "the line protocol of this request passes %zu bytes",
                    out->max_bytes);
    int64_t time_ns = point->has_time ? point->time_ns : default_time_ns;
    size_t len = (size_t)(put_point(from, point, time_ns) - from);
    if (len > LIMIT_LINE_BYTES)
        return fail(err, ERR_TOO_LARGE,
                    "a point of %.*s takes %zu bytes as a line, the limit is"
                    " %d",
                    TEXT_ARG(point->measurement), len, LIMIT_LINE_BYTES);
    buf_commit(out, len);
    return true;
}
