/* fit.c - see fit.h. Whether a number survives is found by the way back: as the
 * other type and home again it must be the same. A float is only cast to an
 * integer once it is known to be in range, for C does not say what the cast
 * gives beyond it. */
#include "fit.h"

#include <math.h>
#include <stdio.h>

#include "number.h"
#include "printable.h"
#include "scan.h"

static const double two_to_53 = 9007199254740992.0;
static const double two_to_63 = 9223372036854775808.0;
static const double two_to_64 = 18446744073709551616.0;

static const char *const names[] = {[VALUE_FLOAT] = "float",
                                    [VALUE_INT] = "int",
                                    [VALUE_UINT] = "uint",
                                    [VALUE_BOOL] = "bool",
                                    [VALUE_STRING] = "string"};

enum { NAMES = sizeof names / sizeof *names };

const char *fit_type_name(enum value_type type)
{
    return names[type];
}

bool fit_type_read(struct text name, enum value_type *type)
{
    for (unsigned i = 0; i < NAMES; i++)
        if (text_equal(text_of(names[i]), name)) {
            *type = (enum value_type)i;
            return true;
        }
    return false;
}

/* ---- numbers ---- */

static bool int_to_float(int64_t n, double *d)
{
    *d = (double)n;
    return *d < two_to_63 && (int64_t)*d == n;
}

static bool uint_to_float(uint64_t n, double *d)
{
    *d = (double)n;
    return *d < two_to_64 && (uint64_t)*d == n;
}

static bool float_to_int(double d, int64_t *n)
{
    if (!(d >= -two_to_63 && d < two_to_63) || trunc(d) != d)
        return false;
    *n = (int64_t)d;
    return true;
}

static bool float_to_uint(double d, uint64_t *n)
{
    if (!(d >= 0 && d < two_to_64) || trunc(d) != d)
        return false;
    *n = (uint64_t)d;
    return true;
}

static bool to_float(const struct value *value, double *d)
{
    if (value->type == VALUE_INT)
        return int_to_float(value->as.integer, d);
    return value->type == VALUE_UINT && uint_to_float(value->as.natural, d);
}

static bool to_int(const struct value *value, int64_t *n)
{
    if (value->type == VALUE_FLOAT)
        return float_to_int(value->as.number, n);
    *n = (int64_t)value->as.natural;
    return value->type == VALUE_UINT && value->as.natural <= INT64_MAX;
}

static bool to_uint(const struct value *value, uint64_t *n)
{
    if (value->type == VALUE_FLOAT)
        return float_to_uint(value->as.number, n);
    *n = (uint64_t)value->as.integer;
    return value->type == VALUE_INT && value->as.integer >= 0;
}

/* ---- text ---- */

/* "20.0" too, while a float surely is the number that was written. */
static bool text_to_whole(struct text text, double *d)
{
    return number_read(text, d) && fabs(*d) < two_to_53;
}

static bool read_text(struct text text, enum value_type type,
                      struct value *fitted)
{
    double d;
    text = scan_trim(text);
    switch (type) {
    case VALUE_FLOAT:
        return number_read(text, &fitted->as.number);
    case VALUE_INT:
        return number_read_int(text, &fitted->as.integer)
               || (text_to_whole(text, &d)
                   && float_to_int(d, &fitted->as.integer));
    case VALUE_UINT:
        return number_read_uint(text, &fitted->as.natural)
               || (text_to_whole(text, &d)
                   && float_to_uint(d, &fitted->as.natural));
    case VALUE_BOOL:
        fitted->as.truth = text_equal_nocase(text, TEXT("true"));
        return fitted->as.truth || text_equal_nocase(text, TEXT("false"));
    case VALUE_STRING:
        break;
    }
    return false;
}

/* ---- all of it ---- */

bool fit_value(const struct value *value, enum value_type type, bool reads_text,
               struct value *fitted)
{
    *fitted = *value;
    if (value->type == type)
        return true;
    fitted->type = type;
    if (value->type == VALUE_STRING)
        return reads_text && read_text(value->as.string, type, fitted);
    switch (type) {
    case VALUE_FLOAT:
        return to_float(value, &fitted->as.number);
    case VALUE_INT:
        return to_int(value, &fitted->as.integer);
    case VALUE_UINT:
        return to_uint(value, &fitted->as.natural);
    case VALUE_BOOL:
    case VALUE_STRING:
        break;
    }
    return false;
}

void fit_describe(const struct value *value, char *out, size_t size)
{
    enum { SHOWN_BYTES = 40 };
    char digits[NUMBER_TEXT_BYTES], shown[SHOWN_BYTES + 1];
    size_t len = 0;
    switch (value->type) {
    case VALUE_FLOAT:
        len = number_format(value->as.number, digits);
        break;
    case VALUE_INT:
        len = number_format_int(value->as.integer, digits);
        break;
    case VALUE_UINT:
        len = number_format_uint(value->as.natural, digits);
        break;
    case VALUE_BOOL:
        snprintf(out, size, "bool %s", value->as.truth ? "true" : "false");
        return;
    case VALUE_STRING:
        printable(value->as.string, shown, sizeof shown);
        snprintf(out, size, "text \"%s\"%s", shown,
                 value->as.string.len > SHOWN_BYTES ? " ..." : "");
        return;
    }
    snprintf(out, size, "%s %.*s", names[value->type], (int)len, digits);
}
