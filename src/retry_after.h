/* retry_after.h - how long a server asks to be left alone. Reentrant. */
#pragma once

#include <stdint.h>

#include "text.h"

/* The value of a Retry-After header: seconds, also with decimals, or a date as
 * HTTP writes it. 10 minutes at most; 0 for what is past, negative or no such
 * value. */
int64_t retry_after_ns(struct text value, int64_t now_wall_ns);
