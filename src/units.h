/* units.h - sizes and times as people write them. Reentrant. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text.h"

/* "64KB" and "1.5MB" (powers of 1000), "8MiB" (of 1024), "512B", "512". */
bool units_size(struct text text, uint64_t *bytes);
/* "200ms", "10s", "1.5h"; ns us ms s m h d. A bare number only if it is 0. */
bool units_time(struct text text, uint64_t *ns);
