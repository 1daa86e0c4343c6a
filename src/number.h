/* number.h - numbers as text: shortest exact decimals out, strict reading in.
 *
 * No function here looks at the locale or allocates.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text.h"

enum { NUMBER_TEXT_BYTES = 32 };

/* Writes the shortest decimal that reads back as value, which must be finite;
 * no trailing NUL. 21.0 is "21", 1e21 is "1e21", -0.0 is "-0". Digits stand on
 * both sides of a point. Returns the length. */
size_t number_format(double value, char out[NUMBER_TEXT_BYTES]);
size_t number_format_int(int64_t value, char out[NUMBER_TEXT_BYTES]);
size_t number_format_uint(uint64_t value, char out[NUMBER_TEXT_BYTES]);

/* The whole text must be the number: [+-]digits, within range. */
bool number_read_int(struct text text, int64_t *value);
bool number_read_uint(struct text text, uint64_t *value);
/* Decimal only: no hex, no "inf" or "nan", no blanks. A result that is not
 * finite is false. ".5" and "1." are read. */
bool number_read(struct text text, double *value);
