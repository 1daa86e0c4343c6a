/* timestamp.h - times as people and devices write them, read into nanoseconds.
 *
 * What cannot be read for certain is an error, never a guess. Reentrant.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "text.h"

struct error;

/* RFC 3339 and its common variants ("2026-01-02 03:04:05", no seconds, "+0100",
 * "+01", "Z", " UTC", comma for the point, "2026/1/2 3:04", "20260102T030405Z",
 * a date alone for its midnight), and epochs as decimal text, their unit by the
 * number of digits before the point (10 s, 13 ms, 16 us, 19 ns; a fraction is
 * exact). What is finer than a nanosecond is cut off. zone is used where the
 * text names none: an IANA name, "+01:00", or empty for UTC. ERR_BAD_REQUEST
 * names the text; ERR_CONFIG if there is no such zone. */
bool timestamp_parse(struct text text, struct text zone, int64_t *ns,
                     struct error *err);

/* A decimal number ("1710408847", "1710408847.25", "-1.5e3") times ns_per_unit,
 * a power of ten; exact where a binary float is not. */
bool timestamp_scale(struct text number, int64_t ns_per_unit, int64_t *ns,
                     struct error *err);
