/* decimal.h - a decimal number kept as its digits, so that nothing is lost.
 *
 * For times: 1710408847.1 s is exactly so many ns, which no binary float is.
 * Reentrant.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "text.h"

enum { DECIMAL_DIGITS = 40 };

/* 0.d1d2d3... times 10^exponent; d1 is not 0. No digits: zero. */
struct decimal {
    bool is_negative;
    int count;
    int exponent; /* digits before the point, when positive */
    char digits[DECIMAL_DIGITS];
};

/* The whole text must be [+-]digits[.digits][e[+-]digits]; ".5" and "1." are
 * read. Digits past the fortieth that counts are dropped. */
bool decimal_read(struct text text, struct decimal *decimal);
/* decimal times 10^power, what is behind the point cut off. False: it does not
 * fit. */
bool decimal_scaled(const struct decimal *decimal, int power, int64_t *value);
