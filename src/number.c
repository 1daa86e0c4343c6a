/* number.c - see number.h.
 *
 * Writing: most numbers that devices send are short decimals, so the fewest
 * decimals that read back are tried first. With u = round(v * 10^k) below 2^53
 * both u and 10^k are exact doubles, and the division u / 10^k is rounded as a
 * reader of the text would round it: u / 10^k == v proves the text. What is
 * left over (very large, very small, 16 or 17 digits) goes through printf.
 *
 * Reading: up to 15 digits and a small exponent are exact in one multiplication
 * or division by the same argument; the rest goes through strtod, from a copy
 * of bounded size: digits past the 780th only count as "not zero".
 */
#include "number.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MAX_DECIMALS = 15,
    EXACT_POWER = 22,      /* 10^22 is the largest exact power of ten */
    EXACT_DIGITS = 15,     /* any integer of so many digits is exact */
    KEPT_DIGITS = 780,     /* no double needs more to be told from the next */
    EXPONENT_LIMIT = 99999 /* far beyond any double; stops overflow */
};

static const double exact_limit = 9007199254740992.0; /* 2^53 */

static const double powers_of_ten[EXACT_POWER + 1] = {
    1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

static size_t put_digits(uint64_t value, char *out)
{
    char reversed[NUMBER_TEXT_BYTES];
    size_t len = 0;
    do {
        reversed[len++] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    for (size_t i = 0; i < len; i++)
        out[i] = reversed[len - 1 - i];
    return len;
}

size_t number_format_uint(uint64_t value, char out[NUMBER_TEXT_BYTES])
{
    return put_digits(value, out);
}

size_t number_format_int(int64_t value, char out[NUMBER_TEXT_BYTES])
{
    if (value >= 0)
        return put_digits((uint64_t)value, out);
    out[0] = '-';
    return 1 + put_digits(0 - (uint64_t)value, out + 1);
}

/* digits with a point before the last `decimals` of them: 5, 3 is 0.005. */
static size_t put_decimal(uint64_t digits, size_t decimals, char *out)
{
    char text[NUMBER_TEXT_BYTES];
    size_t len = put_digits(digits, text);
    if (decimals == 0) {
        memcpy(out, text, len);
        return len;
    }
    size_t used = 0;
    size_t whole = len > decimals ? len - decimals : 0;
    if (whole == 0)
        out[used++] = '0';
    memcpy(out + used, text, whole);
    used += whole;
    out[used++] = '.';
    for (size_t zeros = len < decimals ? decimals - len : 0; zeros > 0; zeros--)
        out[used++] = '0';
    memcpy(out + used, text + whole, len - whole);
    return used + len - whole;
}

/* printf's "1e+21" and "1.5e-07" without what says nothing: 1e21, 1.5e-7. */
static size_t tidy_exponent(char *text, size_t len)
{
    char *e = memchr(text, 'e', len);
    if (!e)
        return len;
    char *from = e + 1, *to = e + 1;
    if (*from == '-')
        *to++ = *from;
    from++;
    while (*from == '0')
        from++;
    size_t rest = len - (size_t)(from - text);
    memmove(to, from, rest);
    return (size_t)(to - text) + rest;
}

static size_t put_any(double magnitude, char *out)
{
    char text[NUMBER_TEXT_BYTES];
    int len = 0;
    int fewest = magnitude < DBL_MIN ? 1 : 15; /* subnormals have fewer bits */
    for (int digits = fewest; digits <= 17; digits++) {
        len = snprintf(text, sizeof text, "%.*g", digits, magnitude);
        if (strtod(text, NULL) == magnitude)
            break;
    }
    memcpy(out, text, (size_t)len);
    return tidy_exponent(out, (size_t)len);
}

size_t number_format(double value, char out[NUMBER_TEXT_BYTES])
{
    size_t sign = signbit(value) ? 1 : 0;
    if (sign)
        out[0] = '-';
    double magnitude = fabs(value);
    for (size_t decimals = 0; decimals <= MAX_DECIMALS; decimals++) {
        double power = powers_of_ten[decimals];
        double scaled = magnitude * power + 0.5;
        if (scaled >= exact_limit)
            break;
        uint64_t digits = (uint64_t)scaled;
        if ((double)digits / power == magnitude)
            return sign + put_decimal(digits, decimals, out + sign);
    }
    return sign + put_any(magnitude, out + sign);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool read_digits(struct text text, uint64_t *value)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (!is_digit(text.at[i])
            || __builtin_mul_overflow(sum, UINT64_C(10), &sum)
            || __builtin_add_overflow(sum, (uint64_t)(text.at[i] - '0'), &sum))
            return false;
    }
    *value = sum;
    return text.len > 0;
}

bool number_read_uint(struct text text, uint64_t *value)
{
    if (text.len > 0 && text.at[0] == '+')
        text = text_skip(text, 1);
    return read_digits(text, value);
}

bool number_read_int(struct text text, int64_t *value)
{
    bool is_negative = text.len > 0 && text.at[0] == '-';
    if (is_negative || (text.len > 0 && text.at[0] == '+'))
        text = text_skip(text, 1);
    uint64_t magnitude;
    if (!read_digits(text, &magnitude)
        || magnitude > (uint64_t)INT64_MAX + (is_negative ? 1 : 0))
        return false;
    *value = (int64_t)(is_negative ? 0 - magnitude : magnitude);
    return true;
}

/* A decimal taken apart: the significant digits, and where the point is. */
struct decimal {
    char digits[KEPT_DIGITS + 2];
    size_t count;   /* of digits, without leading zeros */
    uint64_t small; /* their value, while count <= EXACT_DIGITS */
    long exponent;  /* the value is 0.digits * 10^count * 10^exponent */
    bool is_negative;
};

static void add_digit(struct decimal *decimal, char digit, bool is_fraction)
{
    if (is_fraction)
        decimal->exponent--;
    if (decimal->count == 0 && digit == '0')
        return;
    if (decimal->count < KEPT_DIGITS) {
        decimal->digits[decimal->count++] = digit;
        if (decimal->count <= EXACT_DIGITS)
            decimal->small = decimal->small * 10 + (uint64_t)(digit - '0');
        return;
    }
    if (decimal->count == KEPT_DIGITS && digit != '0') /* not zero: sticky */
        decimal->digits[KEPT_DIGITS - 1] |= 1;
    decimal->exponent++;
}

static bool read_exponent(const char *at, const char *end, long *exponent)
{
    bool is_negative = at < end && *at == '-';
    if (at < end && (*at == '-' || *at == '+'))
        at++;
    if (at == end)
        return false;
    long value = 0;
    for (; at < end; at++) {
        if (!is_digit(*at))
            return false;
        if (value < EXPONENT_LIMIT)
            value = value * 10 + (*at - '0');
    }
    *exponent = is_negative ? -value : value;
    return true;
}

static bool take_apart(struct text text, struct decimal *decimal)
{
    const char *at = text.at, *end = text.at + text.len;
    decimal->is_negative = at < end && *at == '-';
    if (at < end && (*at == '-' || *at == '+'))
        at++;
    bool has_digits = false, is_fraction = false;
    for (; at < end && (is_digit(*at) || (*at == '.' && !is_fraction)); at++) {
        if (*at == '.') {
            is_fraction = true;
            continue;
        }
        has_digits = true;
        add_digit(decimal, *at, is_fraction);
    }
    if (!has_digits)
        return false;
    if (at == end)
        return true;
    long exponent;
    if ((*at != 'e' && *at != 'E') || !read_exponent(at + 1, end, &exponent))
        return false;
    decimal->exponent += exponent;
    return true;
}

static double value_of(struct decimal *decimal)
{
    long power = decimal->exponent;
    if (decimal->count <= EXACT_DIGITS && power >= -EXACT_POWER
        && power <= EXACT_POWER)
        return power < 0 ? (double)decimal->small / powers_of_ten[-power]
                         : (double)decimal->small * powers_of_ten[power];
    char text[KEPT_DIGITS + 32];
    snprintf(text, sizeof text, "%.*se%ld", (int)decimal->count,
             decimal->count > 0 ? decimal->digits : "0", power);
    return strtod(text, NULL);
}

bool number_read(struct text text, double *value)
{
    struct decimal decimal;
    decimal.count = 0;
    decimal.small = 0;
    decimal.exponent = 0;
    if (!take_apart(text, &decimal))
        return false;
    double magnitude = decimal.count == 0 ? 0 : value_of(&decimal);
    if (!isfinite(magnitude))
        return false;
    *value = decimal.is_negative ? -magnitude : magnitude;
    return true;
}
