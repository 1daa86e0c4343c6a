/* decimal.c - see decimal.h. Scaling by a power of ten moves the point and
 * touches no digit; the integer is then read off up to the point. */
#include "decimal.h"

#include "scan.h"

enum { MAX_EXPONENT = 10000, INT64_DIGITS = 19 };

/* Zeros in front of the first digit that counts only move the point. */
static void put_digit(struct decimal *decimal, char c, bool is_fraction)
{
    bool is_leading = decimal->count == 0 && c == '0';
    if (!is_leading && decimal->count < DECIMAL_DIGITS)
        decimal->digits[decimal->count++] = c;
    if (is_fraction && is_leading && decimal->exponent > -MAX_EXPONENT)
        decimal->exponent--;
    if (!is_fraction && !is_leading && decimal->exponent < MAX_EXPONENT)
        decimal->exponent++;
}

static bool read_digits(struct text *text, struct decimal *decimal)
{
    bool is_fraction = false, has_digits = false;
    size_t len = 0;
    for (; len < text->len; len++) {
        char c = text->at[len];
        if (c == '.' && !is_fraction) {
            is_fraction = true;
            continue;
        }
        if (c < '0' || c > '9')
            break;
        has_digits = true;
        put_digit(decimal, c, is_fraction);
    }
    *text = text_skip(*text, len);
    return has_digits;
}

/* e[+-]digits, or nothing. */
static bool read_exponent(struct text *text, struct decimal *decimal)
{
    int exponent;
    if (!scan_any(text, "eE"))
        return true;
    bool is_negative = scan_char(text, '-');
    if (!is_negative)
        (void)scan_char(text, '+');
    if (scan_digits(text, 9, &exponent) == 0)
        return false;
    if (exponent > MAX_EXPONENT)
        exponent = MAX_EXPONENT;
    decimal->exponent += is_negative ? -exponent : exponent;
    return true;
}

bool decimal_read(struct text text, struct decimal *decimal)
{
    decimal->is_negative = scan_char(&text, '-');
    decimal->count = 0;
    decimal->exponent = 0;
    if (!decimal->is_negative)
        (void)scan_char(&text, '+');
    return read_digits(&text, decimal) && read_exponent(&text, decimal)
           && text.len == 0;
}

bool decimal_scaled(const struct decimal *decimal, int power, int64_t *value)
{
    int digits = decimal->exponent + power;
    int64_t sum = 0;
    *value = 0;
    if (decimal->count == 0 || digits <= 0)
        return true;
    if (digits > INT64_DIGITS)
        return false;
    for (int i = 0; i < digits; i++) {
        int digit = i < decimal->count ? decimal->digits[i] - '0' : 0;
        if (decimal->is_negative)
            digit = -digit;
        if (__builtin_mul_overflow(sum, 10, &sum)
            || __builtin_add_overflow(sum, digit, &sum))
            return false;
    }
    *value = sum;
    return true;
}
