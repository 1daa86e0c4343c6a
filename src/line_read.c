/* line_read.c - the strict reader of line protocol; see line.h.
 *
 * One walk over the bytes, element by element, as the grammar has them:
 *
 *   measurement ,tag=value,... field=value,... timestamp
 *
 * Nothing of the writer is shared, so each checks the other. Two kinds of
 * caller: a sender's lines are read into points (what InfluxDB would take is
 * taken: blanks around the sections, CRLF, a string with a newline in it); a
 * line of ours is only checked, and then the one canonical form is accepted.
 *
 * The traps are bytes that servers read differently: a backslash before a
 * backslash, a name that ends in one, a tag without a value, a tag twice. They
 * are refused with their column.
 */
#include "line.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "arena.h"
#include "ceilings.h"
#include "error.h"
#include "number.h"
#include "point.h"
#include "utf8.h"

struct reader {
    const char *start; /* of the line: columns count from here */
    const char *at;
    const char *end;
    struct points *points; /* NULL: only check, and be strict */
    int64_t unit_ns;
    struct error *err;
};

static bool fail_at(struct reader *reader, const char *at, const char *what)
{
    return fail(reader->err, ERR_BAD_REQUEST, "column %zu: %s",
                (size_t)(at - reader->start) + 1, what);
}

/* An error of point.c, with the place put before it. */
static bool fail_of_point(struct reader *reader, const char *at,
                          const struct error *why)
{
    if (why->kind == ERR_TOO_LARGE) {
        *reader->err = *why;
        return false;
    }
    return fail_at(reader, at, why->text);
}

static bool is_at_end(const struct reader *reader)
{
    return reader->at == reader->end || *reader->at == '\n';
}

static bool is_at(const struct reader *reader, char c)
{
    return reader->at < reader->end && *reader->at == c;
}

static bool skip(struct reader *reader, char c)
{
    if (!is_at(reader, c))
        return false;
    reader->at++;
    return true;
}

enum element { MEASUREMENT, TAG_KEY, TAG_VALUE, FIELD_KEY, ELEMENTS };

static const char *const element_names[ELEMENTS] = {
    "the measurement", "a tag key", "a tag value", "a field key"};

static bool ends_element(char c, enum element element)
{
    return c == ',' || c == ' ' || (c == '=' && element != MEASUREMENT);
}

static bool fail_element(struct reader *reader, const char *at,
                         enum element element, const char *what)
{
    char text[100];
    snprintf(text, sizeof text, "%s %s", element_names[element], what);
    return fail_at(reader, at, text);
}

/* One byte that the element may not hold as it stands. */
static bool check_byte(struct reader *reader, enum element element)
{
    const char *at = reader->at;
    if ((unsigned char)*at < 0x20 || *at == 0x7f)
        return fail_element(reader, at, element, "has a control byte");
    if (*at != '\\' || (at + 1 < reader->end && at[1] != '\\'))
        return true;
    return at + 1 == reader->end
               ? fail_element(reader, at, element, "ends in a backslash")
               : fail_element(reader, at, element, "has two backslashes");
}

static char *take_room(struct reader *reader, size_t len)
{
    char *room = arena_alloc(reader->points->arena, len);
    if (!room)
        fail(reader->err, ERR_TOO_LARGE,
             "the points of this request need more than %d bytes",
             LIMIT_REQUEST_ARENA_BYTES);
    return room;
}

/* The bytes without the backslashes that escape. */
static bool unescape(struct reader *reader, struct text raw,
                     enum element element, struct text *out)
{
    char *to = take_room(reader, raw.len);
    if (!to)
        return false;
    out->at = to;
    for (size_t i = 0; i < raw.len; i++) {
        if (raw.at[i] == '\\' && i + 1 < raw.len
            && ends_element(raw.at[i + 1], element))
            i++;
        *to++ = raw.at[i];
    }
    out->len = (size_t)(to - out->at);
    return true;
}

/* Everything up to the separator that ends the element, not the separator. */
static bool read_element(struct reader *reader, enum element element,
                         struct text *out)
{
    const char *from = reader->at;
    bool is_escaped = false;
    while (!is_at_end(reader) && !ends_element(*reader->at, element)) {
        if (!check_byte(reader, element))
            return false;
        if (*reader->at == '\\' && ends_element(reader->at[1], element)) {
            is_escaped = true;
            reader->at++;
        }
        reader->at++;
    }
    *out = (struct text){from, (size_t)(reader->at - from)};
    if (out->len == 0)
        return fail_element(reader, from, element, "is empty");
    if (out->at[out->len - 1] == '\\')
        return fail_element(reader, reader->at - 1, element,
                            "ends in a backslash");
    return !is_escaped || !reader->points
           || unescape(reader, *out, element, out);
}

static bool read_measurement(struct reader *reader)
{
    const char *from = reader->at;
    struct text name;
    struct error why;
    if (!read_element(reader, MEASUREMENT, &name))
        return false;
    if (name.at[0] == '#')
        return fail_at(reader, from, "the measurement begins with '#'");
    return !reader->points || point_begin(reader->points, name, &why)
           || fail_of_point(reader, from, &why);
}

static bool add_tag(struct reader *reader, const char *at, struct text key,
                    struct text value)
{
    struct error why;
    unsigned before = reader->points->draft.tag_count;
    if (!point_add_tag(reader->points, key, value, &why))
        return fail_of_point(reader, at, &why);
    return reader->points->draft.tag_count > before
           || fail_at(reader, at, "this tag is there twice");
}

static bool is_reserved(struct text key)
{
    return text_equal(key, TEXT("time")) || text_equal(key, TEXT("_field"))
           || text_equal(key, TEXT("_measurement"));
}

static bool read_tag(struct reader *reader)
{
    const char *from = reader->at;
    struct text key, value;
    if (!read_element(reader, TAG_KEY, &key))
        return false;
    if (is_reserved(key))
        return fail_at(reader, from, "a name that InfluxDB keeps for itself");
    if (!skip(reader, '='))
        return fail_at(reader, reader->at, "a tag without '='");
    if (!read_element(reader, TAG_VALUE, &value))
        return false;
    if (is_at(reader, '='))
        return fail_at(reader, reader->at, "a bare '=' in a tag value");
    return !reader->points || add_tag(reader, from, key, value);
}

/* The bytes of a string without its quotes; \" and \\ lose their backslash, and
 * \n is the newline that the writer made it of. */
static bool unescape_string(struct reader *reader, struct text raw,
                            struct text *out)
{
    char *to = take_room(reader, raw.len);
    if (!to)
        return false;
    out->at = to;
    for (size_t i = 0; i < raw.len; i++) {
        char c = raw.at[i], next = i + 1 < raw.len ? raw.at[i + 1] : '\0';
        if (c == '\\' && (next == '"' || next == '\\' || next == 'n')) {
            c = next == 'n' ? '\n' : next;
            i++;
        }
        *to++ = c;
    }
    out->len = (size_t)(to - out->at);
    return true;
}

static bool read_string(struct reader *reader, struct value *value)
{
    const char *quote = reader->at++;
    const char *from = reader->at;
    bool is_escaped = false;
    for (; reader->at < reader->end && *reader->at != '"'; reader->at++) {
        if (!reader->points && (unsigned char)*reader->at < 0x20)
            return fail_at(reader, reader->at, "a control byte in a string");
        if (*reader->at == '\\' && reader->at + 1 < reader->end) {
            is_escaped = true;
            reader->at++;
        }
    }
    if (reader->at >= reader->end)
        return fail_at(reader, quote, "a string without its closing quote");
    struct text raw = {from, (size_t)(reader->at++ - from)};
    value->type = VALUE_STRING;
    value->as.string = raw;
    return !is_escaped || !reader->points
           || unescape_string(reader, raw, &value->as.string);
}

static bool read_bool(struct text word, bool *truth)
{
    static const char *const words[2][5] = {
        {"f", "F", "false", "False", "FALSE"},
        {"t", "T", "true", "True", "TRUE"}};
    for (int value = 0; value < 2; value++)
        for (int i = 0; i < 5; i++)
            if (text_equal(word, text_of(words[value][i]))) {
                *truth = value == 1;
                return true;
            }
    return false;
}

/* A number's own rule here: no '+', and something before an i or u. */
static bool read_word(struct text word, struct value *value)
{
    if (word.len == 0 || word.at[0] == '+')
        return false;
    struct text digits = {word.at, word.len - 1};
    switch (word.at[word.len - 1]) {
    case 'i':
        value->type = VALUE_INT;
        return digits.len > 0 && digits.at[0] != '+'
               && number_read_int(digits, &value->as.integer);
    case 'u':
        value->type = VALUE_UINT;
        return number_read_uint(digits, &value->as.natural);
    default:
        value->type = VALUE_FLOAT;
        if (number_read(word, &value->as.number))
            return true;
        value->type = VALUE_BOOL;
        return read_bool(word, &value->as.truth);
    }
}

static bool read_value(struct reader *reader, struct value *value)
{
    if (is_at(reader, '"'))
        return read_string(reader, value);
    const char *from = reader->at;
    while (!is_at_end(reader) && *reader->at != ',' && *reader->at != ' '
           && *reader->at != '\r')
        reader->at++;
    struct text word = {from, (size_t)(reader->at - from)};
    if (word.len == 0)
        return fail_at(reader, from, "a field without a value");
    return read_word(word, value)
           || fail_at(reader, from,
                      "a field value that is no number, boolean or quoted"
                      " string");
}

static bool read_field(struct reader *reader)
{
    const char *from = reader->at;
    struct text key;
    struct value value;
    struct error why;
    if (!read_element(reader, FIELD_KEY, &key))
        return false;
    if (is_reserved(key))
        return fail_at(reader, from, "a name that InfluxDB keeps for itself");
    if (!skip(reader, '='))
        return fail_at(reader, reader->at, "a field without '='");
    if (!read_value(reader, &value))
        return false;
    if (!is_at_end(reader) && !is_at(reader, ',') && !is_at(reader, ' ')
        && !is_at(reader, '\r'))
        return fail_at(reader, reader->at, "text right behind a value");
    return !reader->points || point_add_field(reader->points, key, value, &why)
           || fail_of_point(reader, from, &why);
}

/* The blank between two sections; senders may use several. */
static void skip_blanks(struct reader *reader)
{
    while (reader->points && is_at(reader, ' '))
        reader->at++;
    if (reader->points && is_at(reader, '\r')
        && (reader->at + 1 == reader->end || reader->at[1] == '\n'))
        reader->at++;
}

/* One that is too long is an integer all the same. */
static bool is_integer(struct text word)
{
    size_t digits = text_starts_with(word, TEXT("-")) ? 1 : 0, at = digits;
    while (at < word.len && word.at[at] >= '0' && word.at[at] <= '9')
        at++;
    return at > digits && at == word.len;
}

static bool read_time(struct reader *reader)
{
    const char *from = reader->at;
    while (!is_at_end(reader) && *reader->at != ' ' && *reader->at != '\r')
        reader->at++;
    struct text word = {from, (size_t)(reader->at - from)};
    int64_t time = 0;
    if (!is_integer(word))
        return fail_at(reader, from, "a time stamp that is no integer");
    if (!number_read_int(word, &time)
        || __builtin_mul_overflow(time, reader->unit_ns, &time)
        || time > INT64_MAX - 1 || time < -(INT64_MAX - 1))
        return fail_at(reader, from, "a time stamp beyond what InfluxDB takes");
    if (reader->points)
        point_set_time(reader->points, time);
    return true;
}

static bool read_sections(struct reader *reader)
{
    if (!read_measurement(reader))
        return false;
    while (skip(reader, ','))
        if (!read_tag(reader))
            return false;
    if (!skip(reader, ' '))
        return fail_at(reader, reader->at,
                       "no field: a blank and field=value"
                       " is missing");
    skip_blanks(reader);
    do {
        if (!read_field(reader))
            return false;
    } while (skip(reader, ','));
    bool has_blank = skip(reader, ' ');
    skip_blanks(reader);
    if (is_at_end(reader))
        return reader->points || fail_at(reader, reader->at, "no time stamp");
    return (has_blank
            || fail_at(reader, reader->at, "no blank before the time stamp"))
           && read_time(reader);
}

/* One point, up to its newline or the end. */
static bool read_point(struct reader *reader)
{
    const char *from = reader->at;
    if (!read_sections(reader))
        return false;
    skip_blanks(reader);
    if (!is_at_end(reader))
        return fail_at(reader, reader->at, "text behind the time stamp");
    if (!reader->points)
        return true;
    size_t index;
    struct error why;
    return point_end(reader->points, &index, &why)
           || fail_of_point(reader, from, &why);
}

static struct reader reader_of(struct text text, enum precision precision,
                               struct points *points, struct error *err)
{
    const char *start = text.len ? text.at : ""; /* NULL has no end */
    return (struct reader){.start = start,
                           .at = start,
                           .end = start + text.len,
                           .points = points,
                           .unit_ns = precision_ns(precision),
                           .err = err};
}

bool line_read(struct text line, enum precision precision,
               struct points *points, struct error *err)
{
    struct error ignored;
    struct reader reader =
        reader_of(line, precision, points, err ? err : &ignored);
    skip_blanks(&reader);
    return read_point(&reader)
           && (reader.at == reader.end
               || fail_at(&reader, reader.at, "a newline outside a string"));
}

bool line_check(struct text line, struct error *err)
{
    struct error ignored;
    struct reader reader =
        reader_of(line, PRECISION_NS, NULL, err ? err : &ignored);
    size_t bad;
    if (!utf8_is_valid(line, &bad))
        return fail_at(&reader, line.at + bad, "a byte that is no UTF-8");
    return read_point(&reader)
           && (reader.at == reader.end
               || fail_at(&reader, reader.at, "a newline outside a string"));
}

/* Puts "line 3, " before a text that begins with "column 14: ". */
static void name_line(struct error *err, size_t line)
{
    struct error why = *err;
    if (why.kind == ERR_BAD_REQUEST)
        fail(err, ERR_BAD_REQUEST, "line %zu, %s", line, why.text);
}

static size_t newlines(const char *from, const char *to)
{
    size_t count = 0;
    for (; from < to; from++)
        count += *from == '\n';
    return count;
}

static bool skip_comment(struct reader *reader)
{
    if (!is_at(reader, '#'))
        return false;
    while (!is_at_end(reader))
        reader->at++;
    return true;
}

bool line_read_all(struct text body, enum precision precision,
                   struct points *points, struct error *err)
{
    struct error ignored;
    err = err ? err : &ignored;
    struct reader reader = reader_of(body, precision, points, err);
    for (size_t line = 1; reader.at < reader.end; line++) {
        reader.start = reader.at;
        skip_blanks(&reader);
        if (!is_at_end(&reader) && !skip_comment(&reader)
            && !read_point(&reader)) {
            name_line(err, line);
            return false;
        }
        line += newlines(reader.start, reader.at);
        skip(&reader, '\n');
    }
    return true;
}
